#pragma once
// Duration and Instant: 64-bit nanoseconds, so that no header on the data path needs <chrono>. Whoever owns
// the loop reads a clock once a turn and hands the Instant down; nothing in here knows what time it is.

#include <compare>
#include <cstdint>

namespace tenon {

struct Duration {
    std::int64_t ns = 0;

    static constexpr Duration max() { return {INT64_MAX / 4}; }

    constexpr double seconds() const { return static_cast<double>(ns) * 1e-9; }
    constexpr double ms() const { return static_cast<double>(ns) * 1e-6; }
    constexpr double us() const { return static_cast<double>(ns) * 1e-3; }

    constexpr Duration& operator+=(Duration d) { return ns += d.ns, *this; }
    constexpr Duration& operator-=(Duration d) { return ns -= d.ns, *this; }
    friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
    friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
    friend constexpr Duration operator-(Duration a) { return {-a.ns}; }
    friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.ns * n}; }
    friend constexpr Duration operator/(Duration a, std::int64_t n) { return {a.ns / n}; }
    friend constexpr std::int64_t operator/(Duration a, Duration b) { return a.ns / b.ns; }
    friend constexpr Duration operator%(Duration a, Duration b) { return {a.ns % b.ns}; }
    friend constexpr auto operator<=>(Duration, Duration) = default;
};

// A moment on the owner's monotonic clock. Its zero means nothing; only differences do.
struct Instant {
    std::int64_t ns = 0;

    static constexpr Instant never() { return {INT64_MAX / 2}; }

    constexpr Instant& operator+=(Duration d) { return ns += d.ns, *this; }
    friend constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.ns}; }
    friend constexpr Instant operator-(Instant t, Duration d) { return {t.ns - d.ns}; }
    friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
    friend constexpr auto operator<=>(Instant, Instant) = default;
};

constexpr Duration nanoseconds(std::int64_t n) { return {n}; }
constexpr Duration microseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }
// As many as there can be, where it is more than that.
constexpr Duration seconds(double n) {
    constexpr auto most = static_cast<double>(Duration::max().ns);
    if (n * 1e9 > -most && n * 1e9 < most) return {static_cast<std::int64_t>(n * 1e9)};
    return n < 0 ? -Duration::max() : Duration::max();
}
constexpr Duration seconds(int n) { return seconds(static_cast<std::int64_t>(n)); }

// The time between two beats of something that happens `rate` times a second; a rate of zero is never due.
constexpr Duration period(double rate) { return rate > 0 ? seconds(1.0 / rate) : Duration::max(); }

constexpr Instant min(Instant a, Instant b) { return a < b ? a : b; }
constexpr Instant max(Instant a, Instant b) { return a < b ? b : a; }
constexpr Duration min(Duration a, Duration b) { return a < b ? a : b; }
constexpr Duration max(Duration a, Duration b) { return a < b ? b : a; }
constexpr Duration clamp(Duration d, Duration low, Duration high) { return max(low, min(d, high)); }
constexpr Duration abs(Duration d) { return d.ns < 0 ? -d : d; }

namespace literals {
constexpr Duration operator""_ns(unsigned long long n) { return nanoseconds(static_cast<std::int64_t>(n)); }
constexpr Duration operator""_us(unsigned long long n) { return microseconds(static_cast<std::int64_t>(n)); }
constexpr Duration operator""_ms(unsigned long long n) { return milliseconds(static_cast<std::int64_t>(n)); }
constexpr Duration operator""_s(unsigned long long n) { return seconds(static_cast<std::int64_t>(n)); }
} // namespace literals

} // namespace tenon
