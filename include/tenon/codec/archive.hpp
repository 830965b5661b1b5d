#pragma once
// What archives of different codecs have in common, whatever their bytes look like: how they meet a type's
// own serialize, and how they fill containers with what they read. `in` and `out` are the archives.

#include <cstddef>
#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/schema/form.hpp"

namespace tenon::codec::detail {

// The fields of a type that names them.
template <class In, class T>
void read_fields(In& in, T& value) {
    constexpr Form form = form_of<T>();
    if constexpr (form == Form::member_serialize)
        Access::serialize(in, value);
    else if constexpr (form == Form::member_split)
        Access::load(in, value);
    else if constexpr (form == Form::free_serialize)
        serialize(in, value);
    else
        load(in, value);
}
// serialize is one function for both ways, so it is seldom const; writing, it only reads.
template <class Out, class T>
void write_fields(Out& out, const T& value) {
    constexpr Form form = form_of<T>();
    if constexpr (form == Form::member_serialize)
        Access::serialize(out, const_cast<T&>(value));
    else if constexpr (form == Form::member_split)
        Access::save(out, value);
    else if constexpr (form == Form::free_serialize)
        serialize(out, const_cast<T&>(value));
    else
        save(out, value);
}

// Elements that stand are read into, so that what they own is used again. Where what is left to read does not
// vouch for the memory, the list grows only as its elements turn out to be there. `elements(to, count)` reads
// so many.
template <bool vouched, class In, class C, class Elements>
void read_list(In& in, C& value, std::size_t count, Elements&& elements) {
    std::size_t done = 0;
    if (value.size() > count) value.resize(count);
    while (done < count && in.ok()) {
        const std::size_t step = vouched ? count : done < 8 ? 16 : done * 2;
        const std::size_t upto = step < count ? step : count;
        if (value.size() < upto) value.resize(upto);
        elements(value.data() + done, upto - done);
        done = upto;
    }
    if (!in.ok()) value.clear();
}

// The same of a container whose elements don't lie in a row; `read(element)` reads one.
template <class In, class C, class Read>
void read_sequence(In& in, C& value, std::size_t count, Read&& read) {
    if (value.size() > count) value.resize(count);
    for (auto& element : value) read(element);
    while (value.size() < count && in.ok()) {
        value.emplace_back();
        read(value.back());
    }
    if (!in.ok()) value.clear();
}

// Sets and maps; the same key twice is malformed where a key is unique.
template <class In, class C, class Read>
void read_keyed(In& in, C& value, std::size_t count, Read&& read) {
    value.clear();
    for (std::size_t i = 0; i < count && in.ok(); ++i) {
        typename C::key_type key{};
        read(key);
        if constexpr (form_of<C>() == Form::map) {
            typename C::mapped_type mapped{};
            read(mapped);
            if (in.ok()) value.emplace(std::move(key), std::move(mapped));
        } else {
            if (in.ok()) value.insert(std::move(key));
        }
        if (in.ok() && value.size() != i + 1) in.fail(Error::malformed);
    }
}

} // namespace tenon::codec::detail
