#pragma once
// What is played under many seeds with the same faults: where whole rooms are simulated, this says how.

#include <cstdint>
#include <string_view>

#include "tenon/sim/explore.hpp"
#include "tenon/sim/faults.hpp"

namespace searching {

inline tenon::sim::Search search(std::string_view name, std::string_view faults, std::uint64_t seeds,
                                 std::uint64_t seeds_long = 1000) {
    static std::string_view chosen;
    chosen = faults;
    tenon::sim::Search search;
    search.seeds = seeds;
    search.seeds_long = seeds_long;
    search.faults = [](std::uint64_t) { return *tenon::sim::Faults::parse(chosen); };
    search.command = name;
    return search;
}

} // namespace searching
