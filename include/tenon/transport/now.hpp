#pragma once
// The system's monotonic clock as an Instant, without <chrono>. For whoever owns the loop, and for transports
// that sleep; everything between them is handed the time.

#include "tenon/core/time.hpp"

#if defined(_WIN32)
#ifndef NOMINMAX
#define NOMINMAX
#include <windows.h>
#undef NOMINMAX
#else
#include <windows.h>
#endif
#else
#include <time.h>
#endif

namespace tenon {

inline Instant now() {
#if defined(_WIN32)
    LARGE_INTEGER frequency, count;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&count);
    // In two parts, because the count times 1e9 overflows after some minutes.
    const std::int64_t whole = count.QuadPart / frequency.QuadPart,
                       rest = count.QuadPart % frequency.QuadPart;
    return {whole * 1'000'000'000 + rest * 1'000'000'000 / frequency.QuadPart};
#else
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return {static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::int64_t>(t.tv_nsec)};
#endif
}

namespace transport {

// For decorators that are told the time, so that a test can give them its own.
struct SystemNow {
    Instant operator()() const { return now(); }
};

} // namespace transport
} // namespace tenon
