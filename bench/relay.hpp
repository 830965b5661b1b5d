#pragma once
// A bad line for real sockets: a relay that loses, delays and jitters the datagrams of several flows, each
// from a seed of its own, and counts what enters it with the headers of IP and UDP.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <queue>
#include <vector>

#include "harness.hpp"
#include "raw.hpp"

#include <tenon/core/random.hpp>

namespace bench {

struct Line {
    double loss = 0.05;
    std::int64_t delay_ns = 50'000'000, jitter_ns = 10'000'000; // evenly, so much more or less
    bool reorder = true;                                        // whether a datagram may overtake another
};

class Relay {
  public:
    static constexpr std::size_t header_bytes = 28; // IPv4 and UDP

    // Returns the port that stands for `server`.
    std::uint16_t add(std::uint16_t server, const Line& line, std::uint64_t seed) {
        flows_.push_back(std::make_unique<Flow>(line, seed));
        flows_.back()->ways[1].to = loopback(server);
        return flows_.back()->ways[0].socket.port();
    }
    std::uint64_t bytes(std::size_t flow) const { return flows_[flow]->bytes; }

    // Until `over` is true.
    template <class F>
    void run(F&& over) {
        std::vector<pollfd> polled;
        for (auto& flow : flows_)
            for (auto& way : flow->ways) polled.push_back({way.socket.fd(), POLLIN, 0});
        while (!over()) {
            const std::int64_t now = wall_ns();
            deliver(now);
            const std::int64_t next = waiting_.empty() ? now + 10'000'000 : waiting_.top().at;
            const std::int64_t left = std::clamp<std::int64_t>(next - now, 0, 10'000'000);
            const timespec timeout{0, left};
            if (ppoll(polled.data(), polled.size(), &timeout, nullptr) <= 0) continue;
            for (std::size_t i = 0; i < polled.size(); ++i)
                if (polled[i].revents != 0) take(*flows_[i / 2], i % 2);
        }
    }

  private:
    // One end: its socket hears one side, and what the other end heard leaves from it.
    struct Way {
        RawSocket socket;
        sockaddr_in to{};
        std::int64_t latest = 0; // when the last that was heard here arrives
    };
    struct Flow {
        Flow(const Line& l, std::uint64_t seed) : line(l), random(seed) {}
        Line line;
        tenon::Random random;
        Way ways[2]; // towards the client, towards the server
        std::uint64_t bytes = 0;
    };
    struct Datagram {
        std::int64_t at;
        std::uint64_t order;
        Way* out;
        std::vector<unsigned char> bytes;
        bool operator<(const Datagram& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    void take(Flow& flow, std::size_t end) {
        unsigned char buffer[2048];
        sockaddr_in from{};
        Way& in = flow.ways[end];
        for (long size; (size = in.socket.receive(from, buffer, sizeof buffer)) >= 0;) {
            if (end == 0) in.to = from;
            flow.bytes += static_cast<std::size_t>(size) + header_bytes;
            const double jitter = 2 * flow.random.real() - 1;
            const bool lost = flow.random.real() < flow.line.loss;
            if (lost) continue;
            std::int64_t at = wall_ns() + flow.line.delay_ns +
                              static_cast<std::int64_t>(jitter * static_cast<double>(flow.line.jitter_ns));
            if (!flow.line.reorder) at = in.latest = std::max(at, in.latest);
            waiting_.push({at, order_++, &flow.ways[1 - end], {buffer, buffer + size}});
        }
    }
    void deliver(std::int64_t now) {
        while (!waiting_.empty() && waiting_.top().at <= now) {
            const Datagram& datagram = waiting_.top();
            if (datagram.out->to.sin_port != 0)
                datagram.out->socket.send(datagram.out->to, datagram.bytes.data(), datagram.bytes.size());
            waiting_.pop();
        }
    }

    std::vector<std::unique_ptr<Flow>> flows_;
    std::priority_queue<Datagram> waiting_;
    std::uint64_t order_ = 0;
};

} // namespace bench
