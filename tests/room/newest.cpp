#include "tenon/room/newest.hpp"

#include <doctest/doctest.h>

using namespace tenon;

namespace {

bool stale(NewestWins& newest, std::uint32_t peer, std::uint16_t type, std::uint32_t key,
           std::uint64_t packet) {
    std::byte bytes[8];
    ByteWriter out{BytesOut(bytes)};
    out.varint(key);
    return newest.is_stale(PeerId{peer}, MessageType{type}, BytesIn(bytes, out.position()), packet);
}

} // namespace

TEST_CASE("what was overtaken is stale, in its own stream alone") {
    NewestWins newest(1);
    CHECK(!stale(newest, 1, 8, 0, 10));
    CHECK(stale(newest, 1, 8, 0, 9));
    CHECK(!stale(newest, 1, 8, 0, 10)); // several in one packet come in their order
    CHECK(!stale(newest, 2, 8, 0, 9));
    CHECK(!stale(newest, 1, 9, 0, 9));
    CHECK(!stale(newest, 1, 8, 1, 9));
    CHECK(!stale(newest, 1, 8, 0, 11));
    CHECK(stale(newest, 1, 8, 0, 10));
    CHECK(newest.size() == 4);
}

TEST_CASE("the key stands in front of the payload; without one it is zero") {
    std::byte bytes[8];
    ByteWriter out{BytesOut(bytes)};
    out.varint(300);
    CHECK(NewestWins::key(BytesIn(bytes, out.position())) == 300);
    CHECK(NewestWins::key({}) == 0);
}

TEST_CASE("streams are bounded: idle ones make room, and where none is idle new ones are refused") {
    NewestWins newest(1);
    for (std::uint32_t key = 0; key < NewestWins::streams_max; ++key)
        CHECK(!stale(newest, 1, 8, key, key < 100 ? 1 : 5000));
    CHECK(newest.size() == NewestWins::streams_max);
    CHECK(stale(newest, 1, 8, 1'000'000, 1 + Received::window));  // nothing is idle for long enough
    CHECK(!stale(newest, 1, 8, 50, 2 + Received::window));        // the known ones go on
    CHECK(!stale(newest, 1, 8, 1'000'000, 2 + Received::window)); // the first hundred, but for that one, go
    CHECK(newest.size() == NewestWins::streams_max - 99 + 1);
    CHECK(stale(newest, 1, 8, 4000, 4999)); // and what stayed is still known
}
