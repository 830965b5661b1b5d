#pragma once
// One remote peer of a host that is reached over datagrams and connections alike: a Link or a StreamLink,
// with datagrams beside its stream or without, whichever its road needs, behind the same face. Which one is
// said once, by the key that it begins with; after that each call is a branch.

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/bulk.hpp"
#include "tenon/link/link.hpp"
#include "tenon/link/shared_bytes.hpp"
#include "tenon/link/stream_link.hpp"
#include "tenon/reliability/native.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/wire/checksum.hpp"

namespace tenon {

// Of the links over datagrams; of those over connections what goes beside the stream has a checksum.
template <class Inner, bool datagrams_beside = false, bool bulk_beside = false>
struct MixedSeal {
    using Datagrams = Inner;
    static constexpr bool has_datagrams = datagrams_beside; // of some over connections, beside their streams
    static constexpr bool has_bulk = bulk_beside;           // and streams for what is large
    static constexpr std::size_t front_bytes = Inner::front_bytes, back_bytes = Inner::back_bytes;
    struct Key {
        bool stream = false, both = false;
        typename Inner::Key datagrams{};
        Checksum::Key beside{}; // of a stream: what it says beside that

        Key() = default;
        Key(typename Inner::Key key) : datagrams(std::move(key)) {}
        static Key of_stream() {
            Key key;
            key.stream = true;
            return key;
        }
        // Of a stream and of datagrams beside it.
        static Key of_both(Checksum::Key beside_it) {
            Key key = of_stream();
            key.both = true;
            key.beside = beside_it;
            return key;
        }
    };
};

// Of either link: what waits in it, and what may be put there.
class MixedChannel {
  public:
    explicit MixedChannel(ChannelSender& sender) : sender_(&sender) {}
    explicit MixedChannel(StreamQueue& queue) : queue_(&queue) {}
    explicit MixedChannel(const StreamChannel& both) : queue_(&both.queue()), bulk_(both.bulk()) {}

    BytesOut open_room(MessageType type) {
        return queue_ != nullptr ? queue_->open_room(type) : sender_->open_room(type);
    }
    bool commit(MessageType type, std::size_t size) {
        return queue_ != nullptr ? queue_->commit(type, size) : sender_->commit(type, size);
    }
    Result<> append(MessageType type, BytesIn payload) {
        return queue_ != nullptr ? StreamChannel(*queue_, bulk_).append(type, payload)
                                 : sender_->append(type, payload);
    }
    bool idle() const { return queue_ != nullptr ? StreamChannel(*queue_, bulk_).idle() : sender_->idle(); }

  private:
    ChannelSender* sender_ = nullptr;
    StreamQueue* queue_ = nullptr;
    Bulk* bulk_ = nullptr;
};

// How the way there is, as far as both kinds know it.
class MixedPath {
  public:
    explicit MixedPath(const auto& path) : round_trip_(path.round_trip()), loss_(path.loss()) {}
    const RoundTrip& round_trip() const { return round_trip_; }
    double loss() const { return loss_; }

  private:
    const RoundTrip& round_trip_;
    double loss_;
};

template <class Reliability, class MixedSealType>
class MixedLink {
  public:
    using Seal = typename MixedSealType::Datagrams;
    using Key = typename MixedSealType::Key;
    using Datagrams = Link<Reliability, Seal>;
    static constexpr bool has_datagrams = MixedSealType::has_datagrams;
    static constexpr bool has_bulk = MixedSealType::has_bulk;
    using Stream = StreamLink<reliability::Native, Checksum>;
    // With datagrams beside, where any road has them.
    using Both = std::conditional_t<has_datagrams,
                                    StreamLink<reliability::NativeOver<true, has_bulk>, Checksum>, Stream>;
    using State = typename Datagrams::State;

    MixedLink(Pool& pool, const LinkOptions& options, const Key& key, Instant now, Random random)
        : stream_(key.stream), both_(has_datagrams && key.both) {
        if (!stream_) {
            new (&link_.datagrams) Datagrams(pool, options, key.datagrams, now, random);
            return;
        }
        LinkOptions over = options;
        over.datagram_bytes = stream_frame_bytes;
        if (both_)
            new (&link_.both) Both(pool, over, key.beside, now, random);
        else
            new (&link_.stream) Stream(pool, over, Checksum::Key{}, now, random);
    }
    MixedLink(const MixedLink&) = delete;
    MixedLink& operator=(const MixedLink&) = delete;
    ~MixedLink() {
        visit([]<class Any>(Any& link) { link.~Any(); });
    }

    bool is_stream() const { return stream_; }
    bool is_both() const { return both_; } // a stream, and datagrams beside it
    // Packets, of which those that are not too large go beside the stream of a connection.
    bool is_narrow() const { return !stream_ && link_.datagrams.is_narrow(); }
    // What it is.
    decltype(auto) visit(auto&& f) { return visit(link_, f); }
    decltype(auto) visit(auto&& f) const { return visit(link_, f); }

    // ---- as both kinds have it

    Result<> handle_datagram(Instant now, BytesIn bytes, BytesOut desk) {
        return visit([&](auto& link) { return link.handle_datagram(now, bytes, desk); });
    }
    Result<> handle_beside(Instant now, BytesIn bytes, BytesOut desk) {
        return both_ ? link_.both.handle_beside(now, bytes, desk) : Result<>(Error::malformed);
    }
    Result<> handle_bulk(Instant now, BytesIn frame) {
        return both_ ? link_.both.handle_bulk(now, frame) : Result<>(Error::malformed);
    }
    bool poll_event(LinkEvent& event) {
        return visit([&](auto& link) { return link.poll_event(event); });
    }
    void handle_timeout(Instant now) {
        visit([&](auto& link) { link.handle_timeout(now); });
    }
    Outbox& outbox() {
        return visit([](auto& link) -> Outbox& { return link.outbox(); });
    }
    MixedChannel channel(bool ordered) {
        return visit([&](auto& link) { return MixedChannel(link.channel(ordered)); });
    }
    Result<std::uint32_t> push_command(MessageType type, BytesIn payload) {
        return visit([&](auto& link) { return Result<std::uint32_t>(link.push_command(type, payload)); });
    }
    bool poll_arrived(std::uint32_t& track) {
        return visit([&](auto& link) { return link.poll_arrived(track); });
    }
    Instant poll_timeout() const {
        return visit([](const auto& link) { return link.poll_timeout(); });
    }
    Instant poll_timeout_after_reading() const {
        return visit([](const auto& link) { return link.poll_timeout_after_reading(); });
    }
    void close(Error reason, SharedBytes* text = nullptr) {
        visit([&](auto& link) { link.close(reason, text); });
    }
    void set_bandwidth(std::uint64_t bytes_per_second) {
        visit([&](auto& link) { link.set_bandwidth(bytes_per_second); });
    }
    void tell_early(Duration early) {
        visit([&](auto& link) { link.tell_early(early); });
    }
    void set_keepalive(Duration keepalive) {
        visit([&](auto& link) { link.set_keepalive(keepalive); });
    }
    State state() const {
        static_assert(static_cast<int>(State::closed) == static_cast<int>(Stream::State::closed) &&
                      static_cast<int>(State::closing) == static_cast<int>(Stream::State::closing));
        return visit([](const auto& link) { return static_cast<State>(link.state()); });
    }
    Error reason() const {
        return visit([](const auto& link) { return link.reason(); });
    }
    std::string_view farewell() const {
        return visit([](const auto& link) { return link.farewell(); });
    }
    LinkStats stats() const {
        return visit([](const auto& link) -> LinkStats { return link.stats(); });
    }
    MixedPath path() const {
        return visit([](const auto& link) { return MixedPath(link.path()); });
    }
    ClockSync& clock() {
        return visit([](auto& link) -> ClockSync& { return link.clock(); });
    }
    std::uint64_t commands_missed() const {
        return visit([](const auto& link) { return link.commands_missed(); });
    }
    std::size_t queued_bytes() const {
        return visit([](const auto& link) { return link.queued_bytes(); });
    }
    std::size_t bytes_ahead() const {
        return visit([](const auto& link) { return link.bytes_ahead(); });
    }
    Duration queue_time() const {
        return visit([](const auto& link) { return link.queue_time(); });
    }
    std::uint64_t expired() const {
        return visit([](const auto& link) { return link.expired(); });
    }
    TENON_INLINE void prefetch_reading(bool acks) const {
        visit([acks](const auto& link) { link.prefetch_reading(acks); });
    }
    TENON_INLINE void prefetch_writing() const {
        visit([](const auto& link) { link.prefetch_writing(); });
    }
    TENON_INLINE void prefetch_more(bool writing) const {
        visit([writing](const auto& link) { link.prefetch_more(writing); });
    }
    TENON_INLINE void prefetch_queue() const {
        visit([](const auto& link) { link.prefetch_queue(); });
    }
    TENON_INLINE void prefetch_queue_more() const {
        visit([](const auto& link) { link.prefetch_queue_more(); });
    }

    // ---- what only a link over datagrams has, and is asked of none that is_stream()

    auto& machine() { return datagrams().machine(); }
    const Seal& seal() const { return datagrams().seal(); }
    // It has a key of which the other side may be asked.
    bool is_ready() const { return !stream_ && link_.datagrams.is_ready(); }
    void suspend() { datagrams().suspend(); }
    void resume(Instant now, const Key& key) { datagrams().resume(now, key.datagrams); }
    void grant(Instant now, const Key& key) { datagrams().grant(now, key.datagrams); }
    void doubt(std::size_t bytes) { datagrams().doubt(bytes); }
    bool is_ending() const { return state() >= State::closing; }
    std::size_t poll_early(Instant now, BytesOut into, std::size_t behind, bool padded) {
        return datagrams().poll_early(now, into, behind, padded);
    }

  private:
    decltype(auto) visit(auto& link, auto& f) const {
        if constexpr (has_datagrams)
            if (both_) return f(link.both);
        return stream_ ? f(link.stream) : f(link.datagrams);
    }
    Datagrams& datagrams() {
        TENON_ASSERT(!stream_, "tenon: a link over a connection has no seal and is never away");
        return link_.datagrams;
    }
    const Datagrams& datagrams() const { return const_cast<MixedLink*>(this)->datagrams(); }

    union Either {
        Datagrams datagrams;
        Stream stream;
        Both both;
        Either() {}  // which of them there is, MixedLink knows
        ~Either() {} // and ends it
    } link_;
    bool stream_, both_;
};

// Whether it needs no acknowledgements, because it crosses a connection as frames.
template <class AnyLink>
constexpr bool is_over_stream(const AnyLink& link) {
    if constexpr (requires { link.is_stream(); })
        return link.is_stream();
    else
        return requires { AnyLink::over_stream; };
}

// Whether it may have a lane for what may be lost beside its stream.
template <class AnyLink>
inline constexpr bool says_beside = [] {
    if constexpr (requires { AnyLink::has_datagrams; }) return AnyLink::has_datagrams;
    return false;
}();
// Whether it has: of a host on several roads, this one and not another.
template <class AnyLink>
constexpr bool has_beside(const AnyLink& link) {
    if constexpr (requires { link.is_both(); }) return link.is_both();
    return says_beside<AnyLink>;
}
// Whether what goes there by the better way has less room than a packet elsewhere.
template <class AnyLink>
constexpr bool has_less_room(const AnyLink& link) {
    if constexpr (requires { link.is_narrow(); })
        return has_beside(link) || link.is_narrow();
    else
        return has_beside(link);
}
// Whether it has streams for what is large.
template <class AnyLink>
inline constexpr bool says_bulk = [] {
    if constexpr (requires { AnyLink::has_bulk; }) return AnyLink::has_bulk;
    return false;
}();
// Whether nothing that comes over it was overtaken.
template <class AnyLink>
constexpr bool keeps_order(const AnyLink& link) {
    return is_over_stream(link) && !has_beside(link);
}

} // namespace tenon
