//   web_transport_echo serve [CERTIFICATE KEY]
// Prints `port N FINGERPRINT`; pages of http://127.0.0.1 at any port of ORIGIN may come.
//   web_transport_echo dial URL FINGERPRINT
#include "tenon/transport/web_transport.hpp"

#include "echo.hpp"

using tenon::transport::WebTransport;

int main(int count, char** words) {
    const std::string_view what = count > 1 ? words[1] : "";
    if (what == "serve" && count > 2) {
        return echo::serve(WebTransport(echo::here, {.path = "/game", .origins = {words[2]}}));
    }
    if (what == "dial" && count > 3)
        return echo::dial(WebTransport(echo::here, {}, {.fingerprint = words[3]}), words[2]);
    return 2;
}
