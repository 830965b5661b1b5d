#pragma once
// The authority: plays what the players want, in its turn, and says what became of it. It flies no ship
// itself.

#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "game.hpp"
#include "rules.hpp"

namespace arena {

template <class Transport>
class ServerOver {
    using Net = NetOver<Transport>;
    using World = tenon::World<Game>;

  public:
    explicit ServerOver(Transport transport) : net_({.room = room, .name = "server"}, std::move(transport)) {}

    tenon::Result<> open(std::uint16_t port) { return net_.host(port); }
    std::uint16_t port() const { return net_.port(); }

    // One turn; sleeps until there is something to do.
    void turn() {
        net_.tick(tenon::now(), *this);
        net_.wait(tenon::now() + tenon::milliseconds(20));
    }
    void close() {
        net_.leave();
        net_.tick(tenon::now(), *this);
    }

    std::size_t ships() const { return ships_.size(); }
    double flown() const { return flown_; } // by all ships together
    std::uint64_t shots() const { return shots_; }
    std::uint64_t hits() const { return hits_; }
    std::uint64_t commands() const { return commands_; }
    Net& net() { return net_; }

    // What the session asks and tells.
    void on(tenon::PeerJoined who) {
        const tenon::EntityId ship = ships_[who.peer] = net_.world()->spawn(who.peer);
        const std::uint32_t where = who.peer.value * 5 + 1;
        net_.world()->set(
            ship, Ship{static_cast<float>(10 + where * 37 % 100), static_cast<float>(8 + where * 23 % 44)});
    }
    void on(tenon::PeerLeft who) {
        World& world = *net_.world();
        world.each([&](tenon::EntityId entity) {
            if (world.owner(entity) == who.peer) world.despawn(entity);
        });
        ships_.erase(who.peer);
    }
    void on(tenon::PeerId, const Steer&) { ++commands_; }
    void step(World& world, tenon::EntityId entity, const Steer& steer, std::uint32_t number) {
        shots_ += take_step(world, entity, steer, number);
        if (const auto shot = world.get<Shot>(entity)) strike(world, entity, *shot);
        if (const auto ship = world.get<Ship>(entity))
            flown_ += static_cast<double>(std::hypot(ship->dx, ship->dy)) / step_hz;
    }
    // Only the server says this, so a player who does is not believed.
    void on(tenon::PeerId, const Hit&) {}

  private:
    // The gunner sees its own shot now and the others a little while ago. A shot hits what it is seen to hit
    // there, so the others are looked at in that past; what becomes of them happens now.
    void strike(World& world, tenon::EntityId entity, const Shot& shot) {
        const tenon::PeerId gunner = world.owner(entity);
        const tenon::Rewind<Game> past = net_.rewind(gunner);
        for (auto [target, seen] : past.view<Ship>()) {
            auto ship = world.get<Ship>(target);
            if (!ship || target == ships_[gunner] || std::hypot(seen.x - shot.x, seen.y - shot.y) > reach)
                continue;
            ship->daze = daze_ticks;
            world.set(target, *ship);
            if (auto own = world.get<Ship>(ships_[gunner])) ++own->score, world.set(ships_[gunner], *own);
            world.despawn(entity);
            ++hits_;
            // A player whose queue is full misses it; its line is about to time out anyway.
            return (void)net_.broadcast(Hit{gunner.value, world.owner(target).value});
        }
    }

    Net net_;
    std::map<tenon::PeerId, tenon::EntityId> ships_;
    double flown_ = 0;
    std::uint64_t shots_ = 0, hits_ = 0, commands_ = 0;
};

} // namespace arena
