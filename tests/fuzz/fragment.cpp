// Parts of messages, in any order and of any content: what is read is written the same again, and a message
// that comes out whole holds the part that completed it.
//   input: (u8 size, fragment frame without its tag)...
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "tenon/link/fragments.hpp"

namespace {

constexpr std::size_t message_bytes_max = 5000;

void must(bool holds) {
    if (!holds) std::abort();
}

void check_rewritten(const tenon::Fragment& fragment, tenon::BytesIn frame) {
    must(fragment.count >= 2 && fragment.index < fragment.count);
    must(fragment.offset() + fragment.part.size() <= fragment.whole_bytes && !fragment.part.empty());
    std::array<std::byte, 512> again{};
    tenon::ByteWriter out(again);
    write_fragment_header(out, fragment);
    out.bytes(fragment.part);
    must(out.ok() && out.position() == frame.size() + 1 && again[0] == std::byte{tenon::frame::fragment});
    must(std::equal(frame.begin(), frame.end(), again.begin() + 1));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tenon::ByteReader in({reinterpret_cast<const std::byte*>(data), size});
    tenon::Fragments fragments;
    while (in.left() != 0) {
        const std::size_t wanted = in.u8();
        const tenon::BytesIn frame = in.bytes(std::min(wanted, in.left()));
        tenon::ByteReader once(frame), twice(frame);
        const auto fragment = tenon::read_fragment(once);
        if (fragment) check_rewritten(*fragment, frame);
        tenon::MessageType type;
        tenon::BytesIn payload;
        const auto whole = fragments.read(twice, message_bytes_max, type, payload);
        must(fragment || !whole);
        if (!whole || !*whole) continue;
        must(payload.size() <= message_bytes_max + 2);
        const std::size_t head = fragment->whole_bytes - payload.size(); // the type, in front of the payload
        must(head == tenon::varint_size(type.value));
        for (std::size_t i = 0; i < fragment->part.size(); ++i)
            if (const std::size_t at = fragment->offset() + i; at >= head)
                must(payload[at - head] == fragment->part[i]);
    }
    return 0;
}
