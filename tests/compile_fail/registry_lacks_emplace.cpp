// expect: Registry lacks: template <class T> void emplace(Entity, T), which sets or replaces
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
#ifndef SHOULD_FAIL
    template <class T>
    void emplace(Entity, T) {}
#endif
    template <class T>
    void remove(Entity) {}
    template <class T, class F>
    void each(F&&) {}
};

static_assert(sizeof(tenon::CheckRegistry<Things, Place>) > 0);
