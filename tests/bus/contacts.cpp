#include "tenon/bus/contacts.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::MemoryAddress;

namespace {

constexpr MemoryAddress at_a{1, 100}, at_b{2, 200};

// Two sides, a straight line that may be cut one way, and a bus that may be out.
struct Pair {
    struct Side {
        bus::Contacts<MemoryAddress> contacts;
        bus::Inbox self = 0;
        MemoryAddress at;
        unsigned probes = 0, greetings = 0;
    };
    Side a, b;
    Instant now{1'000'000'000'000};
    bool a_to_b = true, b_to_a = true, bus_works = true;

    Pair() {
        a.self = 1;
        b.self = 2;
        a.at = at_a;
        b.at = at_b;
        a.contacts.begin(1, Random(1));
        b.contacts.begin(2, Random(2));
    }
    void turn(Side& from, Side& to, bool straight) {
        from.contacts.turn(
            now,
            [&](const MemoryAddress& where, const bus::Probe& probe) {
                ++from.probes;
                if (straight && where == to.at) (void)to.contacts.hear(now, from.at, probe);
            },
            [&](bus::Inbox inbox, bus::Greeting& greeting) {
                ++from.greetings;
                if (!bus_works || inbox != to.self) return;
                if (to.contacts.hear(now, greeting)) to.contacts.suggest(from.self, from.at);
            });
    }
    void run(Duration time, bool talk = true) {
        for (const Instant end = now + time; now < end; now += 50_ms) {
            if (talk) (void)a.contacts.way(now, 2);
            if (talk) (void)b.contacts.way(now, 1);
            turn(a, b, a_to_b);
            turn(b, a, b_to_a);
        }
    }
    bool straight() { return a.contacts.way(now, 2) != nullptr && b.contacts.way(now, 1) != nullptr; }
};

} // namespace

TEST_CASE("two who know only each other's inbox come to speak straight") {
    Pair pair;
    CHECK(pair.a.contacts.way(pair.now, 2) == nullptr);
    CHECK(pair.a.contacts.is_detour(2));
    pair.run(400_ms);
    REQUIRE(pair.straight());
    CHECK(*pair.a.contacts.way(pair.now, 2) == at_b);
    CHECK(pair.b.contacts.hear_straight(pair.now, at_a) == 1);
    CHECK_FALSE(pair.a.contacts.is_detour(2));
    pair.run(2_s);
    pair.a.greetings = 0;
    pair.run(5_s);
    CHECK(pair.a.greetings == 0); // the bus is left alone
}

TEST_CASE("a path that is cut one way is left on that way alone, and taken again") {
    Pair pair;
    pair.run(1_s);
    REQUIRE(pair.straight());
    pair.a_to_b = false;
    pair.run(3_s);
    CHECK(pair.a.contacts.way(pair.now, 2) == nullptr);
    CHECK(pair.b.contacts.way(pair.now, 1) != nullptr);
    pair.b_to_a = false;
    pair.run(3_s);
    CHECK(pair.b.contacts.way(pair.now, 1) == nullptr);
    pair.run(20_s);
    pair.a_to_b = pair.b_to_a = true;
    pair.run(3_s);
    CHECK(pair.straight());
}

TEST_CASE("without the bus a straight path goes on, and one that was told before is found") {
    Pair pair;
    pair.a.contacts.remember(pair.now, 2);
    pair.a.contacts.suggest(2, at_b);
    pair.b.contacts.remember(pair.now, 1);
    pair.b.contacts.suggest(1, at_a);
    CHECK_FALSE(pair.a.contacts.is_detour(2)); // nobody speaks with it
    pair.run(1_s, false);
    CHECK(pair.a.probes + pair.a.greetings == 0);
    pair.bus_works = false;
    pair.run(1_s);
    CHECK(pair.straight());
    pair.run(30_s);
    CHECK(pair.straight());
}

TEST_CASE("who speaks for an inbox that it can't read is not believed") {
    Pair pair;
    pair.run(1_s);
    const MemoryAddress thief{9, 900};
    CHECK(pair.a.contacts.hear(pair.now, thief, bus::Probe{2, 12345, true}).error() ==
          Error::forged_presence);
    CHECK(pair.a.contacts.hear(pair.now, thief, bus::Probe{77, 12345, true}).error() == Error::unknown_peer);
    CHECK(pair.a.contacts.hear(pair.now, bus::Greeting{2, 555, 666, true, {}}).error() ==
          Error::forged_presence);
    CHECK(pair.a.contacts.hear(pair.now, bus::Greeting{1, 555, 0, true, {}}).error() ==
          Error::forged_presence);
    const std::byte packet[2] = {std::byte{0x03}, std::byte{}}, door[2] = {std::byte{0x81}, std::byte{}};
    CHECK(pair.a.contacts.hear(pair.now, bus::Carried{2, 1, 0, packet}).error() == Error::forged_presence);
    CHECK(pair.a.contacts.hear(pair.now, bus::Carried{77, 1, 0, packet}).error() == Error::unknown_peer);
    CHECK(pair.a.contacts.hear(pair.now, bus::Carried{77, 0, 0, door})); // strangers may knock
    CHECK(pair.a.contacts.hear(pair.now, bus::Carried{2, pair.b.contacts.token_of(1), 0, packet}));
    CHECK(*pair.a.contacts.way(pair.now, 2) == at_b);
}

TEST_CASE("who was verified and lost it all is told again") {
    Pair pair;
    pair.run(1_s);
    pair.b.contacts.begin(2, Random(3));
    pair.run(3_s);
    CHECK(pair.straight());
}

TEST_CASE("strangers fill neither the list nor the time of anybody") {
    Pair pair;
    pair.run(1_s);
    unsigned flooded = 0;
    for (bus::Inbox from = 100; from < 2000; ++from) {
        const auto heard = pair.a.contacts.hear(pair.now, bus::Greeting{from, 5, 0, false, {}});
        flooded += heard.error() == Error::flooded ? 1 : 0;
        pair.now += 5_ms;
    }
    CHECK(flooded > 500);
    CHECK(pair.a.contacts.size() <= bus::Contacts<MemoryAddress>::contacts_max);
    CHECK(pair.a.contacts.knows(2));
    std::byte door[1200] = {std::byte{0x81}};
    bool refused = false;
    for (int i = 0; i < 200; ++i)
        refused = refused ||
                  pair.a.contacts.hear(pair.now, bus::Carried{7777, 0, 0, door}).error() == Error::flooded;
    CHECK(refused);
}

TEST_CASE("from another port a path is found anew") {
    Pair pair;
    pair.run(1_s);
    pair.a.at = {1, 101};
    pair.a.contacts.move();
    pair.run(2_s);
    CHECK(pair.straight());
    CHECK(*pair.b.contacts.way(pair.now, 1) == MemoryAddress{1, 101});
    CHECK(pair.b.contacts.hear_straight(pair.now, at_a) == 0);
}

TEST_CASE("whom nobody speaks with any more is forgotten") {
    Pair pair;
    pair.run(1_s);
    pair.run(20_s, false);
    const unsigned probes = pair.a.probes;
    pair.run(2_s, false);
    CHECK(pair.a.probes == probes);
    pair.run(60_s, false);
    CHECK(pair.a.contacts.size() == 0);
}
