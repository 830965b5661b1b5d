#pragma once
// What other people's programs are tried against: a server that says back what it hears, and a client that
// sends messages of all sizes and wants them back. A server prints `port N`, then each loss, and ends when
// its input does, with what it counted; a client prints `echoed N`, or `lost WHY`.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/transport/connections.hpp"

namespace echo {

using namespace tenon;
using transport::ConnectionAddress;

// With room for all that anybody says here, since an echo for which there is none would be missed.
inline const transport::ConnectionOptions here{.bind = transport::IpAddress::loopback(0),
                                               .backlog_max = 1 << 20};

template <class T>
int serve(T server) {
    const auto at = server.open(0);
    if (!at) return 1;
    std::printf("port %u", unsigned(at->port));
    if constexpr (requires { server.fingerprint(); }) std::printf(" %s", server.fingerprint().c_str());
    std::printf("\n");
    std::fflush(stdout);
    struct Echo {
        T& server;
        void operator()(const ConnectionAddress& from, Lane lane, BytesIn bytes) {
            // Pages say their own word for goodbye.
            if (text_of(bytes) == "hang up")
                server.hang_up(from);
            else
                (void)server.send(from, lane, bytes);
        }
        void lost(const ConnectionAddress&) {
            std::printf("lost %s\n", std::string(name(server.loss())).c_str());
            std::fflush(stdout);
        }
    } echo{server};
    for (;;) {
        server.wait(now() + milliseconds(20));
        server.poll(echo);
        server.flush();
        pollfd input{0, POLLIN, 0};
        if (::poll(&input, 1, 0) <= 0) continue;
        if constexpr (requires { server.counters().refusals; })
            std::printf("refusals %u\n", unsigned(server.counters().refusals));
        if constexpr (requires { server.counters().unreliable_in; })
            std::printf("reliable %u\nunreliable %u\n", unsigned(server.counters().frames_in),
                        unsigned(server.counters().unreliable_in));
        return 0;
    }
}

template <class T>
int dial(T client, const char* url) {
    const auto to = client.resolve(url);
    if (!to || !client.open_to_dial()) return 1;
    std::vector<std::string> said;
    for (const std::size_t size : {1u, 125u, 126u, 1200u, 4096u, 65535u, 65536u, 66000u})
        said.emplace_back(size, static_cast<char>('a' + said.size()));
    struct Ear {
        T& client;
        const std::vector<std::string>& said;
        std::size_t heard = 0;
        bool over = false;
        void operator()(const ConnectionAddress&, Lane, BytesIn bytes) {
            if (heard == said.size() || text_of(bytes) != said[heard]) over = true;
            ++heard;
        }
        void lost(const ConnectionAddress&) {
            std::printf("lost %s\n", std::string(name(client.loss())).c_str());
            over = true;
        }
    } ear{client, said};
    std::size_t sent = 0;
    const Instant patience = now() + seconds(60);
    while (!ear.over && ear.heard < said.size() && now() < patience) {
        while (sent < said.size() && client.send(*to, {}, bytes_of(said[sent])) == Sent::sent) ++sent;
        client.wait(now() + milliseconds(20));
        client.poll(ear);
    }
    if (!ear.over) std::printf("echoed %zu\n", ear.heard);
    client.hang_up(*to);
    while (client.connections() != 0 && now() < patience) {
        client.wait(now() + milliseconds(20));
        client.poll(ear);
    }
    return 0;
}

} // namespace echo
