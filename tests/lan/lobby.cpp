#include "tenon/lan/lobby.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tenon/core/siphash.hpp"
#include "tenon/lan/sign.hpp"
#include "tenon/schema/game.hpp"
#include "tenon/sim/network.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::Memory;
using transport::MemoryAddress;

namespace {

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"talk", 1, Event<Word, Ordered>>;
using Newer = Game<"talk", 2, Event<Word, Ordered>>;
using Other = Game<"draughts", 1, Event<Word, Ordered>>;
constexpr std::uint64_t game = stable_id("talk");

// Hosts 1 to 9 in one home, 11 to 19 in the next.
struct Street {
    transport::Exchange exchange{1};
    sim::Network network{exchange, 1};
    Instant now{1'000'000'000};
    lan::Lobby<Talk, Memory> lobby{Memory(exchange, 1)};

    explicit Street(double loss = 0) {
        sim::Path path;
        path.latency = 1_ms;
        path.loss = loss;
        network.set_path(path);
        network.add_lan({1, 2, 3, 4, 5, 6, 7, 8, 9});
        network.add_lan({11, 12, 13});
        REQUIRE(lobby.open());
    }
    template <class Turn>
    void run(Duration time, Turn&& turn) {
        for (const Instant end = now + time; now < end; now += 50_ms) {
            lobby.tick(now);
            network.collect(now);
            network.deliver(now + 10_ms, [](const MemoryAddress&) {});
            turn();
            network.collect(now + 10_ms);
            network.deliver(now + 20_ms, [](const MemoryAddress&) {});
        }
    }
    std::string rooms() const {
        std::string all;
        for (const auto& room : lobby) all += std::string(room.what.room.view()) + " ";
        return all;
    }
};
template <class G = Talk>
struct Host {
    lan::Sign<G, Memory> sign;
    lan::Notice notice;
    Host(Street& street, std::uint32_t host, const lan::Notice& said)
        : sign(Memory(street.exchange, host)), notice(said) {
        REQUIRE(sign.open());
    }
    void operator()(Instant now) { sign.tick(now, notice); }
};

// A list that has asked, and knows with which number.
struct Asker {
    lan::Rooms<MemoryAddress> rooms;
    std::uint64_t number = 0;
    Instant now{1'000'000'000};

    explicit Asker(const lan::LobbyOptions& options = {}) : rooms(game, 1, 9, Random(4), options) { ask(); }
    void ask() {
        std::array<std::byte, lan::question_bytes> question;
        REQUIRE(rooms.ask(now, question) != 0);
        number = *lan::read_question(question, game);
    }
    Result<> tell(const MemoryAddress& from, std::uint64_t instance, std::uint16_t port = 4000,
                  std::uint64_t with = 0) {
        lan::Listing listing;
        listing.instance = instance;
        listing.port = port;
        listing.version = 1;
        listing.schema = 9;
        std::array<std::byte, lan::question_bytes> bytes;
        const std::size_t size = lan::write_answer(bytes, with != 0 ? with : number, listing, game);
        return rooms.hear(now, from, BytesIn(bytes).first(size));
    }
};

} // namespace

TEST_CASE("rooms of the same network are found, with all that is told of them, and of no other game") {
    Street street;
    Host<> den(street, 2, {.room = "den", .text = "Ann's", .port = 4000, .players = 2, .places = 8});
    Host<> attic(street, 3, {.room = "attic", .port = 4001, .players = 1, .places = 4});
    Host<Newer> cellar(street, 4, {.room = "cellar", .port = 4002});
    Host<Other> board(street, 5, {.room = "board", .port = 4003});
    Host<> next_door(street, 11, {.room = "next door", .port = 4000});
    Host<> closed(street, 6, {.room = "closed"});
    const auto turn = [&] {
        den(street.now), attic(street.now), cellar(street.now), board(street.now);
        next_door(street.now), closed(street.now);
    };
    street.run(500_ms, turn);
    REQUIRE(street.lobby.size() == 3);
    const auto& first = *street.lobby.begin();
    CHECK(first.what.room.view() == "den");
    CHECK(first.what.text.view() == "Ann's");
    CHECK(first.what.players == 2);
    CHECK(first.what.places == 8);
    CHECK(first.address == MemoryAddress{2, 4000});
    CHECK(first.fits);
    CHECK(street.rooms() == "den attic cellar ");
    for (const auto& room : street.lobby) CHECK(room.fits == (room.what.version == 1));

    // What changes is seen with the next answer, and who is gone is forgotten.
    den.notice.players = 3;
    attic.notice.port = 0;
    street.run(1500_ms, turn);
    CHECK(first.what.players == 3);
    CHECK(street.lobby.size() == 3);
    street.run(4500_ms, turn);
    CHECK(street.rooms() == "den cellar ");
    CHECK(next_door.sign.figures().answered == 0);
    CHECK(board.sign.figures().refused > 0);
}

TEST_CASE("a fifth of everything is lost, and a room that is there stays on the list") {
    Street street(0.2);
    Host<> den(street, 2, {.room = "den", .port = 4000});
    street.run(3_s, [&] { den(street.now); });
    CHECK(street.rooms() == "den ");
    unsigned seen = 0;
    for (int i = 0; i < 60; ++i) {
        street.run(1_s, [&] { den(street.now); });
        seen += street.lobby.size() == 1 ? 1 : 0;
    }
    CHECK(seen > 50); // four questions or answers in a row are lost now and then
}

TEST_CASE("what is heard is never more than what was asked with, for each host that answers") {
    Street street;
    std::vector<std::unique_ptr<Host<>>> hosts;
    for (std::uint32_t i = 2; i < 9; ++i)
        hosts.push_back(std::make_unique<Host<>>(
            street, i,
            lan::Notice{.room = "................................................................",
                        .text = "................................................................",
                        .port = 4000}));
    street.run(10_s, [&] {
        for (auto& host : hosts) (*host)(street.now);
    });
    CHECK(street.lobby.size() == 7);
    for (std::uint32_t i = 2; i < 9; ++i) {
        const auto asked = street.network.counters(1, i), told = street.network.counters(i, 1);
        CHECK(asked.sent >= 10);
        CHECK(asked.sent <= 16);
        CHECK(told.sent <= asked.sent);
        CHECK(told.bytes_sent < asked.bytes_sent);
    }
}

TEST_CASE("only answers to a question of our own count, and the last few at that") {
    Asker asker;
    const std::uint64_t first = asker.number;
    CHECK(asker.tell({2, 9}, 1, 4000, first ^ 1).error() == Error::forged);
    CHECK(asker.rooms.size() == 0);
    CHECK(asker.tell({2, 9}, 1));
    for (int i = 0; i < 4; ++i) asker.now += 1_s, asker.ask();
    CHECK(asker.tell({2, 9}, 1, 4000, first).error() == Error::forged);
    CHECK(asker.tell({2, 9}, 1));
    CHECK(asker.rooms.figures().refused == 2);
}

TEST_CASE("a list is bounded, by one who makes up rooms and by many") {
    Asker asker;
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        const Result<> taken = asker.tell({2, 9}, i);
        CHECK(bool(taken) == (i <= 8));
    }
    CHECK(asker.tell({3, 9}, 5000)); // others have their places
    for (std::uint32_t i = 0; i < 1000; ++i) (void)asker.tell({100 + i, 9}, 10'000 + i);
    CHECK(asker.rooms.size() == 64);
    CHECK(asker.rooms.figures().left_out > 1900);
    asker.now += 5_s;
    asker.rooms.turn(asker.now);
    CHECK(asker.rooms.size() == 0);
}

TEST_CASE("nobody takes the place of a room that is there, and its address is where it is heard from") {
    Asker asker;
    CHECK(asker.tell({2, 700}, 1, 4000));
    CHECK(asker.rooms[0].address == MemoryAddress{2, 4000});
    asker.now += 1_s;
    asker.ask();
    CHECK(asker.tell({66, 700}, 1, 4000)); // says to be the same, from elsewhere
    CHECK(asker.rooms[0].address == MemoryAddress{2, 4000});
    CHECK(asker.rooms.size() == 1);
    CHECK(asker.tell({2, 700}, 1, 4001)); // itself, at another port
    CHECK(asker.rooms[0].address == MemoryAddress{2, 4001});
}

TEST_CASE("a lobby asks quickly at first, and says when it is due") {
    Asker asker;
    std::array<std::byte, lan::question_bytes> question;
    unsigned asked = 1;
    for (const Instant end = asker.now + 10_s; asker.now < end; asker.now += 10_ms)
        if (asker.rooms.next() <= asker.now) asked += asker.rooms.ask(asker.now, question) != 0 ? 1 : 0;
    CHECK(asked >= 12);
    CHECK(asked <= 14);
    CHECK(asker.rooms.figures().asked == asked);
}
