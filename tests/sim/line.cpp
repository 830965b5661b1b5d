#include "tenon/sim/line.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tenon;

TEST_CASE("an end of a connection is told from the next one at the same port") {
    const sim::LineAddress first{0x0A00'0001, 4000, 1}, second{0x0A00'0001, 4000, 2},
        port{0x0A00'0001, 4000, 0};
    CHECK(std::string(std::string_view(first.text())) == "10.0.0.1:4000#1");
    CHECK(std::string(std::string_view(port.text())) == "10.0.0.1:4000");
    CHECK(!(first == second));
    CHECK(first.hash() != second.hash());
    CHECK(first.network() == second.network());
    CHECK(transport::MemoryAddress(first) == transport::MemoryAddress(second));
}
