#include "tenon/codec/json.hpp"
#include "tenon/codec/json_in.hpp"
#include "tenon/codec/json_out.hpp"
#include "tenon/codec/json_scan.hpp"
#include "tenon/codec/json_text.hpp"

#include <doctest/doctest.h>

#include <cereal/archives/json.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/base_class.hpp>
#include <cereal/types/bitset.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/complex.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <clocale>
#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

#include "../allocations.hpp"
#include "rich.hpp"
#include "tenon/core/ids.hpp"

using rich::Bytes;
using rich::error_of;
using rich::Rich;
using tenon::Error;
using tenon::codec::Json;

static_assert(tenon::CodecPolicy<Json>);

namespace {

template <class T>
std::string by_us(const T& message) {
    return std::string(tenon::text_of(rich::encoded<Json>(message)));
}
template <class T>
std::string by_cereal(const T& message) {
    std::ostringstream stream;
    {
        cereal::JSONOutputArchive archive(stream); // ends the object when it ends itself
        archive(message);
    }
    return stream.str();
}
// cereal's text on one line; for messages whose strings hold no such pieces.
template <class T>
std::string by_cereal_on_one_line(const T& message) {
    std::ostringstream stream;
    {
        cereal::JSONOutputArchive archive(stream, cereal::JSONOutputArchive::Options::NoIndent());
        archive(message);
    }
    std::string text = stream.str();
    for (const std::string_view space : {"\n", ": "})
        for (std::size_t at; (at = text.find(space)) != text.npos;)
            text.replace(at, space.size(), space == "\n" ? "" : ":");
    return text;
}
template <class T>
Error read(std::string_view text, T& message) {
    return error_of<Json>(tenon::bytes_of(text), message);
}
template <class T>
Error error_for(std::string_view value) {
    T message{};
    return read("{\"value0\":" + std::string(value) + "}", message);
}
template <class T>
T value_of(std::string_view value) {
    T message{};
    REQUIRE(read("{\"value0\":" + std::string(value) + "}", message) == Error::none);
    return message;
}

struct Named {
    int a = 0;
    std::string b;
    int unnamed = 0;
    void serialize(auto& ar) {
        ar(cereal::make_nvp("a", a), cereal::make_nvp("b", tenon::bounded(b, 3)), unnamed);
    }
    friend bool operator==(const Named&, const Named&) = default;
};
struct Derived : Named {
    int raw[2][2] = {{1, 2}, {3, 4}};
    tenon::PeerId peer{7};
    void serialize(auto& ar) { ar(cereal::base_class<Named>(this), raw, peer); }
};
struct Chain {
    std::unique_ptr<Chain> next;
    void serialize(auto& ar) { ar(next); }
};
struct Crates {
    std::vector<rich::Crate> items;
    void serialize(auto& ar) { ar(tenon::bounded(items, 2)); }
};

} // namespace

TEST_CASE("Json writes character for character what cereal's archive writes") {
    Rich sample = rich::sample();
    sample.numbers.f = 0.5f; // cereal writes floats as doubles, in more digits than they have
    sample.matrix = {1.5, -0.0, 0.1};
    CHECK(by_us(sample) == by_cereal_on_one_line(sample));
    CHECK(by_us(Rich{}) == by_cereal_on_one_line(Rich{}));
    Derived derived;
    derived.b = "bee";
    CHECK(by_us(derived) == by_cereal_on_one_line(derived));
}

TEST_CASE("Json reads what it wrote and what cereal wrote, and cereal reads what Json wrote") {
    const Rich sample = rich::sample();
    Rich ours, theirs, across;
    CHECK(read(by_us(sample), ours) == Error::none);
    CHECK(ours == sample);
    CHECK(read(by_cereal(sample), theirs) == Error::none);
    CHECK(theirs == sample);
    std::istringstream stream(by_us(sample));
    cereal::JSONInputArchive archive(stream);
    archive(across);
    CHECK(across.pairs.size() == sample.pairs.size());
    across.pairs = sample.pairs; // cereal turns the order of equal keys around
    CHECK(across == sample);
}

TEST_CASE("decoding Json into a message that holds something leaves nothing of it") {
    Rich copy = rich::sample();
    CHECK(read(by_us(Rich{}), copy) == Error::none);
    CHECK(copy == Rich{});
}

TEST_CASE("a Json message that ends anywhere too early is an error") {
    const std::string whole = by_us(rich::sample());
    Bytes into(whole.size());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Rich copy;
        CAPTURE(size);
        CHECK(read(whole.substr(0, size), copy) != Error::none);
        const auto little = Json::encode({into.data(), size}, rich::sample());
        CHECK(little.error() == Error::too_large);
    }
    Rich copy;
    CHECK(read(whole.substr(0, whole.size() - 1), copy) == Error::truncated);
    CHECK(read(whole + " \n", copy) == Error::none);
    CHECK(read(whole + "}", copy) == Error::trailing_bytes);
}

TEST_CASE("no single character put in place of another makes Json do worse than refuse") {
    const std::string whole = by_us(rich::sample());
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char c : {'"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', 'e', '\0', '\x80', ' '}) {
            std::string text = whole;
            text[at] = c;
            Rich copy;
            (void)read(text, copy);
        }
}

TEST_CASE("integers keep every value of their type, and no other is taken") {
    CHECK(value_of<std::int64_t>("-9223372036854775808") == INT64_MIN);
    CHECK(value_of<std::int64_t>("9223372036854775807") == INT64_MAX);
    CHECK(value_of<std::int64_t>("\"-9223372036854775808\"") == INT64_MIN);
    CHECK(value_of<std::uint64_t>("18446744073709551615") == UINT64_MAX);
    CHECK(value_of<std::int8_t>("-128") == -128);
    CHECK(value_of<int>(" \n\t\r-0 ") == 0);
    CHECK(error_for<std::int64_t>("9223372036854775808") == Error::over_bound);
    CHECK(error_for<std::int64_t>("-9223372036854775809") == Error::over_bound);
    CHECK(error_for<std::uint64_t>("18446744073709551616") == Error::over_bound);
    CHECK(error_for<std::uint64_t>("99999999999999999999999") == Error::over_bound);
    CHECK(error_for<std::uint8_t>("256") == Error::over_bound);
    CHECK(error_for<std::uint8_t>("-1") == Error::over_bound);
    CHECK(error_for<std::int8_t>("-129") == Error::over_bound);
    for (const char* wrong :
         {"", "-", "+1", "01", "1.0", "1e3", "0x1", "\"1\"", "true", "null", "NaN", "- 1"}) {
        CAPTURE(wrong);
        CHECK(error_for<int>(wrong) == Error::malformed);
    }
}

TEST_CASE("floats keep every value, also those that JSON has no words for") {
    using Limits = std::numeric_limits<double>;
    using Narrow = std::numeric_limits<float>;
    const auto same = [](auto value) {
        decltype(value) copy = 1;
        REQUIRE(read(by_us(value), copy) == Error::none);
        CHECK(copy == value);
        CHECK(std::signbit(copy) == std::signbit(value));
        std::istringstream stream(by_us(value));
        copy = 1;
        cereal::JSONInputArchive archive(stream);
        archive(copy);
        CHECK(copy == value);
        CHECK(std::signbit(copy) == std::signbit(value));
    };
    for (const double value : {0.0, -0.0, 1.0, -1.0 / 3, 0.1, 1e21, 1e22, 1e-7, 123456789012345678.0,
                               Limits::max(), Limits::lowest(), Limits::min(), Limits::denorm_min(),
                               Limits::epsilon(), Limits::infinity(), -Limits::infinity()})
        same(value);
    for (const float value : {0.f, -0.f, 0.1f, 16777216.f, Narrow::max(), Narrow::lowest(), Narrow::min(),
                              Narrow::denorm_min(), Narrow::infinity(), -Narrow::infinity()})
        same(value);
    CHECK(by_us(0.1f) == "{\"value0\":0.1}");
    CHECK(by_us(-0.0) == "{\"value0\":-0.0}");
    CHECK(by_us(Limits::quiet_NaN()) == "{\"value0\":NaN}");
    CHECK(by_us(Limits::quiet_NaN()) == by_cereal_on_one_line(Limits::quiet_NaN()));
    CHECK(by_us(-Limits::infinity()) == by_cereal_on_one_line(-Limits::infinity()));
    CHECK(std::isnan(value_of<double>("NaN")));
    CHECK(value_of<double>("7") == 7);
    CHECK(error_for<double>("1e400") == Error::over_bound);
    CHECK(error_for<float>("1e39") == Error::over_bound);
    for (const char* wrong : {"", "-", ".5", "5.", "1e", "1e+", "01.5", "+1.0", "--1", "1.2.3", "nan", "inf",
                              "0x1p3", "\"1.5\"", "1 5"}) {
        CAPTURE(wrong);
        CHECK(error_for<double>(wrong) == Error::malformed);
    }
    CHECK(error_for<double>("0." + std::string(100, '0')) == Error::malformed);
}

TEST_CASE("the program's locale changes nothing in Json") {
    const std::string before = std::setlocale(LC_NUMERIC, nullptr);
    bool has_comma = false;
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"})
        has_comma = has_comma || std::setlocale(LC_NUMERIC, name) != nullptr;
    if (!has_comma) MESSAGE("this machine has no locale with a decimal comma, so only its own was tried");
    CHECK(by_us(1.5) == "{\"value0\":1.5}");
    CHECK(by_us(1e300) == "{\"value0\":1e+300}");
    CHECK(value_of<double>("-1.25e2") == -125);
    std::setlocale(LC_NUMERIC, before.c_str());
}

TEST_CASE("text is UTF-8 both ways") {
    using namespace std::string_view_literals;
    for (const std::string_view wrong :
         {"\x80"sv, "\xC3"sv, "\xC0\xAF"sv, "\xE0\x80\xAF"sv, "\xED\xA0\x80"sv, "\xF0\x80\x80\xAF"sv,
          "\xF5\x80\x80\x80"sv, "\xF4\x90\x80\x80"sv, "\xE2\x82"sv, "\xFF"sv}) {
        Bytes into(64);
        CHECK(Json::encode(into, std::string(wrong)).error() == Error::malformed);
        CHECK(error_for<std::string>("\"" + std::string(wrong) + "\"") == Error::malformed);
    }
    for (const std::string_view right : {"\xC2\x80"sv, "\xE2\x82\xAC"sv, "\xED\x9F\xBF"sv,
                                         "\xF4\x8F\xBF\xBF"sv, "a\0b"sv, "\x7F"sv, "\b\f\n\r\t\x1F/\\\""sv}) {
        std::string copy;
        CHECK(read(by_us(std::string(right)), copy) == Error::none);
        CHECK(copy == right);
    }
    CHECK(value_of<std::string>(R"("\u00e9\uD83D\uDE80\/\u0000")") == "\xC3\xA9\xF0\x9F\x9A\x80/\0"sv);
    for (const char* wrong : {R"("\uD83D")", R"("\uDE80")", R"("\uD83Dx")", R"("\uD83D\u0041")",
                              R"("\u12g4")", R"("\x41")", "\"\n\"", "'a'", "7", "null"}) {
        CAPTURE(wrong);
        CHECK(error_for<std::string>(wrong) == Error::malformed);
    }
    CHECK(value_of<std::u8string>("\"a\"") == u8"a");
    CHECK(value_of<std::u16string>("[97,65535]") == std::u16string(u"a\uFFFF"));
}

TEST_CASE("fields with names come in any order; each must be there once, and no other") {
    const Named named = [] {
        Named n;
        n.a = 1;
        n.b = "two";
        n.unnamed = 3;
        return n;
    }();
    const auto error = [&](std::string_view fields) {
        Named copy;
        const Error found = read("{\"value0\":{" + std::string(fields) + "}}", copy);
        if (found == Error::none) CHECK(copy == named);
        return found;
    };
    CHECK(error(R"("a":1,"b":"two","value0":3)") == Error::none);
    CHECK(error(R"("b":"two","a":1,"value0":3)") == Error::missing_field); // value0 is after a, and b follows
    CHECK(error(R"("b":"two","value0":3,"\u0061":1)") == Error::none);
    CHECK(error(R"("a":1,"value0":3)") == Error::missing_field);
    CHECK(error("") == Error::missing_field);
    CHECK(error(R"("a":1,"b":"two","value0":3,"more":[{"x":"]"}]})") == Error::unknown_field);
    CHECK(error(R"("more":[1,"}"],"a":1,"b":"two","value0":3)") == Error::unknown_field);
    CHECK(error(R"("a":1,"a":1,"b":"two","value0":3)") == Error::unknown_field);
    CHECK(error(R"("a":1,"b":"two","value0":3,)") == Error::malformed);
    CHECK(error(R"("a":1 "b":"two","value0":3)") == Error::malformed);
    CHECK(error(R"("a":1,,"b":"two","value0":3)") == Error::malformed);
    CHECK(error(R"(,"a":1,"b":"two","value0":3)") == Error::malformed);
    CHECK(error(R"("a",1,"b":"two","value0":3)") == Error::malformed);
    CHECK(error(R"("a":1,"b":"four","value0":3)") == Error::over_bound);
    int value = 0;
    CHECK(read("[1]", value) == Error::malformed);
    CHECK(read("{\"value1\":1}", value) == Error::missing_field);
}

TEST_CASE("a Json list ends at its bound, and no string takes memory before its size is known") {
    Crates crates;
    CHECK(read(R"({"value0":{"value0":[]}})", crates) == Error::none);
    const std::string one = R"({"value0":"","value1":[],"value2":{"nullopt":true}})";
    const std::string two = R"({"value0":{"value0":[)" + one + "," + one + "]}}";
    CHECK(read(two, crates) == Error::none);
    CHECK(crates.items.size() == 2);
    CHECK(read(R"({"value0":{"value0":[)" + one + "," + one + "," + one + "]}}", crates) ==
          Error::over_bound);
    CHECK(crates.items.size() == 2);
    for (const char* wrong : {"[1,]", "[,1]", "[1 2]", "[1}", "{}", "1"})
        CHECK(error_for<std::vector<int>>(wrong) == Error::malformed);

    const std::string text = R"({"value0":{"a":1,"b":")" + std::string(60000, 'x') + R"(","value0":0}})";
    Named named;
    const allocations::Count counted;
    CHECK(Json::decode(tenon::bytes_of(text), named).error() == Error::over_bound);
    CHECK(counted.bytes() == 0);
}

TEST_CASE("Json nests as deeply as the type may, whatever the text says") {
    const auto chain = [](unsigned links) {
        std::string text = "{\"value0\":";
        for (unsigned i = 0; i < links; ++i) text += R"({"value0":{"ptr_wrapper":{"valid":1,"data":)";
        text += R"({"value0":{"ptr_wrapper":{"valid":0}}})";
        for (unsigned i = 0; i < links; ++i) text += "}}}";
        Chain head;
        return read(text + "}", head);
    };
    CHECK(chain(tenon::codec::nesting_max) == Error::none);
    CHECK(chain(tenon::codec::nesting_max + 1) == Error::over_bound);
    CHECK(chain(10000) == Error::over_bound);
    CHECK(error_for<int>(std::string(100000, '[')) == Error::malformed);
    int value = 0;
    CHECK(read("{\"x\":" + std::string(100000, '['), value) != Error::none);
}

TEST_CASE("what a wrapper promises holds after Json decoded it") {
    const auto text = [](const char* heading, const char* level) {
        return std::string("{\"value0\":{\"value0\":") + heading + ",\"value1\":" + level +
               ",\"value2\":\"\",\"value3\":[]}}";
    };
    rich::Wrapped copy;
    CHECK(read(text("99", "9"), copy) == Error::none);
    CHECK(copy.heading == 4);
    CHECK(read(text("NaN", "1"), copy) == Error::none);
    CHECK(copy.heading == -4);
    CHECK(read(text("0.1", "0"), copy) == Error::over_bound);
    CHECK(read(text("0.1", "10"), copy) == Error::over_bound);
}

TEST_CASE("alternatives, flags, keys and bitsets that cereal would not write are refused") {
    using Choice = std::variant<int, bool>;
    CHECK(value_of<Choice>(R"({"index":1,"data":true})") == Choice(true));
    CHECK(error_for<Choice>(R"({"index":2,"data":true})") == Error::malformed);
    CHECK(error_for<Choice>(R"({"index":-1,"data":true})") == Error::over_bound);
    CHECK(error_for<Choice>(R"({"index":0})") == Error::missing_field);
    CHECK(error_for<std::optional<int>>(R"({"nullopt":true,"data":1})") == Error::unknown_field);
    CHECK(error_for<std::unique_ptr<int>>(R"({"ptr_wrapper":{"valid":2,"data":1}})") == Error::malformed);
    CHECK(error_for<bool>("1") == Error::malformed);
    CHECK(error_for<std::set<int>>("[1,1]") == Error::malformed);
    using Bits = std::bitset<5>;
    CHECK(value_of<Bits>(R"({"type":0,"data":21})") == Bits(21));
    CHECK(value_of<Bits>(R"({"type":1,"data":"21"})") == Bits(21));
    CHECK(value_of<Bits>(R"({"type":2,"data":"10101"})") == Bits(21));
    CHECK(error_for<Bits>(R"({"type":0,"data":32})") == Error::over_bound);
    CHECK(error_for<Bits>(R"({"type":2,"data":"110101"})") == Error::over_bound);
    CHECK(error_for<Bits>(R"({"type":2,"data":"1010"})") == Error::malformed);
    CHECK(error_for<Bits>(R"({"type":2,"data":"1010x"})") == Error::malformed);
    CHECK(error_for<Bits>(R"({"type":3,"data":21})") == Error::malformed);
}

TEST_CASE("fields of any name are walked, and values of any kind are skipped") {
    const auto walk = [](std::string_view text) {
        tenon::codec::JsonScan in(tenon::bytes_of(text));
        std::string names;
        int items = 0;
        in.each_field([&](std::string_view name) {
            names += std::string(name) + " ";
            name == "list" ? in.each_item([&] { ++items, in.skip(); }) : in.skip();
        });
        if (!in.ok() || !in.at_end()) names = "refused";
        return names + std::to_string(items);
    };
    CHECK(walk("{}") == "0");
    CHECK(walk(R"({"a":1,"list":[1,"x",{},[ ],{"b":[true,false,null,-1.5e3]}] , "c":{"d":"e"}})") ==
          "a list c 5");
    CHECK(walk(R"({"\u0061b":"","list":[]})") == "ab list 0");
    CHECK(walk("{\"" + std::string(70, 'n') + "\":1}") == std::string(64, 'n') + " 0");
    for (const char* wrong :
         {"", "{", "[]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\":[1}", "{\"a\":{]}",
          "{\"a\":{1:2}}", "{\"a\":x}", "{\"a\":[,]}", "{\"a\":[1,]}", "{\"a\":{\"b\":1,}}", "{\"a\":\"x}",
          "{\"a\":nul}", "{\"a\":01}", "{,}"})
        CHECK(walk(wrong).substr(0, 7) == "refused");
    const auto nested = [&](std::size_t depth) {
        return walk("{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}");
    };
    CHECK(nested(tenon::codec::JsonScan::depth_max) == "a 0");
    CHECK(nested(tenon::codec::JsonScan::depth_max + 1) == "refused0");
    CHECK(nested(100'000) == "refused0");
}
