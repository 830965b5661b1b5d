#pragma once
// A guest that comes back over a path of a hundred milliseconds to and fro, and a host that notes when it
// heard what: for plaintext and for encrypted sessions.

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"

namespace early {

using namespace tenon;
using namespace tenon::literals;

struct Steer {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Shot : Steer {};
struct Line : Steer {};
struct Mark : Steer {};
struct Blink : Steer {};
using Talk = Game<"early", 1, Command<Steer>, Event<Shot, Reliable>, Event<Line, Ordered>,
                  Event<Mark, Newest>, Event<Blink>>;
template <class Transport>
using NetOver = Session<Talk, Transport, codec::Bits, clock::Independent<>, topology::ClientServer,
                        reliability::AckVector>;

inline constexpr Duration one_way = 50_ms;

struct Host {
    sim::World& world;
    std::vector<Instant> commands{}, words{}; // when each came, in the order in which they came
    std::map<std::uint32_t, Instant> heard{}; // by number
    int twice = 0;
    std::uint32_t last = 0, missed = 0;
    bool in_order = true;

    void on(PeerId, const Steer& steer) {
        in_order = in_order && steer.number > last;
        missed += steer.number - last - 1;
        last = steer.number;
        note(1'000'000 + steer.number);
    }
    void on(PeerId, const Shot& shot) { note(shot.number); }
    void on(PeerId, const Line& line) { note(line.number); }
    void on(PeerId, const Mark& mark) { note(mark.number); }
    void on(PeerId, const Blink& blink) { note(blink.number); }
    // How long the word of this number took that was said then; 0 when it never came.
    Duration took(std::uint32_t number, Instant said) const {
        const auto at = heard.find(number);
        return at != heard.end() ? at->second - said : Duration{};
    }

  private:
    void note(std::uint32_t number) { twice += heard.insert({number, world.now()}).second ? 0 : 1; }
};
struct Guest {
    static constexpr bool never_hosts = true;
    sim::World& world;
    std::map<std::uint32_t, Instant> made{};
    std::uint32_t number = 0;
    int shots = 0;

    Steer command() {
        made[++number] = world.now();
        return {number};
    }
    void on(PeerId, const Shot&) { ++shots; }
    void on(PeerId, const Line&) {}
    void on(PeerId, const Mark&) {}
    void on(PeerId, const Blink&) {}
};

template <class Transport>
struct Pair {
    sim::World world;
    NetOver<Transport> host, guest;
    Host at_host{world};
    Guest at_guest{world};

    explicit Pair(auto&& make, Options options = {})
        : world(11, *sim::Faults::parse("latency_ms=50")),
          host(options, make(world.port(1))),
          guest(options, make(world.port(2))) {
        world.add(host, at_host);
        world.add(guest, at_guest);
        REQUIRE(host.host(4000));
        REQUIRE(guest.join("host1:4000"));
        REQUIRE(world.run_until([&] { return guest.status() == Status::joined; }, 5_s));
        world.run(1_s);
    }
};

// All that a guest says when it has moved, and after, comes half a round trip later and once.
template <class Transport>
void hears_at_once(auto&& make) {
    Pair<Transport> pair(make);
    for (std::uint32_t round = 1; round <= 5; ++round) {
        CAPTURE(round);
        const Instant moved = pair.world.now();
        const std::uint32_t first = round * 10, made_before = pair.at_guest.number;
        REQUIRE(pair.guest.move());
        const PeerId to = PeerId::host();
        REQUIRE(pair.guest.send(to, Shot{{first}}));
        REQUIRE(pair.guest.send(to, Line{{first + 1}}));
        REQUIRE(pair.guest.send(to, Mark{{first + 2}}));
        REQUIRE(pair.guest.send(to, Blink{{first + 3}}));
        // It can't have heard from its host there before so long.
        pair.world.run(90_ms);
        REQUIRE(pair.guest.send(to, Shot{{first + 4}}));
        pair.world.run(910_ms);
        for (std::uint32_t number = first; number < first + 4; ++number) {
            CAPTURE(number);
            CHECK(pair.at_host.took(number, moved) >= one_way);
            CHECK(pair.at_host.took(number, moved) <= one_way + 1_ms);
        }
        CHECK(pair.at_host.took(first + 4, moved + 90_ms) >= one_way);
        CHECK(pair.at_host.took(first + 4, moved + 90_ms) <= one_way + 1_ms);
        for (const auto& made : pair.at_guest.made) {
            const std::uint32_t number = made.first;
            const Instant at = made.second;
            if (number <= made_before || at > moved + 900_ms) continue;
            CAPTURE(number);
            CHECK(pair.at_host.took(1'000'000 + number, at) >= one_way);
            CHECK(pair.at_host.took(1'000'000 + number, at) <= one_way + 6_ms);
        }
        CHECK(pair.at_guest.number > made_before + 10);
    }
    CHECK(pair.at_host.twice == 0);
    CHECK(pair.at_host.missed == 0);
    CHECK(pair.at_host.in_order);
    CHECK(pair.guest.self() == PeerId{1});
}

// So does what must arrive and was said while a guest was cut off for so long that its path counted as
// broken.
template <class Transport>
void hears_after_sleep(auto&& make) {
    Pair<Transport> pair(make, {.timeout = 2_s, .away_for = 30_s});
    pair.world.partition({2}, 4_s);
    pair.world.run(3_s);
    REQUIRE(pair.guest.send(PeerId::host(), Shot{{1}}));
    REQUIRE(pair.guest.send(PeerId::host(), Line{{2}}));
    CHECK(pair.guest.roster().is_away(PeerId::host()));
    pair.world.run(1_s);
    const Instant mended = pair.world.now();
    CHECK(pair.at_host.heard.count(1) == 0);
    pair.world.run(1_s);
    // A request goes every 30 ms or so.
    for (const std::uint32_t number : {1u, 2u}) {
        CHECK(pair.at_host.took(number, mended) >= one_way);
        CHECK(pair.at_host.took(number, mended) <= one_way + 45_ms);
    }
    CHECK(pair.at_host.twice == 0);
    CHECK(pair.guest.self() == PeerId{1});
}

} // namespace early
