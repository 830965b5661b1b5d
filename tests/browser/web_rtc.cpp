// What can be asked of a page without WebRTC, as node is one; tests/interop/page_echo.cpp has a browser.
#if defined(__EMSCRIPTEN__)
#include "tenon/browser/web_rtc.hpp"

#include <doctest/doctest.h>

#include "pond.hpp"
#include "tenon/browser/rtc_page.hpp"
#include "tenon/transport/now.hpp"

using namespace tenon;
using namespace pond;

TEST_CASE("where there is no WebRTC nobody is reached, and it says so") {
    browser::WebRtc page;
    CHECK(page.resolve("127.0.0.1:9")->text() == "ws://127.0.0.1:9/rtc");
    CHECK(page.resolve("rtcs://game.example/play")->text() == "wss://game.example:443/play");
    CHECK(page.resolve("rtc://1.2.3.999:1").error() == Error::bad_address);
    CHECK(page.entropy() != page.entropy());
    REQUIRE(page.open_to_dial());
    const auto to = page.resolve("rtc://127.0.0.1:1");
    CHECK(page.send(*to, {}, bytes_of("x")) == Sent::closed);
    struct Ear {
        int lost_ones = 0;
        void operator()(const browser::Url&, Lane, BytesIn) {}
        void lost(const browser::Url&) { ++lost_ones; }
    } ear;
    page.poll(ear);
    CHECK(ear.lost_ones == 1);
    CHECK(page.loss() == Error::unreachable);
}

TEST_CASE("a session over it is a guest alone, and encrypted it may show what lets it in") {
    profile::Action<Pond, browser::WebRtc> net({.room = "r"});
    Player player;
    CHECK(net.host(4000).error() == Error::cant_listen);
    CHECK(net.join("ws://game.example").error() == Error::bad_address);
    net.tick(now(), player);
    CHECK(net.status() == Status::idle);
    profile::Action<Pond, browser::TlsWebRtc> encrypted({.room = "r"});
    const std::byte token[3] = {};
    CHECK(encrypted.join("rtc://127.0.0.1:9", token).error() == Error::encryption_mismatch);
    CHECK(encrypted.join("rtcs://127.0.0.1:1", token));
    encrypted.leave();
    encrypted.tick(now(), player);
}
#endif
