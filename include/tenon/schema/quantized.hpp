#pragma once
// What a field is allowed to hold, said inside serialize: quantized(x, lo, hi, step), ranged(n, lo, hi) and
// bounded(list, max). The Bits codec spends as few bits as that needs; every cereal archive writes the plain
// value.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/core/config.hpp"

// Only named, so that JSON and XML show the plain value instead of an object around it.
namespace cereal {
class JSONOutputArchive;
class JSONInputArchive;
class XMLOutputArchive;
class XMLInputArchive;
} // namespace cereal

namespace tenon {

// A float or double kept as one of evenly spaced values. Values outside are clamped, NaN becomes `lo`, and
// within the range the error is at most half a step. The values are the same on every machine while there are
// fewer than 2^29 of them and lo and step are floats.
template <class T>
struct Quantized {
    static_assert(
        std::is_floating_point_v<T> && sizeof(T) <= 8,
        "tenon: quantized(x, lo, hi, step) takes a float or a double; write ranged(n, lo, hi) for integers");

    T& value;
    double lo, hi, step;
    std::uint64_t index_max;

    constexpr Quantized(T& value_in, double lo_in, double hi_in, double step_in)
        : value(value_in), lo(lo_in), hi(hi_in), step(step_in), index_max(count(lo_in, hi_in, step_in)) {
        TENON_ASSERT(lo < hi && step > 0 && (hi - lo) / step < 0x1p53,
                     "quantized(x, lo, hi, step): lo < hi, step > 0, and fewer than 2^53 steps");
    }

    constexpr std::uint64_t index() const {
        const double x = static_cast<double>(value);
        if (!(x > lo)) return 0;
        if (x >= hi) return index_max;
        const auto nearest = static_cast<std::uint64_t>((x - lo) / step + 0.5);
        return nearest < index_max ? nearest : index_max;
    }
    // Brings what a plain archive has read into the range.
    constexpr void clamp() const {
        if (!(static_cast<double>(value) >= lo)) value = static_cast<T>(lo);
        if (static_cast<double>(value) > hi) value = static_cast<T>(hi);
    }
    // For an index up to index_max.
    constexpr T at(std::uint64_t index) const {
        const double x = lo + static_cast<double>(static_cast<std::int64_t>(index)) * step;
        return static_cast<T>(x < hi ? x : hi);
    }

    template <class Archive>
    void serialize(Archive& ar) {
        ar(value);
    }

  private:
    static constexpr std::uint64_t count(double lo, double hi, double step) {
        if (!(lo < hi) || !(step > 0) || !((hi - lo) / step < 0x1p53)) return 0;
        return static_cast<std::uint64_t>((hi - lo) / step + 0.5);
    }
};

namespace detail {
template <class T, bool = std::is_enum_v<T>>
struct IntegerOf {
    using type = T;
};
template <class T>
struct IntegerOf<T, true> {
    using type = std::underlying_type_t<T>;
};
template <class T>
using integer_of = typename IntegerOf<std::remove_cv_t<T>>::type;
} // namespace detail

// An integer or enum between two values, both included. Encoding clamps; decoding refuses what is outside.
template <class T>
struct Ranged {
    using Plain = std::remove_cv_t<T>;
    using Integer = detail::integer_of<T>;
    static_assert(
        std::is_integral_v<Integer> && sizeof(Integer) <= 8,
        "tenon: ranged(n, lo, hi) takes an integer or an enum; write quantized(x, lo, hi, step) for floats");

    T& value;
    Plain lo, hi;

    constexpr Ranged(T& value_in, Plain lo_in, Plain hi_in) : value(value_in), lo(lo_in), hi(hi_in) {
        TENON_ASSERT(lo <= hi, "ranged(n, lo, hi): lo <= hi");
    }

    constexpr std::uint64_t index_max() const { return lo < hi ? wide(hi) - wide(lo) : 0; }
    constexpr std::uint64_t index() const {
        return value <= lo ? 0 : value >= hi ? index_max() : wide(value) - wide(lo);
    }
    constexpr bool holds() const { return value >= lo && value <= hi; }
    constexpr Plain at(std::uint64_t index) const {
        return static_cast<Plain>(static_cast<Integer>(wide(lo) + index));
    }

    template <class Archive>
    void serialize(Archive& ar) {
        ar(value);
    }

    // Sign-extended, so that differences are right modulo 2^64.
    static constexpr std::uint64_t wide(Plain x) {
        return static_cast<std::uint64_t>(static_cast<Integer>(x));
    }
};

// A string or container with at most `max` elements. Encoding more, or decoding more, is Error::over_bound.
template <class C>
struct Bounded {
    C& value;
    std::size_t max;

    template <class Archive>
    void serialize(Archive& ar) {
        ar(value);
    }
};

template <class T>
constexpr Quantized<T> quantized(T& value, double lo, double hi, double step) {
    return {value, lo, hi, step};
}
template <class T>
constexpr Ranged<T> ranged(T& value, std::type_identity_t<std::remove_cv_t<T>> lo,
                           std::type_identity_t<std::remove_cv_t<T>> hi) {
    return {value, lo, hi};
}
template <class C>
constexpr Bounded<C> bounded(C& value, std::size_t max) {
    return {value, max};
}

// The bound of a container that no bounded() wraps. Specialise it for a type of your own before its first
// use:
//   template <> inline constexpr std::size_t tenon::bound_of<Inventory> = 64;
inline constexpr std::size_t default_elements_max = 1024;
inline constexpr std::size_t default_chars_max = 4096;
template <class C>
inline constexpr std::size_t bound_of = requires {
    typename C::traits_type;
}
? default_chars_max : default_elements_max;

namespace detail {
template <class T>
inline constexpr bool is_quantized = false;
template <class T>
inline constexpr bool is_quantized<Quantized<T>> = true;
template <class T>
inline constexpr bool is_ranged = false;
template <class T>
inline constexpr bool is_ranged<Ranged<T>> = true;
template <class C>
inline constexpr bool is_bounded = false;
template <class C>
inline constexpr bool is_bounded<Bounded<C>> = true;
} // namespace detail

// cereal finds these by argument: a wrapper opens no node of its own in a text archive.
template <class T>
void prologue(cereal::JSONOutputArchive&, const Quantized<T>&) {}
template <class T>
void epilogue(cereal::JSONOutputArchive&, const Quantized<T>&) {}
template <class T>
void prologue(cereal::JSONOutputArchive&, const Ranged<T>&) {}
template <class T>
void epilogue(cereal::JSONOutputArchive&, const Ranged<T>&) {}
template <class T>
void prologue(cereal::JSONOutputArchive&, const Bounded<T>&) {}
template <class T>
void epilogue(cereal::JSONOutputArchive&, const Bounded<T>&) {}
template <class T>
void prologue(cereal::JSONInputArchive&, const Quantized<T>&) {}
template <class T>
void epilogue(cereal::JSONInputArchive&, const Quantized<T>&) {}
template <class T>
void prologue(cereal::JSONInputArchive&, const Ranged<T>&) {}
template <class T>
void epilogue(cereal::JSONInputArchive&, const Ranged<T>&) {}
template <class T>
void prologue(cereal::JSONInputArchive&, const Bounded<T>&) {}
template <class T>
void epilogue(cereal::JSONInputArchive&, const Bounded<T>&) {}
template <class T>
void prologue(cereal::XMLOutputArchive&, const Quantized<T>&) {}
template <class T>
void epilogue(cereal::XMLOutputArchive&, const Quantized<T>&) {}
template <class T>
void prologue(cereal::XMLOutputArchive&, const Ranged<T>&) {}
template <class T>
void epilogue(cereal::XMLOutputArchive&, const Ranged<T>&) {}
template <class T>
void prologue(cereal::XMLOutputArchive&, const Bounded<T>&) {}
template <class T>
void epilogue(cereal::XMLOutputArchive&, const Bounded<T>&) {}
template <class T>
void prologue(cereal::XMLInputArchive&, const Quantized<T>&) {}
template <class T>
void epilogue(cereal::XMLInputArchive&, const Quantized<T>&) {}
template <class T>
void prologue(cereal::XMLInputArchive&, const Ranged<T>&) {}
template <class T>
void epilogue(cereal::XMLInputArchive&, const Ranged<T>&) {}
template <class T>
void prologue(cereal::XMLInputArchive&, const Bounded<T>&) {}
template <class T>
void epilogue(cereal::XMLInputArchive&, const Bounded<T>&) {}

} // namespace tenon
