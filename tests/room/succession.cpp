#include "tenon/room/succession.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "tenon/room/heir.hpp"
#include "tenon/topology/election.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct At {
    std::uint32_t number = 0;
    friend bool operator==(const At&, const At&) = default;
};
using Machine = Succession<At, topology::FirstJoiner>;
using Told = Verdict<At>;
constexpr std::uint64_t room_key = 5;
constexpr Duration patience = 1_s, lone_after = 5_s;

// One peer, and what it says, which the test carries or does not.
struct Peer {
    Machine machine;
    PeerId id;
    Instant last_rx{};
    std::vector<Told> told{};

    bool reigns() const { return machine.epoch().authority == id; }
};
// A room of peers 0, 1, ... under the first; each is reached at its own number.
struct Village {
    std::vector<std::unique_ptr<Peer>> peers;
    Instant now{1'000'000'000};
    std::function<bool(PeerId from, PeerId to)> carries = [](PeerId, PeerId) { return true; };
    std::vector<std::pair<PeerId, Claim>> said{};

    explicit Village(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            peers.push_back(std::make_unique<Peer>());
            peers[i]->id = PeerId{i};
            peers[i]->last_rx = now;
            peers[i]->machine.begin(PeerId{i}, {0, PeerId{0}}, 77, 88, room_key, patience, lone_after,
                                    Random(i + 1));
            for (std::uint32_t other = 0; other < count; ++other)
                if (other != i) peers[i]->machine.know_address(PeerId{other}, At{other});
        }
    }
    Peer& operator[](std::uint32_t i) { return *peers[i]; }
    // As its estate does.
    void obey(Peer& peer, const Told& told) {
        peer.machine.take(told.epoch, told.handed);
        peer.last_rx = now;
    }
    void step() {
        for (auto& peer : peers) {
            peer->machine.handle_timeout(now, peer->last_rx);
            Told told;
            while (peer->machine.poll(told)) {
                peer->told.push_back(told);
                if (told.kind == Told::Kind::succeed || told.kind == Told::Kind::follow) obey(*peer, told);
            }
            deliver(*peer);
        }
        now += 10_ms;
    }
    void deliver(Peer& peer) {
        std::array<std::byte, 100> buffer{};
        At to;
        peer.machine.drain(
            [&](const At& at) {
                to = at;
                return BytesOut(buffer);
            },
            [&](std::size_t size) {
                REQUIRE(size == meeting::claim_bytes);
                const auto claim = read_claim(BytesIn(buffer).first(size), 77, 88, room_key);
                REQUIRE(claim);
                said.emplace_back(peer.id, *claim);
                if (carries(peer.id, PeerId{to.number}))
                    (void)peers[to.number]->machine.handle_datagram(now, At{peer.id.value},
                                                                    BytesIn(buffer).first(size));
                return true;
            });
    }
    // `hears(peer)`: whether the authority that it obeys is still heard by it.
    void run(
        Duration time, const std::function<bool(PeerId)>& hears = [](PeerId) { return false; }) {
        for (const Instant end = now + time; now < end;) {
            for (auto& peer : peers)
                if (hears(peer->id)) peer->last_rx = now;
            step();
        }
    }
    bool anybody_says(Claim::Kind kind) const {
        for (const auto& [from, claim] : said)
            if (claim.kind == kind) return true;
        return false;
    }
    // A word of one of them, sealed well.
    Result<> hand(Peer& to, Claim claim, std::uint64_t key = room_key) {
        claim.game = 77;
        claim.room = 88;
        std::array<std::byte, meeting::claim_bytes> bytes{};
        REQUIRE(write(bytes, claim, key) == bytes.size());
        return to.machine.handle_datagram(now, At{claim.from.value}, bytes);
    }
};
Claim claim(Claim::Kind kind, std::uint32_t from, Epoch epoch, std::uint32_t about) {
    Claim claim;
    claim.kind = kind;
    claim.from = PeerId{from};
    claim.epoch = epoch;
    claim.about = PeerId{about};
    return claim;
}
constexpr Epoch first{0, PeerId{0}};

} // namespace

TEST_CASE("while the authority is heard nobody asks") {
    Village village(4);
    village.run(3_s, [](PeerId) { return true; });
    CHECK_FALSE(village.anybody_says(Claim::Kind::asks));
    CHECK(village[0].reigns());
}

TEST_CASE("when it is silent the next one stands, and all obey it") {
    Village village(5);
    village.carries = [](PeerId from, PeerId to) { return from != PeerId{0} && to != PeerId{0}; };
    village.run(2_s);
    REQUIRE(village[1].told.size() == 1);
    CHECK(village[1].told[0].kind == Told::Kind::succeed);
    CHECK(village[1].told[0].epoch == Epoch{1, PeerId{1}});
    CHECK(village[1].reigns());
    for (std::uint32_t i = 2; i < 5; ++i) {
        REQUIRE(village[i].told.size() == 1);
        CHECK(village[i].told[0].kind == Told::Kind::follow);
        CHECK(village[i].told[0].peer == PeerId{1});
        CHECK(village[i].told[0].at == At{1});
        CHECK_FALSE(village[i].told[0].handed);
    }
}

TEST_CASE("one who alone misses the authority is told that it lives, and waits") {
    Village village(4);
    village.carries = [](PeerId from, PeerId to) { return from != PeerId{0} && to != PeerId{0}; };
    village.run(4_s, [](PeerId peer) { return peer != PeerId{1}; });
    CHECK(village.anybody_says(Claim::Kind::asks));
    CHECK(village.anybody_says(Claim::Kind::lives));
    for (auto& peer : village.peers) CHECK(peer->told.empty());
}

TEST_CASE("two who are gone at once cost no more than one that does not answer") {
    Village village(5);
    village.carries = [](PeerId from, PeerId to) { return from.value > 1 && to.value > 1; };
    const Instant begun = village.now;
    while (!village[2].reigns() && village.now < begun + 5_s) village.step();
    CHECK(village.now - begun < 3_s);
    CHECK(village[3].told.empty());
    village.run(500_ms);
    CHECK(village[3].told.at(0).peer == PeerId{2});
    CHECK(village[4].told.at(0).peer == PeerId{2});
}

TEST_CASE("who answers is not silent, however long the others ask for somebody who is") {
    Village village(7);
    // Nobody hears the first two, and 3 to 6 are told of 1 by each other again and again.
    village.carries = [](PeerId from, PeerId to) { return from.value > 1 && to.value > 1; };
    village.run(6_s, [&](PeerId peer) { return !village[peer.value].told.empty(); });
    unsigned authorities = 0;
    for (std::uint32_t i = 2; i < 7; ++i) authorities += village[i].reigns() ? 1 : 0;
    CHECK(authorities == 1);
    CHECK(village[2].reigns());
}

TEST_CASE("who hears nobody at all waits longer, for it is rather the one that is cut off") {
    Village village(4);
    village.carries = [](PeerId from, PeerId to) { return from != PeerId{1} && to != PeerId{1}; };
    village.run(4_s, [](PeerId peer) { return peer != PeerId{1}; });
    CHECK(village[1].told.empty());
    village.run(4_s, [](PeerId peer) { return peer != PeerId{1}; });
    REQUIRE(village[1].told.size() == 1);
    CHECK(village[1].told[0].kind == Told::Kind::succeed);
}

TEST_CASE("in a room of two the other goes on at once") {
    Village village(2);
    village.carries = [](PeerId, PeerId) { return false; };
    village.run(1500_ms);
    CHECK(village[1].reigns());
}

TEST_CASE("nobody waits for an authority that said goodbye") {
    Village village(3);
    village.carries = [](PeerId from, PeerId to) { return from != PeerId{0} && to != PeerId{0}; };
    village[1].machine.authority_left();
    village[2].machine.authority_left();
    village.run(200_ms);
    CHECK(village[1].reigns());
    CHECK(village[2].told.at(0).peer == PeerId{1});
}

TEST_CASE("a claim is believed by who misses the authority, and by nobody else") {
    Village village(4);
    const Claim usurps = claim(Claim::Kind::claims, 3, {1, PeerId{3}}, 3);
    village.run(100_ms, [](PeerId) { return true; });
    CHECK(village.hand(village[1], usurps).error() == Error::forged_claim);
    CHECK(village[1].machine.figures().forged == 1);
    village.now += 700_ms;
    village[1].machine.handle_timeout(village.now, village[1].last_rx);
    CHECK(village.hand(village[1], usurps));
    Told told;
    REQUIRE(village[1].machine.poll(told));
    CHECK(told.kind == Told::Kind::follow);
    CHECK(told.epoch == Epoch{1, PeerId{3}});
}

TEST_CASE("who obeys hears of a hand over from the authority itself, at once") {
    Village village(4);
    village.run(100_ms, [](PeerId) { return true; });
    Claim hands = claim(Claim::Kind::claims, 0, {1, PeerId{3}}, 3);
    CHECK(village.hand(village[1], hands).error() == Error::forged_claim); // not without a word of why
    hands.handed = true;
    CHECK(village.hand(village[1], hands));
    Told told;
    REQUIRE(village[1].machine.poll(told));
    CHECK(told.kind == Told::Kind::follow);
    CHECK(told.handed);
    // The one who is chosen learns it from the one who follows it.
    Claim follows = claim(Claim::Kind::follows, 0, {1, PeerId{3}}, 3);
    follows.handed = true;
    CHECK(village.hand(village[3], follows));
    REQUIRE(village[3].machine.poll(told));
    CHECK(told.kind == Told::Kind::succeed);
    CHECK(told.epoch == Epoch{1, PeerId{3}});
    // From anybody else it is nothing.
    follows.from = PeerId{1};
    follows.about = follows.epoch.authority = PeerId{2};
    (void)village.hand(village[2], follows);
    CHECK_FALSE(village[2].machine.poll(told));
}

TEST_CASE("that another handed over does not say so of the authority that is missed") {
    Village village(4);
    Claim hands = claim(Claim::Kind::claims, 3, {2, PeerId{3}}, 3); // from 2, who came after 0
    hands.handed = true;
    village.now += patience / 2;
    village[1].machine.handle_timeout(village.now, village[1].last_rx);
    CHECK(village.hand(village[1], hands));
    Told told;
    REQUIRE(village[1].machine.poll(told));
    CHECK(told.kind == Told::Kind::follow);
    CHECK(told.peer == PeerId{3});
    CHECK_FALSE(told.handed);
}

TEST_CASE("what is forged, old, or from nobody is refused by its name, and counted") {
    Village village(3);
    Peer& peer = village[1];
    peer.machine.take({5, PeerId{0}}, false);
    village.run(20_ms, [](PeerId) { return true; });
    const Claim good = claim(Claim::Kind::claims, 2, {6, PeerId{2}}, 2);
    const std::uint64_t old = peer.machine.figures().old;
    CHECK(village.hand(peer, good, room_key + 1).error() == Error::forged_claim);
    CHECK(village.hand(peer, claim(Claim::Kind::claims, 1, {6, PeerId{1}}, 1)).error() ==
          Error::forged_claim);
    CHECK(village.hand(peer, claim(Claim::Kind::claims, 9, {6, PeerId{9}}, 9)).error() ==
          Error::forged_claim);
    CHECK(peer.machine.figures().forged == 3);
    CHECK(village.hand(peer, claim(Claim::Kind::claims, 2, {4, PeerId{2}}, 2)).error() == Error::old_epoch);
    CHECK(village.hand(peer, claim(Claim::Kind::asks, 2, {4, PeerId{0}}, 2)).error() == Error::old_epoch);
    CHECK(peer.machine.figures().old == old + 2);
    CHECK(village.hand(peer, claim(Claim::Kind::claims, 2, {6, PeerId{2}}, 0)).error() == Error::malformed);
    CHECK(peer.machine.figures().malformed == 1);
    std::array<std::byte, 20> cut{};
    CHECK(peer.machine.handle_datagram(village.now, At{2}, cut).error() == Error::truncated);
    Told told;
    CHECK_FALSE(peer.machine.poll(told));
    peer.machine.end();
    CHECK(village.hand(peer, good).error() == Error::forged_claim);
}

TEST_CASE("of a flood so much is heard as honest peers could say") {
    Village village(3);
    unsigned refused = 0;
    for (int i = 0; i < 5000; ++i)
        refused +=
            village.hand(village[1], claim(Claim::Kind::asks, 2, first, 2)).error() == Error::flooded ? 1 : 0;
    CHECK(refused > 4000);
    CHECK(village[1].machine.figures().flooded == refused);
    village.now += 1_s;
    CHECK(village.hand(village[1], claim(Claim::Kind::asks, 2, first, 2)));
}

TEST_CASE("an authority admits who obeys it, in its own epoch") {
    Village village(3);
    Told told;
    CHECK(village.hand(village[0], claim(Claim::Kind::follows, 2, first, 0)));
    REQUIRE(village[0].machine.poll(told));
    CHECK(told.kind == Told::Kind::admit);
    CHECK(told.peer == PeerId{2});
    CHECK(told.at == At{2});
    (void)village.hand(village[0], claim(Claim::Kind::follows, 2, {3, PeerId{0}}, 0));
    CHECK_FALSE(village[0].machine.poll(told));
}

TEST_CASE("of two authorities the one that fewer obey yields, when the other has heard it") {
    Village village(5);
    village[3].machine.take({1, PeerId{3}}, false);
    std::uint32_t sizes[5] = {3, 0, 0, 2, 0};
    const auto everybody = [](PeerId) { return true; };
    for (int i = 0; i < 200; ++i) {
        for (const std::uint32_t side : {0u, 3u}) {
            Instant since{};
            if (village[side].machine.counts(since)) village[side].machine.tell_size(sizes[side]);
        }
        village.run(10_ms, everybody);
        for (const Told& told : village[0].told)
            if (told.kind == Told::Kind::renumber) village[0].machine.renumber(told.epoch.number);
    }
    REQUIRE(village[0].told.size() == 1);
    CHECK(village[0].told[0].kind == Told::Kind::renumber);
    CHECK(village[0].told[0].epoch == Epoch{2, PeerId{0}}); // later than both
    REQUIRE(!village[3].told.empty());
    CHECK(village[3].told[0].kind == Told::Kind::yield);
    CHECK(village[3].told[0].epoch == Epoch{2, PeerId{0}});
    CHECK(village[3].told[0].at == At{0});
}

TEST_CASE("an authority that handed over says so to all, and then no more") {
    Village village(4);
    village[0].machine.handle_timeout(village.now, village.now);
    village.said.clear();
    village[0].machine.take({1, PeerId{2}}, true);
    village[2].machine.take({1, PeerId{2}}, true);
    village.run(2_s, [](PeerId) { return true; });
    unsigned farewells = 0;
    for (const auto& [from, word] : village.said)
        farewells += from == PeerId{0} && word.kind == Claim::Kind::claims && word.handed ? 1 : 0;
    CHECK(farewells >= 2 * 2);
    CHECK(farewells <= 2 * 8);
    CHECK(village[1].told.at(0).peer == PeerId{2});
    CHECK(village[3].told.at(0).peer == PeerId{2});
    CHECK(village[1].told.size() == 1);
}
