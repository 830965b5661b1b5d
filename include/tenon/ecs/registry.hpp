#pragma once
// A small registry of our own: the reference of what a Bridge joins to a session, and enough for a game that
// has none yet. Each type of component lies packed in a sparse set; entities die with their generation.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/ecs/concept.hpp"

namespace tenon::ecs {

// A place, and how many lived there before; what is made without a word is nobody.
struct Entity {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;

    constexpr explicit operator bool() const { return generation != 0; }
    friend constexpr auto operator<=>(Entity, Entity) = default;
};

// The components of one type, side by side in the order of their coming; the last takes the place of one that
// goes.
template <class T>
class SparseSet {
  public:
    T& put(Entity entity, T component) {
        if (T* known = find(entity)) return *known = std::move(component);
        if (entity.index >= places_.size()) places_.resize(entity.index + std::size_t(1), nowhere);
        places_[entity.index] = static_cast<std::uint32_t>(entities_.size());
        entities_.push_back(entity);
        components_.push_back(std::move(component));
        return components_.back();
    }
    T* find(Entity entity) {
        if (entity.index >= places_.size() || places_[entity.index] == nowhere) return nullptr;
        const std::uint32_t place = places_[entity.index];
        return entities_[place] == entity ? &components_[place] : nullptr;
    }
    bool erase(Entity entity) {
        if (find(entity) == nullptr) return false;
        const std::uint32_t place = std::exchange(places_[entity.index], nowhere);
        if (const Entity last = entities_.back(); last != entity) {
            entities_[place] = last;
            components_[place] = std::move(components_.back());
            places_[last.index] = place;
        }
        entities_.pop_back();
        components_.pop_back();
        return true;
    }
    void reserve(std::size_t count) {
        places_.reserve(count);
        entities_.reserve(count);
        components_.reserve(count);
    }
    std::size_t size() const { return entities_.size(); }
    Entity entity(std::size_t place) const { return entities_[place]; }
    T& component(std::size_t place) { return components_[place]; }

  private:
    static constexpr std::uint32_t nowhere = 0xFFFF'FFFF;
    std::vector<std::uint32_t> places_; // by the index of the entity
    std::vector<Entity> entities_;
    std::vector<T> components_;
};

// Registry<NetworkEntity, NetworkTransform, Sprite> registry; what it keeps is said when it is made.
template <class... Components>
class Registry {
  public:
    using Entity = ecs::Entity;
    template <class T>
    static constexpr bool keeps = (std::is_same_v<T, Components> || ...);

    Entity create() {
        if (free_ == nowhere) {
            tenants_.push_back({1, nowhere});
            return {static_cast<std::uint32_t>(tenants_.size() - 1), 1};
        }
        const std::uint32_t index = free_;
        free_ = tenants_[index].next_free;
        return {index, tenants_[index].generation};
    }
    // False for an entity that is not here any more, here and below.
    bool destroy(Entity entity) {
        if (!valid(entity)) return false;
        (std::get<SparseSet<Components>>(sets_).erase(entity), ...);
        // A place that has had all its tenants stays empty, rather than let an old entity be a new one.
        if (++tenants_[entity.index].generation == 0) return true;
        tenants_[entity.index].next_free = free_;
        free_ = entity.index;
        return true;
    }
    bool valid(Entity entity) const {
        return entity && entity.index < tenants_.size() &&
               tenants_[entity.index].generation == entity.generation;
    }

    // Sets or replaces; nullptr when the entity is not here. Valid until the next of its type comes or goes.
    template <class T>
    requires keeps<T> T* emplace(Entity entity, T component) {
        return valid(entity) ? &set<T>().put(entity, std::move(component)) : nullptr;
    }
    template <class T>
    requires keeps<T> T* try_get(Entity entity) { return set<T>().find(entity); }
    // For an entity that has one.
    template <class T>
    requires keeps<T> T& get(Entity entity) { return *set<T>().find(entity); }
    template <class T>
    requires keeps<T>
    bool remove(Entity entity) { return set<T>().erase(entity); }

    // f(Entity, T&, Others&...) for each that has them all, from the newest T. It may destroy the entity that
    // it is called for, and take these components from it.
    template <class T, class... Others, class F>
    requires(keeps<T> && (keeps<Others> && ...)) void each(F&& f) {
        SparseSet<T>& first = set<T>();
        for (std::size_t i = first.size(); i-- > 0;) {
            if (i >= first.size()) continue;
            const Entity entity = first.entity(i);
            if (((set<Others>().find(entity) != nullptr) && ...))
                f(entity, first.component(i), *set<Others>().find(entity)...);
        }
    }
    template <class T>
    requires keeps<T> std::size_t count()
    const { return std::get<SparseSet<T>>(sets_).size(); }
    // So that nothing is allocated up to so many entities.
    void reserve(std::size_t count) {
        tenants_.reserve(count);
        (std::get<SparseSet<Components>>(sets_).reserve(count), ...);
    }

  private:
    static constexpr std::uint32_t nowhere = 0xFFFF'FFFF;
    struct Tenant {
        std::uint32_t generation, next_free;
    };
    template <class T>
    SparseSet<T>& set() {
        return std::get<SparseSet<T>>(sets_);
    }

    std::vector<Tenant> tenants_;
    std::uint32_t free_ = nowhere;
    std::tuple<SparseSet<Components>...> sets_;
};

} // namespace tenon::ecs
