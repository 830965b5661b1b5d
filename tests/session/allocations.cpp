#include "allocations.hpp"

#include <new>
#include <vector>

#include "tenon/room/world_room.hpp"
#include "tenon/schema/quantized.hpp"

using namespace play;

namespace {

// Seen from outside, so that no compiler leaves out what it could do without.
void* volatile seen = nullptr;

} // namespace

TEST_CASE("the counter counts every kind of new, and not what fits into a string itself") {
    struct alignas(256) Wide {
        int x = 0;
    };
    const allocations::Count count;
    const std::unique_ptr<int> one(new int(1));
    seen = one.get();
    CHECK(count.calls() == 1);
    std::vector<int> many(100);
    seen = many.data();
    CHECK(count.calls() == 2);
    seen = ::operator new(10, std::nothrow);
    ::operator delete(seen);
    CHECK(count.calls() == 3);
    const std::unique_ptr<Wide> wide(new Wide);
    seen = wide.get();
    CHECK(count.calls() == 4);
    Line line{"short"};
    seen = line.text.data();
    CHECK(count.calls() == 4);
    line.text.assign(100, 'x');
    CHECK(count.calls() == 5);
}

TEST_CASE("sessions that have settled allocate nothing, whatever they say, both ways and through the host") {
    transport::Exchange exchange(3);
    Net host({.room = "r", .seed = 1}, transport::Memory(exchange, 1));
    Net guest({.room = "r", .seed = 2}, transport::Memory(exchange, 2));
    Net other({.room = "r", .seed = 3}, transport::Memory(exchange, 3));
    allocations::Listener at_host, at_guest, at_other;
    REQUIRE(host.host(4000));
    REQUIRE(guest.join("host1:4000"));
    REQUIRE(other.join("host1:4000"));
    Instant now{1'000'000'000};
    std::uint32_t number = 0;
    Random random(9);
    const auto play = [&](int ticks, bool speaking, double loss) {
        for (int i = 0; i < ticks; ++i, now += 4_ms) {
            host.tick(now, at_host);
            guest.tick(now, at_guest);
            other.tick(now, at_other);
            // Some are lost, so that sending again is in the count as well.
            exchange.take_outgoing([&](const auto& from, const auto& to, Lane lane, BytesIn bytes) {
                if (!random.chance(loss)) exchange.deliver(to, from, lane, bytes);
            });
            if (!speaking || i % 4 != 0) continue;
            allocations::speak(host, ++number);
            allocations::speak(guest, ++number);
            for (const auto& [peer, ship] : guest.view<Ship>(now)) number += ship.x < 0 ? 1 : 0;
        }
    };
    play(100, false, 0);
    REQUIRE(other.status() == Status::joined);
    play(4000, true, 0.1); // worse than what is counted, so that queues have been as long as they will get
    const std::uint32_t before = at_host.shots + at_guest.shots + at_other.shots;
    const allocations::Count count;
    play(8000, true, 0.02);
    CHECK(count.calls() == 0);
    CHECK(at_host.shots + at_guest.shots + at_other.shots - before > 2000 * 4 - 20);
    CHECK(at_host.steers > 1000);
    CHECK(at_other.lines > 5000);
    CHECK(at_guest.marks > 2000);
}

namespace {

struct Mote {
    float x = 0, y = 0;
    void serialize(auto& ar) { ar(quantized_vector(-100, 100, 0.01, x, y)); }
};
struct Push {
    float by = 0;
    bool puffs = false;
    void serialize(auto& ar) { ar(by, puffs); }
};
using Dust = Game<"dust", 1, Component<Mote>, Command<Push>>;
using DustNet = Session<Dust, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                        reliability::AckVector>;

// Moves its mote, blows another one out now and then, and looks at all of them.
struct Blower {
    DustNet& net;
    std::uint32_t pushes = 0, spawned = 0, drawn = 0;
    EntityId oldest{};

    Push command() { return {0.01f, ++pushes % 32 == 0}; }
    void step(auto& world, EntityId entity, const Push& push, std::uint32_t number) {
        auto mote = world.template get<Mote>(entity);
        if (!mote) return;
        mote->x = mote->x > 90 ? -90 : mote->x + push.by;
        world.set(entity, *mote);
        if (!push.puffs) return;
        world.despawn(oldest);
        if (net.world() != nullptr) world.set(oldest = world.spawn(world.owner(entity), {number, 1}), *mote);
    }
    void advance(tenon::World<Dust>& world) {
        for (std::size_t slot = 1; slot < 20; ++slot)
            if (const EntityId entity = slot < world.used() ? world.in(slot) : EntityId::none())
                if (const auto mote = world.get<Mote>(entity))
                    world.set(entity, Mote{mote->x, mote->y > 90 ? -90 : mote->y + 0.05f});
    }
    void on(const Spawned&) { ++spawned; }
    void look(Instant now) {
        for (auto [entity, mote] : net.view<Mote>(now)) drawn += entity.generation != 0 && mote.x > -99;
    }
};

} // namespace

TEST_CASE("a world that has settled allocates nothing, told, played, foreseen, shown and gone back in") {
    transport::Exchange exchange(4);
    DustNet host({.room = "r", .entities_max = 64, .seed = 1}, transport::Memory(exchange, 1));
    DustNet guest({.room = "r", .entities_max = 64, .seed = 2}, transport::Memory(exchange, 2));
    Blower at_host{host}, at_guest{guest};
    REQUIRE(host.host(4000));
    for (std::uint32_t i = 0; i < 30; ++i) host.world()->set(host.world()->spawn(PeerId{1}), Mote{});
    REQUIRE(guest.join("host1:4000"));
    Instant now{1'000'000'000};
    Random random(9);
    const auto play = [&](int ticks) {
        for (int i = 0; i < ticks; ++i, now += 4_ms) {
            host.tick(now, at_host);
            guest.tick(now, at_guest);
            at_host.look(now);
            at_guest.look(now);
            (void)host.rewind(PeerId{1}).get<Mote>(EntityId{1, 1});
            exchange.take_outgoing([&](const auto& from, const auto& to, Lane lane, BytesIn bytes) {
                if (!random.chance(0.03)) exchange.deliver(to, from, lane, bytes);
            });
        }
    };
    play(3000);
    const allocations::Count count;
    play(3000);
    CHECK(count.calls() == 0);
    CHECK(at_guest.spawned > 30);
    CHECK(at_guest.drawn > 1000);
    CHECK(guest.prediction().commands > 500);
    CHECK(guest.health().snapshots_refused == 0);
}
