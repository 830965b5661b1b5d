#include "tenon/replica/world.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "replicated.hpp"
#include "tenon/replica/cells.hpp"
#include "tenon/replica/history.hpp"
#include "tenon/replica/layout.hpp"

using namespace replicated;
using tenon::EntityId;
using tenon::PeerId;
using tenon::Tick;

namespace {

struct Every {
    std::int8_t a = -5;
    std::uint32_t b = 4'000'000'000;
    std::int64_t c = std::numeric_limits<std::int64_t>::min() + 3;
    std::uint64_t d = std::numeric_limits<std::uint64_t>::max() - 7;
    float e = -2.5f;
    double f = 1e-300;
    bool g = true;
    Mood h = Mood::asleep;
    float list[3] = {1, -0.0f, 3e38f};
    double wide = 123456.789012;
    void serialize(auto& ar) { ar(a, b, c, d, e, f, g, h, list, tenon::quantized(wide, -1e6, 1e6, 1e-6)); }
};

} // namespace

TEST_CASE("every kind of field comes out of its cells as it went in") {
    tenon::Layout layout;
    tenon::describe_cells<Every>(layout);
    CHECK(layout.components() == 1);
    CHECK(layout.component(0).cells == 16);
    std::vector<tenon::Cell> cells(16);
    const Every in;
    tenon::store_cells(in, cells.data(), cells.size());
    Every out{0, 0, 0, 0, 0, 0, false, Mood::calm, {}, 0};
    tenon::load_cells(cells.data(), out, cells.size());
    CHECK(out.a == in.a);
    CHECK(out.b == in.b);
    CHECK(out.c == in.c);
    CHECK(out.d == in.d);
    CHECK(out.e == in.e);
    CHECK(out.f == in.f);
    CHECK(out.g == in.g);
    CHECK(out.h == in.h);
    CHECK(out.list[2] == in.list[2]);
    CHECK(out.wide == doctest::Approx(in.wide).epsilon(1e-11));
    for (std::size_t g = 0; g < layout.groups(); ++g)
        for (unsigned k = 0; k < layout.group(g).count; ++k) {
            const std::int64_t above =
                std::int64_t(cells[layout.group(g).first + k]) - layout.group(g).low[k];
            CHECK(above >= 0);
            CHECK(above <= std::int64_t(layout.group(g).range[k]));
        }
}

TEST_CASE("a little more is the next greater cell, for floats too") {
    const float values[] = {-3e38f, -2, -1.5f, -1e-40f, 0, 1e-40f, 1, 1.0000001f, 3e38f};
    tenon::Cell before = std::numeric_limits<tenon::Cell>::min();
    for (float value : values) {
        const tenon::Cell cell = tenon::detail::ordered(value);
        CHECK(cell > before);
        CHECK(tenon::detail::unordered(cell) == value);
        before = cell;
    }
}

TEST_CASE("what moves together on one grid is one group") {
    const tenon::Layout& layout = World({.entities_max = 1}).layout();
    REQUIRE(layout.components() == 2);
    CHECK(layout.group(0).kind == tenon::CellKind::number);
    CHECK(layout.group(0).count == 3);
    CHECK(layout.group(1).kind == tenon::CellKind::rotation);
    CHECK(layout.group(2).kind == tenon::CellKind::angle);
}

TEST_CASE("entities come, change and go, and an id finds only whom it was given for") {
    World world({.entities_max = 2, .ticks = 4});
    const EntityId a = world.spawn(PeerId{3}), b = world.spawn();
    REQUIRE(a);
    REQUIRE(b);
    CHECK(!world.spawn());
    CHECK(world.owner(a) == PeerId{3});
    CHECK(!world.get<Body>(a));
    CHECK(world.set(a, Body{.x = 1.234f}));
    CHECK(world.get<Body>(a)->x == doctest::Approx(1.23f));
    CHECK(world.remove<Body>(a));
    CHECK(!world.remove<Body>(a));
    CHECK(world.despawn(a));
    CHECK(!world.despawn(a));
    CHECK(!world.set(a, Body{}));
    CHECK(!world.set_owner(a, PeerId{1}));
    CHECK(world.owner(a) == PeerId::none());
    const EntityId c = world.spawn();
    CHECK(c.slot == a.slot);
    CHECK(c.generation == a.generation + 1);
    CHECK(!world.alive(a));
    CHECK(world.size() == 2);
}

TEST_CASE("history keeps the last ticks, and each slot the tick of its last change") {
    World world({.entities_max = 2, .ticks = 4});
    const EntityId a = world.spawn();
    for (std::uint64_t tick = 10; tick < 20; ++tick) {
        world.set(a, Body{.x = static_cast<float>(tick < 15 ? tick : 15)});
        world.commit({tick});
    }
    CHECK(world.changed(a.slot) == 15);
    CHECK(world.newest_tick() == 19);
    CHECK(world.has(6));
    CHECK(!world.has(5));
    CHECK(!world.has(10));
    CHECK(world.at(7).tick() == 17);
}

TEST_CASE("a slot stays empty after its last tenant") {
    World world({.entities_max = 1, .ticks = 2});
    EntityId last;
    for (int i = 0; i < 0xFFFF; ++i) {
        const EntityId entity = world.spawn();
        REQUIRE(entity);
        last = entity;
        REQUIRE(world.despawn(entity));
    }
    CHECK(last.generation == 0xFFFF);
    CHECK(!world.spawn());
}
