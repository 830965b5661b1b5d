#include "tenon/codec/envelope.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tenon/codec/json.hpp"

using tenon::Error;
using tenon::codec::Envelope;
using tenon::codec::Json;

namespace {

struct Fired {
    int gun = 0;
    void serialize(auto& ar) { ar(gun); }
};

Envelope sample() {
    Envelope e;
    e.type = {"event"};
    e.name = {"Fired"};
    e.seq = 12;
    e.ack = 11;
    e.ts = 1234;
    e.game_id = {"arena"};
    e.room_id = {"the \"lobby\""};
    e.peer_id = {3};
    e.authority_id = {0};
    return e;
}

std::string encoded(const Envelope& envelope, int gun) {
    std::vector<std::byte> into(1024);
    const auto size = Json::encode_enveloped(into, envelope, Fired{gun});
    REQUIRE(size);
    return std::string(tenon::text_of({into.data(), *size}));
}

} // namespace

TEST_CASE("an enveloped Json message shows its whole header") {
    CHECK(encoded(sample(), 2) ==
          R"({"type":"event","name":"Fired","seq":12,"ack":11,"ts":1234,"gameId":"arena",)"
          R"("roomId":"the \"lobby\"","peerId":3,"authorityId":0,"body":{"value0":2}})");
    Envelope none = sample();
    none.ack = 0;
    CHECK(encoded(none, 2).find("ack") == std::string::npos);
}

TEST_CASE("an enveloped message comes back with its header, in any order and with or without an ack") {
    Envelope envelope;
    Fired fired;
    CHECK(Json::decode_enveloped(tenon::bytes_of(encoded(sample(), 2)), envelope, fired));
    CHECK(envelope == sample());
    CHECK(fired.gun == 2);
    const std::string_view shuffled =
        R"({"body":{"value0":5},"authorityId":0,"peerId":3,"roomId":"the \"lobby\"","gameId":"arena",)"
        R"("ts":1234,"seq":12,"name":"Fired","type":"event"})";
    CHECK(Json::decode_enveloped(tenon::bytes_of(shuffled), envelope, fired));
    Envelope none = sample();
    none.ack = 0;
    CHECK(envelope == none);
    CHECK(fired.gun == 5);
}

TEST_CASE("a header that lacks a field, has one too many or is too long is refused") {
    const std::string whole = encoded(sample(), 2);
    const auto error = [](const std::string& text) {
        Envelope envelope;
        Fired fired;
        return Json::decode_enveloped(tenon::bytes_of(text), envelope, fired).error();
    };
    const auto with = [&](const std::string& what, const std::string& instead) {
        std::string text = whole;
        return text.replace(text.find(what), what.size(), instead);
    };
    CHECK(error(whole) == Error::none);
    CHECK(error(with("\"seq\":12,", "")) == Error::missing_field);
    CHECK(error(with("\"seq\":12,", "\"seq\":12,\"more\":0,")) == Error::unknown_field);
    CHECK(error(with("\"seq\"", "\"ack\"")) == Error::missing_field);
    CHECK(error(with("arena", std::string(64, 'a'))) == Error::none);
    CHECK(error(with("arena", std::string(65, 'a'))) == Error::over_bound);
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK(error(whole.substr(0, size)) != Error::none);
}

TEST_CASE("a label that is too long is cut between two characters") {
    std::string text(63, 'a');
    text += "\xC3\xA9";
    CHECK(Envelope::Label(text).view() == std::string(63, 'a'));
    CHECK(Envelope::Label(std::string(64, 'b')).view().size() == 64);
    CHECK(Envelope::Label(std::string_view()).view().empty());
}
