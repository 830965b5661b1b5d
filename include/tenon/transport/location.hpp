#pragma once
// Location: what resolve() was given, taken apart: where a host is, and what is asked for there. The
// transports whose hosts have paths read theirs with locate().

#include <cstddef>
#include <string>
#include <string_view>

#include "tenon/core/error.hpp"
#include "tenon/transport/http_head.hpp"

namespace tenon::transport::detail {

struct Location {
    std::string place; // HOST:PORT
    std::string path;  // empty: the transport's own
};

// What stands before "://", where that is there at all.
inline std::string_view scheme_of(std::string_view text) {
    const std::size_t mark = text.find("://");
    return text.substr(0, mark == std::string_view::npos ? 0 : mark);
}

// "SCHEME://HOST:PORT/path", of a scheme that the caller has looked at, or HOST:PORT/path; the first may go
// without a port and then has this one, as ":80".
inline Result<Location> locate(std::string_view text, std::string_view usual_port) {
    Location location;
    if (text.find("://") != std::string_view::npos) {
        text.remove_prefix(scheme_of(text).size() + 3);
        location.place = text.substr(0, text.find_first_of("/?"));
        if (location.place.empty()) return Error::bad_address;
        const std::size_t colon = location.place.rfind(':'), bracket = location.place.rfind(']');
        if (colon == std::string::npos || (bracket != std::string::npos && colon < bracket))
            location.place += usual_port;
    } else {
        location.place = text.substr(0, text.find_first_of("/?"));
    }
    if (const std::size_t begin = text.find_first_of("/?"); begin != std::string_view::npos) {
        location.path = text.substr(begin);
        if (location.path[0] == '?') location.path.insert(0, 1, '/');
        if (!is_request_path(location.path)) return Error::bad_address;
    }
    return location;
}

} // namespace tenon::transport::detail
