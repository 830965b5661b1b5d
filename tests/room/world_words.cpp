#include "tenon/room/world_words.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace tenon;

namespace {

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Steer {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Look {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};

} // namespace

TEST_CASE("the command that moves a world's things is the first, or none") {
    static_assert(
        std::is_same_v<detail::OrderOf<Game<"a", 1, Component<Ship>, Command<Steer>, Command<Look>>>, Steer>);
    static_assert(std::is_same_v<detail::OrderOf<Game<"a", 1, Component<Ship>>>, NoOrder>);
}

TEST_CASE(
    "what a guest was looking at survives in two bytes, to a 64th of a tick, for half a minute about now") {
    std::array<std::byte, 2> bytes{};
    for (std::uint64_t tick :
         {std::uint64_t(1), std::uint64_t(500), std::uint64_t(100'000), std::uint64_t(1) << 40})
        for (double share : {0.0, 0.25, 0.5, 0.984375})
            for (int behind : {0, 1, 20, 400}) {
                if (tick <= static_cast<std::uint64_t>(behind)) continue;
                const Moment seen =
                    Moment::of(static_cast<double>(tick - static_cast<std::uint64_t>(behind)) + share);
                SeenWord::write(bytes, seen);
                CHECK(SeenWord::read(bytes, {tick}) == seen);
            }
}

TEST_CASE("a refusal is read as it was written, and nothing else is one") {
    std::array<std::byte, 8> bytes{};
    const BytesIn word = RefusedWord{1234, Error::missing_baseline}.write(bytes);
    const auto read = RefusedWord::read(word);
    REQUIRE(read);
    CHECK(read->number == 1234);
    CHECK(read->reason == Error::missing_baseline);
    CHECK(!RefusedWord::read(word.first(2)));
    CHECK(!RefusedWord::read(BytesIn(bytes).first(4)));
    bytes[2] = std::byte{error_count};
    CHECK(!RefusedWord::read(BytesIn(bytes).first(3)));
    bytes[2] = std::byte{0};
    CHECK(!RefusedWord::read(BytesIn(bytes).first(3)));
}

TEST_CASE("a claim is read as it was written, and nothing else is one") {
    std::array<std::byte, 8> bytes{};
    const BytesIn word = ClaimWord{{300, 7}, true}.write(bytes);
    const auto read = ClaimWord::read(word);
    REQUIRE(read);
    CHECK(read->entity == EntityId{300, 7});
    CHECK(read->yes);
    CHECK(!ClaimWord::read(word.first(4)));
    CHECK(!ClaimWord::read(BytesIn(bytes).first(6)));
    bytes[4] = std::byte{2};
    CHECK(!ClaimWord::read(BytesIn(bytes).first(5)));
}
