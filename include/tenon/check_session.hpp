#pragma once
// Whether a game and five policies fit together, said in one sentence when they don't. Session asks it before
// anything else of it is compiled.

#include <concepts>
#include <cstddef>
#include <string_view>

#include "tenon/clock/concept.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/reliability/concept.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/schema/game.hpp"
#include "tenon/topology/concept.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon {
template <class Game>
class World;
}

namespace tenon::detail {

template <class Game, class Reliability>
constexpr bool promises_kept(bool ordered) {
    for (std::size_t i = 0; i < Game::type_count; ++i) {
        const Delivery delivery = Game::delivery_of(i);
        if (ordered ? is_ordered(delivery) && !Reliability::traits.ordered
                    : delivery == Delivery::reliable && !Reliability::traits.reliable)
            return false;
    }
    return true;
}

// A kernel's tick is run with one kind of input, that of every peer.
template <class Game, class Clock>
constexpr bool ticks_have_inputs() {
    return !KernelClock<Clock> || Game::count_of(EntryKind::command) == 1;
}

// An address can be written down and read again.
template <class Address>
concept TellsAddress = requires(std::string_view text) {
    static_cast<bool>(Address::parse(text));
    { *Address::parse(text) } -> std::convertible_to<Address>;
};

// A wrong combination of policies is refused in one sentence.
template <class Game, class Transport, class Codec, class Clock, class Topology, class Reliability>
struct CheckSession {
    static constexpr bool each = CheckTransport<Transport>::ok && CheckCodec<Codec>::ok &&
                                 CheckClock<Clock>::ok && CheckTopology<Topology>::ok &&
                                 CheckReliability<Reliability>::ok && Game::ok;
    // What crosses a connection arrives, in order, and what it can't do is said once.
    static constexpr bool connected = [] {
        if constexpr (each) return Transport::traits.connected;
        return false;
    }();
    static constexpr bool mixed = [] {
        if constexpr (each) return TransportTraits(Transport::traits).mixed;
        return false;
    }();
    static constexpr bool carried = [] {
        if constexpr (each) return (connected && !mixed) || !Reliability::traits.native;
        return true;
    }();
    static_assert(carried,
                  "tenon: reliability::Native leaves it to the transport to lose nothing, and this one "
                  "carries datagrams; choose AckVector");
    static constexpr bool stays_connected = [] {
        if constexpr (each && connected) return !Topology::traits.migrates && !Topology::traits.direct;
        return true;
    }();
    static_assert(stays_connected,
                  "tenon: over this transport a guest has a connection to the host and to nobody else, and "
                  "this topology lets guests reach each other or take over; choose ClientServer");
    static constexpr bool sealed_once = [] {
        if constexpr (each && connected && !mixed) return !requires {
                typename Transport::Guard;
            };
        return true;
    }();
    static_assert(sealed_once,
                  "tenon: Secure seals datagrams, and this transport carries a stream, which TLS encrypts; "
                  "choose its TLS form, such as wss");
    static constexpr bool sealed_inside = [] {
        if constexpr (each && mixed) return !requires {
                typename Transport::Guard;
            };
        return true;
    }();
    static_assert(
        sealed_inside,
        "tenon: Secure seals datagrams, and among the roads of this transport are streams, which TLS "
        "encrypts; let Secure be inside: Several<Secure<Udp>, TlsWebSocket>");
    static constexpr bool commands_land = [] {
        if constexpr (each) return Topology::traits.has_authority || Game::count_of(EntryKind::command) == 0;
        return true;
    }();
    static_assert(
        commands_land,
        "tenon: the game has a Command, and this topology has no authority to hear it; choose ClientServer");
    static constexpr bool reliable = [] {
        if constexpr (each) return promises_kept<Game, Reliability>(false);
        return true;
    }();
    static_assert(reliable,
                  "tenon: the game has a Reliable event, and reliability::BestEffort promises none; choose "
                  "AckVector or AckRetry");
    static constexpr bool ordered = [] {
        if constexpr (each) return promises_kept<Game, Reliability>(true);
        return true;
    }();
    static_assert(
        ordered,
        "tenon: the game has an Ordered event, and this reliability policy keeps no order; choose AckVector");
    static constexpr bool fits = [] {
        if constexpr (each) return Transport::traits.datagram_bytes >= 512;
        return true;
    }();
    static_assert(fits,
                  "tenon: the transport's datagrams are too small for a handshake; 512 bytes are the least");
    static constexpr bool inputs = [] {
        if constexpr (each) return ticks_have_inputs<Game, Clock>();
        return true;
    }();
    static_assert(
        inputs,
        "tenon: clock::Kernel runs on the inputs of all peers, and the game has no Command or several; "
        "give it exactly one");
    static constexpr bool kernel_fits = [] {
        if constexpr (each)
            return !KernelClock<Clock> || (Topology::traits.has_authority && Topology::traits.relays);
        return true;
    }();
    static_assert(
        kernel_fits,
        "tenon: clock::Kernel needs an authority that closes the ticks and relays the inputs, and this "
        "topology has none; choose ClientServer");
    static constexpr bool migrates = [] {
        if constexpr (each) return Topology::traits.migrates;
        return false;
    }();
    static_assert(
        !migrates || !KernelClock<Clock>,
        "tenon: the ticks of clock::Kernel are closed by one host for as long as the room lives, and "
        "this topology lets another take over; choose ClientServer, or clock::Hybrid");
    static constexpr bool seals = [] {
        if constexpr (each) return !TransportTraits(Transport::traits).guarded || requires {
                typename Transport::Guard;
            };
        return true;
    }();
    static_assert(seals,
                  "tenon: the guard of the encrypted transport inside of this one is out of reach, and all "
                  "would be sent "
                  "in plaintext; let Secure be the outermost: Secure<Impaired<Udp>>");
    static constexpr bool opened = [] {
        if constexpr (each && !connected && requires { typename Transport::Guard; })
            return Transport::traits.datagram_bytes <= Transport::Guard::desk_bytes;
        if constexpr (each && mixed && requires { typename Transport::GuardedRoad::Guard; })
            return Transport::traits.datagram_bytes <= Transport::GuardedRoad::Guard::desk_bytes;
        return true;
    }();
    static_assert(
        opened,
        "tenon: the transport's datagrams are larger than its guard can open; 2048 bytes are the most");
    static constexpr bool related = [] {
        if constexpr (each && requires { typename Transport::Guard; })
            return !Transport::traits.encrypted || !migrates || Transport::Guard::Kin::meets;
        return true;
    }();
    static_assert(related,
                  "tenon: this topology's guests must reach each other, and the transport's guard gives them "
                  "no keys for "
                  "that; give it a Kin, as secure::Guard has one, or choose ClientServer");
    static constexpr bool keeps = [] {
        if constexpr (each) return !migrates || !Reliability::traits.gives_up;
        return true;
    }();
    static_assert(keeps,
                  "tenon: a room that outlives its host loses no reliable event, and this reliability policy "
                  "gives them up; choose AckVector");
    static constexpr bool tells_addresses = [] {
        if constexpr (each) return !migrates || connected || TellsAddress<typename Transport::Address>;
        return true;
    }();
    static_assert(
        tells_addresses,
        "tenon: who may take over is told to the others by its address, and this transport's can't be "
        "read again; its Address lacks: static Result<Address> parse(std::string_view)");
    static constexpr bool has_world = [] {
        if constexpr (each) return Game::count_of(EntryKind::component) != 0;
        return false;
    }();
    static constexpr bool world_stays = [] {
        if constexpr (each) return !has_world || (Topology::traits.has_authority && !migrates);
        return true;
    }();
    static_assert(world_stays,
                  "tenon: a world of Components lives with one host for as long as the room does, and this "
                  "topology has none or lets another take over; choose ClientServer");
    static constexpr bool world_flows = [] {
        if constexpr (each) return !has_world || !KernelClock<Clock>;
        return true;
    }();
    static_assert(world_flows,
                  "tenon: under clock::Kernel every peer has the whole state, and Components are told by "
                  "nobody; choose clock::Independent or clock::Hybrid");
    static constexpr bool has_bus = [] {
        if constexpr (each && HasBus<Topology>) return Topology::bus_ok;
        return true;
    }();
    static constexpr bool ok = world_stays && world_flows && has_bus && each && commands_land && reliable &&
                               ordered && carried && stays_connected && sealed_once && sealed_inside &&
                               fits && inputs && kernel_fits && !(migrates && KernelClock<Clock>)&&keeps &&
                               tells_addresses && seals && opened && related;
};

// In room/lockstep_part.hpp, which every session with a Kernel includes.
template <class Game, class Handlers>
constexpr void check_kernel_handlers();

// What must not go unheard, or who must hear it.
template <class Game, class Handlers, class Clock>
constexpr void check_handlers() {
    if constexpr (KernelClock<Clock>) check_kernel_handlers<Game, Handlers>();
    Game::for_each([](auto entry, auto) {
        using Entry = decltype(entry);
        using T = typename Entry::type;
        if constexpr (Entry::kind == EntryKind::event && is_reliable(Entry::delivery::value))
            static_assert(Hears<Handlers, T>,
                          "tenon: the handlers don't hear a Reliable or Ordered event of the game; "
                          "write: void on(tenon::PeerId, const TheEvent&)");
        if constexpr (Entry::kind == EntryKind::command && !KernelClock<Clock>)
            static_assert(Hears<Handlers, T> || NeverHosts<Handlers> || StepsEntity<Handlers, World<Game>, T>,
                          "tenon: the handlers don't hear a Command of the game, as the authority must; "
                          "write: void on(tenon::PeerId, const "
                          "TheCommand&), or static constexpr bool never_hosts = true");
    });
}

// Where nobody decides, nobody is asked for another's state.
template <class Game, class Handlers>
constexpr void check_mesh_handlers() {
    Game::for_each([](auto entry, auto) {
        using Entry = decltype(entry);
        if constexpr (Entry::kind == EntryKind::state)
            static_assert(ProvidesState<Handlers, typename Entry::type> ||
                              !ProvidesStateOf<Handlers, typename Entry::type>,
                          "tenon: under Mesh every peer speaks for itself, and nobody is asked for another's "
                          "state; write: TheState state() or bool state(TheState&)");
    });
}

// Stands in for a session that was refused, so that its mistake is told once and nothing follows from it.
template <bool ok, class... Policies>
struct SessionGate {
    template <class... Args>
    explicit SessionGate(Args&&...) {}
};

} // namespace tenon::detail
