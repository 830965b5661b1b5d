// A game with a world in sessions: who may speak of it, what nonsense does, and what is there when.
#include "tenon/room/world_room.hpp"

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "tenon/link/channel.hpp"
#include "tenon/link/link_of.hpp"
#include "tenon/link/mixed_link.hpp"
#include "tenon/reliability/native.hpp"
#include "tenon/room/game_voice.hpp"
#include "tenon/room/world_guest.hpp"
#include "tenon/room/world_host.hpp"
#include "tenon/room/world_part.hpp"
#include "tenon/room/world_view.hpp"
#include "tenon/schema/quantized.hpp"
#include "tenon/sim/world.hpp"

#include "../session/hostile.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Ball {
    float x = 0;
    void serialize(auto& ar) { ar(quantized(x, -100.0f, 100.0f, 0.01f)); }
};
using Pitch = Game<"pitch", 1, Component<Ball>, Event<play::Spark>>;
using Net = Session<Pitch, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                    reliability::AckVector>;

struct Player {
    Net net;
    int spawned = 0, despawned = 0;
    Error closed = Error::none;
    std::vector<Error> left{};

    Player(sim::World& world, std::uint32_t host)
        : net({.room = "lobby", .entities_max = 100}, world.port(host)) {}
    bool generous = false;
    std::vector<Claimed> claims{};

    bool grants(PeerId, EntityId) { return generous; }
    void on(const Claimed& claim) { claims.push_back(claim); }
    void on(const Spawned&) { ++spawned; }
    void on(const Despawned&) { ++despawned; }
    void on(const Closed& why) { closed = why.reason; }
    void on(const PeerLeft& who) { left.push_back(who.reason); }
    float x(EntityId entity) const {
        const auto ball = net.authoritative<Ball>(entity);
        return ball ? ball->x : -1;
    }
};

// A host with a ball, a guest that sees it, and one who says what it likes.
struct Match {
    sim::World world{1};
    Player host{world, 1}, guest{world, 2};
    play::HostileIn<Pitch> hostile{world.exchange(), 3, "hostile"};
    EntityId ball;

    Match() {
        world.add(host.net, host);
        world.add(guest.net, guest);
        REQUIRE(host.net.host(4000));
        ball = host.net.world()->spawn();
        host.net.world()->set(ball, Ball{1});
        REQUIRE(guest.net.join("host1:4000"));
        REQUIRE(hostile.join(world.now(), "host1:4000"));
        run(1_s);
        REQUIRE(host.net.roster().size() == 3);
    }
    void run(Duration time) {
        for (const Instant end = world.now() + time; world.now() < end;) {
            hostile.step(world.now());
            world.run(5_ms);
        }
    }
    // Whatever happened, the others play on.
    void check_play() {
        host.net.world()->set(ball, Ball{host.x(ball) + 1});
        run(1_s);
        CHECK(guest.net.status() == Status::joined);
        CHECK(guest.x(ball) == doctest::Approx(host.x(ball)));
    }
    MessageType type() const { return Pitch::type_of<Ball>; }
};

// What a world has of its room: a seat on the way there, and how large what is said to it was.
template <class AnyLink, bool over_connections = false>
struct Quay {
    using Link = AnyLink;
    static constexpr bool connected = over_connections;
    struct Seat {
        PeerId id;
        Link link;
    };
    std::array<std::byte, 66'000> bytes;
    std::size_t largest = 0;

    BytesOut scratch() { return bytes; }
    Result<> push(Seat&, const Post& post) {
        largest = post.payload.size() > largest ? post.payload.size() : largest;
        return {};
    }
};
// The largest snapshots of a world of many packets, to guests whose links begin with these keys.
template <class AnyQuay, class Key>
std::vector<std::size_t> largest_to(std::initializer_list<Key> keys) {
    constexpr Instant now{1'000'000'000};
    auto quay = std::make_unique<AnyQuay>();
    struct Nobody {
    } nobody;
    WorldPart<Pitch, AnyQuay> part({.entities_max = 9000}, 1200, 1);
    part.found({.snapshot_hz = 20});
    Random random(2);
    for (int i = 0; i < 9000; ++i)
        part.world()->set(part.world()->spawn(), Ball{static_cast<float>(random.real() * 200 - 100)});
    CHECK(part.commit(now, nobody));
    Pool pool{1200, 1 << 20};
    std::vector<std::size_t> all;
    for (const Key& key : keys) {
        typename AnyQuay::Seat seat{PeerId{static_cast<std::uint32_t>(all.size() + 1)},
                                    {pool, LinkOptions(), key, now, Random(1)}};
        quay->largest = 0;
        for (int beat = 0; beat < 2; ++beat) // by and by it knows how much will fit
            CHECK(part.tell(*quay, seat, 50_ms, 1'000'000, nobody) > 4000);
        all.push_back(quay->largest);
    }
    return all;
}

} // namespace

TEST_CASE("there is a world where one decides, from hosting to leaving, and a view of it everywhere") {
    Match match;
    CHECK(match.host.net.world() != nullptr);
    CHECK(match.guest.net.world() == nullptr);
    CHECK(match.guest.spawned == 1);
    const auto count = [&](Player& player) {
        int balls = 0;
        for (auto [entity, ball] : player.net.view<Ball>(match.world.now())) {
            CHECK(entity == match.ball);
            CHECK(ball.x == doctest::Approx(1));
            ++balls;
        }
        return balls;
    };
    CHECK(count(match.host) == 1);
    CHECK(count(match.guest) == 1);
    CHECK(match.guest.net.shown<Ball>(match.ball, match.world.now())->x == doctest::Approx(1));
    CHECK(match.guest.net.owner(match.ball) == PeerId::host());
    CHECK(!match.guest.net.shown<Ball>(EntityId{50, 1}, match.world.now()));
    match.check_play();
    match.host.net.world()->despawn(match.ball);
    match.run(1_s);
    CHECK(match.guest.despawned == 1);
    match.host.net.leave();
    match.run(1_s);
    CHECK(match.guest.net.status() == Status::closed);
    // A room that is opened again has another world.
    REQUIRE(match.host.net.host(4000));
    CHECK(match.host.net.world()->size() == 0);
}

TEST_CASE("a snapshot is as large as the road of its guest takes it whole, whatever other roads there are") {
    using Mixed = LinkOf<reliability::AckVector, MixedSeal<Checksum, true>>;
    const auto mixed =
        largest_to<Quay<Mixed>, Mixed::Key>({Mixed::Key(7), Mixed::Key::of_both(7), Mixed::Key::of_stream()});
    REQUIRE(mixed.size() == 3);
    CHECK(mixed[0] > 1050);
    CHECK(mixed[0] <= 1200 - chunk_reserve - 8);
    CHECK(mixed[1] > 850);
    CHECK(mixed[1] <= 1000 - chunk_reserve - 8);
    CHECK(mixed[2] == mixed[0]);
    using Plain = LinkOf<reliability::Native, Checksum>;
    using Both = LinkOf<reliability::NativeWithDatagrams, Checksum>;
    using Packets = LinkOf<reliability::AckVector, Checksum>;
    CHECK(largest_to<Quay<Packets>, std::uint64_t>({7})[0] == mixed[0]);
    CHECK(largest_to<Quay<Both, true>, std::uint64_t>({7})[0] == mixed[1]);
    CHECK(largest_to<Quay<Plain, true>, std::uint64_t>({7})[0] == mixed[2]);
}

TEST_CASE("a guest that says nonsense of the world is sent away, and nobody else is disturbed") {
    for (const Delivery delivery : {Delivery::best_effort, Delivery::ordered}) {
        for (const std::size_t size : {0u, 1u, 2u, 4u, 200u}) {
            Match match;
            const std::string nonsense(size, 'x');
            REQUIRE(match.hostile.say(match.type(), delivery, bytes_of(nonsense)));
            match.run(1_s);
            REQUIRE(match.host.left.size() == 1);
            CHECK(match.host.net.health().refused > 0);
            match.check_play();
        }
    }
}

TEST_CASE("what one guest says to another in the host's place is not believed, and counted") {
    Match match;
    std::byte bytes[64] = {};
    REQUIRE(match.hostile.room().push_relay(match.guest.net.self(),
                                            {match.type(), Delivery::best_effort, bytes, {}, 0}));
    match.run(200_ms);
    CHECK(match.guest.net.status() == Status::joined);
    CHECK(match.guest.net.health().refused == 1);
    CHECK(match.guest.net.health().snapshots_refused == 0);
    match.check_play();
}

TEST_CASE("a guest gets the entity that it claims, or is told that it does not; and gives it back") {
    Match match;
    const PeerId self = match.guest.net.self();
    const auto ask = [&](Result<> asked) {
        REQUIRE(asked);
        match.run(300_ms);
        return !match.guest.claims.empty() && match.guest.claims.back().entity == match.ball &&
               match.guest.claims.back().granted;
    };
    CHECK(!ask(match.guest.net.claim(match.ball)));
    CHECK(match.host.net.health().claims_refused == 1);
    CHECK(match.guest.net.owner(match.ball) == PeerId::host());
    CHECK(!ask(match.guest.net.release(match.ball))); // which it does not own
    CHECK(match.host.net.health().claims_refused == 2);
    match.host.generous = true;
    CHECK(ask(match.guest.net.claim(match.ball)));
    CHECK(match.guest.net.owner(match.ball) == self);
    CHECK(match.host.net.owner(match.ball) == self);
    CHECK(ask(match.guest.net.release(match.ball)));
    CHECK(match.host.net.owner(match.ball) == PeerId::host());
    CHECK(match.guest.claims.size() == 4);
    CHECK(match.guest.net.claim(EntityId{77, 1}).error() == Error::unknown_entity);
    CHECK(match.host.net.claim(EntityId{77, 1}).error() == Error::unknown_entity);
    CHECK(match.host.net.claim(match.ball));
    // Of what is not there, in a word that is made up.
    std::byte bytes[ClaimWord::bytes];
    REQUIRE(match.hostile.say(match.type(), Delivery::ordered, ClaimWord{{500, 3}, true}.write(bytes)));
    match.run(300_ms);
    CHECK(match.host.net.health().claims_refused == 3);
    CHECK(match.host.left.empty());
    match.check_play();
}

TEST_CASE("a guest that refuses everything gets everything again, and costs the others nothing") {
    Match match;
    std::byte bytes[RefusedWord::bytes];
    for (int i = 0; i < 100; ++i) {
        const Error why = i % 3 == 0 ? Error::missing_baseline : Error::diverged;
        REQUIRE(match.hostile.say(match.type(), Delivery::ordered, RefusedWord{0, why}.write(bytes)));
        match.run(20_ms);
    }
    CHECK(match.host.net.health().snapshots_refused == 100);
    CHECK(match.host.left.empty());
    match.check_play();
    // But not what it was never sent.
    REQUIRE(match.hostile.say(match.type(), Delivery::ordered,
                              RefusedWord{30'000, Error::diverged}.write(bytes)));
    match.run(300_ms);
    CHECK(match.host.left.size() == 1);
    match.check_play();
}
