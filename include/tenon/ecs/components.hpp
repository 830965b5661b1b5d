#pragma once
// The components that a networked registry has beside a game's own: who a thing is in the room, where it is,
// a few numbers of it, and how well a peer is heard. NetworkTransform and NetworkState are put into the Game
// as Component<...>; the other two are the Bridge's, and never travel.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/schema/quantized.hpp"
#include "tenon/schema/rotation.hpp"

namespace tenon {

enum class Level : std::uint8_t; // room/health.hpp

namespace ecs {

// Makes an entity one of the room. On the authority a game puts it on what the others shall see, and a Bridge
// on what a command's step has brought about; elsewhere it comes with what is seen.
struct NetworkEntity {
    EntityId id{};                 // in the room's world; none until the next prepare()
    PeerId owner = PeerId::host(); // whose commands step it; the authority may change it
    bool replicated = true;        // false: it stays here and is taken out of the world
    bool leaps = false;            // it is elsewhere and did not go there; prepare() takes the mark off
    bool own = false;              // it is this peer's: shown ahead, by its own commands
};

// Where a thing is and where it goes, in units of which Reach lie on each side of 0 and each has Grain steps.
// Faster than MostSpeed units a second is told as that.
template <int Reach = 1024, int Grain = 128, int MostSpeed = 64>
struct BasicTransform {
    static_assert(Reach > 0 && Grain > 0 && MostSpeed > 0,
                  "tenon: BasicTransform<Reach, Grain, MostSpeed>: each is above 0");

    float x = 0, y = 0, z = 0;            // position
    float qx = 0, qy = 0, qz = 0, qw = 1; // rotation
    float vx = 0, vy = 0, vz = 0;         // velocity, a second

    void serialize(auto& ar) {
        ar(quantized_vector(-Reach, Reach, 1.0 / Grain, x, y, z), rotation(qx, qy, qz, qw, 0x1p-10),
           quantized_vector(-MostSpeed, MostSpeed, 1.0 / Grain, vx, vy, vz));
    }
    friend bool operator==(const BasicTransform&, const BasicTransform&) = default;
};
// The same on a plane.
template <int Reach = 1024, int Grain = 128, int MostSpeed = 64>
struct BasicPlaneTransform {
    static_assert(Reach > 0 && Grain > 0 && MostSpeed > 0,
                  "tenon: BasicPlaneTransform<Reach, Grain, MostSpeed>: each is above 0");

    float x = 0, y = 0, heading = 0; // radians
    float vx = 0, vy = 0;

    void serialize(auto& ar) {
        ar(quantized_vector(-Reach, Reach, 1.0 / Grain, x, y), angle(heading, 0x1p-9),
           quantized_vector(-MostSpeed, MostSpeed, 1.0 / Grain, vx, vy));
    }
    friend bool operator==(const BasicPlaneTransform&, const BasicPlaneTransform&) = default;
};
using NetworkTransform = BasicTransform<>;
using NetworkPlaneTransform = BasicPlaneTransform<>;

// Numbered variables of a thing that deserve no component each: health, ammunition, the state of a door. Each
// counts how often it was set, which travels, so that a change to and fro between two snapshots is noticed;
// and has a flag, on every peer for itself, that it changed since somebody there took the flags. An enum may
// number them: state.set(Door::open, 1).
template <std::size_t Count = 8, class Value = std::int32_t>
class BasicState {
    static_assert(Count > 0 && Count <= 64, "tenon: BasicState<Count, Value> has from 1 to 64 variables");

  public:
    static constexpr std::size_t count = Count;

    template <class Which>
    const Value& get(Which which) const {
        return variables_[place(which)].value;
    }
    // False when it has this value already, which counts as no change.
    template <class Which>
    bool set(Which which, Value value) {
        Variable& variable = variables_[place(which)];
        if (variable.value == value) return false;
        variable.value = value;
        ++variable.version;
        dirty_ |= bit(place(which));
        return true;
    }
    // How often it was set to something else, modulo 65,536.
    template <class Which>
    std::uint16_t version(Which which) const {
        return variables_[place(which)].version;
    }
    template <class Which>
    bool dirty(Which which) const {
        return (dirty_ & bit(place(which))) != 0;
    }
    // One bit for each variable; take_dirty() takes them off.
    std::uint64_t dirty() const { return dirty_; }
    std::uint64_t take_dirty() {
        const std::uint64_t taken = dirty_;
        dirty_ = 0;
        return taken;
    }
    // Takes what was told, and flags what is new in it. A Bridge calls this instead of assigning.
    void take(const BasicState& told) {
        for (std::size_t i = 0; i < Count; ++i) {
            const Variable& other = told.variables_[i];
            if (variables_[i].version == other.version && variables_[i].value == other.value) continue;
            variables_[i] = other;
            dirty_ |= bit(i);
        }
    }

    void serialize(auto& ar) {
        for (Variable& variable : variables_) ar(variable.value, variable.version);
    }
    // The flags are each peer's own.
    friend bool operator==(const BasicState& a, const BasicState& b) {
        for (std::size_t i = 0; i < Count; ++i)
            if (!(a.variables_[i].value == b.variables_[i].value) ||
                a.variables_[i].version != b.variables_[i].version)
                return false;
        return true;
    }

  private:
    struct Variable {
        Value value{};
        std::uint16_t version = 0;
    };
    template <class Which>
    static constexpr std::size_t place(Which which) {
        const auto at = static_cast<std::size_t>(which);
        TENON_ASSERT(at < Count, "the state has no variable of this number");
        return at;
    }
    static constexpr std::uint64_t bit(std::size_t place) { return std::uint64_t(1) << place; }

    Variable variables_[Count];
    std::uint64_t dirty_ = 0;
};
using NetworkState = BasicState<>;

// How well a peer is heard: an entity of its own for each in the room, while it is there. A registry that
// keeps no NetworkConnection gets none.
struct NetworkConnection {
    PeerId peer;
    Duration rtt{}, jitter{};
    double loss = 0; // share of our packets that did not arrive, lately
    std::uint64_t bytes_in = 0, bytes_out = 0;
    Level level{};
    bool linked = false; // the figures are those of a link to it; a guest is mostly linked to its host alone
    bool away = false;   // it is not heard, and its place is kept
};

} // namespace ecs
} // namespace tenon
