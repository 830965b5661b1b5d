#include "tenon/profile/default.hpp"

#include <doctest/doctest.h>

#include <type_traits>

#include "tenon/profile/action.hpp"
#include "tenon/profile/co_op.hpp"
#include "tenon/profile/lockstep.hpp"
#include "tenon/profile/sandbox.hpp"
#include "tenon/profile/turn_based.hpp"

using namespace tenon;

namespace {

struct Note {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Notes = Game<"notes", 1, Event<Note>, Command<Note>>;

using Encrypted = transport::Secure<transport::Udp>; // only named, as in a program that makes none
using Plaintext = transport::Udp;

} // namespace

TEST_CASE("a profile that is given no transport encrypts, and one that is given plaintext does not") {
    using std::is_same_v;
    CHECK(is_same_v<profile::Default, Encrypted>);
    CHECK(is_same_v<profile::Action<Notes>, profile::Action<Notes, Encrypted>>);
    CHECK(is_same_v<profile::CoOp<Notes>, profile::CoOp<Notes, Encrypted>>);
    CHECK(is_same_v<profile::Lockstep<Notes>, profile::Lockstep<Notes, Encrypted>>);
    CHECK(is_same_v<profile::Sandbox<Notes>, profile::Sandbox<Notes, Encrypted>>);
    CHECK(is_same_v<profile::TurnBased<Notes>, profile::TurnBased<Notes, Encrypted>>);
    CHECK_FALSE(is_same_v<profile::Action<Notes>, profile::Action<Notes, Plaintext>>);
}
