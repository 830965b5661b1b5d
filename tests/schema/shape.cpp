#include "tenon/schema/shape.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using tenon::shape_hash;
using tenon::ShapeKind;
using tenon::stable_name;

namespace one {
struct Ship {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(x, y); }
};
template <class T>
struct Box {
    T inside{};
    void serialize(auto& ar) { ar(inside); }
};
struct Renamed {
    static constexpr std::string_view tenon_name = "Ship";
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(x, y); }
};
struct Chain {
    int value = 0;
    std::unique_ptr<Chain> next;
    void serialize(auto& ar) { ar(value, next); }
};
template <int Max>
struct Bounded {
    std::string text;
    void serialize(auto& ar) { ar(tenon::bounded(text, Max)); }
};
template <int Hi>
struct Ranged {
    int n = 0;
    void serialize(auto& ar) { ar(tenon::ranged(n, 0, Hi)); }
};
template <int Steps>
struct Fine {
    float x = 0;
    void serialize(auto& ar) { ar(tenon::quantized(x, 0, 1, 1.0 / Steps)); }
};
} // namespace one
namespace two {
struct Ship {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(x, y); }
};
} // namespace two
namespace three {
struct Ship {
    float x = 0;
    double y = 0;
    void serialize(auto& ar) { ar(x, y); }
};
} // namespace three

namespace {

struct Recorder {
    std::vector<ShapeKind> kinds;
    int depth = 0, deepest = 0;
    void enter(const tenon::ShapeNode& node) {
        kinds.push_back(node.kind);
        deepest = ++depth > deepest ? depth : deepest;
    }
    void leave(const tenon::ShapeNode&) { --depth; }
};

} // namespace

TEST_CASE("a type's stable name is its own name, or the one that it gives itself") {
    CHECK(stable_name<one::Ship>() == "Ship");
    CHECK(stable_name<one::Box<one::Ship>>() == "Box");
    CHECK(stable_name<one::Renamed>() == "Ship");
    CHECK(stable_name<int>() == "int");
}

TEST_CASE("shapes hash alike when their fields are alike, wherever the type stands") {
    CHECK(shape_hash<one::Ship>() == shape_hash<two::Ship>());
    CHECK(shape_hash<one::Ship>() == shape_hash<one::Renamed>());
    CHECK(shape_hash<std::vector<int>>() == shape_hash<std::vector<int>>());
}

TEST_CASE("any difference that the other side would notice changes the hash") {
    const std::vector<std::uint64_t> hashes = {
        shape_hash<one::Ship>(),
        shape_hash<three::Ship>(),
        shape_hash<bool>(),
        shape_hash<std::int32_t>(),
        shape_hash<std::uint32_t>(),
        shape_hash<std::uint64_t>(),
        shape_hash<float>(),
        shape_hash<double>(),
        shape_hash<std::string>(),
        shape_hash<std::vector<int>>(),
        shape_hash<std::set<int>>(),
        shape_hash<std::map<int, int>>(),
        shape_hash<std::optional<int>>(),
        shape_hash<std::array<int, 2>>(),
        shape_hash<std::array<int, 3>>(),
        shape_hash<std::pair<int, int>>(),
        shape_hash<std::variant<int, bool>>(),
        shape_hash<std::variant<bool, int>>(),
        shape_hash<one::Box<int>>(),
        shape_hash<one::Box<bool>>(),
        shape_hash<one::Bounded<7>>(),
        shape_hash<one::Bounded<8>>(),
        shape_hash<one::Ranged<7>>(),
        shape_hash<one::Ranged<8>>(),
        shape_hash<one::Fine<7>>(),
        shape_hash<one::Fine<8>>(),
        shape_hash<one::Chain>(),
    };
    CHECK(std::set<std::uint64_t>(hashes.begin(), hashes.end()).size() == hashes.size());
}

TEST_CASE("a walk meets every field once, in order, and comes back up") {
    Recorder recorder;
    tenon::walk_shape<one::Box<std::map<int, std::optional<one::Ship>>>>(recorder);
    using K = ShapeKind;
    CHECK(recorder.kinds == std::vector<K>{K::structure, K::map, K::integer, K::optional, K::structure,
                                           K::floating, K::floating});
    CHECK(recorder.depth == 0);
    CHECK(recorder.deepest == 5);
}

TEST_CASE("a type that can hold itself is walked once") {
    Recorder recorder;
    tenon::walk_shape<one::Chain>(recorder);
    using K = ShapeKind;
    CHECK(recorder.kinds == std::vector<K>{K::structure, K::integer, K::optional, K::recursion});
    CHECK(recorder.depth == 0);
}

TEST_CASE("a hash is of its bytes, however many") {
    const auto hash = [](int count, std::uint8_t last) {
        tenon::ShapeHash h;
        for (int i = 0; i < count; ++i) h.byte(7);
        h.byte(last);
        return h.finish();
    };
    std::set<std::uint64_t> seen;
    for (int count = 0; count < 600; ++count) seen.insert(hash(count, 7));
    CHECK(seen.size() == 600);
    CHECK(hash(600, 7) != hash(600, 8));
    CHECK(hash(600, 7) == hash(600, 7));
}
