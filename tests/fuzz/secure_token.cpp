// Connect tokens made up by the input, and a true one with bytes changed, signed again or not: only the true
// one is let in, and once.
//   input: u8 how, then the token, or (u16 place, u8 value)... for the true one
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tenon/secure/connect_token.hpp"

namespace {

using namespace tenon;
using namespace tenon::secure;

void must(bool holds) {
    if (!holds) std::abort();
}
Identity identity(std::uint8_t number) {
    Secret<32> seed;
    seed.out()[0] = std::byte{number};
    return Identity(seed);
}
struct Setting {
    Setting() {
        const TokenServer places[] = {{"192.0.2.1:4000", server.key()},
                                      {"192.0.2.2:4000", identity(3).key()}};
        TokenTerms terms;
        terms.validity = {{1000}, {1100}};
        terms.servers = places;
        terms.role = "viewer";
        terms.user_data = bytes_of("data");
        token.resize(token_bytes_max);
        const auto size = issue_token(token, backend, terms);
        must(bool(size));
        token.resize(*size);
    }
    Identity backend = identity(1), server = identity(2);
    std::vector<std::byte> token;
};

namespace how {
constexpr std::uint8_t made_up = 0x01, signed_again = 0x02;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Setting setting;
    ByteReader in({reinterpret_cast<const std::byte*>(data), size});
    const std::uint8_t which = in.u8();
    std::vector<std::byte> token = setting.token;
    if ((which & how::made_up) != 0) {
        const BytesIn rest = in.rest();
        token.assign(rest.begin(), rest.end());
    }
    while (in.left() >= 3 && (which & how::made_up) == 0) {
        const std::size_t place = in.u16() % (token.size() + 1);
        const std::byte value{in.u8()};
        place == token.size()
            ? token.resize(token.size() -
                           std::min<std::size_t>(token.size() - 1, std::to_integer<std::size_t>(value)))
            : void(token[place] = value);
    }
    if ((which & how::signed_again) != 0 && token.size() >= 120) {
        token.resize(token.size() - 64);
        copy(token.data() + 24, setting.backend.key().bytes);
        const Signature signature = setting.backend.sign(token);
        token.insert(token.end(), signature.begin(), signature.end());
    }
    TokenBook book(setting.server, {.remembered_max = 4});
    must(bool(book.trust_issuer(setting.backend.key())));
    const auto admission = book.admit(token, {}, {1050});
    must(bool(admission) == (token == setting.token));
    must(book.remembered() == (admission ? 1u : 0u));
    if (admission) must(book.admit(token, {}, {1050}).error() == Error::token_spent);
    (void)read_token(token);
    return 0;
}
