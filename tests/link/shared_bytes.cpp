#include "tenon/link/shared_bytes.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tenon/link/outbox.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr MessageType snapshot{20};

Outbox::Message message(std::uint32_t key = 0, bool replaceable = false) {
    Outbox::Message made;
    made.type = snapshot;
    made.key = key;
    made.replaceable = replaceable;
    return made;
}

} // namespace

TEST_CASE("a shared payload goes back to the pool with its last holder") {
    Pool pool(1200, 1 << 20);
    SharedBytes* shared = SharedBytes::make(pool, bytes_of("to everybody"));
    REQUIRE(shared != nullptr);
    CHECK(text_of(shared->bytes()) == "to everybody");
    CHECK(pool.blocks_in_use() == 1);
    shared->hold();
    shared->release();
    CHECK(text_of(shared->bytes()) == "to everybody");
    CHECK(pool.blocks_in_use() == 1);
    shared->release();
    CHECK(pool.blocks_in_use() == 0);
}

TEST_CASE("what is larger than a block, or finds no memory, is not shared") {
    Pool pool(128, 128);
    const std::string large(128, 'x');
    CHECK(SharedBytes::make(pool, bytes_of(large)) == nullptr);
    SharedBytes* only = SharedBytes::make(pool, bytes_of("one"));
    REQUIRE(only != nullptr);
    CHECK(SharedBytes::make(pool, bytes_of("two")) == nullptr);
    only->release();
}

TEST_CASE("queues let go of a shared payload when it has left, is too late, is replaced, or dies with them") {
    Pool pool(1200, 1 << 20);
    {
        Outbox left(10'000), late(10'000), replaced(10'000), dies(10'000);
        SharedBytes* shared = SharedBytes::make(pool, bytes_of("to everybody"));
        REQUIRE(shared != nullptr);
        REQUIRE(left.push(message(), *shared));
        Outbox::Message soon = message();
        soon.deadline = Instant{} + 10_ms;
        REQUIRE(late.push(soon, *shared));
        REQUIRE(replaced.push(message(7, true), *shared));
        REQUIRE(dies.push(message(), *shared));
        shared->release();
        CHECK(left.bytes() == 12);

        Outbox::Message* front = left.front(Instant{});
        REQUIRE(front != nullptr);
        CHECK(text_of(left.payload(*front)) == "to everybody");
        left.pop();
        CHECK(left.empty());
        CHECK(late.front(Instant{} + 11_ms) == nullptr);
        CHECK(late.expired() == 1);
        REQUIRE(replaced.push(message(7, true), bytes_of("newer")));
        front = replaced.front(Instant{});
        REQUIRE(front != nullptr);
        CHECK(text_of(replaced.payload(*front)) == "newer");
        CHECK(pool.blocks_in_use() == 1); // the last of them still has it
    }
    CHECK(pool.blocks_in_use() == 0);
}

TEST_CASE("a shared payload counts in full against the limit of each queue") {
    Pool pool(1200, 1 << 20);
    SharedBytes* shared = SharedBytes::make(pool, bytes_of(std::string(1000, 'x')));
    REQUIRE(shared != nullptr);
    {
        Outbox outbox(2500);
        CHECK(outbox.push(message(), *shared));
        CHECK(outbox.push(message(), *shared));
        CHECK(outbox.push(message(), *shared).error() == Error::queue_full);
        CHECK(outbox.bytes() == 2000);
    }
    shared->release();
    CHECK(pool.blocks_in_use() == 0);
}
