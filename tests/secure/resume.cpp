// A link that goes on from elsewhere: its keys change, its numbers go on, and nobody else moves it.
#include <algorithm>
#include <optional>

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
    const auto at = [&](std::uint32_t host) {
        return Secure(std::make_shared<Keyring>(), transport::Memory(exchange, host));
    };
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
    const secure::Guard guard;
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
