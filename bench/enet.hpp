#pragma once
// ENet as its users drive it: service calls that sleep where there is nothing to do, and every event that is
// there.

#include <cstdint>
#include <utility>

#include <enet/enet.h>

namespace bench {

class Enet {
  public:
    // Port 0 for a side that only connects.
    Enet(std::uint16_t port, std::size_t peers) {
        static const int started = enet_initialize();
        if (started != 0) return;
        ENetAddress any{ENET_HOST_ANY, port};
        host_ = enet_host_create(port == 0 ? nullptr : &any, peers, 2, 0, 0);
        if (host_ == nullptr) return;
        enet_socket_set_option(host_->socket, ENET_SOCKOPT_RCVBUF, 4 << 20);
        enet_socket_set_option(host_->socket, ENET_SOCKOPT_SNDBUF, 4 << 20);
    }
    ~Enet() {
        if (host_ != nullptr) enet_host_destroy(host_);
    }
    Enet(const Enet&) = delete;
    Enet& operator=(const Enet&) = delete;

    bool good() const { return host_ != nullptr; }
    ENetHost* host() { return host_; }

    ENetPeer* connect(std::uint16_t port) {
        ENetAddress to{};
        enet_address_set_host_ip(&to, "127.0.0.1");
        to.port = port;
        return enet_host_connect(host_, &to, 2, 0);
    }

    // `heard(peer, bytes, size)` for everything that arrived. A service call ends with the first peer that
    // connects, and with 256 datagrams, so it is asked until it has nothing.
    template <class F>
    void turn(unsigned wait_ms, F&& heard) {
        ENetEvent event{};
        for (; enet_host_service(host_, &event, wait_ms) > 0; wait_ms = 0) do {
                if (event.type != ENET_EVENT_TYPE_RECEIVE) continue;
                heard(event.peer, event.packet->data, event.packet->dataLength);
                enet_packet_destroy(event.packet);
            } while (enet_host_check_events(host_, &event) > 0);
    }
    void turn(unsigned wait_ms = 0) {
        turn(wait_ms, [](auto...) {});
    }

  private:
    ENetHost* host_ = nullptr;
};

// A port that is free now, for those that don't choose one themselves.
inline std::uint16_t free_port() {
    static std::uint16_t next = static_cast<std::uint16_t>(20'000 + getpid() % 10'000);
    for (int tries = 0; tries < 1000; ++tries) {
        const int s = socket(AF_INET, SOCK_DGRAM, 0);
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(++next);
        a.sin_addr.s_addr = htonl(INADDR_ANY);
        const bool free = bind(s, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
        close(s);
        if (free) return next;
    }
    return 0;
}

} // namespace bench
