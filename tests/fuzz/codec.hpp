#pragma once
// What the codecs' fuzz targets share: the message, and what must hold of one that decodes.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "../codec/rich.hpp"

// A hash map's order is not the same twice: `order_shows` when the same in another order may take more bytes.
template <class Codec, bool order_shows = false>
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
    const bool is_ordered = first.places.size() <= 1;
    if (!size_twice || (*size_twice != *size_once && (is_ordered || !order_shows))) std::abort();
    if (!is_ordered) return 0;
    if (!std::equal(once.data(), once.data() + *size_once, twice.data())) std::abort();
    return 0;
}
