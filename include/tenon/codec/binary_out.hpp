#pragma once
// The archive that a message's serialize meets when Binary encodes it. Speaks cereal's interface: ar(a, b),
// ar & a, Archive::is_saving.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "tenon/codec/archive.hpp"
#include "tenon/codec/bits_size.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/schema/form.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::codec {

namespace detail {

template <class T>
using image_of =
    std::conditional_t<sizeof(T) == 1, std::uint8_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                          std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

// One of these is its memory in the order of the bytes that the machine has, so a row is copied at once.
template <class E>
constexpr bool is_plain() {
    constexpr Form form = form_of<E>();
    return form == Form::integer || form == Form::floating || form == Form::enumeration;
}

// How cereal marks that a bitset follows bit by bit.
inline constexpr std::uint8_t bitset_as_bits = 3;

} // namespace detail

class BinaryOut {
  public:
    using is_loading = std::false_type;
    using is_saving = std::true_type;

    explicit BinaryOut(BytesOut into) : writer_(into) { writer_.u8(1); } // little-endian

    template <class... Args>
    BinaryOut& operator()(Args&&... args) {
        (put(args), ...);
        return *this;
    }
    template <class T>
    BinaryOut& operator&(T&& value) {
        put(value);
        return *this;
    }

    // The first error stays, and nothing is written after it.
    void fail(Error error) {
        if (error_ == Error::none) error_ = error;
        writer_.fail();
    }
    Encoded finish() const {
        if (error_ != Error::none) return error_;
        if (!writer_.ok()) return Error::too_large;
        return writer_.position();
    }

  private:
    template <class T>
    void put(const T& value);
    template <class C>
    void container(const C& value, std::size_t bound);
    template <class T>
    void choice(const T& value);
    template <class T>
    void compound(const T& value);
    template <class E>
    void elements(const E* from, std::size_t count);

    template <class N>
    void number(N value) {
        detail::image_of<N> image;
        std::memcpy(&image, &value, sizeof(image));
        if constexpr (sizeof(N) == 1)
            writer_.u8(image);
        else if constexpr (sizeof(N) == 2)
            writer_.u16(image);
        else if constexpr (sizeof(N) == 4)
            writer_.u32(image);
        else
            writer_.u64(image);
    }
    template <class F>
    void nested(F&& inside) {
        if (++depth_ > nesting_max)
            fail(Error::over_bound);
        else
            inside();
        --depth_;
    }

    ByteWriter writer_;
    Error error_ = Error::none;
    unsigned depth_ = 0;
};

template <class T>
void BinaryOut::put(const T& value) {
    constexpr Form form = form_of<T>();
    static_assert(
        form != Form::unsupported,
        "tenon: a field's type can't be sent: give it template <class Archive> void serialize(Archive& ar) "
        "{ ar(its, fields); }");
    if constexpr (form == Form::boolean)
        writer_.u8(value);
    else if constexpr (detail::is_plain<T>())
        number(value);
    else if constexpr (form == Form::quantized || form == Form::named)
        put(value.value);
    else if constexpr (form == Form::ranged)
        put(value.at(value.index()));
    else if constexpr (form == Form::bounded)
        container(value.value, value.max);
    else if constexpr (form == Form::base)
        put(*value.base_ptr);
    else if constexpr (is_structure(form))
        detail::write_fields(*this, value);
    else if constexpr (form >= Form::string && form <= Form::map)
        container(value, bound_of<T>);
    else
        compound(value);
}

template <class C>
void BinaryOut::container(const C& value, std::size_t bound) {
    constexpr Form form = form_of<C>();
    static_assert(form >= Form::string && form <= Form::map,
                  "tenon: bounded(c, max) takes a string or a container that grows");
    const auto count = static_cast<std::size_t>(value.size());
    if (count > bound) return fail(Error::over_bound);
    writer_.u64(count);
    nested([&] {
        if constexpr (form == Form::string || form == Form::list) {
            elements(value.data(), count);
        } else if constexpr (form == Form::bool_list) {
            for (const bool bit : value) writer_.u8(bit);
        } else if constexpr (form == Form::map) {
            for (const auto& [key, mapped] : value) {
                put(key);
                put(mapped);
            }
        } else {
            for (const auto& element : value) put(element);
        }
    });
}

template <class E>
void BinaryOut::elements(const E* from, std::size_t count) {
    if constexpr (detail::is_plain<E>() && std::endian::native == std::endian::little)
        writer_.bytes({reinterpret_cast<const std::byte*>(from), count * sizeof(E)});
    else
        for (std::size_t i = 0; i < count; ++i) put(from[i]);
}

template <class T>
void BinaryOut::choice(const T& value) {
    using List = tenon::detail::alternatives<T>;
    const std::size_t index = value.index();
    // A variant that lost its value in an exception has none to send.
    if (index >= List::count) return fail(Error::malformed);
    writer_.u32(static_cast<std::uint32_t>(index));
    nested([&] {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (void)((I == index ? (put(*get_if<I>(&value)), true) : false) || ...);
        }
        (std::make_index_sequence<List::count>());
    });
}

template <class T>
void BinaryOut::compound(const T& value) {
    constexpr Form form = form_of<T>();
    if constexpr (form == Form::array) {
        elements(&value[0], tenon::detail::array_size<T>);
    } else if constexpr (form == Form::tuple) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { (put(get<I>(value)), ...); }
        (std::make_index_sequence<std::tuple_size<T>::value>());
    } else if constexpr (form == Form::optional || form == Form::pointer) {
        const bool there = static_cast<bool>(value);
        writer_.u8(there == (form == Form::pointer)); // cereal says "empty" of one and "valid" of the other
        if (there) nested([&] { put(*value); });
    } else if constexpr (form == Form::variant) {
        choice(value);
    } else if constexpr (form == Form::bitset) {
        writer_.u8(detail::bitset_as_bits);
        for (std::size_t i = 0; i < value.size(); i += 8) {
            unsigned chunk = 0;
            for (std::size_t j = i; j < i + 8 && j < value.size(); ++j)
                chunk |= value.test(j) * 0x80u >> (j - i);
            writer_.u8(static_cast<std::uint8_t>(chunk));
        }
    } else if constexpr (form == Form::duration) {
        put(value.count());
    } else if constexpr (form == Form::time_point) {
        put(value.time_since_epoch());
    } else if constexpr (form == Form::complex) {
        put(value.real());
        put(value.imag());
    }
}

} // namespace tenon::codec
