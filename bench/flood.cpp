// As many messages of 100 bytes as one process can hand to another, a core each: reliable and ordered beside
// ENet, and those that may be lost beside one bare sendto and recvfrom each. CPU is both sides' together,
// user and system. Where libsodium is, the reliable flood encrypted as well.

#include "flooding.hpp"

#include "enet.hpp"

#if BENCH_SECURE
#include <tenon/secure/secure.hpp>
#endif

namespace {

using namespace bench;

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

} // namespace

int main(int argc, char** argv) {
    const auto rounds = static_cast<int>(argument(argc, argv, "--rounds", 5));
    const double seconds = argument(argc, argv, "--seconds", 1);
    using Plain = Road<tenon::transport::Udp>;
    Flood reliable, secret, enet, lossy, sendto_, sendmmsg_;
    interleaved(
        rounds, [&] { flood<TenonSender<Plain, Ordered100>, TenonReceiver<Plain>>(reliable, seconds); },
        [&] {
#if BENCH_SECURE
            using Secure = Road<tenon::transport::Secure<tenon::transport::Udp>>;
            flood<TenonSender<Secure, Ordered100>, TenonReceiver<Secure>>(secret, seconds);
#endif
        },
        [&] { flood<EnetSender, EnetReceiver>(enet, seconds); },
        [&] { flood<TenonSender<Plain, Lossy100>, TenonReceiver<Plain>>(lossy, seconds); },
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
