#include "tenon/transport/udp.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "contract.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/sleep.hpp"
#include "tenon/transport/udp_batch.hpp"

using namespace tenon;
using transport::IpAddress;
using transport::Udp;
using transport::UdpOptions;

namespace {

// Everything stays on this machine: sockets that hear any address are spoken to over loopback.
struct Harness {
    using Transport = Udp;
    UdpOptions options;
    IpAddress loopback;

    Udp make() { return Udp(options); }
    void carry(Udp& to) { to.wait(now() + milliseconds(200)); }
    IpAddress to(Udp&, const IpAddress& at) {
        IpAddress address = loopback;
        address.port = at.port;
        return address;
    }
};

const IpAddress v4 = IpAddress::v4(127, 0, 0, 1, 0);
const IpAddress v6 = IpAddress::parse("[::1]:1").value_or({});

bool has_ipv6() {
    Udp probe(UdpOptions{.bind = v6, .ipv4 = false});
    return static_cast<bool>(probe.open(0));
}

// Which runs programs for Windows, and is none.
bool is_wine() {
#if defined(_WIN32)
    return GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != nullptr;
#else
    return false;
#endif
}

std::vector<std::string> heard(Udp& by, std::size_t count) {
    std::vector<std::string> all;
    for (int tries = 0; tries < 50 && all.size() < count; ++tries) {
        by.wait(now() + milliseconds(200));
        by.poll([&](const IpAddress&, Lane, BytesIn bytes) { all.emplace_back(text_of(bytes)); });
    }
    return all;
}

} // namespace

TEST_CASE("Udp keeps the contract of transports over IPv4") {
    Harness harness{UdpOptions{.bind = v4}, v4};
    contract::all(harness);
}

TEST_CASE("Udp keeps the contract of transports over IPv6") {
    if (!has_ipv6()) return;
    Harness harness{UdpOptions{.bind = v6, .ipv4 = false}, v6};
    contract::all(harness);
}

TEST_CASE("Udp keeps the contract on a socket of both families") {
    Harness harness{UdpOptions{}, v4};
    contract::all(harness);
}

TEST_CASE("Udp keeps the contract with and without the kernel's cutting, joining and batches") {
    for (const bool gso : {false, true})
        for (const bool gro : {false, true}) {
            if (gso && gro) continue; // the cases above
            CAPTURE(gso);
            CAPTURE(gro);
            Harness harness{UdpOptions{.bind = v4, .gso = gso, .gro = gro}, v4};
            contract::all(harness);
        }
    Harness one_by_one{UdpOptions{.bind = v4, .batch = false}, v4};
    contract::all(one_by_one);
}

TEST_CASE("a socket of both families hears both, and answers each where it came from") {
    if (!has_ipv6()) return;
    Udp both, four(UdpOptions{.bind = v4}), six(UdpOptions{.bind = v6, .ipv4 = false});
    const auto at = both.open(0);
    REQUIRE(at);
    REQUIRE(four.open(0));
    REQUIRE(six.open(0));
    IpAddress to = v4;
    to.port = at->port;
    CHECK(four.send(to, {}, bytes_of("by four")) == Sent::sent);
    to = v6;
    to.port = at->port;
    CHECK(six.send(to, {}, bytes_of("by six")) == Sent::sent);
    four.flush();
    six.flush();
    std::size_t count = 0;
    for (int tries = 0; tries < 50 && count < 2; ++tries) {
        both.wait(now() + milliseconds(200));
        both.poll([&](const IpAddress& from, Lane lane, BytesIn bytes) {
            ++count;
            CHECK(from.is_v4() == (text_of(bytes) == "by four"));
            CHECK(both.send(from, lane, bytes) == Sent::sent);
        });
    }
    both.flush();
    CHECK(heard(four, 1) == std::vector<std::string>{"by four"});
    CHECK(heard(six, 1) == std::vector<std::string>{"by six"});
}

TEST_CASE("a port that is taken in one family is refused to who wants both, and nothing of it is kept") {
#if defined(__linux__) // elsewhere who may share a port follows other rules
    if (!has_ipv6()) return;
    for (const bool four_is_taken : {true, false}) {
        CAPTURE(four_is_taken);
        const UdpOptions only_four{.ipv6 = false}, only_six{.ipv4 = false};
        Udp holder(four_is_taken ? only_four : only_six), other(four_is_taken ? only_six : only_four), both,
            again;
        const auto at = holder.open(0);
        REQUIRE(at);
        CHECK(both.open(at->port).error() == Error::port_in_use);
        CHECK(other.open(at->port)); // the half that was free still is
        CHECK(both.open(at->port).error() == Error::port_in_use);
        const auto free = both.open(0);
        REQUIRE(free);
        CHECK(again.open(free->port).error() == Error::port_in_use);
    }
#endif
}

TEST_CASE("who wants both families is woken by either") {
    if (!has_ipv6()) return;
    Udp both, speaker;
    const auto at = both.open(0);
    REQUIRE(at);
    REQUIRE(speaker.open(0));
    IpAddress by_four = v4, by_six = v6;
    by_four.port = by_six.port = at->port;
    for (const IpAddress& way : {by_four, by_six, by_four}) {
        CHECK(speaker.send(way, {}, bytes_of("up")) == Sent::sent);
        speaker.flush();
        const Instant start = now();
        both.wait(start + seconds(20));
        CHECK(now() < start + seconds(10));
        CHECK(heard(both, 1) == std::vector<std::string>{"up"});
    }
}

TEST_CASE("a socket of one family counts what is for the other as unreachable and sends the rest") {
    Udp four(UdpOptions{.bind = v4}), other(UdpOptions{.bind = v4});
    REQUIRE(four.open(0));
    const auto at = other.open(0);
    REQUIRE(at);
    CHECK(four.send(v6, {}, bytes_of("nowhere")) == Sent::sent);
    CHECK(four.send(*at, {}, bytes_of("here")) == Sent::sent);
    four.flush();
    CHECK(heard(other, 1) == std::vector<std::string>{"here"});
    CHECK(four.counters().unreachable == 1);
    CHECK(four.counters().datagrams_out == 1);
    CHECK(four.resolve("[::1]:4000")); // it is an address all the same
    Udp neither(UdpOptions{.bind = v4, .ipv4 = false});
    Udp strange(UdpOptions{.bind = v6, .ipv6 = false});
    CHECK(strange.open(0).error() == Error::bad_address);
    CHECK(neither.open(0));
}

TEST_CASE("an address that is not this machine's is refused, with the system's own word kept") {
    std::vector<IpAddress> foreign;
    if (is_wine())
        std::printf("skipped: wine binds a UDP socket to any address of IPv4, which Windows refuses\n");
    else
        foreign.push_back(IpAddress::v4(192, 0, 2, 1, 0));
    if (has_ipv6()) foreign.push_back(IpAddress::parse("[2001:db8::1]:1").value_or({}));
    for (const IpAddress& at : foreign) {
        Udp udp(UdpOptions{.bind = at});
        CHECK(udp.open(0).error() == Error::unreachable);
        CHECK(udp.system_error());
        CHECK(!udp.is_open());
    }
}

TEST_CASE("a port that another holds is refused, and free again when that one closes") {
    Udp first(UdpOptions{.bind = v4}), second(UdpOptions{.bind = v4});
    const auto at = first.open(0);
    REQUIRE(at);
    CHECK(second.open(at->port).error() == Error::port_in_use);
    { Udp gone = std::move(first); }
    CHECK(second.open(at->port));
}

TEST_CASE("a port where nobody listens loses what is sent there and nothing else") {
    for (const bool batch : {true, false}) {
        CAPTURE(batch);
        Udp a(UdpOptions{.bind = v4, .batch = batch}), b(UdpOptions{.bind = v4}), c(UdpOptions{.bind = v4});
        REQUIRE(a.open(0));
        const auto at_b = b.open(0), at_c = c.open(0);
        REQUIRE(at_b);
        REQUIRE(at_c);
        b.close();
        for (int i = 0; i < 20; ++i) {
            CHECK(a.send(*at_b, {}, bytes_of("lost")) == Sent::sent);
            a.flush();
            CHECK(a.send(*at_c, {}, bytes_of("found")) == Sent::sent);
            a.flush();
        }
        CHECK(heard(c, 20) == std::vector<std::string>(20, "found"));
        a.poll([](const IpAddress&, Lane, BytesIn) { FAIL("nobody answered"); });
        CHECK(a.is_open());
    }
}

TEST_CASE("wait wakes when a datagram comes, and not before its time when none does") {
    Udp a(UdpOptions{.bind = v4}), b(UdpOptions{.bind = v4});
    REQUIRE(a.open(0));
    const auto at = b.open(0);
    REQUIRE(at);
    const Instant until = now() + milliseconds(20);
    for (int tries = 0; tries < 100 && now() < until; ++tries) b.wait(until); // a signal may end one early
    CHECK(now() >= until);
    CHECK(a.send(*at, {}, bytes_of("wake")) == Sent::sent);
    a.flush();
    // Without the datagram this would hang.
    b.wait(Instant::never());
    CHECK(heard(b, 1) == std::vector<std::string>{"wake"});
    Udp closed;
    closed.wait(Instant::never()); // nothing could ever end it, so it doesn't begin
    closed.wait(now() + milliseconds(1));
}

TEST_CASE("poll ends with the batch that reaches its bound, and the rest comes the next time") {
    Udp a(UdpOptions{.bind = v4}), b(UdpOptions{.bind = v4, .datagrams_per_poll = 10, .gro = false});
    REQUIRE(a.open(0));
    const auto at = b.open(0);
    REQUIRE(at);
    for (int i = 0; i < 25; ++i) CHECK(a.send(*at, {}, bytes_of(std::to_string(i))) == Sent::sent);
    a.flush();
    std::vector<std::string> all;
    std::size_t most = 0;
    for (int tries = 0; tries < 100 && all.size() < 25; ++tries) {
        b.wait(now() + milliseconds(200));
        std::size_t count = 0;
        b.poll([&](const IpAddress&, Lane, BytesIn bytes) {
            all.emplace_back(text_of(bytes));
            ++count;
        });
        most = count > most ? count : most;
    }
    REQUIRE(all.size() == 25);
    for (std::size_t i = 0; i < 25; ++i) CHECK(all[i] == std::to_string(i));
    CHECK(most <= 10);
}

#if defined(__linux__)
TEST_CASE("who reads a batch is told a little ahead what comes and from whom, from its first to its last") {
    struct Reader {
        std::vector<std::pair<IpAddress, std::string>> expected, heard;
        void expect(const IpAddress& from, BytesIn datagram) {
            expected.emplace_back(from, text_of(datagram));
        }
        void operator()(const IpAddress& from, Lane, BytesIn datagram) {
            heard.emplace_back(from, text_of(datagram));
            CHECK(expected.size() >= heard.size());
            CHECK(expected.size() <= heard.size() + 3);
        }
    };
    Udp b(UdpOptions{.bind = v4, .gro = false});
    const auto at = b.open(0);
    REQUIRE(at);
    std::vector<Udp> senders;
    for (int i = 0; i < 5; ++i) {
        senders.emplace_back(UdpOptions{.bind = v4});
        REQUIRE(senders.back().open(0));
    }
    constexpr std::size_t count = 75; // more than two batches
    for (std::size_t i = 0; i < count; ++i) {
        CHECK(senders[i % 5].send(*at, {}, bytes_of(std::to_string(i))) == Sent::sent);
        senders[i % 5].flush();
    }
    Reader reader;
    for (int tries = 0; tries < 50 && reader.heard.size() < count; ++tries) {
        b.wait(now() + milliseconds(200));
        b.poll(reader);
    }
    REQUIRE(reader.heard.size() == count);
    CHECK(reader.expected == reader.heard);
}
#endif

TEST_CASE("what a datagram costs in system calls is counted") {
    Udp a(UdpOptions{.bind = v4}), b(UdpOptions{.bind = v4});
    REQUIRE(a.open(0));
    const auto at = b.open(0);
    REQUIRE(at);
    const std::string text(1000, 'x');
    for (int i = 0; i < 64; ++i) CHECK(a.send(*at, {}, bytes_of(text)) == Sent::sent);
    a.flush();
    CHECK(heard(b, 64).size() == 64);
    CHECK(a.counters().datagrams_out == 64);
    CHECK(a.counters().bytes_out == 64'000);
    CHECK(b.counters().datagrams_in == 64);
    CHECK(b.counters().bytes_in == 64'000);
    CHECK(a.counters().calls_out <= 64);
    CHECK(a.counters().segmented <= 64);
}

TEST_CASE("runs of equal datagrams share an entry, a shorter one ends it, another address begins anew") {
    transport::detail::UdpOutgoing queue;
    const IpAddress a = IpAddress::v4(127, 0, 0, 1, 1), b = IpAddress::v4(127, 0, 0, 1, 2);
    CHECK(queue.empty());
    queue.add(a, 1000, true);
    queue.add(a, 1000, true);
    queue.add(a, 10, true); // the last of a run
    CHECK(queue.count == 1);
    queue.add(a, 1000, true);
    CHECK(queue.count == 2);
    queue.add(b, 1000, true);
    CHECK(queue.count == 3);
    queue.add(b, 1000, false);
    CHECK(queue.count == 4);
    queue.add(b, 0, true);
    CHECK(queue.count == 5);
    for (unsigned i = 0; i < 100; ++i) queue.add(a, 100, true);
    CHECK(queue.count == 7); // no kernel takes more than so many segments
    CHECK(queue.entries[5].size == 100 * queue.run_segments);
    queue.consume(1000);
    CHECK(queue.entries[0].size == 1010);
    queue.consume(1010);
    CHECK(queue.first == 1);
    queue.clear();
    CHECK(queue.empty());
    CHECK(queue.has_room(queue.bytes_max));
    CHECK(!queue.has_room(queue.bytes_max + 1));
}

static_assert(tenon::TransportPolicy<tenon::transport::Udp> && tenon::LendsBuffer<tenon::transport::Udp> &&
              tenon::WakesUp<tenon::transport::Udp>);
