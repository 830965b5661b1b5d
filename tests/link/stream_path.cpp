#include "tenon/link/stream_path.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr Instant start{1'000'000'000'000};

// A connection that drains at a rate, and a link that fills it as far as it may.
struct Connection {
    StreamPath path{start, 0};
    Instant now = start;
    double backlog = 0, rate = 0; // bytes, bytes a second
    std::size_t most = 0;
    double left = 0;

    void run(Duration time, std::size_t frame) {
        for (const Instant end = now + time; now < end; now += 5_ms) {
            const double gone = std::min(backlog, rate * (5_ms).seconds());
            backlog -= gone, left += gone;
            path.look(now, static_cast<std::size_t>(backlog));
            for (; path.may_send(); path.sent(frame)) backlog += static_cast<double>(frame);
            path.look(now, static_cast<std::size_t>(backlog)); // nothing of it has left with the flush
            most = std::max(most, static_cast<std::size_t>(backlog));
        }
    }
};

} // namespace

TEST_CASE("behind a connection waits what it sends in the time that is allowed, and it is kept busy") {
    for (const double rate : {10'000.0, 100'000.0, 1'000'000.0}) {
        CAPTURE(rate);
        Connection line;
        line.rate = rate;
        line.run(2_s, 500);
        line.left = 0, line.most = 0;
        line.run(5_s, 500);
        const double budget = std::max(2048.0, rate * 0.075);
        CHECK(static_cast<double>(line.most) <= budget * 1.3 + 500);
        CHECK(line.left > rate * 5 * 0.98);
        CHECK(static_cast<double>(line.path.rate()) > rate * 0.8);
        CHECK(static_cast<double>(line.path.rate()) < rate * 1.2);
        CHECK(line.path.time_for(0) < 350_ms);
    }
}

TEST_CASE("who does not read gets no more, and how long it has not is known") {
    Connection line;
    line.rate = 200'000;
    line.run(2_s, 500);
    line.rate = 0;
    line.run(4_s, 500);
    CHECK(line.most <= 20'000);
    CHECK(line.path.budget() == StreamPath::budget_least);
    CHECK(line.path.time_for(0) >= 3_s);
    CHECK(line.now - line.path.progress_at() >= 3_s);
    CHECK(!line.path.may_send());
    CHECK(line.path.ready_at(line.now) <= line.now + 20_ms);
    CHECK(line.path.ready_at(line.now) > line.now);
    line.rate = 200'000;
    line.run(1_s, 500);
    CHECK(line.path.time_for(0) < 200_ms);
}

TEST_CASE("where nothing waits there is no limit but the user's own") {
    StreamPath path(start, 0);
    path.look(start, 0);
    for (int i = 0; i < 100; ++i) {
        path.sent(500);
        path.look(start, 0); // flushed
        CHECK(path.may_send());
    }
    CHECK(path.time_for(10'000) == Duration{});
    path.set_bandwidth(10'000);
    std::size_t sent = 0;
    for (Instant now = start; now < start + 10_s; now += 5_ms) {
        path.look(now, 0);
        for (; path.may_send(); path.look(now, 0)) path.sent(500), sent += 500;
    }
    CHECK(sent > 95'000);
    CHECK(sent < 106'000);
    CHECK(path.time_for(5000) == 500_ms);
}
