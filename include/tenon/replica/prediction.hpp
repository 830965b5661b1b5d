#pragma once
// What a client owns, run ahead of the authority by the game's own step: an input is seen in the frame in
// which it is given. When the authority tells how far it has come, what it has not played yet is played again
// from there, and what was foreseen wrongly fades away. A player calls command() once a tick, heard() after
// each snapshot, and predicted() in each frame.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/per_component.hpp"
#include "tenon/replica/predicted_world.hpp"
#include "tenon/replica/smoothing.hpp"

namespace tenon {

struct PredictionOptions {
    std::size_t commands_max = 128;    // that the authority has not played yet; a further one is refused
    std::size_t spawns_max = 32;       // things that it has not told of yet
    Duration fade = milliseconds(100); // differences that came to light go in this time
    double snap = 10;                  // and those of this many units or more at once
};

struct PredictionFigures {
    std::uint64_t commands = 0, refused = 0; // the latter because too many wait
    std::uint64_t played = 0;                // of the commands, by the authority, as far as is known
    std::uint64_t replayed = 0;              // steps
    std::uint64_t corrections = 0, snaps = 0;
    double largest = 0; // correction, in units
    std::uint64_t matched = 0, withdrawn = 0;
};

// What became of something foreseen: the real one, or none when it is not to be.
struct Outcome {
    EntityId foreseen, real;
};

// Of a game without commands: nothing is run ahead.
struct NoOrder {};

template <class Game, class Order>
class Prediction {
    static_assert(
        Game::template has_command<Order> || std::is_same_v<Order, NoOrder>,
        "tenon: Prediction runs a client's commands ahead: add Command<T> of this type to the Game");

  public:
    explicit Prediction(const Replica<Game>& replica, const PredictionOptions& options = {})
        : replica_(&replica),
          options_(options),
          world_(replica, options.spawns_max),
          orders_(new Order[kept()]),
          own_(new Own[replica.slots()]),
          outcomes_(new Outcome[outcomes_max()]) {
        smooth_.each([&](auto& kept, std::size_t) { kept.open(world_.slots()); });
    }
    Prediction(const Prediction&) = delete;
    Prediction& operator=(const Prediction&) = delete;
    ~Prediction() {
        delete[] orders_;
        delete[] own_;
        delete[] outcomes_;
    }

    // Whose things are run ahead; before the first command.
    void begin(PeerId self) { world_.self_ = self; }

    // Gives the command its number, from 1 on, and runs ahead: step(world, entity, order, number) is called
    // for each thing of ours. `queue_full` when the authority has not played so many; nothing happens then.
    template <class Step>
    Result<std::uint32_t> command(const Order& order, Step&& step) {
        check<Step>();
        if (newest_ - world_.applied_ >= kept()) return ++figures_.refused, Error::queue_full;
        orders_[++newest_ % kept()] = order;
        ++figures_.commands;
        run(newest_, step);
        return newest_;
    }

    // After each snapshot that the replica took in, with its number, and with the newest of our commands that
    // the authority had played when it wrote it. `malformed` when that was never given.
    template <class Step>
    Result<> heard(Instant now, std::uint16_t number, std::uint32_t applied, Step&& step) {
        check<Step>();
        if (applied > newest_) return Error::malformed;
        if (replica_->age_of(number) >= SnapshotHead::window) return Error::stale;
        applied_at_[number % SnapshotHead::window] = applied;
        reconcile(now, applied, step);
        return {};
    }
    // Instead, where the authority had nothing to tell because all that it told is here.
    template <class Step>
    Result<> rested(Instant now, std::uint32_t applied, Step&& step) {
        check<Step>();
        if (applied > newest_) return Error::malformed;
        if (applied > rested_) rested_ = applied;
        reconcile(now, applied, step);
        return {};
    }

    bool predicts(EntityId entity) const { return world_.predicts(entity); }
    // As it is after our newest command; nothing where it is not ours.
    template <class T>
    std::optional<T> get(EntityId entity) const {
        return predicts(entity) ? world_.template get<T>(entity) : std::nullopt;
    }
    // The same as it is shown: what was foreseen wrongly fades.
    template <class T>
    std::optional<T> predicted(EntityId entity, Instant now) const {
        auto state = get<T>(entity);
        if (state) state = smooth_.template of<T>().each[entity.slot].apply(*state, now);
        return state;
    }
    // Our things and those that were foreseen, in so many places, of which some are empty.
    std::size_t places() const { return own_count_ + world_.spawns_; }
    EntityId at(std::size_t place) const {
        const EntityId entity = place < own_count_ ? world_.known_as(own_[place].slot)
                                                   : world_.foreseen_[place - own_count_].entity;
        return entity && world_.alive(entity) ? entity : EntityId::none();
    }
    // f(EntityId) for each.
    template <class F>
    void each(F&& f) const {
        for (std::size_t i = 0; i < places(); ++i)
            if (const EntityId entity = at(i)) f(entity);
    }
    const PredictedWorld<Game>& world() const { return world_; }

    // What became of what was foreseen; the oldest is forgotten when nobody asks.
    bool poll_event(Outcome& outcome) {
        if (outcome_first_ == outcome_end_) return false;
        outcome = outcomes_[outcome_first_++ % outcomes_max()];
        return true;
    }
    // Commands that the authority has not played yet, as far as is known.
    std::uint32_t pending() const { return newest_ - world_.applied_; }
    const PredictionFigures& figures() const { return figures_; }

  private:
    static constexpr unsigned long_run = 12; // snapshots
    struct Own {
        std::uint16_t slot = 0;
        std::uint32_t played = 0; // the newest command that is in what was told of it
    };
    template <class T>
    struct Smooth {
        Smoothing<T>* each = nullptr;
        Smooth() = default;
        Smooth(const Smooth&) = delete;
        Smooth& operator=(const Smooth&) = delete;
        ~Smooth() { delete[] each; }
        using Type = T;
        void open(std::size_t slots) { each = new Smoothing<T>[slots]; }
    };

    template <class Step>
    static constexpr bool is_step =
        std::is_invocable_v<Step&, PredictedWorld<Game>&, EntityId, const Order&, std::uint32_t>;
    template <class Step>
    static constexpr void check() {
        static_assert(is_step<Step>,
                      "tenon: a predicted step is step(auto& world, EntityId entity, const Order& order, "
                      "std::uint32_t number)");
    }
    std::size_t kept() const { return options_.commands_max == 0 ? 1 : options_.commands_max; }
    std::size_t outcomes_max() const { return world_.spawns_ + 1; }

    template <class Step>
    void run(std::uint32_t number, Step& step) {
        const Order& order = orders_[number % kept()];
        world_.running_ = number;
        const auto one = [&](EntityId entity) {
            if constexpr (is_step<Step>)
                if (world_.alive(entity)) step(world_, entity, order, number);
        };
        for (std::size_t i = 0; i < own_count_; ++i)
            if (own_[i].played < number) one(world_.known_as(own_[i].slot));
        for (std::size_t i = 0; i < world_.spawns_; ++i) {
            const auto& foreseen = world_.foreseen_[i];
            if (foreseen.entity && foreseen.origin.command < number && !world_.is_kept(foreseen.entity))
                one(foreseen.entity);
        }
    }

    template <class Step>
    void reconcile(Instant now, std::uint32_t applied, Step& step) {
        if (applied > world_.applied_) figures_.played = world_.applied_ = applied;
        remember();
        const std::uint32_t from = collect();
        match();
        world_.replaying_ = true;
        for (std::size_t i = 0; i < world_.spawns_; ++i) {
            auto& foreseen = world_.foreseen_[i];
            foreseen.revived = false;
            if (foreseen.entity && !world_.is_kept(foreseen.entity))
                world_.now().tenant(foreseen.entity.slot).generation = 0;
        }
        for (std::uint32_t number = from + 1; number <= newest_; ++number) {
            run(number, step);
            ++figures_.replayed;
        }
        world_.replaying_ = false;
        withdraw();
        for (std::size_t i = 0; i < own_count_; ++i) smooth(now, own_[i].slot);
        for (std::size_t i = 0; i < world_.spawns_; ++i)
            if (world_.foreseen_[i].entity) smooth(now, world_.foreseen_[i].entity.slot);
    }
    // What was foreseen so far, to see afterwards how wrong it was.
    void remember() {
        for (std::size_t slot = 0; slot < world_.slots(); ++slot)
            if (world_.owned_[slot]) world_.copy(world_.before(), slot, world_.now(), slot);
    }
    // Takes what the authority told of ours; the command after which all of it is to be played again.
    std::uint32_t collect() {
        std::uint32_t least = newest_;
        own_count_ = 0;
        const Row told = replica_->row();
        for (std::size_t slot = 0; slot < replica_->slots(); ++slot) {
            const Tenant& tenant = told.tenant(slot);
            const bool owned = tenant.generation != 0 && world_.self_ && tenant.owner == world_.self_.value;
            if (!world_.owned_[slot]) world_.before().tenant(slot) = {};
            world_.owned_[slot] = owned;
            if (!owned) continue;
            world_.copy(world_.now(), slot, told, slot);
            const std::uint32_t played = played_in(slot);
            own_[own_count_++] = {static_cast<std::uint16_t>(slot), played};
            if (played < least) least = played;
        }
        // What has been played again is only as old as what is kept.
        if (newest_ - least > kept()) least = newest_ - static_cast<std::uint32_t>(kept());
        const std::uint32_t applied = world_.applied_;
        return own_count_ == 0 || least > applied ? applied : least;
    }
    // The newest of our commands that is in what is known of a slot.
    std::uint32_t played_in(std::size_t slot) const {
        const std::uint64_t known = replica_->told(slot) | replica_->whole();
        if (known == 0) return world_.applied_;
        const auto age = static_cast<unsigned>(std::countr_zero(known));
        const std::uint32_t played = applied_at(age);
        return played < rested_ ? rested_ : played;
    }
    // Puts the real things in the place of the foreseen ones.
    void match() {
        for (std::size_t i = 0; i < own_count_; ++i) {
            const std::size_t slot = own_[i].slot;
            const Tenant& tenant = world_.now().tenant(slot);
            const bool known = world_.before().tenant(slot).generation == tenant.generation;
            if (tenant.key == 0 || known) continue;
            for (std::size_t k = 0; k < world_.spawns_; ++k) {
                auto& foreseen = world_.foreseen_[k];
                if (!foreseen.entity || foreseen.origin.key != tenant.key ||
                    static_cast<std::uint16_t>(foreseen.origin.command) != tenant.command)
                    continue;
                const std::size_t from = foreseen.entity.slot;
                world_.copy(world_.before(), slot, world_.before(), from);
                world_.before().tenant(slot).generation = tenant.generation;
                world_.before().tenant(slot).leaps = tenant.leaps;
                smooth_.each([&](auto& kept, std::size_t) { kept.each[slot] = kept.each[from]; });
                ++figures_.matched;
                give_up(foreseen, world_.known_as(slot));
            }
        }
    }
    void give_up(typename PredictedWorld<Game>::Foreseen& foreseen, EntityId real) {
        const std::size_t slot = foreseen.entity.slot;
        if (outcome_end_ - outcome_first_ == outcomes_max()) ++outcome_first_;
        outcomes_[outcome_end_++ % outcomes_max()] = {foreseen.entity, real};
        world_.now().tenant(slot) = {};
        world_.owned_[slot] = false;
        smooth_.each([&](auto& kept, std::size_t) { kept.each[slot].clear(); });
        foreseen = {};
    }
    std::uint32_t applied_at(unsigned age) const {
        return applied_at_[(replica_->newest_number() - age) % SnapshotHead::window];
    }
    // Of which of our commands the authority has told all that came of them: after the one, up to the other.
    // Snapshots that leave nothing out say so where none is missing since the command was played.
    std::pair<std::uint32_t, std::uint32_t> decided() const {
        std::uint32_t all = rested_;
        if (const std::uint64_t whole = replica_->whole(); whole != 0) {
            const std::uint32_t played = applied_at(static_cast<unsigned>(std::countr_zero(whole)));
            if (played > all) all = played;
        }
        const auto run = static_cast<unsigned>(std::countr_one(replica_->complete()));
        if (run == 0 || applied_at(0) <= all) return {0, all};
        // What was told once, and lost, has been told again by now.
        const std::uint32_t first = run >= long_run ? 0 : applied_at(run - 1);
        return {first <= all ? 0 : first, applied_at(0)};
    }
    // What our commands do not bring about after all, or the authority has refused, or has never told of.
    void withdraw() {
        const auto [after, until] = decided();
        for (std::size_t i = 0; i < world_.spawns_; ++i) {
            auto& foreseen = world_.foreseen_[i];
            if (!foreseen.entity) continue;
            const std::uint32_t command = foreseen.origin.command;
            const bool is_decided = (command > after && command <= until) || newest_ - command >= kept();
            if (command <= world_.applied_ ? !is_decided : foreseen.revived) continue;
            ++figures_.withdrawn;
            give_up(foreseen, EntityId::none());
        }
    }

    void smooth(Instant now, std::size_t slot) {
        const Tenant& was = world_.before().tenant(slot);
        const Tenant& is = world_.now().tenant(slot);
        const bool goes_on = was.generation != 0 && is.generation != 0 && is.continues(was);
        smooth_.each([&](auto& kept, std::size_t place) {
            using T = typename std::remove_reference_t<decltype(kept)>::Type;
            Smoothing<T>& smoothing = kept.each[slot];
            const EntityId entity{static_cast<std::uint16_t>(slot), is.generation};
            const auto wrong =
                goes_on ? world_.template load<T>(world_.before(), entity, place) : std::nullopt;
            const auto right = goes_on ? world_.template load<T>(world_.now(), entity, place) : std::nullopt;
            if (!wrong || !right) return smoothing.clear();
            const std::size_t bytes = replica_->layout().component(place).cells * sizeof(Cell);
            if (std::memcmp(world_.before().cells(place, slot), world_.now().cells(place, slot), bytes) == 0)
                return;
            ++figures_.corrections;
            if (const double error = apart(*wrong, *right); error > figures_.largest)
                figures_.largest = error;
            const T shown = smoothing.apply(*wrong, now);
            if (apart(shown, *right) < options_.snap)
                return smoothing.begin(now, shown, *right, options_.fade);
            ++figures_.snaps;
            smoothing.clear();
        });
    }

    const Replica<Game>* replica_;
    PredictionOptions options_;
    PredictedWorld<Game> world_;
    PredictionFigures figures_;
    Order* orders_;
    Own* own_;
    Outcome* outcomes_;
    std::size_t own_count_ = 0, outcome_first_ = 0, outcome_end_ = 0;
    std::uint32_t newest_ = 0, rested_ = 0;
    std::uint32_t applied_at_[SnapshotHead::window] = {}; // of the last snapshots, by their number
    PerComponent<Game, Smooth> smooth_;
};

} // namespace tenon
