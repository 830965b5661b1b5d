#pragma once
// Network: what lies between simulated hosts. It takes the datagrams of an Exchange and hands each over
// later, never, twice or damaged, as the path between the two hosts has it. One seed decides it all. World
// drives it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "tenon/core/bytes.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/sim/nat.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/memory.hpp"

namespace tenon::sim {

// How one host reaches another, one way. Shares and chances are from 0 to 1, and meant for each datagram.
struct Path {
    Duration latency = milliseconds(20);
    double spread = 0;       // each path has a latency of its own, up to this share less or more
    Duration jitter{};       // up to so much more, evenly; what follows waits, so the order holds
    double loss = 0;         // independent of each other
    double burst = 0;        // the chance that a bad time begins, in which everything is lost
    double burst_length = 8; // how many datagrams it takes with it, on average
    double duplicate = 0;    // arrives twice
    double reorder = 0;      // held up, so that others overtake it
    Duration reorder_by = milliseconds(30); // by up to so much
    double corrupt = 0;                     // one to three of its bits are turned over
    std::uint64_t bandwidth = 0;            // bytes a second; 0: no limit
    std::uint32_t queue_bytes = 64 << 10;   // waiting for that bandwidth; more is lost
    std::uint32_t mtu = 0;                  // larger ones are lost; 0: no limit
};

// What became of the datagrams. Everything that was sent or doubled is in exactly one of the others, or still
// on its way.
struct Counters {
    std::uint64_t sent = 0, bytes_sent = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t delivered = 0, bytes_delivered = 0;
    std::uint64_t lost = 0, burst_lost = 0, queue_full = 0, too_big = 0, cut = 0;
    std::uint64_t blocked = 0;                  // a NAT did not let it through
    std::uint64_t unheard = 0;                  // nobody listened, or the inbox was full
    std::uint64_t reordered = 0, corrupted = 0; // of those that were on their way

    std::uint64_t on_their_way() const {
        return sent + duplicated - delivered - lost - burst_lost - queue_full - too_big - cut - blocked -
               unheard;
    }
    Counters& operator+=(const Counters& other);
};

class Network {
  public:
    using Address = transport::MemoryAddress;

    explicit Network(transport::Exchange& exchange, std::uint64_t seed = 1)
        : exchange_(&exchange), seed_(seed), hash_(seed) {}

    // ---- the paths

    // Of all hosts that have no path of their own, from here on.
    void set_path(const Path& path) {
        path_ = path;
        for (Line& line : lines_)
            if (!line.own && line.from != line.to) give(line, path);
    }
    void set_path(std::uint32_t from, std::uint32_t to, const Path& path) {
        Line& line = line_of(from, to);
        line.own = true;
        give(line, path);
    }
    void set_path_both_ways(std::uint32_t a, std::uint32_t b, const Path& path) {
        set_path(a, b, path);
        set_path(b, a, path);
    }
    // Nothing passes between the hosts of the group and the others until then.
    void split(std::vector<std::uint32_t> group, Instant until = Instant::never()) {
        std::sort(group.begin(), group.end());
        cuts_.push_back({std::move(group), {}, until});
    }
    // Nothing passes between these two until then.
    void cut(std::uint32_t a, std::uint32_t b, Instant until = Instant::never()) {
        cuts_.push_back({{a}, {b}, until});
    }
    void heal() { cuts_.clear(); }
    // These hosts share a local network: what one of them says to everyone, all of them hear.
    void add_lan(std::vector<std::uint32_t> hosts) { lans_.push_back(std::move(hosts)); }
    // What stands between some hosts and the others. Paths and cuts are still those of the hosts themselves.
    Nats& nats() { return nats_; }

    // ---- the traffic

    // Takes everything that the ports have sent.
    void collect(Instant now) {
        exchange_->take_outgoing([&](const Address& from, const Address& to, Lane lane, BytesIn bytes) {
            send(now, from, to, lane, bytes);
        });
    }
    // One datagram, from whatever address: a test may forge it.
    void send(Instant now, const Address& sender, const Address& to, Lane lane, BytesIn bytes) {
        if (to.host == Address::everyone) return shout(now, sender, to.port, lane, bytes);
        const auto [passes, from, to_host] = nats_.leave(now, sender, to);
        const std::uint32_t index = index_of(sender.host, to_host);
        Line& line = lines_[index];
        Counters& count = line.counters;
        hash_ = hash64(
            bytes, hash_ ^ splitmix(static_cast<std::uint64_t>(now.ns)) ^ sender.hash() ^ (to.hash() >> 1));
        ++count.sent;
        count.bytes_sent += bytes.size();
        const Luck luck = draw(line);
        if (!passes) return void(++count.blocked);
        if (is_cut(now, sender.host, to_host)) return void(++count.cut);
        if (line.path.mtu != 0 && bytes.size() > line.path.mtu) return void(++count.too_big);
        Instant at = now;
        if (!pass_bottleneck(line, at, bytes.size())) return void(++count.queue_full);
        if (luck.burst) return void(++count.burst_lost);
        if (luck.loss < line.path.loss) return void(++count.lost);
        at += line.latency + stretched(line.path.jitter, luck.jitter);
        if (luck.reorder < line.path.reorder) {
            ++count.reordered;
            at += stretched(line.path.reorder_by, luck.late);
        } else {
            at = line.last = max(line.last, at);
        }
        hold(at, from, to, lane, bytes, index, luck.corrupt < line.path.corrupt ? luck.bits : 0);
        if (luck.duplicate < line.path.duplicate) {
            ++lines_[index].counters.duplicated;
            hold(at + microseconds(1) + stretched(line.path.reorder_by, luck.late), from, to, lane, bytes,
                 index, 0);
        }
    }
    Instant next() const { return due_.empty() ? Instant::never() : due_.front().at; }
    // Hands over what is due, and calls f(to) for each that was heard.
    template <class F>
    void deliver(Instant now, F&& f) {
        while (next() <= now) {
            const Due due = due_.front();
            std::pop_heap(due_.begin(), due_.end());
            due_.pop_back();
            Flight& flight = flights_[due.slot];
            hash_ = splitmix(hash_ ^ static_cast<std::uint64_t>(due.at.ns) ^ due.order << 40);
            Counters& count = lines_[flight.line].counters;
            free_.push_back(due.slot);
            if (!nats_.arrive(now, flight.from, flight.to)) {
                ++count.blocked;
                continue;
            }
            if (!exchange_->deliver(flight.to, flight.from, flight.lane,
                                    {flight.bytes.data(), flight.size})) {
                ++count.unheard;
                continue;
            }
            ++count.delivered;
            count.bytes_delivered += flight.size;
            f(std::as_const(flight.to));
        }
    }

    // ---- asking

    Counters counters() const {
        Counters sum;
        for (const Line& line : lines_) sum += line.counters;
        return sum;
    }
    Counters counters(std::uint32_t from, std::uint32_t to) const {
        const std::uint32_t* known = index_.find(Ends{from, to});
        return known != nullptr ? lines_[*known].counters : Counters();
    }
    // What this host has sent, and what was sent to it.
    Counters sent_by(std::uint32_t host) const {
        Counters sum;
        for (const Line& line : lines_)
            if (line.from == host) sum += line.counters;
        return sum;
    }
    Counters sent_to(std::uint32_t host) const {
        Counters sum;
        for (const Line& line : lines_)
            if (line.to == host) sum += line.counters;
        return sum;
    }
    // Of everything that was sent and delivered, and when: two runs with one hash were the same.
    std::uint64_t hash() const { return hash_; }
    bool is_cut(Instant now, std::uint32_t from, std::uint32_t to) {
        if (cuts_.empty() || from == to) return false;
        cuts_.erase(std::remove_if(cuts_.begin(), cuts_.end(), [&](const Cut& c) { return c.until <= now; }),
                    cuts_.end());
        for (const Cut& cut : cuts_)
            if (cut.parts(from, to)) return true;
        return false;
    }

  private:
    struct Ends {
        std::uint32_t from = 0, to = 0;
        std::uint64_t hash() const { return std::uint64_t(from) << 32 | to; }
        friend bool operator==(const Ends&, const Ends&) = default;
    };
    // The state of one path. Its random numbers are its own, so that one path's traffic doesn't shift
    // another's luck.
    struct Line {
        std::uint32_t from = 0, to = 0;
        bool own = false, bad = false;
        Path path;
        Duration latency{};
        double place = 0; // in the spread, from -1 to 1
        Random random;
        Instant free_at{}, last{};
        Counters counters;
    };
    // Drawn for each datagram, in this order and all of it, whichever faults are on: turning one off leaves
    // the others as they were.
    struct Luck {
        bool burst = false;
        double loss = 0, jitter = 0, reorder = 0, late = 0, corrupt = 0, duplicate = 0;
        std::uint64_t bits = 0;
    };
    struct Cut {
        std::vector<std::uint32_t> side, other; // without an other side: everybody else
        Instant until;

        static bool has(const std::vector<std::uint32_t>& hosts, std::uint32_t host) {
            return std::binary_search(hosts.begin(), hosts.end(), host);
        }
        bool parts(std::uint32_t a, std::uint32_t b) const {
            if (other.empty()) return has(side, a) != has(side, b);
            return (has(side, a) && has(other, b)) || (has(side, b) && has(other, a));
        }
    };
    struct Flight {
        Address from, to;
        Lane lane{};
        std::uint32_t line = 0;
        std::size_t size = 0;
        std::vector<std::byte> bytes; // keeps its storage, so steady state allocates nothing
    };
    struct Due {
        Instant at;
        std::uint64_t order = 0;
        std::uint32_t slot = 0;
        // The heap's top is its greatest, so the earliest is that.
        friend bool operator<(const Due& a, const Due& b) {
            return a.at != b.at ? b.at < a.at : b.order < a.order;
        }
    };

    // As broadcasts are: also to the sender's own host, and to nobody beyond its network.
    void shout(Instant now, const Address& sender, std::uint16_t port, Lane lane, BytesIn bytes) {
        for (const auto& hosts : lans_) {
            if (std::find(hosts.begin(), hosts.end(), sender.host) == hosts.end()) continue;
            for (const std::uint32_t host : hosts)
                if (const Address to{host, port}; !(to == sender) && exchange_->is_open(to))
                    send(now, sender, to, lane, bytes);
        }
    }
    std::uint32_t index_of(std::uint32_t from, std::uint32_t to) {
        if (const std::uint32_t* known = index_.find(Ends{from, to})) return *known;
        const auto index = static_cast<std::uint32_t>(lines_.size());
        Line& line = lines_.emplace_back();
        line.from = from;
        line.to = to;
        line.random = Random(seed_ ^ splitmix(std::uint64_t(from) << 32 | to));
        line.place = 2 * line.random.real() - 1;
        Path inside; // from a host to itself there is no line to be bad
        inside.latency = microseconds(50);
        give(line, from == to ? inside : path_);
        index_.insert(Ends{from, to}, index);
        return index;
    }
    Line& line_of(std::uint32_t from, std::uint32_t to) { return lines_[index_of(from, to)]; }
    static void give(Line& line, const Path& path) {
        line.path = path;
        line.latency = seconds(path.latency.seconds() * (1 + path.spread * line.place));
    }
    static Duration stretched(Duration most, double share) {
        return nanoseconds(static_cast<std::int64_t>(static_cast<double>(most.ns) * share));
    }
    static Luck draw(Line& line) {
        Random& random = line.random;
        Luck luck;
        const double turn = random.real();
        if (line.bad)
            line.bad = turn * line.path.burst_length >= 1 && line.path.burst > 0;
        else
            line.bad = turn < line.path.burst;
        luck.burst = line.bad;
        luck.loss = random.real();
        luck.jitter = random.real();
        luck.reorder = random.real();
        luck.late = random.real();
        luck.corrupt = random.real();
        luck.duplicate = random.real();
        luck.bits = random.next() | 1;
        return luck;
    }
    // When the last byte has left the narrow place; false when its queue is full.
    static bool pass_bottleneck(Line& line, Instant& at, std::size_t size) {
        if (line.path.bandwidth == 0) return true;
        const double rate = static_cast<double>(line.path.bandwidth), bytes = static_cast<double>(size);
        const Instant begins = max(at, line.free_at);
        if ((begins - at).seconds() * rate + bytes > static_cast<double>(line.path.queue_bytes)) return false;
        at = line.free_at = begins + seconds(bytes / rate);
        return true;
    }
    // `bits` says which bits are turned over; 0 is none.
    void hold(Instant at, const Address& from, const Address& to, Lane lane, BytesIn bytes,
              std::uint32_t line, std::uint64_t bits) {
        auto slot = static_cast<std::uint32_t>(flights_.size());
        if (free_.empty()) {
            flights_.emplace_back();
        } else {
            slot = free_.back();
            free_.pop_back();
        }
        Flight& flight = flights_[slot];
        flight.from = from;
        flight.to = to;
        flight.lane = lane;
        flight.line = line;
        flight.size = bytes.size();
        if (flight.bytes.size() < bytes.size()) flight.bytes.resize(std::max<std::size_t>(bytes.size(), 256));
        copy(flight.bytes.data(), bytes);
        if (bits != 0 && !bytes.empty()) {
            ++lines_[line].counters.corrupted;
            damage({flight.bytes.data(), flight.size}, bits);
        }
        due_.push_back({at, order_++, slot});
        std::push_heap(due_.begin(), due_.end());
    }
    // Different bits, so that two of them never undo each other.
    static void damage(BytesOut bytes, std::uint64_t bits) {
        const std::size_t count = 1 + bits / 2 % 3, total = bytes.size() * 8;
        const std::size_t begin = static_cast<std::size_t>(splitmix(bits) % total);
        for (std::size_t i = 0; i < count && i < total; ++i) {
            const std::size_t bit = (begin + i * (1 + bits % 5)) % total;
            bytes[bit / 8] ^= std::byte(1u << (bit % 8));
        }
    }

    transport::Exchange* exchange_;
    std::uint64_t seed_, hash_, order_ = 0;
    Path path_;
    std::vector<Line> lines_;
    HashMap<Ends, std::uint32_t> index_;
    std::vector<Cut> cuts_;
    Nats nats_;
    std::vector<std::vector<std::uint32_t>> lans_;
    std::vector<Flight> flights_;
    std::vector<std::uint32_t> free_;
    std::vector<Due> due_;
};

inline Counters& Counters::operator+=(const Counters& other) {
    sent += other.sent;
    bytes_sent += other.bytes_sent;
    duplicated += other.duplicated;
    delivered += other.delivered;
    bytes_delivered += other.bytes_delivered;
    lost += other.lost;
    burst_lost += other.burst_lost;
    queue_full += other.queue_full;
    too_big += other.too_big;
    cut += other.cut;
    blocked += other.blocked;
    unheard += other.unheard;
    reordered += other.reordered;
    corrupted += other.corrupted;
    return *this;
}

} // namespace tenon::sim
