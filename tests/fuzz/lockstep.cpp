// A host and a guest in lockstep, and what they say to each other is mutated on its way: no crash, no memory
// beyond the bounds, and the host plays on with itself. What is refused ends the run, as it ends the link.
//   input: steps (u8 what, u8 a, u8 b); see `step`
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "../room/lockstep_pair.hpp"

namespace {

using namespace pair_of;

namespace step {
constexpr unsigned kinds = 8;
constexpr unsigned turn = 0;   // a % 32 turns
constexpr unsigned lose = 1;   // the next word to the guest (b odd) or the host
constexpr unsigned flip = 2;   // bit b / 2 % 8 of its byte a
constexpr unsigned set = 3;    // its byte a becomes b
constexpr unsigned cut = 4;    // it ends after a bytes
constexpr unsigned insert = 5; // a byte b at a
constexpr unsigned twice = 6;  // it comes twice
constexpr unsigned resync = 7; // the host gives the state anew
} // namespace step

void must(bool holds) {
    if (!holds) std::abort();
}

struct Change {
    bool set = false;
    unsigned what = 0, a = 0, b = 0;
};

bool change(Change& change, bool to_guest, std::vector<std::byte>& word, Pair<>& pair) {
    if (!change.set || to_guest != (change.b % 2 == 1) || word.empty()) return true;
    change.set = false;
    const std::size_t at = change.a % word.size();
    switch (change.what) {
        case step::lose:
            return false;
        case step::flip:
            word[at] ^= static_cast<std::byte>(1u << (change.b / 2 % 8));
            break;
        case step::set:
            word[at] = static_cast<std::byte>(change.b);
            break;
        case step::cut:
            word.resize(at);
            break;
        case step::insert:
            word.insert(word.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::byte>(change.b));
            break;
        case step::twice:
            pair.hear(to_guest, word);
            break;
    }
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Pair<> pair;
    Change pending;
    int turns = 0;
    for (std::size_t i = 0; i + 2 < size && turns < 600; i += 3) {
        const unsigned what = data[i] % step::kinds, a = data[i + 1], b = data[i + 2];
        if (what == step::turn) {
            for (unsigned n = 0; n <= a % 32 && turns < 600; ++n, ++turns) {
                pair.turn([&](bool to_guest, std::vector<std::byte>& word) {
                    return change(pending, to_guest, word, pair);
                });
                // A state that was changed on its way may be read as another: that is told, and is no crash.
                if (pair.refused != Error::none) return 0;
            }
        } else if (what == step::resync) {
            (void)pair.host.resync(PeerId{1});
        } else {
            pending = {true, what, a, b};
        }
    }
    const LockstepFigures host = pair.host.figures();
    must(host.settled <= host.agreed && host.settled <= host.next);
    must(turns < 60 || host.next.value + 60 > static_cast<std::uint64_t>(turns) / 2);
    return 0;
}
