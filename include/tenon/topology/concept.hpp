#pragma once
// What a topology policy is: who talks to whom, and who decides.

#include <concepts>

#include "tenon/core/ids.hpp"

namespace tenon {

struct TopologyTraits {
    bool has_authority = false; // one peer decides, and hears the commands
    bool relays = false;        // peers without a link to each other speak through the host
    bool migrates = false;      // when the host is gone, another is elected, and the room goes on
    bool direct = false;        // guests have links to each other as well, for what may be lost
};

// One who could become the authority.
struct Candidate {
    PeerId id;
    float merit = 0; // what its program says of it: Session::set_merit
};

// Who comes before whom, and when it is worth to replace an authority that is still there. All peers must
// come to the same answer, so nothing but the candidates may count.
template <class E>
concept ElectionPolicy = requires(const Candidate& a, const Candidate& b) {
    { E::before(a, b) } -> std::same_as<bool>;
    { E::replaces(a, b) } -> std::same_as<bool>;
};

template <class T>
concept HasTopologyTraits = requires {
    { T::traits } -> std::convertible_to<TopologyTraits>;
};
// Who decides in a room, going by who hosts it: the same peer, or none.
template <class T>
concept HasAuthority = requires(PeerId host) {
    { T::authority(host) } -> std::same_as<PeerId>;
};
// What migrates needs to know who comes next.
template <class T>
concept HasElection = requires {
    requires ElectionPolicy<typename T::Election>;
};

// What finds its room on a bus: it has a Bus, whether that is one (bus_ok), and a Carrier<Transport>, which a
// session then sends and hears through. topology::Hybrid is one.
template <class T>
concept HasBus = requires {
    typename T::Bus;
    { T::bus_ok } -> std::convertible_to<bool>;
};

template <class T>
concept TopologyPolicy = std::default_initializable<T> && HasTopologyTraits<T> && HasAuthority<T>;

namespace detail {
template <class T>
constexpr bool elects() {
    if constexpr (HasTopologyTraits<T>) return !T::traits.migrates || HasElection<T>;
    return true;
}
// The estate of a room that migrates tells its peers where the others are.
template <class T>
constexpr bool knows_addresses() {
    if constexpr (HasTopologyTraits<T>) return !T::traits.direct || T::traits.migrates;
    return true;
}
} // namespace detail

template <class T>
struct CheckTopology {
    static_assert(std::default_initializable<T>, "Topology lacks: a default constructor");
    static_assert(HasTopologyTraits<T>, "Topology lacks: static constexpr TopologyTraits traits");
    static_assert(HasAuthority<T>, "Topology lacks: static PeerId authority(PeerId host)");
    static_assert(
        detail::elects<T>(),
        "Topology lacks: an Election, as one that migrates must have: static bool before(const "
        "Candidate&, const Candidate&) and static bool replaces(const Candidate&, const Candidate&)");
    static_assert(detail::knows_addresses<T>(),
                  "Topology lacks: migrates, as one with direct links must: only then do the peers know each "
                  "other's addresses");
    static constexpr bool ok = TopologyPolicy<T> && detail::elects<T>() && detail::knows_addresses<T>();
};

} // namespace tenon
