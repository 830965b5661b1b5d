#include "tenon/replica/states.hpp"

#include <doctest/doctest.h>

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Score {
    int points = 0;
    void serialize(auto& ar) { ar(points); }
};
struct Shout {
    int what = 0;
    void serialize(auto& ar) { ar(what); }
};
using Arena = Game<"arena", 1, State<Ship>, Event<Shout>, State<Score>>;

StateHead carried(const StateHead& head) {
    std::byte bytes[16];
    ByteReader in(BytesIn(bytes, head.write(bytes)));
    const auto read = StateHead::read(in);
    REQUIRE(read);
    CHECK(in.left() == 0);
    return *read;
}

} // namespace

TEST_CASE("a state's time is found again from its low bits, when it is within half a minute") {
    for (const Instant near : {Instant{}, Instant{seconds(1'000'000).ns}, Instant{-seconds(90).ns},
                               Instant{seconds(65).ns + 536'000'000}})
        for (const Duration apart : {0_ms, 1_ms, 100_ms, 32_s, -1_ms, -100_ms, -32_s}) {
            const Instant held = near + apart;
            const StateHead head = carried(StateHead::of(PeerId{70'000}, held));
            CHECK(head.owner == PeerId{70'000});
            CHECK(abs(head.at(near) - held) < 1_ms);
        }
}

TEST_CASE("a state's head that is cut short, or names nobody, is none") {
    std::byte bytes[16] = {};
    for (std::size_t size = 0; size < 3; ++size) {
        ByteReader in(BytesIn(bytes, size));
        CHECK(!StateHead::read(in));
    }
    ByteWriter out{BytesOut(bytes)};
    out.varint(PeerId::none_value);
    out.u16(7);
    ByteReader in(BytesIn(bytes, out.position()));
    CHECK(!StateHead::read(in));
}

TEST_CASE("each state of a game has tracks of its own, and a peer that goes is forgotten in all") {
    States<Arena> states;
    const Instant at{1'000'000'000};
    states.note(PeerId{1}, at, Ship{4});
    states.note(PeerId{1}, at, Score{7});
    states.note(PeerId{2}, at, Score{8});
    CHECK(states.tracks<Ship>().size() == 1);
    CHECK(states.tracks<Score>().size() == 2);
    const States<Arena>& seen = states;
    CHECK(seen.tracks<Ship>().find(PeerId{1})->latest().x == 4);
    states.forget(PeerId{1});
    CHECK(states.tracks<Ship>().size() == 0);
    CHECK(states.tracks<Score>().find(PeerId{2})->latest().points == 8);
    states.clear();
    CHECK(states.tracks<Score>().size() == 0);
}
