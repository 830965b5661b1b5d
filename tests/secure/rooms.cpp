// Whole rooms that encrypt, on a network that does what networks do: they keep the promises that others keep.
#include "../sim/room_of.hpp"
#include "pair.hpp"

using namespace secured;

template <>
struct rooms::PortOf<Secure> {
    static Secure make(sim::World& world, std::uint32_t host) { return Secure(Keyring(), world.port(host)); }
};
template <>
struct rooms::PortOf<Watched> {
    static Watched make(sim::World& world, std::uint32_t host) { return Watched(world.port(host)); }
};

namespace {

template <class Transport>
std::string room(sim::World& world) {
    rooms::RoomOf<reliability::AckVector, Transport> room(world, 4);
    room.play(seconds(sim::is_long() ? 100 : 15));
    return room.settle();
}
// As in the rooms of sim/, and with damage, which a checksum finds too and a seal has to.
sim::Faults faults(std::uint64_t seed) {
    if (seed % 2 != 0) return sim::Faults::from(seed);
    return *sim::Faults::parse(
        "latency_ms=50,spread=0.5,jitter_ms=15,loss=0.05,reorder=0.1,duplicate=0.05,"
        "corrupt=0.02,partitions=6,partition_ms=1500");
}
sim::Search search(unsigned seeds) {
    sim::Search search;
    search.seeds = seeds;
    search.seeds_long = 500;
    search.faults = faults;
    search.command = "test_secure -sf='*rooms.cpp'";
    return search;
}

} // namespace

TEST_CASE("rooms that encrypt keep their promises, whatever the network does") {
    const auto report = sim::explore(search(8), room<Secure>);
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("rooms keep their promises with each cipher, while their keys turn") {
    for (const Cipher cipher : ciphers()) {
        // Generations that are short, but longer than what is sent while a path is cut.
        Wishes wanted{.cipher = cipher, .limits = {.generation_bits = 9}};
        wishes = &wanted;
        const auto report = sim::explore(search(4), room<Watched>);
        CHECK_MESSAGE(report, report.text());
        CHECK(wanted.twice == 0);
        CHECK(wanted.packets > 10'000);
        CHECK(wanted.refused > 10);
    }
    wishes = nullptr;
}
