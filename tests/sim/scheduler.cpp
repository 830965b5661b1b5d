// What the scheduler promises, in whole rooms: rates, inputs in time, snapshots that give way, clocks that
// jump. The common time has common_time.cpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <vector>

#include "tenon/clock/hybrid.hpp"
#include "tenon/clock/lead.hpp"
#include "tenon/profile/action.hpp"
#include "tenon/profile/co_op.hpp"
#include "tenon/profile/sandbox.hpp"
#include "tenon/profile/turn_based.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

#include "other_clock.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Ship {
    std::uint32_t number = 0;
    std::array<std::uint32_t, 16> hull{};
    void serialize(auto& ar) { ar(number, hull); }
};
struct Steer {
    std::uint32_t tick = 0;
    void serialize(auto& ar) { ar(tick); }
};
// The authority's word on how early a player's commands come, in microseconds.
struct Early {
    std::int32_t us = 0;
    void serialize(auto& ar) { ar(us); }
};
using Arena = Game<"scheduled", 1, State<Ship>, Command<Steer>, Event<Early, Newest>>;

struct Pilot {
    std::uint32_t states = 0, commands = 0, heard = 0, left = 0;
    std::map<std::uint32_t, std::uint32_t> heard_from{};
    bool in = false;

    Ship state() {
        Ship ship{++states, {}};
        ship.hull.fill(0xFFFF'FFFF);
        return ship;
    }
    Steer command() { return {++commands}; }
    void on(PeerId peer, const Steer&) { ++heard, ++heard_from[peer.value]; }
    void on(const Joined&) { in = true; }
    void on(const PeerLeft&) { ++left; }
    void on(const Closed&) { ++left; }
};

using other_clock::OtherClock;

sim::Faults line(std::string_view text) { return *sim::Faults::parse(text); }

// 20 +- 5 ms each way.
constexpr std::string_view jittery = "latency_ms=15,jitter_ms=10";

template <class Net, class Handlers>
void meet(sim::World& world, std::initializer_list<Net*> nets, std::initializer_list<Handlers*> handlers) {
    REQUIRE((*nets.begin())->host(4000));
    for (std::size_t i = 1; i < nets.size(); ++i) REQUIRE(nets.begin()[i]->join("host1:4000"));
    REQUIRE(world.run_until(
        [&] { return std::all_of(handlers.begin(), handlers.end(), [](auto* one) { return one->in; }); },
        5_s));
}

bool within(double value, double wanted, double share) {
    return value >= wanted * (1 - share) && value <= wanted * (1 + share);
}

template <template <class, class, class> class Profile>
void check_rates(const Rates& rates, double frame_hz, const sim::Faults& faults) {
    using Net = Profile<Arena, transport::Memory, topology::ClientServer>;
    sim::World world(7, faults);
    Net host({}, world.port(1)), guest({}, world.port(2)), other({}, world.port(3));
    Pilot at_host, at_guest, at_other;
    world.add(host, at_host);
    world.add(guest, at_guest, {.frame_hz = frame_hz});
    world.add(other, at_other);
    meet(world, {&host, &guest, &other}, {&at_host, &at_guest, &at_other});
    world.run(3_s);
    at_host = at_guest = at_other = {};
    std::uint64_t keepalives = host.health(guest.self())->packets_in;
    world.run(60_s);
    keepalives = host.health(guest.self())->packets_in - keepalives;
    for (const Pilot* pilot : {&at_host, &at_guest, &at_other}) {
        CHECK(within(pilot->commands, rates.input_hz * 60, 0.02));
        CHECK(within(pilot->states, rates.snapshot_hz * 60, 0.02));
        CHECK(pilot->left == 0);
    }
    CHECK(within(at_host.heard_from[guest.self().value], rates.input_hz * 60, 0.02));
    CHECK(within(at_host.heard_from[other.self().value], rates.input_hz * 60, 0.02));
    // A side that says nothing else is still heard.
    CHECK(static_cast<double>(keepalives) >= 60'000.0 / rates.keepalive_ms * 0.98);
}

} // namespace

TEST_CASE("the rates that a profile promises hold within two percent over a minute") {
    const auto all = [](double frame_hz, const sim::Faults& faults) {
        check_rates<profile::Action>(profile::action_rates, frame_hz, faults);
        check_rates<profile::CoOp>(profile::co_op_rates, frame_hz, faults);
        check_rates<profile::Sandbox>(profile::sandbox_rates, frame_hz, faults);
        check_rates<profile::TurnBased>(profile::turn_based_rates, frame_hz, faults);
    };
    all(0, line("none"));
    all(144, line(jittery));
    all(60, line(jittery));
    all(0, line("latency_ms=20,jitter_ms=10,loss=0.01"));
}

TEST_CASE("a turn is asked for when it was made, and its state comes though packets are lost") {
    using Net = profile::TurnBased<Arena, transport::Memory>;
    sim::World world(5, line("latency_ms=30,jitter_ms=10,loss=0.2"));
    Net host({}, world.port(1)), guest({}, world.port(2));
    Pilot at_host, at_guest;
    world.add(host, at_host);
    world.add(guest, at_guest);
    meet(world, {&host, &guest}, {&at_host, &at_guest});
    world.run(5_s);
    at_host = at_guest = {};
    int came = 0;
    for (int turn = 0; turn < 40; ++turn) {
        guest.touch();
        world.run(2_s);
        host.touch();
        const std::uint32_t before = at_host.states;
        world.run(5_s);
        CHECK(at_host.states == before + 4);
        const auto seen = guest.latest<Ship>(PeerId::host());
        came += seen && seen->number > before ? 1 : 0;
    }
    CHECK(at_guest.commands == 40);
    CHECK(at_host.heard_from[guest.self().value] == 40);
    CHECK(came >= 39);
}

namespace {

// A player whose inputs are numbered by the authority's ticks, and come just in time.
struct Racer : Pilot {
    clock::Lead lead{8_ms};
    Instant now{};
    std::uint32_t next = 0;
    Steer command() { return {next++}; }
    using Pilot::on;
    void on(PeerId, const Early& early) { lead.hear(now, microseconds(early.us)); }
};
// The authority, which needs the input of tick n at n beats of the room's time.
struct Judge : Pilot {
    Instant now{};
    clock::Arrivals arrivals;
    Duration least = 10_s, most = -10_s;
    std::uint32_t late = 0;
    static Instant needed(std::uint32_t tick) { return Instant{} + period(60) * tick; }
    using Pilot::on;
    void on(PeerId peer, const Steer& steer) {
        if (peer == PeerId::host()) return;
        ++heard;
        const Duration early = needed(steer.tick) - now;
        arrivals.note(needed(steer.tick), now);
        least = min(least, early);
        most = max(most, early);
        late += early.ns < 0 ? 1 : 0;
    }
    void on(PeerId, const Early&) {}
};
template <class Net, class Handlers>
struct Clocked { // handlers that know when it is
    Net& net;
    void tick(Instant now, Handlers& handlers) {
        handlers.now = now;
        net.tick(now, handlers);
    }
    Instant next_deadline() const { return net.next_deadline(); }
    const auto& transport() const { return net.transport(); }
};

} // namespace

TEST_CASE(
    "inputs come to the authority just in time, after a start far from it and after the path has changed") {
    using Net = profile::Action<Arena, transport::Memory>;
    for (const Duration off : {-100_ms, 0_ms, 120_ms}) {
        sim::World world(3, line(jittery));
        Net host({}, world.port(1)), guest({}, world.port(2));
        Judge judge;
        Racer racer;
        Clocked<Net, Judge> at_host{host};
        Clocked<Net, Racer> at_guest{guest};
        world.add(at_host, judge);
        world.add(at_guest, racer);
        meet<Net, Pilot>(world, {&host, &guest}, {&judge, &racer});
        world.run(1_s);
        const Instant start = guest.room_time(world.now(2)) + racer.lead.start(40_ms, 2_ms) + off;
        racer.next = static_cast<std::uint32_t>((start - Instant{}) / period(60)) + 1;
        world.run(100_ms);
        const auto play = [&](Duration time) {
            judge.least = 10_s;
            judge.most = -10_s;
            judge.late = judge.heard = 0;
            for (const Instant end = world.now() + time; world.now() < end;) {
                world.run(250_ms);
                if (judge.arrivals.count() != 0)
                    (void)host.send(guest.self(),
                                    Early{static_cast<std::int32_t>(judge.arrivals.take().ns / 1000)});
                Rates rates = profile::action_rates;
                rates.input_hz *= racer.lead.rate(world.now(2));
                CHECK(rates.input_hz >= profile::action_rates.input_hz * 0.969);
                CHECK(rates.input_hz <= profile::action_rates.input_hz * 1.031);
                guest.configure(rates);
            }
        };
        play(15_s);
        play(60_s);
        CHECK(judge.heard >= 3560);
        CHECK(judge.late == 0);
        CHECK(judge.most <= 30_ms); // the jitter of ten is in it, and the margin
        sim::Path longer;
        longer.latency = 50_ms;
        longer.jitter = 10_ms;
        world.network().set_path(longer);
        play(15_s);
        CHECK(judge.late > 0);
        play(60_s);
        CHECK(judge.late == 0);
        CHECK(judge.most <= 30_ms);
    }
}

TEST_CASE("snapshots give way on a narrow path, come to rest there, and come back when it is wide") {
    using Net = profile::Action<Arena, transport::Memory>;
    for (const double bandwidth : {2000.0, 3500.0, 5000.0}) {
        sim::World world(9, line("latency_ms=20"));
        Net host({}, world.port(1)), guest({}, world.port(2)), far({}, world.port(3)),
            other({}, world.port(4));
        Pilot at_host, at_guest, at_far, at_other;
        world.add(host, at_host);
        world.add(guest, at_guest);
        world.add(far, at_far);
        world.add(other, at_other);
        meet(world, {&host, &guest, &far, &other}, {&at_host, &at_guest, &at_far, &at_other});
        world.run(30_s);
        CHECK(host.health().pace == 1);
        sim::Path narrow;
        narrow.latency = 20_ms;
        narrow.bandwidth = static_cast<std::uint64_t>(bandwidth);
        world.network().set_path(1, 3, narrow);
        world.run(60_s);
        const double settled = host.health(far.self())->pace;
        CHECK(settled < 1);
        // Over ten minutes it moves seldom, and the others lose nothing.
        int changes = 0, behind = 0;
        double pace = settled;
        for (int i = 0; i < 3000; ++i) {
            world.run(200_ms);
            const Health health = *host.health(far.self());
            changes += health.pace != pace ? 1 : 0;
            pace = health.pace;
            behind += health.rtt > 400_ms ? 1 : 0;
        }
        MESSAGE(bandwidth, " bytes a second: ", changes, " changes in ten minutes, share ", pace,
                ", slow for ", behind / 30, "%");
        CHECK(changes <= 24);
        CHECK(host.health(guest.self())->pace == 1);
        CHECK(host.health(other.self())->pace == 1);
        narrow.bandwidth = 0;
        world.network().set_path(1, 3, narrow);
        world.run(240_s);
        CHECK(host.health(far.self())->pace == 1);
    }
}

TEST_CASE("a clock that jumps by hours disturbs nobody, whose ever it is") {
    using Net = profile::Action<Arena, transport::Memory>;
    for (const bool hosts : {true, false})
        for (const Duration jump : {seconds(3 * 3600), -seconds(3 * 3600)}) {
            sim::World world(2, line("latency_ms=20"));
            Net host({}, world.port(1)), guest({}, world.port(2)), other({}, world.port(3));
            OtherClock<Net> odd{hosts ? host : guest};
            Pilot at_host, at_guest, at_other;
            if (hosts) {
                world.add(odd, at_host);
                world.add(guest, at_guest);
            } else {
                world.add(host, at_host);
                world.add(odd, at_guest);
            }
            world.add(other, at_other);
            meet(world, {&host, &guest, &other}, {&at_host, &at_guest, &at_other});
            world.run(10_s);
            at_host = at_guest = at_other = {};
            odd.jumped = jump;
            world.run(30_s);
            for (const Pilot* pilot : {&at_host, &at_guest, &at_other}) {
                CHECK(pilot->left == 0);
                CHECK(within(pilot->commands, 1800, 0.02));
                CHECK(within(pilot->states, 600, 0.02));
            }
            CHECK(within(at_host.heard_from[guest.self().value], 1800, 0.02));
            const Instant here = guest.room_time(hosts ? world.now(2) : odd.shown(world.now(2))),
                          there = other.room_time(world.now(3));
            CHECK(abs(here - there) < 5_ms);
            world.remove(odd);
        }
}

TEST_CASE("with boundaries all peers see the same states at the same moment, in spite of jitter and stalls") {
    using Net = Session<Arena, transport::Memory, codec::Bits,
                        clock::Hybrid<10, Rates{.input_hz = 60, .snapshot_hz = 10}>, topology::ClientServer,
                        reliability::AckVector>;
    struct Member : Pilot {
        std::vector<Boundary> boundaries{};
        using Pilot::on;
        void on(const Boundary& boundary) { boundaries.push_back(boundary); }
    };
    sim::World world(4, line("latency_ms=15,jitter_ms=10,loss=0.02"));
    Net host({}, world.port(1)), guest({}, world.port(2)), other({}, world.port(3));
    Member at_host, at_guest, at_other;
    world.add(host, at_host);
    world.add(guest, at_guest);
    world.add(other, at_other);
    meet<Net, Pilot>(world, {&host, &guest, &other}, {&at_host, &at_guest, &at_other});
    world.run(60_s);
    world.pause(2, 1_s);
    world.run(10_s);
    for (const Member* member : {&at_host, &at_guest, &at_other}) {
        std::int64_t missed = 0;
        REQUIRE(member->boundaries.size() > 600);
        for (std::size_t i = 100; i < member->boundaries.size(); ++i) {
            const Boundary &last = member->boundaries[i - 1], &here = member->boundaries[i];
            CHECK(here.number == last.number + 1 + here.missed);
            missed += here.missed;
        }
        CHECK(missed <= (member == &at_guest ? 10 : 0));
        CHECK(missed >= (member == &at_guest ? 8 : 0));
        CHECK(within(member->states, 700, 0.03));
        CHECK(within(member->commands, 4200, 0.03));
    }
}
