// expect: Registry lacks: bool valid(Entity)
#include "tenon/ecs/concept.hpp"

struct Place {
    int x = 0;
};
struct Things {
    using Entity = int;
    Entity create() { return 1; }
    void destroy(Entity) {}
#ifndef SHOULD_FAIL
    bool valid(Entity) const { return true; }
#endif
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
