#include "tenon/sim/lines.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tenon/sim/pipe.hpp"
#include "tenon/sim/stream.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Instant start{1'000'000'000'000};

// Two transports on two hosts, and what each heard.
struct Two {
    sim::Lines lines{7};
    sim::Stream here{lines, 1}, there{lines, 2};
    Instant now = start;
    std::vector<std::string> heard, heard_here;
    std::vector<sim::LineAddress> callers, lost, lost_here;
    Instant last{};
    bool reads = true;

    Two() {
        lines.set_now(start);
        REQUIRE(there.open(4000));
        REQUIRE(here.open(0));
    }
    sim::LineAddress host() { return *here.resolve("host2:4000"); }
    Sent say(const std::string& text) { return here.send(host(), {}, bytes_of(text)); }
    struct Ear {
        Two& two;
        std::vector<std::string>& heard;
        std::vector<sim::LineAddress>& gone;
        void operator()(const sim::LineAddress& from, Lane, BytesIn frame) {
            heard.emplace_back(text_of(frame));
            two.callers.push_back(from);
            two.last = two.now;
        }
        void lost(const sim::LineAddress& at) { gone.push_back(at); }
    };
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 1_ms) {
            lines.deliver(now, [](const transport::MemoryAddress&) {});
            if (reads) there.poll(Ear{*this, heard, lost});
            here.poll(Ear{*this, heard_here, lost_here});
            here.flush();
            there.flush();
        }
    }
};

} // namespace

TEST_CASE("a simulated connection brings all in its order, both ways, after a way and a half") {
    Two two;
    for (int i = 0; i < 50; ++i) CHECK(two.say(std::to_string(i)) == Sent::sent);
    two.run(100_ms);
    REQUIRE(two.heard.size() == 50);
    for (std::size_t i = 0; i < 50; ++i) CHECK(two.heard[i] == std::to_string(i));
    CHECK(two.last >= start + 60_ms);
    CHECK(two.last <= start + 63_ms);
    const sim::LineAddress caller = two.callers[0];
    CHECK(caller.serial != 0);
    CHECK(caller.text().view().find('#') != std::string_view::npos);
    CHECK(two.there.send(caller, {}, bytes_of("hi")) == Sent::sent);
    two.run(30_ms);
    CHECK(two.heard_here == std::vector<std::string>{"hi"});
    CHECK(two.lines.open_count() == 1);
}

TEST_CASE("a simulated connection takes as much as its reader and its line do, and no more") {
    Two two;
    sim::Line line;
    line.bandwidth = 100'000;
    line.system_bytes = 4000;
    line.window_bytes = 8000;
    line.backlog_max = 20'000;
    two.lines.set_line(1, 2, line);
    two.reads = false;
    int taken = 0;
    while (two.say(std::string(1000, 'x')) == Sent::sent) ++taken;
    CHECK(taken == 20);
    CHECK(two.here.backlog(two.host()) == 20'000);
    CHECK(two.here.prepare(two.host(), {}, 1000).empty());
    two.run(1_s);
    CHECK(two.here.backlog(two.host()) == 8000); // the window and the system's buffer are full
    two.reads = true;
    const Instant began = two.now;
    two.run(1_s);
    CHECK(two.heard.size() == 20);
    CHECK(two.here.backlog(two.host()) == 0);
    CHECK(two.last - began > 100_ms);
    CHECK(two.last - began < 200_ms);
    CHECK(two.here.send(two.host(), {}, std::vector<std::byte>(66'001)) == Sent::too_big);
}

TEST_CASE("the end of a simulated connection is heard once, behind what was said before it") {
    Two two;
    (void)two.say("one");
    two.run(100_ms);
    (void)two.say("last");
    two.here.hang_up(two.host());
    two.run(100_ms);
    CHECK(two.heard == std::vector<std::string>{"one", "last"});
    REQUIRE(two.lost.size() == 1);
    CHECK(two.lost[0] == two.callers[0]);
    CHECK(two.lost_here.empty());
    CHECK(two.there.send(two.callers[0], {}, bytes_of("late")) == Sent::closed);
    // Another call is another connection.
    (void)two.say("again");
    two.run(100_ms);
    CHECK(two.heard.back() == "again");
    CHECK(!(two.callers.back() == two.callers.front()));
    two.lines.sever(1, 2);
    two.run(100_ms);
    CHECK(two.lost.size() == 2);
    CHECK(two.lost_here.size() == 1);
    // Nobody is there to answer.
    two.there.close();
    (void)two.say("hello?");
    two.run(100_ms);
    CHECK(two.lost_here.size() == 2);
    CHECK(two.lines.open_count() == 0);
}

static_assert(tenon::TransportPolicy<tenon::sim::Stream> && tenon::LendsBuffer<tenon::sim::Stream> &&
              tenon::Connected<tenon::sim::Stream>);
static_assert(tenon::CheckTransport<tenon::sim::StreamAndDatagrams>::ok &&
              tenon::CheckTransport<tenon::sim::ManyStreams>::ok);
