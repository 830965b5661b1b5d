// The head of an upgrade, as a server and as a client read it: found in one go or byte by byte at the same
// place, bounded, and answered with one of the known codes; what is agreed to has all that it takes.
//   input: u8 side, then the head
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tenon/transport/upgrade.hpp"

namespace {

using namespace tenon::transport;
using Found = detail::HttpHeadEnd::Found;

void must(bool holds) {
    if (!holds) std::abort();
}

void judge(const detail::HttpHead& head, bool sound) {
    WebSocketOptions options;
    options.path = "/play";
    options.origins = {"https://game.example"};
    const detail::UpgradeVerdict verdict = sound ? judge_upgrade(head, options) : detail::UpgradeVerdict{};
    const std::string response = upgrade_response(verdict, options);
    must(response.size() < 1000 && response.find("\r\n\r\n") != std::string::npos);
    if (verdict.status != 101) {
        must(verdict.status >= 400 && verdict.status <= 431);
        return;
    }
    must(detail::is_web_socket_key(verdict.key) && head.first().substr(0, 9) == "GET /play");
    must(head.count("Host") == 1 && head.lists("upgrade", "WebSocket"));
    must(head.count("Origin") == 0 || head.value("Origin") == "https://game.example");
    // A client that had asked so would understand the answer.
    detail::HttpHead answer;
    must(answer.read(response));
    must(judge_response(answer, verdict.key, options) == tenon::Error::none);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const tenon::BytesIn bytes{reinterpret_cast<const std::byte*>(data) + 1, size - 1};
    detail::HttpHeadEnd whole, dripping;
    const Found found = whole.look(bytes);
    Found last = Found::more;
    for (std::size_t i = 1; i <= bytes.size() && last == Found::more; ++i)
        last = dripping.look(bytes.first(i));
    must(last == found && whole.size() == dripping.size());
    must(whole.size() <= detail::HttpHeadEnd::head_max && whole.size() <= bytes.size());
    if (found == Found::more || found == Found::malformed) return 0;
    detail::HttpHead head;
    const bool sound = found == Found::whole && head.read(tenon::text_of(bytes.first(whole.size())));
    if (data[0] % 2 == 0)
        judge(head, sound);
    else if (sound && judge_response(head, "dGhlIHNhbXBsZSBub25jZQ==", {}) == tenon::Error::none)
        must(head.value("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    return 0;
}
