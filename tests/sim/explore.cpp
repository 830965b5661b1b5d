#include "tenon/sim/explore.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace tenon;
using sim::Faults;
using sim::World;
using transport::Memory;
using transport::MemoryAddress;

namespace {

struct Nothing {};

// Says the same thing ten times a second to a listener that counts.
struct Caller {
    Memory port;
    Instant next{};
    int heard = 0;

    Caller(World& world, std::uint32_t host) : port(world.port(host)) { (void)port.open(100); }
    void tick(Instant now, Nothing&) {
        port.poll([&](const MemoryAddress&, Lane, BytesIn) { ++heard; });
        if (next > now) return;
        next = now + milliseconds(100);
        (void)port.send(MemoryAddress{port.local_address().host == 1 ? 2u : 1u, 100}, Lane{}, bytes_of("hi"));
    }
    Instant next_deadline() const { return next; }
    const Memory& transport() const { return port; }
};

// Breaks when nothing was heard for a second: only a partition does that.
std::string hears_every_second(World& world) {
    Nothing nothing;
    Caller a(world, 1), b(world, 2);
    world.add(a, nothing);
    world.add(b, nothing);
    for (int second = 1; second <= 20; ++second) {
        const int before = b.heard;
        world.run(seconds(1));
        if (b.heard == before) return "nothing was heard in second " + std::to_string(second);
    }
    return {};
}
std::string is_always_well(World& world) {
    world.run(seconds(1));
    return {};
}
std::string is_never_well(World&) { return "it never works"; }

// The searches below must see their own environment, not that of whoever runs the tests.
struct Environment {
    std::string before[5];
    static constexpr const char* names[5] = {"TENON_SEED", "TENON_SEEDS", "TENON_FAULTS", "TENON_LONG",
                                             "TENON_SHOW"};
    Environment() {
        for (int i = 0; i < 5; ++i) {
            const char* value = std::getenv(names[i]);
            before[i] = value != nullptr ? value : "";
            unsetenv(names[i]);
        }
    }
    ~Environment() {
        for (int i = 0; i < 5; ++i)
            before[i].empty() ? unsetenv(names[i]) : setenv(names[i], before[i].c_str(), 1);
    }
    static void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }
};

Faults a_lot(std::uint64_t seed) {
    Faults faults = Faults::from(seed);
    faults.partitions = 4;
    faults.partition_ms = 3000;
    faults.pauses = 0;
    faults.burst = 0;
    faults.bandwidth = 0;
    faults.loss = 0.02;
    faults.duplicate = 0.1;
    faults.corrupt = 0.01;
    return faults;
}

} // namespace

TEST_CASE("a search without a failure says how much it has seen") {
    Environment environment;
    const auto report = sim::explore(20, is_always_well);
    CHECK(report);
    CHECK(report.runs == 20);
    CHECK(report.simulated == seconds(20));
    CHECK(report.text() == "All 20 seeds from 1 passed, in 20 simulated seconds.");
}

TEST_CASE("a failure is found, shrunk to the fault that it needs, and repeats from what is printed") {
    Environment environment;
    sim::Search search;
    search.faults = a_lot;
    search.command = "./mine";
    const auto report = sim::explore(search, hears_every_second);
    REQUIRE_FALSE(report);
    INFO(report.text());
    CHECK(report.shrunk.partitions > 0);
    for (const sim::Fault& fault : sim::all_faults)
        if (fault.kind != sim::Fault::Kind::detail && fault.value != &Faults::partitions)
            CHECK_MESSAGE(report.shrunk.*fault.value == 0, fault.name);
    CHECK(report.shrunk.partition_ms < 3000); // half as long, and two thirds of that on a bad day, is enough
    CHECK_FALSE(report.shrunk_sentence.empty());
    const std::string text = report.text();
    CHECK(text.find("TENON_SEED=" + std::to_string(report.seed) + " ./mine") != std::string::npos);
    CHECK(text.find("TENON_FAULTS=" + report.shrunk.text()) != std::string::npos);

    // What a reader does with it.
    Environment::set("TENON_SEED", std::to_string(report.seed));
    const auto again = sim::explore(search, hears_every_second);
    CHECK_FALSE(again);
    CHECK(again.runs == 1);
    CHECK(again.sentence == report.sentence);
    CHECK(again.faults == report.faults);
    Environment::set("TENON_FAULTS", report.shrunk.text());
    const auto least = sim::explore(search, hears_every_second);
    CHECK_FALSE(least);
    CHECK(least.faults == report.shrunk);
    CHECK(least.sentence == report.shrunk_sentence);
    Environment::set("TENON_FAULTS", "none");
    CHECK(sim::explore(search, hears_every_second));
}

TEST_CASE("a failure that needs no fault is shrunk to none") {
    Environment environment;
    const auto report = sim::explore(20, is_never_well);
    REQUIRE_FALSE(report);
    CHECK(report.seed == 1);
    CHECK(report.runs == 1);
    CHECK(report.shrunk == Faults::none());
    CHECK(report.shrunk.text() == "none");
}

TEST_CASE("the environment says how many seeds, and what can't be read is refused") {
    Environment environment;
    Environment::set("TENON_SEEDS", "7");
    CHECK(sim::explore(20, is_always_well).runs == 7);
    unsetenv("TENON_SEEDS");
    CHECK_FALSE(sim::is_long());
    Environment::set("TENON_LONG", "1");
    CHECK(sim::is_long());
    CHECK(sim::explore(2, is_always_well).runs == 20);
    sim::Search search;
    search.seeds_long = 3;
    CHECK(sim::explore(search, is_always_well).runs == 3);
    for (const char* name : {"TENON_SEED", "TENON_SEEDS", "TENON_FAULTS"}) {
        Environment::set(name, "abc");
        const auto report = sim::explore(2, is_always_well);
        CHECK_FALSE(report);
        CHECK(report.runs == 0);
        CHECK(report.text().find(name) == 0);
        unsetenv(name);
    }
}
