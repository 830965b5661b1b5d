#pragma once
// One client's commands on the authority: they come early, late, twice or never, and are played one a tick in
// their order. What jitters more is waited for longer, and what waits for nothing is waited for less. The
// authority has one for each client.

#include <cstddef>
#include <cstdint>

#include "tenon/clock/lead.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/moment.hpp"

namespace tenon {

struct CommandBufferOptions {
    Duration tick = milliseconds(50); // from one that is played to the next
    unsigned wait_most = 2;           // ticks in a row in which one that is missing is waited for
    unsigned repeat_most = 8;         // then it is replaced by the last one, and so are those after it
    Duration calm = seconds(4);       // so long a command too many waits before two are due in one tick
};

struct CommandBufferFigures {
    std::uint64_t played = 0, waited = 0, replaced = 0, hurried = 0; // ticks
    std::uint64_t stale = 0, duplicate = 0, too_early = 0, flooded = 0;
};

// What a client does in a tick.
template <class Order>
struct Played {
    enum class Kind : std::uint8_t {
        nothing,  // nothing has come yet, or for long
        fresh,    // its command
        waited,   // it is late, and not given up: what it steers should stand still in this tick
        replaced, // it is given up: the last one again in its place
    };
    Kind kind = Kind::nothing;
    const Order* order = nullptr; // valid until the next call; nullptr when there was none before
    std::uint32_t number = 0;     // of the command whose turn it was
    Moment seen{};                // what the client was looking at

    // Whether the client's things take a step.
    explicit operator bool() const {
        return kind == Kind::fresh || (kind == Kind::replaced && order != nullptr);
    }
};

template <class Order>
class CommandBuffer {
  public:
    static constexpr std::uint32_t window = 64; // commands: what lies further ahead is refused
    using Kind = typename Played<Order>::Kind;

    explicit CommandBuffer(const CommandBufferOptions& options = {}) : options_(options) {}

    // `stale`: its turn has passed; `duplicate`; `too_early`: its turn is too far ahead; `flooded`: more came
    // in this tick than a client can have to say.
    Result<> push(Instant now, std::uint32_t number, const Order& order, Moment seen = {}) {
        if (++pushed_ > 2 * window) return ++figures_.flooded, Error::flooded;
        if (!started_ || (idle_ && count_ == 0 && ahead(number) >= 0)) open(now, number);
        const std::int32_t ahead_by = ahead(number);
        if (ahead_by >= static_cast<std::int32_t>(window)) return ++figures_.too_early, Error::too_early;
        Slot& slot = slots_[number % window];
        if (slot.came && slot.number == number) return ++figures_.duplicate, Error::duplicate;
        if (ahead_by < 0 && (slot.there || ahead_by < -static_cast<std::int32_t>(window)))
            return ++figures_.stale, Error::stale;
        if (!idle_) arrivals_.note(last_take_ + options_.tick * (std::int64_t(ahead_by) + 1), now);
        slot = {order, seen, number, true, ahead_by >= 0};
        if (!slot.there) return ++figures_.stale, Error::stale;
        ++count_;
        return {};
    }

    // How many are to be taken in this tick: one, and now and then two, where one too many has waited long.
    unsigned due() const { return hurry_ ? 2 : 1; }
    // The next in its turn, once a tick.
    Played<Order> take(Instant now) {
        last_take_ = now;
        pushed_ = 0;
        if (idle_ && (count_ == 0 || now < opens_)) return {};
        idle_ = false;
        measure(now);
        Slot& slot = slots_[next_ % window];
        if (slot.there) {
            slot.there = false;
            --count_;
            missed_ = 0;
            last_ = slot.order, seen_ = slot.seen, has_last_ = true;
            ++figures_.played;
            return {Kind::fresh, &last_, next_++, seen_};
        }
        ++missed_;
        // Where a later one is here already this one will hardly come.
        if (count_ == 0 && missed_ <= options_.wait_most) {
            ++figures_.waited;
            return {Kind::waited, last(), next_, seen_};
        }
        if (count_ == 0 && missed_ > options_.wait_most + options_.repeat_most) {
            idle_ = true;
            return {};
        }
        ++figures_.replaced;
        return {Kind::replaced, last(), next_++, seen_};
    }

    // The newest whose turn has come; it goes with every snapshot, so that the client plays again what came
    // after it. 0: none yet.
    std::uint32_t applied() const { return started_ ? next_ - 1 : 0; }
    // How early the latest came since the last call, negative when it was late: what the client's Lead wants
    // to hear, a few times a second. False when none came.
    bool early(Duration& early) {
        if (arrivals_.count() == 0) return false;
        early = arrivals_.take();
        return true;
    }
    // Commands that wait.
    std::size_t size() const { return count_; }
    const CommandBufferFigures& figures() const { return figures_; }

  private:
    struct Slot {
        Order order{};
        Moment seen{};
        std::uint32_t number = 0;
        bool came = false;  // this number has
        bool there = false; // and it waits for its turn
    };

    std::int32_t ahead(std::uint32_t number) const { return static_cast<std::int32_t>(number - next_); }
    const Order* last() const { return has_last_ ? &last_ : nullptr; }
    // The first, or the first after a silence: it waits a tick, so that the next may be as late.
    void open(Instant now, std::uint32_t number) {
        started_ = idle_ = true;
        next_ = number;
        missed_ = 0;
        opens_ = now + options_.tick;
        calm_since_ = opens_;
        hurry_ = false;
    }
    // Where two wait in vain in every tick for long, one of them is too many.
    void measure(Instant now) {
        if (hurry_ || count_ < 3) {
            figures_.hurried += hurry_;
            hurry_ = false;
            calm_since_ = now;
        } else if (now - calm_since_ >= options_.calm) {
            hurry_ = true;
        }
    }

    CommandBufferOptions options_;
    CommandBufferFigures figures_;
    clock::Arrivals arrivals_;
    Slot slots_[window];
    std::size_t count_ = 0;
    std::uint32_t next_ = 1; // whose turn is next
    unsigned missed_ = 0, pushed_ = 0;
    bool started_ = false, idle_ = true, has_last_ = false, hurry_ = false;
    Instant last_take_{}, opens_{}, calm_since_{};
    Order last_{};
    Moment seen_{};
};

} // namespace tenon
