#pragma once
// What of a component would travel, as one number: two values that differ by less than a quantised step have
// the same. By it a Bridge finds out what changed, and nobody has to say so.

#include <cstddef>
#include <cstdint>

#include "tenon/codec/bits.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/hash.hpp"

namespace tenon::ecs {

// Enough for the 256 cells that a component has at most.
inline constexpr std::size_t component_bytes_max = 2048;

template <class T>
std::uint64_t fingerprint(const T& component) {
    std::byte bytes[component_bytes_max];
    const Encoded size = codec::Bits::encode(bytes, component);
    TENON_ASSERT(size, "a component of a world is of a fixed size, and small");
    return size ? hash64(BytesIn(bytes).first(*size)) : 0;
}

} // namespace tenon::ecs
