#pragma once
// The authority: hears what the players want, moves the world, and says what became of it. It flies no ship
// itself.

#include <cstdint>
#include <optional>

#include "game.hpp"
#include "world.hpp"

namespace arena {

class Server {
  public:
    explicit Server(Line line) : net_({.room = room, .name = "server"}, std::move(line)) {}

    tenon::Result<> open(std::uint16_t port) { return net_.host(port); }
    std::uint16_t port() const { return net_.port(); }

    // One turn; sleeps until there is something to do, for a step of the world at most.
    void turn() {
        const tenon::Instant now = tenon::now();
        net_.tick(now, *this);
        if (next_ + tenon::seconds(1) < now) next_ = now; // after a stall the world goes on from here
        for (; next_ <= now; next_ += step_) step();
        net_.wait(next_);
    }
    void close() {
        net_.leave();
        net_.tick(tenon::now(), *this);
    }

    const World& world() const { return world_; }
    std::uint64_t shots() const { return shots_; }
    std::uint64_t hits() const { return hits_; }
    std::uint64_t commands() const { return commands_; }
    tenon::Health health() { return net_.health(); }

    // What the session asks and tells.
    std::optional<Ship> state(tenon::PeerId peer) {
        const Ship* ship = world_.ship(peer);
        return ship != nullptr ? std::optional<Ship>(*ship) : std::nullopt;
    }
    void on(tenon::PeerId peer, const Steer& steer) {
        ++commands_;
        world_.steer(peer, steer);
    }
    void on(tenon::PeerJoined who) { world_.add(who.peer); }
    void on(tenon::PeerLeft who) { world_.remove(who.peer); }
    // Only the server says these, so a player who does is not believed.
    void on(tenon::PeerId, const Fired&) {}
    void on(tenon::PeerId, const Hit&) {}

  private:
    // A player whose queue is full misses an event; its line is about to time out anyway.
    void step() {
        world_.step(
            static_cast<float>(1 / step_hz),
            [this](const Fired& fired) { ++shots_, (void)net_.broadcast(fired); },
            [this](const Hit& hit) { ++hits_, (void)net_.broadcast(hit); });
    }

    Net net_;
    World world_;
    tenon::Duration step_ = tenon::period(step_hz);
    tenon::Instant next_ = tenon::now();
    std::uint64_t shots_ = 0, hits_ = 0, commands_ = 0;
};

} // namespace arena
