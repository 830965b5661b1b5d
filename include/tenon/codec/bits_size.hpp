#pragma once
// How many bits each kind of field takes in the Bits codec, at least and at most: the one place that both of
// its archives and those who size buffers ask.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "tenon/schema/form.hpp"
#include "tenon/schema/shape.hpp"

namespace tenon::codec {

inline constexpr std::uint64_t no_size_bound = UINT64_MAX;

// Lists, maps, optionals, variants and pointers inside each other, at most.
inline constexpr unsigned nesting_max = 32;

// The most that a T can take, by the bounds that its serialize tells when T is default-constructed;
// no_size_bound for a type that can hold itself. Computed once for each type.
template <class T>
std::uint64_t max_bits();
template <class T>
std::uint64_t max_bytes();

namespace detail {

// A number of up to `width` bits is written as its own width in this many bits, and then itself without the
// leading one.
constexpr unsigned prefix_bits(unsigned width) {
    return width < 2 ? 0 : static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(width - 1)));
}
constexpr unsigned compact_bits_max(unsigned width) {
    return prefix_bits(width) + (width < 2 ? 1 : width - 1);
}
constexpr unsigned compact_bits_min(unsigned width) { return prefix_bits(width) + 1; }

// Lengths with a bound of up to this many bits are written exactly.
inline constexpr unsigned exact_length_width = 6;
constexpr unsigned length_bits_max(std::uint64_t bound) {
    const auto width = static_cast<unsigned>(std::bit_width(bound));
    return width <= exact_length_width ? width : compact_bits_max(width);
}

constexpr unsigned number_bits_max(std::size_t bytes) {
    return bytes == 1 ? 8 : compact_bits_max(static_cast<unsigned>(bytes) * 8);
}
constexpr unsigned number_bits_min(std::size_t bytes) {
    return bytes == 1 ? 8 : compact_bits_min(static_cast<unsigned>(bytes) * 8);
}

// Alternatives are numbered from 0.
constexpr unsigned choice_bits(std::size_t count) { return static_cast<unsigned>(std::bit_width(count - 1)); }

// One of a row of these is its memory, so that a row of them is copied at once.
template <class E>
constexpr bool is_bytes() {
    if constexpr (form_of<E>() == Form::integer || form_of<E>() == Form::enumeration)
        return sizeof(E) == 1;
    else
        return form_of<E>() == Form::floating && std::endian::native == std::endian::little;
}

// What an E takes at the very least; 0 where only its serialize knows. It need not be sharp, only never too
// high.
template <class E>
constexpr std::size_t least_bits() {
    constexpr Form form = form_of<E>();
    if constexpr (form == Form::boolean || form == Form::optional || form == Form::pointer)
        return 1;
    else if constexpr (form == Form::integer || form == Form::enumeration)
        return number_bits_min(sizeof(E));
    else if constexpr (form == Form::floating)
        return sizeof(E) * 8;
    else if constexpr (form == Form::array)
        return tenon::detail::array_size<E> *
               least_bits<std::remove_cvref_t<decltype(std::declval<E&>()[0])>>();
    else if constexpr (form == Form::tuple)
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return (least_bits<std::remove_cvref_t<typename std::tuple_element<I, E>::type>>() + ... + 0);
        }
    (std::make_index_sequence<std::tuple_size<E>::value>());
    else return 0;
}

constexpr std::uint64_t add(std::uint64_t a, std::uint64_t b) {
    return a > no_size_bound - b ? no_size_bound : a + b;
}
constexpr std::uint64_t times(std::uint64_t a, std::uint64_t b) {
    return a != 0 && b > no_size_bound / a ? no_size_bound : a * b;
}

// Listens to a shape's walk and adds up, level by level.
class SizeSum {
  public:
    void enter(const ShapeNode&) {
        if (depth_ + 1 < levels_max)
            levels_[++depth_] = {};
        else
            ++too_deep_;
    }
    void leave(const ShapeNode& node) {
        if (too_deep_ != 0) {
            --too_deep_;
            levels_[depth_] = {no_size_bound, no_size_bound};
            return;
        }
        const std::uint64_t bits = size_of(node, levels_[depth_]);
        Level& outer = levels_[--depth_];
        outer.sum = add(outer.sum, bits);
        outer.largest = outer.largest < bits ? bits : outer.largest;
    }
    std::uint64_t bits() const { return levels_[0].sum; }

  private:
    struct Level {
        std::uint64_t sum = 0, largest = 0;
    };
    static std::uint64_t size_of(const ShapeNode& node, const Level& inside);

    static constexpr unsigned levels_max = 64;
    Level levels_[levels_max];
    unsigned depth_ = 0, too_deep_ = 0;
};

inline std::uint64_t SizeSum::size_of(const ShapeNode& node, const Level& inside) {
    switch (node.kind) {
        case ShapeKind::boolean:
            return 1;
        case ShapeKind::integer:
        case ShapeKind::enumeration:
            return number_bits_max(node.bits / 8u);
        case ShapeKind::floating:
            return node.bits;
        case ShapeKind::quantized:
        case ShapeKind::ranged:
            return static_cast<std::uint64_t>(std::bit_width(node.index_max));
        case ShapeKind::string:
            return add(length_bits_max(node.count), times(node.count, node.bits));
        case ShapeKind::list:
        case ShapeKind::set:
        case ShapeKind::map:
            return add(length_bits_max(node.count), times(node.count, inside.sum));
        case ShapeKind::optional:
            return add(1, inside.sum);
        case ShapeKind::variant:
            return add(choice_bits(static_cast<std::size_t>(node.count)), inside.largest);
        case ShapeKind::array:
            return times(node.count, inside.sum);
        case ShapeKind::bitset:
            return node.count;
        case ShapeKind::recursion:
            return no_size_bound;
        case ShapeKind::tuple:
        case ShapeKind::structure:
        case ShapeKind::named:
        case ShapeKind::duration:
            return inside.sum;
    }
    return no_size_bound;
}

} // namespace detail

template <class T>
std::uint64_t max_bits() {
    static const std::uint64_t bits = [] {
        detail::SizeSum sum;
        walk_shape<T>(sum);
        return sum.bits();
    }();
    return bits;
}

template <class T>
std::uint64_t max_bytes() {
    const std::uint64_t bits = max_bits<T>();
    return bits == no_size_bound ? bits : bits / 8 + (bits % 8 != 0);
}

} // namespace tenon::codec
