#include "tenon/transport/readiness.hpp"

#include <doctest/doctest.h>

#include <map>
#include <utility>

#include "tenon/transport/now.hpp"
#include "tenon/transport/poll_set.hpp"
#include "tenon/transport/stream_socket.hpp"

using namespace tenon;
using namespace tenon::transport;
using namespace tenon::transport::detail;

namespace {

// Two ends of one connection on this machine.
struct Ends {
    StreamSocket listener, a, b;

    Ends() {
        REQUIRE(!listener.listen(IpAddress::loopback(0), true, false, 4));
        REQUIRE(!a.dial(listener.local_address(), {}));
        const Instant end = now() + seconds(10);
        while (!b.is_open() && now() < end) {
            IpAddress from;
            std::error_code code;
            b = listener.accept(from, {}, code);
        }
        REQUIRE(b.is_open());
        CHECK(!a.dialled());
    }
};

template <class Set>
std::map<std::uint32_t, std::pair<bool, bool>> ready(Set& set) {
    std::map<std::uint32_t, std::pair<bool, bool>> found;
    set.collect([&](std::uint32_t token, bool readable, bool writable) {
        found[token] = {readable, writable};
    });
    return found;
}

template <class Set>
void try_out() {
    Ends ends;
    Set set;
    REQUIRE(set.open());
    set.forget(ends.listener.handle(), 7); // which was never watched
    set.change(ends.listener.handle(), 7, true, true);
    REQUIRE(set.watch(ends.a.handle(), 3, true, false));
    REQUIRE(set.watch(ends.b.handle(), 0, true, true));
    REQUIRE(set.watch(ends.listener.handle(), 0xFFFF'FFFF, true, false)); // as a listener is
    auto found = ready(set);
    CHECK(found.size() == 1);
    CHECK(found[0] == std::pair(false, true));
    set.change(ends.b.handle(), 0, true, false);
    CHECK(ready(set).empty());
    const Instant start = now();
    set.sleep(milliseconds(20), nullptr);
    CHECK(now() - start >= milliseconds(19));
    CHECK(ends.b.write(bytes_of("hello")).bytes == 5);
    set.sleep(seconds(100), nullptr); // it ends at once
    found = ready(set);
    CHECK(found.size() == 1);
    CHECK(found[3] == std::pair(true, false));
    CHECK(ready(set).size() == 1); // and is told again, until it is read
    set.forget(ends.a.handle(), 3);
    set.forget(ends.a.handle(), 3);
    CHECK(ready(set).empty());
    REQUIRE(set.watch(ends.a.handle(), 1, true, false));
    CHECK(ready(set).count(1) == 1);
    ends.a.close();
    Waker waker;
    if (waker.works()) {
        waker.doze();
        waker.wake();
        set.sleep(seconds(100), &waker);
    }
}

} // namespace

TEST_CASE("sockets that are ready are told, by poll") { try_out<PollSet>(); }

TEST_CASE("and by what the system has best") { try_out<Readiness>(); }
