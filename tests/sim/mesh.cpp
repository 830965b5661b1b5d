#include "tenon/topology/mesh.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "meshed.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/direct.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/explore.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/lend.hpp"

using namespace tenon;
using namespace tenon::literals;
using namespace meshed;

namespace {

// A member that says what no session would.
class Forger {
  public:
    using Net = NetOf<topology::Mesh<>>;
    using RoomType = Room<transport::MemoryAddress, reliability::AckVector, topology::Mesh<>>;
    RoomType room;

    Forger(sim::World& world, std::uint32_t host)
        : room(Player<topology::Mesh<>>::options(world), terms(world), Net::RoomType::Contract::carriage(),
               1200, Pulse{}, world.random().next()),
          port_(world.port(host)) {
        (void)port_.open(0);
    }
    void join(Instant now) { (void)room.join(now, *port_.resolve("host1:4000")); }
    void tick(Instant now, Forger&) {
        room.begin(now);
        port_.poll([&](const transport::MemoryAddress& from, Lane, BytesIn bytes) {
            room.handle_datagram(now, from, bytes);
            hear();
        });
        room.handle_timeout(now);
        hear();
        transport::lend(port_, [&](auto&& lend, auto&& take) { room.drain(now, lend, take); });
        port_.flush();
    }
    Instant next_deadline() const { return room.poll_timeout(); }
    const transport::Memory& transport() const { return port_; }

    // A state of `owner` for `to`, straight or through the host.
    Result<> say_ship(PeerId to, PeerId owner, std::uint32_t beat, Instant at, bool relayed) {
        const BytesOut out = room.scratch();
        const std::size_t head = StateHead::of(owner, at).write(out);
        const Encoded written = codec::Bits::encode(out.subspan(head), Ship{owner.value, beat, {}});
        if (!written) return written.error();
        const Post post{Talk::type_of<Ship>, Delivery::newest, out.first(head + *written), {}, owner.value};
        if (relayed) return room.push_relay(to, post);
        REQUIRE(room.direct(to));
        return room.push(*room.way_to(to), post);
    }
    void say_word(PeerId to, MessageType word) {
        auto* seat = room.way_to(to);
        REQUIRE((seat != nullptr && seat->direct));
        const std::byte nobody[2] = {};
        CHECK(seat->link.channel(true).append(word, nobody));
        room.mark(*seat);
    }

  private:
    static Terms terms(sim::World& world) {
        return Net::RoomType::Contract::terms(Player<topology::Mesh<>>::options(world));
    }
    void hear() {
        RoomEvent event;
        while (room.poll_event(event)) {
        }
    }
    transport::Memory port_;
};

} // namespace

TEST_CASE("in a mesh states go straight to all, and nothing is relayed") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        sim::World world(seed, rough);
        Crowd<> crowd(world, 6);
        crowd.run(3_s);
        CHECK(crowd.detours() == 0);
        CHECK(crowd[3].net.authority() == PeerId::none());
        const std::uint64_t relayed = crowd.relayed();
        crowd.watch_anew();
        for (auto& player : crowd.players) player->waves.clear();
        for (int i = 0; i < 100; ++i) {
            for (auto& player : crowd.players) {
                CHECK(player->net.broadcast(Wave{}));
                CHECK(player->net.broadcast(Word{player->said++}));
            }
            crowd.run(100_ms);
        }
        crowd.run(2_s);
        CHECK(crowd.relayed() == relayed);
        CHECK(crowd.broken() == "");
        CHECK(world.restless() < 5);
        for (auto& player : crowd.players) {
            CHECK(player->longest.size() == 5);
            CHECK(player->pause() < 700_ms); // of which 50 are the beat, and the rest is loss
            for (const auto& [peer, waves] : player->waves) CHECK(waves > 80);
            CHECK(player->waves.size() == 5);
            for (auto& other : crowd.players)
                if (other != player) CHECK(player->words[other->net.self().value] == other->said);
            // Every pair has a path that is known.
            for (const PeerId peer : player->net.roster())
                if (peer != player->net.self()) {
                    const auto health = player->net.health(peer);
                    REQUIRE(health);
                    CHECK(health->detours == 0);
                    CHECK(health->rtt > 20_ms);
                    CHECK(health->packets_in > 100);
                }
        }
    }
}

TEST_CASE("two who can't hear each other speak through the coordinator, and straight again when they can") {
    for (const bool one_way : {false, true}) {
        CAPTURE(one_way);
        sim::World world(7, smooth);
        Crowd<> crowd(world, 5);
        crowd.run(3_s);
        REQUIRE(crowd.detours() == 0);
        const std::uint64_t relayed = crowd.relayed();
        const sim::Path usual = smooth.path();
        sim::Path deaf = usual;
        deaf.loss = 1;
        one_way ? world.network().set_path(3, 4, deaf) : world.network().set_path_both_ways(3, 4, deaf);
        crowd.run(3_s);
        // Who is heard, but not answered, can't know better; the one who hears nothing does.
        CHECK(crowd.detours() == 2);
        CHECK(crowd[2].net.health(crowd[3].net.self())->detours == 1);
        CHECK(crowd[1].net.health().detours == 0);
        CHECK(crowd[2].net.health().level == Level::good);
        crowd.watch_anew();
        for (auto& player : crowd.players) player->waves.clear();
        for (int i = 0; i < 30; ++i) {
            CHECK(crowd[2].net.broadcast(Wave{}));
            CHECK(crowd[2].net.send(crowd[3].net.self(), Wave{}));
            CHECK(crowd[3].net.broadcast(Wave{}));
            crowd.run(100_ms);
        }
        crowd.run(1_s);
        for (auto& player : crowd.players) CHECK(player->pause() < 300_ms);
        CHECK(crowd[3].waves[crowd[2].net.self().value] == 60);
        CHECK(crowd[2].waves[crowd[3].net.self().value] == 30);
        CHECK(crowd[0].waves[crowd[2].net.self().value] == 30);
        CHECK(crowd[1].waves[crowd[2].net.self().value] == 30);
        CHECK(crowd.relayed() > relayed + 100);

        world.network().set_path_both_ways(3, 4, usual);
        crowd.run(3_s);
        CHECK(crowd.detours() == 0);
        const std::uint64_t then = crowd.relayed();
        crowd.watch_anew();
        crowd.run(3_s);
        CHECK(crowd.relayed() == then);
        for (auto& player : crowd.players) CHECK(player->pause() < 300_ms);
        CHECK(crowd.broken() == "");
    }
}

TEST_CASE("a guest whom no other guest hears is relayed at once to all") {
    sim::World world(9, smooth);
    sim::Path deaf = smooth.path();
    deaf.loss = 1;
    for (const std::uint32_t host : {2u, 3u, 4u}) world.network().set_path_both_ways(host, 5, deaf);
    Crowd<> crowd(world, 5);
    crowd.run(3_s);
    CHECK(crowd[4].net.health().detours == 3);
    crowd.watch_anew();
    for (auto& player : crowd.players) player->waves.clear();
    const auto to_host = world.network().counters(5, 1).bytes_sent;
    for (int i = 0; i < 20; ++i) {
        CHECK(crowd[4].net.broadcast(Wave{}));
        crowd.run(100_ms);
    }
    for (std::size_t i = 0; i < 4; ++i) CHECK(crowd[i].waves[crowd[4].net.self().value] == 20);
    for (auto& player : crowd.players) CHECK(player->pause() < 300_ms);
    // Forty states of sixty bytes and more, each once.
    CHECK(world.network().counters(5, 1).bytes_sent - to_host < 40 * 110 + 20 * 40);
}

TEST_CASE("states go on without a break while the coordinator dies and another is elected") {
    sim::World world(11, smooth);
    Crowd<> crowd(world, 5);
    crowd.run(3_s);
    crowd.talk(1_s);
    world.remove(crowd[0].net);
    const std::uint32_t gone = crowd[0].net.self().value;
    crowd.watch_anew();
    for (auto& player : crowd.players) player->forget(gone);
    crowd.players.erase(crowd.players.begin());
    crowd.talk(10_s);
    REQUIRE(crowd.coordinator() != nullptr);
    CHECK(crowd.broken() == "");
    // Between two who are guests before and after, not one state is missed.
    for (auto& player : crowd.players)
        for (auto& other : crowd.players)
            if (player != other && player.get() != crowd.coordinator() && other.get() != crowd.coordinator())
                CHECK(player->pause(other->net.self().value) < 150_ms);
    for (auto& player : crowd.players) CHECK(player->pause() < 1_s);
    CHECK(crowd.detours() == 0);
    const std::uint64_t then = crowd.relayed();
    crowd.run(3_s);
    CHECK(crowd.relayed() == then);
    for (auto& player : crowd.players)
        for (auto& other : crowd.players)
            if (other != player) CHECK(player->words[other->net.self().value] == other->said);
}

TEST_CASE("the links follow a coordinator who comes back, and one who hands over") {
    sim::World world(13, smooth);
    Crowd<> crowd(world, 5);
    crowd.run(3_s);
    // Each has its turn, so that every link rests once and goes on.
    for (const std::size_t next : {1u, 2u, 0u, 4u, 1u, 3u}) {
        REQUIRE(crowd.coordinator() != nullptr);
        CHECK(crowd.coordinator()->net.set_authority(crowd[next].net.self()));
        crowd.run(4_s);
        CHECK(crowd.coordinator() == &crowd[next]);
        CHECK(crowd.detours() == 0);
    }
    world.partition({1, 2}, 5_s);
    crowd.run(6_s);
    crowd.run(15_s);
    CHECK(crowd.detours() == 0);
    for (auto& player : crowd.players) CHECK(player->net.roster().size() == 5);
    crowd.watch_anew();
    crowd.run(2_s);
    for (auto& player : crowd.players) CHECK(player->pause() < 300_ms);
    CHECK(crowd.broken() == "");
}

TEST_CASE("links come and go with who is there") {
    sim::World world(17, rough);
    Crowd<> crowd(world, 4);
    crowd.run(3_s);
    auto& late = crowd.add();
    crowd.run(2_s);
    CHECK(crowd.detours() == 0);
    CHECK(late.newest.size() == 4);
    for (auto& player : crowd.players)
        if (player.get() != &late) CHECK(player->newest.count(late.net.self().value) == 1);

    crowd[1].net.leave();
    crowd.run(2_s);
    CHECK(crowd[1].net.status() == Status::closed);
    CHECK(crowd[0].net.kick(crowd[2].net.self()));
    crowd.run(2_s);
    CHECK(crowd[2].net.status() == Status::closed);
    const auto to_leaver = world.network().sent_to(2).sent, to_kicked = world.network().sent_to(3).sent;
    crowd.run(3_s);
    CHECK(world.network().sent_to(2).sent == to_leaver); // nobody speaks to who is gone
    CHECK(world.network().sent_to(3).sent == to_kicked);
    CHECK(world.network().sent_by(2).sent > 0);
    CHECK(crowd[0].net.roster().size() == 3);
    CHECK(crowd.detours() == 0);
    CHECK(crowd[3].net.health(PeerId{1}).error() == Error::unknown_peer);

    // They come in again, as others.
    CHECK(crowd[1].net.join("host1:4000"));
    CHECK(crowd[2].net.join("host1:4000"));
    crowd.run(3_s);
    CHECK(crowd[0].net.roster().size() == 5);
    CHECK(crowd.detours() == 0);
}

TEST_CASE("nobody can say another's state in a mesh") {
    sim::World world(19, smooth);
    Crowd<> crowd(world, 3);
    Forger forger(world, 9);
    world.add(forger, forger);
    forger.join(world.now());
    crowd.run(3_s);
    REQUIRE(forger.room.status() == Status::joined);
    REQUIRE(crowd.detours() == 0);
    const PeerId own = forger.room.self();
    auto& victim = crowd[2];
    const PeerId host = crowd[0].net.self(), other = crowd[1].net.self(), hearer = victim.net.self();
    std::uint32_t beat = 100'000;
    for (int i = 0; i < 10; ++i) {
        const Instant at = crowd[0].net.room_time(world.now());
        CHECK(forger.say_ship(hearer, own, ++beat, at, i % 2 != 0)); // its own, which is believed
        crowd.run(200_ms);
        CHECK(victim.net.latest<Ship>(own)->beat == beat);
        for (const PeerId owner : {other, host, hearer})
            CHECK(forger.say_ship(hearer, owner, beat, at, i % 2 != 0));
        for (const PeerId owner : {other, host}) CHECK(forger.say_ship(host, owner, beat, at, false));
        crowd.run(200_ms);
    }
    CHECK(victim.net.health().forged_states == 30);
    CHECK(crowd[0].net.health().forged_states == 20);
    CHECK(crowd[1].net.health().forged_states == 0);
    for (auto& player : crowd.players)
        for (const PeerId owner : {other, host, hearer})
            if (const auto ship = player->net.latest<Ship>(owner)) CHECK(ship->beat < 100'000);
    CHECK(crowd.broken() == "");

    // Who says straight what only the host says is not listened to straight any more; nothing else happens.
    for (const MessageType word : {room_word::left, Talk::type_of<Word>}) {
        auto& insulted = word == room_word::left ? victim : crowd[1];
        const PeerId to = insulted.net.self();
        forger.say_word(to, word);
        crowd.run(5_s);
        CHECK(insulted.talking());
        CHECK(insulted.net.roster().size() == 4);
        CHECK(insulted.net.health().detours == 1);
        CHECK(insulted.net.health(own).error() == Error::unknown_peer);
        CHECK(!forger.room.direct(to));
        const Instant at = crowd[0].net.room_time(world.now());
        CHECK(forger.say_ship(to, own, ++beat, at, true));
        crowd.run(200_ms);
        CHECK(insulted.net.latest<Ship>(own)->beat == beat);
    }
    CHECK(crowd[0].net.roster().size() == 4);
}

namespace {

struct Bill {
    double bytes = 0, datagrams = 0, most_up = 0,
           age_ms = 0; // a second, of all; of the busiest peer; of states
};
template <class Topology>
Bill bill() {
    sim::World world(23, smooth);
    Crowd<Topology> crowd(world, 6);
    crowd.run(3_s);
    const auto up = [&](std::uint32_t host) {
        return static_cast<double>(world.network().sent_by(host).bytes_sent);
    };
    const auto before = world.network().counters();
    double ups[7] = {};
    for (std::uint32_t host = 1; host <= 6; ++host) ups[host] = up(host);
    constexpr double time = 10;
    double age = 0, count = 0;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> seen;
    for (int i = 0; i < static_cast<int>(time) * 500; ++i) {
        world.run(2_ms);
        for (auto& player : crowd.players)
            for (auto& other : crowd.players) {
                const auto ship = player->net.template latest<Ship>(other->net.self());
                if (player == other || !ship) continue;
                std::uint32_t& last = seen[{player->net.self().value, ship->owner}];
                if (ship->beat == last) continue;
                if (last != 0) age += (world.now() - other->beat_at[ship->beat]).seconds() * 1000;
                count += last != 0 ? 1 : 0;
                last = ship->beat;
            }
    }
    const auto after = world.network().counters();
    Bill bill;
    bill.bytes = static_cast<double>(after.bytes_sent - before.bytes_sent) / time;
    bill.datagrams = static_cast<double>(after.sent - before.sent) / time;
    for (std::uint32_t host = 1; host <= 6; ++host)
        bill.most_up = std::max(bill.most_up, (up(host) - ups[host]) / time);
    bill.age_ms = age / count;
    CHECK(count > 30 * 19 * time);
    return bill;
}
std::string text(const Bill& bill) {
    char line[160];
    std::snprintf(line, sizeof line,
                  "%.0f bytes in %.0f datagrams a second, %.0f from the busiest; age %.0f ms", bill.bytes,
                  bill.datagrams, bill.most_up, bill.age_ms);
    return line;
}

} // namespace

TEST_CASE("what a mesh costs beside a star, and what it gives") {
    const Bill star = bill<topology::ClientServer>(), mesh = bill<topology::Mesh<>>();
    MESSAGE("six peers with a state of sixty bytes, twenty times a second; star: ", text(star));
    MESSAGE("mesh: ", text(mesh));
    CHECK(mesh.age_ms < star.age_ms * 0.6);
    CHECK(mesh.most_up < star.most_up * 0.4);
    CHECK(mesh.bytes < star.bytes * 1.5);
}

TEST_CASE("a mesh mends, whatever the network does") {
    sim::Search search;
    search.seeds = 25;
    search.seeds_long = 400;
    search.command = "test_sim -tc='a mesh mends*'";
    search.faults = [](std::uint64_t seed) {
        sim::Faults faults = sim::Faults::from(seed);
        faults.bandwidth = 0; // seven streams each way, which the star's faults don't reckon with
        return faults;
    };
    const auto report = sim::explore(search, [](sim::World& world) -> std::string {
        Crowd<> crowd(world, 4);
        crowd.talk(20_s);
        return crowd.mends();
    });
    CHECK_MESSAGE(report, report.text());
}
