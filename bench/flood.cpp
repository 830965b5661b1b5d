// As many messages of 100 bytes as one process can hand to another, a core each: reliable and ordered beside
// ENet, and those that may be lost beside one bare sendto and recvfrom each. CPU is both sides' together,
// user and system. Where libsodium is, the reliable flood encrypted as well.

#include "game.hpp"
#include "harness.hpp"
#include "raw.hpp"

#include "enet.hpp"

#if BENCH_SECURE
#include <tenon/secure/secure.hpp>
#endif

#include <atomic>

namespace {

using namespace bench;

constexpr std::size_t message_bytes = 100;

struct Board {
    std::atomic<std::uint16_t> port{0};
    std::atomic<bool> done{false};
    std::uint64_t sent = 0, heard = 0, misplaced = 0;
    double seconds = 0, cpu_sender = 0, cpu_receiver = 0;
};

struct Run {
    std::vector<double> rate, cpu, cpu_sender, cpu_receiver, lost;
};

// A sender has connect(port), offer() (one message, false when it can't be taken now), turn(full) and
// drained(), and a burst; a receiver has port(), turn() and heard.
template <class Sender, class Receiver>
void flood(Run& run, double seconds) {
    Shared<Board> board;
    const bool good = side_by_side(
        [&] {
            Receiver receiver;
            board->port = receiver.port();
            while (receiver.heard == 0 && !board->done) receiver.turn();
            const double cpu = cpu_seconds();
            while (!board->done) receiver.turn();
            board->cpu_receiver = cpu_seconds() - cpu;
            board->heard = receiver.heard;
            board->misplaced = receiver.misplaced;
        },
        [&] {
            Sender sender;
            while (board->port == 0) usleep(1000);
            if (!sender.connect(board->port)) {
                board->done = true;
                _exit(1);
            }
            const double cpu = cpu_seconds(), start = wall();
            while (wall() < start + seconds) {
                bool full = false;
                for (int i = 0; i < Sender::burst && !full; ++i) {
                    full = !sender.offer();
                    board->sent += !full;
                }
                sender.turn(full);
            }
            for (int i = 0; i < 5000 && !sender.drained(); ++i) sender.turn(true);
            board->seconds = wall() - start;
            board->cpu_sender = cpu_seconds() - cpu;
            usleep(20'000);
            board->done = true;
            for (int i = 0; i < 20; ++i) sender.turn(true);
        });
    if (!good || board->heard == 0) {
        std::printf("a run failed\n");
        return;
    }
    if (board->misplaced != 0)
        std::printf("%llu messages out of order\n", static_cast<unsigned long long>(board->misplaced));
    const auto heard = static_cast<double>(board->heard), sent = static_cast<double>(board->sent);
    const double a = board->cpu_sender * 1e6 / sent, b = board->cpu_receiver * 1e6 / heard;
    run.rate.push_back(heard / board->seconds);
    run.cpu.push_back(a + b);
    run.cpu_sender.push_back(a);
    run.cpu_receiver.push_back(b);
    run.lost.push_back((sent - heard) / sent);
}

// ---- tenon

using Talk = tenon::Game<"flood", 1, tenon::Event<Lossy100>, tenon::Event<Ordered100, tenon::Ordered>>;

tenon::Options options() {
    tenon::Options options;
    options.queue_bytes_max = 8 << 20;
    options.limits = tenon::Limits::none(); // a hundred times what a game says
    return options;
}

template <class Transport>
struct TenonReceiver {
    tenon::profile::Action<Talk, Transport> net{options()};
    std::uint64_t heard = 0, misplaced = 0;

    TenonReceiver() { (void)net.host(0); }
    std::uint16_t port() { return net.port(); }
    void on(tenon::PeerId, const Lossy100&) { ++heard; }
    void on(tenon::PeerId, const Ordered100& message) {
        std::uint64_t number = 0;
        std::memcpy(&number, message.bytes.data(), sizeof number);
        misplaced += number != heard++;
    }
    void turn() {
        net.wait(tenon::now() + tenon::milliseconds(1));
        net.tick(tenon::now(), *this);
    }
};

template <class Transport, class Message>
struct TenonSender {
    tenon::profile::Action<Talk, Transport> net{options()};
    Deaf deaf;
    Message message;
    std::uint64_t sent = 0;
    static constexpr int burst = 512; // between two turns

    bool connect(std::uint16_t port) {
        if (!net.join("127.0.0.1:" + std::to_string(port))) return false;
        return soon([&] {
            net.wait(tenon::now() + tenon::milliseconds(1));
            net.tick(tenon::now(), deaf);
            return net.status() == tenon::Status::joined;
        });
    }
    bool offer() {
        std::memcpy(message.bytes.data(), &sent, sizeof sent);
        if (!net.send(tenon::PeerId::host(), message)) return false;
        ++sent;
        return true;
    }
    void turn(bool full) {
        if (full) net.wait(tenon::now() + tenon::milliseconds(1));
        net.tick(tenon::now(), deaf);
    }
    bool drained() { return net.health().queued_bytes == 0; }
};

// ---- ENet

struct EnetReceiver {
    std::uint16_t port_ = free_port();
    Enet net{port_, 1};
    std::uint64_t heard = 0, misplaced = 0;

    std::uint16_t port() { return port_; }
    void turn() {
        net.turn(1, [&](ENetPeer*, const unsigned char* bytes, std::size_t) {
            std::uint64_t number = 0;
            std::memcpy(&number, bytes, sizeof number);
            misplaced += number != heard++;
        });
    }
};

struct EnetSender {
    Enet net{0, 1};
    ENetPeer* peer = nullptr;
    std::uint64_t sent = 0;
    // Its best of those tried: it searches its lists, so that more under way makes it many times slower.
    static constexpr int burst = 128, under_way = 1024;
    static inline std::uint64_t freed = 0;
    unsigned char message[message_bytes]{};

    bool connect(std::uint16_t port) {
        peer = net.connect(port);
        return soon([&] { return net.turn(1), peer->state == ENET_PEER_STATE_CONNECTED; }, 3000);
    }
    bool offer() {
        if (sent - freed >= under_way) return false;
        std::memcpy(message, &sent, sizeof sent);
        ENetPacket* packet = enet_packet_create(message, sizeof message, ENET_PACKET_FLAG_RELIABLE);
        packet->freeCallback = [](ENetPacket*) { ++freed; };
        if (enet_peer_send(peer, 0, packet) != 0) return enet_packet_destroy(packet), false;
        ++sent;
        return true;
    }
    void turn(bool full) { net.turn(full ? 1 : 0); }
    bool drained() { return sent == freed; }
};

// ---- bare sockets, one datagram a call or 64 a call

template <unsigned batch>
struct RawBatch {
    mmsghdr headers[batch]{};
    iovec pieces[batch]{};
    unsigned char bytes[batch][message_bytes]{};
    RawBatch() {
        for (unsigned i = 0; i < batch; ++i) {
            pieces[i] = {bytes[i], message_bytes};
            headers[i].msg_hdr.msg_iov = &pieces[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
    }
};

template <unsigned batch>
struct RawReceiver {
    RawSocket socket;
    RawBatch<batch> in;
    std::uint64_t heard = 0, misplaced = 0;

    std::uint16_t port() { return socket.port(); }
    void turn() {
        for (;;) {
            if constexpr (batch == 1) {
                sockaddr_in from{};
                if (socket.receive(from, in.bytes[0], message_bytes) < 0) break;
                ++heard;
            } else {
                const int n = recvmmsg(socket.fd(), in.headers, batch, MSG_DONTWAIT, nullptr);
                if (n <= 0) break;
                heard += static_cast<unsigned>(n);
            }
            if ((heard & 1023) < batch) return;
        }
        socket.wait(1);
    }
};

template <unsigned batch>
struct RawSender {
    RawSocket socket;
    sockaddr_in to{};
    RawBatch<batch> out;
    unsigned waiting = 0;
    static constexpr int burst = 512;

    bool connect(std::uint16_t port) {
        to = loopback(port);
        for (auto& header : out.headers) {
            header.msg_hdr.msg_name = &to;
            header.msg_hdr.msg_namelen = sizeof to;
        }
        return true;
    }
    bool offer() {
        if constexpr (batch == 1) return socket.send(to, out.bytes[0], message_bytes);
        if (++waiting < batch) return true;
        waiting = 0;
        return sendmmsg(socket.fd(), out.headers, batch, MSG_DONTWAIT) > 0;
    }
    void turn(bool full) {
        if (full) usleep(50);
    }
    bool drained() { return true; }
};

void tell(const char* name, const Run& run) {
    std::printf("%s: %.0f a second, CPU %.3f us a message (%.3f sending, %.3f receiving), %.2f%% lost\n",
                name, median(run.rate), median(run.cpu), median(run.cpu_sender), median(run.cpu_receiver),
                median(run.lost) * 100);
}

} // namespace

int main(int argc, char** argv) {
    const auto rounds = static_cast<int>(argument(argc, argv, "--rounds", 5));
    const double seconds = argument(argc, argv, "--seconds", 1);
    using tenon::transport::Udp;
    Run reliable, secret, enet, lossy, sendto_, sendmmsg_;
    interleaved(
        rounds, [&] { flood<TenonSender<Udp, Ordered100>, TenonReceiver<Udp>>(reliable, seconds); },
        [&] {
#if BENCH_SECURE
            using Secure = tenon::transport::Secure<Udp>;
            flood<TenonSender<Secure, Ordered100>, TenonReceiver<Secure>>(secret, seconds);
#endif
        },
        [&] { flood<EnetSender, EnetReceiver>(enet, seconds); },
        [&] { flood<TenonSender<Udp, Lossy100>, TenonReceiver<Udp>>(lossy, seconds); },
        [&] { flood<RawSender<1>, RawReceiver<1>>(sendto_, seconds); },
        [&] { flood<RawSender<64>, RawReceiver<64>>(sendmmsg_, seconds); });
    tell("tenon, reliable and ordered", reliable);
    if (!secret.rate.empty()) tell("tenon, reliable, ordered and encrypted", secret);
    tell("ENet, reliable and ordered", enet);
    tell("tenon, may be lost", lossy);
    tell("sendto and recvfrom", sendto_);
    tell("sendmmsg and recvmmsg, 64 a call", sendmmsg_);
    figure("flood.reliable.rate", median(reliable.rate), "messages/s");
    figure("flood.reliable.cpu", median(reliable.cpu), "us/message");
    figure("flood.reliable.rate_vs_enet", median(reliable.rate) / median(enet.rate), "ratio");
    figure("flood.reliable.cpu_vs_enet", median(reliable.cpu) / median(enet.cpu), "ratio");
    if (!secret.rate.empty()) {
        figure("secure.flood.rate", median(secret.rate), "messages/s");
        figure("secure.flood.cpu", median(secret.cpu), "us/message");
        figure("secure.flood.rate_vs_enet", median(secret.rate) / median(enet.rate), "ratio");
    }
    figure("flood.unreliable.rate", median(lossy.rate), "messages/s");
    figure("flood.unreliable.cpu", median(lossy.cpu), "us/message");
    figure("flood.unreliable.cpu_vs_sendto", median(lossy.cpu) / median(sendto_.cpu), "ratio");
    figure("flood.unreliable.cpu_vs_sendmmsg", median(lossy.cpu) / median(sendmmsg_.cpu), "ratio");
    figure("flood.unreliable.lost", median(lossy.lost) * 100, "%");
}
