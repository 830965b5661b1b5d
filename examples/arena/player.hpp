#pragma once
// One client: a ship steered by a person or by itself, and what it sees and hears of the others. Bots and the
// view are both this; a bot is a client like any other, with a socket of its own.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "game.hpp"
#include "rules.hpp"

namespace arena {

template <class Transport>
class PlayerOver {
  public:
    using Net = NetOver<Transport>;
    static constexpr bool never_hosts = true;

    explicit PlayerOver(std::string_view name, Transport transport = Transport())
        : net_({.room = room, .name = name}, std::move(transport)) {}

    tenon::Result<> join(std::string_view address) {
        closed_ = false;
        last_.reset();
        return net_.join(address);
    }

    // One turn; never waits.
    void turn(tenon::Instant now, bool steers_itself) {
        if (steers_itself && net_.status() == tenon::Status::joined) steer = chase(now);
        net_.tick(now, *this);
        look(now);
    }
    void close() {
        net_.leave();
        net_.tick(tenon::now(), *this);
    }

    Steer steer;

    Net& net() { return net_; }
    std::uint64_t shots_seen() const { return shots_seen_; }
    std::uint64_t hits_heard() const { return hits_heard_; }
    double seen_flown() const { return seen_flown_; } // how far our own ship went, as it is shown
    bool closed() const { return closed_; }
    tenon::Error reason() const { return reason_; }
    const std::string& reason_text() const { return reason_text_; }
    const std::string& last_hit() const { return last_hit_; }

    // What the session asks and tells.
    Steer command() { return steer; }
    // Our own ship and shots answer at once; the server plays the same step in its time, and decides.
    void step(auto& world, tenon::EntityId entity, const Steer& wish, std::uint32_t number) {
        (void)take_step(world, entity, wish, number);
    }
    void on(tenon::Spawned what) {
        shots_seen_ += net_.template shown<Shot>(what.entity, tenon::now()).has_value();
    }
    void on(tenon::PeerId from, const Hit& hit) {
        if (from != net_.authority()) return; // another player may say it, and is not believed
        ++hits_heard_;
        last_hit_ = who(hit.gunner) + " hit " + who(hit.target);
    }
    void on(tenon::Closed closed) {
        closed_ = true;
        reason_ = closed.reason;
        reason_text_ = std::string(tenon::sentence(closed.reason));
        if (!closed.text.empty()) reason_text_ += " (" + std::string(closed.text) + ")";
    }
    std::string who(std::uint32_t peer) {
        std::string name(net_.name_of(tenon::PeerId{peer}).substr(0, 12));
        for (char& c : name)
            if (static_cast<unsigned char>(c) < ' ' || c == 127)
                c = '?'; // a name must not steer the terminal
        return name.empty() ? "peer " + std::to_string(peer) : name;
    }

  private:
    // Flies at the nearest ship and fires when the nose is on it; too near, it makes off to somewhere else
    // first.
    Steer chase(tenon::Instant now) {
        const auto mine = own(now);
        if (!mine) return {};
        Ship other;
        float nearest = 1e9f;
        for (auto [entity, ship] : net_.template view<Ship>(now)) {
            const float apart = std::hypot(ship.x - mine->x, ship.y - mine->y);
            if (net_.owner(entity, now) == net_.self() || apart >= nearest) continue;
            nearest = apart;
            other = ship;
        }
        if (nearest > 1e8f) return {0.3f, 0.5f, false};
        if (nearest < 14 && now >= away_until_) {
            away_until_ = now + tenon::milliseconds(1800);
            away_x_ = static_cast<float>(10 + (net_.self().value * 41 + ++escapes_ * 67) % 100);
            away_y_ = static_cast<float>(8 + (net_.self().value * 29 + escapes_ * 31) % 44);
        }
        if (now < away_until_) return towards(*mine, away_x_, away_y_);
        Steer wish = towards(*mine, other.x, other.y);
        wish.fire = wish.turn > -0.6f && wish.turn < 0.6f && nearest < 50;
        return wish;
    }
    static Steer towards(const Ship& ship, float to_x, float to_y) {
        const float apart = std::max(std::hypot(to_x - ship.x, to_y - ship.y), 0.01f);
        const float x = (to_x - ship.x) / apart, y = (to_y - ship.y) / apart;
        const float nose_x = std::cos(ship.heading), nose_y = std::sin(ship.heading);
        const float across = nose_x * y - nose_y * x, along = nose_x * x + nose_y * y;
        Steer wish;
        wish.turn = along < 0 ? (across < 0 ? -1.f : 1.f) : std::clamp(across * 4, -1.f, 1.f);
        wish.thrust = along > 0 ? 1.f : 0.25f;
        return wish;
    }
    std::optional<Ship> own(tenon::Instant now) {
        for (auto [entity, ship] : net_.template view<Ship>(now))
            if (net_.owner(entity, now) == net_.self()) return ship;
        return std::nullopt;
    }
    void look(tenon::Instant now) {
        const auto mine = own(now);
        if (mine && last_)
            seen_flown_ += static_cast<double>(std::hypot(mine->x - last_->x, mine->y - last_->y));
        last_ = mine;
    }

    Net net_;
    std::optional<Ship> last_;
    std::uint64_t shots_seen_ = 0, hits_heard_ = 0;
    double seen_flown_ = 0;
    tenon::Instant away_until_{};
    float away_x_ = 0, away_y_ = 0;
    std::uint32_t escapes_ = 0;
    bool closed_ = false;
    tenon::Error reason_ = tenon::Error::none;
    std::string reason_text_, last_hit_;
};

} // namespace arena
