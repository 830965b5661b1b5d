#include "tenon/transport/upgrade.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

#include "tenon/transport/accept_key.hpp"
#include "tenon/transport/http_head.hpp"

using namespace tenon;
using namespace tenon::transport;
using namespace tenon::transport::detail;
using Found = HttpHeadEnd::Found;

namespace {

std::string hex(const Sha1Digest& digest) {
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}
std::string encoded(std::string_view text) {
    return base64(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}
Found found(std::string_view text) { return HttpHeadEnd().look(bytes_of(text)); }

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
std::string asking(std::string_view more = {}) {
    return "GET / HTTP/1.1\r\nhost: a\r\nUPGRADE: WebSocket\r\nConnection:keep-alive ,  upgrade\r\n"
           "Sec-WebSocket-Key:\t" +
           std::string(key) + " \r\nSec-WebSocket-Version: 13\r\n" + std::string(more) + "\r\n";
}
std::uint16_t status(const std::string& text, const WebSocketOptions& options = {}) {
    HttpHead head;
    return head.read(text) ? judge_upgrade(head, options).status : std::uint16_t(0);
}

} // namespace

TEST_CASE("SHA-1 and base64, as their RFCs have them, and the key of RFC 6455") {
    CHECK(hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hex(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK(hex(sha1(std::string(1000, 'a'))) == "291e9a6c66994949b57ba5e650361e98fc36b1ba");
    CHECK(encoded("") == "");
    CHECK(encoded("f") == "Zg==");
    CHECK(encoded("fo") == "Zm8=");
    CHECK(encoded("foo") == "Zm9v");
    CHECK(encoded("foobar") == "Zm9vYmFy");
    CHECK(accept_key(key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(is_web_socket_key(key));
    for (const char* wrong : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=a",
                              "dGhlIHNhbXBsZSBub25j*Q==", "dGhlIHNhbXBsZSBub25jZQ===="})
        CHECK(!is_web_socket_key(wrong));
}

TEST_CASE("the end of a head is found, and what is none is told at once") {
    CHECK(found("GET / HTTP/1.1\r\nHost: a\r\n") == Found::more);
    CHECK(found("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == Found::whole);
    CHECK(found("\r\n\r\n") == Found::whole);
    CHECK(found("\x16\x03\x01") == Found::malformed); // TLS
    CHECK(found("GET /\n") == Found::malformed);
    CHECK(found("GET /\r\r\n") == Found::malformed);
    CHECK(found("GET /\rX") == Found::malformed);
    CHECK(found("GET /\x7F") == Found::malformed);
    CHECK(found("GET /\xC3\xA9") == Found::malformed);
    CHECK(found(std::string(8192, 'x')) == Found::more);
    CHECK(found(std::string(8193, 'x')) == Found::too_large);
    CHECK(found(std::string(8188, 'x') + "\r\n\r\n") == Found::whole);
    HttpHeadEnd end;
    const std::string text = asking() + "and frames";
    CHECK(end.look(bytes_of(text)) == Found::whole);
    CHECK(end.size() == asking().size());
}

TEST_CASE("fields are read by name, whatever the case, and lists word by word") {
    HttpHead head;
    REQUIRE(head.read("first line\r\nA: 1\r\na:  2, three ,\tfour\t\r\nEmpty:\r\n\r\n"));
    CHECK(head.first() == "first line");
    CHECK(head.count("a") == 2);
    CHECK(head.value("A") == "1");
    CHECK(head.lists("A", "THREE"));
    CHECK(head.lists("A", "four"));
    CHECK(!head.lists("A", "fo"));
    CHECK(head.count("empty") == 1);
    CHECK(head.value("empty").empty());
    CHECK(head.count("other") == 0);
    CHECK(!head.read("GET / HTTP/1.1\r\nno colon\r\n\r\n"));
    CHECK(!head.read("GET / HTTP/1.1\r\n: nameless\r\n\r\n"));
    CHECK(!head.read("GET / HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n"));
    CHECK(!head.read("GET / HTTP/1.1\r\nA : 1\r\n\r\n"));
    std::string many = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 64; ++i) many += "X: 1\r\n";
    CHECK(head.read(many + "\r\n"));
    CHECK(!head.is_full());
    CHECK(!head.read(many + "X: 1\r\n\r\n"));
    CHECK(head.is_full());
}

TEST_CASE("whom a server lets in, and what it tells others") {
    CHECK(status(asking()) == 101);
    CHECK(status(asking("Host: b\r\n")) == 400); // which?
    CHECK(status(asking("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n")) == 400);
    CHECK(status(asking("Content-Length: 0\r\n")) == 101);
    CHECK(status(asking("Content-Length: 5\r\n")) == 400);
    CHECK(status(asking("Transfer-Encoding: chunked\r\n")) == 400);
    CHECK(status("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(status("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(status("GET  / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(status("GET / HTTP/2\r\nHost: a\r\n\r\n") == 400);
    CHECK(status("GET /\r\nHost: a\r\n\r\n") == 400);
    const auto without = [](std::string_view field) {
        std::string text = asking();
        const std::size_t at = text.find(field);
        return text.erase(at, text.find("\r\n", at) + 2 - at);
    };
    CHECK(status(without("UPGRADE")) == 426);
    CHECK(status(without("Connection")) == 400);
    CHECK(status(without("Sec-WebSocket-Version")) == 426);
    CHECK(status(without("Sec-WebSocket-Key")) == 400);
    CHECK(status(asking("Origin: https://a.example\r\nOrigin: https://b.example\r\n")) == 400);
    WebSocketOptions anywhere;
    anywhere.path.clear();
    CHECK(status("GET /any?where HTTP/1.1\r\n" + asking().substr(16), anywhere) == 101);
    CHECK(status("GET /any?where HTTP/1.1\r\n" + asking().substr(16)) == 404);
    for (const std::uint16_t each : std::initializer_list<std::uint16_t>{400, 403, 404, 405, 426, 431}) {
        const std::string text = upgrade_response({each, {}, false}, {});
        HttpHead head;
        CHECK(text.substr(9, 3) == std::to_string(each));
        const std::size_t body = text.find("\r\n\r\n") + 4;
        CHECK(head.read(std::string_view(text).substr(0, body)));
        CHECK(head.value("Content-Length") == std::to_string(text.size() - body));
        CHECK(head.value("Connection") == "close");
        CHECK((head.value("Sec-WebSocket-Version") == "13") == (each == 426));
    }
}

TEST_CASE("what a client asks is what a server lets in") {
    WebSocketOptions options;
    options.origin = "https://game.example";
    options.origins = {"https://game.example"};
    const std::string text = upgrade_request("game.example:4000", "/", key, options);
    CHECK(found(text) == Found::whole);
    HttpHead head;
    REQUIRE(head.read(text));
    CHECK(head.value("Host") == "game.example:4000");
    const UpgradeVerdict verdict = judge_upgrade(head, options);
    CHECK(verdict.status == 101);
    CHECK(verdict.subprotocol);
    const std::string answer = upgrade_response(verdict, options);
    HttpHead heard;
    REQUIRE(heard.read(answer));
    CHECK(heard.value("Sec-WebSocket-Protocol") == "tenon");
    CHECK(judge_response(heard, key, options) == Error::none);
    CHECK(judge_response(heard, "AAAAAAAAAAAAAAAAAAAAAA==", options) == Error::malformed);
}
