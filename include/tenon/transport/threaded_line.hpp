#pragma once
// ThreadedLine: the thread of a Threaded, and all that it shares with the game's from open() to close().

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/datagram_ring.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/sleep.hpp"
#include "tenon/transport/threaded_connections.hpp"
#include "tenon/transport/waker.hpp"

namespace tenon::transport::detail {

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
    static constexpr bool connected = T::traits.connected;
    using Views = std::conditional_t<connected, ThreadedViews<Address>, ThreadedNone>;
    // Something that the inner thread does for the game, which waits for it.
    struct Errand {
        void (*run)(void* what, T& inner);
        void* what;
    };

    ThreadedLine(T& inner, std::size_t ring_bytes, Duration nap, ThreadedCounts& counts)
        : out(ring_bytes, datagram_max_of<T>()),
          in(ring_bytes, datagram_max_of<T>()),
          views(inner.entropy()),
          inner_(inner),
          counts_(counts),
          nap_(nap),
          wires_(inner.entropy()) {}
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
    std::atomic<bool> wants_room{false}; // the game waits until it can send
    std::atomic<bool> broken{false};     // the inner transport is closed for good
    // The game's own: the ring is full, or what goes to one connection.
    bool polling = false, blocked = false, held = false;
    Views views;

  private:
    void run() {
        for (;;) {
            // Read first, so that what was sent before it was set is seen below.
            const bool stopping = stopping_.load(std::memory_order_acquire);
            run_errand();
            const bool sent = send();
            if (stopping) return;
            const bool received = receive();
            const bool settled = settle();
            if (received || ((sent || settled) && wants_room.load(std::memory_order_seq_cst))) game.wake();
            if (!sent && !received && !settled) sleep();
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
            if constexpr (connected) {
                if (!wires_.pass(inner_, to, lane, datagram)) ThreadedCounts::add(counts_.refused);
                return true;
            } else {
                const Sent sent = inner_.send(to, lane, datagram);
                if (sent == Sent::would_block) return !(held_back_ = true);
                if (sent == Sent::sent) return true;
                if (sent == Sent::closed) broken.store(true, std::memory_order_relaxed);
                ThreadedCounts::add(counts_.refused);
                return true;
            }
        });
        if (any || held_back_) inner_.flush();
        return any;
    }
    bool receive() {
        if constexpr (connected)
            if (!wires_.tell_ended(in)) return false;
        inner_.poll(Hearing{*this});
        if (in.unpublished() == 0) return false;
        in.publish();
        return true;
    }
    // The game is told how it is with each connection; this alone does not wake it.
    bool settle() {
        if constexpr (connected) {
            const bool any = wires_.settle(inner_, in);
            if (any) inner_.flush();
            if (in.unpublished() == 0) return any;
            in.publish();
            return true;
        }
        return false;
    }
    struct Hearing {
        ThreadedLine& line;
        void operator()(const Address& from, Lane lane, BytesIn datagram) { line.hear(from, lane, datagram); }
        template <class Of> // clang 14 sees constrained members in a concept only where they are templates
        void lost(const Of& of) requires connected {
            line.wires_.lose(of);
            const auto why = static_cast<std::byte>(line.inner_.loss());
            line.hear(of, lost_lane, {&why, 1});
        }
    };
    void hear(const Address& from, Lane lane, BytesIn datagram) {
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
        if constexpr (connected)
            if (lane != lost_lane) wires_.hear(from);
        copy(room, datagram);
        in.add(from, lane, datagram.size());
    }
    void sleep() {
        const bool closed = broken.load(std::memory_order_relaxed);
        bool naps = nap_.ns > 0;
        if constexpr (connected) naps = naps || wires_.is_behind();
        if constexpr (WakesUp<T>)
            if (!naps && io.works()) {
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
    std::conditional_t<connected, ThreadedWires<T>, ThreadedNone> wires_;
    std::thread thread_;
};

} // namespace tenon::transport::detail
