#pragma once
// A player's view: the field, the scores and the network's figures on a terminal, or a line a second without
// one.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "../screen.hpp"
#include "figures.hpp"
#include "game.hpp"
#include "line.hpp"

namespace arena {

class View {
  public:
    explicit View(Player& player) : player_(player) {}

    bool has_terminal() const { return screen_.is_there(); }
    void leave_screen() { screen_.leave(); }

    // Looks at the keys; false when the player wants to go.
    bool steer(tenon::Instant now) {
        for (const char key : screen_.keys()) {
            if (key == 'q') return false;
            if (key == 'l' || key == 'a') left_ = now + held;
            if (key == 'r' || key == 'd') right_ = now + held;
            if (key == 'u' || key == 'w') thrust_ = now + held * 2;
            if (key == ' ') fire_ = now + held;
        }
        const float turn = (now < right_ ? 1.f : 0.f) - (now < left_ ? 1.f : 0.f);
        player_.steer = {turn, now < thrust_ ? 1.f : 0.f, now < fire_};
        return true;
    }

    void show(tenon::Instant now) {
        figures_.update(now, player_.net());
        if (!screen_.is_there()) {
            if (now >= next_) line();
            if (now >= next_) next_ = now + tenon::seconds(1);
            return;
        }
        if (now < next_) return;
        next_ = now + tenon::period(30);
        draw(now);
    }

    // Who has hit how often, the best first.
    std::string scores(tenon::Instant now) {
        std::vector<std::pair<std::uint16_t, std::string>> all;
        for (auto [entity, ship] : player_.net().view<Ship>(now))
            all.emplace_back(ship.score, player_.who(player_.net().owner(entity, now).value));
        std::stable_sort(all.begin(), all.end(),
                         [](const auto& a, const auto& b) { return a.first > b.first; });
        std::string text;
        for (const auto& [score, name] : all)
            text += (text.empty() ? "" : ", ") + name + " " + std::to_string(score);
        return text;
    }

  private:
    // A terminal tells of keys that go down, over and over, and never of one that comes up.
    static constexpr tenon::Duration held = tenon::milliseconds(220);

    void line() {
        std::printf("%3.0f s: %zu ships, %llu shots seen and %llu hits heard | %s | %s\n",
                    std::floor(elapsed_), ships(), static_cast<unsigned long long>(player_.shots_seen()),
                    static_cast<unsigned long long>(player_.hits_heard()), figures_.line().c_str(),
                    figures_.world_line().c_str());
        std::fflush(stdout);
        elapsed_ += 1;
    }
    std::size_t ships() {
        std::size_t count = 0;
        for ([[maybe_unused]] auto [entity, ship] : player_.net().view<Ship>(tenon::now())) ++count;
        return count;
    }
    void draw(tenon::Instant now) {
        screen_.begin(width, height);
        Net& net = player_.net();
        for (auto [entity, shot] : net.view<Shot>(now))
            screen_.mark(shot.x, shot.y, '*', color_of(net.owner(entity, now)));
        for (auto [entity, ship] : net.view<Ship>(now)) {
            const tenon::PeerId pilot = net.owner(entity, now);
            const bool mine = pilot == net.self();
            const int color = ship.daze > 0 ? 90 : color_of(pilot);
            const float x = std::cos(ship.heading), y = std::sin(ship.heading);
            screen_.mark(ship.x + 2 * x, ship.y + 3 * y, nose(x, y), color);
            if (ship.thrusts) screen_.mark(ship.x - 2 * x, ship.y - 3 * y, '.', 33);
            screen_.text(ship.x, ship.y, mine ? "@" : "o", color);
            screen_.text(ship.x + 2, ship.y + 4, player_.who(pilot.value), color);
        }
        screen_.show({figures_.line(), figures_.world_line(), "score: " + scores(now), player_.last_hit(),
                      "arrows or w a d steer, space fires, q quits"});
    }
    static int color_of(tenon::PeerId peer) { return 91 + static_cast<int>(peer.value % 6); }
    static char nose(float x, float y) {
        if (std::fabs(x) > 2 * std::fabs(y)) return '-';
        if (std::fabs(y) > 2 * std::fabs(x)) return '|';
        return x * y > 0 ? '\\' : '/';
    }

    Player& player_;
    examples::Screen screen_;
    Figures figures_;
    tenon::Instant next_{}, left_{}, right_{}, thrust_{}, fire_{};
    double elapsed_ = 0;
};

} // namespace arena
