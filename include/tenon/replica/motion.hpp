#pragma once
// Where a group of cells will be, from where it was at the ticks that both sides know: a straight line
// through as many of them as fit one, in integers, so that both sides foretell the same. The delta codec
// asks, and tells only how wrong it was.

#include <cstddef>
#include <cstdint>

#include "tenon/core/config.hpp"
#include "tenon/core/real.hpp"
#include "tenon/replica/layout.hpp"

namespace tenon {

// How far a foretelling is to be trusted, which chooses the models that code its error.
struct Trust {
    static constexpr unsigned still = 0;    // it has not moved in all that is known
    static constexpr unsigned rested = 1;   // nor in the last two that are known
    static constexpr unsigned straight = 2; // to 5: a line through 4, 6, 10 or more
    static constexpr unsigned bent = 6;     // to 10: the line broke soon, and the less so the more it missed
    static constexpr unsigned once = 11;    // seen once only
    static constexpr unsigned count = 12;
};

// Places relative to the newest that is known, each with how long before it; all in 256ths of a step.
struct Samples {
    static constexpr std::size_t max = 16;
    static constexpr std::int64_t reach = std::int64_t(1) << 28; // further away is another motion
    static constexpr std::int64_t age_max = 1000;
};

struct Foretold {
    std::int64_t by[4] = {}; // from the newest known, in 256ths of a step
    unsigned trust = Trust::once;
};

namespace detail {

// Sums for the line of least squares, of which samples are taken in one after the other.
struct LineFit {
    std::int64_t n = 0, t = 0, tt = 0, y[4] = {}, ty[4] = {};

    void take(std::int64_t time, const std::int64_t* at, unsigned parts) {
        ++n, t += time, tt += time * time;
        for (unsigned k = 0; k < parts; ++k) y[k] += at[k], ty[k] += time * at[k];
    }
    std::int64_t spread() const { return n * tt - t * t; }

    // The line at a time.
    struct At {
        std::int64_t of_y, of_ty;
    };
    At at(std::int64_t time) const { return {tt - t * time, n * time - t}; }
    // Its place there, times spread().
    std::int64_t scaled(unsigned k, At at) const { return at.of_y * y[k] + at.of_ty * ty[k]; }
};

inline std::int64_t divided(std::int64_t scaled, std::int64_t spread) {
    return scaled >= 0 ? (scaled + spread / 2) / spread : -((-scaled + spread / 2) / spread);
}

} // namespace detail

// sample(i, age, at) gives the i-th newest sample, its age in ticks (of the newest 0, and of the others more)
// and its place (of the newest 0), or false when there is none; it is asked for one after the other, and for
// no more than fit. `parts` is how many places there are, `ahead` how long after the newest sample it is.
template <class Sample>
Foretold foretell(Sample&& sample, unsigned parts, std::int64_t ahead, std::int64_t tolerance) {
    Foretold result;
    std::int64_t age = 0, at[4] = {};
    if (!sample(std::size_t(1), age, at)) return result;
    if (ahead > Samples::age_max) ahead = Samples::age_max;
    detail::LineFit fit;
    fit.n = 1; // the newest, where all is 0
    fit.take(-age, at, parts);
    std::int64_t missed = -1;
    std::size_t next = 2;
    for (; sample(next, age, at); ++next) {
        const std::int64_t spread = fit.spread();
        const detail::LineFit::At there = fit.at(-age);
        std::int64_t worst = 0;
        for (unsigned k = 0; k < parts; ++k) {
            std::int64_t miss = fit.scaled(k, there) - at[k] * spread;
            if (miss < 0) miss = -miss;
            if (miss > worst) worst = miss;
        }
        if (worst > tolerance * spread) {
            missed = worst / (spread * 256);
            break;
        }
        fit.take(-age, at, parts);
    }
    const std::int64_t spread = fit.spread();
    const detail::LineFit::At there = fit.at(ahead);
    bool moved = false;
    for (unsigned k = 0; k < parts; ++k) {
        moved = moved || fit.y[k] != 0 || fit.ty[k] != 0;
        result.by[k] = detail::divided(fit.scaled(k, there), spread);
    }
    if (!moved)
        result.trust = missed < 0 ? Trust::still : Trust::rested;
    else if (next >= 4 || (missed < 0 && next >= 3))
        result.trust = Trust::straight + (next >= 14 ? 3 : next >= 9 ? 2 : next >= 6 ? 1 : 0);
    else
        result.trust = Trust::bent + (missed < 2    ? 0
                                      : missed < 4  ? 1
                                      : missed < 10 ? 2
                                      : missed < 30 ? 3
                                                    : 4);
    return result;
}

namespace detail {

// A quaternion in 2^30ths.
struct FixedTurn {
    static constexpr std::int64_t one = std::int64_t(1) << 30;
    std::int64_t q[4];

    static std::int64_t times(std::int64_t a, std::int64_t b) { return (a * b) >> 30; }

    // From a largest part's place and three others, as a rotation's cells have them.
    static FixedTurn of(const Cell* cells, std::int64_t step) {
        FixedTurn turn;
        const auto largest = static_cast<std::size_t>(cells[0]) & 3;
        std::int64_t rest = one * one;
        for (std::size_t i = 0, from = 1; i < 4; ++i) {
            if (i == largest) continue;
            turn.q[i] = cells[from++] * step;
            rest -= turn.q[i] * turn.q[i];
        }
        // A square root is rounded alike on every machine.
        turn.q[largest] = rest > 0 ? static_cast<std::int64_t>(real::sqrt(static_cast<double>(rest))) : 0;
        return turn;
    }
    friend FixedTurn operator*(const FixedTurn& a, const FixedTurn& b) {
        const auto &p = a.q, &r = b.q;
        const auto sum = [](std::int64_t s) { return s >> 30; };
        return {{sum(p[3] * r[0] + p[0] * r[3] + p[1] * r[2] - p[2] * r[1]),
                 sum(p[3] * r[1] - p[0] * r[2] + p[1] * r[3] + p[2] * r[0]),
                 sum(p[3] * r[2] + p[0] * r[1] - p[1] * r[0] + p[2] * r[3]),
                 sum(p[3] * r[3] - p[0] * r[0] - p[1] * r[1] - p[2] * r[2])}};
    }
    // The product, of which it is known that its last part is not below 0; that is not worked out.
    FixedTurn times_upward(const FixedTurn& b) const {
        const auto &p = q, &r = b.q;
        return {{(p[3] * r[0] + p[0] * r[3] + p[1] * r[2] - p[2] * r[1]) >> 30,
                 (p[3] * r[1] - p[0] * r[2] + p[1] * r[3] + p[2] * r[0]) >> 30,
                 (p[3] * r[2] + p[0] * r[1] - p[1] * r[0] + p[2] * r[3]) >> 30, 0}};
    }
    FixedTurn inverse() const { return {{-q[0], -q[1], -q[2], q[3]}}; }

    // Half of the angle along its axis, in 2^30ths; false beyond a quarter turn.
    bool log(std::int64_t* into) const {
        const std::int64_t sign = q[3] < 0 ? -1 : 1;
        const std::int64_t ss = times(q[0], q[0]) + times(q[1], q[1]) + times(q[2], q[2]);
        if (ss > one / 2) return false;
        // asin(s) / s by its series, of which small turns need the first parts only.
        std::int64_t series = one * 3 / 40;
        if (ss > one / 1024) {
            series = one * 105 / 3456;
            series = one * 15 / 336 + times(series, ss);
            series = one * 3 / 40 + times(series, ss);
        }
        series = one / 6 + times(series, ss);
        series = one + times(series, ss);
        for (int i = 0; i < 3; ++i) into[i] = sign * times(q[i], series);
        return true;
    }
    static FixedTurn exp(const std::int64_t* half) {
        const std::int64_t aa = times(half[0], half[0]) + times(half[1], half[1]) + times(half[2], half[2]);
        std::int64_t sine = one / 6 - times(one / 120 - times(one / 5040, aa), aa);
        sine = one - times(sine, aa);
        std::int64_t cosine = one / 24 - times(one / 720 - times(one / 40320, aa), aa);
        cosine = one / 2 - times(cosine, aa);
        FixedTurn turn;
        for (int i = 0; i < 3; ++i) turn.q[i] = times(half[i], sine);
        turn.q[3] = one - times(cosine, aa);
        return turn;
    }
};

} // namespace detail

} // namespace tenon
