#include "tenon/replica/difference.hpp"

#include <doctest/doctest.h>

#include <string>

#include "duel.hpp"
#include "tenon/replica/snapshots.hpp"

using namespace duel;

namespace {

struct Named {
    const char* name;
    float& value;
};
struct Ship {
    float heat = 0;
    void serialize(auto& ar) { ar(Named{"heat", heat}); }
};
struct Fleet {
    std::string motto = "on";
    Ship ships[3];
    void serialize(auto& ar) { ar(motto, ships); }
};

template <class Game>
Difference between(Game right, Game wrong) {
    Snapshots kept(2);
    REQUIRE(kept.save(0, right));
    REQUIRE(kept.save(1, wrong));
    Game scratch;
    return first_difference(scratch, kept.at(0), kept.at(1));
}
std::string said(const Difference& difference) {
    std::string text(difference.type.view());
    if (difference.entity != Difference::no_entity) text += " " + std::to_string(difference.entity);
    return text + ": " + std::string(difference.field.view());
}

} // namespace

TEST_CASE("the first field that differs is named with its type and entity") {
    Battle right, wrong;
    right.heroes[70].x = wrong.heroes[70].x = 1;
    CHECK(!between(right, wrong).found());
    wrong.heroes[70].heat = 2;
    CHECK(said(between(right, wrong)) == "Unit 70: Battle.2[70] Unit.1");
    wrong.units[1].x = 3; // comes before
    CHECK(said(between(right, wrong)) == "Unit 1: Battle.1[1] Unit.0");
    wrong.sum = 4;
    CHECK(said(between(right, wrong)) == "Battle: Battle.0");
}

TEST_CASE("one more, one less, and one that is not there are found too") {
    Battle right, wrong;
    wrong.units.emplace_back();
    CHECK(said(between(right, wrong)) == "Battle: Battle.1");
    wrong = right;
    wrong.boss.emplace();
    CHECK(said(between(right, wrong)) == "Battle: Battle.3");
    right.boss.emplace();
    wrong.boss->heat = 1;
    CHECK(said(between(right, wrong)) == "Unit: Battle.3 Unit.1");
}

TEST_CASE("names that the game gives its fields are said") {
    Fleet right, wrong;
    wrong.ships[2].heat = 1;
    CHECK(said(between(right, wrong)) == "Ship 2: Fleet.1[2] Ship.heat");
    wrong.motto = "off";
    CHECK(said(between(right, wrong)) == "Fleet: Fleet.0");
}

TEST_CASE("what can't be read differs in nothing, and texts are bounded and printable") {
    Battle battle;
    Snapshots kept(1);
    REQUIRE(kept.save(0, battle));
    CHECK(!first_difference(battle, kept.at(0), kept.at(0).first(3)).found());
    FieldText text;
    for (int i = 0; i < 50; ++i) text.add("field ");
    CHECK(text.size == FieldText::bytes_max);
    FieldText rude("a\x1b[2Jb");
    rude.make_printable();
    CHECK(rude.view() == "a?[2Jb");
}
