#include "tenon/replica/blend.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "tenon/schema/quantized.hpp"

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
