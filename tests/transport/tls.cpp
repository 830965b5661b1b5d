#include "tenon/transport/tls.hpp"

#include <doctest/doctest.h>

#include <string>

#include "certificates.hpp"
#include "connected.hpp"
#include "tenon/transport/tls_options.hpp"
#include "tenon/transport/tls_tcp.hpp"

using namespace tenon;
using namespace connected;
using certificates::Files;
using transport::TlsOptions;
using transport::TlsTcp;

namespace {

TlsOptions of(const Files& files) { return {.certificate = files.certificate, .key = files.key}; }
TlsOptions believing(const std::string& file) { return {.authorities = file}; }

struct Harness : OverTcp {
    using Transport = TlsTcp;
    static constexpr bool answers = true;
    certificates::Set& set = certificates::Set::get();
    TlsTcp server(const ConnectionOptions& options) { return TlsTcp(options, {}, of(set.good)); }
    TlsTcp client(const ConnectionOptions& options) {
        return TlsTcp(options, {}, believing(set.authority.file()));
    }
    std::string to(const IpAddress& at) { return std::string(IpAddress::loopback(at.port).text().view()); }
};

// How it ends when these meet: with none where they speak.
Error meeting(const TlsOptions& server, const TlsOptions& client, const std::string& host = "127.0.0.1") {
    Party<TlsTcp> a{TlsTcp(on_loopback(), {}, server)}, b{TlsTcp(on_loopback(), {}, client)};
    const auto at = a.transport.open(0);
    REQUIRE(at);
    REQUIRE(b.transport.open_to_dial());
    const ConnectionAddress to = b.at(host + ":" + std::to_string(at->port));
    CHECK(b.transport.send(to, {}, bytes_of("secret")) == Sent::sent);
    REQUIRE(until([&] { return !a.heard.empty() || !b.losses.empty(); }, b, a));
    if (b.losses.empty()) return Error::none;
    CHECK(a.heard.empty());
    return b.losses[0].second;
}

} // namespace

TEST_CASE("Tcp under Tls keeps the contract of connected transports") { connected::all(Harness{}); }

TEST_CASE("a thousand connections come and go under Tls") {
    Harness harness;
    connected::coming_and_going(harness, connected::rounds(4, 20));
}

TEST_CASE("a client under Tls speaks to whom it believes, and to nobody else") {
    auto& set = certificates::Set::get();
    const TlsOptions trusting = believing(set.authority.file());
    CHECK(meeting(of(set.good), trusting) == Error::none);
    CHECK(meeting(of(set.good), trusting, "localhost") == Error::none);
    CHECK(meeting(of(set.foreign), trusting) == Error::unknown_key);
    CHECK(meeting(of(set.foreign), trusting, "localhost") == Error::unknown_key);
    CHECK(meeting(of(set.strange), trusting) == Error::unknown_key);
    CHECK(meeting(of(set.expired), trusting) == Error::expired);
    CHECK(meeting(of(set.good), {}) == Error::unknown_key); // none of the system's
    TlsOptions named = trusting;
    named.host_name = "game.example";
    CHECK(meeting(of(set.foreign), named) == Error::none);
    CHECK(meeting(of(set.good), named) == Error::unknown_key);
}

TEST_CASE("a pinned certificate is believed whoever signed it, and no other") {
    auto& set = certificates::Set::get();
    TlsOptions pinned;
    pinned.fingerprint = set.strange.fingerprint;
    CHECK(meeting(of(set.strange), pinned) == Error::none);
    CHECK(meeting(of(set.good), pinned) == Error::key_changed);
    std::string plain;
    for (const char c : set.strange.fingerprint)
        if (c != ':') plain += static_cast<char>(c >= 'A' ? c - 'A' + 'a' : c);
    pinned.fingerprint = plain;
    CHECK(meeting(of(set.strange), pinned) == Error::none);
    for (const std::string& wrong :
         {plain.substr(2), plain.substr(0, 62), plain + "00", plain.substr(0, 63) + "g", std::string("x")}) {
        pinned.fingerprint = wrong;
        CHECK(meeting(of(set.strange), pinned) == Error::key_changed);
    }
}

TEST_CASE("files that lack or are no certificates are refused when it opens") {
    auto& set = certificates::Set::get();
    const auto opening = [](const TlsOptions& options) {
        TlsTcp transport(on_loopback(), {}, options);
        return transport.open(0).error();
    };
    CHECK(opening(of(set.good)) == Error::none);
    CHECK(opening({}) == Error::file_missing);
    CHECK(opening({.certificate = set.good.certificate}) == Error::file_missing);
    CHECK(opening({.certificate = set.good.certificate, .key = set.foreign.key}) == Error::malformed);
    CHECK(opening({.certificate = set.good.key, .key = set.good.key}) == Error::malformed);
    TlsOptions lost = of(set.good);
    lost.authorities = set.folder.path + "/nobody.pem";
    CHECK(opening(lost) == Error::file_missing);
    lost.authorities = set.good.key;
    CHECK(opening(lost) == Error::malformed);
    TlsTcp guest(on_loopback(), {}, believing(set.authority.file()));
    CHECK(guest.open_to_dial()); // needs no certificate
}

TEST_CASE("who speaks plainly to Tls, or Tls to who speaks plainly, is told apart") {
    auto& set = certificates::Set::get();
    Party<TlsTcp> server{TlsTcp(on_loopback(), {}, of(set.good))};
    const auto at = server.transport.open(0);
    REQUIRE(at);
    Party<transport::Tcp> plain{transport::Tcp(on_loopback())};
    const auto at_plain = plain.transport.open(0);
    REQUIRE(at_plain);
    const std::string host = "127.0.0.1:";
    const ConnectionAddress to = plain.at(host + std::to_string(at->port));
    CHECK(plain.transport.send(to, {}, bytes_of(std::string(100, 'x'))) == Sent::sent);
    REQUIRE(until([&] { return !plain.losses.empty(); }, plain, server));
    CHECK(server.heard.empty());
    Party<TlsTcp> client{TlsTcp(on_loopback(), {}, believing(set.authority.file()))};
    REQUIRE(client.transport.open_to_dial());
    const ConnectionAddress there = client.at(host + std::to_string(at_plain->port));
    CHECK(client.transport.send(there, {}, bytes_of("secret")) == Sent::sent);
    REQUIRE(until([&] { return !client.losses.empty() || !plain.heard.empty(); }, client, plain));
    for (const auto& [from, text] : plain.heard) CHECK(text.find("secret") == std::string::npos);
}

static_assert(tenon::TransportPolicy<tenon::transport::TlsTcp> && tenon::Connected<tenon::transport::TlsTcp>);
