#pragma once
// EnTT's registry in the words of a Bridge. Where <entt/entt.hpp> is not found, nothing stands here.

#if __has_include(<entt/entt.hpp>)

#include <utility>

#include <entt/entt.hpp>

namespace tenon::ecs {

// entt::registry things; ecs::Entt registry(things); ecs::Bridge bridge(net, registry). EnTT's own signals
// tell what the bridge emplaces, replaces and destroys.
class Entt {
  public:
    using Entity = entt::entity;

    // It must outlive this.
    explicit Entt(entt::registry& registry) : registry_(&registry) {}

    Entity create() { return registry_->create(); }
    void destroy(Entity entity) { registry_->destroy(entity); }
    bool valid(Entity entity) const { return registry_->valid(entity); }
    template <class T>
    T* try_get(Entity entity) {
        return registry_->try_get<T>(entity);
    }
    template <class T>
    void emplace(Entity entity, T component) {
        registry_->emplace_or_replace<T>(entity, std::move(component));
    }
    template <class T>
    void remove(Entity entity) {
        registry_->remove<T>(entity);
    }
    template <class T, class F>
    void each(F&& f) {
        const auto all = registry_->view<T>();
        for (const Entity entity : all) f(entity, all.template get<T>(entity));
    }
    entt::registry& registry() { return *registry_; }

  private:
    entt::registry* registry_;
};

} // namespace tenon::ecs

#endif
