#pragma once
// The rules: what one command does to one thing of its player. The server runs them to decide, and each
// player ahead of it, over the same face of the world; neither needs a network for it.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "game.hpp"

namespace arena {

inline void bounce(float& at, float& speed, float end) {
    if (at >= 1 && at <= end - 1) return;
    at = std::clamp(at, 1.f, end - 1);
    speed = -speed * 0.6f;
}

inline void fly(Ship& ship, const Steer& steer, float dt) {
    ship.reload = static_cast<std::uint8_t>(ship.reload - (ship.reload > 0));
    ship.daze = static_cast<std::uint8_t>(ship.daze - (ship.daze > 0));
    ship.thrusts = ship.daze == 0 && steer.thrust > 0;
    ship.heading += steer.turn * 3.2f * dt;
    const float push = ship.thrusts ? steer.thrust * 22 * dt : 0, drag = 1 - 0.8f * dt;
    ship.dx = (ship.dx + std::cos(ship.heading) * push) * drag;
    ship.dy = (ship.dy + std::sin(ship.heading) * push) * drag;
    ship.x += ship.dx * dt;
    ship.y += ship.dy * dt;
    bounce(ship.x, ship.dx, width);
    bounce(ship.y, ship.dy, height);
}

// True when a shot was fired. It is named after the command that it came from, so that the one that a player
// foresees and the server's are the same.
bool take_step(auto& world, tenon::EntityId entity, const Steer& steer, std::uint32_t number) {
    constexpr float dt = static_cast<float>(1 / step_hz);
    if (auto shot = world.template get<Shot>(entity)) {
        shot->x += shot->dx * dt;
        shot->y += shot->dy * dt;
        if (shot->left-- == 0 || shot->x < 0 || shot->x > width || shot->y < 0 || shot->y > height)
            world.despawn(entity);
        else
            world.set(entity, *shot);
        return false;
    }
    auto ship = world.template get<Ship>(entity);
    if (!ship) return false;
    fly(*ship, steer, dt);
    const bool fires = steer.fire && ship->reload == 0 && ship->daze == 0;
    if (fires) {
        ship->reload = reload_ticks;
        world.set(world.spawn(world.owner(entity), {number, 1}),
                  Shot{ship->x, ship->y, std::cos(ship->heading) * shot_speed + ship->dx,
                       std::sin(ship->heading) * shot_speed + ship->dy});
    }
    world.set(entity, *ship);
    return fires;
}

} // namespace arena
