#include "tenon/profile/co_op.hpp"

#include <doctest/doctest.h>

#include "meeting.hpp"

using namespace meeting;

TEST_CASE("CoOp asks for inputs twenty times a second and for snapshots ten times") {
    Meeting<profile::CoOp> meeting;
    CHECK(meeting.host.rates() == profile::co_op_rates);
    meeting.meet();
    meeting.play(60_s);
    for (const Player* player : {&meeting.at_host, &meeting.at_guest}) {
        CHECK(player->commands == doctest::Approx(1200).epsilon(0.01));
        CHECK(player->states == doctest::Approx(600).epsilon(0.01));
    }
    CHECK(meeting.at_host.heard == doctest::Approx(1200).epsilon(0.01));
}
