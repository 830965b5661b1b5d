// expect: Codec lacks: static constexpr std::string_view name
#include "tenon/codec/concept.hpp"

struct Mine {
#ifndef SHOULD_FAIL
    static constexpr std::string_view name = "mine";
#endif
    template <class T>
    static tenon::Encoded encode(tenon::BytesOut, const T&) {
        return std::size_t(0);
    }
    template <class T>
    static tenon::Decoded decode(tenon::BytesIn, T&) {
        return {};
    }
};

static_assert(sizeof(tenon::CheckCodec<Mine>) > 0);
