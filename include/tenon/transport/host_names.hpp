#pragma once
// From "HOST:PORT" to an address: literals at once, names by asking the system's name service, which blocks
// for as long as that takes. The native transports' resolve() calls it.

#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/system_socket.hpp"

#if !defined(_WIN32)
#include <netdb.h>
#endif

namespace tenon::transport::detail {

#if !defined(_WIN32)
// The name service has numbers and sentences of its own.
class NameServiceErrors final : public std::error_category {
  public:
    const char* name() const noexcept override { return "name service"; }
    std::string message(int code) const override { return ::gai_strerror(code); }
    static const NameServiceErrors& get() {
        static const NameServiceErrors errors;
        return errors;
    }
};
#endif
inline std::error_code name_error(int code) {
#if defined(_WIN32)
    return in_common({code, std::system_category()});
#else
    return code == EAI_SYSTEM ? last_error() : std::error_code(code, NameServiceErrors::get());
#endif
}

// The first address of the host of which wanted(address) holds; what the system said goes to `code`.
template <class F>
Result<IpAddress> look_up(const HostAndPort& parts, std::error_code& code, F&& wanted) {
    if (parts.host == "localhost") return IpAddress::loopback(parts.port);
    const Result<IpAddress> literal = IpAddress::parse(parts);
    if (literal || parts.bracketed) return literal;
    // What ends in a digit was meant as a number, and some name services read "1.2.3" as an address.
    const std::string_view last = parts.host.substr(parts.host.rfind('.') + 1);
    if (last.empty() || is_digit(last[0])) return Error::bad_address;
    for (const char c : parts.host)
        if (c <= ' ' || c > '~' || c == '/' || c == '@' || c == '%') return Error::bad_address;
    start_sockets();
    addrinfo wanted_of_all{};
    wanted_of_all.ai_flags = AI_ADDRCONFIG; // no IPv6 where this machine has none
    wanted_of_all.ai_socktype = SOCK_DGRAM; // each address once
    addrinfo* found = nullptr;
    const std::string name(parts.host);
    const int refused = ::getaddrinfo(name.c_str(), nullptr, &wanted_of_all, &found);
    if (refused != 0) {
        code = name_error(refused);
        return Error::unknown_host;
    }
    Result<IpAddress> first = Error::unknown_host;
    for (const addrinfo* one = found; one != nullptr && !first; one = one->ai_next) {
        SystemAddress of_system;
        if (one->ai_addr == nullptr || one->ai_addrlen > sizeof of_system) continue;
        if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
        std::memcpy(static_cast<void*>(&of_system), one->ai_addr, one->ai_addrlen);
        IpAddress address = of_system.get();
        address.port = parts.port;
        if (wanted(static_cast<const IpAddress&>(address))) first = address;
    }
    ::freeaddrinfo(found);
    return first;
}

// What f gave, or that there was no memory for it.
template <class T, class F>
Result<T> caught(std::error_code& code, F&& f) {
#if TENON_HAS_EXCEPTIONS
    try {
        return f();
    } catch (...) {
        code = std::make_error_code(std::errc::not_enough_memory);
    }
    return to_error(code);
#else
    (void)code;
    return f();
#endif
}

} // namespace tenon::transport::detail
