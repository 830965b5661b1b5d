// The arena in a web page: the same player as in a terminal, over the browser's WebSocket, WebRTC or
// WebTransport. The page's script (page.html) calls the functions below, draws what they tell, and steers.
// Compiled by em++.

#include <emscripten/em_macros.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <tenon/browser/web_rtc.hpp>
#include <tenon/browser/web_socket.hpp>
#include <tenon/browser/web_transport.hpp>
#include <tenon/transport/now.hpp>
#include <vector>

#include "../arena/figures.hpp"
#include "../arena/player.hpp"

namespace {

using namespace tenon::literals;
using tenon::Instant;
using tenon::browser::WebRtc;
using tenon::browser::WebSocket;
using tenon::browser::WebTransport;

template <class Transport>
constexpr const char* road_of = "ws";
template <>
constexpr const char* road_of<WebRtc> = "rtc";
template <>
constexpr const char* road_of<WebTransport> = "wt";

// How long a key waits for its answer: from the press to the turn in which we know that the server has played
// the first command with it. What is seen of it comes sooner, since the player's own ship is run ahead.
class Echo {
  public:
    void pressed(Instant at, const tenon::PredictionFigures& figures) {
        if (waits_) return; // one at a time
        waits_ = true;
        at_ = at;
        number_ = figures.commands + 1;
    }
    void turn(Instant now, const tenon::PredictionFigures& figures) {
        if (!waits_) return;
        waits_ = figures.played < number_ && now - at_ < 2_s; // later it was for another session
        if (figures.played < number_) return;
        if (milliseconds_.size() == 500) milliseconds_.erase(milliseconds_.begin());
        milliseconds_.push_back((now - at_).ms());
    }
    std::size_t count() const { return milliseconds_.size(); }
    double percentile(double share) const {
        if (milliseconds_.empty()) return 0;
        std::vector<double> sorted = milliseconds_;
        std::sort(sorted.begin(), sorted.end());
        return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
    }

  private:
    std::vector<double> milliseconds_;
    Instant at_{};
    std::uint64_t number_ = 0;
    bool waits_ = false;
};

template <class Transport>
class Client {
  public:
    Client(std::string url, const std::string& name) : url_(std::move(url)), player_(name, Transport()) {
        // What arrives is heard at once, and not when the next frame is drawn: in the background none is, and
        // timers hardly run.
        player_.net().transport().on_arrival([](void* self) { static_cast<Client*>(self)->wake(); }, this);
        join(tenon::now());
    }

    void turn(Instant now) {
        ++turns_;
        player_.turn(now, flies_itself);
        echo_.turn(now, player_.net().prediction());
        figures_.update(now, player_.net());
        if (player_.closed() && now >= join_at_) join(now);
        const tenon::Status status = player_.net().status();
        if (status == tenon::Status::joined && before_ != status && ++joined_ == 1) came_in_ = now - made_;
        before_ = status;
    }
    // What the player wants, and how long ago a key was pressed that says so, or less than nothing.
    void steer(const arena::Steer& wish, double pressed_ms) {
        player_.steer = wish;
        if (pressed_ms < 0 || player_.net().status() != tenon::Status::joined) return;
        const auto ago = tenon::microseconds(static_cast<std::int64_t>(pressed_ms * 1000));
        echo_.pressed(tenon::now() - ago, player_.net().prediction());
    }
    void wake() {
        ++woken_;
        turn(tenon::now());
    }
    // Kind, x, y, heading, pilot, flags (1: own, 2: thrusts, 4: dazed), score; ships are kind 1, shots
    // kind 2.
    const std::vector<float>& scene(Instant now) {
        scene_.clear();
        auto& net = player_.net();
        for (auto [entity, shot] : net.template view<arena::Shot>(now))
            add(2, shot.x, shot.y, 0, net.owner(entity, now), 0, 0);
        for (auto [entity, ship] : net.template view<arena::Ship>(now)) {
            const tenon::PeerId pilot = net.owner(entity, now);
            const int flags = (pilot == net.self()) + 2 * ship.thrusts + 4 * (ship.daze > 0);
            add(1, ship.x, ship.y, ship.heading, pilot, flags, ship.score);
        }
        return scene_;
    }
    const char* head_up() {
        auto& transport = player_.net().transport();
        char more[80];
        std::snprintf(more, sizeof more, "last heard %.0f ms ago | %zu bytes wait in the browser\n",
                      (tenon::now() - player_.net().health().last_rx).ms(), transport.backlog(at_));
        text_ = figures_.line() + "\n" + figures_.world_line() + "\n" + more;
        if (player_.closed())
            text_ += "gone: " + player_.reason_text() + "; coming back";
        else
            text_ += player_.last_hit();
        return text_.c_str();
    }
    // For whoever watches from outside.
    const char* report() {
        const auto counters = player_.net().transport().counters();
        const tenon::Health health = player_.net().health();
        std::size_t ships = 0;
        for ([[maybe_unused]] auto [entity, ship] : player_.net().template view<arena::Ship>(tenon::now()))
            ++ships;
        char text[700];
        std::snprintf(
            text, sizeof text,
            "{\"status\":\"%s\",\"road\":\"%s\",\"ships\":%zu,\"flown\":%.1f,\"shots\":%llu,\"hits\":%llu,"
            "\"turns\":%llu,"
            "\"woken\":%llu,\"joined\":%u,\"frames\":%llu,\"beside\":%llu,\"bytes\":%llu,\"inbox_most\":%zu,"
            "\"rtt_ms\":%.2f,"
            "\"joined_ms\":%.1f,\"late_ms\":%.1f,\"echoes\":%zu,\"echo_ms\":%.1f,\"echo_p95_ms\":%.1f}",
            tenon::name(player_.net().status()).data(), road_of<Transport>, ships, player_.seen_flown(),
            static_cast<unsigned long long>(player_.shots_seen()),
            static_cast<unsigned long long>(player_.hits_heard()), static_cast<unsigned long long>(turns_),
            static_cast<unsigned long long>(woken_), joined_,
            static_cast<unsigned long long>(counters.frames_in),
            static_cast<unsigned long long>(counters.beside_in),
            static_cast<unsigned long long>(counters.bytes_in), counters.inbox_most, health.rtt.ms(),
            came_in_.ms(), player_.net().playback(tenon::now()).delay.ms(), echo_.count(),
            echo_.percentile(0.5), echo_.percentile(0.95));
        text_ = text;
        return text_.c_str();
    }
    const char* name_of(unsigned peer) { return (text_ = player_.who(peer)).c_str(); }
    void leave() {
        player_.net().transport().on_arrival(nullptr, nullptr);
        player_.close();
    }

    bool flies_itself = false;

  private:
    void join(Instant now) {
        join_at_ = now + 1_s;
        at_ = player_.net().transport().resolve(url_).value_or({});
        if (const auto joined = player_.join(url_); !joined) error_ = joined.error();
    }
    void add(float kind, float x, float y, float heading, tenon::PeerId pilot, int flags, int score) {
        for (const float value : {kind, x, y, heading, static_cast<float>(pilot.value),
                                  static_cast<float>(flags), static_cast<float>(score)})
            scene_.push_back(value);
    }

    std::string url_, text_;
    tenon::browser::Url at_;
    arena::PlayerOver<Transport> player_;
    arena::Figures figures_;
    Echo echo_;
    std::vector<float> scene_;
    Instant made_ = tenon::now(), join_at_{};
    tenon::Duration came_in_{}; // how long it took
    tenon::Status before_{};
    tenon::Error error_ = tenon::Error::none;
    std::uint64_t turns_ = 0, woken_ = 0;
    unsigned joined_ = 0;
};

// One of them, as the page asks: each transport has a session of its own kind.
std::optional<Client<WebSocket>> over_web_socket;
std::optional<Client<WebRtc>> over_rtc;
std::optional<Client<WebTransport>> over_web_transport;

decltype(auto) client(auto&& f) {
    if (over_rtc) return f(*over_rtc);
    return over_web_transport ? f(*over_web_transport) : f(*over_web_socket);
}

} // namespace

// What the page's script calls.
extern "C" {
EMSCRIPTEN_KEEPALIVE void arena_fly(int by_itself) {
    client([&](auto& of) { of.flies_itself = by_itself != 0; });
}
EMSCRIPTEN_KEEPALIVE void arena_join(const char* url, const char* name, int flies_itself) {
    over_rtc.reset();
    over_web_socket.reset();
    over_web_transport.reset();
    if (std::string_view(url).substr(0, 3) == "rtc")
        over_rtc.emplace(url, name);
    else if (std::string_view(url).substr(0, 5) == "https")
        over_web_transport.emplace(url, name);
    else
        over_web_socket.emplace(url, name);
    arena_fly(flies_itself);
}
EMSCRIPTEN_KEEPALIVE void arena_steer(float turn, float thrust, int fires, double pressed_ms) {
    client([&](auto& of) { of.steer({turn, thrust, fires != 0}, pressed_ms); });
}
EMSCRIPTEN_KEEPALIVE void arena_turn() {
    client([](auto& of) { of.turn(tenon::now()); });
}
EMSCRIPTEN_KEEPALIVE const float* arena_scene() {
    return client([](auto& of) { return of.scene(tenon::now()).data(); });
}
EMSCRIPTEN_KEEPALIVE int arena_scene_size() {
    return client([](auto& of) { return static_cast<int>(of.scene(tenon::now()).size()); });
}
EMSCRIPTEN_KEEPALIVE const char* arena_name(unsigned peer) {
    return client([&](auto& of) { return of.name_of(peer); });
}
EMSCRIPTEN_KEEPALIVE const char* arena_head_up() {
    return client([](auto& of) { return of.head_up(); });
}
EMSCRIPTEN_KEEPALIVE const char* arena_report() {
    return client([](auto& of) { return of.report(); });
}
EMSCRIPTEN_KEEPALIVE void arena_leave() {
    client([](auto& of) { of.leave(); });
}
}
