#include "tenon/transport/interfaces.hpp"

#include <doctest/doctest.h>

using namespace tenon::transport;

TEST_CASE("this machine's own addresses are told, with what their networks can") {
    unsigned all = 0, loopbacks = 0;
    for_each_interface([&](const Interface& one) {
        ++all;
        CHECK(!one.address.is_any());
        CHECK(one.address.port == 0);
        CHECK(one.index != 0);
        if (!one.broadcast.is_any()) CHECK(one.broadcast.is_v4());
        if (one.address.is_loopback()) CHECK(one.loopback);
        loopbacks += one.address == IpAddress::loopback(0) ? 1 : 0;
    });
    CHECK(all >= loopbacks);
    CHECK(loopbacks <= 1);
#if defined(__linux__)
    CHECK(loopbacks == 1);
#endif
}
