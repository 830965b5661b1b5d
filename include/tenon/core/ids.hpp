#pragma once
// Strong ids: numbers that don't mix with each other or with plain integers.

#include <compare>
#include <cstdint>

namespace tenon {

// One member of a room. The host is 0; the others are numbered as they come, and a number is not used again
// in a room's life.
struct PeerId {
    std::uint32_t value = none_value;

    static constexpr std::uint32_t none_value = 0xFFFF'FFFF;
    static constexpr PeerId none() { return {}; }
    static constexpr PeerId host() { return {0}; }

    constexpr explicit operator bool() const { return value != none_value; }
    friend constexpr auto operator<=>(PeerId, PeerId) = default;
};

// The place of a message type on the wire: below `first_user` the room's own, from there the game's in the
// order of Game<...>.
struct MessageType {
    std::uint16_t value = 0;

    static constexpr std::uint16_t first_user = 8;

    friend constexpr auto operator<=>(MessageType, MessageType) = default;
};

// One rule over a room: the authority's, until another is elected. Of two rules of one number, which a parted
// room can have, each has its own authority, so that no two are the same.
struct Epoch {
    std::uint32_t number = 0;
    PeerId authority = PeerId::host();

    friend constexpr auto operator<=>(const Epoch&, const Epoch&) = default;
};

// One step of a simulation that all peers run alike; the first is 0.
struct Tick {
    std::uint64_t value = 0;

    friend constexpr auto operator<=>(Tick, Tick) = default;
};

// One thing of the world, by its place and how many lived there before it; 0 is nobody.
struct EntityId {
    std::uint16_t slot = 0;
    std::uint16_t generation = 0;

    static constexpr EntityId none() { return {}; }
    constexpr explicit operator bool() const { return generation != 0; }
    friend constexpr auto operator<=>(EntityId, EntityId) = default;
};

} // namespace tenon
