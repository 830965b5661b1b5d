#pragma once
// Lines: connections between simulated hosts, as a TCP has them: nothing is lost or overtakes, each has a
// bandwidth, a system's buffer, and a reader who may not read; and each can break. The transports of hosts on
// them are in stream.hpp. World drives them, in virtual time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/core/bytes.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/sim/line.hpp"
#include "tenon/sim/pipe.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/memory.hpp"

namespace tenon::sim {

class Lines {
  public:
    explicit Lines(std::uint64_t seed) : random_(seed), hash_(seed) {}
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

    // ---- the lines

    // Of all hosts that have none of their own, from here on.
    void set_line(const Line& line) { line_ = line; }
    void set_line(std::uint32_t from, std::uint32_t to, const Line& line) {
        own_.push_back({from, to, line});
    }
    // Every connection between the two breaks; both hear of it.
    void sever(std::uint32_t a, std::uint32_t b) {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            const std::uint32_t from = all_[i].ends[0].host, to = all_[i].ends[1].host;
            if (all_[i].dead || !((from == a && to == b) || (from == b && to == a))) continue;
            all_[i].dead = true;
            for (unsigned end : {0u, 1u}) after(line_of(from, to).latency, Kind::lost, i, end);
        }
    }

    // ---- time, which the World passes

    void set_now(Instant now) { now_ = now; }
    Instant next() const { return due_.empty() ? Instant::never() : due_.front().at; }
    // What is due by now; f(address) hears whose inbox has something new.
    template <class F>
    void deliver(Instant now, F&& f) {
        while (next() <= now) {
            const Due due = due_.front();
            now_ = max(now_, due.at);
            std::pop_heap(due_.begin(), due_.end());
            due_.pop_back();
            happen(due, f);
        }
        now_ = now;
    }

    // ---- asking

    std::uint64_t frames() const { return frames_; } // that arrived
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t datagrams() const { return datagrams_; } // that arrived beside the streams
    std::uint64_t bulk() const { return bulk_; }           // and in streams of their own
    std::uint64_t lost() const { return lost_; }
    // Of everything that arrived, and when: two runs with one hash were the same.
    std::uint64_t hash() const { return hash_; }
    // Connections of which neither side has heard that they ended.
    std::size_t open_count() const {
        std::size_t count = 0;
        for (const Connection& one : all_) count += !one.dead && one.open;
        return count;
    }
    // The largest backlog that any connection has had.
    std::size_t backlog_seen() const { return backlog_seen_; }

  private:
    template <bool datagrams, bool bulk>
    friend class BasicStream;
    static constexpr std::size_t nobody = SIZE_MAX;
    enum class Kind : std::uint8_t {
        arrives,
        beside,
        left,
        called,
        answered,
        lost,
        ended,
        piece,
        bulk,
        settled
    };

    struct Item {
        LineAddress from;
        std::size_t connection = nobody;
        unsigned end = 0; // that reads it
        bool lost = false;
        std::vector<std::byte> bytes;
        Lane lane{};
    };
    struct Port {
        LineAddress address;
        std::deque<Item> inbox;
        std::vector<std::size_t> connections; // in the order in which they were dialled
    };
    struct Connection {
        LineAddress ends[2]; // each as the other knows it
        std::size_t ports[2] = {nobody, nobody};
        Pipe pipes[2]; // each from that end
        bool open = false, dead = false;
    };
    struct Own {
        std::uint32_t from, to;
        Line line;
    };
    struct Due {
        Instant at;
        std::uint64_t order = 0;
        Kind kind{};
        std::size_t connection = 0;
        unsigned end = 0;
        friend bool operator<(const Due& a, const Due& b) {
            return a.at != b.at ? b.at < a.at : b.order < a.order;
        }
    };

    const Line& line_of(std::uint32_t from, std::uint32_t to) const {
        for (std::size_t i = own_.size(); i-- > 0;)
            if (own_[i].from == from && own_[i].to == to) return own_[i].line;
        return line_;
    }
    const Line& line_of(const Connection& one, unsigned end) const {
        return line_of(one.ends[end].host, one.ends[1 - end].host);
    }
    void after(Duration time, Kind kind, std::size_t connection, unsigned end) {
        due_.push_back({now_ + time, order_++, kind, connection, end});
        std::push_heap(due_.begin(), due_.end());
    }

    Result<std::size_t> open(std::uint32_t host, std::uint16_t port) {
        const auto taken = [&](std::uint16_t at) { return find(host, at) != nobody; };
        for (std::uint32_t tries = 0; tries < 16384 && port == 0; ++tries) {
            const auto at = static_cast<std::uint16_t>(49152 + next_port_++ % 16384);
            if (!taken(at)) port = at;
        }
        if (port == 0 || taken(port)) return Error::port_in_use;
        ports_.push_back({{host, port, 0}, {}, {}});
        return ports_.size() - 1;
    }
    std::size_t find(std::uint32_t host, std::uint16_t port) const {
        for (std::size_t i = 0; i < ports_.size(); ++i)
            if (ports_[i].address.host == host && ports_[i].address.port == port && port != 0) return i;
        return nobody;
    }
    // Every connection of a port, and its end there; f ends none but that. Those that are over are forgotten.
    template <class F>
    void each_of(std::size_t port, F&& f) {
        std::vector<std::size_t>& own = ports_[port].connections;
        for (const std::size_t i : own)
            for (unsigned end : {0u, 1u})
                if (all_[i].ports[end] == port) f(i, end);
        std::erase_if(own, [&](std::size_t i) { return all_[i].dead; });
    }
    void flush(std::size_t port) {
        each_of(port, [&](std::size_t i, unsigned end) {
            pump(i, end);
            backlog_seen_ = std::max(backlog_seen_, all_[i].pipes[end].waiting_bytes);
        });
    }
    // What the port's system has taken still leaves; what waited behind it is gone.
    void close(std::size_t port) {
        each_of(port, [&](std::size_t i, unsigned end) {
            all_[i].pipes[end].drop();
            hang_up(i, end);
        });
        ports_[port] = {};
    }

    // The connection of a port to that address, and its end there; `end` 2: none.
    std::size_t connection(std::size_t port, const LineAddress& to, unsigned& end) const {
        const std::vector<std::size_t>& own = ports_[port].connections;
        for (std::size_t k = own.size(); k-- > 0;) {
            const Connection& one = all_[own[k]];
            for (end = 0; end < 2; ++end)
                if (one.ports[end] == port && one.ends[1 - end] == to && !one.dead) return own[k];
        }
        end = 2;
        return nobody;
    }
    std::size_t dial(std::size_t port, const LineAddress& to) {
        const std::size_t i = all_.size();
        all_.emplace_back();
        all_[i].ends[0] = ports_[port].address;
        all_[i].ends[0].serial = ++serial_;
        all_[i].ends[1] = to;
        attach(i, 0, port);
        after(line_of(all_[i], 0).latency, Kind::called, i, 1);
        return i;
    }
    void attach(std::size_t i, unsigned end, std::size_t port) {
        all_[i].ports[end] = port;
        if (port == nobody) return;
        std::vector<std::size_t>& own = ports_[port].connections;
        const auto at = std::lower_bound(own.begin(), own.end(), i);
        if (at == own.end() || *at != i) own.insert(at, i);
    }
    void hang_up(std::size_t i, unsigned end) {
        all_[i].ports[end] = nobody;
        all_[i].pipes[end].ends = true;
        pump(i, end);
    }

    // Lets the system take what it can, and send what the reader has room for.
    void pump(std::size_t i, unsigned end) {
        Connection& one = all_[i];
        Pipe& pipe = one.pipes[end];
        if (!one.open || one.dead) {
            if (one.open || !pipe.ends) return;
            one.dead = true; // given up while it rang
            return;
        }
        const Line& line = line_of(one, end);
        for (;;) {
            while (!pipe.waiting.empty() && pipe.system_bytes < line.system_bytes) {
                pipe.waiting_bytes -= pipe.waiting.front().size();
                pipe.system_bytes += pipe.waiting.front().size();
                pipe.system.push_back(std::move(pipe.waiting.front()));
                pipe.waiting.pop_front();
            }
            if (pipe.sends || pipe.system.empty()) break;
            const std::size_t size = pipe.system.front().size();
            if (pipe.unread != 0 && pipe.unread + size > line.window_bytes) break;
            pipe.unread += size;
            pipe.sends = true;
            after(line.time_of(size), Kind::left, i, end);
        }
        if (!pipe.sends && pipe.bulk.waits()) {
            pipe.sends = true;
            after(line.time_of(pipe.bulk.packet()), Kind::piece, i, end);
        }
        if (pipe.ends && pipe.has_left()) {
            pipe.ends = false;
            after(line.latency, Kind::ended, i, end);
        }
    }

    template <class F>
    void happen(const Due& due, F& f) {
        Connection& one = all_[due.connection];
        Pipe& pipe = one.pipes[due.end];
        const unsigned other = 1 - due.end;
        switch (due.kind) {
            case Kind::called: {
                const std::size_t port = find(one.ends[1].host, one.ends[1].port);
                if (one.dead) return;
                one.dead = port == nobody;
                attach(due.connection, 1, port);
                return after(line_of(one, 1).latency, one.dead ? Kind::lost : Kind::answered, due.connection,
                             0);
            }
            case Kind::answered:
                if (one.dead) return;
                one.open = true;
                pump(due.connection, 0);
                return pump(due.connection, 1);
            case Kind::left:
                pipe.sends = false;
                if (one.dead) return;
                pipe.system_bytes -= pipe.system.front().size();
                pipe.flying.push_back(std::move(pipe.system.front()));
                pipe.system.pop_front();
                arrive_later(due.connection, due.end);
                return pump(due.connection, due.end);
            case Kind::beside: {
                const auto it = std::find_if(pipe.beside.begin(), pipe.beside.end(),
                                             [&](const auto& sent) { return sent.first == due.order; });
                std::vector<std::byte> bytes = std::move(it->second);
                pipe.beside.erase(it);
                if (one.ports[other] == nobody) return;
                ++datagrams_;
                note(due, bytes);
                Port& port = ports_[one.ports[other]];
                port.inbox.push_back(
                    {one.ends[due.end], due.connection, other, false, std::move(bytes), datagram_lane});
                return f(transport::MemoryAddress(port.address));
            }
            case Kind::arrives: {
                if (one.dead && one.ports[other] == nobody) return;
                std::vector<std::byte> bytes = std::move(pipe.flying.front());
                pipe.flying.pop_front();
                note(due, bytes);
                if (one.ports[other] == nobody) return read(due.connection, due.end, bytes.size());
                ++frames_;
                bytes_ += bytes.size();
                Port& port = ports_[one.ports[other]];
                port.inbox.push_back({one.ends[due.end], due.connection, other, false, std::move(bytes), {}});
                return f(transport::MemoryAddress(port.address));
            }
            case Kind::piece: {
                pipe.sends = false;
                if (one.dead) return;
                const Instant whole = pipe.bulk.waits()
                                          ? pipe.bulk.left(now_ + way(line_of(one, due.end)), order_)
                                          : Instant::never();
                if (whole != Instant::never()) after(whole - now_, Kind::bulk, due.connection, due.end);
                return pump(due.connection, due.end);
            }
            case Kind::bulk: {
                std::vector<std::byte> bytes = pipe.bulk.arrive(due.order);
                if (one.ports[other] == nobody) return settle(due.connection, due.end);
                note(due, bytes);
                ++bulk_;
                Port& port = ports_[one.ports[other]];
                port.inbox.push_back(
                    {one.ends[due.end], due.connection, other, false, std::move(bytes), bulk_lane});
                return f(transport::MemoryAddress(port.address));
            }
            case Kind::settled:
                pipe.bulk.settle();
                return pump(due.connection, due.end);
            case Kind::ended:
                one.dead = true;
                return lose(one, other, f);
            case Kind::lost:
                return lose(one, due.end, f);
        }
    }
    void note(const Due& due, const std::vector<std::byte>& bytes) {
        hash_ = hash64(bytes, hash_ ^ splitmix(static_cast<std::uint64_t>(due.at.ns)) ^ due.connection);
    }
    Duration way(const Line& line) {
        Duration way = line.latency;
        for (unsigned times = 0; times < 8 && line.loss > 0 && random_.chance(line.loss); ++times)
            way += line.resent_after;
        return way;
    }
    void arrive_later(std::size_t i, unsigned end) {
        Pipe& pipe = all_[i].pipes[end];
        pipe.arrives_at = max(pipe.arrives_at, now_ + way(line_of(all_[i], end)));
        after(pipe.arrives_at - now_, Kind::arrives, i, end);
    }
    // A datagram leaves, beside the stream.
    void toss(std::size_t i, unsigned end, std::vector<std::byte> bytes) {
        const Line& line = line_of(all_[i], end);
        if (line.loss > 0 && random_.chance(line.loss)) return void(++lost_);
        all_[i].pipes[end].beside.emplace_back(order_, std::move(bytes));
        const Duration late =
            line.spread > Duration{} ? nanoseconds(random_.between(0, line.spread.ns)) : Duration{};
        after(line.latency + late, Kind::beside, i, end);
    }
    // How large a datagram may be now.
    std::size_t datagram_room(std::size_t i, unsigned end) const {
        const bool there = i != nobody && all_[i].open && !all_[i].dead;
        return there ? line_of(all_[i], end).datagram_bytes : 0;
    }
    // That end hears that its connection is no more.
    template <class F>
    void lose(Connection& one, unsigned end, F& f) {
        if (one.ports[end] == nobody) return;
        Port& port = ports_[std::exchange(one.ports[end], nobody)];
        port.inbox.push_back({one.ends[1 - end], nobody, end, true, {}, {}});
        f(transport::MemoryAddress(port.address));
    }
    // The one that came in a stream of its own was taken.
    void settle(std::size_t i, unsigned from) {
        after(line_of(all_[i], 1 - from).latency, Kind::settled, i, from);
    }
    void read(std::size_t i, unsigned from, std::size_t size) {
        all_[i].pipes[from].unread -= size;
        pump(i, from);
    }

    Random random_;
    std::uint64_t hash_, order_ = 0, frames_ = 0, bytes_ = 0, datagrams_ = 0, bulk_ = 0, lost_ = 0;
    std::size_t backlog_seen_ = 0;
    std::uint32_t serial_ = 0, next_port_ = 0;
    Instant now_{};
    Line line_;
    std::vector<Own> own_;
    std::vector<Port> ports_;
    std::deque<Connection> all_;
    std::vector<Due> due_;
};

} // namespace tenon::sim
