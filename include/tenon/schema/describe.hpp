#pragma once
// A type's shape in words, for error messages, logs and manifests.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <type_traits>

#include "tenon/schema/shape.hpp"

namespace tenon {

// Calls sink(std::string_view) for each piece of, say, "Ship{f32, f32 -256..256 by 0.01, list <=8 [u16]}".
template <class T, class Sink>
void describe_shape(Sink&& sink);

namespace detail {

template <class Sink>
class ShapeText {
  public:
    explicit ShapeText(Sink& sink) : sink_(sink) {}
    void enter(const ShapeNode& node);
    void leave(const ShapeNode& node);

  private:
    void text(std::string_view piece) { sink_(piece); }
    template <class... Args>
    void print(const char* form, Args... args) {
        char line[96];
        const int size = std::snprintf(line, sizeof(line), form, args...);
        if (size > 0)
            text({line, static_cast<std::size_t>(size) < sizeof(line) ? static_cast<std::size_t>(size) : 0});
    }
    void number(const ShapeNode& node, const char* kind) {
        print("%s%u", kind, static_cast<unsigned>(node.bits));
    }

    Sink& sink_;
    bool first_ = true;
};

template <class Sink>
void ShapeText<Sink>::enter(const ShapeNode& node) {
    if (!first_) text(", ");
    first_ = false;
    const auto count = static_cast<unsigned long long>(node.count);
    switch (node.kind) {
        case ShapeKind::boolean:
            return text("bool");
        case ShapeKind::integer:
            return number(node, node.is_signed ? "i" : "u");
        case ShapeKind::floating:
            return number(node, "f");
        case ShapeKind::enumeration:
            return number(node, node.is_signed ? "enum i" : "enum u");
        case ShapeKind::quantized:
            number(node, "f");
            return print(" %.9g..%.9g by %.9g", node.lo, node.hi, node.step);
        case ShapeKind::ranged:
            number(node, node.is_signed ? "i" : "u");
            if (node.is_signed)
                return print(" %lld..%lld", static_cast<long long>(node.low),
                             static_cast<long long>(node.low + node.index_max));
            return print(" %llu..%llu", static_cast<unsigned long long>(node.low),
                         static_cast<unsigned long long>(node.low + node.index_max));
        case ShapeKind::string:
            return print("string%u <=%llu", static_cast<unsigned>(node.bits), count);
        case ShapeKind::list:
            print("list <=%llu [", count);
            break;
        case ShapeKind::set:
            print("set <=%llu [", count);
            break;
        case ShapeKind::map:
            print("map <=%llu [", count);
            break;
        case ShapeKind::optional:
            text("optional [");
            break;
        case ShapeKind::variant:
            text("variant [");
            break;
        case ShapeKind::tuple:
            text("tuple [");
            break;
        case ShapeKind::array:
            print("array of %llu [", count);
            break;
        case ShapeKind::structure:
            text(node.name);
            text("{");
            break;
        case ShapeKind::named:
            text(node.name);
            text(": ");
            break;
        case ShapeKind::recursion:
            return print("recursion %llu up", count);
        case ShapeKind::bitset:
            return print("bitset of %llu", count);
        case ShapeKind::duration:
            print("duration of %llu/%llu s [", count, static_cast<unsigned long long>(node.low));
            break;
    }
    first_ = true;
}

template <class Sink>
void ShapeText<Sink>::leave(const ShapeNode& node) {
    first_ = false;
    switch (node.kind) {
        case ShapeKind::structure:
            return text("}");
        case ShapeKind::list:
        case ShapeKind::set:
        case ShapeKind::map:
        case ShapeKind::optional:
        case ShapeKind::variant:
        case ShapeKind::tuple:
        case ShapeKind::array:
        case ShapeKind::duration:
            return text("]");
        default:
            return;
    }
}

} // namespace detail

template <class T, class Sink>
void describe_shape(Sink&& sink) {
    detail::ShapeText<std::remove_reference_t<Sink>> listener(sink);
    walk_shape<T>(listener);
}

} // namespace tenon
