#include "tenon/transport/datagram_ring.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using transport::MemoryAddress;
using Datagrams = transport::DatagramRing<MemoryAddress>;

namespace {

constexpr std::size_t datagram_max = 2000;

MemoryAddress from(std::uint64_t number) { return {static_cast<std::uint32_t>(number), 7}; }
std::size_t size_of(std::uint64_t number) {
    return static_cast<std::size_t>(splitmix(number) % (datagram_max + 1));
}
std::byte byte_of(std::uint64_t number, std::size_t i) { return static_cast<std::byte>(number * 7 + i); }

// False while there is no room.
bool write(Datagrams& ring, std::uint64_t number) {
    std::byte* room =
        ring.room(datagram_max); // as for a datagram whose size is only known once it is written
    if (room == nullptr) return false;
    const std::size_t size = size_of(number);
    for (std::size_t i = 0; i < size; ++i) room[i] = byte_of(number, i);
    ring.add(from(number), Lane{static_cast<std::uint8_t>(number % 5)}, size);
    return true;
}
bool is(std::uint64_t number, const MemoryAddress& address, Lane lane, BytesIn bytes) {
    if (address != from(number) || lane.value != number % 5 || bytes.size() != size_of(number)) return false;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        if (bytes[i] != byte_of(number, i)) return false;
    return true;
}

} // namespace

TEST_CASE("a datagram ring gives what was published, in order and in one piece, round after round") {
    Datagrams ring(0, datagram_max);
    CHECK(ring.capacity() >= 4 * datagram_max);
    CHECK(ring.empty());
    std::uint64_t written = 0, read = 0;
    Random random(1);
    bool right = true;
    for (int turn = 0; turn < 10'000; ++turn) {
        for (std::uint64_t n = random.below(5); n > 0 && write(ring, written); --n) ++written;
        const std::uint64_t seen = read;
        ring.take([](const MemoryAddress&, Lane, BytesIn) {
            FAIL("nothing was published");
            return false;
        });
        CHECK(ring.empty());
        ring.publish();
        CHECK(ring.unpublished() == 0);
        ring.take([&](const MemoryAddress& address, Lane lane, BytesIn bytes) {
            right &= is(read++, address, lane, bytes);
            return true;
        });
        CHECK(read == written);
        right &= read >= seen;
    }
    CHECK(right);
    CHECK(written > 1000);
}

TEST_CASE("a full datagram ring takes nothing, and all again when it was read") {
    Datagrams ring(16'384, datagram_max);
    CHECK(ring.capacity() == 16'384);
    std::uint64_t written = 0, read = 0;
    while (write(ring, written)) ++written;
    CHECK(written >= 7);
    CHECK(!write(ring, written));
    ring.publish();
    CHECK(!write(ring, written));
    const auto reads = [&](std::uint64_t until) {
        return ring.take([&](const MemoryAddress& address, Lane lane, BytesIn bytes) {
            if (read == until) return false; // stays the first
            CHECK(is(read, address, lane, bytes));
            ++read;
            return true;
        });
    };
    CHECK(!reads(0));
    CHECK(reads(6));
    CHECK(read == 6);
    CHECK(!ring.empty());
    CHECK(write(ring, written++));
    CHECK(reads(1000));
    CHECK(ring.empty());
    CHECK(ring.unpublished() > 0); // the last
    ring.publish();
    CHECK(reads(1000));
    CHECK(read == written);
    CHECK(ring.empty());
}

TEST_CASE("who reads a datagram ring is told a little ahead what comes and from whom") {
    struct Reader {
        std::vector<std::pair<std::uint32_t, const std::byte*>> expected, heard;
        void expect(const MemoryAddress& address, BytesIn bytes) {
            expected.emplace_back(address.host, bytes.data());
        }
        bool operator()(const MemoryAddress& address, Lane, BytesIn bytes) {
            heard.emplace_back(address.host, bytes.data());
            CHECK(expected.size() >= heard.size());
            CHECK(expected.size() <= heard.size() + 3);
            return true;
        }
    };
    Datagrams ring(1 << 16, datagram_max);
    Reader reader;
    for (std::uint64_t i = 0; i < 20; ++i) REQUIRE(write(ring, i));
    ring.publish();
    ring.take(reader);
    CHECK(reader.heard.size() == 20);
    CHECK(reader.expected == reader.heard);
}

TEST_CASE("two threads share a datagram ring, and neither loses nor changes anything") {
    Datagrams ring(0, datagram_max);
    constexpr std::uint64_t count = 200'000;
    std::thread writer([&] {
        for (std::uint64_t i = 0; i < count;) {
            if (write(ring, i))
                ++i;
            else
                std::this_thread::yield();
            if (i % 3 == 0 || i == count || ring.unpublished() > 4000) ring.publish();
        }
        ring.publish();
    });
    std::uint64_t read = 0, wrong = 0;
    while (read < count) {
        const bool any = ring.take([&](const MemoryAddress& address, Lane lane, BytesIn bytes) {
            wrong += !is(read++, address, lane, bytes);
            return true;
        });
        if (!any) std::this_thread::yield();
    }
    writer.join();
    CHECK(wrong == 0);
    CHECK(ring.empty());
}
