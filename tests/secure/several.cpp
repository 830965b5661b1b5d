// Several roads of which some encrypt: what goes by datagrams is sealed, also where a connection carries it,
// and who has no key is not let in by them.
#include "tenon/transport/several.hpp"

#include "pair.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/transport/fallback.hpp"

using namespace secured;

namespace {

struct WorldNow {
    const sim::World* world = nullptr;
    Instant operator()() const { return world->now(); }
};
using Roads = transport::Several<Secure, sim::Stream>;
using Either = transport::Secure<transport::FallbackOver<WorldNow, transport::Memory, sim::Stream>>;

Options named(std::string_view name) {
    Options options;
    options.name = name;
    options.seed = 5;
    return options;
}

struct Yard {
    sim::World world{3};
    Keyring host_keys, fly_keys, either_keys;
    NetOver<Roads> host{named("ann"), Roads(Secure(host_keys, world.port(1)), world.stream(1))};
    NetOver<Secure> flies{named("fly"), Secure(fly_keys, world.port(2))};
    NetOver<sim::Stream> walks{named("walk"), world.stream(3)};
    NetOver<Either> either{
        named("either"),
        Either(either_keys, transport::FallbackOver<WorldNow, transport::Memory, sim::Stream>(
                                WorldNow{&world}, {}, world.port(4), world.stream(4)))};
    NetOver<transport::Memory> plain{named("plain"), world.port(5)};
    Player at_host, at_flies, at_walks, at_either, at_plain;

    Yard() {
        REQUIRE(host.host(4000));
        world.add(host, at_host);
    }
    ~Yard() {
        world.remove(host);
        world.remove(flies);
        world.remove(walks);
        world.remove(either);
        world.remove(plain);
    }
    void join(auto& net, Player& player) {
        REQUIRE(net.join("host1:4000"));
        world.add(net, player);
        CHECK(world.run_until([&] { return net.status() != Status::joining; }, 12_s));
    }
};

} // namespace

TEST_CASE("sealed datagrams, frames and packets over a connection share a room, and plain datagrams do not") {
    static_assert(!TransportTraits(Roads::traits).encrypted && TransportTraits(Either::traits).encrypted);
    Yard yard;
    yard.join(yard.flies, yard.at_flies);
    yard.join(yard.walks, yard.at_walks);
    yard.join(yard.plain, yard.at_plain);
    CHECK(yard.flies.status() == Status::joined);
    CHECK(yard.walks.status() == Status::joined);
    CHECK(yard.plain.status() == Status::closed);
    CHECK(yard.at_plain.notices.find("encryption_mismatch") != std::string::npos);
    // By a connection the same keys, and nobody reads what goes there.
    yard.world.network().cut(1, 4);
    yard.join(yard.either, yard.at_either);
    REQUIRE(yard.either.status() == Status::joined);
    CHECK(yard.either.transport().road() == 1);
    CHECK(yard.either.identity(PeerId::host()));
    const auto proved = yard.host.identity(yard.either.self());
    REQUIRE(proved);
    CHECK(*proved == yard.either_keys.identity().key());
    CHECK(yard.host.identity(yard.flies.self()));
    CHECK(!yard.host.identity(yard.walks.self())); // frames prove nothing
    yard.world.run(500_ms);
    for (std::uint32_t i = 1; i <= 20; ++i) {
        CHECK(yard.host.broadcast(Shot{i}));
        CHECK(yard.either.broadcast(Line{std::to_string(i)}));
        yard.world.run(30_ms);
    }
    yard.world.network().heal();
    CHECK(yard.world.run_until([&] { return yard.host.health(yard.either.self())->road == 0; }, 3_s));
    for (std::uint32_t i = 21; i <= 40; ++i) {
        CHECK(yard.host.broadcast(Shot{i}));
        CHECK(yard.either.broadcast(Line{std::to_string(i)}));
        yard.world.run(30_ms);
    }
    yard.world.run(2_s);
    std::string lines;
    for (int i = 1; i <= 40; ++i) lines += std::to_string(i) + " ";
    CHECK(yard.at_host.lines == lines);
    CHECK(yard.at_flies.lines == lines);
    CHECK(yard.at_walks.lines == lines);
    CHECK(yard.at_flies.heard_all(40));
    CHECK(yard.at_walks.heard_all(40));
    CHECK(yard.at_either.heard_all(40));
}

TEST_CASE("a ban of a peer without a key is of its address, and of one with a key of that") {
    Yard yard;
    yard.join(yard.flies, yard.at_flies);
    yard.join(yard.walks, yard.at_walks);
    CHECK(yard.host.ban(yard.walks.self()));
    CHECK(yard.host.ban(yard.flies.self()));
    yard.world.run(1_s);
    CHECK(yard.host.bans().size() == 2);
    CHECK(yard.walks.status() == Status::closed);
    CHECK(yard.flies.status() == Status::closed);
    yard.world.remove(yard.walks);
    yard.world.remove(yard.flies);
    yard.join(yard.walks, yard.at_walks);
    yard.join(yard.flies, yard.at_flies);
    CHECK(yard.walks.status() == Status::closed);
    CHECK(yard.flies.status() == Status::closed);
    CHECK(yard.at_walks.notices.find("banned") != std::string::npos);
    yard.join(yard.either, yard.at_either);
    CHECK(yard.either.status() == Status::joined);
}
