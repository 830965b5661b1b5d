#pragma once
// Threaded<T>: any transport with a thread of its own, which makes its system calls. Datagrams cross over in
// rings, so that the tick of a game makes none, but for the one that wakes the thread where it sleeps. Link
// with -pthread.

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "tenon/core/config.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/datagram_ring.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/polling.hpp"
#include "tenon/transport/sleep.hpp"
#include "tenon/transport/waker.hpp"

namespace tenon::transport {

struct ThreadedOptions {
    std::size_t ring_bytes = 1 << 20; // of datagrams on their way to the thread, and as many from it
    // How long the thread sleeps at most before it looks for what the game has sent. 0: until something
    // arrives or the game wakes it, which costs the game a system call a flush. A transport that can't be
    // woken naps for a millisecond.
    Duration nap{};
};

struct ThreadedCounters {
    std::uint64_t dropped = 0; // arrived when the ring to the game was full
    std::uint64_t refused = 0; // the inner transport would not take them: too big for it, or closed
    std::uint64_t blocked = 0; // times that the game found no room in its ring
    std::uint64_t wakes = 0;   // times that the game had to wake the thread
};

namespace detail {

// A thread that starts meanwhile hears no signals: they are for the threads of the game.
struct NoSignals {
#if !defined(_WIN32)
    sigset_t before;
    NoSignals() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
#else
    NoSignals() {}
#endif
    NoSignals(const NoSignals&) = delete;
    NoSignals& operator=(const NoSignals&) = delete;
};

// What the thread counts, and others read.
struct ThreadedCounts {
    std::atomic<std::uint64_t> dropped{0}, refused{0};
    static void add(std::atomic<std::uint64_t>& to) { to.fetch_add(1, std::memory_order_relaxed); }
};

// What the two threads share from open() to close(), and all that the inner one does.
template <class T>
class ThreadedLine {
  public:
    using Address = typename T::Address;
    // Something that the inner thread does for the game, which waits for it.
    struct Errand {
        void (*run)(void* what, T& inner);
        void* what;
    };

    ThreadedLine(T& inner, const ThreadedOptions& options, ThreadedCounts& counts)
        : out(options.ring_bytes, datagram_max_of<T>()),
          in(options.ring_bytes, datagram_max_of<T>()),
          inner_(inner),
          counts_(counts),
          nap_(options.nap) {}
    ThreadedLine(const ThreadedLine&) = delete;
    ThreadedLine& operator=(const ThreadedLine&) = delete;
    ~ThreadedLine() { stop(); }

    void start() {
        const NoSignals none;
        thread_ = std::thread([this] { run(); });
    }
    // What was flushed still leaves, as far as the inner transport takes it.
    void stop() {
        if (!thread_.joinable()) return;
        stopping_.store(true, std::memory_order_seq_cst);
        io.wake();
        thread_.join();
    }
    // Not by std::atomic::wait: where there is no futex, as on Windows, libstdc++ 12 misses who notifies it
    // between its last look and its sleep, and sleeps forever.
    void do_errand(Errand errand) {
        errand_.store(&errand, std::memory_order_seq_cst);
        io.wake();
        std::unique_lock lock(errand_mutex_);
        while (errand_.load(std::memory_order_acquire) != nullptr) errand_done_.wait(lock);
    }

    DatagramRing<Address> out, in;
    Waker io, game;
    std::atomic<bool> wants_room{false};   // the game waits until it can send
    std::atomic<bool> broken{false};       // the inner transport is closed for good
    bool polling = false, blocked = false; // the game's own

  private:
    void run() {
        for (;;) {
            // Read first, so that what was sent before it was set is seen below.
            const bool stopping = stopping_.load(std::memory_order_acquire);
            run_errand();
            const bool sent = send();
            if (stopping) return;
            const bool received = receive();
            if (received || (sent && wants_room.load(std::memory_order_seq_cst))) game.wake();
            if (!sent && !received) sleep();
        }
    }
    void run_errand() {
        Errand* const errand = errand_.load(std::memory_order_acquire);
        if (errand == nullptr) return;
        errand->run(errand->what, inner_);
        {
            const std::lock_guard lock(errand_mutex_);
            errand_.store(nullptr, std::memory_order_release);
        }
        errand_done_.notify_one();
    }
    bool send() {
        held_back_ = false;
        const bool any = out.take([this](const Address& to, Lane lane, BytesIn datagram) {
            const Sent sent = inner_.send(to, lane, datagram);
            if (sent == Sent::would_block) return !(held_back_ = true);
            if (sent == Sent::sent) return true;
            if (sent == Sent::closed) broken.store(true, std::memory_order_relaxed);
            ThreadedCounts::add(counts_.refused);
            return true;
        });
        if (any || held_back_) inner_.flush();
        return any;
    }
    bool receive() {
        inner_.poll([this](const Address& from, Lane lane, BytesIn datagram) {
            std::byte* room = in.room(datagram.size());
            if constexpr (T::traits.reliable)
                // Where nothing may be lost, the other side is kept waiting.
                while (room == nullptr && !stopping_.load(std::memory_order_acquire)) {
                    in.publish();
                    game.wake();
                    run_errand();
                    sleep_on(no_socket, false, milliseconds(1));
                    room = in.room(datagram.size());
                }
            if (room == nullptr) return ThreadedCounts::add(counts_.dropped);
            copy(room, datagram);
            in.add(from, lane, datagram.size());
        });
        if (in.unpublished() == 0) return false;
        in.publish();
        return true;
    }
    void sleep() {
        const bool closed = broken.load(std::memory_order_relaxed);
        if constexpr (WakesUp<T>)
            if (nap_.ns <= 0 && io.works()) {
                io.doze();
                if (!has_work()) {
                    if (closed)
                        sleep_on(no_socket, false, Duration::max(), &io);
                    else
                        inner_.wait(Instant::never(), &io);
                }
                return io.rise();
            }
        const Duration nap = nap_.ns > 0 ? nap_ : milliseconds(1);
        if (closed)
            sleep_on(no_socket, false, nap);
        else
            inner_.wait(now() + nap);
    }
    bool has_work() const {
        return stopping_.load(std::memory_order_seq_cst) ||
               errand_.load(std::memory_order_seq_cst) != nullptr || (!held_back_ && !out.empty());
    }

    T& inner_;
    ThreadedCounts& counts_;
    Duration nap_;
    std::atomic<bool> stopping_{false};
    std::atomic<Errand*> errand_{nullptr};
    std::mutex errand_mutex_; // held where the last is done, so that the game does not miss it
    std::condition_variable errand_done_;
    bool held_back_ = false; // the inner transport takes no more now
    std::thread thread_;
};

} // namespace detail

template <class T>
class Threaded {
  public:
    using Address = typename T::Address;
    static_assert(
        !T::traits.connected,
        "tenon: Threaded hands datagrams from thread to thread, and can't say which connection waits "
        "or broke; use the transport inside of it without Threaded");
    static constexpr TransportTraits traits = [] {
        TransportTraits inner = T::traits;
        inner.connected = false;
        return inner;
    }();
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
        if (is_open()) return Error::already_open;
        const Result<Address> local = home_->inner.open(port);
        if (!local) return local;
        if (!start()) {
            home_->inner.close();
            return Error::system;
        }
        local_ = *local;
        return local;
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
        add(datagram.size());
        return Sent::sent;
    }
    // Lends a piece of the ring.
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) {
        prepared_ = make_room(to, lane, size);
        return prepared_ == Sent::sent ? BytesOut{room_, size} : BytesOut{};
    }
    Sent commit(std::size_t size) {
        if (prepared_ == Sent::sent && size != 0) add(size);
        return prepared_;
    }
    void flush() {
        if (!is_open() || line_->out.unpublished() == 0) return;
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

    bool is_open() const { return line_ != nullptr; }
    Address local_address() const { return is_open() ? local_ : Address{}; }
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

  private:
    using Line = detail::ThreadedLine<T>;
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
            f(from, lane, datagram);
            return threaded.line_.get() == line;
        }
        void expect(const Address& from) requires LooksAhead<F, Address> { f.expect(from); }
    };
    static constexpr std::size_t ahead_bytes = 32u << 10; // is shown to the thread before the flush

    bool start() {
#if TENON_HAS_EXCEPTIONS
        try {
#endif
            line_ = std::make_unique<Line>(home_->inner, options_, home_->counts);
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
        room_ = line_->out.room(size);
        line_->blocked = room_ == nullptr;
        if (line_->blocked) {
            ++blocked_;
            wanted_ = size;
            flush();
            return Sent::would_block;
        }
        to_ = to;
        lane_ = lane;
        return Sent::sent;
    }
    void add(std::size_t size) {
        line_->out.add(to_, lane_, size);
        if (line_->out.unpublished() >= ahead_bytes) flush();
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
    line.wants_room.store(line.blocked, std::memory_order_seq_cst);
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
