#include "tenon/transport/sdp.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tenon;
using namespace tenon::transport;
using transport::detail::Sdp;

namespace {

const std::string print =
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff";
// As Chromium offers a connection with one data channel.
const std::string start =
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n";
const std::string media =
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:4ZcD\r\n"
    "a=ice-pwd:2/1muCWoOi3uLifh0NuRHlqb\r\na=ice-options:trickle\r\na=fingerprint:sha-256 " +
    print + "\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";
const std::string offer = start + media;

std::string without(const std::string& line) {
    std::string text = offer;
    const std::size_t at = text.find(line);
    REQUIRE(at != std::string::npos);
    return text.erase(at, text.find('\n', at) + 1 - at);
}
std::string instead(const std::string& line, const std::string& other) {
    std::string text = offer;
    const std::size_t at = text.find(line);
    REQUIRE(at != std::string::npos);
    return text.replace(at, line.size(), other);
}
bool reads(const std::string& text) { return bool(Sdp::read(text)); }

} // namespace

TEST_CASE("a browser's offer is read") {
    const auto sdp = Sdp::read(offer);
    REQUIRE(sdp);
    CHECK(sdp->mid == "0");
    CHECK(sdp->user == "4ZcD");
    CHECK(sdp->password == "2/1muCWoOi3uLifh0NuRHlqb");
    CHECK(sdp->has_print);
    CHECK(sdp->print[1] == 0x11);
    CHECK(sdp->print[31] == 0xFF);
    CHECK(sdp->setup == Sdp::Setup::actpass);
    CHECK(sdp->port == 5000);
    CHECK(sdp->message_max == 262144);
    CHECK(!sdp->lite);
    CHECK(sdp->candidate_count == 0);
    std::string bare = offer;
    for (std::size_t at = 0; (at = bare.find('\r')) != std::string::npos;) bare.erase(at, 1);
    CHECK(reads(bare)); // programs that write plain lines are heard as well
    CHECK(Sdp::read(without("a=max-message-size"))->message_max == 65536);
}

TEST_CASE("candidates are those that can be used") {
    const auto sdp = Sdp::read(
        offer +
        "a=candidate:1 1 udp 2113937151 203.0.113.7 4000 typ host generation 0 network-cost 999\r\n"
        "a=candidate:2 1 UDP 2113937151 2001:db8::7 4001 typ srflx raddr 0.0.0.0 rport 0\r\n"
        "a=candidate:3 1 tcp 1518214911 203.0.113.7 9 typ host tcptype active\r\n"
        "a=candidate:4 2 udp 2113937151 203.0.113.7 4002 typ host\r\n"
        "a=candidate:5 1 udp 2113937151 4f2b1c9e-0000-4000-8000-000000000000.local 4003 typ host\r\n"
        "a=candidate:1 1 udp 2113937151 203.0.113.7 4000 typ host\r\na=end-of-candidates\r\n");
    REQUIRE(sdp);
    REQUIRE(sdp->candidate_count == 2);
    CHECK(sdp->candidates[0] == IpAddress::v4(203, 0, 113, 7, 4000));
    CHECK(sdp->candidates[1] == *IpAddress::parse("[2001:db8::7]:4001"));
    std::string many = offer;
    for (int i = 0; i < 40; ++i)
        many += "a=candidate:1 1 udp 1 203.0.113.7 " + std::to_string(4000 + i) + " typ host\r\n";
    REQUIRE(Sdp::read(many));
    CHECK(Sdp::read(many)->candidate_count == Sdp::candidates_max);
    for (const char* bad : {"1 1 udp 1 203.0.113.7 4000", "1 1 udp 1 203.0.113.7 70000 typ host", "",
                            "1 1 udp -1 203.0.113.7 4000 typ host", "1 1 udp 1  4000 typ host",
                            "1 one udp 1 203.0.113.7 4000 typ host", "1 1 udp 1 203.0.113.7 4000 type host"})
        CHECK(!reads(offer + "a=candidate:" + bad + "\r\n"));
}

TEST_CASE("what is no offer of a data channel is refused") {
    CHECK(Sdp::read("").error() == Error::malformed);
    CHECK(Sdp::read("hello").error() == Error::malformed);
    CHECK(Sdp::read(std::string(20'000, 'a')).error() == Error::too_large);
    for (const char* line : {"m=application", "a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup", "a=mid",
                             "a=sctp-port", "v=0"}) {
        CAPTURE(line);
        CHECK(!reads(without(line)));
    }
    CHECK(!reads(offer.substr(0, offer.size() - 2))); // the last line has no end
    CHECK(!reads(offer + media));                     // two of a kind
    for (const char* twice : {"a=ice-ufrag:abcd\r\n", "a=setup:active\r\n", "a=mid:1\r\n",
                              "a=sctp-port:5000\r\n", "a=max-message-size:1\r\n"})
        CHECK(!reads(offer + twice));
    CHECK(!reads(offer + "a=fingerprint:sha-256 " + print + "\r\n"));
    CHECK(reads(offer + "a=fingerprint:sha-512 AB\r\n")); // beside ours
    CHECK(!reads(instead("UDP/DTLS/SCTP webrtc-datachannel", "UDP/TLS/RTP/SAVPF 111")));
    CHECK(!reads(instead("m=application", "m=audio")));
    CHECK(!reads(instead("ice-ufrag:4ZcD", "ice-ufrag:4Zc")));
    CHECK(!reads(instead("ice-ufrag:4ZcD", "ice-ufrag:4Z:D")));
    CHECK(!reads(instead("2/1muCWoOi3uLifh0NuRHlqb", "tooshort")));
    CHECK(!reads(instead("2/1muCWoOi3uLifh0NuRHlqb", std::string(257, 'a'))));
    CHECK(!reads(instead("sha-256", "sha-1")));
    CHECK(!reads(instead(print, print.substr(3))));
    CHECK(!reads(instead(print, "0g" + print.substr(2))));
    CHECK(!reads(instead(print, "00-" + print.substr(3))));
    CHECK(!reads(instead("setup:actpass", "setup:holdconn")));
    CHECK(!reads(instead("sctp-port:5000", "sctp-port:0")));
    CHECK(!reads(instead("sctp-port:5000", "sctp-port:65536")));
    CHECK(!reads(instead("mid:0", "mid:" + std::string(33, 'm'))));
    CHECK(!reads(instead("mid:0", "mid:a b")));
    CHECK(!reads(offer + "nonsense\r\n"));
    CHECK(!reads(offer + "a=x\r\n\r\n"));
    CHECK(!reads(offer + "a=zero" + std::string(1, '\0') + "\r\n"));
    std::string lines = offer;
    for (std::size_t i = 0; i < Sdp::lines_max; ++i) lines += "a=x\r\n";
    CHECK(!reads(lines));
}

TEST_CASE("an answer says what was to be said") {
    Sdp answer;
    answer.mid = "data";
    answer.user = "abcdefgh";
    answer.password = "abcdefghijklmnopqrstuvwx";
    answer.setup = Sdp::Setup::passive;
    answer.lite = true;
    answer.port = 5000;
    answer.message_max = 66'000;
    for (std::size_t i = 0; i < answer.print.size(); ++i) answer.print[i] = static_cast<std::uint8_t>(i * 9);
    CHECK(answer.add(IpAddress::v4(203, 0, 113, 7, 4000)));
    CHECK(answer.add(*IpAddress::parse("[2001:db8::7]:4001")));
    CHECK(answer.add(IpAddress::v4(203, 0, 113, 7, 4000))); // known
    const std::string text = answer.write(~std::uint64_t(0));
    const auto read = Sdp::read(text);
    REQUIRE(read);
    CHECK(read->mid == "data");
    CHECK(read->user == answer.user);
    CHECK(read->password == answer.password);
    CHECK(read->print == answer.print);
    CHECK(read->setup == Sdp::Setup::passive);
    CHECK(read->lite);
    CHECK(read->message_max == 66'000);
    REQUIRE(read->candidate_count == 2);
    CHECK(read->candidates == answer.candidates);
    CHECK(text.find("a=candidate:1 1 udp 2130706431 203.0.113.7 4000 typ host\r\n") != std::string::npos);
    CHECK(text.find("2001:db8::7 4001 typ host\r\na=end-of-candidates\r\n") != std::string::npos);
    CHECK(text.find("o=- 9223372036854775807 2 IN IP4") != std::string::npos); // as browsers can read it
}
