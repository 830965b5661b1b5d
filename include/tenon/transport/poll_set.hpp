#pragma once
// PollSet: which of many sockets have something to read or room to write, by poll, which every system has.
// Readiness is this where there is no epoll.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "tenon/core/time.hpp"
#include "tenon/transport/sleep.hpp"
#include "tenon/transport/waker.hpp"

namespace tenon::transport::detail {

// Calls f(token, readable, writable) for each that is ready. A token is a small number, or the largest of
// all; what is broken counts as both.
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

} // namespace tenon::transport::detail
