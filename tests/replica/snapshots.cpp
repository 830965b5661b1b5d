#include "tenon/replica/snapshots.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "duel.hpp"
#include "tenon/schema/quantized.hpp"

using namespace duel;

namespace {

struct Exact {
    float angle = 0, coarse = 0;
    void serialize(auto& ar) { ar(angle, quantized(coarse, -100.f, 100.f, 0.5f)); }
};
struct Long {
    std::string text;
    void serialize(auto& ar) { ar(bounded(text, 1'000'000)); }
};

} // namespace

TEST_CASE("a state comes back bit for bit, also where its fields are quantised on the wire") {
    Snapshots kept(4);
    Exact state{std::sin(1.0f), 33.333f};
    REQUIRE(kept.save(7, state));
    Exact again;
    REQUIRE(load_state(kept.at(7), again));
    CHECK(std::memcmp(&state, &again, sizeof state) == 0);
    CHECK(state_checksum(kept.at(7)) == state_checksum(kept.at(7)));
    const std::uint32_t before = state_checksum(kept.at(7));
    again.angle = std::nextafter(again.angle, 2.0f);
    REQUIRE(kept.save(8, again));
    CHECK(state_checksum(kept.at(8)) != before);
}

TEST_CASE("the last states are kept, and grow as they need") {
    Snapshots kept(3);
    Long state;
    for (std::uint64_t tick = 0; tick < 10; ++tick) {
        state.text.assign(static_cast<std::size_t>(tick * 5000), 'x');
        REQUIRE(kept.save(tick, state));
        CHECK(kept.has(tick));
        CHECK(kept.at(tick).size() > tick * 5000);
        if (tick >= 3) CHECK(!kept.has(tick - 3));
        if (tick >= 2) CHECK(kept.has(tick - 2));
    }
    CHECK(kept.at(100).empty());
    Long again;
    CHECK(load_state(kept.at(9), again));
    CHECK(again.text.size() == 45'000);
    CHECK(kept.put(11, kept.at(9)));
    CHECK(kept.at(11).size() == kept.at(9).size());
    kept.clear();
    CHECK(!kept.has(9));
}

TEST_CASE("a state that breaks its own bound, or can't be read, is an error") {
    Snapshots kept(2);
    Long state;
    state.text.assign(1'000'001, 'x');
    CHECK(kept.save(1, state).error() == Error::over_bound);
    CHECK(!kept.has(1));
    state.text = "short";
    REQUIRE(kept.save(1, state));
    CHECK(load_state(kept.at(1).first(5), state).error() == Error::truncated);
}

TEST_CASE("bytes can be put behind each other") {
    StateBytes bytes;
    for (int i = 0; i < 300; ++i) CHECK(bytes.append(bytes_of_move(i)));
    const BytesIn all = bytes.view();
    std::size_t at = 0;
    for (int i = 0; i < 300; ++i) {
        const auto one = bytes_of_move(i);
        CHECK(std::memcmp(all.data() + at, one.data(), one.size()) == 0);
        at += one.size();
    }
    CHECK(at == all.size());
}
