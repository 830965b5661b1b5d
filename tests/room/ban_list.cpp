#include "tenon/room/ban_list.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tenon/transport/address.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using transport::IpAddress;

namespace {

Banned address(std::string_view text) { return *Banned::of_address(text); }
std::string written(const BanList& list) {
    std::string all;
    list.write([&](std::string_view piece) { all += piece; });
    return all;
}
std::string told(const BanList& list, const Banned& who) {
    const BanList::Ban* ban = list.find(who);
    return ban != nullptr ? std::string(ban->told().view()) : "-";
}

} // namespace

TEST_CASE("who is banned is so until then, and hears until when and why") {
    BanList list;
    list.tell_time({1'000'000'000});
    CHECK(list.add(address("203.0.113.7"), {1'000'003'600}, "griefing"));
    CHECK(list.add(address("203.0.113.8"), BanList::for_good, "cheats"));
    CHECK(list.add(address("203.0.113.9"), {1'000'000'001}, ""));
    CHECK(told(list, address("203.0.113.7")) == "until 2001-09-09 02:46 UTC: griefing");
    CHECK(told(list, address("203.0.113.8")) == "cheats");
    CHECK(told(list, address("203.0.113.9")) == "until 2001-09-09 01:46 UTC");
    CHECK(told(list, address("203.0.113.10")) == "-");
    list.tell_time({1'000'000'001});
    CHECK(list.size() == 2);
    CHECK(told(list, address("203.0.113.9")) == "-");
    list.tell_time({1'000'003'599});
    CHECK(told(list, address("203.0.113.7")) != "-");
    list.tell_time({1'000'003'600});
    CHECK(told(list, address("203.0.113.7")) == "-");
    list.tell_time({UnixTime::max - 1});
    CHECK(list.size() == 1);
}

TEST_CASE("no ban ends before the list is told what time it is") {
    BanList list;
    REQUIRE(list.add(address("a"), {1}, ""));
    CHECK(told(list, address("a")) == "until 1970-01-01 00:00 UTC");
    list.tell_time({1});
    CHECK(told(list, address("a")) == "-");
}

TEST_CASE("another ban takes the place of the former, and a ban is taken back") {
    BanList list;
    REQUIRE(list.add(address("a"), {100}, "first"));
    REQUIRE(list.add(address("a"), {50}, "second"));
    CHECK(list.size() == 1);
    CHECK(list[0].text.view() == "second");
    list.tell_time({60}); // the shorter holds
    CHECK(list.size() == 0);
    REQUIRE(list.add(address("a"), {100}, ""));
    REQUIRE(list.add(address("b"), {100}, ""));
    CHECK(list.remove(address("a")));
    CHECK_FALSE(list.remove(address("a")));
    CHECK(told(list, address("b")) != "-");
}

TEST_CASE("what can't be kept in a line is refused, and so is what is over") {
    BanList list;
    list.tell_time({100});
    CHECK(list.add(address("a"), {100}, "").error() == Error::expired);
    CHECK(list.add(address("a"), {-1}, "").error() == Error::malformed);
    CHECK(list.add(address("a"), {UnixTime::max + 1}, "").error() == Error::malformed);
    CHECK(list.add(Banned{}, BanList::for_good, "").error() == Error::malformed);
    CHECK(list.add(address("a"), {200}, "two\nlines").error() == Error::malformed);
    CHECK(list.add(address("a"), {200}, std::string(49, 'x')).error() == Error::over_bound);
    CHECK(list.add(address("a"), {200}, std::string(48, 'x')));
    CHECK(list.find(address("a"))->told().size == 6 + 20 + 2 + 48);
    CHECK(Banned::of_address("a b").error() == Error::malformed);
    CHECK(Banned::of_address("").error() == Error::malformed);
    CHECK(Banned::of_address(std::string(65, 'x')).error() == Error::over_bound);
}

TEST_CASE("a list is bounded") {
    BanList list;
    for (std::size_t i = 0; i < BanList::bans_max; ++i)
        REQUIRE(list.add(address(std::to_string(i)), {100}, ""));
    CHECK(list.add(address("one"), {100}, "").error() == Error::over_bound);
    CHECK(list.add(address("17"), {100}, "again"));
    CHECK(list.size() == BanList::bans_max);
}

TEST_CASE("an address is banned without its port, and of IPv6 the half that is a connection's") {
    const auto banned = [](std::string_view text) {
        return std::string(banned_address(*IpAddress::parse(text)).text.view());
    };
    CHECK(banned("203.0.113.7:4000") == "203.0.113.7");
    CHECK(banned("[2001:db8:1:2:3:4:5:6]:4000") == "[2001:db8:1:2::]");
    CHECK(banned("[2001:db8:1:2::9]:80") == "[2001:db8:1:2::]");
    CHECK(banned("[::1]:1") == "[::]");
    CHECK(banned_address(transport::MemoryAddress{0x0A000007, 4000}).text.view() == "10.0.0.7");
}

TEST_CASE("a key is banned as bytes, and is no address") {
    std::array<std::byte, 32> key{};
    key[0] = std::byte{0xA7};
    const Banned who = Banned::of_key(key);
    CHECK(who.text.view() == "a7" + std::string(62, '0'));
    CHECK_FALSE(who == address(who.text.view()));
    BanList list;
    REQUIRE(list.add(address(who.text.view()), {9}, ""));
    CHECK(list.find(who) == nullptr);
}

TEST_CASE("a list is written as lines and read again") {
    BanList list;
    list.tell_time({10});
    std::array<std::byte, 32> key{};
    REQUIRE(list.add(address("203.0.113.7"), {1'000'003'600}, "said: no # more"));
    REQUIRE(list.add(Banned::of_key(key), BanList::for_good, ""));
    const std::string text = written(list);
    CHECK(text ==
          "# who is not let in, until when, and why; kept by tenon, one line each\n"
          "address 203.0.113.7 1000003600 said: no # more\n"
          "key " +
              std::string(64, '0') + " always\n");
    BanList again;
    CHECK(again.read(text));
    CHECK(written(again) == text);
    CHECK(again.read("\r\n# more\naddress b 20 text\r\n"));
    CHECK(again.size() == 3);
    CHECK(again.find(address("b"))->text.view() == "text");
    again.tell_time({30});
    CHECK(again.read(written(list) + "address over 29 x\n")); // what is over is left out
    CHECK(again.size() == 2);
}

TEST_CASE("a text with a line that is none changes nothing") {
    BanList list;
    REQUIRE(list.add(address("a"), {100}, ""));
    const auto refuses = [&](std::string_view line, Error error) {
        std::size_t number = 0;
        const std::string text = "address z 100\n" + std::string(line) + "\naddress y 100\n";
        CHECK(list.read(text, &number).error() == error);
        CHECK(number == 2);
        CHECK(list.size() == 1);
    };
    refuses("server b 100", Error::malformed);
    refuses("address", Error::malformed);
    refuses("address b", Error::malformed);
    refuses("address b soon", Error::malformed);
    refuses("address b -5", Error::malformed);
    refuses("address b 281474976710657", Error::malformed);
    refuses("address b 1234567890123456", Error::malformed);
    refuses("address " + std::string(65, 'b') + " 100", Error::over_bound);
    refuses("address b 100 " + std::string(49, 'b'), Error::over_bound);
    refuses("address b 100 tab\there", Error::malformed);
    refuses("key 00 100", Error::malformed);
    refuses("key " + std::string(63, '0') + "G 100", Error::malformed);
    std::string many;
    for (std::size_t i = 0; i < BanList::bans_max; ++i) many += "address " + std::to_string(i) + " 100\n";
    CHECK(list.read(many).error() == Error::over_bound);
    CHECK(list.size() == 1);
}
