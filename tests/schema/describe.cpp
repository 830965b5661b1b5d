#include "tenon/schema/describe.hpp"

#include <doctest/doctest.h>

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace {

struct Ship {
    float x = 0, y = 0;
    int hp = 0;
    unsigned ammo = 0;
    std::vector<std::uint16_t> items;
    void serialize(auto& ar) {
        ar(x, tenon::quantized(y, -256, 256, 0.01), tenon::ranged(hp, -5, 100), tenon::ranged(ammo, 1u, 9u),
           tenon::bounded(items, 8));
    }
};
struct Chain {
    std::unique_ptr<Chain> next;
    void serialize(auto& ar) { ar(next); }
};
struct NameAndValue {
    const char* name;
    int& value;
};
struct Named {
    int hp = 0;
    void serialize(auto& ar) { ar(NameAndValue{"hp", hp}); }
};

template <class T>
std::string words() {
    std::string text;
    tenon::describe_shape<T>([&](std::string_view piece) { text += piece; });
    return text;
}

} // namespace

TEST_CASE("a shape reads like a declaration") {
    CHECK(words<Ship>() == "Ship{f32, f32 -256..256 by 0.01, i32 -5..100, u32 1..9, list <=8 [u16]}");
    CHECK(words<Chain>() == "Chain{optional [recursion 0 up]}");
    CHECK(words<Named>() == "Named{hp: i32}");
}

TEST_CASE("every kind of field has its words") {
    enum class Team : std::uint8_t { red };
    CHECK(words<bool>() == "bool");
    CHECK(words<std::int8_t>() == "i8");
    CHECK(words<double>() == "f64");
    CHECK(words<Team>() == "enum u8");
    CHECK(words<std::string>() == "string8 <=4096");
    CHECK(words<std::set<int>>() == "set <=1024 [i32]");
    CHECK(words<std::map<int, bool>>() == "map <=1024 [i32, bool]");
    CHECK(words<std::variant<int, bool>>() == "variant [i32, bool]");
    CHECK(words<std::pair<int, bool>>() == "tuple [i32, bool]");
    CHECK(words<std::array<int, 3>>() == "array of 3 [i32]");
    CHECK(words<std::bitset<9>>() == "bitset of 9");
    CHECK(words<std::chrono::duration<std::int64_t, std::milli>>() == "duration of 1/1000 s [i64]");
    CHECK(words<std::vector<std::vector<bool>>>() == "list <=1024 [list <=1024 [bool]]");
}
