#pragma once
// Which of many sockets have something to read or room to write: by epoll on Linux, by poll elsewhere. The
// connected transports ask it in poll() and sleep on it in wait().

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "tenon/core/time.hpp"
#include "tenon/transport/sleep.hpp"
#include "tenon/transport/waker.hpp"

#if defined(__linux__)
#include <sys/epoll.h>
#include <unistd.h>
#endif

namespace tenon::transport::detail {

// Calls f(token, readable, writable) for each that is ready. A token is a small number, or the largest of all;
// what is broken counts as both.
class PollSet {
  public:
    bool open() { return true; }
    void close() { entries_.clear(), tokens_.clear(), places_.clear(); }

    bool watch(NativeSocket socket, std::uint32_t token, bool reading, bool writing) {
        if (home(token) >= places_.size()) places_.resize(home(token) + 1, nowhere);
        places_[home(token)] = entries_.size();
        entries_.push_back({socket, bits(reading, writing), 0});
        tokens_.push_back(token);
        return true;
    }
    void change(NativeSocket, std::uint32_t token, bool reading, bool writing) {
        if (!is_watched(token)) return;
        entries_[places_[home(token)]].events = bits(reading, writing);
    }
    // Also one that was never watched, because it could not be dialled.
    void forget(NativeSocket, std::uint32_t token) {
        if (!is_watched(token)) return;
        const std::size_t at = std::exchange(places_[home(token)], nowhere);
        entries_[at] = entries_.back();
        tokens_[at] = tokens_.back();
        if (tokens_[at] != token) places_[home(tokens_[at])] = at;
        entries_.pop_back();
        tokens_.pop_back();
    }
    // f may watch, change and forget others; of those that came meanwhile nothing is told.
    template <class F>
    void collect(F&& f) {
        ready_.clear();
        if (ask(0, nullptr) <= 0) return;
        for (std::size_t i = 0; i < entries_.size(); ++i)
            if (entries_[i].revents != 0) ready_.push_back({tokens_[i], entries_[i].revents});
        for (const auto& [token, events] : ready_) {
            const bool broken = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
            f(token, broken || (events & POLLIN) != 0, broken || (events & POLLOUT) != 0);
        }
    }
    void sleep(Duration left, Waker* waker) { ask(to_ms(left), waker); }
    NativeSocket handle() const { return no_socket; } // there is none for all

  private:
    static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

    // The largest token of all, which a listener has, comes first.
    static std::size_t home(std::uint32_t token) { return static_cast<std::uint32_t>(token + 1); }
    bool is_watched(std::uint32_t token) const {
        return home(token) < places_.size() && places_[home(token)] != nowhere;
    }
    static short bits(bool reading, bool writing) {
        return static_cast<short>((reading ? POLLIN : 0) | (writing ? POLLOUT : 0));
    }
    static int to_ms(Duration left) {
        left = still_left(left);
        const std::int64_t ms = left.ns / 1'000'000 + (left.ns % 1'000'000 != 0);
        return left == Duration::max() ? -1 : static_cast<int>(ms < 1'000'000'000 ? ms : 1'000'000'000);
    }
    int ask(int ms, [[maybe_unused]] Waker* waker) {
#if defined(_WIN32)
        if (entries_.empty()) return Sleep(static_cast<DWORD>(ms)), 0;
        return ::WSAPoll(entries_.data(), static_cast<ULONG>(entries_.size()), ms);
#else
        if (waker != nullptr) entries_.push_back({waker->handle(), POLLIN, 0});
        const int found = ::poll(entries_.data(), static_cast<nfds_t>(entries_.size()), ms);
        if (waker == nullptr) return found;
        if (entries_.back().revents != 0) waker->clear();
        entries_.pop_back();
        return found;
#endif
    }

    std::vector<pollfd> entries_;
    std::vector<std::uint32_t> tokens_; // of the entries
    std::vector<std::size_t> places_;   // by the home of the token
    std::vector<std::pair<std::uint32_t, int>> ready_;
};

#if defined(__linux__)
class EpollSet {
  public:
    EpollSet() = default;
    EpollSet(const EpollSet&) = delete;
    EpollSet& operator=(const EpollSet&) = delete;
    ~EpollSet() { close(); }

    bool open() { return (handle_ = ::epoll_create1(EPOLL_CLOEXEC)) >= 0; }
    void close() {
        if (handle_ >= 0) ::close(handle_);
        handle_ = -1;
        watched_ = 0;
    }
    bool watch(int socket, std::uint32_t token, bool reading, bool writing) {
        if (!control(EPOLL_CTL_ADD, socket, token, reading, writing)) return false;
        ++watched_;
        return true;
    }
    void change(int socket, std::uint32_t token, bool reading, bool writing) {
        control(EPOLL_CTL_MOD, socket, token, reading, writing);
    }
    void forget(int socket, std::uint32_t token) {
        if (control(EPOLL_CTL_DEL, socket, token, false, false)) --watched_;
    }
    // What remains ready comes again and again, so a look at as many as there are is enough.
    template <class F>
    void collect(F&& f) {
        epoll_event events[128];
        for (std::size_t rounds = watched_ / 128 + 1; rounds-- > 0;) {
            const int count = ::epoll_wait(handle_, events, 128, 0);
            for (int i = 0; i < count; ++i) {
                const std::uint32_t what = events[i].events;
                const bool broken = (what & (EPOLLERR | EPOLLHUP)) != 0;
                f(events[i].data.u32, broken || (what & EPOLLIN) != 0, broken || (what & EPOLLOUT) != 0);
            }
            if (count < 128) return;
        }
    }
    // An epoll is itself readable when one of its sockets is ready.
    void sleep(Duration left, Waker* waker) { sleep_on(handle_, false, left, waker); }
    NativeSocket handle() const { return handle_; }

  private:
    bool control(int what, int socket, std::uint32_t token, bool reading, bool writing) const {
        epoll_event event{};
        event.events = (reading ? static_cast<std::uint32_t>(EPOLLIN) : 0u) |
                       (writing ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
        event.data.u32 = token;
        return ::epoll_ctl(handle_, what, socket, &event) == 0;
    }

    int handle_ = -1;
    std::size_t watched_ = 0;
};
using Readiness = EpollSet;
#else
using Readiness = PollSet;
#endif

} // namespace tenon::transport::detail
