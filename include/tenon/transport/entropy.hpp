#pragma once
// Numbers that nobody can guess, from the system's source of secrets. The native transports' entropy() gives
// them out.

#include <cstdint>
#include <cstdlib>

#if defined(__linux__)
#include <sys/random.h>

#include <cerrno>
#else
#include <random>
#endif

namespace tenon::transport::detail {

// Without a source nothing that rests on it may go on.
inline std::uint64_t system_entropy() {
#if defined(__linux__)
    std::uint64_t value = 0;
    while (getrandom(&value, sizeof value, 0) != sizeof value)
        if (errno != EINTR) std::abort();
    return value;
#else
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
#endif
}

} // namespace tenon::transport::detail
