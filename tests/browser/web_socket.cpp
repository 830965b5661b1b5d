// What can be asked of a page without a server; tests/interop/page_echo.cpp talks to one.
#if defined(__EMSCRIPTEN__)
#include "tenon/browser/web_socket.hpp"

#include <doctest/doctest.h>

#include "pond.hpp"
#include "tenon/browser/page.hpp"
#include "tenon/transport/now.hpp"

using namespace tenon;
using browser::WebSocket;
using namespace pond;
using Net = profile::Action<Pond, WebSocket>;

TEST_CASE("a page reads addresses, has secrets and a clock, and is no host") {
    WebSocket page;
    CHECK(page.resolve("127.0.0.1:9")->text() == "ws://127.0.0.1:9/");
    CHECK(page.resolve("wss://game.example/play")->text() == "wss://game.example:443/play");
    CHECK(page.resolve("ws://1.2.3.999").error() == Error::bad_address);
    CHECK(page.entropy() != page.entropy());
    const Instant before = now();
    while (now() == before) {
    }
    CHECK(now() > before);
    CHECK(now() - before < seconds(10));
    CHECK(page.open(4000).error() == Error::cant_listen);
}

TEST_CASE("encrypted, it may show what lets it in") {
    profile::Action<Pond, browser::TlsWebSocket> net({.room = "r"});
    const std::byte token[3] = {};
    CHECK(net.join("ws://127.0.0.1:9", token).error() == Error::encryption_mismatch);
    CHECK(net.join("wss://127.0.0.1:1", token));
    Player player;
    net.tick(now(), player);
    CHECK(net.status() == Status::joining);
    net.leave();
    net.tick(now(), player);
}

TEST_CASE("a session in a page is a guest alone") {
    Net net({.room = "r"});
    Player player;
    CHECK(net.host(4000).error() == Error::cant_listen);
    CHECK(net.status() == Status::idle);
    CHECK(net.join("http://game.example").error() == Error::bad_address);
    net.wait(Instant::never()); // returns
    net.tick(now(), player);
    CHECK(net.status() == Status::idle);
    CHECK(player.closed == 0);
}
#endif
