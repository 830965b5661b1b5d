#include "tenon/bus/words.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr std::uint64_t game = 0x1122'3344'5566'7788, room_key = 99;

bus::Listing listing() {
    bus::Listing word;
    word.host = 7;
    word.instance = 8;
    word.schema = 9;
    word.number = 10;
    word.game_version = 2;
    word.epoch = {3, PeerId{4}};
    word.players = 300;
    word.places = 5;
    word.age = 61_s;
    word.room = bus::Name("lobby");
    word.addresses.add("10.0.0.1:4000");
    word.addresses.add("[2001:db8::1]:4000");
    return word;
}
bus::Presence presence() {
    bus::Presence word;
    word.from = 7;
    word.instance = 8;
    word.number = 10;
    word.peer = PeerId{4};
    word.age = 1500_ms;
    word.name = bus::Name("ann");
    word.room = bus::Name("lobby");
    word.addresses.add("10.0.0.1:4000");
    return word;
}
template <class Word, class... Key>
std::vector<std::byte> written(const Word& word, Key... key) {
    std::vector<std::byte> bytes(bus::word_bytes_max);
    bytes.resize(write(bytes, word, game, key...));
    REQUIRE(!bytes.empty());
    return bytes;
}
// Whatever is cut off, turned over or put behind is refused, and so is another game's.
template <class Read>
void check_refusals(std::vector<std::byte> bytes, Read&& read) {
    CHECK(read(BytesIn(bytes), game));
    CHECK(read(BytesIn(bytes), game + 1).error() == Error::bad_checksum);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_FALSE(read(BytesIn(bytes).first(size), game));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= std::byte(1u << bit % 8);
        CHECK_FALSE(read(BytesIn(bytes), game));
        bytes[bit / 8] ^= std::byte(1u << bit % 8);
    }
    bytes.push_back(std::byte{});
    CHECK_FALSE(read(BytesIn(bytes), game));
}
// The same word with its checksum made right after a byte was changed.
std::vector<std::byte> forged(std::vector<std::byte> bytes, std::size_t at, std::uint8_t value) {
    bytes[at] = std::byte{value};
    const std::size_t size = bytes.size() - bus::checksum_bytes;
    store_le(bytes.data() + size, bus::detail::checksum(game, BytesIn(bytes).first(size)));
    return bytes;
}

} // namespace

TEST_CASE("a listing is read as it was written") {
    const auto bytes = written(listing(), room_key);
    const auto read = bus::read_listing(bytes, game);
    REQUIRE(read);
    CHECK(read->host == 7);
    CHECK(read->instance == 8);
    CHECK(read->schema == 9);
    CHECK(read->number == 10);
    CHECK(read->game_version == 2);
    CHECK(read->epoch == Epoch{3, PeerId{4}});
    CHECK(read->players == 300);
    CHECK(read->places == 5);
    CHECK_FALSE(read->closed);
    CHECK(read->age == 61_s);
    CHECK(read->room.view() == "lobby");
    REQUIRE(read->addresses.size() == 2);
    CHECK(read->addresses[1] == "[2001:db8::1]:4000");
    CHECK(bus::is_sealed(bytes, room_key));
    CHECK_FALSE(bus::is_sealed(bytes, room_key + 1));
    check_refusals(bytes, [](BytesIn in, std::uint64_t of) { return bus::read_listing(in, of); });
}

TEST_CASE("a presence is read as it was written") {
    const auto bytes = written(presence(), room_key);
    const auto read = bus::read_presence(bytes, game);
    REQUIRE(read);
    CHECK(read->from == 7);
    CHECK(read->instance == 8);
    CHECK(read->peer == PeerId{4});
    CHECK(read->age == 1500_ms);
    CHECK(read->name.view() == "ann");
    CHECK(read->room.view() == "lobby");
    CHECK(bus::is_sealed(bytes, room_key));
    check_refusals(bytes, [](BytesIn in, std::uint64_t of) { return bus::read_presence(in, of); });
}

TEST_CASE("the small words are read as they were written") {
    CHECK(bus::read_ask(written(bus::Ask{5}), game)->from == 5);
    check_refusals(written(bus::Ask{5}), [](BytesIn in, std::uint64_t of) { return bus::read_ask(in, of); });
    bus::Greeting greeting{5, 6, 7, true, {}};
    greeting.addresses.add("10.0.0.1:4000");
    const auto greeted = bus::read_greeting(written(greeting), game);
    REQUIRE(greeted);
    CHECK(greeted->mine == 6);
    CHECK(greeted->yours == 7);
    CHECK(greeted->hears);
    CHECK(greeted->addresses[0] == "10.0.0.1:4000");
    check_refusals(written(greeting),
                   [](BytesIn in, std::uint64_t of) { return bus::read_greeting(in, of); });
    const auto probe = bus::read_probe(written(bus::Probe{5, 6, true}), game);
    REQUIRE(probe);
    CHECK(probe->yours == 6);
    check_refusals(written(bus::Probe{5, 6, true}),
                   [](BytesIn in, std::uint64_t of) { return bus::read_probe(in, of); });
    const std::byte datagram[3] = {std::byte{1}, std::byte{2}, std::byte{3}};
    const auto bytes = written(bus::Carried{5, 6, 1, datagram});
    CHECK(bytes.size() == bus::carried_head_bytes + 3 + bus::checksum_bytes);
    const auto carried = bus::read_carried(bytes, game);
    REQUIRE(carried);
    CHECK(carried->lane == 1);
    CHECK(std::equal(carried->datagram.begin(), carried->datagram.end(), datagram, datagram + 3));
}

TEST_CASE("a probe and a datagram lie in memory as the protocol has it") {
    const auto bytes = written(bus::Probe{0x0807'0605'0403'0201, 0x1817'1615'1413'1211, true, true});
    REQUIRE(bytes.size() == 22);
    CHECK(bytes[0] == std::byte{0x88});
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(bytes[1 + i] == std::byte(i + 1));
        CHECK(bytes[9 + i] == std::byte(i + 0x11));
    }
    CHECK(bytes[17] == std::byte{3});
    const auto sum = static_cast<std::uint32_t>(hash64(BytesIn(bytes).first(18), game ^ 0x6275'7300'0001));
    CHECK(load_le<std::uint32_t>(bytes.data() + 18) == sum);
}

TEST_CASE("what nobody honest writes is refused, with a right checksum as well") {
    const auto refused = [](const std::vector<std::byte>& bytes) {
        return bus::read_listing(bytes, game).error();
    };
    const auto whole = written(listing(), room_key);
    for (std::size_t i = 1; i <= 8; ++i)
        CHECK(refused(forged(whole, i, 7)) == Error::none); // the host's inbox
    bus::Listing word = listing();
    word.host = 0;
    CHECK(refused(written(word, room_key)) == Error::malformed);
    word = listing();
    word.players = 0x1'0000;
    CHECK(refused(written(word, room_key)) == Error::malformed);
    const std::size_t closed = 41 + 2 + 1; // behind two varints
    CHECK(refused(forged(whole, closed, 2)) != Error::none);
    CHECK(refused(forged(whole, closed + 5, 49)) != Error::none);    // a name that is too long
    CHECK(refused(forged(whole, closed + 5 + 6, 5)) != Error::none); // too many addresses
    CHECK(refused(forged(whole, 0, 3)) == Error::unknown_message);
}

TEST_CASE("names are cut, addresses are few, and none is told twice") {
    CHECK(bus::Name(std::string(60, 'x')).view().size() == bus::name_bytes_max);
    bus::Addresses addresses;
    addresses.add("");
    addresses.add(std::string(63, 'x'));
    CHECK(addresses.size() == 0);
    for (const char* text : {"a:1", "a:1", "b:1", "c:1", "d:1", "e:1"}) addresses.add(text);
    CHECK(addresses.size() == bus::addresses_max);
    CHECK(addresses[3] == "d:1");
}

TEST_CASE("the subjects of rooms are under that of their lobby") {
    CHECK(bus::room_subject(1, 2).view() == "tenon.0000000000000001.0000000000000002");
    CHECK(bus::lobby_subject(1).view() == "tenon.0000000000000001.>");
    CHECK(bus::inbox_subject(3).view() == "tenon-inbox.0000000000000003");
}
