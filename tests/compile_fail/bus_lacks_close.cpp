// expect: Bus lacks: void close()
#include "tenon/bus/concept.hpp"

struct Wire {
    static constexpr std::size_t message_max = 4096;
    tenon::Result<> subscribe(std::string_view) { return {}; }
    tenon::Result<> publish(std::string_view, tenon::BytesIn) { return {}; }
    template <class F>
    void poll(F&&) {}
#ifndef SHOULD_FAIL
    void close() {}
#endif
};

static_assert(sizeof(tenon::CheckBus<Wire>) > 0);
