#include <vector>

#include "tenon/secure/secure.hpp"

#include "../allocations.hpp"
#include "../transport/contract.hpp"
#include "pair.hpp"

using namespace secured;

namespace {

// Both say a message of 64 bytes again and again.
void chat(Pair& pair, int turns) {
    for (int i = 0; i < turns; ++i) {
        (void)pair.host.send(PeerId{1}, Blob{});
        (void)pair.guest.send(PeerId::host(), Blob{});
        pair.step();
    }
}

} // namespace

TEST_CASE("who says that it encrypts is a transport like the one inside") {
    static_assert(TransportPolicy<Secure>);
    static_assert(TransportTraits(Secure::traits).encrypted);
    static_assert(!TransportTraits(transport::Memory::traits).encrypted);
    Pair pair;
    REQUIRE(pair.join());
    CHECK(pair.settles());
    CHECK(pair.at_host.notices == "joined +annabella ");
    CHECK(&pair.host.transport().keyring() == pair.host_keys.get());
}

namespace {

struct Harness {
    using Transport = Secure;
    transport::Exchange exchange{3};

    Transport make() { return Transport(transport::Memory(exchange, 0x0A000001)); }
    void carry(Transport&) { exchange.deliver_all(); }
    transport::MemoryAddress to(Transport&, const transport::MemoryAddress& address) { return address; }
};

} // namespace

TEST_CASE("and keeps the contract of transports") {
    Harness harness;
    contract::all(harness);
}

TEST_CASE("a guest is in after two round trips, like one that does not encrypt") {
    Pair pair;
    REQUIRE(pair.join());
    std::vector<std::uint8_t> kinds;
    for (const Datagram& datagram : pair.seen)
        if (datagram.kind() != 0) kinds.push_back(datagram.kind());
    CHECK(kinds ==
          std::vector<std::uint8_t>{meeting::hello, meeting::challenge, meeting::connect, meeting::accept});
    std::map<std::uint32_t, std::size_t> bytes;
    for (const Datagram& datagram : pair.seen)
        if (datagram.kind() != 0) bytes[datagram.from.host] += datagram.bytes.size();
    CHECK(bytes[1] <= bytes[2]); // no more goes to a stranger than came from it
}

TEST_CASE("a message of 64 bytes costs 21 bytes more, sealed and acknowledged") {
    using Net = Pair::Net;
    static_assert(overhead<Net> == 21);
    static_assert(overhead<NetOver<transport::Memory>> == 9);
    Pair pair;
    REQUIRE(pair.join());
    pair.run(1_s);
    pair.seen.clear();
    chat(pair, 400);
    std::map<std::size_t, int> sizes;
    for (const Datagram& datagram : pair.seen) {
        REQUIRE(datagram.is_packet());
        // Numbers of one byte, and an acknowledgement without runs.
        if ((std::to_integer<unsigned>(datagram.bytes[0]) & 0x3F) == packet_flag::has_ack)
            ++sizes[datagram.bytes.size()];
    }
    CHECK(sizes[64 + overhead<Net>] > 500);
    CHECK(sizes[64 + overhead<Net> - 1] == 0);
    CHECK(pair.at_host.blobs > 350);
    CHECK(pair.at_guest.blobs > 350);
}

TEST_CASE("nobody on the way reads a name, a room, or what is said") {
    Pair pair;
    REQUIRE(pair.join());
    const std::string word = "Donaudampfschifffahrt";
    REQUIRE(pair.host.broadcast(Line{word}));
    REQUIRE(pair.guest.send(PeerId::host(), Line{word}));
    REQUIRE(pair.run_until([&] { return !pair.at_host.lines.empty() && !pair.at_guest.lines.empty(); }, 2_s));
    REQUIRE(pair.guest.move());
    pair.run(2_s);
    CHECK(pair.guest.status() == Status::joined);
    std::size_t bytes = 0;
    bool seen_resume = false;
    for (const Datagram& datagram : pair.seen) {
        bytes += datagram.bytes.size();
        seen_resume = seen_resume || datagram.kind() == meeting::resume;
        for (const std::string_view text : {"zuhause", "annabella", "gastgeber", "Donaudampf", "schifffahrt"})
            CHECK_FALSE(contains(datagram.bytes, text));
    }
    CHECK(bytes > 1500);
    CHECK(seen_resume);
    // Of rooms without a guard all of it is seen, so it would have been found.
    transport::Exchange exchange{7u};
    using Plain = NetOver<transport::Memory>;
    Plain host({.room = "zuhause"}, transport::Memory(exchange, 1));
    Plain guest({.room = "zuhause", .name = "annabella"}, transport::Memory(exchange, 2));
    Player players[2];
    REQUIRE(host.host(4000));
    REQUIRE(guest.join("host1:4000"));
    bool shows_name = false, shows_word = false;
    for (Instant now{1'000'000'000}; now < Instant{2'000'000'000}; now += 5_ms) {
        host.tick(now, players[0]);
        guest.tick(now, players[1]);
        (void)host.broadcast(Line{word});
        exchange.take_outgoing([&](const Address& from, const Address& to, Lane lane, BytesIn sent) {
            shows_name = shows_name || contains(sent, "annabella");
            shows_word = shows_word || contains(sent, word);
            exchange.deliver(to, from, lane, sent);
        });
    }
    CHECK(shows_name);
    CHECK(shows_word);
}

TEST_CASE("nothing is allocated while the two talk") {
    Pair pair;
    REQUIRE(pair.join());
    std::size_t allocated = 0;
    const auto step = [&](std::uint32_t i) {
        const allocations::Count count;
        REQUIRE(pair.host.broadcast(Shot{i}));
        REQUIRE(pair.guest.send(PeerId::host(), Blob{}));
        pair.host.tick(pair.now, pair.at_host);
        pair.guest.tick(pair.now, pair.at_guest);
        pair.exchange.deliver_all();
        allocated += count.bytes();
        pair.now += 5_ms;
    };
    pair.at_guest.shots.reserve(5000);
    for (std::uint32_t i = 0; i < 1000; ++i) step(i);
    allocated = 0;
    for (std::uint32_t i = 0; i < 1000; ++i) step(i);
    CHECK(allocated == 0);
    CHECK(pair.at_guest.shots.size() > 1990);
}
