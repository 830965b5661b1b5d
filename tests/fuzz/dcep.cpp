// How a stranger opens a data channel: what is read is written as it came.
//   input: the message
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "tenon/transport/dcep.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tenon::transport::detail;
    const tenon::BytesIn bytes{reinterpret_cast<const std::byte*>(data), size};
    DcepOpen open;
    if (!open.read(bytes)) return 0;
    std::array<std::byte, DcepOpen::bytes_max> room{};
    const tenon::BytesIn again = open.write(room);
    if (is_dcep_ack(bytes) || (open.is_reliable() && open.is_unreliable()) ||
        !std::equal(bytes.begin(), bytes.end(), again.begin(), again.end()))
        std::abort();
    return 0;
}
