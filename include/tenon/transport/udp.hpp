#pragma once
// Udp: the native datagram transport, over IPv4 and IPv6 with one socket, as
// every game outside the browser plays. On Linux the packets go in batches (sendmmsg and recvmmsg, segmented
// and coalesced by the kernel where it can), elsewhere one by one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "tenon/core/config.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/datagram_socket.hpp"
#include "tenon/transport/entropy.hpp"
#include "tenon/transport/host_names.hpp"
#include "tenon/transport/interfaces.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/polling.hpp"
#include "tenon/transport/sleep.hpp"
#include "tenon/transport/udp_batch.hpp"

#if defined(__linux__)
#include <netinet/in.h>
#include <sys/socket.h>
#endif

namespace tenon::transport {

struct UdpOptions {
    IpAddress bind = IpAddress::any();      // IpAddress::loopback(0) hears this machine alone
    bool ipv6 = true;                       // false: IPv4 alone
    bool ipv4 = true;                       // false: IPv6 alone
    std::uint32_t receive_buffer = 4 << 20; // asked of the system, which may give less
    std::uint32_t send_buffer = 4 << 20;
    std::uint16_t datagrams_per_poll = 4096; // poll() ends with the batch that reaches this
    bool batch = true;                       // many datagrams a system call, where the system has it
    bool gso = true;                         // let the kernel cut equal datagrams from one buffer
    bool gro = true;                         // let the kernel join them again
};

struct UdpCounters {
    std::uint64_t datagrams_in = 0, bytes_in = 0, datagrams_out = 0, bytes_out = 0;
    std::uint64_t calls_in = 0, calls_out = 0;  // system calls
    std::uint64_t segmented = 0, coalesced = 0; // datagrams that went out by GSO, and came in by GRO
    std::uint64_t blocked = 0;                  // times that the system's buffer was full
    std::uint64_t refused = 0;                  // heard that nobody listens there
    std::uint64_t unreachable = 0, oversize = 0, failed = 0; // datagrams that the system would not send
};

namespace detail {

// Everything of an open socket, in one place that stays when the Udp moves.
struct UdpState {
    // A datagram, or what the kernel joined, is at most 65,535 bytes. The odd half page keeps the slots'
    // first lines apart in the cache, where small datagrams would otherwise evict each other.
    static constexpr std::size_t slot_bytes = 65'536 + 512, slots = 32;

    std::byte* slot(std::size_t i) { return incoming.get() + i * slot_bytes; }

    DatagramSocket socket;
    UdpOutgoing outgoing;
    std::unique_ptr<std::byte[]> incoming{new std::byte[slot_bytes * slots]};
    bool v4 = false, gso = false, gro = false, blocked = false, polling = false;
    bool joined = false; // the last batch was of large pieces
#if defined(__linux__)
    MessageBatch<64, std::uint16_t> out;
    std::array<std::uint32_t, 64> out_sizes{};
    MessageBatch<slots, int> in;
#endif
};

} // namespace detail

class Udp {
  public:
    using Address = IpAddress;
    static constexpr TransportTraits traits{};
    static constexpr std::size_t datagram_max = 65'507;

    explicit Udp(UdpOptions options = {}) : options_(options) {}
    Udp(Udp&&) noexcept = default;
    Udp& operator=(Udp&&) noexcept = default;

    // Binds to the port, or to a free one for 0, and returns where: with the bind option's address, which may
    // be "any".
    Result<Address> open(std::uint16_t port);
    // Literals at once; a name asks the system's name service, and blocks for as long as that takes.
    Result<Address> resolve(std::string_view text);
    // What was not flushed is gone. A handler that poll() calls may close, and open again.
    void close() {
        if (!is_open()) return;
        state_->socket.close();
        if (state_->polling) retired_ = std::move(state_);
        state_.reset();
    }

    Sent send(const Address& to, Lane, BytesIn datagram) {
        const Sent ready = make_room(datagram.size());
        if (ready != Sent::sent) return ready;
        copy(state_->outgoing.room(datagram.size()).data(), datagram);
        add(to, datagram.size());
        return Sent::sent;
    }
    BytesOut prepare(const Address& to, Lane, std::size_t size) {
        prepared_ = make_room(size);
        prepared_to_ = to;
        return prepared_ == Sent::sent ? state_->outgoing.room(size) : BytesOut{};
    }
    Sent commit(std::size_t size) {
        if (prepared_ == Sent::sent && size != 0) add(prepared_to_, size);
        return prepared_;
    }
    void flush() {
        if (!is_open()) return;
        while (!state_->outgoing.empty()) {
            if (send_some()) continue;
            ++counters_.blocked;
            state_->blocked = true;
            return;
        }
        state_->outgoing.clear();
        state_->blocked = false;
    }

    template <class F>
    void poll(F&& f) {
        if (!is_open() || state_->polling || retired_) return;
        const detail::Polling<State> guard{retired_, *state_};
        for (std::size_t taken = 0; taken < options_.datagrams_per_poll && state_.get() == &guard.state;)
            if (!receive_some(guard.state, taken, f)) break;
    }
    // Flushes, and sleeps until then, until a datagram is there, until what was blocked can go, or until it
    // is woken. A signal may end it early.
    void wait(Instant until, Waker* waker = nullptr);

    bool is_open() const { return state_ != nullptr; }
    Address local_address() const { return is_open() ? local_ : Address{}; }
    // f(address) for each at which this socket is reached from the networks that this machine is in, but for
    // those that mean something on one link alone.
    template <class F>
    void each_local_address(F&& f) const {
        if (!is_open() || local_.is_loopback()) return;
        if (!local_.is_any()) return f(local_);
        for_each_interface([&](const Interface& one) {
            if (one.loopback || one.address.scope != 0 || (state_->v4 && !one.address.is_v4())) return;
            if (one.address.is_v4() ? !options_.ipv4 : !options_.ipv6) return;
            Address at = one.address;
            at.port = local_.port;
            f(static_cast<const Address&>(at));
        });
    }
    // The system holds back what was sent; until it has gone, send() gives would_block.
    bool is_blocked() const { return is_open() && state_->blocked; }
    const UdpCounters& counters() const { return counters_; }
    // The system's socket, for whoever waits for more than this.
    detail::NativeSocket handle() const;
    // What the operating system said when it last refused something.
    std::error_code system_error() const { return system_error_; }
    std::uint64_t entropy() { return detail::system_entropy(); }

  private:
    using State = detail::UdpState;

    Error fail(const std::error_code& code) {
        system_error_ = code;
        return detail::to_error(code);
    }
    template <class T, class F>
    Result<T> caught(F&& f) {
        return detail::caught<T>(system_error_, std::forward<F>(f));
    }
    Error bind(State& state, std::uint16_t port, bool v4);
    void configure(State& state);

    Sent make_room(std::size_t size) {
        if (!is_open()) return Sent::closed;
        if (size > datagram_max) return Sent::too_big;
        if (!state_->blocked && !state_->outgoing.has_room(size)) flush();
        return state_->blocked ? Sent::would_block : Sent::sent;
    }
    void add(const Address& to, std::size_t size) {
        if (state_->v4 && !to.is_v4())
            ++counters_.unreachable;
        else
            state_->outgoing.add(to, size, state_->gso);
    }
    bool send_some();
    bool send_refused(std::uint32_t size, const std::error_code& code);
    void sent(std::uint32_t size);
    template <class F>
    bool receive_some(State& state, std::size_t& taken, F& f);
    template <class F>
    bool receive_batch(State& state, std::size_t& taken, F& f);
    bool receive_refused(const std::error_code& code);

    UdpOptions options_;
    std::unique_ptr<State> state_, retired_; // retired_: closed by a handler that reads from it
    Address local_{}, prepared_to_{};
    Sent prepared_ = Sent::closed;
    UdpCounters counters_;
    std::error_code system_error_;
};

inline Result<IpAddress> Udp::open(std::uint16_t port) {
    if (is_open()) return Error::already_open;
    return caught<Address>([&]() -> Result<Address> {
        auto state = std::make_unique<State>();
        const bool any = options_.bind.is_any();
        Error error = Error::none;
        if (options_.ipv6 && !options_.bind.is_v4()) {
            error = bind(*state, port, false);
            // A machine without IPv6 still plays over IPv4.
            if (error == Error::unreachable && any && options_.ipv4) error = bind(*state, port, true);
        } else {
            error = any || options_.bind.is_v4() ? bind(*state, port, true) : Error::bad_address;
        }
        if (error != Error::none) return error;
        const Address bound = state->socket.local_address();
        if (bound.port == 0) return fail(detail::last_error());
        configure(*state);
        local_ = bound;
        state_ = std::move(state);
        return local_;
    });
}

inline Error Udp::bind(State& state, std::uint16_t port, bool v4) {
    detail::DatagramSocket& socket = state.socket;
    if (const std::error_code code = socket.open(v4, options_.ipv4)) return fail(code);
    socket.set_buffers(options_.receive_buffer, options_.send_buffer);
    IpAddress to = v4 && options_.bind.is_any() ? IpAddress::any_v4() : options_.bind;
    to.port = port;
    if (const std::error_code code = socket.bind(to, v4)) return fail(code);
    state.v4 = v4;
    return Error::none;
}

inline void Udp::configure([[maybe_unused]] State& state) {
#if defined(__linux__)
    if (!options_.batch) return;
    const int handle = state.socket.handle();
    for (std::size_t i = 0; i < State::slots; ++i) state.in.pieces[i] = {state.slot(i), 65'536};
    int value = 0;
    socklen_t size = sizeof value;
    // An older kernel would ignore the request in a message and send the run as one datagram.
    state.gso = options_.gso && getsockopt(handle, IPPROTO_UDP, detail::udp_segment, &value, &size) == 0;
    value = 1;
    state.gro = options_.gro && setsockopt(handle, IPPROTO_UDP, detail::udp_gro, &value, sizeof value) == 0;
#endif
}

inline Result<IpAddress> Udp::resolve(std::string_view text) {
    const Result<HostAndPort> parts = split_address(text);
    if (!parts) return parts.error();
    return caught<Address>([&] {
        const bool v4_only = is_open() ? state_->v4 : !options_.ipv6;
        return detail::look_up(*parts, system_error_, [&](const Address& address) {
            return address.is_v4() ? options_.ipv4 : !v4_only;
        });
    });
}

// One system call. False when the system has no room now; true also when something was refused for good, and
// counted.
inline bool Udp::send_some() {
    detail::UdpOutgoing& outgoing = state_->outgoing;
    ++counters_.calls_out;
#if defined(__linux__)
    if (options_.batch) {
        unsigned n = 0;
        auto& out = state_->out;
        for (std::size_t e = outgoing.first; e < outgoing.count && n < out.headers.size(); ++e) {
            const auto& entry = outgoing.entries[e];
            const bool whole = entry.size <= entry.segment || (state_->gso && !entry.single);
            const std::uint32_t step = whole ? entry.size : entry.segment;
            std::uint32_t offset = 0;
            do {
                const std::uint32_t size = entry.size - offset < step ? entry.size - offset : step;
                out.pieces[n] = {outgoing.bytes.get() + entry.begin + offset, size};
                out.set_address(n, entry.to, state_->v4);
                out.set_number(n, detail::udp_segment, static_cast<std::uint16_t>(entry.segment),
                               size > entry.segment);
                state_->out_sizes[n++] = size;
                offset += step;
            } while (offset < entry.size && n < out.headers.size());
        }
        const int taken =
            sendmmsg(state_->socket.handle(), out.headers.data(), n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (taken < 0) return send_refused(state_->out_sizes[0], detail::last_error());
        for (int i = 0; i < taken; ++i) sent(state_->out_sizes[static_cast<std::size_t>(i)]);
        return true;
    }
#endif
    const auto& entry = outgoing.entries[outgoing.first];
    const BytesIn datagram(outgoing.bytes.get() + entry.begin, entry.size);
    if (const std::error_code code = state_->socket.send(entry.to, state_->v4, datagram))
        return send_refused(entry.size, code);
    sent(entry.size);
    return true;
}

inline void Udp::sent(std::uint32_t size) {
    const auto& entry = state_->outgoing.entries[state_->outgoing.first];
    const std::uint64_t datagrams = size <= entry.segment ? 1 : (size + entry.segment - 1) / entry.segment;
    counters_.datagrams_out += datagrams;
    counters_.bytes_out += size;
    if (datagrams > 1) counters_.segmented += datagrams;
    state_->outgoing.consume(size);
}

inline bool Udp::send_refused(std::uint32_t size, const std::error_code& code) {
    using std::errc;
    if (code == errc::interrupted) return true;
    if (detail::is_later(code) || code == errc::no_buffer_space || code == errc::not_enough_memory)
        return false;
    // The answer to an earlier datagram, which the system reports once; this one has not been tried.
    if (code == errc::connection_refused || code == errc::connection_reset) return ++counters_.refused, true;
    system_error_ = code;
    auto& entry = state_->outgoing.entries[state_->outgoing.first];
    if (size > entry.segment) {
        // Segments above the path's size are refused, but as single datagrams they can be fragmented. EIO
        // means that the interface can't segment at all.
        entry.single = true;
        if (code == errc::io_error || code == errc::operation_not_supported ||
            code == errc::no_protocol_option)
            state_->gso = false;
        return true;
    }
    if (code == errc::message_size)
        ++counters_.oversize;
    else if (detail::to_error(code) == Error::unreachable)
        ++counters_.unreachable;
    else
        ++counters_.failed;
    state_->outgoing.consume(size);
    return true;
}

// One system call, and f for what it brought. False when there is nothing more now.
template <class F>
bool Udp::receive_some(State& state, std::size_t& taken, F& f) {
    ++counters_.calls_in;
#if defined(__linux__)
    if (options_.batch) return receive_batch(state, taken, f);
#endif
    ++taken;
    Address from;
    std::size_t size = 0;
    if (const std::error_code code = state.socket.receive(from, {state.slot(0), 65'536}, size))
        return receive_refused(code);
    ++counters_.datagrams_in;
    counters_.bytes_in += size;
    f(static_cast<const Address&>(from), Lane{}, BytesIn{state.slot(0), size});
    return true;
}

#if defined(__linux__)
template <class F>
bool Udp::receive_batch(State& state, std::size_t& taken, F& f) {
    auto& in = state.in;
    // Of large pieces only as many at a time as the cache holds until they are read.
    std::size_t slots = state.joined ? 4 : State::slots;
    if (slots > options_.datagrams_per_poll - taken) slots = options_.datagrams_per_poll - taken;
    for (std::size_t i = 0; i < slots; ++i) in.expect(i, state.gro);
    const int count = recvmmsg(state.socket.handle(), in.headers.data(), static_cast<unsigned>(slots),
                               MSG_DONTWAIT, nullptr);
    if (count < 0) {
        ++taken;
        return receive_refused(detail::last_error());
    }
    const auto pieces = static_cast<std::size_t>(count);
    std::size_t bytes = 0;
    constexpr std::size_t lead = LooksAhead<F, Address> ? 4 : 1; // how far ahead the senders are known
    Address senders[lead];
    std::size_t known = 0;
    for (std::size_t i = 0; i < pieces && state_.get() == &state; ++i) {
        for (; known != pieces && known < i + lead; ++known) {
            senders[known % lead] = in.address(known);
            if constexpr (LooksAhead<F, Address>)
                f.expect(senders[known % lead], {state.slot(known), in.headers[known].msg_len});
        }
        const Address& from = senders[i % lead];
        const std::size_t size = in.headers[i].msg_len;
        const int joined = state.gro ? in.number(i, detail::udp_gro) : 0;
        const std::size_t segment = joined > 0 ? static_cast<std::size_t>(joined) : size;
        bytes += size;
        std::size_t offset = 0;
        do {
            const std::size_t n = size - offset < segment ? size - offset : segment;
            ++counters_.datagrams_in;
            if (size > segment) ++counters_.coalesced;
            ++taken;
            f(from, Lane{}, BytesIn{state.slot(i) + offset, n});
            offset += segment;
        } while (offset < size && state_.get() == &state);
    }
    counters_.bytes_in += bytes;
    state.joined = bytes > pieces * 8192;
    return pieces == slots;
}
#endif

inline bool Udp::receive_refused(const std::error_code& code) {
    using std::errc;
    if (code == errc::interrupted) return true;
    if (detail::is_later(code)) return false;
    if (code == errc::connection_refused || code == errc::connection_reset) return ++counters_.refused, true;
    system_error_ = code;
    return false;
}

inline detail::NativeSocket Udp::handle() const {
    return is_open() ? state_->socket.handle() : detail::no_socket;
}

inline void Udp::wait(Instant until, Waker* waker) {
    flush();
    const Instant start = now();
    if (until <= start || (!is_open() && until == Instant::never())) return;
    const bool writing = is_blocked();
    detail::sleep_on(handle(), writing, until == Instant::never() ? Duration::max() : until - start, waker);
    if (writing) flush();
}

} // namespace tenon::transport
