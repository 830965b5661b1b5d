#pragma once
// xxHash's XXH3, 64 bits, keyed by a seed: the checksum of packets and the hash of tables. Not a defence
// against somebody who can read the traffic.

#include <cstdint>

#include "tenon/core/bytes.hpp"

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

namespace tenon {

inline std::uint64_t hash64(BytesIn bytes, std::uint64_t seed = 0) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

} // namespace tenon
