#pragma once
// Links joined by a line of the tests' own making: latency, jitter, loss, duplicates and damage by seed, and
// a bottleneck with a queue that overflows. Time passes from one event to the next.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <vector>

#include "tenon/link/link.hpp"
#include "tenon/reliability/ack_vector.hpp"

namespace line {

using tenon::BytesIn;
using tenon::Duration;
using tenon::Instant;
using tenon::LinkEvent;
using tenon::LinkOptions;
using tenon::MessageType;

constexpr Instant start{1'000'000'000'000};

// One direction of a path. `rate` is in bytes a second, 0 for no bottleneck; `queue_bytes` wait before it.
struct Way {
    Duration latency = tenon::milliseconds(20), jitter{};
    double loss = 0, duplicate = 0, corrupt = 0;
    std::uint64_t rate = 0;
    std::size_t queue_bytes = 65536;
};

// Carries the datagrams of one direction, of several links if they share it.
class Pipe {
  public:
    struct Datagram {
        Instant at;
        std::uint64_t order;
        std::size_t to;
        std::vector<std::byte> bytes;
        bool operator<(const Datagram& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    Pipe(const Way& shape, std::uint64_t seed) : way(shape), random_(seed) {}

    void send(Instant now, std::size_t to, BytesIn bytes) {
        ++sent;
        const auto flags = std::to_integer<unsigned>(bytes[0]);
        if ((flags & tenon::packet_flag::has_ack) == 0 && bytes.size() == 6 + (flags & 3)) ++empty;
        sent_bytes += bytes.size();
        Instant leaves = now;
        if (way.rate != 0) {
            if (queue_delay(now).seconds() * static_cast<double>(way.rate) >
                static_cast<double>(way.queue_bytes)) {
                ++overflowed;
                return;
            }
            free_at_ = tenon::max(free_at_, now) +
                       tenon::seconds(static_cast<double>(bytes.size() + 28) / static_cast<double>(way.rate));
            leaves = free_at_;
        }
        if (random_.chance(way.loss)) {
            ++lost;
            return;
        }
        deliver(leaves, to, bytes);
        if (random_.chance(way.duplicate)) deliver(leaves, to, bytes);
    }
    // How long what enters now waits before the bottleneck.
    Duration queue_delay(Instant now) const { return tenon::max(free_at_ - now, Duration{}); }
    Instant next() const { return flying_.empty() ? Instant::never() : flying_.top().at; }
    Datagram take() {
        Datagram datagram = flying_.top();
        flying_.pop();
        return datagram;
    }

    Way way; // may change while the line runs
    std::uint64_t sent = 0, sent_bytes = 0, overflowed = 0, lost = 0, damaged = 0;
    std::uint64_t empty = 0; // that neither said anything nor acknowledged anything

  private:
    void deliver(Instant leaves, std::size_t to, BytesIn bytes) {
        Datagram datagram{leaves + way.latency, order_++, to, {bytes.begin(), bytes.end()}};
        if (way.jitter.ns != 0) datagram.at += Duration{random_.between(0, way.jitter.ns)};
        if (random_.chance(way.corrupt)) {
            ++damaged;
            datagram.bytes[random_.below(bytes.size())] ^= std::byte{1} << random_.below(8);
        }
        flying_.push(datagram);
    }

    std::priority_queue<Datagram> flying_;
    Instant free_at_{};
    std::uint64_t order_ = 0;
    tenon::Random random_;
};

template <class Reliability = tenon::reliability::AckVector>
class Line {
  public:
    using Link = tenon::Link<Reliability>;
    struct Side {
        Link link;
        std::size_t pipe;
        std::function<void(const LinkEvent&)> heard = [](const LinkEvent&) {};

        Side(tenon::Pool& pool, const LinkOptions& options, Instant now, std::size_t through)
            : link(pool, options, key, now, tenon::Random(through + 1)), pipe(through) {}
    };
    static constexpr std::uint64_t key = 0x11AE;

    // One pair of links to begin with: side 0 and side 1.
    Line(const Way& there, const Way& back, std::uint64_t seed, const LinkOptions& options = {},
         std::size_t pool_bytes = std::size_t(1) << 24)
        : pool(1216, pool_bytes), pipes{{there, seed * 2}, {back, seed * 2 + 1}} {
        add_pair(options);
    }
    // Two more links that share the same two ways.
    void add_pair(const LinkOptions& options) {
        LinkOptions host = options;
        host.asks_time = false;
        sides.emplace_back(pool, options, now, 0);
        sides.emplace_back(pool, host, now, 1);
    }
    Link& link(std::size_t side) { return sides[side].link; }

    // Calls f every so often from now on.
    void every(Duration pause, std::function<void()> f) { beats_.push_back({now, pause, std::move(f)}); }

    void run(Duration time) {
        const Instant end = now + time;
        run_until([&] { return now >= end; }, time);
    }
    // True when it came to hold in that time.
    template <class Done>
    bool run_until(Done&& done, Duration time) {
        const Instant end = now + time;
        for (;;) {
            turn();
            if (done()) return true;
            if (now >= end) return false;
            Instant next = end;
            for (auto& beat : beats_) next = tenon::min(next, beat.at);
            for (auto& pipe : pipes) next = tenon::min(next, pipe.next());
            for (auto& side : sides) next = tenon::min(next, side.link.poll_timeout());
            // Whoever asks to be called at once, and again, still has to wait for the clock.
            now = tenon::max(next, now + tenon::microseconds(1));
        }
    }

    Instant now = start;
    tenon::Pool pool;
    std::vector<Pipe> pipes;
    std::deque<Side> sides;

  private:
    struct Beat {
        Instant at;
        Duration pause;
        std::function<void()> f;
    };

    void turn() {
        for (auto& pipe : pipes)
            while (pipe.next() <= now) {
                const Pipe::Datagram datagram = pipe.take();
                Side& side = sides[datagram.to];
                if (!side.link.handle_datagram(now, datagram.bytes)) continue;
                drain(side);
            }
        for (auto& beat : beats_)
            for (; beat.at <= now; beat.at += beat.pause) beat.f();
        for (std::size_t i = 0; i < sides.size(); ++i) {
            Side& side = sides[i];
            side.link.handle_timeout(now);
            drain(side);
            std::byte buffer[1500];
            while (const std::size_t size = side.link.poll_transmit(now, buffer))
                pipes[side.pipe].send(now, i ^ 1, BytesIn(buffer, size));
        }
    }
    static void drain(Side& side) {
        LinkEvent event;
        while (side.link.poll_event(event)) side.heard(event);
    }

    std::vector<Beat> beats_;
};

// A message of `size` bytes that begins with a number.
inline std::vector<std::byte> numbered(std::uint32_t number, std::size_t size) {
    std::vector<std::byte> bytes(size < 4 ? 4 : size);
    for (std::size_t i = 4; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(number * 31 + i * 7);
    tenon::store_le(bytes.data(), number);
    return bytes;
}
inline std::uint32_t number_of(BytesIn payload) {
    return payload.size() < 4 ? UINT32_MAX : tenon::load_le<std::uint32_t>(payload.data());
}
// Whether it is, byte by byte, what numbered() made.
inline bool intact(BytesIn payload) {
    const auto whole = numbered(number_of(payload), payload.size());
    return payload.size() >= 4 && std::equal(payload.begin(), payload.end(), whole.begin());
}

} // namespace line
