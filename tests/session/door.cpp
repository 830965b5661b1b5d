// What a host's handlers say of those who call: who comes in, as whom, with what, and what the others are
// told.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/hall.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

struct Word {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
using Talk = Game<"talk", 1, Event<Word, Reliable>>;
// Nobody reads what goes over it.
struct Tunnel : transport::Memory {
    using Memory::Memory;
    static constexpr TransportTraits traits = [] {
        TransportTraits memory = Memory::traits;
        memory.encrypted = true;
        return memory;
    }();
};
using Net =
    Session<Talk, Tunnel, codec::Bits, clock::Independent<>, topology::ClientServer, reliability::AckVector>;

struct Person {
    std::function<Admission(const Caller&)> decides = [](const Caller&) { return Admission(); };
    std::vector<std::uint64_t> requests;
    std::string told;

    Admission admit(const Caller& caller) {
        requests.push_back(caller.request);
        return decides(caller);
    }
    void on(PeerId, const Word&) {}
    void on(const Joined&) { told += "joined "; }
    void on(const PeerJoined& joined) {
        told += "+" + std::to_string(joined.peer.value) + std::string(joined.name) + " ";
    }
    void on(const PeerLeft& left) { told += "-" + std::to_string(left.peer.value) + " "; }
    void on(const Closed& closed) {
        told += std::string(name(closed.reason)) + "(" + std::string(closed.text) + ") ";
    }
};

struct Street {
    transport::Exchange exchange{3};
    Instant now{1'000'000'000};
    Net host{{.room = "here", .name = "host", .capabilities = 0b0110, .seed = 1}, Tunnel(exchange, 1)};
    Net ann{{.room = "here", .name = "ann", .capabilities = 0b0011, .seed = 2}, Tunnel(exchange, 2)};
    Net bob{{.room = "here", .name = "bob", .timeout = 2_s, .seed = 3}, Tunnel(exchange, 3)};
    Person at_host, at_ann, at_bob;
    std::function<bool(const transport::MemoryAddress& from, BytesIn)> arrives = [](const auto&, BytesIn) {
        return true;
    };

    Street() { REQUIRE(host.host(4000)); }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) {
            host.tick(now, at_host);
            ann.tick(now, at_ann);
            bob.tick(now, at_bob);
            exchange.take_outgoing([&](const auto& from, const auto& to, Lane, BytesIn bytes) {
                if (arrives(from, bytes)) exchange.deliver(to, from, {}, bytes);
            });
        }
    }
};

} // namespace

TEST_CASE("the host hears who calls and with what, and lets in as it wishes") {
    Street street;
    street.at_host.decides = [&](const Caller& caller) {
        CHECK(caller.name == "ann");
        CHECK(caller.address == "0.0.0.2:49152");
        CHECK(text_of(caller.credential) == "open, sesame");
        CHECK(caller.key.empty());
        CHECK(caller.capabilities == 0b0010);
        CHECK(caller.peer == PeerId{1});
        Admission admission;
        admission.name = "Ann of the backend";
        return admission;
    };
    REQUIRE(street.ann.join("host1:4000", bytes_of("open, sesame")));
    street.run(1_s);
    CHECK(street.at_ann.told == "joined +0host ");
    CHECK(street.at_host.told == "joined +1Ann of the backend ");
    CHECK(street.ann.name_of(PeerId{1}) == "Ann of the backend"); // she knows how she is called
    CHECK(street.at_host.requests.size() == 1);
    CHECK(street.ann.capabilities() == 0b0010);
    CHECK(street.host.capabilities() == 0b0110);
    CHECK(street.host.capabilities(PeerId{1}).value_or(0) == 0b0010);
    CHECK(street.host.capabilities(PeerId{2}).error() == Error::unknown_peer);
    CHECK(street.ann.capabilities(PeerId{1}).error() == Error::unknown_peer); // only who let it in knows
    CHECK(street.ann.session() != 0);
    CHECK(street.ann.session() == street.host.session());
}

TEST_CASE("capabilities can be kept from somebody, and what nobody offers is not granted") {
    Street street;
    street.at_host.decides = [&](const Caller&) {
        Admission admission;
        admission.capabilities = 0b1101;
        return admission;
    };
    REQUIRE(street.ann.join("host1:4000"));
    street.run(1_s);
    CHECK(street.ann.status() == Status::joined);
    CHECK(street.ann.capabilities() == 0);
    CHECK(street.host.capabilities(PeerId{1}).value_or(9) == 0);
}

TEST_CASE("who is refused hears why, and nothing is kept of it") {
    Street street;
    std::string sentence = "the league plays on Sundays";
    street.at_host.decides = [&](const Caller& caller) {
        return caller.name == "ann" ? Admission::refuse(Error::refused, sentence) : Admission();
    };
    REQUIRE(street.ann.join("host1:4000"));
    street.run(500_ms);
    CHECK(street.at_ann.told == "refused(the league plays on Sundays) ");
    CHECK(street.host.roster().size() == 1);
    CHECK(street.at_host.told == "joined ");
    sentence = std::string(200, 'x'); // longer than a refusal has room for
    street.at_ann.told.clear();
    REQUIRE(street.ann.join("host1:4000"));
    REQUIRE(street.bob.join("host1:4000"));
    street.run(500_ms);
    CHECK(street.at_ann.told == "refused(" + std::string(80, 'x') + ") ");
    CHECK(street.at_bob.told == "joined +0host ");
    CHECK(street.at_host.told == "joined +1bob "); // no number was used up
    CHECK(street.host.session() == street.bob.session());
}

TEST_CASE("a host may take its time, and is asked again by the same request") {
    Street street;
    bool decided = false;
    street.at_host.decides = [&](const Caller&) { return decided ? Admission() : Admission::wait(); };
    REQUIRE(street.ann.join("host1:4000"));
    street.run(1_s);
    CHECK(street.ann.status() == Status::joining);
    REQUIRE(street.at_host.requests.size() > 2);
    CHECK(street.host.roster().size() == 1);
    decided = true;
    street.run(1_s);
    CHECK(street.ann.status() == Status::joined);
    for (const std::uint64_t request : street.at_host.requests)
        CHECK(request == street.at_host.requests.front());

    decided = false; // for ever
    REQUIRE(street.bob.join("host1:4000"));
    street.run(3_s);
    CHECK(street.at_bob.told == "timed_out() ");
    CHECK(street.host.roster().size() == 2);
}

TEST_CASE("an answer that is lost is said again, and nobody is asked for it") {
    Street street;
    int lost = 0;
    street.arrives = [&](const auto& from, BytesIn bytes) {
        return from.host != 1 || meeting_kind(bytes) != meeting::accept || ++lost > 3;
    };
    REQUIRE(street.ann.join("host1:4000", bytes_of("once")));
    street.run(3_s);
    CHECK(lost > 3);
    CHECK(street.ann.status() == Status::joined);
    CHECK(street.at_host.requests.size() == 1);
}

TEST_CASE("a handler may close the room while it is asked") {
    Street street;
    street.at_host.decides = [&](const Caller&) {
        street.host.leave();
        return Admission();
    };
    REQUIRE(street.bob.join("host1:4000"));
    street.run(3_s);
    CHECK(street.at_bob.told == "timed_out() ");
    CHECK(street.host.status() == Status::closed);
}

TEST_CASE("lambdas can keep a door too") {
    Street street;
    int asked = 0;
    auto lambdas = handlers{[&](const Caller&) {
                                ++asked;
                                return Admission::refuse(Error::room_full);
                            },
                            [](PeerId, const Word&) {}};
    REQUIRE(street.ann.join("host1:4000"));
    for (int i = 0; i < 20; ++i, street.now += 5_ms) {
        street.host.tick(street.now, lambdas);
        street.ann.tick(street.now, street.at_ann);
        street.exchange.deliver_all();
    }
    CHECK(asked == 1);
    CHECK(street.at_ann.told == "room_full() ");
}

TEST_CASE("a credential that does not fit is an error at once, and the session as it was") {
    Street street;
    const std::vector<std::byte> long_one(credential_bytes_max + 1);
    CHECK(street.ann.join("host1:4000", long_one).error() == Error::too_large);
    CHECK(street.ann.status() == Status::idle);
    REQUIRE(street.ann.join("host1:4000", BytesIn(long_one).first(credential_bytes_max)));
    street.run(1_s);
    CHECK(street.ann.status() == Status::joined);
    // What was shown once is not shown again unasked.
    street.ann.leave();
    street.run(1_s);
    street.at_host.decides = [](const Caller& caller) {
        CHECK(caller.credential.empty());
        return Admission();
    };
    REQUIRE(street.ann.join("host1:4000"));
    street.run(1_s);
    CHECK(street.ann.status() == Status::joined);
}

TEST_CASE("the rooms of a hall keep their own doors") {
    transport::Exchange exchange(5);
    struct Keeper {
        bool opens = true;
        int asked = 0;
        Admission admit(const Caller& caller) {
            ++asked;
            CHECK(text_of(caller.credential) == "pass");
            return opens ? Admission() : Admission::refuse(Error::refused, "members only");
        }
        void on(PeerId, const Word&) {}
    };
    Hall<Plays<Net, Keeper>> hall({.seed = 9}, Tunnel(exchange, 1));
    REQUIRE(hall.open(4000));
    REQUIRE(hall.host<Net>({.room = "red"}));
    const auto blue = hall.host<Net>({.room = "blue"});
    REQUIRE(blue);
    hall.handlers<Net>(*blue)->opens = false;
    Net ann({.room = "red", .seed = 2}, Tunnel(exchange, 2)),
        bob({.room = "blue", .seed = 3}, Tunnel(exchange, 3));
    Person at_ann, at_bob;
    REQUIRE(ann.join("host1:4000", bytes_of("pass")));
    REQUIRE(bob.join("host1:4000", bytes_of("pass")));
    Instant now{1'000'000'000};
    for (int i = 0; i < 40; ++i, now += 5_ms) {
        hall.tick(now);
        ann.tick(now, at_ann);
        bob.tick(now, at_bob);
        exchange.deliver_all();
    }
    CHECK(ann.status() == Status::joined);
    CHECK(at_bob.told == "refused(members only) ");
    CHECK(hall.guest_count() == 1);
    CHECK(hall.handlers<Net>(*blue)->asked == 1);
}
