// Two members of a room and a third, whose letters come in any order, altered, again and at others, and who
// begin links whenever they like: what is read was written by whom it says, to its reader, and is read once;
// no two keys of links are the same.
//   input: (u8 how, u8 which, u8 place, u8 change)...
#include <array>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <vector>

#include "tenon/secure/guard.hpp"
#include "tenon/secure/kin.hpp"

namespace {

using namespace tenon;
using namespace tenon::secure;
using Bytes = std::vector<std::byte>;

void must(bool holds) {
    if (!holds) std::abort();
}

// Made once: a pair of keys takes longer than all that is tried here.
Keyring& keyring_of(std::uint32_t number) {
    static std::array<Keyring, 3> all{Keyring::for_tests(1), Keyring::for_tests(2), Keyring::for_tests(3)};
    return all[number];
}
struct Member {
    Keyring& keyring;
    PeerId id;
    Kin kin;

    explicit Member(std::uint32_t number) : keyring(keyring_of(number)), id{number} {
        kin.begin(Guard(keyring), id, 77, 5);
    }
};
struct Letter {
    std::uint32_t from = 0, to = 0;
    Bytes bytes, said;
    bool is_read = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in({reinterpret_cast<const std::byte*>(data), size});
    std::array<Member, 3> members{Member(0), Member(1), Member(2)};
    for (Member& one : members)
        for (Member& other : members) (void)one.kin.introduce(other.id, other.keyring.identity().key());
    std::vector<Letter> letters;
    std::set<Bytes> keys;
    for (int steps = 0; in.left() != 0 && steps < 16; ++steps) {
        const std::uint8_t how = in.u8(), which = in.u8(), place = in.u8(), change = in.u8();
        Member& one = members[which % 3];
        const Member& other = members[(which % 3 + 1u + (which >> 2) % 2) % 3];
        const bool direct = (place & 1) != 0;
        const Epoch epoch{place & 3u, PeerId{0}};
        if (how % 4 == 0) {
            one.kin.begin_tie(other.id, direct, epoch);
        } else if (how % 4 == 1) { // a greeting of its own, or what the input says
            Greeting greeting;
            std::byte said[Greeting::bytes + 1] = {std::byte{1}};
            ByteWriter out(BytesOut(said).subspan(1));
            if (!one.kin.greet(other.id, direct, greeting)) greeting.key.bytes.fill(std::byte{change});
            greeting.write(out);
            if (change % 8 == 7) said[1 + place % Greeting::bytes] ^= std::byte{change};
            std::byte bytes[200];
            ByteWriter letter(bytes);
            one.kin.enclose(other.id, said, letter);
            must(letter.ok());
            letters.push_back({one.id.value, other.id.value, Bytes(bytes, bytes + letter.position()),
                               Bytes(said, said + sizeof said)});
        } else if (!letters.empty()) {
            Letter& letter = letters[place % letters.size()];
            Bytes bytes = letter.bytes;
            if (how % 4 == 3) bytes[change % bytes.size()] ^= std::byte{static_cast<std::uint8_t>(how | 1)};
            Member& reader = how % 8 < 4 ? members[letter.to] : one;
            std::byte desk[128];
            PeerId from;
            const auto body = reader.kin.open(bytes, desk, from);
            if (!body) continue;
            must(how % 4 != 3 && !letter.is_read && reader.id.value == letter.to &&
                 from.value == letter.from && Bytes(body->begin(), body->end()) == letter.said);
            letter.is_read = true;
            const auto greeting = Greeting::read(from, body->subspan(1));
            must(bool(greeting));
            LinkKey key;
            if (reader.kin.hear(*greeting, direct, reader.id > from, (change & 1) != 0, key) !=
                Tie::Step::met)
                continue;
            must(key.is_ready && key.peer == members[from.value].keyring.identity().key());
            const auto sends = (key.is_guest ? key.guest_sends : key.host_sends).bytes();
            must(keys.insert(Bytes(sends.begin(), sends.end())).second);
        }
    }
    return 0;
}
