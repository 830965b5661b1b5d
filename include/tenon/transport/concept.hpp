#pragma once
// What a transport is: a struct with static facts and a few functions that never throw. Sessions ask the
// facts with `if constexpr`, so what a transport already gives is not built again.

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

namespace transport {
class Waker;
}

struct TransportTraits {
    bool reliable = false;  // nothing is lost while it is open
    bool ordered = false;   // nothing overtakes
    bool encrypted = false; // nobody on the way can read or forge
    // The largest datagram that always fits; of a connected transport its largest frame.
    std::uint32_t datagram_bytes = 1200;
    std::uint8_t lanes = 1; // independent streams inside one connection
    bool guarded = false;   // it is encrypted by the Guard that it brings, not by itself
    bool connected = false; // a connection for each address: what blocks or breaks is that one alone
    bool mixed = false;     // it has roads of both kinds, and each address says of which it is
    bool datagrams = false; // beside each connection's stream it carries datagrams that may be lost
    bool bulk = false;      // and frames that have streams of their own
};

// The largest frame that connected transports carry: what the largest datagram of UDP would hold, and more.
inline constexpr std::size_t stream_frame_bytes = 66'000;

// Of an address of a mixed transport: whether what comes from there are frames of messages. A connection may
// also carry packets, which are then datagrams like all others.
template <class Address>
constexpr bool is_stream(const Address& address) {
    if constexpr (requires { address.is_stream(); }) return address.is_stream();
    return false;
}
// And whether that connection has datagrams beside its stream.
template <class Address>
constexpr bool has_datagrams_beside(const Address& address) {
    if constexpr (requires { address.has_datagrams(); }) return address.has_datagrams();
    return false;
}

// One of a transport's independent streams; datagram transports have only lane 0.
struct Lane {
    std::uint8_t value = 0;
    friend constexpr auto operator<=>(Lane, Lane) = default;
};

// Where a transport has connections and datagrams beside them, on lane 0 is the stream, and here are they.
inline constexpr Lane datagram_lane{1};
// And here frames of which each has a stream of its own: they come whole, and none waits for another.
inline constexpr Lane bulk_lane{2};

// How the way is for those, to one address.
struct BulkWay {
    bool there = false;       // the other side takes some
    bool free = false;        // and one more now
    std::size_t backlog = 0;  // bytes that wait and were in no packet yet
    std::size_t underway = 0; // and all of which it is not known that the other side has them
    friend constexpr bool operator==(const BulkWay&, const BulkWay&) = default;
};

enum class Sent : std::uint8_t {
    sent,        // taken; it leaves at the latest with flush()
    would_block, // the system's buffer is full: keep it and try after the next wait()
    too_big,     // larger than the transport can carry
    closed,      // not open, or broken for good
};

struct NoDatagrams {
    template <class A>
    void operator()(const A&, Lane, BytesIn) const {}
};

template <class T>
concept HasTransportTraits = requires {
    { T::traits } -> std::convertible_to<TransportTraits>;
};
template <class T>
concept HasAddress = std::semiregular<typename T::Address> &&
    requires(const typename T::Address& a, const typename T::Address& b) {
    { a == b } -> std::convertible_to<bool>;
    { a.hash() } -> std::same_as<std::uint64_t>;
    { a.text() } -> std::convertible_to<std::string_view>;
};
template <class T>
concept HasSend = HasAddress<T> &&
    requires(T& t, const typename T::Address& to, Lane lane, BytesIn datagram) {
    { t.send(to, lane, datagram) } -> std::same_as<Sent>;
};
template <class T>
concept HasFlush = requires(T& t) {
    t.flush();
};
template <class T>
concept HasPoll = requires(T& t) {
    t.poll(NoDatagrams{});
};
template <class T>
concept HasWait = requires(T& t, Instant until) {
    t.wait(until);
};
// The one source of randomness from outside; seeds the session's own generator and its secrets.
template <class T>
concept HasEntropy = requires(T& t) {
    { t.entropy() } -> std::same_as<std::uint64_t>;
};
template <class T>
concept HasOpen = HasAddress<T> && requires(T& t, std::uint16_t port, std::string_view address) {
    { t.open(port) } -> std::same_as<Result<typename T::Address>>;
    { t.resolve(address) } -> std::same_as<Result<typename T::Address>>;
    t.close();
};

template <class T>
concept TransportPolicy = std::move_constructible<T> && HasTransportTraits<T> && HasSend<T> && HasFlush<T> &&
    HasPoll<T> && HasWait<T> && HasOpen<T> && HasEntropy<T>;

// The largest datagram that a transport may carry; where it doesn't say, the largest that always fits.
template <class T>
constexpr std::size_t datagram_max_of() {
    if constexpr (requires { T::datagram_max; })
        return T::datagram_max;
    else
        return TransportTraits(T::traits).datagram_bytes;
}

// A transport may also lend its own outgoing buffer, which saves one copy of every packet.
template <class T>
concept LendsBuffer = HasAddress<T> &&
    requires(T& t, const typename T::Address& to, Lane lane, std::size_t size) {
    { t.prepare(to, lane, size) } -> std::same_as<BytesOut>; // empty when it would block
    { t.commit(size) } -> std::same_as<Sent>;                // 0 gives the buffer back unused
};

// A transport whose wait() another thread can end, as one with a thread of its own needs it.
template <class T>
concept WakesUp = requires(T& t, Instant until, transport::Waker* waker) {
    t.wait(until, waker);
};

// What a connected transport offers besides.
template <class T>
concept HasBacklog = HasAddress<T> && requires(T& t, const typename T::Address& to) {
    // Bytes that it took for there and the system has not taken yet.
    { t.backlog(to) } -> std::same_as<std::size_t>;
};
template <class T>
concept HangsUp = HasAddress<T> && requires(T& t, const typename T::Address& to) {
    t.hang_up(to); // ends that connection, once what it took has left
};
template <class T>
concept Connected = HasBacklog<T> && HangsUp<T>;
// And one that carries datagrams beside its connections.
template <class T>
concept MeasuresDatagrams = HasAddress<T> && requires(T& t, const typename T::Address& to) {
    // How large one may be to there now; 0: the connection has no way for them, or not yet.
    { t.datagram_room(to) } -> std::same_as<std::size_t>;
};
// And one that has streams for single frames beside those.
template <class T>
concept CarriesBulk = HasAddress<T> && requires(T& t, const typename T::Address& to) {
    { t.bulk_way(to) } -> std::same_as<BulkWay>;
};
// And one whose addresses may stand for packets that cross a connection.
template <class T>
concept MeasuresPackets = HasAddress<T> && requires(T& t, const typename T::Address& to) {
    // How large one may be to go as a datagram beside the stream now; 0: all go alike.
    { t.packet_room(to) } -> std::same_as<std::size_t>;
};
// Whom its poll() tells that the connection to an address broke, was closed by the other side, or could not
// be made: once for each.
template <class F, class Address>
concept HearsLosses = requires(F& f, const Address& address) {
    f.lost(address);
};

// What poll() calls may ask to hear beforehand which datagram is to come and from whom, where the transport
// knows.
template <class F, class Address>
concept LooksAhead = requires(F& f, const Address& from, BytesIn datagram) {
    f.expect(from, datagram);
};

// A transport that can tell where it is reached in the networks that its machine is in.
template <class T>
concept TellsLocal = HasAddress<T> && requires(const T& t) {
    t.each_local_address([](const typename T::Address&) {});
};

// One that is several roads in one. What goes around a transport goes around each of them: around all it
// would hide from the session which road a peer is on, or that it has changed.
template <class T>
concept HasRoads = bool(TransportTraits(T::traits).mixed) || requires(T& t) {
    t.take_moved();
};

// Says, in one sentence each, what a transport lacks.
template <class T>
struct CheckTransport {
    static_assert(std::move_constructible<T>, "Transport lacks: a move constructor");
    static_assert(HasTransportTraits<T>, "Transport lacks: static constexpr TransportTraits traits");
    static_assert(HasAddress<T>,
                  "Transport lacks: struct Address, a plain value with operator==, std::uint64_t hash() "
                  "const and text() const, which "
                  "gives something that turns into a std::string_view");
    static_assert(!HasAddress<T> || HasSend<T>, "Transport lacks: Sent send(const Address&, Lane, BytesIn)");
    static_assert(HasFlush<T>, "Transport lacks: void flush()");
    static_assert(
        HasPoll<T>,
        "Transport lacks: template <class F> void poll(F&&), calling f(const Address&, Lane, BytesIn)");
    static_assert(HasWait<T>, "Transport lacks: void wait(Instant)");
    static_assert(!HasAddress<T> || HasOpen<T>,
                  "Transport lacks: Result<Address> open(std::uint16_t port), Result<Address> "
                  "resolve(std::string_view), void close()");
    static_assert(HasEntropy<T>, "Transport lacks: std::uint64_t entropy()");
    static constexpr bool connected = [] {
        if constexpr (HasTransportTraits<T>) return TransportTraits(T::traits).connected;
        return false;
    }();
    static_assert(
        !connected || !HasAddress<T> || HasBacklog<T>,
        "Transport lacks: std::size_t backlog(const Address&), the bytes that wait for a connection");
    static_assert(!connected || !HasAddress<T> || HangsUp<T>,
                  "Transport lacks: void hang_up(const Address&), which ends a connection when all has left");
    // A frame that was written and is not taken would be missing, so room for it comes first.
    static_assert(!connected || LendsBuffer<T>,
                  "Transport lacks: BytesOut prepare(const Address&, Lane, std::size_t) and Sent "
                  "commit(std::size_t), by which a connection promises room");
    static constexpr bool datagrams = [] {
        if constexpr (HasTransportTraits<T>) return TransportTraits(T::traits).datagrams;
        return false;
    }();
    static_assert(
        !datagrams || !HasAddress<T> || MeasuresDatagrams<T>,
        "Transport lacks: std::size_t datagram_room(const Address&), for what goes beside a connection");
    static_assert(
        !datagrams || connected,
        "Transport lacks: connections, beside which traits.datagrams says that it carries datagrams");
    static constexpr bool bulk = [] {
        if constexpr (HasTransportTraits<T>) return TransportTraits(T::traits).bulk;
        return false;
    }();
    static_assert(!bulk || !HasAddress<T> || CarriesBulk<T>,
                  "Transport lacks: BulkWay bulk_way(const Address&), for frames with streams of their own");
    static_assert(!bulk || datagrams,
                  "Transport lacks: datagrams, without which traits.bulk can't say that it carries bulk");
    static constexpr bool ok = TransportPolicy<T> && (!connected || (Connected<T> && LendsBuffer<T>)) &&
                               (!datagrams || (connected && MeasuresDatagrams<T>)) &&
                               (!bulk || (datagrams && CarriesBulk<T>));
};

} // namespace tenon
