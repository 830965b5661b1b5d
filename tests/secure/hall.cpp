// Many rooms that encrypt behind one port, and strangers who crowd at its door.
#include "tenon/hall.hpp"

#include <vector>

#include "../allocations.hpp"
#include "pair.hpp"

using namespace secured;

namespace {

using Net = NetOver<Secure>;
struct Match {
    std::vector<std::uint32_t> shots;
    void on(PeerId, const Shot& shot) { shots.push_back(shot.number); }
    void on(PeerId, const Line&) {}
    void on(PeerId, const Blob&) {}
};
Secure at(transport::Exchange& exchange, std::uint32_t host) {
    return Secure(Keyring(), transport::Memory(exchange, host));
}

struct Street {
    transport::Exchange exchange{5u};
    Instant now{5'000'000'000};
    Hall<Plays<Net, Match>> hall{{.rooms_max = 4, .seed = 5}, at(exchange, 1)};
    Net ann{{.room = "red", .name = "ann"}, at(exchange, 2)},
        bob{{.room = "blue", .name = "bob"}, at(exchange, 3)};
    Player anns, bobs;
    RoomKey red, blue;
    std::uint32_t said = 0;
    std::function<bool(Datagram&)> middle;

    Street() {
        REQUIRE(hall.open(4000));
        red = *hall.host<Net>({.room = "red"});
        blue = *hall.host<Net>({.room = "blue"});
        REQUIRE(ann.join("host1:4000"));
        REQUIRE(bob.join("host1:4000"));
        run(300_ms);
        REQUIRE(ann.status() == Status::joined);
        REQUIRE(bob.status() == Status::joined);
    }
    void step() {
        hall.tick(now);
        ann.tick(now, anns);
        bob.tick(now, bobs);
        exchange.take_outgoing([&](const Address& from, const Address& to, Lane, BytesIn bytes) {
            Datagram datagram{from, to, Bytes(bytes.begin(), bytes.end())};
            if (!middle || middle(datagram)) exchange.deliver(datagram.to, datagram.from, {}, datagram.bytes);
        });
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) step();
    }
    void talk(int turns) {
        for (int i = 0; i < turns; ++i) {
            ++said;
            REQUIRE(hall.room<Net>(red)->broadcast(Shot{said}));
            REQUIRE(hall.room<Net>(blue)->broadcast(Shot{said}));
            run(20_ms);
        }
    }
    bool both_heard_all() {
        run(500_ms);
        return anns.heard_all(said) && bobs.heard_all(said) && hall.guest_count() == 2;
    }
};

} // namespace

TEST_CASE("guests of a hall that encrypts come back to their rooms, and hear what is said there once") {
    Street street;
    street.talk(20);
    for (int i = 0; i < 3; ++i) {
        REQUIRE(street.ann.move());
        street.talk(10);
        REQUIRE(street.bob.move());
        street.talk(10);
    }
    CHECK(street.both_heard_all());
    CHECK(street.anns.notices.find("left") == std::string::npos);
}

TEST_CASE("a guest of one room takes no address from a guest of another") {
    Street street;
    street.talk(5);
    const Address bobs_address = street.bob.transport().local_address();
    int lies = 0;
    street.middle = [&](Datagram& datagram) {
        if (datagram.from.host == 2 && datagram.kind() == meeting::resume)
            ++lies, datagram.from = bobs_address;
        return true;
    };
    REQUIRE(street.ann.move());
    street.talk(20);
    CHECK(lies > 0);
    CHECK(street.bob.status() == Status::joined);
    street.middle = nullptr;
    street.talk(20);
    CHECK(street.both_heard_all());
}

TEST_CASE(
    "strangers by the thousand get nothing that lasts from a hall that encrypts, and nobody inside notices") {
    Street street;
    street.talk(50);
    street.run(2_s);
    Random random(1);
    std::array<std::byte, 1200> bytes{};
    Keyring keys;
    const secure::Guard guard(keys);
    const auto stranger = [&](std::uint32_t turn) {
        std::size_t size = 0;
        switch (turn % 5) {
            case 0:
                size = write(bytes, Hello{random.next(), stable_id("arena"), protocol_version}, guard);
                break;
            case 1:
                size = write(bytes, Hello{random.next(), random.next(), protocol_version}, guard);
                break;
            case 2: // a request with a cookie out of thin air
            case 3: // or to come back
                for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
                bytes[0] = static_cast<std::byte>(turn % 5 == 2 ? meeting::connect : meeting::resume);
                size = turn % 5 == 2 ? 1200 : meeting::resume_bytes;
                store_le(&bytes[5], protocol_version);
                store_le(&bytes[1], tenon::detail::meeting_checksum(BytesIn(bytes).first(size)));
                break;
            default: // a packet of nobody
                size = static_cast<std::size_t>(1 + random.below(100));
                bytes[0] = static_cast<std::byte>(random.below(128));
        }
        street.exchange.deliver(host_address, {1000 + turn, 1}, {}, BytesIn(bytes).first(size));
        return size;
    };
    std::size_t allocated = 0, in = 0, out = 0;
    for (std::uint32_t turn = 0; turn < 100'000;) {
        for (int i = 0; i < 250; ++i) in += stranger(turn++);
        const allocations::Count count;
        street.hall.tick(street.now);
        if (turn > 5'000) allocated += count.bytes();
        street.exchange.take_outgoing([&](const Address& from, const Address& to, Lane, BytesIn sent) {
            to.host >= 1000 ? void(out += sent.size()) : void(street.exchange.deliver(to, from, {}, sent));
        });
        street.now += 1_ms;
    }
    CHECK(allocated == 0);
    CHECK(out < in);
    CHECK(out > 1'000'000); // who says hello is answered
    CHECK(street.hall.guest_count() == 2);
    street.talk(20);
    CHECK(street.both_heard_all());
}
