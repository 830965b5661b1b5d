#include "tenon/room/estate_words.hpp"

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>

using namespace tenon;

namespace {

struct Written {
    std::array<std::byte, 128> bytes{};
    std::size_t size = 0;
    BytesIn all() const { return BytesIn(bytes).first(size); }
    BytesIn after_kind() const { return all().subspan(1); }
};
Written welcome(const WelcomeWord& word, std::initializer_list<std::uint64_t> members) {
    Written written;
    ByteWriter out(written.bytes);
    word.write_head(out);
    for (const std::uint64_t id : members) out.varint(id);
    written.size = out.position();
    return written;
}
Result<WelcomeWord> read_welcome(BytesIn bytes) {
    ByteReader in(bytes);
    return WelcomeWord::read(in);
}

} // namespace

TEST_CASE("a welcome tells the epoch, the key, the time and who is there") {
    const auto written = welcome({{7, PeerId{3}}, 0x1234, milliseconds(-5), true, {}}, {0, 3, 300});
    CHECK(written.size == WelcomeWord::head_bytes + 1 + 1 + 2);
    CHECK(written.bytes[0] == std::byte{static_cast<std::uint8_t>(EstateWord::welcome)});
    const auto word = read_welcome(written.after_kind());
    REQUIRE(word);
    CHECK(word->epoch == Epoch{7, PeerId{3}});
    CHECK(word->room_key == 0x1234);
    CHECK(word->ahead == milliseconds(-5));
    CHECK(word->missed);
    for (const std::uint32_t id : {0u, 3u, 300u}) CHECK(word->has(PeerId{id}));
    for (const std::uint32_t id : {1u, 299u, 301u}) CHECK_FALSE(word->has(PeerId{id}));
}

TEST_CASE("a welcome that no honest host would say is none") {
    const WelcomeWord sane{{7, PeerId{3}}, 1, {}, false, {}};
    const auto written = welcome(sane, {0, 3});
    REQUIRE(read_welcome(written.after_kind()));
    for (std::size_t size = 0; size + 1 < WelcomeWord::head_bytes; ++size)
        CHECK_FALSE(read_welcome(written.after_kind().first(size)));
    CHECK(read_welcome(written.after_kind().first(WelcomeWord::head_bytes - 1))); // an empty list
    WelcomeWord nobody = sane;
    nobody.epoch.authority = PeerId::none();
    CHECK_FALSE(read_welcome(welcome(nobody, {0}).after_kind()));
    CHECK_FALSE(read_welcome(welcome(sane, {PeerId::none().value}).after_kind()));
    CHECK_FALSE(read_welcome(welcome(sane, {0, std::uint64_t(1) << 40}).after_kind()));
    Written odd = written; // whether something was missed is 0 or 1
    odd.bytes[WelcomeWord::head_bytes - 1] = std::byte{2};
    CHECK_FALSE(read_welcome(odd.after_kind()));
    Written cut = written; // a number that goes on where the word ends
    cut.bytes[cut.size - 1] = std::byte{0x80};
    CHECK_FALSE(read_welcome(cut.after_kind()));
}

TEST_CASE("a word about a peer names one that can be") {
    const auto written = [](std::uint64_t id) {
        Written word;
        ByteWriter out(word.bytes);
        PeerWord{PeerId{static_cast<std::uint32_t>(id)}}.write(out, EstateWord::address);
        if (id > UINT32_MAX) {
            out = ByteWriter(BytesOut(word.bytes).subspan(1));
            out.varint(id);
        }
        word.size = id > UINT32_MAX ? out.position() + 1 : out.position();
        return word;
    };
    for (const std::uint32_t id : {0u, 1u, 127u, 128u, PeerId::none().value - 1}) {
        const auto word = written(id);
        CHECK(word.bytes[0] == std::byte{static_cast<std::uint8_t>(EstateWord::address)});
        ByteReader in(word.after_kind());
        const auto read = PeerWord::read(in);
        REQUIRE(read);
        CHECK(read->peer == PeerId{id});
        CHECK(in.left() == 0);
    }
    for (const std::uint64_t id : {std::uint64_t(PeerId::none().value), std::uint64_t(1) << 33}) {
        const auto word = written(id);
        ByteReader in(word.after_kind());
        CHECK_FALSE(PeerWord::read(in));
    }
    ByteReader empty(BytesIn{});
    CHECK_FALSE(PeerWord::read(empty));
}
