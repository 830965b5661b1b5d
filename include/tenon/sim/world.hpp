#pragma once
// World: hosts with sessions on a simulated network, in virtual time and from one seed. Whoever writes a test
// of a game makes a World, gives its ports to sessions, and runs it as long as wished in a moment.

#include <concepts>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/core/hash_map.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/core/timers.hpp"
#include "tenon/sim/bus.hpp"
#include "tenon/sim/faults.hpp"
#include "tenon/sim/network.hpp"
#include "tenon/sim/stream.hpp"
#include "tenon/transport/memory.hpp"

namespace tenon::sim {

// How a session is driven. Without a frame rate: whenever a datagram arrives or its own deadline comes.
struct Drive {
    double frame_hz = 0; // so often and only then, like the loop of a game that draws
};

// What a World drives: a Session over transport::Memory, or anything with the same three functions.
template <class S, class Handlers>
concept Driven = requires(S& session, const S& constant, Handlers& handlers, Instant now) {
    session.tick(now, handlers);
    { constant.next_deadline() } -> std::convertible_to<Instant>;
    { constant.transport().local_address() } -> std::convertible_to<transport::MemoryAddress>;
};

// The same of what has handlers of its own, such as a Hall.
template <class S>
concept DrivenAlone = requires(S& session, const S& constant, Instant now) {
    session.tick(now);
    { constant.next_deadline() } -> std::convertible_to<Instant>;
    { constant.transport().local_address() } -> std::convertible_to<transport::MemoryAddress>;
};

class World {
  public:
    explicit World(std::uint64_t seed = 1, const Faults& faults = Faults::none())
        : seed_(seed),
          faults_(faults),
          random_(splitmix(seed)),
          exchange_(random_.next()),
          network_(exchange_, random_.next()),
          partition_random_(random_.fork()),
          pause_random_(random_.fork()),
          frame_random_(random_.fork()) {
        network_.set_path(faults.path());
        next_partition_ = now_ + pause_before(partition_random_, faults.partitions);
        next_pause_ = now_ + pause_before(pause_random_, faults.pauses);
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // ---- who is in it

    // A transport of this host, for a session to be made with. Any number is a host; "host7:4000" finds port
    // 4000 of host 7.
    transport::Memory port(std::uint32_t host) {
        host_of(host);
        return transport::Memory(exchange_, host);
    }
    // The same of connections, which have no faults but those of lines(); or of StreamAndDatagrams
    // or ManyStreams.
    template <class Kind = Stream>
    Kind stream(std::uint32_t host) {
        host_of(host);
        return Kind(lines_, host);
    }
    // An end of the world's bus on this host. Its words take the paths between the host and broker_host,
    // which have the world's faults; host 1's is cut off with network().cut(1, sim::broker_host).
    Bus bus(std::uint32_t host) {
        if (broker_ == nullptr) {
            broker_ = std::make_unique<Broker>(exchange_);
            host_of(broker_host);
            network_.nats().exempt(broker_host); // a client of a bus keeps its connection
        }
        host_of(host);
        bus_hosts_.push_back(host);
        give_bus_path(host);
        return Bus(*broker_, host);
    }
    // From here on the world ticks the session with these handlers. Both must outlive it or be removed.
    template <class S, class Handlers>
    void add(S& session, Handlers& handlers, const Drive& drive = {}) requires Driven<S, Handlers> {
        Seat seat = seat_of(session);
        seat.handlers = &handlers;
        seat.tick = [](void* s, void* h, Instant now) {
            static_cast<S*>(s)->tick(now, *static_cast<Handlers*>(h));
        };
        sit_down(seat, drive);
    }
    template <class S>
    void add(S& hall, const Drive& drive = {}) requires DrivenAlone<S> {
        Seat seat = seat_of(hall);
        seat.tick = [](void* s, void*, Instant now) { static_cast<S*>(s)->tick(now); };
        sit_down(seat, drive);
    }
    // The world forgets the session, which may then be destroyed.
    template <class S>
    void remove(const S& session) {
        for (std::uint32_t i = 0; i < seats_.size(); ++i) {
            if (seats_[i].session != &session) continue;
            seats_[i].session = nullptr;
            timers_.cancel(i);
        }
    }

    // ---- time

    void run(Duration time) {
        run_until([] { return false; }, time);
    }
    // Until the predicate holds, which is asked after everything that happens; false when it never did.
    template <class Predicate>
    bool run_until(Predicate&& holds, Duration limit) {
        const Instant end = now_ + limit;
        network_.collect(now_);
        lines_.set_now(now_);
        for (std::uint32_t i = 0; i < seats_.size(); ++i) schedule(i);
        if (holds()) return true;
        while (step(end))
            if (holds()) return true;
        return false;
    }

    // ---- what happens to it

    // The hosts of the group and the others don't hear each other for so long.
    void partition(std::vector<std::uint32_t> group, Duration time) {
        network_.split(std::move(group), now_ + time);
    }
    // Nobody hears anything over the bus for so long.
    void bus_out(Duration time) { partition({broker_host}, time); }
    // The host stands still for so long: nothing on it is ticked, and what arrives waits.
    void pause(std::uint32_t host, Duration time) {
        Host& paused = host_of(host);
        paused.paused_until = max(paused.paused_until, now_ + time);
    }
    // From here on nothing goes wrong any more: what shall come to pass in the end must come to pass now.
    void calm() {
        Faults kept;
        kept.latency_ms = faults_.latency_ms;
        kept.spread = faults_.spread;
        network_.heal();
        network_.set_path(kept.path());
        calm_ = true;
        for (const std::uint32_t host : bus_hosts_) give_bus_path(host);
        next_partition_ = next_pause_ = Instant::never();
        for (Host& host : hosts_) host.paused_until = now_;
    }

    // ---- asking

    Instant now() const { return now_; }
    // The time that this host's clock shows, which its sessions are ticked with.
    Instant now(std::uint32_t host) { return now_ + host_of(host).skew; }
    Duration elapsed() const { return now_ - begin; }
    std::uint64_t seed() const { return seed_; }
    const Faults& faults() const { return faults_; }
    Random& random() { return random_; } // for the scenario's own choices
    Network& network() { return network_; }
    const Network& network() const { return network_; }
    transport::Exchange& exchange() { return exchange_; }
    Lines& lines() { return lines_; }
    std::uint64_t ticks() const { return ticks_; }
    // Ticks that left their session with a deadline that had already passed: it would spin in a real loop.
    std::uint64_t restless() const { return restless_; }

  private:
    static constexpr Instant begin{1'000'000'000'000};
    static constexpr std::uint32_t nobody = 0xFFFF'FFFF;
    // How soon a session that wants its turn at once gets another.
    static constexpr Duration breath = microseconds(100);

    struct Host {
        std::uint32_t number = 0, seats = nobody; // the first of its seats
        Duration skew{};
        Instant paused_until{};
    };
    struct Seat {
        void* session = nullptr;
        void* handlers = nullptr;
        void (*tick)(void*, void*, Instant) = nullptr;
        Instant (*deadline)(const void*) = nullptr;
        transport::MemoryAddress (*address)(const void*) = nullptr;
        std::uint32_t host = 0, next_on_host = nobody;
        Duration frame{};
        Instant due{}; // of the next frame
    };
    struct HostNumber {
        std::uint32_t value = 0;
        std::uint64_t hash() const { return value; }
        friend bool operator==(HostNumber, HostNumber) = default;
    };

    template <class S>
    static Seat seat_of(S& session) {
        Seat seat;
        seat.session = &session;
        seat.deadline = [](const void* s) -> Instant { return static_cast<const S*>(s)->next_deadline(); };
        seat.address = [](const void* s) -> transport::MemoryAddress {
            return static_cast<const S*>(s)->transport().local_address();
        };
        return seat;
    }
    void sit_down(Seat& seat, const Drive& drive) {
        seat.frame = drive.frame_hz > 0 ? period(drive.frame_hz) : Duration{};
        seat.host = index_of(seat.address(seat.session).host);
        seat.next_on_host = hosts_[seat.host].seats;
        if (seat.frame.ns > 0) seat.due = now_ + nanoseconds(frame_random_.between(0, seat.frame.ns));
        hosts_[seat.host].seats = static_cast<std::uint32_t>(seats_.size());
        seats_.push_back(seat);
    }
    std::uint32_t index_of(std::uint32_t number) {
        if (const std::uint32_t* known = host_index_.find(HostNumber{number})) return *known;
        const auto index = static_cast<std::uint32_t>(hosts_.size());
        Host host;
        host.number = number;
        const double share = Random(seed_ ^ splitmix(number)).real() * 2 - 1;
        host.skew = seconds(faults_.clock_ms / 1000 * share);
        hosts_.push_back(host);
        host_index_.insert(HostNumber{number}, index);
        return index;
    }
    Host& host_of(std::uint32_t number) { return hosts_[index_of(number)]; }

    // A bus has a way of its own with what is large.
    void give_bus_path(std::uint32_t host) {
        Path path = faults_.path();
        if (calm_) {
            path = Path();
            path.latency = faults_.path().latency;
            path.spread = faults_.path().spread;
        }
        path.mtu = 0;
        network_.set_path_both_ways(host, broker_host, path);
    }
    // Everything of the next moment at which something happens; false when that is after `end`.
    bool step(Instant end) {
        const Instant next =
            min(min(min(network_.next(), lines_.next()), timers_.next()), min(next_partition_, next_pause_));
        if (next > end) {
            now_ = max(now_, end);
            return false;
        }
        now_ = max(now_, next);
        if (next_partition_ <= now_) part();
        if (next_pause_ <= now_) stall();
        network_.deliver(now_, [this](const transport::MemoryAddress& to) { wake(to); });
        lines_.deliver(now_, [this](const transport::MemoryAddress& to) { wake(to); });
        if (broker_ != nullptr) {
            broker_->turn();
            network_.collect(now_);
        }
        std::uint32_t due = 0;
        while (timers_.pop_due(now_, due)) turn(due);
        return true;
    }
    void wake(const transport::MemoryAddress& to) {
        const std::uint32_t* host = host_index_.find(HostNumber{to.host});
        if (host == nullptr) return;
        const bool by_bus = broker_ != nullptr && to.port >= bus_port && to.port < bus_port + bus_ports_max;
        for (std::uint32_t i = hosts_[*host].seats; i != nobody; i = seats_[i].next_on_host) {
            const Seat& seat = seats_[i];
            if (seat.session != nullptr && seat.frame.ns == 0 && (by_bus || seat.address(seat.session) == to))
                timers_.set(i, now_);
        }
    }
    void turn(std::uint32_t index) {
        Seat& seat = seats_[index];
        const Host& host = hosts_[seat.host];
        if (host.paused_until > now_) {
            timers_.set(index, host.paused_until);
            return;
        }
        ++ticks_;
        seat.tick(seat.session, seat.handlers, now_ + host.skew);
        network_.collect(now_);
        if (seats_[index].session == nullptr) return; // its handlers have removed it
        schedule(index, true);
    }
    void schedule(std::uint32_t index, bool ticked = false) {
        Seat& seat = seats_[index];
        if (seat.session == nullptr) return;
        if (seat.frame.ns > 0) {
            while (ticked && seat.due <= now_) seat.due += seat.frame;
            timers_.set(index, seat.due);
            return;
        }
        const Instant deadline = seat.deadline(seat.session);
        if (deadline >= Instant::never()) return timers_.cancel(index);
        Instant due = deadline - hosts_[seat.host].skew;
        if (ticked && due <= now_) {
            ++restless_;
            due = now_ + breath;
        }
        timers_.set(index, max(due, now_));
    }

    // Seconds between two events of which `a_minute` happen a minute, at random.
    static Duration pause_before(Random& random, double a_minute) {
        return a_minute > 0 ? seconds(60 / a_minute * (0.2 + 1.6 * random.real())) : Duration::max();
    }
    static Duration about(Random& random, double ms) { return seconds(ms / 1000 * (0.5 + random.real())); }
    std::uint32_t any_host(Random& random) const {
        return hosts_[static_cast<std::size_t>(random.below(hosts_.size()))].number;
    }
    void part() {
        std::vector<std::uint32_t> group;
        for (const Host& host : hosts_)
            if (partition_random_.chance(0.5)) group.push_back(host.number);
        if ((group.empty() || group.size() == hosts_.size()) && !hosts_.empty())
            group = {any_host(partition_random_)};
        partition(std::move(group), about(partition_random_, faults_.partition_ms));
        next_partition_ = now_ + pause_before(partition_random_, faults_.partitions);
    }
    void stall() {
        const Duration time = about(pause_random_, faults_.pause_ms);
        if (!hosts_.empty()) pause(any_host(pause_random_), time);
        next_pause_ = now_ + pause_before(pause_random_, faults_.pauses);
    }

    std::uint64_t seed_;
    Faults faults_;
    Random random_;
    transport::Exchange exchange_;
    Network network_;
    Lines lines_{splitmix(seed_ + 1)};
    Random partition_random_, pause_random_, frame_random_;
    std::unique_ptr<Broker> broker_; // where there is a bus
    std::vector<std::uint32_t> bus_hosts_;
    bool calm_ = false;
    Instant now_ = begin, next_partition_, next_pause_;
    std::vector<Host> hosts_;
    HashMap<HostNumber, std::uint32_t> host_index_;
    std::vector<Seat> seats_;
    Timers timers_;
    std::uint64_t ticks_ = 0, restless_ = 0;
};

} // namespace tenon::sim
