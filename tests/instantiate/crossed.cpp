// Every policy with the least of all others, and the profiles: they compile whole, and play.
#include <doctest/doctest.h>

#include <initializer_list>

#include "meet.hpp"
#include "tenon/clock/hybrid.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/clock/kernel.hpp"
#include "tenon/hall.hpp"
#include "tenon/profile/action.hpp"
#include "tenon/profile/co_op.hpp"
#include "tenon/profile/sandbox.hpp"
#include "tenon/profile/turn_based.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/reliability/best_effort.hpp"
#include "tenon/reliability/native.hpp"
#include "tenon/reliability/redundant.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/room/lockstep_part.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/memory.hpp"

using namespace instantiate;

using Least = GameOf<false, false>::type;
using OverMemory = Net<transport::Memory>;
using OverImpaired = Net<transport::Impaired<transport::Memory>>;
using InBits = Net<archetype::Transport, codec::Bits>;
using ByIndependent = Net<archetype::Transport, archetype::Codec, clock::Independent<>>;
using ByHybrid = Net<archetype::Transport, archetype::Codec, clock::Hybrid<20>>;
using ByKernel = Net<archetype::Transport, archetype::Codec, clock::Kernel<60>, archetype::Topology,
                     reliability::AckVector>;
using AsClientServer = Net<archetype::Transport, archetype::Codec, archetype::Clock, topology::ClientServer>;
// Its peers tell each other their addresses, which the least of a transport can't.
template <class Reliability, class Election>
using AsAuthorityHosted = Net<transport::Memory, archetype::Codec, archetype::Clock,
                              topology::AuthorityHosted<Election>, Reliability>;
template <class Reliability>
using With = Net<archetype::Transport, archetype::Codec, archetype::Clock, archetype::Topology, Reliability>;
using OverConnections = Net<archetype::Connections>;
template <class Clock>
using ConnectedBy =
    Net<archetype::Connections, archetype::Codec, Clock, archetype::Topology, reliability::AckVector>;
template <template <class, class, class> class Profile>
using Played = Profile<GameOf<true, true>::type, transport::Memory, topology::ClientServer>;

template class tenon::Session<Least, archetype::Transport, archetype::Codec, archetype::Clock,
                              archetype::Topology, archetype::Reliability>;
template class tenon::Hall<Plays<Net<>, Player>>;
template class tenon::Session<Least, archetype::Connections, archetype::Codec, archetype::Clock,
                              archetype::Topology, archetype::Reliability>;
template class tenon::Hall<Plays<OverConnections, Player>>;

namespace {

// What a Kernel asks of its player: a simulation, which all inputs go into.
struct Simulated : Player {
    void step(Tick, const Inputs<Steer>& inputs) {
        for (const Input<Steer>& input : inputs) steers += input.order.turn == 2 ? 1 : 0;
    }
    void serialize(auto& ar) { ar(steers); }
};

template <class NetType, class G = Least, class PlayerType = Player>
void meet_in_process() {
    NetType host, guest;
    meet<G, PlayerType>(host, guest, "4000", [] {});
}
template <class NetType, class G, class Transport = transport::Memory>
void meet_in_memory() {
    transport::Exchange exchange(1);
    NetType host({}, Transport(transport::Memory(exchange, 1)));
    NetType guest({}, Transport(transport::Memory(exchange, 2)));
    meet<G>(host, guest, "host1:4000", [&] { exchange.deliver_all(); });
}

} // namespace

TEST_CASE("a session needs no more of its policies than their concepts say") { meet_in_process<Net<>>(); }
TEST_CASE("nor does a hall") {
    tenon::Hall<Plays<Net<>, Player>> hall;
    Net<> guest({.room = "a"});
    Player at_guest;
    REQUIRE(hall.open(4000));
    const auto room = hall.host<Net<>>({.room = "a"});
    REQUIRE((room && guest.join("4000")));
    for (Instant now{1'000'000'000}; now < Instant{1'200'000'000}; now += 5_ms) {
        guest.tick(now, at_guest);
        hall.tick(now);
    }
    CHECK(guest.status() == Status::joined);
    CHECK(hall.handlers<Net<>>(*room)->steers > 0);
}
TEST_CASE("Memory goes with the least of all others") { meet_in_memory<OverMemory, Least>(); }
TEST_CASE("Impaired goes with the least of all others") {
    meet_in_memory<OverImpaired, Least, transport::Impaired<transport::Memory>>();
}
TEST_CASE("connections go with the least of all others, and with every clock") {
    meet_in_process<OverConnections>();
    meet_in_process<ConnectedBy<clock::Hybrid<20>>, GameOf<true, true>::type>();
    meet_in_process<ConnectedBy<clock::Kernel<60>>, GameOf<true, true>::type, Simulated>();
}
TEST_CASE("Native goes with the least of connections") {
    meet_in_process<Net<archetype::Connections, archetype::Codec, archetype::Clock, archetype::Topology,
                        reliability::Native>,
                    GameOf<true, true>::type>();
}
TEST_CASE("Bits goes with the least of all others") { meet_in_process<InBits>(); }
TEST_CASE("Independent goes with the least of all others") { meet_in_process<ByIndependent>(); }
TEST_CASE("Hybrid goes with the least of all others") { meet_in_process<ByHybrid>(); }
TEST_CASE("Kernel goes with the least of all others that keeps order") {
    meet_in_process<ByKernel, GameOf<true, true>::type, Simulated>();
}
TEST_CASE("ClientServer goes with the least of all others") { meet_in_process<AsClientServer>(); }
TEST_CASE("AuthorityHosted goes with the least of all others, but for the addresses") {
    meet_in_memory<AsAuthorityHosted<archetype::Reliability, topology::FirstJoiner>, Least>();
    meet_in_memory<AsAuthorityHosted<reliability::AckVector, topology::ByMerit<>>,
                   GameOf<true, true>::type>();
}
TEST_CASE("AckVector goes with the least of all others") {
    meet_in_process<With<reliability::AckVector>, GameOf<true, true>::type>();
}
TEST_CASE("AckRetry goes with the least of all others") {
    meet_in_process<With<reliability::AckRetry>, GameOf<true, false>::type>();
}
TEST_CASE("BestEffort goes with the least of all others") {
    meet_in_process<With<reliability::BestEffort>>();
}
TEST_CASE("Redundant goes with the least of all others") {
    meet_in_process<With<reliability::Redundant<>>, GameOf<true, true>::type>();
}
TEST_CASE("the profiles play over any transport") {
    meet_in_memory<Played<profile::Action>, GameOf<true, true>::type>();
    meet_in_memory<Played<profile::CoOp>, GameOf<true, true>::type>();
    meet_in_memory<Played<profile::Sandbox>, GameOf<true, true>::type>();
}
TEST_CASE("TurnBased plays over any transport, when it is touched") {
    meet_in_memory<Played<profile::TurnBased>, GameOf<true, true>::type>();
}
