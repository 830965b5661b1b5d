#pragma once
// The archive that a message's serialize meets when Binary decodes it. It believes no length before it has
// compared it with the bound and with the bytes that are left.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "tenon/codec/archive.hpp"
#include "tenon/codec/binary_out.hpp"
#include "tenon/codec/bits_size.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/schema/form.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::codec {

namespace detail {

// The fewest bytes that an E takes; 0 where only its serialize knows.
template <class E>
constexpr std::size_t least_bytes() {
    constexpr Form form = form_of<E>();
    if constexpr (form == Form::boolean || form == Form::optional || form == Form::pointer)
        return 1;
    else if constexpr (is_plain<E>())
        return sizeof(E);
    else if constexpr (form == Form::variant)
        return 4;
    else if constexpr (form >= Form::string && form <= Form::map)
        return 8;
    else if constexpr (form == Form::array)
        return tenon::detail::array_size<E> *
               least_bytes<std::remove_cvref_t<decltype(std::declval<E&>()[0])>>();
    else if constexpr (form == Form::tuple)
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return (least_bytes<std::remove_cvref_t<typename std::tuple_element<I, E>::type>>() + ... + 0);
        }
    (std::make_index_sequence<std::tuple_size<E>::value>());
    else return 0;
}

} // namespace detail

class BinaryIn {
  public:
    using is_loading = std::true_type;
    using is_saving = std::false_type;

    explicit BinaryIn(BytesIn from) : reader_(from) { big_ = !flag(); }

    template <class... Args>
    BinaryIn& operator()(Args&&... args) {
        (get_from(args), ...);
        return *this;
    }
    template <class T>
    BinaryIn& operator&(T&& value) {
        get_from(value);
        return *this;
    }

    // The first error stays, and everything read after it is zero or empty.
    void fail(Error error) {
        if (ok()) error_ = error;
        reader_.fail();
    }
    bool ok() const { return reader_.ok(); }
    Decoded finish() const {
        if (error_ != Error::none) return error_;
        if (!reader_.ok()) return Error::truncated;
        if (reader_.left() != 0) return Error::trailing_bytes;
        return {};
    }

  private:
    template <class T>
    void read(T& value);
    template <class T>
    void limited(const T& wrapper);
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
    void get_from(T& value) {
        constexpr Form form = form_of<T>();
        constexpr bool is_wrapper = (form >= Form::quantized && form <= Form::base);
        static_assert(is_wrapper || !std::is_const_v<T>,
                      "tenon: a message's serialize or load reads into a const field");
        read(const_cast<std::remove_cv_t<T>&>(value));
    }

    template <class N>
    N number() {
        using Image = detail::image_of<N>;
        Image image = static_cast<Image>(reader_.le(sizeof(N)));
        if (big_) {
            Image swapped = 0;
            for (std::size_t i = 0; i < sizeof(N); ++i)
                swapped = static_cast<Image>(swapped | static_cast<Image>((image >> (8 * i)) & 0xFFu)
                                                           << (8 * (sizeof(N) - 1 - i)));
            image = swapped;
        }
        N value;
        std::memcpy(&value, &image, sizeof(value));
        return value;
    }
    bool flag() {
        const std::uint8_t byte = reader_.u8();
        if (byte > 1) fail(Error::malformed);
        return byte == 1;
    }
    // At most `bound`, and no more than the bytes that are left can hold; 0 after an error.
    std::size_t length(std::size_t bound, std::size_t least) {
        const auto count = number<std::uint64_t>();
        if (count > bound)
            fail(Error::over_bound);
        else if (least != 0 && count > reader_.left() / least)
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

    ByteReader reader_;
    Error error_ = Error::none;
    unsigned depth_ = 0;
    bool big_ = false;
};

template <class T>
void BinaryIn::read(T& value) {
    constexpr Form form = form_of<T>();
    static_assert(
        form != Form::unsupported,
        "tenon: a field's type can't be sent: give it template <class Archive> void serialize(Archive& ar) "
        "{ ar(its, fields); }");
    if constexpr (form == Form::boolean)
        value = flag();
    else if constexpr (detail::is_plain<T>())
        value = number<T>();
    else if constexpr (form == Form::quantized || form == Form::ranged)
        limited(value);
    else if constexpr (form == Form::bounded)
        container(tenon::detail::strip(value.value), value.max);
    else if constexpr (form == Form::named)
        get_from(value.value);
    else if constexpr (form == Form::base)
        get_from(*value.base_ptr);
    else if constexpr (is_structure(form))
        detail::read_fields(*this, value);
    else if constexpr (form >= Form::string && form <= Form::map)
        container(value, bound_of<T>);
    else
        compound(value);
}

// The field is plain on the wire, and is made to keep what its wrapper promises.
template <class T>
void BinaryIn::limited(const T& wrapper) {
    auto& value = tenon::detail::strip(wrapper.value);
    read(value);
    if constexpr (form_of<T>() == Form::quantized) {
        wrapper.clamp();
    } else if (!wrapper.holds()) {
        fail(Error::over_bound);
        value = wrapper.lo;
    }
}

template <class C>
void BinaryIn::container(C& value, std::size_t bound) {
    constexpr Form form = form_of<C>();
    static_assert(form >= Form::string && form <= Form::map,
                  "tenon: bounded(c, max) takes a string or a container that grows");
    using Element = typename C::value_type;
    std::size_t least = 0;
    if constexpr (form == Form::map)
        least = detail::least_bytes<typename C::key_type>() + detail::least_bytes<typename C::mapped_type>();
    else
        least = detail::least_bytes<Element>();
    const std::size_t count = length(bound, least);
    // A container of fixed capacity bounds itself.
    if (count > value.max_size()) return fail(Error::over_bound);
    const auto one = [&](auto& element) { read(element); };
    nested([&] {
        if constexpr (form == Form::string) {
            value.resize(count);
            elements(value.data(), count);
        } else if constexpr (form == Form::bool_list) {
            value.resize(count);
            for (std::size_t i = 0; i < count; ++i) value[i] = flag();
        } else if constexpr (form == Form::list) {
            constexpr bool vouched = detail::least_bytes<Element>() * 16 >= sizeof(Element);
            const auto some = [&](Element* to, std::size_t n) { elements(to, n); };
            detail::read_list<vouched>(*this, value, count, some);
        } else if constexpr (form == Form::sequence) {
            detail::read_sequence(*this, value, count, one);
        } else {
            detail::read_keyed(*this, value, count, one);
        }
    });
}

template <class E>
void BinaryIn::elements(E* to, std::size_t count) {
    if constexpr (detail::is_plain<E>() && std::endian::native == std::endian::little)
        if (sizeof(E) == 1 || !big_) {
            const BytesIn row = reader_.bytes(count * sizeof(E));
            if (!row.empty()) std::memcpy(to, row.data(), row.size());
            return;
        }
    for (std::size_t i = 0; i < count; ++i) read(to[i]);
}

template <class T>
void BinaryIn::choice(T& value) {
    using List = tenon::detail::alternatives<T>;
    const auto chosen = number<std::uint32_t>();
    if (chosen >= List::count) return fail(Error::malformed);
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
void BinaryIn::compound(T& value) {
    constexpr Form form = form_of<T>();
    if constexpr (form == Form::array) {
        elements(&value[0], tenon::detail::array_size<T>);
    } else if constexpr (form == Form::tuple) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { (read(tenon::detail::strip(get<I>(value))), ...); }
        (std::make_index_sequence<std::tuple_size<T>::value>());
    } else if constexpr (form == Form::optional) {
        if (flag() || !ok()) return value.reset(); // cereal's flag says that nothing is there
        if (!value.has_value()) value.emplace();
        nested([&] { read(*value); });
    } else if constexpr (form == Form::pointer) {
        if (!flag()) return value.reset();
        if (!value) value.reset(new typename T::element_type());
        nested([&] { read(*value); });
    } else if constexpr (form == Form::variant) {
        choice(value);
    } else if constexpr (form == Form::bitset) {
        if (reader_.u8() != detail::bitset_as_bits) fail(Error::malformed);
        for (std::size_t i = 0; i < value.size(); i += 8) {
            const unsigned chunk = reader_.u8();
            for (std::size_t j = i; j < i + 8 && j < value.size(); ++j)
                value.set(j, (chunk << (j - i) & 0x80u) != 0);
        }
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
