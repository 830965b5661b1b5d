#pragma once
// PortMapping: asks the router at home to lead one of its ports to this machine, so that a room that is
// hosted here can be joined from anywhere. Routers answer slowly or never, so a thread of its own asks; the
// program looks now and then how it went.

#include <atomic>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/now.hpp"

namespace tenon::transport {

struct MappingWish {
    std::uint16_t port = 0;         // of this machine, for UDP
    std::uint16_t outside = 0;      // of the router, which may give another; 0: the same
    bool tcp = false;               // instead of UDP
    Duration lease = seconds(3600); // for so long; it is asked for again after half of it
    std::uint16_t wished() const { return outside != 0 ? outside : port; }
};

// One way to ask a router: it may block for a few seconds, and ends early where it can when `ends` is set.
// What it opened it can close again. NatPmp and Upnp are such ways.
template <class T>
concept MappingWay = std::move_constructible<T> &&
    requires(T& way, const MappingWish& wish, const IpAddress& at, const std::atomic<bool>& ends) {
    { way.open(wish, ends) } -> std::same_as<Result<IpAddress>>; // as which it is seen outside
    way.close(wish, at);
};

struct MappingOptions {
    Duration retry = seconds(60);       // after all ways have failed
    Duration pause_least = seconds(30); // before it is asked again, however short a lease is
};

template <MappingWay... Ways>
class PortMapping {
    static_assert(sizeof...(Ways) != 0, "tenon: PortMapping<Ways...> needs a way: NatPmp, Upnp, or both");

  public:
    enum class State : std::uint8_t {
        asks,   // nothing is known yet
        open,   // address() is where others join
        failed, // no router has said yes: error() tells why; it is asked again later
    };

    // Asks from now on, with the ways in the order in which they stand.
    explicit PortMapping(const MappingWish& wish, Ways... ways) : PortMapping(wish, {}, std::move(ways)...) {}
    PortMapping(const MappingWish& wish, const MappingOptions& options, Ways... ways)
        : wish_(wish), options_(options), ways_(std::move(ways)...) {
        thread_ = std::thread([this] { run(); });
    }
    PortMapping(const PortMapping&) = delete;
    PortMapping& operator=(const PortMapping&) = delete;
    // The router is told to close it, which takes as long as a router takes to answer.
    ~PortMapping() {
        {
            const std::lock_guard lock(mutex_);
            ends_ = true;
        }
        wakes_.notify_all();
        thread_.join();
    }

    // None of these waits.
    State state() const {
        const std::lock_guard lock(mutex_);
        return state_;
    }
    Result<IpAddress> address() const {
        const std::lock_guard lock(mutex_);
        return state_ == State::open ? Result<IpAddress>(address_) : Result<IpAddress>(error_);
    }
    Error error() const {
        const std::lock_guard lock(mutex_);
        return state_ == State::open ? Error::none : error_;
    }

  private:
    void run() {
        int way = -1; // that has opened it
        IpAddress at;
        while (!ends_) {
            Error error = Error::unreachable;
            const auto opened = ask(way, error);
            if (opened) at = *opened;
            settle(opened, error);
            sleep(opened ? wish_.lease / 2 : options_.retry);
        }
        if (way >= 0) with(way, [&](auto& one) { one.close(wish_, at); });
    }
    // The way that went well before, and else each in turn. The last that could not reach a router says less
    // than one that was refused.
    Result<IpAddress> ask(int& way, Error& error) {
        Result<IpAddress> opened = Error::unreachable;
        const int first = way;
        for (int turn = first >= 0 ? -1 : 0; turn < static_cast<int>(sizeof...(Ways)) && !ends_; ++turn) {
            const int next = turn < 0 ? first : turn;
            if (turn >= 0 && next == first) continue;
            with(next, [&](auto& one) { opened = one.open(wish_, ends_); });
            if (opened) return way = next, opened;
            if (error == Error::unreachable) error = opened.error();
        }
        way = -1;
        return error;
    }
    template <class F>
    void with(int wanted, F&& f) {
        int at = 0;
        std::apply([&](auto&... one) { ((at++ == wanted ? (f(one), 0) : 0), ...); }, ways_);
    }
    void settle(const Result<IpAddress>& opened, Error error) {
        const std::lock_guard lock(mutex_);
        state_ = opened ? State::open : State::failed;
        error_ = error;
        if (opened) address_ = *opened;
    }
    void sleep(Duration time) {
        const Instant until = now() + max(time, options_.pause_least);
        std::unique_lock lock(mutex_);
        while (!ends_ && now() < until) {
            const std::int64_t left = (until - now()).ns;
            wakes_.wait_for(lock, std::chrono::nanoseconds(left > 0 ? left : 0));
        }
    }

    MappingWish wish_;
    MappingOptions options_;
    std::tuple<Ways...> ways_;
    mutable std::mutex mutex_;
    std::condition_variable wakes_;
    std::atomic<bool> ends_ = false;
    State state_ = State::asks;
    Error error_ = Error::timed_out;
    IpAddress address_{};
    std::thread thread_;
};

} // namespace tenon::transport
