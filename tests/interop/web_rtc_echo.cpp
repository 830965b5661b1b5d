//   web_rtc_echo serve
// What other people's WebRTC is tried against: a host that says back what it hears, on the lane where it
// heard it. Prints `port N`, then each loss, and ends when its input does, with how much it heard.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "tenon/transport/web_rtc.hpp"

using namespace tenon;
using transport::ConnectionAddress;
using transport::WebRtc;

namespace {

struct Echo {
    WebRtc& host;
    void operator()(const ConnectionAddress& from, Lane lane, BytesIn bytes) {
        if (text_of(bytes) == "hang up")
            host.hang_up(from);
        else
            (void)host.send(from, lane, bytes);
    }
    void lost(const ConnectionAddress&) {
        const WebRtc& told = host;
        std::printf("lost %s\n", std::string(name(told.loss())).c_str());
        std::fflush(stdout);
    }
};

} // namespace

int main(int count, char** words) {
    if (count != 2 || std::string_view(words[1]) != "serve") return 2;
    // Room for all that anybody says here, since an echo for which there is none would be missed.
    WebRtc host({.bind = transport::IpAddress::loopback(0), .backlog_max = 1 << 20}, {.path = "/rtc"});
    const auto at = host.open(0);
    if (!at) return 1;
    std::printf("port %u\n", unsigned(at->port));
    std::fflush(stdout);
    Echo echo{host};
    for (;;) {
        host.wait(now() + milliseconds(20));
        host.poll(echo);
        host.flush();
        pollfd input{0, POLLIN, 0};
        if (::poll(&input, 1, 0) > 0) break;
    }
    const auto counters = host.counters();
    std::printf("reliable %llu\nunreliable %llu\n", static_cast<unsigned long long>(counters.frames_in),
                static_cast<unsigned long long>(counters.unreliable_in));
    return 0;
}
