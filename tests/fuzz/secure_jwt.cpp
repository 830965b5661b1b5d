// JSON web tokens and key sets made up by the input; heads and claims of the input also rightly signed, so
// that what lies behind the signature is reached. Nothing unsigned is believed.
//   input: u8 what, text
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tenon/secure/jwt.hpp"

namespace {

using namespace tenon;
using namespace tenon::secure;

void must(bool holds) {
    if (!holds) std::abort();
}
const Identity& service() {
    static const Identity identity{Secret<32>()};
    return identity;
}
std::string base64(std::string_view text) {
    std::string out(base64_size(text.size()) + 1, '\0');
    write_base64(out, bytes_of(text));
    out.pop_back();
    return out;
}
std::string signed_token(std::string_view head, std::string_view claims) {
    const std::string message = base64(head) + "." + base64(claims);
    return message + "." + base64(text_of(service().sign(bytes_of(message))));
}
void check(const std::string& token, bool is_ours) {
    static const JwtRules rules{"a", "b", "role", 10};
    JwtKeys keys;
    must(bool(keys.add("k", service().key())));
    const auto claims = check_jwt<EdDsa>(token, keys, rules, {1000});
    if (!claims) return;
    must(is_ours && !claims->subject.empty() && claims->expires.seconds > 990);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string_view claims = R"({"iss":"a","aud":"b","sub":"c","exp":2000})";
    switch (data[0] & 3) {
        case 0:
            check(std::string(text), text == signed_token(R"({"alg":"EdDSA"})", claims));
            break;
        case 1:
            check(signed_token(text, claims), true);
            break;
        case 2:
            check(signed_token(R"({"alg":"EdDSA","kid":"k"})", text), true);
            break;
        default: {
            JwtKeys keys;
            must(bool(keys.read(text)) || keys.keys().empty());
            must(keys.keys().size() <= jwt_keys_max);
        }
    }
    return 0;
}
