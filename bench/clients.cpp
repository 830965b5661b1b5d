// One server with 100 and with 1,000 clients: each sends inputs of 60 bytes at 60 Hz and is sent snapshots of
// 1 KB at 30 Hz, none of them reliable. tenon, ENet and bare sockets serve the same crowd by the same loop:
// 120 turns a second, each of which reads what has arrived and, every fourth, speaks to all. The server's CPU
// is what is measured; all clients live in another process.

#include "client_socket.hpp"
#include "game.hpp"
#include "harness.hpp"
#include "raw.hpp"

#include "enet.hpp"

#include <atomic>
#include <memory>

#include <sys/epoll.h>

namespace {

using namespace bench;

constexpr std::int64_t turn_ns = 1'000'000'000 / 120, input_ns = 1'000'000'000 / 60;
constexpr std::size_t input_bytes = 60, snapshot_bytes = 1024;

struct Board {
    std::atomic<std::uint16_t> port{0};
    std::atomic<bool> crowd_is_in{false}, measuring{false}, measured{false}, over{false};
    double cpu = 0, seconds = 0;
    std::uint64_t inputs = 0, snapshots = 0, inputs_heard = 0, snapshots_heard = 0, datagrams_out = 0;
    double p50 = 0, p99 = 0;
};

struct Figures {
    std::vector<double> cpu, p50, p99, inputs_heard, snapshots_heard, datagrams_out;
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
void measure(Figures& figures, unsigned clients, double seconds) {
    Shared<Board> board;
    const auto serve = [&] {
        ask_for_priority();
        Server server(clients);
        board->port = server.port();
        double cpu = 0, start = 0;
        std::uint64_t inputs = 0, snapshots = 0, datagrams = 0;
        std::int64_t next = wall_ns();
        for (unsigned turn = 0; !board->over; ++turn, sleep_until(next += turn_ns)) {
            const bool speaks = turn % 4 == 0 && board->crowd_is_in;
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
        live(seconds + 2, true, [&] { return board->measured.load(); });
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
    figures.p50.push_back(board->p50);
    figures.p99.push_back(board->p99);
    figures.inputs_heard.push_back(static_cast<double>(board->inputs_heard) / (board->seconds * clients));
    figures.snapshots_heard.push_back(static_cast<double>(board->snapshots_heard) /
                                      (board->seconds * clients));
    figures.datagrams_out.push_back(static_cast<double>(board->datagrams_out) / (board->seconds * clients));
}

// ---- tenon

using Talk = tenon::Game<"crowd", 1, tenon::Event<Input>, tenon::Event<Snapshot>>;

struct TenonServer {
    tenon::profile::Action<Talk> net;
    Snapshot message;
    std::uint64_t inputs = 0;

    explicit TenonServer(unsigned clients) : net(options(clients)) { (void)net.host(0); }
    static tenon::Options options(unsigned clients) {
        tenon::Options options;
        options.peers_max = static_cast<std::uint16_t>(clients);
        return options;
    }
    void on(tenon::PeerId, const Input&) { ++inputs; }
    std::uint16_t port() { return net.port(); }
    std::uint64_t datagrams_out() { return net.transport().counters().datagrams_out; }
    unsigned char* message_bytes() { return message.bytes.data(); }
    void turn(bool speaks) {
        if (speaks) (void)net.broadcast(message);
        net.tick(tenon::now(), *this);
    }
};

struct TenonClient {
    tenon::profile::Action<Talk, ClientSocket> net;
    Ages& ages;

    TenonClient(std::uint16_t port, Ages& into) : ages(into) {
        (void)net.join("127.0.0.1:" + std::to_string(port));
        turn();
    }
    void on(tenon::PeerId, const Snapshot& message) { ages.note(message.bytes.data()); }
    int fd() { return net.transport().fd(); }
    bool ready() { return net.status() == tenon::Status::joined; }
    void input() { (void)net.send(tenon::PeerId::host(), Input{}); }
    void turn() { net.tick(tenon::now(), *this); }
    void read() {
        net.transport().mark_readable();
        turn();
    }
};

// ---- ENet

struct EnetServer {
    std::uint16_t port_ = free_port();
    Enet net;
    unsigned char message[snapshot_bytes]{};
    std::uint64_t inputs = 0;

    explicit EnetServer(unsigned clients) : net(port_, clients) {}
    std::uint16_t port() { return port_; }
    std::uint64_t datagrams_out() { return net.host()->totalSentPackets; }
    unsigned char* message_bytes() { return message; }
    void turn(bool speaks) {
        if (speaks) snapshot();
        net.turn(0, [&](auto...) { ++inputs; });
    }
    void snapshot() {
        // Else it drops most of what may be lost as soon as the machine stutters.
        for (std::size_t i = 0; i < net.host()->peerCount; ++i)
            net.host()->peers[i].packetThrottle = ENET_PEER_PACKET_THROTTLE_SCALE;
        enet_host_broadcast(net.host(), 0,
                            enet_packet_create(message, sizeof message, ENET_PACKET_FLAG_UNSEQUENCED));
    }
};

struct EnetClient {
    Enet net{0, 1};
    ENetPeer* peer;
    Ages& ages;

    EnetClient(std::uint16_t port, Ages& into) : peer(net.connect(port)), ages(into) { turn(); }
    int fd() { return net.host()->socket; }
    bool ready() { return peer->state == ENET_PEER_STATE_CONNECTED; }
    void input() {
        static const unsigned char message[input_bytes]{};
        peer->packetThrottle = ENET_PEER_PACKET_THROTTLE_SCALE; // as the server does
        enet_peer_send(peer, 0, enet_packet_create(message, sizeof message, ENET_PACKET_FLAG_UNSEQUENCED));
    }
    void read() { turn(); }
    void turn() {
        net.turn(0, [&](ENetPeer*, const unsigned char* bytes, std::size_t) { ages.note(bytes); });
    }
};

// ---- bare sockets

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

void tell(const char* name, const Figures& figures) {
    std::printf(
        "%s: server CPU %.2f%%, snapshots %.2f ms old (p99 %.2f); each client a second: %.1f inputs and %.1f "
        "snapshots heard, %.1f datagrams sent to it\n",
        name, median(figures.cpu), median(figures.p50), median(figures.p99), median(figures.inputs_heard),
        median(figures.snapshots_heard), median(figures.datagrams_out));
}

void crowd(unsigned clients, int rounds, double seconds) {
    Figures ours, enet, raw;
    interleaved(
        rounds, [&] { measure<TenonServer, TenonClient>(ours, clients, seconds); },
        [&] { measure<EnetServer, EnetClient>(enet, clients, seconds); },
        [&] { measure<RawServer, RawClient>(raw, clients, seconds); });
    const std::string name = "clients" + std::to_string(clients);
    tell((name + ", tenon").c_str(), ours);
    tell((name + ", ENet").c_str(), enet);
    tell((name + ", bare sockets").c_str(), raw);
    figure((name + ".cpu").c_str(), median(ours.cpu), "%");
    figure((name + ".cpu_vs_raw").c_str(), median(ours.cpu) / median(raw.cpu), "ratio");
    figure((name + ".cpu_vs_enet").c_str(), median(ours.cpu) / median(enet.cpu), "ratio");
    figure((name + ".p99").c_str(), median(ours.p99), "ms");
    figure((name + ".p99_vs_raw").c_str(), median(ours.p99) / median(raw.p99), "ratio");
}

} // namespace

int main(int argc, char** argv) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    const auto rounds = static_cast<int>(argument(argc, argv, "--rounds", 5));
    const double seconds = argument(argc, argv, "--seconds", 3);
    const auto only = static_cast<unsigned>(argument(argc, argv, "--clients", 0));
    if (only != 0) return crowd(only, rounds, seconds), 0;
    crowd(100, rounds, seconds);
    crowd(1000, rounds, seconds);
}
