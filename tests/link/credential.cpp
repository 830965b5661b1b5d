#include "tenon/link/credential.hpp"

#include <doctest/doctest.h>

#include <array>
#include <new>

using namespace tenon;

TEST_CASE("what is shown at the door is kept as it was given, and one that is too large changes nothing") {
    Credential credential;
    CHECK(credential.bytes().empty());
    CHECK(credential.set(bytes_of("open, sesame")));
    CHECK(text_of(credential.bytes()) == "open, sesame");
    std::array<std::byte, credential_bytes_max + 1> long_one{};
    CHECK(credential.set(long_one).error() == Error::too_large);
    CHECK(text_of(credential.bytes()) == "open, sesame");
    CHECK(credential.set(BytesIn(long_one).first(credential_bytes_max)));
    CHECK(credential.bytes().size() == credential_bytes_max);
    CHECK(credential.set({}));
    CHECK(credential.bytes().empty());
}

TEST_CASE("nothing of it is left in memory when it is gone") {
    alignas(Credential) std::array<std::byte, sizeof(Credential)> place{};
    auto* credential = new (place.data()) Credential;
    REQUIRE(credential->set(bytes_of("open, sesame")));
    CHECK(text_of(place).find("sesame") != std::string_view::npos);
    REQUIRE(credential->set(bytes_of("a")));
    CHECK(text_of(place).find("sesame") == std::string_view::npos);
    REQUIRE(credential->set(bytes_of("open, sesame")));
    credential->~Credential();
    CHECK(text_of(place).find("sesame") == std::string_view::npos);
}
