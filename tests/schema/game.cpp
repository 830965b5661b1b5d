#include "tenon/schema/game.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>

namespace {

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Steer {
    float turn = 0;
    void serialize(auto& ar) { ar(turn); }
};
struct Fired {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Look {
    float turn = 0;
    void serialize(auto& ar) { ar(turn); }
};
struct Chat {
    int line = 0;
    void serialize(auto& ar) { ar(line); }
};

using namespace tenon;
using Arena = Game<"arena", 3, State<Ship>, Command<Steer>, Event<Fired, Reliable>, Event<Chat>>;
using Nothing = Game<"nothing", 1>;

} // namespace

TEST_CASE("a game knows its name, its version and its types in order") {
    static_assert(Arena::name == "arena");
    static_assert(Arena::version == 3);
    static_assert(Arena::type_count == 4);
    static_assert(std::is_same_v<Arena::entry<1>, Command<Steer>>);
    static_assert(std::is_same_v<Arena::type<2>, Fired>);
    static_assert(Arena::type_of<Ship>.value == MessageType::first_user);
    static_assert(Arena::type_of<Chat>.value == MessageType::first_user + 3);
    static_assert(Arena::has<Fired> && !Arena::has<int>);
    static_assert(Arena::has_state<Ship> && !Arena::has_state<Steer>);
    static_assert(Arena::has_command<Steer> && !Arena::has_command<Ship>);
    static_assert(Arena::has_event<Fired> && !Arena::has_event<Ship> && !Arena::has_event<int>);
    CHECK(Arena::type_name(0) == "Ship");
    CHECK(Arena::type_name(3) == "Chat");
    CHECK(Arena::count_of(EntryKind::event) == 2);
    CHECK(Arena::count_of(EntryKind::state) == 1);
}

TEST_CASE("each type has its kind and its delivery, by type and by place") {
    static_assert(Arena::kind_of<Steer>() == EntryKind::command);
    static_assert(Arena::delivery_of<Ship>() == Delivery::newest);
    static_assert(Arena::delivery_of<Fired>() == Delivery::reliable);
    static_assert(Arena::delivery_of<Chat>() == Delivery::best_effort);
    CHECK(Arena::kind_of(2) == EntryKind::event);
    CHECK(Arena::delivery_of(2) == Delivery::reliable);
}

TEST_CASE("a number on the wire is a place in the game or nothing") {
    for (std::size_t i = 0; i < Arena::type_count; ++i)
        CHECK(Arena::index_of_message(Arena::message_type(i)) == i);
    CHECK(Arena::index_of_message({0}) == Arena::type_count);
    CHECK(Arena::index_of_message({MessageType::first_user - 1}) == Arena::type_count);
    CHECK(Arena::index_of_message({MessageType::first_user + 4}) == Arena::type_count);
    CHECK(Arena::index_of_message({0xFFFF}) == Arena::type_count);
    CHECK(Nothing::index_of_message({MessageType::first_user}) == 0);
    CHECK(Nothing::type_count == 0);
}

TEST_CASE("a place known only at run time leads to its entry") {
    std::string seen;
    Arena::for_each([&](auto entry, auto index) {
        seen += std::to_string(index()) + std::string(stable_name<typename decltype(entry)::type>()) + " ";
    });
    CHECK(seen == "0Ship 1Steer 2Fired 3Chat ");
    std::string name;
    const auto keep = [&](auto entry) { name = stable_name<typename decltype(entry)::type>(); };
    CHECK(Arena::with(2, keep));
    CHECK(name == "Fired");
    name.clear();
    CHECK_FALSE(Arena::with(4, keep));
    CHECK_FALSE(Nothing::with(0, keep));
    CHECK(name.empty());
}

TEST_CASE("the schema's hash changes with whatever the two sides must agree on") {
    const std::set<std::uint64_t> hashes = {
        Arena::schema_hash(),
        Nothing::schema_hash(),
        Game<"arenas", 3, State<Ship>, Command<Steer>, Event<Fired, Reliable>, Event<Chat>>::schema_hash(),
        Game<"arena", 4, State<Ship>, Command<Steer>, Event<Fired, Reliable>, Event<Chat>>::schema_hash(),
        Game<"arena", 3, Command<Steer>, State<Ship>, Event<Fired, Reliable>, Event<Chat>>::schema_hash(),
        Game<"arena", 3, State<Ship>, Command<Steer>, Event<Fired, Ordered>, Event<Chat>>::schema_hash(),
        Game<"arena", 3, State<Ship>, Command<Steer>, Event<Fired, Reliable>>::schema_hash(),
    };
    CHECK(hashes.size() == 7);
    using Again = Game<"arena", 3, State<Ship>, Command<Steer>, Event<Fired, Reliable>, Event<Chat>>;
    CHECK(Again::schema_hash() == Arena::schema_hash());
}

TEST_CASE("the types' hashes tell which type two builds disagree on") {
    using Other = Game<"other", 1, State<Ship>, Command<Look>, Event<Fired, Ordered>, Event<Chat>>;
    REQUIRE(Arena::type_hashes().size() == 4);
    CHECK(Arena::type_hashes()[0] == Other::type_hashes()[0]);
    CHECK(Arena::type_hashes()[1] != Other::type_hashes()[1]);
    CHECK(Arena::type_hashes()[2] != Other::type_hashes()[2]);
    CHECK(Arena::type_hashes()[3] == Other::type_hashes()[3]);
    CHECK(Nothing::type_hashes().empty());
}
