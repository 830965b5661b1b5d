#include "tenon/secure/identity.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "hex.hpp"
#include "tenon/secure/noise.hpp"

using namespace tenon;
using namespace tenon::secure;

namespace {

Identity ann() {
    return Identity(secret_of<>("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
}
std::string text_of_identity(const Identity& identity) {
    Secret<identity_text_bytes> text;
    write_identity(text, identity);
    return std::string(text_of(text.bytes()));
}

} // namespace

TEST_CASE("an identity signs, and is the same from the same seed") {
    const Identity identity = ann(), other = Identity::make();
    CHECK(identity);
    CHECK(other);
    CHECK_FALSE(Identity());
    CHECK(identity.key() == ann().key());
    CHECK_FALSE(identity.key() == other.key());
    const Signature signature = identity.sign(bytes_of("mine"));
    CHECK(verify(signature, bytes_of("mine"), identity.key()));
    CHECK_FALSE(verify(signature, bytes_of("mine"), other.key()));
    CHECK(identity.copy().sign(bytes_of("mine")) == signature);
}

TEST_CASE("who has pinned an identity's key meets it by a handshake") {
    const Identity server = ann();
    ExchangePublic known;
    REQUIRE(exchange_public(known, server.key()));
    NoiseInitiator client(NoisePattern::nk, {}, known);
    NoiseResponder answers(NoisePattern::nk, {}, server.exchange());
    std::byte message[100], heard[100];
    REQUIRE(answers.read(BytesIn(message, *client.write(message)), heard));
    REQUIRE(client.read(BytesIn(message, *answers.write(message)), heard));
    CHECK(client.finish().send == answers.finish().receive);
}

TEST_CASE("a public key is a line of text, and one only") {
    const std::string text(KeyText(ann().key()).view());
    CHECK(text == "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    REQUIRE(read_key(text));
    CHECK(*read_key(text) == ann().key());
    CHECK(read_key(text.substr(0, 50)).error() == Error::truncated);
    CHECK(read_key(text + "A").error() == Error::trailing_bytes);
    CHECK(read_key("").error() == Error::truncated);
    for (const auto& [at, letter] : {std::pair{0, 'E'}, {7, ' '}, {20, '+'}, {20, '='}, {50, 'p'}}) {
        std::string wrong = text;
        wrong[static_cast<std::size_t>(at)] = letter;
        CHECK(read_key(wrong).error() == Error::malformed);
    }
    for (const char* weak : {"ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", // points of small order
                             "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                             "ed25519:7P_______________________________________38",
                             "ed25519:____________________________________________"})
        CHECK_FALSE(read_key(weak));
}

TEST_CASE("an identity is written and read, and any damage is seen") {
    const std::string text = text_of_identity(ann());
    CHECK(text ==
          "tenon identity 1\nsecret nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\n"
          "public ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\n");
    REQUIRE(read_identity(text));
    CHECK(read_identity(text)->key() == ann().key());
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
        std::string wrong = text;
        wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
        CHECK(read_identity(wrong).error() == Error::malformed);
    }
    for (std::size_t size = 0; size < text.size(); ++size)
        CHECK(read_identity(text.substr(0, size)).error() == Error::truncated);
    CHECK(read_identity(text + "\n").error() == Error::trailing_bytes);
    CHECK(read_identity("-----BEGIN PRIVATE KEY-----").error() == Error::malformed);
}
