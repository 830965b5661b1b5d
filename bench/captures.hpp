#pragma once
// The two captures that replication is measured with, made anew in every run from fixed seeds: 901 cubes that
// a player's cube pushes and pulls about, at 60 Hz, and 250 bodies that fly about in a sphere, at 30 Hz.

#include <cmath>
#include <cstdint>
#include <vector>

#include "../examples/cubes/field.hpp"
#include "tenon/core/random.hpp"

namespace captures {

struct Pose {
    float x = 0, y = 0, z = 0;
    float qx = 0, qy = 0, qz = 0, qw = 1;
};
using Frame = std::vector<Pose>;

inline Frame poses(const rigid::Simulation& world) {
    Frame frame;
    for (const rigid::Body& body : world.bodies) {
        const auto f = [](double v) { return static_cast<float>(v); };
        frame.push_back({f(body.at.x), f(body.at.y), f(body.at.z), f(body.turn.x), f(body.turn.y),
                         f(body.turn.z), f(body.turn.w)});
    }
    return frame;
}

// The player's cube drives from place to place; one second in four it pulls what is near along, and one in
// twelve it blows it away.
inline std::vector<Frame> cubes(std::size_t frames, std::uint64_t seed = 1) {
    ::cubes::Field field;
    tenon::Random random(seed);
    rigid::Vec goal;
    std::vector<Frame> made;
    for (std::size_t tick = 0; tick < frames; ++tick) {
        if (tick % 120 == 0) goal = {random.real() * 16 - 8, random.real() * 16 - 8, 0};
        const std::size_t beat = tick / 60 % 12;
        const rigid::Vec to = goal - field.player().at;
        const double far = std::sqrt(to.x * to.x + to.y * to.y);
        field.step(far > 0.5 ? rigid::Vec{to.x / far, to.y / far, 0} : rigid::Vec{},
                   beat % 4 == 2 ? ::cubes::Field::pulls
                   : beat == 11  ? ::cubes::Field::blows
                                 : 0);
        made.push_back(poses(field.world()));
    }
    return made;
}

// Bodies of different sizes in a sphere of 40 m around a fixed one: each has a speed that it keeps to, and
// all have a random direction and spin to begin with; they turn when they meet each other or the sphere.
inline std::vector<Frame> bodies(std::size_t frames, std::uint64_t seed = 1) {
    rigid::Rules rules;
    rules.gravity = 0, rules.floor = false, rules.bounce = 0.9, rules.friction = 0.3, rules.still_steps = 0;
    rigid::Simulation world(rules);
    tenon::Random random(seed);
    const auto direction = [&] {
        for (;;) {
            const rigid::Vec v{random.real() * 2 - 1, random.real() * 2 - 1, random.real() * 2 - 1};
            if (const double size = rigid::length(v); size > 0.1 && size < 1) return v * (1 / size);
        }
    };
    std::vector<double> pace;
    for (int i = 0; i < 250; ++i) {
        rigid::Body body;
        const double half = 0.4 + random.real() * 0.8;
        body.set_size(half, 8 * half * half * half);
        body.at = direction() * (8 + 30 * random.real());
        pace.push_back(2 + 6 * random.real());
        body.speed = direction() * pace.back();
        body.spin = direction() * (2 * random.real());
        world.bodies.push_back(body);
    }
    rigid::Body planet;
    planet.set_size(3, 1e9);
    world.bodies.push_back(planet);
    std::vector<Frame> made;
    for (std::size_t tick = 0; tick < frames * 2; ++tick) {
        std::size_t i = 0;
        world.step(1.0 / 60, [&](rigid::Body& body) {
            const std::size_t at = i++;
            if (at == 250) {
                body.speed = body.spin = {};
                return;
            }
            const double speed = rigid::length(body.speed), far = rigid::length(body.at);
            if (speed > 0.01) {
                const double change = std::min(std::max(pace[at] - speed, -2.0 / 60), 2.0 / 60);
                body.speed = body.speed * ((speed + change) / speed);
            }
            if (far > 40 && rigid::dot(body.speed, body.at) > 0)
                body.speed -= body.at * (2 * rigid::dot(body.speed, body.at) / (far * far));
        });
        if (tick % 2 == 0) continue;
        made.push_back(poses(world));
        made.back().pop_back(); // the fixed one need not be told
    }
    return made;
}

} // namespace captures
