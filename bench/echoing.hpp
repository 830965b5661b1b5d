#pragma once
// A message of 64 bytes there and back, one at a time, each side asleep until something arrives.

#include <atomic>
#include <string>
#include <vector>

#include "game.hpp"
#include "harness.hpp"
#include "raw.hpp"
#include "road.hpp"

namespace bench {

struct EchoBoard {
    std::atomic<std::uint16_t> port{0};
    std::atomic<bool> over{false};
    double p50 = 0, p99 = 0;
};
struct Echoes {
    std::vector<double> p50, p99;
};

// An echo has port() and turn(); a caller has connect(port) and call(), one round trip.
template <class Echo, class Caller>
void echo(Echoes& figures, int calls) {
    Shared<EchoBoard> board;
    const bool good = side_by_side(
        [&] {
            ask_for_priority();
            Echo echo;
            board->port = echo.port();
            while (!board->over) echo.turn();
        },
        [&] {
            ask_for_priority();
            while (board->port == 0) usleep(1000);
            Caller caller;
            std::vector<double> us;
            bool fine = caller.connect(board->port);
            for (int i = -calls / 10; i < calls && fine; ++i) {
                const std::int64_t start = wall_ns();
                fine = caller.call();
                if (i >= 0) us.push_back(static_cast<double>(wall_ns() - start) * 1e-3);
            }
            board->p50 = percentile(us, 0.5);
            board->p99 = percentile(us, 0.99);
            board->over = true;
            if (!fine) _exit(1);
        });
    if (!good) {
        std::printf("a run failed\n");
        return;
    }
    figures.p50.push_back(board->p50);
    figures.p99.push_back(board->p99);
}

// ---- tenon

using EchoTalk = tenon::Game<"roundtrip", 1, tenon::Event<Lossy64>>;

template <class Road>
struct TenonEcho {
    tenon::profile::Action<EchoTalk, typename Road::Transport> net{{}, Road::host()};
    TenonEcho() { (void)net.host(0); }
    std::uint16_t port() { return net.port(); }
    void on(tenon::PeerId from, const Lossy64& message) { (void)net.send(from, message); }
    void turn() {
        net.wait(tenon::now() + tenon::milliseconds(100));
        net.tick(tenon::now(), *this);
    }
};

template <class Road>
struct TenonCaller {
    tenon::profile::Action<EchoTalk, typename Road::Transport> net{{}, Road::guest()};
    bool answered = false;
    void on(tenon::PeerId, const Lossy64&) { answered = true; }
    void turn() {
        net.wait(tenon::now() + tenon::milliseconds(100));
        net.tick(tenon::now(), *this);
    }
    bool connect(std::uint16_t port) {
        if (!net.join(Road::address(port))) return false;
        return soon([&] { return turn(), net.status() == tenon::Status::joined; });
    }
    bool call() {
        answered = false;
        if (!net.send(tenon::PeerId::host(), Lossy64{})) return false;
        net.tick(tenon::now(), *this);
        return soon([&] { return answered || (turn(), answered); });
    }
};

// ---- bare sockets

struct RawEcho {
    RawSocket socket;
    std::uint16_t port() { return socket.port(); }
    void turn() {
        unsigned char bytes[2048];
        sockaddr_in from{};
        socket.wait(100);
        for (long size; (size = socket.receive(from, bytes, sizeof bytes)) >= 0;)
            socket.send(from, bytes, static_cast<std::size_t>(size));
    }
};

struct RawCaller {
    RawSocket socket;
    sockaddr_in server{};
    bool connect(std::uint16_t port) {
        server = loopback(port);
        return true;
    }
    bool call() {
        unsigned char bytes[64]{};
        sockaddr_in from{};
        if (!socket.send(server, bytes, sizeof bytes)) return false;
        return soon([&] {
            socket.wait(100);
            return socket.receive(from, bytes, sizeof bytes) >= 0;
        });
    }
};

} // namespace bench
