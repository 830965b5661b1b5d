// A compressed message, from anyone, with a dictionary and without. What decodes must encode again, and
// decode to the same bytes; and no message takes more than one byte above what it takes uncompressed.
#include "tenon/codec/bits.hpp"
#include "tenon/codec/compressed.hpp"

#include "codec.hpp"

namespace {

// Bytes that stand in messages like the sample; Zstandard takes any for a dictionary.
struct Words {
    static constexpr std::string_view text =
        "a \"quoted\" \\ line\nwith\ttabs, first third arrows bow in a variant here seven three gg wp one";
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using tenon::codec::Bits, tenon::codec::Compressed;
    fuzz_codec<Compressed<Bits>, true>(data, size);
    fuzz_codec<Compressed<Bits, Words>, true>(data, size);
    // And what honest ones hold, packed: the same bytes as an uncompressed message.
    rich::Rich message;
    const tenon::BytesIn input{reinterpret_cast<const std::byte*>(data), size};
    if (!Bits::decode(input, message)) return 0;
    static rich::Bytes packed(1 << 20), plain(1 << 20);
    const auto packed_bytes = Compressed<Bits, Words>::encode(packed, message);
    const auto plain_bytes = Bits::encode(plain, message);
    rich::Rich back;
    if (!packed_bytes || !plain_bytes || *packed_bytes > *plain_bytes + 1) std::abort();
    if (!Compressed<Bits, Words>::decode({packed.data(), *packed_bytes}, back)) std::abort();
    return 0;
}
