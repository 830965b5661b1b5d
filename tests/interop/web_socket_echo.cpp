//   web_socket_echo serve
//   web_socket_echo dial URL ORIGIN
#include "echo.hpp"
#include "game.hpp"

using tenon::transport::WebSocket;

int main(int count, char** words) {
    const std::string_view what = count > 1 ? words[1] : "";
    if (count == 2 && what == "serve") return echo::serve(WebSocket(echo::here, echo::game));
    if (count == 4 && what == "dial")
        return echo::dial(WebSocket(echo::here, {.origin = words[3]}), words[2]);
    return 2;
}
