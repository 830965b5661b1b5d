#pragma once
// How a session gets onto a transport over loopback: what its host and its guest are made of, and how the
// guest writes the address. A transport that needs more than a port says so in a specialisation.

#include <cstdint>
#include <string>

#include <tenon.hpp>

namespace bench {

template <class T>
struct Road {
    using Transport = T;
    static T host() { return T(); }
    static T guest() { return T(); }
    static std::string address(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }
};

} // namespace bench
