// Sessions over connections of the system, in real time, on this machine alone.
#include "tenon/transport/tcp.hpp"

#include <doctest/doctest.h>

#include "talk.hpp"
#include "tenon/transport/now.hpp"

using namespace play;
using transport::ConnectionOptions;
using transport::IpAddress;
using transport::Tcp;
using TcpNet = NetOver<Tcp>;

namespace {

const ConnectionOptions local{.bind = IpAddress::loopback(0)};

} // namespace

TEST_CASE("over Tcp two sessions meet, talk in every way, and need no allocation once they have settled") {
    allocations::Talk<TcpNet> talk{Tcp(local), Tcp(local)};
    talk.meets_and_talks();
    CHECK(talk.guest.port() == 0); // nobody can call who only dials
    talk.guest.leave();
    talk.guest.tick(now(), talk.at_guest);
    talk.turn([&] { return talk.host.roster().size() == 1; });
    CHECK(talk.host.roster().size() == 1);
    talk.turn([&] { return talk.host.transport().connections() == 0; });
    CHECK(talk.host.transport().connections() == 0);
}
