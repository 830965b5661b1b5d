#pragma once
// The archive that a message's serialize meets when Json decodes it. It goes as deep as the type goes, never
// as deep as the text, and grows containers one element at a time up to their bound.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/codec/archive.hpp"
#include "tenon/codec/bits_size.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/codec/json_out.hpp"
#include "tenon/codec/json_scan.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/swap.hpp"
#include "tenon/schema/form.hpp"

namespace tenon::codec {

class JsonIn {
  public:
    using is_loading = std::true_type;
    using is_saving = std::false_type;

    explicit JsonIn(BytesIn from) : scan_(from) { node_.fields = scan_.enter_object(); }

    template <class... Args>
    JsonIn& operator()(Args&&... args) {
        (get_from(args), ...);
        return *this;
    }
    template <class T>
    JsonIn& operator&(T&& value) {
        get_from(value);
        return *this;
    }
    template <class T>
    void field(const char* name, T& value) {
        name_ = name;
        get_from(value);
    }
    bool has_field(const char* name) { return scan_.has_field(node_.fields, name); }
    // each(std::string_view) for the characters of a text.
    template <class F>
    void text_field(const char* name, F&& each) {
        name_ = name;
        value([&] { scan_.string(each); });
    }

    // The first error stays, and everything read after it is zero or empty.
    void fail(Error error) { scan_.fail(error); }
    bool ok() const { return scan_.ok(); }
    Decoded finish() {
        scan_.leave_object(node_.fields);
        if (ok() && !scan_.at_end()) fail(Error::trailing_bytes);
        return scan_.error();
    }

  private:
    struct Node {
        JsonScan::Fields fields;
        std::size_t unnamed = 0;
        bool is_array = false;
    };

    template <class T>
    void read(T& to);
    template <class T>
    void limited(const T& wrapper);
    template <class C>
    void container(C& to, std::size_t bound);
    template <class C>
    void string(C& to, std::size_t bound);
    template <class C>
    void list(C& to, std::size_t bound);
    template <class C>
    void keyed(C& to, std::size_t bound);
    template <class T>
    void choice(T& to);
    template <class T>
    void compound(T& to);
    template <class T>
    void tuple(T& to);
    template <class T>
    void bitset(T& to);

    // Wrappers may come as const temporaries; they refer to the field.
    template <class T>
    void get_from(T& value) {
        constexpr Form form = form_of<T>();
        constexpr bool is_wrapper = (form >= Form::quantized && form <= Form::base);
        static_assert(is_wrapper || !std::is_const_v<T>,
                      "tenon: a message's serialize or load reads into a const field");
        read(const_cast<std::remove_cv_t<T>&>(value));
    }
    // f where a value stands: in an object the one with the next name.
    template <class F>
    void value(F&& f) {
        const char* name = replaced(name_, nullptr);
        if (node_.is_array) return f();
        if (name)
            scan_.field(node_.fields, name, false);
        else
            scan_.field(node_.fields, detail::NumberedName("value", node_.unnamed++).c_str(), true);
        if (!ok()) return;
        f();
        scan_.after_field(node_.fields);
    }
    template <class F>
    void object(F&& inside) {
        value([&] {
            const Node outer = replaced(node_, Node{scan_.enter_object(), 0, false});
            inside();
            scan_.leave_object(node_.fields);
            node_ = outer;
        });
    }
    // each(i) for every element; gives their number.
    template <class F>
    std::size_t array(std::size_t bound, F&& each) {
        std::size_t count = 0;
        value([&] {
            scan_.expect('[');
            if (scan_.take(']')) return;
            const Node outer = replaced(node_, Node{{}, 0, true});
            do {
                if (count == bound) fail(Error::over_bound);
                if (ok()) each(count);
                count += ok();
            } while (scan_.take(','));
            scan_.expect(']');
            node_ = outer;
        });
        return count;
    }
    template <class F>
    void nested(F&& inside) {
        if (++depth_ > nesting_max)
            fail(Error::over_bound);
        else
            inside();
        --depth_;
    }

    JsonScan scan_;
    const char* name_ = nullptr; // of the next value
    Node node_;
    unsigned depth_ = 0;
};

template <class T>
void JsonIn::read(T& to) {
    constexpr Form form = form_of<T>();
    static_assert(
        form != Form::unsupported,
        "tenon: a field's type can't be sent: give it template <class Archive> void serialize(Archive& ar) "
        "{ ar(its, fields); }");
    if constexpr (form == Form::boolean) {
        to = false;
        value([&] { to = scan_.boolean(); });
    } else if constexpr (form == Form::integer) {
        to = 0;
        value([&] { to = scan_.integer<T>(); });
    } else if constexpr (form == Form::enumeration) {
        std::underlying_type_t<T> number{};
        read(number);
        to = static_cast<T>(number);
    } else if constexpr (form == Form::floating) {
        to = 0;
        value([&] { to = scan_.floating<T>(); });
    } else if constexpr (form == Form::quantized || form == Form::ranged) {
        limited(to);
    } else if constexpr (form == Form::bounded) {
        container(tenon::detail::strip(to.value), to.max);
    } else if constexpr (form == Form::named) {
        name_ = to.name;
        get_from(to.value);
    } else if constexpr (form == Form::base) {
        get_from(*to.base_ptr);
    } else if constexpr (is_structure(form)) {
        object([&] { detail::read_fields(*this, to); });
    } else if constexpr (form >= Form::string && form <= Form::map) {
        container(to, bound_of<T>);
    } else {
        compound(to);
    }
}

// The field is plain in the text, and is made to keep what its wrapper promises.
template <class T>
void JsonIn::limited(const T& wrapper) {
    auto& to = tenon::detail::strip(wrapper.value);
    read(to);
    if constexpr (form_of<T>() == Form::quantized) {
        wrapper.clamp();
    } else if (!wrapper.holds()) {
        fail(Error::over_bound);
        to = wrapper.lo;
    }
}

template <class C>
void JsonIn::container(C& to, std::size_t bound) {
    constexpr Form form = form_of<C>();
    static_assert(form >= Form::string && form <= Form::map,
                  "tenon: bounded(c, max) takes a string or a container that grows");
    // A container of fixed capacity bounds itself.
    const auto capacity = static_cast<std::size_t>(to.max_size());
    bound = bound < capacity ? bound : capacity;
    if constexpr (form == Form::string && sizeof(typename C::value_type) == 1)
        string(to, bound);
    else if constexpr (form == Form::set || form == Form::map)
        nested([&] { keyed(to, bound); });
    else
        nested([&] { list(to, bound); });
}

// Read twice: to learn its size before it takes memory, and to fill it.
template <class C>
void JsonIn::string(C& to, std::size_t bound) {
    to.clear();
    value([&] {
        const JsonScan start = scan_;
        std::size_t size = 0;
        scan_.string([&](std::string_view piece) { size += piece.size(); });
        if (ok() && size > bound) fail(Error::over_bound);
        if (!ok()) return;
        to.resize(size);
        scan_ = start;
        char* at = reinterpret_cast<char*>(to.data());
        scan_.string([&](std::string_view piece) {
            std::memcpy(at, piece.data(), piece.size());
            at += piece.size();
        });
    });
}

// Elements that stand are read into, so that what they own is used again.
template <class C>
void JsonIn::list(C& to, std::size_t bound) {
    constexpr Form form = form_of<C>();
    if constexpr (form == Form::sequence) {
        auto at = to.begin();
        const std::size_t count = array(bound, [&](std::size_t) {
            if (at == to.end()) at = to.insert(at, typename C::value_type());
            read(*at);
            ++at;
        });
        to.resize(count);
    } else {
        const std::size_t count = array(bound, [&](std::size_t i) {
            if (i == to.size()) to.resize(i + 1);
            if constexpr (form == Form::bool_list) {
                bool bit = false;
                read(bit);
                to[i] = bit;
            } else {
                read(to[i]);
            }
        });
        to.resize(count);
    }
}

// Sets and maps; the same key twice is malformed where a key is unique.
template <class C>
void JsonIn::keyed(C& to, std::size_t bound) {
    to.clear();
    array(bound, [&](std::size_t i) {
        typename C::key_type key{};
        if constexpr (form_of<C>() == Form::map) {
            typename C::mapped_type mapped{};
            object([&] {
                field("key", key);
                field("value", mapped);
            });
            if (ok()) to.emplace(std::move(key), std::move(mapped));
        } else {
            read(key);
            if (ok()) to.insert(std::move(key));
        }
        if (ok() && to.size() != i + 1) fail(Error::malformed);
    });
}

template <class T>
void JsonIn::choice(T& to) {
    using List = tenon::detail::alternatives<T>;
    std::uint32_t chosen = 0;
    field("index", chosen);
    if (chosen >= List::count) fail(Error::malformed);
    if (!ok()) return;
    nested([&] {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            const auto one = [&](auto at) {
                if (to.index() != at()) to.template emplace<at()>();
                field("data", *get_if<at()>(&to));
                return true;
            };
            (void)((I == chosen && one(std::integral_constant<std::size_t, I>())) || ...);
        }
        (std::make_index_sequence<List::count>());
    });
}

template <class T>
void JsonIn::tuple(T& to) {
    if constexpr (detail::PairLike<T>) {
        field("first", tenon::detail::strip(to.first));
        field("second", tenon::detail::strip(to.second));
    } else {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (field(detail::NumberedName("tuple_element", I).c_str(), tenon::detail::strip(get<I>(to))), ...);
        }
        (std::make_index_sequence<std::tuple_size<T>::value>());
    }
}

template <class T>
void JsonIn::bitset(T& to) {
    auto kind = detail::BitsetData::number;
    field("type", kind);
    to.reset();
    if (kind > detail::BitsetData::text) return fail(Error::malformed);
    if (kind != detail::BitsetData::text) {
        std::uint64_t low = 0;
        field("data", low);
        for (std::size_t i = 0; i < to.size() && i < 64; ++i) to.set(i, (low >> i & 1) != 0);
        if (to.size() < 64 && low >> to.size() != 0) fail(Error::over_bound);
        return;
    }
    std::size_t left = to.size();
    text_field("data", [&](std::string_view piece) {
        if (left == 0) return fail(Error::over_bound);
        if (piece != "0" && piece != "1") return fail(Error::malformed);
        to.set(--left, piece == "1");
    });
    if (left != 0) fail(Error::malformed);
}

template <class T>
void JsonIn::compound(T& to) {
    constexpr Form form = form_of<T>();
    object([&] {
        if constexpr (form == Form::array) {
            for (std::size_t i = 0; i < tenon::detail::array_size<T>; ++i) read(to[i]);
        } else if constexpr (form == Form::tuple) {
            tuple(to);
        } else if constexpr (form == Form::optional) {
            bool is_absent = true;
            field("nullopt", is_absent);
            if (is_absent || !ok()) return to.reset();
            if (!to.has_value()) to.emplace();
            nested([&] { field("data", *to); });
        } else if constexpr (form == Form::pointer) {
            name_ = "ptr_wrapper";
            object([&] {
                std::uint8_t is_valid = 0;
                field("valid", is_valid);
                if (is_valid > 1) fail(Error::malformed);
                if (is_valid == 0 || !ok()) return to.reset();
                if (!to) to.reset(new typename T::element_type());
                nested([&] { field("data", *to); });
            });
        } else if constexpr (form == Form::variant) {
            choice(to);
        } else if constexpr (form == Form::bitset) {
            bitset(to);
        } else if constexpr (form == Form::duration) {
            typename T::rep ticks{};
            field("count", ticks);
            to = T(ticks);
        } else if constexpr (form == Form::time_point) {
            typename T::duration since{};
            field("time_since_epoch", since);
            to = T(since);
        } else if constexpr (form == Form::complex) {
            typename T::value_type real{}, imag{};
            field("real", real);
            field("imag", imag);
            to = T(real, imag);
        }
    });
}

} // namespace tenon::codec
