#pragma once
// The least game in lockstep: a number that every input moves, and units that it has.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "tenon/codec/bits.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/replica/inputs.hpp"
#include "tenon/schema/game.hpp"

namespace duel {

using namespace tenon;

struct Move {
    std::int32_t by = 0;
    void serialize(auto& ar) { ar(by); }
};
struct Unit {
    std::int32_t x = 0;
    float heat = 0;
    void serialize(auto& ar) { ar(x, heat); }
};
using Rules = Game<"duel", 1, Command<Move>>;

struct Battle {
    std::uint64_t sum = 0;
    std::vector<Unit> units = std::vector<Unit>(2);
    std::map<std::uint32_t, Unit> heroes;
    std::optional<Unit> boss;
    std::vector<std::uint64_t> ran;
    std::vector<PeerId> left;
    bool guessed = false, missing = false, joined = false;

    void step(Tick tick, const Inputs<Move>& inputs) {
        ran.push_back(tick.value);
        left.assign(inputs.left().begin(), inputs.left().end());
        guessed = missing = joined = false;
        for (const Input<Move>& input : inputs) {
            sum = sum * 3 + static_cast<std::uint64_t>(input.order.by);
            guessed = guessed || input.guessed;
            missing = missing || input.missing;
            joined = joined || input.joined;
        }
        units[0].x += 1;
    }
    void serialize(auto& ar) { ar(sum, units, heroes, boss); }
};

inline std::vector<std::byte> bytes_of_move(std::int32_t by) {
    std::vector<std::byte> bytes(InputCell::bytes_max);
    bytes.resize(*codec::Bits::encode(bytes, Move{by}));
    return bytes;
}

} // namespace duel
