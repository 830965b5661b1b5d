#pragma once
// A seeded generator with the same stream on every compiler (xoshiro256**, Blackman and Vigna, public
// domain). Randomness is an argument like time, so that a run repeats. It is no source of secrets.

#include <cstdint>

namespace tenon {

// Spreads a seed over the whole word; also a good hash of one number.
constexpr std::uint64_t splitmix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

// The hash of a key by a seed: where the key has none with a seed, made of the one that it has.
constexpr std::uint64_t seeded_hash(const auto& key, std::uint64_t seed) {
    if constexpr (requires { key.hash(seed); })
        return key.hash(seed);
    else
        return splitmix(key.hash() ^ seed);
}

class Random {
  public:
    constexpr explicit Random(std::uint64_t seed = 1) {
        for (auto& word : state_) word = seed = splitmix(seed);
    }

    constexpr std::uint64_t next() {
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9, carried = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= carried;
        state_[3] = rotate(state_[3], 45);
        return result;
    }

    // Even over [0, bound); 0 for a bound of 0.
    constexpr std::uint64_t below(std::uint64_t bound) {
        if (bound == 0) return 0;
        const std::uint64_t threshold = (0 - bound) % bound;
        for (;;)
            if (const std::uint64_t r = next(); r >= threshold) return r % bound;
    }
    // Even over [low, high], both included.
    constexpr std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
    }
    // Even over [0, 1).
    constexpr double real() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    constexpr bool chance(double probability) { return real() < probability; }

    // A generator of its own for a part of the run, so that one part's draws don't shift another's.
    constexpr Random fork() { return Random(next()); }

  private:
    static constexpr std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

    std::uint64_t state_[4] = {};
};

} // namespace tenon
