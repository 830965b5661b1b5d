// The transports of a page against a native server that says back what it hears. Runs where there is a page:
// for WebSocket also in node, with page.cjs before it:
//   node -r ./page.cjs page_echo.js ws://127.0.0.1:PORT      browser::WebSocket
//   page_echo.html, in a browser, with ?rtc://127.0.0.1:PORT  browser::WebRtc
//   and with ?https://127.0.0.1:PORT#FINGERPRINT              browser::WebTransport
// Prints `ok`, or what was wrong; before it of the latter two also what it measured.
#include <emscripten/emscripten.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tenon/browser/web_rtc.hpp"
#include "tenon/browser/web_socket.hpp"
#include "tenon/browser/web_transport.hpp"
#include "tenon/transport/now.hpp"

using namespace tenon;
using browser::Url;

static_assert(CheckTransport<browser::WebSocket>::ok && CheckTransport<browser::TlsWebSocket>::ok);
static_assert(CheckTransport<browser::WebRtc>::ok && CheckTransport<browser::TlsWebRtc>::ok);
static_assert(CheckTransport<browser::WebTransport>::ok);

namespace {

[[noreturn]] void over(const char* wrong) {
    if (wrong != nullptr)
        std::printf("wrong: %s\n", wrong);
    else
        std::printf("ok\n");
    std::fflush(stdout);
    emscripten_force_exit(wrong != nullptr);
    __builtin_unreachable();
}
void want(bool holds, const char* what) {
    if (!holds) over(what);
}

template <class Page>
struct Try {
    static constexpr bool is_rtc = std::is_same_v<Page, browser::WebRtc>;
    static constexpr bool has_beside = Page::traits.lanes > 1;
    static constexpr bool has_codes = !has_beside; // a WebSocket's
    Page page;
    std::string server, path, mark; // mark: what follows a path, with its #
    std::vector<std::string> said;
    std::vector<double> trips; // of what may be lost, in milliseconds
    std::size_t sent = 0, heard = 0, all_sent = 0;
    unsigned losses = 0, woken = 0, step = 0, swift = 0;
    Url to;
    Instant start{}, turned{}, opened{}, began{};

    explicit Try(std::string of, std::string with) : server(std::move(of)), path(std::move(with)) {
        mark = server.substr(std::min(server.find('#'), server.size()));
        server.resize(server.size() - mark.size());
    }

    void operator()(const Url& from, Lane lane, BytesIn bytes) {
        if (opened == Instant{}) opened = now();
        if (lane != Lane{})
            return trips.push_back((now() - Instant{load_le<std::int64_t>(bytes.data())}).ms());
        if (from != to || heard == said.size() || text_of(bytes) != said[heard]) over("an echo differs");
        ++heard;
    }
    std::string scheme() const { return server.substr(0, server.find(':')); }
    void lost(const Url& of) {
        if (of != to) over("another was lost");
        ++losses;
    }
    void dial(const std::string& address) {
        losses = 0;
        began = now();
        const auto url = page.resolve(address + mark);
        want(static_cast<bool>(url), "the address is not read");
        to = *url;
    }
    Sent say(std::string_view text) {
        const Sent how = page.send(to, {}, bytes_of(text));
        all_sent += how == Sent::sent;
        return how;
    }
    // In vain: the next step looks why.
    void knock(const std::string& address) {
        dial(address);
        (void)page.send(to, {}, bytes_of("x"));
    }
    void listen() {
        page.on_arrival(
            [](void* of) {
                Try& self = *static_cast<Try*>(of);
                ++self.woken;
                if (self.losses == 0 && self.step == 0)
                    self.page.poll(self); // what has come is heard at once
            },
            this);
    }
    void begin() {
        want(page.open(0).error() == Error::cant_listen, "a page listens");
        want(page.entropy() != page.entropy(), "secrets repeat");
        want(page.resolve(scheme() + "://1.2.3.999:1").error() == Error::bad_address,
             "a wrong address is taken");
        want(static_cast<bool>(page.open_to_dial()), "it does not open");
        listen();
        for (const std::size_t size : {1u, 125u, 126u, 1200u, 4096u, 65535u, 65536u, 66000u})
            said.emplace_back(size, static_cast<char>('a' + said.size()));
        for (unsigned i = 0; i < 2000; ++i) said.emplace_back(100 + i % 50, static_cast<char>('a' + i % 26));
        dial(server + path);
        start = turned = now();
    }
    // What follows once everything has come back; true when it is over.
    bool speak_swiftly() {
        if constexpr (has_beside) {
            want(page.has_unreliable(to), "nothing may be lost");
            const std::string large(Page::unreliable_bytes, 'x');
            want(page.send(to, Page::unreliable, bytes_of(large + "x")) == Sent::too_big,
                 "too much is taken");
            const BytesOut into = page.prepare(to, Page::unreliable, 100);
            want(into.size() == 100, "nothing is lent");
            store_le(into.data(), now().ns);
            if (page.commit(100) == Sent::sent) ++swift;
            return trips.size() >= 60;
        }
        return true;
    }
    // Ways in which nobody is met, of a page that lies to its program: page_echo.html.
    bool is_deceived() {
        if constexpr (is_rtc) {
            if (step == 4) {
                EM_ASM({ globalThis.deceit = "garbage"; });
                knock(server + path);
            } else if (step == 5) {
                want(page.loss() == Error::malformed, "garbage is an answer");
                EM_ASM({ globalThis.deceit = "liar"; });
                knock(server + path);
            } else if (step == 6) {
                want(page.loss() == Error::key_changed, "a liar comes in");
                EM_ASM({ globalThis.deceit = "mute"; });
                page = Page({.dial_max = milliseconds(200)});
                want(static_cast<bool>(page.open_to_dial()), "it does not open once more");
                knock(server + path);
            } else if (step == 7) {
                want(page.loss() == Error::timed_out && now() - began < seconds(20), "it waits for ever");
                EM_ASM({ globalThis.deceit = "refuses"; });
                page = Page();
                want(static_cast<bool>(page.open_to_dial()), "it does not open once more");
                knock(server + path);
            } else if (step == 8) {
                want(page.loss() == Error::refused, "silence is no refusal");
                EM_ASM({ globalThis.deceit = ""; });
                listen();
                return false;
            }
            return true;
        }
        return false;
    }
    void turn() {
        const Instant at = now();
        want(at >= turned, "time runs backwards");
        if (at - start >= seconds(60)) {
            std::printf("step %u: sent %zu, heard %zu, swift %u, of which back %zu, losses %u, %zu wait\n",
                        step, sent, heard, swift, trips.size(), losses, page.backlog(to));
            over("it takes too long");
        }
        turned = at;
        page.poll(*this);
        const bool is_lost = losses == 1 && page.connections() == 0;
        if (step == 0) { // everything comes back, whole and in its order, and what waits is bounded
            while (sent < said.size() && say(said[sent]) == Sent::sent) ++sent;
            want(page.backlog(to) <= 400'000, "too much waits");
            if (heard < said.size()) return;
            want(losses == 0 && woken > 100, "it was lost, or not woken");
            want(page.counters().frames_in >= said.size(), "frames are counted wrongly");
            if (!speak_swiftly()) return;
            want(say("hang up") == Sent::sent, "it can't say goodbye");
        } else if (step == 1) { // the server hangs up
            if (!is_lost) return;
            want(page.loss() == Error::closed && page.close_code() == (has_codes ? 1000 : 0),
                 "not closed in order");
            knock(server + "/elsewhere");
        } else if (step == 2) { // refused by the server
            if (!is_lost) return;
            want(page.loss() == Error::unreachable, "a wrong path opens");
            knock(scheme() + "://127.0.0.1:1/");
        } else if (step < 9) { // nobody is there, or not as it says
            if (!is_lost) return;
            if (step == 3) want(page.loss() == Error::unreachable, "nobody answers");
            ++step;
            if (is_deceived()) return;
            step = 9;
            dial(server + path);
            heard = sent = 0;
            (void)page.send(to, {}, bytes_of(said[0]));
            page.close();
            want(static_cast<bool>(page.open_to_dial()), "it does not open again");
            (void)say(said[0]);
            return;
        } else if (step == 9) { // and again; we hang up, and what we said still leaves
            if (heard == 0) return;
            for (unsigned i = 0; is_rtc && i < 40; ++i) want(say(said[3]) == Sent::sent, "last words");
            page.hang_up(to);
            page.poll(*this);
            want(page.connections() == 0 && losses == 0, "hanging up is a loss");
            began = at;
        } else {
            if (is_rtc && at - began < seconds(1)) return;
            tell();
            over(nullptr);
        }
        ++step;
    }
    void tell() {
        if (!has_beside) return;
        std::sort(trips.begin(), trips.end());
        std::printf("sent %zu swift %u\n", all_sent, swift);
        const char* road = is_rtc ? "rtc" : "web_transport";
        std::printf("figure page_%s.first_echo %.1f ms\n", road, (opened - start).ms());
        std::printf("figure page_%s.round_trip %.2f ms\n", road, trips[trips.size() / 2]);
    }
};

template <class Page>
void go(const char* server, const char* path) {
    static Try<Page> attempt(server, path);
    static const auto turn = [](void*) {
        static void (*again)(void*) = nullptr;
        again = [](void*) {
            attempt.turn();
            emscripten_async_call(again, nullptr, 2);
        };
        again(nullptr);
    };
    attempt.begin();
    emscripten_async_call(turn, nullptr, 0);
}

} // namespace

int main(int count, char** words) {
    if (count != 2) return 2;
    if (std::string_view(words[1]).substr(0, 4) == "rtc:")
        go<browser::WebRtc>(words[1], "/rtc");
    else if (std::string_view(words[1]).substr(0, 6) == "https:")
        go<browser::WebTransport>(words[1], "/game");
    else
        go<browser::WebSocket>(words[1], "/play");
    emscripten_exit_with_live_runtime();
}
