#include "tenon/profile/sandbox.hpp"

#include <doctest/doctest.h>

#include "meeting.hpp"

using namespace meeting;

TEST_CASE("Sandbox asks for inputs ten times a second and for snapshots five times") {
    Meeting<profile::Sandbox> meeting;
    CHECK(meeting.host.rates() == profile::sandbox_rates);
    meeting.meet();
    meeting.play(60_s);
    for (const Player* player : {&meeting.at_host, &meeting.at_guest}) {
        CHECK(player->commands == doctest::Approx(600).epsilon(0.01));
        CHECK(player->states == doctest::Approx(300).epsilon(0.01));
    }
}
