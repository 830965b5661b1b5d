#include "tenon/transport/road_watch.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

using namespace tenon;
using namespace tenon::literals;
using transport::FallbackOptions;
using transport::RoadWatch;

namespace {

using Bytes = std::vector<std::byte>;

// As the handshake writes them, as far as the watch looks.
Bytes hello(unsigned char nonce) {
    Bytes bytes(128);
    bytes[0] = std::byte{0x81};
    bytes[7] = std::byte{nonce};
    return bytes;
}
Bytes answer(unsigned char nonce, unsigned kind = 0x82) {
    Bytes bytes(25);
    bytes[0] = static_cast<std::byte>(kind);
    bytes[5] = std::byte{nonce};
    return bytes;
}
Bytes packet() { return Bytes(40); }

// A watch over three roads, and what it puts on which.
struct Post {
    RoadWatch watch{FallbackOptions{}, 3};
    Instant now{1'000'000'000};
    std::array<bool, 3> goes{true, true, true};
    std::string said, tried;

    std::string say(const Bytes& bytes) {
        said.clear();
        watch.say(
            now, bytes, [this](std::size_t road) { return goes[road]; },
            [this](std::size_t road) { said += std::to_string(road); });
        return said;
    }
    std::string turn() {
        tried.clear();
        watch.turn(
            now, [this](std::size_t road) { return goes[road]; },
            [this](std::size_t road, BytesIn bytes) {
                CHECK(bytes.size() == 128);
                tried += std::to_string(road);
            });
        return tried;
    }
    // For so long, with what answers at once.
    std::string run(Duration time, const std::string& answers = "", bool speaks = false) {
        std::string all;
        for (const Instant end = now + time; now < end; now += 10_ms) {
            if (speaks) say(packet());
            const std::string roads = turn();
            all += roads;
            for (const char road : roads)
                if (answers.find(road) != std::string::npos)
                    (void)watch.hear(now, static_cast<std::size_t>(road - '0'), answer(1));
        }
        return all;
    }
    void join(std::size_t road) {
        say(hello(1));
        run(600_ms);
        CHECK(watch.hear(now, road, answer(1)));
        CHECK(watch.hear(now, road, packet()));
        CHECK(watch.current() == road);
    }
};

} // namespace

TEST_CASE("each road has its head start, and the first that answers is taken") {
    Post post;
    CHECK(post.watch.next() == Instant::never());
    CHECK(post.say(hello(1)) == "0");
    CHECK(post.watch.next() == post.now + 250_ms);
    CHECK(post.run(240_ms).empty());
    CHECK(post.run(20_ms) == "1");
    CHECK(post.say(hello(1)) == "01"); // the session asks again
    CHECK(post.run(250_ms) == "2");
    CHECK(post.watch.next() == Instant::never());
    CHECK(!post.watch.hear(post.now, 1, answer(2))); // of another's hello
    CHECK(!post.watch.hear(post.now, 1, packet()));  // nobody was let in yet
    CHECK(post.watch.hear(post.now, 1, answer(1)));
    CHECK(post.watch.current() == 1);
    CHECK(!post.watch.hear(post.now, 0, answer(1))); // too late
    CHECK(post.watch.current() == 1);
    CHECK(post.say(packet()) == "1");
    CHECK(post.watch.hear(post.now, 1, answer(1, 0x85))); // what it is told at the door, it hears
    CHECK(!post.watch.take_moved());
}

TEST_CASE("a road that goes nowhere has no head start") {
    Post post;
    post.goes[0] = false;
    CHECK(post.say(hello(1)) == "1");
    CHECK(post.watch.current() == 1);
    CHECK(post.run(260_ms) == "2");
}

TEST_CASE("while the host owes nothing, no road is tried but better ones") {
    Post post;
    post.join(0);
    CHECK(post.run(10_s).empty());
    CHECK(post.watch.next() == Instant::never());
    // What the road brings is heard, its answers to what we tried are not, and nothing of other roads is.
    CHECK(post.watch.hear(post.now, 0, packet()));
    CHECK(!post.watch.hear(post.now, 0, answer(1)));
    CHECK(!post.watch.hear(post.now, 1, packet()));
}

TEST_CASE("a road that owes an answer is doubted, and left for one that answers") {
    Post post;
    post.join(0);
    CHECK(post.say(packet()) == "0");
    CHECK(post.watch.next() == post.now + 300_ms);
    CHECK(post.run(300_ms).empty());
    CHECK(post.run(440_ms) == "012012012012012");
    CHECK(!post.watch.take_moved());
    CHECK(post.watch.hear(post.now, 0, packet())); // it was only slow
    CHECK(post.run(2_s).empty());
    post.say(packet());
    post.run(800_ms, "2");
    CHECK(post.watch.current() == 2);
    CHECK(post.watch.take_moved());
    CHECK(!post.watch.take_moved());
    CHECK(post.watch.moves() == 1);
    CHECK(post.say(packet()) == "2");
}

TEST_CASE("where no road answers, none is taken, and the first that does is") {
    Post post;
    post.join(0);
    post.say(packet());
    post.run(5_s);
    CHECK(post.watch.current() == 0);
    post.run(200_ms, "1");
    CHECK(post.watch.current() == 1);
}

TEST_CASE("a road that answers what is tried is alive, whatever else it brings") {
    Post post;
    post.join(0);
    post.run(10_s, "012", true);
    CHECK(post.watch.moves() == 0);
}

TEST_CASE("a connection that broke is left at once, and dialled again after a pause") {
    Post post;
    post.join(1);
    CHECK(post.watch.may_dial(post.now, 1));
    post.watch.lost(post.now, 1);
    CHECK(!post.watch.may_dial(post.now, 1));
    CHECK(post.watch.may_dial(post.now + 500_ms, 1));
    post.run(50_ms, "2");
    CHECK(post.watch.current() == 2);
    // The loss of another road is no matter.
    post.watch.hear(post.now, 2, packet());
    post.watch.lost(post.now, 1);
    post.run(50_ms);
    CHECK(post.watch.current() == 2);
}

TEST_CASE("a better road is looked for, and taken after three answers without a miss") {
    Post post;
    post.join(1);
    std::string tried = post.run(5_s);
    CHECK(tried.size() >= 5);
    CHECK(tried.find_first_not_of('0') == std::string::npos);
    CHECK(post.watch.moves() == 0);
    // Two answers and a miss are not enough.
    const auto once = [&] {
        while (post.turn().empty()) post.now += 10_ms;
        (void)post.watch.hear(post.now, 0, answer(1));
    };
    once();
    once();
    while (post.turn().empty()) post.now += 10_ms;
    while (post.turn().empty()) post.now += 10_ms; // the first of them had no answer
    once();
    CHECK(post.watch.moves() == 0);
    once();
    once();
    post.now += 10_ms;
    post.turn();
    CHECK(post.watch.current() == 0);
    CHECK(post.watch.take_moved());
}

TEST_CASE("a new hello begins anew, and what is no hello is not remembered as one") {
    Post post;
    CHECK(post.say(packet()) == "0");
    CHECK(post.watch.next() == Instant::never());
    post.join(2);
    CHECK(post.say(hello(1)) == "2"); // the same caller again
    CHECK(post.say(hello(2)) == "0");
    CHECK(post.watch.current() == 0);
    CHECK(post.say(packet()).empty()); // nobody is there yet
    CHECK(!post.watch.hear(post.now, 0, answer(1)));
    CHECK(post.watch.hear(post.now, 0, answer(2)));
    Bytes longer = hello(3);
    longer.resize(129);
    CHECK(post.say(longer) == "0");
    CHECK(post.watch.hear(post.now, 0, packet()));
    CHECK(post.watch.current() == 0);
    CHECK(post.say(Bytes{}) == "0");
    CHECK(!post.watch.hear(post.now, 1, Bytes{}));
    CHECK(!post.watch.hear(post.now, 1, Bytes(3, std::byte{0x82})));
}
