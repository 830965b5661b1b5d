#pragma once
// Joins a registry of entities and components to a session: on the authority its components go into the
// room's world, elsewhere what is seen of that world comes into the registry. A game calls, once a frame,
// prepare() after its systems, process_io(), and apply() before it draws; or tick(), which is all three.

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "tenon/core/hash_map.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/ecs/components.hpp"
#include "tenon/ecs/concept.hpp"
#include "tenon/ecs/fingerprint.hpp"
#include "tenon/schema/game.hpp"

namespace tenon::ecs {

struct BridgeFigures {
    std::uint64_t told = 0;    // components put into the world
    std::uint64_t refused = 0; // entities for which the world, or memory, had no room
    std::uint64_t matched = 0; // things that were foreseen and are real now: the registry's entity stayed
};

namespace detail {

// Whether a component travels: all of the game's do, or those that are named.
template <class Game, class T, class... Only>
inline constexpr bool travels = Game::template has_component<T> &&
                                (sizeof...(Only) == 0 || (std::is_same_v<T, Only> || ...));

// f(std::type_identity<T>{}) for each component that travels.
template <class Game, class... Only, class F>
constexpr void each_travelling(F&& f) {
    Game::for_each([&](auto entry, auto) {
        using T = typename decltype(entry)::type;
        if constexpr (travels<Game, T, Only...>) f(std::type_identity<T>{});
    });
}
// The first component of the game is 0.
template <class Game, class T>
constexpr std::size_t place_of_component() {
    std::size_t place = 0;
    for (std::size_t i = 0; i < Game::template index_of<T>; ++i)
        place += Game::kind_of(i) == EntryKind::component;
    return place;
}
template <class T>
concept TakesWhatIsTold = requires(T& component, const T& told) {
    component.take(told);
};

// Asked of what travels alone, one by one. What is said is kept apart from what is found out, since clang
// makes one error of each that depends on an error.
template <bool asked, class Registry, class T>
struct Keeps {};
template <class Registry, class T>
struct Keeps<true, Registry, T> {
    static_assert(sizeof(CheckRegistry<Registry, T>) > 0);
};
template <bool asked, class Game, class Registry, class Indices, class... Only>
struct KeepsAll;
template <bool asked, class Game, class Registry, std::size_t... I, class... Only>
struct KeepsAll<asked, Game, Registry, std::index_sequence<I...>, Only...>
    : Keeps<(asked && travels<Game, typename Game::template type<I>, Only...>), Registry,
            typename Game::template type<I>>... {
    template <class T>
    static constexpr bool goes = asked&& travels<Game, T, Only...>;
    static constexpr bool ok =
        tenon::detail::all_of({(!goes<typename Game::template type<I>> ||
                                EcsRegistry<Registry, typename Game::template type<I>>)...,
                               true});
};
template <class Net, class Registry, class... Only>
struct CheckBridge {
    using Game = typename Net::GameType;
    static constexpr bool known = (Game::template has_component<Only> && ...);
    static_assert(known, "tenon: a Bridge carries Components of the Game: add Component<T> to it");
    static constexpr bool there = Game::count_of(EntryKind::component) != 0;
    static_assert(!known || there,
                  "tenon: a Bridge joins the world of a session, and the Game has no Component");
    static constexpr bool keeps_entity = !known || !there || CheckRegistry<Registry, NetworkEntity>::ok;
    using All = KeepsAll<(known && there && keeps_entity), Game, Registry,
                         std::make_index_sequence<Game::type_count>, Only...>;
    static constexpr bool ok = known && there && keeps_entity && All::ok;
};

template <bool ok, class Net, class Registry, class... Only>
class BridgeCore {
  public:
    BridgeCore(Net&, Registry&) {}
};

template <class Net, class Registry, class... Only>
class BridgeCore<true, Net, Registry, Only...> {
    using Game = typename Net::GameType;
    using Entity = typename Registry::Entity;

  public:
    // Both must outlive it.
    BridgeCore(Net& net, Registry& registry) : net_(&net), registry_(&registry) {}
    BridgeCore(const BridgeCore&) = delete;
    BridgeCore& operator=(const BridgeCore&) = delete;

    // ---- the three systems

    // On the authority: what has a NetworkEntity is in the world, as it is in the registry, and what has none
    // any more is not. Elsewhere nothing. A component is told when it changed by a quantised step at least.
    void prepare() {
        attend();
        if (role_ != Role::authority) return;
        ++turn_;
        auto& world = *net_->world();
        registry_->template each<NetworkEntity>(
            [&](Entity entity, NetworkEntity& thing) { tell(world, entity, thing); });
        links_.erase_if([&](const Key& key, Link& link) {
            if (link.turn == turn_) return false;
            (void)world.despawn(key.id);
            return true;
        });
    }
    // The session's turn.
    template <class Handlers>
    void process_io(Instant now, Handlers&& handlers) {
        net_->tick(now, handlers);
    }
    // On the authority: what commands, or handlers, did to the world is done to the registry. Elsewhere the
    // registry becomes what is seen at this time: what is ours run ahead, and all else played back.
    void apply(Instant now) {
        attend();
        ++turn_;
        if (role_ == Role::authority) fetch();
        if (role_ == Role::guest) show(now);
        tell_connections();
    }
    template <class Handlers>
    void tick(Instant now, Handlers&& handlers) {
        prepare();
        process_io(now, handlers);
        apply(now);
    }
    Instant next_deadline() const { return net_->next_deadline(); }
    const auto& transport() const { return std::as_const(*net_).transport(); }

    // ---- asking

    // f(Entity) with what a thing of the world is in the registry; false when it is not there.
    template <class F>
    bool with(EntityId id, F&& f) {
        Link* link = links_.find({id});
        if (link == nullptr || !registry_->valid(link->entity)) return false;
        f(link->entity);
        return true;
    }
    // Entities that are joined.
    std::size_t size() const { return links_.size(); }
    const BridgeFigures& figures() const { return figures_; }
    // So that nothing is allocated up to so many entities.
    void reserve(std::size_t entities) { (void)links_.reserve(entities); }

  private:
    static constexpr std::size_t components = Game::count_of(EntryKind::component);
    enum class Role : std::uint8_t { none, authority, guest };
    // What a component was when both sides agreed: they differ where the world keeps less than the registry.
    struct Agreed {
        std::uint64_t here = 0, there = 0;
    };
    struct Link {
        Entity entity{};
        std::uint64_t turn = 0;
        std::uint32_t command = 0; // that it came from, where it is ours
        std::uint8_t key = 0;
        std::uint16_t has = 0, seen = 0; // components, a bit each
        PeerId owner{};
        Agreed agreed[components]{};
    };
    struct Key {
        EntityId id;
        std::uint64_t hash() const {
            return splitmix(static_cast<std::uint64_t>(id.slot) << 16 | id.generation);
        }
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct PeerKey {
        PeerId peer;
        std::uint64_t hash() const { return splitmix(peer.value); }
        friend bool operator==(const PeerKey&, const PeerKey&) = default;
    };
    struct Connected {
        Entity entity{};
        std::uint64_t turn = 0;
    };

    template <class F>
    static void each_component(F&& f) {
        each_travelling<Game, Only...>(f);
    }
    template <class T>
    static constexpr std::size_t place = place_of_component<Game, T>();
    template <class T>
    static constexpr std::uint16_t bit = static_cast<std::uint16_t>(1u << place<T>);

    // ---- which room it is

    void attend() {
        using Status = decltype(net_->status());
        const Status status = net_->status();
        auto* world = net_->world();
        const Role role = status == Status::hosting && world != nullptr ? Role::authority
                          : status == Status::joined                    ? Role::guest
                                                                        : Role::none;
        const std::uint64_t commits = role == Role::authority ? world->commits() : 0;
        if (role != role_ || commits < commits_ || (role == Role::guest && net_->self() != self_)) part();
        role_ = role;
        self_ = net_->self();
        commits_ = commits;
    }
    // The room is another: the authority's things go with it into the next, and a guest's were only shown.
    void part() {
        if (role_ == Role::authority)
            registry_->template each<NetworkEntity>(
                [](Entity, NetworkEntity& thing) { thing.id = EntityId::none(); });
        else
            links_.for_each([&](const Key&, Link& link) { destroy(link.entity); });
        links_.clear();
    }
    void destroy(Entity entity) {
        if (registry_->valid(entity)) registry_->destroy(entity);
    }

    // ---- registry -> world, on the authority

    template <class World>
    void tell(World& world, Entity entity, NetworkEntity& thing) {
        if (!thing.replicated) {
            thing.id = EntityId::none();
            return;
        }
        Link* link = thing.id ? links_.find({thing.id}) : nullptr;
        // A copy of another's component is not that other.
        if (link == nullptr || !(link->entity == entity)) {
            thing.id = world.spawn(thing.owner);
            link = thing.id ? links_.insert({thing.id}, Link{entity}) : nullptr;
            if (link == nullptr) {
                ++figures_.refused;
                (void)world.despawn(std::exchange(thing.id, EntityId::none()));
                return;
            }
            link->owner = thing.owner;
        }
        link->turn = turn_;
        if (thing.owner != link->owner) {
            (void)world.set_owner(thing.id, thing.owner);
            link->owner = thing.owner;
        }
        thing.own = thing.owner == self_;
        if (std::exchange(thing.leaps, false)) (void)world.teleport(thing.id);
        each_component([&](auto type) {
            this->template put<typename decltype(type)::type>(world, entity, thing.id, *link);
        });
    }
    template <class T, class World>
    void put(World& world, Entity entity, EntityId id, Link& link) {
        const T* component = registry_->template try_get<T>(entity);
        if (component == nullptr) {
            if ((link.has & bit<T>) != 0) (void)world.template remove<T>(id);
            link.has &= static_cast<std::uint16_t>(~bit<T>);
            return;
        }
        Agreed& agreed = link.agreed[place<T>];
        const std::uint64_t here = fingerprint(*component);
        if ((link.has & bit<T>) != 0 && agreed.here == here) return;
        (void)world.set(id, *component);
        const auto there = world.template get<T>(id);
        agreed = {here, there ? fingerprint(*there) : here};
        link.has |= bit<T>;
        ++figures_.told;
    }

    // ---- world -> registry, on the authority

    void fetch() {
        auto& world = *net_->world();
        world.each([&](EntityId id) {
            Link* link = links_.find({id});
            if (link == nullptr) link = welcome(id);
            if (link == nullptr) return;
            link->turn = turn_;
            // What is gone from the registry goes from the world with the next prepare().
            if (!registry_->valid(link->entity)) return;
            if (NetworkEntity* thing = registry_->template try_get<NetworkEntity>(link->entity))
                if (const PeerId owner = world.owner(id); owner != link->owner) {
                    thing->owner = link->owner = owner;
                    thing->own = owner == self_;
                }
            each_component(
                [&](auto type) { this->template get<typename decltype(type)::type>(world, id, *link); });
        });
        links_.erase_if([&](const Key&, Link& link) {
            if (link.turn == turn_) return false;
            destroy(link.entity);
            return true;
        });
    }
    template <class T, class World>
    void get(World& world, EntityId id, Link& link) {
        const auto component = world.template get<T>(id);
        if (!component) {
            if ((link.has & bit<T>) != 0) registry_->template remove<T>(link.entity);
            link.has &= static_cast<std::uint16_t>(~bit<T>);
            return;
        }
        Agreed& agreed = link.agreed[place<T>];
        const std::uint64_t there = fingerprint(*component);
        if ((link.has & bit<T>) != 0 && agreed.there == there) return;
        give(link.entity, *component);
        agreed = {there, there};
        link.has |= bit<T>;
    }

    // ---- what is seen -> registry, elsewhere

    void show(Instant now) {
        each_component([&](auto type) {
            using T = typename decltype(type)::type;
            for (const auto& [id, component] : net_->template view<T>(now)) {
                Link* link = links_.find({id});
                if (link == nullptr) link = welcome(id);
                if (link == nullptr) continue;
                if (!registry_->valid(link->entity)) {
                    link->entity = registry_->create();
                    introduce(id, *link);
                }
                link->turn = turn_;
                link->seen |= bit<T>;
                give(link->entity, component);
            }
        });
        links_.erase_if([&](const Key& key, Link& link) {
            if (link.turn != turn_) {
                destroy(link.entity);
                return true;
            }
            each_component([&](auto type) {
                using T = typename decltype(type)::type;
                if ((link.has & ~link.seen & bit<T>) != 0) registry_->template remove<T>(link.entity);
            });
            link.has = std::exchange(link.seen, std::uint16_t(0));
            if (net_->owner(key.id) != link.owner) introduce(key.id, link);
            return false;
        });
    }

    // ---- both

    // An entity of the world that the registry does not know yet; nullptr without memory. What we foresaw is
    // known already, under another name.
    Link* welcome(EntityId id) {
        Link made;
        const auto origin = net_->origin(id);
        if (role_ == Role::guest && origin.key != 0 && net_->owner(id) == self_) {
            made.command = origin.command & 0xFFFF;
            made.key = origin.key;
        }
        if (made.key == 0 || !take_over(made)) made.entity = registry_->create();
        Link* link = links_.insert({id}, made);
        if (link == nullptr) {
            ++figures_.refused;
            destroy(made.entity);
            return nullptr;
        }
        introduce(id, *link);
        return link;
    }
    bool take_over(Link& link) {
        bool found = false;
        links_.erase_if([&](const Key&, Link& other) {
            if (found || other.turn == turn_ || other.key != link.key || other.command != link.command ||
                !registry_->valid(other.entity))
                return false;
            link.entity = other.entity;
            link.has = other.has;
            ++figures_.matched;
            return found = true;
        });
        return found;
    }
    void introduce(EntityId id, Link& link) {
        NetworkEntity thing;
        thing.id = id;
        // What is only shown any more has no owner, and keeps the one that it had.
        if (const PeerId owner = net_->owner(id)) link.owner = owner;
        thing.owner = link.owner;
        thing.own = link.owner == self_;
        registry_->template emplace<NetworkEntity>(link.entity, thing);
    }
    template <class T>
    void give(Entity entity, const T& component) {
        if constexpr (TakesWhatIsTold<T>)
            if (T* known = registry_->template try_get<T>(entity)) return known->take(component);
        registry_->template emplace<T>(entity, component);
    }

    // ---- who is in the room

    void tell_connections() {
        if constexpr (EcsRegistry<Registry, NetworkConnection>) {
            if (role_ != Role::none)
                for (const PeerId peer : net_->roster())
                    if (peer != self_) tell_connection(peer);
            peers_.erase_if([&](const PeerKey&, Connected& connected) {
                if (connected.turn == turn_) return false;
                destroy(connected.entity);
                return true;
            });
        }
    }
    void tell_connection(PeerId peer) {
        Connected* connected = peers_.find({peer});
        if (connected == nullptr) connected = peers_.insert({peer}, Connected{registry_->create()});
        if (connected == nullptr) return;
        if (!registry_->valid(connected->entity)) connected->entity = registry_->create();
        connected->turn = turn_;
        NetworkConnection connection;
        connection.peer = peer;
        connection.away = net_->roster().is_away(peer);
        if (const auto health = net_->health(peer)) {
            connection.linked = true;
            connection.level = health->level;
            connection.rtt = health->rtt;
            connection.jitter = health->jitter;
            connection.loss = health->loss;
            connection.bytes_in = health->bytes_in;
            connection.bytes_out = health->bytes_out;
        }
        registry_->template emplace<NetworkConnection>(connected->entity, connection);
    }

    Net* net_;
    Registry* registry_;
    HashMap<Key, Link> links_;
    HashMap<PeerKey, Connected> peers_;
    std::uint64_t turn_ = 0, commits_ = 0;
    Role role_ = Role::none;
    PeerId self_{};
    BridgeFigures figures_;
};

} // namespace detail

// Bridge bridge(net, registry): all Components of the session's game travel; Bridge<Net, Registry, Ship,
// Shot>: these alone, and the others are left to the handlers.
template <class Net, class Registry, class... Only>
class Bridge
    : public detail::BridgeCore<detail::CheckBridge<Net, Registry, Only...>::ok, Net, Registry, Only...> {
  public:
    using Core = detail::BridgeCore<detail::CheckBridge<Net, Registry, Only...>::ok, Net, Registry, Only...>;
    using Core::Core;
};
template <class Net, class Registry>
Bridge(Net&, Registry&) -> Bridge<Net, Registry>;

} // namespace tenon::ecs
