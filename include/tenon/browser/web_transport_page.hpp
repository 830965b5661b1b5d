#pragma once
// WebTransportPage: WebTransport as a web page has it, through Emscripten: one stream of bytes a session, and
// datagrams. browser::WebTransport asks it. Its scripts are in no page that does not take that transport.

#include <cstddef>
#include <cstdint>

#include "tenon/browser/beside_over.hpp"
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
        void (*const came_beside)(PageStream*, std::uint32_t) = [](PageStream* to, std::uint32_t size) {
            to->came_beside({room(), size});
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
                var next_beside = function() {
                    if (!one.over) one.heard_beside.read().then(read_beside, function(){});
                };
                var read_beside = function(found) {
                    if (found.done || one.over) return;
                    if (found.value.length <= $6) {
                        HEAPU8.set(found.value, $5);
                        wasmTable.get($9)($1, found.value.length);
                    }
                    next_beside();
                };
                one.transport.ready.then(function() { return one.transport.createBidirectionalStream(); })
                    .then(function(stream) {
                        if (one.over) return;
                        one.reader = stream.readable.getReader();
                        one.writer = stream.writable.getWriter();
                        var beside = one.transport.datagrams;
                        beside.incomingHighWaterMark = 64; // what comes in one go, of which most keep one
                        one.heard_beside = beside.readable.getReader();
                        one.beside =
                            (beside.createWritable ? beside.createWritable() : beside.writable).getWriter();
                        one.waits_beside = 0;
                        wasmTable.get($2)($1);
                        next();
                        next_beside();
                    })
                    .catch(end);
                one.transport.closed.then(end, end);
                return number;
            },
            url, &stream, opened, came, broke, room(), room_bytes, static_cast<int>(Error::closed),
            static_cast<int>(Error::unreachable), came_beside);
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
    // No, where more than a moment's worth waits.
    static bool send_unreliable(int number, BytesIn bytes) {
        return EM_ASM_INT(
                   {
                       var one = Module.tenonStreams.get($0);
                       if (!one.beside || one.waits_beside > $3) return 0;
                       var left = function() { one.waits_beside -= $2; };
                       one.waits_beside += $2;
                       one.beside.write(HEAPU8.slice($1, $1 + $2)).then(left, left);
                       return 1;
                   },
                   number, bytes.data(), bytes.size(), moment_bytes) != 0;
    }
    static bool has_unreliable(int number) {
        return EM_ASM_INT(
                   {
                       var one = Module.tenonStreams.get($0);
                       return one.beside && one.transport.datagrams.maxDatagramSize >= $1 ? 1 : 0;
                   },
                   number, unreliable_bytes) != 0;
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
    static constexpr std::size_t room_bytes = 64 << 10, moment_bytes = 16 << 10;
    // Where a script lays what it has heard, for the length of a call.
    static std::byte* room() {
        static std::byte bytes[room_bytes];
        return bytes;
    }
};

#pragma clang diagnostic pop

} // namespace tenon::browser::detail
