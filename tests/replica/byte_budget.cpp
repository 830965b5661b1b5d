#include "tenon/replica/byte_budget.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tenon/core/random.hpp"

using tenon::ByteBudget;
using tenon::Instant;

TEST_CASE("in no stretch of time goes more than the rate and a burst, and all of that can go") {
    tenon::Random random(1);
    for (int round = 0; round < 50; ++round) {
        const std::uint64_t rate = 1 + random.below(100'000);
        const std::size_t burst = 100 + static_cast<std::size_t>(random.below(3000));
        ByteBudget budget(rate, burst);
        std::vector<std::pair<std::int64_t, std::uint64_t>> sent; // when, and how many up to then
        std::int64_t now = 5'000'000'000;
        std::uint64_t all = 0;
        for (int i = 0; i < 300; ++i) {
            now += static_cast<std::int64_t>(random.below(100'000'000));
            const std::size_t may = budget.available({now});
            REQUIRE(may <= burst);
            const std::size_t take =
                random.chance(0.7) ? may : static_cast<std::size_t>(random.below(may + 1));
            budget.spent(take);
            sent.push_back({now, all});
            all += take;
            for (const auto& [since, before] : sent) {
                const auto allowed = static_cast<double>(rate) * static_cast<double>(now - since) * 1e-9;
                REQUIRE(static_cast<double>(all - before) <= allowed + static_cast<double>(burst) + 1e-6);
            }
        }
    }
}

TEST_CASE("nothing is lost to rounding, and a long pause is worth one burst") {
    ByteBudget budget(3, 10);
    budget.spent(budget.available({0}));
    std::size_t sum = 0;
    for (std::int64_t ns = 0; ns <= 100'000'000'000; ns += 33'333'333) {
        const std::size_t may = budget.available({ns});
        budget.spent(may);
        sum += may;
    }
    CHECK(sum == 299); // the three hundredth is due a few nanoseconds later
    CHECK(budget.available({INT64_MAX / 2}) == 10);
    CHECK(budget.available({0}) == 10); // time does not go back
    budget.spent(25);
    CHECK(budget.available({INT64_MAX / 2}) == 0);
    CHECK(budget.available({INT64_MAX / 2 + 5'000'000'000}) == 0);
    CHECK(budget.available({INT64_MAX / 2 + 5'400'000'000}) == 1);
    ByteBudget none(0, 100);
    none.spent(100);
    CHECK(none.available({INT64_MAX / 2}) == 0);
}
