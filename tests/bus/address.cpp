#include "tenon/bus/address.hpp"

#include <doctest/doctest.h>

#include "tenon/transport/memory.hpp"

using namespace tenon;
using Address = bus::Address<transport::MemoryAddress>;

TEST_CASE("an address is an inbox, wherever that is, or a straight one") {
    const Address inbox{0x0123'4567'89AB'CDEF, {}}, same{0x0123'4567'89AB'CDEF, {7, 7}},
        straight{0, {7, 4000}};
    CHECK(inbox == same);
    CHECK(inbox.hash() == same.hash());
    CHECK_FALSE(inbox == straight);
    CHECK_FALSE(straight == Address{0, {7, 4001}});
    CHECK(inbox.text().view() == "inbox.0123456789abcdef");
    CHECK(straight.text().view() == "0.0.0.7:4000");
    CHECK(*Address::parse(inbox.text()) == inbox);
    CHECK(*Address::parse(straight.text()) == straight);
}

TEST_CASE("what is no address is refused") {
    for (const char* text :
         {"inbox.", "inbox.0000000000000000", "inbox.0123456789abcde", "inbox.0123456789abcdefa",
          "inbox.0123456789ABCDEF", "inbox.0123456789abcdeg", "nonsense", ""})
        CHECK_FALSE(Address::parse(text));
}
