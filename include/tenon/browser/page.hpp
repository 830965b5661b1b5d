#pragma once
// Page: what a web page offers to a transport, through Emscripten: WebSockets, secrets, and how it was
// loaded. The one header that meets Emscripten; browser::WebSocket asks it. Link with -lwebsocket.js.

#if !__has_include(<emscripten/websocket.h>)
#error "tenon: browser/ is for web pages: build with em++, or take transport::WebSocket in native programs"
#endif
#include <emscripten/em_asm.h>
#include <emscripten/websocket.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tenon/core/bytes.hpp"

namespace tenon::browser::detail {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdollar-in-identifier-extension" // of the scripts

struct Page {
    // A text that the browser can't read as an address would throw where it dials.
    static bool reads(const char* url) {
        return EM_ASM_INT(
                   {
                       try {
                           return new URL(UTF8ToString($0)).hostname ? 1 : 0;
                       } catch (e) {
                           return 0;
                       }
                   },
                   url) != 0;
    }
    // The page itself was loaded over TLS.
    static bool is_encrypted() {
        return EM_ASM_INT(
                   { return typeof location != "undefined" && location.protocol == "https:" ? 1 : 0; }) != 0;
    }
    static bool is_own_machine(const char* url) {
        return EM_ASM_INT(
                   {
                       var host = new URL(UTF8ToString($0)).hostname;
                       return host == "localhost" || host == "[::1]" || host.indexOf("127.") == 0 ? 1 : 0;
                   },
                   url) != 0;
    }
    // Without a source nothing that rests on it may go on.
    static std::uint64_t entropy() {
        std::uint32_t secret[2] = {};
        const int found = EM_ASM_INT(
            {
                if (typeof crypto == "undefined" || !crypto.getRandomValues) return 0;
                HEAPU32.set(crypto.getRandomValues(new Uint32Array(2)), $0 >> 2);
                return 1;
            },
            secret);
        if (found == 0) std::abort();
        return std::uint64_t{secret[0]} << 32 | secret[1];
    }

    // Begins to dial, and tells `owner` of what becomes of it until close(): opened(subprotocol),
    // heard(bytes, is_text), closed(code). Its number, or none above 0.
    template <class Owner>
    static int open(const char* url, const char* subprotocol, Owner& owner) {
        EmscriptenWebSocketCreateAttributes attributes{url, *subprotocol != 0 ? subprotocol : nullptr,
                                                       EM_TRUE};
        const int socket = emscripten_websocket_new(&attributes);
        if (socket <= 0) return socket;
        emscripten_websocket_set_onopen_callback(
            socket, &owner, [](int, const EmscriptenWebSocketOpenEvent* event, void* to) -> EM_BOOL {
                char chosen[64] = {};
                emscripten_websocket_get_protocol(event->socket, chosen, sizeof chosen);
                static_cast<Owner*>(to)->opened(std::string_view(chosen));
                return EM_TRUE;
            });
        emscripten_websocket_set_onmessage_callback(
            socket, &owner, [](int, const EmscriptenWebSocketMessageEvent* event, void* to) -> EM_BOOL {
                static_cast<Owner*>(to)->heard(
                    {reinterpret_cast<const std::byte*>(event->data), event->numBytes}, event->isText != 0);
                return EM_TRUE;
            });
        emscripten_websocket_set_onclose_callback(
            socket, &owner, [](int, const EmscriptenWebSocketCloseEvent* event, void* to) -> EM_BOOL {
                static_cast<Owner*>(to)->closed(event->code);
                return EM_TRUE;
            });
        return socket;
    }
    static bool send(int socket, BytesIn bytes) {
        void* data = const_cast<std::byte*>(bytes.data());
        return emscripten_websocket_send_binary(socket, data, static_cast<std::uint32_t>(bytes.size())) == 0;
    }
    // Bytes that the browser has taken and not sent.
    static std::size_t waits(int socket) {
        unsigned long long bytes = 0;
        emscripten_websocket_get_buffered_amount(socket, &bytes);
        return static_cast<std::size_t>(bytes);
    }
    // What it took still leaves; nothing more is told of it.
    static void close(int socket, std::uint16_t code) {
        emscripten_websocket_close(socket, code, nullptr);
        emscripten_websocket_delete(socket);
        // Emscripten 3.1.6 does not let go of it by itself.
        EM_ASM(
            {
                if (typeof WS != "undefined" && WS.sockets) delete WS.sockets[$0];
            },
            socket);
    }
};

#pragma clang diagnostic pop

} // namespace tenon::browser::detail
