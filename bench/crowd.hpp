#pragma once
// A crowd of clients and one server that serves them by a loop of turns, each of which reads what has arrived
// and, every so many, speaks to all. The server's CPU is what is measured; all clients live in another
// process. Beside it, the same by bare sockets.

#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include <sys/epoll.h>

#include "game.hpp"
#include "harness.hpp"
#include "raw.hpp"

namespace bench {

struct Pace {
    int turn_hz = 120, input_hz = 60;
    unsigned turns_per_snapshot = 4;
};
constexpr std::size_t input_bytes = 60;

struct Board {
    std::atomic<std::uint16_t> port{0};
    std::atomic<bool> crowd_is_in{false}, measuring{false}, measured{false}, over{false};
    double cpu = 0, seconds = 0, crowd_cpu = 0;
    std::uint64_t inputs = 0, snapshots = 0, inputs_heard = 0, snapshots_heard = 0, datagrams_out = 0;
    double p50 = 0, p99 = 0;
};

struct Figures {
    std::vector<double> cpu, crowd_cpu, p50, p99, inputs_heard, snapshots_heard, datagrams_out;
};

// What a client heard: how old each snapshot was.
struct Ages {
    const Board* board;
    std::vector<double> ms;
    void note(const void* bytes) {
        std::int64_t at = 0;
        std::memcpy(&at, bytes, sizeof at);
        if (board->measuring && !board->measured) ms.push_back(static_cast<double>(wall_ns() - at) * 1e-6);
    }
};

// A server has port(), message_bytes() of the snapshot, turn(whether it speaks), inputs and datagrams_out().
// A client has fd(), ready(), input(), turn() and read() (something is there), and begins to connect when it
// is made.
template <class Server, class Client>
void measure(Figures& figures, unsigned clients, double seconds, const Pace& pace = {}) {
    const std::int64_t turn_ns = 1'000'000'000 / pace.turn_hz, input_ns = 1'000'000'000 / pace.input_hz;
    Shared<Board> board;
    const auto serve = [&] {
        ask_for_priority();
        Server server(clients);
        board->port = server.port();
        double cpu = 0, start = 0;
        std::uint64_t inputs = 0, snapshots = 0, datagrams = 0;
        std::int64_t next = wall_ns();
        for (unsigned turn = 0; !board->over; ++turn, sleep_until(next += turn_ns)) {
            const bool speaks = turn % pace.turns_per_snapshot == 0 && board->crowd_is_in;
            snapshots += speaks;
            const std::int64_t stamp = wall_ns();
            std::memcpy(server.message_bytes(), &stamp, sizeof stamp);
            server.turn(speaks);
            if (board->measuring && start == 0) {
                cpu = cpu_seconds();
                start = wall();
                inputs = server.inputs;
                datagrams = server.datagrams_out();
                snapshots = 0;
            }
            if (start != 0 && !board->measured && wall() >= start + seconds) {
                board->cpu = cpu_seconds() - cpu;
                board->seconds = wall() - start;
                board->inputs_heard = server.inputs - inputs;
                board->snapshots = snapshots * clients;
                board->datagrams_out = server.datagrams_out() - datagrams;
                board->measured = true;
            }
        }
    };
    const auto crowd = [&] {
        ask_for_priority();
        while (board->port == 0) usleep(1000);
        const int watched = epoll_create1(0);
        Ages ages{&*board, {}};
        std::vector<std::unique_ptr<Client>> all;
        std::vector<epoll_event> events(256);
        // Those that are in speak in turn, evenly spread over the 60th of a second.
        const auto live = [&](double for_seconds, bool spoken, auto&& until) {
            const double end = wall() + for_seconds;
            std::int64_t due = wall_ns();
            for (std::size_t next = 0; wall() < end && !until();) {
                for (const std::int64_t now = wall_ns(); due <= now; due += input_ns / clients) {
                    next = (next + 1) % clients;
                    if (next >= all.size()) continue;
                    if (spoken && all[next]->ready()) all[next]->input();
                    all[next]->turn();
                }
                const int n = epoll_wait(watched, events.data(), static_cast<int>(events.size()), 1);
                for (int i = 0; i < n; ++i)
                    static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr)->read();
            }
        };
        const auto never = [] { return false; };
        for (unsigned i = 0; i < clients; ++i) {
            all.push_back(std::make_unique<Client>(board->port, ages));
            epoll_event event{EPOLLIN, {all.back().get()}};
            epoll_ctl(watched, EPOLL_CTL_ADD, all.back()->fd(), &event);
            live(0.001, false, never);
        }
        live(10, false, [&] {
            for (auto& client : all)
                if (!client->ready()) return false;
            return true;
        });
        unsigned ready = 0;
        for (auto& client : all) ready += client->ready();
        if (ready != clients) std::printf("%u of %u clients are in\n", ready, clients);
        board->crowd_is_in = true;
        live(1.0, true, never);
        board->measuring = true;
        const double cpu = cpu_seconds();
        live(seconds + 2, true, [&] { return board->measured.load(); });
        board->crowd_cpu = cpu_seconds() - cpu;
        board->p50 = percentile(ages.ms, 0.5);
        board->p99 = percentile(ages.ms, 0.99);
        board->snapshots_heard = ages.ms.size();
        board->over = true;
    };
    if (!side_by_side(serve, crowd) || !board->measured) {
        std::printf("a run failed\n");
        return;
    }
    figures.cpu.push_back(100 * board->cpu / board->seconds);
    figures.crowd_cpu.push_back(100 * board->crowd_cpu / board->seconds);
    figures.p50.push_back(board->p50);
    figures.p99.push_back(board->p99);
    figures.inputs_heard.push_back(static_cast<double>(board->inputs_heard) / (board->seconds * clients));
    figures.snapshots_heard.push_back(static_cast<double>(board->snapshots_heard) /
                                      (board->seconds * clients));
    figures.datagrams_out.push_back(static_cast<double>(board->datagrams_out) / (board->seconds * clients));
}

// ---- bare sockets

template <std::size_t snapshot_bytes>
struct RawServer {
    RawSocket socket;
    std::vector<sockaddr_in> clients;
    unsigned char message[snapshot_bytes]{};
    std::uint64_t inputs = 0, sent = 0;

    explicit RawServer(unsigned count) { clients.reserve(count); }
    std::uint16_t port() { return socket.port(); }
    std::uint64_t datagrams_out() { return sent; }
    // A datagram of one byte says hello; which client an input is from is not even asked.
    unsigned char* message_bytes() { return message; }
    void turn(bool speaks) {
        unsigned char bytes[2048];
        sockaddr_in from{};
        for (long size; (size = socket.receive(from, bytes, sizeof bytes)) >= 0;) {
            if (size == 1) {
                clients.push_back(from);
                socket.send(from, bytes, 1);
            }
            inputs += size != 1;
        }
        if (!speaks) return;
        for (const sockaddr_in& client : clients) sent += socket.send(client, message, sizeof message);
    }
};

struct RawClient {
    RawSocket socket;
    sockaddr_in server;
    Ages& ages;
    bool in = false;

    RawClient(std::uint16_t port, Ages& into) : server(loopback(port)), ages(into) {
        socket.send(server, "", 1);
    }
    int fd() { return socket.fd(); }
    bool ready() { return in; }
    void input() {
        static const unsigned char message[input_bytes]{};
        socket.send(server, message, sizeof message);
    }
    void turn() {}
    void read() {
        unsigned char bytes[2048];
        sockaddr_in from{};
        const long size = socket.receive(from, bytes, sizeof bytes);
        if (size == 1)
            in = true;
        else if (size > 1)
            ages.note(bytes);
    }
};

// The same with clients that work for so long, for each datagram that they send and for each that they read.
struct BusyRawClient : RawClient {
    static inline std::int64_t work_ns = 0;

    using RawClient::RawClient;
    void turn() { work(); }
    void read() {
        work();
        RawClient::read();
    }
    static void work() {
        for (const std::int64_t end = wall_ns() + work_ns; wall_ns() < end;) {
        }
    }
};

inline void tell(const char* name, const Figures& figures) {
    std::printf(
        "%s: server CPU %.2f%%, crowd CPU %.0f%%, snapshots %.2f ms old (p99 %.2f); each client a second: "
        "%.1f inputs and %.1f "
        "snapshots heard, %.1f datagrams sent to it\n",
        name, median(figures.cpu), median(figures.crowd_cpu), median(figures.p50), median(figures.p99),
        median(figures.inputs_heard), median(figures.snapshots_heard), median(figures.datagrams_out));
}

inline void allow_many_sockets() {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

} // namespace bench
