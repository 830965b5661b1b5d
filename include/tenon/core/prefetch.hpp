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
    // They need not begin with a line, and then end in one more.
    if (bytes > 1) __builtin_prefetch(reinterpret_cast<const char*>(begin + bytes - 1));
#else
    (void)first, (void)bytes;
#endif
}
// The same of what lies between two places of one object.
TENON_INLINE void prefetch_to(const void* first, const void* end) {
    prefetch(first, reinterpret_cast<std::uintptr_t>(end) - reinterpret_cast<std::uintptr_t>(first));
}

} // namespace tenon
