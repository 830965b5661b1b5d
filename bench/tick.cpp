// How long one tick() of a server keeps its game waiting: 64 players and 500 over loopback, each with 60
// inputs a second, each sent 64 ships 20 times a second, by a server that ticks 60 times a second. Over plain
// Udp and over Udp with a thread of its own; in a healthy room, and, with 64, in one in which a player has
// fallen silent without a goodbye, another is heard only now and then, and a third asks for its place from
// one port after the other. Beside it bare sockets that move as many datagrams of the same sizes.

#include "game.hpp"
#include "harness.hpp"
#include "raw.hpp"

#include <memory>
#include <optional>

namespace {

using namespace bench;
using namespace tenon::literals;

using Arena = tenon::Game<"tick", 1, tenon::State<Ship>, tenon::Command<Steer>>;
template <class Transport>
using NetOver = tenon::profile::Action<Arena, Transport>;
using tenon::transport::Threaded;
using tenon::transport::Udp;

constexpr double tick_hz = 60;

// So many have ships, and all are told of them: however many players there are, what each is told fits a
// datagram, and a server's work grows with them and not with their square.
constexpr unsigned ships = 64;

struct Stage {
    std::uint16_t port = 0;
    bool ready = false, over = false;
    unsigned joined = 0;
    double p99 = 0;
};

struct Server : Deaf {
    float at = 0;
    std::optional<Ship> state(tenon::PeerId peer) {
        at += 0.001f;
        if (peer == tenon::PeerId::host() || peer.value > ships) return std::nullopt;
        return Ship{at, at + static_cast<float>(peer.value), at};
    }
};
struct Client : Deaf {
    Steer command() { return {0.5f, 1}; }
};

struct Times {
    std::vector<double> wall, cpu;
    void note(std::int64_t wall_before, double cpu_before) {
        wall.push_back(static_cast<double>(wall_ns() - wall_before) * 1e-3);
        cpu.push_back((thread_seconds() - cpu_before) * 1e6);
    }
    // getrusage counts in whole ticks of the system; this clock doesn't.
    static double thread_seconds() {
        timespec t{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
    }
};

// Calls work() at each beat of the server, for so long.
void beat(double seconds, auto&& work) {
    const auto step = static_cast<std::int64_t>(1e9 / tick_hz);
    std::int64_t next = wall_ns();
    for (const std::int64_t end = next + static_cast<std::int64_t>(seconds * 1e9); next < end; next += step) {
        sleep_until(next);
        work();
    }
}

void tell(unsigned players, const std::string& what, double us) {
    figure(("tick" + std::to_string(players) + "." + what).c_str(), us, "us");
}

// As many datagrams of these sizes, by bare sockets: snapshots go with every third tick.
void move_as_many(std::uint16_t players, double seconds, double out, double bytes) {
    RawSocket here, sink;
    const sockaddr_in to = loopback(sink.port()), self = loopback(here.port());
    unsigned char message[1500]{};
    Times raw;
    unsigned turn = 0;
    beat(seconds, [&] {
        sockaddr_in from{};
        for (unsigned i = 0; i < players; ++i) here.send(self, message, 40);
        while (sink.receive(from, message, sizeof message) >= 0) {
        }
        const std::int64_t wall_before = wall_ns();
        const double cpu_before = Times::thread_seconds();
        while (here.receive(from, message, sizeof message) >= 0) {
        }
        const auto count = static_cast<unsigned>(turn++ % 3 == 0 ? out * 3 : 0);
        for (unsigned i = 0; i < count; ++i) here.send(to, message, static_cast<std::size_t>(bytes / out));
        raw.note(wall_before, cpu_before);
    });
    tell(players, "raw_p99_us", percentile(raw.wall, 0.99));
    tell(players, "raw_cpu_p99_us", percentile(raw.cpu, 0.99));
}

template <class Transport>
void serve(Stage& stage, std::uint16_t players, const char* room, double seconds, bool beside_raw) {
    ask_for_priority();
    NetOver<Transport> net{{.peers_max = players}};
    Server server;
    if (!net.host(0)) return;
    stage.port = net.port();
    stage.ready = true;
    while (stage.joined < players) beat(0.1, [&] { net.tick(tenon::now(), server); });
    beat(2, [&] { net.tick(tenon::now(), server); });
    const tenon::Health before = net.health();
    Times times;
    beat(seconds, [&] {
        const std::int64_t wall_before = wall_ns();
        const double cpu_before = Times::thread_seconds();
        net.tick(tenon::now(), server);
        times.note(wall_before, cpu_before);
    });
    const tenon::Health after = net.health();
    stage.over = true;
    const double ticks = static_cast<double>(times.wall.size());
    const double in = static_cast<double>(after.packets_in - before.packets_in) / ticks,
                 out = static_cast<double>(after.packets_out - before.packets_out) / ticks,
                 bytes = static_cast<double>(after.bytes_out - before.bytes_out) / ticks;
    std::printf("%s%u peers: %.1f datagrams in and %.1f out a tick, %.0f bytes out\n", room, after.peer_count,
                in, out, bytes);
    stage.p99 = percentile(times.wall, 0.99);
    tell(players, std::string(room) + "p50_us", percentile(times.wall, 0.5));
    tell(players, std::string(room) + "p99_us", stage.p99);
    tell(players, std::string(room) + "cpu_p99_us", percentile(times.cpu, 0.99));
    if (beside_raw) move_as_many(players, seconds, out, bytes);
}

// The same without a socket: what is tenon's own.
void in_memory(std::uint16_t players, int ticks) {
    using Still = tenon::profile::Action<Arena, tenon::transport::Memory>;
    tenon::transport::Exchange exchange;
    Still host{{.peers_max = players}, {exchange, 1}};
    Server server;
    Client client;
    std::vector<std::unique_ptr<Still>> guests;
    if (!host.host(4000)) return;
    for (unsigned i = 0; i < players; ++i) {
        guests.push_back(
            std::make_unique<Still>(tenon::Options{}, tenon::transport::Memory(exchange, 2 + i)));
        (void)guests.back()->join("host1:4000");
    }
    Times times;
    tenon::Instant now = tenon::now();
    for (int i = -300; i < ticks; ++i, now += tenon::period(tick_hz)) {
        for (auto& guest : guests) guest->tick(now, client);
        exchange.deliver_all();
        const std::int64_t wall_before = wall_ns();
        const double cpu_before = Times::thread_seconds();
        host.tick(now, server);
        if (i >= 0) times.note(wall_before, cpu_before);
        exchange.deliver_all();
    }
    tell(players, "memory_p50_us", percentile(times.cpu, 0.5));
    tell(players, "memory_p99_us", percentile(times.cpu, 0.99));
}

void play(Stage& stage, std::uint16_t players, bool troubled) {
    ask_for_priority();
    while (!static_cast<volatile bool&>(stage.ready)) usleep(1000);
    const std::string address = "127.0.0.1:" + std::to_string(stage.port);
    std::vector<std::unique_ptr<NetOver<Udp>>> nets;
    Client client;
    for (unsigned i = 0; i < players; ++i) {
        nets.push_back(std::make_unique<NetOver<Udp>>());
        if (!nets.back()->join(address)) return;
    }
    tenon::Instant since = tenon::Instant::never(), moves = since;
    while (!static_cast<volatile bool&>(stage.over)) {
        const tenon::Instant now = tenon::now();
        const bool trouble = troubled && now > since + 1_s;
        if (trouble && now > moves + 100_ms) {
            (void)nets[2]->move();
            moves = now;
        }
        unsigned joined = 0;
        for (unsigned i = 0; i < players; ++i) {
            if (trouble && i == 0) continue;                                  // no goodbye
            if (trouble && i == 1 && (now - since) % 3_s < 2900_ms) continue; // a stale link
            nets[i]->tick(now, client);
            joined += nets[i]->status() == tenon::Status::joined;
        }
        if (!trouble) stage.joined = joined;
        if (joined == players && since == tenon::Instant::never()) since = moves = now;
        usleep(2000);
    }
}

// The p99, in microseconds; negative when it failed.
template <class Transport>
double perform(std::uint16_t players, const char* room, double seconds, bool troubled,
               bool beside_raw = false) {
    const Shared<Stage> stage;
    const bool good = side_by_side([&] { serve<Transport>(*stage, players, room, seconds, beside_raw); },
                                   [&] { play(*stage, players, troubled); });
    return good && stage->p99 > 0 ? stage->p99 : -1;
}

} // namespace

int main(int argc, char** argv) {
    const double seconds = argument(argc, argv, "--seconds", 10);
    const int rounds = static_cast<int>(argument(argc, argv, "--rounds", 3));
    in_memory(64, 3000);
    bool good = perform<Udp>(64, "", seconds, false, true) > 0;
    good = perform<Udp>(64, "troubled.", seconds, true) > 0 && good;
    good = perform<Threaded<Udp>>(64, "threaded.", seconds, false) > 0 && good;
    good = perform<Threaded<Udp>>(64, "threaded.troubled.", seconds, true) > 0 && good;
    in_memory(500, 1000);
    std::vector<double> udp, threaded;
    interleaved(
        rounds, [&] { udp.push_back(perform<Udp>(500, "", seconds, false)); },
        [&] { threaded.push_back(perform<Threaded<Udp>>(500, "threaded.", seconds, false)); });
    for (const double p99 : udp) good = p99 > 0 && good;
    for (const double p99 : threaded) good = p99 > 0 && good;
    figure("tick500.p99_vs_threaded", median(udp) / median(threaded), "ratio");
    return good ? 0 : 1;
}
