#include "tenon/secure/connect_token.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "../allocations.hpp"
#include "hex.hpp"

using namespace tenon;
using namespace tenon::secure;

namespace {

using Bytes = std::vector<std::byte>;

// A backend, two servers and a player.
struct World {
    World() {
        REQUIRE(book.trust_issuer(backend.key()));
        REQUIRE(other_book.trust_issuer(backend.key()));
        REQUIRE(exchange_public(anns, ann.key()));
        places = {TokenServer{"203.0.113.7:4000", server.key()},
                  TokenServer{"[2001:db8::1]:4000", other.key()}};
        terms.validity = {{1000}, {1060}};
        terms.servers = places;
        terms.role = "editor";
        terms.subject = "player 17";
        terms.user_data = bytes_of("team red");
    }
    Bytes issue() const {
        Bytes token(token_bytes_max);
        const auto size = issue_token(token, backend, terms);
        REQUIRE(size);
        token.resize(*size);
        return token;
    }
    Error admit(BytesIn token, const ExchangePublic& client = {}, std::int64_t now = 1010) {
        return book.admit(token, client, {now}).error();
    }

    Identity backend = Identity::make(), server = Identity::make(), other = Identity::make(),
             ann = Identity::make();
    ExchangePublic anns;
    TokenBook book{server, {.remembered_max = 8}}, other_book{other};
    std::vector<TokenServer> places;
    TokenTerms terms;
};
Bytes sign_again(Bytes bytes, const Identity& issuer) {
    bytes.resize(bytes.size() - 64);
    const Signature signature = issuer.sign(bytes);
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    return bytes;
}
bool holds(const Bytes& bytes, std::string_view text) {
    const BytesIn wanted = bytes_of(text);
    return std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()) != bytes.end();
}

} // namespace

TEST_CASE("a token lets its bearer in once, and tells the server who it is") {
    World world;
    const Bytes token = world.issue();
    const auto admission = world.book.admit(token, {}, {1010});
    REQUIRE(admission);
    CHECK(admission->role == "editor");
    CHECK(admission->subject == "player 17");
    CHECK(text_of(admission->user_data()) == "team red");
    CHECK(admission->validity == world.terms.validity);
    CHECK(world.admit(token) == Error::token_spent);
    CHECK(world.admit(world.issue()) == Error::none);
    CHECK(world.book.remembered() == 2);
    CHECK(world.other_book.admit(token, {}, {1010})); // each server counts for itself
}

TEST_CASE("a client reads where to go, and nothing else") {
    World world;
    world.terms.client = world.ann.key();
    const Bytes token = world.issue();
    const auto outside = read_token(token);
    REQUIRE(outside);
    REQUIRE(outside->servers().size() == 2);
    CHECK(outside->servers()[0].address == "203.0.113.7:4000");
    CHECK(outside->servers()[1].key == world.other.key());
    CHECK(outside->validity == world.terms.validity);
    CHECK(outside->issuer == world.backend.key());
    CHECK(outside->client == world.ann.key());
    CHECK(holds(token, "203.0.113.7"));
    for (const char* secret : {"editor", "player 17", "team red"}) CHECK_FALSE(holds(token, secret));
    CHECK_FALSE(world.issue() == token); // and no two are alike
}

TEST_CASE("a token for one client is of no use to a thief") {
    World world;
    world.terms.client = world.ann.key();
    const Bytes token = world.issue();
    CHECK(world.admit(token) == Error::forged);
    CHECK(world.admit(token, Identity::make().exchange().key) == Error::forged);
    CHECK(world.book.remembered() == 0); // nor does trying spend it
    CHECK(world.admit(token, world.anns) == Error::none);
}

TEST_CASE("a token holds at its time, for its servers, from its backend") {
    World world;
    CHECK(world.admit(world.issue(), {}, 990) == Error::too_early);
    CHECK(world.admit(world.issue(), {}, 996) == Error::none);
    CHECK(world.admit(world.issue(), {}, 1064) == Error::none);
    CHECK(world.admit(world.issue(), {}, 1065) == Error::expired);
    world.terms.validity = {{1000}, {1601}};
    CHECK(world.admit(world.issue()) == Error::over_bound); // too long a life
    world.terms.validity = {{1000}, {1600}};
    CHECK(world.admit(world.issue()) == Error::none);

    world.terms.servers = std::span(world.places).last(1);
    CHECK(world.admit(world.issue()) == Error::wrong_server);
    world.terms.servers = world.places;
    TokenBook stranger(world.server);
    CHECK(stranger.admit(world.issue(), {}, {1010}).error() == Error::unknown_key);
    // Issued by a server, with all that a server knows.
    Bytes token(token_bytes_max);
    token.resize(*issue_token(token, world.other, world.terms));
    CHECK(world.admit(token) == Error::unknown_key);
    copy(token.data() + 24, world.backend.key().bytes); // under the backend's name
    CHECK(world.admit(token) == Error::forged);
    CHECK(read_token(token).error() == Error::forged);
}

TEST_CASE("whatever of a token is cut or turned over is refused") {
    World world;
    const Bytes token = world.issue();
    for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
        Bytes wrong = token;
        wrong[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        CHECK(world.admit(wrong) != Error::none);
        if (bit % 8 == 0) CHECK_FALSE(read_token(wrong));
    }
    for (std::size_t size = 0; size < token.size(); ++size) {
        CHECK(world.admit(BytesIn(token).first(size)) != Error::none);
        CHECK_FALSE(read_token(BytesIn(token).first(size)));
    }
    Bytes longer = token;
    longer.push_back(std::byte{0});
    CHECK(world.admit(longer) == Error::forged);
    longer.resize(token_bytes_max + 1);
    CHECK(world.admit(longer) == Error::over_bound);
    CHECK(world.book.remembered() == 0);
    CHECK(world.admit(token) == Error::none);
}

TEST_CASE("what is signed and still wrong is refused too") {
    World world;
    const Bytes token = world.issue();
    constexpr std::size_t count = 8 + 16 + 32 + 16 + 32;
    const auto with = [&](std::size_t at, std::uint8_t value) {
        Bytes wrong = token;
        wrong[at] = std::byte{value};
        return world.admit(sign_again(wrong, world.backend));
    };
    CHECK(with(count, 0) == Error::over_bound);
    CHECK(with(count, 5) == Error::over_bound);
    CHECK(with(count, 4) != Error::none);
    CHECK(with(count + 1, 65) == Error::over_bound);
    CHECK(with(count + 1, 255) == Error::over_bound);
    CHECK(with(count + 2, '\n') == Error::malformed);
    CHECK(with(count + 2, '3') == Error::forged); // the address is vouched for by what is sealed, too
    CHECK(with(token.size() - 64 - 20, 0xEE) == Error::forged);
    CHECK(world.book.remembered() == 0);
}

TEST_CASE("a full book refuses, forgets what has expired, and lets nothing in twice") {
    World world;
    std::vector<Bytes> used;
    for (int i = 0; i < 8; ++i) {
        world.terms.validity.until.seconds = 1060 + i;
        used.push_back(world.issue());
        CHECK(world.admit(used.back()) == Error::none);
    }
    world.terms.validity.until.seconds = 1100;
    const Bytes late = world.issue();
    CHECK(world.admit(late) == Error::tokens_full);
    CHECK(world.admit(late, {}, 1064) == Error::tokens_full);
    CHECK(world.admit(late, {}, 1066) == Error::none); // two have expired by now
    CHECK(world.book.remembered() == 7);
    for (const std::int64_t now : {1066, 1010})
        for (const Bytes& token : used) {
            const Error error = world.admit(token, {}, now);
            CHECK((error == Error::token_spent || error == Error::expired)); // even when the clock goes back
        }
}

TEST_CASE("a token that can't be is not issued") {
    World world;
    Bytes into(token_bytes_max);
    const std::size_t size = world.issue().size();
    for (std::size_t room = 0; room < size; ++room)
        CHECK(issue_token(BytesOut(into).first(room), world.backend, world.terms).error() ==
              Error::too_large);
    const Bytes data(user_data_max + 1);
    world.terms.user_data = BytesIn(data).first(user_data_max);
    CHECK(world.admit(world.issue()) == Error::none);
    world.terms.user_data = data;
    CHECK(issue_token(into, world.backend, world.terms).error() == Error::over_bound);
    world.terms.user_data = {};
    world.terms.servers = {};
    CHECK(issue_token(into, world.backend, world.terms).error() == Error::over_bound);
    const std::vector<TokenServer> many(5, world.places[0]);
    world.terms.servers = many;
    CHECK(issue_token(into, world.backend, world.terms).error() == Error::over_bound);
    world.places[0].key = {};
    world.terms.servers = world.places;
    CHECK(issue_token(into, world.backend, world.terms).error() == Error::malformed);
    world.terms.validity = {{1000}, {1000}};
    CHECK(issue_token(into, world.backend, world.terms).error() == Error::malformed);
}

TEST_CASE("four servers with all that may be said fit into a token") {
    World world;
    const std::string address(64, 'a');
    const std::vector<TokenServer> four(4, {std::string_view(address), world.server.key()});
    world.terms.servers = four;
    world.terms.role = std::string_view("123456789012345678901234");
    Bytes into(token_bytes_max);
    const Bytes data(60);
    world.terms.user_data = data;
    CHECK(issue_token(into, world.backend, world.terms));
    world.terms.servers = std::span(four).first(1);
    const Bytes most(user_data_max);
    world.terms.user_data = most;
    CHECK(issue_token(into, world.backend, world.terms));
}

TEST_CASE("letting in and refusing allocate nothing") {
    World world;
    const Bytes token = world.issue();
    Bytes wrong = token;
    wrong[100] ^= std::byte{1};
    const allocations::Count counted;
    const Error first = world.admit(wrong), second = world.admit(token), third = world.admit(token);
    const std::size_t bytes = counted.bytes();
    CHECK(first != Error::none);
    CHECK(second == Error::none);
    CHECK(third == Error::token_spent);
    CHECK(bytes == 0);
}
