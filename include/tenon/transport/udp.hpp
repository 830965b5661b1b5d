#pragma once
// Udp: the native datagram transport, over IPv4 and IPv6 with one socket, and the only header that meets
// Asio. Asio opens, configures and resolves; on Linux the packets themselves go in batches (sendmmsg and
// recvmmsg, segmented and coalesced by the kernel where it can), elsewhere one by one through Asio.

#ifndef ASIO_STANDALONE
#define ASIO_STANDALONE
#endif
#ifndef ASIO_NO_DEPRECATED
#define ASIO_NO_DEPRECATED
#endif

#include "tenon/core/config.hpp"
#if !TENON_HAS_EXCEPTIONS && !defined(ASIO_NO_EXCEPTIONS)
#define ASIO_NO_EXCEPTIONS
#endif
#if !defined(__cpp_rtti) && !defined(_CPPRTTI) && !defined(ASIO_NO_TYPEID)
#define ASIO_NO_TYPEID
#endif
#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "tenon/transport/address.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/now.hpp"

#if defined(__linux__)
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/random.h>
#include <sys/socket.h>
#else
#include <random>
#endif
#if !defined(_WIN32)
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
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

} // namespace tenon::transport

namespace tenon::transport::detail {

using AsioUdp = asio::ip::udp;
using AsioSocket = asio::basic_datagram_socket<AsioUdp, asio::io_context::executor_type>;
using AsioResolver = asio::ip::basic_resolver<AsioUdp, asio::io_context::executor_type>;

inline AsioUdp::endpoint to_endpoint(const IpAddress& address, bool as_v4) {
    if (as_v4) {
        asio::ip::address_v4::bytes_type bytes;
        for (std::size_t i = 0; i < 4; ++i) bytes[i] = address.bytes[12 + i];
        return {asio::ip::address_v4(bytes), address.port};
    }
    asio::ip::address_v6::bytes_type bytes;
    for (std::size_t i = 0; i < 16; ++i) bytes[i] = address.bytes[i];
    return {asio::ip::address_v6(bytes, address.scope), address.port};
}

inline IpAddress from_endpoint(const AsioUdp::endpoint& endpoint) {
    if (endpoint.address().is_v4()) {
        const auto b = endpoint.address().to_v4().to_bytes();
        return IpAddress::v4(b[0], b[1], b[2], b[3], endpoint.port());
    }
    const asio::ip::address_v6 v6 = endpoint.address().to_v6();
    IpAddress address = IpAddress::any(endpoint.port());
    const auto bytes = v6.to_bytes();
    for (std::size_t i = 0; i < 16; ++i) address.bytes[i] = bytes[i];
    address.scope = static_cast<std::uint32_t>(v6.scope_id());
    return address;
}

inline Error to_error(const std::error_code& code) {
    if (code == std::errc::address_in_use) return Error::port_in_use;
    if (code == std::errc::permission_denied || code == std::errc::operation_not_permitted)
        return Error::not_permitted;
    if (code == std::errc::address_not_available || code == std::errc::network_unreachable ||
        code == std::errc::host_unreachable || code == std::errc::address_family_not_supported)
        return Error::unreachable;
    return Error::system;
}

// Datagrams on their way out: one after another in `bytes`, each run of equal ones to one address an entry.
struct UdpOutgoing {
    struct Entry {
        IpAddress to;
        std::uint32_t begin, size, segment; // the last segment may be shorter
        bool open;                          // another datagram may join
        bool single;                        // the kernel would not segment it
    };
    static constexpr std::size_t bytes_max = 256u << 10; // stays in a core's own cache
    static constexpr std::size_t entries_max = 64;
    static constexpr std::uint32_t run_bytes = 65'000, run_segments = 64; // what every kernel with GSO takes

    std::unique_ptr<std::byte[]> bytes{new std::byte[bytes_max]};
    std::unique_ptr<Entry[]> entries{new Entry[entries_max]};
    std::size_t first = 0, count = 0, used = 0;

    bool empty() const { return first == count; }
    bool has_room(std::size_t size) const { return used + size <= bytes_max && count < entries_max; }
    BytesOut room(std::size_t size) { return {bytes.get() + used, size}; }

    void add(const IpAddress& to, std::size_t bytes_size, bool join) {
        const auto size = static_cast<std::uint32_t>(bytes_size);
        const auto begin = static_cast<std::uint32_t>(used);
        used += size;
        if (join && count > first && size > 0) {
            Entry& last = entries[count - 1];
            if (last.open && size <= last.segment && last.size + size <= run_bytes && last.to == to &&
                last.size < last.segment * run_segments) {
                last.size += size;
                last.open = size == last.segment;
                return;
            }
        }
        entries[count++] = {to, begin, size, size, size > 0, false};
    }
    void consume(std::uint32_t size) {
        Entry& entry = entries[first];
        entry.begin += size;
        entry.size -= size;
        if (entry.size == 0) ++first;
    }
    void clear() { first = count = used = 0; }
};

#if defined(__linux__)
#ifdef UDP_SEGMENT
inline constexpr int udp_segment = UDP_SEGMENT, udp_gro = UDP_GRO;
#else
inline constexpr int udp_segment = 103, udp_gro = 104;
#endif

// The system's structures for one batch, chained once; each call fills in what changes.
template <std::size_t Slots, class Number>
struct MessageBatch {
    union Address {
        sockaddr_in v4;
        sockaddr_in6 v6;
    };
    struct alignas(cmsghdr) Control {
        unsigned char bytes[CMSG_SPACE(sizeof(Number))];
    };
    std::array<mmsghdr, Slots> headers{};
    std::array<iovec, Slots> pieces{};
    std::array<Address, Slots> addresses{};
    std::array<Control, Slots> controls{};

    MessageBatch() {
        for (std::size_t i = 0; i < Slots; ++i) {
            headers[i].msg_hdr.msg_iov = &pieces[i];
            headers[i].msg_hdr.msg_iovlen = 1;
            headers[i].msg_hdr.msg_name = &addresses[i];
        }
    }
    MessageBatch(const MessageBatch&) = delete;
    MessageBatch& operator=(const MessageBatch&) = delete;

    void set_address(std::size_t i, const IpAddress& to, bool as_v4) {
        if (as_v4) {
            sockaddr_in& in = addresses[i].v4;
            in.sin_family = AF_INET;
            in.sin_port = htons(to.port);
            std::memcpy(&in.sin_addr, to.bytes.data() + 12, 4);
            headers[i].msg_hdr.msg_namelen = sizeof in;
        } else {
            sockaddr_in6& in = addresses[i].v6;
            in = {};
            in.sin6_family = AF_INET6;
            in.sin6_port = htons(to.port);
            in.sin6_scope_id = to.scope;
            std::memcpy(&in.sin6_addr, to.bytes.data(), 16);
            headers[i].msg_hdr.msg_namelen = sizeof in;
        }
    }
    IpAddress address(std::size_t i) const {
        if (addresses[i].v6.sin6_family == AF_INET6) {
            IpAddress from = IpAddress::any(ntohs(addresses[i].v6.sin6_port));
            std::memcpy(from.bytes.data(), &addresses[i].v6.sin6_addr, 16);
            from.scope = addresses[i].v6.sin6_scope_id;
            return from;
        }
        IpAddress from = IpAddress::any_v4(ntohs(addresses[i].v4.sin_port));
        std::memcpy(from.bytes.data() + 12, &addresses[i].v4.sin_addr, 4);
        return from;
    }
    void set_number(std::size_t i, int type, Number number, bool wanted) {
        msghdr& header = headers[i].msg_hdr;
        header.msg_control = nullptr;
        header.msg_controllen = 0;
        if (!wanted) return;
        header.msg_control = controls[i].bytes;
        header.msg_controllen = sizeof controls[i].bytes;
        cmsghdr* control = CMSG_FIRSTHDR(&header);
        control->cmsg_level = IPPROTO_UDP;
        control->cmsg_type = type;
        control->cmsg_len = CMSG_LEN(sizeof number);
        std::memcpy(CMSG_DATA(control), &number, sizeof number);
    }
    // Resets what the kernel's last answer has overwritten.
    void expect(std::size_t i, bool with_number) {
        msghdr& header = headers[i].msg_hdr;
        header.msg_namelen = sizeof(Address);
        header.msg_control = with_number ? controls[i].bytes : nullptr;
        header.msg_controllen = with_number ? sizeof controls[i].bytes : 0;
    }
    // The number that the kernel attached, or 0.
    Number number(std::size_t i, int type) const {
        Number value = 0;
        const msghdr& header = headers[i].msg_hdr;
        const cmsghdr* control = CMSG_FIRSTHDR(&header);
        if (control != nullptr && control->cmsg_level == IPPROTO_UDP && control->cmsg_type == type)
            std::memcpy(&value, CMSG_DATA(control), sizeof value);
        return value;
    }
};
#endif

struct AsioSide {
    asio::io_context context{1};
    AsioSocket socket{context};
};

// Everything of an open socket, in one place that stays when the Udp moves.
struct UdpState {
    // A datagram, or what the kernel joined, is at most 65,535 bytes. The odd half page keeps the slots'
    // first lines apart in the cache, where small datagrams would otherwise evict each other.
    static constexpr std::size_t slot_bytes = 65'536 + 512, slots = 32;

    UdpState() = default;
    UdpState(const UdpState&) = delete;
    UdpState& operator=(const UdpState&) = delete;
    ~UdpState() { close(); }

    void close() {
        by_asio.reset();
#if defined(__linux__)
        if (batched >= 0) ::close(batched);
        batched = -1;
#endif
    }
    std::byte* slot(std::size_t i) { return incoming.get() + i * slot_bytes; }

    std::unique_ptr<AsioSide> by_asio{new AsioSide};
    UdpOutgoing outgoing;
    std::unique_ptr<std::byte[]> incoming{new std::byte[slot_bytes * slots]};
    bool v4 = false, gso = false, gro = false, blocked = false, polling = false;
    bool joined = false; // the last batch was of large pieces
#if defined(__linux__)
    int batched = -1; // the socket, once it has left Asio
    MessageBatch<64, std::uint16_t> out;
    std::array<std::uint32_t, 64> out_sizes{};
    MessageBatch<slots, int> in;
#endif
};

} // namespace tenon::transport::detail

namespace tenon::transport {

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
        state_->close();
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
        Polling guard{*this, *state_};
        for (std::size_t taken = 0; taken < options_.datagrams_per_poll && state_.get() == &guard.state;)
            if (!receive_some(guard.state, taken, f)) break;
    }
    // Flushes, and sleeps until then, until a datagram is there, or until what was blocked can go. A signal
    // may end it early.
    void wait(Instant until);

    bool is_open() const { return state_ != nullptr; }
    Address local_address() const { return is_open() ? local_ : Address{}; }
    // The system holds back what was sent; until it has gone, send() gives would_block.
    bool is_blocked() const { return is_open() && state_->blocked; }
    const UdpCounters& counters() const { return counters_; }
    // What the operating system said when it last refused something.
    std::error_code system_error() const { return system_error_; }
    std::uint64_t entropy();

  private:
    using State = detail::UdpState;

    // A closed socket's buffers outlive the handler that is reading from them.
    struct Polling {
        Udp& udp;
        State& state;
        Polling(Udp& u, State& s) : udp(u), state(s) { state.polling = true; }
        Polling(const Polling&) = delete;
        Polling& operator=(const Polling&) = delete;
        ~Polling() {
            state.polling = false;
            if (udp.retired_.get() == &state) udp.retired_.reset();
        }
    };

    Error fail(const std::error_code& code) {
        system_error_ = {code.value(), std::system_category()};
        return detail::to_error(system_error_);
    }
    template <class T, class F>
    Result<T> caught(F&& f);
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
    std::unique_ptr<State> state_, retired_;
    Address local_{}, prepared_to_{};
    Sent prepared_ = Sent::closed;
    UdpCounters counters_;
    std::error_code system_error_;
};
static_assert(TransportPolicy<Udp> && LendsBuffer<Udp>);

// Asio's constructors and the standard library may throw where the system is out of something.
template <class T, class F>
Result<T> Udp::caught(F&& f) {
#if TENON_HAS_EXCEPTIONS
    try {
        return f();
    } catch (const std::system_error& error) {
        return fail(error.code());
    } catch (...) {
        return fail(std::make_error_code(std::errc::not_enough_memory));
    }
#else
    return f();
#endif
}

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
        std::error_code code;
        const detail::AsioUdp::endpoint bound = state->by_asio->socket.local_endpoint(code);
        if (code) return fail(code);
        configure(*state);
        local_ = detail::from_endpoint(bound);
        state_ = std::move(state);
        return local_;
    });
}

inline Error Udp::bind(State& state, std::uint16_t port, bool v4) {
    detail::AsioSocket& socket = state.by_asio->socket;
    std::error_code code, best_effort;
    if (socket.is_open()) socket.close(best_effort);
    socket.open(v4 ? detail::AsioUdp::v4() : detail::AsioUdp::v6(), code);
    if (code) return fail(code);
    if (!v4) socket.set_option(asio::ip::v6_only(!options_.ipv4), best_effort);
    const auto bytes = [](std::uint32_t n) { return static_cast<int>(n < 0x7FFF'FFFF ? n : 0x7FFF'FFFF); };
    socket.set_option(asio::socket_base::receive_buffer_size(bytes(options_.receive_buffer)), best_effort);
    socket.set_option(asio::socket_base::send_buffer_size(bytes(options_.send_buffer)), best_effort);
    socket.non_blocking(true, code);
    if (code) return fail(code);
    IpAddress to = v4 && options_.bind.is_any() ? IpAddress::any_v4() : options_.bind;
    to.port = port;
    socket.bind(detail::to_endpoint(to, v4), code);
    if (code) return fail(code);
    state.v4 = v4;
    return Error::none;
}

// The batched socket leaves Asio, whose reactor would be told of every packet without ever being asked.
inline void Udp::configure([[maybe_unused]] State& state) {
#if defined(__linux__)
    if (!options_.batch) return;
    std::error_code code;
    const int handle = state.by_asio->socket.release(code);
    if (code) return;
    state.by_asio.reset();
    state.batched = handle;
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
    if (parts->host == "localhost") return Address::loopback(parts->port);
    const Result<Address> literal = Address::parse(*parts);
    if (literal || parts->bracketed) return literal;
    // What ends in a digit was meant as a number, and some name services read "1.2.3" as an address.
    const std::string_view last = parts->host.substr(parts->host.rfind('.') + 1);
    if (last.empty() || detail::is_digit(last[0])) return Error::bad_address;
    for (const char c : parts->host)
        if (c <= ' ' || c > '~' || c == '/' || c == '@' || c == '%') return Error::bad_address;
    return caught<Address>([&]() -> Result<Address> {
        asio::io_context context{1};
        detail::AsioResolver resolver(context);
        std::error_code code;
        const auto found = resolver.resolve(std::string(parts->host), std::to_string(parts->port),
                                            asio::ip::resolver_base::address_configured, code);
        if (code) system_error_ = code;
        const bool v4_only = is_open() ? state_->v4 : !options_.ipv6;
        for (const auto& entry : found) {
            const Address address = detail::from_endpoint(entry.endpoint());
            if (address.is_v4() ? options_.ipv4 : !v4_only) return address;
        }
        return Error::unknown_host;
    });
}

// One system call. False when the system has no room now; true also when something was refused for good, and
// counted.
inline bool Udp::send_some() {
    detail::UdpOutgoing& outgoing = state_->outgoing;
    ++counters_.calls_out;
#if defined(__linux__)
    if (state_->batched >= 0) {
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
        const int taken = sendmmsg(state_->batched, out.headers.data(), n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (taken < 0) return send_refused(state_->out_sizes[0], {errno, std::system_category()});
        for (int i = 0; i < taken; ++i) sent(state_->out_sizes[static_cast<std::size_t>(i)]);
        return true;
    }
#endif
    const auto& entry = outgoing.entries[outgoing.first];
    std::error_code code;
    state_->by_asio->socket.send_to(asio::const_buffer(outgoing.bytes.get() + entry.begin, entry.size),
                                    detail::to_endpoint(entry.to, state_->v4), 0, code);
    if (code) return send_refused(entry.size, {code.value(), std::system_category()});
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
    if (code == errc::operation_would_block || code == errc::resource_unavailable_try_again ||
        code == errc::no_buffer_space || code == errc::not_enough_memory)
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
    if (state.batched >= 0) return receive_batch(state, taken, f);
#endif
    ++taken;
    detail::AsioUdp::endpoint from;
    std::error_code code;
    const std::size_t size =
        state.by_asio->socket.receive_from(asio::mutable_buffer(state.slot(0), 65'536), from, 0, code);
    if (code) return receive_refused({code.value(), std::system_category()});
    ++counters_.datagrams_in;
    counters_.bytes_in += size;
    f(detail::from_endpoint(from), Lane{}, BytesIn{state.slot(0), size});
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
    const int count =
        recvmmsg(state.batched, in.headers.data(), static_cast<unsigned>(slots), MSG_DONTWAIT, nullptr);
    if (count < 0) {
        ++taken;
        return receive_refused({errno, std::system_category()});
    }
    const auto pieces = static_cast<std::size_t>(count);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < pieces && state_.get() == &state; ++i) {
        const std::size_t size = in.headers[i].msg_len;
        const int joined = state.gro ? in.number(i, detail::udp_gro) : 0;
        const std::size_t segment = joined > 0 ? static_cast<std::size_t>(joined) : size;
        const Address from = in.address(i);
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
    if (code == errc::operation_would_block || code == errc::resource_unavailable_try_again) return false;
    if (code == errc::connection_refused || code == errc::connection_reset) return ++counters_.refused, true;
    system_error_ = code;
    return false;
}

inline void Udp::wait(Instant until) {
    flush();
    const Instant start = now();
    if (until <= start || (!is_open() && until == Instant::never())) return;
    const std::int64_t left = (until - start).ns;
    const bool writing = is_blocked();
#if defined(_WIN32)
    const std::int64_t us = left / 1000 < 1'000'000'000 ? left / 1000 : 1'000'000'000;
    timeval timeout{static_cast<long>(us / 1'000'000), static_cast<long>(us % 1'000'000)};
    fd_set reading_set, writing_set;
    FD_ZERO(&reading_set);
    FD_ZERO(&writing_set);
    if (!is_open()) return Sleep(static_cast<DWORD>(us / 1000));
    FD_SET(state_->by_asio->socket.native_handle(), &reading_set);
    if (writing) FD_SET(state_->by_asio->socket.native_handle(), &writing_set);
    ::select(0, &reading_set, &writing_set, nullptr, &timeout);
#else
    pollfd entry{-1, static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), 0};
    if (is_open() && state_->by_asio) entry.fd = state_->by_asio->socket.native_handle();
#if defined(__linux__)
    if (is_open() && state_->batched >= 0) entry.fd = state_->batched;
    const timespec timeout{static_cast<time_t>(left / 1'000'000'000),
                           static_cast<long>(left % 1'000'000'000)};
    ::ppoll(&entry, 1, until == Instant::never() ? nullptr : &timeout, nullptr);
#else
    const std::int64_t ms = left / 1'000'000 < 1'000'000'000 ? left / 1'000'000 : 1'000'000'000;
    ::poll(&entry, 1, until == Instant::never() ? -1 : static_cast<int>(ms));
#endif
#endif
    if (writing) flush();
}

// From the system's source of secrets. Without one nothing that rests on it may go on.
inline std::uint64_t Udp::entropy() {
#if defined(__linux__)
    std::uint64_t value = 0;
    while (getrandom(&value, sizeof value, 0) != sizeof value)
        if (errno != EINTR) std::abort();
    return value;
#else
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
#endif
}

} // namespace tenon::transport

#if !TENON_HAS_EXCEPTIONS
// Asio leaves this to the program where there are no exceptions.
namespace asio::detail {
#ifdef ASIO_SOURCE_LOCATION_PARAM
template <class Exception>
void throw_exception(const Exception& ASIO_SOURCE_LOCATION_PARAM) {
    std::abort();
}
#else
template <class Exception>
void throw_exception(const Exception&) {
    std::abort();
}
#endif
} // namespace asio::detail
#endif
