#include "tenon/replica/blend.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "tenon/schema/quantized.hpp"
#include "tenon/schema/rotation.hpp"

using namespace tenon;

namespace {

struct Place {
    double x = 0;
    float y = 0;
    void serialize(auto& ar) { ar(x, y); }
};
struct Named {
    float weight = 0;
};
template <class Archive>
void serialize(Archive& ar, Named& named) {
    ar(named.weight);
}
struct Ship {
    Place place;
    float speed = 0;
    std::uint32_t gun = 0;
    bool firing = false;
    std::array<float, 3> colour{};
    double plain[2] = {};
    Named named;
    std::string name;
    std::vector<float> trail;
    void serialize(auto& ar) {
        ar(place, quantized(speed, -10, 10, 0.5f), gun, firing);
        ar& colour;
        ar(plain, named, name, trail);
    }
};
struct Many {
    std::array<float, 300> all{};
    void serialize(auto& ar) { ar(all); }
};

} // namespace

TEST_CASE("floating-point fields are taken in proportion, wherever they stand") {
    Ship before, after;
    after.place = {10, 20};
    after.speed = 4;
    after.colour = {1, 2, 3};
    after.plain[1] = 8;
    after.named.weight = 6;
    const Ship between = blend(before, after, 0.25);
    CHECK(between.place.x == doctest::Approx(2.5));
    CHECK(between.place.y == doctest::Approx(5));
    CHECK(between.speed == doctest::Approx(1));
    CHECK(between.colour[2] == doctest::Approx(0.75));
    CHECK(between.plain[1] == doctest::Approx(2));
    CHECK(between.named.weight == doctest::Approx(1.5));
}

TEST_CASE("everything else is as it was before") {
    Ship before, after;
    before.gun = 3;
    before.name = "ann";
    before.trail = {1, 2};
    after.gun = 9;
    after.firing = true;
    after.name = "bob";
    after.trail = {5};
    const Ship between = blend(before, after, 0.9);
    CHECK(between.gun == 3);
    CHECK(!between.firing);
    CHECK(between.name == "ann");
    CHECK(between.trail == std::vector<float>{1, 2});
}

TEST_CASE("the ends are the two states, and beyond it goes on as it went") {
    const Place before{1, 1}, after{3, 5};
    CHECK(blend(before, after, 0).x == 1);
    CHECK(blend(before, after, 1).y == 5);
    CHECK(blend(before, after, 2).x == 5);
    CHECK(blend(before, after, -1).y == -3);
}

TEST_CASE("a state of more fields than are looked at keeps the rest") {
    Many before, after;
    after.all.fill(2);
    const Many between = blend(before, after, 0.5);
    CHECK(between.all[0] == 1);
    CHECK(between.all[255] == 1);
    CHECK(between.all[256] == 0);
}

namespace {

struct Turned {
    float x = 0, heading = 0, qx = 0, qy = 0, qz = 0, qw = 1;
    int gear = 0;
    void serialize(auto& ar) {
        ar(quantized(x, -10, 10, 0.5), angle(heading, 0.01), rotation(qx, qy, qz, qw, 0.001), gear);
    }
};
Turned turned(double heading) {
    Turned state;
    state.heading = static_cast<float>(heading);
    state.qz = static_cast<float>(std::sin(heading / 2));
    state.qw = static_cast<float>(std::cos(heading / 2));
    return state;
}

} // namespace

TEST_CASE("angles and turns go the short way, at an even speed, and on beyond the ends") {
    const Turned before = turned(6.0);
    Turned after = turned(6.8 - 6.283185307);
    after.qz = -after.qz, after.qw = -after.qw; // the same turn, said otherwise
    for (double share = -0.5; share <= 2; share += 0.25) {
        const Turned between = blend(before, after, share);
        const Turned wanted = turned(6.0 + 0.8 * share);
        CHECK(std::fabs(detail::turn_between(static_cast<double>(wanted.heading),
                                             static_cast<double>(between.heading))) < 1e-5);
        CHECK(std::fabs(between.qz * wanted.qz + between.qw * wanted.qw) == doctest::Approx(1).epsilon(1e-6));
    }
}

TEST_CASE("what goes on beyond its end keeps within its bounds, and what switches has switched") {
    Turned before = turned(0), after = turned(0);
    before.x = 6, after.x = 9, after.gear = 3;
    CHECK(blend(before, after, 3).x == 10);
    CHECK(blend(before, after, 1.5).gear == 3);
    CHECK(blend(before, after, 0.99).gear == 0);
    CHECK(blend(before, after, 1).gear == 3);
}

TEST_CASE("a nudge moves by a share of a difference, and how far apart is the most that a number differs") {
    Turned value = turned(1), shown = turned(0.2), is = turned(0.1);
    value.x = 5, shown.x = -2, is.x = 1;
    const Turned moved = nudge(value, shown, is, 0.5);
    CHECK(moved.x == doctest::Approx(3.5));
    CHECK(moved.heading == doctest::Approx(1.05));
    CHECK(moved.qz == doctest::Approx(std::sin(1.05 / 2)));
    CHECK(apart(shown, is) == doctest::Approx(3));
    CHECK(apart(value, value) == 0);
    shown.x = std::nanf("");
    CHECK(!(apart(shown, is) < 1e30));
}
