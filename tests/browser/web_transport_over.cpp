#include "tenon/browser/web_transport_over.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/browser/stream_page.hpp"

using namespace tenon;
using browser::Url;
using browser::WebSocketOptions;
using browser::detail::PageStream;

namespace {

// A page in a test with streams of bytes, and whom it tells of the last.
struct Streams {
    static inline std::string url, said;
    static inline PageStream* stream = nullptr;
    static inline std::size_t waits_now = 0;
    static inline bool encrypted = true, dials = true, breaks = false, takes = true, has_room = true;
    static inline std::vector<std::string> beside;
    static inline int last = 0, ended = 0, dropped = 0;

    static void reset() {
        url.clear();
        said.clear();
        stream = nullptr;
        waits_now = 0;
        encrypted = dials = true;
        breaks = false;
        takes = has_room = true;
        beside.clear();
        last = ended = dropped = 0;
    }
    static bool reads(const char*) { return true; }
    static bool is_encrypted() { return encrypted; }
    static bool is_own_machine(const char*) { return false; }
    static std::uint64_t entropy() { return 7; }
    static int open(const char* to, PageStream& told) {
        if (!dials) return 0;
        url = to;
        stream = &told;
        return ++last;
    }
    static bool send(int, BytesIn head, BytesIn rest) {
        if (breaks) return false;
        (said += text_of(head)) += text_of(rest);
        return true;
    }
    static bool send_unreliable(int, BytesIn bytes) {
        if (takes) beside.emplace_back(text_of(bytes));
        return takes;
    }
    static bool has_unreliable(int) { return has_room; }
    static std::size_t waits(int) { return waits_now; }
    static void close(int, bool in_peace) { ++(in_peace ? ended : dropped); }
};

using Transport = browser::WebTransportOver<Streams>;
static_assert(CheckTransport<Transport>::ok && Connected<Transport> && LendsBuffer<Transport>);
static_assert(Transport::traits.lanes == 2 && Transport::traits.datagrams && Transport::traits.reliable &&
              Transport::traits.encrypted);

const std::string print(64, 'a');

struct Line {
    Transport transport;
    std::vector<std::string> heard, heard_beside;
    std::vector<Error> losses;
    std::function<void()> on_frame = [] {};
    Url to;

    explicit Line(WebSocketOptions options = {}) : transport(std::move(options)) {
        Streams::reset();
        REQUIRE(transport.open_to_dial());
        to = *transport.resolve("https://game.example:4433/chess#" + print);
    }
    struct Ear {
        Line& line;
        void operator()(const Url& from, Lane lane, BytesIn bytes) {
            CHECK(from == line.to);
            (lane == datagram_lane ? line.heard_beside : line.heard).emplace_back(text_of(bytes));
            line.on_frame();
        }
        void lost(const Url& of) {
            CHECK(of == line.to);
            line.losses.push_back(line.transport.loss());
        }
    };
    Line& poll() {
        transport.poll(Ear{*this});
        return *this;
    }
    Line& meet() {
        CHECK(transport.send(to, {}, bytes_of("hello")) == Sent::sent);
        Streams::stream->opened();
        return *this;
    }
    void came(std::string_view bytes) { Streams::stream->came(bytes_of(bytes)); }
};

} // namespace

TEST_CASE("addresses of WebTransport may say by which certificate a host is known") {
    Line line;
    const auto read = [&](const std::string& text) {
        const auto url = line.transport.resolve(text);
        return url ? std::string(url->text()) : std::string(name(url.error()));
    };
    CHECK(read("https://game.example:4433/chess") == "wss://game.example:4433/chess");
    CHECK(read("HTTPS://game.example") == "wss://game.example:443/");
    CHECK(read("game.example:4433") == "wss://game.example:4433/");
    CHECK(read("https://game.example#" + print) == "wss://game.example:443/#" + print);
    CHECK(read("game.example:4433/chess?x#" + print) == "wss://game.example:4433/chess?x#" + print);
    for (const std::string& wrong :
         {std::string("https://a:1#"), "https://a:1#" + print.substr(1), "https://a:1#" + print + "a",
          "https://a:1#g" + print.substr(1), "https://a:1#" + print + "#" + print, "#" + print,
          std::string("http://a:1"), std::string("wss://a:1"), std::string("https://a:1/ b")})
        CHECK_MESSAGE(read(wrong) == "bad_address", wrong);
}

TEST_CASE("frames stand behind their lengths, and are heard in whatever pieces they come") {
    Line line;
    line.meet();
    CHECK(Streams::url == "wss://game.example:4433/chess#" + print);
    CHECK(Streams::said == "\x05hello");
    const std::string large(66'000, 'x');
    CHECK(line.transport.send(line.to, {}, bytes_of(large)) == Sent::sent);
    CHECK(Streams::said.substr(6) == "\xD0\x83\x04" + large);
    CHECK(line.transport.send(line.to, {}, bytes_of(large + "x")) == Sent::too_big);
    for (const char c : std::string_view("\x01"
                                         "a\x02"
                                         "bc"))
        line.came(std::string(1, c));
    line.came(
        "\x01"
        "d\x01"
        "e\x03");
    line.came("\xD0\x83\x04"); // the rest of a frame, which could be a length
    line.came(std::string("\xD0\x83\x04", 3) + large + "\x01z");
    line.poll();
    CHECK(line.heard == std::vector<std::string>{"a", "bc", "d", "e", "\xD0\x83\x04", large, "z"});
    CHECK(line.transport.counters().frames_in == 7);
    Streams::waits_now = 256 << 10;
    CHECK(line.transport.send(line.to, {}, bytes_of("x")) == Sent::would_block);
    line.transport.hang_up(line.to);
    CHECK((Streams::ended == 1 && Streams::dropped == 0));
    CHECK(line.poll().losses.empty());
}

TEST_CASE("datagrams are beside the frames, each as it came, and only where the page has them") {
    Line line;
    CHECK(line.transport.datagram_room(line.to) == 0);
    CHECK(line.transport.send(line.to, datagram_lane, bytes_of("early")) == Sent::would_block);
    line.meet();
    CHECK(line.transport.datagram_room(line.to) == 1100);
    CHECK(line.transport.send(line.to, datagram_lane, bytes_of("one")) == Sent::sent);
    CHECK(line.transport.send(line.to, datagram_lane, bytes_of(std::string(1101, 'x'))) == Sent::too_big);
    Streams::takes = false;
    CHECK(line.transport.send(line.to, datagram_lane, bytes_of("two")) == Sent::would_block);
    Streams::has_room = false;
    CHECK(line.transport.datagram_room(line.to) == 0);
    CHECK((Streams::beside == std::vector<std::string>{"one"} && Streams::said == "\x05hello"));
    // One in the middle of a frame disturbs nothing, and an empty one is none.
    line.came(
        "\x02"
        "a");
    Streams::stream->came_beside(bytes_of("\x01x"));
    Streams::stream->came_beside({});
    line.came("b");
    line.poll();
    CHECK(line.heard == std::vector<std::string>{"ab"});
    CHECK(line.heard_beside == std::vector<std::string>{"\x01x"});
    CHECK((line.transport.counters().beside_in == 1 && line.transport.counters().beside_out == 1));
    CHECK((line.transport.counters().frames_in == 2 && line.losses.empty()));
    // Whoever is woken by one may hang up.
    line.transport.on_arrival([](void* of) { static_cast<Line*>(of)->transport.close(); }, &line);
    PageStream& stream = *Streams::stream;
    stream.came_beside(bytes_of("y"));
    CHECK((!line.transport.is_open() && stream.is_over()));
    stream.came_beside(bytes_of("z"));
    CHECK(line.heard_beside.size() == 1);
}

TEST_CASE("what is no frame, and more than is polled, ends it") {
    const auto ends = [](std::string_view bytes, Error why, WebSocketOptions options = {}) {
        Line line(options);
        line.meet().came(bytes);
        CHECK(line.poll().losses == std::vector<Error>{why});
        CHECK(line.transport.connections() == 0);
        return std::pair{Streams::ended, Streams::dropped};
    };
    ends(std::string_view("\0", 1), Error::malformed);
    ends(std::string_view("\x81\0", 2), Error::malformed); // longer than it has to be
    ends("\x81\x80\x80", Error::too_large);
    ends("\xD1\x83\x04", Error::too_large);
    ends("\xFF\xFF\xFF\xFF", Error::too_large);
    CHECK(ends("\x03"
               "abc\x03"
               "def",
               Error::flooded, {.inbox_max = 10}) == std::pair{0, 1});
}

TEST_CASE("a page's connection ends as it is told, and tells nothing after that") {
    Line line;
    CHECK(line.transport.send(line.to, {}, bytes_of("hello")) == Sent::sent);
    Streams::stream->broke(Error::unreachable);
    CHECK(line.poll().losses == std::vector<Error>{Error::unreachable});
    line.meet();
    Streams::stream->broke(Error::closed);
    CHECK(line.poll().losses.back() == Error::closed);
    Streams::breaks = true;
    CHECK(line.transport.send(line.to, {}, bytes_of("hello")) == Sent::sent);
    Streams::stream->opened(); // and is gone at once
    CHECK(line.poll().losses.back() == Error::closed);
    Streams::breaks = false;
    Streams::dials = false;
    CHECK(line.transport.send(line.to, {}, bytes_of("hello")) == Sent::closed);
    CHECK(line.poll().losses.back() == Error::unreachable);
}

TEST_CASE("whoever is woken by a frame may hang up, and hears none of the others") {
    Line line;
    line.meet();
    line.on_frame = [&] { line.transport.hang_up(line.to); };
    line.transport.on_arrival([](void* of) { static_cast<Line*>(of)->poll(); }, &line);
    line.came(
        "\x01"
        "a\x01"
        "b\x01"
        "c");
    CHECK(line.heard == std::vector<std::string>{"a"});
    CHECK((line.losses.empty() && line.transport.connections() == 0));
    // And may close everything, and open it again.
    line.on_frame = [&] {
        line.transport.close();
        REQUIRE(line.transport.open_to_dial());
    };
    line.meet();
    line.came(
        "\x01"
        "a\x01"
        "b");
    CHECK(line.heard.size() == 2);
    line.on_frame = [] {};
    line.meet().came(
        "\x01"
        "c");
    CHECK(line.heard.back() == "c");
}
