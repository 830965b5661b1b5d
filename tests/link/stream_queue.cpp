#include "tenon/link/stream_queue.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tenon;

namespace {
BytesIn text(const std::string& from) { return bytes_of(from); }
} // namespace

TEST_CASE("messages leave a stream's queue as they came, however it grows and moves") {
    StreamQueue queue(100'000, 50'000);
    std::uint32_t said = 0, heard = 0;
    for (int round = 0; round < 400; ++round) {
        for (int i = 0; i < round % 7; ++i, ++said) {
            const std::string body(said * 37 % 900, static_cast<char>('a' + said % 26));
            if (said % 2 == 0) {
                CHECK(queue.append({static_cast<std::uint16_t>(said)}, text(body)));
                continue;
            }
            const BytesOut open = queue.open_room({0});
            REQUIRE(open.size() >= body.size());
            copy(open.data(), text(body));
            CHECK(queue.commit({static_cast<std::uint16_t>(said)}, body.size()));
        }
        for (int i = 0; i < 3 && !queue.empty(); ++i, ++heard, queue.pop()) {
            CHECK(queue.front().type.value == heard);
            CHECK(text_of(queue.front().payload) ==
                  std::string(heard * 37 % 900, static_cast<char>('a' + heard % 26)));
        }
        if (queue.bytes() > 80'000)
            for (; queue.bytes() > 1000; ++heard) queue.pop();
    }
    CHECK(heard > 500);
}

TEST_CASE("a full queue of a stream says so, and one message too large for any frame as well") {
    StreamQueue queue(3000, 1200);
    CHECK(queue.append({8}, text(std::string(1201, 'x'))).error() == Error::too_large);
    CHECK(queue.append({8}, text(std::string(1200, 'x'))));
    CHECK(queue.append({9}, text(std::string(1200, 'y'))));
    CHECK(queue.append({10}, text(std::string(1200, 'z'))).error() == Error::queue_full);
    CHECK(queue.open_room({10}).empty());
    CHECK(queue.append({11}, {}));
    CHECK(queue.front().payload.size() == 1200);
    queue.pop();
    CHECK(queue.append({12}, text(std::string(1200, 'z'))));
    queue.pop();
    CHECK(queue.front().type.value == 11);
    CHECK(queue.front().payload.empty());
}
