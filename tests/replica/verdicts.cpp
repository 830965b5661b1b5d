#include "tenon/replica/verdicts.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace tenon;

namespace {

constexpr PeerId host{0};

// Checksums of one tick, by peer.
void report(Verdicts& verdicts, std::uint64_t tick, std::initializer_list<std::uint32_t> checksums) {
    std::uint32_t id = 0;
    for (const std::uint32_t checksum : checksums) verdicts.report(PeerId{id++}, tick, checksum);
}
void begin(Verdicts& verdicts, std::uint32_t peers) {
    verdicts.clear(0);
    for (std::uint32_t id = 0; id < peers; ++id) verdicts.begin(PeerId{id}, 0);
}
std::vector<std::uint32_t> wrong(const Verdicts& verdicts) {
    std::vector<std::uint32_t> ids;
    for (const PeerId peer : verdicts.wrong()) ids.push_back(peer.value);
    return ids;
}

} // namespace

TEST_CASE("who differs from the most is named, once, at the first tick") {
    Verdicts verdicts;
    begin(verdicts, 5);
    report(verdicts, 0, {1, 1, 1, 1, 1});
    report(verdicts, 1, {2, 2, 2, 9, 2});
    report(verdicts, 2, {3, 3, 3, 8, 3});
    REQUIRE(verdicts.poll(host));
    CHECK(verdicts.tick() == 1);
    CHECK(wrong(verdicts) == std::vector<std::uint32_t>{3});
    CHECK(!verdicts.poll(host));
    CHECK(verdicts.next() == 3);
    verdicts.begin(PeerId{3}, 3); // it got the state anew
    report(verdicts, 3, {4, 4, 4, 5, 4});
    CHECK(verdicts.poll(host));
    CHECK(verdicts.tick() == 3);
}

TEST_CASE("the host is not always right, unless it is one to one") {
    Verdicts verdicts;
    begin(verdicts, 4);
    report(verdicts, 0, {7, 1, 1, 2});
    REQUIRE(verdicts.poll(host));
    CHECK(wrong(verdicts) == std::vector<std::uint32_t>{0, 3});
    CHECK(verdicts.right() == PeerId{1});
    begin(verdicts, 2);
    report(verdicts, 0, {7, 1});
    REQUIRE(verdicts.poll(host));
    CHECK(wrong(verdicts) == std::vector<std::uint32_t>{1});
    CHECK(verdicts.right() == host);
}

TEST_CASE("everybody is waited for, but not for ever, and who left not at all") {
    Verdicts verdicts;
    begin(verdicts, 3);
    for (std::uint64_t tick = 0; tick < 20; ++tick) report(verdicts, tick, {5, 5});
    CHECK(!verdicts.poll(host));
    CHECK(verdicts.next() == 0);
    verdicts.report(PeerId{2}, 0, 6);
    CHECK(verdicts.poll(host));
    verdicts.begin(PeerId{2}, 1);
    for (std::uint64_t tick = 20; tick < 400; ++tick) report(verdicts, tick, {5, 5});
    CHECK(!verdicts.poll(host));
    CHECK(verdicts.next() > 200);
    const std::uint64_t before = verdicts.next();
    verdicts.forget(PeerId{2});
    CHECK(!verdicts.poll(host));
    CHECK(verdicts.next() == 400);
    CHECK(before < 400);
}

TEST_CASE("reports come once and in order") {
    Verdicts verdicts;
    begin(verdicts, 2);
    report(verdicts, 0, {1, 1});
    verdicts.report(PeerId{1}, 0, 2);
    verdicts.report(PeerId{1}, 2, 3); // a gap
    verdicts.report(PeerId{7}, 1, 3); // nobody
    CHECK(verdicts.find(PeerId{1})->end == 1);
    CHECK(!verdicts.poll(host));
    CHECK(verdicts.next() == 1);
}
