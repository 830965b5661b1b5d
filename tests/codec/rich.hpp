#pragma once
// A message that holds one of everything a codec carries, and what the codecs' tests share.

#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/schema/quantized.hpp"

namespace rich {

enum class Team : std::uint8_t { red, green, blue };
enum class Mood : int { low = -5, even = 0, high = 1000000 };

struct Point {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(x, y); }
    friend bool operator==(const Point&, const Point&) = default;
};

struct Crate {
    std::string label;
    std::vector<Point> path;
    std::optional<Point> home;
    void serialize(auto& ar) { ar(label, path, home); }
    friend bool operator==(const Crate&, const Crate&) = default;
};

struct Numbers {
    bool yes = false;
    std::int8_t i8 = 0;
    std::uint8_t u8 = 0;
    std::int16_t i16 = 0;
    std::uint16_t u16 = 0;
    std::int32_t i32 = 0;
    std::uint32_t u32 = 0;
    std::int64_t i64 = 0;
    std::uint64_t u64 = 0;
    long long exotic = 0;
    float f = 0;
    double d = 0;
    Team team = Team::red;
    Mood mood = Mood::even;
    void serialize(auto& ar) { ar(yes, i8, u8, i16, u16, i32, u32, i64, u64, exotic, f, d, team, mood); }
    friend bool operator==(const Numbers&, const Numbers&) = default;
};

struct Wrapped {
    float heading = 0;
    int level = 1;
    std::string chat;
    std::vector<std::uint16_t> items;
    void serialize(auto& ar) {
        ar(tenon::quantized(heading, -4, 4, 0.25), tenon::ranged(level, 1, 9), tenon::bounded(chat, 12),
           tenon::bounded(items, 4));
    }
    friend bool operator==(const Wrapped&, const Wrapped&) = default;
};

struct Rich {
    Numbers numbers;
    Wrapped wrapped;
    std::string text;
    std::vector<std::uint32_t> words;
    std::vector<bool> bits;
    std::vector<Crate> crates;
    std::deque<std::string> lines;
    std::list<std::int16_t> steps;
    std::array<double, 3> matrix{};
    std::array<Point, 2> corners{};
    std::pair<int, std::string> pair;
    std::tuple<bool, float, std::string> tuple;
    std::map<std::string, std::vector<int>> inventory;
    std::multimap<int, int> pairs;
    std::unordered_map<int, Point> places;
    std::set<int> seen;
    std::optional<std::string> absent, present;
    std::variant<std::monostate, int, Crate> choice;
    std::unique_ptr<Point> none, some;
    std::bitset<11> few;
    std::bitset<70> many;
    std::chrono::milliseconds span{};
    std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds> at{};
    std::complex<float> wave;

    void serialize(auto& ar) {
        ar(numbers, wrapped, text, words, bits, crates, lines, steps, matrix, corners, pair, tuple, inventory,
           pairs, places, seen, absent, present, choice, none, some, few, many, span, at, wave);
    }
    friend bool operator==(const Rich& a, const Rich& b) {
        const auto same = [](const std::unique_ptr<Point>& p, const std::unique_ptr<Point>& q) {
            return p ? q && *p == *q : !q;
        };
        return a.numbers == b.numbers && a.wrapped == b.wrapped && a.text == b.text && a.words == b.words &&
               a.bits == b.bits && a.crates == b.crates && a.lines == b.lines && a.steps == b.steps &&
               a.matrix == b.matrix && a.corners == b.corners && a.pair == b.pair && a.tuple == b.tuple &&
               a.inventory == b.inventory && a.pairs == b.pairs && a.places == b.places && a.seen == b.seen &&
               a.absent == b.absent && a.present == b.present && a.choice == b.choice &&
               same(a.none, b.none) && same(a.some, b.some) && a.few == b.few && a.many == b.many &&
               a.span == b.span && a.at == b.at && a.wave == b.wave;
    }
};

// Every value is one that all codecs keep exactly.
inline Rich sample() {
    Rich r;
    r.numbers = {true,
                 -128,
                 200,
                 -30000,
                 60000,
                 std::numeric_limits<std::int32_t>::min(),
                 0xFEDCBA98,
                 std::numeric_limits<std::int64_t>::min(),
                 std::numeric_limits<std::uint64_t>::max(),
                 std::numeric_limits<long long>::max(),
                 0.1f,
                 -1.0 / 3,
                 Team::blue,
                 Mood::low};
    r.wrapped = {1.25f, 7, "gg wp", {1, 2, 65535}};
    r.text = "a \"quoted\" \\ line\nwith\ttabs, \x01 and gr\xC3\xBC\xC3\x9F \xF0\x9F\x9A\x80";
    r.words = {0, 1, 0xFFFFFFFF};
    r.bits = {true, false, true};
    r.crates = {{"one", {{1, 2}, {3, 4}}, Point{5, 6}}, {"", {}, {}}};
    r.lines = {"first", "", "third"};
    r.steps = {-1, 0, 1};
    r.matrix = {1e300, -0.0, 5e-324};
    r.corners = {Point{1, 2}, Point{3, 4}};
    r.pair = {-7, "seven"};
    r.tuple = {true, 2.5f, "three"};
    r.inventory = {{"bow", {1}}, {"arrows", {1, 2, 3}}, {"", {}}};
    r.pairs = {{1, 2}, {1, 3}, {2, 1}};
    r.places = {{4, {1, 1}}};
    r.seen = {3, 1, 2};
    r.present = "here";
    r.choice = Crate{"in a variant", {}, {}};
    r.some = std::make_unique<Point>(Point{8, 9});
    r.few = std::bitset<11>(0x5A5);
    r.many = std::bitset<70>("1" + std::string(68, '0') + "1");
    r.span = std::chrono::milliseconds(-1234);
    r.at = decltype(r.at)(std::chrono::nanoseconds(987654321));
    r.wave = {1.5f, -2.5f};
    return r;
}

using Bytes = std::vector<std::byte>;

// The encoding of a message that must encode.
template <class Codec, class T>
Bytes encoded(const T& message) {
    Bytes bytes(65536);
    const auto size = Codec::encode(bytes, message);
    bytes.resize(size.value_or(0));
    return bytes;
}

template <class Codec, class T>
tenon::Error error_of(tenon::BytesIn bytes, T& message) {
    // In an allocation of exactly their size, so that the sanitizer sees a read past them.
    const Bytes exact(bytes.begin(), bytes.end());
    return Codec::decode(exact, message).error();
}

} // namespace rich
