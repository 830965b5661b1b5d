#include "tenon/replica/track.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Spot {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
constexpr Instant start{10'000'000'000};

} // namespace

TEST_CASE("a state between two that are known lies between them") {
    Track<Spot> track;
    CHECK(track.empty());
    CHECK(track.add(start, {0}));
    CHECK(track.add(start + 100_ms, {10}));
    CHECK(track.add(start + 200_ms, {0}));
    CHECK(track.at(start).x == 0);
    CHECK(track.at(start + 50_ms).x == doctest::Approx(5));
    CHECK(track.at(start + 100_ms).x == doctest::Approx(10));
    CHECK(track.at(start + 150_ms).x == doctest::Approx(5));
}

TEST_CASE("where one side is missing the nearest is given") {
    Track<Spot> track;
    track.add(start, {1});
    CHECK(track.at(start - 1_s).x == 1);
    CHECK(track.at(start + 1_s).x == 1);
    track.add(start + 100_ms, {2});
    CHECK(track.at(start - 1_s).x == 1);
    CHECK(track.at(start + 1_s).x == 2);
}

TEST_CASE("older than the newest is refused, of the same time replaces it") {
    Track<Spot> track;
    CHECK(track.add(start, {1}));
    CHECK(!track.add(start - 1_ns, {2}));
    CHECK(track.latest().x == 1);
    CHECK(track.add(start, {3}));
    CHECK(track.latest().x == 3);
    CHECK(track.latest_at() == start);
}

TEST_CASE("only the last samples are kept") {
    Track<Spot> track;
    for (int i = 0; i < 100; ++i) track.add(start + 10_ms * i, {static_cast<float>(i)});
    CHECK(track.at(start).x == 100 - static_cast<float>(Track<Spot>::samples_max));
    CHECK(track.at(start + 955_ms).x == doctest::Approx(95.5));
    CHECK(track.latest().x == 99);
}

TEST_CASE("tracks are made when first asked for, and go with their peer") {
    Tracks<Spot> tracks;
    CHECK(tracks.find(PeerId{3}) == nullptr);
    Track<Spot>* three = tracks.of(PeerId{3});
    REQUIRE(three != nullptr);
    CHECK(tracks.of(PeerId{3}) == three);
    three->add(start, {3});
    tracks.of(PeerId{5})->add(start, {5});
    tracks.of(PeerId{9});
    CHECK(tracks.size() == 3);
    tracks.remove(PeerId{3});
    tracks.remove(PeerId{4});
    CHECK(tracks.size() == 2);
    CHECK(tracks.find(PeerId{3}) == nullptr);
    CHECK(tracks.find(PeerId{5})->latest().x == 5);
    tracks.clear();
    CHECK(tracks.size() == 0);
}

TEST_CASE("a view shows all peers at one moment, and leaves out those of whom nothing is known") {
    Tracks<Spot> tracks;
    CHECK(!(View<Spot>(tracks, start).begin() != View<Spot>(tracks, start).end()));
    tracks.of(PeerId{1});
    for (std::uint32_t peer : {2u, 4u}) {
        tracks.of(PeerId{peer})->add(start, {0});
        tracks.of(PeerId{peer})->add(start + 100_ms, {static_cast<float>(peer)});
    }
    tracks.of(PeerId{7});
    std::vector<std::uint32_t> peers;
    for (const auto& [peer, spot] : View<Spot>(tracks, start + 50_ms)) {
        peers.push_back(peer.value);
        CHECK(spot.x == doctest::Approx(static_cast<float>(peer.value) / 2));
    }
    CHECK(peers == std::vector<std::uint32_t>{2, 4});
}
