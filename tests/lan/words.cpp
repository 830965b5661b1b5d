#include "tenon/lan/words.hpp"

#include <doctest/doctest.h>
#include <array>
#include <string>

#include "../wire/by_the_book.hpp"
#include "tenon/core/siphash.hpp"

using namespace tenon;

namespace {

constexpr std::uint64_t game = stable_id("talk");

std::string hex(BytesIn bytes) {
    std::string out;
    for (const std::byte b : bytes) {
        out += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
        out += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
    }
    return out;
}
lan::Listing listing() {
    lan::Listing one;
    one.instance = 0x1111111111111111;
    one.schema = 0x0123456789ABCDEF;
    one.version = 3;
    one.port = 4000;
    one.players = 2;
    one.places = 8;
    one.room = lan::Text("lobby");
    one.text = lan::Text("Ann's room");
    return one;
}
std::size_t answer(BytesOut into, const lan::Listing& one) {
    return lan::write_answer(into, 0x2222222222222222, one, game);
}

} // namespace

TEST_CASE("the words of a local network are those of PROTOCOL.md") {
    std::array<std::byte, lan::question_bytes> bytes;
    REQUIRE(lan::write_question(bytes, 0x2222222222222222, 77) == 160);
    // As the page has them: the number, zeros, and XXH3 of all before the last four bytes.
    CHECK(hex(BytesIn(bytes).first(9)) == "912222222222222222");
    for (std::size_t i = 9; i < 156; ++i) CHECK(bytes[i] == std::byte{0});
    CHECK(hex(BytesIn(bytes).subspan(156)) == "9478a61f");
    CHECK(*lan::read_question(bytes, 77) == 0x2222222222222222);
    CHECK(lan::read_question(bytes, 78).error() == Error::bad_checksum);

    const std::size_t size = lan::write_answer(bytes, 0x2222222222222222, listing(), 77);
    CHECK(hex(BytesIn(bytes).first(size)) ==
          "92222222222222222211111111111111" // the question's number, the sign's
          "11efcdab8967452301"               // and the schema
          "03000000a00f0200"                 // version, port, players
          "0800"                             // places
          "056c6f6262790a416e6e277320726f6f6d"
          "7e6fad48");
    // And a decoder that follows the page says the same.
    const auto whole = [](BytesIn word) {
        by_the_book::Bytes all;
        for (const std::byte b : word) all.push_back(std::to_integer<std::uint8_t>(b));
        return all;
    };
    const auto read = by_the_book::read_lan_word(whole(BytesIn(bytes).first(size)), 77);
    REQUIRE(read);
    CHECK(read->number == 0x2222222222222222);
    CHECK(read->instance == 0x1111111111111111);
    CHECK(read->schema == 0x0123456789ABCDEF);
    CHECK(read->version == 3);
    CHECK(read->port == 4000);
    CHECK(read->players == 2);
    CHECK(read->places == 8);
    CHECK(read->room == "lobby");
    CHECK(read->text == "Ann's room");
    CHECK(!by_the_book::read_lan_word(whole(BytesIn(bytes).first(size)), 78));
    REQUIRE(lan::write_question(bytes, 3, 77) == 160);
    CHECK(by_the_book::read_lan_word(whole(bytes), 77)->kind == 0x91);
}

TEST_CASE("an answer is read as it was written, and never longer than a question") {
    std::array<std::byte, lan::question_bytes> bytes;
    lan::Listing longest = listing();
    longest.room = longest.text = lan::Text(std::string(100, 'x'));
    CHECK(longest.room.view().size() == 48);
    CHECK(answer(bytes, longest) == lan::answer_bytes_max);
    CHECK(lan::answer_bytes_max < lan::question_bytes);

    const std::size_t size = answer(bytes, listing());
    const auto read = lan::read_answer(BytesIn(bytes).first(size), game);
    REQUIRE(read);
    CHECK(read->number == 0x2222222222222222);
    CHECK(read->listing.instance == listing().instance);
    CHECK(read->listing.schema == listing().schema);
    CHECK(read->listing.version == 3);
    CHECK(read->listing.port == 4000);
    CHECK(read->listing.players == 2);
    CHECK(read->listing.places == 8);
    CHECK(read->listing.room.view() == "lobby");
    CHECK(read->listing.text.view() == "Ann's room");
    CHECK(lan::read_answer(BytesIn(bytes).first(size), game + 1).error() == Error::bad_checksum);
}

TEST_CASE("what is cut short, padded, damaged or no plain text is refused") {
    std::array<std::byte, lan::question_bytes + 1> bytes{};
    const BytesIn question = BytesIn(bytes).first(lan::write_question(bytes, 9, game));
    for (std::size_t size = 0; size < question.size(); ++size)
        CHECK(lan::read_question(question.first(size), game).error() == Error::truncated);
    CHECK(lan::read_question(bytes, game).error() == Error::trailing_bytes);
    for (std::size_t i = 0; i < question.size(); ++i) {
        bytes[i] ^= std::byte{4};
        CHECK(!lan::read_question(question, game));
        bytes[i] ^= std::byte{4};
    }
    CHECK(lan::read_question(question, game));

    const std::size_t size = answer(bytes, listing());
    for (std::size_t i = 0; i < size; ++i) {
        CHECK(!lan::read_answer(BytesIn(bytes).first(i), game));
        bytes[i] ^= std::byte{4};
        CHECK(!lan::read_answer(BytesIn(bytes).first(size), game));
        bytes[i] ^= std::byte{4};
    }
    CHECK(!lan::read_answer(BytesIn(bytes).first(size + 1), game));
    std::array<std::byte, 300> large{};
    CHECK(lan::read_answer(large, game).error() == Error::over_bound);

    lan::Listing nowhere = listing();
    nowhere.port = 0;
    CHECK(lan::read_answer(BytesIn(bytes).first(answer(bytes, nowhere)), game).error() == Error::malformed);
    for (const char* text : {"\x1b[2J", "a\nb", "\x7f", "\xc2\x9b", "\xff", "\xc3", "\xed\xa0\x80"}) {
        lan::Listing hostile = listing();
        hostile.text = lan::Text(text);
        CHECK(lan::read_answer(BytesIn(bytes).first(answer(bytes, hostile)), game).error() ==
              Error::malformed);
    }
    lan::Listing foreign = listing();
    foreign.text = lan::Text("Zo\xc3\xab \xe6\x88\xbf\xe9\x97\xb4");
    CHECK(lan::read_answer(BytesIn(bytes).first(answer(bytes, foreign)), game));
}

TEST_CASE("a text is cut between two characters") {
    std::string text(47, 'x');
    CHECK(lan::Text(text + "\xc3\xab!").view() == text);
    CHECK(lan::Text(text + "yz").view() == text + "y");
    CHECK(lan::Text(std::string(60, '\xff')).view().size() == 48); // which is no plain text, and refused
}
