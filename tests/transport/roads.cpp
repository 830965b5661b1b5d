// A room on three roads of the real system: players over UDP, pages over WebSocket, a tool over TCP, and one
// that changes from UDP to WebSocket and back in mid-game.
#include "tenon/transport/roads.hpp"

#include <doctest/doctest.h>

#include <string>
#include <tuple>

#include "../session/parts.hpp"
#include "tenon/transport/fallback.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/several.hpp"
#include "tenon/transport/tcp.hpp"
#include "tenon/transport/threaded.hpp"
#include "tenon/transport/udp.hpp"
#include "tenon/transport/web_socket.hpp"

using namespace play;
using transport::Impaired;
using transport::IpAddress;
using transport::Tcp;
using transport::Threaded;
using transport::Udp;
using transport::WebSocket;

namespace {

using Roads = transport::Several<Udp, WebSocket, Tcp>;
using Threads = transport::Several<Threaded<Udp>, Threaded<WebSocket>>;
using Either = transport::Fallback<Impaired<Udp>, Threaded<WebSocket>>;

const transport::ConnectionOptions local{.bind = IpAddress::loopback(0)};
Udp udp() { return Udp({.bind = IpAddress::loopback(0)}); }
Roads three_roads(std::uint16_t tool_port = 0) {
    return Roads({0, 0, tool_port}, udp(), WebSocket(local), Tcp(local));
}

// All together, until `done` or far too long.
template <class... Pairs>
bool turn_all(auto&& done, Pairs&&... pairs) {
    for (int i = 0; i < 60'000; ++i) {
        if (done()) return true;
        std::get<0>(std::tie(pairs...)).first.wait(now() + milliseconds(1));
        (pairs.first.tick(now(), pairs.second), ...);
    }
    return done();
}
std::size_t count_of(const std::string& in, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) ++count;
    return count;
}
template <class Net>
struct Seated {
    Net& first;
    Player second{};
};

} // namespace

TEST_CASE(
    "players over UDP, WebSocket and TCP are in one room, and every reliable event reaches all of them") {
    // Over TCP the tool has a port of its own, since a page has the other.
    NetOver<Roads> host_net({.name = "ann"}, three_roads());
    NetOver<Udp> flies_net({.name = "udp"}, udp());
    NetOver<WebSocket> page_net({.name = "page"}, WebSocket(local));
    NetOver<Tcp> tool_net({.name = "tool"}, Tcp(local));
    Seated<NetOver<Roads>> host{host_net};
    Seated<NetOver<Udp>> flies{flies_net};
    Seated<NetOver<WebSocket>> page{page_net};
    Seated<NetOver<Tcp>> tool{tool_net};
    REQUIRE(host_net.host(0));
    const auto& roads = host_net.transport();
    CHECK(host_net.port() == roads.port(0));
    CHECK(roads.port(1) != roads.port(2)); // both are TCP's
    REQUIRE(flies_net.join("127.0.0.1:" + std::to_string(roads.port(0))));
    REQUIRE(page_net.join("ws://127.0.0.1:" + std::to_string(roads.port(1))));
    REQUIRE(tool_net.join("127.0.0.1:" + std::to_string(roads.port(2))));
    const auto all_in = [&] {
        return flies_net.roster().size() == 4 && page_net.roster().size() == 4 &&
               tool_net.roster().size() == 4;
    };
    REQUIRE(turn_all(all_in, host, flies, page, tool));
    for (std::uint32_t i = 0; i < 20; ++i) {
        CHECK(host_net.broadcast(Shot{1000 + i}));
        CHECK(flies_net.broadcast(Shot{2000 + i}));
        CHECK(page_net.broadcast(Shot{3000 + i}));
        CHECK(tool_net.broadcast(Shot{4000 + i}));
    }
    const auto words = [](const std::string& text) { return text.empty() ? 0 : count_of(text, " ") + 1; };
    CHECK(turn_all(
        [&] {
            return words(host.second.shots) == 60 && words(flies.second.shots) == 60 &&
                   words(page.second.shots) == 60 && words(tool.second.shots) == 60;
        },
        host, flies, page, tool));
    for (std::uint32_t i = 0; i < 20; ++i) {
        const std::string shot = ":" + std::to_string(3000 + i);
        CHECK(count_of(host.second.shots, shot) == 1);
        CHECK(count_of(flies.second.shots, shot) == 1);
        CHECK(count_of(tool.second.shots, shot) == 1);
    }
    CHECK(page_net.send(flies_net.self(), Line{"from the page"}));
    CHECK(flies_net.send(page_net.self(), Line{"from the air"}));
    CHECK(turn_all([&] { return !flies.second.lines.empty() && !page.second.lines.empty(); }, host, flies,
                   page, tool));
    CHECK(flies.second.lines.find("from the page") != std::string::npos);
    CHECK(page.second.lines.find("from the air") != std::string::npos);
    CHECK(host_net.health(flies_net.self())->road == 0);
    CHECK(host_net.health(page_net.self())->road == 1);
    CHECK(host_net.health(tool_net.self())->road == 2);
    page_net.leave();
    tool_net.leave();
    CHECK(turn_all([&] { return host_net.roster().size() == 2; }, host, flies, page, tool));
    CHECK(
        turn_all([&] { return host_net.transport().road<1>().connections() == 0; }, host, flies, page, tool));
}

TEST_CASE(
    "over real sockets with a thread each a session changes from UDP to WebSocket and back, and loses "
    "nothing") {
    NetOver<Threads> host_net({.name = "ann"},
                              Threads(Threaded(udp()), Threaded<WebSocket>(WebSocket(local))));
    NetOver<Either> guest_net({.name = "bob"},
                              Either(Impaired<Udp>(udp()), Threaded<WebSocket>(WebSocket(local))));
    Seated<decltype(host_net)> host{host_net};
    Seated<decltype(guest_net)> guest{guest_net};
    REQUIRE(host_net.host(0));
    const std::string there = "127.0.0.1:" + std::to_string(host_net.transport().port(0)) +
                              " ws://127.0.0.1:" + std::to_string(host_net.transport().port(1));
    REQUIRE(guest_net.join(there));
    REQUIRE(turn_all([&] { return guest_net.status() == Status::joined; }, host, guest));
    CHECK(guest_net.transport().road() == 0);
    std::uint32_t said = 0;
    const auto say = [&] {
        ++said;
        CHECK(host_net.broadcast(Line{std::to_string(said)}));
        CHECK(guest_net.send(PeerId::host(), Line{std::to_string(said)}));
    };
    const auto heard = [&] {
        const std::string last = ":" + std::to_string(said);
        return count_of(host.second.lines + " ", last + " ") == 1 &&
               count_of(guest.second.lines + " ", last + " ") == 1;
    };
    const auto road_is = [&](std::size_t road) {
        return guest_net.transport().road() == road && host_net.health(guest_net.self())->road == road;
    };
    for (int i = 0; i < 20; ++i) say();
    CHECK(turn_all(heard, host, guest));
    auto& line = guest_net.transport().inner<0>();
    line.set_outgoing({.loss = 1});
    line.set_incoming({.loss = 1});
    for (int i = 0; i < 20; ++i) say();
    CHECK(turn_all([&] { return heard() && road_is(1); }, host, guest));
    line.set_outgoing({});
    line.set_incoming({});
    CHECK(turn_all([&] { return road_is(0); }, host, guest));
    for (int i = 0; i < 20; ++i) say();
    CHECK(turn_all(heard, host, guest));
    std::string wanted_here, wanted_there;
    for (std::uint32_t i = 1; i <= said; ++i) {
        wanted_there += (i == 1 ? "1:" : " 1:") + std::to_string(i);
        wanted_here += (i == 1 ? "0:" : " 0:") + std::to_string(i);
    }
    CHECK(host.second.lines == wanted_there);
    CHECK(guest.second.lines == wanted_here);
    CHECK(guest_net.transport().moves() == 2);
    CHECK(guest_net.status() == Status::joined);
}
