// Inputs that come just in time: with Rates::lead_ms each guest's inputs are led so that the authority has
// them shortly before it takes them.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "tenon/clock/hybrid.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

#include "other_clock.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Ship {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Steer {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Race = Game<"led", 1, State<Ship>, Command<Steer>>;
template <class Clock>
using Net =
    Session<Race, transport::Memory, codec::Bits, Clock, topology::ClientServer, reliability::AckVector>;

struct Racer {
    std::uint32_t next = 0;
    Ship state() { return {1}; }
    Steer command() { return {next++}; }
    void on(PeerId, const Steer&) {}
};
// Takes what has come at each beat of its own input, or at each boundary. A beat without a new command is one
// that came too late.
struct Judge : Racer {
    sim::World* world = nullptr;
    bool by_boundary = false;
    std::vector<Instant> came{};
    std::uint32_t beats = 0, empty = 0, taken = 0;
    Duration waited{}; // of all that were taken together
    void take() {
        ++beats;
        empty += came.empty() ? 1 : 0;
        for (const Instant at : came) waited += world->now() - at;
        taken += static_cast<std::uint32_t>(came.size());
        came.clear();
    }
    Steer command() {
        if (!by_boundary) take();
        return Racer::command();
    }
    using Racer::on;
    void on(PeerId peer, const Steer&) {
        if (peer != PeerId::host()) came.push_back(world->now());
    }
    void on(const Boundary&) {
        if (by_boundary) take();
    }
    void clear() { beats = empty = taken = 0, waited = {}; }
    double empty_share() const { return double(empty) / beats; }
    double mean_wait_ms() const { return waited.ms() / taken; }
};

constexpr std::string_view jittery = "latency_ms=18,jitter_ms=5";

template <class Clock>
struct Track {
    sim::World world;
    Net<Clock> host, guest;
    Judge judge;
    Racer racer;
    other_clock::OtherClock<Net<Clock>> quartz{guest, 100e-6, 5_s};

    Track(std::uint64_t seed, bool by_boundary)
        : world(seed, *sim::Faults::parse(jittery)), host({}, world.port(1)), guest({}, world.port(2)) {
        judge.world = &world;
        judge.by_boundary = by_boundary;
        world.add(host, judge);
        world.add(quartz, racer);
        REQUIRE(host.host(4000));
        REQUIRE(guest.join("host1:4000"));
        REQUIRE(world.run_until([&] { return host.roster().size() == 2; }, 5_s));
    }
    ~Track() { world.remove(quartz); }
    void play(Duration time) {
        judge.clear();
        world.run(time);
    }
};

constexpr Rates led{.input_hz = 50, .snapshot_hz = 20, .lead_ms = 4},
    free_running{.input_hz = 50, .snapshot_hz = 20};

template <class Clock>
void check_led(bool by_boundary) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        Track<Clock> track(seed, by_boundary);
        track.play(15_s);
        track.play(60_s);
        CHECK(track.judge.beats > 2990);
        CHECK(track.judge.empty_share() < 0.01);
        CHECK(track.judge.mean_wait_ms() < 12);
        CHECK(track.judge.mean_wait_ms() > 3);
        CHECK(track.guest.lead().known);
        CHECK(abs(track.guest.lead().early - 4_ms) < 4_ms);
        // A longer path: they miss their moments for a while, and then no more.
        sim::Path longer;
        longer.latency = 27_ms;
        longer.jitter = 5_ms;
        track.world.network().set_path(longer);
        track.play(15_s);
        track.play(60_s);
        CHECK(track.judge.empty_share() < 0.01);
        CHECK(track.judge.mean_wait_ms() < 12);
        // Switched off it is over, and the figure with it.
        Rates rates = track.guest.rates();
        rates.lead_ms = 0;
        track.guest.configure(rates);
        track.play(5_s);
        CHECK(track.guest.lead().rate == 1);
    }
}
template <class Clock>
double worst_without() {
    double worst = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        Track<Clock> track(seed, false);
        track.play(15_s);
        for (int i = 0; i < 4; ++i) {
            track.play(15_s);
            worst = std::max(worst, track.judge.empty_share());
        }
        CHECK_FALSE(track.guest.lead().known);
    }
    return worst;
}

} // namespace

TEST_CASE("led inputs come just in time for the authority's own, also after the path has changed") {
    check_led<clock::Independent<led>>(false);
}
TEST_CASE("led inputs come just in time for the boundaries") { check_led<clock::Hybrid<50, led>>(true); }
TEST_CASE("inputs that are not led come as they come") {
    CHECK(worst_without<clock::Independent<free_running>>() > 0.05);
}
