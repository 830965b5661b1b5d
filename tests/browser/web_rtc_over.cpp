#include "tenon/browser/web_rtc_over.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/browser/beside_over.hpp"

using namespace tenon;
using browser::Url;
using browser::WebSocketOptions;

namespace {

// A page in a test with one pair of channels, and whom it tells.
struct Channels {
    static inline std::string url, protocol;
    static inline std::vector<std::string> reliable, unreliable;
    static inline std::size_t waits_now = 0;
    static inline bool encrypted = false, agreed = false, takes = true, dials = true;
    static inline int last = 0, closed_with = 0;
    static inline std::function<void()> opened;
    static inline std::function<void(std::string_view, bool, Lane)> heard;
    static inline std::function<void(Error)> broke;

    static void reset() {
        url.clear();
        reliable.clear();
        unreliable.clear();
        waits_now = 0;
        encrypted = agreed = false;
        takes = dials = true;
        last = closed_with = 0;
    }
    static bool reads(const char*) { return true; }
    static bool is_encrypted() { return encrypted; }
    static bool is_own_machine(const char* of) {
        return std::string(of).find("localhost") != std::string::npos;
    }
    static std::uint64_t entropy() { return 7; }
    template <class Owner>
    static int open(const char* to, const char* with, Owner& told) {
        if (!dials) return 0;
        url = to;
        protocol = with;
        opened = [&told] { told.opened({}); };
        heard = [&told](std::string_view text, bool is_text, Lane lane) {
            told.heard(bytes_of(text), is_text, lane);
        };
        broke = [&told](Error why) { told.broke(why); };
        return ++last;
    }
    static bool send(int, BytesIn bytes) { return reliable.emplace_back(text_of(bytes)), true; }
    static bool send_unreliable(int, BytesIn bytes) {
        if (takes) unreliable.emplace_back(text_of(bytes));
        return takes;
    }
    static bool has_unreliable(int) { return agreed; }
    static std::size_t waits(int) { return waits_now; }
    static void close(int, std::uint16_t code) { closed_with = code; }
};

using Transport = browser::WebRtcOver<Channels>;
static_assert(CheckTransport<Transport>::ok && Connected<Transport> && LendsBuffer<Transport>);
static_assert(Transport::traits.lanes == 2 && Transport::traits.reliable && Transport::traits.ordered);
static_assert(!Transport::traits.encrypted && browser::WebRtcOver<Channels, true>::traits.encrypted);

struct Line {
    Transport transport;
    std::vector<std::pair<int, std::string>> heard;
    std::vector<Error> losses;
    Url to;

    explicit Line(WebSocketOptions options = {}) : transport(std::move(options)) {
        Channels::reset();
        REQUIRE(transport.open_to_dial());
        to = *transport.resolve("rtc://game.example:4000");
    }
    Sent say(std::string_view text) { return transport.send(to, Transport::reliable, bytes_of(text)); }
    Sent mumble(std::string_view text) { return transport.send(to, Transport::unreliable, bytes_of(text)); }
    void meet() {
        REQUIRE(say("hello") == Sent::sent);
        Channels::agreed = true;
        Channels::opened();
    }
    void hear(std::string_view text, Lane lane) { Channels::heard(text, false, lane); }
    void turn() {
        struct Ear {
            Line& line;
            void operator()(const Url& from, Lane lane, BytesIn bytes) {
                CHECK(from == line.to);
                line.heard.emplace_back(lane.value, text_of(bytes));
            }
            void lost(const Url&) { line.losses.push_back(line.transport.loss()); }
        };
        transport.poll(Ear{*this});
    }
};

} // namespace

TEST_CASE("it is introduced over a WebSocket at /rtc, encrypted as the page is") {
    Line line;
    line.meet();
    CHECK(Channels::url == "ws://game.example:4000/rtc");
    CHECK(Channels::protocol == "tenon");
    CHECK(Channels::reliable == std::vector<std::string>{"hello"});
    CHECK(line.transport.resolve("ws://a:1").error() == Error::bad_address);
    Channels::encrypted = true;
    CHECK(line.transport.resolve("a:1")->text() == "wss://a:1/rtc");
    CHECK(line.transport.resolve("rtc://a:1").error() == Error::encryption_mismatch);
    CHECK(line.transport.resolve("rtc://localhost:1/x")->text() == "ws://localhost:1/x");
    Channels::encrypted = false;
    browser::WebRtcOver<Channels, true> encrypted;
    CHECK(encrypted.resolve("a:1")->text() == "wss://a:1/rtc");
    CHECK(encrypted.resolve("rtc://localhost:1").error() == Error::encryption_mismatch);
}

TEST_CASE("each lane is heard as what it is, in the order in which all came") {
    Line line;
    line.meet();
    line.hear("one", Transport::reliable);
    line.hear("swift", Transport::unreliable);
    line.hear(std::string(66'000, 'x'), Transport::reliable);
    line.turn();
    REQUIRE(line.heard.size() == 3);
    CHECK(line.heard[0] == std::pair{0, std::string("one")});
    CHECK(line.heard[1] == std::pair{1, std::string("swift")});
    CHECK(line.heard[2] == std::pair{0, std::string(66'000, 'x')});
    CHECK(line.transport.counters().frames_in == 3);
}

TEST_CASE("what may be lost is said at once, or not at all") {
    Line line;
    CHECK(line.mumble("dials") == Sent::would_block);
    CHECK(Channels::last == 1);
    CHECK(line.mumble("dials") == Sent::would_block);
    CHECK(Channels::last == 1);
    CHECK(!line.transport.has_unreliable(line.to));
    CHECK(line.transport.datagram_room(line.to) == 0);
    CHECK(line.transport.prepare(line.to, Transport::unreliable, 10).empty());
    CHECK(line.transport.commit(10) == Sent::would_block);
    Channels::opened();
    CHECK(line.mumble("not agreed") == Sent::would_block);
    Channels::agreed = true;
    CHECK(line.transport.has_unreliable(line.to));
    CHECK(line.transport.datagram_room(line.to) == Transport::unreliable_bytes);
    CHECK(line.mumble("now") == Sent::sent);
    Channels::takes = false;
    CHECK(line.mumble("too much waits") == Sent::would_block);
    Channels::takes = true;
    Channels::waits_now = 300 << 10; // of the other lane
    CHECK(line.mumble("besides") == Sent::sent);
    CHECK(line.say("behind") == Sent::would_block);
    CHECK(line.mumble(std::string(1100, 'x')) == Sent::sent);
    CHECK(line.mumble(std::string(1101, 'x')) == Sent::too_big);
    CHECK(line.mumble("") == Sent::too_big);
    CHECK(line.transport.send(line.to, Lane{2}, bytes_of("x")) == Sent::closed);
    CHECK(line.transport.send(Url{}, Transport::unreliable, bytes_of("x")) == Sent::closed);
    CHECK(Channels::unreliable == std::vector<std::string>{"now", "besides", std::string(1100, 'x')});
    CHECK((line.transport.counters().frames_out == 3 && line.transport.counters().beside_out == 3));
}

TEST_CASE("its buffer is lent for either lane") {
    Line line;
    line.meet();
    for (const Lane lane : {Transport::reliable, Transport::unreliable}) {
        const BytesOut into = line.transport.prepare(line.to, lane, 100);
        REQUIRE(into.size() == 100);
        copy(into.data(), bytes_of("lent"));
        CHECK(line.transport.commit(4) == Sent::sent);
    }
    CHECK(Channels::reliable.back() == "lent");
    CHECK(Channels::unreliable == std::vector<std::string>{"lent"});
    CHECK(line.transport.prepare(line.to, Transport::unreliable, 1101).empty());
    CHECK(line.transport.commit(4) == Sent::too_big);
    line.transport.close();
    CHECK(line.transport.prepare(line.to, Transport::unreliable, 4).empty());
    CHECK(line.transport.commit(4) == Sent::closed);
    CHECK(!line.transport.has_unreliable(line.to));
}

TEST_CASE("what may be lost fills half of the inbox, and is then left out") {
    Line line({.inbox_max = 2080});
    line.meet();
    for (int i = 0; i < 30; ++i) line.hear(std::string(100, 'x'), Transport::unreliable);
    CHECK(line.transport.counters().frames_in == 11);
    CHECK(line.transport.counters().dropped == 19);
    for (int i = 0; i < 9; ++i) line.hear(std::string(100, 'y'), Transport::reliable);
    CHECK(Channels::closed_with == 0);
    line.hear("z", Transport::reliable);
    CHECK(Channels::closed_with == 4013);
    line.turn();
    CHECK(line.heard.size() == 20);
    CHECK(line.losses == std::vector{Error::flooded});
}

TEST_CASE("why it ended is what the page says") {
    for (const Error why : {Error::closed, Error::refused, Error::unreachable, Error::key_changed,
                            Error::timed_out, Error::malformed}) {
        Line line;
        line.meet();
        line.hear("last words", Transport::reliable);
        Channels::broke(why);
        CHECK(line.mumble("x") == Sent::closed);
        CHECK(line.say("x") == Sent::closed);
        line.turn();
        line.turn();
        CHECK(line.heard.size() == 1);
        CHECK(line.losses == std::vector{why});
        CHECK(line.transport.close_code() == 0);
    }
    Line line;
    Channels::dials = false; // a browser without WebRTC
    CHECK(line.mumble("x") == Sent::closed);
    line.turn();
    CHECK(line.losses == std::vector{Error::unreachable});
}

TEST_CASE("words, and nothing at all, end it on either lane") {
    for (const Lane lane : {Transport::reliable, Transport::unreliable}) {
        Line line;
        line.meet();
        Channels::heard("", lane == Transport::reliable, lane);
        CHECK(Channels::closed_with == (lane == Transport::reliable ? 4003 : 4008));
        line.turn();
        CHECK(line.heard.empty());
        CHECK(line.losses == std::vector{Error::malformed});
    }
}
