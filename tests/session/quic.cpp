// Sessions over Quic, in real time, on this machine alone.
#include "tenon/transport/quic.hpp"

#include <doctest/doctest.h>

#include "../transport/certificates.hpp"
#include "talk.hpp"
#include "tenon/transport/now.hpp"

using namespace play;
using transport::ConnectionOptions;
using transport::IpAddress;
using transport::Quic;
using QuicNet = NetOver<Quic>;

namespace {

const ConnectionOptions local{.bind = IpAddress::loopback(0)};

} // namespace

TEST_CASE("over Quic two sessions meet, talk in every way, and need no allocation once they have settled") {
    auto& set = certificates::Set::get();
    allocations::Talk<QuicNet> talk{
        Quic(local, {}, {.certificate = set.good.certificate, .key = set.good.key}),
        Quic(local, {}, {.authorities = set.authority.file()})};
    talk.meets_and_talks();
    CHECK(talk.guest.port() == 0); // nobody can call who only dials
    // States and commands went beside the stream.
    CHECK(talk.host.transport().counters().datagrams_in > 20);
    CHECK(talk.guest.transport().counters().datagrams_in > 20);
    talk.guest.leave();
    talk.guest.tick(now(), talk.at_guest);
    talk.turn([&] { return talk.host.roster().size() == 1; });
    CHECK(talk.host.roster().size() == 1);
    talk.turn([&] { return talk.host.transport().connections() == 0; });
    CHECK(talk.host.transport().connections() == 0);
    // And who was there before goes on from there.
    const auto resumed = talk.host.transport().counters().resumed;
    REQUIRE(talk.guest.join("127.0.0.1:" + std::to_string(talk.host.port())));
    talk.turn([&] { return talk.guest.status() == tenon::Status::joined; });
    CHECK(talk.guest.status() == tenon::Status::joined);
    CHECK(talk.host.transport().counters().resumed == resumed + 1);
}
