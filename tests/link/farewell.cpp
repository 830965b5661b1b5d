#include "tenon/link/farewell.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace tenon;

namespace {

SharedBytes* words(Pool& pool, std::string_view text) { return SharedBytes::make(pool, bytes_of(text)); }

} // namespace

TEST_CASE("a farewell is read as it was written, with its text or without") {
    Pool pool(1200, 1 << 16);
    for (const std::string& text : {std::string(), std::string("vote"), std::string(120, 'x')}) {
        std::array<std::byte, 200> bytes{};
        ByteWriter out(bytes);
        Farewell ours, theirs;
        ours.say(Error::kicked, text.empty() ? nullptr : words(pool, text));
        CHECK(ours.text().empty()); // it is for the other side
        ours.write(out);
        CHECK(out.position() == 2 + text.size());
        ByteReader in(BytesIn(bytes).first(out.position()).subspan(1));
        REQUIRE(theirs.read(in));
        CHECK(theirs.reason() == Error::kicked);
        CHECK(theirs.text() == text);
        CHECK(in.left() == 0);
    }
    CHECK(pool.blocks_in_use() == 0);
}

TEST_CASE("a farewell without room for its text says its reason, one that is cut short says nothing") {
    Pool pool(1200, 1 << 16);
    std::array<std::byte, 12> bytes{};
    ByteWriter out(bytes);
    Farewell ours, theirs;
    ours.say(Error::banned, words(pool, "much too long a text"));
    ours.write(out);
    CHECK(out.position() == 2);
    ByteReader nothing;
    CHECK_FALSE(theirs.read(nothing));
    CHECK(theirs.reason() == Error::none);
}

TEST_CASE("a reason that is not known reads as left, and no text is longer than it may be") {
    std::array<std::byte, 300> bytes{};
    bytes.fill(std::byte{'y'});
    bytes[0] = std::byte{250};
    ByteReader in(bytes);
    Farewell theirs;
    REQUIRE(theirs.read(in));
    CHECK(theirs.reason() == Error::left);
    CHECK(theirs.text().size() == farewell_bytes_max);
}

TEST_CASE("the last thing said counts, and what was held goes back") {
    Pool pool(1200, 1 << 16);
    {
        Farewell ours;
        ours.say(Error::kicked, words(pool, "one"));
        ours.say(Error::banned, words(pool, "another"));
        CHECK(pool.blocks_in_use() == 1);
        CHECK(ours.reason() == Error::banned);
        ours.say(Error::timed_out);
        CHECK(pool.blocks_in_use() == 0);
        ours.say(Error::kicked, words(pool, "gone with it"));
    }
    CHECK(pool.blocks_in_use() == 0);
}
