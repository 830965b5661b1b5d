#pragma once
// Impaired<T>: any transport on a bad line, with loss, delay, jitter, duplicates, damage and a narrow link,
// each way on its own and repeatable from a seed. For trying a game over real sockets; whole rooms belong in
// sim/.

#include <cstddef>
#include <cstdint>
#include <queue>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/now.hpp"

namespace tenon::transport {

// What one direction does to its datagrams. Probabilities are from 0 to 1.
struct Impairment {
    double loss = 0, duplicate = 0, corrupt = 0; // corrupt: one bit is turned over
    Duration delay{}, jitter{};                  // arrives after delay plus or minus jitter, evenly spread
    std::uint64_t bandwidth = 0;                 // payload bytes a second; 0: no limit
    std::uint32_t queue_bytes = 64 << 10;        // waiting for that bandwidth; more is lost
    bool reorder = false;                        // whether jitter lets datagrams overtake each other

    // "loss=5,delay=50,jitter=10,duplicate=1,corrupt=0.1,bandwidth=125000,queue=65536,reorder=1": percent,
    // milliseconds, bytes a second, bytes; all of them optional. Else malformed or over_bound.
    static constexpr Result<Impairment> parse(std::string_view text);

    constexpr bool any() const {
        return loss > 0 || duplicate > 0 || corrupt > 0 || delay.ns > 0 || jitter.ns > 0 || bandwidth > 0;
    }
};

struct ImpairedOptions {
    Impairment outgoing{}, incoming{};
    std::uint64_t seed = 1;
    std::size_t held_bytes = 8u << 20; // each way; datagrams beyond are lost and counted
};

struct ImpairedCounters {
    std::uint64_t passed = 0, lost = 0, duplicated = 0, corrupted = 0;
    std::uint64_t queue_full = 0; // no room in the narrow link's queue
    std::uint64_t held_full = 0;  // no room for more delayed datagrams
};

namespace detail {

// One direction: what is on its way, the earliest first. Slots keep their storage, so steady state allocates
// nothing.
template <class Address>
class ImpairedLine {
  public:
    struct Slot {
        Address address{};
        Lane lane{};
        std::vector<std::byte> bytes;
        std::size_t size = 0;
        BytesIn datagram() const { return {bytes.data(), size}; }
    };

    Impairment impairment;
    ImpairedCounters counters;

    ImpairedLine(const Impairment& how, std::uint64_t seed, std::size_t held_bytes)
        : impairment(how), random_(seed), held_bytes_(held_bytes) {}

    bool transparent() const { return !impairment.any() && due_.empty(); }
    Instant next() const { return due_.empty() ? Instant::never() : due_.top().at; }
    std::size_t count() const { return due_.size(); }

    void put(Instant at, const Address& address, Lane lane, BytesIn datagram) {
        Instant leaves = at;
        if (impairment.bandwidth > 0) {
            const double second = static_cast<double>(impairment.bandwidth);
            leaves = max(at, free_at_);
            if ((leaves - at).seconds() * second + static_cast<double>(datagram.size()) >
                static_cast<double>(impairment.queue_bytes)) {
                ++counters.queue_full;
                return;
            }
            leaves = free_at_ = leaves + seconds(static_cast<double>(datagram.size()) / second);
        }
        if (random_.chance(impairment.loss)) {
            ++counters.lost;
            return;
        }
        hold(leaves, address, lane, datagram);
        if (random_.chance(impairment.duplicate)) {
            ++counters.duplicated;
            hold(leaves, address, lane, datagram);
        }
    }

    // Calls f(slot) for what is due, while f returns true; what it refuses stays the next one.
    template <class F>
    void take(Instant at, F&& f) {
        const std::uint64_t run = run_;
        for (std::size_t left = due_.size(); left > 0 && run == run_ && next() <= at; --left) {
            const Due first = due_.top();
            due_.pop();
            // f may clear the line or put more on it, so the slot is moved out of reach while it looks.
            Slot slot = std::move(slots_[first.slot]);
            const bool taken = f(std::as_const(slot));
            if (run != run_) return;
            slots_[first.slot] = std::move(slot);
            if (!taken) {
                due_.push(first);
                return;
            }
            ++counters.passed;
            held_ -= slots_[first.slot].size;
            free_.push_back(first.slot);
        }
    }
    void clear() {
        ++run_;
        due_ = {};
        slots_.clear();
        free_.clear();
        held_ = 0;
        free_at_ = last_ = {};
    }

  private:
    struct Due {
        Instant at;
        std::uint64_t order;
        std::uint32_t slot;

        // The queue gives its greatest, so the earliest is that.
        friend bool operator<(const Due& a, const Due& b) {
            return a.at != b.at ? b.at < a.at : b.order < a.order;
        }
    };

    void hold(Instant leaves, const Address& address, Lane lane, BytesIn datagram) {
        if (held_ + datagram.size() > held_bytes_ || due_.size() >= held_bytes_ / 64) {
            ++counters.held_full;
            return;
        }
        Instant arrives = leaves + impairment.delay;
        if (impairment.jitter.ns > 0)
            arrives = max(
                leaves, arrives + nanoseconds(random_.between(-impairment.jitter.ns, impairment.jitter.ns)));
        if (!impairment.reorder) arrives = last_ = max(last_, arrives);
        std::uint32_t index = static_cast<std::uint32_t>(slots_.size());
        if (free_.empty()) {
            slots_.emplace_back();
        } else {
            index = free_.back();
            free_.pop_back();
        }
        Slot& slot = slots_[index];
        slot.address = address;
        slot.lane = lane;
        slot.size = datagram.size();
        if (slot.bytes.size() < datagram.size())
            slot.bytes.resize(datagram.size() < 256 ? 256 : datagram.size());
        copy(slot.bytes.data(), datagram);
        if (!datagram.empty() && random_.chance(impairment.corrupt)) {
            ++counters.corrupted;
            const auto bit = static_cast<std::size_t>(random_.below(datagram.size() * 8));
            slot.bytes[bit / 8] ^= std::byte(1u << (bit % 8));
        }
        held_ += datagram.size();
        due_.push({arrives, order_++, index});
    }

    Random random_;
    std::size_t held_bytes_, held_ = 0;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::priority_queue<Due> due_;
    Instant free_at_{}, last_{};
    std::uint64_t order_ = 0, run_ = 0;
};

} // namespace detail

// `Now` gives the time: the system's, or a test's.
template <class T, class Now = SystemNow>
class Impaired {
  public:
    using Address = typename T::Address;
    static_assert(!T::traits.connected && !HasRoads<T>,
                  "tenon: Impaired loses and reorders datagrams, and a connection that did would be broken; "
                  "put it around roads of datagrams alone, as in Fallback<Impaired<Udp>, WebSocket>");
    static constexpr TransportTraits traits = [] {
        TransportTraits inner = T::traits;
        inner.reliable = inner.ordered = inner.connected = false;
        return inner;
    }();
    static constexpr std::size_t datagram_max = datagram_max_of<T>();

    explicit Impaired(T inner = T(), ImpairedOptions options = {}, Now now = Now())
        : inner_(std::move(inner)),
          now_(std::move(now)),
          out_(options.outgoing, options.seed, options.held_bytes),
          in_(options.incoming, splitmix(options.seed), options.held_bytes) {}
    Impaired(T inner, const Impairment& both, std::uint64_t seed = 1)
        : Impaired(std::move(inner), ImpairedOptions{both, both, seed}) {}

    // From here on; what is already on its way stays as it was.
    void set_outgoing(const Impairment& impairment) { out_.impairment = impairment; }
    void set_incoming(const Impairment& impairment) { in_.impairment = impairment; }

    Result<Address> open(std::uint16_t port) { return inner_.open(port); }
    Result<Address> resolve(std::string_view text) { return inner_.resolve(text); }
    void close() {
        out_.clear();
        in_.clear();
        inner_.close();
        blocked_ = false;
    }

    Sent send(const Address& to, Lane lane, BytesIn datagram) {
        if (out_.transparent()) return inner_.send(to, lane, datagram);
        if constexpr (requires { inner_.is_open(); })
            if (!inner_.is_open()) return Sent::closed;
        if constexpr (requires { T::datagram_max; })
            if (datagram.size() > T::datagram_max) return Sent::too_big;
        if (blocked_) return Sent::would_block;
        out_.put(now_(), to, lane, datagram);
        return Sent::sent;
    }
    void flush() {
        blocked_ = false;
        out_.take(now_(), [this](const auto& slot) {
            blocked_ = inner_.send(slot.address, slot.lane, slot.datagram()) == Sent::would_block;
            return !blocked_;
        });
        inner_.flush();
    }

    template <class F>
    void poll(F&& f) {
        inner_.poll([&](const Address& from, Lane lane, BytesIn datagram) {
            if (in_.transparent())
                f(from, lane, datagram);
            else
                in_.put(now_(), from, lane, datagram);
        });
        in_.take(now_(), [&](const auto& slot) {
            f(slot.address, slot.lane, slot.datagram());
            return true;
        });
    }
    // Comes back early when a held datagram is due, either way.
    void wait(Instant until) {
        wait_by(until, [this](Instant at) { inner_.wait(at); });
    }
    void wait(Instant until, Waker* waker) requires WakesUp<T> {
        wait_by(until, [&](Instant at) { inner_.wait(at, waker); });
    }

    bool is_open() const requires requires(const T& t) { t.is_open(); }
    { return inner_.is_open(); }
    Address local_address() const requires requires(const T& t) { t.local_address(); }
    { return inner_.local_address(); }
    void each_local_address(auto&& f) const requires TellsLocal<T> { inner_.each_local_address(f); }
    std::uint64_t entropy() { return inner_.entropy(); }
    T& inner() { return inner_; }
    const T& inner() const { return inner_; }
    const ImpairedCounters& outgoing() const { return out_.counters; }
    const ImpairedCounters& incoming() const { return in_.counters; }
    std::size_t held() const { return out_.count() + in_.count(); }
    // When the next held datagram is due; Instant::never() when none is held.
    Instant next_due() const { return min(out_.next(), in_.next()); }

  private:
    template <class F>
    void wait_by(Instant until, F&& inner_waits) {
        flush();
        until = min(until, in_.next());
        inner_waits(blocked_ ? until : min(until, out_.next()));
        flush();
    }

    T inner_;
    Now now_;
    detail::ImpairedLine<Address> out_, in_;
    bool blocked_ = false;
};

namespace detail {

// Digits with at most one point, up to nine before it and six behind.
constexpr bool read_number(std::string_view text, double& value) {
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view rest = point == std::string_view::npos ? "" : text.substr(point + 1);
    if (whole.empty() || whole.size() > 12 || rest.size() > 6) return false;
    if (point != std::string_view::npos && rest.empty()) return false;
    value = 0;
    double unit = 1;
    for (const char c : whole) {
        if (c < '0' || c > '9') return false;
        value = value * 10 + (c - '0');
    }
    for (const char c : rest) {
        if (c < '0' || c > '9') return false;
        value += (unit /= 10) * (c - '0');
    }
    return true;
}

} // namespace detail

constexpr Result<Impairment> Impairment::parse(std::string_view text) {
    Impairment result;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view item = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
        if (comma != std::string_view::npos && text.empty()) return Error::malformed;
        const std::size_t equals = item.find('=');
        double value = 0;
        if (equals == std::string_view::npos || !detail::read_number(item.substr(equals + 1), value))
            return Error::malformed;
        const std::string_view key = item.substr(0, equals);
        double* const share = key == "loss"        ? &result.loss
                              : key == "duplicate" ? &result.duplicate
                              : key == "corrupt"   ? &result.corrupt
                                                   : nullptr;
        Duration* const time = key == "delay" ? &result.delay : key == "jitter" ? &result.jitter : nullptr;
        if (share != nullptr) {
            if (value > 100) return Error::over_bound;
            *share = value / 100;
        } else if (time != nullptr) {
            if (value > 60'000) return Error::over_bound;
            *time = seconds(value / 1000);
        } else if (key == "bandwidth") {
            result.bandwidth = static_cast<std::uint64_t>(value);
        } else if (key == "queue") {
            if (value > 0xFFFF'FFFF) return Error::over_bound;
            result.queue_bytes = static_cast<std::uint32_t>(value);
        } else if (key == "reorder") {
            if (value > 1) return Error::over_bound;
            result.reorder = value != 0;
        } else {
            return Error::malformed;
        }
    }
    return result;
}

} // namespace tenon::transport
