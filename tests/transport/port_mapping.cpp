#include "tenon/transport/port_mapping.hpp"

#include <doctest/doctest.h>
#include <atomic>
#include <chrono>
#include <thread>

using namespace tenon;
using namespace tenon::literals;
using namespace tenon::transport;

namespace {

// What a router said, and what it was asked.
struct Router {
    std::atomic<unsigned> opened = 0, closed = 0;
    std::atomic<int> says = 0; // 0: yes; 1: no; 2: nothing, for ever
    IpAddress outside = IpAddress::v4(203, 0, 113, 7, 0);
};
struct Way {
    Router* router;
    Result<IpAddress> open(const MappingWish& wish, const std::atomic<bool>& ends) {
        ++router->opened;
        while (router->says == 2 && !ends) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (router->says != 0) return router->says == 1 ? Error::refused : Error::unreachable;
        IpAddress at = router->outside;
        at.port = wish.wished();
        return at;
    }
    void close(const MappingWish&, const IpAddress& at) {
        CHECK(at.port == 4000);
        ++router->closed;
    }
};
constexpr MappingOptions quick{.retry = milliseconds(5), .pause_least = milliseconds(1)};

bool comes(auto&& holds) {
    for (int i = 0; i < 5000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return holds();
}

} // namespace

TEST_CASE("a port is asked for, asked for again before its time is over, and given back") {
    Router router;
    {
        PortMapping<Way> mapping({.port = 4000, .lease = 10_ms}, quick, Way{&router});
        CHECK(comes([&] { return mapping.state() == PortMapping<Way>::State::open; }));
        CHECK(*mapping.address() == IpAddress::v4(203, 0, 113, 7, 4000));
        CHECK(mapping.error() == Error::none);
        CHECK(comes([&] { return router.opened > 3; }));
        CHECK(router.closed == 0);
    }
    CHECK(router.closed == 1);
}

TEST_CASE("the second way is taken where the first leads nowhere, and kept") {
    Router first, second;
    first.says = 1;
    {
        PortMapping<Way, Way> mapping({.port = 4000, .lease = 4_ms}, quick, Way{&first}, Way{&second});
        CHECK(comes([&] { return second.opened > 3; }));
        CHECK(first.opened == 1);
        // A router that is replaced by one that speaks the other way.
        first.says = 0;
        second.says = 1;
        CHECK(comes([&] { return first.opened > 3; }));
        CHECK(mapping.state() == PortMapping<Way, Way>::State::open);
    }
    CHECK(first.closed == 1);
    CHECK(second.closed == 0);
}

TEST_CASE("a router that says no is told, and asked again") {
    Router router;
    router.says = 1;
    PortMapping<Way> mapping({.port = 4000}, quick, Way{&router});
    CHECK(comes([&] { return mapping.state() == PortMapping<Way>::State::failed; }));
    CHECK(mapping.error() == Error::refused);
    CHECK(mapping.address().error() == Error::refused);
    CHECK(comes([&] { return router.opened > 3; }));
    router.says = 0;
    CHECK(comes([&] { return mapping.state() == PortMapping<Way>::State::open; }));
}

TEST_CASE("a router that says nothing keeps neither the program nor its end waiting") {
    Router router;
    router.says = 2;
    PortMapping<Way> mapping({.port = 4000}, quick, Way{&router});
    CHECK(comes([&] { return router.opened == 1; }));
    CHECK(mapping.state() == PortMapping<Way>::State::asks);
    CHECK(mapping.address().error() == Error::timed_out);
}
