#pragma once
// Who has a connection to this room and no seat in it: callers who have not been let in yet, and peers who
// have left but may not have read all that was said to them. Neither may stay for long. Table and Hall have
// one; over datagrams there is nobody to hang up on, and it is empty.

#include <cstddef>

#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"

namespace tenon {

template <class Address, bool connected>
class Hallway {
  public:
    // Somebody at that address speaks, and is let in within this time or not at all.
    void enters(const Address& who, Instant until) {
        if (!has_line(who)) return;
        for (std::size_t i = 0; i < people_.size(); ++i)
            if (!people_[i].leaves && people_[i].who == who) return;
        // A crowd: who has stood there for longest makes room with the next turn.
        if (people_.size() == people_max) people_.front().until = Instant{};
        people_.push_back({who, until, false});
        next_ = min(next_, until);
    }
    // The peer at that address has no seat any more.
    void leaves(const Address& who, Instant now) {
        if (!has_line(who)) return;
        people_.push_back({who, now + patience, true});
        next_ = now;
    }
    // Its connection is no more.
    void lost(const Address& who) {
        for (std::size_t i = people_.size(); i != 0; --i)
            if (Person person = take(); !(person.who == who)) people_.push_back(person);
    }
    // Hangs up on who has left and heard all, and on who has waited for too long. `room` knows who was let
    // in.
    void turn(Instant now, auto& room, auto& line) {
        if constexpr (requires(const Address& who) { line.hang_up(who); }) {
            next_ = Instant::never();
            for (std::size_t i = people_.size(); i != 0; --i) {
                const Person person = take();
                if (room.has_seat_at(person.who)) continue; // it is in, or back
                if (person.until <= now || (person.leaves && line.backlog(person.who) == 0)) {
                    line.hang_up(person.who);
                } else {
                    people_.push_back(person);
                    next_ = min(next_, person.leaves ? now + glance : person.until);
                }
            }
        }
    }
    Instant next() const { return next_; }
    // Nobody who left still has something to read.
    bool all_gone() const {
        for (std::size_t i = 0; i < people_.size(); ++i)
            if (people_[i].leaves) return false;
        return true;
    }
    void clear() { *this = Hallway(); }

  private:
    static constexpr std::size_t people_max = 1024;
    static constexpr Duration patience = seconds(2), glance = milliseconds(10);

    struct Person {
        Address who{};
        Instant until{};
        bool leaves = false;
    };
    // Where there are roads of both kinds, not all have a connection.
    static bool has_line([[maybe_unused]] const Address& who) {
        if constexpr (requires { who.is_connection(); })
            return who.is_connection();
        else
            return true;
    }
    Person take() {
        const Person person = people_.front();
        people_.pop_front();
        return person;
    }

    Ring<Person> people_;
    Instant next_ = Instant::never();
};

template <class Address>
class Hallway<Address, false> {
  public:
    void enters(const Address&, Instant) {}
    void leaves(const Address&, Instant) {}
    void lost(const Address&) {}
    void turn(Instant, auto&, auto&) {}
    Instant next() const { return Instant::never(); }
    bool all_gone() const { return true; }
    void clear() {}
};

} // namespace tenon
