// Two WebSockets of one program meet, in a project that took tenon in.
#include <tenon/transport/web_socket.hpp>

int main() {
    using tenon::transport::WebSocket;
    WebSocket server({.bind = tenon::transport::IpAddress::loopback(0)}), client;
    const auto at = server.open(0);
    if (!at || !client.open_to_dial()) return 1;
    bool heard = false;
    for (int i = 0; i < 1000 && !heard; ++i) {
        if (i == 0) (void)client.send(WebSocket::Address(*at), {}, tenon::bytes_of("hello"));
        client.wait(tenon::now() + tenon::milliseconds(1));
        client.poll(tenon::NoDatagrams{});
        server.poll([&](const auto&, tenon::Lane, tenon::BytesIn) { heard = true; });
        server.flush();
    }
    return heard ? 0 : 1;
}
