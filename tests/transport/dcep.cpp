#include "tenon/transport/dcep.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tenon;
using namespace tenon::transport::detail;

namespace {

std::vector<std::byte> message(std::vector<unsigned> bytes, std::string_view rest = {}) {
    std::vector<std::byte> made;
    for (const unsigned byte : bytes) made.push_back(static_cast<std::byte>(byte));
    for (const char c : rest) made.push_back(static_cast<std::byte>(c));
    return made;
}

} // namespace

TEST_CASE("what browsers write to open a channel is understood") {
    DcepOpen open;
    // createDataChannel("abc"), and the same with {ordered: false, maxRetransmits: 0, protocol: "p"}
    const auto plain = message({3, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0}, "abc");
    const auto swift = message({3, 0x81, 1, 0, 0, 0, 0, 0, 0, 3, 0, 1}, "abcp");
    REQUIRE(open.read(plain));
    CHECK(open.is_reliable());
    CHECK(!open.is_unreliable());
    CHECK(open.label == "abc");
    CHECK(open.protocol.empty());
    REQUIRE(open.read(swift));
    CHECK(!open.is_reliable());
    CHECK(open.is_unreliable());
    CHECK(open.priority == 256);
    CHECK(open.protocol == "p");
    // The kinds between are neither.
    for (const unsigned type : {0x80u, 0x01u, 0x02u, 0x82u}) {
        REQUIRE(open.read(message({3, type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
        CHECK(!open.is_reliable());
        CHECK(!open.is_unreliable());
    }
    REQUIRE(open.read(message({3, 0x81, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0})));
    CHECK(!open.is_unreliable()); // once more is not at all
    CHECK(is_dcep_ack(message({2})));
    CHECK(!is_dcep_ack(message({2, 0})));
    CHECK(!is_dcep_ack(message({3})));
    CHECK(!is_dcep_ack({}));
}

TEST_CASE("what is no such word is refused") {
    DcepOpen open;
    CHECK(!open.read({}));
    CHECK(!open.read(message({2})));
    CHECK(!open.read(message({3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));           // short
    CHECK(!open.read(message({4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));        // something else
    CHECK(!open.read(message({3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));        // no kind
    CHECK(!open.read(message({3, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0}, "abc"))); // says more than there is
    CHECK(!open.read(message({3, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0}, "abc"))); // and less
    CHECK(!open.read(message({3, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}, "abc")));
    CHECK(open.read(message({3, 0, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0}, std::string(128, 'a'))));
    CHECK(!open.read(message({3, 0, 0, 0, 0, 0, 0, 0, 0, 129, 0, 0}, std::string(129, 'a'))));
}

TEST_CASE("what is written is read") {
    std::array<std::byte, DcepOpen::bytes_max> room{};
    DcepOpen written, read;
    written.ordered = false;
    written.limit = DcepOpen::Limit::resends;
    written.label = "swift";
    written.protocol = "tenon";
    REQUIRE(read.read(written.write(room)));
    CHECK(read.is_unreliable());
    CHECK(read.label == "swift");
    CHECK(read.protocol == "tenon");
    const std::string most(128, 'x'), more(129, 'x');
    written.label = written.protocol = most;
    CHECK(written.write(room).size() == DcepOpen::bytes_max);
    written.label = more;
    CHECK(written.write(room).empty());
}
