#include "tenon/core/bucket.hpp"

#include <doctest/doctest.h>

using namespace tenon;
using namespace tenon::literals;

namespace {
// How many of them are taken from then on, trying every millisecond.
int taken(Bucket& bucket, const Price& price, Instant from, Duration time) {
    int count = 0;
    for (Instant now = from; now < from + time; now += 1_ms) count += bucket.take(now, price) ? 1 : 0;
    return count;
}
constexpr Instant start{7'000'000'000};
} // namespace

TEST_CASE("a bucket lets through so much at once, and so much a second from there") {
    const Price price(Allowance{100, 20});
    Bucket bucket;
    int at_once = 0;
    while (bucket.take(start, price)) ++at_once;
    CHECK(at_once == 20);
    CHECK(taken(bucket, price, start + 1_ms, 10_s) == 1000);
    CHECK(taken(bucket, price, start + 60_s, 1_s) == 20 + 99); // a rest fills it, and no further
}

TEST_CASE("an allowance of nothing a second is no limit, and one at once is the least") {
    Bucket bucket;
    CHECK(taken(bucket, Price(Allowance{}), start, 1_s) == 1000);
    CHECK(taken(bucket, Price(Allowance{0, 5}), start, 1_s) == 1000);
    CHECK_FALSE(Price().is_limited());
    CHECK(taken(bucket, Price(Allowance{10, 0}), start, 1_s) == 10);
}

TEST_CASE("who takes more than there is waits longer, but no longer than it is held against him") {
    const Price price(Allowance{1000, 10});
    Bucket bucket;
    bucket.spend(start, price, 5000);
    CHECK_FALSE(bucket.has(start + 4900_ms, price));
    CHECK(bucket.has(start + 5_s, price));
    bucket.spend(start + 5_s, price, 5000);
    bucket.forgive(start + 5_s, price, 100_ms);
    CHECK_FALSE(bucket.has(start + 5099_ms, price));
    CHECK(bucket.has(start + 5100_ms, price));
}

TEST_CASE("large allowances are counted as they are") {
    const Price price(Allowance{25'000'000, 25'000'000});
    Bucket bucket;
    std::uint64_t bytes = 0;
    for (Instant now = start; now < start + 4_s; now += 10_us)
        while (bucket.has(now, price)) {
            bucket.spend(now, price, 1200);
            bytes += 1200;
        }
    CHECK(bytes > 124'000'000);
    CHECK(bytes < 126'000'000);
}
