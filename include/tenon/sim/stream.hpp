#pragma once
// Stream: the transport of one host on simulated connections; StreamAndDatagrams, which carries datagrams
// beside them, as WebRTC does, and ManyStreams, which also has streams for single frames, as QUIC. World
// gives them to sessions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/time.hpp"
#include "tenon/sim/lines.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/memory.hpp"

namespace tenon::sim {

// The transport of one host on them.
template <bool with_datagrams, bool with_bulk>
class BasicStream {
  public:
    using Address = LineAddress;
    static constexpr TransportTraits traits{.reliable = true,
                                            .ordered = true,
                                            .datagram_bytes = 66000,
                                            .lanes = with_bulk        ? 3
                                                     : with_datagrams ? 2
                                                                      : 1,
                                            .connected = true,
                                            .datagrams = with_datagrams,
                                            .bulk = with_bulk};

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
        lane_ = lane;
        if (lane != Lane{}) {
            const std::size_t room =
                lane == bulk_lane ? (bulk_way(to).free ? size : 0) : lines_->datagram_room(connection_, end_);
            if (!with_datagrams || size > room) return {};
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
        if (lane_ == datagram_lane)
            return lines_->toss(connection_, end_, std::exchange(prepared_, {})), Sent::sent;
        Pipe& pipe = lines_->all_[connection_].pipes[end_];
        if (lane_ == bulk_lane) return pipe.bulk.put(std::exchange(prepared_, {})), Sent::sent;
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
        if (is_open()) lines_->flush(port_);
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
    BulkWay bulk_way(const Address& to) const {
        unsigned end = 0;
        const std::size_t i = with_bulk && is_open() ? lines_->connection(port_, to, end) : Lines::nobody;
        if (i == Lines::nobody || !lines_->all_[i].open) return {};
        const Lines::Connection& one = lines_->all_[i];
        return one.pipes[end].bulk.way(lines_->line_of(one, end).bulk_streams);
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
            if (item.lane == bulk_lane) lines_->settle(item.connection, 1 - item.end);
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
    Lane lane_{};
    std::vector<std::byte> prepared_;
};
struct Stream : BasicStream<false, false> {
    using BasicStream::BasicStream;
};
struct StreamAndDatagrams : BasicStream<true, false> {
    using BasicStream::BasicStream;
};
struct ManyStreams : BasicStream<true, true> {
    using BasicStream::BasicStream;
};

} // namespace tenon::sim
