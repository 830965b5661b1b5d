#include "tenon/link/credit.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace tenon;

TEST_CASE("nothing is limited until an address is new, and nothing any more when its peer has shown itself") {
    std::array<std::byte, 1200> buffer{};
    Credit credit;
    CHECK_FALSE(credit.is_limited());
    credit.sent(5000);
    credit.heard(10, false);
    CHECK(credit.of(buffer).size() == buffer.size());
    credit.begin(300);
    CHECK(credit.is_limited());
    CHECK(credit.of(buffer).size() == 300);
    credit.heard(1, true);
    CHECK_FALSE(credit.is_limited());
    CHECK(credit.of(buffer).size() == buffer.size());
}

TEST_CASE("to a new address goes no more than came from it, and nothing rather than half a packet") {
    std::array<std::byte, 1200> buffer{};
    Credit credit;
    credit.begin(0);
    CHECK(credit.of(buffer).empty());
    std::size_t sent = 0, heard = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::size_t size = static_cast<std::size_t>(i * 37 % 400);
        credit.heard(size, false);
        heard += size;
        const std::size_t lent = credit.of(buffer).size();
        CHECK((lent == 0 || lent >= 192));
        credit.sent(lent);
        sent += lent;
        CHECK(sent <= heard);
    }
    CHECK(heard - sent < 192 + 400);
    CHECK(credit.is_limited());
    credit.begin(200); // it has moved again
    CHECK(credit.of(buffer).size() == 200);
}
