// expect: Bus lacks: static constexpr std::size_t message_max
#include "tenon/bus/concept.hpp"

struct Wire {
#ifndef SHOULD_FAIL
    static constexpr std::size_t message_max = 4096;
#endif
    tenon::Result<> subscribe(std::string_view) { return {}; }
    tenon::Result<> publish(std::string_view, tenon::BytesIn) { return {}; }
    template <class F>
    void poll(F&&) {}
    void close() {}
};

static_assert(sizeof(tenon::CheckBus<Wire>) > 0);
