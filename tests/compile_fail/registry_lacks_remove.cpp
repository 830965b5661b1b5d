// expect: Registry lacks: template <class T> void remove(Entity)
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
#ifndef SHOULD_FAIL
    template <class T>
    void remove(Entity) {}
#endif
    template <class T, class F>
    void each(F&&) {}
};

static_assert(sizeof(tenon::CheckRegistry<Things, Place>) > 0);
