#pragma once
// The world as a guest sees it: what the authority's snapshots tell, played back between them, and its own
// things run ahead. WorldRoom has one while another decides.

#include <cstddef>
#include <cstdint>

#include "tenon/clock/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/scene.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/world_words.hpp"

namespace tenon {

template <class Game>
class WorldGuest {
    using Order = detail::OrderOf<Game>;

  public:
    using Scene = tenon::Scene<Game, Order>;

    WorldGuest(const Options& options, const Rates& rates)
        : replica_(options.entities_max),
          playback_(replica_, {.tick = rates.snapshot_hz > 0 ? period(rates.snapshot_hz) : milliseconds(50)}),
          prediction_(replica_),
          scene_(playback_, prediction_) {}
    WorldGuest(const WorldGuest&) = delete;
    WorldGuest& operator=(const WorldGuest&) = delete;

    const Replica<Game>& replica() const { return replica_; }
    const Playback<Game>& playback() const { return playback_; }
    const Prediction<Game, Order>& prediction() const { return prediction_; }
    const Scene& scene() const { return scene_; }

    // What the authority told. An error is to be told to it, with the number.
    template <class Handlers>
    Result<> hear(Instant now, BytesIn payload, std::uint16_t& number, Handlers& handlers) {
        if (payload.size() < RestedWord::bytes) return ++refused_, Error::truncated;
        const std::uint32_t applied = expand_applied(std::to_integer<std::uint8_t>(payload[0]));
        number = load_le<std::uint16_t>(payload.data() + 1);
        if (payload.size() == RestedWord::bytes) {
            const std::uint64_t tick = expand(number, 16, replica_.newest().value);
            playback_.rested(now, {tick});
            (void)prediction_.rested(now, applied, step_of(handlers));
            return {};
        }
        const auto taken = replica_.handle(payload.subspan(1));
        if (!taken) {
            // What is late or came twice is nobody's mistake, and known already.
            if (taken.error() == Error::duplicate || taken.error() == Error::stale) return {};
            ++refused_;
            return taken.error();
        }
        playback_.heard(now, *taken);
        (void)prediction_.heard(now, *taken, applied, step_of(handlers));
        return {};
    }
    // Who comes into sight and who goes out of it, and what became of what was foreseen, when it is shown.
    template <class Handlers>
    void turn(Instant now, Handlers& handlers) {
        for (ReplicaHistory::Change change; playback_.poll_event(now, change);) {
            if (change.spawned)
                tenon::notify(handlers, Spawned{change.entity, playback_.owner(change.entity, now)});
            else
                tenon::notify(handlers, Despawned{change.entity});
        }
        for (Outcome outcome; prediction_.poll_event(outcome);) tenon::notify(handlers, outcome);
    }

    // Whether another command can be run ahead; else the authority has not answered for long.
    bool may_command() const { return prediction_.pending() < PredictionOptions{}.commands_max; }
    Moment seen(Instant now) const { return playback_.moment(now); }
    // A command has left: our things run ahead by it.
    template <class Handlers>
    void commanded(PeerId self, const Order& order, Handlers& handlers) {
        if constexpr (StepsEntity<Handlers, PredictedWorld<Game>, Order>) {
            prediction_.begin(self);
            if (const auto number = prediction_.command(order, step_of(handlers))) newest_ = *number;
        }
    }

    std::uint64_t refused() const { return refused_; }

  private:
    template <class Handlers>
    static auto step_of(Handlers& handlers) {
        return [&handlers](auto& world, EntityId entity, const Order& order, std::uint32_t number) {
            WorldGuest::step(handlers, world, entity, order, number);
        };
    }
    // Not in the lambda, where clang looks for a step that there need not be.
    template <class Handlers, class World>
    static void step(Handlers& handlers, World& world, EntityId entity, const Order& order,
                     std::uint32_t number) {
        if constexpr (StepsEntity<Handlers, World, Order>)
            handlers.step(world, entity, order, number);
        else
            (void)handlers, (void)world, (void)entity, (void)order, (void)number;
    }
    // Nothing is said of a command that was not given.
    std::uint32_t expand_applied(std::uint8_t low) const {
        const std::uint32_t back = (newest_ - low) & 0xFF;
        return back <= newest_ ? newest_ - back : 0;
    }

    Replica<Game> replica_;
    Playback<Game> playback_;
    Prediction<Game, Order> prediction_;
    Scene scene_;
    std::uint32_t newest_ = 0; // command
    std::uint64_t refused_ = 0;
};

} // namespace tenon
