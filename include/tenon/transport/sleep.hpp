#pragma once
// Sleeping until a socket has something to read or room to write, or another thread wakes the sleeper, with
// the finest timeout that the system has. The native transports' wait() calls it.

#include <cstddef>
#include <cstdint>

#include "tenon/core/time.hpp"
#include "tenon/transport/waker.hpp"

#if defined(_WIN32)
#include <winsock2.h>
#else
#include <poll.h>
#endif

namespace tenon::transport::detail {

#if defined(_WIN32)
using NativeSocket = SOCKET;
inline constexpr NativeSocket no_socket = INVALID_SOCKET;
#else
using NativeSocket = int;
inline constexpr NativeSocket no_socket = -1;
#endif

// What somebody sleeps on who has no more to do before then.
struct Sleeper {
    NativeSocket socket = no_socket;
    bool writing = false;
    Instant until = Instant::never();
};

// Less than nothing is what is left for who was held up since it looked at the clock. To some systems that
// is forever.
inline Duration still_left(Duration left) { return left.ns > 0 ? left : Duration{}; }

// Without a socket it sleeps the whole time; a signal may end it early.
inline void sleep_on(NativeSocket socket, bool writing, Duration left,
                     [[maybe_unused]] Waker* waker = nullptr) {
    left = still_left(left);
#if defined(_WIN32)
    const std::int64_t us = left.ns / 1000 < 1'000'000'000 ? left.ns / 1000 : 1'000'000'000;
    if (socket == no_socket) return Sleep(static_cast<DWORD>(us / 1000));
    timeval timeout{static_cast<long>(us / 1'000'000), static_cast<long>(us % 1'000'000)};
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(socket, &readable);
    if (writing) FD_SET(socket, &writable);
    ::select(0, &readable, &writable, nullptr, &timeout);
#else
    // The system passes over what is not there, which is -1.
    pollfd entries[2] = {{socket, static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), 0},
                         {waker == nullptr ? -1 : waker->handle(), POLLIN, 0}};
#if defined(__linux__)
    const timespec timeout{static_cast<time_t>(left.ns / 1'000'000'000),
                           static_cast<long>(left.ns % 1'000'000'000)};
    ::ppoll(entries, 2, left == Duration::max() ? nullptr : &timeout, nullptr);
#else
    const std::int64_t ms = left.ns / 1'000'000 < 1'000'000'000 ? left.ns / 1'000'000 : 1'000'000'000;
    ::poll(entries, 2, left == Duration::max() ? -1 : static_cast<int>(ms));
#endif
    if (entries[1].revents != 0) waker->clear();
#endif
}

// The same until any of several sockets is ready; as many as a program has transports.
inline constexpr std::size_t sleepers_max = 8;
inline void sleep_on_all(const Sleeper* sleepers, std::size_t count, Duration left,
                         [[maybe_unused]] Waker* waker = nullptr) {
    left = still_left(left);
#if defined(_WIN32)
    const std::int64_t us = left.ns / 1000 < 1'000'000'000 ? left.ns / 1000 : 1'000'000'000;
    timeval timeout{static_cast<long>(us / 1'000'000), static_cast<long>(us % 1'000'000)};
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    bool any = false;
    for (std::size_t i = 0; i < count; ++i) {
        if (sleepers[i].socket == no_socket) continue;
        any = true;
        FD_SET(sleepers[i].socket, &readable);
        if (sleepers[i].writing) FD_SET(sleepers[i].socket, &writable);
    }
    if (!any) return Sleep(static_cast<DWORD>(us / 1000));
    ::select(0, &readable, &writable, nullptr, &timeout);
#else
    pollfd entries[sleepers_max + 1] = {};
    for (std::size_t i = 0; i < count; ++i)
        entries[i] = {sleepers[i].socket, static_cast<short>(sleepers[i].writing ? POLLIN | POLLOUT : POLLIN),
                      0};
    entries[count] = {waker == nullptr ? -1 : waker->handle(), POLLIN, 0};
#if defined(__linux__)
    const timespec timeout{static_cast<time_t>(left.ns / 1'000'000'000),
                           static_cast<long>(left.ns % 1'000'000'000)};
    ::ppoll(entries, count + 1, left == Duration::max() ? nullptr : &timeout, nullptr);
#else
    const std::int64_t ms = left.ns / 1'000'000 < 1'000'000'000 ? left.ns / 1'000'000 : 1'000'000'000;
    ::poll(entries, static_cast<nfds_t>(count + 1), left == Duration::max() ? -1 : static_cast<int>(ms));
#endif
    if (entries[count].revents != 0) waker->clear();
#endif
}

} // namespace tenon::transport::detail
