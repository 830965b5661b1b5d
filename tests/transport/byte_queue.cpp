#include "tenon/transport/byte_queue.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tenon/core/random.hpp"

using namespace tenon;
using transport::detail::ByteQueue;

TEST_CASE("bytes leave a queue as they came, whatever the pieces") {
    Random random(3);
    ByteQueue queue;
    std::string in, out;
    for (int i = 0; i < 2000; ++i) {
        std::string piece(random.below(300), '\0');
        for (char& c : piece) c = static_cast<char>(random.next());
        CHECK(queue.append(bytes_of(piece)));
        in += piece;
        const std::size_t count = random.below(queue.size() + 1);
        out += text_of(queue.front().first(count));
        queue.take(count);
        CHECK(queue.size() == in.size() - out.size());
    }
    out += text_of(queue.front());
    CHECK((in == out));
}

TEST_CASE("a queue that is emptied as fast as it fills stays as large as it is, and grows by doubling") {
    ByteQueue queue;
    CHECK(queue.capacity() == 0);
    CHECK(queue.room(1).size() >= 1);
    const std::size_t first = queue.capacity();
    const std::string piece(100, 'x');
    for (int i = 0; i < 10000; ++i) {
        CHECK(queue.append(bytes_of(piece)));
        if (i > 2) queue.take(100);
    }
    CHECK(queue.capacity() <= 2 * first);
    queue.clear();
    CHECK(queue.empty());
    while (queue.size() < 100'000) CHECK(queue.append(bytes_of(piece)));
    CHECK(queue.capacity() <= 4 * 100'000);
    ByteQueue moved = std::move(queue);
    CHECK(moved.size() == 100'000);
    moved.release();
    CHECK(moved.capacity() == 0);
}
