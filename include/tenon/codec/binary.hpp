#pragma once
// The codec that writes exactly what cereal's portable binary archive writes, for peers and tools that have
// cereal and not tenon. Sessions encode and decode with it. cereal's own archives believe every length they
// read, so these are ours; they need neither cereal nor exceptions.

#include <string_view>

#include "tenon/codec/binary_in.hpp"
#include "tenon/codec/binary_out.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/core/bytes.hpp"

namespace tenon::codec {

struct Binary {
    static constexpr std::string_view name = "binary";

    // too_large: `into` is too small. over_bound: a container holds more than its bound, or nests too deeply.
    template <class T>
    static Encoded encode(BytesOut into, const T& message) {
        BinaryOut archive(into);
        archive(message);
        return archive.finish();
    }

    // Takes either byte order, as cereal does. A ranged value outside its range is over_bound, a quantised
    // one is clamped. After an error the message is valid, and partly written.
    template <class T>
    static Decoded decode(BytesIn from, T& message) {
        BinaryIn archive(from);
        archive(message);
        return archive.finish();
    }
};

} // namespace tenon::codec
