#include "tenon/secure/label.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tenon;
using namespace tenon::secure;

TEST_CASE("a label holds a short text without control characters") {
    Label<5> label;
    CHECK(label.empty());
    CHECK(label.set("admin"));
    CHECK(label == "admin");
    CHECK(label.set("admins").error() == Error::over_bound);
    for (const char* wrong : {"a\nb", "\t", "\x7f", "a\x1b"})
        CHECK(label.set(wrong).error() == Error::malformed);
    CHECK(label.set(std::string_view("a\0b", 3)).error() == Error::malformed);
    CHECK(label == "admin"); // what is refused changes nothing
    CHECK(label == Label<5>("admin"));
    CHECK_FALSE(label == Label<5>("a"));
    CHECK(label.set("\xc3\xa4"));
    CHECK(label.set(""));
    CHECK(label.empty());
}

TEST_CASE("a time has come, holds, and is over") {
    constexpr Validity validity{{1000}, {2000}};
    CHECK(validity.is_sound());
    CHECK(validity.check({999}).error() == Error::too_early);
    CHECK(validity.check({1000}));
    CHECK(validity.check({1999}));
    CHECK(validity.check({2000}).error() == Error::expired);
    CHECK(validity.check({970}, 30));
    CHECK(validity.check({969}, 30).error() == Error::too_early);
    CHECK(validity.check({2029}, 30));
    CHECK(validity.check({2030}, 30).error() == Error::expired);
    CHECK_FALSE(Validity{{5}, {5}}.is_sound());
    CHECK_FALSE(Validity{{-1}, {5}}.is_sound());
    CHECK_FALSE(Validity{{0}, {UnixTime::max + 1}}.is_sound());
}
