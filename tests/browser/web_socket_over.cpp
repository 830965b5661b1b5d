#include "tenon/browser/web_socket_over.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace tenon;
using browser::Url;
using browser::WebSocketOptions;

namespace {

// A page in a test: the sockets that were asked for, what was done with them, and how to tell of them.
struct FakePage {
    struct Socket {
        std::string url, protocol;
        std::vector<std::string> sent;
        std::size_t waits = 0;
        int closed_with = 0;
        std::function<void(std::string_view)> opened;
        std::function<void(std::string_view, bool)> heard;
        std::function<void(std::uint16_t)> closed;
    };
    static inline std::map<int, Socket> sockets;
    static inline int last = 0;
    static inline bool encrypted = false, breaks = false, dials = true;

    static void reset() {
        sockets.clear();
        last = 0;
        encrypted = breaks = false;
        dials = true;
    }
    static bool reads(const char* url) { return std::string(url).find("1.2.3.999") == std::string::npos; }
    static bool is_encrypted() { return encrypted; }
    static bool is_own_machine(const char* url) {
        return std::string(url).find("localhost") != std::string::npos;
    }
    static std::uint64_t entropy() { return 7; }
    template <class Owner>
    static int open(const char* url, const char* protocol, Owner& owner) {
        if (!dials) return -1;
        Socket& socket = sockets[++last];
        socket.url = url;
        socket.protocol = protocol;
        socket.opened = [&owner](std::string_view chosen) { owner.opened(chosen); };
        socket.heard = [&owner](std::string_view text, bool is_text) {
            owner.heard(bytes_of(text), is_text);
        };
        socket.closed = [&owner](std::uint16_t code) { owner.closed(code); };
        return last;
    }
    static bool send(int socket, BytesIn bytes) {
        if (breaks) return false;
        sockets[socket].sent.emplace_back(text_of(bytes));
        return true;
    }
    static std::size_t waits(int socket) { return sockets[socket].waits; }
    static void close(int socket, std::uint16_t code) {
        CHECK(sockets[socket].closed_with == 0);
        sockets[socket].closed_with = code;
    }
};

using Transport = browser::WebSocketOver<FakePage>;
static_assert(CheckTransport<Transport>::ok && Connected<Transport> && LendsBuffer<Transport>);

struct Line {
    Transport transport;
    std::vector<std::string> heard;
    std::vector<Error> losses;
    Url to;
    std::function<void()> in_call; // what the handler does besides

    explicit Line(WebSocketOptions options = {}) : transport(std::move(options)) {
        FakePage::reset();
        REQUIRE(transport.open_to_dial());
        to = *transport.resolve("ws://game.example:4000/play");
    }
    Sent say(std::string_view text) { return transport.send(to, {}, bytes_of(text)); }
    void turn() {
        struct Ear {
            Line& line;
            void operator()(const Url& from, Lane, BytesIn bytes) {
                CHECK(from == line.to);
                line.heard.emplace_back(text_of(bytes));
                if (line.in_call) line.in_call();
            }
            void lost(const Url& of) {
                CHECK(of == line.to);
                line.losses.push_back(line.transport.loss());
                if (line.in_call) line.in_call();
            }
        };
        transport.poll(Ear{*this});
    }
    FakePage::Socket& dial() {
        REQUIRE(say("hello") == Sent::sent);
        return socket();
    }
    FakePage::Socket& meet() {
        dial().opened("tenon");
        return socket();
    }
    FakePage::Socket& socket() { return FakePage::sockets[FakePage::last]; }
};

} // namespace

TEST_CASE("a page can't be a host, and says so") {
    Transport page;
    CHECK(page.open(0).error() == Error::cant_listen);
    CHECK(page.open(4000).error() == Error::cant_listen);
    CHECK(!page.is_open());
    CHECK(page.send(Url{}, {}, bytes_of("x")) == Sent::closed);
    CHECK(page.prepare(Url{}, {}, 10).empty());
    CHECK(page.commit(10) == Sent::closed);
    CHECK(page.backlog(Url{}) == 0);
    page.hang_up(Url{});
    page.poll(NoDatagrams{});
    page.flush();
    page.wait(Instant::never());
    page.close();
    CHECK(page.open_to_dial());
    CHECK(page.open_to_dial().error() == Error::already_open);
    CHECK(page.send(Url{}, {}, bytes_of("x")) == Sent::closed);
}

TEST_CASE("addresses are the browser's to read, and an encrypted page dials nothing that is not") {
    FakePage::reset();
    Transport page;
    CHECK(page.resolve("ws://1.2.3.999").error() == Error::bad_address);
    CHECK(page.resolve("ftp://a").error() == Error::bad_address);
    CHECK(page.resolve("a:1")->text() == "ws://a:1/");
    FakePage::encrypted = true;
    CHECK(page.resolve("a:1")->text() == "wss://a:1/");
    CHECK(page.resolve("ws://a:1").error() == Error::encryption_mismatch);
    CHECK(page.resolve("ws://localhost:1")->text() == "ws://localhost:1/");
}

TEST_CASE("who wants it encrypted dials nothing else, wherever the page came from") {
    FakePage::reset();
    browser::WebSocketOver<FakePage, true> page;
    static_assert(page.traits.encrypted && !Transport::traits.encrypted);
    CHECK(page.resolve("a:1")->text() == "wss://a:1/");
    CHECK(page.resolve("wss://localhost")->text() == "wss://localhost:443/");
    CHECK(page.resolve("ws://localhost:1").error() == Error::encryption_mismatch);
}

TEST_CASE("what is said while it dials leaves in its order once it is open") {
    Line line;
    auto& socket = line.dial();
    CHECK(socket.url == "ws://game.example:4000/play");
    CHECK(socket.protocol == "tenon");
    CHECK(line.say("and more") == Sent::sent);
    CHECK(socket.sent.empty());
    CHECK(line.transport.backlog(line.to) == 5 + 8 + 2 * 4);
    socket.opened("tenon");
    CHECK(socket.sent == std::vector<std::string>{"hello", "and more"});
    CHECK(line.transport.backlog(line.to) == 0);
    const BytesOut into = line.transport.prepare(line.to, {}, 20);
    REQUIRE(into.size() == 20);
    copy(into.data(), bytes_of("lent"));
    CHECK(line.transport.commit(4) == Sent::sent);
    CHECK(socket.sent.back() == "lent");
    CHECK(line.transport.commit(0) == Sent::sent);
    CHECK(FakePage::last == 1);
    CHECK(line.transport.counters().frames_out == 3);
}

TEST_CASE("what waits in the browser counts, and is bounded") {
    Line line({.backlog_max = 1000});
    auto& socket = line.meet();
    socket.waits = 900;
    CHECK(line.transport.backlog(line.to) == 900);
    CHECK(line.say(std::string(100, 'x')) == Sent::sent);
    CHECK(line.say(std::string(101, 'x')) == Sent::would_block);
    CHECK(line.transport.prepare(line.to, {}, 101).empty());
    socket.waits = 0;
    CHECK(line.say(std::string(5000, 'x')) == Sent::sent); // alone, whatever its size
    CHECK(line.say(std::string(66'000, 'x')) == Sent::sent);
    CHECK(line.say(std::string(66'001, 'x')) == Sent::too_big);
    CHECK(line.say("") == Sent::too_big);
}

TEST_CASE("frames wait in their order until they are polled, and so many at a time") {
    Line line({.bytes_per_poll = 1000});
    auto& socket = line.meet();
    for (int i = 0; i < 25; ++i) socket.heard(std::string(99, 'a') + static_cast<char>('a' + i), false);
    line.turn();
    CHECK(line.heard.size() == 10);
    line.turn();
    line.turn();
    REQUIRE(line.heard.size() == 25);
    for (int i = 0; i < 25; ++i) CHECK(line.heard[static_cast<std::size_t>(i)].back() == 'a' + i);
    CHECK(line.transport.counters().frames_in == 25);
    CHECK(line.transport.counters().inbox_most == 25 * 104);
    CHECK(line.losses.empty());
}

TEST_CASE("a pile that grows over its bound breaks the connection, and what came before it is heard") {
    Line line({.inbox_max = 1040});
    auto& socket = line.meet();
    for (int i = 0; i < 10; ++i) socket.heard(std::string(100, 'x'), false);
    CHECK(socket.closed_with == 0);
    socket.heard("y", false);
    CHECK(socket.closed_with == 4013);
    CHECK(line.say("still there?") == Sent::closed);
    line.turn();
    CHECK(line.heard.size() == 10);
    CHECK(line.losses == std::vector{Error::flooded});
    CHECK(line.transport.connections() == 0);
    CHECK(line.transport.counters().refused == 1);
    CHECK(line.say("again") == Sent::sent); // another connection
    CHECK(FakePage::last == 2);
}

TEST_CASE("words, nothing at all and what is too large are refused with a code") {
    struct Case {
        std::string frame;
        bool text;
        int code;
        Error error;
    };
    for (const Case& wrong :
         {Case{"words", true, 4003, Error::malformed}, Case{"", false, 4008, Error::malformed},
          Case{std::string(66'001, 'x'), false, 4009, Error::too_large}}) {
        Line line;
        auto& socket = line.meet();
        socket.heard(wrong.frame, wrong.text);
        CHECK(socket.closed_with == wrong.code);
        socket.heard("late", false); // the browser had it already
        line.turn();
        CHECK(line.heard.empty());
        CHECK(line.losses == std::vector{wrong.error});
        CHECK(line.transport.close_code() == wrong.code);
    }
    Line line;
    line.dial().opened("chess");
    CHECK(line.socket().closed_with == 4002);
    line.turn();
    CHECK(line.losses == std::vector{Error::malformed});
}

TEST_CASE("a server that names no subprotocol is taken at its word") {
    Line line;
    line.dial().opened("");
    CHECK(line.socket().sent.size() == 1);
}

TEST_CASE("a connection that ends is told once, with what its code means") {
    const std::pair<int, Error> ends[] = {
        {1000, Error::closed},  {1001, Error::closed},    {1006, Error::closed}, {1002, Error::malformed},
        {1008, Error::refused}, {1009, Error::too_large}, {4000, Error::closed}};
    for (const auto& [code, error] : ends) {
        Line line;
        auto& socket = line.meet();
        socket.heard("last words", false);
        socket.closed(static_cast<std::uint16_t>(code));
        CHECK(line.say("x") == Sent::closed);
        line.turn();
        line.turn();
        CHECK(line.heard == std::vector<std::string>{"last words"});
        CHECK(line.losses == std::vector{error});
        CHECK(line.transport.close_code() == code);
        CHECK(line.transport.counters().lost == 1);
    }
    Line line; // nobody is there
    line.dial().closed(1006);
    line.turn();
    CHECK(line.losses == std::vector{Error::unreachable});
    FakePage::dials = false; // the browser does not even try
    CHECK(line.say("x") == Sent::closed);
    line.turn();
    CHECK(line.losses == std::vector{Error::unreachable, Error::unreachable});
    FakePage::dials = true;
    line.meet();
    FakePage::breaks = true;
    CHECK(line.say("x") == Sent::closed);
    line.turn();
    CHECK(line.losses.back() == Error::closed);
}

TEST_CASE("who is dialled and does not answer is given up") {
    Line line({.dial_max = milliseconds(0)});
    auto& socket = line.dial();
    CHECK(line.losses.empty());
    line.turn();
    CHECK(line.losses == std::vector{Error::timed_out});
    CHECK(socket.closed_with == 1000);
    line.meet(); // in time
    line.turn();
    line.turn();
    CHECK(line.losses.size() == 1);
    Line patient;
    patient.dial();
    patient.turn();
    CHECK(patient.losses.empty());
    CHECK(patient.transport.connections() == 1);
}

TEST_CASE("who hangs up hears no more, and no loss") {
    Line line;
    auto& socket = line.meet();
    socket.heard("one", false);
    line.transport.hang_up(line.to);
    CHECK(socket.closed_with == 1000);
    line.turn();
    CHECK(line.heard.empty());
    CHECK(line.losses.empty());
    CHECK(line.transport.connections() == 0);
}

TEST_CASE("a handler may hang up, close, and open again") {
    Line line;
    auto* socket = &line.meet();
    line.in_call = [&] { line.transport.hang_up(line.to); };
    socket->heard("one", false);
    socket->heard("two", false);
    line.turn();
    CHECK(line.heard.size() == 1);
    socket = &line.meet();
    line.in_call = [&] {
        line.transport.close();
        CHECK(line.transport.open_to_dial());
        line.turn(); // not within itself
    };
    socket->heard("one", false);
    socket->heard("two", false);
    line.turn();
    CHECK(line.heard.size() == 2);
    CHECK(socket->closed_with == 1000);
    line.in_call = [&] { line.transport.close(); };
    line.dial().closed(1006);
    line.turn();
    CHECK(line.losses.size() == 1);
    CHECK(!line.transport.is_open());
}

TEST_CASE("whoever asks for it is called when something has come, and may do anything there") {
    Line line;
    int calls = 0;
    struct Hook {
        Line& line;
        int& calls;
    } hook{line, calls};
    const auto called = [](void* to) {
        auto& [at, count] = *static_cast<Hook*>(to);
        ++count;
        at.turn();
        if (at.heard.size() == 2) at.transport.close();
    };
    line.transport.on_arrival(called, &hook);
    auto& socket = line.meet();
    CHECK(calls == 1);
    socket.heard("one", false);
    CHECK(line.heard.size() == 1);
    socket.heard("two", false);
    CHECK(calls == 3);
    CHECK(!line.transport.is_open());
    REQUIRE(line.transport.open_to_dial()); // the hook stays
    line.heard.clear();
    line.dial().closed(1006);
    CHECK(calls == 4);
    line.transport.on_arrival(nullptr, nullptr);
    line.meet();
    CHECK(calls == 4);
}

TEST_CASE("it moves, and what it holds moves along") {
    Line line;
    auto& socket = line.meet();
    Transport moved(std::move(line.transport));
    socket.heard("one", false);
    line.transport = std::move(moved);
    line.turn();
    CHECK(line.heard.size() == 1);
}

TEST_CASE("not too many connections at a time") {
    FakePage::reset();
    Transport page;
    REQUIRE(page.open_to_dial());
    for (int i = 0; i < 9; ++i) {
        const auto to = page.resolve("a:" + std::to_string(i + 1));
        REQUIRE(to);
        CHECK(page.send(*to, {}, bytes_of("x")) == (i < 8 ? Sent::sent : Sent::closed));
    }
    CHECK(page.connections() == 8);
}
