#include "tenon/browser/url.hpp"

#include <doctest/doctest.h>

#include <string>

using tenon::Error;
using tenon::browser::Url;

namespace {

std::string read(std::string_view text, bool page_is_encrypted = false) {
    const auto url = Url::parse(text, page_is_encrypted);
    return url ? std::string(url->text()) : std::string(tenon::name(url.error()));
}

} // namespace

TEST_CASE("an address has one spelling, and says its port") {
    CHECK(read("ws://game.example:4000/play") == "ws://game.example:4000/play");
    CHECK(read("WSS://Game.Example/play?room=2") == "wss://game.example:443/play?room=2");
    CHECK(read("ws://game.example") == "ws://game.example:80/");
    CHECK(read("ws://game.example:4000?a") == "ws://game.example:4000/?a");
    CHECK(read("wss://[2001:db8::1]:99") == "wss://[2001:db8::1]:99/");
    CHECK(read("ws://[::1]/x") == "ws://[::1]:80/x");
    CHECK(read("127.0.0.1:4000") == "ws://127.0.0.1:4000/");
    CHECK(read("4000") == "ws://localhost:4000/");
    const auto url = Url::parse("ws://a:7", false), same = Url::parse("ws://A:7/", true);
    REQUIRE(url);
    REQUIRE(same);
    CHECK(url->port == 7);
    CHECK(*url == *same);
    CHECK(url->hash() == same->hash());
    CHECK(!(*url == Url{}));
    CHECK(std::string(url->c_str()) == url->text());
}

TEST_CASE("what names no scheme is meant as the page was loaded") {
    CHECK(read("game.example:4000/play", true) == "wss://game.example:4000/play");
    CHECK(read("game.example:4000/play", false) == "ws://game.example:4000/play");
    CHECK(Url::parse("wss://a", false)->is_encrypted());
    CHECK(!Url::parse("ws://a", true)->is_encrypted());
}

TEST_CASE("other schemes dial with a WebSocket, and have a path of their own") {
    const tenon::browser::UrlScheme rtc{.plain = "rtc", .secure = "rtcs", .path = "/rtc"};
    const auto as = [&](std::string_view text, bool page_is_encrypted = false) {
        const auto url = Url::parse(text, page_is_encrypted, rtc);
        return url ? std::string(url->text()) : std::string(tenon::name(url.error()));
    };
    CHECK(as("rtc://game.example:4000") == "ws://game.example:4000/rtc");
    CHECK(as("RTCS://game.example/play") == "wss://game.example:443/play");
    CHECK(as("rtc://game.example:4000/") == "ws://game.example:4000/");
    CHECK(as("game.example:4000") == "ws://game.example:4000/rtc");
    CHECK(as("game.example:4000", true) == "wss://game.example:4000/rtc");
    for (const char* wrong : {"ws://a:1", "wss://a:1", "rtcx://a:1", "rt://a:1", "rtc://"})
        CHECK(as(wrong) == "bad_address");
}

TEST_CASE("a mark stands behind an address where its scheme has one, and once") {
    constexpr tenon::browser::UrlScheme marked{.plain = "https", .secure = "https", .marks = true};
    const auto as = [&](const std::string& text) {
        const auto url = Url::parse(text, false, marked);
        return url ? std::string(url->text()) : std::string(tenon::name(url.error()));
    };
    CHECK(as("https://a:1#x") == "wss://a:1/#x");
    CHECK(as("https://a:1/b?c#x") == "wss://a:1/b?c#x");
    CHECK(as("https://a:1?c#x") == "wss://a:1/?c#x");
    for (const char* wrong : {"https://a:1#x#y", "https://a:1/# ", "https://#x", "#x", "a#x"})
        CHECK(as(wrong) == "bad_address");
}

TEST_CASE("what a browser would take amiss is refused before it is asked") {
    for (const char* wrong : {"",
                              "http://game.example",
                              "ws://",
                              "ws:///play",
                              "ws://:80x",
                              "ws://a:0",
                              "ws://a:65536",
                              "ws://a b",
                              "ws://a/ b",
                              "ws://a/#here",
                              "ws://user@a",
                              "ws://a%41",
                              "ws://[::1",
                              "ws://[::1]x",
                              "ws://[fe80::1%eth0]:1",
                              "ws://[]:1",
                              "game.example",
                              "ws://a\n",
                              "ws://\xC3\xA4",
                              "://a:1"}) {
        CAPTURE(wrong);
        CHECK(read(wrong) == "bad_address");
    }
    CHECK(read("ws://a/" + std::string(255 - 9 - 1, 'x')).size() == 255);
    CHECK(read("ws://a/" + std::string(255 - 9, 'x')) == "bad_address");
    CHECK(read("ws://" + std::string(5000, 'a') + ":1") == "bad_address");
}
