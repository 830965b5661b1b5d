#pragma once
// Mirrored<T>: any transport whose datagrams are also kept, the newest of them, both ways and with their
// times, until the program writes them down as a capture that Wireshark opens. For finding out afterwards
// what went over the line. Inside Secure it keeps what is sealed, as it travels.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/transport/address.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/pcapng.hpp"

namespace tenon::transport {

struct MirroredOptions {
    std::size_t ring_bytes = 1u << 20;    // all that it holds; a new datagram takes the place of the oldest
    std::size_t snap_bytes = 65535;       // of each datagram; what is longer is cut, and its length noted
    std::uint32_t datagrams_a_second = 0; // of both ways; more are not kept. 0: no limit
    bool running = true;                  // from the start
};

struct MirroredCounters {
    std::uint64_t kept = 0;
    std::uint64_t over_rate = 0; // came too fast to be kept
    std::uint64_t replaced = 0;  // kept once, and no longer
    std::uint64_t cut = 0;       // longer than snap_bytes
};

namespace detail {

// Datagrams one behind the other in a ring of bytes, the oldest making room for the newest.
class MirrorRing {
  public:
    struct Head {
        std::int64_t at = 0; // nanoseconds of the transport's clock
        Endpoint from, to;
        std::uint32_t bytes = 0, whole_bytes = 0; // kept, and of the datagram
        bool outgoing = false;
    };

    explicit MirrorRing(std::size_t size) : size_(size), bytes_(size) {}

    bool fits(std::size_t size) const { return sizeof(Head) + size <= size_; }
    // How many had to go for it.
    std::size_t add(const Head& head, BytesIn datagram) {
        const std::size_t need = sizeof(Head) + datagram.size();
        std::size_t gone = 0;
        for (; size_ - used_ < need; ++gone) drop();
        put(BytesIn(reinterpret_cast<const std::byte*>(&head), sizeof head));
        put(datagram);
        ++count_;
        newest_ = need;
        return gone;
    }
    // Of the one that was added last, and once only.
    void take_back() {
        used_ -= newest_;
        --count_;
    }
    void clear() { first_ = used_ = count_ = 0; }
    std::size_t count() const { return count_; }

    // Calls f(head, one, other): a datagram that goes over the ring's end lies in two pieces.
    template <class F>
    void each(F&& f) const {
        std::size_t at = first_;
        for (std::size_t i = 0; i < count_; ++i) {
            const Head head = head_at(at);
            at = (at + sizeof(Head)) % size_;
            const std::size_t until_end = detail::least(head.bytes, size_ - at);
            f(head, BytesIn(bytes_.data() + at, until_end), BytesIn(bytes_.data(), head.bytes - until_end));
            at = (at + head.bytes) % size_;
        }
    }

  private:
    Head head_at(std::size_t at) const {
        Head head;
        std::byte raw[sizeof(Head)];
        for (std::size_t done = 0; done < sizeof raw;) {
            const std::size_t part = detail::least(sizeof raw - done, size_ - at);
            std::memcpy(raw + done, bytes_.data() + at, part);
            at = (at + part) % size_;
            done += part;
        }
        std::memcpy(&head, raw, sizeof head);
        return head;
    }
    void drop() {
        const std::size_t size = sizeof(Head) + head_at(first_).bytes;
        first_ = (first_ + size) % size_;
        used_ -= size;
        --count_;
    }
    void put(BytesIn bytes) {
        while (!bytes.empty()) {
            const std::size_t at = (first_ + used_) % size_, part = detail::least(bytes.size(), size_ - at);
            copy(bytes_.data() + at, bytes.first(part));
            used_ += part;
            bytes = bytes.subspan(part);
        }
    }

    std::size_t size_, first_ = 0, used_ = 0, count_ = 0, newest_ = 0;
    std::vector<std::byte> bytes_;
};
static_assert(std::is_trivially_copyable_v<MirrorRing::Head>);

} // namespace detail

// `Now` gives the time: the system's, or a test's.
template <class T, class Now = SystemNow>
class Mirrored {
  public:
    using Address = typename T::Address;
    static constexpr TransportTraits traits = T::traits;
    static_assert(!HasRoads<T>,
                  "tenon: Mirrored keeps what goes over one road; put it around each of them, as in "
                  "Fallback<Mirrored<Udp>, Mirrored<WebSocket>>");
    static constexpr std::size_t datagram_max = datagram_max_of<T>();

    explicit Mirrored(T inner = T(), MirroredOptions options = {}, Now now = Now())
        : inner_(std::move(inner)), now_(std::move(now)), options_(options), ring_(options.ring_bytes) {}

    void start() { options_.running = true; }
    void stop() { options_.running = false; }
    // Forgets what it keeps.
    void clear() { ring_.clear(); }
    std::size_t count() const { return ring_.count(); }
    const MirroredCounters& counters() const { return counters_; }

    // The capture as it is to be saved, in a file whose name ends in .pcapng: its size, and its bytes.
    std::size_t capture_bytes() const {
        std::size_t bytes = pcapng::head_bytes;
        ring_.each([&](const auto& head, BytesIn, BytesIn) {
            bytes += pcapng::packet_bytes(head.from, head.bytes);
        });
        return bytes;
    }
    // too_large: `into` is smaller than capture_bytes(). `since_1970` is the time of day at `at`, in
    // nanoseconds, so that the capture shows when it was; without, it begins in 1970.
    Result<std::size_t> write_capture(BytesOut into, Instant at = {}, std::int64_t since_1970 = 0) const {
        if (into.size() < capture_bytes()) return Error::too_large;
        pcapng::Writer writer(into);
        ring_.each([&](const auto& head, BytesIn one, BytesIn other) {
            writer.packet({head.at - at.ns + since_1970, head.from, head.to, head.whole_bytes, head.outgoing},
                          one, other);
        });
        return writer.position();
    }

    Result<Address> open(std::uint16_t port) { return opened(inner_.open(port)); }
    // These of connections are templates, as clang 14 instantiates constrained members with a class if they
    // are none.
    template <class Inner = T>
    Result<Address> open_to_dial() requires requires(Inner& inner) {
        inner.open_to_dial();
    }
    { return opened(inner_.open_to_dial()); }
    Result<Address> resolve(std::string_view text) { return inner_.resolve(text); }
    void close() { inner_.close(); }

    Sent send(const Address& to, Lane lane, BytesIn datagram) {
        const Sent sent = inner_.send(to, lane, datagram);
        if (sent == Sent::sent) keep(to, datagram, true);
        return sent;
    }
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) requires LendsBuffer<T> {
        to_ = to;
        return prepared_ = inner_.prepare(to, lane, size);
    }
    // The transport may hand its buffer on with the commit, so it is looked at first.
    Sent commit(std::size_t size) requires LendsBuffer<T> {
        const bool kept = size != 0 && size <= prepared_.size() && keep(to_, prepared_.first(size), true);
        const Sent sent = inner_.commit(size);
        if (kept && sent != Sent::sent) {
            ring_.take_back();
            --counters_.kept;
        }
        return sent;
    }
    void flush() { inner_.flush(); }

    template <class F>
    void poll(F&& f) {
        inner_.poll(Hearing<std::remove_reference_t<F>>{*this, f});
    }
    void wait(Instant until) { inner_.wait(until); }
    void wait(Instant until, Waker* waker) requires WakesUp<T> { inner_.wait(until, waker); }

    std::size_t backlog(const Address& to) requires HasBacklog<T> { return inner_.backlog(to); }
    std::size_t datagram_room(const Address& to) requires MeasuresDatagrams<T> {
        return inner_.datagram_room(to);
    }
    std::size_t packet_room(const Address& to) requires MeasuresPackets<T> { return inner_.packet_room(to); }
    BulkWay bulk_way(const Address& to) requires CarriesBulk<T> { return inner_.bulk_way(to); }
    void hang_up(const Address& to) requires HangsUp<T> { inner_.hang_up(to); }

    bool is_open() const requires requires(const T& t) { t.is_open(); }
    { return inner_.is_open(); }
    Address local_address() const requires requires(const T& t) { t.local_address(); }
    { return inner_.local_address(); }
    template <class F>
    void each_local_address(F&& f) const requires TellsLocal<T> {
        inner_.each_local_address(f);
    }
    template <class Inner = T>
    Error loss() const requires requires(const Inner& inner) {
        inner.loss();
    }
    { return inner_.loss(); }
    std::uint64_t entropy() { return inner_.entropy(); }
    T& inner() { return inner_; }
    const T& inner() const { return inner_; }

  private:
    template <class F>
    struct Hearing {
        Mirrored& mirrored;
        F& f;
        // A handler that says false wants no more.
        auto operator()(const Address& from, Lane lane, BytesIn datagram) {
            mirrored.keep(from, datagram, false);
            return f(from, lane, datagram);
        }
        void expect(const Address& from, BytesIn datagram) requires LooksAhead<F, Address> {
            f.expect(from, datagram);
        }
        void lost(const Address& address) requires HearsLosses<F, Address> { f.lost(address); }
    };

    Result<Address> opened(const Result<Address>& local) {
        if (local) local_ = *local;
        return local;
    }
    bool keep(const Address& other, BytesIn datagram, bool outgoing) {
        if (!options_.running) return false;
        const Instant at = now_();
        if (options_.datagrams_a_second != 0) {
            if (at - second_ >= seconds(1) || at < second_) second_ = at, in_second_ = 0;
            if (in_second_ >= options_.datagrams_a_second) return ++counters_.over_rate, false;
            ++in_second_;
        }
        const BytesIn snap = datagram.first(detail::least(datagram.size(), options_.snap_bytes));
        detail::MirrorRing::Head head;
        head.at = at.ns;
        head.outgoing = outgoing;
        const Endpoint here = Endpoint::of(local_), there = Endpoint::of(other);
        head.from = outgoing ? here : there;
        head.to = outgoing ? there : here;
        head.from.match(head.to);
        head.to.match(head.from);
        head.bytes = static_cast<std::uint32_t>(snap.size());
        head.whole_bytes = static_cast<std::uint32_t>(datagram.size());
        counters_.cut += snap.size() < datagram.size();
        if (!ring_.fits(snap.size())) return false;
        counters_.replaced += ring_.add(head, snap);
        ++counters_.kept;
        return true;
    }

    T inner_;
    Now now_;
    MirroredOptions options_;
    MirroredCounters counters_;
    detail::MirrorRing ring_;
    Address local_{}, to_{};
    BytesOut prepared_{};
    Instant second_{};
    std::uint32_t in_second_ = 0;
};

} // namespace tenon::transport
