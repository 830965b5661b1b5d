// expect: Bus lacks: Result<> publish(std::string_view subject, BytesIn message)
#include "tenon/bus/concept.hpp"

struct Wire {
    static constexpr std::size_t message_max = 4096;
    tenon::Result<> subscribe(std::string_view) { return {}; }
#ifndef SHOULD_FAIL
    tenon::Result<> publish(std::string_view, tenon::BytesIn) { return {}; }
#endif
    template <class F>
    void poll(F&&) {}
    void close() {}
};

static_assert(sizeof(tenon::CheckBus<Wire>) > 0);
