// Every road that a session can take, in one table: how many ordered messages of 100 bytes one core hands to
// another, what they cost, and how long 64 bytes take there and back. Beside each, what the library below it
// costs alone: bare sockets, OpenSSL, wslay. They send a message a frame; tenon packs several.

#if BENCH_TLS
#include "certificate.hpp"
#endif

#include <span>
#include <string>
#include <string_view>

#include "bare_stream.hpp"
#include "echoing.hpp"
#include "flooding.hpp"

#if BENCH_SECURE
#include <tenon/secure/secure.hpp>
#endif
#if BENCH_WSLAY
#include <tenon/transport/web_socket.hpp>
#endif
#if BENCH_TLS
#include <tenon/transport/tls_tcp.hpp>
#endif
#if BENCH_WSLAY && BENCH_TLS
#include <tenon/transport/tls_web_socket.hpp>
#endif
#if BENCH_QUIC
#include <tenon/transport/quic.hpp>
#endif
#if BENCH_WEBRTC
#include <tenon/transport/web_rtc.hpp>
#endif

namespace bench {

#if BENCH_TLS
template <class T>
struct UnderTls : Road<T> {
    static T host() {
        return T({}, {}, {.certificate = certificate().certificate, .key = certificate().key});
    }
    static T guest() { return T({}, {}, {.fingerprint = certificate().fingerprint}); }
};
#endif

} // namespace bench

namespace {

using namespace bench;
namespace transport = tenon::transport;

struct Line {
    Flood flood;
    Echoes echo;
};
struct Lines {
    std::string id, name, beside;
    Line ours{}, bare{};
};

struct Asked {
    int rounds, calls;
    double seconds;
    std::span<char*> words;

    // Which roads; all where none is named.
    bool wants(std::string_view id) const {
        bool any = false;
        for (std::size_t i = 1; i < words.size(); ++i) {
            const std::string_view word = words[i];
            if (word.starts_with("--")) {
                ++i;
                continue;
            }
            if (word == id) return true;
            any = true;
        }
        return !any;
    }
};

void tell(const Lines& lines) {
    const auto row = [](const std::string& name, const Line& line) {
        std::printf("| %s | %.0f | %.3f | %.1f | %.1f |\n", name.c_str(), median(line.flood.rate),
                    median(line.flood.cpu), median(line.echo.p50), median(line.echo.p99));
    };
    row(lines.name, lines.ours);
    if (!lines.beside.empty()) row(lines.beside, lines.bare);
}
void figures(const Lines& lines) {
    const auto say = [&](const char* what, double value, Unit unit) {
        figure(("roads." + lines.id + "." + what).c_str(), value, unit);
    };
    const Line& ours = lines.ours;
    const Line& bare = lines.bare;
    say("rate", median(ours.flood.rate), "messages/s");
    say("cpu", median(ours.flood.cpu), "us/message");
    say("p50", median(ours.echo.p50), "us");
    say("p99", median(ours.echo.p99), "us");
    if (lines.beside.empty()) return;
    say("cpu_vs_bare", median(ours.flood.cpu) / median(bare.flood.cpu), "ratio");
    say("p50_vs_bare", median(ours.echo.p50) / median(bare.echo.p50), "ratio");
}

template <class Road>
void ours(Lines& lines, const Asked& asked) {
    if (!asked.wants(lines.id)) return;
    flood<TenonSender<Road, Ordered100>, TenonReceiver<Road>>(lines.ours.flood, asked.seconds);
    echo<TenonEcho<Road>, TenonCaller<Road>>(lines.ours.echo, asked.calls);
}
template <class Stream>
void bare(Lines& lines, const Asked& asked) {
    if (!asked.wants(lines.id)) return;
    flood<BareSender<Stream>, BareReceiver<Stream>>(lines.bare.flood, asked.seconds);
    echo<BareEcho<Stream>, BareCaller<Stream>>(lines.bare.echo, asked.calls);
}

} // namespace

int main(int argc, char** argv) {
    const Asked asked{static_cast<int>(argument(argc, argv, "--rounds", 5)),
                      static_cast<int>(argument(argc, argv, "--calls", 5'000)),
                      argument(argc, argv, "--seconds", 0.5),
                      {argv, static_cast<std::size_t>(argc)}};
#if BENCH_TLS
    (void)certificate(); // once for all processes
#endif
    Lines udp{"udp", "`Udp`", "a datagram each: `sendto`, `recvfrom`"}, secure{"secure", "`Secure<Udp>`", {}},
        tcp{"tcp", "`Tcp`", "a socket and lengths"}, tls{"tls", "`TlsTcp`", "OpenSSL and lengths"},
        web{"websocket", "`WebSocket`", "wslay and a socket"},
        tls_web{"wss", "`TlsWebSocket`", "wslay and OpenSSL"}, quic{"quic", "`Quic`", {}},
        web_rtc{"webrtc", "`WebRtc`", {}};

    for (int i = 0; i < asked.rounds; ++i) {
        ours<Road<transport::Udp>>(udp, asked);
        if (asked.wants("udp")) {
            flood<RawSender<1>, RawReceiver<1>>(udp.bare.flood, asked.seconds);
            echo<RawEcho, RawCaller>(udp.bare.echo, asked.calls);
        }
#if BENCH_SECURE
        ours<Road<transport::Secure<transport::Udp>>>(secure, asked);
#endif
        ours<Road<transport::Tcp>>(tcp, asked);
        bare<BareStream<BarePipe, LengthFrames>>(tcp, asked);
#if BENCH_TLS
        ours<UnderTls<transport::TlsTcp>>(tls, asked);
        bare<BareStream<TlsPipe, LengthFrames>>(tls, asked);
#endif
#if BENCH_WSLAY
        ours<Road<transport::WebSocket>>(web, asked);
        bare<BareStream<BarePipe, WslayMessages>>(web, asked);
#endif
#if BENCH_WSLAY && BENCH_TLS
        ours<UnderTls<transport::TlsWebSocket>>(tls_web, asked);
        bare<BareStream<TlsPipe, WslayMessages>>(tls_web, asked);
#endif
#if BENCH_QUIC
        ours<UnderTls<transport::Quic>>(quic, asked);
#endif
#if BENCH_WEBRTC
        ours<Road<transport::WebRtc>>(web_rtc, asked);
#endif
    }
    std::printf(
        "| road | messages a second | CPU, us a message | there and back p50, us | p99, us |\n"
        "|---|---|---|---|---|\n");
    const Lines* all[] = {&udp, &secure, &tcp, &tls, &web, &tls_web, &quic, &web_rtc};
    for (const Lines* lines : all)
        if (!lines->ours.flood.rate.empty()) tell(*lines);
    for (const Lines* lines : all)
        if (!lines->ours.flood.rate.empty()) figures(*lines);
}
