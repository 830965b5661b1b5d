#pragma once
// ConnectionAddress: one connection of a connected transport. A host tells its guests apart by the serial
// number that each connection gets when it is accepted, so that a second one from the same port is another
// peer; a guest names where it dials.

#include <cstdint>

#include "tenon/core/random.hpp"
#include "tenon/transport/address.hpp"

namespace tenon::transport {

struct ConnectionAddress : IpAddress {
    std::uint32_t serial = 0; // of a connection that was accepted; 0 of one that is dialled
    std::uint32_t name = 0;   // of the host and path that were asked for, which the transport keeps; or 0

    constexpr ConnectionAddress() = default;
    constexpr ConnectionAddress(const IpAddress& ip, std::uint32_t of_serial = 0, std::uint32_t of_name = 0)
        : IpAddress(ip), serial(of_serial), name(of_name) {}

    // An accepted connection's is followed by its serial number: "192.0.2.7:4000#12".
    constexpr AddressText text() const {
        AddressText out = IpAddress::text();
        if (serial != 0) {
            out.add('#');
            out.add_number(serial);
        }
        return out;
    }
    constexpr std::uint64_t hash() const { return hash(0); }
    constexpr std::uint64_t hash(std::uint64_t seed) const {
        return splitmix(IpAddress::hash(seed) ^ splitmix(seed ^ (std::uint64_t(name) << 32 | serial)));
    }
    friend constexpr bool operator==(const ConnectionAddress& a, const ConnectionAddress& b) {
        return a.serial == b.serial && a.name == b.name &&
               static_cast<const IpAddress&>(a) == static_cast<const IpAddress&>(b);
    }
};

} // namespace tenon::transport
