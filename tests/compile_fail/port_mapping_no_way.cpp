// expect: tenon: PortMapping<Ways...> needs a way: NatPmp, Upnp, or both
#include "tenon/transport/port_mapping.hpp"

using namespace tenon::transport;

struct Way {
    tenon::Result<IpAddress> open(const MappingWish&, const std::atomic<bool>&) {
        return tenon::Error::unreachable;
    }
    void close(const MappingWish&, const IpAddress&) {}
};

#ifdef SHOULD_FAIL
using Ports = PortMapping<>;
#else
using Ports = PortMapping<Way>;
#endif

static_assert(sizeof(Ports) > 0);
