// How long one tick() of a server keeps its game waiting: 64 players over loopback, each with 60 inputs a
// second, each sent the ships of all 20 times a second, by a server that ticks 60 times a second. Over plain
// Udp and over Udp with a thread of its own; in a healthy room, and in one in which a player has fallen
// silent without a goodbye, another is heard only now and then, and a third asks for its place from one port
// after the other. Beside it bare sockets that move as many datagrams of the same sizes.

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

constexpr unsigned players = 64;
constexpr double tick_hz = 60;

struct Stage {
    std::uint16_t port = 0;
    bool ready = false, over = false;
    unsigned joined = 0;
};

struct Server : Deaf {
    float at = 0;
    std::optional<Ship> state(tenon::PeerId peer) {
        at += 0.001f;
        if (peer == tenon::PeerId::host()) return std::nullopt;
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

// As many datagrams of these sizes, by bare sockets: snapshots go with every third tick.
void move_as_many(double seconds, double out, double bytes) {
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
    figure("tick64.raw_p99_us", percentile(raw.wall, 0.99), "us");
    figure("tick64.raw_cpu_p99_us", percentile(raw.cpu, 0.99), "us");
}

std::string named(const char* room, const char* what) { return std::string("tick64.") + room + what; }

template <class Transport>
void serve(Stage& stage, const char* room, double seconds, bool beside_raw) {
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
    figure(named(room, "p50_us").c_str(), percentile(times.wall, 0.5), "us");
    figure(named(room, "p99_us").c_str(), percentile(times.wall, 0.99), "us");
    figure(named(room, "cpu_p99_us").c_str(), percentile(times.cpu, 0.99), "us");
    if (beside_raw) move_as_many(seconds, out, bytes);
}

// The same without a socket: what is tenon's own.
void in_memory(int ticks) {
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
    figure("tick64.memory_p50_us", percentile(times.cpu, 0.5), "us");
    figure("tick64.memory_p99_us", percentile(times.cpu, 0.99), "us");
}

void play(Stage& stage, bool troubled) {
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

template <class Transport>
bool perform(const char* room, double seconds, bool troubled, bool beside_raw = false) {
    const Shared<Stage> stage;
    return side_by_side([&] { serve<Transport>(*stage, room, seconds, beside_raw); },
                        [&] { play(*stage, troubled); });
}

} // namespace

int main(int argc, char** argv) {
    const double seconds = argument(argc, argv, "--seconds", 10);
    in_memory(3000);
    bool good = perform<Udp>("", seconds, false, true);
    good = perform<Udp>("troubled.", seconds, true) && good;
    good = perform<Threaded<Udp>>("threaded.", seconds, false) && good;
    good = perform<Threaded<Udp>>("threaded.troubled.", seconds, true) && good;
    return good ? 0 : 1;
}
