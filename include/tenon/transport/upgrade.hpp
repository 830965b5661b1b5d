#pragma once
// How a connection becomes a WebSocket (RFC 6455, section 4): what a client asks, whether a server agrees,
// and what it says when it doesn't. Texts in and out, no socket; WebSocket calls it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/transport/accept_key.hpp"
#include "tenon/transport/http_head.hpp"

namespace tenon::transport {

struct WebSocketOptions {
    std::string path =
        "/"; // where a server is, what a client asks for unless resolve() said; empty: anywhere
    // The pages whose scripts may connect, as "https://game.example"; empty: all. Programs that are no
    // browsers name none, and are not asked.
    std::vector<std::string> origins = {};
    std::string subprotocol = "tenon";
    std::string origin = {}; // what a client says of itself
};

namespace detail {

constexpr std::string_view http_reason(std::uint16_t status) {
    switch (status) {
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 426:
            return "Upgrade Required";
        default:
            return "Request Header Fields Too Large";
    }
}
constexpr std::string_view http_sentence(std::uint16_t status) {
    switch (status) {
        case 400:
            return "This is not how a WebSocket is asked for.\n";
        case 403:
            return "Scripts of this page may not connect here.\n";
        case 404:
            return "There is no game at this path.\n";
        case 405:
            return "Only GET is understood here.\n";
        case 426:
            return "This is a game's server, not a page: connect to it with a WebSocket, version 13.\n";
        default:
            return "The head of a request may have 8192 bytes and 64 fields.\n";
    }
}

struct UpgradeVerdict {
    std::uint16_t status = 400; // 101: agreed
    std::string_view key;
    bool subprotocol = false; // is spoken
};

inline UpgradeVerdict judge_upgrade(const HttpHead& head, const WebSocketOptions& options) {
    UpgradeVerdict verdict;
    const auto refuse = [&](std::uint16_t status) { return verdict.status = status, verdict; };
    const std::string_view line = head.first();
    const std::size_t method = line.find(' '), version = line.rfind(' ');
    if (method == std::string_view::npos || version <= method || line.substr(version + 1) != "HTTP/1.1")
        return refuse(400);
    const std::string_view target = line.substr(method + 1, version - method - 1);
    if (!is_request_path(target)) return refuse(400);
    if (line.substr(0, method) != "GET") return refuse(405);
    for (const std::string_view once :
         {"Host", "Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Content-Length"})
        if (head.count(once) > 1) return refuse(400);
    if (head.count("Host") == 0 || head.count("Transfer-Encoding") != 0) return refuse(400);
    if (head.count("Content-Length") != 0 && head.value("Content-Length") != "0") return refuse(400);
    if (!options.path.empty() && target.substr(0, target.find('?')) != options.path) return refuse(404);
    if (!head.lists("Upgrade", "websocket")) return refuse(426);
    if (!head.lists("Connection", "upgrade")) return refuse(400);
    if (head.value("Sec-WebSocket-Version") != "13") return refuse(426);
    verdict.key = head.value("Sec-WebSocket-Key");
    if (!is_web_socket_key(verdict.key)) return refuse(400);
    if (!options.origins.empty() && head.count("Origin") != 0) {
        bool known = false;
        for (const std::string& origin : options.origins) known |= head.value("Origin") == origin;
        if (!known) return refuse(403);
    }
    // Whoever speaks something else is told so, rather than misunderstood.
    verdict.subprotocol = head.any("Sec-WebSocket-Protocol",
                                   [&](std::string_view word) { return word == options.subprotocol; });
    if (!verdict.subprotocol && head.count("Sec-WebSocket-Protocol") != 0 && !options.subprotocol.empty())
        return refuse(400);
    return refuse(101);
}

inline std::string upgrade_response(const UpgradeVerdict& verdict, const WebSocketOptions& options) {
    if (verdict.status == 101) {
        std::string text =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
            accept_key(verdict.key) + "\r\n";
        if (verdict.subprotocol) text += "Sec-WebSocket-Protocol: " + options.subprotocol + "\r\n";
        return text + "\r\n";
    }
    const std::string_view sentence = http_sentence(verdict.status);
    std::string text = "HTTP/1.1 " + std::to_string(verdict.status) + " ";
    text += http_reason(verdict.status);
    text += "\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ";
    text += std::to_string(sentence.size()) + "\r\n";
    if (verdict.status == 426) text += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    if (verdict.status == 405) text += "Allow: GET\r\n";
    return (text += "\r\n") += sentence;
}

inline std::string upgrade_request(std::string_view host, std::string_view path, std::string_view key,
                                   const WebSocketOptions& options) {
    std::string text = "GET ";
    ((text += path) += " HTTP/1.1\r\nHost: ") += host;
    (text += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ") += key;
    text += "\r\nSec-WebSocket-Version: 13\r\n";
    if (!options.subprotocol.empty()) text += "Sec-WebSocket-Protocol: " + options.subprotocol + "\r\n";
    if (!options.origin.empty()) text += "Origin: " + options.origin + "\r\n";
    return text += "\r\n";
}

// Whether the server agreed: `refused` when it said no, `malformed` when it said nothing sensible.
inline Error judge_response(const HttpHead& head, std::string_view key, const WebSocketOptions& options) {
    const std::string_view line = head.first();
    if (line.substr(0, 9) != "HTTP/1.1 " && line.substr(0, 9) != "HTTP/1.0 ") return Error::malformed;
    const std::string_view status = line.substr(9, 4);
    for (std::size_t i = 0; i < 3; ++i)
        if (status.size() < 3 || status[i] < '0' || status[i] > '9') return Error::malformed;
    if (status.size() == 4 && status[3] != ' ') return Error::malformed;
    if (status.substr(0, 3) != "101") return Error::refused;
    if (!head.lists("Upgrade", "websocket") || !head.lists("Connection", "upgrade") ||
        head.count("Sec-WebSocket-Accept") != 1 || head.value("Sec-WebSocket-Accept") != accept_key(key))
        return Error::malformed;
    // Nothing was offered, so nothing can have been chosen; of one subprotocol, that or none.
    if (head.count("Sec-WebSocket-Extensions") != 0) return Error::malformed;
    const std::size_t chosen = head.count("Sec-WebSocket-Protocol");
    if (chosen > 1 || (chosen == 1 && head.value("Sec-WebSocket-Protocol") != options.subprotocol))
        return Error::malformed;
    return Error::none;
}

} // namespace detail

} // namespace tenon::transport
