#pragma once
// Plays a recording again, tick by tick, on a game that has `step` and `serialize`, and compares every tick
// with what was recorded. Programs use it, as `Net::Replay`; it needs no session.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/replica/lockstep.hpp"
#include "tenon/replica/recording.hpp"
#include "tenon/replica/snapshots.hpp"
#include "tenon/replica/stepper.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

namespace detail {
// The one type of command that a lockstep game has.
struct NoCommand {
    using type = int; // so that the mistake is told once
};
template <class Game, std::size_t I = 0>
constexpr auto only_command() {
    static_assert(I < Game::type_count, "tenon: a lockstep needs a game with a Command");
    if constexpr (I >= Game::type_count)
        return NoCommand();
    else if constexpr (Game::template entry<I>::kind == EntryKind::command)
        return typename Game::template entry<I>();
    else
        return only_command<Game, I + 1>();
}
template <class Game>
using CommandOf = typename decltype(only_command<Game>())::type;

template <class Game, class Codec>
RecordingHead recording_head(std::uint64_t hz) {
    return {stable_id(Game::name), Game::schema_hash(), static_cast<std::uint32_t>(stable_id(Codec::name)),
            hz};
}
} // namespace detail

template <class Game, class Codec>
class Replay {
  public:
    using Order = detail::CommandOf<Game>;

    // The bytes stay the caller's, and must outlive the replay.
    explicit Replay(BytesIn recording) : reader_(recording) {}

    // Whether this is a recording of this game, in this build: malformed, version_mismatch, wrong_game,
    // schema_mismatch, codec_mismatch, bad_checksum or truncated when it is not.
    Result<> open() {
        const auto head = reader_.head();
        if (!head) return head.error();
        const RecordingHead ours = detail::recording_head<Game, Codec>(head->hz);
        if (head->game != ours.game) return Error::wrong_game;
        if (head->schema != ours.schema) return Error::schema_mismatch;
        if (head->codec != ours.codec) return Error::codec_mismatch;
        hz_ = head->hz;
        opened_ = true;
        std::byte neutral[InputCell::bytes_max];
        neutral_size_ = Stepper<Order, Codec>::write(neutral, Order{});
        copy(neutral_, BytesIn(neutral, neutral_size_));
        return {};
    }
    // Plays the next tick: true when there was one, false at the recording's end. `truncated`: the recording
    // was cut short, and what was played until then is right. `desynced`: the game came out differently at
    // tick().
    template <class Battle>
    Result<bool> step(Battle& battle) {
        if (!opened_)
            if (const Result<> opened = open(); !opened) return opened.error();
        for (;;) {
            const auto frame = reader_.next();
            if (!frame) return ended_ && frame.error() == Error::closed ? Result<bool>(false) : frame.error();
            if (frame->kind == RecordedKind::tick) return play_tick(frame->payload, battle);
            if (const Result<> read =
                    frame->kind == RecordedKind::state ? begin(frame->payload, battle) : end(frame->payload);
                !read)
                return read.error();
            if (ended_) return false;
        }
    }
    // All that is left.
    template <class Battle>
    Result<> play(Battle& battle) {
        for (;;) {
            const auto more = step(battle);
            if (!more) return more.error();
            if (!*more) return {};
        }
    }

    // The next tick; after an error, the one at which it stopped.
    Tick tick() const { return Tick{next_}; }
    std::uint32_t checksum() const { return checksum_; } // of the state now
    std::uint64_t hz() const { return hz_; }

  private:
    template <class Battle>
    Result<> begin(BytesIn payload, Battle& battle) {
        ByteReader in(payload);
        const std::uint64_t tick = in.varint();
        if (!in.ok() || tick > Lockstep::tick_max) return Error::malformed;
        book_.begin(tick, BytesIn(neutral_, neutral_size_), 0);
        if (!book_.read_members(in)) return Error::malformed;
        next_ = tick;
        begun_ = true;
        checksum_ = state_checksum(in.rest());
        return load_state(in.rest(), battle);
    }
    template <class Battle>
    Result<bool> play_tick(BytesIn payload, Battle& battle) {
        ByteReader in(payload);
        const std::uint32_t told = in.u32();
        if (!begun_ || !in.ok() || next_ >= Lockstep::tick_max || !book_.read_set(in.rest()))
            return Error::malformed;
        stepper_.run(book_, next_, battle);
        const Result<> saved = state_.save(0, battle);
        if (!saved) return saved.error();
        checksum_ = state_checksum(state_.at(0));
        if (checksum_ != told) return Error::desynced;
        ++next_;
        return true;
    }
    Result<> end(BytesIn payload) {
        ByteReader in(payload);
        ended_ = in.varint() == next_ && in.ok() && in.left() == 0;
        return ended_ ? Result<>() : Error::malformed;
    }

    RecordingReader reader_;
    Lockstep book_;
    Stepper<Order, Codec> stepper_;
    Snapshots state_{1};
    std::byte neutral_[InputCell::bytes_max] = {};
    std::size_t neutral_size_ = 0;
    std::uint64_t next_ = 0, hz_ = 0;
    std::uint32_t checksum_ = 0;
    bool opened_ = false, begun_ = false, ended_ = false;
};

} // namespace tenon
