#pragma once
// The world as a client's own step finds it: what it owns is run ahead and may be changed, everything else is
// as it was last told. It has the face of World, so that one step serves both sides, and rounds what is put
// in as World does. Prediction keeps one.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "tenon/core/ids.hpp"
#include "tenon/replica/cells.hpp"
#include "tenon/replica/history.hpp"
#include "tenon/replica/replica.hpp"

namespace tenon {

template <class Game>
class PredictedWorld {
  public:
    // A thing that this client's command brought about, and of which the authority has not told yet. It
    // lives in a slot behind those of the replica.
    struct Foreseen {
        Origin origin;
        EntityId entity = EntityId::none(); // none: this place is free
        bool revived = false;               // in the replay that runs
    };

    PredictedWorld(const Replica<Game>& replica, std::size_t spawns_max)
        : replica_(&replica),
          spawns_(spawns_max < most_spawns(replica) ? spawns_max : most_spawns(replica)),
          rows_(replica.layout(), replica.slots() + spawns_, 2),
          owned_(new bool[replica.slots() + spawns_]()),
          foreseen_(new Foreseen[spawns_ == 0 ? 1 : spawns_]) {}
    PredictedWorld(const PredictedWorld&) = delete;
    PredictedWorld& operator=(const PredictedWorld&) = delete;
    ~PredictedWorld() {
        delete[] owned_;
        delete[] foreseen_;
    }

    PeerId self() const { return self_; }
    bool alive(EntityId entity) const {
        return predicts(entity) ? now().tenant(entity.slot).generation == entity.generation
                                : replica_->alive(entity);
    }
    PeerId owner(EntityId entity) const {
        return predicts(entity) ? (alive(entity) ? self_ : PeerId::none()) : replica_->owner(entity);
    }
    // Of the command's number the low sixteen bits.
    Origin origin(EntityId entity) const {
        if (!alive(entity)) return {};
        const Tenant& tenant = (predicts(entity) ? now() : replica_->row()).tenant(entity.slot);
        return {tenant.command, tenant.key};
    }
    template <class T>
    std::optional<T> get(EntityId entity) const {
        constexpr std::size_t place = detail::component_of<Game, T>();
        if (!predicts(entity)) return replica_->template get<T>(entity);
        return load<T>(now(), entity, place);
    }
    // False for what is not this client's.
    template <class T>
    bool set(EntityId entity, const T& component) {
        constexpr std::size_t place = detail::component_of<Game, T>();
        if (!predicts(entity) || !alive(entity) || is_kept(entity)) return false;
        Cell cells[Layout::cells_max];
        store_cells(component, cells);
        std::memcpy(now().cells(place, entity.slot), cells,
                    replica_->layout().component(place).cells * sizeof(Cell));
        Tenant& tenant = now().tenant(entity.slot);
        tenant.components = static_cast<std::uint16_t>(tenant.components | 1u << place);
        return true;
    }
    template <class T>
    bool remove(EntityId entity) {
        constexpr std::size_t place = detail::component_of<Game, T>();
        if (!predicts(entity) || !alive(entity) || is_kept(entity)) return false;
        Tenant& tenant = now().tenant(entity.slot);
        if ((tenant.components >> place & 1) == 0) return false;
        tenant.components = static_cast<std::uint16_t>(tenant.components & ~(1u << place));
        return true;
    }
    // What this client's command brings about: here at once, and the authority's when that has told of it.
    // None where there is no room, where it would not be this client's, or where the authority has decided.
    EntityId spawn(PeerId owner, Origin origin) {
        if (owner != self_ || origin.key == 0 || origin.command != running_) return EntityId::none();
        Foreseen* place = find(origin);
        if (place == nullptr && origin.command > applied_) place = free_place();
        if (place == nullptr) return EntityId::none();
        if (!place->entity) place->entity = fresh_id(*place);
        place->origin = origin;
        place->revived = true;
        if (!is_kept(place->entity))
            now().tenant(place->entity.slot) = {place->entity.generation,
                                                0,
                                                owner.value,
                                                static_cast<std::uint16_t>(origin.command),
                                                origin.key,
                                                0};
        return place->entity;
    }
    // Out of sight, until the authority says otherwise.
    bool despawn(EntityId entity) {
        if (!predicts(entity) || !alive(entity) || is_kept(entity)) return false;
        now().tenant(entity.slot).generation = 0;
        return true;
    }
    bool teleport(EntityId entity) {
        if (!predicts(entity) || !alive(entity)) return false;
        ++now().tenant(entity.slot).leaps;
        return true;
    }

    // Whether this client runs it ahead.
    bool predicts(EntityId entity) const {
        return entity && entity.slot < slots() && owned_[entity.slot] &&
               (now().tenant(entity.slot).generation == entity.generation || known_as(entity.slot) == entity);
    }

  private:
    template <class, class>
    friend class Prediction;

    static std::size_t most_spawns(const Replica<Game>& replica) {
        return replica.slots() < 0xFFFF ? 0xFFFF - replica.slots() : 0;
    }
    std::size_t slots() const { return replica_->slots() + spawns_; }
    Row now() const { return rows_.row(0); }
    Row before() const { return rows_.row(1); }
    EntityId known_as(std::size_t slot) const {
        if (slot >= replica_->slots()) return foreseen_[slot - replica_->slots()].entity;
        return {static_cast<std::uint16_t>(slot), replica_->row().tenant(slot).generation};
    }
    template <class T>
    std::optional<T> load(const Row& row, EntityId entity, std::size_t place) const {
        const Tenant& tenant = row.tenant(entity.slot);
        if (tenant.generation != entity.generation || (tenant.components >> place & 1) == 0)
            return std::nullopt;
        T component{};
        load_cells(row.cells(place, entity.slot), component, replica_->layout().component(place).cells);
        return component;
    }
    // The authority has played the command that it came from: what is seen of it is not played again.
    bool is_kept(EntityId entity) const {
        return replaying_ && entity.slot >= replica_->slots() &&
               foreseen_[entity.slot - replica_->slots()].origin.command <= applied_;
    }
    Foreseen* find(Origin origin) const {
        for (std::size_t i = 0; i < spawns_; ++i)
            if (foreseen_[i].entity && foreseen_[i].origin.command == origin.command &&
                foreseen_[i].origin.key == origin.key)
                return &foreseen_[i];
        return nullptr;
    }
    Foreseen* free_place() const {
        for (std::size_t i = 0; i < spawns_; ++i)
            if (!foreseen_[i].entity) return &foreseen_[i];
        return nullptr;
    }
    EntityId fresh_id(const Foreseen& place) {
        const auto slot = replica_->slots() + static_cast<std::size_t>(&place - foreseen_);
        if (++generation_ == 0) ++generation_;
        owned_[slot] = true;
        return {static_cast<std::uint16_t>(slot), generation_};
    }
    void copy(const Row& to, std::size_t to_slot, const Row& from, std::size_t slot) const {
        to.tenant(to_slot) = from.tenant(slot);
        for (std::size_t c = 0; c < replica_->layout().components(); ++c)
            std::memcpy(to.cells(c, to_slot), from.cells(c, slot),
                        replica_->layout().component(c).cells * sizeof(Cell));
    }

    const Replica<Game>* replica_;
    std::size_t spawns_;
    History rows_; // now, and before the last correction
    bool* owned_;
    Foreseen* foreseen_;
    PeerId self_ = PeerId::none();
    std::uint32_t running_ = 0, applied_ = 0; // commands
    std::uint16_t generation_ = 0;
    bool replaying_ = false;
};

} // namespace tenon
