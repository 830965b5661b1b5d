#pragma once
// The archive that a message's serialize meets when Json encodes it. Fields without a name are value0, value1
// and so on, and every type takes the form that cereal's JSON archive gives it.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/codec/archive.hpp"
#include "tenon/codec/bits_size.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/codec/json_text.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/swap.hpp"
#include "tenon/schema/form.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::codec {

namespace detail {

// cereal writes a long long as text where it is another type than std::int64_t.
template <class N>
inline constexpr bool is_number_in_quotes =
    (std::is_same_v<N, long long> ||
     std::is_same_v<N, unsigned long long>)&&!std::is_same_v<N, std::int64_t> &&
    !std::is_same_v<N, std::uint64_t>;

template <class T>
concept PairLike = requires(T& pair) {
    pair.first;
    pair.second;
};

// "value7" or "tuple_element7".
class NumberedName {
  public:
    NumberedName(const char* stem, std::size_t number) {
        std::snprintf(text_, sizeof(text_), "%s%zu", stem, number);
    }
    const char* c_str() const { return text_; }

  private:
    char text_[40] = {};
};

// How cereal marks what a bitset's data is.
enum class BitsetData : std::uint8_t { number, long_number, text };

} // namespace detail

class JsonOut {
  public:
    using is_loading = std::false_type;
    using is_saving = std::true_type;

    explicit JsonOut(BytesOut into) : writer_(into) { raw("{"); }

    template <class... Args>
    JsonOut& operator()(Args&&... args) {
        (put(args), ...);
        return *this;
    }
    template <class T>
    JsonOut& operator&(T&& value) {
        put(value);
        return *this;
    }
    template <class T>
    void field(const char* name, const T& value) {
        name_ = name;
        put(value);
    }
    void text_field(const char* name, std::string_view value) {
        name_ = name;
        begin();
        quoted(value);
    }

    // The first error stays, and nothing is written after it.
    void fail(Error error) {
        if (error_ == Error::none) error_ = error;
        writer_.fail();
    }
    Encoded finish() {
        raw("}");
        if (error_ != Error::none) return error_;
        if (!writer_.ok()) return Error::too_large;
        return writer_.position();
    }

  private:
    struct Node {
        std::size_t unnamed = 0;
        bool is_array = false, is_empty = true;
    };

    template <class T>
    void put(const T& value);
    template <class C>
    void container(const C& value, std::size_t bound);
    template <class T>
    void choice(const T& value);
    template <class T>
    void compound(const T& value);
    template <class T>
    void tuple(const T& value);
    template <class T>
    void bitset(const T& value);

    void raw(std::string_view text) { writer_.bytes(bytes_of(text)); }
    // What stands before a value: a comma, and in an object its name.
    void begin() {
        const char* name = replaced(name_, nullptr);
        if (!node_.is_empty) raw(",");
        node_.is_empty = false;
        if (node_.is_array) return;
        quoted(name ? name : detail::NumberedName("value", node_.unnamed++).c_str());
        raw(":");
    }
    template <class F>
    void within(bool is_array, F&& inside) {
        begin();
        raw(is_array ? "[" : "{");
        const Node outer = replaced(node_, Node{0, is_array, true});
        inside();
        node_ = outer;
        raw(is_array ? "]" : "}");
    }
    template <class F>
    void object(F&& inside) {
        within(false, inside);
    }
    template <class F>
    void array(F&& inside) {
        within(true, inside);
    }
    template <class F>
    void nested(F&& inside) {
        if (++depth_ > nesting_max)
            fail(Error::over_bound);
        else
            inside();
        --depth_;
    }
    template <class N>
    void integer(N value) {
        char digits[24];
        std::size_t at = sizeof(digits);
        const bool is_negative = value < 0;
        auto left = static_cast<std::uint64_t>(value);
        if (is_negative) left = 0 - left;
        do digits[--at] = static_cast<char>('0' + left % 10);
        while ((left /= 10) != 0);
        if (is_negative) digits[--at] = '-';
        if constexpr (detail::is_number_in_quotes<N>) raw("\"");
        raw({digits + at, sizeof(digits) - at});
        if constexpr (detail::is_number_in_quotes<N>) raw("\"");
    }
    void quoted(std::string_view text);

    ByteWriter writer_;
    const char* name_ = nullptr; // of the next value
    Node node_;
    Error error_ = Error::none;
    unsigned depth_ = 0;
};

// JSON is UTF-8, so a text that is not can't be written: it is malformed.
inline void JsonOut::quoted(std::string_view text) {
    raw("\"");
    std::size_t done = 0, at = 0;
    while (at < text.size()) {
        const char c = text[at];
        const std::size_t size = detail::utf8_size(text.substr(at));
        if (size == 0) return fail(Error::malformed);
        if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') {
            at += size;
            continue;
        }
        raw(text.substr(done, at - done));
        done = ++at;
        constexpr std::string_view plain = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt", hex = "0123456789ABCDEF";
        const std::size_t known = plain.find(c);
        const auto code = static_cast<unsigned char>(c);
        const char whole[] = {'\\', 'u', '0', '0', hex[code >> 4], hex[code & 15u]};
        const char brief[] = {'\\', known < letters.size() ? letters[known] : ' '};
        raw(known < letters.size() ? std::string_view(brief, sizeof(brief))
                                   : std::string_view(whole, sizeof(whole)));
    }
    raw(text.substr(done));
    raw("\"");
}

template <class T>
void JsonOut::put(const T& value) {
    constexpr Form form = form_of<T>();
    static_assert(
        form != Form::unsupported,
        "tenon: a field's type can't be sent: give it template <class Archive> void serialize(Archive& ar) "
        "{ ar(its, fields); }");
    if constexpr (form == Form::boolean) {
        begin();
        raw(value ? "true" : "false");
    } else if constexpr (form == Form::integer) {
        begin();
        integer(value);
    } else if constexpr (form == Form::enumeration) {
        put(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (form == Form::floating) {
        begin();
        raw(detail::NumberText<T>(value).view());
    } else if constexpr (form == Form::quantized) {
        put(value.value);
    } else if constexpr (form == Form::ranged) {
        put(value.at(value.index()));
    } else if constexpr (form == Form::bounded) {
        container(value.value, value.max);
    } else if constexpr (form == Form::named) {
        field(value.name, value.value);
    } else if constexpr (form == Form::base) {
        put(*value.base_ptr);
    } else if constexpr (is_structure(form)) {
        object([&] { detail::write_fields(*this, value); });
    } else if constexpr (form >= Form::string && form <= Form::map) {
        container(value, bound_of<T>);
    } else {
        compound(value);
    }
}

template <class C>
void JsonOut::container(const C& value, std::size_t bound) {
    constexpr Form form = form_of<C>();
    static_assert(form >= Form::string && form <= Form::map,
                  "tenon: bounded(c, max) takes a string or a container that grows");
    using Element = typename C::value_type;
    if (static_cast<std::size_t>(value.size()) > bound) return fail(Error::over_bound);
    if constexpr (form == Form::string && sizeof(Element) == 1) {
        begin();
        quoted({reinterpret_cast<const char*>(value.data()), value.size()});
    } else {
        nested([&] {
            array([&] {
                if constexpr (form == Form::map)
                    for (const auto& item : value)
                        object([&] {
                            field("key", item.first);
                            field("value", item.second);
                        });
                else if constexpr (form == Form::bool_list)
                    for (const bool bit : value) put(bit);
                else
                    for (const auto& element : value) put(element);
            });
        });
    }
}

template <class T>
void JsonOut::choice(const T& value) {
    using List = tenon::detail::alternatives<T>;
    const std::size_t index = value.index();
    // A variant that lost its value in an exception has none to send.
    if (index >= List::count) return fail(Error::malformed);
    field("index", static_cast<std::int32_t>(index));
    nested([&] {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (void)((I == index ? (field("data", *get_if<I>(&value)), true) : false) || ...);
        }
        (std::make_index_sequence<List::count>());
    });
}

template <class T>
void JsonOut::tuple(const T& value) {
    if constexpr (detail::PairLike<const T>) {
        field("first", value.first);
        field("second", value.second);
    } else {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (field(detail::NumberedName("tuple_element", I).c_str(), get<I>(value)), ...);
        }
        (std::make_index_sequence<std::tuple_size<T>::value>());
    }
}

// A number while it fits one, else the digits from the highest down.
template <class T>
void JsonOut::bitset(const T& value) {
    std::uint64_t low = 0;
    bool fits = true;
    for (std::size_t i = 0; i < value.size(); ++i)
        if (value.test(i)) {
            fits = fits && i < 64;
            low |= i < 64 ? std::uint64_t(1) << i : 0;
        }
    field("type", fits ? detail::BitsetData::number : detail::BitsetData::text);
    if (fits) return field("data", low);
    name_ = "data";
    begin();
    raw("\"");
    for (std::size_t i = value.size(); i-- > 0;) raw(value.test(i) ? "1" : "0");
    raw("\"");
}

template <class T>
void JsonOut::compound(const T& value) {
    constexpr Form form = form_of<T>();
    if constexpr (form == Form::pointer)
        return object([&] {
            name_ = "ptr_wrapper";
            object([&] {
                field("valid", static_cast<std::uint8_t>(value ? 1 : 0));
                if (value) nested([&] { field("data", *value); });
            });
        });
    object([&] {
        if constexpr (form == Form::array) {
            for (std::size_t i = 0; i < tenon::detail::array_size<T>; ++i) put(value[i]);
        } else if constexpr (form == Form::tuple) {
            tuple(value);
        } else if constexpr (form == Form::optional) {
            field("nullopt", !value.has_value());
            if (value.has_value()) nested([&] { field("data", *value); });
        } else if constexpr (form == Form::variant) {
            choice(value);
        } else if constexpr (form == Form::bitset) {
            bitset(value);
        } else if constexpr (form == Form::duration) {
            field("count", value.count());
        } else if constexpr (form == Form::time_point) {
            field("time_since_epoch", value.time_since_epoch());
        } else if constexpr (form == Form::complex) {
            field("real", value.real());
            field("imag", value.imag());
        }
    });
}

} // namespace tenon::codec
