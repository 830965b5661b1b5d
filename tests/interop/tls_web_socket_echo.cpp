//   tls_web_socket_echo serve CERTIFICATE KEY
//   tls_web_socket_echo dial URL ORIGIN AUTHORITIES
#include "tenon/transport/tls_web_socket.hpp"

#include "echo.hpp"
#include "game.hpp"

using tenon::transport::TlsWebSocket;

int main(int count, char** words) {
    const std::string_view what = count > 1 ? words[1] : "";
    if (count == 4 && what == "serve")
        return echo::serve(TlsWebSocket(echo::here, echo::game, {.certificate = words[2], .key = words[3]}));
    if (count == 5 && what == "dial")
        return echo::dial(TlsWebSocket(echo::here, {.origin = words[3]}, {.authorities = words[4]}),
                          words[2]);
    return 2;
}
