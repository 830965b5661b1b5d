#include "tenon/link/redial.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Instant start{9'000'000'000};

Terms terms() {
    Terms terms;
    terms.game = 77;
    terms.room = 88;
    return terms;
}
// No packet goes with it.
constexpr auto alone = [](BytesOut, std::size_t) { return std::size_t(0); };
// When it asked, within so long.
std::vector<Instant> asks(Redial& redial, Instant& now, Duration time) {
    std::vector<Instant> at;
    std::array<std::byte, 1200> buffer{};
    for (const Instant end = now + time; now < end; now += 1_ms)
        if (redial.poll_timeout() <= now && redial.poll_transmit(now, buffer, alone) != 0) at.push_back(now);
    return at;
}

} // namespace

TEST_CASE("a request is read as it was written, and not when it is damaged or short") {
    std::array<std::byte, 80> bytes{};
    const Resume resume{5, 6, 7, PeerId{8}, 9};
    const std::size_t size = write(bytes, resume);
    CHECK(size == meeting::resume_bytes);
    const BytesIn datagram = BytesIn(bytes).first(size);
    CHECK(meeting_kind(datagram) == meeting::resume);
    const auto read = read_resume(datagram);
    REQUIRE(read);
    CHECK(read->nonce == 5);
    CHECK(read->game == 6);
    CHECK(read->room == 7);
    CHECK(read->peer == PeerId{8});
    CHECK(read->proof == 9);
    CHECK(read->protocol == protocol_version);
    for (std::size_t i = 5; i < size; ++i) CHECK(read_resume(datagram.first(i)).error() == Error::truncated);
    CHECK(write(BytesOut(bytes).first(meeting::resume_bytes - 1), resume) == 0);
    bytes[20] ^= std::byte{1};
    CHECK(meeting_kind(datagram) == 0);
}

TEST_CASE("the proof is of this key, this request and this peer") {
    const std::uint64_t proof = resume_proof(1, 2, PeerId{3});
    CHECK(proof == resume_proof(1, 2, PeerId{3}));
    CHECK(proof != resume_proof(2, 2, PeerId{3}));
    CHECK(proof != resume_proof(1, 3, PeerId{3}));
    CHECK(proof != resume_proof(1, 2, PeerId{4}));
}

TEST_CASE("it asks at once, briskly for ten seconds, then with growing pauses, and not for ever") {
    Redial redial;
    CHECK(redial.poll_timeout() == Instant::never());
    redial.begin(start, 1, terms(), PeerId{2}, 3, 50_ms, 60_s);
    Instant now = start;
    const auto brisk = asks(redial, now, 10_s);
    CHECK(brisk.front() == start);
    CHECK(brisk.size() > 10'000 / 63);
    CHECK(brisk.size() < 10'000 / 37);
    const auto later = asks(redial, now, 40_s);
    CHECK(later.size() < 45);
    CHECK(later.size() > 12);
    CHECK(later.back() - later[later.size() - 2] <= 2500_ms);
    CHECK_FALSE(redial.too_late(now));
    now = start + 60_s;
    CHECK(redial.too_late(now));
    CHECK(redial.poll_timeout() <= now);
}

TEST_CASE("a packet goes with each request, a large one with the first and with few later ones") {
    Redial redial;
    redial.begin(start, 1, terms(), PeerId{2}, 3, 20_ms, 60_s);
    std::array<std::byte, 1200> bytes{};
    const auto packet = [](BytesOut into, std::size_t behind) { // as large as it may be
        for (std::size_t i = behind; i < into.size(); ++i) into[i] = static_cast<std::byte>(0x10 + i % 9);
        return into.size() - behind;
    };
    std::vector<std::size_t> sizes;
    for (Instant now = start; now < start + 2_s; now += 1_ms) {
        const std::size_t size = redial.poll_timeout() <= now ? redial.poll_transmit(now, bytes, packet) : 0;
        if (size == 0) continue;
        const BytesIn datagram = BytesIn(bytes).first(size);
        REQUIRE(meeting_kind(datagram) == meeting::resume);
        const auto asked = read_resume(datagram);
        REQUIRE(asked);
        CHECK(asked->nonce == 1);
        CHECK(asked->packet.size() == size - meeting::resume_bytes);
        CHECK(asked->packet[1] == static_cast<std::byte>(0x10 + (meeting::resume_bytes + 1) % 9));
        sizes.push_back(size);
        if (sizes.size() == 20) redial.hurry(); // as if it had moved: three more, at once
    }
    REQUIRE(sizes.size() > 60);
    std::size_t large = 0;
    for (const std::size_t size : sizes) {
        CHECK((size == 1200 || size == 264));
        large += size == 1200 ? 1 : 0;
    }
    CHECK((sizes[0] == 1200 && sizes[1] == 1200 && sizes[2] == 1200 && sizes[3] == 264));
    CHECK((sizes[20] == 1200 && sizes[21] == 1200 && sizes[22] == 1200 && sizes[23] == 264));
    CHECK(large >= 3 + 3 + 7);
    CHECK(large <= 3 + 3 + 10);
    CHECK(redial.poll_transmit(start + 3_s, BytesOut(bytes).first(meeting::resume_bytes), alone) ==
          meeting::resume_bytes);
    CHECK(redial.poll_transmit(start + 4_s, BytesOut(bytes).first(50), alone) == 0);
}

TEST_CASE("a request without an answer stays the same, an answered one makes way for the next") {
    Redial redial;
    redial.begin(start, 1, terms(), PeerId{2}, 3, 50_ms, 60_s);
    CHECK(redial.is_mine(1));
    redial.rest(); // something was heard after all
    CHECK(redial.poll_timeout() == Instant::never());
    CHECK(redial.is_mine(1)); // but the host may have granted it
    redial.begin(start + 5_s, 11, terms(), PeerId{2}, 3, 50_ms, 60_s);
    CHECK(redial.is_mine(1));
    CHECK_FALSE(redial.is_mine(11));
    redial.end();
    CHECK_FALSE(redial.is_mine(1));
    redial.begin(start + 9_s, 12, terms(), PeerId{2}, 4, 50_ms, 60_s);
    CHECK(redial.is_mine(12));
}

TEST_CASE("two that were cut off at the same time do not ask at the same time") {
    Redial one, other;
    one.begin(start, 1, terms(), PeerId{2}, 3, 50_ms, 60_s);
    other.begin(start, 2, terms(), PeerId{3}, 4, 50_ms, 60_s);
    Instant now = start;
    const auto a = asks(one, now, 5_s);
    now = start;
    const auto b = asks(other, now, 5_s);
    std::size_t together = 0;
    for (const Instant at : a)
        for (const Instant also : b) together += at == also ? 1 : 0;
    CHECK(together < a.size() / 4);
}
