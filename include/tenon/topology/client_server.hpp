#pragma once
// ClientServer: the peer that hosts decides, for as long as the room lives; the others know only it and speak
// through it.

#include "tenon/topology/concept.hpp"

namespace tenon::topology {

struct ClientServer {
    static constexpr TopologyTraits traits{.has_authority = true, .relays = true};

    static constexpr PeerId authority(PeerId host) { return host; }
};

} // namespace tenon::topology
