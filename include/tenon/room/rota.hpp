#pragma once
// Which of many rooms, each known by a small number, want a turn: at once, in the order in which they came,
// or when their time has come. The hall gives the turns, and rooms ask for them when something is said in
// them.

#include <cstddef>
#include <cstdint>

#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/core/timers.hpp"

namespace tenon {

class Rota {
  public:
    // Room for the numbers up to this one, so that nothing else here can fail; false without memory.
    bool reserve(std::uint32_t room) {
        const std::size_t count = std::size_t(room) + 1;
        if (!waits_.reserve(count) || !waiting_.reserve(count) || !timers_.reserve(count)) return false;
        while (waits_.size() < count) waits_.push_back(false);
        return true;
    }
    // It wants a turn at once.
    void mark(std::uint32_t room) {
        if (room < waits_.size() && !waits_[room]) waits_[room] = waiting_.push_back(room) != nullptr;
    }
    // So do those whose time has come.
    void wake(Instant now) {
        for (std::uint32_t room = 0; timers_.pop_due(now, room);) mark(room);
    }

    // Those that wait, the first in front.
    std::size_t waiting() const { return waiting_.size(); }
    std::uint32_t operator[](std::size_t i) const { return waiting_[i]; }
    // The first has had its turn, and wants the next then.
    void done(Instant now, Instant due) {
        const std::uint32_t room = leave();
        if (due <= now)
            mark(room);
        else
            timers_.set(room, due);
    }
    // The first was interrupted; the others come before it goes on.
    void yield() { mark(leave()); }
    // The first is no more.
    void remove() { timers_.cancel(leave()); }

    Instant next() const { return waiting_.empty() ? timers_.next() : Instant{}; }
    // What time it is in the hall, for what is said between two turns.
    void set_now(Instant now) { now_ = now; }
    Instant now() const { return now_; }

  private:
    std::uint32_t leave() {
        const std::uint32_t room = waiting_.front();
        waiting_.pop_front();
        waits_[room] = false;
        return room;
    }

    Ring<std::uint32_t> waiting_;
    Ring<bool> waits_; // by number
    Timers timers_;
    Instant now_{};
};

} // namespace tenon
