#include "tenon/transport/tcp.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "connected.hpp"
#include "tenon/transport/asked.hpp"
#include "tenon/transport/connection.hpp"
#include "tenon/transport/connection_address.hpp"
#include "tenon/transport/connection_table.hpp"
#include "tenon/transport/connections.hpp"
#include "tenon/transport/entropy.hpp"
#include "tenon/transport/frame_read.hpp"
#include "tenon/transport/framing.hpp"
#include "tenon/transport/host_names.hpp"
#include "tenon/transport/length_framing.hpp"
#include "tenon/transport/listener.hpp"
#include "tenon/transport/mirrored.hpp"

using namespace tenon;
using namespace connected;
using transport::Tcp;

namespace {

struct Harness : OverTcp {
    using Transport = Tcp;
    static constexpr bool answers = false;
    Tcp server(const ConnectionOptions& options) { return Tcp(options); }
    Tcp client(const ConnectionOptions& options) { return Tcp(options); }
    std::string to(const IpAddress& at) { return std::string(IpAddress::loopback(at.port).text().view()); }
};

// As the contract wants to look into what is kept of it.
struct Kept : transport::Mirrored<Tcp> {
    using Mirrored::Mirrored;
    std::size_t connections() const { return inner().connections(); }
    const auto& counters() const { return inner().counters(); }
    std::error_code system_error() const { return inner().system_error(); }
};
struct Mirrors : Harness {
    using Transport = Kept;
    Kept server(const ConnectionOptions& options) { return Kept(Tcp(options)); }
    Kept client(const ConnectionOptions& options) { return Kept(Tcp(options)); }
};

// What a stranger says, and whether the server hears frames in it or closes.
struct Outcome {
    std::vector<std::string> heard;
    bool closed = false;
};
Outcome say(std::string_view bytes) {
    Party<Tcp> server{Tcp(on_loopback())};
    const auto at = server.transport.open(0);
    REQUIRE(at);
    Stranger stranger(at->port);
    REQUIRE(until([&] { return stranger.say(bytes) == bytes.size(); }, server));
    stranger.socket.finish();
    REQUIRE(until([&] { return stranger.ended; }, server, stranger));
    Outcome outcome;
    for (const auto& [from, text] : server.heard) outcome.heard.push_back(text);
    outcome.closed = server.transport.counters().malformed != 0;
    return outcome;
}

} // namespace

TEST_CASE("Tcp keeps the contract of connected transports") { connected::all(Harness{}); }

TEST_CASE("and so it does where it is mirrored, with all that was said") {
    connected::all(Mirrors{});
    Mirrors harness;
    Pair pair(harness);
    const ConnectionAddress guest = pair.meet();
    CHECK(pair.server.transport.send(guest, {}, bytes_of("welcome")) == Sent::sent);
    REQUIRE(until([&] { return !pair.client.heard.empty(); }, pair.client, pair.server));
    CHECK(pair.client.transport.count() == 2);
    CHECK(pair.server.transport.count() == 2);
}

TEST_CASE("thousands of connections come and go over Tcp") {
    Harness harness;
    connected::coming_and_going(harness, connected::rounds(20, 60));
}

TEST_CASE("frames over Tcp lie behind their length, and nothing else is taken for one") {
    using Texts = std::vector<std::string>;
    CHECK(say(std::string_view("\x02hi\x01!", 5)).heard == Texts{"hi", "!"});
    CHECK(!say(std::string_view("\x02hi\x01!", 5)).closed);
    const Outcome cut = say("\x05only");
    CHECK(cut.heard.empty());
    CHECK(!cut.closed); // it went before it had said all
    const Outcome empty = say(std::string_view("\x01x\0\x01y", 5));
    CHECK(empty.heard == Texts{"x"});
    CHECK(empty.closed);
    CHECK(say("\x81\x80\x80\x80").closed);                 // no end of a length
    CHECK(say(std::string_view("\x81\0hello", 7)).closed); // 1, written longer than it has to be
    CHECK(say("\xD1\x83\x04").closed);                     // 66,001
    CHECK(!say("\xD0\x83\x04").closed);                    // 66,000, of which nothing came
    CHECK(say(std::string_view("GET / HTTP/1.1\r\n\r\n")).heard.empty());
}

TEST_CASE("what has come in a burst is read in few calls, and frames that are cut anywhere come out whole") {
    Party<Tcp> server{Tcp(on_loopback())};
    const auto at = server.transport.open(0);
    REQUIRE(at);
    Stranger stranger(at->port);
    std::string burst;
    std::vector<std::string> frames;
    for (std::size_t i = 0; i < 60; ++i) {
        frames.push_back(std::string(100 + 30 * i, static_cast<char>('a' + i % 26)));
        const std::size_t size = frames.back().size();
        if (size >= 128) burst += static_cast<char>(size % 128 | 128);
        burst += static_cast<char>(size < 128 ? size : size / 128);
        burst += frames.back();
    }
    std::size_t said = 0;
    REQUIRE(
        until([&] { return (said += stranger.say(std::string_view(burst).substr(said))) == burst.size(); },
              stranger));
    transport::detail::sleep_on(transport::detail::no_socket, false, milliseconds(20));
    REQUIRE(until([&] { return server.heard.size() == frames.size(); }, server));
    for (std::size_t i = 0; i < frames.size(); ++i) CHECK(server.heard[i].second == frames[i]);
    CHECK(server.transport.counters().calls_in < burst.size() / 8192);
}

TEST_CASE("Tcp over both families of addresses, and over one") {
    ConnectionOptions options;
    Party<Tcp> server{Tcp(options)}, client{Tcp(options)};
    const auto at = server.transport.open(0);
    REQUIRE(at);
    REQUIRE(client.transport.open_to_dial());
    const std::string port = std::to_string(at->port);
    std::size_t said = 0;
    for (const std::string host : {"127.0.0.1:", "localhost:", "[::1]:"}) {
        if (host[0] == '[' && at->is_v4()) continue; // a machine without IPv6
        const ConnectionAddress to = client.at(host + port);
        CHECK(client.transport.send(to, {}, bytes_of(host)) == Sent::sent);
        ++said;
        REQUIRE(until([&] { return server.heard.size() == said; }, client, server));
        CHECK(server.heard.back().second == host);
        CHECK(server.heard.back().first.is_loopback());
    }
    Tcp neither(ConnectionOptions{.ipv6 = false, .ipv4 = false});
    CHECK(neither.open(0).error() == Error::bad_address);
    Tcp four(ConnectionOptions{.ipv6 = false});
    const auto at_four = four.open(0);
    REQUIRE(at_four);
    CHECK(at_four->is_v4());
    Tcp foreign(ConnectionOptions{.bind = IpAddress::v4(192, 0, 2, 1, 0)});
    CHECK(foreign.open(0).error() == Error::unreachable);
}

TEST_CASE("addresses of connections tell apart who came, and say so") {
    Tcp tcp;
    const auto plain = tcp.resolve("192.0.2.1:4000");
    REQUIRE(plain);
    CHECK(plain->text().view() == "192.0.2.1:4000");
    CHECK(*plain == *tcp.resolve(plain->text()));
    CHECK(*tcp.resolve(":4000") == *tcp.resolve("localhost:4000"));
    const ConnectionAddress first(*plain, 1), second(*plain, 2);
    CHECK(first != second);
    CHECK(first != *plain);
    CHECK(first.hash() != second.hash());
    CHECK(second.text().view() == "192.0.2.1:4000#2");
    const ConnectionAddress longest(
        *IpAddress::parse("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535"), 0xFFFF'FFFF);
    CHECK(longest.text().view() == "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535#4294967295");
    for (const char* text : {"", ":", "1.2.3.4", "1.2.3.4:0", "1.2.3.4:65536", "[::1]", "a b:4"})
        CHECK(!tcp.resolve(text));
    CHECK(tcp.resolve("nonexistent.invalid:1").error() == Error::unknown_host);
}

TEST_CASE("names that were asked for are kept, the same once, and the oldest go") {
    transport::detail::AskedNames names;
    const auto first = names.remember({"game.example", "/a"});
    CHECK(names.remember({"game.example", "/b"}) != first);
    CHECK(names.remember({"game.example", "/a"}) == first);
    REQUIRE(names.find(first) != nullptr);
    CHECK(names.find(first)->path == "/a");
    CHECK(names.find(0)->host.empty());
    CHECK(names.find(1000) == nullptr);
    for (int i = 0; i < 64; ++i) (void)names.remember({"host" + std::to_string(i), ""});
    CHECK(names.find(first) == nullptr);
    CHECK(names.find(names.remember({"host63", ""}))->host == "host63");
}

TEST_CASE("a table of connections counts by the network that an address is of") {
    struct Fake {
        ConnectionAddress address;
        transport::detail::Stage stage = transport::detail::Stage::open;
        std::uint32_t slot = 0;
        bool dialled = false;
    };
    transport::detail::ConnectionTable<Fake> table(5, 2, 1);
    const auto from = [&](std::string_view text) {
        return table.add(ConnectionAddress(*IpAddress::parse(text), table.next_serial()), true);
    };
    Fake* first = from("[2001:db8::1]:1");
    CHECK(first != nullptr);
    CHECK(from("[2001:db8::ffff:2]:1") != nullptr);
    CHECK(from("[2001:db8::3]:1") == nullptr); // the third of one network
    CHECK(from("[2001:db8:0:1::3]:1") != nullptr);
    CHECK(from("192.0.2.1:1") != nullptr);
    CHECK(from("192.0.2.2:1") != nullptr);
    CHECK(from("192.0.2.3:1") == nullptr); // the sixth in all
    CHECK(table.find(first->address) == first);
    const ConnectionAddress gone = first->address;
    table.retire(*first);
    CHECK(table.size() == 4);
    CHECK(table.find(gone) == nullptr);
    CHECK(table.at(first->slot) == nullptr); // but it is there until nobody can hold it
    Fake* next = from("[2001:db8::3]:1");
    REQUIRE(next != nullptr);
    CHECK(next->slot != first->slot);
    table.retire(*next);
    table.sweep();
    Fake* fifth = from("[2001:db8::3]:1");
    REQUIRE(fifth != nullptr);
    CHECK(table.size() == 5);
    table.unlist(*fifth); // it is leaving, and counts until it has left
    CHECK(from("198.51.100.1:1") == nullptr);
}

TEST_CASE("sends and receives allocate nothing once buffers have grown, and wait ends when something comes") {
    Harness harness;
    Pair pair(harness);
    const ConnectionAddress guest = pair.meet();
    CHECK(pair.server.transport.send(guest, {}, bytes_of("wake up")) == Sent::sent);
    pair.server.transport.flush();
    const Instant there = now() + seconds(100);
    pair.client.transport.wait(there);
    CHECK(now() < there);
    REQUIRE(until([&] { return !pair.client.heard.empty(); }, pair.client));
}

static_assert(tenon::TransportPolicy<tenon::transport::Tcp> && tenon::LendsBuffer<tenon::transport::Tcp> &&
              tenon::WakesUp<tenon::transport::Tcp> && tenon::Connected<tenon::transport::Tcp>);
