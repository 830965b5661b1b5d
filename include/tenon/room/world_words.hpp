#pragma once
// What is said of a world besides its snapshots, and what handlers are told of it.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/replica/moment.hpp"
#include "tenon/replica/prediction.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

// An entity came into what this peer sees, or went out of it.
struct Spawned {
    EntityId entity;
    PeerId owner;
};
struct Despawned {
    EntityId entity;
};

namespace detail {
// The command that moves a world's entities: the first of the game, or none.
template <class Game, std::size_t I = 0>
constexpr auto first_order() {
    if constexpr (I >= Game::type_count)
        return std::type_identity<NoOrder>();
    else if constexpr (Game::template entry<I>::kind == EntryKind::command)
        return std::type_identity<typename Game::template type<I>>();
    else
        return first_order<Game, I + 1>();
}
template <class Game>
using OrderOf = typename decltype(first_order<Game>())::type;
} // namespace detail

// What became of a guest's claim to an entity, or of its giving it back.
struct Claimed {
    EntityId entity;
    bool granted = false;
};

// From a guest: it wants an entity for its own, or gives it back. To it: whether it has what it asked for. No
// snapshot is so short.
struct ClaimWord {
    static constexpr std::size_t bytes = 5;

    EntityId entity;
    bool yes = true;

    BytesIn write(BytesOut into) const {
        store_le(into.data(), entity.slot);
        store_le(into.data() + 2, entity.generation);
        into[4] = static_cast<std::byte>(yes);
        return into.first(bytes);
    }
    static Result<ClaimWord> read(BytesIn payload) {
        if (payload.size() != bytes || payload[4] > std::byte{1}) return Error::malformed;
        return ClaimWord{{load_le<std::uint16_t>(payload.data()), load_le<std::uint16_t>(payload.data() + 2)},
                         payload[4] == std::byte{1}};
    }
};

// What a guest was looking at when it gave a command, in front of that: a moment in 64ths of a tick.
struct SeenWord {
    static constexpr std::size_t bytes = 2;

    static void write(BytesOut into, Moment seen) {
        store_le(into.data(), static_cast<std::uint16_t>(seen.parts / 4));
    }
    static Moment read(BytesIn from, Tick newest) {
        const std::uint64_t about = Moment::of(newest).parts / 4;
        return {expand(load_le<std::uint16_t>(from.data()), 16, about) * 4};
    }
};

// To a guest, where there is nothing to tell of a tick: that it was, and which of its commands are in it.
struct RestedWord {
    static constexpr std::size_t bytes = 3;

    std::uint8_t applied = 0;
    std::uint16_t tick = 0;
    void write(BytesOut into) const {
        into[0] = static_cast<std::byte>(applied);
        store_le(into.data() + 1, tick);
    }
};

// From a guest: it could not take a snapshot, and why. What that told is told again.
struct RefusedWord {
    static constexpr std::size_t bytes = 3;

    std::uint16_t number = 0; // of the snapshot
    Error reason = Error::diverged;

    BytesIn write(BytesOut into) const {
        store_le(into.data(), number);
        into[2] = static_cast<std::byte>(reason);
        return into.first(bytes);
    }
    static Result<RefusedWord> read(BytesIn payload) {
        if (payload.size() != bytes) return Error::malformed;
        const auto reason = std::to_integer<std::uint8_t>(payload[2]);
        if (reason == 0 || reason >= error_count) return Error::malformed;
        return RefusedWord{load_le<std::uint16_t>(payload.data()), static_cast<Error>(reason)};
    }
};

} // namespace tenon
