#include "tenon/replica/replica.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "../allocations.hpp"
#include "replicated.hpp"
#include "tenon/replica/snapshot.hpp"
#include "tenon/replica/snapshot_cache.hpp"

using namespace replicated;
using tenon::BytesIn;
using tenon::BytesOut;
using tenon::Error;
using tenon::PeerId;

namespace {

constexpr std::size_t entities = 128;

struct Pair {
    World world{{.entities_max = entities, .ticks = 64}};
    tenon::SnapshotCache cache{entities, 1200, 4, 7};
    tenon::DeltaModels models{world.layout()};
    tenon::SnapshotSender sender{world, cache, models};
    Replica replica{entities};
    std::array<std::byte, 1200> buffer{};

    std::vector<std::byte> write(std::size_t budget = 1200) {
        const std::size_t size = sender.write(BytesOut(buffer).first(budget));
        return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
    }
    void commit() { world.commit({world.commits() == 0 ? 1 : world.newest_tick() + 1}); }
    // Takes it in and acknowledges it.
    Error pass(const std::vector<std::byte>& bytes) {
        const auto number = replica.handle(bytes);
        if (!number) return number.error();
        return sender.acknowledged(*number).error();
    }
};

} // namespace

TEST_CASE("what is set is read, with its owner, and coming and going are told once") {
    Pair pair;
    const auto ship = pair.world.spawn(PeerId{5}), rock = pair.world.spawn();
    pair.world.set(ship, Body{.x = 3.14f});
    pair.world.set(rock, Health{.points = 7, .mood = Mood::cross});
    pair.commit();
    REQUIRE(pair.pass(pair.write()) == Error::none);
    REQUIRE(pair.replica.get<Body>(ship));
    CHECK(pair.replica.get<Body>(ship)->x == doctest::Approx(3.14f));
    CHECK(!pair.replica.get<Health>(ship));
    CHECK(pair.replica.get<Health>(rock)->mood == Mood::cross);
    CHECK(pair.replica.owner(ship) == PeerId{5});
    CHECK(pair.replica.is_whole());
    std::size_t count = 0;
    pair.replica.each([&](tenon::EntityId) { ++count; });
    CHECK(count == 2);

    Replica::Change change;
    REQUIRE(pair.replica.poll_event(change));
    CHECK(change.spawned);
    CHECK(change.entity == ship);
    REQUIRE(pair.replica.poll_event(change));
    CHECK(!pair.replica.poll_event(change));

    pair.world.despawn(ship);
    const auto other = pair.world.spawn(PeerId{6});
    pair.commit();
    REQUIRE(pair.pass(pair.write()) == Error::none);
    CHECK(!pair.replica.alive(ship));
    CHECK(pair.replica.alive(other));
    REQUIRE(pair.replica.poll_event(change));
    CHECK(!change.spawned);
    CHECK(change.entity == ship);
    REQUIRE(pair.replica.poll_event(change));
    CHECK(change.spawned);
    CHECK(change.entity == other);
    CHECK(!pair.replica.poll_event(change));
    CHECK(pair.write().empty()); // nothing is due any more
}

TEST_CASE("where an entity came from, and that it was elsewhere at once, is told with it") {
    Pair pair;
    const auto bullet = pair.world.spawn(PeerId{5}, {70'000, 3}), rock = pair.world.spawn();
    pair.commit();
    REQUIRE(pair.pass(pair.write()) == Error::none);
    CHECK(pair.replica.row().tenant(bullet.slot).command == 70'000 % 65'536);
    CHECK(pair.replica.row().tenant(bullet.slot).key == 3);
    CHECK(pair.replica.row().tenant(rock.slot).key == 0);
    for (int i = 1; i < 300; ++i) {
        pair.world.teleport(rock);
        if (i % 3 == 0) pair.world.set_owner(bullet, PeerId{static_cast<std::uint32_t>(i)});
        pair.commit();
        const auto bytes = pair.write();
        if (i % 5 != 0) REQUIRE(pair.pass(bytes) == Error::none);
        CHECK(agrees(pair.world, pair.replica));
    }
    CHECK(pair.replica.row().tenant(rock.slot).leaps == 299 % 256);
    CHECK(pair.replica.row().tenant(bullet.slot).key == 3);
}

TEST_CASE("a world that fills many packets comes in parts, each within its budget") {
    Pair pair;
    tenon::Random random(1);
    for (std::size_t i = 0; i < entities; ++i)
        pair.world.set(pair.world.spawn(), Body{.x = static_cast<float>(random.real() * 50), .qw = 0.5f});
    pair.commit();
    int parts = 0;
    for (;; ++parts) {
        const std::size_t budget = 100 + static_cast<std::size_t>(random.below(200));
        const auto bytes = pair.write(budget);
        if (bytes.empty()) break;
        REQUIRE(bytes.size() <= budget);
        if (parts != 2) REQUIRE(pair.pass(bytes) == Error::none); // one is lost
    }
    CHECK(parts > 5);
    CHECK(!is_same_world(pair.world, pair.replica));
    for (int i = 0; i < 20; ++i) {
        pair.commit();
        if (const auto bytes = pair.write(300); !bytes.empty()) REQUIRE(pair.pass(bytes) == Error::none);
    }
    CHECK(is_same_world(pair.world, pair.replica));
    CHECK(pair.sender.settled());
}

TEST_CASE("the urgent goes first, and what waits becomes urgent") {
    Pair pair;
    std::vector<tenon::EntityId> all;
    for (std::size_t i = 0; i < entities; ++i) {
        all.push_back(pair.world.spawn());
        pair.world.set(all.back(), Body{.x = static_cast<float>(i) / 4});
    }
    pair.sender.set_priority(all[100], 50);
    pair.commit();
    REQUIRE(pair.pass(pair.write(120)) == Error::none);
    CHECK(pair.replica.alive(all[100]));
    CHECK(!pair.replica.alive(all[90]));
    std::size_t known = 0;
    for (int i = 0; i < 60 && known < entities; ++i) {
        pair.commit();
        if (const auto bytes = pair.write(120); !bytes.empty()) REQUIRE(pair.pass(bytes) == Error::none);
        known = 0;
        for (const auto entity : all) known += pair.replica.alive(entity);
    }
    CHECK(known == entities);
}

TEST_CASE("clients who need the same snapshot get a copy of it") {
    Pair pair;
    std::vector<std::unique_ptr<tenon::SnapshotSender>> senders;
    for (int i = 0; i < 10; ++i)
        senders.push_back(std::make_unique<tenon::SnapshotSender>(pair.world, pair.cache, pair.models));
    Life life(pair.world, 5);
    for (int tick = 0; tick < 100; ++tick) {
        life.step();
        std::vector<std::byte> first;
        for (auto& sender : senders) {
            const std::size_t size = sender->write(pair.buffer);
            const std::vector<std::byte> bytes(pair.buffer.begin(),
                                               pair.buffer.begin() + static_cast<std::ptrdiff_t>(size));
            if (first.empty()) first = bytes;
            REQUIRE(bytes == first);
            REQUIRE(sender->acknowledged(tenon::load_le<std::uint16_t>(bytes.data())));
        }
        REQUIRE(pair.replica.handle(first));
        REQUIRE(agrees(pair.world, pair.replica));
    }
    CHECK(pair.cache.misses() == 100);
    CHECK(pair.cache.hits() == 900);
}

TEST_CASE("a doubled, late, cut, damaged or foreign snapshot is refused by name, and changes nothing") {
    Pair pair;
    Life life(pair.world, 6);
    std::vector<std::vector<std::byte>> sent;
    for (int i = 0; i < 30; ++i) {
        life.step();
        sent.push_back(pair.write());
        REQUIRE(pair.pass(sent.back()) == Error::none);
    }
    CHECK(pair.replica.handle(sent.back()).error() == Error::duplicate);
    life.step();
    const auto next = pair.write();
    // Whoever has not been here from the beginning has nothing for it to build on.
    Replica late(entities);
    CHECK(late.handle(next).error() == Error::missing_baseline);
    Replica small(1);
    CHECK(small.handle(sent.front()).error() == Error::none); // twenty fit into its first 64
    World wide({.entities_max = 200, .ticks = 4});
    tenon::SnapshotCache cache(200, 1200, 1, 1);
    tenon::SnapshotSender other(wide, cache, pair.models);
    for (int i = 0; i < 200; ++i) wide.spawn();
    wide.commit({1});
    const std::size_t size = other.write(pair.buffer);
    Replica narrow(entities);
    CHECK(narrow.handle(BytesIn(pair.buffer).first(size)).error() == Error::over_bound);

    tenon::Random random(1);
    int undetected = 0;
    for (std::size_t cut = 0; cut < next.size(); ++cut) {
        const std::vector<std::byte> part(next.begin(), next.begin() + static_cast<std::ptrdiff_t>(cut));
        undetected += bool(pair.replica.handle(part));
        CHECK(agrees(pair.world, pair.replica));
    }
    CHECK(undetected == 0);
    for (int i = 0; i < 500; ++i) {
        auto damaged = next;
        damaged[2 + static_cast<std::size_t>(random.below(damaged.size() - 2))] ^=
            static_cast<std::byte>(1u << random.below(8));
        Replica copy(entities);
        (void)copy.handle(damaged);
    }
    REQUIRE(pair.pass(next) == Error::none);
    CHECK(is_same_world(pair.world, pair.replica));
}

TEST_CASE("acknowledging what was never sent, or twice, is refused") {
    Pair pair;
    pair.world.spawn();
    pair.commit();
    CHECK(pair.sender.acknowledged(0).error() == Error::malformed);
    CHECK(pair.sender.acknowledged(60'000).error() == Error::malformed);
    const auto bytes = pair.write();
    CHECK(pair.sender.acknowledged(1).error() == Error::malformed);
    CHECK(pair.sender.acknowledged(0));
    CHECK(pair.sender.acknowledged(0).error() == Error::duplicate);
}

TEST_CASE("an entity is healed by its whole state, and so is a client who lost everything") {
    Pair pair;
    Life life(pair.world, 8);
    for (int i = 0; i < 40; ++i) {
        life.step();
        REQUIRE(pair.pass(pair.write()) == Error::none);
    }
    // A bit turned over in the client's memory: what builds on it is noticed.
    const auto row = pair.replica.row();
    row.cells(0, 0)[0] += 5;
    CHECK(!is_same_world(pair.world, pair.replica));
    pair.sender.heal(0);
    for (int i = 0; i < 10; ++i) {
        pair.commit();
        if (const auto bytes = pair.write(); !bytes.empty()) REQUIRE(pair.replica.handle(bytes));
    }
    CHECK(same_slot(pair.world.layout(), pair.world.at(pair.world.commits() - 1), pair.replica.row(), 0));

    Replica fresh(entities);
    pair.sender.heal_all();
    pair.commit();
    for (int i = 0; i < 10; ++i)
        if (const auto bytes = pair.write(); !bytes.empty()) (void)fresh.handle(bytes);
    CHECK(is_same_world(pair.world, fresh));
}

TEST_CASE("a client who acknowledges nothing for long is told whole states, and catches up") {
    Pair pair;
    Life life(pair.world, 9);
    for (int i = 0; i < 200; ++i) {
        life.step();
        const auto bytes = pair.write();
        if (i < 20 || i >= 170) {
            if (!bytes.empty()) (void)pair.pass(bytes);
        }
    }
    for (int i = 0; i < 10; ++i) {
        pair.commit();
        if (const auto bytes = pair.write(); !bytes.empty()) (void)pair.pass(bytes);
    }
    CHECK(is_same_world(pair.world, pair.replica));
}

TEST_CASE("once they are open, a world, its senders and its replicas allocate nothing") {
    Pair pair;
    Life life(pair.world, 10);
    std::size_t bytes = 0;
    for (int i = 0; i < 100; ++i) {
        life.step();
        const allocations::Count count;
        const auto entity = pair.world.spawn();
        pair.world.set(entity, Body{.x = static_cast<float>(i) / 4});
        pair.commit();
        const std::size_t size = pair.sender.write(pair.buffer);
        if (const auto number = pair.replica.handle(BytesIn(pair.buffer).first(size)))
            (void)pair.sender.acknowledged(*number);
        if (i % 2 == 0) pair.world.despawn(entity);
        bytes += count.bytes();
    }
    CHECK(bytes == 0);
    CHECK(pair.replica.newest().value == pair.world.newest_tick());
    const allocations::Count count;
    CHECK(std::make_unique<int>(5));
    CHECK(count.bytes() != 0); // it does count
}
