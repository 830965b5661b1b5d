#pragma once
// Turns and directions said inside serialize: rotation(x, y, z, w, step) for a unit quaternion, angle(a,
// step) for radians that come round, and quantized_vector(lo, hi, step, x, y, z). The Bits codec and
// replication spend as few bits as they need; every other archive writes the plain values.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/core/config.hpp"
#include "tenon/core/real.hpp"
#include "tenon/schema/quantized.hpp"

namespace tenon {

// An archive that keeps to the grid of quantised fields says so with `static constexpr bool quantizes =
// true`.
template <class Archive>
concept QuantizingArchive = requires {
    requires Archive::quantizes;
};

// A quaternion as its largest part's place and the other three on a grid; the largest follows from them, and
// counts as positive, since q and -q turn alike.
struct SmallestThree {
    std::uint32_t largest = 3;
    std::int32_t part[3] = {}; // the others in their order, each from -most to most
};

// A unit quaternion, each of its lesser parts to the nearest step. What has no direction is no turn.
template <class T>
struct Rotation {
    static_assert(std::is_floating_point_v<T>, "tenon: rotation(x, y, z, w, step) takes floats or doubles");
    static constexpr double root_half = 0.70710678118654752440;

    T &x, &y, &z, &w;
    double step;
    std::int32_t most;

    constexpr Rotation(T& x_in, T& y_in, T& z_in, T& w_in, double step_in)
        : x(x_in), y(y_in), z(z_in), w(w_in), step(step_in), most(count(step_in)) {
        TENON_ASSERT(step_in > 0x1p-24 && step_in < 0.5, "rotation(x, y, z, w, step): 2^-24 < step < 0.5");
    }

    SmallestThree packed() const {
        double q[4] = {static_cast<double>(x), static_cast<double>(y), static_cast<double>(z),
                       static_cast<double>(w)};
        const double norm = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];
        SmallestThree three;
        if (!(norm > 1e-12 && norm < 1e12)) return three;
        for (std::uint32_t i = 0; i < 4; ++i)
            if (real::abs(q[i]) > real::abs(q[three.largest])) three.largest = i;
        const double scale = (q[three.largest] < 0 ? -1 : 1) / (real::sqrt(norm) * step);
        for (std::uint32_t i = 0, to = 0; i < 4; ++i) {
            if (i == three.largest) continue;
            const auto nearest = static_cast<std::int32_t>(real::floor(q[i] * scale + 0.5));
            three.part[to++] = nearest < -most ? -most : nearest > most ? most : nearest;
        }
        return three;
    }
    void unpack(const SmallestThree& three) const {
        double q[4], rest = 1;
        for (std::uint32_t i = 0, from = 0; i < 4; ++i) {
            if (i == three.largest) continue;
            q[i] = three.part[from++] * step;
            rest -= q[i] * q[i];
        }
        q[three.largest & 3] = rest > 0 ? real::sqrt(rest) : 0;
        x = static_cast<T>(q[0]), y = static_cast<T>(q[1]), z = static_cast<T>(q[2]),
        w = static_cast<T>(q[3]);
    }

    template <class Archive>
    void serialize(Archive& ar) {
        if constexpr (QuantizingArchive<Archive>) {
            SmallestThree three = packed();
            ar(ranged(three.largest, 0, 3));
            for (std::int32_t& part : three.part) ar(ranged(part, -most, most));
            if constexpr (Archive::is_loading::value) unpack(three);
        } else {
            ar(x, y, z, w);
        }
    }

  private:
    static constexpr std::int32_t count(double step) {
        const double exact = root_half / step - 1e-9;
        const auto whole = static_cast<std::int32_t>(exact);
        return static_cast<double>(whole) < exact ? whole + 1 : whole;
    }
};

// Radians; where they come round, the last step is next to the first.
template <class T>
struct Angle {
    static_assert(std::is_floating_point_v<T>, "tenon: angle(a, step) takes a float or a double");
    static constexpr double whole_turn = 6.28318530717958647693;

    T& value;
    std::uint32_t count; // of steps in a turn

    constexpr Angle(T& value_in, double step) : value(value_in), count(steps(step)) {
        TENON_ASSERT(step > 0x1p-24 && step < 1, "angle(a, step): 2^-24 < step < 1");
    }

    std::uint32_t index() const {
        const double turns = static_cast<double>(value) / whole_turn;
        if (!(real::abs(turns) < 1e9)) return 0;
        const auto nearest = static_cast<std::uint32_t>((turns - real::floor(turns)) * count + 0.5);
        return nearest >= count ? 0 : nearest;
    }
    T at(std::uint32_t index) const { return static_cast<T>(index * (whole_turn / count)); }

    template <class Archive>
    void serialize(Archive& ar) {
        if constexpr (QuantizingArchive<Archive>) {
            std::uint32_t steps_now = index();
            ar(ranged(steps_now, 0, count - 1));
            if constexpr (Archive::is_loading::value) value = at(steps_now);
        } else {
            ar(value);
        }
    }

  private:
    static constexpr std::uint32_t steps(double step) {
        return static_cast<std::uint32_t>(whole_turn / step + 0.5);
    }
};

// Parts that are quantised alike and move together, such as a position.
template <class T, std::size_t Count>
struct QuantizedVector {
    T* parts[Count];
    double lo, hi, step;

    template <class Archive>
    void serialize(Archive& ar) {
        for (T* part : parts) ar(quantized(*part, lo, hi, step));
    }
};

template <class T>
constexpr Rotation<T> rotation(T& x, T& y, T& z, T& w, double step) {
    return {x, y, z, w, step};
}
template <class T>
constexpr Angle<T> angle(T& value, double step) {
    return {value, step};
}
template <class T, class... Ts>
constexpr QuantizedVector<T, 1 + sizeof...(Ts)> quantized_vector(double lo, double hi, double step, T& first,
                                                                 Ts&... others) {
    return {{&first, &others...}, lo, hi, step};
}

namespace detail {
template <class T>
inline constexpr bool is_rotation = false;
template <class T>
inline constexpr bool is_rotation<Rotation<T>> = true;
template <class T>
inline constexpr bool is_angle = false;
template <class T>
inline constexpr bool is_angle<Angle<T>> = true;
} // namespace detail

} // namespace tenon
