#pragma once
// Fetches memory before it is needed, where the compiler can say so: for tables of many large things of which
// each is looked at now and then.

#include <cstddef>
#include <cstdint>

#include "tenon/core/config.hpp"

namespace tenon {

// Always inlined, since g++ takes a function that does nothing else for one that does nothing.
TENON_INLINE void prefetch(const void* first, std::size_t bytes = 1) {
#if defined(__GNUC__)
    // By its number, since there may be nothing at all at the address.
    const auto begin = reinterpret_cast<std::uintptr_t>(first);
    for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(reinterpret_cast<const char*>(begin + at));
#else
    (void)first, (void)bytes;
#endif
}

} // namespace tenon
