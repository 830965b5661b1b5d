// Whoever stands between a guest and its host can keep them apart. It can't make either hear what the other
// did not say, nor hear it twice, nor end their link when it lets their packets through again.
#include <algorithm>

#include "pair.hpp"

using namespace secured;

namespace {

// All that the two ever said arrives once and unaltered, whatever else was delivered.
void check_promises(Pair& pair) {
    CHECK(pair.settles());
    CHECK(pair.at_guest.heard_all(pair.said_by_host));
    CHECK(pair.at_host.heard_all(pair.said_by_guest));
    CHECK(pair.host.roster().size() == 2);
    CHECK(pair.at_host.blobs + pair.at_guest.blobs == 0);
}
// Some time in which both talk.
void talk(Pair& pair, int turns = 200) {
    for (int i = 0; i < turns; ++i) {
        if (i % 4 == 0) pair.say();
        pair.step();
    }
}
} // namespace

TEST_CASE("whatever the one in the middle does with packets, the two hear each other once and unaltered") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        Pair pair;
        REQUIRE(pair.join());
        Bytes other; // of the packet before, for splices
        pair.middle = [&](Datagram& datagram) {
            if (!datagram.is_packet()) return true;
            const Datagram original = datagram;
            Datagram forged = datagram;
            switch (random.below(12)) {
                case 0: // drops it
                    return false;
                case 1: // replays all that it has seen lately, to where it went
                    for (std::size_t i = pair.seen.size() > 30 ? pair.seen.size() - 30 : 0;
                         i < pair.seen.size(); ++i)
                        pair.deliver(pair.seen[i]);
                    return true;
                case 2: // and to whom it came from
                    std::swap(forged.from, forged.to);
                    pair.deliver(forged);
                    return true;
                case 3:
                    forged.bytes[random.below(forged.bytes.size())] ^=
                        static_cast<std::byte>(1u << random.below(8));
                    break;
                case 4:
                    forged.bytes.resize(random.below(forged.bytes.size() + 1));
                    break;
                case 5:
                    forged.bytes.resize(forged.bytes.size() + 1 + random.below(20), std::byte{0});
                    break;
                case 6: // the front of one and the back of another
                    if (other.size() > 4)
                        for (std::size_t at = 1 + random.below(std::min(other.size(), forged.bytes.size()));
                             at < std::min(other.size(), forged.bytes.size()); ++at)
                            forged.bytes[at] = other[at];
                    break;
                case 7: // another's tag
                    if (other.size() >= 17 && forged.bytes.size() >= 17)
                        std::copy(other.end() - 16, other.end(), forged.bytes.end() - 16);
                    break;
                case 8: // an old one from anywhere
                    pair.deliver(pair.seen[random.below(pair.seen.size())]);
                    return true;
                case 9: // one from an address that is nobody's
                    forged.from = {99, 99};
                    pair.deliver(forged);
                    return true;
                default:
                    other = datagram.bytes;
                    return true;
            }
            other = original.bytes;
            if (!forged.bytes.empty()) pair.deliver(forged); // first the forged one
            return random.chance(0.7);
        };
        talk(pair, 400);
        check_promises(pair);
        CHECK(pair.host.health().refused + pair.guest.health().refused > 0);
    }
}

TEST_CASE("no bit of a packet can be changed without its being refused") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair, 40);
    std::uint64_t tried = 0;
    pair.middle = [&](Datagram& datagram) {
        if (!datagram.is_packet() || tried > 40'000) return true;
        for (std::size_t bit = 0; bit < datagram.bytes.size() * 8; ++bit, ++tried) {
            Datagram forged = datagram;
            forged.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
            pair.deliver(forged);
        }
        for (std::size_t size = 0; size < datagram.bytes.size(); ++size) {
            Datagram forged = datagram;
            forged.bytes.resize(size);
            pair.deliver(forged);
        }
        return true;
    };
    talk(pair, 100);
    CHECK(tried > 10'000);
    check_promises(pair);
}

TEST_CASE("no bit of the handshake can be changed without its being noticed") {
    // Of each word each bit, alone, with a checksum made right: the changed word comes first.
    struct Word {
        std::uint8_t kind;
        std::size_t every; // bits between two that are tried
    };
    for (const Word& word : {Word{meeting::hello, 8}, Word{meeting::challenge, 1}, Word{meeting::connect, 61},
                             Word{meeting::accept, 1}}) {
        const std::uint8_t kind = word.kind;
        std::size_t bits = 1;
        for (std::size_t bit = 0; bit < bits; bit += word.every) {
            CAPTURE(kind);
            CAPTURE(bit);
            Pair pair;
            pair.middle = [&](Datagram& datagram) {
                if (datagram.kind() != kind) return true;
                bits = datagram.bytes.size() * 8;
                Datagram forged = datagram;
                forged.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
                mend_checksum(forged.bytes);
                pair.deliver(forged);
                pair.middle = nullptr;
                return true;
            };
            REQUIRE(pair.guest.join("host1:4000"));
            CHECK(pair.run_until([&] { return pair.guest.status() == Status::joined; }, 10_s));
            const auto& trust = pair.guest_keys->trust;
            const auto known = trust.check("host1:4000", pair.host_keys->identity().key());
            CHECK(known.error() != Error::key_changed); // nobody else's key was kept
            pair.say();
            CHECK(pair.run_until([&] { return pair.both_heard_all(); }, 2_s));
        }
    }
}

TEST_CASE("words of the handshake in halves are no words") {
    for (const std::uint8_t kind : {meeting::hello, meeting::challenge, meeting::connect, meeting::accept}) {
        Pair pair;
        pair.middle = [&](Datagram& datagram) {
            if (datagram.kind() != kind) return true;
            for (std::size_t size = 0; size < datagram.bytes.size() + 40;
                 size += kind == meeting::connect ? 37 : 1) {
                Datagram forged = datagram;
                forged.bytes.resize(size);
                mend_checksum(forged.bytes);
                pair.deliver(forged);
            }
            return true;
        };
        CAPTURE(kind);
        REQUIRE(pair.join());
        check_promises(pair);
    }
}

TEST_CASE("what another session has said means nothing in this one") {
    const auto hosts = std::make_shared<Keyring>(), guests = std::make_shared<Keyring>();
    Pair first(hosts, guests);
    REQUIRE(first.join());
    talk(first);
    Pair second(hosts, guests, {}, 8);
    const auto replay = [&] {
        for (const Datagram& datagram : first.seen) {
            Datagram other = datagram;
            (other.to == host_address ? other.from : other.to) = second.guest_address();
            second.deliver(other);
        }
    };
    second.middle = [&](Datagram&) { return replay(), true; };
    REQUIRE(second.guest.join("host1:4000"));
    for (int i = 0; i < 20; ++i) second.step();
    CHECK(second.guest.status() == Status::joined);
    replay();
    second.middle = nullptr;
    talk(second);
    check_promises(second);
}

TEST_CASE("what was said before a guest left means nothing when it has come again") {
    Pair pair;
    REQUIRE(pair.join());
    talk(pair);
    const auto past = pair.seen;
    pair.guest.leave();
    pair.run(500_ms);
    const std::size_t heard_by_host = pair.at_host.shots.size();
    const auto replay = [&] {
        for (Datagram old : past) {
            (old.to == host_address ? old.from : old.to) = pair.guest_address();
            pair.deliver(old);
        }
        for (const Datagram& old : past) pair.deliver(old); // and from where it came from
    };
    replay();
    pair.run(200_ms);
    CHECK(pair.host.roster().size() == 1); // nobody was let in by an old request
    CHECK(pair.at_host.shots.size() == heard_by_host);
    pair.middle = [&](Datagram& datagram) {
        if (datagram.kind() == meeting::hello || datagram.kind() == meeting::connect) replay();
        return true;
    };
    REQUIRE(pair.guest.join("host1:4000"));
    REQUIRE(pair.run_until([&] { return pair.guest.status() == Status::joined; }, 3_s));
    pair.middle = nullptr;
    replay();
    pair.run(200_ms);
    CHECK(pair.guest.status() == Status::joined);
    CHECK(pair.at_host.shots.size() == heard_by_host);
}

TEST_CASE("a guest whose requests or answers are lost for a while is let in when they come again") {
    for (const std::uint8_t kind : {meeting::connect, meeting::accept})
        for (const auto lost_for : {1_s, 4_s, 5_s, 8_s}) {
            CAPTURE(kind);
            CAPTURE(lost_for.ns);
            Pair pair;
            const Instant until = pair.now + lost_for;
            pair.middle = [&](Datagram& datagram) { return datagram.kind() != kind || pair.now > until; };
            CHECK(pair.join());
            pair.say();
            CHECK(pair.run_until([&] { return pair.both_heard_all(); }, 2_s));
            CHECK(pair.host.roster().size() == 2);
        }
}

TEST_CASE("nobody makes the two speak another version, cipher or feature than they would have") {
    // Whatever byte of what is said in the open, or enclosed, is changed on every one of the words: the two
    // agree on what they would have agreed on, or on nothing.
    struct Place {
        std::uint8_t kind;
        std::size_t at;
    };
    for (const Cipher cipher : ciphers()) {
        Wishes wanted{.cipher = cipher};
        wishes = &wanted;
        for (const Place& place :
             {Place{meeting::hello, 5}, Place{meeting::connect, 5}, Place{meeting::connect, 27 + 32 + 48},
              Place{meeting::connect, 27 + 96 + 16}, Place{meeting::accept, 13 + 32},
              Place{meeting::accept, 13 + 32 + 20}})
            for (const unsigned flipped : {0x01u, 0x02u, 0x80u}) {
                PairOver<Watched> pair;
                bool changed = false;
                pair.middle = [&](Datagram& datagram) {
                    if (datagram.kind() != place.kind) return true;
                    datagram.bytes[place.at] ^= static_cast<std::byte>(flipped);
                    mend_checksum(datagram.bytes);
                    return changed = true;
                };
                CAPTURE(place.at);
                const bool joined = pair.join();
                if (place.kind != meeting::hello) CHECK(joined != changed);
                if (!joined) continue;
                pair.middle = nullptr;
                pair.say();
                CHECK(pair.run_until([&] { return pair.both_heard_all(); }, 2_s));
            }
        wishes = nullptr;
    }
}

TEST_CASE("a guest that encrypts goes on with no host that does not, however it is told to") {
    const auto keyring = std::make_shared<Keyring>();
    Pair pair(std::make_shared<Keyring>(), keyring);
    NetOver<transport::Memory> plain({.room = "zuhause"}, transport::Memory(pair.exchange, 9));
    Player at_plain;
    REQUIRE(plain.host(4000));
    // All that it says goes to one who speaks in plaintext, and that one's answers come from its host.
    pair.middle = [&](Datagram& datagram) {
        if (datagram.to == host_address) datagram.to = {9, 4000};
        return datagram.from != host_address;
    };
    REQUIRE(pair.guest.join("host1:4000"));
    for (int i = 0; i < 400; ++i) {
        plain.tick(pair.now, at_plain);
        pair.exchange.take_outgoing([&](const Address&, const Address& to, Lane, BytesIn bytes) {
            pair.exchange.deliver(to, host_address, {}, bytes);
        });
        pair.step();
    }
    CHECK(pair.guest.status() != Status::joined);
    CHECK(plain.roster().size() == 1);
    CHECK(keyring->trust.server_count() == 0);
}

TEST_CASE("at the door nothing is too long or too short to be refused") {
    Pair pair;
    REQUIRE(pair.join());
    Random random(3);
    for (int kind = 0x80; kind <= 0x90; ++kind)
        for (std::size_t size = 1; size <= 4000; size += size < 140 ? 1 : 97)
            for (const bool checked : {true, false}) {
                Bytes bytes(size);
                for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
                bytes[0] = static_cast<std::byte>(kind);
                if (checked) mend_checksum(bytes);
                pair.exchange.deliver(host_address, {66, 6}, {}, bytes);
                if (kind % 2 == 0) pair.exchange.deliver(pair.guest_address(), host_address, {}, bytes);
                if (size % 20 == 0) pair.step();
            }
    check_promises(pair);
}
