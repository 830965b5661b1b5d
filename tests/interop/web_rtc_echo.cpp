//   web_rtc_echo serve
// What other people's WebRTC is tried against: a host that says back what it hears, on the lane where it
// heard it.
#include "tenon/transport/web_rtc.hpp"

#include "echo.hpp"

int main(int count, char** words) {
    if (count != 2 || std::string_view(words[1]) != "serve") return 2;
    return echo::serve(tenon::transport::WebRtc(echo::here, {.path = "/rtc"}));
}
