#include "tenon/replica/snapshot_sender.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "replicated.hpp"

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
    const std::size_t budget = 60 + random.below(600);
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

} // namespace

TEST_CASE("through loss, jitter, copies and a narrow budget a replica is its authority's world, to the bit") {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        const char* wrong = play(seed, seed % 50 == 0 ? 400 : 150);
        CAPTURE(seed);
        if (wrong != nullptr) FAIL(std::string(wrong));
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
