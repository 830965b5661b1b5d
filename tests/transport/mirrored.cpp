#include "tenon/transport/mirrored.hpp"
#include "tenon/transport/pcapng.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "around_memory.hpp"
#include "contract.hpp"
#include "tenon/core/random.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::Endpoint;
using transport::Exchange;
using transport::IpAddress;
using transport::Memory;
using transport::MemoryAddress;
using transport::Mirrored;
using transport::MirroredOptions;

namespace {

using around_memory::Clock;
using Line = Mirrored<Memory, Clock>;
using Harness = around_memory::Harness<Mirrored>;

// A reader of captures that knows only what the format says.
struct Shown {
    std::int64_t at = 0;
    std::string from, to, bytes;
    std::size_t whole = 0;
    int way = 0; // 1: in, 2: out
};
struct Reader {
    std::string_view in;
    bool sound = true;

    std::uint32_t word(std::size_t at) const {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t(std::uint8_t(in[at + i])) << (8 * i);
        return value;
    }
    static unsigned big(std::string_view text, std::size_t at) {
        return unsigned(std::uint8_t(text[at])) << 8 | std::uint8_t(text[at + 1]);
    }
    std::vector<Shown> read() {
        std::vector<Shown> found;
        std::size_t number = 0;
        while (!in.empty() && sound) {
            const std::size_t size = in.size() < 12 ? 0 : word(4);
            sound = size >= 12 && size % 4 == 0 && size <= in.size() && word(size - 4) == size;
            if (!sound) break;
            const std::uint32_t kind = word(0);
            if (number == 0) sound = kind == 0x0A0D0D0A && word(8) == 0x1A2B3C4D && word(12) == 1;
            if (number == 1) sound = kind == 1 && (word(8) & 0xFFFF) == 101;
            if (number >= 2) {
                sound = sound && kind == 6 && word(8) == 0;
                if (sound) found.push_back(packet(in.substr(0, size)));
            }
            in.remove_prefix(size);
            ++number;
        }
        return found;
    }
    Shown packet(std::string_view block) {
        Shown shown;
        shown.at = static_cast<std::int64_t>(std::uint64_t(word(12)) << 32 | word(16));
        const std::size_t held = word(20), whole = word(24), options = 28 + (held + 3) / 4 * 4;
        std::string_view ip = block.substr(28, held);
        sound = sound && word(options) == (2 | 4u << 16) && word(options + 8) == 0 &&
                options + 16 == block.size();
        shown.way = static_cast<int>(word(options + 4));
        IpAddress from, to;
        std::size_t head = 40;
        if (ip[0] == 0x45) {
            head = 20;
            unsigned sum = 0;
            for (std::size_t i = 0; i < 20; i += 2) sum += big(ip, i);
            sound = sound && (sum & 0xFFFF) + (sum >> 16) == 0xFFFF && ip[9] == 17 && big(ip, 2) == whole;
            const auto four = [&](std::size_t at) {
                return IpAddress::v4(std::uint8_t(ip[at]), std::uint8_t(ip[at + 1]), std::uint8_t(ip[at + 2]),
                                     std::uint8_t(ip[at + 3]), 0);
            };
            from = four(12), to = four(16);
        } else {
            sound = sound && ip[0] == 0x60 && ip[6] == 17 && big(ip, 4) == whole - 40;
            for (std::size_t i = 0; i < 16; ++i) {
                from.bytes[i] = std::uint8_t(ip[8 + i]);
                to.bytes[i] = std::uint8_t(ip[24 + i]);
            }
        }
        from.port = static_cast<std::uint16_t>(big(ip, head));
        to.port = static_cast<std::uint16_t>(big(ip, head + 2));
        sound = sound && big(ip, head + 4) == whole - head;
        shown.from = from.text().view();
        shown.to = to.text().view();
        shown.bytes = ip.substr(head + 8);
        shown.whole = whole - head - 8;
        return shown;
    }
};

template <class T>
std::string capture_of(const T& mirrored, Instant at = {}, std::int64_t since_1970 = 0) {
    std::vector<std::byte> bytes(mirrored.capture_bytes());
    const auto size = mirrored.write_capture(bytes, at, since_1970);
    CHECK(size.value_or(0) == bytes.size());
    if (!bytes.empty())
        CHECK(mirrored.write_capture(BytesOut(bytes).first(bytes.size() - 1)).error() == Error::too_large);
    return std::string(text_of(bytes));
}
std::vector<Shown> shown_of(const std::string& capture) {
    Reader reader{capture};
    auto found = reader.read();
    CHECK(reader.sound);
    return found;
}

// Two ends that say something to each other, of which the first is mirrored.
struct Talk {
    Exchange exchange{4};
    Instant at{5'000'000'000};
    Line a;
    Memory b{exchange, 0x0A000002};
    MemoryAddress to_a, to_b;

    explicit Talk(const MirroredOptions& options = {})
        : a(Memory(exchange, 0x0A000001), options, Clock{&at}) {
        to_a = a.open(4000).value_or({});
        to_b = b.open(5000).value_or({});
    }
    void out(std::string_view text) {
        CHECK(a.send(to_b, {}, bytes_of(text)) == Sent::sent);
        exchange.deliver_all();
    }
    void in(std::string_view text) {
        CHECK(b.send(to_a, {}, bytes_of(text)) == Sent::sent);
        exchange.deliver_all();
        a.poll([](const MemoryAddress&, Lane, BytesIn) {});
    }
};

} // namespace

TEST_CASE("what is mirrored keeps the contract of transports") {
    Harness harness;
    contract::all(harness);
    static_assert(LendsBuffer<Line> && !WakesUp<Line>);
    static_assert(Line::datagram_max == Memory::datagram_max);
}

TEST_CASE("a capture holds both ways, with times, addresses, ports and bytes") {
    Talk talk;
    talk.out("hello");
    talk.at += 1500_us;
    talk.in("and to you");
    talk.at += 1_ms;
    const BytesOut room = talk.a.prepare(talk.to_b, {}, 100);
    REQUIRE(room.size() == 100);
    copy(room.data(), bytes_of("lent"));
    CHECK(talk.a.commit(4) == Sent::sent);
    const auto shown = shown_of(capture_of(talk.a, Instant{5'000'000'000}, 1'700'000'000'000'000'000));
    REQUIRE(shown.size() == 3);
    CHECK(shown[0].at == 1'700'000'000'000'000'000);
    CHECK(shown[0].from == "10.0.0.1:4000");
    CHECK(shown[0].to == "10.0.0.2:5000");
    CHECK(shown[0].bytes == "hello");
    CHECK(shown[0].way == 2);
    CHECK(shown[1].at == 1'700'000'000'001'500'000);
    CHECK(shown[1].from == "10.0.0.2:5000");
    CHECK(shown[1].to == "10.0.0.1:4000");
    CHECK(shown[1].bytes == "and to you");
    CHECK(shown[1].way == 1);
    CHECK(shown[2].bytes == "lent");
}

TEST_CASE("the ring keeps the newest, whatever their sizes, and no more than it may") {
    Random random(9);
    for (const std::size_t ring : {std::size_t(300), std::size_t(1000), std::size_t(4096)}) {
        Talk talk({.ring_bytes = ring});
        std::vector<std::string> said;
        for (unsigned i = 0; i < 300; ++i) {
            said.push_back(contract::pattern(static_cast<std::size_t>(random.below(200)), i));
            talk.out(said.back());
            const auto shown = shown_of(capture_of(talk.a));
            REQUIRE(!shown.empty());
            REQUIRE(shown.size() == talk.a.count());
            for (std::size_t k = 0; k < shown.size(); ++k)
                REQUIRE(shown[k].bytes == said[said.size() - shown.size() + k]);
            REQUIRE(talk.a.capture_bytes() <= ring * 3);
        }
        CHECK(talk.a.counters().kept == 300);
        CHECK(talk.a.counters().replaced == 300 - talk.a.count());
    }
    Talk little({.ring_bytes = 100});
    little.out(contract::pattern(200, 1));
    CHECK(little.a.count() == 0);
    CHECK(shown_of(capture_of(little.a)).empty());
}

TEST_CASE("what comes too fast is counted and not kept, and a long datagram is cut") {
    Talk talk({.snap_bytes = 10, .datagrams_a_second = 5});
    for (int i = 0; i < 20; ++i) talk.out("a datagram of more than ten bytes");
    CHECK(talk.a.count() == 5);
    CHECK(talk.a.counters().over_rate == 15);
    talk.at += 1_s;
    talk.in("short");
    CHECK(talk.a.count() == 6);
    CHECK(talk.a.counters().cut == 5);
    const auto shown = shown_of(capture_of(talk.a));
    REQUIRE(shown.size() == 6);
    CHECK(shown[0].bytes == "a datagram");
    CHECK(shown[0].whole == 33);
    CHECK(shown[5].bytes == "short");
}

TEST_CASE("nothing is kept while it stands still, nor what did not go") {
    Talk talk({.running = false});
    talk.out("unseen");
    CHECK(talk.a.count() == 0);
    talk.a.start();
    talk.out("seen");
    CHECK(talk.a.send(talk.to_b, {}, bytes_of(std::string(70'000, 'x'))) == Sent::too_big);
    REQUIRE(talk.a.prepare(talk.to_b, {}, 50).size() == 50);
    CHECK(talk.b.send(talk.to_a, {}, bytes_of("in between")) == Sent::sent);
    CHECK(talk.a.commit(50) == Sent::would_block); // its room was taken
    CHECK(talk.a.count() == 1);
    talk.out("and this");
    CHECK(talk.a.count() == 2);
    CHECK(shown_of(capture_of(talk.a))[1].bytes == "and this");
    talk.a.clear();
    CHECK(talk.a.count() == 0);
    CHECK(talk.a.counters().kept == 2);
}

TEST_CASE("IPv6 is shown as such, and a socket of every address as the other side's kind") {
    Endpoint here = Endpoint::of(IpAddress::any(4000));
    const Endpoint four = Endpoint::of(IpAddress::v4(192, 0, 2, 1, 7)),
                   six = Endpoint::of(*IpAddress::parse("[2001:db8::1]:7"));
    Endpoint other = here;
    here.match(four);
    other.match(six);
    CHECK(here.is_v4());
    CHECK(!other.is_v4());
    std::vector<std::byte> bytes(transport::pcapng::head_bytes + transport::pcapng::packet_bytes(six, 5) +
                                 transport::pcapng::packet_bytes(four, 2));
    transport::pcapng::Writer writer(bytes);
    writer.packet({1, six, other, 5, false}, bytes_of("abc"), bytes_of("de"));
    writer.packet({2, four, here, 2, false}, bytes_of("fg"), {});
    CHECK(writer.ok());
    CHECK(writer.position() == bytes.size());
    const auto shown = shown_of(std::string(text_of(bytes)));
    REQUIRE(shown.size() == 2);
    CHECK(shown[0].from == "[2001:db8::1]:7");
    CHECK(shown[0].to == "[::]:4000");
    CHECK(shown[0].bytes == "abcde");
    CHECK(shown[1].from == "192.0.2.1:7");
    CHECK(shown[1].to == "0.0.0.0:4000");
}

TEST_CASE("it goes around others and inside others") {
    using Deep = transport::Impaired<Mirrored<Memory>>;
    static_assert(TransportPolicy<Deep> && TransportPolicy<Mirrored<transport::Impaired<Memory>>>);
    static_assert(TellsLocal<Deep> && TellsLocal<Mirrored<transport::Impaired<Memory>>>);
    Exchange exchange(1);
    Deep deep(Mirrored<Memory>(Memory(exchange, 1)));
    REQUIRE(deep.open(1));
    CHECK(deep.send(MemoryAddress{1, 1}, {}, bytes_of("me")) == Sent::sent);
    deep.flush();
    CHECK(deep.inner().count() == 1);
    // Where the innermost is reached, which a room tells its guests, is told through both.
    std::vector<MemoryAddress> told;
    deep.each_local_address([&](const MemoryAddress& at) { told.push_back(at); });
    CHECK(told == std::vector<MemoryAddress>{deep.local_address()});
}

#if !defined(__EMSCRIPTEN__) && !defined(_WIN32)
TEST_CASE("tshark reads a capture") {
    if (std::system("command -v tshark >/dev/null 2>&1") != 0) {
        MESSAGE("skipped: tshark is not here");
        return;
    }
    Talk talk;
    talk.out("hello");
    talk.in("and to you");
    const std::string capture = capture_of(talk.a, talk.at, 1'700'000'000'000'000'000);
    char path[] = "/tmp/tenon-mirrored-XXXXXX";
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    std::FILE* out = fdopen(file, "wb");
    REQUIRE(std::fwrite(capture.data(), 1, capture.size(), out) == capture.size());
    std::fclose(out);
    const std::string command =
        "tshark -n -o ip.check_checksum:TRUE -r " + std::string(path) +
        " -T fields -e frame.time_epoch -e ip.src -e udp.srcport -e ip.dst -e udp.dstport"
        " -e ip.checksum.status -e data 2>/dev/null";
    std::string said;
    std::FILE* tshark = popen(command.c_str(), "r");
    REQUIRE(tshark != nullptr);
    for (int c = 0; (c = std::fgetc(tshark)) != EOF;) said += static_cast<char>(c);
    CHECK(pclose(tshark) == 0);
    std::remove(path);
    CHECK(said ==
          "1700000000.000000000\t10.0.0.1\t4000\t10.0.0.2\t5000\t1\t68656c6c6f\n"
          "1700000000.000000000\t10.0.0.2\t5000\t10.0.0.1\t4000\t1\t616e6420746f20796f75\n");
}
#endif
