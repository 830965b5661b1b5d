#pragma once
// Secure ports in a simulated world, whose keys come from the world's seed, so that it can be played again.

#include <cstdint>
#include <utility>

#include "tenon/secure/secure.hpp"
#include "tenon/transport/memory.hpp"

namespace foretold {

using Secure = tenon::transport::Secure<tenon::transport::Memory>;

inline Secure make(tenon::transport::Memory port, std::uint64_t seed) {
    return Secure(tenon::secure::Keyring::for_tests(seed), std::move(port));
}

} // namespace foretold
