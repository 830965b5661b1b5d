#pragma once
// How an event travels, named in Event<T, Delivery>. Games write the struct; links and rooms ask its facts.

#include <concepts>
#include <cstdint>
#include <string_view>

namespace tenon {

enum class Delivery : std::uint8_t { best_effort, newest, reliable, ordered };

// Sent once; may be lost, doubled by nobody, and may arrive after something younger.
struct BestEffort {
    static constexpr Delivery value = Delivery::best_effort;
    static constexpr bool is_reliable = false, is_ordered = false, is_newest = false;
};

// Sent once; what arrives after something younger of its type is dropped.
struct Newest {
    static constexpr Delivery value = Delivery::newest;
    static constexpr bool is_reliable = false, is_ordered = false, is_newest = true;
};

// Sent until acknowledged, handed over once, as soon as it is there.
struct Reliable {
    static constexpr Delivery value = Delivery::reliable;
    static constexpr bool is_reliable = true, is_ordered = false, is_newest = false;
};

// Sent until acknowledged, handed over once, in the order of sending.
struct Ordered {
    static constexpr Delivery value = Delivery::ordered;
    static constexpr bool is_reliable = true, is_ordered = true, is_newest = false;
};

template <class D>
concept DeliveryPolicy = requires {
    { D::value } -> std::convertible_to<Delivery>;
    { D::is_reliable&& D::is_ordered&& D::is_newest } -> std::convertible_to<bool>;
};

constexpr bool is_reliable(Delivery d) { return d == Delivery::reliable || d == Delivery::ordered; }
constexpr bool is_ordered(Delivery d) { return d == Delivery::ordered; }
constexpr bool is_newest(Delivery d) { return d == Delivery::newest; }

constexpr std::string_view name(Delivery d) {
    switch (d) {
        case Delivery::best_effort:
            return "best_effort";
        case Delivery::newest:
            return "newest";
        case Delivery::reliable:
            return "reliable";
        case Delivery::ordered:
            return "ordered";
    }
    return "unknown";
}

} // namespace tenon
