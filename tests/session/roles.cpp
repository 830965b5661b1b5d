// Games with roles in sessions and halls: what an honest guest's own side sees to, and what a dishonest one
// meets.
#include "tenon/schema/roles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "allocations.hpp"
#include "hostile.hpp"
#include "tenon/hall.hpp"
#include "tenon/room/world_room.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Cursor {
    std::uint32_t at = 0;
    void serialize(auto& ar) { ar(at); }
};
struct Edit : Cursor {};
struct Wipe : Cursor {};
struct Wave : Cursor {};
struct Pull : Cursor {};
template <class Table>
using StudioOf = Game<"studio", 1, State<Cursor>, Event<Edit, Ordered>, Event<Wipe, Reliable>, Event<Wave>,
                      Command<Pull>, Table>;
using Viewer = Role<"viewer", Cursor, Wave>;
using Editor = Role<"editor", Cursor, Wave, Edit, Pull>;
using Studio = StudioOf<Roles<Viewer, Editor, Role<"admin", Everything>>>;
template <class Game>
using NetOf = Session<Game, transport::Memory, codec::Bits, clock::Independent<>, topology::ClientServer,
                      reliability::AckVector>;
using Net = NetOf<Studio>;

struct Artist {
    unsigned asked_states = 0, asked_pulls = 0, pulls = 0, edits = 0, wipes = 0, waves = 0;
    std::string told;

    Cursor state() { return {++asked_states}; }
    Pull command() { return {{++asked_pulls}}; }
    void on(PeerId, const Pull&) { ++pulls; }
    void on(PeerId, const Edit&) { ++edits; }
    void on(PeerId, const Wipe&) { ++wipes; }
    void on(PeerId, const Wave&) { ++waves; }
    void on(const RoleChanged& changed) {
        told += std::to_string(changed.peer.value) + ":" + std::string(changed.previous) + ">" +
                std::string(changed.role) + " ";
    }
    void on(const Violation& violation) {
        // Piece by piece, so that nothing is put together elsewhere first, which may allocate.
        told += std::to_string(violation.peer.value);
        told += '!';
        told += violation.type_name;
        told += '/';
        told += std::to_string(violation.count);
        told += ' ';
    }
    void on(const PeerLeft& left) { told += "-" + std::string(name(left.reason)) + " "; }
    void on(const Closed& closed) {
        told += std::string(name(closed.reason)) + "/" + std::string(closed.text) + " ";
    }
    std::string take() { return std::exchange(told, {}); }
};

// A host, two guests, and, where one is wanted, somebody who says what it likes.
struct Atelier {
    transport::Exchange exchange{3};
    Instant now{1'000'000'000};
    Net nets[3];
    Artist artists[3];
    play::HostileIn<Studio> hostile{exchange, 4, "mallory"};

    explicit Atelier(std::uint16_t violations_max = 8)
        : nets{Net(options(1, violations_max), transport::Memory(exchange, 1)),
               Net(options(2), transport::Memory(exchange, 2)),
               Net(options(3), transport::Memory(exchange, 3))} {
        REQUIRE(nets[0].host(4000));
        REQUIRE(nets[1].join("host1:4000"));
        REQUIRE(nets[2].join("host1:4000"));
        run(200_ms);
    }
    static Options options(std::uint64_t seed, std::uint16_t violations_max = 8) {
        return {.room = "lobby", .violations_max = violations_max, .seed = seed};
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 4_ms) {
            for (int i = 0; i < 3; ++i) nets[i].tick(now, artists[i]);
            hostile.step(now);
            exchange.deliver_all();
        }
    }
    std::string roles(std::size_t of) {
        std::string all;
        for (const PeerId peer : nets[of].roster()) all += std::string(nets[of].role_of(peer)) + " ";
        return all;
    }
};

} // namespace

TEST_CASE("an honest guest is stopped by its own side, and nothing leaves") {
    Atelier room;
    Net& guest = room.nets[1];
    for (std::size_t i = 0; i < 3; ++i) CHECK(room.roles(i) == "admin viewer viewer ");
    CHECK((guest.may<Cursor>() && guest.may<Wave>() && !guest.may<Edit>() && !guest.may<Pull>()));
    CHECK((room.nets[0].may<Edit>() && room.nets[0].may<Wipe>()));
    CHECK(guest.send(PeerId::host(), Edit{}).error() == Error::forbidden);
    CHECK(guest.send(PeerId{2}, Wipe{}).error() == Error::forbidden);
    CHECK(guest.broadcast(Edit{}).error() == Error::forbidden);
    CHECK(guest.broadcast(Wave{}));
    CHECK(room.nets[0].broadcast(Wipe{}));
    room.run(1_s);
    for (int i = 0; i < 3; ++i) CHECK(room.artists[i].edits == 0);
    CHECK(room.artists[0].waves == 1);
    CHECK(room.artists[2].waves == 1);
    CHECK(room.artists[2].wipes == 1);
    // Its state is asked for and seen, and its commands are not asked for.
    CHECK(room.artists[1].asked_states > 10);
    CHECK(room.nets[2].latest<Cursor>(guest.self())->at > 10);
    CHECK(room.artists[1].asked_pulls == 0);
    CHECK(room.artists[0].asked_pulls > 30);
    CHECK(room.nets[0].health().violations == 0);
    CHECK(room.artists[0].take().empty());
}

TEST_CASE("the authority gives roles while all play, and everybody hears of it") {
    Atelier room;
    Net& guest = room.nets[1];
    CHECK(room.nets[0].set_role(guest.self(), "editor"));
    CHECK(room.nets[0].set_role(guest.self(), "editor")); // once is enough
    room.run(100_ms);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(room.roles(i) == "admin editor viewer ");
        CHECK(room.artists[i].take() == "1:viewer>editor ");
    }
    const unsigned before = room.artists[0].pulls;
    CHECK(guest.broadcast(Edit{}));
    CHECK(guest.broadcast(Wipe{}).error() == Error::forbidden);
    room.run(500_ms);
    CHECK(room.artists[0].edits == 1);
    CHECK(room.artists[2].edits == 1);
    CHECK(room.artists[0].pulls > before + 20);

    CHECK(room.nets[0].set_role(guest.self(), "viewer"));
    CHECK(guest.broadcast(Edit{})); // it has not heard yet: this is dropped, and nothing is held against it
    room.run(100_ms);
    const unsigned pulls = room.artists[0].pulls - room.artists[0].asked_pulls;
    room.run(1_s);
    CHECK(room.artists[0].pulls - room.artists[0].asked_pulls == pulls);
    CHECK(room.artists[0].edits == 1);
    CHECK(room.artists[2].edits == 1);
    CHECK(room.nets[0].health().violations == 0);
    CHECK(room.nets[0].health().pardoned >= 1);
    CHECK(room.nets[0].health(guest.self())->pardoned == room.nets[0].health().pardoned);
    CHECK(room.artists[2].take() == "1:editor>viewer ");
}

TEST_CASE("the door gives a newcomer its role, before anybody hears of it") {
    struct Keeper : Artist {
        Net* net = nullptr;
        using Artist::on;
        Admission admit(const Caller& caller) {
            Admission answer;
            answer.role = caller.name == "ed" ? "editor" : caller.name == "lost" ? "owner" : "";
            return answer;
        }
        void on(const PeerJoined& who) { told += "+" + std::string(net->role_of(who.peer)) + " "; }
    };
    transport::Exchange exchange{3};
    Instant now{1'000'000'000};
    const auto options = [](std::string_view name, std::uint64_t seed) {
        return Options{.room = "lobby", .name = name, .seed = seed};
    };
    Net host(options("ann", 1), transport::Memory(exchange, 1)),
        guest(options("bob", 2), transport::Memory(exchange, 2)),
        ed(options("ed", 3), transport::Memory(exchange, 3)),
        lost(options("lost", 4), transport::Memory(exchange, 4));
    Keeper keeper, listener, editor, nobody;
    keeper.net = &host, listener.net = &guest, editor.net = &ed, nobody.net = &lost;
    const auto run = [&](Duration time) {
        for (const Instant end = now + time; now < end; now += 4_ms) {
            host.tick(now, keeper), guest.tick(now, listener), ed.tick(now, editor), lost.tick(now, nobody);
            exchange.deliver_all();
        }
    };
    REQUIRE(host.host(4000));
    REQUIRE(guest.join("host1:4000"));
    run(200_ms);
    REQUIRE(ed.join("host1:4000"));
    run(200_ms);
    CHECK(keeper.take() == "+viewer +editor ");
    CHECK(listener.take() == "+admin +editor ");
    CHECK(editor.take() == "+admin +viewer 2:viewer>editor "); // it took itself for the first
    CHECK(ed.broadcast(Edit{}));
    run(1_s);
    CHECK(keeper.edits == 1);
    CHECK(listener.edits == 1);
    // A role that there isn't opens nothing.
    REQUIRE(lost.join("host1:4000"));
    run(200_ms);
    CHECK(nobody.take() == "unknown_role/ ");
    CHECK(host.roster().size() == 3);
}

TEST_CASE("roles that can't be given have an error each") {
    Atelier room;
    Net alone({.room = "lobby", .seed = 8}, transport::Memory(room.exchange, 9));
    CHECK(alone.set_role(PeerId{1}, "editor").error() == Error::not_connected);
    CHECK(alone.role_of(PeerId{1}).empty());
    CHECK(alone.broadcast(Edit{}).error() == Error::not_connected);
    CHECK(room.nets[0].set_role(PeerId{1}, "owner").error() == Error::unknown_role);
    CHECK(room.nets[0].set_role(PeerId{1}, "").error() == Error::unknown_role);
    CHECK(room.nets[0].set_role(PeerId{7}, "editor").error() == Error::unknown_peer);
    CHECK(room.nets[1].set_role(PeerId{1}, "admin").error() == Error::not_authority);
    CHECK(room.nets[0].role_of(PeerId{7}).empty());
    for (const Error error : {Error::forbidden, Error::unknown_role}) CHECK(sentence(error).size() > 30);
}

TEST_CASE("who forges what its role forbids is not read, told of, counted, and sent away") {
    Atelier room;
    REQUIRE(room.hostile.join(room.now, "host1:4000"));
    room.run(200_ms);
    const PeerId mallory{3};
    REQUIRE(room.nets[0].role_of(mallory) == "viewer");
    // Nothing that could be decoded: it is not looked at.
    const auto say = [&](MessageType type, Delivery delivery) {
        CHECK(room.hostile.say(type, delivery, bytes_of("\xff\xff\xff\xff\xff")));
        room.run(20_ms);
    };
    const std::uint64_t refused = room.nets[0].health().refused;
    for (int i = 0; i < 3; ++i) say(Studio::type_of<Edit>, Delivery::ordered);
    say(Studio::type_of<Wipe>, Delivery::best_effort); // as what it is not
    CHECK(room.hostile.room().host_seat()->link.push_command(Studio::type_of<Pull>, bytes_of("x")));
    CHECK(room.hostile.room().push_relay(PeerId::none(),
                                         {Studio::type_of<Edit>, Delivery::ordered, bytes_of("x"), {}, 0}));
    CHECK(room.hostile.room().push_relay(PeerId{2},
                                         {Studio::type_of<Wipe>, Delivery::reliable, bytes_of("x"), {}, 0}));
    room.run(50_ms);
    CHECK(room.nets[0].health().refused == refused);
    CHECK(room.nets[0].health().violations == 7);
    CHECK(room.nets[0].health(mallory)->violations == 7);
    CHECK(room.artists[0].take() == "3!Edit/1 ");
    room.run(2_s);
    say(Studio::type_of<Edit>, Delivery::ordered);
    CHECK(room.artists[0].take() == "3!Edit/8 -forbidden ");
    CHECK(room.artists[1].take() == "-forbidden ");
    CHECK(room.nets[0].roster().size() == 3);
    for (const Artist& artist : room.artists) CHECK(artist.edits + artist.wipes == 0);
    CHECK(room.nets[1].status() == Status::joined);
}

TEST_CASE("a flood of what is forbidden is told of once a second, and allocates nothing") {
    Atelier room(0);
    REQUIRE(room.hostile.join(room.now, "host1:4000"));
    room.run(200_ms);
    REQUIRE(room.nets[0].set_role(PeerId{2}, "editor"));
    Net& host = room.nets[0];
    room.run(1_s);
    const auto play = [&](int turns) {
        for (int i = 0; i < turns; ++i) {
            (void)room.nets[1].broadcast(Edit{}); // refused here
            (void)room.nets[1].broadcast(Wave{});
            (void)room.nets[2].broadcast(Edit{});
            (void)host.role_of(PeerId{2});
            for (int each = 0; each < 4; ++each)
                CHECK(room.hostile.say(Studio::type_of<Edit>, Delivery::ordered, bytes_of("x")));
            room.run(16_ms);
        }
    };
    play(300);
    const unsigned edits = room.artists[1].edits;
    room.artists[0].told = std::string();
    room.artists[0].told.reserve(1000);
    const allocations::Count count;
    play(300);
    CHECK(count.calls() == 0);
    CHECK(room.artists[1].edits - edits > 290);
    CHECK(host.health(PeerId{3})->violations == host.health().violations);
    CHECK(host.health().violations > 2350);
    const std::string told = room.artists[0].take();
    CHECK(std::count(told.begin(), told.end(), '!') >= 4); // in 4.8 seconds
    CHECK(std::count(told.begin(), told.end(), '!') <= 5);
}

TEST_CASE("peers with another table are refused at the door, and told what differs") {
    Atelier room;
    const auto refused = [&](auto& net) {
        Artist artist;
        REQUIRE(net.join("host1:4000"));
        for (int i = 0; i < 50; ++i, room.run(4_ms)) net.tick(room.now, artist);
        return artist.told;
    };
    NetOf<StudioOf<Roles<Viewer, Role<"editor", Everything>>>> other({.room = "lobby", .seed = 8},
                                                                     transport::Memory(room.exchange, 8));
    CHECK(refused(other) == "schema_mismatch/another number of types, or other Roles ");
    NetOf<Game<"studio", 1, State<Cursor>, Event<Edit, Ordered>, Event<Wipe, Reliable>, Event<Wave>,
               Command<Pull>>>
        none({.room = "lobby", .seed = 9}, transport::Memory(room.exchange, 9));
    CHECK(refused(none) == "schema_mismatch/another number of types, or other Roles ");
}

TEST_CASE("the rooms of a hall have roles too") {
    struct Match : Artist {
        void on(const PeerJoined& who) { newest = who.peer; }
        using Artist::on;
        PeerId newest{};
    };
    transport::Exchange exchange{5};
    Hall<Plays<Net, Match>> hall({}, transport::Memory(exchange, 1));
    REQUIRE(hall.open(4000));
    const auto key = hall.host<Net>({.room = "lobby"});
    REQUIRE(key);
    Net guest({.room = "lobby", .seed = 4}, transport::Memory(exchange, 2));
    Artist artist;
    REQUIRE(guest.join("host1:4000"));
    Instant now{1'000'000'000};
    const auto run = [&](Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) {
            hall.tick(now);
            guest.tick(now, artist);
            exchange.deliver_all();
        }
    };
    run(200_ms);
    REQUIRE(guest.status() == Status::joined);
    CHECK(guest.broadcast(Edit{}).error() == Error::forbidden);
    auto& room = *hall.room<Net>(*key);
    CHECK(room.role_of(guest.self()) == "viewer");
    CHECK((room.may<Wipe>() && room.set_role(hall.handlers<Net>(*key)->newest, "admin")));
    run(100_ms);
    CHECK(guest.role_of(guest.self()) == "admin");
    CHECK(artist.take() == "1:viewer>admin ");
    CHECK(hall.handlers<Net>(*key)->take() == "1:viewer>admin ");
    CHECK(guest.broadcast(Edit{}));
    CHECK(guest.broadcast(Wipe{}));
    run(100_ms);
    CHECK(hall.handlers<Net>(*key)->edits == 1);
    CHECK(hall.handlers<Net>(*key)->wipes == 1);
}

namespace {

struct Ball {
    float x = 0;
    void serialize(auto& ar) { ar(quantized(x, -100.0f, 100.0f, 0.01f)); }
};
using Pitch =
    Game<"pitch", 1, Component<Ball>, Event<Wave>, Roles<Role<"fan", Wave>, Role<"player", Wave, Ball>>>;
using PitchNet = NetOf<Pitch>;
struct Kicker {
    unsigned asked = 0, violations = 0;
    std::string claims{};
    bool grants(PeerId, EntityId) { return ++asked, true; }
    void on(const Claimed& claim) { claims += claim.granted ? "yes " : "no "; }
    void on(const Violation&) { ++violations; }
};

} // namespace

TEST_CASE("who may own entities is said by a Component in its role") {
    transport::Exchange exchange{5};
    PitchNet host({.room = "lobby", .seed = 1}, transport::Memory(exchange, 1)),
        guest({.room = "lobby", .seed = 2}, transport::Memory(exchange, 2));
    play::HostileIn<Pitch> hostile(exchange, 3, "mallory");
    Kicker keeper, kicker;
    Instant now{1'000'000'000};
    const auto run = [&](Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) {
            host.tick(now, keeper);
            guest.tick(now, kicker);
            hostile.step(now);
            exchange.deliver_all();
        }
    };
    REQUIRE(host.host(4000));
    REQUIRE(guest.join("host1:4000"));
    REQUIRE(hostile.join(now, "host1:4000"));
    const EntityId ball = host.world()->spawn(PeerId::host());
    REQUIRE(ball);
    host.world()->set(ball, Ball{1});
    run(1_s);
    REQUIRE(guest.authoritative<Ball>(ball)); // everybody sees
    CHECK_FALSE(guest.may<Ball>());
    CHECK(guest.claim(ball).error() == Error::forbidden);
    std::byte word[ClaimWord::bytes];
    CHECK(hostile.say(Pitch::type_of<Ball>, Delivery::ordered, ClaimWord{ball, true}.write(word)));
    run(100_ms);
    CHECK(keeper.asked == 0);
    CHECK(keeper.violations == 1);
    CHECK(host.owner(ball) == PeerId::host());

    REQUIRE(host.set_role(guest.self(), "player"));
    run(100_ms);
    CHECK(guest.claim(ball));
    run(200_ms);
    CHECK(keeper.asked == 1);
    CHECK(host.owner(ball) == guest.self());
    CHECK(kicker.claims == "yes ");
    // Who may claim no more may still give back.
    REQUIRE(host.set_role(guest.self(), "fan"));
    run(100_ms);
    CHECK(host.owner(ball) == guest.self());
    CHECK(guest.release(ball));
    run(200_ms);
    CHECK(host.owner(ball) == PeerId::host());
    CHECK(host.health().violations == 1);
}
