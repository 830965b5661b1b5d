#pragma once
// Hybrid: a bus for finding each other, straight links for all that is played: README.md beside this file.
// Who decides, and whether guests have links to each other, is the base's to say.

#include "tenon/bus/concept.hpp"
#include "tenon/bus/meeting.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/topology/concept.hpp"

namespace tenon::topology {

template <class BusType, class Base = AuthorityHosted<>>
struct Hybrid : Base {
    using Bus = BusType;
    static_assert(sizeof(CheckBus<Bus>) > 0); // says what the bus lacks
    static constexpr bool bus_ok = BusPolicy<Bus> && Base::traits.migrates;
    static_assert(Base::traits.migrates,
                  "tenon: a room that is found on a bus is its members', and this base ends with its host; "
                  "give topology::Hybrid AuthorityHosted or Mesh");

    // What a session of this transport sends and hears through.
    template <class Transport>
    using Carrier = bus::Meeting<Transport, Bus>;
};

} // namespace tenon::topology
