#include "tenon/schema/form.hpp"

#include <doctest/doctest.h>

#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

using tenon::Form;
using tenon::form_of;

namespace game {

enum class Team { red };
struct Member {
    int x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Split {
    int x = 0;
    void save(auto& ar) const { ar(x); }
    void load(auto& ar) { ar(x); }
};
struct Free {
    int x = 0;
};
template <class Archive>
void serialize(Archive& ar, Free& value) {
    ar(value.x);
}
struct FreeSplit {
    int x = 0;
};
template <class Archive>
void save(Archive& ar, const FreeSplit& value) {
    ar(value.x);
}
template <class Archive>
void load(Archive& ar, FreeSplit& value) {
    ar(value.x);
}
class Private {
    friend struct tenon::Access;
    int x_ = 0;
    void serialize(auto& ar) { ar(x_); }
};
struct Forgotten {
    int x = 0;
};
struct Empty {};
struct Polymorphic {
    virtual ~Polymorphic() = default;
};
// A list with a serialize of its own is what its serialize says.
struct Inventory : std::vector<int> {
    void serialize(auto& ar) { ar(static_cast<std::vector<int>&>(*this)); }
};

} // namespace game

TEST_CASE("scalars have the form of their kind") {
    static_assert(form_of<bool>() == Form::boolean);
    static_assert(form_of<const bool>() == Form::boolean);
    static_assert(form_of<char>() == Form::integer);
    static_assert(form_of<std::uint64_t>() == Form::integer);
    static_assert(form_of<float>() == Form::floating);
    static_assert(form_of<double>() == Form::floating);
    static_assert(form_of<game::Team>() == Form::enumeration);
    static_assert(form_of<std::byte>() == Form::enumeration);
    static_assert(sizeof(long double) <= 8 || form_of<long double>() == Form::unsupported);
    static_assert(form_of<int*>() == Form::unsupported);
    CHECK(tenon::Serializable<int>);
}

TEST_CASE("a type's own serialize, save and load are found wherever they stand") {
    static_assert(form_of<game::Member>() == Form::member_serialize);
    static_assert(form_of<game::Split>() == Form::member_split);
    static_assert(form_of<game::Free>() == Form::free_serialize);
    static_assert(form_of<game::FreeSplit>() == Form::free_split);
    static_assert(form_of<game::Private>() == Form::member_serialize);
    static_assert(form_of<game::Inventory>() == Form::member_serialize);
    static_assert(form_of<game::Empty>() == Form::empty);
    static_assert(form_of<game::Forgotten>() == Form::unsupported);
    static_assert(!tenon::Serializable<game::Forgotten>);
    static_assert(is_structure(Form::free_split));
    CHECK_FALSE(is_structure(Form::empty));
}

TEST_CASE("tenon's own values can be sent") {
    static_assert(form_of<tenon::PeerId>() == Form::free_serialize);
    static_assert(form_of<tenon::Duration>() == Form::free_serialize);
    static_assert(form_of<tenon::Instant>() == Form::free_serialize);
    float x = 0;
    CHECK(form_of<decltype(tenon::quantized(x, 0, 1, 0.5))>() == Form::quantized);
    int n = 0;
    CHECK(form_of<decltype(tenon::ranged(n, 0, 1))>() == Form::ranged);
    std::string text;
    CHECK(form_of<decltype(tenon::bounded(text, 1))>() == Form::bounded);
}

TEST_CASE("the standard library's types have the form of how they are sent") {
    static_assert(form_of<int[3]>() == Form::array);
    static_assert(form_of<std::array<int, 3>>() == Form::array);
    static_assert(form_of<std::pair<int, int>>() == Form::tuple);
    static_assert(form_of<std::tuple<int>>() == Form::tuple);
    static_assert(form_of<std::optional<int>>() == Form::optional);
    static_assert(form_of<std::unique_ptr<int>>() == Form::pointer);
    static_assert(form_of<std::unique_ptr<game::Polymorphic>>() == Form::unsupported);
    static_assert(form_of<std::variant<int, bool>>() == Form::variant);
    static_assert(form_of<std::monostate>() == Form::empty);
    static_assert(form_of<std::string>() == Form::string);
    static_assert(form_of<std::u16string>() == Form::string);
    static_assert(form_of<std::vector<int>>() == Form::list);
    static_assert(form_of<std::vector<bool>>() == Form::bool_list);
    static_assert(form_of<std::deque<int>>() == Form::sequence);
    static_assert(form_of<std::list<int>>() == Form::sequence);
    static_assert(form_of<std::set<int>>() == Form::set);
    static_assert(form_of<std::unordered_multiset<int>>() == Form::set);
    static_assert(form_of<std::map<int, int>>() == Form::map);
    static_assert(form_of<std::unordered_multimap<int, int>>() == Form::map);
    static_assert(form_of<std::bitset<9>>() == Form::bitset);
    static_assert(form_of<std::chrono::seconds>() == Form::duration);
    static_assert(form_of<std::chrono::steady_clock::time_point>() == Form::time_point);
    static_assert(form_of<std::complex<double>>() == Form::complex);
    static_assert(form_of<std::shared_ptr<int>>() == Form::unsupported);
    CHECK(tenon::Serializable<std::string>);
}
