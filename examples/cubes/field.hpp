#pragma once
// A field of 30 by 30 cubes with 40 cm edges, and the player's of 1.5 m, which pushes them about, pulls what
// is near along or blows it away. The server of this example steps it, and so does a benchmark.

#include <vector>

#include "rigid.hpp"

namespace cubes {

class Field {
  public:
    static constexpr int side = 30;
    static constexpr double tick = 1.0 / 60; // seconds
    static constexpr double pulls = 14, blows = -20;

    Field() {
        for (int i = 0; i < side * side + 1; ++i) {
            rigid::Body body;
            body.set_size(0.2, 0.1);
            body.at = {(i % side - side / 2) * 0.6, (i / side - side / 2) * 0.6, 0.2};
            body.asleep = true;
            world_.bodies.push_back(body);
        }
        rigid::Body& player = world_.bodies.back();
        player.set_size(0.75, 6);
        player.at = {-10.5, -10.5, 0.75};
        player.asleep = false;
    }

    // The player's is the last.
    const std::vector<rigid::Body>& bodies() const { return world_.bodies; }
    const rigid::Body& player() const { return world_.bodies.back(); }
    const rigid::Simulation& world() const { return world_; }

    // The player's is pushed in a direction of length one, or not at all; what is near comes closer by
    // `pull`.
    void step(rigid::Vec push, double pull) {
        const rigid::Body& player = world_.bodies.back();
        world_.step(tick, [&](rigid::Body& body) {
            if (&body == &player) {
                body.asleep = false;
                body.speed += push * (18 * tick);
                body.speed.x *= 0.98, body.speed.y *= 0.98;
                return;
            }
            if (pull == 0) return;
            const rigid::Vec to = player.at - body.at;
            const double apart = rigid::length(to);
            if (apart > 2.6 || apart < 0.9) return;
            body.asleep = false;
            body.still = 0;
            body.speed += to * (pull / apart / 60);
        });
    }

  private:
    rigid::Simulation world_{rigid::Rules{}};
};

} // namespace cubes
