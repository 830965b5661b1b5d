#pragma once
// The authority's entities: what a game puts in, and the history that snapshots are made from. All memory is
// reserved when it opens.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "tenon/core/config.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/replica/cells.hpp"
#include "tenon/replica/history.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

struct WorldOptions {
    std::size_t entities_max = 1024; // at most 65,535
    std::size_t ticks = 128;         // of history: what is acknowledged later than that is told whole
};

namespace detail {

// The places of a game's components: the first Component<T> is 0.
template <class Game>
const Layout& layout_of() {
    static_assert(Game::count_of(EntryKind::component) <= Layout::components_max,
                  "tenon: a world has at most 16 types of Component: put some of them into one");
    static const Layout made = [] {
        Layout layout;
        Game::for_each([&](auto entry, auto) {
            using Entry = decltype(entry);
            if constexpr (Entry::kind == EntryKind::component) describe_cells<typename Entry::type>(layout);
        });
        return layout;
    }();
    return made;
}
template <class Game, class T>
constexpr std::size_t component_of() {
    static_assert(Game::template has_component<T>,
                  "tenon: this component is not in the Game: add Component<T> to it");
    std::size_t place = 0;
    for (std::size_t i = 0; i < Game::template index_of<T>; ++i)
        place += Game::kind_of(i) == EntryKind::component;
    return place;
}

} // namespace detail

// A world without the types of its components. Senders read it.
class WorldHistory {
  public:
    WorldHistory(const Layout& layout, WorldOptions options)
        : live_(layout, bounded(options.entities_max), 1),
          past_(layout, bounded(options.entities_max), options.ticks < 2 ? 2 : options.ticks),
          facts_(new Facts[bounded(options.entities_max)]),
          tenant_since_(new std::uint64_t[bounded(options.entities_max)]()) {
        live_.set_tick(0, 0);
    }
    WorldHistory(const WorldHistory&) = delete;
    WorldHistory& operator=(const WorldHistory&) = delete;
    ~WorldHistory() {
        delete[] facts_;
        delete[] tenant_since_;
    }

    // None when the world is full. `origin`: what its owner may have predicted it by.
    EntityId spawn(PeerId owner = PeerId::host(), Origin origin = {}) {
        std::size_t slot = 0;
        if (free_ != nowhere) {
            slot = free_;
            free_ = facts_[slot].next_free;
        } else if (used_ < live_.slots()) {
            slot = used_++;
        } else {
            return EntityId::none();
        }
        ++size_;
        Facts& facts = facts_[slot];
        row().tenant(slot) = {++facts.generation, 0, owner.value, static_cast<std::uint16_t>(origin.command),
                              origin.key,         0};
        facts.touched = true;
        return {static_cast<std::uint16_t>(slot), facts.generation};
    }
    // False for an entity that is not here any more, here and below.
    bool despawn(EntityId entity) {
        if (!alive(entity)) return false;
        row().tenant(entity.slot) = {};
        Facts& facts = facts_[entity.slot];
        facts.touched = true;
        --size_;
        // A slot that has had all its tenants stays empty, rather than let an old id find a new one.
        if (facts.generation == 0xFFFF) return true;
        facts.next_free = free_;
        free_ = entity.slot;
        return true;
    }
    bool set_owner(EntityId entity, PeerId owner) {
        if (!alive(entity)) return false;
        Tenant& tenant = row().tenant(entity.slot);
        facts_[entity.slot].touched |= tenant.owner != owner.value;
        tenant.owner = owner.value;
        return true;
    }
    // From now on it is elsewhere, and did not go there: nobody sees it on the way.
    bool teleport(EntityId entity) {
        if (!alive(entity)) return false;
        ++row().tenant(entity.slot).leaps;
        touch(entity.slot);
        return true;
    }
    PeerId owner(EntityId entity) const {
        return alive(entity) ? PeerId{row().tenant(entity.slot).owner} : PeerId::none();
    }
    // What it was spawned with, of the command's number the low sixteen bits.
    Origin origin(EntityId entity) const {
        if (!alive(entity)) return {};
        return {row().tenant(entity.slot).command, row().tenant(entity.slot).key};
    }
    // Who lives in a slot, below used(); none where nobody does.
    EntityId in(std::size_t slot) const {
        const std::uint16_t generation = row().tenant(slot).generation;
        return generation != 0 ? EntityId{static_cast<std::uint16_t>(slot), generation} : EntityId::none();
    }
    bool alive(EntityId entity) const {
        return entity && entity.slot < used_ && row().tenant(entity.slot).generation == entity.generation;
    }
    std::size_t size() const { return size_; }
    // f(EntityId) for each, by slot; it may spawn and despawn.
    template <class F>
    void each(F&& f) const {
        for (std::size_t slot = 0; slot < used_; ++slot)
            if (const std::uint16_t generation = row().tenant(slot).generation; generation != 0)
                f(EntityId{static_cast<std::uint16_t>(slot), generation});
    }

    // The world as it is now becomes the state of this tick, later than any before.
    void commit(Tick tick) {
        TENON_ASSERT(commits_ == 0 || tick.value > newest_tick(), "a world's ticks go forward");
        past_.fill(commits_ % past_.rows(), tick.value, live_, 0);
        for (std::size_t slot = 0; slot < used_; ++slot) {
            if (!facts_[slot].touched) continue;
            facts_[slot].touched = false;
            facts_[slot].changed = tick.value;
            if (commits_ == 0 || row().tenant(slot) != at(commits_ - 1).tenant(slot))
                tenant_since_[slot] = tick.value;
        }
        ++commits_;
    }

    // How often commit() was called; the last of them is the newest row.
    std::uint64_t commits() const { return commits_; }
    std::uint64_t newest_tick() const { return past_.tick((commits_ - 1) % past_.rows()); }
    bool has(std::uint64_t commit) const { return commit < commits_ && commits_ - commit <= past_.rows(); }
    Row at(std::uint64_t commit) const { return past_.row(commit % past_.rows()); }
    // The tick since which a slot is as it is.
    std::uint64_t changed(std::size_t slot) const { return facts_[slot].changed; }
    // And those since which each has its tenant with its components and its owner.
    const std::uint64_t* tenant_since() const { return tenant_since_; }
    // Slots that ever had a tenant.
    std::size_t used() const { return used_; }
    std::size_t slots() const { return live_.slots(); }
    const Layout& layout() const { return live_.layout(); }

  protected:
    Row row() const { return live_.row(0); }
    void touch(std::size_t slot) { facts_[slot].touched = true; }

  private:
    static constexpr std::uint32_t nowhere = 0xFFFF'FFFF;
    struct Facts {
        std::uint64_t changed = 0;
        std::uint32_t next_free = nowhere;
        std::uint16_t generation = 0;
        bool touched = false;
    };
    static std::size_t bounded(std::size_t slots) { return slots < 0xFFFF ? slots : 0xFFFF; }

    History live_, past_;
    Facts* facts_;
    std::uint64_t* tenant_since_;
    std::size_t used_ = 0, size_ = 0;
    std::uint32_t free_ = nowhere;
    std::uint64_t commits_ = 0;
};

// world.spawn(owner), world.set(entity, Ship{...}), and once a tick world.commit(tick).
template <class Game>
class World : public WorldHistory {
  public:
    explicit World(WorldOptions options = {}) : WorldHistory(detail::layout_of<Game>(), options) {}

    // The entity has this component from now on, with this value, to the nearest step of its quantised
    // fields.
    template <class T>
    bool set(EntityId entity, const T& component) {
        constexpr std::size_t place = detail::component_of<Game, T>();
        if (!alive(entity)) return false;
        Cell cells[Layout::cells_max];
        store_cells(component, cells);
        Tenant& tenant = row().tenant(entity.slot);
        Cell* kept = row().cells(place, entity.slot);
        const std::size_t count = layout().component(place).cells;
        if ((tenant.components >> place & 1) != 0 && std::memcmp(cells, kept, count * sizeof(Cell)) == 0)
            return true;
        std::memcpy(kept, cells, count * sizeof(Cell));
        tenant.components = static_cast<std::uint16_t>(tenant.components | 1u << place);
        touch(entity.slot);
        return true;
    }
    template <class T>
    bool remove(EntityId entity) {
        constexpr std::size_t place = detail::component_of<Game, T>();
        if (!alive(entity)) return false;
        Tenant& tenant = row().tenant(entity.slot);
        if ((tenant.components >> place & 1) == 0) return false;
        tenant.components = static_cast<std::uint16_t>(tenant.components & ~(1u << place));
        touch(entity.slot);
        return true;
    }
    // As the clients will see it; nothing when the entity has no such component, or is not here.
    template <class T>
    std::optional<T> get(EntityId entity) const {
        constexpr std::size_t place = detail::component_of<Game, T>();
        if (!alive(entity) || (row().tenant(entity.slot).components >> place & 1) == 0) return std::nullopt;
        T component{};
        load_cells(row().cells(place, entity.slot), component, layout().component(place).cells);
        return component;
    }
};

} // namespace tenon
