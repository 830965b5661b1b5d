#pragma once
// Connections: a transport of connections, over sockets that never block: who was accepted, who is dialled,
// what waits for whom. Tcp and WebSocket are each one with a framing, and with Tls for a cover.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "tenon/transport/asked.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/connection.hpp"
#include "tenon/transport/connection_table.hpp"
#include "tenon/transport/entropy.hpp"
#include "tenon/transport/host_names.hpp"
#include "tenon/transport/listener.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/polling.hpp"

namespace tenon::transport {

template <class Framing, class Cover>
class Connections {
  public:
    using Address = ConnectionAddress;
    using FramingOptions = typename Framing::Options;
    using CoverOptions = typename Cover::Options;
    static constexpr TransportTraits traits = {.reliable = true,
                                               .ordered = true,
                                               .encrypted = Cover::encrypted,
                                               .datagram_bytes = detail::frame_max,
                                               .lanes = 1,
                                               .connected = true};

    explicit Connections(ConnectionOptions options = {}, FramingOptions framing = {}, CoverOptions cover = {})
        : options_(std::move(options)), framing_(std::move(framing)), cover_(std::move(cover)) {}
    Connections(Connections&&) noexcept = default;
    Connections& operator=(Connections&&) noexcept = default;

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

    Sent send(const Address& to, Lane, BytesIn frame) {
        Connection* c = nullptr;
        const Sent ready = make_room(to, frame.size(), c);
        if (ready != Sent::sent) return ready;
        if (c == nullptr && (c = dial(to)) == nullptr) return Sent::closed;
        if (!c->framing.write(c->out, frame)) return Sent::would_block;
        ++counters_.frames_out;
        queue(*c);
        return Sent::sent;
    }
    // One buffer for all, so that a thousand quiet connections need not each have room for the largest frame.
    BytesOut prepare(const Address& to, Lane, std::size_t size) {
        Connection* c = nullptr;
        prepared_ = make_room(to, size, c);
        prepared_to_ = to;
        return prepared_ == Sent::sent ? state_->buffer().first(size) : BytesOut{};
    }
    Sent commit(std::size_t size) {
        if (prepared_ != Sent::sent || size == 0 || !is_open()) return prepared_;
        return send(prepared_to_, Lane{}, state_->buffer().first(size));
    }
    // One write for each connection that has something to say.
    void flush() {
        if (!is_open()) return;
        State& s = *state_;
        for (std::size_t i = 0; i < s.queued.size(); ++i) {
            Connection* c = s.table.at(s.queued[i]);
            if (c == nullptr || !c->queued) continue;
            c->queued = false;
            push(*c);
        }
        s.queued.clear();
    }

    // Whole frames, in their order; and f.lost(address) of each connection that is no more, where f has it:
    // loss() then says why.
    template <class F>
    void poll(F&& f) {
        if (!is_open() || state_->polling || retired_) return;
        detail::Polling<State> guard{retired_, *state_};
        State& s = guard.state;
        s.now = now();
        expire();
        s.readiness.collect([&](std::uint32_t token, bool readable, bool writable) {
            if (state_.get() != &s) return;
            if (token == detail::Listener::token)
                accept_some();
            else if (Connection* c = s.table.at(token))
                see_to(*c, readable, writable, f);
        });
        for (std::size_t i = 0; state_.get() == &s && i < s.lost.size(); ++i) {
            loss_ = s.lost[i].why;
            if constexpr (HearsLosses<F, Address>) f.lost(Address(s.lost[i].of));
        }
        if (state_.get() != &s) return;
        s.lost.clear();
        s.table.sweep();
    }
    // Flushes, and sleeps until then, until something is there or can go, or until it is woken.
    void wait(Instant until, Waker* waker = nullptr) {
        flush();
        const Instant start = now();
        if (until <= start || (!is_open() && until == Instant::never())) return;
        if (is_open() && !state_->lost.empty()) return;
        if (!is_open()) return detail::sleep_on(detail::no_socket, false, until - start, waker);
        until = min(until, state_->deadline);
        if (until <= start) return;
        state_->readiness.sleep(until == Instant::never() ? Duration::max() : until - start, waker);
    }

    // Bytes that wait here for there, which the system has not taken.
    std::size_t backlog(const Address& to) const {
        const Connection* c = is_open() ? state_->table.find(to) : nullptr;
        return c == nullptr ? 0 : c->out.size();
    }
    // Once what it took has left. Nothing more is heard of it, also no loss.
    void hang_up(const Address& to) {
        Connection* c = is_open() ? state_->table.find(to) : nullptr;
        if (c == nullptr) return;
        c->framing.finish(c->out);
        part(*c, Error::none, true);
    }

    bool is_open() const { return state_ != nullptr; }
    Address local_address() const { return is_open() ? state_->local : Address{}; }
    // Where the other side of a connection finds us.
    IpAddress local_address(const Address& of) const {
        const Connection* c = is_open() ? state_->table.find(of) : nullptr;
        return c == nullptr ? IpAddress{} : c->socket.local_address();
    }
    // For whoever waits for more than this: what becomes readable when it is to be polled, and until when.
    detail::NativeSocket handle() const { return is_open() ? state_->readiness.handle() : detail::no_socket; }
    Instant deadline() const { return is_open() ? state_->deadline : Instant::never(); }
    std::size_t connections() const { return is_open() ? state_->table.size() : 0; }
    const ConnectionCounters& counters() const { return counters_; }
    // Why the connection went that was lost last: timed_out, refused, malformed, closed, unreachable, ...
    Error loss() const { return loss_; }
    // What the operating system said when it last refused something.
    std::error_code system_error() const { return system_error_; }
    std::uint64_t entropy() { return detail::system_entropy(); }

  private:
    using Connection = detail::Connection<Framing, Cover>;
    using Table = detail::ConnectionTable<Connection>;
    static constexpr std::size_t accepted_at_once = 64, kept_most = 2048;

    struct Lost {
        Address of;
        Error why;
    };
    struct State {
        State(const ConnectionOptions& options, const FramingOptions& of_framing)
            : framing(of_framing),
              table(options.connections_max, options.per_address_max, detail::system_entropy()),
              random(detail::system_entropy()) {}
        State(const State&) = delete;
        State& operator=(const State&) = delete;
        ~State() { close(); }

        void close() {
            table.each([this](Connection& c) { c.close(buffer()); });
            listener.close();
            readiness.close();
        }
        BytesOut buffer() { return {scratch.get(), detail::frame_max}; }

        FramingOptions framing; // which connections look at, wherever the transport moves
        detail::Listener listener;
        detail::Readiness readiness;
        Table table;
        Random random;
        typename Cover::Context cover;
        std::unique_ptr<std::byte[]> scratch{new std::byte[detail::frame_max]};
        detail::ByteQueue intake;          // what the connection that is read has sent
        std::vector<std::uint32_t> queued; // the slots that flush() looks at
        std::vector<Lost> lost;            // for the next poll() to tell
        Address local;
        Instant now, deadline = Instant::never();
        bool polling = false;
    };
    Result<Address> open(std::uint16_t port, bool listens);
    detail::SocketOptions socket_options() const { return {options_.unsent_max, 0, 0}; }

    void due(Instant at) { state_->deadline = min(state_->deadline, at); }
    void queue(Connection& c) {
        if (!std::exchange(c.queued, true)) state_->queued.push_back(c.slot);
    }
    void push(Connection& c) {
        c.push(counters_);
        c.watch(state_->readiness);
    }
    Sent make_room(const Address& to, std::size_t size, Connection*& c);
    Connection* dial(const Address& to);

    void accept_some();
    void cover(Connection& c);
    template <class F>
    void see_to(Connection& c, bool readable, bool writable, F& f);
    template <class F>
    void receive(Connection& c, F& f);
    template <class F>
    bool digest(Connection& c, detail::ByteQueue& in, F& f);
    // What is left in the room for all is its own; out of memory it goes.
    bool keep(Connection& c) {
        const bool kept = state_->intake.empty() || c.in.append(state_->intake.front());
        state_->intake.clear();
        return kept || (part(c, Error::system, false), false);
    }
    void expire();
    // It is no longer anybody's: told as lost where there is an error, and gone once it has said all.
    void part(Connection& c, Error why, bool lingers);
    void release(Connection& c) {
        state_->readiness.forget(c.socket.handle(), c.slot);
        c.socket.close();
        state_->table.retire(c);
        state_->listener.again_at(state_->now); // there is room for another
        due(state_->listener.again());
    }

    ConnectionOptions options_;
    FramingOptions framing_;
    CoverOptions cover_;
    std::unique_ptr<State> state_, retired_;
    detail::AskedNames names_;
    Address prepared_to_{};
    Sent prepared_ = Sent::closed;
    Error loss_ = Error::none;
    ConnectionCounters counters_;
    std::error_code system_error_;
};

template <class Framing, class Cover>
Result<ConnectionAddress> Connections<Framing, Cover>::open(std::uint16_t port, bool listens) {
    if (is_open()) return Error::already_open;
    return detail::caught<Address>(system_error_, [&]() -> Result<Address> {
        auto s = std::make_unique<State>(options_, framing_);
        if (const Result<> ready = s->cover.open(cover_, listens); !ready) return ready.error();
        if (!s->readiness.open()) return Error::system;
        if (listens) {
            const Error error = s->listener.open(s->readiness, options_, port, system_error_);
            if (error != Error::none) return error;
            s->local = s->listener.local_address();
        }
        s->now = now();
        state_ = std::move(s);
        return state_->local;
    });
}

template <class Framing, class Cover>
Result<ConnectionAddress> Connections<Framing, Cover>::resolve(std::string_view text) {
    const Result<detail::Location> location = Framing::locate(text, Cover::encrypted);
    if (!location) return location.error();
    const Result<HostAndPort> parts = split_address(location->place);
    if (!parts) return parts.error();
    return detail::caught<Address>(system_error_, [&]() -> Result<Address> {
        const auto found = detail::look_up(*parts, system_error_, [&](const IpAddress& address) {
            return address.is_v4() ? options_.ipv4 : options_.ipv6;
        });
        if (!found) return found.error();
        // Its own name is asked for where that is not what the address says already.
        const bool literal = parts->bracketed || parts->host.empty() || IpAddress::parse(*parts);
        const bool local = parts->host == "localhost" && !Cover::encrypted;
        if ((literal || local) && location->path.empty()) return Address(*found);
        return Address(*found, 0,
                       names_.remember({literal ? std::string() : std::string(parts->host), location->path}));
    });
}

// The connection, or none where one has to be dialled first.
template <class Framing, class Cover>
Sent Connections<Framing, Cover>::make_room(const Address& to, std::size_t size, Connection*& c) {
    if (!is_open()) return Sent::closed;
    if (size > detail::frame_max || size == 0) return Sent::too_big; // a frame holds something
    c = state_->table.find(to);
    if (c == nullptr) {
        // Whoever is told of a loss is told before another is made.
        for (const Lost& lost : state_->lost)
            if (lost.of == to) return Sent::closed;
        return to.serial == 0 && to.port != 0 ? Sent::sent : Sent::closed;
    }
    if (c->mute) return Sent::closed;
    const auto full = [&] { return c->out.size() != 0 && c->out.size() + size > options_.backlog_max; };
    if (!full()) return Sent::sent;
    c->blocked = false; // it is asked once more
    push(*c);
    return c->mute ? Sent::closed : full() ? Sent::would_block : Sent::sent;
}

template <class Framing, class Cover>
detail::Connection<Framing, Cover>* Connections<Framing, Cover>::dial(const Address& to) {
    State& s = *state_;
    const Instant at = now();
    Connection* c = s.table.add(to, false);
    if (c == nullptr) return nullptr;
    c->dialled = true;
    c->deadline = at + options_.dial_max;
    ++counters_.dialled;
    const detail::Asked* asked = names_.find(to.name);
    const std::error_code code = asked == nullptr ? std::make_error_code(std::errc::invalid_argument)
                                                  : c->socket.dial(to, socket_options());
    if (code || !s.readiness.watch(c->socket.handle(), c->slot, true, c->writing = true)) {
        if (code) system_error_ = code;
        s.lost.push_back({to, Error::unreachable});
        ++counters_.lost;
        c->socket.close();
        s.table.retire(*c);
        return nullptr;
    }
    c->framing.begin(s.framing, true, to, *asked, s.random, c->out);
    due(c->deadline);
    return c;
}

template <class Framing, class Cover>
void Connections<Framing, Cover>::accept_some() {
    State& s = *state_;
    for (std::size_t i = 0; i < accepted_at_once; ++i) {
        IpAddress from;
        std::error_code code;
        detail::StreamSocket socket = s.listener.next(s.readiness, s.now, from, socket_options(), code);
        if (code) system_error_ = code;
        if (!socket.is_open()) return due(s.listener.again());
        Connection* c = s.table.add(Address(from, s.table.next_serial()), true);
        if (c == nullptr || !s.readiness.watch(socket.handle(), c->slot, true, false)) {
            ++counters_.turned_away;
            if (c != nullptr) s.table.retire(*c);
            continue;
        }
        ++counters_.accepted;
        c->socket = std::move(socket);
        c->deadline = s.now + options_.silence_max;
        due(c->deadline);
        c->stage = detail::Stage::covering;
        c->framing.begin(s.framing, false, c->address, *names_.find(0), s.random, c->out);
        if (c->cover.start(s.cover, c->socket, false, c->address, {}))
            cover(*c);
        else
            part(*c, Error::system, false);
    }
}

// Goes on with the handshake of the cover, and begins the framing when that is done.
template <class Framing, class Cover>
void Connections<Framing, Cover>::cover(Connection& c) {
    switch (c.cover.shake_hands()) {
        case detail::Moving::later:
            return c.watch(state_->readiness);
        case detail::Moving::moved:
            c.stage = detail::Stage::open;
            if (c.dialled && c.framing.is_open()) c.deadline = Instant::never();
            return push(c);
        default:
            part(c, c.cover.error(), false);
    }
}

template <class Framing, class Cover>
template <class F>
void Connections<Framing, Cover>::see_to(Connection& c, bool readable, bool writable, F& f) {
    if (c.stage == detail::Stage::dialling) {
        if (!writable) return;
        if (const std::error_code code = c.socket.dialled()) {
            system_error_ = code;
            const bool refused = code == std::errc::connection_refused;
            return part(c, refused ? Error::refused : Error::unreachable, false);
        }
        const detail::Asked* wanted = names_.find(c.address.name);
        c.stage = detail::Stage::covering;
        if (wanted == nullptr || !c.cover.start(state_->cover, c.socket, true, c.address, wanted->host))
            return part(c, Error::system, false);
    }
    if (c.stage == detail::Stage::covering) {
        cover(c);
        if (c.stage != detail::Stage::open) return;
    }
    if (writable) {
        c.blocked = false;
        push(c);
    }
    if (readable || writable) receive(c, f);
}

template <class Framing, class Cover>
template <class F>
void Connections<Framing, Cover>::receive(Connection& c, F& f) {
    State& s = *state_;
    for (std::size_t taken = 0; taken < options_.bytes_per_poll || c.cover.holds_bytes();) {
        const bool heeded = c.stage == detail::Stage::open;
        // One large room for all: a connection keeps what is left of a frame, and grows where that is much.
        detail::ByteQueue& in = c.in.size() <= kept_most ? s.intake : c.in;
        if (&in == &s.intake && in.append(c.in.front())) c.in.clear();
        const std::size_t wanted = &in == &c.in ? in.size() : std::size_t(detail::frame_max);
        const BytesOut room = heeded ? in.room(wanted) : s.buffer();
        ++counters_.calls_in;
        const detail::Moved moved = c.cover.read(c.socket, room);
        if (moved.how != detail::Moving::moved) {
            if (!keep(c)) return;
            if (moved.how == detail::Moving::later) break;
            return part(c, Error::closed, false);
        }
        taken += moved.bytes;
        counters_.bytes_in += moved.bytes;
        if (heeded) {
            in.add(moved.bytes);
            const std::size_t said = c.out.size();
            const bool goes_on = digest(c, in, f);
            if (state_.get() != &s) return;
            if (!keep(c) || c.stage == detail::Stage::gone) return;
            if (!goes_on || (c.out.size() != said && !c.queued)) push(c);
        }
        if (!Cover::reads_in_pieces && moved.bytes < room.size()) break;
    }
    c.watch(s.readiness);
}

// Everything whole that has come in; false when nothing more is to be read.
template <class Framing, class Cover>
template <class F>
bool Connections<Framing, Cover>::digest(Connection& c, detail::ByteQueue& in, F& f) {
    State& s = *state_;
    using What = detail::FrameRead::What;
    for (;;) {
        const detail::FrameRead read = c.framing.read(in, c.out);
        if (read.what == What::more) return true;
        if (read.what == What::over) {
            if (read.error == Error::malformed || read.error == Error::too_large) ++counters_.malformed;
            return part(c, read.error, true), false;
        }
        if (read.what == What::again) {
            // A guest that was let in may speak.
            if (c.dialled && c.framing.is_open()) c.deadline = Instant::never();
            push(c);
            continue;
        }
        ++counters_.frames_in;
        c.heard = true;
        c.deadline = Instant::never();
        f(Address(c.address), Lane{}, read.bytes);
        if (state_.get() != &s || c.stage != detail::Stage::open) return false;
        in.take(read.used);
    }
}

template <class Framing, class Cover>
void Connections<Framing, Cover>::expire() {
    State& s = *state_;
    if (s.now < s.deadline) return;
    s.deadline = Instant::never();
    if (s.listener.again() <= s.now) s.listener.resume(s.readiness);
    due(s.listener.again());
    s.table.each([&](Connection& c) {
        if (c.deadline > s.now) return due(c.deadline);
        if (c.is_up()) ++counters_.timed_out;
        part(c, Error::timed_out, false);
    });
}

template <class Framing, class Cover>
void Connections<Framing, Cover>::part(Connection& c, Error why, bool lingers) {
    State& s = *state_;
    if (c.is_up()) {
        s.table.unlist(c);
        if (why != Error::none) {
            ++counters_.lost;
            if (c.dialled || c.heard) s.lost.push_back({c.address, why});
        }
        lingers = lingers && c.can_speak();
        c.stage = detail::Stage::leaving;
        if (lingers) {
            c.deadline = now() + options_.linger_max;
            due(c.deadline);
            return push(c);
        }
    }
    if (!lingers && c.stage == detail::Stage::leaving) release(c);
}

} // namespace tenon::transport
