#pragma once
// The default codec: a message as bits, in the order of its serialize, no more of them than its bounds and
// ranges need. Sessions encode and decode with it. It needs neither cereal nor exceptions, and checks every
// length before it allocates.
//
// A flag is a bit, a byte eight, a float whole. Wider integers and enums are a width and then so many bits,
// signed ones with their sign in the lowest; one that fills its type is cheaper as ranged(n, lo, hi), which
// takes exactly the bits of its range. Lengths are exact for bounds up to 63 and a width with its bits above.
// Nothing throws but a message's own containers when memory runs out.

#include <cstdint>
#include <string_view>

#include "tenon/codec/bits_in.hpp"
#include "tenon/codec/bits_out.hpp"
#include "tenon/codec/bits_size.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/core/bytes.hpp"

namespace tenon::codec {

struct Bits {
    static constexpr std::string_view name = "bits";

    // too_large: `into` is too small. over_bound: a container holds more than its bound, or nests too deeply.
    // A message is only read, though its serialize is called as if it were not const, as cereal does it.
    template <class T>
    static Encoded encode(BytesOut into, const T& message) {
        BitsOut archive(into);
        archive(message);
        return archive.finish();
    }

    // After an error the message is valid, and partly written. Containers and what they hold are used again,
    // so decoding into the same message seldom allocates.
    template <class T>
    static Decoded decode(BytesIn from, T& message) {
        BitsIn archive(from);
        archive(message);
        return archive.finish();
    }

    // The most bytes that a T can take; no_size_bound for a type that can hold itself.
    template <class T>
    static std::uint64_t max_bytes() {
        return codec::max_bytes<T>();
    }
};

} // namespace tenon::codec
