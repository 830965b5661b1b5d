#include "tenon/replica/snapshot_sender.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "replicated.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/core/random.hpp"
#include "tenon/replica/delta_models.hpp"
#include "tenon/replica/in_sight.hpp"

using namespace replicated;

namespace {

constexpr std::size_t entities = 100;

struct Authority {
    World world{{.entities_max = entities, .ticks = 64}};
    tenon::SnapshotCache cache{entities, 1200, 8, 1};
    tenon::DeltaModels models{world.layout()};
};

// One run: a line with faults for a while, and then none. Gives what is wrong, or nothing.
const char* play(std::uint64_t seed, std::size_t ticks) {
    tenon::Random random(seed);
    Authority authority;
    tenon::SnapshotSender sender(authority.world, authority.cache, authority.models);
    Replica replica(entities);
    Life life(authority.world, random.next());
    Line down, up;
    down.random = random.fork(), up.random = random.fork();
    down.loss = up.loss = random.real() * 0.3;
    const std::uint64_t jitter = down.jitter = up.jitter = random.below(8);
    const auto budget = static_cast<std::size_t>(60 + random.below(600));
    std::array<std::byte, 700> buffer;
    for (std::uint64_t now = 0; now < ticks; ++now) {
        const bool calm = now + 60 > ticks;
        if (calm) down.loss = up.loss = 0, down.jitter = up.jitter = 0;
        if (now + 30 < ticks) life.step();
        for (int i = 0; i < 3; ++i) {
            const std::size_t size = sender.write(tenon::BytesOut(buffer).first(budget));
            if (size > budget) return "a snapshot is larger than its budget";
            if (size == 0) break;
            down.send(now, tenon::BytesIn(buffer).first(size));
        }
        while (const auto bytes = down.receive(now)) {
            const auto number = replica.handle(*bytes);
            if (number) {
                up.send(now, tenon::BytesIn(*bytes).first(2));
                if (!agrees(authority.world, replica)) return "the replica is not what the authority had";
                if (replica.is_whole() && replica.newest().value == authority.world.newest_tick() &&
                    !is_same_world(authority.world, replica))
                    return "a whole snapshot leaves a difference";
            } else if (number.error() == tenon::Error::missing_baseline) {
                if ((jitter + 1) * 3 < 16) return "a baseline is missing that was not overtaken";
            } else if (number.error() != tenon::Error::duplicate && number.error() != tenon::Error::stale) {
                return tenon::name(number.error()).data();
            }
        }
        while (const auto ack = up.receive(now))
            (void)sender.acknowledged(tenon::load_le<std::uint16_t>(ack->data()));
    }
    if (!is_same_world(authority.world, replica)) return "the two differ after it was calm";
    if (!sender.settled()) return "not all was acknowledged";
    return nullptr;
}

// Fields of every width from none to all bits, so that some words of a row begin or end with nothing.
struct Odd {
    int five = 5, seven = 7, three = 3;
    std::uint32_t all = 0;
    std::uint64_t wide = 0;
    std::uint8_t small = 0;
    bool on = false;
    float x = 0, raw = 0;
    void serialize(auto& ar) {
        ar(tenon::ranged(five, 5, 5), tenon::quantized(x, -600, 600, 0.01), on, all,
           tenon::ranged(seven, 7, 7), small, wide, on, raw, tenon::ranged(three, 3, 3));
    }
};
struct Nought {
    int one = 1;
    void serialize(auto& ar) { ar(tenon::ranged(one, 1, 1)); }
};
struct Few {
    int count = 0;
    void serialize(auto& ar) { ar(tenon::ranged(count, -4, 900)); }
};
using OddGame = tenon::Game<"odd", 1, tenon::Component<Odd>, tenon::Component<Nought>, tenon::Component<Few>>;

} // namespace

TEST_CASE("through loss, jitter, copies and a narrow budget a replica is its authority's world, to the bit") {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        const char* wrong = play(seed, seed % 50 == 0 ? 400 : 150);
        CAPTURE(seed);
        if (wrong != nullptr) FAIL(std::string(wrong));
    }
}

TEST_CASE("many that come at once cost their fields and next to nothing besides, whoever owns them") {
    for (const std::uint32_t owners : {1u, 2u, 10u}) {
        Authority authority;
        tenon::SnapshotSender sender(authority.world, authority.cache, authority.models);
        Replica replica(entities);
        constexpr std::uint32_t count = 60;
        for (std::uint32_t i = 0; i < count + 20; ++i) {
            const tenon::EntityId one = authority.world.spawn(tenon::PeerId{i * owners / (count + 20)});
            authority.world.set(one, Body{.x = static_cast<float>(i)});
            if (i % 4 == 3) authority.world.despawn(one); // leaves a gap
        }
        authority.world.commit({1});
        std::array<std::byte, 1200> buffer;
        const std::size_t size = sender.write(buffer);
        constexpr std::size_t bits = 3 * 14 + 2 + 3 * 10 + 10; // of a body
        CHECK(size > count * bits / 8);
        CHECK(size < count * bits / 8 + 40 + 2 * owners);
        REQUIRE(replica.handle(tenon::BytesIn(buffer).first(size)));
        CHECK(is_same_world(authority.world, replica));
    }
}

TEST_CASE("rows of fields of any width are told to the bit, as ever, in whatever room there is") {
    tenon::Random random(7);
    std::uint64_t sum = 0;
    for (std::size_t round = 0; round < 60; ++round) {
        tenon::World<OddGame> world({.entities_max = entities, .ticks = 4});
        tenon::SnapshotCache cache(entities, 4096, 1, 1);
        tenon::DeltaModels models(world.layout());
        tenon::SnapshotSender sender(world, cache, models);
        tenon::Replica<OddGame> replica(entities);
        unsigned kinds = 1;
        for (std::size_t i = 0; i < entities; ++i) {
            if (i % 10 == 0) kinds = static_cast<unsigned>(1 + random.below(7));
            const tenon::EntityId one = world.spawn();
            Odd odd;
            odd.all = static_cast<std::uint32_t>(random.next());
            odd.wide = random.next();
            odd.small = static_cast<std::uint8_t>(random.below(256));
            odd.on = random.below(2) != 0;
            odd.x = static_cast<float>(random.below(1100)) - 550;
            odd.raw = static_cast<float>(random.below(1000));
            if ((kinds & 1) != 0) world.set(one, odd);
            if ((kinds & 2) != 0) world.set(one, Nought{});
            if ((kinds & 4) != 0) world.set(one, Few{static_cast<int>(random.below(900)) - 4});
        }
        world.commit({1});
        std::array<std::byte, 2000> buffer;
        const std::size_t most = round % 2 == 0 ? buffer.size() : 300;
        for (std::size_t i = 0; i < 2000 && !sender.settled(); ++i) {
            const std::size_t size =
                sender.write(tenon::BytesOut(buffer).first(60 + random.below(most - 60)));
            if (size == 0) continue;
            const auto number = replica.handle(tenon::BytesIn(buffer).first(size));
            REQUIRE(number);
            (void)sender.acknowledged(*number);
            sum = tenon::hash64(tenon::BytesIn(buffer).first(size), sum);
        }
        CHECK(sender.settled());
        for (std::size_t slot = 0; slot < world.used(); ++slot)
            CHECK(same_slot(world.layout(), world.at(0), replica.row(), slot));
    }
    // The bytes are what they were when each field was written by itself.
    CHECK(sum == 0xEC9B'E1E4'EA6F'5A9Cu);
}

TEST_CASE("more new entities in a row than there are places are refused") {
    for (const std::uint64_t further :
         {std::uint64_t(entities) - 1, std::uint64_t(entities), std::uint64_t(1) << 39}) {
        std::array<std::byte, 64> buffer{};
        tenon::RangeEncoder coder(tenon::BytesOut(buffer).subspan(tenon::SnapshotHead::number_bytes));
        tenon::SnapshotHead head;
        head.code(coder);
        tenon::SlotModels models;
        coder.bit(true, models.more);
        models.gap.code(coder, 0);
        models.further.code(coder, further);
        const std::size_t size = coder.finish();
        REQUIRE(size != 0);
        Replica replica(entities);
        const auto taken =
            replica.handle(tenon::BytesIn(buffer).first(size + tenon::SnapshotHead::number_bytes));
        CAPTURE(further);
        CHECK(!taken);
        CHECK((taken.error() == tenon::Error::over_bound) == (further + 1 > (entities + 63) / 64 * 64));
    }
}

TEST_CASE("what got lost is said again after some ticks, though there is nothing else to say") {
    Authority authority;
    tenon::SnapshotSender sender(authority.world, authority.cache, authority.models);
    Replica replica(entities);
    const tenon::EntityId one = authority.world.spawn();
    authority.world.set(one, Health{});
    std::array<std::byte, 700> buffer;
    const auto tick = [&](std::uint64_t now) {
        authority.world.commit({now});
        return sender.write(buffer);
    };
    REQUIRE(tick(1) != 0); // and is lost
    std::uint64_t now = 2;
    std::size_t size = 0;
    while ((size = tick(now)) == 0) REQUIRE(++now < 20);
    CHECK(now > 4); // an answer takes its time
    REQUIRE(replica.handle(tenon::BytesIn(buffer).first(size)));
    CHECK(replica.alive(one));
}

namespace {

// Entities that all move at every tick, and one client who hears everything at once.
struct Crowd : Authority {
    std::vector<tenon::EntityId> all;
    std::vector<tenon::InSight> seen;
    tenon::SnapshotSender sender;
    Replica replica{entities};
    std::array<std::byte, 1200> buffer;
    std::uint64_t tick = 0;
    tenon::Random random{1};

    explicit Crowd(std::size_t count, tenon::SenderOptions options = {})
        : sender(world, cache, models, options) {
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(world.spawn(tenon::PeerId{static_cast<std::uint32_t>(i % 4)}));
            seen.push_back({all[i].slot, all[i].generation, 1, 1});
        }
    }
    float anywhere() { return static_cast<float>(random.real() * 100 - 50); }
    // Bytes of the snapshot.
    std::size_t step(std::size_t budget = 1200) {
        ++tick;
        for (std::size_t i = 0; i < all.size(); ++i)
            world.set(all[i], Body{.x = anywhere(), .y = anywhere(), .z = anywhere()});
        world.commit({tick});
        const std::size_t size = sender.write(tenon::BytesOut(buffer).first(budget), seen);
        REQUIRE(size <= budget);
        if (size == 0) return 0;
        const auto number = replica.handle(tenon::BytesIn(buffer).first(size));
        REQUIRE(number);
        REQUIRE(sender.acknowledged(*number));
        return size;
    }
    std::uint64_t told_at(std::size_t i) const { return replica.known_at(all[i]).value; }
};

} // namespace

TEST_CASE("a snapshot is never larger than its budget, to the byte, and uses it") {
    Crowd crowd(90);
    std::size_t unused = 0, count = 0;
    for (std::size_t budget = 19; budget < 400; ++budget) {
        const std::size_t size = crowd.step(budget); // which requires that it fits
        if (budget < 100 || crowd.replica.is_whole()) continue;
        unused += budget - size;
        ++count;
    }
    CHECK(count > 250);
    CHECK(unused / count < 30); // there was no more room for what was to come next
}

TEST_CASE("nobody waits for ever, and who weighs more waits less") {
    Crowd crowd(60);
    crowd.seen[5].weight = 20;
    crowd.seen[6].weight = 0.2f;
    std::vector<std::uint64_t> worst(60, 0), told(60, 0), before(60, 0);
    for (int i = 0; i < 600; ++i) {
        crowd.step(90);
        for (std::size_t k = 0; k < 60; ++k) {
            if (crowd.told_at(k) != before[k]) ++told[k];
            before[k] = crowd.told_at(k);
            if (i > 100) worst[k] = std::max(worst[k], crowd.tick - before[k]);
        }
    }
    for (std::size_t k = 0; k < 60; ++k) {
        CHECK(told[k] > 3);
        if (k != 6) CHECK(worst[k] < 60);
    }
    CHECK(worst[6] < 300);
    CHECK(told[5] > 3 * told[7]);
    CHECK(told[6] < told[7]);
}

TEST_CASE("an entity with a rate is told at most every so many ticks") {
    Crowd crowd(30);
    for (std::size_t k = 0; k < 10; ++k) crowd.seen[k].every = static_cast<std::uint16_t>(1 + k);
    std::vector<std::uint64_t> told(30, 0), before(30, 0);
    for (int i = 0; i < 300; ++i) {
        crowd.step();
        for (std::size_t k = 0; k < 30; ++k) {
            if (crowd.told_at(k) == before[k]) continue;
            if (before[k] != 0) REQUIRE(crowd.told_at(k) - before[k] >= crowd.seen[k].every);
            ++told[k];
            before[k] = crowd.told_at(k);
        }
    }
    for (std::size_t k = 0; k < 30; ++k) CHECK(told[k] >= 300u / crowd.seen[k].every - 1);
}

TEST_CASE("what leaves sight is gone, what comes back is whole, and the sender's cost follows what is seen") {
    Crowd crowd(90);
    const auto all = crowd.seen;
    crowd.seen.assign(all.begin() + 10, all.begin() + 20);
    for (int i = 0; i < 10; ++i) crowd.step();
    CHECK(crowd.sender.size() == 10);
    CHECK(!crowd.replica.alive(crowd.all[9]));
    CHECK(crowd.replica.alive(crowd.all[10]));
    crowd.seen.assign(all.begin() + 11, all.begin() + 20);
    crowd.world.despawn(crowd.all[11]);
    Replica::Change change;
    while (crowd.replica.poll_event(change)) CHECK(change.spawned);
    for (int i = 0; i < 3; ++i) crowd.step();
    CHECK(crowd.sender.size() == 8 + 1); // one is listed, but not there
    bool unseen = false, despawned = false;
    while (crowd.replica.poll_event(change)) {
        unseen = unseen || (!change.spawned && change.unseen && change.entity == crowd.all[10]);
        despawned = despawned || (!change.spawned && !change.unseen && change.entity == crowd.all[11]);
    }
    CHECK(unseen);
    CHECK(despawned);
    crowd.seen.assign(all.begin() + 10, all.begin() + 20);
    crowd.step();
    REQUIRE(crowd.replica.alive(crowd.all[10]));
    CHECK(crowd.replica.get<Body>(crowd.all[10])->x == crowd.world.get<Body>(crowd.all[10])->x);
}

TEST_CASE("a sender with little room takes in what it can, and the others when there is room") {
    Crowd crowd(90, {.entities_max = 32});
    const auto all = crowd.seen;
    crowd.seen.assign(all.begin(), all.begin() + 40);
    for (int i = 0; i < 10; ++i) crowd.step();
    CHECK(crowd.sender.size() == 32);
    CHECK(!crowd.replica.is_whole());
    CHECK(!crowd.sender.settled());
    crowd.seen.assign(all.begin() + 60, all.begin() + 90);
    for (int i = 0; i < 10; ++i) crowd.step();
    CHECK(crowd.sender.size() == 30);
    for (std::size_t i = 0; i < 90; ++i) CHECK(crowd.replica.alive(crowd.all[i]) == (i >= 60));
}

TEST_CASE("a component of the owner's is told to nobody else, and goes with the owner") {
    const tenon::PeerId me{2};
    Crowd crowd(8, {.entities_max = 0, .audience = {tenon::components_of<Game, Health>(), me}});
    for (const auto it : crowd.all) crowd.world.set(it, Health{.points = 42});
    const auto shown = [&](std::size_t i) { return crowd.replica.get<Health>(crowd.all[i]).has_value(); };
    crowd.step();
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(shown(i) == (i % 4 == 2));
        CHECK(crowd.replica.get<Body>(crowd.all[i]).has_value());
    }
    for (int i = 0; i < 5; ++i) crowd.step();
    crowd.world.set_owner(crowd.all[2], tenon::PeerId{1});
    crowd.world.set_owner(crowd.all[3], me);
    crowd.world.remove<Health>(crowd.all[4]); // of which it never knew
    for (int i = 0; i < 5; ++i) crowd.step();
    CHECK(!shown(2));
    REQUIRE(shown(3));
    CHECK(crowd.replica.get<Health>(crowd.all[3])->points == 42);
    // The cells that it was not told are nowhere in its copy.
    for (std::size_t i = 4; i < 6; ++i) CHECK(crowd.replica.row().cells(1, crowd.all[i].slot)[0] == 0);
}

TEST_CASE("what was said last and lost is said again, although nothing else happens") {
    Crowd crowd(5);
    for (int i = 0; i < 5; ++i) crowd.step();
    crowd.world.set(crowd.all[0], Body{.x = 33});
    crowd.world.commit({++crowd.tick});
    REQUIRE(crowd.sender.write(crowd.buffer, crowd.seen) != 0); // which nobody hears
    for (int i = 0; i < 12 && !crowd.sender.settled(); ++i) {
        crowd.world.commit({++crowd.tick});
        const std::size_t size = crowd.sender.write(crowd.buffer, crowd.seen);
        if (size == 0) continue;
        const auto number = crowd.replica.handle(tenon::BytesIn(crowd.buffer).first(size));
        REQUIRE(number);
        REQUIRE(crowd.sender.acknowledged(*number));
    }
    CHECK(crowd.sender.settled());
    CHECK(crowd.replica.get<Body>(crowd.all[0])->x == doctest::Approx(33));
}

TEST_CASE("what rests costs next to nothing also over a long line, after a burst of packets") {
    constexpr std::size_t many = 600;
    World world{{.entities_max = many, .ticks = 64}};
    tenon::SnapshotCache cache{many, 1200, 8, 1};
    tenon::DeltaModels models{world.layout()};
    tenon::SnapshotSender sender(world, cache, models);
    Replica replica(many);
    tenon::Random random(4);
    std::vector<tenon::EntityId> all;
    for (std::size_t i = 0; i < many; ++i) all.push_back(world.spawn());
    const auto disturb = [&](std::size_t i) {
        world.set(all[i], Body{static_cast<float>(random.between(-90, 90))});
    };
    for (std::size_t i = 0; i < many; ++i) disturb(i);
    std::array<std::byte, 1200> buffer;
    std::vector<std::pair<std::uint64_t, std::uint16_t>> acks;
    std::size_t bytes = 0, next = 0;
    for (std::uint64_t now = 1; now <= 400; ++now) {
        disturb(0);
        if (now == 200)
            for (std::size_t i = 0; i < many; ++i) disturb(i);
        world.commit({now});
        for (int packets = 0; packets < 3; ++packets) {
            const std::size_t size = sender.write(buffer);
            if (size == 0) break;
            const auto number = replica.handle(tenon::BytesIn(buffer).first(size));
            REQUIRE(number);
            acks.emplace_back(now + 12, *number);
            if (now > 100 && now < 200) bytes += size;
            if (now > 300) bytes += size;
        }
        for (; next < acks.size() && acks[next].first <= now; ++next)
            REQUIRE(sender.acknowledged(acks[next].second));
    }
    CHECK(bytes / 199 < 60);
    CHECK(is_same_world(world, replica));
}

TEST_CASE("what a client could not take is told again, and little else") {
    Crowd crowd(60);
    for (int i = 0; i < 10; ++i) crowd.step();
    const auto say = [&] {
        crowd.world.commit({++crowd.tick});
        return crowd.sender.write(crowd.buffer, crowd.seen);
    };
    const auto take = [&](std::size_t size) {
        const auto number = crowd.replica.handle(tenon::BytesIn(crowd.buffer).first(size));
        REQUIRE(number);
        REQUIRE(crowd.sender.acknowledged(*number));
    };
    // At rest, until there is nothing more to say.
    for (int i = 0; i < 40; ++i)
        if (const std::size_t size = say(); size != 0) take(size);
    REQUIRE(crowd.sender.settled());
    crowd.world.set(crowd.all[7], Body{.x = 21});
    crowd.world.set(crowd.all[8], Body{.x = 22});
    REQUIRE(say() != 0);
    const auto refused = tenon::load_le<std::uint16_t>(crowd.buffer.data());
    REQUIRE(crowd.sender.refused(refused));
    CHECK(crowd.sender.acknowledged(refused).error() == tenon::Error::stale);
    CHECK(crowd.sender.refused(static_cast<std::uint16_t>(refused + 1)).error() == tenon::Error::malformed);
    CHECK(!crowd.sender.settled());
    std::size_t bytes = 0;
    for (int i = 0; i < 12 && !crowd.sender.settled(); ++i)
        if (const std::size_t size = say(); size != 0) take(size), bytes += size;
    CHECK(crowd.sender.settled());
    CHECK(is_same_world(crowd.world, crowd.replica));
    CHECK(bytes < 300); // sixty whole ones take more than that
    // Long ago: who knows what it told.
    for (int i = 0; i < 80; ++i) REQUIRE(crowd.step() != 0);
    REQUIRE(crowd.sender.refused(refused));
    CHECK(!crowd.sender.settled());
}
