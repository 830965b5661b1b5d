#pragma once
// Polling: what a handler reads from outlives it, although it closes the transport that calls it. Transports
// hold one while they poll.

#include <memory>

namespace tenon::transport::detail {

// `retired` is where close() puts a state that is being polled.
template <class State>
struct Polling {
    std::unique_ptr<State>& retired;
    State& state;

    Polling(std::unique_ptr<State>& r, State& s) : retired(r), state(s) { state.polling = true; }
    Polling(const Polling&) = delete;
    Polling& operator=(const Polling&) = delete;
    ~Polling() {
        state.polling = false;
        if (retired.get() == &state) retired.reset();
    }
};

} // namespace tenon::transport::detail
