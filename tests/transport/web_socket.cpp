#include "tenon/transport/web_socket.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "connected_thread.hpp"
#include "tenon/transport/wslay.hpp"

using namespace tenon;
using namespace connected;
using transport::WebSocket;
using transport::WebSocketOptions;

namespace {

struct Harness : OverTcp {
    using Transport = WebSocket;
    static constexpr bool answers = true;
    WebSocket server(const ConnectionOptions& options) { return WebSocket(options); }
    WebSocket client(const ConnectionOptions& options) { return WebSocket(options); }
    std::string to(const IpAddress& at) { return "ws://127.0.0.1:" + std::to_string(at.port); }
};

std::string asking(std::string_view more = {}, std::string_view line = "GET / HTTP/1.1") {
    return std::string(line) +
           "\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
           std::string(more) + "\r\n";
}

// A frame as a client writes it, its mask made of the salt.
std::string frame(unsigned first, std::string_view payload, unsigned char salt = 0x5A, bool masked = true) {
    std::string text(1, static_cast<char>(first));
    const unsigned bit = masked ? 0x80 : 0;
    if (payload.size() < 126) {
        text += static_cast<char>(bit | payload.size());
    } else if (payload.size() < 65536) {
        text += static_cast<char>(bit | 126);
        text += static_cast<char>(payload.size() >> 8);
        text += static_cast<char>(payload.size() & 0xFF);
    } else {
        text += static_cast<char>(bit | 127);
        for (int shift = 56; shift >= 0; shift -= 8)
            text += static_cast<char>(payload.size() >> shift & 0xFF);
    }
    if (!masked) return text += payload;
    for (int i = 0; i < 4; ++i) text += static_cast<char>(salt + i);
    for (std::size_t i = 0; i < payload.size(); ++i)
        text += static_cast<char>(payload[i] ^ static_cast<char>(salt + i % 4));
    return text;
}
constexpr unsigned fin = 0x80, more = 0, text_frame = 1, binary = 2, close_frame = 8, ping = 9, pong = 10;

struct Outcome {
    std::vector<std::string> heard;
    std::string answer; // behind the upgrade
    int status = 0;     // of the upgrade
    unsigned close_code = 0;
    transport::ConnectionCounters counters;
};

// What a server makes of a stranger who says this, and then no more.
Outcome say(const std::string& bytes, WebSocketOptions options = {}, std::size_t at_once = 100'000) {
    Party<WebSocket> server{WebSocket(on_loopback(), std::move(options))};
    const auto at = server.transport.open(0);
    REQUIRE(at);
    Stranger stranger(at->port);
    std::size_t said = 0;
    REQUIRE(until(
        [&] {
            if (said < bytes.size()) said += stranger.say(std::string_view(bytes).substr(said, at_once));
            return said == bytes.size() || stranger.ended;
        },
        server, stranger));
    stranger.socket.finish();
    REQUIRE(until([&] { return stranger.ended; }, server, stranger));
    Outcome outcome;
    for (const auto& [from, text] : server.heard) outcome.heard.push_back(text);
    outcome.counters = server.transport.counters();
    if (stranger.said.size() > 12) outcome.status = std::stoi(stranger.said.substr(9, 3));
    if (const std::size_t end = stranger.said.find("\r\n\r\n"); end != std::string::npos)
        outcome.answer = stranger.said.substr(end + 4);
    if (const std::string& a = outcome.answer; a.size() >= 4 && a[a.size() - 4] == '\x88')
        outcome.close_code =
            static_cast<unsigned char>(a[a.size() - 2]) * 256u + static_cast<unsigned char>(a[a.size() - 1]);
    return outcome;
}
Outcome after_upgrade(const std::string& frames, std::size_t at_once = 100'000) {
    return say(asking() + frames, {}, at_once);
}
using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("WebSocket keeps the contract of connected transports") { connected::all(Harness{}); }
TEST_CASE("and so does WebSocket on a thread of its own") { connected::all(OnItsThread<Harness>{}); }

TEST_CASE("thousands of connections come and go over WebSocket") {
    Harness harness;
    connected::coming_and_going(harness, connected::rounds(20, 60));
}

TEST_CASE("a server upgrades who asks well, and says to others what is wrong") {
    CHECK(say(asking()).status == 101);
    CHECK(say(asking("Origin: https://anything.example\r\n")).status == 101);
    CHECK(say(asking("Sec-WebSocket-Protocol: chat, tenon\r\n")).status == 101);
    CHECK(say(asking("Sec-WebSocket-Protocol: chat\r\n")).status == 400);
    CHECK(say(asking({}, "GET /?room=1 HTTP/1.1")).status == 101);
    CHECK(say(asking({}, "GET /elsewhere HTTP/1.1")).status == 404);
    CHECK(say(asking({}, "POST / HTTP/1.1")).status == 405);
    CHECK(say(asking({}, "GET / HTTP/1.0")).status == 400);
    CHECK(say("HELLO\r\n\r\n").status == 400);
    const Outcome page = say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(page.status == 426);
    CHECK(page.answer ==
          "This is a game's server, not a page: connect to it with a WebSocket, version 13.\n");
    WebSocketOptions strict;
    strict.origins = {"https://game.example", "https://other.example"};
    strict.path = "/play";
    CHECK(say(asking("Origin: https://other.example\r\n", "GET /play HTTP/1.1"), strict).status == 101);
    CHECK(say(asking("Origin: https://evil.example\r\n", "GET /play HTTP/1.1"), strict).status == 403);
    CHECK(say(asking({}, "GET /play HTTP/1.1"), strict).status == 101); // no browser
    CHECK(say(asking({}, "GET / HTTP/1.1"), strict).status == 404);
    CHECK(say(asking("X: " + std::string(9000, 'x') + "\r\n")).status == 431);
    // An upgrade that comes a byte at a time, with the first frame behind it.
    const Outcome slow = say(asking() + frame(fin | binary, "hi"), {}, 1);
    CHECK(slow.status == 101);
    CHECK(slow.heard == Texts{"hi"});
}

TEST_CASE("messages come whole, in one frame or several, with other frames between") {
    CHECK(after_upgrade(frame(fin | binary, "one") + frame(fin | binary, "two")).heard ==
          Texts{"one", "two"});
    CHECK(after_upgrade(frame(binary, "frag") + frame(more, "men") + frame(fin | more, "ted")).heard ==
          Texts{"fragmented"});
    CHECK(after_upgrade(frame(binary, "") + frame(fin | more, "late")).heard == Texts{"late"});
    const Outcome mixed = after_upgrade(frame(binary, "a") + frame(fin | ping, "are you there?") +
                                        frame(fin | pong, "unasked") + frame(fin | more, "b"));
    CHECK(mixed.heard == Texts{"ab"});
    CHECK(mixed.answer == frame(fin | pong, "are you there?", 0, false));
    for (const std::size_t size : {125u, 126u, 4000u, 4096u, 9000u, 65535u, 65536u, 66000u})
        CHECK((after_upgrade(frame(fin | binary, pattern(size, 1))).heard == Texts{pattern(size, 1)}));
    CHECK(after_upgrade(frame(fin | binary, "x"), 1).heard == Texts{"x"});
}

TEST_CASE("what breaks the protocol is told by its code, and closed") {
    const auto code = [](const std::string& frames) { return after_upgrade(frames).close_code; };
    CHECK(code(frame(fin | binary, "x", 0, false)) == 1002); // not masked
    CHECK(code(frame(fin | 0x40 | binary, "x")) == 1002);    // a reserved bit
    CHECK(code(frame(fin | 3, "x")) == 1002);                // reserved opcodes
    CHECK(code(frame(fin | 11, "x")) == 1002);
    CHECK(code(frame(fin | more, "x")) == 1002); // continues nothing
    CHECK(code(frame(binary, "x") + frame(fin | binary, "y")) == 1002);
    CHECK(code(frame(ping, "x")) == 1002);                         // a ping in pieces
    CHECK(code(frame(fin | ping, std::string(126, 'x'))) == 1002); // and one too long
    CHECK(code(frame(fin | text_frame, "words")) == 1003);
    CHECK(code(frame(fin | binary, "")) == 1008);
    CHECK(code(frame(fin | binary, pattern(66001, 1))) == 1009);
    CHECK(code(frame(binary, pattern(60000, 1)) + frame(fin | more, pattern(6001, 1))) == 1009);
    CHECK(code(frame(fin | binary, "fine") + frame(fin | text_frame, "not")) == 1003);
    // Lengths that are far beyond anything, or written longer than they have to be.
    CHECK(code(std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10) + "mask!") == 1009);
    CHECK(code(std::string("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10) + "mask!") == 1002);
    CHECK(code(std::string("\x82\xFE\x00\x01", 4) + "mask!") == 1002);
    // Goodbyes are answered with their own code; those without one, without.
    CHECK(code(frame(fin | close_frame, std::string("\x03\xE8", 2))) == 1000);
    CHECK(code(frame(fin | close_frame, std::string("\x03\xE9", 2) + "going away")) == 1001);
    CHECK(code(frame(fin | close_frame, std::string("\x0F\xA0", 2))) == 4000);
    CHECK(after_upgrade(frame(fin | close_frame, "")).answer == std::string("\x88\0", 2));
    CHECK(code(frame(fin | close_frame, "x")) == 1002);
    CHECK(code(frame(fin | close_frame, std::string("\x03\xED", 2))) == 1002); // 1005 is never said
    CHECK(code(frame(fin | close_frame, std::string("\x00\x01", 2))) == 1002);
    const Outcome after = after_upgrade(frame(fin | close_frame, "") + frame(fin | binary, "too late"));
    CHECK(after.heard.empty());
    CHECK(after_upgrade(frame(fin | text_frame, "words")).counters.malformed == 1);
}

TEST_CASE("many pings are answered only as far as the answers leave") {
    std::string pings;
    for (int i = 0; i < 20000; ++i) pings += frame(fin | ping, std::string(125, 'p'));
    Party<WebSocket> server{WebSocket(on_loopback())};
    const auto at = server.transport.open(0);
    REQUIRE(at);
    Stranger flood(at->port);
    std::string all = asking() + frame(fin | binary, "here I am") + pings;
    std::size_t said = 0;
    // He does not read what comes back.
    REQUIRE(until(
        [&] {
            if (said < all.size()) said += flood.say(std::string_view(all).substr(said));
            return server.transport.counters().bytes_in == all.size();
        },
        server));
    CHECK(server.transport.connections() == 1);
    CHECK(server.transport.counters().malformed == 0);
    REQUIRE(server.heard.size() == 1);
    CHECK(server.transport.backlog(server.heard[0].first) > 0);
    CHECK(server.transport.backlog(server.heard[0].first) <= (17u << 10));
}

TEST_CASE("a client says where it wants to go, and hears a refusal") {
    WebSocketOptions options;
    options.path = "/play";
    options.origins = {"https://game.example"};
    Party<WebSocket> server{WebSocket(on_loopback(), options)};
    const auto at = server.transport.open(0);
    REQUIRE(at);
    const std::string place = "127.0.0.1:" + std::to_string(at->port);
    const auto ends = [&](const std::string& address, WebSocketOptions how) {
        Party<WebSocket> client{WebSocket(on_loopback(), how)};
        REQUIRE(client.transport.open_to_dial());
        const ConnectionAddress to = client.at(address);
        const std::size_t before = server.heard.size();
        CHECK(client.transport.send(to, {}, bytes_of(address)) == Sent::sent);
        REQUIRE(
            until([&] { return server.heard.size() > before || !client.losses.empty(); }, client, server));
        if (client.losses.empty()) return Error::none;
        CHECK(client.losses[0].first == to);
        return client.losses[0].second;
    };
    WebSocketOptions good;
    good.path = "/play";
    CHECK(ends(place, good) == Error::none);
    CHECK(ends("ws://" + place + "/play", {}) == Error::none);
    CHECK(ends("WS://" + place + "/play?seat=3", {}) == Error::none);
    CHECK(ends("ws://localhost:" + std::to_string(at->port) + "/play", {}) == Error::none);
    CHECK(ends(place, {}) == Error::refused); // 404
    CHECK(ends("ws://" + place + "/other", {}) == Error::refused);
    good.origin = "https://game.example";
    CHECK(ends(place, good) == Error::none);
    good.origin = "https://evil.example";
    CHECK(ends(place, good) == Error::refused); // 403
    good.origin = {};
    good.subprotocol = "chess";
    CHECK(ends(place, good) == Error::refused); // 400
}

TEST_CASE("addresses of WebSockets") {
    WebSocket web;
    const auto text = [&](std::string_view address) {
        const auto found = web.resolve(address);
        return found ? std::string(found->text().view()) : std::string(name(found.error()));
    };
    CHECK(text("192.0.2.1:4000") == "192.0.2.1:4000");
    CHECK(text("ws://192.0.2.1:4000") == "192.0.2.1:4000");
    CHECK(text("ws://192.0.2.1/play") == "192.0.2.1:80");
    CHECK(text("ws://[2001:db8::1]/") == "[2001:db8::1]:80");
    CHECK(text("ws://[2001:db8::1]:4000?x") == "[2001:db8::1]:4000");
    CHECK(text("wss://192.0.2.1:4000") == "encryption_mismatch");
    for (const char* bad : {"", "ws://", "ws:///path", "http://192.0.2.1:80", "ws://192.0.2.1:80/a b",
                            "ws://192.0.2.1:80/#top", "ws://user@192.0.2.1:80", "192.0.2.1/play"})
        CHECK(text(bad) == "bad_address");
    CHECK(*web.resolve("ws://192.0.2.1:4000/a") == *web.resolve("ws://192.0.2.1:4000/a"));
    CHECK(*web.resolve("ws://192.0.2.1:4000/a") != *web.resolve("ws://192.0.2.1:4000/b"));
    CHECK(*web.resolve("ws://192.0.2.1:4000/a") != *web.resolve("192.0.2.1:4000"));
}

TEST_CASE("a client trusts no server that answers wrongly") {
    const auto answered = [](std::string_view answer) {
        StreamSocket door;
        REQUIRE(!door.listen(IpAddress::loopback(0), true, false, 4));
        Party<WebSocket> client{WebSocket(on_loopback())};
        REQUIRE(client.transport.open_to_dial());
        const ConnectionAddress to = client.at("127.0.0.1:" + std::to_string(door.local_address().port));
        CHECK(client.transport.send(to, {}, bytes_of("hello")) == Sent::sent);
        StreamSocket caller;
        REQUIRE(until(
            [&] {
                IpAddress from;
                std::error_code code;
                caller = door.accept(from, {}, code);
                return caller.is_open();
            },
            client));
        std::string asked;
        REQUIRE(until(
            [&] {
                std::byte bytes[1000];
                const auto moved = caller.read(bytes);
                if (moved.how == Moving::moved) asked += text_of(BytesIn(bytes, moved.bytes));
                return asked.find("\r\n\r\n") != std::string::npos;
            },
            client));
        CHECK(asked.ends_with("\r\n\r\n")); // and no frame behind it, yet
        const std::size_t key = asked.find("Sec-WebSocket-Key: ") + 19;
        std::string said(answer);
        if (const std::size_t at = said.find("KEY"); at != std::string::npos)
            said.replace(at, 3, transport::detail::accept_key(asked.substr(key, 24)));
        CHECK(caller.write(bytes_of(said)).bytes == said.size());
        std::string back;
        bool ended = false;
        REQUIRE(until(
            [&] {
                std::byte bytes[1000];
                const auto moved = caller.read(bytes);
                if (moved.how == Moving::moved) back += text_of(BytesIn(bytes, moved.bytes));
                ended = moved.how == Moving::ended || moved.how == Moving::broken;
                return ended || !back.empty();
            },
            client));
        if (!back.empty()) return Error::none; // it speaks
        REQUIRE(until([&] { return !client.losses.empty(); }, client));
        return client.losses[0].second;
    };
    const std::string well =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    const std::string accept = "Sec-WebSocket-Accept: KEY\r\n";
    CHECK(answered(well + accept + "\r\n") == Error::none);
    CHECK(answered(well + accept + "Sec-WebSocket-Protocol: tenon\r\n\r\n") == Error::none);
    CHECK(answered(well + accept + "Sec-WebSocket-Protocol: chess\r\n\r\n") == Error::malformed);
    CHECK(answered(well + accept + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n") ==
          Error::malformed);
    CHECK(answered(well + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n") == Error::malformed);
    CHECK(answered(well + "\r\n") == Error::malformed);
    CHECK(answered("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n") == Error::refused);
    CHECK(answered("HTTP/1.1 503\r\n\r\n") == Error::refused);
    CHECK(answered("220 mail.example ready\r\n\r\n") == Error::malformed);
    CHECK(answered(std::string("\x16\x03\x01\0\x05", 5)) == Error::malformed);
}

static_assert(tenon::TransportPolicy<tenon::transport::WebSocket> &&
              tenon::LendsBuffer<tenon::transport::WebSocket> &&
              tenon::WakesUp<tenon::transport::WebSocket> && tenon::Connected<tenon::transport::WebSocket>);
