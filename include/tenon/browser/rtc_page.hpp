#pragma once
// RtcPage: WebRTC as a web page has it, through Emscripten: an introduction over a WebSocket, and two data
// channels. browser::WebRtc asks it. Its scripts are in no page that does not take that transport.

#include <cstddef>
#include <cstdint>

#include "tenon/browser/page.hpp"
#include "tenon/browser/web_socket_over.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::browser::detail {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdollar-in-identifier-extension" // of the scripts

struct RtcPage : Page {
    // Begins to dial, and tells `owner` of what becomes of it until close(): opened(subprotocol),
    // heard(bytes, is_text, lane), broke(why). Its number, or none above 0. The offer leaves when it is
    // written and the WebSocket is there; who answers is compared with what it said by the browser.
    template <class Owner>
    static int open(const char* url, const char* subprotocol, Owner& owner) {
        void (*const opened)(void*) = [](void* to) { static_cast<Owner*>(to)->opened({}); };
        void (*const heard)(void*, std::uint32_t, int, int) = [](void* to, std::uint32_t size, int lane,
                                                                 int is_text) {
            static_cast<Owner*>(to)->heard({room(), size}, is_text != 0,
                                           Lane{static_cast<std::uint8_t>(lane)});
        };
        void (*const broke)(void*, int) = [](void* to, int why) {
            static_cast<Owner*>(to)->broke(static_cast<Error>(why));
        };
        return EM_ASM_INT(
            {
                if (typeof RTCPeerConnection == "undefined") return 0;
                var all = Module.tenonRtc;
                if (!all) all = Module.tenonRtc = new Map();
                var one = new Object();
                try {
                    one.peer = new RTCPeerConnection();
                    one.socket = new WebSocket(UTF8ToString($0), UTF8ToString($1) || []);
                } catch (e) {
                    if (one.peer) one.peer.close();
                    return 0;
                }
                var number = all.last = (all.last || 0) + 1;
                all.set(number, one);
                var end = function(why) {
                    if (!one.over) wasmTable.get($5)($2, why);
                };
                var channel = function(lane, label, options) {
                    options.protocol = UTF8ToString($1);
                    var made = one.peer.createDataChannel(label, options);
                    made.binaryType = "arraybuffer";
                    made.onmessage = function(event) {
                        if (one.over) return;
                        var is_text = typeof event.data == "string";
                        var size = is_text ? 0 : event.data.byteLength;
                        if (size <= $7) HEAPU8.set(new Uint8Array(is_text ? 0 : event.data), $6);
                        wasmTable.get($4)($2, size, lane, is_text ? 1 : 0);
                    };
                    return made;
                };
                one.reliable = channel(0, "reliable", ({}));
                one.unreliable = channel(1, "unreliable", ({ordered : false, maxRetransmits : 0}));
                one.reliable.onopen = function() {
                    if (!one.over) wasmTable.get($3)($2);
                };
                one.reliable.onclose = function() { end($8); };
                // Without a path it was never there; later it was heard no more.
                one.peer.onconnectionstatechange = function() {
                    if (one.peer.connectionState != "failed") return;
                    var path = one.peer.iceConnectionState;
                    var has_path = path == "connected" || path == "completed";
                    end(one.reliable.readyState == "open" ? $12 : has_path ? $13 : $9);
                };
                var why_no_answer = $9;
                var offer = function() {
                    var said = one.peer.localDescription;
                    if (one.over || one.offered || !said || one.socket.readyState != 1) return;
                    one.offered = true;
                    one.socket.send(new TextEncoder().encode(said.sdp));
                };
                one.socket.binaryType = "arraybuffer";
                one.socket.onopen = function() {
                    why_no_answer = $10;
                    offer();
                };
                one.socket.onclose = function() { end(why_no_answer); };
                one.socket.onmessage = function(event) {
                    one.socket.onmessage = one.socket.onclose = null;
                    one.socket.close();
                    if (typeof event.data == "string" || event.data.byteLength > $7) return end($11);
                    var sdp = new TextDecoder().decode(event.data);
                    one.peer.setRemoteDescription(({type : "answer", sdp : sdp})).catch(function() {
                        end($11);
                    });
                };
                one.peer.setLocalDescription().then(
                    offer, function() { end($9); });
                return number;
            },
            url, subprotocol, static_cast<void*>(&owner), opened, heard, broke, room(), room_bytes,
            static_cast<int>(Error::closed), static_cast<int>(Error::unreachable),
            static_cast<int>(Error::refused), static_cast<int>(Error::malformed),
            static_cast<int>(Error::timed_out), static_cast<int>(Error::key_changed));
    }
    static bool send(int number, BytesIn bytes) {
        return EM_ASM_INT(
                   {
                       try {
                           Module.tenonRtc.get($0).reliable.send(HEAPU8.slice($1, $1 + $2));
                           return 1;
                       } catch (e) {
                           return 0;
                       }
                   },
                   number, bytes.data(), bytes.size()) != 0;
    }
    // No, where more than a moment's worth waits: browsers don't say at once what has left.
    static bool send_unreliable(int number, BytesIn bytes) {
        return EM_ASM_INT(
                   {
                       try {
                           var channel = Module.tenonRtc.get($0).unreliable;
                           if (channel.bufferedAmount > $3) return 0;
                           channel.send(HEAPU8.slice($1, $1 + $2));
                           return 1;
                       } catch (e) {
                           return 0;
                       }
                   },
                   number, bytes.data(), bytes.size(), moment_bytes) != 0;
    }
    static bool has_unreliable(int number) {
        return EM_ASM_INT({ return Module.tenonRtc.get($0).unreliable.readyState == "open" ? 1 : 0; },
                          number) != 0;
    }
    static std::size_t waits(int number) {
        return static_cast<std::size_t>(
            EM_ASM_INT({ return Module.tenonRtc.get($0).reliable.bufferedAmount; }, number));
    }
    // What it took still leaves, within three seconds, unless it is closed for what the other side did.
    static void close(int number, std::uint16_t code) {
        EM_ASM(
            {
                var one = Module.tenonRtc.get($0);
                Module.tenonRtc.delete($0);
                one.over = true;
                one.socket.onclose = one.socket.onmessage = null;
                one.socket.close();
                var end = function() { one.peer.close(); };
                if ($1 == 0 || one.reliable.readyState != "open") return end();
                one.reliable.onclose = end;
                one.reliable.close();
                setTimeout(end, 3000);
            },
            number, code == CloseCode::normal);
    }

  private:
    static constexpr std::size_t room_bytes = stream_frame_bytes, moment_bytes = 16 << 10;
    // Where a script lays what it has heard, for the length of a call.
    static std::byte* room() {
        static std::byte bytes[room_bytes];
        return bytes;
    }
};

#pragma clang diagnostic pop

} // namespace tenon::browser::detail
