#pragma once
// What a codec is: values to bytes and back, with an error for any malformed input and never an exception
// outwards.

#include <concepts>
#include <cstddef>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"

namespace tenon {

// Bytes written, or why nothing was (too_large: the buffer is too small).
using Encoded = Result<std::size_t>;
// Nothing, or what is wrong with the bytes.
using Decoded = Result<void>;

namespace detail {
// The least message a codec must be able to carry.
struct Probe {
    int a = 0;
    float b = 0;
    template <class Archive>
    void serialize(Archive& ar) {
        ar(a, b);
    }
};
} // namespace detail

template <class C>
concept HasEncode = requires(BytesOut out, const detail::Probe& m) {
    { C::encode(out, m) } -> std::same_as<Encoded>;
};
template <class C>
concept HasDecode = requires(BytesIn in, detail::Probe& m) {
    { C::decode(in, m) } -> std::same_as<Decoded>;
};
template <class C>
concept HasCodecName = requires {
    { C::name } -> std::convertible_to<std::string_view>;
};

template <class C>
concept CodecPolicy = HasEncode<C> && HasDecode<C> && HasCodecName<C>;

template <class C>
struct CheckCodec {
    static_assert(HasCodecName<C>, "Codec lacks: static constexpr std::string_view name");
    static_assert(HasEncode<C>, "Codec lacks: static Encoded encode(BytesOut, const Message&)");
    static_assert(HasDecode<C>, "Codec lacks: static Decoded decode(BytesIn, Message&)");
    static constexpr bool ok = CodecPolicy<C>;
};

} // namespace tenon
