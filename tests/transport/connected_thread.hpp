#pragma once
// A connected transport on a thread of its own, as the contract wants to look into it.

#include <cstddef>
#include <system_error>

#include "connected.hpp"
#include "tenon/transport/threaded.hpp"

namespace connected {

template <class T>
struct OnThread : transport::Threaded<T> {
    using Base = transport::Threaded<T>;
    using Base::Base;
    std::size_t connections() {
        return Base::with([](T& inner) { return inner.connections(); });
    }
    auto counters() {
        auto counters = Base::with([](T& inner) { return inner.counters(); });
        counters.blocked = Base::counters().blocked; // the game is kept back before the inner one is
        return counters;
    }
    std::error_code system_error() {
        return Base::with([](T& inner) { return inner.system_error(); });
    }
};

// A harness of what another one tries, each of its transports on a thread of its own.
template <class Harness>
struct OnItsThread : Harness {
    using Transport = OnThread<typename Harness::Transport>;
    static constexpr bool threaded = true;
    Transport server(const ConnectionOptions& options) {
        return Transport(Harness::server(options), {.backlog_max = options.backlog_max});
    }
    Transport client(const ConnectionOptions& options) {
        return Transport(Harness::client(options), {.backlog_max = options.backlog_max});
    }
};

} // namespace connected
