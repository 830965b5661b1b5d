#pragma once
// ConnectRequest: how a page asks for a session of WebTransport (RFC 9220), whether a server agrees, and with
// which status it does not. Fields in and out, no socket; Http3Session calls it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/transport/http_head.hpp"
#include "tenon/transport/quic_options.hpp"

namespace tenon::transport {

struct WebTransportOptions {
    std::string path =
        "/"; // where a server is, what a client asks for unless resolve() said; empty: anywhere
    // The pages whose scripts may connect, as "https://game.example"; empty: all. Programs that are no
    // browsers name none, and are not asked.
    std::vector<std::string> origins = {};
    QuicOptions quic = {}; // but for its protocol, which is HTTP/3
};

namespace detail {

class ConnectRequest {
  public:
    // Each in its order, as the message has it.
    void take(std::string_view name, std::string_view value) {
        if (!name.empty() && name[0] == ':') {
            if (in_fields_) malformed_ = true;
            return take_pseudo(name, value);
        }
        in_fields_ = true;
        for (const char c : name)
            if (c <= ' ' || c > '~' || c == ':' || (c >= 'A' && c <= 'Z')) malformed_ = true;
        for (const char c : value)
            if (c == '\0' || c == '\r' || c == '\n') malformed_ = true;
        if (name.empty() || name == "connection" || name == "transfer-encoding") malformed_ = true;
        if (name == "origin") keep(origin_, value);
        if (name == "sec-webtransport-http3-draft02") older_ = value == "1";
    }

    // 200: agreed.
    std::uint16_t judge(const WebTransportOptions& options) const {
        if (malformed_ || method_.empty() || authority_.empty()) return 400;
        if (method_ != "CONNECT") return path_.empty() || scheme_.empty() || !protocol_.empty() ? 400 : 405;
        if (protocol_.empty()) return path_.empty() && scheme_.empty() ? 501 : 400; // a proxy's
        if (!is_request_path(path_) || scheme_.empty()) return 400;
        if (protocol_ != "webtransport" || scheme_ != "https") return 501;
        if (!options.path.empty() && path_.substr(0, path_.find('?')) != options.path) return 404;
        if (options.origins.empty() || origin_.empty()) return 200;
        for (const std::string& origin : options.origins)
            if (origin == origin_) return 200;
        return 403;
    }
    // The browser would be told that this is of the first drafts' kind.
    bool is_older() const { return older_; }
    std::string_view path() const { return path_; }

  private:
    void keep(std::string& into, std::string_view value) {
        if (!into.empty() || value.empty()) malformed_ = true;
        into = value;
    }
    void take_pseudo(std::string_view name, std::string_view value) {
        if (name == ":method")
            keep(method_, value);
        else if (name == ":scheme")
            keep(scheme_, value);
        else if (name == ":authority")
            keep(authority_, value);
        else if (name == ":path")
            keep(path_, value);
        else if (name == ":protocol")
            keep(protocol_, value);
        else
            malformed_ = true;
    }

    std::string method_, scheme_, authority_, path_, protocol_, origin_;
    bool in_fields_ = false, malformed_ = false, older_ = false;
};

} // namespace detail

} // namespace tenon::transport
