#pragma once
// Runs a game's step for one tick of a lockstep's book: inputs become values again, the same on every peer. A
// room's lockstep and a replay have one.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/slice.hpp"
#include "tenon/replica/inputs.hpp"
#include "tenon/replica/lockstep.hpp"
#include "tenon/schema/form.hpp"

namespace tenon {

template <class Game, class T>
concept Steps = requires(Game& game, Tick tick, const Inputs<T>& inputs) {
    game.step(tick, inputs);
};

// Whether it has a game's whole state, without a look at how that is written.
template <class Game>
concept HasState = requires(Game& game, detail::ProbeArchive& archive) {
    game.serialize(archive);
};

template <class T, class Codec>
class Stepper {
  public:
    template <class Game>
    void run(Lockstep& book, std::uint64_t tick, Game& game) {
        inputs_.clear();
        left_count_ = 0;
        book.for_tick(tick, [&](const Lockstep::Member& member, const InputCell& cell) {
            Input<T> input;
            input.peer = member.id;
            // What can't be decoded is nobody's word; and so it is on every peer, since all have the same
            // bytes.
            if (!Codec::decode(cell.view(), input.order)) input.order = T{};
            input.joined = member.from == tick;
            input.missing = cell.missing;
            input.guessed = cell.standing == InputCell::Standing::guessed;
            (void)inputs_.push_back(std::move(input));
        });
        left_.clear();
        for (std::size_t i = 0; i < book.size(); ++i)
            if (book[i].until == tick) (void)left_.push_back(book[i].id);
        // A ring that was cleared begins at its first place, so what is in it lies in a row.
        left_count_ = left_.size();
        const Slice<const PeerId> left(left_count_ != 0 ? &left_[0] : nullptr, left_count_);
        game.step(Tick{tick}, Inputs<T>(inputs_, left));
    }

    // The input of somebody who does nothing; empty when not even that fits.
    static std::size_t write(BytesOut into, const T& order) {
        const auto written = Codec::encode(into, order);
        return written ? *written : 0;
    }

  private:
    Ring<Input<T>> inputs_;
    Ring<PeerId> left_;
    std::size_t left_count_ = 0;
};

} // namespace tenon
