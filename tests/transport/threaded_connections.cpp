// Connections with a thread of their own: the contract of all connected transports, and what is Threaded's.
#include "tenon/transport/threaded_connections.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "connected_thread.hpp"
#include "tenon/transport/datagram_ring.hpp"
#include "tenon/transport/tcp.hpp"

using namespace tenon;
using namespace connected;
using transport::Tcp;
using transport::detail::ended_lane;
using transport::detail::lost_lane;
using transport::detail::report_lane;

namespace {

struct TcpHarness : OverTcp {
    using Transport = Tcp;
    static constexpr bool answers = false;
    Tcp server(const ConnectionOptions& options) { return Tcp(options); }
    Tcp client(const ConnectionOptions& options) { return Tcp(options); }
    std::string to(const IpAddress& at) { return std::string(IpAddress::loopback(at.port).text().view()); }
};
using Harness = OnItsThread<TcpHarness>;

// A transport with connections that takes what it is told to.
struct Pliant {
    using Address = ConnectionAddress;
    Sent answer = Sent::sent, answer_to_datagrams = Sent::sent;
    std::size_t waits = 0, room = 1100;
    BulkWay way{true, true, 0, 0};
    std::vector<std::string> said;

    Sent send(const Address&, Lane lane, BytesIn frame) {
        const Sent sent = lane == datagram_lane ? answer_to_datagrams : answer;
        if (sent == Sent::sent) said.emplace_back(text_of(frame));
        return sent;
    }
    void hang_up(const Address&) { said.emplace_back("(hung up)"); }
    std::size_t backlog(const Address&) const { return waits; }
    std::size_t datagram_room(const Address&) const { return room; }
    BulkWay bulk_way(const Address&) const { return way; }
};
using Views = transport::detail::ThreadedViews<ConnectionAddress>;
using Wires = transport::detail::ThreadedWires<Pliant>;
using Datagrams = transport::DatagramRing<ConnectionAddress>;

// Both sides in one thread, so that each step is seen.
struct Sides {
    Pliant inner;
    Datagrams out{1 << 16, 4096}, in{1 << 16, 4096};
    Views game{1};
    Wires thread{2};
    ConnectionAddress host{IpAddress::loopback(4000)}, guest{IpAddress::loopback(4001), 7};
    std::size_t gone = 0, losses = 0;
    std::vector<std::string> heard;

    Sent say(const ConnectionAddress& to, std::string_view text, Lane lane = {}) {
        const Sent ready = game.look(to, lane, text.size(), 1000);
        if (ready != Sent::sent || !game.say(out)) return ready;
        copy(out.room(text.size()), bytes_of(text));
        REQUIRE(game.add(to, lane, text.size()));
        out.add(to, lane, text.size());
        return ready;
    }
    void arrives(const ConnectionAddress& from, std::string_view text) {
        thread.hear(from);
        copy(in.room(text.size()), bytes_of(text));
        in.add(from, {}, text.size());
    }
    void breaks(const ConnectionAddress& of) {
        thread.lose(of);
        *in.room(1) = static_cast<std::byte>(Error::closed);
        in.add(of, lost_lane, 1);
    }
    void turn_of_thread() {
        game.say(out);
        out.publish();
        out.take([&](const ConnectionAddress& to, Lane lane, BytesIn frame) {
            gone += !thread.pass(inner, to, lane, frame);
            return true;
        });
        thread.tell_ended(in);
        thread.settle(inner, in);
        in.publish();
    }
    void turn_of_game() {
        in.take([&](const ConnectionAddress& from, Lane lane, BytesIn frame) {
            if (lane == report_lane)
                game.take_report(from, frame);
            else if (lane == ended_lane)
                game.end(from);
            else if (lane == lost_lane)
                losses += game.lose(from);
            else if (game.hears(from))
                heard.emplace_back(text_of(frame));
            return true;
        });
    }
    void turn() {
        turn_of_thread();
        turn_of_game();
    }
};

} // namespace

TEST_CASE("what is on its way to the thread counts as waiting, until the thread has told what became of it") {
    Sides sides;
    CHECK(sides.say(sides.host, std::string(800, 'a')) == Sent::sent);
    CHECK(sides.game.backlog(sides.host) == 800);
    CHECK(sides.say(sides.host, std::string(300, 'b')) == Sent::would_block);
    CHECK(sides.say({IpAddress::loopback(5000)}, std::string(300, 'c')) == Sent::sent); // it alone
    sides.inner.waits = 500;
    sides.turn();
    CHECK(sides.game.backlog(sides.host) == 500);
    CHECK(sides.say(sides.host, std::string(300, 'b')) == Sent::sent);
    CHECK(sides.game.backlog(sides.host) == 800);
    sides.inner.waits = 0;
    sides.turn();
    CHECK(sides.game.backlog(sides.host) == 0);
    // With nothing before it, a frame of any size goes.
    CHECK(sides.say(sides.host, std::string(3000, 'd')) == Sent::sent);
    CHECK(sides.say(sides.host, "e") == Sent::would_block);
}

TEST_CASE("what the transport does not take yet waits in its order, and holds up no other connection") {
    Sides sides;
    sides.inner.answer = Sent::would_block;
    CHECK(sides.say(sides.host, "one") == Sent::sent);
    CHECK(sides.say(sides.host, "two") == Sent::sent);
    sides.turn();
    CHECK(sides.inner.said.empty());
    CHECK(sides.game.backlog(sides.host) == 6);
    sides.inner.answer = Sent::sent;
    CHECK(sides.say(sides.host, "three") == Sent::sent);
    const ConnectionAddress other(IpAddress::loopback(5000));
    CHECK(sides.say(other, "meanwhile") == Sent::sent);
    sides.turn();
    CHECK(sides.inner.said == std::vector<std::string>{"meanwhile", "one", "two", "three"});
    CHECK(sides.game.backlog(sides.host) == 0);
    CHECK(sides.gone == 0);
}

TEST_CASE("who hangs up is heard of no more, and what was taken before goes first") {
    Sides sides;
    sides.arrives(sides.guest, "hello");
    sides.turn();
    CHECK(sides.heard == std::vector<std::string>{"hello"});
    sides.inner.answer = Sent::would_block;
    CHECK(sides.say(sides.guest, "bye") == Sent::sent);
    CHECK(sides.game.hang_up(sides.guest));
    CHECK_FALSE(sides.game.hang_up(sides.guest));
    CHECK(sides.say(sides.guest, "too late") == Sent::closed);
    CHECK(sides.game.backlog(sides.guest) == 0);
    sides.arrives(sides.guest, "not heard");
    sides.turn();
    CHECK(sides.inner.said.empty());
    sides.inner.answer = Sent::sent;
    sides.turn();
    CHECK(sides.inner.said == std::vector<std::string>{"bye", "(hung up)"});
    sides.turn();
    CHECK(sides.heard.size() == 1);
    CHECK(sides.say(sides.guest, "to a ghost") == Sent::closed);
}

TEST_CASE("who dials again after hanging up hears the new connection alone") {
    Sides sides;
    CHECK(sides.say(sides.host, "first") == Sent::sent);
    sides.turn();
    CHECK(sides.game.hang_up(sides.host));
    CHECK(sides.say(sides.host, "second") == Sent::sent);
    sides.arrives(sides.host, "of the first");
    sides.turn();
    CHECK(sides.inner.said == std::vector<std::string>{"first", "(hung up)", "second"});
    CHECK(sides.heard.empty());
    sides.arrives(sides.host, "of the second");
    sides.turn();
    CHECK(sides.heard == std::vector<std::string>{"of the second"});
    // What still waited for the first one is given up, rather than said to the second.
    sides.inner.answer = Sent::would_block;
    CHECK(sides.say(sides.host, "stuck") == Sent::sent);
    CHECK(sides.game.hang_up(sides.host));
    sides.turn();
    sides.inner.answer = Sent::sent;
    CHECK(sides.say(sides.host, "third") == Sent::sent);
    sides.turn();
    sides.turn();
    CHECK(sides.inner.said == std::vector<std::string>{"first", "(hung up)", "second", "(hung up)", "third"});
    sides.arrives(sides.host, "of the third");
    sides.turn();
    CHECK(sides.heard.back() == "of the third");
}

TEST_CASE("until the game has heard of a loss, nothing that it says goes to anybody else") {
    Sides sides;
    CHECK(sides.say(sides.host, "first") == Sent::sent);
    sides.turn();
    sides.breaks(sides.host);
    CHECK(sides.say(sides.host, "for the first") == Sent::sent);
    sides.turn_of_thread();
    CHECK(sides.inner.said == std::vector<std::string>{"first"});
    CHECK(sides.gone == 1);
    sides.turn_of_game();
    CHECK(sides.losses == 1);
    CHECK(sides.game.backlog(sides.host) == 0);
    CHECK(sides.say(sides.host, "second") == Sent::sent);
    sides.turn();
    CHECK(sides.inner.said == std::vector<std::string>{"first", "second"});
    // A loss and a hanging up that cross: nobody is told, and nobody is hung up twice.
    sides.breaks(sides.host);
    CHECK(sides.game.hang_up(sides.host));
    CHECK(sides.say(sides.host, "third") == Sent::sent);
    sides.turn();
    sides.turn();
    CHECK(sides.losses == 1);
    CHECK(sides.inner.said == std::vector<std::string>{"first", "second", "third"});
    sides.arrives(sides.host, "of the third");
    sides.turn();
    CHECK(sides.heard == std::vector<std::string>{"of the third"});
}

TEST_CASE(
    "room for datagrams and streams of their own is told, and one that was refused closes the way a while") {
    Sides sides;
    CHECK(sides.say(sides.host, "hello") == Sent::sent);
    CHECK(sides.say(sides.host, "a datagram", datagram_lane) == Sent::would_block); // nothing is known yet
    sides.turn();
    CHECK(sides.game.datagram_room(sides.host) == 1100);
    CHECK(sides.say(sides.host, "a datagram", datagram_lane) == Sent::sent);
    sides.inner.answer_to_datagrams = Sent::would_block;
    sides.turn();
    CHECK(sides.gone == 1);
    CHECK(sides.game.datagram_room(sides.host) == 0);
    sides.turn();
    CHECK(sides.game.datagram_room(sides.host) == 1100);
    CHECK(sides.game.bulk_way(sides.host) == BulkWay{true, true, 0, 0});
    CHECK(sides.say(sides.host, "large", bulk_lane) == Sent::sent);
    CHECK(sides.game.bulk_way(sides.host) == BulkWay{true, false, 5, 5}); // until the thread has taken it
    CHECK(sides.say(sides.host, "larger", bulk_lane) == Sent::would_block);
    sides.inner.way = {true, true, 2, 5};
    sides.turn();
    CHECK(sides.game.bulk_way(sides.host) == BulkWay{true, true, 2, 5});
    CHECK(sides.game.backlog(sides.host) == 0); // it is counted apart
}

TEST_CASE("a ring without room loses no word, and keeps their order") {
    Sides sides;
    CHECK(sides.say(sides.host, "hello") == Sent::sent);
    sides.turn();
    const std::string large(4000, 'x');
    while (sides.in.room(large.size()) != nullptr) sides.arrives(sides.guest, large);
    while (sides.in.room(0) != nullptr) sides.arrives(sides.guest, "");
    sides.in.publish();
    CHECK(sides.game.hang_up(sides.host));
    CHECK(sides.say(sides.host, "again") == Sent::sent);
    sides.turn_of_thread();
    CHECK(sides.thread.is_behind());
    sides.turn_of_game();
    sides.turn();
    CHECK_FALSE(sides.thread.is_behind());
    sides.arrives(sides.host, "of the second");
    sides.turn();
    CHECK(sides.heard.back() == "of the second");
    CHECK(sides.game.backlog(sides.host) == 0);
    // And the other way round.
    while (sides.out.room(large.size()) != nullptr) sides.out.add(sides.guest, {}, large.size());
    while (sides.out.room(0) != nullptr) sides.out.add(sides.guest, {}, 0);
    CHECK(sides.game.hang_up(sides.host));
    CHECK_FALSE(sides.game.say(sides.out));
    sides.inner.said.clear();
    sides.turn();
    sides.turn();
    CHECK(sides.inner.said.back() == "(hung up)");
}

TEST_CASE("Tcp with a thread of its own keeps the contract of connected transports") {
    connected::all(Harness{});
}
TEST_CASE("a thousand connections come and go on a thread of their own") {
    Harness harness;
    connected::coming_and_going(harness, connected::rounds(6, 34), 30);
}
