#pragma once
// The archive that a message's serialize meets when Bits encodes it. Speaks cereal's interface: ar(a, b), ar
// & a, Archive::is_saving.

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
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/schema/form.hpp"
#include "tenon/wire/bits.hpp"

namespace tenon::codec {

class BitsOut {
  public:
    using is_loading = std::false_type;
    using is_saving = std::true_type;
    static constexpr bool quantizes = true;

    explicit BitsOut(BytesOut into) : writer_(into) {}

    template <class... Args>
    TENON_INLINE BitsOut& operator()(Args&&... args) {
        (put(args), ...);
        return *this;
    }
    template <class T>
    TENON_INLINE BitsOut& operator&(T&& value) {
        put(value);
        return *this;
    }

    // The first error stays, and nothing is written after it.
    void fail(Error error) {
        if (error_ == Error::none) error_ = error;
        writer_.fail();
    }
    Encoded finish() {
        const std::size_t size = writer_.finish();
        if (error_ != Error::none) return error_;
        if (!writer_.ok()) return Error::too_large;
        return size;
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

    // The leading one of a number needs no telling; 0 and 1 share the shortest width, and have a bit of their
    // own.
    TENON_INLINE void compact(std::uint64_t value, unsigned prefix) {
        const unsigned width = static_cast<unsigned>(std::bit_width(value | 1)) - 1;
        const unsigned count = width + (width == 0);
        const std::uint64_t rest = low_bits(value, count);
        if (prefix + count <= 64) return writer_.bits(width | rest << prefix, prefix + count);
        writer_.bits(width, prefix);
        writer_.bits(rest, count);
    }
    template <class N>
    TENON_INLINE void integer(N value) {
        if constexpr (sizeof(N) == 1)
            writer_.bits(static_cast<std::uint8_t>(value), 8);
        else if constexpr (std::is_signed_v<N>)
            compact(zigzag(static_cast<std::int64_t>(value)), detail::prefix_bits(sizeof(N) * 8));
        else
            compact(static_cast<std::uint64_t>(value), detail::prefix_bits(sizeof(N) * 8));
    }
    void length(std::size_t count, std::size_t bound) {
        if (count > bound) return fail(Error::over_bound);
        const unsigned width = bits_for(bound);
        if (width <= detail::exact_length_width) return writer_.bits(count, width);
        compact(count, detail::prefix_bits(width));
    }
    template <class F>
    void nested(F&& inside) {
        if (++depth_ > nesting_max)
            fail(Error::over_bound);
        else
            inside();
        --depth_;
    }

    BitWriter writer_;
    Error error_ = Error::none;
    unsigned depth_ = 0;
};

template <class T>
TENON_INLINE void BitsOut::put(const T& value) {
    constexpr Form form = form_of<T>();
    static_assert(
        form != Form::unsupported,
        "tenon: a field's type can't be sent: give it template <class Archive> void serialize(Archive& ar) "
        "{ ar(its, fields); }");
    if constexpr (form == Form::boolean) {
        writer_.bits(value, 1);
    } else if constexpr (form == Form::integer) {
        integer(value);
    } else if constexpr (form == Form::enumeration) {
        integer(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (form == Form::floating) {
        using Image = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
        Image image;
        std::memcpy(&image, &value, sizeof(image));
        writer_.bits(image, sizeof(image) * 8);
    } else if constexpr (form == Form::quantized) {
        writer_.bits(value.index(), bits_for(value.index_max));
    } else if constexpr (form == Form::ranged) {
        writer_.bits(value.index(), bits_for(value.index_max()));
    } else if constexpr (form == Form::bounded) {
        container(value.value, value.max);
    } else if constexpr (form == Form::named) {
        put(value.value);
    } else if constexpr (form == Form::base) {
        put(*value.base_ptr);
    } else if constexpr (is_structure(form)) {
        detail::write_fields(*this, value);
    } else if constexpr (form >= Form::string && form <= Form::map) {
        container(value, bound_of<T>);
    } else {
        compound(value);
    }
}

template <class C>
void BitsOut::container(const C& value, std::size_t bound) {
    constexpr Form form = form_of<C>();
    static_assert(form >= Form::string && form <= Form::map,
                  "tenon: bounded(c, max) takes a string or a container that grows");
    const auto count = static_cast<std::size_t>(value.size());
    length(count, bound);
    if (error_ != Error::none) return;
    nested([&] {
        if constexpr (form == Form::list || (form == Form::string && sizeof(typename C::value_type) == 1)) {
            elements(value.data(), count);
        } else if constexpr (form == Form::string) {
            for (const auto unit : value) writer_.bits(static_cast<std::uint64_t>(unit), sizeof(unit) * 8);
        } else if constexpr (form == Form::bool_list) {
            for (const bool bit : value) writer_.bits(bit, 1);
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
void BitsOut::elements(const E* from, std::size_t count) {
    if constexpr (detail::is_bytes<E>())
        writer_.bytes({reinterpret_cast<const std::byte*>(from), count * sizeof(E)});
    else
        for (std::size_t i = 0; i < count; ++i) put(from[i]);
}

template <class T>
void BitsOut::choice(const T& value) {
    using List = tenon::detail::alternatives<T>;
    const std::size_t index = value.index();
    // A variant that lost its value in an exception has none to send.
    if (index >= List::count) return fail(Error::malformed);
    writer_.bits(index, detail::choice_bits(List::count));
    nested([&] {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (void)((I == index ? (put(*get_if<I>(&value)), true) : false) || ...);
        }
        (std::make_index_sequence<List::count>());
    });
}

template <class T>
void BitsOut::compound(const T& value) {
    constexpr Form form = form_of<T>();
    if constexpr (form == Form::array) {
        elements(&value[0], tenon::detail::array_size<T>);
    } else if constexpr (form == Form::tuple) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { (put(get<I>(value)), ...); }
        (std::make_index_sequence<std::tuple_size<T>::value>());
    } else if constexpr (form == Form::optional || form == Form::pointer) {
        const bool there = static_cast<bool>(value);
        writer_.bits(there, 1);
        if (there) nested([&] { put(*value); });
    } else if constexpr (form == Form::variant) {
        choice(value);
    } else if constexpr (form == Form::bitset) {
        for (std::size_t i = 0; i < value.size(); ++i) writer_.bits(value.test(i), 1);
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
