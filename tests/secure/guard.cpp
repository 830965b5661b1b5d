#include "tenon/secure/guard.hpp"

#include "pair.hpp"

using namespace secured;
using secure::Identity;
using secure::SignPublic;

namespace {

constexpr std::string_view address = "host1:4000";

std::shared_ptr<Keyring> keyring() { return std::make_shared<Keyring>(); }
const SignPublic& key_of(const std::shared_ptr<Keyring>& keys) { return keys->identity().key(); }

// Shows another key than the host's, as a thief of the address would.
void show_other(Pair& pair, const SignPublic& other) {
    pair.middle = [other](Datagram& datagram) {
        if (datagram.kind() != meeting::challenge) return true;
        copy(&datagram.bytes[25], other.bytes);
        mend_checksum(datagram.bytes);
        return true;
    };
}

} // namespace

TEST_CASE("a host with the pinned key is joined, and one with another is not") {
    const auto guests = keyring(), hosts = keyring();
    REQUIRE(guests->trust.pin(address, key_of(hosts)));
    guests->meets_strangers = false;
    {
        Pair pair(hosts, guests);
        CHECK(pair.join());
        CHECK(pair.settles());
    }
    Pair other(keyring(), guests);
    CHECK_FALSE(other.join());
    CHECK(other.at_guest.notices == "key_changed ");
    CHECK(other.at_host.notices == "joined ");
    guests->meets_strangers = true; // it is no stranger, but somebody else
    Pair again(keyring(), guests);
    CHECK_FALSE(again.join());
    CHECK(again.at_guest.notices == "key_changed ");
    CHECK(guests->trust.check(address, key_of(hosts)));
    for (const Pair* pair : {&other, &again}) // nor has it been told who asks
        for (const Datagram& datagram : pair->seen) CHECK(datagram.kind() != meeting::connect);
}

TEST_CASE("who meets no strangers joins no host that it does not know") {
    const auto guests = keyring();
    guests->meets_strangers = false;
    Pair pair(keyring(), guests);
    CHECK_FALSE(pair.join());
    CHECK(pair.at_guest.notices == "unknown_key ");
    CHECK(pair.at_host.notices == "joined ");
    CHECK(guests->trust.server_count() == 0);
    for (const Datagram& datagram : pair.seen) CHECK(datagram.kind() != meeting::connect);
}

TEST_CASE("a stranger is known from the first meeting on") {
    const auto guests = keyring(), hosts = keyring();
    for (int i = 0; i < 2; ++i) {
        Pair pair(hosts, guests);
        CHECK(pair.join());
        CHECK(guests->trust.server_count() == 1);
        CHECK(guests->trust.check(address, key_of(hosts)));
    }
    Pair other(keyring(), guests);
    CHECK_FALSE(other.join());
    CHECK(other.at_guest.notices == "key_changed ");
}

TEST_CASE("a key is kept only when its holder has proved to be there") {
    const auto guests = keyring(), hosts = keyring();
    const SignPublic stolen = key_of(keyring());
    Pair pair(hosts, guests);
    show_other(pair, stolen);
    CHECK_FALSE(pair.join());
    CHECK(guests->trust.server_count() == 0);
    CHECK(pair.at_host.notices == "joined "); // what was said to the other can't be read by this one
    pair.middle = nullptr;
    CHECK(pair.join());
    CHECK(guests->trust.check(address, key_of(hosts)));
}

TEST_CASE("an impostor who shows the pinned key of another can't finish") {
    const auto guests = keyring(), mallorys = keyring();
    const SignPublic pinned = key_of(keyring());
    REQUIRE(guests->trust.pin(address, pinned));
    Pair pair(mallorys, guests);
    show_other(pair, pinned);
    CHECK_FALSE(pair.join());
    CHECK(pair.at_host.notices == "joined ");
    CHECK(guests->trust.check(address, pinned));
}

TEST_CASE("the twin of a host's key, which exchanges like it, is not the host's") {
    const auto guests = keyring(), hosts = keyring();
    SignPublic twin = key_of(hosts);
    twin.bytes[31] ^= std::byte{0x80};
    secure::ExchangePublic a, b;
    REQUIRE(secure::exchange_public(a, twin));
    REQUIRE(secure::exchange_public(b, key_of(hosts)));
    REQUIRE(a == b);
    Pair pair(hosts, guests);
    show_other(pair, twin);
    CHECK_FALSE(pair.join());
    CHECK(guests->trust.server_count() == 0);
}

TEST_CASE("who encrypts and who does not don't get together, and neither harms the other") {
    const auto run = [](auto& host, auto& guest, transport::Exchange& exchange) {
        Player at_host, at_guest;
        REQUIRE(host.host(4000));
        REQUIRE(guest.join("host1:4000"));
        for (Instant now{5'000'000'000}; now < Instant{20'000'000'000}; now += 5_ms) {
            host.tick(now, at_host);
            guest.tick(now, at_guest);
            exchange.deliver_all();
        }
        CHECK(guest.status() == Status::closed);
        CHECK(host.roster().size() == 1);
        CHECK(at_host.notices == "joined ");
    };
    using Plain = NetOver<transport::Memory>;
    using Private = NetOver<Secure>;
    {
        transport::Exchange exchange{1u};
        Plain host({.room = "r"}, transport::Memory(exchange, 1));
        Private guest({.room = "r"}, Secure(keyring(), transport::Memory(exchange, 2)));
        run(host, guest, exchange);
    }
    transport::Exchange exchange{2u};
    Private host({.room = "r"}, Secure(keyring(), transport::Memory(exchange, 1)));
    Plain guest({.room = "r"}, transport::Memory(exchange, 2));
    run(host, guest, exchange);
}

TEST_CASE("a guest can't show a key that it does not hold, and every bit of both words is vouched for") {
    const auto hosts = keyring(), guests = keyring();
    const secure::Guard host(hosts), guest(guests);
    std::array<std::byte, 2048> desk{}, bytes{};
    const std::array<std::byte, 22> head{std::byte{7}};
    const auto visit_of = [&](const SignPublic& shown) {
        auto visit = guest.visit("somewhere:1");
        ByteReader in(shown.bytes);
        REQUIRE(guest.read_challenge(visit, in) == Error::none);
        return visit;
    };
    auto visit = visit_of(key_of(hosts));
    ByteWriter out(bytes);
    guest.enclose(visit, head, bytes_of("whatever"), out);
    REQUIRE(out.ok());
    const Bytes said(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(out.position()));
    REQUIRE(said.size() == 8 + secure::Guard::enclosing_bytes);
    for (std::size_t bit = 0; bit < said.size() * 8; ++bit) {
        Bytes forged = said;
        forged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        secure::Guard::Visitor visitor;
        CHECK_FALSE(host.open(visitor, head, forged, desk));
    }
    for (std::size_t size = 0; size < said.size(); ++size) {
        secure::Guard::Visitor visitor;
        CHECK_FALSE(host.open(visitor, head, BytesIn(said).first(size), desk));
    }
    auto other_head = head;
    other_head[9] ^= std::byte{1}; // with another's cookie
    secure::Guard::Visitor refused, visitor;
    CHECK_FALSE(host.open(refused, other_head, said, desk));
    CHECK_FALSE(secure::Guard(keyring()).open(refused, head, said, desk)); // meant for another host
    const auto read = host.open(visitor, head, said, desk);
    REQUIRE(read);
    CHECK(text_of(*read) == "whatever");
    CHECK(visitor.guest == key_of(guests));

    // The answer.
    std::array<std::byte, 96> answer{};
    ByteWriter answers(answer);
    host.enclose(visitor, {}, bytes_of("come in"), answers);
    const BytesIn whole = BytesIn(answer).first(answers.position());
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        Bytes forged(whole.begin(), whole.end());
        forged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        CHECK_FALSE(guest.open(visit, {}, forged, desk));
    }
    CHECK(guests->trust.server_count() == 0);
    const auto heard = guest.open(visit, {}, whole, desk);
    REQUIRE(heard);
    CHECK(text_of(*heard) == "come in");
    CHECK(guests->trust.server_count() == 1);
    CHECK_FALSE(guest.open(visit, {}, whole, desk)); // once
    const auto ours = guest.key(visit, 1, 2, 3), theirs = host.key(visitor, 1, 2, 3);
    CHECK(ours.guest_sends == theirs.guest_sends);
    CHECK(ours.host_sends == theirs.host_sends);
    CHECK(ours.resume == theirs.resume);
    CHECK_FALSE(ours.guest_sends == ours.host_sends);
    CHECK(ours.peer == key_of(hosts));
    CHECK(theirs.peer == key_of(guests));
    for (const auto& [schema, nonce, host_nonce] :
         {std::array<std::uint64_t, 3>{2, 2, 3}, {1, 3, 3}, {1, 2, 4}})
        CHECK_FALSE(guest.key(visit, schema, nonce, host_nonce).guest_sends == ours.guest_sends);
}
