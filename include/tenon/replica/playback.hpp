#pragma once
// What a client shows of a replica: every entity where it was a little ago, in between the snapshots that
// came, each coming and going at its time. A player calls heard() after each snapshot, and view() in each
// frame.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/moment.hpp"
#include "tenon/replica/per_component.hpp"
#include "tenon/replica/playback_clock.hpp"
#include "tenon/replica/replica.hpp"
#include "tenon/replica/sample.hpp"
#include "tenon/replica/smoothing.hpp"

namespace tenon {

// Where a replica's slots were, found among the last snapshots.
class SnapshotTimeline {
  public:
    SnapshotTimeline(const ReplicaHistory& replica, double interval, double reach, std::uint64_t rested,
                     std::uint64_t without)
        : replica_(&replica),
          interval_(interval),
          reach_(reach),
          rested_(static_cast<double>(rested)),
          without_(without) {}

    // A slot at a moment in ticks. Nothing where it was not told of so early.
    Sample at(std::size_t slot, double when) const {
        std::uint64_t told = replica_->told(slot) & ~without_;
        unsigned later = none;
        for (; told != 0; told &= told - 1) {
            const auto age = static_cast<unsigned>(std::countr_zero(told));
            if (tick(age) <= when) return from(slot, when, age, later, told & (told - 1));
            later = age;
        }
        // It was here before, but what was told of it then is forgotten.
        if (later != none) return {replica_->aged(later), {}, 0};
        return {replica_->row(), {}, 0};
    }
    // Whether anything that is kept tells of the slot so early.
    bool reaches(std::size_t slot, double when) const {
        const std::uint64_t told = replica_->told(slot) & ~without_;
        return told != 0 && tick(63 - static_cast<unsigned>(std::countl_zero(told))) <= when;
    }

    // How long nothing was known of a slot before a snapshot that told of it; 0 where that is no matter.
    double gap(std::size_t slot, unsigned age) const {
        const std::uint64_t told = replica_->told(slot) & ~without_;
        const std::uint64_t older = told & ~((std::uint64_t(2) << age) - 1);
        if (older == 0) return 0;
        const auto before = static_cast<unsigned>(std::countr_zero(older));
        const Tenant& tenant = replica_->aged(age).tenant(slot);
        if (tenant.generation == 0 || !tenant.continues(replica_->aged(before).tenant(slot))) return 0;
        return tick(age) - held(before, age);
    }

  private:
    static constexpr unsigned none = 64;

    std::uint64_t complete() const { return replica_->complete() & ~without_; }
    double tick(unsigned age) const { return static_cast<double>(replica_->aged(age).tick()); }
    // The last tick before the snapshot `later` at which the slot was known to be still as `age` told it.
    double held(unsigned age, unsigned later) const {
        const std::uint64_t whole = replica_->whole() & ~without_;
        const std::uint64_t since = (std::uint64_t(1) << age) - 1, gaps = since & ~complete();
        // Complete ones say so too, up to the first that is not here.
        std::uint64_t between = gaps == 0 ? since : since & (whole | ~(std::bit_floor(gaps) * 2 - 1));
        if (later != none) between &= ~((std::uint64_t(2) << later) - 1);
        const unsigned last = between != 0 ? static_cast<unsigned>(std::countr_zero(between)) : age;
        double held = tick(last);
        if (rested_ > held && (later == none || rested_ < tick(later))) return rested_;
        // Between two snapshots of consecutive numbers far from each other nothing was due.
        if (later != none && last == later + 1 && tick(later) - held > 4 * interval_)
            held = tick(later) - interval_;
        return held;
    }
    Sample from(std::size_t slot, double when, unsigned age, unsigned later, std::uint64_t older) const {
        const Row now = replica_->aged(age);
        const Tenant& tenant = now.tenant(slot);
        if (tenant.generation == 0) return {now, {}, 0};
        if (later != none && replica_->aged(later).tenant(slot).continues(tenant)) {
            double start = held(age, later), end = tick(later);
            if (when <= start || !(end > start)) return {now, {}, 0};
            narrow(slot, age, later, older, start, end);
            // What does not move changes with the later snapshot, and not before.
            constexpr double nearly = 1 - 0x1p-40;
            const double share = (when - start) / (end - start);
            return {now, replica_->aged(later), share < 0 ? 0 : share < nearly ? share : nearly};
        }
        // What comes next is not known, or not a motion: it goes on as it went, for a while.
        const double start = tick(age);
        if (older == 0 || held(age, none) > start) return {now, {}, 0};
        const auto before = static_cast<unsigned>(std::countr_zero(older));
        const Row past = replica_->aged(before);
        const double since = held(before, age);
        if (!tenant.continues(past.tenant(slot)) || !(start > since) || !(when > start)) return {now, {}, 0};
        double ahead = when - start < reach_ ? when - start : reach_;
        // One that is not here told of it, and it rests since then.
        if (const std::uint64_t later_on = complete() & ((std::uint64_t(1) << age) - 1); later_on != 0) {
            const auto first = 63 - static_cast<unsigned>(std::countl_zero(later_on));
            const double rests = tick(first) - interval_ - start;
            if (rests < ahead) ahead = rests > 0 ? rests : 0;
        }
        return {past, now, 1 + ahead / (start - since)};
    }

    // What begins to move or comes to rest between two snapshots does so at once rather than slowly: its way
    // there takes no longer than at the speed that it has beyond, or had before it rested.
    void narrow(std::size_t slot, unsigned age, unsigned later, std::uint64_t older, double& start,
                double& end) const {
        const std::uint64_t newer = replica_->told(slot) & ~without_ & ((std::uint64_t(1) << later) - 1);
        const unsigned next = newer != 0 ? 63 - static_cast<unsigned>(std::countl_zero(newer)) : none;
        const unsigned before = older != 0 ? static_cast<unsigned>(std::countr_zero(older)) : none;
        const bool rested = start > tick(age) || stood(slot, before, age);
        const bool rests = held(later, next) > end || stood(slot, later, next);
        if (rested == rests) return;
        double pace = rests ? speed(slot, before, age) : speed(slot, later, next);
        if (rested && !(pace > 0)) pace = usual_speed(slot, older | std::uint64_t(1) << age);
        if (!(pace > 0)) return;
        const double takes = way(slot, age, later) / pace;
        if (!(takes > 0) || !(takes < end - start)) return;
        if (rests)
            end = start + takes;
        else
            start = end - takes;
    }
    // At which it went last.
    double usual_speed(std::size_t slot, std::uint64_t told) const {
        double most = 0;
        for (int moves = 0; moves < 2 && (told & (told - 1)) != 0; told &= told - 1) {
            const std::uint64_t older = told & (told - 1);
            const double went = speed(slot, static_cast<unsigned>(std::countr_zero(older)),
                                      static_cast<unsigned>(std::countr_zero(told)));
            moves += went > 0;
            if (went > most) most = went; // the last one ended where it came to rest
        }
        return most;
    }
    // For how many ticks it was under way from one snapshot to another; 0 where that is not known.
    double under_way(std::size_t slot, unsigned from, unsigned to) const {
        if (from == none || to == none) return 0;
        const Tenant& tenant = replica_->aged(to).tenant(slot);
        if (tenant.generation == 0 || !tenant.continues(replica_->aged(from).tenant(slot))) return 0;
        const double start = held(from, to), end = tick(to);
        return end > start ? end - start : 0;
    }
    // From one snapshot to another, in steps of its fields a tick; below 0 where that is not known.
    double speed(std::size_t slot, unsigned from, unsigned to) const {
        const double takes = under_way(slot, from, to);
        return takes > 0 ? way(slot, from, to) / takes : -1;
    }
    // Whether its speed is 0, which is known sooner.
    bool stood(std::size_t slot, unsigned from, unsigned to) const {
        if (!(under_way(slot, from, to) > 0)) return false;
        bool still = true;
        each_way(slot, from, to, [&](double apart) { return still = apart == 0; });
        return still;
    }
    // How far it went, in steps of all its fields that have a grid; turns are not counted.
    double way(std::size_t slot, unsigned from, unsigned to) const {
        double sum = 0;
        each_way(slot, from, to, [&](double apart) {
            sum += apart;
            return true;
        });
        return sum;
    }
    // f(distance) of each such field, until it says no.
    template <class F>
    void each_way(std::size_t slot, unsigned from, unsigned to, F&& f) const {
        const Layout& layout = replica_->layout();
        const Row a = replica_->aged(from), b = replica_->aged(to);
        const unsigned both = a.tenant(slot).components & b.tenant(slot).components;
        for (std::size_t c = 0; c < layout.components(); ++c) {
            if ((both >> c & 1) == 0) continue;
            const ComponentLayout& component = layout.component(c);
            const auto* const was = a.cells(c, slot);
            const auto* const is = b.cells(c, slot);
            for (std::size_t g = 0; g < component.groups; ++g) {
                const CellGroup& group = layout.group(component.first_group + g);
                if (!(group.step > 0) || group.kind == CellKind::rotation) continue;
                for (unsigned k = 0; k < group.count; ++k) {
                    const std::size_t place = group.first + k;
                    double apart = static_cast<double>(was[place]) - is[place];
                    if (apart < 0) apart = -apart;
                    const double round = static_cast<double>(group.range[k]) + 1;
                    if (group.kind == CellKind::angle && apart > round / 2) apart = round - apart;
                    if (!f(apart)) return;
                }
            }
        }
    }

    const ReplicaHistory* replica_;
    double interval_, reach_, rested_;
    std::uint64_t without_;
};

template <class Game>
class Playback {
  public:
    explicit Playback(const Replica<Game>& replica, const PlaybackOptions& options = {})
        : replica_(&replica), options_(options), clock_(options), slots_(new Slot[replica.slots()]) {
        smooth_.each([&](auto& kept, std::size_t) { kept.open(replica.slots()); });
    }
    Playback(const Playback&) = delete;
    Playback& operator=(const Playback&) = delete;
    ~Playback() { delete[] slots_; }

    // After each snapshot that the replica took in, with the number that handle() gave.
    void heard(Instant now, std::uint16_t number) {
        const unsigned age = replica_->age_of(number);
        if (age >= 64) return;
        const double when = clock_.at(now);
        const bool known = clock_.known();
        const SnapshotTimeline before = timeline(std::uint64_t(1) << age), after = timeline();
        const Row row = replica_->aged(age);
        const bool is_complete = (replica_->complete() >> age & 1) != 0;
        Gaps gaps;
        for (std::size_t slot = 0; slot < replica_->slots(); ++slot) {
            const bool told = (replica_->told(slot) >> age & 1) != 0;
            if (known && is_there(before, slot, when)) smooth(now, slot, before, after, when);
            if (told) slots_[slot].note(row.tenant(slot), row.tick());
            if (told && !is_complete) gaps.note(after.gap(slot, age), clock_.interval());
        }
        clock_.heard(now, row.tick(), gaps.usual(clock_.interval()));
    }
    // Instead, where the authority had nothing to tell of a tick, because all that it told is here.
    void rested(Instant now, Tick tick) {
        if (tick.value <= rested_ || tick.value < replica_->newest().value) return;
        const double when = clock_.at(now);
        const SnapshotTimeline before = timeline();
        rested_ = tick.value;
        if (clock_.known())
            for (std::size_t slot = 0; slot < replica_->slots(); ++slot)
                if (is_there(before, slot, when)) smooth(now, slot, before, timeline(), when);
        clock_.heard(now, tick.value);
    }

    // What is shown now: the client says so with its commands, and the authority rewinds to it.
    const Replica<Game>& replica() const { return *replica_; }
    Moment moment(Instant now) const { return Moment::of(clock_.at(now)); }
    PlaybackFigures figures(Instant now) const { return clock_.figures(now); }

    bool shows(EntityId entity, Instant now) const { return bool(find(entity, clock_.at(now))); }
    PeerId owner(EntityId entity, Instant now) const {
        const Sample sample = find(entity, clock_.at(now));
        return sample ? PeerId{sample.tenant(entity.slot).owner} : PeerId::none();
    }
    template <class T>
    std::optional<T> get(EntityId entity, Instant now) const {
        const Sample sample = find(entity, clock_.at(now));
        return sample ? shown<T>(sample, entity.slot, now) : std::nullopt;
    }
    // The newest that is known, to the bit, and not shown yet.
    template <class T>
    std::optional<T> authoritative(EntityId entity) const {
        return replica_->template get<T>(entity);
    }

    // Every entity that has a T, as it is shown now: for (auto [entity, ship] : playback.view<Ship>(now)).
    template <class T>
    class View {
      public:
        View(const Playback& playback, Instant now)
            : playback_(&playback), now_(now), when_(playback.clock_.at(now)) {}

        class Iterator {
          public:
            Iterator(const View& view, std::size_t slot) : view_(&view), slot_(slot) { skip(); }
            std::pair<EntityId, T> operator*() const { return {entity_, *state_}; }
            Iterator& operator++() {
                ++slot_;
                skip();
                return *this;
            }
            friend bool operator==(const Iterator& a, const Iterator& b) { return a.slot_ == b.slot_; }

          private:
            void skip() {
                const Playback& playback = *view_->playback_;
                for (; slot_ < playback.replica_->slots(); ++slot_) {
                    const Sample sample = playback.at(slot_, view_->when_);
                    if (!sample) continue;
                    state_ = playback.template shown<T>(sample, slot_, view_->now_);
                    entity_ = {static_cast<std::uint16_t>(slot_), sample.tenant(slot_).generation};
                    if (state_) return;
                }
            }
            const View* view_;
            std::size_t slot_;
            EntityId entity_;
            std::optional<T> state_;
        };
        Iterator begin() const { return {*this, 0}; }
        Iterator end() const { return {*this, playback_->replica_->slots()}; }

      private:
        const Playback* playback_;
        Instant now_;
        double when_;
    };
    template <class T>
    View<T> view(Instant now) const {
        static_assert(Game::template has_component<T>,
                      "tenon: view<T>() shows components of the Game: add Component<T> to it");
        return {*this, now};
    }

    // Who came into sight and who went out of it, when it is shown.
    using Change = ReplicaHistory::Change;
    bool poll_event(Instant now, Change& change) {
        const double when = clock_.at(now);
        for (; polled_ < replica_->slots(); ++polled_) {
            std::uint16_t& announced = slots_[polled_].announced;
            const Sample sample = at(polled_, when);
            const std::uint16_t lives = sample ? sample.tenant(polled_).generation : std::uint16_t(0);
            if (announced == lives) continue;
            const auto place = static_cast<std::uint16_t>(polled_);
            change = announced != 0 ? Change{{place, announced}, false} : Change{{place, lives}, true};
            announced = announced != 0 ? std::uint16_t(0) : lives;
            return true;
        }
        polled_ = 0;
        return false;
    }

  private:
    struct Slot {
        std::uint64_t since = 0;    // the first tick at which this tenant is known
        std::uint64_t shown_to = 0; // on the way to where it was at this tick
        double shown = 0;           // it has been seen so far
        std::uint16_t generation = 0, announced = 0;

        void note(const Tenant& tenant, std::uint64_t tick) {
            if (tenant.generation != generation) {
                if (generation != 0 && tick < since) return;
                generation = tenant.generation;
                since = tick;
            } else if (tick < since) {
                since = tick;
            }
        }
    };
    // How long the things that a snapshot tells of had not been told of: where not all fit into each, that is
    // longer than from one snapshot to the next.
    struct Gaps {
        static constexpr std::size_t most = 32; // halves of an interval
        std::uint32_t counts[most] = {}, count = 0;

        void note(double gap, double interval) {
            if (!(gap > 0) || !(interval > 0)) return;
            const double halves = gap / interval * 2;
            ++counts[halves < most - 1 ? static_cast<std::size_t>(halves) : most - 1];
            ++count;
        }
        // That three of four keep to.
        double usual(double interval) const {
            std::uint32_t seen = 0;
            for (std::size_t i = 0; i < most; ++i)
                if ((seen += counts[i]) * 4 > count * 3) return static_cast<double>(i) * interval / 2;
            return 0;
        }
    };
    template <class T>
    struct Smooth {
        struct One {
            Smoothing<T> smoothing;
            Tenant of;
        };
        One* each = nullptr;
        Smooth() = default;
        Smooth(const Smooth&) = delete;
        Smooth& operator=(const Smooth&) = delete;
        ~Smooth() { delete[] each; }
        using Type = T;
        void open(std::size_t slots) { each = new One[slots]; }
    };

    SnapshotTimeline timeline(std::uint64_t without = 0) const {
        return {*replica_, clock_.interval(), clock_.reach(), rested_, without};
    }
    bool is_there(const SnapshotTimeline& timeline, std::size_t slot, double when) const {
        return timeline.reaches(slot, when) ||
               (slots_[slot].generation != 0 && static_cast<double>(slots_[slot].since) <= when);
    }
    // Who is seen in a slot; nothing where nobody is.
    Sample at(std::size_t slot, double when) const {
        const SnapshotTimeline all = timeline();
        if (!is_there(all, slot, when)) return {};
        const Sample sample = seen(all, slot, when);
        return sample.tenant(slot).generation != 0 ? sample : Sample{};
    }
    // It waits where it was seen rather than go back on its way.
    Sample seen(const SnapshotTimeline& timeline, std::size_t slot, double when) const {
        Sample sample = timeline.at(slot, when);
        const Slot& it = slots_[slot];
        if (sample.after && sample.after.tick() == it.shown_to && sample.share < it.shown)
            sample.share = it.shown;
        return sample;
    }
    Sample find(EntityId entity, double when) const {
        if (!entity || entity.slot >= replica_->slots()) return {};
        const Sample sample = at(entity.slot, when);
        return sample && sample.tenant(entity.slot).generation == entity.generation ? sample : Sample{};
    }
    template <class T>
    std::optional<T> shown(const Sample& sample, std::size_t slot, Instant now) const {
        auto state = sample.seen<T>(replica_->layout(), slot, detail::component_of<Game, T>());
        const auto& one = smooth_.template of<T>().each[slot];
        if (state && one.smoothing.active() && sample.tenant(slot).continues(one.of))
            state = one.smoothing.apply(*state, now);
        return state;
    }
    // What has come changes what is shown now: it goes on from where it was seen.
    void smooth(Instant now, std::size_t slot, const SnapshotTimeline& old, const SnapshotTimeline& all,
                double when) {
        const Sample before = seen(old, slot, when), after = seen(all, slot, when);
        if (before == after) return;
        // On the same way, and begun later than it seemed.
        if (after.after && after.after.is(before.after) && after.before.is(before.before) &&
            after.share < before.share && before.share < 1) {
            slots_[slot].shown_to = after.after.tick();
            slots_[slot].shown = before.share;
            return;
        }
        const Sample soon = seen(all, slot, when + 1);
        smooth_.each([&](auto& kept, std::size_t place) {
            using T = typename std::remove_reference_t<decltype(kept)>::Type;
            auto& one = kept.each[slot];
            const Tenant& tenant = after.tenant(slot);
            if (tenant.generation == 0 || !tenant.continues(before.tenant(slot)))
                return one.smoothing.clear();
            const auto was = shown<T>(before, slot, now);
            const auto is = after.seen<T>(replica_->layout(), slot, place);
            const auto next = soon.seen<T>(replica_->layout(), slot, place);
            if (!was || !is || !next || !(apart(*was, *is) < options_.snap)) return one.smoothing.clear();
            one.smoothing.begin(now, *was, *is, fade(*was, *is, *next));
            one.of = tenant;
        });
    }

    // So slowly that what moves on is not seen to step back.
    template <class T>
    Duration fade(const T& was, const T& is, const T& next) const {
        const double wrong = apart(was, is), speed = apart(is, next) / options_.tick.seconds();
        const double most = 10 * options_.fade.seconds();
        return speed > 0 ? max(options_.fade, seconds(2 * wrong < most * speed ? 2 * wrong / speed : most))
                         : options_.fade;
    }

    const Replica<Game>* replica_;
    PlaybackOptions options_;
    PlaybackClock clock_;
    Slot* slots_;
    PerComponent<Game, Smooth> smooth_;
    std::size_t polled_ = 0;
    std::uint64_t rested_ = 0;
};

} // namespace tenon
