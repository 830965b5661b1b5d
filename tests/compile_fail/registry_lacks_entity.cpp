// expect: Registry lacks: Entity, a plain value with operator==
#include "tenon/ecs/concept.hpp"

struct Place {
    int x = 0;
};
struct Things {
#ifdef SHOULD_FAIL
    struct Entity {
        int place = 0;
    };
#else
    using Entity = int;
#endif
    Entity create() { return {}; }
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
