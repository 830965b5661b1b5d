// The arena for browsers and native programs in one room: a server that listens for WebSockets and UDP on one
// port, where it was built with them for WebRTC on the next and WebTransport on the one after that, and bots
// that join over UDP. The page is served by any web server: examples/run.sh --web.
//   web_server [--listen PORT] [--bots N] [--seconds N]

#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <tenon/transport/several.hpp>
#include <tenon/transport/udp.hpp>
#include <tenon/transport/web_socket.hpp>
#if ARENA_WEB_RTC
#include <tenon/transport/web_rtc.hpp>
#endif
#if ARENA_WEB_TRANSPORT // beside that
#include <tenon/transport/web_transport.hpp>
#endif
#include <vector>

#include "../arena/figures.hpp"
#include "../arena/options.hpp"
#include "../arena/player.hpp"
#include "../arena/server.hpp"

namespace {

using tenon::transport::Udp;
using tenon::transport::WebSocket;
#if ARENA_WEB_TRANSPORT
using tenon::transport::WebRtc;
using tenon::transport::WebTransport;
using Roads = tenon::transport::Several<Udp, WebSocket, WebRtc, WebTransport>;
#elif ARENA_WEB_RTC
using tenon::transport::WebRtc;
using Roads = tenon::transport::Several<Udp, WebSocket, WebRtc>;
#else
using Roads = tenon::transport::Several<Udp, WebSocket>;
#endif
using Player = arena::PlayerOver<Udp>;
using Server = arena::ServerOver<Roads>;

volatile std::sig_atomic_t interrupted = 0;

// One host hears this machine alone; leave `bind` out to play over a network, and name in `origins` the pages
// that may connect.
const auto here = tenon::transport::IpAddress::loopback(0);
Udp udp() { return Udp({.bind = here}); }
Roads roads_at(std::uint16_t port) {
    // WebRTC takes UDP and TCP for itself.
    [[maybe_unused]] const auto behind = [=](int count) {
        return static_cast<std::uint16_t>(port == 0 ? 0 : port + count);
    };
#if ARENA_WEB_TRANSPORT
    return Roads({0, 0, behind(1), behind(2)}, udp(), WebSocket({.bind = here}), WebRtc({.bind = here}),
                 WebTransport({.bind = here}));
#elif ARENA_WEB_RTC
    return Roads({0, 0, behind(1)}, udp(), WebSocket({.bind = here}), WebRtc({.bind = here}));
#else
    return Roads(udp(), WebSocket({.bind = here}));
#endif
}

int play(std::uint16_t port, unsigned bots_wanted, unsigned seconds) {
    Server server(roads_at(port));
    if (const auto opened = server.open(port); !opened) {
        std::fprintf(stderr, "web_server: can't listen: %s\n", tenon::sentence(opened.error()).data());
        return 1;
    }
    auto& roads = server.net().transport();
    std::printf("listening on port %u\n", unsigned(roads.port(1))); // for pages, mostly the same
    std::printf("players over UDP join at port %u\n", unsigned(roads.port(0)));
#if ARENA_WEB_RTC
    std::printf("pages over WebRTC join at port %u\n", unsigned(roads.port(2)));
#endif
#if ARENA_WEB_TRANSPORT // with a certificate of its own, by which they know it
    std::printf("pages over WebTransport join at port %u with %s\n", unsigned(roads.port(3)),
                roads.road<3>().fingerprint().c_str());
#endif
    std::fflush(stdout);
    std::vector<std::unique_ptr<Player>> bots;
    for (unsigned i = 0; i < bots_wanted; ++i) {
        bots.push_back(std::make_unique<Player>("bot " + std::to_string(i + 1), udp()));
        (void)bots.back()->join("127.0.0.1:" + std::to_string(roads.port(0)));
    }
    const tenon::Instant start = tenon::now();
    tenon::Instant next = start;
    arena::Figures figures;
    while (!interrupted) {
        const tenon::Instant now = tenon::now();
        if (seconds != 0 && now - start >= tenon::seconds(std::int64_t{seconds})) break;
        server.net().tick(now, server);
        for (auto& bot : bots) bot->turn(now, true);
        server.net().wait(now + tenon::milliseconds(4));
        if (now < next) continue;
        next = now + tenon::seconds(1);
        figures.update(now, server.net());
        std::printf("%3.0f s: %zu ships, %llu shots, %llu hits | %s\n", (now - start).seconds(),
                    server.ships(), static_cast<unsigned long long>(server.shots()),
                    static_cast<unsigned long long>(server.hits()), figures.line().c_str());
        std::fflush(stdout);
    }
    double seen = 0;
    for (auto& bot : bots) {
        seen += bot->seen_flown();
        bot->close();
    }
    server.close();
    std::printf(
        "server: ships flew %.0f units; %llu inputs heard, %llu shots, %llu hits; the bots saw %.0f\n",
        server.flown(), static_cast<unsigned long long>(server.commands()),
        static_cast<unsigned long long>(server.shots()), static_cast<unsigned long long>(server.hits()),
        seen);
    return server.flown() > 1 ? 0 : 1;
}

} // namespace

int main(int count, char** words) {
    std::uint16_t port = 4001;
    unsigned bots = 3, seconds = 0;
    for (int i = 1; i < count; i += 2) {
        const std::string option = words[i], value = i + 1 < count ? words[i + 1] : "";
        const bool fine = option == "--listen"    ? arena::read_number<std::uint16_t>(value, port, 65535)
                          : option == "--bots"    ? arena::read_number(value, bots, 60u)
                          : option == "--seconds" ? arena::read_number(value, seconds, 1'000'000u)
                                                  : false;
        if (fine) continue;
        std::fputs("usage: web_server [--listen PORT] [--bots N] [--seconds N]\n", stderr);
        return 2;
    }
    std::signal(SIGINT, [](int) { interrupted = 1; });
    std::signal(SIGTERM, [](int) { interrupted = 1; });
    return play(port, bots, seconds);
}
