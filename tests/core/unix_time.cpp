#include "tenon/core/unix_time.hpp"

#include <doctest/doctest.h>

using namespace tenon;

TEST_CASE("a date is written as people read it") {
    const auto text = [](std::int64_t seconds) { return DateText(UnixTime{seconds}); };
    CHECK(text(0).view() == "1970-01-01 00:00 UTC");
    CHECK(text(951'782'399).view() == "2000-02-28 23:59 UTC");
    CHECK(text(951'782'400).view() == "2000-02-29 00:00 UTC");
    CHECK(text(951'868'800).view() == "2000-03-01 00:00 UTC");
    CHECK(text(1'000'000'000).view() == "2001-09-09 01:46 UTC");
    CHECK(text(1'704'067'199).view() == "2023-12-31 23:59 UTC");
    CHECK(text(4'107'542'400).view() == "2100-03-01 00:00 UTC"); // which was no leap year
    CHECK(text(253'402'300'799).view() == "9999-12-31 23:59 UTC");
}

TEST_CASE("a date out of all time is cut to what can be written") {
    CHECK(DateText(UnixTime{-5}).view() == "1970-01-01 00:00 UTC");
    CHECK(DateText(UnixTime{UnixTime::max}).view() == "9999-12-31 23:59 UTC");
    static_assert(DateText(UnixTime{86'400}).view() == "1970-01-02 00:00 UTC");
}
