#include "tenon/core/ids.hpp"

#include <doctest/doctest.h>

#include <type_traits>

using tenon::MessageType;
using tenon::PeerId;

TEST_CASE("a peer that is nobody is false, and the host is somebody") {
    CHECK_FALSE(PeerId{});
    CHECK_FALSE(PeerId::none());
    CHECK(PeerId::host());
    CHECK(PeerId::host().value == 0);
    CHECK(PeerId{3} == PeerId{3});
    CHECK(PeerId{3} < PeerId{4});
}

TEST_CASE("ids don't mix with each other or with plain numbers") {
    static_assert(!std::is_convertible_v<PeerId, MessageType>);
    static_assert(!std::is_convertible_v<PeerId, std::uint32_t>);
    static_assert(!std::is_convertible_v<std::uint32_t, PeerId>);
    CHECK(MessageType{}.value < MessageType::first_user);
}
