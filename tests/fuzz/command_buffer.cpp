// Commands of any number at any time: each is played at most once, one a tick, in rising order, and what is
// kept of them is bounded.
//   input: (u8 what, u32 number)...; see below
#include <cstdint>
#include <cstdlib>

#include "tenon/core/bytes.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/replica/command_buffer.hpp"
#include "tenon/wire/varint.hpp"

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using Buffer = tenon::CommandBuffer<std::uint32_t>;
    Buffer buffer({.tick = tenon::milliseconds(10), .calm = tenon::milliseconds(100)});
    tenon::Instant now{1'000'000'000};
    tenon::ByteReader in({reinterpret_cast<const std::byte*>(data), size});
    std::uint32_t near = 1;
    bool any = false;
    while (in.left() != 0) {
        const std::uint8_t what = in.u8();
        now += tenon::milliseconds(what >> 4);
        // Any number at all, or one that is about due.
        const std::uint32_t number = what & 1 ? in.u32() : near + what % 16u;
        if (what & 2) (void)buffer.push(now, number, number);
        must(buffer.size() <= Buffer::window);
        if ((what & 4) == 0) continue;
        for (unsigned due = buffer.due(); due-- > 0;) {
            const std::uint32_t before = buffer.applied();
            const auto played = buffer.take(now);
            if (played.kind == Buffer::Kind::fresh) {
                must(*played.order == played.number);
                must(!any || tenon::newer(played.number, before) || played.number == before);
                must(buffer.applied() == played.number);
                near = played.number;
                any = true;
            }
            must(!played || played.order != nullptr);
        }
        tenon::Duration early;
        (void)buffer.early(early);
    }
    const auto& figures = buffer.figures();
    must(figures.played <= size);
    return 0;
}
