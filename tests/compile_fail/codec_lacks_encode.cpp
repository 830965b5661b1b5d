// expect: Codec lacks: static Encoded encode(BytesOut, const Message&)
#include "tenon/codec/concept.hpp"

struct Mine {
    static constexpr std::string_view name = "mine";
#ifndef SHOULD_FAIL
    template <class T>
    static tenon::Encoded encode(tenon::BytesOut, const T&) {
        return std::size_t(0);
    }
#endif
    template <class T>
    static tenon::Decoded decode(tenon::BytesIn, T&) {
        return {};
    }
};

static_assert(sizeof(tenon::CheckCodec<Mine>) > 0);
