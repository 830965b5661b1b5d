// Who is banned stays out by the key that it has proved, wherever it comes from; and what may cost an
// exchange of keys is asked of the doorkeeper first.
#include "tenon/hall.hpp"

#include <utility>
#include <vector>

#include "pair.hpp"

using namespace secured;

namespace {

// Counts the requests that were opened, each of which costs the host an exchange of keys, and the proofs that
// were made or looked at.
struct CountingGuard : secure::Guard {
    using Guard::enclose;
    using Guard::Guard;
    using Guard::open;
    static inline int opened = 0, proved = 0;

    std::uint64_t prove(const Seal& seal, std::uint64_t nonce, PeerId peer) const {
        ++proved;
        return Guard::prove(seal, nonce, peer);
    }
    Result<BytesIn> open(Visitor& visitor, BytesIn head, BytesIn enclosed, BytesOut desk) const {
        ++opened;
        return Guard::open(visitor, head, enclosed, desk);
    }
};
struct Counted : transport::Memory {
    using Guard = CountingGuard;
    static constexpr TransportTraits traits = Secure::traits;

    Counted(Keyring& keyring, transport::Memory port) : Memory(std::move(port)), guard_(keyring) {}
    const Guard& guard() const { return guard_; }

  private:
    Guard guard_;
};
using CountedPair = PairOver<Counted>;

std::string told(Pair& pair, std::string_view address = "host1:4000") {
    pair.at_guest.notices.clear();
    REQUIRE(pair.guest.join(address));
    pair.run_until([&] { return pair.guest.status() != Status::joining; }, 12_s);
    return pair.at_guest.notices;
}

} // namespace

TEST_CASE("a guest is banned by its key, and comes in from no other address either") {
    const auto hosts = std::make_shared<Keyring>(), guests = std::make_shared<Keyring>();
    Pair pair(hosts, guests);
    REQUIRE(pair.join());
    REQUIRE(pair.host.ban(PeerId{1}, BanList::for_good, "cheats"));
    pair.run(300_ms);
    CHECK(pair.at_guest.notices == "joined +gastgeber banned ");
    CHECK(pair.host.bans().size() == 1);
    CHECK(pair.host.bans()[0].who.kind == Banned::Kind::key);
    CHECK(told(pair) == "banned ");
    std::string text;
    for (const Datagram& datagram : pair.seen)
        if (datagram.kind() == meeting::refusal) text = read_refusal(datagram.bytes)->text;
    CHECK(text == "cheats");

    // From elsewhere, by the same list; and somebody else from where that one was.
    Options options{.bans = &pair.host.bans()};
    Pair elsewhere(hosts, guests, options);
    CHECK(told(elsewhere) == "banned ");
    Pair another(hosts, std::make_shared<Keyring>(), options);
    CHECK(another.join());
}

TEST_CASE("a ban of a key is one of its twin, which proves itself with the same exchange") {
    const auto guests = std::make_shared<Keyring>();
    secure::SignPublic twin = guests->identity().key();
    twin.bytes[31] ^= std::byte{0x80};
    Pair pair(std::make_shared<Keyring>(), guests);
    REQUIRE(pair.host.bans().add(Banned::of_key(secure::Guard::exchange_key(twin)), BanList::for_good, ""));
    CHECK(told(pair) == "banned ");
}

TEST_CASE("an address can be banned where keys are known too, and then nothing is opened") {
    CountedPair pair;
    REQUIRE(pair.join());
    REQUIRE(pair.host.ban(PeerId{1}, BanList::for_good, "", BanBy::address));
    pair.run(300_ms);
    CHECK(pair.host.bans()[0].who.text.view() == "0.0.0.2");
    const int before = CountingGuard::opened;
    pair.at_guest.notices.clear();
    REQUIRE(pair.guest.join("host1:4000"));
    pair.run(3_s);
    CHECK(pair.at_guest.notices == "banned ");
    CHECK(CountingGuard::opened == before);
}

TEST_CASE("a request that comes again costs no exchange of keys, however often, in a session and in a hall") {
    CountedPair pair;
    Datagram request;
    pair.middle = [&](Datagram& datagram) {
        if (datagram.kind() == meeting::connect) request = datagram;
        return true;
    };
    CountingGuard::opened = 0;
    REQUIRE(pair.join());
    for (int i = 0; i < 500; ++i) pair.deliver(request);
    const std::size_t before = pair.seen.size();
    pair.step();
    CHECK(CountingGuard::opened == 1);
    CHECK(pair.seen.size() >= before + 500); // each has its answer, which is the same
    CHECK(pair.host.health().refused == 0);
    CHECK(pair.host.roster().size() == 2);

    struct Match {
        void on(PeerId, const Shot&) {}
        void on(PeerId, const Line&) {}
        void on(PeerId, const Blob&) {}
    };
    using Net = CountedPair::Net;
    Keyring keyring;
    Hall<Plays<Net, Match>> hall{{.seed = 5}, Counted(keyring, transport::Memory(pair.exchange, 9))};
    REQUIRE(hall.open(4000));
    REQUIRE(hall.host<Net>({.room = "zuhause"}));
    pair.guest.leave();
    pair.run(300_ms);
    request = {};
    CountingGuard::opened = 0;
    REQUIRE(pair.guest.join("host9:4000"));
    pair.run_until([&] { return hall.tick(pair.now), pair.guest.status() == Status::joined; }, 3_s);
    REQUIRE(pair.guest.status() == Status::joined);
    for (int i = 0; i < 500; ++i) pair.deliver(request);
    hall.tick(pair.now);
    CHECK(CountingGuard::opened == 1);
    CHECK(hall.guest_count() == 1);
    CHECK(hall.health().refused == 0);
}

TEST_CASE("requests that can't be opened cost no more exchanges than the limits allow") {
    CountedPair pair(std::make_shared<Keyring>(), std::make_shared<Keyring>(),
                     {.limits = {.handshakes = {5, 10}}});
    // One who has a cookie, and makes up a request after the other.
    pair.middle = [&](Datagram& datagram) {
        if (datagram.kind() != meeting::connect) return true;
        for (int i = 0; i < 300; ++i) {
            Datagram forged = datagram;
            forged.bytes[100 + static_cast<std::size_t>(i)] ^= std::byte{1};
            mend_checksum(forged.bytes);
            pair.deliver(forged);
        }
        return false;
    };
    CountingGuard::opened = 0;
    REQUIRE(pair.guest.join("host1:4000"));
    pair.run(2_s);
    CHECK(CountingGuard::opened >= 10);
    CHECK(CountingGuard::opened <= 10 + 2 * 5 + 1);
    CHECK(pair.host.health().callers_limited > 500);
    pair.middle = nullptr;
    pair.run(10_s);
    CHECK(pair.guest.status() == Status::closed); // it was told that it can't be read
    CHECK(pair.join());
}

TEST_CASE(
    "guests who all come at once get in one after the other, though only some are looked at each time") {
    transport::Exchange exchange{3u};
    Keyring keyring;
    using Net = NetOver<Counted>;
    Net host({.room = "r", .peers_max = 200, .limits = {.exchanges = {400, 20}}},
             Counted(keyring, transport::Memory(exchange, 1)));
    REQUIRE(host.host(4000));
    std::vector<std::unique_ptr<Net>> guests;
    Player player;
    for (std::uint32_t i = 0; i < 120; ++i) {
        guests.push_back(std::make_unique<Net>(Options{.room = "r", .seed = i + 1},
                                               Counted(keyring, transport::Memory(exchange, 2 + i))));
        REQUIRE(guests.back()->join("host1:4000"));
    }
    Instant now{5'000'000'000};
    const auto all_in = [&] {
        for (const auto& guest : guests)
            if (guest->status() != Status::joined) return false;
        return true;
    };
    const Instant start = now;
    for (; now < start + 8_s && !all_in(); now += 10_ms) {
        for (const auto& guest : guests) guest->tick(now, player);
        exchange.deliver_all();
        host.tick(now, player);
        exchange.deliver_all();
    }
    CHECK(all_in());
    CHECK(now - start > 200_ms);
    CHECK(now - start < 3_s);
    CHECK(host.health().callers_limited > 50);
}

namespace {

// A request for the place of a peer, made up.
Datagram made_up(Random& random, PeerId peer, const Address& from) {
    const auto terms = Pair::Net::RoomType::Contract::terms({.room = "zuhause"});
    std::array<std::byte, 1200> bytes{};
    const Resume resume{random.next(), terms.game, terms.room, peer, random.next()};
    // With a packet behind it, which nobody looks at without the proof.
    for (std::size_t i = 0; i < 60; ++i)
        bytes[meeting::resume_bytes + i] = static_cast<std::byte>(i == 0 ? 0 : random.next());
    const std::size_t size = write(bytes, resume, 60);
    return {from, host_address, Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))};
}

} // namespace

TEST_CASE(
    "a flood of requests for a guest's place costs a bounded number of proofs, and does not keep it out") {
    for (const bool everywhere : {false, true}) {
        CAPTURE(everywhere);
        CountedPair pair;
        REQUIRE(pair.join());
        Random random(9);
        const auto flood = [&](Duration time) { // eighty thousand a second
            for (const Instant end = pair.now + time; pair.now < end;) {
                for (int i = 0; i < 400; ++i) {
                    const auto host =
                        everywhere ? 1000 + static_cast<std::uint32_t>(random.below(1'000'000)) : 66;
                    pair.deliver(made_up(random, PeerId{1}, {host, 6}));
                }
                pair.say();
                pair.step();
            }
        };
        flood(1_s);
        const int burst = std::exchange(CountingGuard::proved, 0);
        flood(1_s);
        const int lasting = CountingGuard::proved;
        MESSAGE("proofs: " << burst << ", then " << lasting << " a second");
        pair.run(100_ms);
        // From one address what a peer and an address have; from all over what all places of the table have.
        CHECK(burst <= (everywhere ? 2048 * (16 + 4) + 128 : 16 + 4 + 128 + 4));
        CHECK(lasting <= (everywhere ? 2048 * 4 + 64 + 100 : 4 + 64 + 4));
        CHECK(lasting > 30);
        CHECK(pair.host.health().resumes_limited > 30'000);
        CHECK(pair.both_heard_all());
        // The guest itself comes back in the midst of it.
        REQUIRE(pair.guest.move());
        const std::size_t heard = pair.at_host.shots.size();
        const Instant moved = pair.now;
        while (pair.now < moved + 3_s && pair.at_host.shots.size() < heard + 30) flood(5_ms);
        CHECK(pair.now - moved < 2_s);
        CHECK(pair.guest.status() == Status::joined);
        pair.run(1_s);
        CHECK(pair.both_heard_all());
    }
}

TEST_CASE("why a guest is kicked, only the two read") {
    Pair pair;
    REQUIRE(pair.join());
    REQUIRE(pair.host.kick(PeerId{1}, "you have fallen asleep"));
    pair.run(300_ms);
    CHECK(pair.at_guest.notices == "joined +gastgeber kicked ");
    CHECK(pair.at_guest.words == "you have fallen asleep");
    for (const Datagram& datagram : pair.seen) CHECK_FALSE(contains(datagram.bytes, "asleep"));
}
