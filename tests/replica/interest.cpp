#include "tenon/replica/interest.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../allocations.hpp"
#include "replicated.hpp"
#include "tenon/replica/byte_budget.hpp"
#include "tenon/replica/in_sight.hpp"
#include "tenon/sim/explore.hpp"

using namespace replicated;
using tenon::EntityId;
using tenon::Error;
using tenon::InSight;
using tenon::PeerId;
using Interest = tenon::Interest<2>;
using Stage = tenon::Stage<2>;
using View = tenon::Viewpoint<2>;

namespace {

// One entity and one client, whose distance is set.
struct Border {
    World world{{.entities_max = 8, .ticks = 4}};
    Stage stage{8, 10};
    Interest interest;
    EntityId it = world.spawn();
    std::uint64_t tick = 0;

    explicit Border(tenon::InterestOptions options) : interest(options) {
        const View view{{{0, 0}}, 10};
        interest.look_from({&view, 1});
    }
    bool sees_at(float far) {
        stage.place(it, {{far, 0}});
        world.commit({++tick});
        interest.update(stage, world, {});
        return interest.sees(it);
    }
};

} // namespace

TEST_CASE("in at the radius, out beyond the margin") {
    Border border({.margin = 0.2f});
    CHECK(!border.sees_at(10.5f));
    CHECK(border.sees_at(9.5f));
    CHECK(border.sees_at(11.5f));
    CHECK(!border.sees_at(12.5f));
    CHECK(!border.sees_at(11.5f));
    int changes = 0;
    bool before = false;
    for (int i = 0; i < 1000; ++i) { // shaking at the border
        const bool now = border.sees_at(i % 2 == 0 ? 9.5f : 11.5f);
        changes += now != before;
        before = now;
    }
    CHECK(changes == 1);
    Border bare({.margin = 0});
    changes = 0;
    for (int i = 0; i < 1000; ++i) {
        const bool now = bare.sees_at(i % 2 == 0 ? 9.5f : 11.5f);
        changes += now != before;
        before = now;
    }
    CHECK(changes >= 999); // which it would do
}

TEST_CASE("what came in is held for a while, wherever it goes") {
    Border border({.margin = 0, .hold = 10});
    CHECK(border.sees_at(5));
    for (int i = 1; i < 10; ++i) CHECK(border.sees_at(1000));
    CHECK(!border.sees_at(1000));
    CHECK(border.sees_at(5));
    border.world.despawn(border.it);
    CHECK(!border.sees_at(5)); // but nobody is seen who is not there
}

TEST_CASE("a client may publish where it looks, but not that it looks everywhere") {
    Interest interest({.radius_max = 50});
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    const auto publish = [&](float x, float radius) {
        const View view{{{x, 0}}, radius};
        return interest.publish({&view, 1}).error();
    };
    CHECK(publish(3, 50) == Error::none);
    CHECK(publish(3, 51) == Error::interest_too_wide);
    CHECK(publish(3, std::numeric_limits<float>::infinity()) == Error::interest_too_wide);
    CHECK(publish(nan, 5) == Error::malformed);
    CHECK(publish(3, nan) == Error::malformed);
    CHECK(publish(3, -1) == Error::malformed);
    const std::vector<View> many(5, View{{{0, 0}}, 1});
    CHECK(interest.publish(many).error() == Error::over_bound);
    CHECK(interest.refused() == 6);

    World world({.entities_max = 8, .ticks = 4});
    Stage stage(8, 10);
    const EntityId around = world.spawn(), far = world.spawn();
    stage.place(around, {{10, 0}});
    stage.place(far, {{60, 0}});
    world.commit({1});
    interest.update(stage, world, {});
    CHECK(interest.sees(around)); // as it last asked for with success
    CHECK(!interest.sees(far));
    CHECK(publish(55, 10) == Error::none);
    interest.update(stage, world, {});
    CHECK(!interest.sees(around));
    CHECK(interest.sees(far));
    CHECK(interest.publish({}));
    interest.update(stage, world, {});
    CHECK(interest.seen().empty());
}

TEST_CASE("rooms, owners and the game itself decide who may be seen, at any time") {
    World world({.entities_max = 8, .ticks = 4});
    Stage stage(8, 10);
    Interest interest;
    const View view{{{0, 0}}, 10};
    interest.look_from({&view, 1});
    const EntityId plain = world.spawn(), mine = world.spawn(), theirs = world.spawn(), news = world.spawn();
    for (const EntityId it : {plain, mine, theirs}) stage.place(it, {{1, 1}});
    stage.place(mine, {{999, 1}});
    stage.set(mine, {.owner = PeerId{1}});
    stage.set(theirs, {.room = 2});
    stage.set(news, {.reach = tenon::Reach::room, .every = 30, .weight = 4});
    world.commit({1});
    const auto seen = interest.update(stage, world, {PeerId{1}, 1});
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].slot == plain.slot);
    CHECK(seen[1].slot == mine.slot);
    CHECK(seen[2].slot == news.slot);
    CHECK(seen[2].every == 30);
    CHECK(seen[2].weight == 8);
    interest.update(stage, world, {PeerId{1}, 2});
    CHECK(interest.sees(theirs));
    interest.update(stage, world, {PeerId{1}, 2}, [&](EntityId it) { return it != plain; });
    CHECK(!interest.sees(plain));
    CHECK(interest.sees(theirs));
    interest.update(stage, world, {PeerId{1}, 1}); // it has left the room
    CHECK(!interest.sees(theirs));
}

TEST_CASE("of too many the nearest are seen, and who is seen goes before who is hardly nearer") {
    World world({.entities_max = 64, .ticks = 4});
    Stage stage(64, 10);
    Interest interest({.entities_max = 10, .bands = {{0.5f, 2}, {0.8f, 4}}});
    const View view{{{0, 0}}, 100};
    interest.look_from({&view, 1});
    std::vector<EntityId> all;
    for (int i = 0; i < 20; ++i) {
        all.push_back(world.spawn());
        stage.place(all.back(), {{static_cast<float>(i * 10), 0}});
    }
    world.commit({1});
    const auto seen = interest.update(stage, world, {});
    REQUIRE(seen.size() == 10);
    CHECK(interest.left_out() == 1);
    for (int i = 0; i < 10; ++i) {
        CHECK(seen[static_cast<std::size_t>(i)].slot == all[static_cast<std::size_t>(i)].slot);
        CHECK(seen[static_cast<std::size_t>(i)].every == (i > 8 ? 4 : i > 5 ? 2 : 1));
    }
    stage.place(all[10], {{87, 0}}); // and the tenth is at 90
    interest.update(stage, world, {});
    CHECK(interest.sees(all[9]));
    stage.place(all[10], {{70, 0}});
    interest.update(stage, world, {});
    CHECK(!interest.sees(all[9]));
    CHECK(interest.sees(all[10]));
}

namespace {

constexpr std::size_t entities = 150;

// A world of walkers with rooms and owners, and one client who walks too, over a line with faults.
struct Wander {
    explicit Wander(std::uint64_t seed) : random(seed) {
        down.random = random.fork(), up.random = random.fork();
        down.loss = up.loss = random.real() * 0.25;
        down.jitter = up.jitter = random.below(6);
        look.radius = static_cast<float>(10 + random.real() * 20);
        for (int i = 0; i < 100; ++i) spawn();
    }
    struct Walker {
        EntityId id;
        Body body;
        float dx, dy;
        bool rests;
    };
    struct Sent {
        std::uint64_t tick;
        std::vector<InSight> seen;
    };

    tenon::Random random;
    bool is_rated = random.chance(0.5);
    World world{{.entities_max = entities, .ticks = 128}};
    tenon::SnapshotCache cache{entities, 1200, 4, 7};
    tenon::DeltaModels models{world.layout()};
    Stage stage{entities, 20};
    tenon::Viewer me{PeerId{3}, 1, 1};
    tenon::Audience audience{tenon::components_of<Game, Health>(), me.peer};
    Interest interest{{.entities_max = 40,
                       .margin = 0.2f,
                       .hold = random.below(20),
                       .bands = {{is_rated ? 0.7f : 9.0f, 3}}}};
    tenon::SnapshotSender sender{world, cache, models, {.entities_max = 90, .audience = audience}};
    Replica replica{entities};
    tenon::ByteBudget budget{2000 + random.below(40'000), 300 + static_cast<std::size_t>(random.below(900))};
    Line down, up;
    View look;
    std::vector<Walker> walkers;
    std::map<std::uint16_t, Sent> sent;
    std::array<std::byte, 1200> buffer;
    std::uint64_t tick = 0, wholes = 0, unseen = 0, despawned = 0, spawned = 0;
    std::uint16_t newest = 0;

    void spawn() {
        const EntityId it = world.spawn(PeerId{static_cast<std::uint32_t>(random.below(8))});
        if (!it) return;
        Walker walker{it, {}, 0, 0, random.chance(0.3)};
        const auto any = [&](double reach) { return static_cast<float>((random.real() * 2 - 1) * reach); };
        walker.body.x = any(60), walker.body.y = any(60), walker.dx = any(0.8), walker.dy = any(0.8);
        tenon::Scope scope;
        scope.reach = random.chance(0.03)  ? tenon::Reach::room
                      : random.chance(0.1) ? tenon::Reach::owner
                                           : tenon::Reach::around;
        scope.room = random.chance(0.2) ? static_cast<std::uint32_t>(random.below(3)) : 0;
        scope.owner = random.chance(0.2) ? world.owner(it) : PeerId::none();
        if (is_rated && random.chance(0.2)) scope.every = static_cast<std::uint16_t>(1 + random.below(5));
        stage.set(it, scope);
        if (random.chance(0.5)) world.set(it, Health{static_cast<std::int32_t>(random.below(100))});
        walkers.push_back(walker);
    }
    void step() {
        if (random.chance(0.1)) spawn();
        if (random.chance(0.1)) {
            const auto i = static_cast<std::size_t>(random.below(walkers.size()));
            if (random.chance(0.5)) stage.remove(walkers[i].id); // or the stage finds out by itself
            world.despawn(walkers[i].id);
            walkers.erase(walkers.begin() + static_cast<std::ptrdiff_t>(i));
        }
        for (Walker& w : walkers) {
            if (!w.rests) w.body.x += w.dx, w.body.y += w.dy;
            if (w.body.x > 60 || w.body.x < -60) w.dx = -w.dx;
            if (w.body.y > 60 || w.body.y < -60) w.dy = -w.dy;
            if (random.chance(w.rests ? 0.0005 : 0.005)) w.body.x = -w.body.x;
            world.set(w.id, w.body);
            if (!w.rests && random.chance(0.01))
                world.set(w.id, Health{static_cast<std::int32_t>(random.below(100))});
            if (random.chance(0.005))
                world.set_owner(w.id, PeerId{static_cast<std::uint32_t>(random.below(8))});
            stage.place(w.id, {{w.body.x, w.body.y}});
        }
        look.at.at[0] += static_cast<float>(random.real() * 3 - 1.5);
        look.at.at[1] += static_cast<float>(random.real() * 3 - 1.5);
        if (random.chance(0.005)) look.at = {{-look.at.at[0], look.at.at[1]}};
        if (random.chance(0.005)) me.room = static_cast<std::uint32_t>(random.below(3));
    }
    void tell() {
        interest.look_from({&look, 1});
        const auto seen = interest.update(stage, world, me);
        const std::size_t may = budget.available({static_cast<std::int64_t>(tick) * 33'333'333});
        const std::size_t size =
            sender.write(tenon::BytesOut(buffer).first(std::min<std::size_t>(may, 1200)), seen);
        if (size > may) wrong = "a snapshot is larger than its budget";
        budget.spent(size);
        if (size == 0) return;
        sent[tenon::load_le<std::uint16_t>(buffer.data())] = {world.newest_tick(),
                                                              {seen.begin(), seen.end()}};
        down.send(tick, tenon::BytesIn(buffer).first(size));
    }
    bool same(const tenon::Row& row, std::size_t slot) const {
        const tenon::Tenant tenant = audience.sees(row.tenant(slot));
        if (tenant != replica.row().tenant(slot)) return false;
        for (std::size_t c = 0; c < world.layout().components(); ++c)
            if ((tenant.components >> c & 1) != 0 &&
                std::memcmp(row.cells(c, slot), replica.row().cells(c, slot),
                            world.layout().component(c).cells * sizeof(tenon::Cell)) != 0)
                return false;
        return true;
    }
    const tenon::Row* row_of(std::uint64_t wanted, tenon::Row& into) const {
        for (std::uint64_t commit = world.commits(); commit-- > 0 && world.has(commit);)
            if (world.at(commit).tick() == wanted) return into = world.at(commit), &into;
        return nullptr;
    }
    // Everything that the replica has is as it was when it was told, and was in sight then.
    void check_told() {
        tenon::Row row;
        replica.each([&](EntityId it) {
            if (const tenon::Row* then = row_of(replica.known_at(it).value, row);
                then && !same(*then, it.slot))
                wrong = "the replica is not what the authority had";
        });
    }
    // It has all of this and nothing else, as it was at a tick.
    void check_whole(const std::vector<InSight>& seen, std::uint64_t at) {
        tenon::Row row;
        if (row_of(at, row) == nullptr) return;
        ++wholes;
        std::size_t expected = 0, there = 0;
        for (const InSight& it : seen) {
            if (row.tenant(it.slot).generation != it.generation) continue;
            ++expected;
            if (!same(row, it.slot)) wrong = "something in sight is not as it was";
        }
        replica.each([&](EntityId) { ++there; });
        if (there != expected) wrong = "the replica has what is not in sight";
    }
    void hear() {
        while (const auto bytes = down.receive(tick)) {
            const auto number = replica.handle(*bytes);
            if (!number) {
                if (number.error() != Error::duplicate && number.error() != Error::stale &&
                    number.error() != Error::missing_baseline)
                    wrong = tenon::name(number.error()).data();
                continue;
            }
            up.send(tick, tenon::BytesIn(*bytes).first(2));
            check_told();
            if (static_cast<std::int16_t>(*number - newest) < 0) continue;
            newest = *number;
            if (replica.is_whole()) check_whole(sent[*number].seen, sent[*number].tick);
        }
        while (const auto ack = up.receive(tick))
            (void)sender.acknowledged(tenon::load_le<std::uint16_t>(ack->data()));
        Replica::Change change;
        while (replica.poll_event(change)) {
            spawned += change.spawned;
            unseen += !change.spawned && change.unseen;
            despawned += !change.spawned && !change.unseen;
        }
    }
    // What is wrong, or nothing.
    const char* play(std::uint64_t ticks) {
        for (tick = 1; tick <= ticks && wrong == nullptr; ++tick) {
            const bool calm = tick + 80 > ticks;
            if (calm) down.loss = up.loss = 0, down.jitter = up.jitter = 0;
            if (!calm) step();
            world.commit({tick});
            tell();
            hear();
        }
        if (wrong != nullptr) return wrong;
        if (!sender.settled()) return "not all was acknowledged";
        check_whole({interest.seen().begin(), interest.seen().end()}, world.newest_tick());
        if (sender.size() != interest.seen().size()) return "the sender remembers what is out of sight";
        return wrong;
    }
    const char* wrong = nullptr;
};

} // namespace

TEST_CASE("a replica has what its client sees, to the bit, and nothing else") {
    std::uint64_t wholes = 0, unseen = 0, despawned = 0;
    const std::uint64_t seeds = tenon::sim::is_long() ? 1000 : 60;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const auto wander = std::make_unique<Wander>(seed);
        const char* wrong = wander->play(seed % 20 == 0 ? 800 : 250);
        CAPTURE(seed);
        if (wrong != nullptr) FAIL(std::string(wrong));
        wholes += wander->wholes, unseen += wander->unseen, despawned += wander->despawned;
    }
    CHECK(wholes > 10 * seeds);
    CHECK(unseen > 10 * seeds);
    CHECK(despawned > seeds);
}

TEST_CASE("and what is wrong there is found") {
    const auto wander = std::make_unique<Wander>(5);
    REQUIRE(wander->play(200) == nullptr);
    std::vector<InSight> seen(wander->interest.seen().begin(), wander->interest.seen().end());
    REQUIRE(seen.size() > 2);
    const std::uint64_t now = wander->world.newest_tick();
    seen.pop_back();
    wander->check_whole(seen, now);
    REQUIRE(wander->wrong);
    CHECK(wander->wrong == std::string("the replica has what is not in sight"));
    wander->wrong = nullptr;
    wander->check_told();
    CHECK(wander->wrong == nullptr);
    wander->replica.row().cells(0, seen[0].slot)[0] ^= 1;
    wander->check_told();
    CHECK(wander->wrong != nullptr);
}

TEST_CASE("a client's looks and snapshots allocate nothing") {
    const auto wander = std::make_unique<Wander>(9);
    std::size_t bytes = 0;
    for (wander->tick = 1; wander->tick < 200; ++wander->tick) {
        wander->step();
        const allocations::Count count;
        wander->world.commit({wander->tick});
        wander->interest.look_from({&wander->look, 1});
        const auto seen = wander->interest.update(wander->stage, wander->world, wander->me);
        const std::size_t size = wander->sender.write(wander->buffer, seen);
        if (const auto number = wander->replica.handle(tenon::BytesIn(wander->buffer).first(size)))
            (void)wander->sender.acknowledged(*number);
        bytes += count.bytes();
    }
    CHECK(bytes == 0);
}
