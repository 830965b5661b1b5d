#pragma once
// The shape of a type as its serialize tells it: a walk over kinds, bounds and names that hashes, sizes,
// printers and generators listen to. Two builds whose shapes hash alike can read each other's messages.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/type_name.hpp"
#include "tenon/schema/form.hpp"

namespace tenon {

// The numbers are hashed: add at the end only.
enum class ShapeKind : std::uint8_t {
    boolean = 1,
    integer,
    floating,
    enumeration,
    quantized,
    ranged,
    string,
    list,
    set,
    map,
    optional,
    variant,
    tuple,
    array,
    structure,
    named,
    recursion,
    bitset,
    duration,
};

// One place in a shape. Children come between a listener's enter(node) and leave(node).
struct ShapeNode {
    ShapeKind kind{};
    std::uint8_t bits = 0;  // of a number, or of a string's characters
    bool is_signed = false; // of an integer or an enum
    std::uint64_t count =
        0; // bound, length, number of alternatives, levels up to a recursion, or a period's numerator
    std::uint64_t low = 0;       // of a range, sign-extended; a period's denominator
    std::uint64_t index_max = 0; // of a range or a quantized value
    double lo = 0, hi = 0, step = 0;
    std::string_view name; // of a structure or a named field
};

// The name of a type in schemas, the same on every compiler: its `tenon_name`, else its own name without
// namespaces and template arguments.
template <class T>
constexpr std::string_view stable_name();

// Calls listener.enter(const ShapeNode&) and leave(const ShapeNode&) over the shape of a default-constructed
// T.
template <class T, class Listener>
void walk_shape(Listener& listener);

// Computed once for each type.
template <class T>
std::uint64_t shape_hash();

// Collects bytes in blocks and chains the blocks' hashes; also a listener, which hashes a whole shape.
class ShapeHash {
  public:
    void byte(std::uint8_t value) {
        block_[used_++] = static_cast<std::byte>(value);
        if (used_ == sizeof(block_)) spill();
    }
    void word(std::uint64_t value) {
        for (unsigned i = 0; i < 8; ++i) byte(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    void number(double value) {
        std::uint64_t image = 0;
        static_assert(sizeof(image) == sizeof(value));
        std::memcpy(&image, &value, sizeof(image));
        word(image);
    }
    void text(std::string_view value) {
        word(value.size());
        for (const char c : value) byte(static_cast<std::uint8_t>(c));
    }
    void enter(const ShapeNode& node) {
        byte(static_cast<std::uint8_t>(node.kind));
        byte(node.bits);
        byte(node.is_signed);
        word(node.count);
        word(node.low);
        word(node.index_max);
        number(node.lo);
        number(node.hi);
        number(node.step);
        text(node.name);
    }
    void leave(const ShapeNode&) { byte(0); }

    std::uint64_t finish() {
        spill();
        return chain_;
    }

  private:
    void spill() {
        chain_ = siphash({chain_, used_}, {block_, used_});
        used_ = 0;
    }
    std::byte block_[256];
    std::size_t used_ = 0;
    std::uint64_t chain_ = 0;
};

namespace detail {

// One address for each type, without run-time type information.
template <class T>
inline char type_tag = 0;

struct ShapeFrame {
    const void* type;
    const ShapeFrame* up;
};

template <class Listener>
class ShapeArchive {
  public:
    using is_loading = std::false_type;
    using is_saving = std::true_type;
    static constexpr bool quantizes = true;

    ShapeArchive(Listener& listener, const ShapeFrame* frame) : listener_(listener), frame_(frame) {}

    template <class... Args>
    ShapeArchive& operator()(Args&&... args) {
        (walk(const_cast<std::remove_cvref_t<Args>&>(args)), ...);
        return *this;
    }
    template <class T>
    ShapeArchive& operator&(T&& value) {
        return (*this)(value);
    }

    // A default-constructed T, unless we stand inside one already.
    template <class T>
    void fresh() {
        using Plain = std::remove_cv_t<T>;
        if constexpr (is_structure(form_of<Plain>()))
            if (is_recursion<Plain>()) return;
        if constexpr (std::is_bounded_array_v<Plain>) {
            Plain value{};
            walk(value);
        } else {
            static_assert(
                std::is_default_constructible_v<Plain>,
                "tenon: an element of a message is not default-constructible: give it a default constructor");
            auto value = Plain();
            walk(value);
        }
    }

  private:
    template <class T>
    void walk(T& value);
    template <class T>
    void structure(T& value);
    template <class T>
    void scalar(T& value);
    template <class T>
    void container(std::uint64_t bound);
    template <class T>
    void compound(T& value);

    template <class T>
    bool is_recursion() {
        std::uint64_t levels = 0;
        for (const ShapeFrame* at = frame_; at; at = at->up, ++levels)
            if (at->type == &type_tag<T>) {
                leaf(node(ShapeKind::recursion, levels));
                return true;
            }
        return false;
    }
    static ShapeNode node(ShapeKind kind, std::uint64_t count = 0, std::uint8_t bits = 0,
                          std::string_view name = {}) {
        ShapeNode made;
        made.kind = kind;
        made.bits = bits;
        made.count = count;
        made.name = name;
        return made;
    }
    void leaf(const ShapeNode& place) {
        listener_.enter(place);
        listener_.leave(place);
    }
    template <class T>
    void number(ShapeKind kind) {
        // The sign of char and wchar_t is the platform's choice, so it says nothing.
        constexpr bool is_signed =
            std::is_signed_v<T> && !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t>;
        ShapeNode number = node(kind, 0, sizeof(T) * 8);
        number.is_signed = is_signed;
        leaf(number);
    }
    template <class F>
    void inside(const ShapeNode& place, F&& children) {
        listener_.enter(place);
        children();
        listener_.leave(place);
    }

    Listener& listener_;
    const ShapeFrame* frame_;
};

template <class Listener>
template <class T>
void ShapeArchive<Listener>::walk(T& value) {
    constexpr Form form = form_of<T>();
    static_assert(
        form != Form::unsupported,
        "tenon: a field's type can't be sent: give it template <class Archive> void serialize(Archive& ar) "
        "{ ar(its, fields); }");
    if constexpr (is_structure(form))
        structure(value);
    else if constexpr (form <= Form::ranged)
        scalar(value);
    else if constexpr (form == Form::bounded)
        container<std::remove_cv_t<std::remove_reference_t<decltype(value.value)>>>(value.max);
    else if constexpr (form == Form::named)
        inside(node(ShapeKind::named, 0, 0, value.name), [&] { walk(strip(value.value)); });
    else if constexpr (form == Form::base)
        walk(*value.base_ptr);
    else if constexpr (form >= Form::string && form <= Form::map)
        container<T>(bound_of<T>);
    else
        compound(value);
}

template <class Listener>
template <class T>
void ShapeArchive<Listener>::structure(T& value) {
    if (is_recursion<T>()) return;
    const ShapeFrame here{&type_tag<T>, frame_};
    ShapeArchive inner(listener_, &here);
    inside(node(ShapeKind::structure, 0, 0, stable_name<T>()), [&] {
        constexpr Form form = form_of<T>();
        if constexpr (form == Form::member_serialize)
            Access::serialize(inner, value);
        else if constexpr (form == Form::member_split)
            Access::save(inner, std::as_const(value));
        else if constexpr (form == Form::free_serialize)
            serialize(inner, value);
        else
            save(inner, std::as_const(value));
    });
}

template <class Listener>
template <class T>
void ShapeArchive<Listener>::scalar(T& value) {
    constexpr Form form = form_of<T>();
    if constexpr (form == Form::boolean)
        leaf(node(ShapeKind::boolean, 0, 1));
    else if constexpr (form == Form::integer)
        number<T>(ShapeKind::integer);
    else if constexpr (form == Form::floating)
        number<T>(ShapeKind::floating);
    else if constexpr (form == Form::enumeration)
        number<std::underlying_type_t<T>>(ShapeKind::enumeration);
    else if constexpr (form == Form::quantized) {
        ShapeNode grid = node(ShapeKind::quantized, 0, sizeof(value.value) * 8);
        grid.index_max = value.index_max;
        grid.lo = value.lo;
        grid.hi = value.hi;
        grid.step = value.step;
        leaf(grid);
    } else {
        ShapeNode range = node(ShapeKind::ranged, 0, sizeof(value.value) * 8);
        range.is_signed = std::is_signed_v<typename T::Integer>;
        range.low = T::wide(value.lo);
        range.index_max = value.index_max();
        leaf(range);
    }
}

template <class Listener>
template <class T>
void ShapeArchive<Listener>::container(std::uint64_t bound) {
    constexpr Form form = form_of<T>();
    static_assert(form >= Form::string && form <= Form::map,
                  "tenon: bounded(c, max) takes a string or a container that grows");
    if constexpr (form == Form::string)
        leaf(node(ShapeKind::string, bound, sizeof(typename T::value_type) * 8));
    else if constexpr (form == Form::map)
        inside(node(ShapeKind::map, bound), [&] {
            fresh<typename T::key_type>();
            fresh<typename T::mapped_type>();
        });
    else
        inside(node(form == Form::set ? ShapeKind::set : ShapeKind::list, bound),
               [&] { fresh<typename T::value_type>(); });
}

template <class Listener>
template <class T>
void ShapeArchive<Listener>::compound(T& value) {
    constexpr Form form = form_of<T>();
    if constexpr (form == Form::empty) {
        leaf(node(ShapeKind::tuple));
    } else if constexpr (form == Form::array) {
        using Element = std::remove_cvref_t<decltype(value[0])>;
        inside(node(ShapeKind::array, array_size<T>), [&] { fresh<Element>(); });
    } else if constexpr (form == Form::tuple) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            inside(node(ShapeKind::tuple, sizeof...(I)), [&] { (walk(strip(get<I>(value))), ...); });
        }
        (std::make_index_sequence<std::tuple_size<T>::value>());
    } else if constexpr (form == Form::optional) {
        inside(node(ShapeKind::optional), [&] { fresh<typename T::value_type>(); });
    } else if constexpr (form == Form::pointer) {
        inside(node(ShapeKind::optional), [&] { fresh<typename T::element_type>(); });
    } else if constexpr (form == Form::variant) {
        [&]<class... Ts>(TypeList<Ts...>) {
            inside(node(ShapeKind::variant, sizeof...(Ts)), [&] { (fresh<Ts>(), ...); });
        }(alternatives<T>());
    } else if constexpr (form == Form::bitset) {
        leaf(node(ShapeKind::bitset, value.size()));
    } else if constexpr (form == Form::duration) {
        ShapeNode period = node(ShapeKind::duration, static_cast<std::uint64_t>(T::period::num));
        period.low = static_cast<std::uint64_t>(T::period::den);
        inside(period, [&] { fresh<typename T::rep>(); });
    } else if constexpr (form == Form::time_point) {
        fresh<typename T::duration>();
    } else {
        inside(node(ShapeKind::tuple, 2), [&] {
            fresh<typename T::value_type>();
            fresh<typename T::value_type>();
        });
    }
}

constexpr std::string_view short_name(std::string_view whole) {
    std::size_t end = 0; // find('<') is no constant for g++ 12 with the undefined behaviour sanitizer
    while (end < whole.size() && whole[end] != '<') ++end;
    const std::string_view bare = whole.substr(0, end);
    const std::size_t colons = bare.rfind("::");
    const std::string_view own = colons == bare.npos ? bare : bare.substr(colons + 2);
    return own.empty() ? whole : own;
}

template <class T>
constexpr std::string_view stable_name_of() {
    if constexpr (requires { std::string_view(T::tenon_name); })
        return T::tenon_name;
    else
        return short_name(type_name<T>());
}

} // namespace detail

template <class T>
constexpr std::string_view stable_name() {
    return detail::stable_name_of<T>();
}

template <class T, class Listener>
void walk_shape(Listener& listener) {
    detail::ShapeArchive<Listener>(listener, nullptr).template fresh<T>();
}

template <class T>
std::uint64_t shape_hash() {
    static const std::uint64_t hash = [] {
        ShapeHash listener;
        walk_shape<T>(listener);
        return listener.finish();
    }();
    return hash;
}

} // namespace tenon
