#pragma once
// What all peers of a room must agree on, from the game and the policies: who comes to its door is compared
// by it, and what is carried goes by it. GameRoom and Hall ask it.

#include <array>
#include <cstddef>
#include <cstdint>

#include "tenon/clock/concept.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/slice.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/options.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/topology/concept.hpp"

namespace tenon {

template <class Game, class Codec, class Clock, class Topology, class Reliability>
struct Contract {
    static Terms terms(const Options& options) {
        Terms terms;
        terms.game = stable_id(Game::name);
        terms.room = stable_id(options.room);
        terms.schema = Game::schema_hash();
        terms.game_version = Game::version;
        terms.codec = static_cast<std::uint32_t>(stable_id(Codec::name));
        terms.features = terms.required = features();
        terms.capabilities = options.capabilities;
        const auto hashes = Game::type_hashes();
        terms.type_hashes = hashes.first(hashes.size() < types_max ? hashes.size() : types_max);
        return terms;
    }
    static Carriage carriage() {
        static constexpr auto deliveries = [] {
            std::array<Delivery, Game::type_count + 1> all{};
            for (std::size_t i = 0; i < Game::type_count; ++i) all[i] = Game::delivery_of(i);
            return all;
        }();
        return {Slice<const Delivery>(deliveries.data(), Game::type_count),
                [](std::size_t i) { return Game::type_name(i); }, KernelClock<Clock>, Codec::name};
    }
    // How reliability is done, how fast ticks run, whether the room outlives its host and who is told
    // directly, or over a bus, must be the same on both sides.
    static constexpr std::uint32_t features() {
        return (Reliability::traits.gives_up ? feature::gives_up : 0u) |
               (Reliability::traits.redundant ? feature::redundant : 0u) |
               (Reliability::traits.reliable ? feature::reliable : 0u) |
               (Reliability::traits.datagrams ? feature::datagrams : 0u) |
               (Topology::traits.migrates ? 8u : 0u) | (Topology::traits.direct ? 16u : 0u) |
               (HasBus<Topology> ? 32u : 0u) | clock_feature<Clock>();
    }
};

} // namespace tenon
