#pragma once
// As many messages of 100 bytes as one process can hand to another, a core each. CPU is both sides' together,
// user and system.

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "game.hpp"
#include "harness.hpp"
#include "raw.hpp"
#include "road.hpp"

namespace bench {

constexpr std::size_t message_bytes = 100;

struct FloodBoard {
    std::atomic<std::uint16_t> port{0};
    std::atomic<bool> done{false};
    std::uint64_t sent = 0, heard = 0, misplaced = 0;
    double seconds = 0, cpu_sender = 0, cpu_receiver = 0;
};

struct Flood {
    std::vector<double> rate, cpu, cpu_sender, cpu_receiver, lost;
};

// A sender has connect(port), offer() (one message, false when it can't be taken now), turn(full) and
// drained(), and a burst; a receiver has port(), turn() and heard.
template <class Sender, class Receiver>
void flood(Flood& run, double seconds) {
    Shared<FloodBoard> board;
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

using FloodTalk = tenon::Game<"flood", 1, tenon::Event<Lossy100>, tenon::Event<Ordered100, tenon::Ordered>>;

inline tenon::Options flood_options() {
    tenon::Options options;
    options.queue_bytes_max = 8 << 20;
    options.limits = tenon::Limits::none(); // a hundred times what a game says
    return options;
}

template <class Road>
struct TenonReceiver {
    tenon::profile::Action<FloodTalk, typename Road::Transport> net{flood_options(), Road::host()};
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

template <class Road, class Message>
struct TenonSender {
    tenon::profile::Action<FloodTalk, typename Road::Transport> net{flood_options(), Road::guest()};
    Deaf deaf;
    Message message;
    std::uint64_t sent = 0;
    static constexpr int burst = 512; // between two turns

    bool connect(std::uint16_t port) {
        if (!net.join(Road::address(port))) return false;
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

inline void tell(const char* name, const Flood& run) {
    std::printf("%s: %.0f a second, CPU %.3f us a message (%.3f sending, %.3f receiving), %.2f%% lost\n",
                name, median(run.rate), median(run.cpu), median(run.cpu_sender), median(run.cpu_receiver),
                median(run.lost) * 100);
}

} // namespace bench
