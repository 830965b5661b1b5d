// Tokens at the door of an encrypted room: who has one comes in, once, and nobody who took it from another.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "pair.hpp"
#include "tenon/secure/connect_token.hpp"

using namespace secured;

namespace {

struct Doorman : Player {
    std::function<Admission(const Caller&)> decides;
    int asked = 0;
    using Player::on;
    Admission admit(const Caller& caller) {
        ++asked;
        return decides(caller);
    }
};
using Net = NetOver<Secure>;

// A backend, a server that believes it, and two programs that may hold the same token.
struct Street {
    transport::Exchange exchange{5};
    Instant now{5'000'000'000};
    secure::Identity backend = secure::Identity::make();
    Keyring server, anns, eves;
    secure::TokenBook book{server.identity()};
    Net host{{.room = "arena", .name = "host"}, Secure(server, transport::Memory(exchange, 1))};
    Net ann{{.room = "arena", .name = "ann"}, Secure(anns, transport::Memory(exchange, 2))};
    Net eve{{.room = "arena", .name = "eve"}, Secure(eves, transport::Memory(exchange, 3))};
    Doorman at_host;
    Player at_ann, at_eve;
    std::string subject, team;
    std::function<bool(Datagram&)> middle = [](Datagram&) { return true; };
    std::vector<Datagram> seen;

    Street() {
        REQUIRE(book.trust_issuer(backend.key()));
        REQUIRE(host.host(4000));
        at_host.decides = [this](const Caller& caller) {
            const auto grant = book.admit(caller.credential, secure::exchange_of(caller.key), {1010});
            if (!grant) return Admission::refuse(grant.error());
            subject = std::string(grant->subject.view());
            team = std::string(text_of(grant->user_data()));
            Admission admission;
            admission.name = subject;
            return admission;
        };
    }
    Bytes token(const secure::SignPublic& client = {}) {
        secure::TokenTerms terms;
        const secure::TokenServer place{"host1:4000", server.identity().key()};
        terms.validity = {{1000}, {1060}};
        terms.servers = {&place, 1};
        terms.client = client;
        terms.subject = "player 17";
        terms.user_data = bytes_of("team red");
        Bytes bytes(secure::token_bytes_max);
        const auto size = secure::issue_token(bytes, backend, terms);
        REQUIRE(size);
        bytes.resize(*size);
        return bytes;
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) {
            host.tick(now, at_host);
            ann.tick(now, at_ann);
            eve.tick(now, at_eve);
            exchange.take_outgoing([&](const Address& from, const Address& to, Lane, BytesIn bytes) {
                seen.push_back({from, to, Bytes(bytes.begin(), bytes.end())});
                Datagram datagram = seen.back();
                if (middle(datagram)) exchange.deliver(datagram.to, datagram.from, {}, datagram.bytes);
            });
        }
    }
};

} // namespace

TEST_CASE("a token opens the door once, and tells the host who comes") {
    Street street;
    const Bytes token = street.token(street.anns.identity().key());
    REQUIRE(street.ann.join("host1:4000", token));
    street.run(1_s);
    CHECK(street.at_ann.notices == "joined +host ");
    CHECK(street.subject == "player 17");
    CHECK(street.team == "team red");
    CHECK(street.host.name_of(PeerId{1}) == "player 17");
    CHECK(street.at_host.asked == 1);
    street.ann.leave();
    street.run(6_s);
    street.at_ann.notices.clear();
    REQUIRE(street.ann.join("host1:4000", token));
    street.run(3_s);
    CHECK(street.at_ann.notices == "token_spent ");
    REQUIRE(street.eve.join("host1:4000")); // without any
    street.run(3_s);
    CHECK(street.eve.status() == Status::closed);
    CHECK(street.host.roster().size() == 1);
}

TEST_CASE("a stolen token is of no use, and its owner still comes in with it") {
    Street street;
    const Bytes token = street.token(street.anns.identity().key());
    REQUIRE(street.eve.join("host1:4000", token));
    street.run(3_s);
    CHECK(street.at_eve.notices == "forged ");
    REQUIRE(street.ann.join("host1:4000", token));
    street.run(1_s);
    CHECK(street.ann.status() == Status::joined);
}

TEST_CASE("nobody on the way sees what is shown at the door, and what was overheard lets nobody in") {
    Street street;
    const Bytes token = street.token();
    REQUIRE(street.ann.join("host1:4000", token));
    street.run(1_s);
    REQUIRE(street.ann.status() == Status::joined);
    bool asked = false;
    std::vector<Datagram> heard = street.seen;
    for (const Datagram& datagram : heard) {
        asked = asked || datagram.kind() == meeting::connect;
        CHECK_FALSE(
            contains(datagram.bytes, text_of(BytesIn(token).first(24)))); // the token's mark and number
        CHECK_FALSE(contains(datagram.bytes, text_of(BytesIn(token).last(24))));
    }
    CHECK(asked);
    // Played back from another address, and after she has left, from her own.
    for (Datagram datagram : heard) {
        datagram.from = {9, 9};
        if (datagram.to == host_address)
            street.exchange.deliver(datagram.to, datagram.from, {}, datagram.bytes);
    }
    street.run(1_s);
    CHECK(street.host.roster().size() == 2);
    street.ann.leave();
    street.run(1_s);
    for (const Datagram& datagram : heard)
        if (datagram.to == host_address)
            street.exchange.deliver(datagram.to, datagram.from, {}, datagram.bytes);
    street.run(1_s);
    CHECK(street.host.roster().size() == 1);
    CHECK(street.at_host.asked == 1);
}

TEST_CASE("who never heard that it was let in comes in with the same token, and is not asked again") {
    Street street;
    const Bytes token = street.token(street.anns.identity().key());
    int lost = 0;
    const Instant until = street.now + 5_s; // a cookie grows stale meanwhile, so that she begins anew
    street.middle = [&](Datagram& datagram) {
        const bool loses = datagram.kind() == meeting::accept && street.now < until;
        lost += loses ? 1 : 0;
        return !loses;
    };
    REQUIRE(street.ann.join("host1:4000", token));
    street.run(9_s);
    CHECK(lost > 3);
    CHECK(street.ann.status() == Status::joined);
    CHECK(street.host.roster().size() == 2);
    CHECK(street.host.name_of(street.ann.self()) == "player 17");
    CHECK(street.at_host.asked == 1);
}

TEST_CASE("but another program at that address is, although it saw the token used") {
    Street street;
    const Bytes token = street.token();
    street.middle = [&](Datagram& datagram) { return datagram.kind() != meeting::accept; };
    REQUIRE(street.ann.join("host1:4000", token));
    street.run(1_s);
    CHECK(street.host.roster().size() == 2);
    // She is gone; somebody else has her address, and the token from her disk.
    street.middle = [&](Datagram& datagram) {
        if (datagram.from.host == 2) return false;
        if (datagram.from.host == 3)
            datagram.from = street.ann.transport().local_address();
        else if (datagram.from == host_address)
            datagram.to = street.eve.transport().local_address();
        return true;
    };
    REQUIRE(street.eve.join("host1:4000", token));
    street.run(5_s);
    CHECK(street.at_eve.notices == "token_spent ");
    CHECK(street.at_host.asked >= 2);
}

TEST_CASE("the host knows by its key who calls, and can be asked for nothing without a cookie") {
    Street street;
    secure::SignPublic called;
    street.at_host.decides = [&](const Caller& caller) {
        called = secure::key_of(caller.key);
        return Admission::refuse();
    };
    REQUIRE(street.ann.join("host1:4000"));
    street.run(3_s);
    CHECK(called == street.anns.identity().key());
    const int asked = street.at_host.asked;
    for (int i = 0; i < 1000; ++i) {
        for (const Datagram& datagram : street.seen) {
            if (datagram.kind() != meeting::connect) continue;
            Bytes forged = datagram.bytes;
            store_le(&forged[15], static_cast<std::uint64_t>(i)); // the cookie
            mend_checksum(forged);
            street.exchange.deliver(host_address, datagram.from, {}, forged);
            break;
        }
    }
    street.host.tick(street.now, street.at_host);
    CHECK(street.at_host.asked == asked);
    CHECK(secure::key_of({}) == secure::SignPublic());
    CHECK(secure::exchange_of({}) == secure::ExchangePublic());
}
