// One server with 100 and with 1,000 clients: each sends inputs of 60 bytes at 60 Hz and is sent snapshots of
// 1 KB at 30 Hz, none of them reliable. tenon, ENet and bare sockets serve the same crowd by the same loop:
// 120 turns a second, each of which reads what has arrived and, every fourth, speaks to all. The server's CPU
// is what is measured; all clients live in another process. Where libsodium is, tenon serves it encrypted as
// well.

#include "client_socket.hpp"
#include "crowd.hpp"

#include "enet.hpp"

#if BENCH_SECURE
#include <tenon/secure/secure.hpp>
#endif

namespace {

using namespace bench;

constexpr std::size_t snapshot_bytes = 1024;

// ---- tenon

using Talk = tenon::Game<"crowd", 1, tenon::Event<Input>, tenon::Event<Snapshot>>;

template <class Transport>
struct TenonServer {
    tenon::profile::Action<Talk, Transport> net;
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

template <class Transport>
struct TenonClient {
    tenon::profile::Action<Talk, Transport> net;
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

void crowd(unsigned clients, int rounds, double seconds) {
    using tenon::transport::Udp;
    Figures ours, secret, enet, raw, busy;
    interleaved(
        rounds, [&] { measure<TenonServer<Udp>, TenonClient<ClientSocket>>(ours, clients, seconds); },
        [&] {
#if BENCH_SECURE
            using tenon::transport::Secure;
            measure<TenonServer<Secure<Udp>>, TenonClient<Secure<ClientSocket>>>(secret, clients, seconds);
#endif
        },
        [&] { measure<EnetServer, EnetClient>(enet, clients, seconds); },
        [&] { measure<RawServer<snapshot_bytes>, RawClient>(raw, clients, seconds); },
        [&] {
            // What a whole crowd of sessions in one process costs its own core is no server's doing.
            const double more = median(ours.crowd_cpu) - median(raw.crowd_cpu);
            BusyRawClient::work_ns = static_cast<std::int64_t>(more / 100 * 1e9 / (clients * 90.0));
            measure<RawServer<snapshot_bytes>, BusyRawClient>(busy, clients, seconds);
        });
    const std::string name = "clients" + std::to_string(clients);
    tell((name + ", tenon").c_str(), ours);
    if (!secret.cpu.empty()) tell((name + ", tenon encrypted").c_str(), secret);
    tell((name + ", ENet").c_str(), enet);
    tell((name + ", bare sockets").c_str(), raw);
    tell((name + ", bare sockets with clients as busy as tenon's").c_str(), busy);
    figure((name + ".cpu").c_str(), median(ours.cpu), "%");
    figure((name + ".cpu_vs_raw").c_str(), median(ours.cpu) / median(raw.cpu), "ratio");
    figure((name + ".cpu_vs_enet").c_str(), median(ours.cpu) / median(enet.cpu), "ratio");
    if (!secret.cpu.empty()) {
        figure(("secure." + name + ".cpu").c_str(), median(secret.cpu), "%");
        figure(("secure." + name + ".cpu_vs_raw").c_str(), median(secret.cpu) / median(raw.cpu), "ratio");
    }
    figure((name + ".p99").c_str(), median(ours.p99), "ms");
    figure((name + ".p99_vs_raw").c_str(), median(ours.p99) / median(raw.p99), "ratio");
    figure((name + ".cpu_vs_busy_raw").c_str(), median(ours.cpu) / median(busy.cpu), "ratio");
    figure((name + ".p99_vs_busy_raw").c_str(), median(ours.p99) / median(busy.p99), "ratio");
}

} // namespace

int main(int argc, char** argv) {
    allow_many_sockets();
    const auto rounds = static_cast<int>(argument(argc, argv, "--rounds", 5));
    const double seconds = argument(argc, argv, "--seconds", 3);
    const auto only = static_cast<unsigned>(argument(argc, argv, "--clients", 0));
    if (only != 0) return crowd(only, rounds, seconds), 0;
    crowd(100, rounds, seconds);
    crowd(1000, rounds, seconds);
}
