#pragma once
// The rules, in small steps of equal length, and nothing about networks: the server feeds it commands and
// sends what it tells.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "game.hpp"

namespace arena {

class World {
  public:
    void add(tenon::PeerId peer) {
        Pilot pilot;
        place(pilot, peer.value * 5 + 1);
        pilots_.emplace(peer, pilot);
    }
    void remove(tenon::PeerId peer) { pilots_.erase(peer); }
    void steer(tenon::PeerId peer, const Steer& steer) {
        const auto pilot = pilots_.find(peer);
        if (pilot != pilots_.end()) pilot->second.steer = steer;
    }

    // What happened on the way is told to fired(const Fired&) and hit(const Hit&).
    template <class OnFired, class OnHit>
    void step(float dt, OnFired&& fired, OnHit&& hit) {
        for (auto& [peer, pilot] : pilots_) {
            fly(pilot, dt);
            if (!pilot.steer.fire || pilot.reload > 0 || pilot.daze > 0) continue;
            pilot.reload = 0.35f;
            const Ship& ship = pilot.ship;
            const Fired shot{peer.value, ship.x, ship.y, ship.nose_x * shot_speed + pilot.dx,
                             ship.nose_y * shot_speed + pilot.dy};
            shots_.emplace_back(shot);
            fired(shot);
        }
        for (std::size_t i = 0; i < shots_.size();) {
            const bool flies = shots_[i].fly(dt) && !strikes(shots_[i], hit);
            if (flies) {
                ++i;
                continue;
            }
            shots_[i] = shots_.back();
            shots_.pop_back();
        }
    }

    const Ship* ship(tenon::PeerId peer) const {
        const auto pilot = pilots_.find(peer);
        return pilot != pilots_.end() ? &pilot->second.ship : nullptr;
    }
    std::size_t size() const { return pilots_.size(); }
    double flown() const { return flown_; } // by all ships together

  private:
    struct Pilot {
        Ship ship;
        Steer steer;
        float dx = 0, dy = 0, reload = 0, daze = 0;
    };

    static void place(Pilot& pilot, std::uint32_t where) {
        pilot.ship.x = 10 + static_cast<float>(where * 37 % 100);
        pilot.ship.y = 8 + static_cast<float>(where * 23 % 44);
        pilot.dx = pilot.dy = 0;
    }
    void fly(Pilot& pilot, float dt) {
        Ship& ship = pilot.ship;
        const float turn = pilot.steer.turn * 3.2f * dt, cosine = std::cos(turn), sine = std::sin(turn);
        const float nose_x = ship.nose_x * cosine - ship.nose_y * sine;
        const float nose_y = ship.nose_x * sine + ship.nose_y * cosine;
        const float length = std::sqrt(nose_x * nose_x + nose_y * nose_y);
        ship.nose_x = nose_x / length;
        ship.nose_y = nose_y / length;
        const float push = pilot.daze > 0 ? 0 : pilot.steer.thrust * 22 * dt, drag = 1 - 0.8f * dt;
        pilot.dx = (pilot.dx + ship.nose_x * push) * drag;
        pilot.dy = (pilot.dy + ship.nose_y * push) * drag;
        ship.x += pilot.dx * dt;
        ship.y += pilot.dy * dt;
        bounce(ship.x, pilot.dx, width);
        bounce(ship.y, pilot.dy, height);
        pilot.reload = std::max(0.f, pilot.reload - dt);
        pilot.daze = std::max(0.f, pilot.daze - dt);
        ship.dazed = pilot.daze > 0;
        ship.thrusts = push > 0;
        flown_ += std::sqrt(static_cast<double>(pilot.dx * pilot.dx + pilot.dy * pilot.dy)) *
                  static_cast<double>(dt);
    }
    static void bounce(float& at, float& speed, float end) {
        if (at >= 1 && at <= end - 1) return;
        at = std::clamp(at, 1.f, end - 1);
        speed = -speed * 0.6f;
    }
    template <class OnHit>
    bool strikes(const Shot& shot, OnHit& hit) {
        for (auto& [peer, pilot] : pilots_) {
            const float x = pilot.ship.x - shot.x, y = pilot.ship.y - shot.y;
            if (peer.value == shot.gunner || x * x + y * y > reach * reach) continue;
            const auto gunner = pilots_.find(tenon::PeerId{shot.gunner});
            if (gunner != pilots_.end()) ++gunner->second.ship.score;
            pilot.daze = 1.5f;
            hit(Hit{shot.gunner, peer.value});
            return true;
        }
        return false;
    }

    std::map<tenon::PeerId, Pilot> pilots_;
    std::vector<Shot> shots_;
    double flown_ = 0;
};

} // namespace arena
