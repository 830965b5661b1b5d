#pragma once
// What the arena says on the wire, and the few numbers that all of its programs share.

#include <cstdint>
#include <tenon/portable.hpp>
#include <tenon/room/world_room.hpp>

namespace arena {

inline constexpr float width = 120, height = 60;      // of the field, in units
inline constexpr float shot_speed = 45, reach = 2.2f; // units and seconds
inline constexpr std::uint8_t shot_ticks = 72, reload_ticks = 21, daze_ticks = 90;
inline constexpr double step_hz = tenon::profile::action_rates.input_hz;

// A ship: all that a step of it needs, since what is kept elsewhere can't be run ahead by its player. Speeds
// are on a finer grid than places, so that a small push is not lost between two ticks.
struct Ship {
    float x = 0, y = 0, dx = 0, dy = 0, heading = 0;
    std::uint8_t reload = 0, daze = 0; // ticks
    bool thrusts = false;
    std::uint16_t score = 0;

    void serialize(auto& ar) {
        ar(tenon::quantized_vector(0, width, 0.01, x, y), tenon::quantized(dx, -60, 60, 0.002));
        ar(tenon::quantized(dy, -60, 60, 0.002), tenon::angle(heading, 0.002));
        ar(tenon::ranged(reload, 0, reload_ticks), tenon::ranged(daze, 0, daze_ticks), thrusts, score);
    }
};
// A shot on its way; its owner is who fired it.
struct Shot {
    float x = 0, y = 0, dx = 0, dy = 0;
    std::uint8_t left = shot_ticks;

    void serialize(auto& ar) {
        ar(tenon::quantized_vector(0, width, 0.01, x, y), tenon::quantized(dx, -120, 120, 0.05));
        ar(tenon::quantized(dy, -120, 120, 0.05), tenon::ranged(left, 0, shot_ticks));
    }
};

// What a player wants: to the authority, sixty times a second.
struct Steer {
    float turn = 0, thrust = 0; // -1 to 1, 0 to 1
    bool fire = false;

    void serialize(auto& ar) {
        ar(tenon::quantized(turn, -1, 1, 0.125), tenon::quantized(thrust, 0, 1, 0.125), fire);
    }
};

struct Hit {
    std::uint32_t gunner = 0, target = 0;
    void serialize(auto& ar) { ar(gunner, target); }
};

using Game = tenon::Game<"arena", 1, tenon::Component<Ship>, tenon::Component<Shot>, tenon::Command<Steer>,
                         tenon::Event<Hit, tenon::Reliable>>;

// The session on a transport: real sockets here, a browser's in web/.
template <class Transport>
using NetOver = tenon::profile::Action<Game, Transport>;

inline constexpr const char* room = "arena";

} // namespace arena
