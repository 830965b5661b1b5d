#include "tenon/transport/tls_web_socket.hpp"

#include <doctest/doctest.h>

#include <string>

#include "certificates.hpp"
#include "connected.hpp"

using namespace tenon;
using namespace connected;
using transport::TlsWebSocket;

namespace {

struct Harness : OverTcp {
    using Transport = TlsWebSocket;
    static constexpr bool answers = true;
    certificates::Set& set = certificates::Set::get();
    TlsWebSocket server(const ConnectionOptions& options) {
        return TlsWebSocket(options, {}, {.certificate = set.good.certificate, .key = set.good.key});
    }
    TlsWebSocket client(const ConnectionOptions& options) {
        return TlsWebSocket(options, {}, {.authorities = set.authority.file()});
    }
    std::string to(const IpAddress& at) { return "wss://localhost:" + std::to_string(at.port) + "/"; }
};

} // namespace

TEST_CASE("WebSocket under Tls keeps the contract of connected transports") { connected::all(Harness{}); }

TEST_CASE("a thousand WebSockets come and go under Tls") {
    Harness harness;
    connected::coming_and_going(harness, connected::rounds(4, 20));
}

TEST_CASE("addresses of WebSockets under Tls") {
    Harness harness;
    TlsWebSocket web = harness.client(on_loopback());
    CHECK(web.resolve("wss://192.0.2.1/play")->text().view() == "192.0.2.1:443");
    CHECK(web.resolve("192.0.2.1:4000")->text().view() == "192.0.2.1:4000");
    CHECK(web.resolve("ws://192.0.2.1:4000").error() == Error::encryption_mismatch);
}

static_assert(tenon::TransportPolicy<tenon::transport::TlsWebSocket> &&
              tenon::Connected<tenon::transport::TlsWebSocket>);
