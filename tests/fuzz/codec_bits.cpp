// A message in the Bits codec, from anyone. What decodes must encode again, and decode to the same bytes.
#include "tenon/codec/bits.hpp"

#include "codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return fuzz_codec<tenon::codec::Bits>(data, size);
}
