#include "tenon/core/timers.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <utility>

#include "tenon/core/random.hpp"

using tenon::Instant;
using tenon::Timers;

TEST_CASE("deadlines come due in their order, each once") {
    Timers timers;
    timers.set(3, Instant{30});
    timers.set(1, Instant{10});
    timers.set(2, Instant{20});
    std::uint32_t id = 0;
    CHECK(timers.next() == Instant{10});
    CHECK_FALSE(timers.pop_due(Instant{9}, id));
    CHECK(timers.pop_due(Instant{25}, id));
    CHECK(id == 1);
    CHECK(timers.due(1) == Instant::never());
    CHECK(timers.pop_due(Instant{25}, id));
    CHECK(id == 2);
    CHECK_FALSE(timers.pop_due(Instant{25}, id));
    CHECK(timers.next() == Instant{30});
}

TEST_CASE("a deadline moves both ways, and never is none") {
    Timers timers;
    timers.set(0, Instant{10});
    timers.set(0, Instant{50});
    CHECK(timers.next() == Instant{50});
    timers.set(0, Instant{5});
    CHECK(timers.next() == Instant{5});
    timers.set(0, Instant::never());
    CHECK(timers.next() == Instant::never());
    timers.cancel(0);
    timers.cancel(1000); // never had one
    std::uint32_t id = 0;
    CHECK_FALSE(timers.pop_due(Instant::never(), id));
    CHECK(timers.due(1000) == Instant::never());
}

TEST_CASE("timers tell what a model of them tells, through random moves") {
    for (const std::uint32_t ids : {1u, 3u, 40u, 700u}) {
        CAPTURE(ids);
        Timers timers;
        std::map<std::uint32_t, std::int64_t> model;
        tenon::Random random(ids);
        std::int64_t now = 0;
        const auto earliest = [&] {
            std::int64_t due = Instant::never().ns;
            for (const auto& entry : model) due = entry.second < due ? entry.second : due;
            return due;
        };
        for (int turn = 0; turn < 20'000; ++turn) {
            const auto id = static_cast<std::uint32_t>(random.below(ids));
            if (random.chance(0.6)) {
                const std::int64_t due = now + random.between(-5, 100);
                REQUIRE(timers.set(id, Instant{due}));
                model[id] = due;
            } else if (random.chance(0.3)) {
                timers.cancel(id);
                model.erase(id);
            } else {
                now += random.between(0, 20);
                std::uint32_t due_id = 0;
                while (timers.pop_due(Instant{now}, due_id)) {
                    REQUIRE(model.count(due_id) == 1);
                    REQUIRE(model[due_id] <= now);
                    REQUIRE(model[due_id] == earliest());
                    model.erase(due_id);
                }
                REQUIRE(earliest() > now);
            }
            if (turn % (ids > 100 ? 50 : 1) == 0) REQUIRE(timers.next().ns == earliest());
            const auto asked = model.find(id);
            REQUIRE(timers.due(id).ns == (asked == model.end() ? Instant::never().ns : asked->second));
        }
    }
}

TEST_CASE("deadlines that are equal come due by their numbers, however many they are and wherever they lie") {
    for (const std::uint32_t ids : {64u, 65u, 4096u, 4097u, 20'000u}) {
        CAPTURE(ids);
        Timers timers;
        for (std::uint32_t id = ids; id-- > 0;) REQUIRE(timers.set(id, Instant{id % 3 == 0 ? 50 : 40}));
        for (std::uint32_t id = 0; id < ids; id += 2) REQUIRE(timers.set(id, Instant{50}));
        std::uint32_t id = 0, before = 0, popped = 0;
        std::int64_t at = 0;
        for (const std::int64_t now : {40, 50})
            while (timers.pop_due(Instant{now}, id)) {
                REQUIRE((at < now || before < id));
                REQUIRE(now == (id % 2 == 0 || id % 3 == 0 ? 50 : 40));
                at = now, before = id, ++popped;
            }
        CHECK(popped == ids);
        CHECK(timers.next() == Instant::never());
    }
}

TEST_CASE("what is later than never is no deadline, and what was before the beginning of time is one") {
    Timers timers;
    CHECK(timers.set(9, Instant::never() + tenon::seconds(1.0)));
    CHECK(timers.due(9) == Instant::never());
    CHECK(timers.set(3, Instant{-5}));
    CHECK(timers.set(3, Instant::never() + tenon::seconds(1.0)));
    CHECK(timers.next() == Instant::never());
    CHECK(timers.set(3, Instant{-7}));
    CHECK(timers.next() == Instant{-7});
    std::uint32_t id = 0;
    CHECK(timers.pop_due(Instant{-7}, id));
    CHECK(id == 3);
}
