#include "tenon/secure/trust.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "hex.hpp"

using namespace tenon;
using namespace tenon::secure;

namespace {

using Bytes = std::vector<std::byte>;

Certificate certificate_of(const Identity& subject) {
    return {subject.key(), {}, {{1000}, {2000}}, "editor", "Ann of the hill"};
}
Bytes signed_by(const Identity& issuer, const Certificate& certificate) {
    Bytes bytes(certificate_bytes_max);
    const auto size = write_certificate(bytes, certificate, issuer);
    REQUIRE(size);
    bytes.resize(*size);
    return bytes;
}
// Signs bytes that no honest writer would have made.
Bytes sign_again(Bytes bytes, const Identity& issuer) {
    bytes.resize(bytes.size() - 64);
    const Signature signature = issuer.sign(bytes);
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    return bytes;
}
std::string text(const Trust& trust) {
    std::string text;
    trust.write([&](std::string_view piece) { text += piece; });
    return text;
}

} // namespace

TEST_CASE("a certificate says what its issuer has signed") {
    const Identity backend = Identity::make(), ann = Identity::make();
    const Bytes bytes = signed_by(backend, certificate_of(ann));
    const auto read = read_certificate(bytes);
    REQUIRE(read);
    CHECK(read->subject == ann.key());
    CHECK(read->issuer == backend.key());
    CHECK(read->validity == Validity{{1000}, {2000}});
    CHECK(read->role == "editor");
    CHECK(read->name == "Ann of the hill");

    Trust trust;
    CHECK(trust.check(bytes, ann.key(), {1500}).error() == Error::unknown_key);
    REQUIRE(trust.trust_issuer(backend.key()));
    CHECK(trust.check(bytes, ann.key(), {1500}));
    CHECK(trust.check(bytes, backend.key(), {1500}).error() == Error::forged); // somebody else's
    CHECK(trust.check(bytes, ann.key(), {900}).error() == Error::too_early);
    CHECK(trust.check(bytes, ann.key(), {2100}).error() == Error::expired);
    CHECK(trust.check(bytes, ann.key(), {2020}));
    CHECK(trust.check(bytes, ann.key(), {2020}, 0).error() == Error::expired);
}

TEST_CASE("a certificate that is cut, turned over or made by hand is refused") {
    const Identity backend = Identity::make(), ann = Identity::make();
    const Bytes bytes = signed_by(backend, certificate_of(ann));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        Bytes wrong = bytes;
        wrong[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        CHECK_FALSE(read_certificate(wrong));
    }
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_FALSE(read_certificate(BytesIn(bytes).first(size)));
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    CHECK(read_certificate(longer).error() == Error::forged);
    longer.resize(certificate_bytes_max + 1);
    CHECK(read_certificate(longer).error() == Error::over_bound);

    // Signed rightly, and still wrong.
    constexpr std::size_t from = 72, role = 88;
    const auto with = [&](std::size_t at, std::uint8_t value) {
        Bytes wrong = bytes;
        wrong[at] = std::byte{value};
        return read_certificate(sign_again(wrong, backend)).error();
    };
    CHECK(with(from + 7, 0x80) == Error::over_bound);
    CHECK(with(from + 2, 0x80) == Error::malformed); // after its end
    CHECK(with(role, 25) == Error::truncated);       // 22 are left
    CHECK(with(role + 7, 49) == Error::truncated);
    CHECK(with(role, 255) == Error::truncated);
    CHECK(with(role, 5) != Error::none);
    CHECK(with(role + 1, '\n') == Error::malformed);
    Certificate wordy = certificate_of(ann);
    wordy.name = std::string_view("a name that is long enough for a role of 25");
    Bytes long_role = signed_by(backend, wordy);
    long_role[role] = std::byte{25};
    CHECK(read_certificate(sign_again(long_role, backend)).error() == Error::over_bound);
    Bytes more = bytes;
    more.insert(more.end() - 64, std::byte{0});
    CHECK(read_certificate(sign_again(more, backend)).error() == Error::trailing_bytes);
}

TEST_CASE("a certificate that can't be is not written") {
    const Identity backend = Identity::make();
    Bytes into(certificate_bytes_max);
    Certificate certificate = certificate_of(Identity::make());
    for (std::size_t size = 0; size < 100; ++size)
        CHECK(write_certificate(BytesOut(into).first(size), certificate, backend).error() ==
              Error::too_large);
    certificate.validity = {{5}, {5}};
    CHECK(write_certificate(into, certificate, backend).error() == Error::malformed);
    certificate = certificate_of(Identity());
    CHECK(write_certificate(into, certificate, backend).error() == Error::malformed);
}

TEST_CASE("a pinned key is the only one under its name") {
    Trust trust;
    const SignPublic key = Identity::make().key(), other = Identity::make().key();
    CHECK(trust.check("arena.example:4000", key).error() == Error::unknown_key);
    CHECK(trust.pin("arena.example:4000", key));
    CHECK(trust.pin("arena.example:4000", key));
    CHECK(trust.server_count() == 1);
    CHECK(trust.check("arena.example:4000", key));
    CHECK(trust.check("arena.example:4000", other).error() == Error::key_changed);
    CHECK(trust.check("arena.example:4001", key).error() == Error::unknown_key);
    CHECK(trust.pin("arena.example:4000", other).error() == Error::key_changed);
    CHECK(trust.pin("", key).error() == Error::malformed);
    CHECK(trust.pin("two words", key).error() == Error::malformed);
    CHECK(trust.pin("a\nb", key).error() == Error::malformed);
    CHECK(trust.pin(std::string(49, 'a'), key).error() == Error::over_bound);
    CHECK(trust.pin("nobody", SignPublic{}).error() == Error::malformed);
    CHECK(trust.server_count() == 1);
}

TEST_CASE("who is met first is known from then on, until forgotten") {
    Trust trust;
    const SignPublic key = Identity::make().key(), other = Identity::make().key();
    CHECK(trust.meet("arena", key));
    CHECK(trust.meet("arena", key));
    CHECK(trust.meet("arena", other).error() == Error::key_changed);
    CHECK(trust.check("arena", key));
    CHECK(trust.forget("arena"));
    CHECK_FALSE(trust.forget("arena"));
    CHECK(trust.meet("arena", other));
}

TEST_CASE("trust is kept as lines of text") {
    Trust trust;
    const SignPublic key = Identity::make().key(), backend = Identity::make().key();
    REQUIRE(trust.pin("arena:4000", key));
    REQUIRE(trust.trust_issuer(backend));
    Trust other;
    REQUIRE(other.read(text(trust)));
    CHECK(text(other) == text(trust));
    CHECK(other.check("arena:4000", key));
    CHECK(other.issuer_count() == 1);
    CHECK(other.read(text(trust))); // twice is once
    CHECK(other.server_count() == 1);
    CHECK(other.read("\r\n# a remark\n\nserver b " + std::string(KeyText(key).view()) + "\r\n"));
    CHECK(other.server_count() == 2);
    CHECK(other.read("server c " + std::string(KeyText(key).view()))); // the last line needs no end
    CHECK(other.server_count() == 3);
}

TEST_CASE("a text that is wrong in one line adds nothing, and the line is told") {
    Trust trust;
    const std::string key(KeyText(Identity::make().key()).view()),
        other(KeyText(Identity::make().key()).view());
    std::size_t line = 0;
    for (const std::string& wrong : std::vector<std::string>{
             "server a", "server a ed25519:short", "serve a " + key, "server  " + key, "issuer a " + key,
             "issuer", "server a " + key + " ", "server a b " + key, "server a " + other, " server b " + key,
             "x", "server " + std::string(60, 'a') + " " + key, std::string("server \x01 ") + key}) {
        CHECK_FALSE(trust.read("server a " + key + "\n# so far\n" + wrong + "\nissuer " + key + "\n", &line));
        CHECK(line == 3);
        CHECK(trust.server_count() == 0);
        CHECK(trust.issuer_count() == 0);
    }
    CHECK(trust.read("server a " + key + "\nserver a " + other + "\n", &line).error() == Error::key_changed);
}

TEST_CASE("no more is trusted than can be kept") {
    Trust trust;
    const SignPublic key = Identity::make().key();
    for (std::size_t i = 0; i < trusted_max; ++i) REQUIRE(trust.pin("server" + std::to_string(i), key));
    CHECK(trust.pin("another", key).error() == Error::over_bound);
    CHECK(trust.check("server77", key));
}
