#include "tenon/link/bundle.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "tenon/link/outbox.hpp"

using namespace tenon;

namespace {

struct Heard {
    std::uint16_t type;
    std::vector<std::byte> payload;
    friend bool operator==(const Heard&, const Heard&) = default;
};

Heard message(unsigned i) {
    const std::vector<std::byte> payload(i * 7 % 150, static_cast<std::byte>(i));
    return {static_cast<std::uint16_t>(i * 9), payload}; // of one byte, and of several
}
bool add(Bundle& bundle, unsigned i) {
    const Heard said = message(i);
    return bundle.add(MessageType{said.type}, i, said.payload);
}
// As many as there is room for, the first of them `first`.
unsigned add_all(Bundle& bundle, unsigned first = 0) {
    unsigned i = first;
    while (add(bundle, i)) ++i;
    return i;
}

// The messages of one packet of so many bytes.
std::vector<Heard> read(BytesOut whole, PacketWriter& packet, std::size_t head) {
    const std::size_t size = packet.seal(tenon::Checksum(1));
    std::vector<Heard> heard;
    ByteReader in(whole.first(size).subspan(head));
    while (in.left() > 0) {
        MessageType type;
        BytesIn payload;
        const std::uint8_t tag = in.u8();
        REQUIRE(tag >= frame::message);
        REQUIRE(read_message_frame(in, tag, type, payload));
        heard.push_back({type.value, {payload.begin(), payload.end()}});
    }
    REQUIRE(in.ok());
    return heard;
}
std::vector<Heard> next_packet(Outbox& outbox, std::size_t bytes) {
    std::array<std::byte, 2000> buffer{};
    const BytesOut whole = BytesOut(buffer).first(bytes);
    PacketWriter packet(whole, 1, 0);
    const std::size_t head = packet.size();
    outbox.fill(packet, Instant{1}, 1150);
    return read(whole, packet, head);
}
Result<> push(Outbox& outbox, Pool& pool, const Bundle& bundle, std::uint64_t without = 0) {
    SharedBytes* shared = SharedBytes::make(pool, bundle.bytes());
    REQUIRE(shared != nullptr);
    Outbox::Message head;
    head.key = bundle.key();
    head.replaceable = head.bundle = true;
    const Result<> pushed = outbox.push(head, *shared, without);
    shared->release();
    return pushed;
}

} // namespace

TEST_CASE("a bundle takes what fits, and tells when that is all") {
    Bundle bundle(1100);
    CHECK(bundle.empty());
    const unsigned count = add_all(bundle);
    CHECK(count == bundle.count());
    CHECK(count > 8);
    CHECK(bundle.bytes().size() <= 1100);
    bundle.clear();
    CHECK(bundle.empty());
    for (unsigned i = 0; i < Bundle::count_max; ++i) REQUIRE(bundle.add(MessageType{1}, i, {}));
    CHECK(!bundle.add(MessageType{1}, 0, {}));
    Bundle small(10);
    CHECK(!small.add(MessageType{1}, 0, {}));
    CHECK(Bundle(100'000).bytes().size() <= 1200);
}

TEST_CASE("the key of a bundle is that of its streams, in their order") {
    Bundle a(1100), b(1100);
    const std::byte payload[1] = {};
    REQUIRE(a.add(MessageType{5}, 1, payload));
    REQUIRE(b.add(MessageType{5}, 1, {}));
    CHECK(a.key() == b.key());
    REQUIRE(a.add(MessageType{5}, 2, {}));
    CHECK(a.key() != b.key());
    REQUIRE(b.add(MessageType{6}, 2, {}));
    CHECK(a.key() != b.key());
    b.clear();
    REQUIRE(b.add(MessageType{5}, 2, {}));
    REQUIRE(b.add(MessageType{5}, 1, {}));
    CHECK(a.key() != b.key());
}

TEST_CASE("packets of every size carry all of a bundle, in order, and leave out what they shall") {
    Pool pool(1148, 1 << 20);
    Bundle bundle(1100);
    const unsigned count = add_all(bundle);
    for (const std::uint64_t without : {std::uint64_t(0), std::uint64_t(1), std::uint64_t(0b1100'0101'0010),
                                        std::uint64_t(1) << (count - 1), ~std::uint64_t(0)})
        for (std::size_t bytes = 170; bytes < 1300; bytes += 13) {
            CAPTURE(without);
            CAPTURE(bytes);
            Outbox outbox(1 << 16);
            REQUIRE(push(outbox, pool, bundle, without));
            std::vector<Heard> expected, heard;
            for (unsigned i = 0; i < count; ++i)
                if ((without >> i & 1) == 0) expected.push_back(message(i));
            while (!outbox.empty()) {
                const std::vector<Heard> some = next_packet(outbox, bytes);
                if (!outbox.empty()) REQUIRE(!some.empty());
                heard.insert(heard.end(), some.begin(), some.end());
            }
            CHECK((heard == expected));
            CHECK(outbox.bytes() == 0);
            CHECK(pool.blocks_in_use() == 0);
        }
}

TEST_CASE("a bundle is on the wire what its messages are one by one") {
    Pool pool(1148, 1 << 20);
    Bundle bundle(1100);
    const unsigned count = add_all(bundle);
    Outbox together(1 << 16), single(1 << 16);
    REQUIRE(push(together, pool, bundle));
    for (unsigned i = 0; i < count; ++i) {
        Outbox::Message head;
        head.type = MessageType{message(i).type};
        REQUIRE(single.push(head, message(i).payload));
    }
    std::array<std::byte, 1300> a{}, b{};
    PacketWriter first(a, 1, 0), second(b, 1, 0);
    together.fill(first, Instant{1}, 1150);
    single.fill(second, Instant{1}, 1150);
    CHECK(first.seal(tenon::Checksum(1)) == second.seal(tenon::Checksum(1)));
    CHECK((a == b));
}

TEST_CASE("a bundle that waits gives way to the next of the same streams, unless part of it has left") {
    Pool pool(1148, 1 << 20);
    Bundle bundle(1100);
    const unsigned count = add_all(bundle);
    Outbox outbox(1 << 16);
    REQUIRE(push(outbox, pool, bundle));
    REQUIRE(push(outbox, pool, bundle));
    CHECK(outbox.replaced() == 1);
    const std::size_t part = next_packet(outbox, 400).size();
    CHECK(part > 0);
    REQUIRE(push(outbox, pool, bundle));
    CHECK(outbox.replaced() == 1);
    std::size_t rest = 0;
    while (!outbox.empty()) rest += next_packet(outbox, 400).size();
    CHECK(part + rest == 2 * count);
    CHECK(pool.blocks_in_use() == 0);
}
