#pragma once
// Lines: connections between simulated hosts, as a TCP has them: nothing is lost or overtakes, each has a
// bandwidth, a system's buffer, and a reader who may not read; and each can break. sim::Stream is the
// transport of one host, and sim::StreamAndDatagrams one that carries datagrams beside, as QUIC and WebRTC
// do. World drives them, in virtual time.

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
    template <bool datagrams>
    friend class BasicStream;
    static constexpr std::size_t nobody = SIZE_MAX;
    enum class Kind : std::uint8_t { arrives, beside, left, called, answered, lost, ended };

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
    };
    // One way of a connection, from ends[i].
    struct Pipe {
        std::deque<std::vector<std::byte>> waiting, system, flying;
        std::vector<std::pair<std::uint64_t, std::vector<std::byte>>> beside; // by the order of their arrival
        Instant arrives_at{};                                                 // the last of `flying`
        std::size_t waiting_bytes = 0, system_bytes = 0, unread = 0;
        bool sends = false, ends = false;
    };
    struct Connection {
        LineAddress ends[2]; // each as the other knows it
        std::size_t ports[2] = {nobody, nobody};
        Pipe pipes[2];
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
        ports_.push_back({{host, port, 0}, {}});
        return ports_.size() - 1;
    }
    std::size_t find(std::uint32_t host, std::uint16_t port) const {
        for (std::size_t i = 0; i < ports_.size(); ++i)
            if (ports_[i].address.host == host && ports_[i].address.port == port && port != 0) return i;
        return nobody;
    }
    // What the port's system has taken still leaves; what waited behind it is gone.
    void close(std::size_t port) {
        for (std::size_t i = 0; i < all_.size(); ++i)
            for (unsigned end : {0u, 1u}) {
                if (all_[i].ports[end] != port) continue;
                all_[i].pipes[end].waiting.clear();
                all_[i].pipes[end].waiting_bytes = 0;
                hang_up(i, end);
            }
        ports_[port] = {};
    }

    // The connection of a port to that address, and its end there; `end` 2: none.
    std::size_t connection(std::size_t port, const LineAddress& to, unsigned& end) const {
        for (std::size_t i = all_.size(); i-- > 0;)
            for (end = 0; end < 2; ++end)
                if (all_[i].ports[end] == port && all_[i].ends[1 - end] == to && !all_[i].dead) return i;
        end = 2;
        return nobody;
    }
    std::size_t dial(std::size_t port, const LineAddress& to) {
        const std::size_t i = all_.size();
        all_.emplace_back();
        all_[i].ends[0] = ports_[port].address;
        all_[i].ends[0].serial = ++serial_;
        all_[i].ends[1] = to;
        all_[i].ports[0] = port;
        after(line_of(all_[i], 0).latency, Kind::called, i, 1);
        return i;
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
            after(line.bandwidth == 0
                      ? Duration{}
                      : seconds(static_cast<double>(size) / static_cast<double>(line.bandwidth)),
                  Kind::left, i, end);
        }
        if (pipe.ends && pipe.system.empty() && pipe.waiting.empty()) {
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
                one.ports[1] = port;
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
    void arrive_later(std::size_t i, unsigned end) {
        const Line& line = line_of(all_[i], end);
        Pipe& pipe = all_[i].pipes[end];
        Duration way = line.latency;
        for (unsigned times = 0; times < 8 && line.loss > 0 && random_.chance(line.loss); ++times)
            way += line.resent_after;
        pipe.arrives_at = max(pipe.arrives_at, now_ + way);
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
    void read(std::size_t i, unsigned from, std::size_t size) {
        all_[i].pipes[from].unread -= size;
        pump(i, from);
    }

    Random random_;
    std::uint64_t hash_, order_ = 0, frames_ = 0, bytes_ = 0, datagrams_ = 0, lost_ = 0;
    std::size_t backlog_seen_ = 0;
    std::uint32_t serial_ = 0, next_port_ = 0;
    Instant now_{};
    Line line_;
    std::vector<Own> own_;
    std::vector<Port> ports_;
    std::deque<Connection> all_;
    std::vector<Due> due_;
};

// The transport of one host on them.
template <bool with_datagrams>
class BasicStream {
  public:
    using Address = LineAddress;
    static constexpr TransportTraits traits{.reliable = true,
                                            .ordered = true,
                                            .datagram_bytes = 66000,
                                            .lanes = with_datagrams ? 2 : 1,
                                            .connected = true,
                                            .datagrams = with_datagrams};

    BasicStream() = default;
    BasicStream(Lines& lines, std::uint32_t host) : lines_(&lines), host_(host) {}
    BasicStream(BasicStream&& other) noexcept { swap(other); }
    BasicStream& operator=(BasicStream&& other) noexcept {
        BasicStream taken(std::move(other));
        swap(taken);
        return *this;
    }
    ~BasicStream() { close(); }

    Result<Address> open(std::uint16_t port) {
        if (lines_ == nullptr) return Error::closed;
        if (is_open()) return Error::already_open;
        const Result<std::size_t> opened = lines_->open(host_, port);
        if (!opened) return opened.error();
        port_ = *opened;
        return local_address();
    }
    void close() {
        if (is_open()) lines_->close(std::exchange(port_, Lines::nobody));
    }
    Result<Address> resolve(std::string_view text) const {
        const auto at = transport::MemoryAddress::parse(text, host_);
        return at ? Result<Address>(Address{at->host, at->port, 0}) : Result<Address>(at.error());
    }

    // The first to an address without a number calls there; one with a number has called, and may be gone.
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) {
        if (!is_open() || size > traits.datagram_bytes) return {};
        connection_ = lines_->connection(port_, to, end_);
        beside_ = with_datagrams && lane == datagram_lane;
        if (beside_) {
            if (size > lines_->datagram_room(connection_, end_)) return {};
            prepared_.resize(size);
            return prepared_;
        }
        if (connection_ == Lines::nobody && to.serial == 0) {
            connection_ = lines_->dial(port_, to);
            end_ = 0;
        }
        if (connection_ == Lines::nobody) return {};
        const Lines::Connection& one = lines_->all_[connection_];
        const std::size_t waits = one.pipes[end_].waiting_bytes;
        if (waits != 0 && waits + size > lines_->line_of(one, end_).backlog_max) return {};
        prepared_.resize(size);
        return prepared_;
    }
    Sent commit(std::size_t size) {
        if (size == 0) return Sent::sent;
        if (!is_open() || connection_ == Lines::nobody) return Sent::closed;
        prepared_.resize(size);
        if (beside_) return lines_->toss(connection_, end_, std::exchange(prepared_, {})), Sent::sent;
        Lines::Pipe& pipe = lines_->all_[connection_].pipes[end_];
        pipe.waiting.push_back(std::exchange(prepared_, {}));
        pipe.waiting_bytes += size;
        return Sent::sent;
    }
    Sent send(const Address& to, Lane lane, BytesIn frame) {
        if (!is_open()) return Sent::closed;
        if (frame.size() > traits.datagram_bytes) return Sent::too_big;
        const BytesOut into = prepare(to, lane, frame.size());
        if (into.size() < frame.size())
            return connection_ == Lines::nobody ? Sent::closed : Sent::would_block;
        copy(into.data(), frame);
        return commit(frame.size());
    }
    void flush() {
        for (std::size_t i = 0; is_open() && i < lines_->all_.size(); ++i)
            for (unsigned end : {0u, 1u}) {
                if (lines_->all_[i].ports[end] != port_) continue;
                lines_->pump(i, end);
                const std::size_t left = lines_->all_[i].pipes[end].waiting_bytes;
                lines_->backlog_seen_ = std::max(lines_->backlog_seen_, left);
            }
    }
    std::size_t backlog(const Address& to) const {
        unsigned end = 0;
        const std::size_t i = is_open() ? lines_->connection(port_, to, end) : Lines::nobody;
        return i != Lines::nobody ? lines_->all_[i].pipes[end].waiting_bytes : 0;
    }
    std::size_t datagram_room(const Address& to) const {
        unsigned end = 0;
        const std::size_t i =
            with_datagrams && is_open() ? lines_->connection(port_, to, end) : Lines::nobody;
        return lines_ == nullptr ? 0 : lines_->datagram_room(i, end);
    }
    void hang_up(const Address& to) {
        unsigned end = 0;
        const std::size_t i = is_open() ? lines_->connection(port_, to, end) : Lines::nobody;
        if (i != Lines::nobody) lines_->hang_up(i, end);
    }

    template <class F>
    void poll(F&& f) {
        const std::size_t port = port_;
        for (std::size_t left = is_open() ? lines_->ports_[port].inbox.size() : 0; left != 0; --left) {
            if (port_ != port) return; // f has closed it
            Lines::Item item = std::move(lines_->ports_[port].inbox.front());
            lines_->ports_[port].inbox.pop_front();
            if (item.lost) {
                if constexpr (HearsLosses<F, Address>) f.lost(item.from);
                continue;
            }
            // Who has hung up reads no more.
            if (lines_->all_[item.connection].ports[item.end] == port || lines_->all_[item.connection].dead)
                f(item.from, item.lane, BytesIn(item.bytes));
            if (item.lane == Lane{}) lines_->read(item.connection, 1 - item.end, item.bytes.size());
        }
    }
    // Virtual time stands still until the World moves it.
    void wait(Instant) {}

    bool is_open() const { return port_ != Lines::nobody; }
    Address local_address() const { return is_open() ? lines_->ports_[port_].address : Address{host_, 0, 0}; }
    std::uint64_t entropy() { return lines_ == nullptr ? 0 : lines_->random_.next(); }

  private:
    void swap(BasicStream& other) {
        std::swap(lines_, other.lines_);
        std::swap(host_, other.host_);
        std::swap(port_, other.port_);
    }

    Lines* lines_ = nullptr;
    std::uint32_t host_ = 0;
    std::size_t port_ = Lines::nobody;
    std::size_t connection_ = Lines::nobody; // of what is prepared
    unsigned end_ = 0;
    bool beside_ = false;
    std::vector<std::byte> prepared_;
};
struct Stream : BasicStream<false> {
    using BasicStream::BasicStream;
};
struct StreamAndDatagrams : BasicStream<true> {
    using BasicStream::BasicStream;
};
static_assert(TransportPolicy<Stream> && LendsBuffer<Stream> && Connected<Stream>);
static_assert(CheckTransport<StreamAndDatagrams>::ok);

} // namespace tenon::sim
