// browser::WebSocket against a native server that says back what it hears. Runs where there is a page, or
// node with page.cjs before it:  node -r ./page.cjs page_echo.js ws://127.0.0.1:PORT   prints `ok`, or what
// was wrong.
#include <emscripten/emscripten.h>

#include <cstdio>
#include <string>
#include <vector>

#include "tenon/browser/web_socket.hpp"
#include "tenon/transport/now.hpp"

using namespace tenon;
using browser::Url;
using browser::WebSocket;

namespace {

struct Try {
    WebSocket page;
    std::string server;
    std::vector<std::string> said;
    std::size_t sent = 0, heard = 0;
    unsigned losses = 0, woken = 0, step = 0;
    Url to;
    Instant start{}, turned{};

    void operator()(const Url& from, Lane, BytesIn bytes) {
        if (from != to || heard == said.size() || text_of(bytes) != said[heard]) over("an echo differs");
        ++heard;
    }
    void lost(const Url& of) {
        if (of != to) over("another was lost");
        ++losses;
    }
    [[noreturn]] static void over(const char* wrong) {
        if (wrong != nullptr)
            std::printf("wrong: %s\n", wrong);
        else
            std::printf("ok\n");
        std::fflush(stdout);
        emscripten_force_exit(wrong != nullptr);
        __builtin_unreachable();
    }
    static void want(bool holds, const char* what) {
        if (!holds) over(what);
    }
    void dial(const std::string& address) {
        losses = 0;
        const auto url = page.resolve(address);
        want(static_cast<bool>(url), "the address is not read");
        to = *url;
    }
    void begin() {
        want(page.open(0).error() == Error::cant_listen, "a page listens");
        want(page.entropy() != page.entropy(), "secrets repeat");
        want(page.resolve("ws://1.2.3.999:1").error() == Error::bad_address, "a wrong address is taken");
        want(static_cast<bool>(page.open_to_dial()), "it does not open");
        page.on_arrival([](void* self) { ++static_cast<Try*>(self)->woken; }, this);
        for (const std::size_t size : {1u, 125u, 126u, 1200u, 4096u, 65535u, 65536u, 66000u})
            said.emplace_back(size, static_cast<char>('a' + said.size()));
        for (unsigned i = 0; i < 2000; ++i) said.emplace_back(100 + i % 50, static_cast<char>('a' + i % 26));
        dial(server + "/play");
        start = turned = now();
    }
    void turn() {
        const Instant at = now();
        want(at >= turned && at - start < seconds(60), "time stands still, or it takes too long");
        turned = at;
        page.poll(*this);
        const bool is_lost = losses == 1 && page.connections() == 0;
        if (step == 0) { // everything comes back, whole and in its order, and what waits is bounded
            while (sent < said.size() && page.send(to, {}, bytes_of(said[sent])) == Sent::sent) ++sent;
            want(page.backlog(to) <= 400'000, "too much waits");
            if (heard < said.size()) return;
            want(losses == 0 && woken > 100, "it was lost, or not woken");
            want(page.counters().frames_in == said.size(), "frames are counted wrongly");
            want(page.send(to, {}, bytes_of("hang up")) == Sent::sent, "it can't say goodbye");
        } else if (step == 1) { // the server hangs up
            if (!is_lost) return;
            want(page.loss() == Error::closed && page.close_code() == 1000, "it was not closed in order");
            dial(server + "/elsewhere");
            (void)page.send(to, {}, bytes_of("x"));
        } else if (step == 2) { // refused by the server
            if (!is_lost) return;
            want(page.loss() == Error::unreachable, "a wrong path opens");
            dial("ws://127.0.0.1:1/");
            (void)page.send(to, {}, bytes_of("x"));
        } else if (step == 3) { // nobody is there
            if (!is_lost) return;
            want(page.loss() == Error::unreachable, "nobody answers");
            dial(server + "/play");
            heard = sent = 0;
            (void)page.send(to, {}, bytes_of(said[0]));
            page.close();
            want(static_cast<bool>(page.open_to_dial()), "it does not open again");
            (void)page.send(to, {}, bytes_of(said[0]));
        } else { // and again; we hang up
            if (heard == 0) return;
            page.hang_up(to);
            page.poll(*this);
            want(page.connections() == 0 && losses == 0, "hanging up is a loss");
            over(nullptr);
        }
        ++step;
    }
};

Try& attempt() {
    static Try one;
    return one;
}
void turn(void*) {
    attempt().turn();
    emscripten_async_call(turn, nullptr, 2);
}

} // namespace

int main(int count, char** words) {
    if (count != 2) return 2;
    attempt().server = words[1];
    attempt().begin();
    emscripten_async_call(turn, nullptr, 0);
    emscripten_exit_with_live_runtime();
}
