#include "tenon/session.hpp"

#include <doctest/doctest.h>

#include <string>

#include "hostile.hpp"
#include "parts.hpp"

using namespace play;
using play::Hall;

TEST_CASE("a host and two who join: everybody hears who is there, and only the authority hears inputs") {
    Hall hall;
    REQUIRE(hall.add("ann").net.host(4000));
    CHECK(hall.net(0).port() == 4000);
    REQUIRE(hall.add("bob").net.join("host1:4000"));
    CHECK(hall.net(1).status() == Status::joining);
    hall.run(100_ms);
    REQUIRE(hall.add("cyd").net.join("10.0.0.1:4000").error() == Error::none);
    hall.net(2).leave(); // that would be another host
    REQUIRE(hall.net(2).join("host1:4000"));
    hall.run(500_ms);
    CHECK(hall.player(0).notices == "0:joined 1:+bob 2:+cyd");
    CHECK(hall.player(1).notices == "1:joined 0:+ann 2:+cyd");
    CHECK(hall.player(2).notices == "2:joined 0:+ann 1:+bob");
    CHECK(hall.player(0).heard_steers > 60); // of all three, its own too
    CHECK(hall.player(1).heard_steers == 0);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(hall.net(i).self() == PeerId{static_cast<std::uint32_t>(i)});
        CHECK(hall.net(i).authority() == PeerId::host());
        CHECK(hall.net(i).roster().size() == 3);
        CHECK(hall.net(i).name_of(PeerId{1}) == "bob");
        CHECK(hall.net(i).health().peer_count == 2);
        std::string seen;
        for (const auto& [peer, ship] : hall.net(i).view<Ship>(hall.now)) seen += std::to_string(peer.value);
        CHECK(seen.size() == 3);
    }
    CHECK(hall.net(0).status() == Status::hosting);
    CHECK(hall.net(1).status() == Status::joined);
}

TEST_CASE("every kind of event goes every way: to the host, from it, to another, and to all") {
    Hall hall;
    hall.meet(2);
    const auto say = [&](std::size_t from, PeerId to) {
        Net& net = hall.net(from);
        if (to) {
            CHECK(net.send(to, Spark{1}));
            CHECK(net.send(to, Mark{2}));
            CHECK(net.send(to, Shot{3}));
            CHECK(net.send(to, Line{"four"}));
        } else {
            CHECK(net.broadcast(Spark{1}));
            CHECK(net.broadcast(Mark{2}));
            CHECK(net.broadcast(Shot{3}));
            CHECK(net.broadcast(Line{"four"}));
        }
        hall.run(50_ms);
    };
    const auto heard = [&](std::size_t i) {
        Player& player = hall.player(i);
        return Player::take(player.sparks) + "," + Player::take(player.marks) + "," +
               Player::take(player.shots) + "," + Player::take(player.lines);
    };
    const auto from = [](const char* peer) {
        const std::string p = peer;
        return p + ":1," + p + ":2," + p + ":3," + p + ":four";
    };
    say(1, PeerId::host());
    CHECK(heard(0) == from("1"));
    CHECK(heard(1) == ",,,");
    CHECK(heard(2) == ",,,");
    say(0, PeerId{2});
    CHECK(heard(2) == from("0"));
    CHECK(heard(1) == ",,,");
    say(1, PeerId{2});
    CHECK(heard(2) == from("1"));
    CHECK(heard(0) == ",,,");
    say(0, PeerId::none());
    CHECK(heard(0) == ",,,");
    CHECK(heard(1) == from("0"));
    CHECK(heard(2) == from("0"));
    say(2, PeerId::none());
    CHECK(heard(0) == from("2"));
    CHECK(heard(1) == from("2"));
    CHECK(heard(2) == ",,,");
}

TEST_CASE("large messages go whole, beside small ones, in their order") {
    Hall hall;
    hall.meet(2);
    for (int i = 0; i < 5; ++i) {
        CHECK(hall.net(1).send(PeerId{2}, Line{std::string(20'000, static_cast<char>('a' + i))}));
        CHECK(hall.net(1).send(PeerId{2}, Line{std::to_string(i)}));
    }
    hall.run(2_s);
    std::string expected;
    for (int i = 0; i < 5; ++i)
        expected += std::string(i == 0 ? "" : " ") + "1:" + std::string(20'000, static_cast<char>('a' + i)) +
                    " 1:" + std::to_string(i);
    CHECK((hall.player(2).lines == expected)); // too long to print
}

TEST_CASE("a view shows what moves a little late, and in between") {
    Hall hall;
    hall.meet(1);
    const Instant start = hall.now;
    for (int i = 0; i < 200; ++i) {
        hall.player(0).x = static_cast<float>((hall.now - start).seconds()); // one a second
        hall.step();
        hall.now += 5_ms;
    }
    float before = 0;
    for (int i = 0; i < 100; ++i) {
        hall.player(0).x = static_cast<float>((hall.now - start).seconds());
        hall.step();
        hall.now += 5_ms;
        float x = -1;
        for (const auto& [peer, ship] : hall.net(1).view<Ship>(hall.now))
            if (peer == PeerId::host()) x = ship.x;
        const float late = static_cast<float>((hall.now - start).seconds()) - x;
        CHECK(late > 0.090f);
        CHECK(late < 0.115f);
        CHECK(x > before); // every frame, though a snapshot comes only each tenth
        before = x;
    }
    CHECK(hall.net(1).latest<Ship>(PeerId::host())->x > before);
    CHECK(!hall.net(1).latest<Ship>(PeerId{7}));
    CHECK(hall.net(0).latest<Ship>(PeerId{1})->beat > 0);
}

TEST_CASE("a state that was touched goes at once, and rates can be changed") {
    Hall hall;
    hall.meet(1);
    hall.net(0).configure({.input_hz = 1, .snapshot_hz = 1});
    CHECK(hall.net(0).rates().snapshot_hz == 1);
    hall.run(2_s);
    const auto beat = [&] { return hall.net(1).latest<Ship>(PeerId::host())->beat; };
    const std::uint32_t before = beat();
    hall.run(20_ms);
    std::uint32_t then = beat();
    hall.net(0).touch();
    hall.run(10_ms);
    CHECK(beat() > then);
    CHECK(then - before <= 2); // its own inputs count as well
    then = beat();
    hall.run(1500_ms);
    CHECK(beat() - then <= 4);
}

TEST_CASE("what newest-wins streams carry is told apart by key, and never goes back") {
    Hall hall;
    hall.meet(1);
    for (std::uint32_t i = 0; i < 10; ++i)
        for (std::uint32_t key : {1u, 2u}) CHECK(hall.net(1).broadcast(Mark{key * 100 + i}, {.key = key}));
    hall.run(50_ms);
    CHECK(hall.player(0).marks == "1:109 1:209");
}

TEST_CASE("who leaves is heard to the end, and missed by name") {
    Hall hall;
    hall.meet(2);
    CHECK(hall.net(1).broadcast(Line{"goodbye"}));
    CHECK(hall.net(1).broadcast(Shot{9}));
    hall.net(1).leave();
    CHECK(hall.net(1).status() == Status::closed);
    CHECK(hall.net(1).broadcast(Line{"more"}).error() == Error::not_connected);
    hall.run(100_ms);
    for (std::size_t i : {0u, 2u}) {
        CHECK(hall.player(i).lines == "1:goodbye");
        CHECK(hall.player(i).shots == "1:9");
        CHECK(hall.player(i).notices == "1:-bob/left");
        CHECK(hall.net(i).roster().size() == 2);
        CHECK(!hall.net(i).latest<Ship>(PeerId{1})); // its ship has gone with it
    }
    CHECK(hall.player(1).notices.empty()); // its own doing
    CHECK(!hall.net(1).transport().is_open());
    CHECK(hall.net(1).next_deadline() == Instant::never());
    REQUIRE(hall.net(1).join("host1:4000"));
    hall.run(100_ms);
    CHECK(hall.net(1).self() == PeerId{3});
    CHECK(hall.player(1).notices == "3:joined 0:+ann 2:+cyd");
}

TEST_CASE("when the host leaves everybody is told, and its port is free again") {
    Hall hall;
    hall.meet(2);
    hall.net(0).leave();
    hall.run(100_ms);
    CHECK(hall.player(1).notices == " closed/left");
    CHECK(hall.player(2).notices == " closed/left");
    REQUIRE(hall.net(0).host(4000));
    REQUIRE(hall.net(2).join("host1:4000"));
    hall.run(100_ms);
    CHECK(hall.net(0).roster().size() == 2);
    CHECK(hall.net(2).status() == Status::joined);
}

TEST_CASE("who is kicked is told, and so are the others") {
    Hall hall;
    hall.meet(2);
    CHECK(hall.net(1).kick(PeerId{2}).error() == Error::unknown_peer);
    CHECK(hall.net(0).kick(PeerId{2}));
    hall.run(100_ms);
    CHECK(hall.player(2).notices == " closed/kicked");
    CHECK(hall.player(0).notices == "2:-cyd/kicked");
    CHECK(hall.player(1).notices == "2:-cyd/kicked");
}

TEST_CASE("a silent host is given up after the timeout") {
    Hall hall;
    hall.meet(1, {.timeout = 2_s, .away_for = {}});
    for (int i = 0; i < 500; ++i, hall.now += 5_ms) {
        hall.net(1).tick(hall.now, hall.player(1));
        hall.exchange.take_outgoing([](auto&&...) {});
    }
    CHECK(hall.player(1).notices == " closed/timed_out");
}

TEST_CASE("what is said too early, to nobody, or too much is refused with its reason") {
    Hall hall;
    hall.add("ann", {.message_bytes_max = 1000, .queue_bytes_max = 8000});
    Net& net = hall.net(0);
    CHECK(net.status() == Status::idle);
    CHECK(net.next_deadline() == Instant::never());
    CHECK(net.send(PeerId::host(), Spark{1}).error() == Error::not_connected);
    CHECK(net.broadcast(Spark{1}).error() == Error::not_connected);
    CHECK(net.kick(PeerId{1}).error() == Error::unknown_peer);
    REQUIRE(net.host(4000));
    CHECK(net.host(4000).error() == Error::already_open);
    CHECK(net.join("host1:4000").error() == Error::already_open);
    CHECK(net.send(PeerId{1}, Spark{1}).error() == Error::unknown_peer);
    CHECK(net.send(PeerId::host(), Spark{1}).error() == Error::unknown_peer); // itself
    CHECK(net.broadcast(Line{"to nobody yet"}));
    hall.add("bob", {.message_bytes_max = 1000, .queue_bytes_max = 8000});
    REQUIRE(hall.net(1).join("host1:4000"));
    CHECK(hall.net(1).join("host1:4000").error() == Error::already_open);
    CHECK(hall.net(1).send(PeerId::host(), Spark{1}).error() == Error::not_connected);
    hall.run(100_ms);
    for (std::size_t i : {0u, 1u}) {
        const PeerId other{static_cast<std::uint32_t>(1 - i)};
        CHECK(hall.net(i).send(other, Line{std::string(2000, 'x')}).error() == Error::too_large);
        CHECK(hall.net(i).broadcast(Line{std::string(2000, 'x')}).error() == Error::too_large);
        Error error = Error::none;
        for (int n = 0; n < 100 && error == Error::none; ++n)
            error = hall.net(i).send(other, Line{std::string(900, 'x')}).error();
        CHECK(error == Error::queue_full);
        CHECK(hall.net(i).health().queued_bytes > 6000);
        CHECK(hall.net(i).health().queued_bytes <= 8000);
    }
    hall.run(500_ms);
    CHECK(hall.net(1).health().queued_bytes == 0);
    CHECK(hall.net(1).send(PeerId::host(), Line{"again"}));
}

TEST_CASE("the host's limit is everybody's, and a guest who can't take as much says so") {
    Hall hall;
    hall.meet(1, {.message_bytes_max = 4000});
    hall.add("bob", {.message_bytes_max = 8000});
    REQUIRE(hall.net(2).join("host1:4000"));
    hall.run(200_ms);
    REQUIRE(hall.net(2).status() == Status::joined);
    CHECK(hall.net(2).send(PeerId::host(), Line{std::string(3900, 'x')}));
    CHECK(hall.net(2).send(PeerId::host(), Line{std::string(4100, 'x')}).error() == Error::too_large);

    hall.add("cyd", {.message_bytes_max = 3999});
    REQUIRE(hall.net(3).join("host1:4000"));
    hall.run(200_ms);
    CHECK(hall.net(3).status() == Status::closed);
    CHECK(hall.player(3).notices == " closed/too_large");
    CHECK(hall.net(0).roster().size() == 3);
}

TEST_CASE("an impatient host asks often enough to hear a quiet guest") {
    Hall hall;
    hall.meet(1, {.timeout = 600_ms});
    hall.add("cyd", {.timeout = 20_s});
    for (auto& guest : hall.guests) guest->player.flies = guest->player.steers = false;
    REQUIRE(hall.net(2).join("host1:4000"));
    hall.run(5_s);
    CHECK(hall.net(2).status() == Status::joined);
    CHECK(hall.net(0).roster().size() == 3);
}

TEST_CASE(
    "an address that can't be read, a host that is unknown, a port in use: named, and nothing is open") {
    Hall hall;
    hall.add("ann");
    Net& net = hall.net(0);
    for (const char* text : {"", "nonsense", "host1", "host1:0", "host1:99999", "1.2.3:4", "[::1]:1"}) {
        CAPTURE(text);
        CHECK(net.join(text).error() == Error::bad_address);
        CHECK(net.status() == Status::idle);
    }
    CHECK(net.join("nowhere:4000").error() == Error::unknown_host);
    transport::Memory other(hall.exchange, 1);
    REQUIRE(other.open(4000));
    CHECK(net.host(4000).error() == Error::port_in_use);
    CHECK(net.status() == Status::idle);
    CHECK(net.host(4001));
    CHECK(net.port() == 4001);
}

TEST_CASE("a full room and another room's name are told to who knocks") {
    Hall hall;
    hall.meet(1, {.peers_max = 1});
    REQUIRE(hall.add("cyd").net.join("host1:4000"));
    hall.run(100_ms);
    CHECK(hall.player(2).notices == " closed/room_full");
    Net stranger({.room = "cellar"}, transport::Memory(hall.exchange, 9));
    Player player;
    REQUIRE(stranger.join("host1:4000"));
    for (int i = 0; i < 20; ++i) {
        stranger.tick(hall.now, player);
        hall.run(5_ms);
    }
    CHECK(player.notices == " closed/wrong_room");
    CHECK(stranger.status() == Status::closed);
    CHECK(!stranger.transport().is_open());
}

TEST_CASE("a link keeps to the bytes a second that it is given, and sheds what has waited too long") {
    Hall hall;
    hall.meet(1, {.bandwidth = 20'000});
    hall.player(1).sparks.reserve(1 << 20);
    const auto flood = [&](Duration time) {
        const std::uint64_t before = hall.net(1).health().bytes_out;
        for (const Instant end = hall.now + time; hall.now < end; hall.now += 5_ms) {
            for (int i = 0; i < 50; ++i) (void)hall.net(1).broadcast(Spark{1}, {.ttl = 100_ms});
            hall.step();
        }
        return static_cast<double>(hall.net(1).health().bytes_out - before) / time.seconds();
    };
    flood(1_s);
    const double narrow = flood(5_s);
    CHECK(narrow > 15'000);
    CHECK(narrow < 22'000);
    CHECK(hall.net(1).health().expired > 100);
    hall.net(1).set_bandwidth(40'000);
    const double wider = flood(5_s);
    CHECK(wider > 30'000);
    CHECK(wider < 44'000);
}

TEST_CASE("health tells what went on, of all and of one") {
    Hall hall;
    hall.meet(2);
    hall.run(1_s);
    const Health all = hall.net(0).health();
    CHECK(all.status == Status::hosting);
    CHECK(all.peer_count == 2);
    CHECK(all.last_rx >= hall.now - 100_ms);
    CHECK(all.last_tx >= hall.now - 100_ms);
    CHECK(all.packets_in > 0);
    CHECK(all.bytes_out > 0);
    CHECK(all.rtt < 50_ms);
    CHECK(all.loss == 0);
    CHECK(all.refused == 0);
    const auto one = hall.net(0).health(PeerId{1}), two = hall.net(0).health(PeerId{2});
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->bytes_in + two->bytes_in == all.bytes_in);
    CHECK(hall.net(0).health(PeerId{3}).error() == Error::unknown_peer);
    CHECK(abs(hall.net(1).room_time(hall.now) - hall.now) < 10_ms);
}

TEST_CASE("handlers may leave, join and host in the middle of a tick") {
    struct Restless {
        Net* net = nullptr;
        int lines = 0, joined = 0, closed = 0;
        void on(PeerId, const Steer&) {}
        void on(PeerId, const Shot&) { net->leave(); }
        void on(PeerId, const Line&) {
            ++lines;
            net->leave();
            (void)net->join("host1:4000");
        }
        void on(const Joined&) { ++joined; }
        void on(const Closed&) {
            ++closed;
            (void)net->join("host1:4000");
        }
    };
    Hall hall;
    hall.meet(0);
    Net net({.room = "lobby", .name = "eve"}, transport::Memory(hall.exchange, 9));
    Restless restless{&net};
    REQUIRE(net.join("host1:4000"));
    const auto run = [&](int steps) {
        for (int i = 0; i < steps; ++i) {
            net.tick(hall.now, restless);
            hall.run(5_ms);
        }
    };
    run(50);
    REQUIRE(restless.joined == 1);
    for (int i = 0; i < 10; ++i) CHECK(hall.net(0).broadcast(Line{"move"}));
    run(100);
    CHECK(restless.lines == 1); // what came with it belongs to the room that was left
    CHECK(restless.joined == 2);
    CHECK(hall.player(0).notices == "0:joined 1:+eve 1:-eve/left 2:+eve"); // the goodbye still went
    CHECK(hall.net(0).roster().size() == 2);
    CHECK(hall.net(0).kick(net.self()));
    run(100);
    CHECK(restless.closed == 1);
    CHECK(restless.joined == 3);
    CHECK(hall.net(0).broadcast(Shot{1}));
    run(100);
    CHECK(net.status() == Status::closed);
}

TEST_CASE("a game is played as well by lambdas") {
    Hall hall;
    hall.meet(0);
    Net net({.room = "lobby"}, transport::Memory(hall.exchange, 9));
    std::string said;
    int joined = 0;
    const auto steer = [](PeerId, const Steer&) {};
    const auto shot = [](PeerId, const Shot&) {};
    const auto line = [&](PeerId, const Line& heard) { said += heard.text; };
    const auto notice = [&](const Joined&) { ++joined; };
    REQUIRE(net.join("host1:4000"));
    for (int i = 0; i < 50; ++i) {
        net.tick(hall.now, tenon::handlers{steer, shot, line, notice});
        if (i == 30) CHECK(hall.net(0).broadcast(Line{"hello"}));
        hall.run(5_ms);
    }
    CHECK(joined == 1);
    CHECK(said == "hello");
    CHECK(!hall.net(0).latest<Ship>(net.self())); // it provides nothing
}

namespace {

// What stands before a state on the wire, and the state.
std::string forged(PeerId owner, Instant at, float x) {
    std::byte bytes[64];
    const std::size_t head = StateHead::of(owner, at).write(bytes);
    const auto size = codec::Bits::encode(BytesOut(bytes).subspan(head), Ship{x, 9});
    REQUIRE(size);
    return std::string(text_of(BytesIn(bytes, head + *size)));
}
std::string relayed_to(PeerId to, MessageType type, std::string_view payload) {
    std::byte bytes[RelayHead::bytes_max];
    ByteWriter out{BytesOut(bytes)};
    RelayHead{to, type}.write_relay(out);
    return std::string(text_of(BytesIn(bytes, out.position()))) + std::string(payload);
}

} // namespace

TEST_CASE("nobody speaks for the state of another, neither to the host nor through it") {
    Hall hall;
    hall.meet(1);
    Hostile eve(hall.exchange, 9, "eve");
    REQUIRE(eve.join(hall.now, "host1:4000"));
    const auto run = [&] {
        for (int i = 0; i < 20; ++i) {
            eve.step(hall.now);
            hall.run(5_ms);
        }
    };
    run();
    REQUIRE(hall.net(0).roster().size() == 3);
    hall.player(0).flies = hall.player(1).flies = false;
    const Instant soon = hall.now + 1_s;
    const MessageType ship = Hostile::type<Ship>();
    for (const PeerId victim : {PeerId{0}, PeerId{1}}) {
        CHECK(eve.say(ship, Delivery::newest, bytes_of(forged(victim, soon, 666))));
        for (const PeerId to : {PeerId::none(), PeerId{0}, PeerId{1}})
            CHECK(eve.say(room_word::relay, Delivery::ordered,
                          bytes_of(relayed_to(to, ship, forged(victim, soon, 666)))));
        run();
        for (std::size_t i : {0u, 1u}) {
            const auto seen = hall.net(i).latest<Ship>(victim);
            CHECK((!seen || seen->x != 666));
        }
    }
    // Its own is believed, and passed on by the host.
    CHECK(eve.say(ship, Delivery::newest, bytes_of(forged(eve.room().self(), hall.now, 5))));
    run();
    for (std::size_t i : {0u, 1u}) CHECK(hall.net(i).latest<Ship>(eve.room().self())->x == 5);
    CHECK(hall.net(0).roster().size() == 3);
}

TEST_CASE("a message that its type doesn't allow is counted and not handed over") {
    Hall hall;
    hall.meet(1);
    Hostile eve(hall.exchange, 9, "eve");
    REQUIRE(eve.join(hall.now, "host1:4000"));
    const auto run = [&] {
        for (int i = 0; i < 20; ++i) {
            eve.step(hall.now);
            hall.run(5_ms);
        }
    };
    run();
    const std::uint64_t before = hall.net(0).health().refused;
    CHECK(eve.say(Hostile::type<Shot>(), Delivery::reliable, bytes_of("xy")));
    CHECK(eve.say(Hostile::type<Shot>(), Delivery::reliable, bytes_of("too long for it")));
    CHECK(eve.say(Hostile::type<Line>(), Delivery::ordered, bytes_of("\xFF\xFF\xFF\xFF\x7F")));
    CHECK(eve.say(Hostile::type<Mark>(), Delivery::newest, {}));
    CHECK(eve.say(Hostile::type<Ship>(), Delivery::newest, bytes_of("s")));
    // A command is none when it is said as an event.
    CHECK(eve.say(Hostile::type<Steer>(), Delivery::ordered, bytes_of("abcd")));
    hall.player(0).heard_steers = 0;
    hall.player(0).steers = false;
    run();
    CHECK(hall.net(0).health().refused == before + 5);
    CHECK(hall.player(0).shots.empty());
    CHECK(hall.player(0).lines.empty());
    CHECK(hall.player(0).marks.empty());
    CHECK(hall.net(0).roster().size() == 3);
    CHECK(hall.net(1).status() == Status::joined);
}

TEST_CASE("a guest whose path breaks is away to all, comes back as itself, and nothing reliable is missing") {
    Hall hall;
    hall.meet(2, {.timeout = 2_s, .away_for = 20_s});
    const auto run_cut = [&](Duration time) {
        for (const Instant end = hall.now + time; hall.now < end; hall.now += 5_ms) {
            for (auto& guest : hall.guests) guest->net.tick(hall.now, guest->player);
            hall.exchange.take_outgoing([&](const auto& from, const auto& to, Lane lane, BytesIn bytes) {
                if (from.host != 2 && to.host != 2) hall.exchange.deliver(to, from, lane, bytes);
            });
        }
    };
    const auto talk = [&](int i) {
        CHECK(hall.net(1).send(PeerId{2}, Line{"b" + std::to_string(i)}));
        CHECK(hall.net(2).broadcast(Line{"c" + std::to_string(i)}));
    };
    talk(1);
    hall.run(100_ms);
    run_cut(1_s);
    talk(2);
    run_cut(4_s);
    talk(3);
    run_cut(10_ms);
    CHECK(hall.player(0).notices == "1:~bob");
    CHECK(hall.player(2).notices == "1:~bob");
    CHECK(hall.player(1).notices == "0:~ann");
    CHECK(hall.net(0).health(PeerId{1})->level == Level::lost);
    CHECK(hall.net(1).health().level == Level::lost);
    CHECK(hall.net(2).health().level == Level::good);
    hall.run(300_ms);
    CHECK(hall.player(0).notices == "1:~bob 1:=bob");
    CHECK(hall.player(1).notices == "0:~ann 0:=ann");
    CHECK(hall.player(2).notices == "1:~bob 1:=bob");
    CHECK(hall.player(2).lines == "1:b1 1:b2 1:b3");
    CHECK(hall.player(1).lines == "2:c1 2:c2 2:c3");
    CHECK(hall.player(0).lines == "2:c1 2:c2 2:c3");
}

TEST_CASE("a guest may go on from another port in the middle of it all") {
    Hall hall;
    hall.meet(1);
    CHECK(hall.net(0).move().error() == Error::not_connected); // the host stays where it was found
    const std::uint16_t before = hall.net(1).port();
    for (int i = 0; i < 20; ++i) {
        CHECK(hall.net(1).send(PeerId::host(), Shot{static_cast<std::uint32_t>(i)}));
        CHECK(hall.net(0).send(PeerId{1}, Line{std::to_string(i)}));
        if (i % 5 == 2) REQUIRE(hall.net(1).move());
        hall.run(20_ms);
    }
    hall.run(300_ms);
    CHECK(hall.net(1).port() != before);
    CHECK(hall.net(1).self() == PeerId{1});
    CHECK(hall.player(0).notices.empty());
    CHECK(hall.player(1).notices.empty());
    std::string lines, shots;
    for (int i = 0; i < 20; ++i) {
        lines += (i == 0 ? "0:" : " 0:") + std::to_string(i);
        shots += (i == 0 ? "1:" : " 1:") + std::to_string(i);
    }
    CHECK(hall.player(1).lines == lines);
    CHECK(hall.player(0).shots == shots);
}
