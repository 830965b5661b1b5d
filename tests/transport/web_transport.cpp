#include "tenon/transport/web_transport.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <string>
#include <utility>

#include "certificates.hpp"
#include "connected_thread.hpp"
#include "tenon/transport/gnutls.hpp"
#include "tenon/transport/location.hpp"
#include "tenon/transport/quic_handshake.hpp"
#include "tenon/transport/quic_shared.hpp"
#include "tenon/transport/quic_sides.hpp"
#include "tenon/transport/web_transport_connection.hpp"

using namespace tenon;
using namespace connected;
using transport::TlsOptions;
using transport::Udp;
using transport::UdpOptions;
using transport::WebTransport;
using transport::WebTransportOptions;

namespace {

TlsOptions of(const certificates::Files& files) {
    return {.certificate = files.certificate, .key = files.key};
}
TlsOptions trusting() { return {.authorities = certificates::Set::get().authority.file()}; }

struct Harness {
    using Transport = WebTransport;
    static constexpr Error nobody = Error::timed_out; // a datagram that nobody takes is not answered
    static constexpr std::uint64_t calls_most = 60;   // as many as the path is believed to bear, at first
    WebTransport server(const ConnectionOptions& options) {
        return WebTransport(options, {}, of(certificates::Set::get().good));
    }
    WebTransport client(ConnectionOptions options) {
        options.dial_max = seconds(2);
        return WebTransport(options, {}, trusting());
    }
    std::string to(const IpAddress& at) {
        return "https://" + std::string(IpAddress::loopback(at.port).text().view());
    }
};

} // namespace

TEST_CASE("WebTransport keeps the contract of connected transports") { connected::anywhere(Harness{}); }
TEST_CASE("and so does WebTransport on a thread of its own") { connected::anywhere(OnItsThread<Harness>{}); }

TEST_CASE("a thousand connections come and go over WebTransport") {
    Harness harness;
    connected::coming_and_going(harness, connected::rounds(2, 20));
}

namespace {

// How it ends when these meet, by HTTP/3's path: with none where they speak.
struct Meeting {
    Party<WebTransport> server;
    Error error = Error::none;

    Meeting(WebTransportOptions host, const TlsOptions& shown, TlsOptions believed, const std::string& path)
        : server(WebTransport(on_loopback(), std::move(host), shown)) {
        const auto at = server.transport.open(0);
        REQUIRE(at);
        if (believed.fingerprint == "shown") believed.fingerprint = server.transport.fingerprint();
        Party<WebTransport> client(WebTransport(on_loopback(), {}, believed));
        REQUIRE(client.transport.open_to_dial());
        const ConnectionAddress to = client.at("https://127.0.0.1:" + std::to_string(at->port) + path);
        CHECK(client.transport.send(to, {}, bytes_of("hello")) == Sent::sent);
        REQUIRE(until([&] { return !server.heard.empty() || !client.losses.empty(); }, client, server));
        if (client.losses.empty()) return;
        error = client.losses[0].second;
        CHECK(server.heard.empty());
        REQUIRE(until([&] { return server.transport.connections() == 0; }, client, server)); // it was told
    }
};

// Somebody who speaks QUIC, and on its first stream what is no HTTP/3, or not all of it.
struct Foreign {
    struct Peer : transport::detail::QuicConnection {
        using QuicConnection::open_side;
    };
    Party<WebTransport> server;
    Udp udp{UdpOptions{.bind = IpAddress::loopback(0)}};
    transport::detail::QuicShared shared;
    Peer connection;
    std::string says;

    explicit Foreign(std::string_view protocol, std::string_view bytes,
                     ConnectionOptions options = on_loopback())
        : server(WebTransport(options)), says(bytes) {
        const auto at = udp.open(0);
        const auto to = server.transport.open(0);
        REQUIRE((at && to));
        shared.local = *at;
        shared.terms = transport::detail::WebTransportConnection::terms;
        const TlsOptions believed{.fingerprint = server.transport.fingerprint()};
        REQUIRE(shared.tls.open(believed, protocol, false, false));
        connection.address = IpAddress::loopback(to->port);
        REQUIRE(connection.dial(shared, {}, {}, {}, now()));
        REQUIRE(until([&] { return connection.over && server.transport.connections() == 0; }, *this, server));
        CHECK((server.heard.empty() && server.losses.empty())); // nobody knew of it
    }
    void turn(Duration = {}) {
        udp.poll([&](const IpAddress& from, Lane, BytesIn datagram) {
            if (!connection.over) connection.read(from, datagram, now());
        });
        if (!says.empty() && !connection.over && connection.is_shaken()) {
            const std::int64_t stream = connection.open_side(true);
            REQUIRE(connection.sides.find(stream)->out.append(bytes_of(says), {}));
            says.clear();
        }
        std::byte packet[1200];
        IpAddress to;
        for (std::size_t size = 1; size != 0;)
            if ((size = connection.write(packet, to, now())) != 0)
                CHECK(udp.send(to, {}, {packet, size}) == Sent::sent);
        udp.flush();
    }
    const transport::QuicCounters& counters() const { return server.transport.counters(); }
};

// A client that writes before its datagrams what it likes.
struct Liar : transport::detail::WebTransportConnection {
    bool put_datagram(BytesIn datagram) { return datagrams.put({}, datagram); }
};

} // namespace

TEST_CASE("datagrams of WebTransport go beside the stream, of every size, and both ways") {
    Harness harness;
    Pair<Harness> pair(harness);
    CHECK(pair.client.transport.datagram_room(pair.to) == 0);
    CHECK(pair.client.transport.send(pair.to, datagram_lane, bytes_of("early")) == Sent::would_block);
    const ConnectionAddress guest = pair.meet();
    REQUIRE(pair.client.transport.datagram_room(pair.to) == 1149);
    REQUIRE(pair.server.transport.datagram_room(guest) == 1149);
    for (const std::size_t size : {1u, 2u, 600u, 1149u}) {
        const std::string said = pattern(size, 3);
        pair.client.beside.clear();
        pair.server.beside.clear();
        CHECK(pair.client.transport.send(pair.to, datagram_lane, bytes_of(said)) == Sent::sent);
        const BytesOut lent = pair.server.transport.prepare(guest, datagram_lane, 1149);
        REQUIRE(lent.size() == 1149);
        copy(lent.data(), bytes_of(said));
        CHECK(pair.server.transport.commit(size) == Sent::sent);
        REQUIRE(until([&] { return pair.server.beside.size() == 1 && pair.client.beside.size() == 1; },
                      pair.client, pair.server));
        CHECK((pair.server.beside[0] == std::pair(guest, said)));
        CHECK((pair.client.beside[0] == std::pair(pair.to, said)));
    }
    CHECK(pair.client.transport.send(pair.to, datagram_lane, bytes_of(pattern(1150, 1))) == Sent::too_big);
    CHECK(pair.server.transport.prepare(guest, datagram_lane, 1150).empty());
    CHECK(
        (pair.server.transport.counters().datagrams_in == 4 && pair.server.transport.counters().strays == 0));
}

TEST_CASE("datagrams of other streams are counted and dropped, and what is none ends the connection") {
    using Lying = transport::QuicOver<Udp, Liar>;
    Party<WebTransport> server{WebTransport(on_loopback())};
    const auto at = server.transport.open(0);
    REQUIRE(at);
    Party<Lying> client(Lying(on_loopback(), {}, {.fingerprint = server.transport.fingerprint()}));
    REQUIRE(client.transport.open_to_dial());
    const ConnectionAddress to = client.at("https://127.0.0.1:" + std::to_string(at->port));
    CHECK(client.transport.send(to, {}, bytes_of("hello")) == Sent::sent);
    REQUIRE(until([&] { return server.heard.size() == 1; }, client, server));
    const auto say = [&](std::string_view raw) {
        CHECK(client.transport.send(to, datagram_lane, bytes_of(raw)) == Sent::sent);
    };
    say("\x01 of the next session");
    say(std::string_view("\x80\0\0\x09 of a later one", 20));
    REQUIRE(until([&] { return server.transport.counters().strays == 2; }, client, server));
    say(std::string_view("\0ours", 5));
    REQUIRE(until([&] { return server.beside.size() == 1; }, client, server));
    CHECK(server.beside[0].second == "ours");
    say(std::string_view("\0", 1)); // holds nothing
    say("\x40");                    // half of a number
    REQUIRE(until([&] { return !client.losses.empty(); }, client, server));
    CHECK(client.losses[0].second == Error::closed);
    CHECK((server.losses.size() == 1 && server.losses[0].second == Error::malformed));
    CHECK(server.transport.counters().malformed == 1);
    CHECK((server.beside.size() == 1 && server.transport.counters().datagrams_in == 1));
}

TEST_CASE("WebTransport is at its path alone, and says so") {
    const TlsOptions shown = of(certificates::Set::get().good);
    CHECK(Meeting({.path = "/game"}, shown, trusting(), "/game").error == Error::none);
    CHECK(Meeting({.path = "/game"}, shown, trusting(), "/game?room=lobby").error == Error::none);
    CHECK(Meeting({.path = ""}, shown, trusting(), "/any/where").error == Error::none);
    Meeting elsewhere({.path = "/game"}, shown, trusting(), "/games");
    CHECK(elsewhere.error == Error::refused);
    CHECK(elsewhere.server.transport.counters().refusals == 1);
    CHECK(elsewhere.server.transport.counters().malformed == 0);
}

TEST_CASE("a server of WebTransport that has no certificate makes one, and its fingerprint is believed") {
    CHECK(Meeting({}, {}, {.fingerprint = "shown"}, "").error == Error::none);
    CHECK(Meeting({}, {}, {.fingerprint = std::string(64, '0')}, "").error == Error::key_changed);
    CHECK(Meeting({}, {}, trusting(), "").error == Error::unknown_key);
    WebTransport first(on_loopback()), second(on_loopback());
    CHECK(first.fingerprint().empty());
    REQUIRE(first.open(0));
    REQUIRE(second.open(0));
    CHECK(first.fingerprint().size() == 64);
    CHECK(first.fingerprint() != second.fingerprint());
    // Before it is too old there is another, and who holds the first keeps it.
    transport::detail::GnuTls::Context context;
    REQUIRE(context.open({}, "h3", true, true));
    const std::string before = context.fingerprint();
    const std::time_t today = std::time(nullptr);
    transport::detail::GnuTls session;
    CHECK(session.accept(context));
    context.renew(today + 11 * 86'400);
    CHECK(context.fingerprint() == before);
    context.renew(today + 12 * 86'400 + 60);
    const std::string after = context.fingerprint();
    CHECK((after.size() == 64 && after != before));
    context.renew(today + 13 * 86'400);
    CHECK(context.fingerprint() == after);
    // Of files, it is the same as their authority's.
    WebTransport given(on_loopback(), {}, of(certificates::Set::get().good));
    REQUIRE(given.open(0));
    std::string spelled;
    for (const char c : certificates::Set::get().good.fingerprint)
        if (c != ':') spelled += transport::detail::to_lower(c);
    CHECK(given.fingerprint() == spelled);
    WebTransport half(on_loopback(), {}, {.certificate = certificates::Set::get().good.certificate});
    CHECK(half.open(0).error() == Error::file_missing);
}

TEST_CASE("who comes without HTTP/3, or with half of it, is let go") {
    CHECK(Foreign("tenon/1", "").connection.error == Error::encryption_mismatch);
    const Foreign garbage("h3", "\x02\x01x"); // a frame of HTTP/2
    CHECK(garbage.connection.error == Error::closed);
    CHECK(garbage.counters().malformed == 1);
    ConnectionOptions impatient = on_loopback();
    impatient.silence_max = milliseconds(100);
    const Foreign slow("h3", "\x01\x20xyz", impatient); // the beginning of a request
    CHECK(slow.connection.error == Error::closed);
    CHECK(slow.counters().timed_out == 1);
    CHECK(slow.counters().malformed == 0);
}

TEST_CASE("addresses of WebTransport are read as those of pages") {
    WebTransport client;
    CHECK(client.resolve("https://127.0.0.1:4000/game")->port == 4000);
    CHECK(client.resolve("https://127.0.0.1")->port == 443);
    CHECK(client.resolve("https://[::1]/x")->port == 443);
    CHECK(client.resolve("127.0.0.1:4000")->port == 4000);
    CHECK(*client.resolve("127.0.0.1:4000/a") != *client.resolve("127.0.0.1:4000/b"));
    for (const char* wrong : {"http://127.0.0.1:4000", "wss://127.0.0.1:4000", "https://", "127.0.0.1", "",
                              "https://127.0.0.1:4000/a b"})
        CHECK_MESSAGE(client.resolve(wrong).error() == Error::bad_address, wrong);
}

static_assert(tenon::TransportPolicy<tenon::transport::WebTransport> &&
              tenon::LendsBuffer<tenon::transport::WebTransport> &&
              tenon::WakesUp<tenon::transport::WebTransport> &&
              tenon::Connected<tenon::transport::WebTransport>);
