#pragma once
// A session on a host whose clock is not the world's: it may run faster or slower, and jump.

#include "tenon/core/time.hpp"

namespace other_clock {

template <class Session>
struct OtherClock {
    Session& session;
    double fast = 0; // seconds gained in a second
    tenon::Duration jumped{};

    tenon::Instant shown(tenon::Instant world) const {
        return world + jumped + tenon::seconds((world - begin).seconds() * fast);
    }
    void tick(tenon::Instant world, auto& handlers) { session.tick(shown(world), handlers); }
    tenon::Instant next_deadline() const {
        const tenon::Instant next = session.next_deadline();
        if (next >= tenon::Instant::never()) return next;
        return begin + tenon::seconds((next - jumped - begin).seconds() / (1 + fast)) +
               tenon::microseconds(1);
    }
    const auto& transport() const { return session.transport(); }
    static constexpr tenon::Instant begin{1'000'000'000'000};
};

} // namespace other_clock
