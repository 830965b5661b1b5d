#pragma once
// Compressed<C, Dictionary>: what another codec wrote, in the fewer bytes that Zstandard finds, above all
// with a dictionary trained from messages of the game. A session takes it like any codec. Needs libzstd, and
// is not in tenon.hpp.
//
// A type that can't be large goes as it is. Others begin with one number: 0, and then what the inner codec
// wrote; or how long that is, twice, plus one if the headers of Zstandard's blocks are in what follows.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "tenon/codec/concept.hpp"
#include "tenon/codec/zstd.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/type_name.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::codec {

// Types of messages, as in `using plain = Kinds<Ship, Shot>`.
template <class... T>
struct Kinds {
    template <class U>
    static constexpr bool has = (std::is_same_v<T, U> || ...);
    static constexpr std::uint64_t hash() {
        std::uint64_t all = 0;
        ((all = all * 31 + stable_id(type_name<T>())), ...);
        return all;
    }
};

// What a dictionary is: `text`, the bytes of one that was trained (examples/train_dictionary writes the
// header; its hash is made while compiling, so 32 KiB are the most), and, where some kinds of messages don't
// get smaller, `plain`, the Kinds that go as they are. Both are in the codec's name, so that two sides with
// different ones don't meet.
struct NoDictionary {
    static constexpr std::string_view text{};
};

namespace detail {

template <class D>
constexpr std::uint64_t dictionary_hash() {
    std::uint64_t hash = std::string_view(D::text).empty() ? 0 : stable_id(D::text);
    if constexpr (requires { typename D::plain; }) hash ^= D::plain::hash() | 1;
    return hash;
}

// "bits+zstd", and the hash of the dictionary in hexadecimal where there is one.
template <class C, class D>
struct CompressedName {
    static constexpr std::string_view inner = C::name, suffix = "+zstd";
    static constexpr std::uint64_t hash = dictionary_hash<D>();
    static constexpr std::size_t size = inner.size() + suffix.size() + (hash != 0 ? 17 : 0);
    static constexpr std::array<char, size> text = [] {
        std::array<char, size> out{};
        std::size_t at = 0;
        for (const char c : inner) out[at++] = c;
        for (const char c : suffix) out[at++] = c;
        if (hash != 0) out[at++] = '-';
        for (int shift = 60; hash != 0 && shift >= 0; shift -= 4)
            out[at++] = "0123456789abcdef"[hash >> shift & 15];
        return out;
    }();
};

} // namespace detail

template <class Inner, class Dictionary = NoDictionary>
struct Compressed {
    static constexpr std::string_view name{detail::CompressedName<Inner, Dictionary>::text.data(),
                                           detail::CompressedName<Inner, Dictionary>::size};

    // Shorter ones are not worth the try; a type that is never longer carries no mark.
    static constexpr std::size_t least_bytes = 32;
    // Longer ones are not packed, and a packed one that claims to be longer is not unpacked.
    static constexpr std::size_t plain_bytes_max = 1u << 20;

    // Never more than one byte longer than the inner codec's. The first messages of a thread allocate what
    // it packs with, and later ones only when they are longer than any before.
    template <class T>
    static Encoded encode(BytesOut into, const T& message) {
        if (!is_marked<T>()) return Inner::encode(into, message);
        if (into.empty()) return Error::too_large;
        const Encoded direct = Inner::encode(into.subspan(1), message);
        if (!direct && direct.error() != Error::too_large) return direct;
        BytesIn plain;
        if (direct) {
            into[0] = std::byte{0};
            plain = into.subspan(1, *direct);
        } else if (const Encoded aside = encode_aside(message)) {
            plain = ZstdContext::of_this_thread().plain(*aside);
        } else {
            return aside;
        }
        if (const std::size_t size = pack(into, plain)) return size;
        return direct ? Encoded(*direct + 1) : Encoded(Error::too_large);
    }

    // The size that a message claims is compared with the most that its type can take before anything is
    // made of it.
    template <class T>
    static Decoded decode(BytesIn from, T& message) {
        if (!is_marked<T>()) return Inner::decode(from, message);
        if (from.empty()) return Error::truncated;
        ByteReader reader(from);
        const std::uint64_t mark = reader.varint(), plain_bytes = mark >> 1;
        if (!reader.ok()) return Error::malformed;
        if (mark == 0) return Inner::decode(reader.rest(), message);
        if (plain_bytes > plain_bytes_max || plain_bytes > inner_max<T>()) return Error::over_bound;
        if (plain_bytes < least_bytes || from.size() > plain_bytes || reader.left() == 0)
            return Error::malformed; // it would have gone as it is
        const ZstdDictionary* const with = dictionary();
        if (has_dictionary && with == nullptr) return Error::malformed;
        const BytesIn plain = ZstdContext::of_this_thread().unpack(
            {reader.rest(), (mark & 1) != 0}, static_cast<std::size_t>(plain_bytes), with);
        if (plain.empty()) return Error::malformed;
        return Inner::decode(plain, message);
    }

    // The most bytes that a T can take.
    template <class T>
    static std::uint64_t max_bytes() requires requires {
        Inner::template max_bytes<T>();
    }
    {
        const std::uint64_t inner = Inner::template max_bytes<T>();
        return is_marked<T>() && inner != UINT64_MAX ? inner + 1 : inner;
    }

  private:
    static constexpr bool has_dictionary = !std::string_view(Dictionary::text).empty();

    template <class T>
    static std::uint64_t inner_max() {
        if constexpr (requires { Inner::template max_bytes<T>(); })
            return Inner::template max_bytes<T>();
        else
            return UINT64_MAX;
    }
    // The same on both sides, since it follows from the type and the dictionary.
    template <class T>
    static bool is_marked() {
        if constexpr (requires { typename Dictionary::plain; })
            if constexpr (Dictionary::plain::template has<T>) return false;
        return inner_max<T>() >= least_bytes;
    }
    static const ZstdDictionary* dictionary() {
        if constexpr (has_dictionary) {
            static const ZstdDictionary ready(bytes_of(Dictionary::text));
            return ready.ok() ? &ready : nullptr;
        } else {
            return nullptr;
        }
    }
    // What fits only when it is packed is written into the thread's buffer first.
    template <class T>
    static Encoded encode_aside(const T& message) {
        Encoded aside = Error::too_large;
        for (std::size_t size = 4096; size <= plain_bytes_max; size *= 4) {
            aside = Inner::encode(ZstdContext::of_this_thread().plain(size), message);
            if (aside || aside.error() != Error::too_large) break;
        }
        return aside;
    }
    // The bytes written, 0 when that would not be fewer or not fit. `plain` may lie in `into`.
    static std::size_t pack(BytesOut into, BytesIn plain) {
        if (plain.size() < least_bytes || plain.size() > plain_bytes_max) return 0;
        const ZstdDictionary* const with = dictionary();
        if (has_dictionary && with == nullptr) return 0;
        const ZstdPacked packed = ZstdContext::of_this_thread().pack(plain, with);
        const std::uint64_t mark = std::uint64_t(plain.size()) << 1 | (packed.has_block_heads ? 1 : 0);
        const std::size_t size = varint_size(mark) + packed.bytes.size();
        if (packed.bytes.empty() || size > plain.size() || size > into.size()) return 0;
        ByteWriter writer(into);
        writer.varint(mark);
        writer.bytes(packed.bytes);
        return writer.position();
    }
};

} // namespace tenon::codec
