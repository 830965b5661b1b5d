#include "tenon/sim/faults.hpp"

#include <doctest/doctest.h>

using namespace tenon;
using sim::Faults;

TEST_CASE("each seed draws its own faults, always the same, and each fault is on in some and off in some") {
    CHECK(Faults::from(7) == Faults::from(7));
    CHECK_FALSE(Faults::from(7) == Faults::from(8));
    for (const sim::Fault& fault : sim::all_faults) {
        if (fault.kind == sim::Fault::Kind::detail) continue;
        int on = 0;
        for (std::uint64_t seed = 0; seed < 400; ++seed) {
            const double value = Faults::from(seed).*fault.value;
            on += value != 0;
            CHECK((value == 0 || (value >= fault.low * 0.99 && value <= fault.high * 1.01)));
        }
        CHECK(on > 400 * fault.share * 0.8);
        CHECK(on < 400 * fault.share * 1.2);
    }
}

TEST_CASE("faults read as they were written") {
    CHECK(Faults::none().text() == "none");
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const Faults drawn = Faults::from(seed);
        const auto read = Faults::parse(drawn.text());
        REQUIRE(read);
        CHECK(*read == drawn);
    }
    Faults some;
    some.loss = 0.05;
    some.partitions = 2;
    CHECK(some.text() == "loss=0.05,partitions=2");
    CHECK(*Faults::parse("none") == Faults());
}

TEST_CASE("faults that can't be read are refused") {
    for (const char* text : {"loss", "loss=", "loss=x", "loss=0.1x", "lost=0.1", "loss=-1", "loss=nan",
                             "loss=inf", "loss=1e99", ",", "none,loss=1", "=1"})
        CHECK_MESSAGE(Faults::parse(text).error() == Error::malformed, text);
}

TEST_CASE("a path has what the faults say") {
    const sim::Path path =
        Faults::parse("latency_ms=40,jitter_ms=3,loss=0.5,bandwidth=1000,mtu=1300")->path();
    CHECK(path.latency == milliseconds(40));
    CHECK(path.jitter == milliseconds(3));
    CHECK(path.loss == 0.5);
    CHECK(path.bandwidth == 1000);
    CHECK(path.mtu == 1300);
    CHECK(Faults::none().path().latency > Duration{});
}
