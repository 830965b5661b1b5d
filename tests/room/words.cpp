#include "tenon/room/words.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tenon;

TEST_CASE("who joined and who left come back as they were written") {
    std::byte bytes[JoinedWord::bytes_max];
    const std::string longest(name_bytes_max, 'n');
    for (const std::uint32_t id : {0u, 1u, 127u, 128u, 0xFFFF'FFFEu})
        for (const std::string& name : {std::string(), std::string("ann"), longest}) {
            const auto joined = JoinedWord::read(JoinedWord{PeerId{id}, name}.write(bytes));
            REQUIRE(joined);
            CHECK(joined->peer == PeerId{id});
            CHECK(joined->name == name);
        }
    for (std::uint8_t reason = 0; reason < error_count; ++reason) {
        const auto left = LeftWord::read(LeftWord{PeerId{300}, static_cast<Error>(reason)}.write(bytes));
        REQUIRE(left);
        CHECK(left->peer == PeerId{300});
        CHECK(left->reason == static_cast<Error>(reason));
    }
    for (const bool is_away : {false, true}) {
        const auto away = AwayWord::read(AwayWord{PeerId{300}, is_away}.write(bytes));
        REQUIRE(away);
        CHECK(away->peer == PeerId{300});
        CHECK(away->away == is_away);
    }
}

TEST_CASE("words that are cut short, too long, or of nobody are none") {
    std::byte bytes[JoinedWord::bytes_max + 1] = {};
    CHECK(!JoinedWord::read({}));
    CHECK(!LeftWord::read({}));
    CHECK(!LeftWord::read(BytesIn(bytes, 1)));
    CHECK(!JoinedWord::read(BytesIn(bytes, 1 + name_bytes_max + 1)));
    CHECK(JoinedWord::read(BytesIn(bytes, 1 + name_bytes_max)));
    ByteWriter out{BytesOut(bytes)};
    out.varint(PeerId::none_value);
    out.u8(0);
    CHECK(!JoinedWord::read(BytesIn(bytes, out.position())));
    CHECK(!LeftWord::read(BytesIn(bytes, out.position())));
    bytes[0] = std::byte{1};
    bytes[1] = std::byte{error_count};
    CHECK(!LeftWord::read(BytesIn(bytes, 2)));
    bytes[1] = std::byte{error_count - 1};
    CHECK(LeftWord::read(BytesIn(bytes, 2)));
    CHECK(!AwayWord::read(BytesIn(bytes, 2))); // neither away nor back
    bytes[1] = std::byte{1};
    CHECK(AwayWord::read(BytesIn(bytes, 2)));
    CHECK(!AwayWord::read(BytesIn(bytes, 3)));
    CHECK(!AwayWord::read(BytesIn(bytes, 1)));
}

TEST_CASE("the head of a message that is passed on says whom it is for, then who said it") {
    std::byte bytes[RelayHead::bytes_max];
    for (const PeerId peer : {PeerId::none(), PeerId{0}, PeerId{5}, PeerId{0xFFFF'FFFE}})
        for (const std::uint16_t type : {std::uint16_t(8), std::uint16_t(0xFFFF)}) {
            ByteWriter out{BytesOut(bytes)};
            RelayHead{peer, MessageType{type}}.write_relay(out);
            REQUIRE(out.ok());
            ByteReader in(BytesIn(bytes, out.position()));
            const auto head = RelayHead::read_relay(in);
            REQUIRE(head);
            CHECK(head->peer == peer);
            CHECK(head->type == MessageType{type});
            if (!peer) continue;
            ByteWriter again{BytesOut(bytes)};
            RelayHead{peer, MessageType{type}}.write_relayed(again);
            ByteReader from(BytesIn(bytes, again.position()));
            const auto relayed = RelayHead::read_relayed(from);
            REQUIRE(relayed);
            CHECK(relayed->peer == peer);
            CHECK(relayed->type == MessageType{type});
        }
    const auto none = [&](std::uint64_t peer, std::uint64_t type, bool relayed) {
        std::byte wide[20];
        ByteWriter out{BytesOut(wide)};
        out.varint(peer);
        out.varint(type);
        ByteReader in(BytesIn(wide, out.position()));
        return relayed ? !RelayHead::read_relayed(in) : !RelayHead::read_relay(in);
    };
    CHECK(none(std::uint64_t(1) << 32, 8, false));
    CHECK(none(0, 0x10000, false));
    CHECK(none(0xFFFF'FFFF, 8, true));
    CHECK(none(0, 0x10000, true));
    ByteReader empty{BytesIn()};
    CHECK(!RelayHead::read_relay(empty));
    CHECK(!RelayHead::read_relayed(empty));
}
