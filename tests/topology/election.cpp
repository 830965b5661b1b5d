#include "tenon/topology/election.hpp"

#include <doctest/doctest.h>

using namespace tenon;

namespace {

constexpr Candidate candidate(std::uint32_t id, float merit = 0) { return {PeerId{id}, merit}; }

} // namespace

TEST_CASE("who has been there longest comes first, and nobody is replaced") {
    using topology::FirstJoiner;
    CHECK(FirstJoiner::before(candidate(1), candidate(2)));
    CHECK_FALSE(FirstJoiner::before(candidate(2), candidate(1)));
    CHECK_FALSE(FirstJoiner::before(candidate(1), candidate(1)));
    CHECK(FirstJoiner::before(candidate(1, 0), candidate(2, 100))); // merit or not
    CHECK_FALSE(FirstJoiner::replaces(candidate(1, 100), candidate(2, 0)));
}

TEST_CASE("by merit the best comes first, and of equals who has been there longest") {
    using Best = topology::ByMerit<>;
    CHECK(Best::before(candidate(5, 2), candidate(1, 1)));
    CHECK_FALSE(Best::before(candidate(1, 1), candidate(5, 2)));
    CHECK(Best::before(candidate(1, 2), candidate(5, 2)));
    CHECK_FALSE(Best::before(candidate(5, 2), candidate(1, 2)));
    CHECK_FALSE(Best::before(candidate(5, 2), candidate(5, 2)));
    CHECK(Best::before(candidate(5, -1), candidate(1, -2)));
}

TEST_CASE("an authority is replaced only by one who is better by the margin") {
    using Best = topology::ByMerit<20>;
    CHECK_FALSE(Best::replaces(candidate(1, 10), candidate(2, 10)));
    CHECK_FALSE(Best::replaces(candidate(1, 11.9f), candidate(2, 10)));
    CHECK(Best::replaces(candidate(1, 12.1f), candidate(2, 10)));
    CHECK(Best::replaces(candidate(1, 1), candidate(2, 0)));
    CHECK_FALSE(Best::replaces(candidate(1, 0), candidate(2, 0)));
    CHECK_FALSE(Best::replaces(candidate(1, -9), candidate(2, -10)));
    CHECK(Best::replaces(candidate(1, -7), candidate(2, -10)));
}

// Whatever the merits, two never would replace each other.
TEST_CASE("two are never each better than the other") {
    for (int a = -20; a <= 20; ++a)
        for (int b = -20; b <= 20; ++b) {
            const Candidate one = candidate(1, static_cast<float>(a) / 3),
                            other = candidate(2, static_cast<float>(b) / 3);
            CHECK_FALSE(
                (topology::ByMerit<1>::replaces(one, other) && topology::ByMerit<1>::replaces(other, one)));
            CHECK(topology::ByMerit<1>::before(one, other) != topology::ByMerit<1>::before(other, one));
        }
}

static_assert(tenon::ElectionPolicy<tenon::topology::FirstJoiner>);
static_assert(tenon::ElectionPolicy<tenon::topology::ByMerit<>>);
