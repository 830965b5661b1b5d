#include "tenon/codec/voice.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

#include "tenon/codec/bits.hpp"
#include "tenon/codec/json.hpp"

namespace {

using namespace tenon;

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Fired {
    std::uint32_t gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
struct Hit {
    std::uint32_t gun = 0;
    void serialize(auto& ar) { ar(gun); }
};
using Arena = Game<"arena", 1, State<Ship>, Event<Fired, Reliable>, Event<Hit, Reliable>>;

codec::Speaker somebody() { return {"lobby", PeerId{3}, PeerId::host(), Instant{1'234'000'000}}; }

} // namespace

TEST_CASE("a codec with an envelope says the whole header with every message") {
    codec::Voice<Arena, codec::Json> voice;
    std::array<std::byte, 512> bytes{};
    const auto first = voice.encode(bytes, Fired{7}, somebody);
    REQUIRE(first);
    CHECK(text_of(BytesIn(bytes).first(*first)) ==
          R"({"type":"event","name":"Fired","seq":1,"ts":1234,"gameId":"arena","roomId":"lobby","peerId":3,)"
          R"("authorityId":0,"body":{"value0":7}})");
    Fired fired;
    REQUIRE(voice.decode(BytesIn(bytes).first(*first), fired));
    CHECK(fired.gun == 7);
    const auto second = voice.encode(bytes, Ship{1.5f}, somebody);
    REQUIRE(second);
    const std::string_view text = text_of(BytesIn(bytes).first(*second));
    CHECK(text.find(R"("type":"snapshot","name":"Ship","seq":2,"ack":1,)") != std::string_view::npos);
}

TEST_CASE("an envelope of another type is refused, whatever its body") {
    codec::Voice<Arena, codec::Json> voice;
    std::array<std::byte, 512> bytes{};
    const auto size = voice.encode(bytes, Fired{7}, somebody);
    REQUIRE(size);
    Hit hit;
    CHECK(voice.decode(BytesIn(bytes).first(*size), hit).error() == Error::malformed);
}

TEST_CASE("what could not be encoded takes no number") {
    codec::Voice<Arena, codec::Json> voice;
    std::array<std::byte, 512> bytes{};
    CHECK(voice.encode(BytesOut(bytes).first(20), Fired{7}, somebody).error() == Error::too_large);
    const auto size = voice.encode(bytes, Fired{7}, somebody);
    REQUIRE(size);
    CHECK(text_of(BytesIn(bytes).first(*size)).find("\"seq\":1,") != std::string_view::npos);
}

TEST_CASE("other codecs are spoken plainly, and nobody is asked who speaks") {
    codec::Voice<Arena, codec::Bits> voice;
    std::array<std::byte, 64> bytes{};
    const auto size = voice.encode(bytes, Fired{7}, [] {
        FAIL("a plain codec has no header");
        return somebody();
    });
    REQUIRE(size);
    Fired fired;
    REQUIRE(voice.decode(BytesIn(bytes).first(*size), fired));
    CHECK(fired.gun == 7);
}
