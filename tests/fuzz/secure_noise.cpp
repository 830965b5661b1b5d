// A handshake in any order of steps, with messages true, altered, reflected and made up: each side only ever
// hears what the other has said, and when both have met, they hold the same keys.
//   input: u8 pattern, then (u8 step, u8 size, bytes)...; see `step`
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tenon/secure/noise.hpp"
#include "tenon/wire/varint.hpp"

namespace {

using namespace tenon;
using namespace tenon::secure;
using Bytes = std::vector<std::byte>;

void must(bool holds) {
    if (!holds) std::abort();
}
Secret<32> seed(std::uint8_t number) {
    Secret<32> made;
    made.out()[0] = std::byte{number};
    return made;
}

namespace step {
constexpr std::uint8_t what =
    0x03; // the client writes, the server writes, the client hears, the server hears
constexpr std::uint8_t made_up = 0x04; // the input itself instead of what was said
constexpr std::uint8_t altered = 0x08; // what was said, with the input added to its front
constexpr std::uint8_t at_end = 0x10;  // or to its end
constexpr std::uint8_t turned = 0x20;  // one's own message
} // namespace step

Bytes message(std::uint8_t which, BytesIn input, const Bytes& theirs, const Bytes& own) {
    if ((which & step::made_up) != 0) return {input.begin(), input.end()};
    Bytes said = (which & step::turned) != 0 ? own : theirs;
    if ((which & step::altered) == 0) return said;
    for (std::size_t i = 0; i < input.size() && i < said.size(); ++i)
        said[(which & step::at_end) != 0 ? said.size() - 1 - i : i] ^= input[i];
    if (input.empty() && !said.empty()) said.pop_back();
    return said;
}

struct Meeting {
    explicit Meeting(NoisePattern pattern)
        : server_keys(exchange_keys(seed(1))),
          client(pattern, bytes_of("fuzz"), server_keys.key, exchange_keys(seed(2)), exchange_keys(seed(3))),
          server(pattern, bytes_of("fuzz"), server_keys.copy(), exchange_keys(seed(4))) {}

    template <class Side>
    static void write(Side& side, Bytes& said, BytesIn input) {
        Bytes into(input.size() + 120);
        const auto size = side.write(into, input);
        if (!size) return;
        must(*size <= into.size());
        said.assign(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(*size));
    }
    template <class Side>
    static void hear(Side& side, const Bytes& bytes, const Bytes& theirs) {
        Bytes into(bytes.size());
        const auto size = side.read(bytes, into);
        if (!size) return;
        must(bytes == theirs && *size + noise_second_bytes() <= bytes.size());
    }
    void check() {
        if (!client.is_met()) return;
        must(server.is_met());
        const NoiseKeys ours = client.finish(), theirs = server.finish();
        must(ours.send == theirs.receive && ours.receive == theirs.send && ours.hash == theirs.hash);
    }

    ExchangeKeys server_keys;
    NoiseInitiator client;
    NoiseResponder server;
    Bytes client_said, server_said;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in({reinterpret_cast<const std::byte*>(data), size});
    Meeting meeting((in.u8() & 1) != 0 ? NoisePattern::ik : NoisePattern::nk);
    for (int steps = 0; in.left() != 0 && steps < 40; ++steps) {
        const std::uint8_t which = in.u8(), wanted = in.u8();
        const BytesIn input = in.bytes(std::min<std::size_t>(wanted, in.left()));
        Bytes& ours = meeting.client_said;
        Bytes& theirs = meeting.server_said;
        switch (which & step::what) {
            case 0:
                Meeting::write(meeting.client, ours, input);
                break;
            case 1:
                Meeting::write(meeting.server, theirs, input);
                break;
            case 2:
                Meeting::hear(meeting.client, message(which, input, theirs, ours), theirs);
                break;
            default:
                Meeting::hear(meeting.server, message(which, input, ours, theirs), ours);
                break;
        }
    }
    meeting.check();
    return 0;
}
