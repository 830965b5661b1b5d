#pragma once
// QuicOver: what Quic is and what is asked of it; what goes on over its connections is in quic_turn.hpp. Quic
// and WebTransport have it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "tenon/transport/asked.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/connection.hpp"
#include "tenon/transport/host_names.hpp"
#include "tenon/transport/polling.hpp"
#include "tenon/transport/quic_connection.hpp"
#include "tenon/transport/quic_door.hpp"
#include "tenon/transport/quic_state.hpp"
#include "tenon/transport/quic_tickets.hpp"
#include "tenon/transport/udp.hpp"

namespace tenon::transport {

// `Road` carries the datagrams: Udp, or something around it; `Peer` is one connection, and what it speaks.
template <class Road, class Peer = detail::QuicConnection>
class QuicOver {
  public:
    using Address = ConnectionAddress;
    using Options = typename Peer::Options;
    static constexpr TransportTraits traits = {.reliable = true,
                                               .ordered = true,
                                               .encrypted = true,
                                               .datagram_bytes = detail::frame_max,
                                               .lanes = Peer::terms.bulk ? 3 : 2,
                                               .connected = true,
                                               .datagrams = true,
                                               .bulk = Peer::terms.bulk};

    explicit QuicOver(ConnectionOptions options = {}, Options quic = {}, TlsOptions tls = {})
        : QuicOver(nullptr, options, std::move(quic), std::move(tls)) {}
    // Over a road of one's own, which is not open yet.
    static QuicOver over(Road road, ConnectionOptions options = {}, Options quic = {}, TlsOptions tls = {}) {
        return QuicOver(std::make_unique<Road>(std::move(road)), options, std::move(quic), std::move(tls));
    }
    QuicOver(QuicOver&&) noexcept = default;
    QuicOver& operator=(QuicOver&&) noexcept = default;

    // Listens on the port, or on a free one for 0, and returns where: with the bind option's address, which
    // may be "any".
    Result<Address> open(std::uint16_t port) { return open(port, true); }
    // For those who only dial: nobody can connect to them.
    Result<Address> open_to_dial() { return open(0, false); }
    // Literals at once; a name asks the system's name service, and blocks for as long as that takes.
    Result<Address> resolve(std::string_view text);
    // What was not flushed is gone. A handler that poll() calls may close, and open again.
    void close() {
        if (!is_open()) return;
        state_->close();
        if (state_->polling) retired_ = std::move(state_);
        state_.reset();
    }

    // Datagrams and bulk need a connection whose hands are shaken, and would_block otherwise.
    Sent send(const Address& to, Lane lane, BytesIn frame) {
        Connection* c = nullptr;
        const Sent ready = make_room(to, lane, frame.size(), c);
        if (ready != Sent::sent) return ready;
        if (lane == datagram_lane) {
            if (!c->put_datagram(frame)) return Sent::would_block;
            ++counters_.datagrams_out;
            queue(*c);
            return Sent::sent;
        }
        if (lane == bulk_lane) {
            if (!c->append_bulk(frame)) return Sent::would_block;
            ++counters_.bulk_out;
            queue(*c);
            return Sent::sent;
        }
        if (c == nullptr && (c = dial(to)) == nullptr) return Sent::closed;
        if (!c->append(frame)) return Sent::would_block;
        ++counters_.frames_out;
        queue(*c);
        return Sent::sent;
    }
    // One buffer for all, as in Connections.
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) {
        Connection* c = nullptr;
        prepared_ = make_room(to, lane, size, c);
        prepared_to_ = to;
        prepared_lane_ = lane;
        return prepared_ == Sent::sent ? BytesOut(state_->scratch.get(), size) : BytesOut{};
    }
    Sent commit(std::size_t size) {
        if (prepared_ != Sent::sent || size == 0 || !is_open()) return prepared_;
        return send(prepared_to_, prepared_lane_, {state_->scratch.get(), size});
    }
    void flush() {
        if (!is_open()) return;
        State& s = *state_;
        if (!s.resume()) return;
        s.turn.swap(s.queued); // those that could not go are queued anew
        for (const std::uint32_t slot : s.turn) {
            Connection* c = s.table.at(slot);
            if (c == nullptr || !std::exchange(c->queued, false)) continue;
            push(*c);
        }
        s.turn.clear();
        s.road.flush();
        count_calls();
    }

    // Whole frames, in their order; and f.lost(address) of each connection that is no more, where f has it:
    // loss() then says why.
    template <class F>
    void poll(F&& f) {
        if (!is_open() || state_->polling || retired_) return;
        detail::Polling guard{retired_, *state_};
        State& s = guard.state;
        expire();
        s.road.poll([&](const IpAddress& from, Lane, BytesIn datagram) {
            if (state_.get() == &s) receive(from, datagram, f);
        });
        if (state_.get() == &s) tell_losses(s, f);
        if (state_.get() != &s) return;
        s.table.sweep();
        s.road.flush();
        count_calls();
    }
    // Flushes, and sleeps until then, until something is there or can go, or until it is woken.
    void wait(Instant until, Waker* waker = nullptr) {
        flush();
        if (is_open() && !state_->lost.empty()) return;
        if (is_open()) until = min(until, state_->deadline);
        if (ensure_road()) road_->wait(until, waker);
    }

    // Bytes that wait here for there, and were in no packet yet.
    std::size_t backlog(const Address& to) const {
        const Connection* c = is_open() ? state_->table.find(to) : nullptr;
        return c == nullptr ? 0 : c->out.waiting();
    }
    // How large a datagram on lane 1 may be to there; 0 while there is no way for any.
    std::size_t datagram_room(const Address& to) const {
        const Connection* c = is_open() ? state_->table.find(to) : nullptr;
        return c == nullptr ? 0 : c->datagram_room();
    }
    // How it is with the streams for frames on lane 2.
    BulkWay bulk_way(const Address& to) const {
        const Connection* c = is_open() ? state_->table.find(to) : nullptr;
        return c == nullptr ? BulkWay{} : c->bulk_way();
    }
    // Once what it took has arrived. Nothing more is heard of it, also no loss.
    void hang_up(const Address& to) {
        Connection* c = is_open() ? state_->table.find(to) : nullptr;
        if (c != nullptr) part(*c, Error::none, true);
    }

    bool is_open() const { return state_ != nullptr; }
    Address local_address() const { return is_open() ? state_->local : Address{}; }
    std::size_t connections() const { return is_open() ? state_->table.size() : 0; }
    const QuicCounters& counters() const { return counters_; }
    // Why the connection went that was lost last: timed_out, refused, unknown_key, encryption_mismatch, ...
    Error loss() const { return loss_; }
    // SHA-256 of the certificate that a server shows, in hexadecimal, by which a client can believe it.
    std::string fingerprint() {
        if (!is_open()) return {};
        state_->shared.tls.renew(std::time(nullptr));
        return state_->shared.tls.fingerprint();
    }
    // What the operating system said when it last refused something.
    std::error_code system_error() const { return system_error_; }
    std::uint64_t entropy() { return detail::system_entropy(); }

  private:
    using Connection = Peer;
    using State = detail::QuicState<Road, Peer>;
    using Lost = typename State::Lost;

    QuicOver(std::unique_ptr<Road> road, const ConnectionOptions& options, Options quic, TlsOptions tls)
        : options_(options), quic_(std::move(quic)), tls_(std::move(tls)), road_(std::move(road)) {}

    Result<Address> open(std::uint16_t port, bool listens);
    // Its own, also after it has moved away; one that was given is there or has moved.
    bool ensure_road() {
        if constexpr (std::is_constructible_v<Road, UdpOptions>) {
            if (road_ != nullptr) return true;
            road_ = std::make_unique<Road>(
                UdpOptions{.bind = options_.bind, .ipv6 = options_.ipv6, .ipv4 = options_.ipv4});
        }
        return road_ != nullptr;
    }
    void due(Instant at) { state_->deadline = min(state_->deadline, at); }
    void queue(Connection& c) {
        if (!std::exchange(c.queued, true)) state_->queued.push_back(c.slot);
    }
    void count_calls() {
        if constexpr (requires { road_->counters().calls_out; }) {
            counters_.calls_in = road_->counters().calls_in;
            counters_.calls_out = road_->counters().calls_out;
        }
        if (is_open()) counters_.door = state_->door.counters();
    }
    Sent make_room(const Address& to, Lane lane, std::size_t size, Connection*& c);
    Connection* dial(const Address& to);

    template <class F>
    void receive(const IpAddress& from, BytesIn datagram, F& f);
    void greet(const ngtcp2_version_cid& ids, int read, const IpAddress& from, BytesIn datagram);
    template <class F>
    void digest(Connection& c, F& f);
    template <class F>
    void tell_datagrams(Connection& c, F& f);
    template <class F>
    void tell_bulk(Connection& c, F& f);
    template <class F>
    void tell_losses(State& s, F& f) {
        for (std::size_t i = 0; state_.get() == &s && i < s.lost.size(); ++i) {
            loss_ = s.lost[i].why;
            if constexpr (HearsLosses<F, Address>) f.lost(Address(s.lost[i].of));
        }
        if (state_.get() == &s) s.lost.clear();
    }
    // Whether hands were shaken just now, and what the other side gave for the next time.
    void look_at(Connection& c);
    void push(Connection& c);
    void expire();
    bool forgets(const IpAddress& from, BytesIn datagram);
    // It is no longer anybody's: told as lost where there is an error, and gone at once or when the other
    // side has all that was said.
    void part(Connection& c, Error why, bool lingers);
    void release(Connection& c) {
        State& s = *state_;
        s.say_goodbye(c);
        if (!c.dialled && !c.shaken) --s.handshakes;
        c.forget_ids();
        s.table.retire(c);
    }

    ConnectionOptions options_;
    Options quic_;
    TlsOptions tls_;
    std::unique_ptr<Road> road_;
    std::unique_ptr<State> state_, retired_;
    detail::AskedNames names_;
    detail::QuicTickets tickets_;
    Address prepared_to_{};
    Lane prepared_lane_{};
    Sent prepared_ = Sent::closed;
    Error loss_ = Error::none;
    QuicCounters counters_;
    std::error_code system_error_;
};

template <class Road, class Peer>
Result<ConnectionAddress> QuicOver<Road, Peer>::open(std::uint16_t port, bool listens) {
    if (is_open()) return Error::already_open;
    return detail::caught<Address>(system_error_, [&]() -> Result<Address> {
        if (!ensure_road()) return Error::closed;
        auto s = std::make_unique<State>(*road_, options_, Peer::quic(quic_));
        const Result<> ready =
            s->shared.tls.open(tls_, s->shared.options.protocol, listens, Peer::makes_certificate);
        const Result<IpAddress> at = ready ? road_->open(port) : Result<IpAddress>(ready.error());
        if (!at) {
            s->closed = true; // the road was not opened here
            if constexpr (requires { road_->system_error(); }) system_error_ = road_->system_error();
            return at.error();
        }
        s->shared.local = *at;
        s->shared.listens = listens;
        if (listens) s->local = *at;
        state_ = std::move(s);
        return state_->local;
    });
}

template <class Road, class Peer>
Result<ConnectionAddress> QuicOver<Road, Peer>::resolve(std::string_view text) {
    const Result<detail::Location> where = Peer::locate(text);
    if (!where) return where.error();
    const Result<HostAndPort> parts = split_address(where->place);
    if (!parts) return parts.error();
    return detail::caught<Address>(system_error_, [&]() -> Result<Address> {
        const auto found = detail::look_up(*parts, system_error_, [&](const IpAddress& address) {
            return address.is_v4() ? options_.ipv4 : options_.ipv6;
        });
        if (!found) return found.error();
        // A host's own name is what its certificate is for.
        const bool literal = parts->bracketed || parts->host.empty() || IpAddress::parse(*parts);
        if (literal && where->path.empty()) return Address(*found);
        return Address(*found, 0,
                       names_.remember({literal ? std::string() : std::string(parts->host), where->path}));
    });
}

// The connection, or none where one has to be dialled first.
template <class Road, class Peer>
Sent QuicOver<Road, Peer>::make_room(const Address& to, Lane lane, std::size_t size, Connection*& c) {
    if (!is_open()) return Sent::closed;
    if (size > detail::frame_max || size == 0) return Sent::too_big; // a frame holds something
    c = state_->table.find(to);
    if (lane == datagram_lane) {
        const std::size_t room = datagram_room(to);
        if (room == 0) return Sent::would_block;
        if (size > room) return Sent::too_big;
        if (c->datagrams.is_full()) push(*c);
        return c->datagrams.is_full() || !c->is_up() ? Sent::would_block : Sent::sent;
    }
    if (lane == bulk_lane) return bulk_way(to).free ? Sent::sent : Sent::would_block;
    if (c == nullptr) {
        // Whoever is told of a loss is told before another is made.
        for (const Lost& lost : state_->lost)
            if (lost.of == to) return Sent::closed;
        return to.serial == 0 && to.port != 0 ? Sent::sent : Sent::closed;
    }
    const auto full = [&] { return c->out.waiting() != 0 && c->out.waiting() + size > options_.backlog_max; };
    if (!full()) return c->mute ? Sent::closed : Sent::sent;
    push(*c); // it is asked once more
    if (c->mute || !c->is_up()) return Sent::closed;
    return full() ? Sent::would_block : Sent::sent;
}

template <class Road, class Peer>
Peer* QuicOver<Road, Peer>::dial(const Address& to) {
    State& s = *state_;
    const Instant at = now();
    Connection* c = s.table.add(to, false);
    if (c == nullptr) return nullptr;
    ++counters_.dialled;
    const detail::Asked* asked = names_.find(to.name);
    const detail::QuicTicket ticket = tickets_.take(to);
    c->dialled = true;
    if (asked != nullptr) c->prepare(*asked, quic_);
    if (asked == nullptr || !c->dial(s.shared, asked->host, ticket.session, ticket.token, at)) {
        s.lost.push_back({to, Error::system});
        ++counters_.lost;
        c->forget_ids();
        s.table.retire(*c);
        return nullptr;
    }
    c->deadline = at + options_.dial_max;
    due(c->deadline);
    return c;
}

} // namespace tenon::transport
