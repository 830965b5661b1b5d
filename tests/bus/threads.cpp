// Ends of one bus in several threads: nothing is lost as long as nobody is too far behind, and the thread
// sanitizer sees no race.
#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "tenon/bus/local.hpp"

using namespace tenon;

TEST_CASE("sessions of several threads may share a bus") {
    constexpr std::uint32_t speakers = 3, words = 2000;
    bus::Hub hub({.queue_messages = 1 << 20, .queue_bytes = 64 << 20, .publisher_messages = 1 << 20});
    bus::Local ear(hub);
    REQUIRE(ear.subscribe("a.>"));
    std::vector<std::thread> threads;
    std::atomic<std::uint32_t> refused{0};
    for (std::uint32_t i = 0; i < speakers; ++i)
        threads.emplace_back([&hub, &refused] {
            bus::Local mouth(hub);
            for (std::uint32_t k = 0; k < words; ++k)
                if (!mouth.publish("a.b", BytesIn(reinterpret_cast<const std::byte*>(&k), sizeof k)))
                    ++refused;
            mouth.poll([](std::string_view, BytesIn) {});
        });
    std::uint32_t heard = 0;
    while (heard + refused < speakers * words) {
        ear.poll([&](std::string_view, BytesIn message) {
            heard += message.size() == sizeof(std::uint32_t) ? 1 : 0;
        });
        std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(refused == 0);
    CHECK(heard == speakers * words);
}
