// A message in the Json codec, from anyone. What decodes must encode again, and decode to the same bytes.
#include "tenon/codec/json.hpp"

#include "codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return fuzz_codec<tenon::codec::Json>(data, size);
}
