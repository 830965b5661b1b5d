#include "tenon/topology/authority_hosted.hpp"

#include <doctest/doctest.h>

#include <type_traits>

using namespace tenon;

namespace {

struct Eldest {
    static constexpr bool before(const Candidate& a, const Candidate& b) { return b.id < a.id; }
    static constexpr bool replaces(const Candidate&, const Candidate&) { return false; }
};
struct Nobody {};

} // namespace

TEST_CASE("under AuthorityHosted whoever hosts decides, and another can come after it") {
    using topology::AuthorityHosted;
    CHECK(AuthorityHosted<>::authority(PeerId::host()) == PeerId::host());
    CHECK(AuthorityHosted<>::authority(PeerId{7}) == PeerId{7});
    CHECK(AuthorityHosted<>::traits.has_authority);
    CHECK(AuthorityHosted<>::traits.relays);
    CHECK(AuthorityHosted<>::traits.migrates);
    CHECK(CheckTopology<AuthorityHosted<>>::ok);
    CHECK(CheckTopology<AuthorityHosted<topology::ByMerit<10>>>::ok);
}

TEST_CASE("it elects by the rule that it is given, which may be a game's own") {
    CHECK(std::is_same_v<topology::AuthorityHosted<>::Election, topology::FirstJoiner>);
    CHECK(std::is_same_v<topology::AuthorityHosted<Eldest>::Election, Eldest>);
    CHECK(CheckTopology<topology::AuthorityHosted<Eldest>>::ok);
    CHECK_FALSE(HasElection<topology::AuthorityHosted<Nobody>>);
}

static_assert(tenon::TopologyPolicy<tenon::topology::AuthorityHosted<>>);
