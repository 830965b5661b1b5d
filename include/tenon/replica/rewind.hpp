#pragma once
// The world as a client saw it: the authority goes back in its history to the moment that came with a
// command, and asks there who was hit. How far back a client may reach is limited.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/replica/moment.hpp"
#include "tenon/replica/sample.hpp"
#include "tenon/replica/world.hpp"

namespace tenon {

// A moment of the past, valid until the world's next commit.
template <class Game>
class Rewind {
  public:
    Rewind() = default;
    Rewind(const World<Game>& world, Row before, Row after, Moment moment, Error verdict)
        : world_(&world), before_(before), after_(after), moment_(moment), verdict_(verdict) {
        const double start = static_cast<double>(before.tick()), end = static_cast<double>(after.tick());
        if (after && end > start) share_ = (moment.ticks() - start) / (end - start);
    }

    // `none`; `stale`: it is as far back as is allowed, and the client saw it earlier; `too_early`: it is the
    // newest tick, and the client claims to have seen a later one.
    Error verdict() const { return verdict_; }
    Moment moment() const { return moment_; }

    bool alive(EntityId entity) const {
        return world_ != nullptr && entity && entity.slot < world_->slots() &&
               before_.tenant(entity.slot).generation == entity.generation;
    }
    PeerId owner(EntityId entity) const {
        return alive(entity) ? PeerId{before_.tenant(entity.slot).owner} : PeerId::none();
    }
    // Nothing of what was not there then, or had no T.
    template <class T>
    std::optional<T> get(EntityId entity) const {
        return alive(entity) ? state<T>(entity.slot) : std::nullopt;
    }

    // Every entity that had a T: for (auto [entity, ship] : past.view<Ship>()).
    template <class T>
    class View {
      public:
        explicit View(const Rewind& past) : past_(&past) {}

        class Iterator {
          public:
            Iterator(const Rewind& past, std::size_t slot) : past_(&past), slot_(slot) { skip(); }
            std::pair<EntityId, T> operator*() const {
                const std::uint16_t generation = past_->before_.tenant(slot_).generation;
                return {{static_cast<std::uint16_t>(slot_), generation}, *state_};
            }
            Iterator& operator++() {
                ++slot_;
                skip();
                return *this;
            }
            friend bool operator==(const Iterator& a, const Iterator& b) { return a.slot_ == b.slot_; }

          private:
            void skip() {
                for (; slot_ < past_->used(); ++slot_)
                    if ((state_ = past_->template state<T>(slot_))) return;
            }
            const Rewind* past_;
            std::size_t slot_;
            std::optional<T> state_;
        };
        Iterator begin() const { return {*past_, 0}; }
        Iterator end() const { return {*past_, past_->used()}; }

      private:
        const Rewind* past_;
    };
    template <class T>
    View<T> view() const {
        return View<T>(*this);
    }

  private:
    std::size_t used() const { return world_ != nullptr ? world_->used() : 0; }
    template <class T>
    std::optional<T> state(std::size_t slot) const {
        Sample sample{before_, {}, 0};
        if (share_ > 0 && after_.tenant(slot).continues(before_.tenant(slot)))
            sample = {before_, after_, share_};
        return sample.seen<T>(world_->layout(), slot, detail::component_of<Game, T>());
    }

    const World<Game>* world_ = nullptr;
    Row before_, after_;
    Moment moment_;
    double share_ = 0;
    Error verdict_ = Error::none;
};

struct RewindCounters {
    std::uint64_t asked = 0, stale = 0, too_early = 0;
};

// rewinder.to(command.seen).get<Ship>(entity)
template <class Game>
class Rewinder {
  public:
    // `reach`: so many ticks before the newest, and never further than the world's history.
    Rewinder(const World<Game>& world, std::uint64_t reach) : world_(&world), reach_(reach) {}

    // Before the world's first commit there is nothing to see.
    Rewind<Game> to(Moment moment) {
        ++counters_.asked;
        if (world_->commits() == 0) return {};
        const std::uint64_t newest = world_->newest_tick();
        Error verdict = Error::none;
        if (moment > Moment::of(Tick{newest})) {
            moment = Moment::of(Tick{newest});
            verdict = Error::too_early;
            ++counters_.too_early;
        }
        std::uint64_t commit = world_->commits() - 1;
        const Tick least{newest > reach_ ? newest - reach_ : 0};
        bool stale = moment < Moment::of(least);
        if (stale) moment = Moment::of(least);
        while (world_->at(commit).tick() > moment.tick().value) {
            if (commit == 0 || !world_->has(commit - 1)) {
                moment = Moment::of(Tick{world_->at(commit).tick()});
                stale = true;
                break;
            }
            --commit;
        }
        if (stale) verdict = Error::stale, ++counters_.stale;
        const bool is_newest = commit + 1 == world_->commits();
        return {*world_, world_->at(commit), is_newest ? Row() : world_->at(commit + 1), moment, verdict};
    }
    const RewindCounters& counters() const { return counters_; }

  private:
    const World<Game>* world_;
    std::uint64_t reach_;
    RewindCounters counters_;
};

} // namespace tenon
