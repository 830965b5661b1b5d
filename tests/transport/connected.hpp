#pragma once
// What every connected transport promises, tried with real sockets on loopback. A harness gives `Transport`,
// server(options) and client(options), closed both, and to(address), the text with which a client resolves an
// opened server; and says how a road tells that nobody is there (`nobody`), and, over TCP, whether
// who dials hears an answer (`answers`).

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/connections.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/stream_socket.hpp"

namespace connected {

using namespace tenon;
using transport::ConnectionAddress;
using transport::ConnectionOptions;
using transport::IpAddress;
using transport::detail::Moving;
using transport::detail::StreamSocket;

// What the harnesses over TCP have in common: the system says that nobody is there, and takes all at once.
struct OverTcp {
    static constexpr Error nobody = Error::refused;
    static constexpr std::uint64_t calls_most = 20;
};

inline ConnectionOptions on_loopback() { return {.bind = IpAddress::loopback(0)}; }

inline std::string pattern(std::size_t size, unsigned salt) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(salt * 31 + i * 7 + i / 251);
    return text;
}

// Somebody with a transport, who notes what it hears.
template <class T>
struct Party {
    T transport;
    std::vector<std::pair<ConnectionAddress, std::string>> heard;
    std::vector<std::pair<ConnectionAddress, std::string>> beside; // datagrams
    std::vector<std::pair<ConnectionAddress, std::string>> apart;  // in streams of their own
    std::vector<std::pair<ConnectionAddress, Error>> losses;
    bool echoes = false;

    explicit Party(T&& t) : transport(std::move(t)) {}

    struct Ear {
        Party& party;
        void operator()(const ConnectionAddress& from, Lane lane, BytesIn bytes) {
            if (T::traits.datagrams && lane == datagram_lane)
                return void(party.beside.emplace_back(from, std::string(text_of(bytes))));
            if (T::traits.bulk && lane == bulk_lane)
                return void(party.apart.emplace_back(from, std::string(text_of(bytes))));
            CHECK(lane == Lane{});
            party.heard.emplace_back(from, std::string(text_of(bytes)));
            if (party.echoes) CHECK(party.transport.send(from, {}, bytes) == Sent::sent);
        }
        void lost(const ConnectionAddress& of) { party.losses.emplace_back(of, party.transport.loss()); }
    };
    void turn(Duration patience = {}) {
        if (patience != Duration{})
            transport.wait(now() + patience);
        else
            transport.flush();
        transport.poll(Ear{*this});
        transport.flush();
    }
    ConnectionAddress at(const std::string& text) {
        const auto to = transport.resolve(text);
        REQUIRE(to);
        return *to;
    }
};

// Lets all have turns until it holds; no test asks for how long that took.
template <class F, class... Parties>
bool until(F&& holds, Parties&... parties) {
    const Instant end = now() + seconds(8);
    for (int turns = 0; now() < end; ++turns) {
        if (holds()) return true;
        (parties.turn(turns < 3 ? Duration{} : microseconds(500)), ...);
    }
    return holds();
}

template <class Harness>
struct Pair {
    using T = typename Harness::Transport;
    Party<T> server, client;
    ConnectionAddress to;

    explicit Pair(Harness& harness, ConnectionOptions for_server = on_loopback(),
                  ConnectionOptions for_client = on_loopback())
        : server(harness.server(for_server)), client(harness.client(for_client)) {
        const auto at = server.transport.open(0);
        REQUIRE(at);
        REQUIRE(client.transport.open_to_dial());
        to = client.at(harness.to(*at));
    }
    // The server has heard from the client, and knows it by this address.
    ConnectionAddress meet() {
        const std::size_t before = server.heard.size();
        REQUIRE(client.transport.send(to, {}, bytes_of("hello")) == Sent::sent);
        REQUIRE(until([&] { return server.heard.size() > before; }, client, server));
        CHECK(server.heard.back().second == "hello");
        return server.heard.back().first;
    }
};

// A stranger who speaks no protocol.
struct Stranger {
    StreamSocket socket;
    std::string said;
    bool ended = false;

    explicit Stranger(std::uint16_t port) { REQUIRE(!socket.dial(IpAddress::loopback(port), {})); }

    // Nothing is promised of how much the system takes; the tests say little.
    std::size_t say(std::string_view text) {
        const auto moved = socket.write(bytes_of(text));
        return moved.how == Moving::moved ? moved.bytes : 0;
    }
    void turn(Duration = {}) {
        std::byte bytes[4096];
        for (;;) {
            const auto moved = socket.read(bytes);
            if (moved.how == Moving::later) return;
            if (moved.how != Moving::moved) {
                ended = true;
                return;
            }
            said += text_of(BytesIn(bytes, moved.bytes));
        }
    }
};

template <class Harness>
void opening(Harness& harness) {
    using T = typename Harness::Transport;
    static_assert(CheckTransport<T>::ok && Connected<T> && LendsBuffer<T>);
    static_assert(WakesUp<T> || requires { Harness::threaded; });
    T a = harness.server(on_loopback()), b = harness.server(on_loopback());
    CHECK(a.send({}, {}, bytes_of("x")) == Sent::closed);
    CHECK(a.prepare({}, {}, 10).empty());
    CHECK(a.commit(10) == Sent::closed);
    a.flush();
    a.poll([](const ConnectionAddress&, Lane, BytesIn) { FAIL("a closed transport heard something"); });
    a.wait(Instant{});
    a.hang_up({});
    CHECK(a.backlog({}) == 0);
    a.close();
    const auto at = a.open(0);
    REQUIRE(at);
    CHECK(at->port != 0);
    CHECK(a.local_address() == *at);
    CHECK(a.open(0).error() == Error::already_open);
    CHECK(b.open(at->port).error() == Error::port_in_use);
    CHECK(b.system_error());
    T moved = std::move(a);
    CHECK(!a.is_open());
    CHECK(moved.is_open());
    moved.close();
    CHECK(moved.send(*at, {}, bytes_of("x")) == Sent::closed);
    REQUIRE(b.open(at->port));
    T only_dials = harness.client(on_loopback());
    CHECK(only_dials.entropy() != only_dials.entropy());
    const auto silent = only_dials.open_to_dial();
    REQUIRE(silent);
    CHECK(silent->port == 0);
    CHECK(only_dials.send({}, {}, bytes_of("to nobody")) == Sent::closed);
}

template <class Harness>
void exchanging(Harness& harness) {
    Pair pair(harness);
    std::vector<std::string> said;
    for (unsigned i = 0; i < 200; ++i) {
        said.push_back(pattern(i < 100 ? (i % 10 == 9 ? 3 : 1200) : i * 5 + 1, i));
        CHECK(pair.client.transport.send(pair.to, {}, bytes_of(said.back())) == Sent::sent);
    }
    pair.server.echoes = true;
    REQUIRE(until([&] { return pair.client.heard.size() >= said.size(); }, pair.client, pair.server));
    REQUIRE(pair.server.heard.size() == said.size());
    REQUIRE(pair.client.heard.size() == said.size());
    const ConnectionAddress guest = pair.server.heard[0].first;
    CHECK(guest.serial != 0);
    for (std::size_t i = 0; i < said.size(); ++i) {
        CHECK((pair.server.heard[i].second == said[i]));
        CHECK((pair.client.heard[i].second == said[i]));
        CHECK(pair.server.heard[i].first == guest);
        CHECK(pair.client.heard[i].first == pair.to);
    }
    CHECK(pair.client.transport.connections() == 1);
    CHECK(pair.server.transport.connections() == 1);
    REQUIRE(until([&] { return pair.server.transport.backlog(guest) == 0; }, pair.server));
    // One write carried many frames.
    CHECK(pair.client.transport.counters().calls_out < Harness::calls_most);
    CHECK(pair.client.transport.counters().frames_out == said.size());
    CHECK(pair.server.transport.counters().frames_in == said.size());
}

template <class Harness>
void sizes(Harness& harness) {
    ConnectionOptions roomy = on_loopback();
    roomy.backlog_max = 512 << 10; // all that is echoed fits, however slowly its road begins
    Pair pair(harness, roomy);
    auto& from = pair.client.transport;
    constexpr std::size_t most = Harness::Transport::traits.datagram_bytes;
    CHECK(from.send(pair.to, {}, bytes_of(pattern(most + 1, 1))) == Sent::too_big);
    CHECK(from.send(pair.to, {}, {}) == Sent::too_big);
    CHECK(from.prepare(pair.to, {}, most + 1).empty());
    pair.server.echoes = true;
    std::vector<std::string> said;
    for (const std::size_t size :
         {most, std::size_t(1), std::size_t(125), std::size_t(126), std::size_t(127), std::size_t(128),
          std::size_t(16383), std::size_t(16384), std::size_t(65535), std::size_t(65536), most}) {
        said.push_back(pattern(size, static_cast<unsigned>(size)));
        BytesOut room;
        const bool ready = until(
            [&] {
                room = from.prepare(pair.to, {}, most);
                return !room.empty();
            },
            pair.client, pair.server);
        REQUIRE(ready);
        REQUIRE(room.size() == most);
        CHECK(from.commit(0) == Sent::sent); // given back
        room = from.prepare(pair.to, {}, most);
        copy(room.data(), bytes_of(said.back()));
        CHECK(from.commit(size) == Sent::sent);
    }
    REQUIRE(until([&] { return pair.client.heard.size() >= said.size(); }, pair.client, pair.server));
    for (std::size_t i = 0; i < said.size(); ++i) {
        CHECK((pair.server.heard[i].second == said[i]));
        CHECK((pair.client.heard[i].second == said[i]));
    }
}

// Sanitized, where each handshake takes ten times as long, fewer are as good at finding what they look for.
constexpr int rounds([[maybe_unused]] int sanitized, [[maybe_unused]] int otherwise) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return sanitized;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return sanitized;
#else
    return otherwise;
#endif
#else
    return otherwise;
#endif
}

// Many who come, are heard and go, some by hanging up, some by closing, some because they are told to.
template <class Harness>
void coming_and_going(Harness& harness, int turns, std::size_t together = 50) {
    using T = typename Harness::Transport;
    Party<T> server(harness.server(on_loopback()));
    const auto at = server.transport.open(0);
    REQUIRE(at);
    std::size_t lost = 0;
    for (int round = 0; round < turns; ++round) {
        std::vector<std::unique_ptr<Party<T>>> guests;
        server.heard.clear();
        server.losses.clear();
        for (std::size_t i = 0; i < together; ++i) {
            guests.push_back(std::make_unique<Party<T>>(harness.client(on_loopback())));
            REQUIRE(guests.back()->transport.open_to_dial());
            const ConnectionAddress to = guests.back()->at(harness.to(*at));
            CHECK(guests.back()->transport.send(to, {}, bytes_of("guest")) == Sent::sent);
        }
        const auto all_turn = [&] {
            for (auto& guest : guests) guest->turn();
        };
        REQUIRE(until([&] { return all_turn(), server.heard.size() == together; }, server));
        std::map<std::string, int> distinct;
        for (const auto& [from, text] : server.heard) ++distinct[std::string(from.text().view())];
        CHECK(distinct.size() == together);
        if (round % 3 == 0) {
            for (const auto& [from, text] : server.heard) server.transport.hang_up(from);
            REQUIRE(until(
                [&] {
                    all_turn();
                    std::size_t told = 0;
                    for (auto& guest : guests) told += guest->losses.size();
                    return told == together && server.transport.connections() == 0;
                },
                server));
            CHECK(server.losses.empty()); // its own doing
            continue;
        }
        for (auto& guest : guests) {
            const ConnectionAddress to = guest->at(harness.to(*at));
            if (round % 3 == 1)
                guest->transport.hang_up(to);
            else
                guest->transport.close();
        }
        REQUIRE(until(
            [&] {
                all_turn();
                return server.losses.size() >= together && server.transport.connections() == 0;
            },
            server));
        CHECK(server.losses.size() == together);
        lost += together;
        for (auto& guest : guests) CHECK(guest->losses.empty());
    }
    CHECK(server.transport.counters().accepted == together * static_cast<std::size_t>(turns));
    CHECK(server.transport.counters().lost == lost);
    CHECK(server.transport.counters().malformed == 0);
}

// Those who connect and say nothing are closed in time; those who speak are not.
template <class Harness>
void half_open(Harness& harness) {
    ConnectionOptions options = on_loopback();
    options.silence_max = milliseconds(150);
    Pair pair(harness, options);
    const ConnectionAddress guest = pair.meet();
    const auto port = pair.server.transport.local_address().port;
    Stranger silent(port), begins(port);
    REQUIRE(until([&] { return pair.server.transport.connections() == 3; }, pair.server));
    begins.say("G"); // as if something were to come
    REQUIRE(until([&] { return silent.ended && begins.ended; }, pair.server, silent, begins));
    CHECK(pair.server.transport.counters().timed_out == 2);
    CHECK(pair.server.losses.empty()); // nobody had heard of them
    CHECK(pair.server.transport.connections() == 1);
    CHECK(pair.server.transport.send(guest, {}, bytes_of("still here")) == Sent::sent);
    REQUIRE(until([&] { return !pair.client.heard.empty(); }, pair.client, pair.server));
    // And a host that accepts without ever answering is given up by who dials.
    StreamSocket mute;
    REQUIRE(!mute.listen(IpAddress::loopback(0), true, false, 4));
    ConnectionOptions hasty = on_loopback();
    hasty.dial_max = milliseconds(100);
    Party<typename Harness::Transport> caller(harness.client(hasty));
    REQUIRE(caller.transport.open_to_dial());
    if (!Harness::answers) return; // a road on which whoever accepts has answered
    const ConnectionAddress nobody = caller.at(harness.to(mute.local_address()));
    CHECK(caller.transport.send(nobody, {}, bytes_of("hello?")) == Sent::sent);
    CHECK(caller.transport.backlog(nobody) != 0);
    REQUIRE(until([&] { return !caller.losses.empty(); }, caller));
    CHECK(caller.losses[0].first == nobody);
    CHECK(caller.losses[0].second == Error::timed_out);
}

// One who does not read blocks himself alone, and holds no more than was agreed.
template <class Harness>
void slow_reader(Harness& harness) {
    Pair pair(harness);
    Party<typename Harness::Transport> other(harness.client(on_loopback()));
    REQUIRE(other.transport.open_to_dial());
    const ConnectionAddress slow = pair.meet();
    const ConnectionAddress to = other.at(harness.to(pair.server.transport.local_address()));
    REQUIRE(other.transport.send(to, {}, bytes_of("quick")) == Sent::sent);
    REQUIRE(until([&] { return pair.server.heard.size() == 2; }, other, pair.server));
    const ConnectionAddress quick = pair.server.heard[1].first;
    CHECK(quick != slow);
    std::size_t taken = 0;
    const std::string frame = pattern(1200, 3);
    Sent last = Sent::sent;
    for (int i = 0; i < 20000 && last == Sent::sent; ++i) {
        last = pair.server.transport.send(slow, {}, bytes_of(frame));
        if (last == Sent::sent) ++taken;
        if (i % 50 == 0) pair.server.turn();
    }
    CHECK(last == Sent::would_block);
    CHECK(pair.server.transport.prepare(slow, {}, 1200).empty());
    CHECK(pair.server.transport.backlog(slow) <= (256u << 10));
    CHECK(pair.server.transport.backlog(slow) > (200u << 10));
    CHECK(pair.server.transport.counters().blocked > 0);
    // Nobody else is held up.
    CHECK(pair.server.transport.send(quick, {}, bytes_of("for you")) == Sent::sent);
    REQUIRE(until([&] { return !other.heard.empty(); }, other, pair.server));
    REQUIRE(until([&] { return pair.server.transport.backlog(quick) == 0; }, pair.server));
    // Everything that was taken arrives, each once and in order, when he reads again.
    REQUIRE(until([&] { return pair.client.heard.size() >= taken; }, pair.client, pair.server));
    CHECK(pair.client.heard.size() == taken);
    for (const auto& [from, text] : pair.client.heard) CHECK((text == frame));
    CHECK(pair.server.transport.send(slow, {}, bytes_of("again")) == Sent::sent);
    CHECK(pair.server.losses.empty());
}

// What was taken before hanging up still arrives, all of it.
template <class Harness>
void hanging_up(Harness& harness) {
    Pair pair(harness);
    const ConnectionAddress guest = pair.meet();
    std::size_t taken = 0;
    while (taken < 100 && pair.server.transport.send(guest, {}, bytes_of(pattern(2000, 9))) == Sent::sent)
        ++taken;
    CHECK(taken == 100);
    pair.server.transport.hang_up(guest);
    CHECK(pair.server.transport.send(guest, {}, bytes_of("too late")) == Sent::closed);
    CHECK(pair.server.transport.backlog(guest) == 0);
    REQUIRE(until([&] { return !pair.client.losses.empty(); }, pair.client, pair.server));
    CHECK(pair.client.heard.size() == taken);
    CHECK(pair.client.losses.size() == 1);
    CHECK(pair.client.losses[0].first == pair.to);
    CHECK(pair.client.losses[0].second == Error::closed);
    CHECK(pair.server.losses.empty());
    // Who dials again is another peer.
    const ConnectionAddress second = pair.meet();
    CHECK(second != guest);
    CHECK(pair.server.transport.send(guest, {}, bytes_of("to a ghost")) == Sent::closed);
    CHECK(pair.server.transport.send(second, {}, bytes_of("welcome")) == Sent::sent);
}

template <class Harness>
void restart(Harness& harness) {
    Pair pair(harness);
    pair.meet();
    const auto port = pair.server.transport.local_address().port;
    pair.server.transport.close();
    REQUIRE(until([&] { return !pair.client.losses.empty(); }, pair.client));
    CHECK(pair.client.losses.size() == 1);
    // Nobody is there: each try is lost once.
    CHECK(pair.client.transport.send(pair.to, {}, bytes_of("anybody?")) == Sent::sent);
    REQUIRE(until([&] { return pair.client.losses.size() == 2; }, pair.client));
    CHECK(pair.client.losses[1].first == pair.to);
    CHECK(pair.client.losses[1].second == Harness::nobody);
    REQUIRE(pair.server.transport.open(port));
    pair.meet();
    CHECK(pair.client.losses.size() == 2);
    CHECK(pair.client.transport.counters().dialled == 3);
}

// Whoever says what is no frame goes, and nobody else notices.
template <class Harness>
void garbage(Harness& harness) {
    Pair pair(harness);
    const ConnectionAddress guest = pair.meet();
    const auto port = pair.server.transport.local_address().port;
    Random random(7);
    for (int i = 0; i < 60; ++i) {
        Stranger stranger(port);
        std::string noise(1 + random.next() % 4000, '\0');
        for (char& c : noise) c = static_cast<char>(random.next());
        noise[0] |= static_cast<char>(0x80);
        if (noise.size() > 2) noise[1] |= noise[2] |= static_cast<char>(0x80); // the longest of lengths
        REQUIRE(until([&] { return stranger.say(noise) != 0; }, pair.server));
        if (noise.size() > 4) REQUIRE(until([&] { return stranger.ended; }, pair.server, stranger));
    }
    CHECK(pair.server.transport.send(guest, {}, bytes_of("calm")) == Sent::sent);
    REQUIRE(until([&] { return !pair.client.heard.empty(); }, pair.client, pair.server));
    CHECK(pair.server.heard.size() == 1);
    CHECK(pair.server.losses.empty());
}

// Between two who meet stands one who passes on a byte at a time.
template <class Harness>
void drips(Harness& harness) {
    Pair pair(harness);
    StreamSocket door;
    REQUIRE(!door.listen(IpAddress::loopback(0), true, false, 4));
    const ConnectionAddress to = pair.client.at(harness.to(door.local_address()));
    REQUIRE(pair.client.transport.send(to, {}, bytes_of(pattern(300, 1))) == Sent::sent);
    REQUIRE(pair.client.transport.send(to, {}, bytes_of("end")) == Sent::sent);
    pair.client.turn();
    StreamSocket in, out;
    REQUIRE(until(
        [&] {
            IpAddress from;
            std::error_code code;
            in = door.accept(from, {}, code);
            return in.is_open();
        },
        pair.client));
    REQUIRE(!out.dial(IpAddress::loopback(pair.server.transport.local_address().port), {}));
    pair.server.echoes = true;
    const auto pass_one = [](const StreamSocket& from, const StreamSocket& into) {
        std::byte one[1];
        const auto moved = from.read(one);
        if (moved.how == Moving::moved) CHECK(into.write(one).bytes == 1);
    };
    REQUIRE(until(
        [&] {
            for (int i = 0; i < 8; ++i) {
                pass_one(in, out);
                pair.server.turn();
                pass_one(out, in);
                pair.client.turn();
            }
            return pair.client.heard.size() == 2;
        },
        pair.client, pair.server));
    CHECK(pair.client.heard[0].second == pattern(300, 1));
    CHECK(pair.client.heard[1].second == "end");
    CHECK(pair.server.heard.size() == 2);
}

template <class Harness>
void limits(Harness& harness) {
    using T = typename Harness::Transport;
    for (const bool of_one_address : {true, false}) {
        CAPTURE(of_one_address);
        ConnectionOptions options = on_loopback();
        (of_one_address ? options.per_address_max : options.connections_max) = 3;
        Party<T> server(harness.server(options));
        const auto at = server.transport.open(0);
        REQUIRE(at);
        std::vector<std::unique_ptr<Party<T>>> guests;
        const auto all_turn = [&] {
            for (auto& guest : guests) guest->turn();
        };
        const auto add = [&] {
            guests.push_back(std::make_unique<Party<T>>(harness.client(on_loopback())));
            REQUIRE(guests.back()->transport.open_to_dial());
            const ConnectionAddress to = guests.back()->at(harness.to(*at));
            CHECK(guests.back()->transport.send(to, {}, bytes_of("let me in")) == Sent::sent);
        };
        for (int i = 0; i < 3; ++i) add();
        REQUIRE(until([&] { return all_turn(), server.heard.size() == 3; }, server));
        add();
        REQUIRE(until([&] { return all_turn(), !guests[3]->losses.empty(); }, server));
        CHECK(server.transport.counters().turned_away == 1);
        CHECK(server.transport.connections() == 3);
        // A place that gets free is another's.
        guests[0]->transport.close();
        REQUIRE(until([&] { return server.transport.connections() == 2; }, server));
        add();
        REQUIRE(until([&] { return all_turn(), server.heard.size() == 4; }, server));
        CHECK(server.losses.size() == 1);
    }
}

// Handlers may close, hang up and open anew while they read.
template <class Harness>
void in_the_handler(Harness& harness) {
    Pair pair(harness);
    for (int i = 0; i < 3; ++i)
        CHECK(pair.client.transport.send(pair.to, {}, bytes_of("one of three")) == Sent::sent);
    auto& transport = pair.server.transport;
    int calls = 0;
    REQUIRE(until(
        [&] {
            transport.poll([&](const ConnectionAddress& from, Lane, BytesIn bytes) {
                ++calls;
                transport.hang_up(from);
                CHECK(text_of(bytes) == "one of three"); // still there
                CHECK(transport.send(from, {}, bytes) == Sent::closed);
            });
            return calls != 0;
        },
        pair.client));
    CHECK(calls == 1);
    pair.client.losses.clear();
    const auto port = transport.local_address().port;
    REQUIRE(until(
        [&] {
            pair.server.turn();
            return transport.connections() == 0 && !pair.client.losses.empty();
        },
        pair.client));
    CHECK(pair.client.transport.send(pair.to, {}, bytes_of("closing")) == Sent::sent);
    calls = 0;
    REQUIRE(until(
        [&] {
            transport.poll([&](const ConnectionAddress&, Lane, BytesIn bytes) {
                ++calls;
                transport.close(); // and the connection with it
                CHECK(text_of(bytes) == "closing");
                CHECK(transport.open(port));
                transport.poll([](const ConnectionAddress&, Lane, BytesIn) { FAIL("not from within"); });
            });
            transport.flush();
            return calls != 0;
        },
        pair.client));
    pair.client.losses.clear();
    REQUIRE(until([&] { return !pair.client.losses.empty(); }, pair.client, pair.server));
    pair.meet();
}

// A transport may move with all its connections, also such as are only being made.
template <class Harness>
void moving(Harness& harness) {
    using T = typename Harness::Transport;
    auto server = std::make_unique<Party<T>>(harness.server(on_loopback()));
    auto client = std::make_unique<Party<T>>(harness.client(on_loopback()));
    const auto at = server->transport.open(0);
    REQUIRE(at);
    REQUIRE(client->transport.open_to_dial());
    const ConnectionAddress to = client->at(harness.to(*at));
    const auto move = [](std::unique_ptr<Party<T>>& party) {
        party = std::make_unique<Party<T>>(std::move(party->transport));
    };
    for (int i = 0; i < 4; ++i) {
        CHECK(client->transport.send(to, {}, bytes_of("on the way")) == Sent::sent);
        client->turn();
        move(client);
        server->turn();
        move(server);
    }
    CHECK(client->transport.send(to, {}, bytes_of("there")) == Sent::sent);
    REQUIRE(until([&] { return !server->heard.empty() && server->heard.back().second == "there"; }, *client,
                  *server));
    const ConnectionAddress guest = server->heard.back().first;
    move(server);
    CHECK(server->transport.send(guest, {}, bytes_of("welcome")) == Sent::sent);
    REQUIRE(until([&] { return !client->heard.empty(); }, *client, *server));
    CHECK(client->heard[0].first == to);
}

// On any road;
template <class Harness>
void anywhere(Harness harness) {
    SUBCASE("moving") { moving(harness); }
    SUBCASE("opening") { opening(harness); }
    SUBCASE("exchanging") { exchanging(harness); }
    SUBCASE("sizes") { sizes(harness); }
    SUBCASE("a slow reader") { slow_reader(harness); }
    SUBCASE("hanging up") { hanging_up(harness); }
    SUBCASE("a server that starts again") { restart(harness); }
    SUBCASE("limits") { limits(harness); }
    SUBCASE("in the handler") { in_the_handler(harness); }
}
// and on those over TCP also what strangers do there.
template <class Harness>
void all(Harness harness) {
    anywhere(harness);
    SUBCASE("half-open peers") { half_open(harness); }
    SUBCASE("garbage") { garbage(harness); }
    SUBCASE("a byte at a time") { drips(harness); }
}

} // namespace connected
