// Frames behind their length, as they come over TCP, in pieces of any size: the same as in one go, none empty
// or beyond the limit; and written again they are the same bytes.
//   input: u8 size of the pieces, then frames
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tenon/transport/tcp.hpp"

namespace {

using namespace tenon;
using namespace tenon::transport;
using What = detail::FrameRead::What;

void must(bool holds) {
    if (!holds) std::abort();
}

struct Heard {
    std::vector<std::string> frames;
    Error over = Error::none;
};
Heard hear(BytesIn bytes, std::size_t piece) {
    detail::LengthFraming framing;
    detail::ByteQueue in, out;
    Heard heard;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        must(in.append(bytes.subspan(at, bytes.size() - at < piece ? bytes.size() - at : piece)));
        for (;;) {
            const auto read = framing.read(in, out);
            if (read.what == What::over) return heard.over = read.error, heard;
            if (read.what == What::more) break;
            must(!read.bytes.empty() && read.bytes.size() <= detail::frame_max && read.used <= in.size());
            heard.frames.emplace_back(text_of(read.bytes));
            in.take(read.used);
        }
    }
    return heard;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesIn bytes{reinterpret_cast<const std::byte*>(data) + 1, size - 1};
    const Heard once = hear(bytes, size), pieces = hear(bytes, data[0] % 64u + 1);
    must(once.frames == pieces.frames && once.over == pieces.over);
    detail::LengthFraming framing;
    detail::ByteQueue again;
    for (const std::string& frame : once.frames) must(framing.write(again, bytes_of(frame)));
    must(again.size() <= bytes.size() && text_of(again.front()) == text_of(bytes.first(again.size())));
    return 0;
}
