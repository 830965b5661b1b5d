#pragma once
// Threaded<T>: any transport with a thread of its own, which makes its system calls, and encrypts where that
// is the transport's. Datagrams and frames cross over in rings, so that the tick of a game makes no call, but
// for the one that wakes the thread where it sleeps. Link with -pthread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "tenon/core/config.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/datagram_ring.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/polling.hpp"
#include "tenon/transport/sleep.hpp"
#include "tenon/transport/threaded_line.hpp"
#include "tenon/transport/waker.hpp"

namespace tenon::transport {

struct ThreadedOptions {
    std::size_t ring_bytes = 1 << 20; // of datagrams on their way to the thread, and as many from it
    // How long the thread sleeps at most before it looks for what the game has sent. 0: until something
    // arrives or the game wakes it, which costs the game a system call a flush. A transport that can't be
    // woken naps for a millisecond.
    Duration nap{};
    // Of a connection: bytes that wait for it here and in the transport; beyond them send() gives
    // would_block.
    std::size_t backlog_max = 256u << 10;
};

struct ThreadedCounters {
    std::uint64_t dropped = 0; // arrived when the ring to the game was full
    std::uint64_t refused = 0; // the inner transport would not take them: too big for it, or closed
    std::uint64_t blocked = 0; // times that the game found no room in its ring, or before a connection
    std::uint64_t wakes = 0;   // times that the game had to wake the thread
};

template <class T>
class Threaded {
  public:
    using Address = typename T::Address;
    static constexpr TransportTraits traits = T::traits;
    static_assert(!HasRoads<T>,
                  "tenon: Threaded has a thread for one road; put it around each of them, as in "
                  "Several<Threaded<Udp>, Threaded<WebSocket>>");
    static constexpr std::size_t datagram_max = datagram_max_of<T>();

    explicit Threaded(T inner = T(), ThreadedOptions options = {})
        : home_(new Home{std::move(inner), {}}), options_(options) {}
    Threaded(Threaded&& other) noexcept { swap(other); }
    Threaded& operator=(Threaded&& other) noexcept {
        Threaded taken(std::move(other));
        swap(taken);
        return *this;
    }
    ~Threaded() { close(); }

    Result<Address> open(std::uint16_t port) {
        return opened([port](T& inner) { return inner.open(port); });
    }
    // These of connections are templates, as clang 14 instantiates constrained members with a class if they
    // are none.
    template <class Inner = T>
    Result<Address> open_to_dial() requires Connected<Inner> {
        return opened([](T& inner) { return inner.open_to_dial(); });
    }
    // A name is looked up by the thread, where it is open: meanwhile nothing arrives, as with the inner one.
    Result<Address> resolve(std::string_view text) {
        return with([&](T& inner) { return inner.resolve(text); });
    }
    // Ends the thread. What was flushed still leaves, as far as the system takes it at once.
    void close() {
        if (!is_open()) return;
        line_->stop();
        home_->inner.close();
        if (line_->polling) retired_ = std::move(line_);
        line_.reset();
    }

    Sent send(const Address& to, Lane lane, BytesIn datagram) {
        const Sent ready = make_room(to, lane, datagram.size());
        if (ready != Sent::sent) return ready;
        copy(room_, datagram);
        return add(datagram.size());
    }
    // Lends a piece of the ring.
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) {
        prepared_ = make_room(to, lane, size);
        return prepared_ == Sent::sent ? BytesOut{room_, size} : BytesOut{};
    }
    Sent commit(std::size_t size) { return prepared_ == Sent::sent && size != 0 ? add(size) : prepared_; }
    void flush() {
        if (!is_open()) return;
        if constexpr (traits.connected) line_->views.say(line_->out);
        if (line_->out.unpublished() == 0) return;
        line_->out.publish();
        if (line_->io.wake()) ++wakes_;
    }

    template <class F>
    void poll(F&& f) {
        if (!is_open() || line_->polling || retired_) return;
        const detail::Polling<Line> guard{retired_, *line_};
        line_->in.take(Handing<std::remove_reference_t<F>>{*this, line_.get(), f});
    }
    // Flushes, and sleeps until then, until a datagram is there, or until what was blocked can go.
    void wait(Instant until);

    // Of a connection, as the thread last told, and with what is on its way to the thread.
    template <class To = Address>
    std::size_t backlog(const To& to) const requires Connected<T> {
        return is_open() ? line_->views.backlog(to) : 0;
    }
    template <class To = Address>
    std::size_t datagram_room(const To& to) const requires MeasuresDatagrams<T> {
        return is_open() ? line_->views.datagram_room(to) : 0;
    }
    template <class To = Address>
    BulkWay bulk_way(const To& to) const requires CarriesBulk<T> {
        return is_open() ? line_->views.bulk_way(to) : BulkWay{};
    }
    template <class To = Address>
    void hang_up(const To& to) requires Connected<T> {
        if (is_open() && line_->views.hang_up(to)) line_->views.say(line_->out);
    }
    // Why the connection went that was lost last.
    Error loss() const requires Connected<T> { return loss_; }

    bool is_open() const { return line_ != nullptr; }
    Address local_address() const { return is_open() ? local_ : Address{}; }
    template <class F>
    void each_local_address(F&& f) const requires TellsLocal<T> {
        ask([&](const T& inner) { return inner.each_local_address(f), true; });
    }
    // The rings were full: until the thread has sent what is in them, send() gives would_block.
    bool is_blocked() const { return is_open() && line_->blocked; }
    std::uint64_t entropy() {
        return with([](T& inner) { return inner.entropy(); });
    }
    ThreadedCounters counters() const {
        return {home_->counts.dropped.load(std::memory_order_relaxed),
                home_->counts.refused.load(std::memory_order_relaxed), blocked_, wakes_};
    }
    // What f(inner) gives, done by the thread while this one waits: for all that the inner transport tells of
    // itself, as in `with([](Udp& udp) { return udp.counters(); })`.
    template <class F>
    auto with(F&& f) {
        return ask(f);
    }

  private:
    using Line = detail::ThreadedLine<T>;
    template <class F>
    auto ask(F&& f) const {
        if (!is_open()) return f(home_->inner);
        using Found = decltype(f(home_->inner));
        struct Question {
            F& ask;
            std::optional<Found> answer;
        } question{f, std::nullopt};
        line_->do_errand({[](void* what, T& inner) {
                              auto& asked = *static_cast<Question*>(what);
                              asked.answer.emplace(asked.ask(inner));
                          },
                          &question});
        return std::move(*question.answer);
    }
    // What must stay where it is when the Threaded moves.
    struct Home {
        T inner;
        detail::ThreadedCounts counts;
    };
    template <class F>
    struct Handing {
        Threaded& threaded;
        Line* line;
        F& f;
        bool operator()(const Address& from, Lane lane, BytesIn datagram) {
            if constexpr (traits.connected) {
                auto& views = line->views;
                if (lane == detail::report_lane) {
                    line->held = false;
                    return views.take_report(from, datagram), true;
                }
                if (lane == detail::ended_lane) return views.end(from), true;
                if (lane == detail::lost_lane) {
                    if (!views.lose(from)) return true;
                    threaded.loss_ = static_cast<Error>(datagram[0]);
                    if constexpr (HearsLosses<F, Address>) f.lost(from);
                    return threaded.line_.get() == line;
                }
                if (!views.hears(from)) return true;
            }
            f(from, lane, datagram);
            return threaded.line_.get() == line;
        }
        void expect(const Address& from, BytesIn datagram) requires LooksAhead<F, Address> {
            f.expect(from, datagram);
        }
    };
    static constexpr std::size_t ahead_bytes = 32u << 10; // is shown to the thread before the flush

    Result<Address> opened(auto&& open_inner) {
        if (is_open()) return Error::already_open;
        const Result<Address> local = open_inner(home_->inner);
        if (!local) return local;
        if (!start()) {
            home_->inner.close();
            return Error::system;
        }
        local_ = *local;
        return local;
    }
    bool start() {
#if TENON_HAS_EXCEPTIONS
        try {
#endif
            line_ = std::make_unique<Line>(home_->inner, options_.ring_bytes, options_.nap, home_->counts);
            line_->start();
#if TENON_HAS_EXCEPTIONS
        } catch (...) { // the system is out of memory or threads
            line_.reset();
        }
#endif
        return line_ != nullptr;
    }
    Sent make_room(const Address& to, Lane lane, std::size_t size) {
        if (!is_open() || line_->broken.load(std::memory_order_relaxed)) return Sent::closed;
        if (size > datagram_max) return Sent::too_big;
        if constexpr (traits.connected) {
            if (size == 0) return Sent::too_big; // a frame holds something
            const Sent known = line_->views.look(to, lane, size, options_.backlog_max);
            line_->held = line_->held || known == Sent::would_block;
            if (known != Sent::sent) return wanting(known);
            if (!line_->views.say(line_->out)) return wanting(Sent::would_block);
        }
        room_ = line_->out.room(size);
        line_->blocked = room_ == nullptr;
        if (line_->blocked) {
            wanted_ = size;
            flush();
            return wanting(Sent::would_block);
        }
        to_ = to;
        lane_ = lane;
        return Sent::sent;
    }
    Sent wanting(Sent what) {
        if (what == Sent::would_block) ++blocked_;
        return what;
    }
    Sent add(std::size_t size) {
        if constexpr (traits.connected)
            if (!line_->views.add(to_, lane_, size)) return Sent::closed;
        line_->out.add(to_, lane_, size);
        if (line_->out.unpublished() >= ahead_bytes) flush();
        return Sent::sent;
    }
    void swap(Threaded& other) {
        std::swap(home_, other.home_);
        std::swap(line_, other.line_);
        std::swap(retired_, other.retired_);
        std::swap(options_, other.options_);
        std::swap(local_, other.local_);
        std::swap(to_, other.to_);
        std::swap(lane_, other.lane_);
        std::swap(room_, other.room_);
        std::swap(wanted_, other.wanted_);
        std::swap(prepared_, other.prepared_);
        std::swap(loss_, other.loss_);
        std::swap(blocked_, other.blocked_);
        std::swap(wakes_, other.wakes_);
    }

    std::unique_ptr<Home> home_;
    std::unique_ptr<Line> line_, retired_; // retired_: closed by a handler that reads from it
    ThreadedOptions options_;
    Address local_{}, to_{}; // to_, lane_ and room_ are of what is prepared
    Lane lane_{};
    std::byte* room_ = nullptr;
    std::size_t wanted_ = 0; // what had no room
    Sent prepared_ = Sent::closed;
    Error loss_ = Error::none;
    std::uint64_t blocked_ = 0, wakes_ = 0;
};

template <class T>
void Threaded<T>::wait(Instant until) {
    flush();
    const Instant start = now();
    if (until <= start || (!is_open() && until == Instant::never())) return;
    const Duration left = until == Instant::never() ? Duration::max() : until - start;
    if (!is_open()) return detail::sleep_on(detail::no_socket, false, left);
    Line& line = *line_;
    const auto has_news = [&] {
        return !line.in.empty() || (line.blocked && line.out.room(wanted_) != nullptr);
    };
    line.wants_room.store(line.blocked || line.held, std::memory_order_seq_cst);
    line.game.doze();
    if (line.game.works()) {
        if (!has_news()) detail::sleep_on(detail::no_socket, false, left, &line.game);
    } else {
        while (!has_news() && now() < until)
            detail::sleep_on(detail::no_socket, false, min(milliseconds(1), until - now()));
    }
    line.game.rise();
}

} // namespace tenon::transport
