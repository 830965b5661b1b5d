#include "tenon/room/roster.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

using namespace tenon;

namespace {

std::vector<std::uint32_t> ids(const Roster& roster) {
    std::vector<std::uint32_t> all;
    for (const PeerId peer : roster) all.push_back(peer.value);
    return all;
}

} // namespace

TEST_CASE("members stand in the order of their ids, however they come") {
    Roster roster;
    for (const std::uint32_t id : {5u, 0u, 9u, 3u}) CHECK(roster.add(PeerId{id}, std::to_string(id)));
    CHECK(ids(roster) == std::vector<std::uint32_t>{0, 3, 5, 9});
    CHECK(roster.name_of(PeerId{3}) == "3");
    CHECK(roster.name_of(PeerId{4}).empty());
    CHECK(roster.contains(PeerId{9}));
    CHECK(!roster.contains(PeerId{10}));
    CHECK(!roster.contains(PeerId::none()));
}

TEST_CASE("nobody is in it twice, and who goes leaves the others as they are") {
    Roster roster;
    for (std::uint32_t id = 0; id < 100; ++id) CHECK(roster.add(PeerId{id}, "x"));
    CHECK(!roster.add(PeerId{50}, "again"));
    CHECK(roster.name_of(PeerId{50}) == "x");
    for (std::uint32_t id = 0; id < 100; id += 2) CHECK(roster.remove(PeerId{id}));
    CHECK(!roster.remove(PeerId{50}));
    CHECK(roster.size() == 50);
    for (std::uint32_t id = 0; id < 100; ++id) CHECK(roster.contains(PeerId{id}) == (id % 2 == 1));
    roster.clear();
    CHECK(ids(roster).empty());
    CHECK(!roster.remove(PeerId{1}));
}

TEST_CASE("a name is cut to what fits") {
    const std::string name(200, 'n');
    CHECK(PeerName(name).view() == name.substr(0, name_bytes_max));
    CHECK(PeerName("ann").view() == "ann");
    CHECK(PeerName().view().empty());
}
