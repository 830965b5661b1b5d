#include "tenon/transport/waker.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tenon/transport/now.hpp"
#include "tenon/transport/poll_set.hpp"
#include "tenon/transport/readiness.hpp"
#include "tenon/transport/sleep.hpp"
#include "tenon/transport/udp.hpp"

using namespace tenon;
using transport::Waker;

TEST_CASE("nobody is woken who does not sleep, and nobody twice") {
    Waker waker;
    CHECK(!waker.wake());
    waker.doze();
    CHECK(waker.wake());
    CHECK(!waker.wake());
    waker.doze();
    waker.rise();
    CHECK(!waker.wake());
}

TEST_CASE("who was woken before it fell asleep does not sleep") {
    Waker waker;
    if (!waker.works()) return;
    waker.doze();
    REQUIRE(waker.wake());
    transport::detail::sleep_on(transport::detail::no_socket, false, Duration::max(), &waker); // else forever
    waker.rise();
    waker.doze();
    CHECK(waker.wake()); // it was used up, and is there again
    transport::detail::sleep_on(transport::detail::no_socket, false, Duration::max(), &waker);
    transport::detail::sleep_on(transport::detail::no_socket, false, milliseconds(1), &waker);
}

// Who is held up between looking at the clock and falling asleep asks for less than nothing.
TEST_CASE("who sleeps until a time that has passed does not sleep") {
    using transport::detail::no_socket;
    transport::Udp udp({.bind = transport::IpAddress::v4(127, 0, 0, 1, 0)});
    REQUIRE(udp.open(0));
    const transport::detail::Sleeper silent{udp.handle(), false, Instant::never()};
    const transport::detail::Sleeper none;
    for (const std::int64_t late : {1LL, 999LL, 1'000LL, 1'000'000LL, 1'500'000LL, 5'000'000'000LL}) {
        const Duration left{-late};
        transport::detail::sleep_on(no_socket, false, left); // else, as on Windows, forever
        transport::detail::sleep_on(silent.socket, true, left);
        transport::detail::sleep_on(silent.socket, false, left);
        transport::detail::sleep_on_all(&silent, 1, left);
        transport::detail::sleep_on_all(&none, 1, left);
        transport::detail::PollSet().sleep(left, nullptr);
    }
}

TEST_CASE("two threads wake each other a thousand times, and no call is missed") {
    Waker wakers[2];
    if (!wakers[0].works()) return;
    std::atomic<int> turn{0};
    const auto play = [&](int self) {
        Waker& own = wakers[self];
        for (int i = self; i < 2000; i += 2) {
            while (turn.load() != i) {
                own.doze();
                if (turn.load() != i)
                    transport::detail::sleep_on(transport::detail::no_socket, false, Duration::max(), &own);
                own.rise();
            }
            turn.store(i + 1);
            wakers[1 - self].wake();
        }
    };
    std::thread other(play, 1);
    play(0);
    other.join();
    CHECK(turn == 2000);
}
