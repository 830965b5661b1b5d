#pragma once
// What an entity-component system must offer so that a Bridge can join it to a session's world: the least,
// and in the words that most of them use already. What speaks otherwise gets a small adapter, as EnTT has in
// ecs/entt.hpp.

#include <concepts>
#include <utility>

namespace tenon {

namespace detail {
struct NoVisit {
    template <class... A>
    void operator()(A&&...) const {}
};
} // namespace detail

template <class R>
concept HasEntity = std::regular<typename R::Entity>;
template <class R>
concept HasCreate = HasEntity<R> && requires(R& registry) {
    { registry.create() } -> std::same_as<typename R::Entity>;
};
template <class R>
concept HasDestroy = HasEntity<R> && requires(R& registry, typename R::Entity entity) {
    registry.destroy(entity);
};
// Whether it is there; also asked of one that was destroyed, and whose place another has taken.
template <class R>
concept HasValid = HasEntity<R> && requires(R& registry, typename R::Entity entity) {
    { registry.valid(entity) } -> std::convertible_to<bool>;
};
// nullptr where the entity, which is there, has no such component.
template <class R, class T>
concept HasTryGet = HasEntity<R> && requires(R& registry, typename R::Entity entity) {
    { registry.template try_get<T>(entity) } -> std::same_as<T*>;
};
// The entity has this component from now on, whether it had another value of it or none.
template <class R, class T>
concept HasEmplace = HasEntity<R> && requires(R& registry, typename R::Entity entity, T component) {
    registry.template emplace<T>(entity, std::move(component));
};
template <class R, class T>
concept HasRemove = HasEntity<R> && requires(R& registry, typename R::Entity entity) {
    registry.template remove<T>(entity);
};
// f(Entity, T&) for each that has one; f creates, destroys, emplaces and removes nothing.
template <class R, class T>
concept HasEach = HasEntity<R> && requires(R& registry) {
    registry.template each<T>(detail::NoVisit{});
};

// A registry that keeps components of the type T.
template <class R, class T>
concept EcsRegistry = HasCreate<R> && HasDestroy<R> && HasValid<R> && HasTryGet<R, T> && HasEmplace<R, T> &&
    HasRemove<R, T> && HasEach<R, T>;

// Says, in one sentence each, what a registry lacks to keep a T; of what it does with a T the first only,
// since one that keeps no T lacks them all.
template <class R, class T>
struct CheckRegistry {
    static_assert(HasEntity<R>, "Registry lacks: Entity, a plain value with operator==");
    static_assert(!HasEntity<R> || HasCreate<R>, "Registry lacks: Entity create()");
    static_assert(!HasEntity<R> || HasDestroy<R>, "Registry lacks: void destroy(Entity)");
    static_assert(!HasEntity<R> || HasValid<R>, "Registry lacks: bool valid(Entity)");
    static_assert(!HasEntity<R> || HasTryGet<R, T>,
                  "Registry lacks: template <class T> T* try_get(Entity), for each component that travels, "
                  "and NetworkEntity");
    static_assert(!HasTryGet<R, T> || HasEmplace<R, T>,
                  "Registry lacks: template <class T> void emplace(Entity, T), which sets or replaces");
    static_assert(!HasEmplace<R, T> || HasRemove<R, T>,
                  "Registry lacks: template <class T> void remove(Entity)");
    static_assert(!HasRemove<R, T> || HasEach<R, T>,
                  "Registry lacks: template <class T, class F> void each(F&&), calling f(Entity, T&)");
    static constexpr bool ok = EcsRegistry<R, T>;
};

} // namespace tenon
