#pragma once
// All states of a game: a track for each peer and each State<T>, and the form in which a state travels. The
// session keeps one.

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/track.hpp"
#include "tenon/schema/game.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

// What stands before a state on the wire: whose it is, which is also the key of its stream, and when it held.
struct StateHead {
    PeerId owner;
    std::uint16_t stamp = 0; // milliseconds of the room's time, the low sixteen bits

    static StateHead of(PeerId owner, Instant at) {
        return {owner, static_cast<std::uint16_t>(at.ns / 1'000'000)};
    }
    std::size_t write(BytesOut into) const {
        ByteWriter out(into);
        out.varint(owner.value);
        out.u16(stamp);
        return out.position();
    }
    static Result<StateHead> read(ByteReader& in) {
        const std::uint64_t owner = in.varint();
        const std::uint16_t stamp = in.u16();
        if (!in.ok() || owner >= PeerId::none().value) return Error::malformed;
        return StateHead{PeerId{static_cast<std::uint32_t>(owner)}, stamp};
    }
    // The whole time, when it is within half a minute of `near`.
    Instant at(Instant about) const {
        const auto ms = static_cast<std::int64_t>(
            expand(stamp, 16, static_cast<std::uint64_t>(about.ns / 1'000'000 + bias)));
        return Instant{(ms - bias) * 1'000'000};
    }

  private:
    static constexpr std::int64_t bias = 0x1'0000'0000'0000; // a clock may stand before its zero
};

namespace detail {
template <class Entry>
struct StateTracks {};
template <class T>
struct StateTracks<State<T>> {
    Tracks<T> tracks;
};
template <class Game, class Indices>
struct AllTracks;
template <class Game, std::size_t... I>
struct AllTracks<Game, std::index_sequence<I...>> : StateTracks<typename Game::template entry<I>>... {};
} // namespace detail

template <class Game>
class States {
  public:
    template <class T>
    Tracks<T>& tracks() {
        return static_cast<detail::StateTracks<State<T>>&>(all_).tracks;
    }
    template <class T>
    const Tracks<T>& tracks() const {
        return static_cast<const detail::StateTracks<State<T>>&>(all_).tracks;
    }
    template <class T>
    void note(PeerId peer, Instant at, const T& state) {
        if (Track<T>* track = tracks<T>().of(peer)) track->add(at, state);
    }
    void forget(PeerId peer) {
        for_each([&](auto& tracks) { tracks.remove(peer); });
    }
    void clear() {
        for_each([](auto& tracks) { tracks.clear(); });
    }

  private:
    template <class F>
    void for_each(F&& f) {
        Game::for_each([&](auto entry, auto) {
            using Entry = decltype(entry);
            if constexpr (Entry::kind == EntryKind::state) f(tracks<typename Entry::type>());
        });
    }

    detail::AllTracks<Game, std::make_index_sequence<Game::type_count>> all_;
};

} // namespace tenon
