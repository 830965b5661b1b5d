// expect: Registry lacks: template <class T, class F> void each(F&&), calling f(Entity, T&)
#include "tenon/ecs/concept.hpp"

struct Place {
    int x = 0;
};
struct Things {
    using Entity = int;
    Entity create() { return 1; }
    void destroy(Entity) {}
    bool valid(Entity) const { return true; }
    template <class T>
    T* try_get(Entity) {
        return nullptr;
    }
    template <class T>
    void emplace(Entity, T) {}
    template <class T>
    void remove(Entity) {}
#ifndef SHOULD_FAIL
    template <class T, class F>
    void each(F&&) {}
#endif
};

static_assert(sizeof(tenon::CheckRegistry<Things, Place>) > 0);
