#include "tenon/secure/noise.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string_view>
#include <vector>

#include "../allocations.hpp"
#include "hex.hpp"
#include "noise_vectors.hpp"

using namespace tenon;
using namespace tenon::secure;

namespace {

using Bytes = std::vector<std::byte>;

constexpr std::array patterns{NoisePattern::nk, NoisePattern::ik};

// Two who meet, and what they say in it.
struct Pair {
    explicit Pair(NoisePattern kind, std::string_view theirs = "arena 1", std::string_view ours = "arena 1")
        : pattern(kind),
          server(exchange_keys()),
          client(exchange_keys()),
          initiator(kind, bytes_of(theirs), server.key,
                    kind == NoisePattern::ik ? client.copy() : ExchangeKeys{}),
          responder(kind, bytes_of(ours), server.copy()) {}

    Bytes first(std::string_view payload = "let me in") {
        Bytes message(200);
        const auto size = initiator.write(message, bytes_of(payload));
        REQUIRE(size);
        CHECK(*size == noise_first_bytes(pattern) + payload.size());
        message.resize(*size);
        return message;
    }
    Bytes second(std::string_view payload = "welcome") {
        Bytes message(200);
        const auto size = responder.write(message, bytes_of(payload));
        REQUIRE(size);
        CHECK(*size == noise_second_bytes() + payload.size());
        message.resize(*size);
        return message;
    }

    NoisePattern pattern;
    ExchangeKeys server, client;
    NoiseInitiator initiator;
    NoiseResponder responder;
    Bytes heard = Bytes(200);
};

// Whatever differs from the message by one bit, is cut off or grows is refused, and spoils nothing.
template <class Reader>
void check_refusals(Reader& reader, Bytes message) {
    Bytes heard(300);
    for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
        message[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        // The last bit of a point is no part of it, but it is of the hash.
        CHECK(reader.read(message, heard).error() == Error::forged);
        message[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    }
    for (std::size_t size = 0; size < message.size(); ++size)
        CHECK_FALSE(reader.read(BytesIn(message).first(size), heard));
    Bytes longer = message;
    longer.push_back(std::byte{0});
    CHECK(reader.read(longer, heard).error() == Error::forged);
    for (const std::byte fill : {std::byte{0}, std::byte{0xFF}}) {
        Bytes small = message; // a point of small order
        std::fill(small.begin(), small.begin() + 32, fill);
        CHECK(reader.read(small, heard).error() == Error::forged);
    }
}

} // namespace

TEST_CASE("the published vectors of Noise_NK and Noise_IK") {
    int met = 0;
    for (const NoiseVector& v : noise_vectors()) {
        const ExchangeKeys responder_keys = exchange_keys(secret_of<>(v.responder));
        NoiseInitiator initiator(
            v.pattern, hex(v.prologue), responder_keys.key,
            v.initiator.empty() ? ExchangeKeys{} : exchange_keys(secret_of<>(v.initiator)),
            exchange_keys(secret_of<>(v.initiator_ephemeral)));
        NoiseResponder responder(v.pattern, hex(v.prologue), responder_keys.copy(),
                                 exchange_keys(secret_of<>(v.responder_ephemeral)));
        Bytes message(300), heard(300);
        const auto meet = [&](auto& writer, auto& reader, const NoiseVector::Message& said) {
            const auto size = writer.write(message, hex(said.payload));
            REQUIRE(size);
            CHECK(to_hex(BytesIn(message).first(*size)) == said.bytes);
            const auto read = reader.read(BytesIn(message).first(*size), heard);
            REQUIRE(read);
            CHECK(to_hex(BytesIn(heard).first(*read)) == said.payload);
        };
        meet(initiator, responder, v.messages[0]);
        meet(responder, initiator, v.messages[1]);
        if (v.pattern == NoisePattern::ik)
            CHECK(responder.peer() == exchange_keys(secret_of<>(v.initiator)).key);
        const NoiseKeys ours = initiator.finish(), theirs = responder.finish();
        CHECK(ours.send == theirs.receive);
        CHECK(ours.receive == theirs.send);
        CHECK(ours.hash == theirs.hash);
        if (!v.hash.empty()) CHECK(to_hex(ours.hash) == v.hash);
        // And the first words with the keys, which go there and back.
        for (std::size_t i = 2; i < v.messages.size(); ++i) {
            const Bytes plain = hex(v.messages[i].payload);
            Bytes sealed(plain.size() + tag_bytes);
            ChaCha(i % 2 == 0 ? ours.send : theirs.send)
                .seal(sealed.data(), sealed.data() + plain.size(), plain, {},
                      secure::detail::noise_nonce(i / 2 - 1));
            CHECK(to_hex(sealed) == v.messages[i].bytes);
        }
        ++met;
    }
    CHECK(met == 4);
}

TEST_CASE("both sides end with the same keys, and the server knows who came") {
    for (const NoisePattern pattern : patterns) {
        Pair pair(pattern);
        const auto asked = pair.responder.read(pair.first(), pair.heard);
        REQUIRE(asked);
        CHECK(text_of(BytesIn(pair.heard).first(*asked)) == "let me in");
        const auto answered = pair.initiator.read(pair.second(), pair.heard);
        REQUIRE(answered);
        CHECK(text_of(BytesIn(pair.heard).first(*answered)) == "welcome");
        REQUIRE(pair.initiator.is_met());
        REQUIRE(pair.responder.is_met());
        const NoiseKeys ours = pair.initiator.finish(), theirs = pair.responder.finish();
        CHECK(ours.send == theirs.receive);
        CHECK(ours.receive == theirs.send);
        CHECK_FALSE(ours.send == ours.receive);
        CHECK(ours.hash == theirs.hash);
        CHECK(bool(pair.responder.peer()) == (pattern == NoisePattern::ik));
        if (pattern == NoisePattern::ik) CHECK(pair.responder.peer() == pair.client.key);
        CHECK_FALSE(pair.initiator.is_met());
    }
}

TEST_CASE("whatever is turned over, cut off or added is refused, and the true message is still heard") {
    for (const NoisePattern pattern : patterns) {
        Pair pair(pattern);
        const Bytes first = pair.first();
        check_refusals(pair.responder, first);
        REQUIRE(pair.responder.read(first, pair.heard));
        const Bytes second = pair.second();
        check_refusals(pair.initiator, second);
        REQUIRE(pair.initiator.read(second, pair.heard));
        CHECK(pair.initiator.finish().hash == pair.responder.finish().hash);
    }
}

TEST_CASE("another prologue, another server and another pattern are refused") {
    for (const NoisePattern pattern : patterns) {
        Pair pair(pattern, "arena 1", "arena 2");
        const Bytes first = pair.first();
        CHECK(pair.responder.read(first, pair.heard).error() == Error::forged);
        NoiseResponder impostor(pattern, bytes_of("arena 1"), exchange_keys());
        CHECK(impostor.read(first, pair.heard).error() == Error::forged);
        NoiseResponder other(pattern == NoisePattern::nk ? NoisePattern::ik : NoisePattern::nk,
                             bytes_of("arena 1"), pair.server.copy());
        CHECK_FALSE(other.read(first, pair.heard));
    }
}

TEST_CASE("an answer to one handshake is none to another, nor is a first message an answer") {
    for (const NoisePattern pattern : patterns) {
        Pair one(pattern);
        NoiseInitiator other(pattern, bytes_of("arena 1"), one.server.key,
                             pattern == NoisePattern::ik ? one.client.copy() : ExchangeKeys{});
        Bytes message(200);
        REQUIRE(other.write(message));
        const Bytes first = one.first();
        REQUIRE(one.responder.read(first, one.heard));
        CHECK(other.read(one.second(), one.heard).error() == Error::forged);
        CHECK(one.initiator.read(first, one.heard).error() == Error::forged);
    }
}

TEST_CASE("a step out of turn, or one without room, is an error and no more") {
    for (const NoisePattern pattern : patterns) {
        Pair pair(pattern);
        Bytes message(200);
        CHECK(pair.initiator.read(message, pair.heard).error() == Error::closed);
        CHECK(pair.responder.write(message).error() == Error::closed);
        CHECK(pair.initiator.write(BytesOut(message).first(20)).error() == Error::too_large);
        CHECK(pair.initiator.write(message, Bytes(noise_message_max)).error() == Error::too_large);
        const Bytes first = pair.first();
        CHECK(pair.initiator.write(message).error() == Error::closed);
        CHECK(pair.responder.read(first, BytesOut(pair.heard).first(3)).error() == Error::too_large);
        REQUIRE(pair.responder.read(first, pair.heard));
        CHECK(pair.responder.read(first, pair.heard).error() == Error::closed);
        CHECK(pair.responder.write(BytesOut(message).first(20)).error() == Error::too_large);
        REQUIRE(pair.initiator.read(pair.second(), pair.heard));
        CHECK(pair.responder.write(message).error() == Error::closed);
    }
    NoiseInitiator hopeless(NoisePattern::nk, {}, ExchangePublic{});
    Bytes message(200);
    CHECK(hopeless.write(message).error() == Error::unknown_key);
    CHECK(hopeless.write(message).error() == Error::closed);
}

TEST_CASE("a handshake allocates nothing") {
    Pair pair(NoisePattern::ik);
    std::array<std::byte, 200> message{}, heard{};
    const allocations::Count counted;
    NoiseInitiator initiator(NoisePattern::ik, bytes_of("x"), pair.server.key, pair.client.copy());
    NoiseResponder responder(NoisePattern::ik, bytes_of("x"), pair.server.copy());
    const bool is_met = responder.read(BytesIn(message).first(*initiator.write(message)), heard) &&
                        initiator.read(BytesIn(message).first(*responder.write(message)), heard) &&
                        initiator.finish().send == responder.finish().receive;
    const std::size_t bytes = counted.bytes();
    CHECK(is_met);
    CHECK(bytes == 0);
}
