// expect: Registry lacks: void destroy(Entity)
#include "tenon/ecs/concept.hpp"

struct Place {
    int x = 0;
};
struct Things {
    using Entity = int;
    Entity create() { return 1; }
#ifndef SHOULD_FAIL
    void destroy(Entity) {}
#endif
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
