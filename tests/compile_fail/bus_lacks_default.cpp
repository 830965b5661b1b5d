// expect: Bus lacks: a default constructor, which gives one that is closed
#include "tenon/bus/concept.hpp"

struct Wire {
#ifdef SHOULD_FAIL
    explicit Wire(int) {}
#endif
    static constexpr std::size_t message_max = 4096;
    tenon::Result<> subscribe(std::string_view) { return {}; }
    tenon::Result<> publish(std::string_view, tenon::BytesIn) { return {}; }
    template <class F>
    void poll(F&&) {}
    void close() {}
};

static_assert(sizeof(tenon::CheckBus<Wire>) > 0);
