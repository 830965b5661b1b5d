#pragma once
// Over which of several roads a guest reaches its host, sans-I/O: the preferred has a head start, the first
// that answers is taken, and one that brings nothing while an answer is owed is left for one that does. A
// road is tried with the hello that the session began with, which every host answers and forgets. Fallback
// asks it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/sleep.hpp"

namespace tenon::transport {

struct FallbackOptions {
    Duration head_start = milliseconds(250); // of each road at the join, before the next is tried beside it
    // The host owes an answer for so long: then all roads are tried, and after `cut_after` one that answers
    // is taken in the place of the one that does not.
    Duration doubt_after = milliseconds(300), cut_after = milliseconds(750);
    // While a less preferred road is taken, the better ones are tried so often, and taken after so many
    // answers without a miss.
    Duration look_back = seconds(1);
    unsigned answers_to_return = 3;
};

class RoadWatch {
  public:
    static constexpr std::size_t roads_max = detail::sleepers_max;

    RoadWatch(const FallbackOptions& options, std::size_t count) : options_(options), count_(count) {}

    // The session says something: `put(road)` for each road that it takes. `goes(road)`: it can be taken.
    void say(Instant now, BytesIn datagram, auto&& goes, auto&& put) {
        if (is_hello(datagram)) return knock(now, datagram, goes, put);
        if (choosing_ || !goes(current_)) return;
        owed_since_ = min(owed_since_, now);
        put(current_);
    }
    // Something came from the host; whether it is for the session.
    bool hear(Instant now, std::size_t number, BytesIn datagram) {
        Road& road = roads_[number];
        const bool answer = is_answer(datagram);
        if (choosing_ && !answer) return false; // of a life before this one
        if (answer) {
            if (road.asked && !choosing_) {
                ++road.answers;
                road.try_at = now + try_pause;
            }
            road.asked = false;
            road.answered_at = now;
            if (choosing_) current_ = number;
            choosing_ = false;
        }
        // What still comes over a road that was left is not heard: the host may believe that we are there,
        // and must be missed until it knows better. It is said again.
        if (number != current_) return false;
        owed_since_ = Instant::never();
        entering_ = entering_ && answer;
        return !answer || entering_;
    }
    // The connection of that road broke, or could not be made.
    void lost(Instant now, std::size_t number) {
        Road& road = roads_[number];
        road.dial_again_at = now + redial_pause;
        road.answers = 0;
        road.answered_at = never_answered;
        if (number == current_ && !choosing_) owed_since_ = min(owed_since_, now - options_.cut_after);
    }
    bool may_dial(Instant now, std::size_t number) const { return now >= roads_[number].dial_again_at; }

    // Tries what is to be tried, with `put(road, probe)`, and goes over to another road where that is better.
    void turn(Instant now, auto&& goes, auto&& put) {
        if (hello_size_ == 0) return;
        if (choosing_) return race(now, goes, put);
        const bool doubts = now - owed_since_ >= options_.doubt_after && owed_since_ != Instant::never();
        for (std::size_t i = 0; i < count_; ++i)
            if (goes(i) && (doubts || i < current_) && now >= roads_[i].try_at) try_road(now, i, doubts, put);
        if (doubts && now - owed_since_ >= options_.cut_after) {
            for (std::size_t i = 0; i < count_; ++i)
                if (i != current_ && goes(i) && roads_[i].answered_at >= owed_since_) return move(now, i);
        } else if (!doubts) {
            for (std::size_t i = 0; i < current_; ++i)
                if (goes(i) && roads_[i].answers >= options_.answers_to_return) return move(now, i);
        }
    }
    Instant next() const {
        if (hello_size_ == 0) return Instant::never();
        Instant next = Instant::never();
        if (choosing_) {
            for (std::size_t i = 0; i < count_; ++i)
                if (!roads_[i].asked) next = min(next, roads_[i].try_at);
            return next;
        }
        const bool owed = owed_since_ != Instant::never();
        for (std::size_t i = 0; i < count_; ++i) {
            if (i < current_) next = min(next, roads_[i].try_at);
            if (owed) next = min(next, max(roads_[i].try_at, owed_since_ + options_.doubt_after));
            if (owed && i != current_ && roads_[i].answered_at >= owed_since_)
                next = min(next, owed_since_ + options_.cut_after);
        }
        return next;
    }

    std::size_t current() const { return current_; }
    bool take_moved() { return std::exchange(moved_, false); }
    std::uint32_t moves() const { return moves_; }

  private:
    static constexpr Duration try_pause = milliseconds(100), redial_pause = milliseconds(400);
    static constexpr std::uint8_t hello = 0x81, challenge = 0x82, refusal = 0x85; // see PROTOCOL.md
    static constexpr std::size_t hello_nonce = 7, answer_nonce = 5, hello_max = 128;
    static constexpr Instant never_answered{};

    struct Road {
        bool asked = false;   // and has not answered since
        unsigned answers = 0; // without a miss between them
        Instant answered_at = never_answered, try_at{}, dial_again_at{};
    };

    static std::uint8_t kind_of(BytesIn datagram) {
        return datagram.empty() ? 0 : std::to_integer<std::uint8_t>(datagram[0]);
    }
    static bool is_hello(BytesIn datagram) {
        return kind_of(datagram) == hello && datagram.size() >= hello_nonce + 8 &&
               datagram.size() <= hello_max;
    }
    // To our own hello, whose number nobody can guess.
    bool is_answer(BytesIn datagram) const {
        const std::uint8_t kind = kind_of(datagram);
        return (kind == challenge || kind == refusal) && datagram.size() >= answer_nonce + 8 &&
               hello_size_ != 0 && std::memcmp(&datagram[answer_nonce], &hello_[hello_nonce], 8) == 0;
    }
    BytesIn said() const { return BytesIn(hello_).first(hello_size_); }

    void knock(Instant now, BytesIn datagram, auto& goes, auto& put) {
        const bool again =
            hello_size_ != 0 && std::memcmp(&datagram[hello_nonce], &hello_[hello_nonce], 8) == 0;
        if (!again) begin(now, datagram, goes);
        if (!choosing_) return put(current_);
        for (std::size_t i = 0; i < count_; ++i) {
            if (!goes(i) || now < roads_[i].try_at) continue;
            roads_[i].asked = true;
            put(i);
        }
    }
    void begin(Instant now, BytesIn datagram, auto& goes) {
        *this = RoadWatch(options_, count_);
        copy(hello_.data(), datagram);
        hello_size_ = datagram.size();
        choosing_ = entering_ = true;
        Instant start = now;
        bool any = false;
        for (std::size_t i = 0; i < count_; ++i) {
            roads_[i].try_at = goes(i) ? start : Instant::never();
            if (!goes(i)) continue;
            if (!any) current_ = i;
            any = true;
            start += options_.head_start;
        }
    }
    // Each road has its turn; who was asked is asked again by the session.
    void race(Instant now, auto& goes, auto& put) {
        for (std::size_t i = 0; i < count_; ++i) {
            if (!goes(i) || roads_[i].asked || now < roads_[i].try_at) continue;
            roads_[i].asked = true;
            put(i, said());
        }
    }
    void try_road(Instant now, std::size_t number, bool doubts, auto& put) {
        Road& road = roads_[number];
        if (road.asked) road.answers = 0;
        road.asked = true;
        road.try_at = now + (doubts ? try_pause : options_.look_back);
        put(number, said());
    }
    void move(Instant now, std::size_t to) {
        current_ = to;
        moved_ = true;
        ++moves_;
        owed_since_ = now; // by the host, for the word that we are here now
        for (Road& road : roads_) {
            road.answers = 0;
            road.asked = false;
            road.try_at = now + options_.look_back;
        }
    }

    FallbackOptions options_;
    std::size_t count_, current_ = 0;
    std::array<Road, roads_max> roads_{};
    std::array<std::byte, hello_max> hello_{};
    std::size_t hello_size_ = 0;
    Instant owed_since_ = Instant::never(); // by the host, over the road that is taken
    bool choosing_ = false, moved_ = false;
    bool entering_ = false; // the session has not been let in, and hears what its hello is answered
    std::uint32_t moves_ = 0;
};

} // namespace tenon::transport
