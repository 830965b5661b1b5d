// Packets of a link that are sealed under keys which turn soon, and then opened in any order, altered, under
// other numbers and again: what opens is what was sealed under this number, and no true packet is refused but
// for its age.
//   input: (u8 how, u8 which, u8 place, u8 change)...
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "tenon/secure/seal.hpp"
#include "tenon/wire/varint.hpp"

namespace {

using namespace tenon;
using namespace tenon::secure;

void must(bool holds) {
    if (!holds) std::abort();
}

constexpr SealLimits limits{.generation_bits = 2, .numbers_max = 200, .forged_max = 1000};
struct Packet {
    std::uint64_t number = 0;
    std::array<std::byte, 4> head{};
    std::array<std::byte, 16> body{}, plain{};
    std::array<std::byte, tag_bytes> tag{};
};
NoiseKeys keys(bool is_turned) {
    NoiseKeys keys;
    (is_turned ? keys.send : keys.receive).out()[0] = std::byte{1};
    return keys;
}
constexpr std::uint64_t generation(std::uint64_t number) { return number >> limits.generation_bits; }

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in({reinterpret_cast<const std::byte*>(data), size});
    const Cipher cipher =
        (in.u8() & 1) != 0 && AesGcm::available() ? Cipher::aes_256_gcm : Cipher::chacha20_poly1305;
    Seal ours(cipher, keys(false), limits), theirs(cipher, keys(true), limits);
    std::vector<Packet> packets;
    std::uint64_t next = 0, newest = 0; // and the generation that the other side has seen proved
    for (int steps = 0; in.left() != 0 && steps < 300; ++steps) {
        const std::uint8_t how = in.u8(), which = in.u8(), place = in.u8(), change = in.u8();
        if ((how & 3) == 0) {
            Packet packet;
            packet.number = which % 8 == 7 ? which : next + which % 8;
            packet.plain.fill(std::byte{change});
            packet.body = packet.plain;
            packet.head.fill(std::byte{place});
            const auto sealed = ours.seal(packet.number, 0, packet.head, packet.body, packet.tag);
            must(bool(sealed) || packet.body == packet.plain);
            must(!sealed || packet.number >= next);
            if (!sealed) continue;
            next = packet.number + 1;
            packets.push_back(packet);
            continue;
        }
        if (packets.empty()) continue;
        const Packet& said = packets[which % packets.size()];
        Packet packet = said;
        if ((how & 3) == 1) packet.number += change;
        if ((how & 3) == 2) {
            const std::size_t at = place % 36u;
            (at < 4    ? packet.head[at]
             : at < 20 ? packet.body[at - 4]
                       : packet.tag[at - 20]) ^= std::byte{change};
        }
        std::array<std::byte, 16> into{};
        const auto opened = theirs.open(packet.number, 0, packet.head, packet.body, packet.tag, into);
        const bool is_true = packet.number == said.number && packet.head == said.head &&
                             packet.body == said.body && packet.tag == said.tag;
        const std::uint64_t its = generation(packet.number);
        must(!opened || (is_true && into == said.plain));
        must(bool(opened) == (is_true && its + 1 >= newest && its <= newest + 1));
        if (opened && its > newest) newest = its;
    }
    return 0;
}
