#include "tenon/room/post.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/words.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr MessageType shot{MessageType::first_user};
constexpr Instant start{1'000'000'000};

template <class Reliability>
struct One {
    Pool pool{1100, 1 << 20};
    Link<Reliability> link{pool, LinkOptions(), 1, start, Random(1)};

    Result<> put(MessageType type, Delivery delivery, How how = {}, std::uint32_t stream = 0) {
        return tenon::put(link, pool, start, {type, delivery, bytes_of("shot"), how, stream});
    }
};

} // namespace

TEST_CASE("what must arrive goes into the channel of its order, the rest into the outbox") {
    One<reliability::AckVector> one;
    REQUIRE(one.put(shot, Delivery::ordered));
    CHECK(one.link.channel(true).backlog() != 0);
    CHECK(one.link.channel(false).backlog() == 0);
    REQUIRE(one.put(shot, Delivery::reliable));
    CHECK(one.link.channel(false).backlog() != 0);
    CHECK(one.link.outbox().empty());
    REQUIRE(one.put(shot, Delivery::best_effort));
    CHECK(one.link.outbox().bytes() == 4);
}

TEST_CASE("what may be lost is encoded straight into its queue, and nothing is left where that fails") {
    One<reliability::AckVector> one;
    Outbox& outbox = one.link.outbox();
    const Post post{shot, Delivery::newest, {}, {.ttl = 5_ms}, 3};
    const std::byte* where = nullptr;
    const auto says = [&](std::string_view text) {
        return put_written(outbox, start, post, [&, text](BytesOut room) -> Encoded {
            if (text.size() > room.size()) return Error::too_large;
            where = room.data();
            copy(room.data(), bytes_of(text));
            return text.size();
        });
    };
    REQUIRE(says("first"));
    REQUIRE(says("second")); // which is newer
    CHECK(outbox.replaced() == 1);
    CHECK(!says(std::string(100'000, 'x')));
    Outbox::Message* front = outbox.front(start + 5_ms);
    REQUIRE(front != nullptr);
    CHECK(text_of(outbox.payload(*front)) == "second");
    CHECK(outbox.payload(*front).data() == where);
    CHECK(outbox.front(start + 6_ms) == nullptr);
    // A full queue is not even asked to hold it.
    while (one.put(shot, Delivery::best_effort)) continue;
    bool asked = false;
    CHECK(!put_written(outbox, start, post, [&](BytesOut) -> Encoded { return asked = true, 0; }));
    CHECK(!asked);
}

TEST_CASE("of one newest-wins stream only the last waits, and a time to live is kept") {
    One<reliability::AckVector> one;
    REQUIRE(one.put(shot, Delivery::newest, {}, 1));
    REQUIRE(one.put(shot, Delivery::newest, {}, 1));
    REQUIRE(one.put(shot, Delivery::newest, {}, 2));
    CHECK(one.link.outbox().replaced() == 1);
    One<reliability::AckVector> other;
    REQUIRE(other.put(shot, Delivery::best_effort, {.ttl = 5_ms}));
    CHECK(other.link.outbox().front(start + 5_ms) != nullptr);
    CHECK(other.link.outbox().front(start + 6_ms) == nullptr);
}

TEST_CASE(
    "where tries are bounded, events go by the policy's machine and the room's own words by the channel") {
    One<reliability::AckRetry> one;
    REQUIRE(one.put(shot, Delivery::reliable));
    CHECK(one.link.machine().waiting() == 1);
    REQUIRE(one.put(room_word::left, Delivery::ordered));
    CHECK(one.link.machine().waiting() == 1);
    CHECK(one.link.channel(true).backlog() != 0);
}

TEST_CASE("a payload that is shared is held by the queue, not copied") {
    One<reliability::AckVector> one;
    SharedBytes* shared = SharedBytes::make(one.pool, bytes_of("to everybody"));
    REQUIRE(shared != nullptr);
    REQUIRE(tenon::put(one.link, one.pool, start, {shot, Delivery::best_effort, shared->bytes()}, shared));
    Outbox::Message* front = one.link.outbox().front(start);
    REQUIRE(front != nullptr);
    CHECK(one.link.outbox().payload(*front).data() == shared->bytes().data());
    shared->release();
    CHECK(one.pool.blocks_in_use() == 1);
}
