#pragma once
// The one place that meets standalone Asio: its switches, its sockets, and its addresses and errors in our
// words. The native transports call it.

#ifndef ASIO_STANDALONE
#define ASIO_STANDALONE
#endif
#ifndef ASIO_NO_DEPRECATED
#define ASIO_NO_DEPRECATED
#endif

#include "tenon/core/config.hpp"
#if !TENON_HAS_EXCEPTIONS && !defined(ASIO_NO_EXCEPTIONS)
#define ASIO_NO_EXCEPTIONS
#endif
#if !defined(__cpp_rtti) && !defined(_CPPRTTI) && !defined(ASIO_NO_TYPEID)
#define ASIO_NO_TYPEID
#endif
#include <asio/io_context.hpp>
#include <asio/ip/multicast.hpp>
#include <asio/ip/udp.hpp>
#include <asio/ip/unicast.hpp>
#include <asio/ip/v6_only.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include "tenon/core/error.hpp"
#include "tenon/transport/address.hpp"

namespace tenon::transport::detail {

using AsioUdp = asio::ip::udp;
using AsioSocket = asio::basic_datagram_socket<AsioUdp, asio::io_context::executor_type>;
using AsioResolver = asio::ip::basic_resolver<AsioUdp, asio::io_context::executor_type>;

inline AsioUdp::endpoint to_endpoint(const IpAddress& address, bool as_v4) {
    if (as_v4) {
        asio::ip::address_v4::bytes_type bytes;
        for (std::size_t i = 0; i < 4; ++i) bytes[i] = address.bytes[12 + i];
        return {asio::ip::address_v4(bytes), address.port};
    }
    asio::ip::address_v6::bytes_type bytes;
    for (std::size_t i = 0; i < 16; ++i) bytes[i] = address.bytes[i];
    return {asio::ip::address_v6(bytes, address.scope), address.port};
}

inline IpAddress from_endpoint(const AsioUdp::endpoint& endpoint) {
    if (endpoint.address().is_v4()) {
        const auto b = endpoint.address().to_v4().to_bytes();
        return IpAddress::v4(b[0], b[1], b[2], b[3], endpoint.port());
    }
    const asio::ip::address_v6 v6 = endpoint.address().to_v6();
    IpAddress address = IpAddress::any(endpoint.port());
    const auto bytes = v6.to_bytes();
    for (std::size_t i = 0; i < 16; ++i) address.bytes[i] = bytes[i];
    address.scope = static_cast<std::uint32_t>(v6.scope_id());
    return address;
}

// The code in the words that std::errc has: a C++ library may know of Windows's own codes, and not of those of
// its sockets.
inline std::error_code in_common(const std::error_code& code) {
#if defined(_WIN32)
    static constexpr struct {
        int theirs;
        std::errc common;
    } pairs[] = {
        {WSAEWOULDBLOCK, std::errc::operation_would_block}, {WSAEINPROGRESS, std::errc::operation_in_progress},
        {WSAEINTR, std::errc::interrupted},                 {WSAEADDRINUSE, std::errc::address_in_use},
        {WSAEACCES, std::errc::permission_denied},          {WSAEADDRNOTAVAIL, std::errc::address_not_available},
        {WSAENETUNREACH, std::errc::network_unreachable},   {WSAEHOSTUNREACH, std::errc::host_unreachable},
        {WSAEMSGSIZE, std::errc::message_size},             {WSAEAFNOSUPPORT, std::errc::address_family_not_supported},
        {WSAENOBUFS, std::errc::no_buffer_space},           {WSAEOPNOTSUPP, std::errc::operation_not_supported},
        {WSAECONNREFUSED, std::errc::connection_refused},   {WSAECONNRESET, std::errc::connection_reset},
        {WSAENETRESET, std::errc::connection_reset},        {WSAECONNABORTED, std::errc::connection_aborted},
        {WSAETIMEDOUT, std::errc::timed_out},               {WSAEINVAL, std::errc::invalid_argument},
        {WSAENOPROTOOPT, std::errc::no_protocol_option},    {WSAENOTCONN, std::errc::not_connected},
    };
    if (code.category() == std::system_category())
        for (const auto& [theirs, common] : pairs)
            if (code.value() == theirs) return std::make_error_code(common);
#endif
    return code;
}

inline Error to_error(const std::error_code& given) {
    const std::error_code code = in_common(given);
    if (code == std::errc::address_in_use) return Error::port_in_use;
    if (code == std::errc::permission_denied || code == std::errc::operation_not_permitted)
        return Error::not_permitted;
    if (code == std::errc::address_not_available || code == std::errc::network_unreachable ||
        code == std::errc::host_unreachable || code == std::errc::address_family_not_supported)
        return Error::unreachable;
    return Error::system;
}

struct AsioSide {
    asio::io_context context{1};
    AsioSocket socket{context};
};

} // namespace tenon::transport::detail

#if !TENON_HAS_EXCEPTIONS
// Asio leaves this to the program where there are no exceptions.
namespace asio::detail {
#ifdef ASIO_SOURCE_LOCATION_PARAM
template <class Exception>
void throw_exception(const Exception& ASIO_SOURCE_LOCATION_PARAM) {
    std::abort();
}
#else
template <class Exception>
void throw_exception(const Exception&) {
    std::abort();
}
#endif
} // namespace asio::detail
#endif
