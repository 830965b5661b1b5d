#pragma once
// The system's monotonic clock as an Instant, without <chrono>. For whoever owns the loop, and for transports
// that sleep; everything between them is handed the time.

#include "tenon/core/time.hpp"

#if defined(_WIN32)
// The two functions alone: all of windows.h takes many short words away as macros, and must not come before
// the sockets' header.
union _LARGE_INTEGER;
extern "C" __declspec(dllimport) int __stdcall QueryPerformanceFrequency(union _LARGE_INTEGER*);
extern "C" __declspec(dllimport) int __stdcall QueryPerformanceCounter(union _LARGE_INTEGER*);
#else
#include <time.h>
#endif

namespace tenon {

inline Instant now() {
#if defined(_WIN32)
    std::int64_t frequency = 0, count = 0;
    QueryPerformanceFrequency(reinterpret_cast<union _LARGE_INTEGER*>(&frequency));
    QueryPerformanceCounter(reinterpret_cast<union _LARGE_INTEGER*>(&count));
    // In two parts, because the count times 1e9 overflows after some minutes.
    const std::int64_t whole = count / frequency, rest = count % frequency;
    return {whole * 1'000'000'000 + rest * 1'000'000'000 / frequency};
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
