// A link that goes on from elsewhere: its keys change, its numbers go on, and nobody else moves it.
#include <algorithm>
#include <optional>
#include <vector>

#include "../sim/early.hpp"
#include "pair.hpp"

using namespace secured;

namespace {

using WatchedPair = PairOver<Watched>;

void talk(auto& pair, int turns = 60) {
    for (int i = 0; i < turns; ++i) {
        if (i % 4 == 0) pair.say();
        pair.step();
    }
}
bool goes_on(auto& pair) {
    pair.say();
    return pair.run_until([&] { return pair.both_heard_all(); }, 20_s) &&
           pair.guest.status() == Status::joined && pair.host.roster().size() == 2;
}
std::vector<Datagram> of_kind(const auto& pair, std::uint8_t kind) {
    std::vector<Datagram> found;
    for (const Datagram& datagram : pair.seen)
        if (datagram.kind() == kind) found.push_back(datagram);
    return found;
}

} // namespace

TEST_CASE("keys change with each resume, numbers go on, and no key seals a number twice") {
    for (const Cipher cipher : ciphers()) {
        for (const unsigned generation_bits : {4u, 6u, 20u}) {
            CAPTURE(generation_bits);
            Wishes wanted{.cipher = cipher, .limits = {.generation_bits = generation_bits}};
            wishes = &wanted;
            WatchedPair pair;
            REQUIRE(pair.join());
            talk(pair, 300);
            CHECK(wanted.sealed.size() == 2); // a key for each direction
            for (int i = 0; i < 6; ++i) {
                REQUIRE(pair.guest.move());
                talk(pair, 200);
                CHECK(goes_on(pair));
            }
            CHECK(wanted.sealed.size() == 2 + 6 * 2);
            CHECK(wanted.twice == 0);
            CHECK(wanted.packets > 1000);
            // No number of a direction comes again under another key either: there are as many as packets.
            std::uint64_t highest = 0, numbers = 0;
            for (const auto& [key, sealed] : wanted.sealed) {
                numbers += sealed.size();
                highest = std::max(highest, sealed.rbegin()->first);
            }
            CHECK(numbers == wanted.packets);
            CHECK(highest + 1 >= numbers / 2);
            CHECK(pair.at_guest.notices == "joined +gastgeber ");
        }
    }
    wishes = nullptr;
}

TEST_CASE("a path that is cut and found again changes the keys of the link and nothing else") {
    Wishes wanted;
    wishes = &wanted;
    WatchedPair pair;
    REQUIRE(pair.join());
    talk(pair);
    pair.middle = [](Datagram&) { return false; };
    pair.say();
    pair.run(5_s);
    pair.middle = nullptr;
    CHECK(goes_on(pair));
    pair.run(3_s);
    CHECK(wanted.twice == 0);
    CHECK(pair.at_host.notices.find('-') == std::string::npos);
    wishes = nullptr;
}

TEST_CASE("a guest comes back when the first answers to its request are lost") {
    for (const int lost : {1, 5, 40}) {
        CAPTURE(lost);
        Pair pair;
        REQUIRE(pair.join());
        talk(pair);
        int left = lost;
        pair.middle = [&](Datagram& datagram) { return datagram.kind() != meeting::accept || --left < 0; };
        REQUIRE(pair.guest.move());
        CHECK(goes_on(pair));
        CHECK(left < 0);
    }
}

TEST_CASE("a forged or damaged answer to a guest that comes back changes nothing") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    const auto first = of_kind(pair, meeting::accept);
    std::uint64_t tried = 0;
    pair.middle = [&](Datagram& datagram) {
        if (datagram.kind() != meeting::accept) return true;
        for (std::size_t bit = 0; bit < datagram.bytes.size() * 8; ++bit, ++tried) {
            Datagram forged = datagram;
            forged.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
            if (bit >= 40) mend_checksum(forged.bytes);
            pair.deliver(forged);
        }
        for (std::size_t size = 0; size < datagram.bytes.size() + 30; ++size) {
            Datagram forged = datagram;
            forged.bytes.resize(size);
            mend_checksum(forged.bytes);
            pair.deliver(forged);
        }
        // The one that let it in, with the number of this request.
        Datagram old = first.front();
        old.to = datagram.to;
        std::copy_n(datagram.bytes.begin() + 5, 8, old.bytes.begin() + 5);
        mend_checksum(old.bytes);
        pair.deliver(old);
        return true;
    };
    for (int i = 0; i < 3; ++i) {
        REQUIRE(pair.guest.move());
        CHECK(goes_on(pair));
    }
    CHECK(tried >= 3 * 8 * 50);
}

TEST_CASE("a request to come back that is changed or comes again moves nobody") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    REQUIRE(pair.guest.move());
    CHECK(goes_on(pair));
    const auto requests = of_kind(pair, meeting::resume);
    REQUIRE(!requests.empty());
    const auto from = [](Datagram datagram, const Address& address) {
        datagram.from = address;
        return datagram;
    };
    // A resume that was granted, from where it came, from elsewhere, and from the guest itself.
    for (const Datagram& request : requests)
        for (const Address& address : {request.from, Address{66, 6}, pair.guest_address()})
            pair.deliver(from(request, address));
    talk(pair);
    CHECK(goes_on(pair));
    // Every bit of it, from elsewhere.
    const Datagram request = requests.back();
    for (std::size_t bit = 0; bit < request.bytes.size() * 8; ++bit) {
        Datagram forged = from(request, {66, 6});
        forged.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        mend_checksum(forged.bytes);
        pair.deliver(forged);
    }
    talk(pair);
    CHECK(goes_on(pair));
    for (const Datagram& datagram : pair.seen)
        if (datagram.to == Address{66, 6}) CHECK(datagram.kind() == meeting::refusal);
}

TEST_CASE("a new request from a thief that is changed on its way is not granted, and the true one is") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    std::size_t changed = 0;
    pair.middle = [&](Datagram& datagram) {
        if (datagram.kind() != meeting::resume) return true;
        for (std::size_t bit = 40; bit < 43 * 8; ++bit, ++changed) {
            Datagram forged = datagram;
            forged.from = {66, 6};
            forged.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
            mend_checksum(forged.bytes);
            pair.deliver(forged);
        }
        return true;
    };
    REQUIRE(pair.guest.move());
    CHECK(goes_on(pair));
    CHECK(changed > 300);
    for (const Datagram& datagram : pair.seen)
        if (datagram.to == Address{66, 6}) CHECK(datagram.kind() == meeting::refusal);
}

TEST_CASE("who sends a guest's own request on from elsewhere gains nothing, and the guest goes on") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    // Every request is first heard from a thief's address, whom the answer reaches.
    pair.middle = [&](Datagram& datagram) {
        if (datagram.kind() == meeting::resume) {
            Datagram stolen = datagram;
            stolen.from = {66, 6};
            pair.deliver(stolen);
        }
        return true;
    };
    REQUIRE(pair.guest.move());
    CHECK(goes_on(pair));
}

TEST_CASE("a refusal that is forged ends no link while the host's own answer comes") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    int forged = 0;
    pair.middle = [&](Datagram& datagram) {
        if (datagram.kind() != meeting::resume) return true;
        std::array<std::byte, 200> bytes{};
        for (const Error reason : {Error::cant_resume, Error::kicked, Error::room_full}) {
            const std::size_t size =
                write(bytes, Refusal{load_le<std::uint64_t>(&datagram.bytes[7]), reason, "forged"});
            pair.deliver({host_address, datagram.from, Bytes(bytes.begin(), bytes.begin() + size)});
            ++forged;
        }
        return true;
    };
    for (int i = 0; i < 3; ++i) {
        REQUIRE(pair.guest.move());
        CHECK(goes_on(pair));
    }
    CHECK(forged >= 9);
    CHECK(pair.at_guest.notices == "joined +gastgeber ");
}

TEST_CASE("a guest whose host knows it no more hears so") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    REQUIRE(pair.host.kick(PeerId{1}));
    pair.middle = [&](Datagram& datagram) { return datagram.from != host_address; };
    pair.run(1_s);
    pair.middle = nullptr;
    CHECK(pair.run_until([&] { return pair.guest.status() == Status::closed; }, 8_s));
    CHECK(pair.at_guest.notices.find("cant_resume") != std::string::npos);
}

TEST_CASE("a guest that knows its own key takes no other's address with it") {
    transport::Exchange exchange{3u};
    Instant now{5'000'000'000};
    using Net = NetOver<Secure>;
    const auto at = [&](std::uint32_t host) { return Secure(Keyring(), transport::Memory(exchange, host)); };
    Net host({.room = "r"}, at(1)), ann({.room = "r"}, at(2)), eve({.room = "r"}, at(3));
    Player at_host, at_ann, at_eve;
    REQUIRE(host.host(4000));
    REQUIRE(ann.join("host1:4000"));
    REQUIRE(eve.join("host1:4000"));
    bool spoofs = false;
    int spoofed = 0;
    std::uint32_t said = 0;
    const auto run = [&](int turns) {
        for (int i = 0; i < turns; ++i) {
            host.tick(now, at_host);
            ann.tick(now, at_ann);
            eve.tick(now, at_eve);
            if (said != 0 || ann.status() == Status::joined) REQUIRE(host.broadcast(Shot{++said}));
            exchange.take_outgoing([&](const Address& from, const Address& to, Lane lane, BytesIn bytes) {
                const bool resumes = from.host == 3 && meeting_kind(bytes) == meeting::resume;
                spoofed += spoofs && resumes;
                const bool lies = spoofs && resumes;
                exchange.deliver(to, lies ? ann.transport().local_address() : from, lane, bytes);
            });
            now += 5_ms;
        }
    };
    run(200);
    REQUIRE(ann.status() == Status::joined);
    REQUIRE(eve.status() == Status::joined);
    spoofs = true;
    REQUIRE(eve.move());
    run(200);
    CHECK(spoofed > 0);
    CHECK(ann.status() == Status::joined);
    CHECK(at_ann.notices.find("left") == std::string::npos);
    spoofs = false;
    run(400);
    CHECK(at_ann.heard_all(at_ann.shots.back()));
    CHECK(at_ann.shots.back() + 10 > said);
    CHECK(eve.status() == Status::joined); // and it comes back when it is honest
    CHECK(host.roster().size() == 3);
}

TEST_CASE("who speaks from a guest's address with a key of its own does not take its place") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    // A whole fair meeting by somebody who sees what the host answers to that address.
    Keyring keys;
    const secure::Guard guard(keys);
    Knock<secure::Guard> knock;
    knock.begin(pair.now, 5_s, 4711, Pair::Net::RoomType::Contract::terms({.room = "zuhause"}), "eve", guard,
                "host1:4000");
    std::array<std::byte, 1200> bytes{};
    bool asked = false;
    pair.middle = [&](Datagram& datagram) {
        if (datagram.from == host_address && datagram.kind() != 0)
            (void)knock.handle_datagram(pair.now, datagram.bytes);
        return true;
    };
    for (int i = 0; i < 400; ++i) {
        if (const std::size_t size = knock.poll_transmit(pair.now, bytes); size != 0) {
            asked = asked || knock.state() == Knock<secure::Guard>::State::connect;
            pair.deliver({pair.guest_address(), host_address, Bytes(bytes.begin(), bytes.begin() + size)});
        }
        if (i % 4 == 0) pair.say();
        pair.step();
    }
    CHECK(asked);
    CHECK(knock.state() != Knock<secure::Guard>::State::accepted);
    CHECK(pair.settles());
    // Once the guest is silent, its address is free for whom it is given to.
    pair.middle = [&](Datagram& datagram) {
        if (datagram.from == host_address && datagram.kind() != 0)
            (void)knock.handle_datagram(pair.now, datagram.bytes);
        return false;
    };
    const Address address = pair.guest_address();
    knock.begin(pair.now, 8_s, 4712, Pair::Net::RoomType::Contract::terms({.room = "zuhause"}), "eve", guard,
                "host1:4000");
    for (int i = 0; i < 1000; ++i) {
        if (const std::size_t size = knock.poll_transmit(pair.now, bytes); size != 0)
            pair.deliver({address, host_address, Bytes(bytes.begin(), bytes.begin() + size)});
        pair.step();
    }
    CHECK(knock.state() == Knock<secure::Guard>::State::accepted);
}

// ---- what goes with a request, before it is answered

TEST_CASE("what a guest says when it comes back, encrypted, is heard half a round trip later") {
    const auto make = [](transport::Memory port) { return Secure(Keyring(), std::move(port)); };
    early::hears_at_once<Secure>(make);
    early::hears_after_sleep<Secure>(make);
}

TEST_CASE("what was said with a request is heard once, however often and from wherever it comes again") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    REQUIRE(pair.settles());
    // The guest hears nothing, so that it asks again and again, and goes on under its old key.
    std::vector<Datagram> flight;
    bool deaf = true, dumb = true;
    pair.middle = [&](Datagram& datagram) {
        if (datagram.to != host_address) return !deaf;
        flight.push_back(datagram);
        return !dumb;
    };
    REQUIRE(pair.guest.move());
    const std::size_t before = pair.at_host.shots.size();
    const auto say = [&](int turns) {
        for (int i = 0; i < turns; ++i) {
            REQUIRE(pair.guest.send(PeerId::host(), Shot{++pair.said_by_guest}));
            pair.step();
        }
    };
    say(20);
    const auto held = std::exchange(flight, {});
    CHECK(pair.at_host.shots.size() == before); // as long as it is held back
    const auto from = [](Datagram datagram, const Address& address) {
        datagram.from = address;
        return datagram;
    };
    const auto play = [&](const std::vector<Datagram>& what, const Address& address) {
        for (const Datagram& datagram : what) pair.deliver(from(datagram, address));
        const std::size_t heard = pair.at_host.shots.size();
        pair.host.tick(pair.now, pair.at_host);
        return pair.at_host.shots.size() - heard;
    };
    // The control: these very bytes say something, when they come for the first time.
    CHECK(play(held, pair.guest_address()) >= 15);
    CHECK(pair.at_host.heard_all(static_cast<std::uint32_t>(pair.at_host.shots.size())));
    dumb = false;
    say(40);
    pair.run(100_ms);
    CHECK(pair.guest.health().packets_in > 0);
    CHECK(pair.at_host.heard_all(pair.said_by_guest)); // without a single answer
    const std::size_t requests = static_cast<std::size_t>(std::count_if(
        flight.begin(), flight.end(), [](const auto& d) { return d.kind() == meeting::resume; }));
    CHECK(requests > 2);
    CHECK(flight.size() > requests + 5);
    const auto seen = flight;
    auto backwards = flight;
    std::reverse(backwards.begin(), backwards.end());
    for (const Address& address : {pair.guest_address(), Address{66, 6}, pair.guest_address()}) {
        CHECK(play(seen, address) == 0);
        CHECK(play(backwards, address) == 0);
        CHECK(play(held, address) == 0);
    }
    // Packets of one request with the head of another, and the packets alone.
    for (const Datagram& one : seen)
        for (const Datagram& other : held) {
            if (one.kind() != meeting::resume || other.kind() != meeting::resume) continue;
            Datagram spliced = one;
            spliced.bytes.resize(meeting::resume_bytes);
            spliced.bytes.insert(spliced.bytes.end(), other.bytes.begin() + meeting::resume_bytes,
                                 other.bytes.end());
            mend_checksum(spliced.bytes);
            Datagram alone = other;
            alone.bytes.erase(alone.bytes.begin(), alone.bytes.begin() + meeting::resume_bytes);
            CHECK(play({spliced, alone}, pair.guest_address()) == 0);
        }
    // And when the two have new keys.
    deaf = false;
    CHECK(goes_on(pair));
    const Address address = pair.guest_address();
    for (const Address& other : {address, Address{66, 6}}) {
        CHECK(play(seen, other) == 0);
        CHECK(play(held, other) == 0);
    }
    CHECK(goes_on(pair));
    CHECK(pair.at_guest.notices == "joined +gastgeber ");
}

TEST_CASE("no bit of a packet that goes with a request can be changed, and none of it is heard without one") {
    Pair pair(std::make_shared<Keyring>(), std::make_shared<Keyring>(), {.limits = Limits::none()});
    REQUIRE(pair.join());
    talk(pair);
    REQUIRE(pair.settles());
    std::vector<Datagram> flight;
    pair.middle = [&](Datagram& datagram) {
        if (datagram.to == host_address) flight.push_back(datagram);
        return false;
    };
    REQUIRE(pair.guest.move());
    REQUIRE(pair.guest.send(PeerId::host(), Shot{++pair.said_by_guest}));
    pair.step();
    pair.step();
    REQUIRE(!flight.empty());
    const Datagram request = flight.front();
    REQUIRE(request.kind() == meeting::resume);
    REQUIRE(request.bytes.size() > meeting::resume_bytes + 20);
    const std::size_t before = pair.at_host.shots.size();
    const auto hears = [&](const Datagram& datagram) {
        pair.deliver(datagram);
        pair.host.tick(pair.now, pair.at_host);
        pair.exchange.take_outgoing([](const Address&, const Address&, Lane, BytesIn) {});
        return pair.at_host.shots.size() != before;
    };
    // Without the proof the packet that stands behind is not looked at.
    Datagram forged = request;
    forged.bytes[42] ^= std::byte{1};
    mend_checksum(forged.bytes);
    CHECK_FALSE(hears(forged));
    forged = request; // nor is it heard alone, from where nobody sits
    forged.bytes.erase(forged.bytes.begin(), forged.bytes.begin() + meeting::resume_bytes);
    CHECK_FALSE(hears(forged));
    const std::size_t bits = std::min<std::size_t>(request.bytes.size(), 300) * 8;
    for (std::size_t bit = meeting::resume_bytes * 8; bit < bits; ++bit) {
        forged = request;
        forged.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        mend_checksum(forged.bytes);
        CHECK_FALSE(hears(forged));
    }
    CHECK(hears(request)); // the control
    CHECK(goes_on((pair.middle = nullptr, pair)));
}

TEST_CASE("a request under another's address brings that one no more than is said to come from there") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    const Address victim{77, 7};
    std::uint64_t to_victim = 0, from_victim = 0, to_guest = 0;
    bool lies = true;
    pair.middle = [&](Datagram& datagram) {
        if (datagram.to == victim) return to_victim += datagram.bytes.size(), false;
        if (datagram.to != host_address) return to_guest += datagram.bytes.size(), true;
        if (!lies) return true;
        datagram.from = victim;
        from_victim += datagram.bytes.size();
        CHECK(to_victim <= from_victim);
        return true;
    };
    const auto much = [&] {
        for (int i = 0; i < 200; ++i) {
            (void)pair.host.broadcast(Blob{});
            if (i % 10 == 0) (void)pair.host.broadcast(Line{std::string(3000, 'l')});
            pair.step();
            CHECK((!lies || to_victim <= from_victim));
        }
    };
    REQUIRE(pair.guest.move());
    much();
    CHECK(to_victim > 60);                           // the host believes the request, and answers
    CHECK(pair.host.health().queued_bytes > 20'000); // and would have had much more to say
    // Each again, from there.
    for (const Datagram& datagram : std::vector<Datagram>(pair.seen))
        if (datagram.kind() == meeting::resume) {
            Datagram again = datagram;
            again.from = victim;
            from_victim += again.bytes.size();
            pair.deliver(again);
            pair.step();
            CHECK(to_victim <= from_victim);
        }
    lies = false;
    to_guest = 0;
    REQUIRE(pair.guest.move());
    much();
    pair.run(1_s);
    CHECK(to_guest > 60'000); // the control: to the guest itself it says all that
    CHECK(goes_on(pair));
}

TEST_CASE("a guest that hears no answer is heard all the time, and seals nothing twice") {
    for (const Cipher cipher : ciphers()) {
        Wishes wanted{.cipher = cipher};
        wishes = &wanted;
        WatchedPair pair;
        REQUIRE(pair.join());
        talk(pair);
        bool deaf = true;
        pair.middle = [&](Datagram& datagram) { return datagram.to == host_address || !deaf; };
        for (int round = 0; round < 4; ++round) {
            REQUIRE(pair.guest.move());
            for (int i = 0; i < 60; ++i) {
                REQUIRE(pair.guest.send(PeerId::host(), Shot{++pair.said_by_guest}));
                pair.step();
            }
            CHECK(pair.at_host.shots.size() + 20 > pair.said_by_guest);
            pair.run(1_s); // what is large goes with few requests
            CHECK(pair.at_host.heard_all(pair.said_by_guest));
        }
        CHECK(pair.host.roster().size() == 2);
        deaf = false;
        CHECK(goes_on(pair));
        CHECK(wanted.twice == 0);
        wishes = nullptr;
    }
}
