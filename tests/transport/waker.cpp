#include "tenon/transport/waker.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tenon/transport/sleep.hpp"

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
