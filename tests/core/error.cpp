#include "tenon/core/error.hpp"

#include <doctest/doctest.h>

#include <string>

using tenon::Error;
using tenon::Result;

TEST_CASE("every error has a name of its own and a sentence") {
    std::string names = " ";
    for (std::uint8_t i = 0; i < tenon::error_count; ++i) {
        const auto error = static_cast<Error>(i);
        const std::string name(tenon::name(error));
        CAPTURE(name);
        CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos);
        CHECK(names.find(" " + name + " ") == std::string::npos);
        names += name + " ";
        const std::string_view sentence = tenon::sentence(error);
        CHECK(sentence.size() > 15);
        CHECK(sentence.back() == '.');
    }
    CHECK(tenon::name(static_cast<Error>(tenon::error_count)) == "unknown");
}

TEST_CASE("an error keeps its number, by which the other side knows it") {
    CHECK(static_cast<int>(Error::timed_out) == 10);
    CHECK(static_cast<int>(Error::codec_mismatch) == 17);
    CHECK(static_cast<int>(Error::flooded) == 32);
    CHECK(static_cast<int>(Error::desynced) == 38);
    CHECK(static_cast<int>(Error::forbidden) == 65);
    CHECK(static_cast<int>(Error::banned) == 68);
    CHECK(static_cast<int>(Error::undecodable) == 69);
    CHECK(static_cast<int>(Error::cant_listen) == 70);
    CHECK(static_cast<int>(Error::datagrams_mismatch) == 71);
}

TEST_CASE("a result is a value or the error that stood in its way") {
    const Result<int> good = 7;
    CHECK(good);
    CHECK(*good == 7);
    CHECK(good.error() == Error::none);
    CHECK(good.value_or(1) == 7);

    const Result<int> bad = Error::truncated;
    CHECK_FALSE(bad);
    CHECK(bad.error() == Error::truncated);
    CHECK(bad.value_or(1) == 1);

    Result<std::string> text = std::string("abc");
    CHECK(text->size() == 3);
    text->back() = 'd';
    CHECK(*text == "abd");
}

TEST_CASE("a result of nothing says only whether it went well") {
    CHECK(Result<>{});
    CHECK_FALSE(Result<>{Error::closed});
    CHECK(Result<>{Error::closed}.error() == Error::closed);
    static_assert(sizeof(Result<>) == 1);
}
