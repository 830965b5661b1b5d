#pragma once
// The seal of packets that anybody may read: a checksum, keyed by the link. A seal is what a link puts on
// every packet that it writes and wants to find on every packet that comes. This one finds damage, strangers
// and other builds; it is no defence against somebody who reads the traffic.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/swap.hpp"

namespace tenon {

class Checksum {
  public:
    using Key = std::uint64_t;
    static constexpr std::size_t front_bytes = 4; // behind the flags
    static constexpr std::size_t back_bytes = 0;  // behind the frames

    explicit constexpr Checksum(Key key) : key_(key) {}
    Key key() const { return key_; }
    // The same link goes on with this key.
    void renew(Key key) { key_ = key, is_changing_ = false; }
    // The same, and what the other side sealed with the key before still opens, until it shows that it has
    // this one.
    void change(Key key) {
        before_ = replaced(key_, key);
        is_changing_ = true;
    }
    bool is_changing() const { return is_changing_; }

    // Seals a packet of which all is there but the seal. `head`: bytes before the frames.
    void close(BytesOut packet, std::size_t /*head*/, std::uint64_t number, std::uint64_t acked) const {
        store_le(&packet[1], of(packet, number, acked, key_));
    }
    // False when the packet is not what the other side wrote.
    bool open(BytesIn packet, std::size_t head, std::uint64_t number, std::uint64_t acked, BytesOut,
              BytesIn& frames) {
        frames = packet.subspan(head);
        const auto found = load_le<std::uint32_t>(&packet[1]);
        if (found == of(packet, number, acked, key_)) [[likely]]
            return is_changing_ = false, true;
        return is_changing_ && found == of(packet, number, acked, before_);
    }

    // Fetch what the next open() needs, or the next close().
    TENON_INLINE void prefetch_open() const { tenon::prefetch(this, sizeof(*this)); }
    TENON_INLINE void prefetch_close() const { tenon::prefetch(this, sizeof(*this)); }

    // Bound to the whole numbers, of which the packet shows only the ends: a packet of another build, another
    // link or another lap of the counter fails it.
    std::uint32_t of(BytesIn packet, std::uint64_t number, std::uint64_t acked) const {
        return of(packet, number, acked, key_);
    }

  private:
    static std::uint32_t of(BytesIn packet, std::uint64_t number, std::uint64_t acked, Key key) {
        const std::uint64_t flags = std::to_integer<std::uint64_t>(packet[0]);
        const std::uint64_t seed =
            key ^ (number * 0x9E3779B97F4A7C15u) ^ ((acked << 8 | flags) * 0xC2B2AE3D27D4EB4Fu);
        return static_cast<std::uint32_t>(hash64(packet.subspan(1 + front_bytes), seed));
    }

    Key key_, before_ = 0;
    bool is_changing_ = false;
};

// The bytes that a seal takes.
struct SealBytes {
    std::size_t front = Checksum::front_bytes, back = Checksum::back_bytes;
};
template <class Seal>
inline constexpr SealBytes seal_bytes{Seal::front_bytes, Seal::back_bytes};
// Whether it has the key of this link; of most it is there from the beginning.
template <class Seal>
constexpr bool seal_is_ready(const Seal& seal) {
    if constexpr (requires { seal.is_ready(); }) return seal.is_ready();
    return true;
}

} // namespace tenon
