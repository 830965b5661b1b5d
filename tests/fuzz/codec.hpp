#pragma once
// What the codecs' fuzz targets share: the message, and what must hold of one that decodes.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "../codec/rich.hpp"

template <class Codec>
int fuzz_codec(const std::uint8_t* data, std::size_t size) {
    const tenon::BytesIn input{reinterpret_cast<const std::byte*>(data), size};
    rich::Rich first;
    if (!Codec::decode(input, first)) return 0;
    static rich::Bytes once(1 << 20), twice(1 << 20);
    const auto size_once = Codec::encode(once, first);
    if (!size_once) std::abort();
    rich::Rich second = rich::sample(); // which must not show through
    if (!Codec::decode({once.data(), *size_once}, second)) std::abort();
    const auto size_twice = Codec::encode(twice, second);
    if (!size_twice || *size_twice != *size_once) std::abort();
    if (first.places.size() > 1) return 0; // a hash map's order is not the same twice
    if (!std::equal(once.data(), once.data() + *size_once, twice.data())) std::abort();
    return 0;
}
