#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "early.hpp"
#include "searching.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/explore.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"reconnect", 1, Event<Word, Ordered>>;
using Net = Session<Talk, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;

struct Talker {
    Net net;
    std::string broken{};
    // By who said it: how many came, each in its turn, or else something is broken.
    std::vector<std::uint32_t> heard = std::vector<std::uint32_t>(8);
    std::uint32_t said = 0, away = 0, back = 0;

    Talker(sim::World& world, std::uint32_t host)
        : net({.timeout = 2_s, .away_for = 30_s, .seed = world.random().next() | 1}, world.port(host)) {}

    // To the host, or as the host to all.
    void say() {
        const auto sent =
            net.self() == PeerId::host() ? net.broadcast(Word{said}) : net.send(PeerId::host(), Word{said});
        if (sent)
            ++said;
        else
            broken = "could not say: " + std::string(name(sent.error()));
    }
    void on(PeerId peer, const Word& word) {
        if (word.number != heard[peer.value])
            broken = "word " + std::to_string(word.number) + " came instead of " +
                     std::to_string(heard[peer.value]);
        ++heard[peer.value];
    }
    void on(const PeerAway&) { ++away; }
    void on(const PeerBack&) { ++back; }
    void on(const PeerLeft& left) { broken = "somebody left: " + std::string(name(left.reason)); }
    void on(const Closed& closed) { broken = "closed: " + std::string(name(closed.reason)); }
};

struct Cut {
    std::vector<std::unique_ptr<Talker>> talkers;
    Duration took{}; // from the mending of the path until all that was said had arrived

    bool all_heard() const {
        for (std::size_t i = 1; i < talkers.size(); ++i)
            if (talkers[i]->heard[0] != talkers[0]->said || talkers[0]->heard[i] != talkers[i]->said)
                return false;
        return true;
    }
    std::string broken() const {
        for (const auto& talker : talkers)
            if (!talker->broken.empty()) return talker->broken;
        return {};
    }
    // Three guests, of whom one is cut off for five seconds; half of the time it has another address then.
    std::string play(sim::World& world) {
        for (std::uint32_t host = 1; host <= 4; ++host) {
            talkers.push_back(std::make_unique<Talker>(world, host));
            Talker& talker = *talkers.back();
            world.add(talker.net, talker);
            if (host == 1) {
                (void)talker.net.host(4000);
                continue;
            }
            for (int tries = 0; tries < 5 && talker.net.self() == PeerId::none(); ++tries) {
                talker.broken.clear(); // where much is lost, so may be the asking
                (void)talker.net.join("host1:4000");
                world.run_until([&] { return talker.net.status() != Status::joining; }, 10_s);
            }
            if (talker.net.self() != PeerId{host - 1}) return "it could not join";
        }
        world.run(1_s);
        Talker& cut = *talkers[2];
        const PeerId self = cut.net.self();
        const bool moves = world.random().chance(0.5);
        const auto moves_at = static_cast<std::uint64_t>(world.random().below(50));
        world.partition({3}, 5_s);
        for (std::uint64_t i = 0; i < 50; ++i) {
            if (moves && i == moves_at && !cut.net.move()) return "it could not move";
            for (const auto& talker : talkers) talker->say();
            world.run(100_ms);
        }
        const Instant mended = world.now();
        if (!world.run_until([&] { return all_heard(); }, 10_s))
            return broken().empty() ? "what was said never arrived" : broken();
        took = world.now() - mended;
        world.run(2_s);
        if (cut.net.self() != self) return "it came back as another";
        if (cut.away != cut.back || talkers[0]->away != talkers[0]->back) return "it is still away";
        return broken();
    }
};

} // namespace

TEST_CASE("a guest that was cut off is back within two round trips after its path is") {
    const auto report = sim::explore(
        searching::search("test_sim_brief -tc='*within two round trips*'", "latency_ms=50,jitter_ms=2", 40),
        [](sim::World& world) {
            Cut cut;
            std::string broken = cut.play(world);
            if (broken.empty() && cut.took > 200_ms)
                broken = "it took " + std::to_string(cut.took.seconds()) + " s";
            if (broken.empty() && cut.talkers[0]->away != 1) broken = "nobody was told";
            return broken;
        });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("it comes back as itself with nothing lost, whatever else the path does") {
    const auto report = sim::explore(
        searching::search(
            "test_sim_brief -tc='*whatever else the path does*'",
            "latency_ms=60,spread=0.5,jitter_ms=20,loss=0.1,reorder=0.1,duplicate=0.05,corrupt=0.01", 40),
        [](sim::World& world) { return Cut().play(world); });
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("keepalives and redials follow what is configured while the room is open") {
    sim::World world(3, *sim::Faults::parse("latency_ms=20"));
    Talker host(world, 1), guest(world, 2);
    world.add(host.net, host);
    world.add(guest.net, guest);
    REQUIRE(host.net.host(4000));
    REQUIRE(guest.net.join("host1:4000"));
    REQUIRE(world.run_until([&] { return guest.net.status() == Status::joined; }, 5_s));
    world.run(5_s);
    const auto sent = [&](std::uint32_t from, std::uint32_t to, Duration time) {
        const std::uint64_t before = world.network().counters(from, to).sent;
        world.run(time);
        return world.network().counters(from, to).sent - before;
    };
    const auto configure = [&](int keepalive_ms, int redial_ms) {
        for (Net* net : {&host.net, &guest.net}) {
            Rates rates = net->rates();
            rates.keepalive_ms = keepalive_ms;
            rates.redial_ms = redial_ms;
            net->configure(rates);
            CHECK(net->rates().keepalive_ms == keepalive_ms);
        }
    };
    // A beat and its answer, of either side.
    configure(600, 20);
    const std::uint64_t slow = sent(2, 1, 20_s);
    CHECK(slow <= 70);
    CHECK(slow >= 20);
    configure(100, 20);
    CHECK(sent(2, 1, 20_s) >= 190);
    configure(600, 20);
    CHECK(sent(2, 1, 20_s) <= 72);
    // Two of them are a silence, and then the guest asks for its place; how often at first is configured.
    const auto asks = [&](int redial_ms) {
        configure(100, redial_ms);
        world.run(1_s);
        world.network().cut(1, 2, world.now() + 800_ms);
        const std::uint64_t count = sent(2, 1, 800_ms);
        world.run(5_s);
        CHECK(host.net.roster().size() == 2);
        CHECK(guest.net.status() == Status::joined);
        return count;
    };
    const std::uint64_t seldom = asks(400), often = asks(20);
    CHECK(often >= seldom + 8);
    CHECK(host.broken.empty());
    CHECK(guest.broken.empty());
}

TEST_CASE("what a guest says when it comes back is heard half a round trip later") {
    early::hears_at_once<transport::Memory>([](transport::Memory port) { return port; });
    early::hears_after_sleep<transport::Memory>([](transport::Memory port) { return port; });
}
