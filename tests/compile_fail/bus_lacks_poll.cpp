// expect: Bus lacks: template <class F> void poll(F&&)
#include "tenon/bus/concept.hpp"

struct Wire {
    static constexpr std::size_t message_max = 4096;
    tenon::Result<> subscribe(std::string_view) { return {}; }
    tenon::Result<> publish(std::string_view, tenon::BytesIn) { return {}; }
#ifndef SHOULD_FAIL
    template <class F>
    void poll(F&&) {}
#endif
    void close() {}
};

static_assert(sizeof(tenon::CheckBus<Wire>) > 0);
