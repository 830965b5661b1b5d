#pragma once
// From "HOST:PORT" to an address: literals at once, names by asking the system's name service, which blocks
// for as long as that takes. The native transports' resolve() calls it.

#include <string>
#include <string_view>
#include <system_error>

#include "tenon/core/config.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/asio.hpp"

namespace tenon::transport::detail {

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
    asio::io_context context{1};
    AsioResolver resolver(context);
    std::error_code refused;
    const auto found = resolver.resolve(std::string(parts.host), std::to_string(parts.port),
                                        asio::ip::resolver_base::address_configured, refused);
    if (refused) code = refused;
    for (const auto& entry : found) {
        const IpAddress address = from_endpoint(entry.endpoint());
        if (wanted(address)) return address;
    }
    return Error::unknown_host;
}

// Asio's constructors and the standard library may throw where the system is out of something: the code of
// that, or what f gave.
template <class T, class F>
Result<T> caught(std::error_code& code, F&& f) {
#if TENON_HAS_EXCEPTIONS
    try {
        return f();
    } catch (const std::system_error& error) {
        code = error.code();
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
