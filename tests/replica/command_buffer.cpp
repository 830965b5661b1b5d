#include "tenon/replica/command_buffer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "../allocations.hpp"
#include "tenon/core/random.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Steer {
    int turn = 0;
};
using Buffer = CommandBuffer<Steer>;
using Kind = Played<Steer>::Kind;
constexpr Instant start{1'000'000'000};

// Ticks of 10 ms.
struct Bench {
    Buffer buffer{{.tick = 10_ms, .wait_most = 2, .repeat_most = 3, .calm = 1_s}};
    Instant now = start;

    Error push(std::uint32_t number) { return buffer.push(now, number, {static_cast<int>(number)}).error(); }
    Played<Steer> tick() {
        now += 10_ms;
        return buffer.take(now);
    }
};

} // namespace

TEST_CASE("commands are played one a tick, in their order, whatever order they come in") {
    Bench bench;
    CHECK(bench.tick().kind == Kind::nothing);
    CHECK(bench.buffer.applied() == 0);
    CHECK(bench.buffer.push(bench.now, 1, {7}, Moment{99}).error() == Error::none);
    CHECK(bench.push(3) == Error::none);
    CHECK(bench.push(2) == Error::none);
    CHECK(bench.push(3) == Error::duplicate);
    auto played = bench.tick();
    CHECK(played.kind == Kind::fresh);
    CHECK(played.number == 1);
    CHECK(played.order->turn == 7);
    CHECK(played.seen == Moment{99});
    CHECK(bench.push(1) == Error::duplicate);
    CHECK(bench.tick().order->turn == 2);
    CHECK(bench.tick().order->turn == 3);
    CHECK(bench.buffer.applied() == 3);
    CHECK(bench.buffer.size() == 0);
    CHECK(bench.buffer.figures().played == 3);
    CHECK(bench.buffer.figures().duplicate == 2);
}

TEST_CASE("a late one is waited for, then replaced by the last, and after a silence all begins anew") {
    Bench bench;
    bench.push(1);
    CHECK(bench.tick().kind == Kind::fresh);
    for (int i = 0; i < 2; ++i) {
        const auto played = bench.tick();
        CHECK(played.kind == Kind::waited);
        CHECK(!played);
        CHECK(bench.buffer.applied() == 1);
    }
    SUBCASE("in time it is played, and nothing is lost") {
        CHECK(bench.push(2) == Error::none);
        CHECK(bench.tick().number == 2);
        CHECK(bench.buffer.figures().replaced == 0);
    }
    SUBCASE("given up, it is refused") {
        for (std::uint32_t number = 2; number < 5; ++number) {
            const auto played = bench.tick();
            CHECK(played.kind == Kind::replaced);
            CHECK(played);
            CHECK(played.number == number);
            CHECK(played.order->turn == 1);
        }
        CHECK(bench.tick().kind == Kind::nothing);
        CHECK(bench.tick().kind == Kind::nothing);
        CHECK(bench.push(3) == Error::stale);
        CHECK(bench.buffer.figures().stale == 1);
        CHECK(bench.push(500) == Error::none); // wherever it goes on after a silence
        CHECK(bench.tick().number == 500);
        CHECK(bench.buffer.applied() == 500);
    }
    SUBCASE("where a later one is there it is not waited for any longer") {
        CHECK(bench.push(3) == Error::none);
        CHECK(bench.tick().kind == Kind::replaced);
        CHECK(bench.tick().kind == Kind::fresh);
        CHECK(bench.buffer.applied() == 3);
    }
}

TEST_CASE("commands of the future and floods are refused by name, and counted") {
    Bench bench;
    bench.push(10);
    CHECK(bench.push(10 + Buffer::window) == Error::too_early);
    CHECK(bench.push(0x7000'0000) == Error::too_early);
    CHECK(bench.push(9) == Error::stale);
    CHECK(bench.push(0x9000'0000) == Error::stale);
    CHECK(bench.push(9 + Buffer::window) == Error::none);
    CHECK(bench.buffer.figures().too_early == 2);
    int flooded = 0;
    for (std::uint32_t i = 0; i < 1000; ++i) flooded += bench.push(i) == Error::flooded;
    CHECK(flooded > 800);
    CHECK(bench.buffer.figures().flooded == static_cast<std::uint64_t>(flooded));
    CHECK(bench.tick().number == 10);
    CHECK(bench.push(10 + Buffer::window) == Error::none);
}

TEST_CASE("a client that jitters is waited for longer, and one that has calmed down shorter") {
    Bench bench;
    Random random(3);
    struct Sent {
        Instant due;
        std::uint32_t number;
    };
    std::vector<Sent> under_way;
    std::uint32_t next = 1;
    Instant last{};
    std::size_t waiting = 0, ticks = 0;
    const auto run = [&](int count, double jitter) {
        waiting = ticks = 0;
        for (int i = 0; i < count; ++i) {
            // In order, as a link brings them.
            const Instant due = bench.now + seconds(random.real() * jitter);
            under_way.push_back({max(due, last), next++});
            last = under_way.back().due;
            for (unsigned more = bench.buffer.due(); more-- > 1;) bench.buffer.take(bench.now);
            bench.tick();
            for (const Sent& sent : under_way)
                if (sent.due <= bench.now) (void)bench.buffer.push(bench.now, sent.number, {});
            under_way.erase(std::remove_if(under_way.begin(), under_way.end(),
                                           [&](const Sent& sent) { return sent.due <= bench.now; }),
                            under_way.end());
            waiting += bench.buffer.size();
            ++ticks;
        }
        return static_cast<double>(waiting) / static_cast<double>(ticks);
    };
    const double calm = run(500, 0);
    CHECK(calm < 1.5);
    run(200, 0.06);
    const auto before = bench.buffer.figures();
    const double wild = run(500, 0.06);
    const auto after = bench.buffer.figures();
    CHECK(wild > calm + 1);
    CHECK(after.replaced - before.replaced < 5);
    CHECK(after.waited - before.waited < 5);
    CHECK(after.stale < 3);
    run(3000, 0);
    CHECK(run(500, 0) < 3);
    CHECK(bench.buffer.figures().hurried > 0);
}

TEST_CASE("the client hears how early the latest of its commands came") {
    Bench bench;
    Duration early;
    CHECK(!bench.buffer.early(early));
    bench.push(1);
    bench.tick();
    bench.now += 3_ms;
    bench.push(2); // wanted in 7 ms
    bench.now += 2_ms;
    bench.push(3); // in 15
    REQUIRE(bench.buffer.early(early));
    CHECK(early == 7_ms);
    CHECK(!bench.buffer.early(early));
    bench.now = bench.now - 5_ms;
    bench.tick();
    bench.tick();
    for (int i = 0; i < 3; ++i) bench.tick(); // 4 is given up
    bench.now += 4_ms;
    CHECK(bench.push(4) == Error::stale);
    REQUIRE(bench.buffer.early(early));
    CHECK(early == -4_ms);
}

TEST_CASE("a buffer allocates nothing") {
    const allocations::Count count;
    Bench bench;
    for (std::uint32_t i = 1; i < 1000; ++i) {
        bench.push(i);
        bench.tick();
    }
    CHECK(count.bytes() == 0);
}
