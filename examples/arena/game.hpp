#pragma once
// What the arena says on the wire, and the few numbers that all of its programs share.

#include <cmath>
#include <cstdint>
#include <tenon.hpp>

namespace arena {

inline constexpr float width = 120, height = 60;                        // of the field, in units
inline constexpr float shot_speed = 45, shot_life = 1.2f, reach = 2.2f; // units and seconds
inline constexpr double step_hz = 60;

// A ship as everybody sees it. The nose is a direction rather than an angle: halfway between two directions
// is a direction, while halfway between 359 and 1 degrees is the wrong way round, and ships are shown in
// between states.
struct Ship {
    float x = 0, y = 0, nose_x = 1, nose_y = 0;
    bool thrusts = false, dazed = false;
    std::uint16_t score = 0;

    void serialize(auto& ar) {
        ar(tenon::quantized(x, 0, width, 0.02), tenon::quantized(y, 0, height, 0.02));
        ar(tenon::quantized(nose_x, -1, 1, 1.0 / 128), tenon::quantized(nose_y, -1, 1, 1.0 / 128));
        ar(thrusts, dazed, score);
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

// Where a shot began and how it flies; each side draws the rest of its way itself.
struct Fired {
    std::uint32_t gunner = 0;
    float x = 0, y = 0, dx = 0, dy = 0;

    void serialize(auto& ar) {
        ar(gunner, tenon::quantized(x, 0, width, 0.02), tenon::quantized(y, 0, height, 0.02));
        ar(tenon::quantized(dx, -100, 100, 0.05), tenon::quantized(dy, -100, 100, 0.05));
    }
};

struct Hit {
    std::uint32_t gunner = 0, target = 0;
    void serialize(auto& ar) { ar(gunner, target); }
};

using Game = tenon::Game<"arena", 1, tenon::State<Ship>, tenon::Command<Steer>,
                         tenon::Event<Fired, tenon::Reliable>, tenon::Event<Hit, tenon::Reliable>>;

// Real sockets, with a bad line in front of them for who asks for one; without it Impaired passes all
// through.
using Line = tenon::transport::Impaired<tenon::transport::Udp>;
using Net = tenon::profile::Action<Game, Line>;

inline constexpr const char* room = "arena";

// A shot on its way, on the server and on every screen.
struct Shot {
    std::uint32_t gunner = 0;
    float x = 0, y = 0, dx = 0, dy = 0, left = shot_life;

    explicit Shot(const Fired& fired)
        : gunner(fired.gunner), x(fired.x), y(fired.y), dx(fired.dx), dy(fired.dy) {}
    // False when it has flown far enough.
    bool fly(float dt) {
        x += dx * dt;
        y += dy * dt;
        left -= dt;
        return left > 0 && x >= 0 && x <= width && y >= 0 && y <= height;
    }
};

} // namespace arena
