// Builds that don't fit together find out at the door, and are told what does not fit.
#include <doctest/doctest.h>

#include <string>

#include "parts.hpp"
#include "tenon/check_session.hpp"
#include "tenon/clock/hybrid.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/topology/mesh.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace mine {
struct Note {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Spot {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
} // namespace mine
namespace yours {
struct Spot {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(x, y); }
};
} // namespace yours

namespace {

// The same bytes under another name.
struct OtherCodec : codec::Bits {
    static constexpr std::string_view name = "other";
};

using Small = Game<"small", 1, Event<mine::Note, Reliable>, Event<mine::Spot>>;
template <class G, class Codec = codec::Bits, class Reliability = reliability::AckVector>
using Net = Session<G, transport::Memory, Codec, clock::Independent<>, topology::ClientServer, Reliability>;

template <class Clock>
using WithClock =
    Session<Small, transport::Memory, codec::Bits, Clock, topology::ClientServer, reliability::AckVector>;

template <class Topology>
using WithTopology =
    Session<Small, transport::Memory, codec::Bits, clock::Independent<>, Topology, reliability::AckVector>;

struct Listener {
    std::string told;
    int notes = 0;
    void on(PeerId, const mine::Note&) { ++notes; }
    void on(const Joined&) { told = "joined"; }
    void on(const Closed& closed) {
        told = std::string(name(closed.reason));
        if (!closed.text.empty()) told += ": " + std::string(closed.text);
    }
};

// What a session of that type is told that knocks at a Small room.
template <class Caller, class Host = Net<Small>>
std::string knock(const Options& options = {.room = "here"}) {
    transport::Exchange exchange(2);
    Host host({.room = "here", .seed = 1}, transport::Memory(exchange, 1));
    Caller caller(options, transport::Memory(exchange, 2));
    Listener at_host, at_caller;
    REQUIRE(host.host(4000));
    REQUIRE(caller.join("host1:4000"));
    Instant now{1'000'000'000};
    for (int i = 0; i < 40; ++i, now += 5_ms) {
        caller.tick(now, at_caller);
        exchange.deliver_all();
        host.tick(now, at_host);
        exchange.deliver_all();
    }
    CHECK(host.roster().size() == (at_caller.told == "joined" ? 2 : 1));
    CHECK(host.health().peer_count == (at_caller.told == "joined" ? 1 : 0));
    CHECK(caller.status() == (at_caller.told == "joined" ? Status::joined : Status::closed));
    return at_caller.told;
}

bool names(const std::string& told, std::string_view type) {
    return told.starts_with("schema_mismatch: ") && told.find(type) != std::string::npos;
}

} // namespace

TEST_CASE("the same build is let in") { CHECK(knock<Net<Small>>() == "joined"); }

TEST_CASE("another game, another version, another codec, another way of being reliable, another room") {
    CHECK(knock<Net<Game<"other", 1, Event<mine::Note, Reliable>, Event<mine::Spot>>>>() == "wrong_game");
    CHECK(knock<Net<Game<"small", 2, Event<mine::Note, Reliable>, Event<mine::Spot>>>>() ==
          "version_mismatch: the host plays version 1, this program 2: the host needs an update");
    CHECK(knock<Net<Small, OtherCodec>>() ==
          "codec_mismatch: the host's codec is bits, this program's is another");
    CHECK(knock<Net<Small, codec::Bits, reliability::AckRetry>>() ==
          "codec_mismatch: this program has reliability::AckRetry, the host has not");
    CHECK(knock<Net<Small>>({.room = "there"}) == "wrong_room");
}

TEST_CASE("a clock with another rate is refused, and the host's is named") {
    using Slow = WithClock<clock::Hybrid<20>>;
    CHECK(knock<Slow, Slow>() == "joined");
    CHECK(knock<WithClock<clock::Hybrid<20, Rates{.input_hz = 30}>>, Slow>() == "joined"); // its own affair
    CHECK(knock<WithClock<clock::Hybrid<30>>, Slow>() == "codec_mismatch: clock::Hybrid<20>");
    CHECK(knock<Slow, WithClock<clock::Hybrid<1000>>>() == "codec_mismatch: clock::Hybrid<1000>");
    CHECK(knock<Net<Small>, Slow>() == "codec_mismatch: clock::Hybrid<20>");
    CHECK(knock<Slow>() == "codec_mismatch: clock::Independent<>");
}

TEST_CASE("another topology is refused") {
    using topology::AuthorityHosted, topology::ClientServer, topology::Mesh;
    CHECK(knock<WithTopology<Mesh<>>, WithTopology<Mesh<>>>() == "joined");
    CHECK(knock<WithTopology<Mesh<>>, WithTopology<AuthorityHosted<>>>() ==
          "codec_mismatch: this program has topology::Mesh, the host has not");
    CHECK(knock<WithTopology<AuthorityHosted<>>, WithTopology<Mesh<>>>() ==
          "codec_mismatch: the host has topology::Mesh, this program has not");
    CHECK(knock<WithTopology<ClientServer>, WithTopology<AuthorityHosted<>>>() ==
          "codec_mismatch: the host has topology::AuthorityHosted, this program has not");
    CHECK(knock<WithTopology<Mesh<>>, WithTopology<ClientServer>>() ==
          "codec_mismatch: this program has topology::Mesh, the host has not");
}

TEST_CASE("two builds that disagree on a type are told which") {
    // How it is delivered.
    const std::string delivery =
        knock<Net<Game<"small", 1, Event<mine::Note, Ordered>, Event<mine::Spot>>>>();
    CHECK(names(delivery, "Note"));
    // What it holds.
    CHECK(names(knock<Net<Game<"small", 1, Event<mine::Note, Reliable>, Event<yours::Spot>>>>(), "Spot"));
    // What it is.
    CHECK(names(knock<Net<Game<"small", 1, Event<mine::Note, Reliable>, State<mine::Spot>>>>(), "Spot"));
    // That it is there at all.
    CHECK(names(knock<Net<Game<"small", 1, Event<mine::Note, Reliable>>>>(), "Spot"));
}
