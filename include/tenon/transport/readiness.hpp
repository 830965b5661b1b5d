#pragma once
// Which of many sockets have something to read or room to write: by epoll on Linux, by poll elsewhere. The
// connected transports ask it in poll() and sleep on it in wait().

#include <cstddef>
#include <cstdint>

#include "tenon/core/time.hpp"
#include "tenon/transport/sleep.hpp"
#include "tenon/transport/waker.hpp"

#if defined(__linux__)
#include <sys/epoll.h>
#include <unistd.h>
#else
#include "tenon/transport/poll_set.hpp"
#endif

namespace tenon::transport::detail {

#if defined(__linux__)
// To be used as PollSet is.
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
