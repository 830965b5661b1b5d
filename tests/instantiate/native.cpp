// The policies that need sockets or cereal, with the least of all others.
#include <doctest/doctest.h>

#include "meet.hpp"
#include "tenon/codec/binary.hpp"
#include "tenon/codec/json.hpp"
#include "tenon/profile/action.hpp"
#include "tenon/transport/threaded.hpp"
#include "tenon/transport/udp.hpp"

using namespace instantiate;
using Least = GameOf<false, false>::type;

// Its parts that are no templates, whole; sessions over Udp are played in tests/session.
template class tenon::Session<Least, transport::Udp, archetype::Codec, archetype::Clock, archetype::Topology,
                              archetype::Reliability>;
template class tenon::Session<Least, transport::Threaded<transport::Udp>, archetype::Codec, archetype::Clock,
                              archetype::Topology, archetype::Reliability>;
template class tenon::transport::Threaded<transport::Udp>;
using Action = profile::Action<GameOf<true, true>::type, transport::Udp>;
static_assert(std::is_same_v<decltype(std::declval<Action&>().transport()), transport::Udp&>);

TEST_CASE("Binary goes with the least of all others") {
    Net<archetype::Transport, codec::Binary> host, guest;
    meet<Least>(host, guest, "4000", [] {});
}
TEST_CASE("Json goes with the least of all others") {
    Net<archetype::Transport, codec::Json> host, guest;
    meet<Least>(host, guest, "4000", [] {});
}
TEST_CASE("Udp opens in a session of the least of all others") {
    Net<transport::Udp> net({}, transport::Udp({.bind = transport::IpAddress::v4(127, 0, 0, 1, 0)}));
    Player player;
    REQUIRE(net.host(0));
    net.tick(Instant{1'000'000'000}, player);
    CHECK(net.port() != 0);
}
TEST_CASE("Threaded opens in a session of the least of all others") {
    Net<transport::Threaded<transport::Udp>> net(
        {}, transport::Threaded(transport::Udp({.bind = transport::IpAddress::v4(127, 0, 0, 1, 0)})));
    Player player;
    REQUIRE(net.host(0));
    net.tick(Instant{1'000'000'000}, player);
    CHECK(net.port() != 0);
}
