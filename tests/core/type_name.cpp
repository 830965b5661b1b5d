#include "tenon/core/type_name.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using tenon::type_name;

namespace game {
struct Ship {};
template <class T, int N>
struct Grid {};
template <std::size_t N>
struct Sized {};
namespace inner {
enum class Colour { red };
}
struct Outer {
    struct Inner {};
};
} // namespace game
namespace {
struct Hidden {};
} // namespace

TEST_CASE("a name is the type's, with its namespaces") {
    CHECK(type_name<game::Ship>() == "game::Ship");
    CHECK(type_name<game::inner::Colour>() == "game::inner::Colour");
    CHECK(type_name<game::Outer::Inner>() == "game::Outer::Inner");
    CHECK(type_name<int>() == "int");
    CHECK(type_name<float>() == "float");
    CHECK(type_name<bool>() == "bool");
}

TEST_CASE("integers go by their width, whatever the compiler calls them") {
    CHECK(type_name<std::uint64_t>() == "unsigned long long");
    CHECK(type_name<unsigned long long>() == "unsigned long long");
    CHECK(type_name<std::int64_t>() == "long long");
    CHECK(type_name<std::uint32_t>() == "unsigned int");
    CHECK(type_name<std::int16_t>() == "short");
    CHECK(type_name<std::uint16_t>() == "unsigned short");
    CHECK(type_name<std::uint8_t>() == "unsigned char");
    CHECK(type_name<std::int8_t>() == "signed char");
    CHECK(type_name<char>() == "char");
    CHECK(type_name<long double>() == "long double");
}

TEST_CASE("arguments of templates are written one way") {
    CHECK(type_name<game::Grid<std::uint64_t, 3>>() == "game::Grid<unsigned long long, 3>");
    CHECK(type_name<game::Grid<game::Grid<int, 1>, -2>>() == "game::Grid<game::Grid<int, 1>, -2>");
    CHECK(type_name<game::Sized<7>>() == "game::Sized<7>");
    CHECK(type_name<std::vector<game::Ship>>() == "std::vector<game::Ship>");
}

TEST_CASE("what differs between compilers or files is left out") {
    CHECK(type_name<Hidden>() == "Hidden");
    struct Local {};
    CHECK(type_name<Local>() == "Local");
    CHECK(type_name<game::Grid<Local, 1>>() == "game::Grid<Local, 1>");
    CHECK(type_name<std::string>().find("__cxx11") == std::string_view::npos);
}

TEST_CASE("two types have two names, and a name is a constant expression") {
    static_assert(type_name<game::Ship>() == "game::Ship");
    CHECK(type_name<game::Grid<int, 1>>() != type_name<game::Grid<int, 2>>());
    CHECK(type_name<const int*>() != type_name<int*>());
}
