#include "tenon/schema/roles.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "tenon/schema/game.hpp"
#include "tenon/schema/places.hpp"

using namespace tenon;

namespace {

struct Cursor {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Edit : Cursor {};
struct Wipe : Cursor {};
struct Order : Cursor {};

using Viewer = Role<"viewer", Cursor>;
using Editor = Role<"editor", Cursor, Edit>;
using Admin = Role<"admin", Everything>;
template <class... Table>
using Of =
    Game<"studio", 1, State<Cursor>, Event<Edit, Ordered>, Event<Wipe, Ordered>, Command<Order>, Table...>;
using Studio = Of<Roles<Viewer, Editor, Admin, Role<"mute">>>;
using Free = Of<>;

} // namespace

TEST_CASE("the table says which role may say which type") {
    static_assert(Studio::ok && Studio::has_roles && Studio::role_count == 4);
    static_assert(Studio::type_count == 4, "the table is no type of the game");
    static_assert(Studio::may(0, 0) && !Studio::may(0, 1) && !Studio::may(0, 2) && !Studio::may(0, 3));
    static_assert(Studio::may(1, 0) && Studio::may(1, 1) && !Studio::may(1, 2) && !Studio::may(1, 3));
    for (std::size_t i = 0; i < Studio::type_count; ++i) {
        CHECK(Studio::may(2, i));
        CHECK_FALSE(Studio::may(3, i));
        CHECK_FALSE(Studio::may(4, i)); // no such role
    }
    CHECK_FALSE(Studio::may(2, 4)); // no such type
    CHECK(Studio::role_name(0) == "viewer");
    CHECK(Studio::role_name(3) == "mute");
    CHECK(Studio::role_name(4).empty());
    CHECK(Studio::role_index("admin") == 2);
    CHECK(Studio::role_index("") == Studio::role_count);
    CHECK(Studio::role_index("Admin") == Studio::role_count);
}

TEST_CASE("types are where they are without a table, and a game without one has no roles") {
    static_assert(!Free::has_roles && Free::role_count == 0 && Free::may(0, 2));
    CHECK(Free::role_index("viewer") == 0);
    static_assert(Studio::type_of<Wipe> == Free::type_of<Wipe>);
    static_assert(Studio::has_command<Order> && !Studio::has<int> && !Studio::has<Roles<Viewer>>);
    CHECK(Studio::count_of(EntryKind::state) == 1);
    std::string names;
    Studio::for_each([&](auto entry, auto index) {
        names += Studio::type_name(index);
        names += entry.kind == Studio::kind_of(index) ? " " : " another kind ";
    });
    CHECK(names == "Cursor Edit Wipe Order ");
    for (std::size_t i = 0; i < 6; ++i) {
        std::size_t size = 0;
        CHECK(Studio::with(i, [&](auto entry) { size += sizeof(typename decltype(entry)::type); }) ==
              (i < 4));
        CHECK(size == (i < 4 ? sizeof(Cursor) : 0));
    }
}

TEST_CASE("another table is another schema, and the types keep their hashes") {
    const std::set<std::uint64_t> all{
        Free::schema_hash(),
        Studio::schema_hash(),
        Of<Roles<Viewer, Editor, Admin>>::schema_hash(),
        Of<Roles<Editor, Viewer, Admin>>::schema_hash(),
        Of<Roles<Viewer, Role<"writer", Cursor, Edit>, Admin>>::schema_hash(),
        Of<Roles<Viewer, Role<"editor", Cursor, Wipe>, Admin>>::schema_hash(),
    };
    CHECK(all.size() == 6);
    // The same may be said in other words.
    CHECK(Of<Roles<Viewer, Role<"editor", Edit, Cursor, Edit>, Role<"admin", Order, Wipe, Edit, Cursor>>>::
              schema_hash() == Of<Roles<Viewer, Editor, Admin>>::schema_hash());
    REQUIRE(Studio::type_hashes().size() == 5);
    REQUIRE(Free::type_hashes().size() == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(Studio::type_hashes()[i] == Free::type_hashes()[i]);
}

TEST_CASE("sixteen roles fit, and a role may have a name of 24 bytes") {
    using Many = Of<Roles<Role<"a">, Role<"b">, Role<"c">, Role<"d">, Role<"e">, Role<"f">, Role<"g">,
                          Role<"h">, Role<"i">, Role<"j">, Role<"k">, Role<"l">, Role<"m">, Role<"n">,
                          Role<"o", Wipe>, Role<"a name of 24 whole bytes", Edit>>>;
    static_assert(Many::ok && Many::role_count == 16);
    CHECK(Many::may(15, 1));
    CHECK_FALSE(Many::may(15, 2));
    CHECK(Many::may(14, 2));
    CHECK(Many::role_index("a name of 24 whole bytes") == 15);
}

TEST_CASE("places are found in either direction") {
    using List = detail::PlacesOf<int, char, long>;
    static_assert(detail::place_or<char, List>(9) == 1 && detail::place_or<short, List>(9) == 9);
    static_assert(
        std::is_same_v<decltype(detail::entry_at<2>(static_cast<const List*>(nullptr)))::type, long>);
    static_assert(!detail::Placed<int, detail::PlacesOf<int, int>>, "what stands twice has no place");
}
