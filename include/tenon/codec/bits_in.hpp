#pragma once
// The archive that a message's serialize meets when Bits decodes it. It believes no length before it has
// compared it with the bound and with the bits that are left.

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

class BitsIn {
  public:
    using is_loading = std::true_type;
    using is_saving = std::false_type;
    static constexpr bool quantizes = true;

    explicit BitsIn(BytesIn from) : reader_(from) {}

    template <class... Args>
    TENON_INLINE BitsIn& operator()(Args&&... args) {
        (get_from(args), ...);
        return *this;
    }
    template <class T>
    TENON_INLINE BitsIn& operator&(T&& value) {
        get_from(value);
        return *this;
    }

    // The first error stays, and everything read after it is zero or empty.
    void fail(Error error) {
        if (ok()) error_ = error;
        reader_.fail();
    }
    bool ok() const { return reader_.ok(); }
    Decoded finish() {
        if (error_ != Error::none) return error_;
        if (!reader_.ok()) return Error::truncated;
        if (reader_.bits_left() >= 8) return Error::trailing_bytes;
        if (!reader_.finish()) return Error::malformed;
        return {};
    }

  private:
    template <class T>
    void read(T& value);
    template <class C>
    void container(C& value, std::size_t bound);
    template <class E>
    void elements(E* to, std::size_t count);
    template <class T>
    void choice(T& value);
    template <class T>
    void compound(T& value);

    // Wrappers may come as const temporaries; they refer to the field.
    template <class T>
    TENON_INLINE void get_from(T& value) {
        constexpr Form form = form_of<T>();
        constexpr bool is_wrapper = (form >= Form::quantized && form <= Form::base);
        static_assert(is_wrapper || !std::is_const_v<T>,
                      "tenon: a message's serialize or load reads into a const field");
        read(const_cast<std::remove_cv_t<T>&>(value));
    }

    TENON_INLINE std::uint64_t compact(unsigned prefix) {
        const std::uint64_t ahead = reader_.peek();
        const auto width = static_cast<unsigned>(low_bits(ahead, prefix));
        const unsigned count = width + (width == 0);
        const std::uint64_t leading = std::uint64_t(width != 0) << width;
        if (prefix + count <= 57) [[likely]]
            return reader_.skip(prefix + count) ? leading | low_bits(ahead >> prefix, count) : 0;
        if (!reader_.skip(prefix)) return 0;
        const std::uint64_t rest = reader_.bits(count);
        return ok() ? leading | rest : 0;
    }
    template <class N>
    TENON_INLINE N integer() {
        if constexpr (sizeof(N) == 1)
            return static_cast<N>(reader_.bits(8));
        else if constexpr (std::is_signed_v<N>)
            return static_cast<N>(unzigzag(compact(detail::prefix_bits(sizeof(N) * 8))));
        else
            return static_cast<N>(compact(detail::prefix_bits(sizeof(N) * 8)));
    }
    // 0 to index_max, else the message is malformed.
    TENON_INLINE std::uint64_t index(std::uint64_t index_max) {
        const std::uint64_t index = reader_.bits(bits_for(index_max));
        if (index <= index_max) [[likely]]
            return index;
        fail(Error::malformed);
        return 0;
    }
    // At most `bound`, and no more than the bits that are left can hold; 0 after an error.
    std::size_t length(std::size_t bound, std::size_t least_bits) {
        const unsigned width = bits_for(bound);
        const std::uint64_t count =
            width <= detail::exact_length_width ? reader_.bits(width) : compact(detail::prefix_bits(width));
        if (count > bound)
            fail(Error::over_bound);
        else if (least_bits != 0 && count > reader_.bits_left() / least_bits)
            fail(Error::truncated);
        return ok() ? static_cast<std::size_t>(count) : 0;
    }
    template <class F>
    void nested(F&& inside) {
        if (++depth_ > nesting_max)
            fail(Error::over_bound);
        else
            inside();
        --depth_;
    }

    BitReader reader_;
    Error error_ = Error::none;
    unsigned depth_ = 0;
};

template <class T>
TENON_INLINE void BitsIn::read(T& value) {
    constexpr Form form = form_of<T>();
    static_assert(
        form != Form::unsupported,
        "tenon: a field's type can't be sent: give it template <class Archive> void serialize(Archive& ar) "
        "{ ar(its, fields); }");
    if constexpr (form == Form::boolean) {
        value = reader_.bits(1) != 0;
    } else if constexpr (form == Form::integer) {
        value = integer<T>();
    } else if constexpr (form == Form::enumeration) {
        value = static_cast<T>(integer<std::underlying_type_t<T>>());
    } else if constexpr (form == Form::floating) {
        using Image = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
        const Image image = static_cast<Image>(reader_.bits(sizeof(Image) * 8));
        std::memcpy(&value, &image, sizeof(image));
    } else if constexpr (form == Form::quantized) {
        tenon::detail::strip(value.value) = value.at(index(value.index_max));
    } else if constexpr (form == Form::ranged) {
        tenon::detail::strip(value.value) = value.at(index(value.index_max()));
    } else if constexpr (form == Form::bounded) {
        container(tenon::detail::strip(value.value), value.max);
    } else if constexpr (form == Form::named) {
        get_from(value.value);
    } else if constexpr (form == Form::base) {
        get_from(*value.base_ptr);
    } else if constexpr (is_structure(form)) {
        detail::read_fields(*this, value);
    } else if constexpr (form >= Form::string && form <= Form::map) {
        container(value, bound_of<T>);
    } else {
        compound(value);
    }
}

template <class C>
void BitsIn::container(C& value, std::size_t bound) {
    constexpr Form form = form_of<C>();
    static_assert(form >= Form::string && form <= Form::map,
                  "tenon: bounded(c, max) takes a string or a container that grows");
    using Element = typename C::value_type;
    const auto one = [&](auto& element) { read(element); };
    // A container of fixed capacity bounds itself; the width of the length is the declared bound's all the
    // same.
    if constexpr (form == Form::string) {
        const std::size_t count = length(bound, sizeof(Element) * 8);
        if (count > value.max_size()) return fail(Error::over_bound);
        value.resize(count);
        if constexpr (sizeof(Element) == 1)
            elements(value.data(), count);
        else
            for (Element& c : value) c = static_cast<Element>(reader_.bits(sizeof(Element) * 8));
    } else if constexpr (form == Form::bool_list) {
        value.resize(length(bound, 1));
        for (std::size_t i = 0; i < value.size(); ++i) value[i] = reader_.bits(1) != 0;
    } else if constexpr (form == Form::map) {
        const std::size_t count = length(bound, detail::least_bits<typename C::key_type>() +
                                                    detail::least_bits<typename C::mapped_type>());
        nested([&] { detail::read_keyed(*this, value, count, one); });
    } else {
        const std::size_t count = length(bound, detail::least_bits<Element>());
        if (count > value.max_size()) return fail(Error::over_bound);
        nested([&] {
            if constexpr (form == Form::list) {
                constexpr bool vouched = detail::least_bits<Element>() * 2 >= sizeof(Element);
                const auto some = [&](Element* to, std::size_t n) { elements(to, n); };
                detail::read_list<vouched>(*this, value, count, some);
            } else if constexpr (form == Form::sequence) {
                detail::read_sequence(*this, value, count, one);
            } else {
                detail::read_keyed(*this, value, count, one);
            }
        });
    }
}

template <class E>
void BitsIn::elements(E* to, std::size_t count) {
    if constexpr (detail::is_bytes<E>())
        reader_.bytes({reinterpret_cast<std::byte*>(to), count * sizeof(E)});
    else
        for (std::size_t i = 0; i < count; ++i) read(to[i]);
}

template <class T>
void BitsIn::choice(T& value) {
    using List = tenon::detail::alternatives<T>;
    const std::uint64_t chosen = index(List::count - 1);
    nested([&] {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            const auto one = [&](auto at) {
                if (value.index() != at()) value.template emplace<at()>();
                read(*get_if<at()>(&value));
                return true;
            };
            (void)((I == chosen && one(std::integral_constant<std::size_t, I>())) || ...);
        }
        (std::make_index_sequence<List::count>());
    });
}

template <class T>
void BitsIn::compound(T& value) {
    constexpr Form form = form_of<T>();
    if constexpr (form == Form::array) {
        elements(&value[0], tenon::detail::array_size<T>);
    } else if constexpr (form == Form::tuple) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { (read(tenon::detail::strip(get<I>(value))), ...); }
        (std::make_index_sequence<std::tuple_size<T>::value>());
    } else if constexpr (form == Form::optional) {
        if (reader_.bits(1) == 0) return value.reset();
        if (!value.has_value()) value.emplace();
        nested([&] { read(*value); });
    } else if constexpr (form == Form::pointer) {
        if (reader_.bits(1) == 0) return value.reset();
        if (!value) value.reset(new typename T::element_type());
        nested([&] { read(*value); });
    } else if constexpr (form == Form::variant) {
        choice(value);
    } else if constexpr (form == Form::bitset) {
        for (std::size_t i = 0; i < value.size(); ++i) value.set(i, reader_.bits(1) != 0);
    } else if constexpr (form == Form::duration) {
        typename T::rep ticks{};
        read(ticks);
        value = T(ticks);
    } else if constexpr (form == Form::time_point) {
        typename T::duration since{};
        read(since);
        value = T(since);
    } else if constexpr (form == Form::complex) {
        typename T::value_type real{}, imag{};
        read(real);
        read(imag);
        value = T(real, imag);
    }
}

} // namespace tenon::codec
