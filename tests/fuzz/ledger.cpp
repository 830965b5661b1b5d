// A centre and a guest of a star, who hear from each other, and from anybody, whatever bytes: no crash, no
// memory beyond the bounds, and what is refused changes nothing.
//   input: (u8 what, u8 size, bytes)...; see `word`
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "tenon/room/ledger.hpp"

namespace {

using namespace tenon;

namespace word {
constexpr unsigned kinds = 8;
constexpr unsigned event = 0; // to the guest (what & 8) or the centre, as are the next two
constexpr unsigned report = 1;
constexpr unsigned start = 2;  // to the guest
constexpr unsigned say = 3;    // the centre or the guest files the bytes, and the other hears it
constexpr unsigned talk = 4;   // both report to each other
constexpr unsigned forget = 5; // the peer of the first byte
constexpr unsigned seat = 6;   // the same: present, or absent (what & 8)
constexpr unsigned swap = 7;   // the guest is the centre now, and the centre its guest
} // namespace word

constexpr std::size_t kept_max = 600;

void must(bool holds) {
    if (!holds) std::abort();
}

void hear(Ledger& ledger, BytesIn bytes) {
    const auto filed = Filed::read(bytes);
    if (!filed) return;
    std::byte room[Filed::head_bytes_max];
    ByteWriter out{BytesOut(room)};
    filed->write_head(out);
    must(out.ok() && out.position() + filed->payload.size() == bytes.size());
    must(std::equal(room, room + out.position(), bytes.begin()));
    const auto first = ledger.hear(*filed), second = ledger.hear(*filed);
    must(second != Ledger::Hearing::fresh);
    must((first == Ledger::Hearing::refused) == (second == Ledger::Hearing::refused));
}

void talk(Ledger& centre, Ledger& guest) {
    std::byte room[40];
    for (BytesIn report; !(report = guest.write_report(room)).empty();)
        (void)centre.hear_report(guest.self(), report);
    for (BytesIn told; !(told = centre.write_settled(guest.self(), room)).empty();)
        (void)guest.hear_settled(told, [&](const Filed& filed) { (void)centre.hear(filed); });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in({reinterpret_cast<const std::byte*>(data), size});
    Ledger one(kept_max), other(kept_max);
    Ledger *centre = &one, *guest = &other;
    one.begin(PeerId{0});
    other.begin(PeerId{1});
    one.preside();
    one.seat(PeerId{1}, true);
    while (in.left() != 0) {
        const unsigned what = in.u8(), wanted = in.u8();
        const BytesIn bytes = in.bytes(std::min<std::size_t>(wanted, in.left()));
        const PeerId peer{bytes.empty() ? 2 : std::to_integer<std::uint32_t>(bytes[0])};
        Ledger& reader = (what & 8) != 0 ? *guest : *centre;
        Ledger& writer = (what & 8) != 0 ? *centre : *guest;
        switch (what % word::kinds) {
            case word::event:
                hear(reader, bytes);
                break;
            case word::report:
                if (&reader == guest)
                    (void)reader.hear_settled(bytes, [](const Filed& filed) { must(filed.direct()); });
                else
                    (void)reader.hear_report(writer.self(), bytes);
                break;
            case word::start:
                (void)guest->adopt_start(bytes);
                break;
            case word::say: {
                const bool direct = (what & 16) != 0;
                const auto filed =
                    writer.file(direct ? reader.self() : PeerId::none(), MessageType{9}, bytes);
                if (filed) (void)reader.hear(*filed);
                break;
            }
            case word::talk:
                talk(*centre, *guest);
                break;
            case word::forget:
                centre->forget(peer);
                guest->forget(peer);
                break;
            case word::seat:
                (what & 8) != 0 ? centre->unseat(peer) : centre->seat(peer, (what & 16) != 0);
                break;
            case word::swap:
                std::swap(centre, guest);
                guest->follow();
                centre->preside();
                centre->seat(guest->self());
                if ((what & 8) != 0) centre->recovered();
                break;
        }
        must(one.bytes() <= kept_max && other.bytes() <= kept_max);
    }
    std::size_t bytes = 0;
    one.for_each_kept([&](const Filed& filed) { bytes += filed.payload.size(); });
    must(bytes <= kept_max);
    return 0;
}
