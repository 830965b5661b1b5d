// 901 cubes on the wire: a server pushes them about, and tells a guest of all of them sixty times a second
// through a session, over real UDP. The guest drives the large one, by hand on a terminal, and else by
// itself; in the end everything comes to rest, and what the guest has is what the server has, to the bit.
//   cubes [--seconds N] [--impair loss=2,delay=50] [--png FILE]     FILE: bits per frame over time

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <tenon.hpp>

#include "../screen.hpp"
#include "field.hpp"
#include "png.hpp"

namespace {

constexpr double hz = 60;
constexpr std::size_t count = cubes::Field::side * cubes::Field::side + 1; // the last is the player's
constexpr tenon::Rates rates{
    .input_hz = hz, .snapshot_hz = hz, .interpolation_ms = 100, .keepalive_ms = 1000, .max_burst = 3};

// Two millimetres, and a quarter of a degree. This is all there is to say of how it travels.
struct Cube {
    float x = 0, y = 0, z = 0, qx = 0, qy = 0, qz = 0, qw = 1;
    void serialize(auto& ar) {
        ar(tenon::quantized_vector(-32, 32, 1.0 / 512, x, y, z), tenon::rotation(qx, qy, qz, qw, 1.0 / 360));
    }
    friend bool operator==(const Cube&, const Cube&) = default;
};
// Which way the player's cube is pushed, and what it does to those around.
struct Push {
    float x = 0, y = 0;
    bool pulls = false, blows = false;
    void serialize(auto& ar) {
        ar(tenon::quantized(x, -1, 1, 0.01), tenon::quantized(y, -1, 1, 0.01), pulls, blows);
    }
};
using Game = tenon::Game<"cubes", 1, tenon::Component<Cube>, tenon::Command<Push>>;
using Line = tenon::transport::Impaired<tenon::transport::Udp>; // in plaintext, since every bit is counted
using Net = tenon::Session<Game, Line, tenon::codec::Bits, tenon::clock::Independent<rates>,
                           tenon::topology::ClientServer, tenon::reliability::AckVector>;

Cube cube_of(const rigid::Body& body) {
    const auto f = [](double v) { return static_cast<float>(v); };
    const rigid::Quat& turn = body.turn;
    return {f(body.at.x), f(body.at.y), f(body.at.z), f(turn.x), f(turn.y), f(turn.z), f(turn.w)};
}

struct Server {
    Net net{{.room = "cubes"}, Line(tenon::transport::Udp(), tenon::transport::Impairment())};
    cubes::Field field{};
    std::vector<tenon::EntityId> entities{};
    Push push{};
    bool stands_still = false;
    std::vector<double> frames{}; // bits to the guest, each with all headers of its packets but IP and UDP
    std::uint64_t said = 0;

    // Once for each snapshot.
    void world(tenon::World<Game>& world) {
        const std::uint64_t bytes = net.health().bytes_out;
        if (!entities.empty()) frames.push_back(static_cast<double>(bytes - said) * 8);
        said = bytes;
        if (!stands_still)
            field.step({push.x, push.y, 0}, push.pulls   ? cubes::Field::pulls
                                            : push.blows ? cubes::Field::blows
                                                         : 0);
        for (std::size_t i = 0; i < field.bodies().size(); ++i) {
            if (i == entities.size()) entities.push_back(world.spawn());
            world.set(entities[i], cube_of(field.bodies()[i]));
        }
    }
    void on(tenon::PeerId, const Push& order) { push = order; }
};

// Nothing is run ahead here: what a cube does depends on all others.
struct Guest {
    static constexpr bool never_hosts = true;
    Net net;
    Push push{};
    std::string trouble{};

    explicit Guest(const tenon::transport::Impairment& impairment)
        : net({.room = "cubes"}, Line(tenon::transport::Udp(), impairment)) {}

    std::optional<Cube> player() {
        for (auto [entity, cube] : net.view<Cube>(tenon::now()))
            if (entity.slot + 1u == count) return cube;
        return std::nullopt;
    }
    Push command() { return push; }
    void on(tenon::Closed closed) { trouble = tenon::sentence(closed.reason); }
};

// From place to place; one second in four it pulls the others along, and one in twelve it blows them away.
Push wander(const Cube& player, double seconds) {
    const double leg = std::floor(seconds / 2), beat = std::fmod(std::floor(seconds), 12);
    const double x = 8 * std::sin(leg * 2.4) - static_cast<double>(player.x),
                 y = 8 * std::cos(leg * 1.7) - static_cast<double>(player.y);
    const double apart = std::max(std::hypot(x, y), 0.5);
    return {static_cast<float>(x / apart), static_cast<float>(y / apart), std::fmod(beat, 4) == 2, beat == 11};
}

class Hand {
  public:
    // False when the player wants to go. A terminal tells of keys that go down, and never of one that comes
    // up.
    bool read(examples::Screen& screen, tenon::Instant now, Push& push) {
        const tenon::Instant until = now + tenon::milliseconds(250);
        for (const char key : screen.keys()) {
            if (key == 'q') return false;
            if (key == 'l' || key == 'a') x_ = -1, until_ = until;
            if (key == 'r' || key == 'd') x_ = 1, until_ = until;
            if (key == 'u' || key == 'w') y_ = 1, until_ = until;
            if (key == 'n' || key == 's') y_ = -1, until_ = until;
            if (key == ' ') pull_ = until;
            if (key == 'b') blow_ = until;
        }
        if (now >= until_) x_ = y_ = 0;
        push = {x_, y_, now < pull_, now < blow_};
        return true;
    }

  private:
    float x_ = 0, y_ = 0;
    tenon::Instant until_{}, pull_{}, blow_{};
};

// From above: what lies is a dot, what was lifted an o, and what moved since the last picture has a color.
class Picture {
  public:
    void draw(examples::Screen& screen, Guest& guest, const std::string& figures) {
        screen.begin(extent, extent);
        const tenon::Instant now = tenon::now();
        before_.resize(count);
        for (auto [entity, cube] : guest.net.view<Cube>(now)) {
            if (entity.slot >= count) continue;
            const bool is_player = entity.slot + 1u == count, moves = !(cube == before_[entity.slot]);
            before_[entity.slot] = cube;
            for (float dx = is_player ? -0.6f : 0; dx <= 0.6f; dx += is_player ? 0.3f : 1)
                for (float dy = is_player ? -0.6f : 0; dy <= 0.6f; dy += is_player ? 0.3f : 1)
                    screen.mark(extent / 2 + cube.x + dx, extent / 2 - cube.y + dy,
                                is_player       ? '@'
                                : cube.z > 0.4f ? 'o'
                                                : '.',
                                is_player ? 93
                                : moves   ? 91
                                          : 90);
        }
        screen.show({figures, "arrows or w a s d push, space pulls, b blows, q quits"});
    }

  private:
    static constexpr float extent = 24;
    std::vector<Cube> before_;
};

std::string figures(Guest& guest, const std::vector<double>& frames) {
    double bits = 0;
    const std::size_t some = std::min<std::size_t>(frames.size(), static_cast<std::size_t>(hz));
    for (std::size_t i = frames.size() - some; i < frames.size(); ++i) bits += frames[i];
    bits /= static_cast<double>(std::max<std::size_t>(some, 1));
    char text[160];
    std::snprintf(text, sizeof text,
                  "%6.0f bits a frame, %4.2f a cube, %4.0f kbit/s | shown %.0f ms late | loss %.1f%%", bits,
                  bits / count, bits * hz / 1000, guest.net.playback(tenon::now()).delay.ms(),
                  guest.net.health().loss * 100);
    return text;
}

// Whether the guest has every cube as the server has it.
bool same(Server& server, Guest& guest) {
    std::size_t equal = 0;
    for (const tenon::EntityId entity : server.entities) {
        const auto mine = server.net.authoritative<Cube>(entity), its = guest.net.authoritative<Cube>(entity);
        equal += mine && its && *mine == *its;
    }
    return equal == count;
}

struct Wishes {
    double seconds = 0;
    const char* png = nullptr;
    tenon::transport::Impairment impairment;
    bool wrong = false;
};
Wishes read(int argc, char** argv) {
    Wishes wishes;
    for (int i = 1; i < argc; i += 2) {
        const std::string option = argv[i];
        if (i + 1 == argc) return wishes.wrong = true, wishes;
        if (option == "--seconds")
            wishes.seconds = std::atof(argv[i + 1]);
        else if (option == "--png")
            wishes.png = argv[i + 1];
        else if (const auto line = tenon::transport::Impairment::parse(argv[i + 1]);
                 line && option == "--impair")
            wishes.impairment = *line;
        else
            wishes.wrong = true;
    }
    return wishes;
}

} // namespace

int main(int argc, char** argv) {
    const Wishes wishes = read(argc, argv);
    if (wishes.wrong) return std::puts("cubes [--seconds N] [--impair LIST] [--png FILE]"), 2;
    Server server;
    Guest guest(wishes.impairment);
    if (!server.net.host(0)) return std::puts("no port to host on"), 1;
    if (!guest.net.join("127.0.0.1:" + std::to_string(server.net.port())))
        return std::puts("no way to join"), 1;

    examples::Screen screen;
    Hand hand;
    Picture picture;
    const bool by_hand = screen.is_there();
    const double seconds = wishes.seconds > 0 ? wishes.seconds : by_hand ? 1e9 : 5;
    const tenon::Instant begin = tenon::now();
    tenon::Instant next = begin;
    bool equal = false;
    while (guest.trouble.empty()) {
        const tenon::Instant now = tenon::now();
        const double at = (now - begin).seconds();
        // The last two seconds are for everything to come to rest and to be told.
        server.stands_still = at >= seconds;
        if (at >= seconds + 2 || (server.stands_still && (equal = same(server, guest)))) break;
        if (!by_hand) guest.push = wander(guest.player().value_or(Cube()), at);
        if (by_hand && !hand.read(screen, now, guest.push)) break;
        server.net.tick(now, server);
        guest.net.tick(now, guest);
        if (now >= next) {
            next = now + (by_hand ? tenon::period(30) : tenon::seconds(1));
            if (by_hand)
                picture.draw(screen, guest, figures(guest, server.frames));
            else
                std::printf("%3.0f s: %s\n", at, figures(guest, server.frames).c_str());
        }
        server.net.wait(tenon::now() + tenon::milliseconds(1));
    }
    screen.leave();
    if (!guest.trouble.empty()) std::printf("the guest is out: %s\n", guest.trouble.c_str());
    double bits = 0, most = 0;
    for (const double frame : server.frames) bits += frame, most = std::max(most, frame);
    std::printf(
        "%zu frames, %.0f bits each on average and %.0f at most; %s\n", server.frames.size(),
        bits / static_cast<double>(std::max<std::size_t>(server.frames.size(), 1)), most,
        equal ? "the guest has all 901 cubes to the bit" : "the guest does not have all cubes as they are");
    if (wishes.png != nullptr && !cubes::plot(wishes.png, server.frames, 1000, hz))
        return std::printf("can't write %s\n", wishes.png), 1;
    return by_hand || equal ? 0 : 1;
}
