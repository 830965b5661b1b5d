#include "tenon/lan/sign.hpp"

#include <doctest/doctest.h>
#include <array>
#include <cstdint>

#include "tenon/core/siphash.hpp"
#include "tenon/transport/address.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::IpAddress;

namespace {

constexpr std::uint64_t game = stable_id("talk");

struct Host {
    lan::Replies<IpAddress> replies{game, 5};
    Instant now{1'000'000'000};
    std::uint64_t number = 0;

    std::size_t ask(const IpAddress& from, std::uint64_t with) {
        std::array<std::byte, lan::question_bytes> question;
        (void)lan::write_question(question, with, game);
        return say(from, question);
    }
    std::size_t say(const IpAddress& from, BytesIn question) {
        lan::Listing listing;
        listing.port = 4000;
        listing.room = listing.text = lan::Text("................................................");
        std::array<std::byte, 300> into;
        const std::size_t size = replies.answer(now, from, question, listing, into);
        CHECK(size <= question.size());
        if (size != 0) CHECK(lan::read_answer(BytesIn(into).first(size), game)->listing.instance == 5);
        return size;
    }
    std::size_t ask(const IpAddress& from) { return ask(from, ++number); }
};

} // namespace

TEST_CASE("each question is answered once, however often it is heard") {
    Host host;
    const IpAddress one = IpAddress::v4(10, 0, 0, 1, 5000), two = IpAddress::v4(10, 0, 0, 2, 5000);
    CHECK(host.ask(one, 7) == lan::answer_bytes_max);
    CHECK(host.ask(one, 7) == 0);
    CHECK(host.ask(two, 7) != 0); // somebody else's number may be the same
    CHECK(host.ask(one, 8) != 0);
    CHECK(host.replies.figures().answered == 3);
    CHECK(host.replies.figures().repeated == 1);
}

TEST_CASE("a sign that is asked by floods answers a bounded number of them, and the quiet ones too") {
    Host host;
    unsigned answered = 0;
    const IpAddress loud = IpAddress::v4(10, 0, 0, 1, 5000);
    for (int i = 0; i < 1000; ++i) answered += host.ask(loud) != 0 ? 1 : 0;
    CHECK(answered == lan::Replies<IpAddress>::each.at_once);
    CHECK(host.ask(IpAddress::v4(10, 0, 0, 1, 5001)) == 0); // another port is the same host
    CHECK(host.ask(IpAddress::v4(10, 0, 0, 2, 5000)) != 0);
    host.now += 1_s;
    CHECK(host.ask(loud) != 0);

    // From as many addresses as one can make up: so much in all, in bytes no more than was asked with.
    Host flooded;
    answered = 0;
    for (std::uint32_t i = 0; i < 10'000; ++i)
        answered += flooded.ask(IpAddress::v4(10, 1, std::uint8_t(i >> 8), std::uint8_t(i), 9)) != 0 ? 1 : 0;
    CHECK(answered == lan::Replies<IpAddress>::all.at_once);
    CHECK(flooded.replies.figures().flooded == 10'000 - answered);
}

TEST_CASE("hosts of one IPv6 network are told apart") {
    Host host;
    IpAddress one = IpAddress::loopback_v6(1), two = one;
    one.bytes[0] = two.bytes[0] = 0xFE, one.bytes[1] = two.bytes[1] = 0x80, two.bytes[15] = 2;
    for (int i = 0; i < 50; ++i) (void)host.ask(one);
    CHECK(host.ask(one) == 0);
    CHECK(host.ask(two) != 0);
}

TEST_CASE("what is no question is not answered") {
    Host host;
    std::array<std::byte, lan::question_bytes> question;
    const IpAddress from = IpAddress::v4(10, 0, 0, 1, 5000);
    (void)lan::write_question(question, 3, game + 1);
    CHECK(host.say(from, question) == 0);
    (void)lan::write_question(question, 3, game);
    CHECK(host.say(from, BytesIn(question).first(159)) == 0); // an answer could be longer
    question[20] = std::byte{1};
    CHECK(host.say(from, question) == 0);
    CHECK(host.say(from, {}) == 0);
    CHECK(host.replies.figures().refused == 4);
    CHECK(host.replies.figures().answered == 0);
}
