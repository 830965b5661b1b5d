#include "tenon/wire/packet.hpp"
#include "tenon/wire/checksum.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::Error;
using tenon::open_packet;
using tenon::PacketWriter;

namespace {

constexpr std::uint64_t key = 0x1122'3344'5566'7788;

using Buffer = std::array<std::byte, 1200>;

// A packet with one short message of type 9.
std::size_t small(Buffer& buffer, std::uint64_t number, std::uint64_t unsettled) {
    PacketWriter packet(buffer, number, unsettled);
    packet.out().u8(tenon::frame::message | 9);
    packet.out().u8(0x55);
    return packet.seal(tenon::Checksum(key));
}

} // namespace

TEST_CASE("a packet opens with the number it was written with, however short that stands there") {
    Buffer buffer{};
    for (const std::uint64_t number :
         {std::uint64_t(0), std::uint64_t(255), std::uint64_t(65536), std::uint64_t(0x1234'5678'9ABC)})
        for (const std::uint64_t unsettled : {0u, 0x3Fu, 0x40u, 0x3FFFu, 0x4000u, 0x3F'FFFFu, 0x40'0000u}) {
            const std::size_t size = small(buffer, number, unsettled);
            CHECK(size == 5 + tenon::number_bytes_for(unsettled) + 2);
            // The receiver may have heard as little as what was acknowledged, or all up to here.
            for (const std::uint64_t behind : {std::uint64_t(0), unsettled}) {
                const auto open = open_packet(tenon::BytesIn(buffer).first(size), tenon::Checksum(key),
                                              number < behind ? 0 : number - behind, 0);
                REQUIRE(open);
                CHECK(open->number == number);
                CHECK(open->number_bytes == tenon::number_bytes_for(unsettled));
                CHECK_FALSE(open->has_ack);
                CHECK(open->frames.size() == 2);
            }
        }
}

TEST_CASE("another key, another lap of the counter or one wrong bit fails the checksum") {
    Buffer buffer{};
    const std::size_t size = small(buffer, 300, 0);
    const tenon::BytesIn packet = tenon::BytesIn(buffer).first(size);
    REQUIRE(open_packet(packet, tenon::Checksum(key), 300, 0));
    CHECK(open_packet(packet, tenon::Checksum(key + 1), 300, 0).error() == Error::bad_checksum);
    CHECK(open_packet(packet, tenon::Checksum(key), 600, 0).error() == Error::bad_checksum);
    for (std::size_t i = 0; i < size; ++i)
        for (unsigned bit = 0; bit < 8; ++bit) {
            buffer[i] ^= std::byte{1} << bit;
            CAPTURE(i);
            CAPTURE(bit);
            CHECK_FALSE(open_packet(packet, tenon::Checksum(key), 300, 0));
            buffer[i] ^= std::byte{1} << bit;
        }
    REQUIRE(open_packet(packet, tenon::Checksum(key), 300, 0));
}

TEST_CASE("a packet can be held to a part of its buffer for a while") {
    Buffer buffer{};
    PacketWriter packet(buffer, 7, 0);
    const std::array<std::byte, 700> payload{};
    packet.message({9}, tenon::BytesIn(payload).first(100));
    const std::size_t size = packet.size(), left = packet.left();
    CHECK(packet.limit(500) == size + left);
    CHECK(packet.left() == 500 - size);
    packet.message({10}, tenon::BytesIn(payload).first(packet.left() - PacketWriter::message_head_max));
    CHECK(packet.size() <= 500);
    CHECK(packet.limit(1200) == 500);
    packet.message({11}, payload);
    const std::size_t whole = packet.seal(tenon::Checksum(key));
    const auto open = open_packet(tenon::BytesIn(buffer).first(whole), tenon::Checksum(key), 7, 0);
    REQUIRE(open);
    tenon::ByteReader frames(open->frames);
    for (const unsigned type : {9u, 10u, 11u}) {
        tenon::MessageType read;
        tenon::BytesIn said;
        const std::uint8_t tag = frames.u8();
        REQUIRE(tenon::read_message_frame(frames, tag, read, said));
        CHECK(read.value == type);
        if (type == 9) CHECK(said.size() == 100);
        if (type == 11) CHECK(said.size() == 700);
    }
    CHECK(frames.left() == 0);
}

TEST_CASE("every length that is too short is refused") {
    Buffer buffer{};
    PacketWriter packet(buffer, 5, 0);
    packet.ack(40, 2, tenon::milliseconds(1), 3);
    packet.ack_run(2, 300);
    packet.out().u8(tenon::frame::ping);
    const std::size_t size = packet.seal(tenon::Checksum(key));
    for (std::size_t cut = 0; cut < size; ++cut) {
        const std::vector<std::byte> exact(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(cut));
        CHECK_FALSE(open_packet(exact, tenon::Checksum(key), 5, 100));
    }
}

TEST_CASE("the reserved flag and that of the handshake are refused") {
    Buffer buffer{};
    for (const std::uint8_t flag : {tenon::packet_flag::reserved, tenon::packet_flag::meeting}) {
        const std::size_t size = small(buffer, 1, 0);
        buffer[0] |= std::byte{flag};
        CHECK(open_packet(tenon::BytesIn(buffer).first(size), tenon::Checksum(key), 1, 0).error() ==
              Error::malformed);
    }
}

TEST_CASE("flags of an acknowledgement that isn't there are refused, so that a packet has one form") {
    Buffer buffer{};
    for (const unsigned flag : {0x04u, 0x08u, 0x20u}) {
        PacketWriter packet(buffer, 1, 0);
        packet.out().u8(tenon::frame::ping);
        const std::size_t size = packet.seal(tenon::Checksum(key));
        buffer[0] = static_cast<std::byte>(flag);
        const tenon::BytesIn whole = tenon::BytesIn(buffer).first(size);
        tenon::store_le(&buffer[1], tenon::Checksum(key).of(whole, 1, 0));
        CHECK(open_packet(whole, tenon::Checksum(key), 1, 0).error() == Error::malformed);
    }
}

TEST_CASE("an acknowledgement without runs speaks of the last 32, or of as many as there are") {
    Buffer buffer{};
    for (const std::uint64_t largest : {0u, 30u, 31u, 32u, 1000u}) {
        PacketWriter packet(buffer, 0, 0);
        packet.ack(largest, 2, tenon::milliseconds(3), 0);
        const auto open = open_packet(tenon::BytesIn(buffer).first(packet.seal(tenon::Checksum(key))),
                                      tenon::Checksum(key), 0, largest + 1);
        REQUIRE(open);
        REQUIRE(open->has_ack);
        CHECK(open->ack.largest == largest);
        CHECK(open->ack.delay == tenon::milliseconds(3));
        int runs = 0;
        open->ack.for_each([&](std::uint64_t first, std::uint64_t last) {
            ++runs;
            CHECK(last == largest);
            CHECK(first == (largest < 31 ? 0 : largest - 31));
        });
        CHECK(runs == 1);
        CHECK(open->frames.empty());
    }
}

TEST_CASE("runs and gaps come back as they were written") {
    tenon::Random random(1);
    Buffer buffer{};
    for (int round = 0; round < 2000; ++round) {
        const std::uint64_t largest = static_cast<std::uint64_t>(random.below(100'000)) + 5000;
        PacketWriter packet(buffer, 9, 0);
        std::vector<std::pair<std::uint64_t, std::uint64_t>> want;
        std::uint64_t first = largest - random.below(100);
        want.emplace_back(first, largest);
        packet.ack(largest, 3, tenon::milliseconds(0), largest - first + 1);
        for (std::uint64_t pairs = random.below(20); pairs != 0; --pairs) {
            const std::uint64_t gap = random.below(100) + 1, run = random.below(100) + 1;
            packet.ack_run(gap, run);
            const std::uint64_t last = first - 1 - gap;
            first = last + 1 - run;
            want.emplace_back(first, last);
        }
        const auto open = open_packet(tenon::BytesIn(buffer).first(packet.seal(tenon::Checksum(key))),
                                      tenon::Checksum(key), 9, largest + 1);
        REQUIRE(open);
        std::size_t at = 0;
        open->ack.for_each([&](std::uint64_t from, std::uint64_t to) {
            REQUIRE(at < want.size());
            REQUIRE(from == want[at].first);
            REQUIRE(to == want[at].second);
            ++at;
        });
        REQUIRE(at == want.size());
    }
}

TEST_CASE("runs that would reach below zero, or are empty, are refused") {
    Buffer buffer{};
    const auto open = [&](std::uint64_t largest, std::uint64_t run, std::uint64_t gap, std::uint64_t more) {
        PacketWriter packet(buffer, 0, 0);
        packet.ack(largest, 1, tenon::milliseconds(0), run);
        if (gap != UINT64_MAX) packet.ack_run(gap, more);
        return open_packet(tenon::BytesIn(buffer).first(packet.seal(tenon::Checksum(key))),
                           tenon::Checksum(key), 0, largest + 1)
            .error();
    };
    CHECK(open(10, 11, UINT64_MAX, 0) == Error::none);
    CHECK(open(10, 12, UINT64_MAX, 0) == Error::malformed);
    CHECK(open(10, 5, 2, 4) == Error::none); // down to zero exactly
    CHECK(open(10, 5, 2, 5) == Error::malformed);
    CHECK(open(10, 5, 0, 1) == Error::malformed);
    CHECK(open(10, 5, 1, 0) == Error::malformed);
    CHECK(open(10, 5, UINT64_MAX - 1, 2) == Error::malformed);
    CHECK(open(10, 5, 2, UINT64_MAX) == Error::malformed);
}

TEST_CASE("what was never sent can't be acknowledged") {
    Buffer buffer{};
    PacketWriter packet(buffer, 0, 0);
    packet.ack(10, 2, tenon::milliseconds(0), 0);
    const tenon::BytesIn whole = tenon::BytesIn(buffer).first(packet.seal(tenon::Checksum(key)));
    CHECK(open_packet(whole, tenon::Checksum(key), 0, 11));
    CHECK(open_packet(whole, tenon::Checksum(key), 0, 10).error() == Error::malformed);
    CHECK(open_packet(whole, tenon::Checksum(key), 0, 0).error() == Error::malformed);
}

TEST_CASE("the last frame goes without its length, the others have theirs") {
    Buffer buffer{};
    PacketWriter packet(buffer, 0, 0);
    for (const std::uint8_t fill : {std::uint8_t(0xA1), std::uint8_t(0xA2)}) {
        packet.out().u8(tenon::frame::message | 9);
        packet.length(tenon::message_flag::length, 1, 3);
        for (int i = 0; i < 3; ++i) packet.out().u8(fill);
    }
    const std::size_t size = packet.seal(tenon::Checksum(key));
    CHECK(size == 6 + 5 + 4);
    CHECK(buffer[6] == std::byte{0xC9});
    CHECK(buffer[7] == std::byte{3});
    CHECK(buffer[8] == std::byte{0xA1});
    CHECK(buffer[11] == std::byte{0x89});
    CHECK(buffer[12] == std::byte{0xA2});
    REQUIRE(open_packet(tenon::BytesIn(buffer).first(size), tenon::Checksum(key), 0, 0));
}

TEST_CASE("a frame of a length keeps it when another of none follows") {
    Buffer buffer{};
    PacketWriter packet(buffer, 0, 0);
    packet.out().u8(tenon::frame::message | 9);
    packet.length(tenon::message_flag::length, 1, 1);
    packet.out().u8(0xAA);
    packet.out().u8(tenon::frame::ping);
    CHECK(packet.seal(tenon::Checksum(key)) == 6 + 3 + 1);
    CHECK(buffer[6] == std::byte{0xC9});
    CHECK(buffer[9] == std::byte{tenon::frame::ping});
}

TEST_CASE("a frame that fills the packet has no length from the start, and nothing fits behind it") {
    std::array<std::byte, 64> buffer{};
    PacketWriter packet(buffer, 0, 0);
    packet.out().u8(tenon::frame::message | 9);
    packet.length(tenon::message_flag::length, 1, 55);
    for (int i = 0; i < 55; ++i) packet.out().u8(0xEE);
    CHECK(packet.left() == 0);
    CHECK(packet.seal(tenon::Checksum(key)) == 62);
    CHECK(buffer[6] == std::byte{0x89});
}

TEST_CASE("a type has one form: one that goes once around the largest number is refused") {
    const auto read = [](std::uint64_t more) {
        std::array<std::byte, 16> bytes{};
        tenon::ByteWriter out(bytes);
        out.varint(more);
        tenon::ByteReader in(tenon::BytesIn(bytes).first(out.position()));
        tenon::MessageType type;
        tenon::BytesIn payload;
        return tenon::read_message_frame(in, 0xBF, type, payload) ? static_cast<int>(type.value) : -1;
    };
    CHECK(read(0) == 63);
    CHECK(read(0xFFFF - 63) == 0xFFFF);
    CHECK(read(0xFFFF - 62) == -1);
    CHECK(read(UINT64_MAX) == -1); // would be type 62
}

TEST_CASE("an empty frame at the end is its tag alone") {
    Buffer buffer{};
    PacketWriter packet(buffer, 0, 0);
    CHECK_FALSE(packet.has_frames());
    packet.out().u8(tenon::frame::message | 9);
    packet.length(tenon::message_flag::length, 1, 0);
    CHECK(packet.has_frames());
    CHECK(packet.seal(tenon::Checksum(key)) == 7);
    CHECK(buffer[6] == std::byte{0x89});
}

TEST_CASE("a delay is told in quarters of a millisecond, then in steps of four") {
    using tenon::decode_ack_delay;
    using tenon::encode_ack_delay;
    CHECK(encode_ack_delay(tenon::microseconds(-5)) == 0);
    CHECK(encode_ack_delay(tenon::microseconds(999)) == 3);
    CHECK(encode_ack_delay(tenon::microseconds(31'750)) == 127);
    CHECK(encode_ack_delay(tenon::milliseconds(32)) == 128);
    CHECK(encode_ack_delay(tenon::seconds(100)) == 255);
    CHECK(decode_ack_delay(255) == tenon::milliseconds(540));
    for (unsigned byte = 0; byte < 256; ++byte) {
        const auto code = static_cast<std::uint8_t>(byte);
        CHECK(encode_ack_delay(decode_ack_delay(code)) == code);
        if (byte > 0) CHECK(decode_ack_delay(code) > decode_ack_delay(static_cast<std::uint8_t>(code - 1)));
    }
}

TEST_CASE("noise never opens") {
    tenon::Random random(2);
    std::uint64_t opened = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::vector<std::byte> noise(static_cast<std::size_t>(random.below(60)));
        for (std::byte& byte : noise) byte = static_cast<std::byte>(random.next());
        opened += static_cast<bool>(
                      open_packet(noise, tenon::Checksum(key), random.next() >> 40, random.next() >> 40))
                      ? 1
                      : 0;
    }
    CHECK(opened == 0);
}
