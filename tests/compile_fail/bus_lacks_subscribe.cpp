// expect: Bus lacks: Result<> subscribe(std::string_view subject)
#include "tenon/bus/concept.hpp"

struct Wire {
    static constexpr std::size_t message_max = 4096;
#ifndef SHOULD_FAIL
    tenon::Result<> subscribe(std::string_view) { return {}; }
#endif
    tenon::Result<> publish(std::string_view, tenon::BytesIn) { return {}; }
    template <class F>
    void poll(F&&) {}
    void close() {}
};

static_assert(sizeof(tenon::CheckBus<Wire>) > 0);
