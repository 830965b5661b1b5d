#pragma once
// DcepOpen: how a data channel of WebRTC is opened and agreed to (RFC 8832), and the numbers by which SCTP
// tells what a message is (RFC 8831). WebRtc reads and writes them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/big_endian.hpp"
#include "tenon/core/bytes.hpp"

namespace tenon::transport::detail {

// SCTP's payload protocol identifiers.
enum class DataKind : std::uint32_t {
    dcep = 50,
    text = 51,
    bytes = 53,
    empty_text = 56,
    empty_bytes = 57,
};

inline constexpr std::uint8_t dcep_ack = 0x02, dcep_open = 0x03;
inline bool is_dcep_ack(BytesIn message) {
    return message.size() == 1 && std::to_integer<std::uint8_t>(message[0]) == dcep_ack;
}

struct DcepOpen {
    static constexpr std::size_t text_max = 128; // of a label, and of a protocol
    static constexpr std::size_t bytes_max = 12 + 2 * text_max;
    enum class Limit : std::uint8_t { none = 0, resends = 1, lifetime = 2 };

    Limit limit = Limit::none;
    bool ordered = true;
    std::uint32_t amount = 0; // of resends, or of milliseconds
    std::uint16_t priority = 256;
    std::string_view label, protocol;

    bool is_reliable() const { return ordered && limit == Limit::none; }
    // Sent once, and taken as it comes.
    bool is_unreliable() const { return !ordered && limit == Limit::resends && amount == 0; }

    bool read(BytesIn message) {
        *this = {};
        if (message.size() < 12 || std::to_integer<std::uint8_t>(message[0]) != dcep_open) return false;
        const auto type = std::to_integer<unsigned>(message[1]);
        if ((type & 0x7F) > 2) return false;
        limit = static_cast<Limit>(type & 0x7F);
        ordered = (type & 0x80) == 0;
        priority = load_be16(message.data() + 2);
        amount = load_be32(message.data() + 4);
        const std::size_t label_size = load_be16(message.data() + 8),
                          protocol_size = load_be16(message.data() + 10);
        if (label_size > text_max || protocol_size > text_max) return false;
        if (message.size() != 12 + label_size + protocol_size) return false;
        label = text_of(message.subspan(12, label_size));
        protocol = text_of(message.subspan(12 + label_size));
        return true;
    }
    // Empty where a text is too long.
    BytesIn write(std::array<std::byte, bytes_max>& into) const {
        if (label.size() > text_max || protocol.size() > text_max) return {};
        into[0] = std::byte{dcep_open};
        into[1] = static_cast<std::byte>(static_cast<unsigned>(limit) | (ordered ? 0u : 0x80u));
        store_be16(into.data() + 2, priority);
        store_be32(into.data() + 4, amount);
        store_be16(into.data() + 8, static_cast<std::uint16_t>(label.size()));
        store_be16(into.data() + 10, static_cast<std::uint16_t>(protocol.size()));
        copy(into.data() + 12, bytes_of(label));
        copy(into.data() + 12 + label.size(), bytes_of(protocol));
        return BytesIn(into).first(12 + label.size() + protocol.size());
    }
};

} // namespace tenon::transport::detail
