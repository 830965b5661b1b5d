#include "tenon/profile/turn_based.hpp"

#include <doctest/doctest.h>

#include "meeting.hpp"

using namespace meeting;

TEST_CASE("TurnBased asks for nothing until it is touched") {
    Meeting<profile::TurnBased> meeting;
    CHECK(meeting.host.rates() == profile::turn_based_rates);
    meeting.meet();
    meeting.play(5_s); // who comes is shown the state, and that a few times
    CHECK(meeting.guest.latest<Ship>(PeerId::host()));
    meeting.at_host = meeting.at_guest = {};
    meeting.play(60_s);
    CHECK(meeting.at_host.states == 0);
    CHECK(meeting.at_host.commands == 0);
    CHECK(meeting.at_guest.commands == 0);
    CHECK(meeting.host.health().packets_out <= 200); // and next to nothing is sent

    meeting.guest.touch();
    meeting.play(20_ms);
    CHECK(meeting.at_guest.commands == 1);
    CHECK(meeting.at_host.heard == 1);
    meeting.at_host.x = 7;
    meeting.host.touch();
    meeting.play(20_ms);
    CHECK(meeting.at_host.states == 1);
    CHECK(meeting.guest.latest<Ship>(PeerId::host())->x == 7);
    meeting.play(60_s);
    CHECK(meeting.at_host.states == 4); // once, and three times more in case it was lost
    CHECK(meeting.at_host.heard == 1);
}
