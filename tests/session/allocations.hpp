#pragma once
// Sessions that talk in every way there is, which is what shall need no call of operator new.

#include "../allocations.hpp"
#include "parts.hpp"

namespace allocations {

// Hears everything and keeps nothing but numbers.
struct Listener {
    std::uint32_t beat = 0, steers = 0, sparks = 0, marks = 0, shots = 0, lines = 0;

    play::Ship state() { return {1, ++beat}; }
    play::Steer command() { return {++beat}; }
    void on(tenon::PeerId, const play::Steer&) { ++steers; }
    void on(tenon::PeerId, const play::Spark&) { ++sparks; }
    void on(tenon::PeerId, const play::Mark&) { ++marks; }
    void on(tenon::PeerId, const play::Shot&) { ++shots; }
    void on(tenon::PeerId, const play::Line&) { ++lines; }
};

// One of each to everybody. The text fits into the string itself: what a longer one allocates is the game's.
template <class Net>
void speak(Net& net, std::uint32_t number) {
    CHECK(net.broadcast(play::Spark{number}));
    CHECK(net.broadcast(play::Mark{number}));
    CHECK(net.broadcast(play::Shot{number}));
    CHECK(net.broadcast(play::Line{"short"}));
}

} // namespace allocations
