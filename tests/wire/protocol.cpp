#include "by_the_book.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/link/farewell.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/redial.hpp"
#include "tenon/link/shared_bytes.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/claim.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"
#include "tenon/wire/fragment.hpp"

#include "../link/plain_words.hpp"

using namespace plain;

namespace {

namespace book = by_the_book;
using book::Bytes;
using tenon::PacketWriter;

Bytes from_hex(std::string_view text) {
    Bytes bytes;
    unsigned value = 0, digits = 0;
    for (const char c : text) {
        if (c == ' ') continue;
        value = value << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
        if (++digits % 2 == 0) bytes.push_back(static_cast<std::uint8_t>(value));
    }
    return bytes;
}
std::string hex(const Bytes& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}
Bytes bytes_of(tenon::BytesIn in) {
    Bytes bytes(in.size());
    if (!in.empty()) std::memcpy(bytes.data(), in.data(), in.size());
    return bytes;
}
Bytes text(std::string_view t) { return Bytes(t.begin(), t.end()); }

constexpr std::uint64_t schema = 0x0123'4567'89AB'CDEF, nonce = 0x1111'1111'1111'1111,
                        host_nonce = 0x2222'2222'2222'2222;
const std::uint64_t key = tenon::link_key(schema, nonce, host_nonce);

std::array<std::byte, 1200> buffer;
Bytes sealed(PacketWriter& packet) {
    return bytes_of(tenon::BytesIn(buffer).first(packet.seal(tenon::Checksum(key))));
}
void write_bytes(PacketWriter& packet, std::string_view hex_text) {
    for (const std::uint8_t byte : from_hex(hex_text)) packet.out().u8(byte);
}
void write_message(PacketWriter& packet, std::uint8_t type, std::string_view payload) {
    packet.out().u8(static_cast<std::uint8_t>(tenon::frame::message | type));
    packet.length(tenon::message_flag::length, 1, payload.size());
    packet.out().bytes(tenon::bytes_of(payload));
}

// The packets of PROTOCOL.md's examples.
Bytes small_packet() {
    PacketWriter packet(buffer, 5, 0);
    packet.ack(3, 1, tenon::milliseconds(1), 0);
    write_message(packet, 9, "hello");
    return sealed(packet);
}
Bytes large_packet() {
    PacketWriter packet(buffer, 0x1'2345, 0x5000);
    packet.ack(1000, 2, tenon::milliseconds(100), 5);
    packet.ack_run(2, 3);
    packet.ack_run(1, 300);
    packet.out().u8(tenon::frame::time_ask);
    packet.out().u8(0x85);
    write_message(packet, 10, "abc");
    packet.out().u8(tenon::frame::chunk);
    packet.out().u16(7);
    packet.length(tenon::chunk_flag::length, 3, 7);
    write_bytes(packet, "09 02 6869 0a 01 7a");
    return sealed(packet);
}
Bytes busy_packet() {
    PacketWriter packet(buffer, 6, 0);
    packet.out().u8(tenon::frame::time_tell);
    packet.out().u8(3);
    packet.out().u64(5'000'000'000);
    packet.out().varint(300);
    packet.out().u8(tenon::frame::ping);
    packet.out().u8(tenon::frame::commands);
    packet.out().u16(1);
    write_bytes(packet, "02 09 02 0102 09 00");
    packet.out().u8(tenon::frame::retried_event);
    packet.out().u16(258);
    write_bytes(packet, "0b 03 787978");
    packet.out().u8(tenon::frame::receipts);
    write_bytes(packet, "02 0001 ff01");
    packet.out().u8(0xFF); // a message of type 63 + 137 = 200, with a length
    packet.out().varint(137);
    packet.out().varint(2);
    write_bytes(packet, "cafe");
    packet.out().u8(tenon::frame::padding);
    write_bytes(packet, "0000");
    return sealed(packet);
}
Bytes early_packet() {
    PacketWriter packet(buffer, 9, 0);
    packet.out().u8(tenon::frame::early);
    packet.out().u16(static_cast<std::uint16_t>(-50));
    packet.out().u8(tenon::frame::early);
    packet.out().u16(400);
    return sealed(packet);
}
Bytes fragment_packet() {
    PacketWriter packet(buffer, 7, 0);
    tenon::Fragment fragment;
    fragment.id = 3;
    fragment.index = 1;
    fragment.count = 2;
    fragment.whole_bytes = 9;
    write_fragment_header(packet.out(), fragment);
    packet.out().bytes(tenon::bytes_of("wxyz"));
    return sealed(packet);
}
Bytes goodbye(tenon::Error reason = tenon::Error::left, std::string_view words = {}) {
    tenon::Pool pool(1200, 1200);
    tenon::Farewell farewell;
    farewell.say(reason, words.empty() ? nullptr : tenon::SharedBytes::make(pool, tenon::bytes_of(words)));
    PacketWriter packet(buffer, 8, 0);
    farewell.write(packet.out());
    return sealed(packet);
}

template <class Datagram>
Bytes meeting(const Datagram& datagram) {
    return bytes_of(tenon::BytesIn(buffer).first(write(buffer, datagram)));
}
tenon::Claim claim() {
    tenon::Claim claim;
    claim.kind = tenon::Claim::Kind::claims;
    claim.game = 77;
    claim.room = 88;
    claim.epoch = {5, tenon::PeerId{3}};
    claim.from = tenon::PeerId{3};
    claim.about = tenon::PeerId{3};
    claim.nonce = nonce;
    claim.handed = true;
    claim.size = 9;
    return claim;
}
Bytes sealed(const tenon::Claim& claim, std::uint64_t room_key) {
    return bytes_of(tenon::BytesIn(buffer).first(write(buffer, claim, room_key)));
}
constexpr std::array<std::uint32_t, 2> type_hashes{0xAABBCCDD, 0x11223344};
tenon::Connect connect() {
    tenon::Connect connect;
    connect.nonce = nonce;
    connect.cookie = 0x3333'3333'3333'3333;
    connect.stamp = 100'000;
    connect.terms.game = tenon::stable_id("arena");
    connect.terms.room = tenon::stable_id("lobby");
    connect.terms.schema = schema;
    connect.terms.game_version = 1;
    connect.terms.codec = static_cast<std::uint32_t>(tenon::stable_id("Bits"));
    connect.terms.features = connect.terms.required = 4;
    connect.terms.capabilities = 9;
    connect.terms.type_hashes = type_hashes;
    connect.name = "ann";
    connect.credential = tenon::bytes_of("pass");
    return connect;
}

// All that is not zero at the end.
std::string hex_without_padding(Bytes bytes) {
    while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
    return hex(bytes);
}

} // namespace

TEST_CASE("packets are, byte for byte, what they were when the protocol was written down") {
    CHECK(key == 0x95FDD4DB9A559DB7u);
    CHECK(hex(small_packet()) == hex(from_hex("10 8a0e69ef 05 03 04 89 68656c6c6f")));
    CHECK(hex(large_packet()) == hex(from_hex("36 24324e26 452301 e803 91 02 05 0203 01ac02 02 "
                                              "85 ca03616263 10 0700 09026869 0a017a")));
    CHECK(hex(busy_packet()) ==
          hex(from_hex("00 3c99d5ee 06 03 03 00f2052a01000000 ac02 01 06 0100 02 09020102 0900 07 "
                       "0201 0b 03787978 08 02 0001 ff01 ff 8901 02 cafe 00 0000")));
    CHECK(hex(fragment_packet()) == hex(from_hex("00 5b712495 07 05 0300 01 02 09 7778797a")));
    CHECK(hex(early_packet()) == hex(from_hex("00 288f7c02 09 0a ceff 0a 9001")));
    CHECK(hex(goodbye()) == hex(from_hex("00 2e3bf970 08 04 13")));
    CHECK(hex(goodbye(tenon::Error::kicked, "vote")) == hex(from_hex("00 eb927459 08 04 12 766f7465")));
}

TEST_CASE("the handshake is, byte for byte, what it was when the protocol was written down") {
    const Bytes hello = meeting(tenon::Hello{nonce, tenon::stable_id("arena")});
    CHECK(hello.size() == 128);
    CHECK(hex_without_padding(hello) == hex(from_hex("81 fd5482d6 0001 1111111111111111 32c7183c8e69fdce")));
    CHECK(hex(meeting(tenon::Challenge{nonce, 0x3333'3333'3333'3333, 100'000})) ==
          hex(from_hex("82 341178f5 1111111111111111 3333333333333333 a0860100")));
    const Bytes connects = meeting(connect());
    CHECK(connects.size() == 1200);
    CHECK(hex_without_padding(connects) ==
          hex(from_hex(
              "83 661074eb 0001 1111111111111111 3333333333333333 a0860100 32c7183c8e69fdce 643adb9c50b986d8 "
              "efcdab8967452301 01000000 cc815e01 04000000 04000000 09000000 03 616e6e 0400 70617373 02 02 "
              "ddccbbaa 44332211")));
    CHECK(hex(meeting(tenon::Accept{nonce, host_nonce, tenon::PeerId{1}, tenon::PeerId{0}, 4, 65'536, 9,
                                    0x5555'5555'5555'5555})) ==
          hex(from_hex("84 ad2dd022 1111111111111111 2222222222222222 01000000 00000000 04000000 00000100 "
                       "09000000 5555555555555555")));
    CHECK(hex(meeting(tenon::Resume{nonce, 77, 88, tenon::PeerId{3},
                                    tenon::resume_proof(key, nonce, tenon::PeerId{3})})) ==
          hex(from_hex("86 63e78d39 0001 1111111111111111 4d00000000000000 5800000000000000 03000000 "
                       "50a536fcdc7de699 0000000000000000000000000000000000000000000000000000000000")));
    const Bytes packet = goodbye();
    std::array<std::byte, 200> request{};
    for (std::size_t i = 0; i < packet.size(); ++i)
        request[tenon::meeting::resume_bytes + i] = static_cast<std::byte>(packet[i]);
    const tenon::Resume asked{nonce, 77, 88, tenon::PeerId{3},
                              tenon::resume_proof(key, nonce, tenon::PeerId{3})};
    CHECK(hex(bytes_of(tenon::BytesIn(request).first(write(request, asked, packet.size())))) ==
          hex(from_hex("86 d072c511 0001 1111111111111111 4d00000000000000 5800000000000000 03000000 "
                       "50a536fcdc7de699 0000000000000000000000000000000000000000000000000000000000 "
                       "00 2e3bf970 08 04 13")));
    CHECK(hex(meeting(tenon::Refusal{nonce, tenon::Error::schema_mismatch, "Fired"})) ==
          hex(from_hex("85 376291df 1111111111111111 10 05 4669726564")));
}

TEST_CASE("what is said about who decides is, byte for byte, what it was") {
    CHECK(hex(sealed(claim(), 0x4444'4444'4444'4444)) ==
          hex(from_hex("87 b2d1b4ca 4d00000000000000 5800000000000000 04 05000000 03000000 03000000 03000000 "
                       "1111111111111111 01 09000000 de1b23367cce594b")));
    CHECK(tenon::epoch_key(0x4444'4444'4444'4444, schema, {5, tenon::PeerId{3}}, tenon::PeerId{7}) ==
          0xC842'E317'C0FF'05C8);
}

TEST_CASE("a decoder that follows the protocol's description reads those packets") {
    const std::uint64_t book_key = book::link_key(schema, nonce, host_nonce);
    CHECK(book_key == key);

    const auto small = book::read_packet(small_packet(), book_key, 5, 4);
    REQUIRE(small);
    CHECK(small->number == 5);
    CHECK(small->acked == 3);
    CHECK(small->delay_us == 1000);
    REQUIRE(small->runs.size() == 1);
    CHECK(small->runs[0].first == 0);
    CHECK(small->runs[0].last == 3);
    REQUIRE(small->messages.size() == 1);
    CHECK(small->messages[0].type == 9);
    CHECK(small->messages[0].payload == text("hello"));

    const auto large = book::read_packet(large_packet(), book_key, 0x1'2300, 1200);
    REQUIRE(large);
    CHECK(large->number == 0x1'2345);
    CHECK(large->acked == 1000);
    CHECK(large->delay_us == 100'000);
    REQUIRE(large->runs.size() == 3);
    CHECK(large->runs[0].first == 996);
    CHECK(large->runs[1].last == 993);
    CHECK(large->runs[1].first == 991);
    CHECK(large->runs[2].last == 989);
    CHECK(large->runs[2].first == 690);
    CHECK(large->asked == std::vector<std::uint64_t>{0x85});
    REQUIRE(large->chunks.size() == 1);
    CHECK(large->chunks[0].sequence == 7);
    book::Channel channel;
    channel.expected = 7;
    channel.take(large->chunks[0]);
    CHECK(channel.good);
    REQUIRE(channel.messages.size() == 2);
    CHECK(channel.messages[0].payload == text("hi"));
    CHECK(channel.messages[1].type == 10);
    CHECK(channel.messages[1].payload == text("z"));

    const auto busy = book::read_packet(busy_packet(), book_key, 6, 0);
    REQUIRE(busy);
    CHECK(busy->told[0].question == 3);
    CHECK(busy->told[0].clock == 5'000'000'000);
    CHECK(busy->told[0].waited_us == 300);
    CHECK(busy->pings == 1);
    REQUIRE(busy->commands.size() == 2);
    CHECK(busy->commands[0].message.payload == Bytes{1, 2});
    CHECK(busy->commands[1].number == 2);
    CHECK(busy->retried.at(258).payload == text("xyx"));
    CHECK(busy->receipts == std::vector<std::uint64_t>{256, 511});
    CHECK(busy->messages[0].type == 200);
    CHECK(busy->messages[0].payload == Bytes{0xCA, 0xFE});
    CHECK(busy->padding == 3);

    const auto fragment = book::read_packet(fragment_packet(), book_key, 7, 0);
    REQUIRE(fragment);
    CHECK(fragment->fragments[0].id == 3);
    CHECK(fragment->fragments[0].whole_bytes == 9);
    CHECK(fragment->fragments[0].part == text("wxyz"));

    const auto early = book::read_packet(early_packet(), book_key, 9, 0);
    REQUIRE(early);
    CHECK(early->early_us == std::vector<std::int64_t>{-1'000, 8'000});

    const auto close = book::read_packet(goodbye(), book_key, 8, 0);
    REQUIRE(close);
    CHECK(close->close == 19);
    CHECK(close->farewell.empty());
    const auto told = book::read_packet(goodbye(tenon::Error::kicked, "vote"), book_key, 8, 0);
    REQUIRE(told);
    CHECK(told->close == 18);
    CHECK(told->farewell == text("vote"));
}

TEST_CASE("that decoder refuses what a receiver must refuse") {
    const std::uint64_t book_key = book::link_key(schema, nonce, host_nonce);
    const Bytes packet = small_packet();
    CHECK_FALSE(book::read_packet(packet, book_key + 1, 5, 4));
    CHECK_FALSE(book::read_packet(packet, book_key, 5 + 256, 4));
    CHECK_FALSE(book::read_packet(packet, book_key, 5, 3)); // acknowledges what was never sent
    for (std::size_t size = 0; size < packet.size(); ++size)
        CHECK_FALSE(book::read_packet(
            Bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size)), book_key, 5, 4));
    for (std::size_t i = 0; i < packet.size(); ++i) {
        Bytes other = packet;
        other[i] ^= 1;
        CHECK_FALSE(book::read_packet(other, book_key, 5, 4));
    }
}

TEST_CASE("that decoder reads the handshake") {
    const auto hello = book::read_meeting(meeting(tenon::Hello{nonce, 77}));
    REQUIRE(hello);
    CHECK(hello->protocol == 0x100);
    CHECK(hello->game == 77);
    const auto connected = book::read_meeting(meeting(connect()));
    REQUIRE(connected);
    CHECK(connected->nonce == nonce);
    CHECK(connected->room == 0xD886'B950'9CDB'3A64); // of "lobby"
    CHECK(connected->schema == schema);
    CHECK(connected->codec == 0x015E'81CC); // of "Bits"
    CHECK(connected->text == text("ann"));
    CHECK(connected->capabilities == 9);
    CHECK(connected->credential == text("pass"));
    CHECK(connected->type_count == 2);
    CHECK(connected->type_hashes == std::vector<std::uint64_t>{0xAABB'CCDD, 0x1122'3344});
    const auto accept = book::read_meeting(
        meeting(tenon::Accept{nonce, host_nonce, tenon::PeerId{1}, tenon::PeerId{0}, 4, 65'536, 9, 0x5555}));
    REQUIRE(accept);
    CHECK(accept->host_nonce == host_nonce);
    CHECK(accept->peer == 1);
    CHECK(accept->host == 0);
    CHECK(accept->message_bytes_max == 65'536);
    CHECK(accept->capabilities == 9);
    CHECK(accept->session == 0x5555);
    const auto resume = book::read_meeting(meeting(tenon::Resume{nonce, 77, 88, tenon::PeerId{3}, 0x99}));
    REQUIRE(resume);
    CHECK(resume->nonce == nonce);
    CHECK(resume->game == 77);
    CHECK(resume->room == 88);
    CHECK(resume->peer == 3);
    CHECK(resume->proof == 0x99);
    std::array<std::byte, 100> longer{}; // with a packet behind it, which is its reader's to find
    const std::size_t size = write(longer, tenon::Resume{nonce, 77, 88, tenon::PeerId{3}, 0x99}, 20);
    CHECK(size == 92);
    CHECK(book::read_meeting(bytes_of(tenon::BytesIn(longer).first(size))));
    longer[91] ^= std::byte{1};
    CHECK_FALSE(book::read_meeting(bytes_of(tenon::BytesIn(longer).first(size))));
    const auto refusal =
        book::read_meeting(meeting(tenon::Refusal{nonce, tenon::Error::schema_mismatch, "Fired"}));
    REQUIRE(refusal);
    CHECK(refusal->reason == 16);
    CHECK(refusal->text == text("Fired"));
    const auto said = book::read_meeting(sealed(claim(), 0x4444'4444'4444'4444));
    REQUIRE(said);
    CHECK(said->game == 77);
    CHECK(said->room == 88);
    CHECK(said->claim == 4);
    CHECK(said->epoch == 5);
    CHECK(said->authority == 3);
    CHECK(said->from == 3);
    CHECK(said->about == 3);
    CHECK(said->nonce == nonce);
    CHECK(said->handed == 1);
    CHECK(said->size == 9);
    Bytes damaged = meeting(tenon::Challenge{nonce, 1, 2});
    REQUIRE(book::read_meeting(damaged));
    damaged.back() ^= 1;
    CHECK_FALSE(book::read_meeting(damaged));
}

// ---- packets of real sessions

using namespace plain;

namespace {

using namespace tenon::literals;

struct Ship {
    float x = 0, y = 0, heading = 0;
    void serialize(auto& ar) { ar(x, y, heading); }
};
struct Steer {
    float turn = 0, thrust = 0;
    void serialize(auto& ar) { ar(turn, thrust); }
};
struct Fired {
    std::uint32_t gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Chat {
    std::string text;
    void serialize(auto& ar) { ar(text); }
};
struct Terrain {
    std::array<std::uint8_t, 3000> heights{};
    void serialize(auto& ar) { ar(heights); }
};
struct Wind {
    std::uint16_t strength = 0;
    void serialize(auto& ar) { ar(strength); }
};
struct Blob {
    std::array<std::uint8_t, 64> bytes{};
    void serialize(auto& ar) { ar(bytes); }
};

template <class Game, class Reliability>
using SessionOf = tenon::Session<Game, tenon::transport::Memory, tenon::codec::Bits,
                                 tenon::clock::Independent<>, tenon::topology::ClientServer, Reliability>;
using Arena = tenon::Game<"arena", 1, tenon::State<Ship>, tenon::Command<Steer>,
                          tenon::Event<Fired, tenon::Reliable>, tenon::Event<Chat, tenon::Ordered>,
                          tenon::Event<Terrain, tenon::BestEffort>, tenon::Event<Wind, tenon::Newest>>;
using Blobs = tenon::Game<"blobs", 1, tenon::Event<Blob, tenon::BestEffort>>;

struct Player {
    Ship ship{};
    std::uint32_t fired = 0, chats = 0, terrains = 0, winds = 0, blobs = 0;
    Ship state() { return ship; }
    Steer command() { return {0.5F, 1.0F}; }
    void on(tenon::PeerId, const Steer&) {}
    void on(tenon::PeerId, const Fired&) { ++fired; }
    void on(tenon::PeerId, const Chat&) { ++chats; }
    void on(tenon::PeerId, const Terrain&) { ++terrains; }
    void on(tenon::PeerId, const Wind&) { ++winds; }
    void on(tenon::PeerId, const Blob&) { ++blobs; }
};

template <class T>
Bytes encoded(const T& value) {
    std::vector<std::byte> room(8192);
    const auto size = tenon::codec::Bits::encode(room, value);
    return size ? bytes_of(tenon::BytesIn(room).first(*size)) : Bytes{};
}

// Both directions of one link, read by the book as a wire would see them.
struct Wire {
    struct Way {
        std::uint64_t expected = 0, sent = 0, packets = 0, with_runs = 0, commands_to = 1;
        book::Channel ordered, unordered;
        std::vector<book::Message> messages, commands;
        std::map<std::uint64_t, std::map<std::uint64_t, Bytes>> parts;
        std::vector<book::Message> joined_parts;
        std::map<std::uint64_t, book::Message> retried;
        std::uint64_t receipts = 0, told = 0;
        std::optional<std::uint64_t> close;
    };
    Way up, down; // to the host, from it
    book::Meeting connect, accept;
    std::uint64_t key = 0, undecoded = 0;
    std::vector<unsigned> meetings;

    void hear(bool to_host, const Bytes& datagram, bool arrives) {
        if (datagram[0] >= 0x80) {
            const auto meeting = book::read_meeting(datagram);
            if (!meeting) {
                ++undecoded;
                return;
            }
            meetings.push_back(meeting->kind);
            if (meeting->kind == 0x83) connect = *meeting;
            if (meeting->kind == 0x84) accept = *meeting;
            key = book::link_key(connect.schema, connect.nonce, accept.host_nonce);
            return;
        }
        Way &way = to_host ? up : down, &back = to_host ? down : up;
        ++way.sent;
        if (!arrives) return;
        const auto packet = book::read_packet(datagram, key, way.expected, back.sent);
        if (!packet) {
            ++undecoded;
            return;
        }
        ++way.packets;
        way.expected = packet->number + 1;
        way.with_runs += packet->runs.size() > 1 ? 1 : 0;
        take(way, *packet);
    }

    static void take(Way& way, const book::Packet& packet) {
        for (const auto& message : packet.messages) way.messages.push_back(message);
        for (const auto& chunk : packet.chunks) (chunk.unordered ? way.unordered : way.ordered).take(chunk);
        for (const auto& part : packet.fragments) {
            auto& parts = way.parts[part.id];
            parts[part.index] = part.part;
            if (parts.size() != part.count) continue;
            Bytes whole;
            for (const auto& [index, bytes] : parts) whole.insert(whole.end(), bytes.begin(), bytes.end());
            book::Cursor in(whole);
            book::Message message{in.varint(), {}};
            message.payload = in.rest();
            if (whole.size() == part.whole_bytes) way.joined_parts.push_back(message);
        }
        for (const auto& command : packet.commands)
            if (command.number >= way.commands_to) {
                way.commands_to = command.number + 1;
                way.commands.push_back(command.message);
            }
        for (const auto& [id, message] : packet.retried) way.retried[id] = message;
        way.receipts += packet.receipts.size();
        way.told += packet.told.size();
        if (packet.close) way.close = packet.close;
    }
};

std::vector<Bytes> payloads(const std::vector<book::Message>& messages, std::uint64_t type) {
    std::vector<Bytes> found;
    for (const auto& message : messages)
        if (message.type == type) found.push_back(message.payload);
    return found;
}
Bytes with_head(std::initializer_list<unsigned> head, const Bytes& rest) {
    Bytes whole;
    for (const unsigned byte : head) whole.push_back(static_cast<std::uint8_t>(byte));
    whole.insert(whole.end(), rest.begin(), rest.end());
    return whole;
}

// A host and two who join, for some seconds of virtual time, of which the middle is lossy.
template <class Net>
struct Meeting3 {
    tenon::transport::Exchange exchange{7u};
    Net host, bob, cyd;
    Player host_player, bob_player, cyd_player;
    std::map<std::uint32_t, Wire> wires; // by the client's number
    tenon::Instant now{1'000'000'000};
    tenon::Random random{5};
    double loss = 0;

    Meeting3()
        : host({.room = "lobby", .name = "ann"}, tenon::transport::Memory(exchange, 1)),
          bob({.room = "lobby", .name = "bob"}, tenon::transport::Memory(exchange, 2)),
          cyd({.room = "lobby", .name = "cyd"}, tenon::transport::Memory(exchange, 3)) {}

    void deliver() {
        exchange.take_outgoing([&](const auto& from, const auto& to, tenon::Lane lane, tenon::BytesIn bytes) {
            const bool arrives = !random.chance(loss), to_host = to.host == 1;
            wires[to_host ? from.host : to.host].hear(to_host, bytes_of(bytes), arrives);
            if (arrives) exchange.deliver(to, from, lane, bytes);
        });
    }
    void run(int turns) {
        for (int i = 0; i < turns; ++i) {
            host.tick(now, host_player);
            deliver();
            bob.tick(now, bob_player);
            cyd.tick(now, cyd_player);
            deliver();
            now += 5_ms;
        }
    }
};

} // namespace

TEST_CASE("what real sessions say to each other can be read by the book, loss and all") {
    Meeting3<SessionOf<Arena, tenon::reliability::AckVector>> m;
    REQUIRE(m.host.host(4000));
    REQUIRE(m.bob.join("host1:4000"));
    m.run(20);
    REQUIRE(m.cyd.join("host1:4000"));
    m.run(20);
    m.loss = 0.1;
    std::vector<Bytes> chats, fired;
    for (std::uint32_t i = 0; i < 100; ++i) {
        const Chat chat{std::string(i % 10 == 0 ? 3000 : 5, static_cast<char>('a' + i % 26))};
        chats.push_back(encoded(chat));
        REQUIRE(m.host.send(tenon::PeerId{1}, chat));
        fired.push_back(with_head({0x00, 0x0A}, encoded(Fired{i})));
        REQUIRE(m.bob.broadcast(Fired{i}));
        (void)m.host.send(tenon::PeerId{1}, Wind{static_cast<std::uint16_t>(i)}, {.key = 3});
        m.run(3);
    }
    m.loss = 0;
    Terrain terrain;
    for (std::size_t i = 0; i < terrain.heights.size(); ++i)
        terrain.heights[i] = static_cast<std::uint8_t>(i * 7);
    (void)m.host.send(tenon::PeerId{1}, terrain);
    m.host_player.ship = {1, 2, 3};
    m.run(300);
    m.cyd.leave();
    m.run(100);

    Wire& bob = m.wires[2];
    Wire& cyd = m.wires[3];
    for (const Wire* wire : {&bob, &cyd}) {
        CHECK(wire->undecoded == 0);
        CHECK(wire->meetings == std::vector<unsigned>{0x81, 0x82, 0x83, 0x84});
        for (const Wire::Way* way : {&wire->up, &wire->down}) {
            CHECK(way->packets > 100);
            CHECK(way->ordered.good);
            CHECK(way->unordered.good);
            CHECK(way->ordered.waiting.empty());
        }
        CHECK(wire->down.with_runs + wire->up.with_runs > 10);
        CHECK(wire->down.told > 3);
    }
    CHECK(bob.connect.text == text("bob"));
    CHECK(bob.connect.game == tenon::stable_id("arena"));
    CHECK(bob.accept.peer == 1);
    CHECK(cyd.accept.peer == 2);

    CHECK(payloads(bob.down.ordered.messages, 11) == chats);
    CHECK(m.bob_player.chats == 100);
    CHECK(payloads(bob.down.joined_parts, 12) == std::vector<Bytes>{encoded(terrain)});
    for (const Bytes& wind : payloads(bob.down.messages, 13)) CHECK(wind[0] == 3); // its key in front
    CHECK(payloads(bob.down.messages, 13).size() > 50);

    // Room words: who is here, who came, who left, and what goes through the host.
    const std::vector<Bytes> joined{with_head({0}, text("ann")), with_head({1}, text("bob")),
                                    with_head({2}, text("cyd"))};
    CHECK(payloads(bob.down.ordered.messages, 0) == joined);
    CHECK(payloads(bob.down.ordered.messages, 1) == std::vector<Bytes>{Bytes{2, 19}});
    CHECK(cyd.up.close == 19);
    // Reliable without order: all are there, each once.
    auto relayed = payloads(bob.up.unordered.messages, 2);
    CHECK(relayed == fired);
    for (Bytes& one : fired) one[0] = 0x01; // told on with who said it
    auto heard = payloads(cyd.down.unordered.messages, 3);
    std::sort(heard.begin(), heard.end());
    std::sort(fired.begin(), fired.end());
    CHECK(heard == fired);
    CHECK(m.cyd_player.fired == 100);
    CHECK(m.host_player.fired == 100);

    // Commands, and states with their owner and the time in front.
    REQUIRE(bob.up.commands.size() > 50);
    for (const auto& command : bob.up.commands) {
        CHECK(command.type == 9);
        CHECK(command.payload == encoded(Steer{0.5F, 1.0F}));
    }
    const auto states = payloads(bob.down.messages, 8);
    REQUIRE(states.size() > 50);
    std::size_t of_host = 0;
    for (const Bytes& state : states)
        if (state[0] == 0 && Bytes(state.begin() + 3, state.end()) == encoded(Ship{1, 2, 3})) {
            ++of_host;
            const auto stamp = static_cast<std::uint16_t>(state[1] | state[2] << 8),
                       ends = static_cast<std::uint16_t>(m.now.ns / 1'000'000);
            CHECK(static_cast<std::uint16_t>(ends - stamp) < 3000);
        }
    CHECK(of_host > 10);
}

TEST_CASE("retried events and their receipts can be read by the book") {
    using Shots = tenon::Game<"shots", 1, tenon::Event<Fired, tenon::Reliable>>;
    Meeting3<SessionOf<Shots, tenon::reliability::AckRetry>> m;
    REQUIRE(m.host.host(4000));
    REQUIRE(m.bob.join("host1:4000"));
    m.run(20);
    m.loss = 0.1;
    for (std::uint32_t i = 0; i < 50; ++i) {
        REQUIRE(m.host.send(tenon::PeerId{1}, Fired{i}));
        m.run(2);
    }
    m.loss = 0;
    m.run(600);
    const Wire& bob = m.wires[2];
    CHECK(bob.undecoded == 0);
    CHECK(bob.connect.features == 5);
    REQUIRE(bob.down.retried.size() == 50);
    for (const auto& [id, message] : bob.down.retried) {
        CHECK(message.type == 8);
        CHECK(message.payload == encoded(Fired{static_cast<std::uint32_t>(id)}));
    }
    CHECK(bob.up.receipts >= 50);
}

TEST_CASE("what a message of 64 bytes adds is what the session says it adds, and at most 9 bytes") {
    using Net = SessionOf<Blobs, tenon::reliability::AckVector>;
    static_assert(tenon::overhead<Net> <= 9);
    tenon::transport::Exchange exchange{3u};
    Net host({}, tenon::transport::Memory(exchange, 1)), guest({}, tenon::transport::Memory(exchange, 2));
    Player players[2];
    REQUIRE(host.host(4000));
    REQUIRE(guest.join("host1:4000"));
    tenon::Instant now{1'000'000'000};
    Wire wire;
    int alone = 0;
    for (int i = 0; i < 400; ++i) {
        for (Net* net : {&host, &guest}) {
            net->tick(now, players[net == &host ? 0 : 1]);
            exchange.take_outgoing(
                [&](const auto& from, const auto& to, tenon::Lane lane, tenon::BytesIn bytes) {
                    const bool to_host = to.host == 1;
                    const auto& way = to_host ? wire.up : wire.down;
                    const std::uint64_t expected = way.expected, sent = (to_host ? wire.down : wire.up).sent;
                    const Bytes datagram = bytes_of(bytes);
                    if (datagram[0] < 0x80)
                        if (const auto packet = book::read_packet(datagram, wire.key, expected, sent);
                            packet && packet->acks && packet->frames == 1 && packet->messages.size() == 1) {
                            CHECK(packet->messages[0].payload.size() == 64);
                            CHECK(datagram.size() == 64 + tenon::overhead<Net>);
                            ++alone;
                        }
                    wire.hear(to_host, datagram, true);
                    exchange.deliver(to, from, lane, bytes);
                });
            if (i > 50) (void)net->send(net == &host ? tenon::PeerId{1} : tenon::PeerId::host(), Blob{});
        }
        now += 5_ms;
    }
    CHECK(wire.undecoded == 0);
    CHECK(alone > 500);
    CHECK(players[0].blobs + players[1].blobs > 600);
}
