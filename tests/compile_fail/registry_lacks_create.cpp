// expect: Registry lacks: Entity create()
#include "tenon/ecs/concept.hpp"

struct Place {
    int x = 0;
};
struct Things {
    using Entity = int;
#ifndef SHOULD_FAIL
    Entity create() { return 1; }
#endif
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
    template <class T, class F>
    void each(F&&) {}
};

static_assert(sizeof(tenon::CheckRegistry<Things, Place>) > 0);
