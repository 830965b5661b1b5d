#include "tenon/transport/quic.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "certificates.hpp"
#include "connected_thread.hpp"
#include "tenon/transport/gnutls.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/kept_queue.hpp"
#include "tenon/transport/ngtcp2.hpp"
#include "tenon/transport/quic_bulk.hpp"
#include "tenon/transport/quic_connection.hpp"
#include "tenon/transport/quic_datagrams.hpp"
#include "tenon/transport/quic_door.hpp"
#include "tenon/transport/quic_over.hpp"
#include "tenon/transport/quic_state.hpp"
#include "tenon/transport/quic_tickets.hpp"
#include "tenon/transport/quic_turn.hpp"
#include "tenon/transport/tls_options.hpp"

using namespace tenon;
using namespace connected;
using certificates::Files;
using transport::Quic;
using transport::QuicOptions;
using transport::TlsOptions;
using transport::Udp;
using transport::UdpOptions;

namespace {

TlsOptions of(const Files& files) { return {.certificate = files.certificate, .key = files.key}; }
TlsOptions believing(const std::string& file) { return {.authorities = file}; }
TlsOptions trusting() { return believing(certificates::Set::get().authority.file()); }
TlsOptions good() { return of(certificates::Set::get().good); }

struct Harness {
    using Transport = Quic;
    static constexpr Error nobody = Error::timed_out; // a datagram that nobody takes is not answered
    static constexpr std::uint64_t calls_most = 60;   // as many as the path is believed to bear, at first
    Quic server(const ConnectionOptions& options) { return Quic(options, {}, good()); }
    Quic client(ConnectionOptions options) {
        options.dial_max = seconds(2);
        return Quic(options, {}, trusting());
    }
    std::string to(const IpAddress& at) { return std::string(IpAddress::loopback(at.port).text().view()); }
};

} // namespace

TEST_CASE("Quic keeps the contract of connected transports") { connected::anywhere(Harness{}); }
TEST_CASE("and so does Quic on a thread of its own") { connected::anywhere(OnItsThread<Harness>{}); }

TEST_CASE("a thousand connections come and go over Quic") {
    Harness harness;
    connected::coming_and_going(harness, connected::rounds(4, 20));
}

namespace {

// Stands between a client and a server, like a router with a table of its own: what it does to datagrams can
// be chosen, and it can give the client another port.
struct Relay {
    Udp front{UdpOptions{.bind = IpAddress::loopback(0)}};
    std::unique_ptr<Udp> back;
    IpAddress server, client, at;
    bool to_server = true, to_client = true; // lets through
    bool keeps_tokens = false;               // but not what shows that an address is real
    std::size_t largest_up = 65535;          // nor what is larger
    std::string with_token;
    std::size_t bytes_up = 0, bytes_down = 0, packets_up = 0;
    std::string last_up; // what the client said last

    explicit Relay(const IpAddress& of_server) : server(IpAddress::loopback(of_server.port)) {
        const auto opened = front.open(0);
        REQUIRE(opened);
        at = *opened;
        rebind();
    }
    void rebind() {
        back = std::make_unique<Udp>(UdpOptions{.bind = IpAddress::loopback(0)});
        REQUIRE(back->open(0));
    }
    bool has_token(BytesIn datagram) {
        ngtcp2_pkt_hd head{};
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(datagram.data());
        if (ngtcp2_accept(&head, bytes, datagram.size()) != 0) return false;
        if (transport::detail::token_of(head).empty()) return false;
        with_token = text_of(datagram);
        return true;
    }
    void turn(Duration = {}) {
        front.poll([&](const IpAddress& from, Lane, BytesIn datagram) {
            client = from;
            ++packets_up;
            last_up = text_of(datagram);
            if (!to_server || datagram.size() > largest_up || (keeps_tokens && has_token(datagram))) return;
            bytes_up += datagram.size();
            CHECK(back->send(server, {}, datagram) == Sent::sent);
        });
        back->poll([&](const IpAddress&, Lane, BytesIn datagram) {
            bytes_down += datagram.size();
            if (to_client) CHECK(front.send(client, {}, datagram) == Sent::sent);
        });
        front.flush();
        back->flush();
    }
};

// A server, and a client that reaches it through a relay.
struct Far {
    Party<Quic> server, client;
    std::unique_ptr<Relay> relay;
    ConnectionAddress to;

    explicit Far(QuicOptions quic = {}, ConnectionOptions for_server = on_loopback(),
                 ConnectionOptions for_client = on_loopback())
        : server(Quic(for_server, quic, good())), client(Quic(for_client, quic, trusting())) {
        const auto at = server.transport.open(0);
        REQUIRE(at);
        REQUIRE(client.transport.open_to_dial());
        relay = std::make_unique<Relay>(*at);
        to = client.at(std::string(relay->at.text().view()));
    }
    template <class F>
    bool until(F&& holds) {
        return connected::until(holds, client, *relay, server);
    }
    ConnectionAddress meet() {
        const std::size_t before = server.heard.size();
        REQUIRE(client.transport.send(to, {}, bytes_of("hello")) == Sent::sent);
        REQUIRE(until([&] { return server.heard.size() > before; }));
        return server.heard.back().first;
    }
};

// How it ends when these meet: with none where they speak.
Error meeting(const TlsOptions& server, const TlsOptions& client, const std::string& host = "127.0.0.1",
              const QuicOptions& quic = {}) {
    Party<Quic> a{Quic(on_loopback(), {}, server)}, b{Quic(on_loopback(), quic, client)};
    const auto at = a.transport.open(0);
    REQUIRE(at);
    REQUIRE(b.transport.open_to_dial());
    const ConnectionAddress to = b.at(host + ":" + std::to_string(at->port));
    CHECK(b.transport.send(to, {}, bytes_of("secret")) == Sent::sent);
    REQUIRE(until([&] { return !a.heard.empty() || !b.losses.empty(); }, b, a));
    if (b.losses.empty()) return Error::none;
    CHECK(a.heard.empty());
    REQUIRE(until([&] { return a.transport.connections() == 0; }, b, a)); // it was told
    return b.losses[0].second;
}

// Somebody who speaks QUIC, but not as a client of ours does.
struct Foreigner {
    struct Bold : transport::detail::QuicConnection {
        // A stream on which only it speaks, with all that it says there; false where it may open no more.
        bool says(std::string_view text, bool ends) {
            const std::int64_t stream = open_side(false);
            transport::detail::QuicSide* side = sides.find(stream);
            if (side == nullptr) return false;
            side->finishes = ends;
            return side->out.append(bytes_of(text), {});
        }
    };
    Udp udp{UdpOptions{.bind = IpAddress::loopback(0)}};
    transport::detail::QuicShared shared;
    Bold connection;

    explicit Foreigner(const IpAddress& server) {
        const auto at = udp.open(0);
        REQUIRE(at);
        shared.local = *at;
        REQUIRE(shared.tls.open(trusting(), shared.options.protocol, false, false));
        connection.address = IpAddress::loopback(server.port);
        REQUIRE(connection.dial(shared, {}, {}, {}, now()));
    }
    void turn(Duration = {}) {
        udp.poll([&](const IpAddress& from, Lane, BytesIn datagram) {
            if (!connection.over) connection.read(from, datagram, now());
        });
        std::byte packet[1200];
        IpAddress to;
        for (std::size_t size = 1; size != 0;)
            if ((size = connection.write(packet, to, now())) != 0)
                CHECK(udp.send(to, {}, {packet, size}) == Sent::sent);
        udp.flush();
    }
};

} // namespace

TEST_CASE("a client of Quic speaks to whom it believes, and to nobody else") {
    auto& set = certificates::Set::get();
    CHECK(meeting(good(), trusting()) == Error::none);
    CHECK(meeting(good(), trusting(), "localhost") == Error::none);
    CHECK(meeting(of(set.foreign), trusting()) == Error::unknown_key);
    CHECK(meeting(of(set.foreign), trusting(), "localhost") == Error::unknown_key);
    CHECK(meeting(of(set.strange), trusting()) == Error::unknown_key);
    CHECK(meeting(of(set.expired), trusting()) == Error::expired);
    CHECK(meeting(good(), {}) == Error::unknown_key); // none of the system's
    TlsOptions named = trusting();
    named.host_name = "game.example";
    CHECK(meeting(of(set.foreign), named) == Error::none);
    CHECK(meeting(good(), named) == Error::unknown_key);
    // And who speaks another protocol is not answered.
    CHECK(meeting(good(), trusting(), "127.0.0.1", {.protocol = "h3"}) == Error::encryption_mismatch);
}

TEST_CASE("Quic believes a pinned certificate whoever signed it, and no other") {
    auto& set = certificates::Set::get();
    TlsOptions pinned;
    pinned.fingerprint = set.strange.fingerprint;
    CHECK(meeting(of(set.strange), pinned) == Error::none);
    CHECK(meeting(good(), pinned) == Error::key_changed);
    for (const std::string& wrong : {set.strange.fingerprint.substr(3), set.strange.fingerprint + ":00",
                                     set.strange.fingerprint.substr(0, 94) + "g", std::string("x")}) {
        pinned.fingerprint = wrong;
        CHECK(meeting(of(set.strange), pinned) == Error::key_changed);
    }
}

TEST_CASE("Quic refuses files that lack or are no certificates when it opens") {
    auto& set = certificates::Set::get();
    const auto opening = [](const TlsOptions& options) {
        Quic transport(on_loopback(), {}, options);
        return transport.open(0).error();
    };
    CHECK(opening(good()) == Error::none);
    CHECK(opening({}) == Error::file_missing);
    CHECK(opening({.certificate = set.good.certificate}) == Error::file_missing);
    CHECK(opening({.certificate = set.good.certificate, .key = set.foreign.key}) == Error::malformed);
    CHECK(opening({.certificate = set.good.key, .key = set.good.key}) == Error::malformed);
    TlsOptions lost = good();
    lost.authorities = set.folder.path + "/nobody.pem";
    CHECK(opening(lost) == Error::file_missing);
    lost.authorities = set.good.key;
    CHECK(opening(lost) == Error::malformed);
    Quic guest(on_loopback(), {}, trusting());
    CHECK(guest.open_to_dial()); // needs no certificate
}

TEST_CASE("who was there before goes on from its ticket, and need not show its address again") {
    Harness harness;
    Pair pair(harness);
    const auto& server = pair.server.transport.counters();
    const auto leave = [&] {
        pair.client.transport.hang_up(pair.to);
        REQUIRE(until([&] { return pair.server.transport.connections() == 0; }, pair.client, pair.server));
        REQUIRE(until([&] { return pair.client.transport.connections() == 0; }, pair.client, pair.server));
    };
    const ConnectionAddress first = pair.meet();
    CHECK(server.door.retried == 1);
    CHECK(server.resumed == 0);
    // The ticket comes behind the handshake.
    CHECK(pair.server.transport.send(first, {}, bytes_of("welcome")) == Sent::sent);
    REQUIRE(until([&] { return pair.client.heard.size() == 1; }, pair.client, pair.server));
    leave();
    CHECK(pair.meet() != first);
    CHECK(server.door.retried == 1);
    CHECK(server.resumed == 1);
    CHECK(pair.client.transport.counters().resumed == 1);
    leave();
    // A server that starts anew knows none of it, and lets in as if for the first time.
    const auto port = pair.server.transport.local_address().port;
    pair.server.transport.close();
    REQUIRE(pair.server.transport.open(port));
    pair.meet();
    CHECK(server.resumed == 1);
}

TEST_CASE("tickets are kept by host, used once, and the oldest go") {
    transport::detail::QuicTickets tickets;
    const auto host = [](std::uint16_t port) { return ConnectionAddress(IpAddress::loopback(port)); };
    tickets.of(host(1)).session = {std::byte{1}};
    tickets.of(host(1)).token = {std::byte{2}};
    CHECK(tickets.size() == 1);
    const auto taken = tickets.take(host(1));
    CHECK(taken.session.size() == 1);
    CHECK(taken.token.size() == 1);
    CHECK(tickets.take(host(1)).session.empty());
    for (std::uint16_t port = 1; port <= 65; ++port) tickets.of(host(port)).token = {std::byte{3}};
    CHECK(tickets.size() == 64);
    CHECK(tickets.take(host(1)).token.empty());
    CHECK(tickets.take(host(65)).token.size() == 1);
}

TEST_CASE("a stranger is asked to show its address before anything is kept of it") {
    Far far;
    far.relay->to_client = false; // it never hears the question
    CHECK(far.client.transport.send(far.to, {}, bytes_of("let me in")) == Sent::sent);
    REQUIRE(far.until([&] { return far.relay->bytes_down != 0; }));
    CHECK(far.server.transport.connections() == 0);
    CHECK(far.server.transport.counters().accepted == 0);
    CHECK(far.server.transport.counters().door.retried > 0);
    CHECK(far.relay->bytes_up >= 1200);
    CHECK(far.relay->bytes_down * 4 < far.relay->bytes_up); // less comes back than was sent
    // What it is given works from its own address alone.
    far.relay->to_client = far.relay->keeps_tokens = true;
    REQUIRE(far.until([&] { return !far.relay->with_token.empty(); }));
    Udp thief(UdpOptions{.bind = IpAddress::loopback(0)});
    REQUIRE(thief.open(0));
    const auto& door = far.server.transport.counters().door;
    CHECK(door.refused == 0);
    CHECK(thief.send(far.relay->server, {}, bytes_of(far.relay->with_token)) == Sent::sent);
    thief.flush();
    REQUIRE(connected::until([&] { return door.refused == 1; }, far.server));
    CHECK(far.server.transport.counters().accepted == 0);
    far.relay->keeps_tokens = false;
    REQUIRE(far.until([&] { return far.server.heard.size() == 1; }));
}

TEST_CASE("a connection goes on when the client comes from another port") {
    Far far;
    const ConnectionAddress guest = far.meet();
    for (std::size_t moves = 1; moves <= 3; ++moves) {
        far.relay->rebind();
        const std::string text = pattern(5000, static_cast<unsigned>(moves));
        const std::size_t before = far.server.heard.size(), answers = far.client.heard.size();
        CHECK(far.client.transport.send(far.to, {}, bytes_of(text)) == Sent::sent);
        REQUIRE(far.until([&] { return far.server.heard.size() > before; }));
        CHECK(far.server.heard.back().first == guest); // the same peer
        CHECK((far.server.heard.back().second == text));
        CHECK(far.server.transport.send(guest, {}, bytes_of(text)) == Sent::sent);
        REQUIRE(far.until([&] { return far.client.heard.size() > answers; }));
        CHECK((far.client.heard.back().second == text));
        REQUIRE(far.until([&] { return far.server.transport.counters().migrations >= moves; }));
    }
    CHECK(far.server.transport.connections() == 1);
    CHECK(far.server.losses.empty());
    CHECK(far.client.losses.empty());
}

TEST_CASE("over a line that loses, doubles and reorders, everything arrives once and in order") {
    using Lossy = transport::QuicOver<transport::Impaired<Udp>>;
    const auto road = [](std::uint64_t seed) {
        const transport::Impairment bad{.loss = 0.15,
                                        .duplicate = 0.1,
                                        .corrupt = 0.02,
                                        .delay = milliseconds(2),
                                        .jitter = milliseconds(2),
                                        .reorder = true};
        return transport::Impaired<Udp>(Udp(UdpOptions{.bind = IpAddress::loopback(0)}),
                                        {.outgoing = bad, .seed = seed});
    };
    Party<Lossy> server(Lossy::over(road(1), on_loopback(), {}, good())),
        client(Lossy::over(road(2), on_loopback(), {}, trusting()));
    const auto at = server.transport.open(0);
    REQUIRE(at);
    REQUIRE(client.transport.open_to_dial());
    const ConnectionAddress to = client.at("127.0.0.1:" + std::to_string(at->port));
    server.echoes = true;
    constexpr std::size_t count = 60;
    for (unsigned i = 0; i < count; ++i)
        CHECK(client.transport.send(to, {}, bytes_of(pattern(500 + 40 * i, i))) == Sent::sent);
    REQUIRE(until([&] { return client.heard.size() >= count; }, client, server));
    REQUIRE(server.heard.size() == count);
    for (unsigned i = 0; i < count; ++i) CHECK((client.heard[i].second == pattern(500 + 40 * i, i)));
}

TEST_CASE("datagrams go beside the stream, once hands are shaken, up to their size and one at a time") {
    Far far;
    CHECK(far.client.transport.datagram_room(far.to) == 0);
    CHECK(far.client.transport.send(far.to, datagram_lane, bytes_of("early")) == Sent::would_block);
    CHECK(far.client.transport.connections() == 0); // it dials nobody
    const ConnectionAddress guest = far.meet();
    REQUIRE(far.client.transport.datagram_room(far.to) == 1150);
    REQUIRE(far.server.transport.datagram_room(guest) == 1150);
    std::vector<std::string> said;
    for (unsigned i = 0; i < 40; ++i) {
        said.push_back(pattern(i == 0 ? 1150 : i == 1 ? 1 : 37 * i % 1150 + 1, i));
        const std::size_t up = far.server.beside.size(), down = far.client.beside.size();
        CHECK(far.client.transport.send(far.to, datagram_lane, bytes_of(said[i])) == Sent::sent);
        const BytesOut lent = far.server.transport.prepare(guest, datagram_lane, 1150);
        REQUIRE(lent.size() == 1150);
        copy(lent.data(), bytes_of(said[i]));
        CHECK(far.server.transport.commit(said[i].size()) == Sent::sent);
        if (i % 8 == 7) // and frames beside them
            CHECK(far.client.transport.send(far.to, {}, bytes_of(pattern(3000, i))) == Sent::sent);
        CAPTURE(i);
        CAPTURE(far.server.beside.size());
        CAPTURE(far.client.beside.size());
        REQUIRE(far.until([&] { return far.server.beside.size() > up && far.client.beside.size() > down; }));
        CHECK((far.server.beside.back() == std::pair(guest, said[i])));
        CHECK((far.client.beside.back() == std::pair(far.to, said[i])));
    }
    REQUIRE(far.until([&] { return far.server.heard.size() == 6; }));
    CHECK(far.server.transport.counters().datagrams_in == 40);
    CHECK(far.server.transport.counters().datagrams_out == 40);
    CHECK(far.client.transport.send(far.to, datagram_lane, bytes_of(pattern(1151, 1))) == Sent::too_big);
    CHECK(far.client.transport.prepare(far.to, datagram_lane, 1151).empty());
    CHECK(far.client.transport.send(far.to, datagram_lane, {}) == Sent::too_big);
    // What the path does not take is refused, and not kept until it is stale.
    far.relay->to_server = false;
    unsigned taken = 0;
    while (taken < 5000 && far.client.transport.send(far.to, datagram_lane, bytes_of(said[0])) == Sent::sent)
        ++taken;
    CHECK(taken < 2000);
    CHECK(far.client.transport.prepare(far.to, datagram_lane, 100).empty());
    CHECK(far.client.transport.backlog(far.to) == 0);
    CHECK(far.client.losses.empty());
    // Who is gone has no way either.
    far.server.transport.hang_up(guest);
    CHECK(far.server.transport.datagram_room(guest) == 0);
    CHECK(far.server.transport.send(guest, datagram_lane, bytes_of("late")) == Sent::would_block);
}

TEST_CASE("a datagram does not wait for what the stream has lost") {
    Far far;
    const ConnectionAddress guest = far.meet();
    // Whatever packet the frame is in, now or when it is said again, is lost.
    const std::string frame = pattern(1000, 3);
    far.relay->largest_up = 900;
    CHECK(far.client.transport.send(far.to, {}, bytes_of(frame)) == Sent::sent);
    REQUIRE(far.until([&] { return far.relay->last_up.size() > 1000; }));
    // And with it a datagram that was put beside it there, but not the next.
    unsigned turns = 0;
    REQUIRE(far.until([&] {
        if (turns++ % 64 == 0)
            CHECK(far.client.transport.send(far.to, datagram_lane, bytes_of("a datagram")) == Sent::sent);
        return !far.server.beside.empty();
    }));
    CHECK((far.server.beside[0] == std::pair(guest, std::string("a datagram"))));
    CHECK(far.server.heard.size() == 1);
    far.relay->largest_up = 65535;
    REQUIRE(far.until([&] { return far.server.heard.size() == 2; }));
    CHECK((far.server.heard[1].second == frame));
}

TEST_CASE("over a line that loses, some datagrams arrive and none twice") {
    using Lossy = transport::QuicOver<transport::Impaired<Udp>>;
    const auto road = [](std::uint64_t seed) {
        const transport::Impairment bad{.loss = 0.15, .duplicate = 0.1, .corrupt = 0.02};
        return transport::Impaired<Udp>(Udp(UdpOptions{.bind = IpAddress::loopback(0)}),
                                        {.outgoing = bad, .seed = seed});
    };
    Party<Lossy> server(Lossy::over(road(1), on_loopback(), {}, good())),
        client(Lossy::over(road(2), on_loopback(), {}, trusting()));
    const auto at = server.transport.open(0);
    REQUIRE(at);
    REQUIRE(client.transport.open_to_dial());
    const ConnectionAddress to = client.at("127.0.0.1:" + std::to_string(at->port));
    CHECK(client.transport.send(to, {}, bytes_of("hello")) == Sent::sent);
    REQUIRE(until([&] { return server.heard.size() == 1 && client.transport.datagram_room(to) != 0; }, client,
                  server));
    for (unsigned i = 0; i < 200; ++i) {
        until(
            [&] { return client.transport.send(to, datagram_lane, bytes_of(pattern(100, i))) == Sent::sent; },
            client, server);
        client.transport.flush(); // each in a packet of its own
    }
    CHECK(client.transport.send(to, {}, bytes_of("goodbye")) == Sent::sent);
    REQUIRE(until([&] { return server.heard.size() == 2; }, client, server));
    CHECK(server.beside.size() > 100);
    CHECK(server.beside.size() < 200);
    unsigned next = 0;
    for (const auto& [from, text] : server.beside) {
        unsigned is = next;
        while (is < 200 && text != pattern(100, is)) ++is;
        CHECK(is < 200); // in this order, since the line keeps it
        next = is + 1;
    }
}

TEST_CASE("large frames have streams of their own, a few at once, and come whole") {
    Far far;
    CHECK(!far.client.transport.bulk_way(far.to).there);
    CHECK(far.client.transport.send(far.to, bulk_lane, bytes_of("early")) == Sent::would_block);
    CHECK(far.client.transport.connections() == 0); // it dials nobody
    const ConnectionAddress guest = far.meet();
    CHECK(far.server.transport.bulk_way(guest).free);
    std::vector<std::string> said;
    for (unsigned i = 0; i < 12; ++i) said.push_back(pattern(i == 0 ? 66'000 : i == 1 ? 1 : 5000 * i, i));
    std::size_t up = 0, down = 0;
    unsigned refused = 0;
    REQUIRE(far.until([&] {
        // As many as find a stream, both ways; and in one buffer that is lent.
        while (up < said.size() && far.client.transport.bulk_way(far.to).free)
            CHECK(far.client.transport.send(far.to, bulk_lane, bytes_of(said[up++])) == Sent::sent);
        refused += up < said.size() &&
                   far.client.transport.send(far.to, bulk_lane, bytes_of("one more")) == Sent::would_block;
        while (down < said.size() && far.server.transport.bulk_way(guest).free) {
            const BytesOut lent = far.server.transport.prepare(guest, bulk_lane, said[down].size());
            REQUIRE(lent.size() == said[down].size());
            copy(lent.data(), bytes_of(said[down]));
            CHECK(far.server.transport.commit(said[down++].size()) == Sent::sent);
        }
        return far.server.apart.size() == said.size() && far.client.apart.size() == said.size();
    }));
    CHECK(refused > 0);
    for (const std::string& text : said) {
        CHECK((std::count(far.server.apart.begin(), far.server.apart.end(), std::pair(guest, text)) == 1));
        CHECK((std::count(far.client.apart.begin(), far.client.apart.end(), std::pair(far.to, text)) == 1));
    }
    CHECK(far.server.transport.counters().bulk_in == said.size());
    CHECK(far.server.transport.counters().bulk_out == said.size());
    REQUIRE(far.until([&] { return far.client.transport.bulk_way(far.to).underway == 0; }));
    CHECK(far.client.transport.backlog(far.to) == 0);
    CHECK(far.client.transport.send(far.to, bulk_lane, bytes_of(pattern(66'001, 1))) == Sent::too_big);
    // Who hangs up waits until they are there, as for frames.
    CHECK(far.client.transport.send(far.to, bulk_lane, bytes_of(said[0])) == Sent::sent);
    far.client.transport.hang_up(far.to);
    REQUIRE(far.until([&] { return !far.server.losses.empty(); }));
    CHECK(far.server.apart.size() == said.size() + 1);
    CHECK(!far.server.transport.bulk_way(guest).there);
}

TEST_CASE("frames overtake what is large, and need nothing of its room") {
    Far far;
    const ConnectionAddress guest = far.meet();
    // Nothing arrives until all of it and the frame behind it are said.
    far.relay->to_server = false;
    for (unsigned i = 0; i < 4; ++i)
        CHECK(far.client.transport.send(far.to, bulk_lane, bytes_of(pattern(60'000, i))) == Sent::sent);
    CHECK(!far.client.transport.bulk_way(far.to).free);
    const std::size_t before = far.relay->packets_up;
    REQUIRE(far.until([&] { return far.relay->packets_up > before; }));
    CHECK(far.client.transport.bulk_way(far.to).backlog > 100'000);
    CHECK(far.client.transport.send(far.to, {}, bytes_of("a frame")) == Sent::sent);
    far.relay->to_server = true;
    std::size_t whole = 9;
    REQUIRE(far.until([&] {
        if (far.server.heard.size() == 2 && whole == 9) whole = far.server.apart.size();
        return far.server.apart.size() == 4 && far.server.heard.size() == 2;
    }));
    CHECK(whole == 0);
    CHECK(far.server.heard[1] == std::pair(guest, std::string("a frame")));
}

TEST_CASE("without streams for what is large there is no way for it") {
    for (const bool at_server : {false, true}) {
        CAPTURE(at_server);
        const QuicOptions none{.bulk_streams = 0};
        Party<Quic> server{Quic(on_loopback(), at_server ? none : QuicOptions{}, good())},
            client{Quic(on_loopback(), at_server ? QuicOptions{} : none, trusting())};
        const auto at = server.transport.open(0);
        REQUIRE(at);
        REQUIRE(client.transport.open_to_dial());
        const ConnectionAddress to = client.at("127.0.0.1:" + std::to_string(at->port));
        CHECK(client.transport.send(to, {}, bytes_of("hello")) == Sent::sent);
        REQUIRE(until([&] { return server.heard.size() == 1; }, client, server));
        CHECK(!client.transport.bulk_way(to).there);
        CHECK(!server.transport.bulk_way(server.heard[0].first).there);
        CHECK(client.transport.send(to, bulk_lane, bytes_of("large")) == Sent::would_block);
    }
}

TEST_CASE("over a line that loses, what is large arrives once and whole, and frames keep their order") {
    using Lossy = transport::QuicOver<transport::Impaired<Udp>>;
    const auto road = [](std::uint64_t seed) {
        const transport::Impairment bad{.loss = 0.03, .duplicate = 0.05};
        return transport::Impaired<Udp>(Udp(UdpOptions{.bind = IpAddress::loopback(0)}),
                                        {.outgoing = bad, .seed = seed});
    };
    Party<Lossy> server(Lossy::over(road(1), on_loopback(), {}, good())),
        client(Lossy::over(road(2), on_loopback(), {}, trusting()));
    const auto at = server.transport.open(0);
    REQUIRE(at);
    REQUIRE(client.transport.open_to_dial());
    const ConnectionAddress to = client.at("127.0.0.1:" + std::to_string(at->port));
    CHECK(client.transport.send(to, {}, bytes_of("0")) == Sent::sent);
    REQUIRE(until([&] { return server.heard.size() == 1; }, client, server));
    unsigned large = 0, small = 1;
    REQUIRE(until(
        [&] {
            if (large < 10 && client.transport.bulk_way(to).free)
                CHECK(client.transport.send(to, bulk_lane, bytes_of(pattern(9000, large++))) == Sent::sent);
            if (small < 60)
                CHECK(client.transport.send(to, {}, bytes_of(std::to_string(small++))) == Sent::sent);
            return server.heard.size() == 60 && server.apart.size() == 10;
        },
        client, server));
    for (unsigned i = 0; i < 60; ++i) CHECK(server.heard[i].second == std::to_string(i));
    for (unsigned i = 0; i < 10; ++i)
        CHECK(std::count_if(server.apart.begin(), server.apart.end(),
                            [&](const auto& one) { return one.second == pattern(9000, i); }) == 1);
}

TEST_CASE("who says no frame in a stream of its own, or opens more than it may, comes no further") {
    using namespace std::string_view_literals;
    Harness harness;
    Pair pair(harness);
    const ConnectionAddress guest = pair.meet();
    std::size_t malformed = 0;
    for (const std::string_view noise : {"\0"sv, "\x03xy"sv, "\x03wxyz"sv, "\xFF\xFF\x7F"sv}) {
        Foreigner foreigner(pair.server.transport.local_address());
        REQUIRE(foreigner.connection.out.append(bytes_of("\x02hi"), {}));
        REQUIRE(until([&] { return foreigner.connection.is_shaken(); }, foreigner, pair.server));
        REQUIRE(foreigner.connection.says(noise, true));
        REQUIRE(until([&] { return foreigner.connection.over; }, foreigner, pair.server));
        CHECK(foreigner.connection.gone);
        CHECK(pair.server.transport.counters().malformed == ++malformed);
        REQUIRE(until([&] { return pair.server.losses.size() == malformed; }, pair.server));
    }
    Foreigner foreigner(pair.server.transport.local_address());
    REQUIRE(foreigner.connection.out.append(bytes_of("\x02hi"), {}));
    REQUIRE(until([&] { return foreigner.connection.is_shaken(); }, foreigner, pair.server));
    for (int i = 0; i < 4; ++i) CHECK(foreigner.connection.says("\x7Fsome", false)); // and no more of it
    CHECK(!foreigner.connection.says("\x01x", true));
    CHECK(pair.server.apart.empty());
    CHECK(pair.server.transport.send(guest, bulk_lane, bytes_of("calm")) == Sent::sent);
    REQUIRE(until([&] { return !pair.client.apart.empty(); }, pair.client, foreigner, pair.server));
    CHECK(pair.client.losses.empty());
    CHECK(!foreigner.connection.over);
}

TEST_CASE("what comes in a stream of its own is one frame behind its length, or ends the connection") {
    using transport::detail::QuicBulk;
    const auto hear = [](std::string_view text, bool ends = true, std::size_t step = 1) {
        QuicBulk bulk;
        bulk.begin(3);
        for (; text.size() > step; text.remove_prefix(step))
            CHECK(bulk.take(3, bytes_of(text.substr(0, step)), false));
        CHECK(bulk.take(3, bytes_of(text), ends));
        return bulk.error();
    };
    using namespace std::string_view_literals;
    for (const std::size_t step : {1u, 2u, 9u}) {
        CHECK(hear("\x03"
                   "abc"sv,
                   true, step) == Error::none);
        CHECK(hear("\x03"
                   "ab"sv,
                   false, step) == Error::none); // there is more to come
        CHECK(hear("\x03"
                   "ab"sv,
                   true, step) == Error::malformed); // or not
        CHECK(hear("\x03"
                   "abcd"sv,
                   true, step) == Error::malformed); // more than was said
        CHECK(hear("\x00"sv, true, step) == Error::malformed);
        CHECK(hear("\x83\x00"sv, false, step) == Error::malformed); // longer than it has to be
        CHECK(hear("\xFF\xFF\x7F"sv, false, step) == Error::too_large);
        CHECK(hear("\xFF\xFF\xFF\x01"sv, false, step) == Error::too_large);
    }
    CHECK(hear(""sv) == Error::malformed);
    QuicBulk bulk;
    CHECK(!bulk.take(3, bytes_of("x"), false)); // no such stream
    CHECK(!bulk.settle(3, 1));
    CHECK(bulk.has_left());
}

TEST_CASE("whoever is not heard of any more is lost in time, also while hands are shaken") {
    QuicOptions quic;
    quic.idle_max = milliseconds(800);
    ConnectionOptions hasty = on_loopback();
    hasty.dial_max = hasty.silence_max = milliseconds(700);
    Far far(quic, hasty, hasty);
    far.meet();
    // While nothing is said it stays up.
    const Instant quiet_until = now() + milliseconds(1200);
    REQUIRE(far.until([&] { return now() > quiet_until; }));
    CHECK(far.server.transport.connections() == 1);
    CHECK(far.client.losses.empty());
    far.relay->to_client = far.relay->to_server = false;
    REQUIRE(far.until([&] { return !far.server.losses.empty() && !far.client.losses.empty(); }));
    CHECK(far.server.losses[0].second == Error::timed_out);
    CHECK(far.client.losses[0].second == Error::timed_out);
    CHECK(far.client.transport.counters().timed_out == 1);
    // Nobody answers.
    CHECK(far.client.transport.send(far.to, {}, bytes_of("anybody?")) == Sent::sent);
    REQUIRE(far.until([&] { return far.client.losses.size() == 2; }));
    CHECK(far.client.losses[1].second == Error::timed_out);
    // A guest that shakes hands and then says nothing.
    Foreigner silent(far.server.transport.local_address());
    REQUIRE(connected::until([&] { return far.server.transport.connections() == 1; }, silent, far.server));
    REQUIRE(connected::until([&] { return far.server.transport.connections() == 0; }, silent, far.server));
    CHECK(far.server.losses.size() == 1); // nobody had heard of it
}

TEST_CASE("who says what is no frame is told to go, and nobody else notices") {
    Harness harness;
    Pair pair(harness);
    const ConnectionAddress guest = pair.meet();
    std::size_t malformed = 0;
    for (const char* noise : {"\x01", "\xFF\xFF\xFF\xFF", "\x80", "\xFF\xFF\x7F"}) {
        Foreigner foreigner(pair.server.transport.local_address());
        std::string said = std::string("\x02hi") + (noise[0] == '\x01' ? std::string("\0", 1) : noise);
        if (said.size() == 4 && said[3] == '\x80') said += '\0'; // longer than it has to be
        REQUIRE(foreigner.connection.out.append(bytes_of(said), {}));
        REQUIRE(until([&] { return foreigner.connection.over; }, foreigner, pair.server));
        CHECK(foreigner.connection.gone);
        CHECK(foreigner.connection.error == Error::closed);
        CHECK(pair.server.transport.counters().malformed == ++malformed);
        CHECK(pair.server.heard.back().second == "hi");
        REQUIRE(until([&] { return pair.server.losses.size() == malformed; }, pair.server));
    }
    CHECK(pair.server.transport.send(guest, {}, bytes_of("calm")) == Sent::sent);
    REQUIRE(until([&] { return !pair.client.heard.empty(); }, pair.client, pair.server));
    CHECK(pair.client.losses.empty());
}

TEST_CASE("datagrams that are damaged, cut or made up disturb nobody, and no answer is larger than they") {
    Far far;
    const ConnectionAddress guest = far.meet();
    Udp noisy(UdpOptions{.bind = IpAddress::loopback(0)});
    REQUIRE(noisy.open(0));
    Random random(11);
    std::size_t said = 0, heard = 0;
    const IpAddress server = far.relay->server;
    for (int i = 0; i < 600; ++i) {
        // What the client says, with a bit turned over, cut, or nothing of the kind.
        CHECK(far.client.transport.send(far.to, {}, bytes_of("x")) == Sent::sent);
        std::string text = far.relay->last_up;
        if (i % 3 == 0) text = pattern(1 + random.next() % 1500, static_cast<unsigned>(i));
        if (i % 7 == 0) text.resize(1200, 'y');
        if (i % 5 == 0) text.resize(1 + random.next() % text.size());
        text[random.next() % text.size()] ^= static_cast<char>(1 << random.next() % 8);
        if (i % 9 == 0) text[0] = static_cast<char>(0xC0 | random.next()); // a long head
        if (i % 18 == 0 && text.size() > 5) text[1] = 0, text[2] = 0, text[3] = 0, text[4] = 1;
        said += text.size();
        CHECK(noisy.send(server, {}, bytes_of(text)) == Sent::sent);
        noisy.flush();
        if (i % 10 == 0) {
            far.client.turn();
            far.relay->turn();
            far.server.turn();
            far.relay->turn();
        }
        noisy.poll([&](const IpAddress&, Lane, BytesIn answer) { heard += answer.size(); });
    }
    REQUIRE(far.until([&] { return far.server.heard.size() == 601; }));
    noisy.poll([&](const IpAddress&, Lane, BytesIn answer) { heard += answer.size(); });
    CHECK(heard < said);
    CHECK(far.server.transport.counters().door.dropped > 0);
    CHECK(far.server.transport.counters().door.reset > 0);
    CHECK(far.server.transport.counters().door.other_versions > 0);
    CHECK(far.server.transport.connections() == 1);
    CHECK(far.server.transport.send(guest, {}, bytes_of("calm")) == Sent::sent);
    REQUIRE(far.until([&] { return !far.client.heard.empty(); }));
    CHECK(far.server.losses.empty());
    CHECK(far.client.losses.empty());
}

TEST_CASE("who did not hear that it is over is told when it speaks again") {
    Far far;
    const ConnectionAddress guest = far.meet();
    far.relay->to_client = false;
    far.server.transport.hang_up(guest);
    REQUIRE(far.until([&] { return far.server.transport.connections() == 0; }));
    far.server.turn(); // its goodbye may only now leave,
    far.relay->turn(); // and is lost
    CHECK(far.client.losses.empty());
    far.relay->to_client = true;
    CHECK(far.client.transport.send(far.to, {}, bytes_of("still there?")) == Sent::sent);
    REQUIRE(far.until([&] { return !far.client.losses.empty(); }));
    CHECK(far.client.losses[0].second == Error::closed);
    CHECK(far.server.transport.counters().door.reset > 0);
    CHECK(far.server.heard.size() == 1);
}

TEST_CASE("only so many shake hands at once") {
    QuicOptions few;
    few.handshakes_max = 2;
    Party<Quic> server(Quic(on_loopback(), few, good()));
    const auto at = server.transport.open(0);
    REQUIRE(at);
    std::vector<std::unique_ptr<Relay>> relays;
    std::vector<std::unique_ptr<Party<Quic>>> guests;
    const auto add = [&] {
        relays.push_back(std::make_unique<Relay>(*at));
        guests.push_back(std::make_unique<Party<Quic>>(Quic(on_loopback(), {}, trusting())));
        REQUIRE(guests.back()->transport.open_to_dial());
        const ConnectionAddress to = guests.back()->at(std::string(relays.back()->at.text().view()));
        CHECK(guests.back()->transport.send(to, {}, bytes_of("hello")) == Sent::sent);
    };
    const auto all_turn = [&] {
        for (auto& guest : guests) guest->turn();
        for (auto& relay : relays) relay->turn();
    };
    for (int i = 0; i < 2; ++i) {
        add();
        // It hears the question and no more, and so never comes to an end.
        Relay& relay = *relays.back();
        REQUIRE(until(
            [&] {
                all_turn();
                if (relay.packets_up >= 2) relay.to_client = false;
                return server.transport.counters().accepted == static_cast<std::uint64_t>(i) + 1;
            },
            server));
    }
    add();
    REQUIRE(until([&] { return all_turn(), !guests[2]->losses.empty(); }, server));
    CHECK(guests[2]->losses[0].second == Error::refused);
    CHECK(server.transport.counters().turned_away == 1);
    CHECK(server.transport.connections() == 2);
    // When one is through, or is given up, there is room.
    for (auto& relay : relays) relay->to_client = true;
    REQUIRE(until([&] { return all_turn(), server.heard.size() == 2; }, server));
    add();
    REQUIRE(until([&] { return all_turn(), server.heard.size() == 3; }, server));
}

TEST_CASE("what is kept until it is acknowledged stays where it lies") {
    transport::detail::KeptQueue queue;
    std::string all;
    std::vector<const std::byte*> places;
    for (unsigned i = 0; i < 40; ++i) {
        const std::string head = pattern(3, i), rest = pattern(700 * i, i);
        REQUIRE(queue.append(bytes_of(head), bytes_of(rest)));
        all += head + rest;
    }
    CHECK(queue.size() == all.size());
    CHECK(queue.waiting() == all.size());
    const auto next = [&] {
        BytesIn first;
        queue.each_waiting([&](BytesIn piece) { return first = piece, false; });
        return first;
    };
    // Given in pieces, settled behind them.
    std::size_t given = 0, settled = 0;
    Random random(5);
    while (settled < all.size()) {
        BytesIn piece = next();
        if (!piece.empty()) {
            piece = piece.first(1 + random.next() % piece.size());
            CHECK((text_of(piece) == std::string_view(all).substr(given, piece.size())));
            queue.give(piece.size());
            given += piece.size();
        }
        CHECK(queue.in_flight() == given - settled);
        const std::size_t step = random.next() % (given - settled + 1);
        queue.settle(step);
        settled += step;
        CHECK(queue.size() == all.size() - settled);
    }
    CHECK(queue.empty());
    queue.settle(100); // what was never given is not taken away
    REQUIRE(queue.append(bytes_of("a"), bytes_of("b")));
    CHECK(queue.size() == 2);
    queue.settle(1);
    CHECK(queue.size() == 2);
}

static_assert(tenon::TransportPolicy<tenon::transport::Quic> && tenon::LendsBuffer<tenon::transport::Quic> &&
              tenon::WakesUp<tenon::transport::Quic> && tenon::Connected<tenon::transport::Quic>);
static_assert(tenon::CheckTransport<tenon::transport::Quic>::ok);
