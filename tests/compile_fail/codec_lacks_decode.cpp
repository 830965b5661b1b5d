// expect: Codec lacks: static Decoded decode(BytesIn, Message&)
#include "tenon/codec/concept.hpp"

struct Mine {
    static constexpr std::string_view name = "mine";
    template <class T>
    static tenon::Encoded encode(tenon::BytesOut, const T&) {
        return std::size_t(0);
    }
#ifndef SHOULD_FAIL
    template <class T>
    static tenon::Decoded decode(tenon::BytesIn, T&) {
        return {};
    }
#endif
};

static_assert(sizeof(tenon::CheckCodec<Mine>) > 0);
