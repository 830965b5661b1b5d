#pragma once
// WebTransportPage: WebTransport as a web page has it, through Emscripten: one stream of bytes a session.
// browser::WebTransport asks it. Its scripts are in no page that does not take that transport.

#include <cstddef>
#include <cstdint>

#include "tenon/browser/page.hpp"
#include "tenon/browser/stream_page.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"

namespace tenon::browser::detail {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdollar-in-identifier-extension" // of the scripts

struct WebTransportPage : Page {
    // Begins to dial, and tells `stream` of what becomes of it until close(). Its number, or none above 0.
    static int open(const char* url, PageStream& stream) {
        void (*const opened)(PageStream*) = [](PageStream* to) { to->opened(); };
        void (*const came)(PageStream*, std::uint32_t) = [](PageStream* to, std::uint32_t size) {
            to->came({room(), size});
        };
        void (*const broke)(PageStream*, int) = [](PageStream* to, int why) {
            to->broke(static_cast<Error>(why));
        };
        return EM_ASM_INT(
            {
                if (typeof WebTransport == "undefined") return 0;
                var all = Module.tenonStreams;
                if (!all) all = Module.tenonStreams = new Map();
                var one = new Object();
                var place = UTF8ToString($0).replace("wss:", "https:").split("#");
                var options = new Object();
                if (place[1]) {
                    var print = new Uint8Array(32);
                    for (var i = 0; i < 32; ++i) print[i] = parseInt(place[1].substr(2 * i, 2), 16);
                    options.serverCertificateHashes = [({algorithm : "sha-256", value : print})];
                }
                try {
                    one.transport = new WebTransport(place[0], options);
                } catch (e) {
                    return 0;
                }
                var number = all.last = (all.last || 0) + 1;
                all.set(number, one);
                one.waits = 0;
                var end = function() {
                    if (!one.over) wasmTable.get($4)($1, one.writer ? $7 : $8);
                };
                var next = function() {
                    if (!one.over) one.reader.read().then(read, end);
                };
                var read = function(found) {
                    if (found.done) return end();
                    for (var at = 0; at < found.value.length && !one.over; at += $6) {
                        var piece = found.value.subarray(at, at + $6);
                        HEAPU8.set(piece, $5);
                        wasmTable.get($3)($1, piece.length);
                    }
                    next();
                };
                one.transport.ready.then(function() { return one.transport.createBidirectionalStream(); })
                    .then(function(stream) {
                        if (one.over) return;
                        one.reader = stream.readable.getReader();
                        one.writer = stream.writable.getWriter();
                        wasmTable.get($2)($1);
                        next();
                    })
                    .catch(end);
                one.transport.closed.then(end, end);
                return number;
            },
            url, &stream, opened, came, broke, room(), room_bytes, static_cast<int>(Error::closed),
            static_cast<int>(Error::unreachable));
    }
    static bool send(int number, BytesIn head, BytesIn rest) {
        return EM_ASM_INT(
                   {
                       var one = Module.tenonStreams.get($0);
                       if (!one.writer) return 0;
                       var whole = new Uint8Array($2 + $4);
                       whole.set(HEAPU8.subarray($1, $1 + $2));
                       whole.set(HEAPU8.subarray($3, $3 + $4), $2);
                       var left = function() { one.waits -= whole.length; };
                       one.waits += whole.length;
                       one.writer.write(whole).then(left, left);
                       return 1;
                   },
                   number, head.data(), head.size(), rest.data(), rest.size()) != 0;
    }
    // Bytes that the browser has taken and not sent.
    static std::size_t waits(int number) {
        return static_cast<std::size_t>(EM_ASM_INT({ return Module.tenonStreams.get($0).waits; }, number));
    }
    // In peace what it took still leaves, within three seconds: the host hears that the stream is at its end.
    static void close(int number, bool in_peace) {
        EM_ASM(
            {
                var one = Module.tenonStreams.get($0);
                Module.tenonStreams.delete($0);
                one.over = true;
                var nothing = function(){};
                var end = function() {
                    try {
                        one.transport.close();
                    } catch (e) {
                    }
                };
                if ($1 == 0 || !one.writer) return end();
                one.writer.close().then(nothing, end);
                setTimeout(end, 3000);
            },
            number, in_peace);
    }

  private:
    static constexpr std::size_t room_bytes = 64 << 10;
    // Where a script lays what it has heard, for the length of a call.
    static std::byte* room() {
        static std::byte bytes[room_bytes];
        return bytes;
    }
};

#pragma clang diagnostic pop

} // namespace tenon::browser::detail
