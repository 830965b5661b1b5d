#pragma once
// StunMessage: the checks by which two WebRTC peers find and keep a path (RFC 8489 and 8445): bindings alone,
// read in place, bounded and strict, and written. WebRtc asks and answers with them; knows no socket.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/big_endian.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/sha1.hpp"

namespace tenon::transport::detail {

// As Ethernet and zip compute it.
inline std::uint32_t crc32(BytesIn bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const std::byte byte : bytes) {
        crc ^= std::to_integer<std::uint32_t>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

using StunId = std::array<std::byte, 12>; // of a request and its answer

struct StunMessage {
    static constexpr std::size_t bytes_max = 1024, attributes_max = 24;
    enum class Kind : std::uint16_t {
        request = 0x0001,
        indication = 0x0011,
        success = 0x0101,
        error = 0x0111
    };
    enum Attribute : std::uint16_t {
        user_name = 0x0006,
        integrity = 0x0008,
        error_code = 0x0009,
        xor_mapped = 0x0020,
        priority_of = 0x0024,
        use_candidate = 0x0025,
        fingerprint = 0x8028,
        ice_controlled = 0x8029,
        ice_controlling = 0x802A,
    };

    Kind kind = Kind::request;
    StunId id{};
    std::string_view user; // "theirs:ours", as the one who hears it says
    IpAddress mapped;      // how an answer says that the asker is seen; port 0 where it doesn't
    std::uint16_t error = 0;
    bool nominates = false;
    bool controlling = false, controlled = false;

    // Of one datagram, all of it, with a fingerprint that fits and an integrity that vouches() is to look at.
    bool read(BytesIn datagram);
    // Whoever wrote it knows the password.
    bool is_vouched(std::string_view password) const {
        if (whole_.empty()) return false;
        std::array<std::byte, 20> head{};
        copy(head.data(), whole_.first(20));
        store_be16(head.data() + 2, static_cast<std::uint16_t>(vouched_ + 4));
        const Sha1Digest digest = hmac_sha1(password, head, whole_.subspan(20, vouched_ - 20));
        unsigned difference = 0;
        for (std::size_t i = 0; i < digest.size(); ++i)
            difference |= std::to_integer<unsigned>(whole_[vouched_ + 4 + i]) ^ digest[i];
        return difference == 0;
    }
    // "mine:yours" taken apart.
    std::string_view user_before() const { return user.substr(0, user.find(':')); }
    std::string_view user_behind() const {
        const std::size_t colon = user.find(':');
        return colon == std::string_view::npos ? std::string_view() : user.substr(colon + 1);
    }

    static constexpr std::uint32_t cookie = 0x2112A442, fingerprint_mask = 0x5354554E;

  private:
    bool read_attribute(std::uint16_t what, BytesIn value);
    bool read_mapped(BytesIn value);

    BytesIn whole_;
    std::size_t vouched_ = 0; // where the integrity begins, which vouches for what is before
};

// What may be one: the other protocols on the port begin otherwise (RFC 7983).
constexpr bool looks_like_stun(BytesIn datagram) {
    return datagram.size() >= 20 && std::to_integer<unsigned>(datagram[0]) < 4;
}

inline bool StunMessage::read(BytesIn datagram) {
    *this = {};
    if (!looks_like_stun(datagram) || datagram.size() > bytes_max || datagram.size() % 4 != 0) return false;
    if (load_be16(datagram.data() + 2) + 20u != datagram.size()) return false;
    if (load_be32(datagram.data() + 4) != cookie) return false;
    const std::uint16_t type = load_be16(datagram.data());
    if ((type & ~0x0110u) != 1) return false; // nothing but bindings
    kind = static_cast<Kind>(type);
    copy(id.data(), datagram.subspan(8, 12));
    std::size_t seen = 0;
    for (std::size_t at = 20; at < datagram.size();) {
        if (++seen > attributes_max) return false;
        const std::uint16_t what = load_be16(datagram.data() + at);
        const std::size_t size = load_be16(datagram.data() + at + 2), padded = (size + 3) & ~std::size_t(3);
        if (padded > datagram.size() - at - 4) return false;
        const BytesIn value = datagram.subspan(at + 4, size);
        if (what == fingerprint) {
            // It is the last, and what came before vouches for it.
            if (size != 4 || at + 8 != datagram.size() || vouched_ == 0) return false;
            if (load_be32(value.data()) != (crc32(datagram.first(at)) ^ fingerprint_mask)) return false;
            whole_ = datagram;
            return true;
        }
        if (vouched_ != 0) return false; // nothing else may follow the integrity
        if (what == integrity) {
            if (size != 20) return false;
            vouched_ = at;
        } else if (!read_attribute(what, value)) {
            return false;
        }
        at += 4 + padded;
    }
    return false;
}

inline bool StunMessage::read_attribute(std::uint16_t what, BytesIn value) {
    switch (what) {
        case user_name:
            if (!user.empty() || value.empty() || value.size() > 513) return false;
            user = text_of(value);
            return true;
        case error_code:
            if (value.size() < 4) return false;
            error = static_cast<std::uint16_t>((std::to_integer<unsigned>(value[2]) & 7) * 100 +
                                               std::to_integer<unsigned>(value[3]) % 100);
            return true;
        case xor_mapped:
            return read_mapped(value);
        case priority_of:
            return value.size() == 4;
        case use_candidate:
            nominates = true;
            return value.empty();
        case ice_controlled:
            controlled = true;
            return value.size() == 8;
        case ice_controlling:
            controlling = true;
            return value.size() == 8;
        default:
            return what >= 0x8000; // of the rest, only what needs no understanding
    }
}

inline bool StunMessage::read_mapped(BytesIn value) {
    const bool v4 = value.size() == 8, v6 = value.size() == 20;
    if (!v4 && !v6) return false;
    if (std::to_integer<unsigned>(value[1]) != (v4 ? 1 : 2)) return false;
    mapped = v4 ? IpAddress::any_v4() : IpAddress::any();
    mapped.port = static_cast<std::uint16_t>(load_be16(value.data() + 2) ^ (cookie >> 16));
    std::array<std::byte, 16> mask{};
    store_be32(mask.data(), cookie);
    copy(mask.data() + 4, id);
    for (std::size_t i = 0; i < value.size() - 4; ++i)
        mapped.bytes[(v4 ? 12 : 0) + i] = std::to_integer<std::uint8_t>(value[4 + i] ^ mask[i]);
    return true;
}

// Writes one, attribute by attribute; finish() vouches for it.
class StunWriter {
  public:
    StunWriter(StunMessage::Kind kind, const StunId& id) {
        store_be16(bytes_.data(), static_cast<std::uint16_t>(kind));
        store_be32(bytes_.data() + 4, StunMessage::cookie);
        copy(bytes_.data() + 8, id);
    }
    // Their user fragment and ours, as the one who hears it has them.
    StunWriter& user(std::string_view theirs, std::string_view ours) {
        const BytesOut room = add(StunMessage::user_name, theirs.size() + 1 + ours.size());
        if (room.empty()) return *this;
        copy(room.data(), bytes_of(theirs));
        room[theirs.size()] = static_cast<std::byte>(':');
        copy(room.data() + theirs.size() + 1, bytes_of(ours));
        return *this;
    }
    StunWriter& number(StunMessage::Attribute what, std::uint32_t value) {
        if (const BytesOut room = add(what, 4); !room.empty()) store_be32(room.data(), value);
        return *this;
    }
    // Who leads, and which of both does when both want to.
    StunWriter& role(bool controlling, std::uint64_t tie_breaker) {
        const BytesOut room =
            add(controlling ? StunMessage::ice_controlling : StunMessage::ice_controlled, 8);
        if (!room.empty()) store_le(room.data(), tie_breaker);
        return *this;
    }
    StunWriter& nominate() {
        add(StunMessage::use_candidate, 0);
        return *this;
    }
    StunWriter& mapped(const IpAddress& seen) {
        const std::size_t size = seen.is_v4() ? 4 : 16;
        const BytesOut room = add(StunMessage::xor_mapped, 4 + size);
        if (room.empty()) return *this;
        room[1] = static_cast<std::byte>(seen.is_v4() ? 1 : 2);
        store_be16(room.data() + 2, static_cast<std::uint16_t>(seen.port ^ (StunMessage::cookie >> 16)));
        std::array<std::byte, 16> mask{};
        store_be32(mask.data(), StunMessage::cookie);
        copy(mask.data() + 4, BytesIn(bytes_).subspan(8, 12));
        for (std::size_t i = 0; i < size; ++i)
            room[4 + i] = mask[i] ^ static_cast<std::byte>(seen.bytes[16 - size + i]);
        return *this;
    }
    BytesIn finish(std::string_view password) {
        const std::size_t before = size_;
        const BytesOut proof = add(StunMessage::integrity, 20); // which counts in the length it vouches for
        const Sha1Digest digest = hmac_sha1(password, BytesIn(bytes_).first(before));
        for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<std::byte>(digest[i]);
        const std::size_t all = size_;
        const BytesOut print = add(StunMessage::fingerprint, 4);
        if (proof.empty() || print.empty()) return {};
        store_be32(print.data(), crc32(BytesIn(bytes_).first(all)) ^ StunMessage::fingerprint_mask);
        return BytesIn(bytes_).first(size_);
    }

  private:
    // Room for a value, or none where the message would be too large; nothing then finishes.
    BytesOut add(StunMessage::Attribute what, std::size_t size) {
        const std::size_t padded = (size + 3) & ~std::size_t(3);
        if (size_ + 4 + padded > bytes_.size()) {
            size_ = bytes_.size();
            return {};
        }
        store_be16(bytes_.data() + size_, what);
        store_be16(bytes_.data() + size_ + 2, static_cast<std::uint16_t>(size));
        const BytesOut room = BytesOut(bytes_).subspan(size_ + 4, size);
        size_ += 4 + padded;
        store_be16(bytes_.data() + 2, static_cast<std::uint16_t>(size_ - 20));
        return room;
    }

    std::array<std::byte, 768> bytes_{};
    std::size_t size_ = 20;
};

} // namespace tenon::transport::detail
