// The arena in a web page: the same player as in a terminal, over the browser's WebSocket. The page's script
// (page.html) calls the functions below, draws what they tell, and steers. Compiled by em++.

#include <emscripten/em_macros.h>

#include <cstdio>
#include <optional>
#include <string>
#include <tenon/browser/web_socket.hpp>
#include <tenon/transport/now.hpp>
#include <vector>

#include "../arena/figures.hpp"
#include "../arena/player.hpp"

namespace {

using namespace tenon::literals;
using tenon::Instant;
using Player = arena::PlayerOver<tenon::browser::WebSocket>;

class Client {
  public:
    Client(std::string url, const std::string& name) : url_(std::move(url)), player_(name) {
        // A page in the background is not drawn and its timers hardly run; what arrives wakes it.
        player_.net().transport().on_arrival([](void* self) { static_cast<Client*>(self)->turn_if_late(); },
                                             this);
        join(tenon::now());
    }

    void turn(Instant now) {
        turned_at_ = now;
        ++turns_;
        player_.turn(now, flies_itself);
        figures_.update(now, player_.net());
        if (player_.closed() && now >= join_at_) join(now);
        const tenon::Status status = player_.net().status();
        if (status == tenon::Status::joined && before_ != status) ++joined_;
        before_ = status;
    }
    void turn_if_late() {
        const Instant now = tenon::now();
        if (now - turned_at_ < 100_ms) return;
        ++woken_;
        turn(now);
    }
    // Kind, x, y, heading, pilot, flags (1: own, 2: thrusts, 4: dazed), score; ships are kind 1, shots
    // kind 2.
    const std::vector<float>& scene(Instant now) {
        scene_.clear();
        auto& net = player_.net();
        for (auto [entity, shot] : net.view<arena::Shot>(now))
            add(2, shot.x, shot.y, 0, net.owner(entity, now), 0, 0);
        for (auto [entity, ship] : net.view<arena::Ship>(now)) {
            const tenon::PeerId pilot = net.owner(entity, now);
            const int flags = (pilot == net.self()) + 2 * ship.thrusts + 4 * (ship.daze > 0);
            add(1, ship.x, ship.y, ship.heading, pilot, flags, ship.score);
        }
        return scene_;
    }
    const char* head_up() {
        const auto& transport = player_.net().transport();
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
        for ([[maybe_unused]] auto [entity, ship] : player_.net().view<arena::Ship>(tenon::now())) ++ships;
        char text[512];
        std::snprintf(
            text, sizeof text,
            "{\"status\":\"%s\",\"ships\":%zu,\"flown\":%.1f,\"shots\":%llu,\"hits\":%llu,\"turns\":%llu,"
            "\"woken\":%llu,\"joined\":%u,\"frames\":%llu,\"bytes\":%llu,\"inbox_most\":%zu,\"rtt_ms\":%.2f,"
            "\"late_ms\":%.1f}",
            tenon::name(player_.net().status()).data(), ships, player_.seen_flown(),
            static_cast<unsigned long long>(player_.shots_seen()),
            static_cast<unsigned long long>(player_.hits_heard()), static_cast<unsigned long long>(turns_),
            static_cast<unsigned long long>(woken_), joined_,
            static_cast<unsigned long long>(counters.frames_in),
            static_cast<unsigned long long>(counters.bytes_in), counters.inbox_most, health.rtt.ms(),
            player_.net().playback(tenon::now()).delay.ms());
        text_ = text;
        return text_.c_str();
    }
    const char* name_of(unsigned peer) { return (text_ = player_.who(peer)).c_str(); }
    void leave() {
        player_.net().transport().on_arrival(nullptr, nullptr);
        player_.close();
    }

    arena::Steer& steer() { return player_.steer; }
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
    Player player_;
    arena::Figures figures_;
    std::vector<float> scene_;
    Instant turned_at_{}, join_at_{};
    tenon::Status before_{};
    tenon::Error error_ = tenon::Error::none;
    std::uint64_t turns_ = 0, woken_ = 0;
    unsigned joined_ = 0;
};

std::optional<Client> client;

} // namespace

// What the page's script calls.
extern "C" {
EMSCRIPTEN_KEEPALIVE void arena_join(const char* url, const char* name, int flies_itself) {
    client.emplace(url, name);
    client->flies_itself = flies_itself != 0;
}
EMSCRIPTEN_KEEPALIVE void arena_steer(float turn, float thrust, int fires) {
    client->steer() = {turn, thrust, fires != 0};
}
EMSCRIPTEN_KEEPALIVE void arena_turn() { client->turn(tenon::now()); }
EMSCRIPTEN_KEEPALIVE const float* arena_scene() { return client->scene(tenon::now()).data(); }
EMSCRIPTEN_KEEPALIVE int arena_scene_size() { return static_cast<int>(client->scene(tenon::now()).size()); }
EMSCRIPTEN_KEEPALIVE const char* arena_name(unsigned peer) { return client->name_of(peer); }
EMSCRIPTEN_KEEPALIVE const char* arena_head_up() { return client->head_up(); }
EMSCRIPTEN_KEEPALIVE const char* arena_report() { return client->report(); }
EMSCRIPTEN_KEEPALIVE void arena_leave() { client->leave(); }
}
