#pragma once
// What a topology policy is: who talks to whom, and who decides.

#include <concepts>

#include "tenon/core/ids.hpp"

namespace tenon {

struct TopologyTraits {
    bool has_authority = false; // one peer decides, and hears the commands
    bool relays = false;        // peers without a link to each other speak through the host
};

template <class T>
concept HasTopologyTraits = requires {
    { T::traits } -> std::convertible_to<TopologyTraits>;
};
template <class T>
concept HasAuthority = requires(const T& t) {
    { t.authority() } -> std::same_as<PeerId>;
};

template <class T>
concept TopologyPolicy = std::default_initializable<T> && HasTopologyTraits<T> && HasAuthority<T>;

template <class T>
struct CheckTopology {
    static_assert(std::default_initializable<T>, "Topology lacks: a default constructor");
    static_assert(HasTopologyTraits<T>, "Topology lacks: static constexpr TopologyTraits traits");
    static_assert(HasAuthority<T>, "Topology lacks: PeerId authority() const");
    static constexpr bool ok = TopologyPolicy<T>;
};

} // namespace tenon
