#pragma once
// A capture file as Wireshark and tshark read it (pcapng): each datagram in an IPv4 or IPv6 packet of our own
// making, with UDP's header, so that addresses and ports are shown. Mirrored writes with it.

#include <array>
#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::transport {

namespace detail {
constexpr std::size_t least(std::size_t a, std::size_t b) { return a < b ? a : b; }
} // namespace detail

// Where a datagram came from or went, in a form that a capture can show. A transport's address that is
// neither an IpAddress nor has a number for its host is shown as an address of its own hash.
struct Endpoint {
    std::array<std::uint8_t, 16> bytes{}; // as in IpAddress
    std::uint16_t port = 0;

    template <class Address>
    static Endpoint of(const Address& address) {
        Endpoint out;
        if constexpr (requires { address.bytes; }) {
            for (std::size_t i = 0; i < 16; ++i) out.bytes[i] = address.bytes[i];
            out.port = address.port;
        } else {
            std::uint64_t host = address.hash();
            if constexpr (requires { std::uint32_t(address.host); }) host = address.host;
            if constexpr (requires { std::uint16_t(address.port); }) out.port = address.port;
            out.bytes[10] = out.bytes[11] = 0xFF;
            for (std::size_t i = 0; i < 4; ++i)
                out.bytes[12 + i] = static_cast<std::uint8_t>(host >> (24 - 8 * i));
        }
        return out;
    }
    bool is_v4() const {
        for (std::size_t i = 0; i < 10; ++i)
            if (bytes[i] != 0) return false;
        return bytes[10] == 0xFF && bytes[11] == 0xFF;
    }
    // A socket that is bound to every address says none, of either family: then it takes the other side's.
    void match(const Endpoint& other) {
        bool any = true;
        for (const std::uint8_t byte : bytes) any = any && byte == 0;
        if (any && other.is_v4()) bytes[10] = bytes[11] = 0xFF;
    }
};

namespace pcapng {

inline constexpr std::size_t head_bytes = 28 + 44; // of the section, and of the one interface
inline constexpr std::size_t udp_head_bytes = 8;

inline std::size_t ip_head_bytes(const Endpoint& from) { return from.is_v4() ? 20 : 40; }
// What a packet with so many bytes of a datagram takes; its last word tells which way it went.
inline std::size_t packet_bytes(const Endpoint& from, std::size_t bytes) {
    const std::size_t packet = ip_head_bytes(from) + udp_head_bytes + bytes;
    return 32 + (packet + 3) / 4 * 4 + 12;
}

struct Packet {
    std::int64_t at = 0; // nanoseconds since 1970
    Endpoint from, to;
    std::size_t whole_bytes = 0; // of the datagram, of which only a part may be there
    bool outgoing = false;
};

// Into a buffer of the right size; where it is too small, ok() is false.
class Writer {
  public:
    explicit Writer(BytesOut into) : out_(into) {
        out_.u32(0x0A0D0D0A); // the section: length, byte order, version 1.0, of unknown length
        out_.u32(28);
        out_.u32(0x1A2B3C4D);
        out_.u32(1);
        out_.u64(~std::uint64_t(0));
        out_.u32(28);
        out_.u32(1); // the interface: raw IP packets, any length, times in nanoseconds
        out_.u32(44);
        out_.u32(101);
        out_.u32(0);
        out_.u32(2 | 5u << 16); // its name
        out_.bytes(bytes_of("tenon"));
        out_.skip_zeros(3);
        out_.u32(9 | 1u << 16); // the digits of a second
        out_.u32(9);
        out_.u32(0);
        out_.u32(44);
    }

    // The datagram lies in two pieces, of which the second may be empty.
    void packet(const Packet& packet, BytesIn one, BytesIn other) {
        const std::size_t heads = ip_head_bytes(packet.from) + udp_head_bytes,
                          bytes = one.size() + other.size();
        const auto total = static_cast<std::uint32_t>(packet_bytes(packet.from, bytes));
        const auto at = static_cast<std::uint64_t>(packet.at);
        out_.u32(6);
        out_.u32(total);
        out_.u32(0);
        out_.u32(static_cast<std::uint32_t>(at >> 32));
        out_.u32(static_cast<std::uint32_t>(at));
        out_.u32(static_cast<std::uint32_t>(heads + bytes));
        out_.u32(static_cast<std::uint32_t>(heads + packet.whole_bytes));
        if (packet.from.is_v4())
            ip_v4(packet);
        else
            ip_v6(packet);
        big16(packet.from.port);
        big16(packet.to.port);
        // A frame of a connection may be longer than the fields can say.
        big16(static_cast<std::uint16_t>(detail::least(65535, udp_head_bytes + packet.whole_bytes)));
        // Zero is "not computed", which IPv6 forbids and readers don't check unless they are told to.
        big16(0);
        out_.bytes(one);
        out_.bytes(other);
        out_.skip_zeros((4 - (heads + bytes) % 4) % 4);
        out_.u32(2 | 4u << 16); // which way it went
        out_.u32(packet.outgoing ? 2 : 1);
        out_.u32(0);
        out_.u32(total);
    }

    bool ok() const { return out_.ok(); }
    std::size_t position() const { return out_.position(); }

  private:
    struct Out : ByteWriter {
        using ByteWriter::ByteWriter;
        void skip_zeros(std::size_t count) {
            for (; count > 0; --count) u8(0);
        }
    };

    void big16(std::uint16_t value) {
        out_.u8(static_cast<std::uint8_t>(value >> 8));
        out_.u8(static_cast<std::uint8_t>(value));
    }
    void ip_v4(const Packet& packet) {
        std::array<std::uint8_t, 20> head{0x45};
        const auto size =
            static_cast<std::uint16_t>(detail::least(65535, 20 + udp_head_bytes + packet.whole_bytes));
        head[2] = static_cast<std::uint8_t>(size >> 8);
        head[3] = static_cast<std::uint8_t>(size);
        head[8] = 64;
        head[9] = 17;
        for (std::size_t i = 0; i < 4; ++i) {
            head[12 + i] = packet.from.bytes[12 + i];
            head[16 + i] = packet.to.bytes[12 + i];
        }
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < 20; i += 2) sum += std::uint32_t(head[i]) << 8 | head[i + 1];
        while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
        head[10] = static_cast<std::uint8_t>(~sum >> 8);
        head[11] = static_cast<std::uint8_t>(~sum);
        for (const std::uint8_t byte : head) out_.u8(byte);
    }
    void ip_v6(const Packet& packet) {
        out_.u32(0x60); // version 6, no class nor label
        big16(static_cast<std::uint16_t>(detail::least(65535, udp_head_bytes + packet.whole_bytes)));
        out_.u8(17);
        out_.u8(64);
        for (const std::uint8_t byte : packet.from.bytes) out_.u8(byte);
        for (const std::uint8_t byte : packet.to.bytes) out_.u8(byte);
    }

    Out out_;
};

} // namespace pcapng
} // namespace tenon::transport
