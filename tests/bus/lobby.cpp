#include "tenon/bus/lobby.hpp"

#include <doctest/doctest.h>

#include <cstddef>

#include "tenon/bus/local.hpp"

using namespace tenon;
using namespace tenon::literals;

TEST_CASE("a lobby hears of all rooms of its game, and of no other's") {
    bus::Hub hub;
    bus::Lobby lobby(bus::Local(hub), "chess");
    bus::Local host(hub);
    std::byte bytes[bus::word_bytes_max];
    Instant now{1'000'000'000'000};
    for (const char* game : {"chess", "go"})
        for (const std::uint64_t instance : {7u, 8u}) {
            bus::Listing word;
            word.host = word.instance = instance;
            word.number = 1;
            word.players = 2;
            word.room = bus::Name(instance == 7 ? "one" : "two");
            const std::uint64_t id = stable_id(game);
            (void)host.publish(bus::room_subject(id, instance).view(),
                               BytesIn(bytes).first(write(bytes, word, id, 1)));
            (void)host.publish(bus::room_subject(id, instance).view(),
                               BytesIn(bytes).first(write(bytes, bus::Ask{5}, id)));
        }
    lobby.tick(now);
    CHECK(lobby.directory().room_count() == 2);
    CHECK(lobby.directory().best("two")->what.host == 8);
    CHECK(lobby.directory().refusals().total() == 0);
    lobby.tick(now + 10_s);
    CHECK(lobby.directory().room_count() == 0);
    CHECK_FALSE(bus::Lobby(bus::Local(), "chess").status());
}
