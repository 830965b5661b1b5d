#include "tenon/secure/jwt.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../allocations.hpp"
#include "hex.hpp"
#include "jwt_tokens.hpp"

using namespace tenon;
using namespace tenon::secure;

namespace {

const JwtRules rules{"https://login.example", "arena", "role", 30};
constexpr const char* good =
    R"({"iss":"https://login.example","aud":"arena","sub":"player 17","exp":2000,"nbf":1000,)"
    R"("role":"editor","sid":"s1"})";

struct Service {
    Service() { REQUIRE(keys.add("k1", identity.key())); }

    std::string token(std::string_view claims,
                      std::string_view head = R"({"alg":"EdDSA","kid":"k1"})") const {
        const std::string message = base64(head) + "." + base64(claims);
        return message + "." + base64(text_of(identity.sign(bytes_of(message))));
    }
    Error check(std::string_view text, std::int64_t now = 1500) const {
        return check_jwt<EdDsa>(text, keys, rules, {now}).error();
    }
    Error claims(std::string_view text, std::int64_t now = 1500) const { return check(token(text), now); }

    Identity identity =
        Identity(secret_of<>("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
    JwtKeys keys;
};

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    const std::size_t at = text.find(what);
    REQUIRE(at != text.npos);
    return text.replace(at, what.size(), with);
}

} // namespace

TEST_CASE("the signature of RFC 8037 is checked with its key") {
    JwtKeys keys;
    REQUIRE(keys.read(
        R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})"));
    REQUIRE(keys.keys().size() == 1);
    const std::string token =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
        "09PGcvMg3AIbQR6dWbhijcNR4"
        "ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    std::array<std::byte, 64> payload{};
    const auto size = verify_jws<EdDsa>(token, keys, payload);
    REQUIRE(size);
    CHECK(text_of(BytesIn(payload).first(*size)) == "Example of Ed25519 signing");
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string wrong = token;
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        CHECK_FALSE(verify_jws<EdDsa>(wrong, keys, payload));
    }
}

TEST_CASE("a token says who somebody is") {
    const Service service;
    const auto claims = check_jwt<EdDsa>(service.token(good), service.keys, rules, {1500});
    REQUIRE(claims);
    CHECK(claims->subject == "player 17");
    CHECK(claims->role == "editor");
    CHECK(claims->session == "s1");
    CHECK(claims->expires == UnixTime{2000});
    CHECK(service.check(service.token(good, R"({"typ":"JWT","alg":"EdDSA","x":[1,{"y":null}]})")) ==
          Error::none);
}

TEST_CASE("a token without a signature, or with one of another kind, is refused") {
    const Service service;
    // RFC 7519, 6.1
    CHECK(
        service.check(
            "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9"
            "pc19yb290Ijp0cnVlfQ.") == Error::wrong_algorithm);
    for (const char* head :
         {R"({"alg":"none","kid":"k1"})", R"({"alg":"None"})", R"({"alg":"NONE"})", R"({"alg":""})",
          R"({"alg":"HS256"})", R"({"alg":"RS256"})", R"({"alg":"ES256"})", R"({"alg":"eddsa"})",
          R"({"alg":"EdDSA "})", R"({"alg":"EdDSA","crit":["b64"],"b64":false})"})
        CHECK(service.check(service.token(good, head)) == Error::wrong_algorithm);
    CHECK(service.check(service.token(good, R"({"kid":"k1"})")) == Error::missing_field);
    CHECK(service.check(service.token(good, R"({"alg":"none","alg":"EdDSA"})")) == Error::unknown_field);
    CHECK(service.check(service.token(good, R"({"alg":"EdDSA","kid":"k2"})")) == Error::unknown_key);
    CHECK(service.check(service.token(good, R"({"alg":"EdDSA"} )")) == Error::none);
    CHECK(service.check(service.token(good, R"({"alg":"EdDSA"}x)")) == Error::trailing_bytes);
    for (const char* head :
         {R"({"alg":7})", R"({"alg":["EdDSA"]})", R"(["alg"])", "", "{", R"({"alg":"EdDSA",})"})
        CHECK(service.check(service.token(good, head)) != Error::none);
    // The public key as the secret of a symmetric signature: nothing here would look at it so.
    Digest digest;
    const std::string message = base64(R"({"alg":"HS256","kid":"k1"})") + "." + base64(good);
    HmacSha256(service.identity.key().bytes).add(bytes_of(message)).digest(digest);
    CHECK(service.check(message + "." + base64(text_of(digest))) == Error::wrong_algorithm);
}

TEST_CASE("a forged, cut or altered token is refused") {
    const Service service;
    const std::string token = service.token(good);
    Service other;
    other.identity = Identity::make();
    CHECK(service.check(other.token(good)) == Error::forged);
    for (std::size_t size = 0; size < token.size(); ++size)
        CHECK(service.check(std::string_view(token).substr(0, size)) != Error::none);
    for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
        std::string wrong = token;
        wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
        CHECK(service.check(wrong) != Error::none);
    }
    for (const char* more : {"A", ".", "=", "==", " ", "\n", ".AAAA"})
        CHECK(service.check(token + more) != Error::none);
    CHECK(service.check("." + token) != Error::none);
    CHECK(service.check(std::string(jwt_bytes_max + 1, 'A')) == Error::over_bound);
    CHECK(service.check(std::string(jwt_bytes_max, '.')) != Error::none);
    CHECK(check_jwt<EdDsa>(token, JwtKeys(), rules, {1500}).error() == Error::unknown_key);
}

TEST_CASE("each claim is held to the rules") {
    const Service service;
    const std::string text = good;
    CHECK(service.claims(text) == Error::none);
    CHECK(service.claims(text, 2029) == Error::none);
    CHECK(service.claims(text, 2030) == Error::expired);
    CHECK(service.claims(text, 970) == Error::none);
    CHECK(service.claims(text, 969) == Error::too_early);
    CHECK(service.claims(replaced(text, "login", "logon")) == Error::wrong_issuer);
    CHECK(service.claims(replaced(text, "\"arena\"", "\"arena2\"")) == Error::wrong_audience);
    CHECK(service.claims(replaced(text, "\"arena\"", "\"aren\"")) == Error::wrong_audience);
    CHECK(service.claims(replaced(text, "\"arena\"", "[\"shop\",\"arena\"]")) == Error::none);
    CHECK(service.claims(replaced(text, "\"arena\"", "[\"shop\",\"bank\"]")) == Error::wrong_audience);
    CHECK(service.claims(replaced(text, "\"arena\"", "[]")) == Error::wrong_audience);
    CHECK(service.claims(replaced(text, "\"arena\"", "\"\\u0061rena\"")) == Error::none);
    CHECK(service.claims(replaced(text, "\"aud\":\"arena\",", "")) == Error::wrong_audience);
    CHECK(service.claims(replaced(text, "\"exp\":2000,", "")) == Error::missing_field);
    CHECK(service.claims(replaced(text, "\"sub\":\"player 17\",", "")) == Error::missing_field);
    CHECK(service.claims(replaced(text, "player 17", "")) == Error::missing_field);
    CHECK(service.claims(replaced(text, "\"nbf\":1000,", "")) == Error::none);
    CHECK(service.claims(replaced(text, ",\"role\":\"editor\"", "")) == Error::none);
    CHECK(service.claims(replaced(text, "2000", "2000.75")) == Error::none);
    CHECK(service.claims(replaced(text, "2000", "2e3")) == Error::none);
    for (const char* wrong : {"\"2000\"", "-1", "1e40", "null", "true", "NaN", "Infinity", "[2000]", "1e999"})
        CHECK(service.claims(replaced(text, "2000", wrong)) != Error::none);
    CHECK(service.claims(replaced(text, "\"exp\":2000", "\"exp\":1,\"exp\":2000")) == Error::unknown_field);
    CHECK(service.claims(replaced(text, "editor", "a role with far too many letters")) == Error::over_bound);
    CHECK(service.claims(replaced(text, "\"editor\"", "[\"admin\"]")) != Error::none);
    CHECK(service.claims(replaced(text, "player 17", "player\\n17")) == Error::malformed);
    CHECK(service.claims(replaced(text, "player 17", std::string(129, 'p'))) == Error::over_bound);
    CHECK(service.claims(replaced(text, "\"sid\"", "\"other\"")) == Error::none);
    CHECK(service.claims(text + " ") == Error::none);
    CHECK(service.claims(text + "{}") == Error::trailing_bytes);
    CHECK(service.claims("[]") != Error::none);
    CHECK(service.claims("{}") == Error::missing_field);

    const std::string more = R"({"a":[[],{},[1,"x",{"b":[true,false,null]}],-0.5],)" + text.substr(1);
    CHECK(service.claims(more) == Error::none);
    for (const char* wrong : {"[", "{", "[1,]", "[,]", "{,}", "{\"a\"}", "{\"a\":}", "[1}", "{\"a\":1]",
                              "1 2", "tru", "01", "nul", "x", "'a'", "[1 2]", "{\"a\":1,}"})
        CHECK(service.claims(std::string(R"({"a":)") + wrong + "," + text.substr(1)) != Error::none);
    const std::string deep = std::string(32, '[') + std::string(32, ']');
    CHECK(service.claims(R"({"a":)" + deep + "," + text.substr(1)) == Error::none);
    CHECK(service.claims(R"({"a":[)" + deep + "]," + text.substr(1)) == Error::over_bound);
}

TEST_CASE("rules decide what a token must say") {
    const Service service;
    JwtRules other = rules;
    const auto check = [&](std::string_view text) {
        return check_jwt<EdDsa>(service.token(text), service.keys, other, {1500}).error();
    };
    other.audience = "";
    CHECK(check(good) == Error::wrong_audience); // it is for somebody, who is not us
    CHECK(check(replaced(good, "\"aud\":\"arena\",", "")) == Error::none);
    CHECK(check(replaced(good, "\"arena\"", "\"\"")) == Error::wrong_audience);
    other = rules;
    other.role_claim = "https://login.example/role";
    const auto claims =
        check_jwt<EdDsa>(service.token(replaced(good, "\"role\"", "\"https://login.example/role\"")),
                         service.keys, other, {1500});
    REQUIRE(claims);
    CHECK(claims->role == "editor");
    other.issuer = "";
    CHECK(check(replaced(good, "https://login.example", "")) == Error::wrong_issuer);
}

TEST_CASE("a key set is read as its service publishes it") {
    JwtKeys keys;
    const std::string x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const std::string set = R"({"keys":[
        {"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
         "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
        {"kty":"OKP","crv":"Ed25519","use":"enc","x":"X"},
        {"kty":"OKP","crv":"Ed448","x":"X"},
        {"kty":"OKP","crv":"Ed25519","alg":"Other","x":"X"},
        {"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"},
        {"kid":"k1","use":"sig","alg":"EdDSA","crv":"Ed25519","x":"X","kty":"OKP","key_ops":["verify"]}
    ], "more":{"a":[1]}})";
    std::string whole;
    for (const char c : set) c == 'X' ? void(whole += x) : whole.push_back(c);
    REQUIRE(keys.read(whole));
    REQUIRE(keys.keys().size() == 1);
    CHECK(keys.keys()[0].id == "k1");
    CHECK(keys.keys()[0].ed25519 == Service().identity.key());
    const std::string one = R"({"kty":"OKP","crv":"Ed25519","x":")" + x + R"("})";
    for (const std::string& wrong :
         std::vector<std::string>{"", "{}", "[]", "null", R"({"keys":{}})", R"({"keys":[)",
                                  R"({"keys":[],"keys":[]})", R"({"keys":[]}x)", R"({"keys":[)" + one + ",]}",
                                  R"({"keys":[)" + replaced(one, "Ro\"", "R\"") + "]}",
                                  R"({"keys":[)" + replaced(one, x, std::string(42, 'A')) + "]}",
                                  R"({"keys":[)" + replaced(one, x, std::string(43, 'A')) + "]}",
                                  R"({"keys":[)" + replaced(one, "\"kty\"", "\"kty\":\"OKP\",\"kty\"") + "]}",
                                  R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})"})
        CHECK_FALSE(keys.read(wrong));
    CHECK(keys.keys().size() == 1); // what can't be read changes nothing
    std::string many = one;
    for (std::size_t i = 1; i < jwt_keys_max; ++i) many += "," + one;
    CHECK(keys.read("{\"keys\":[" + many + "]}"));
    CHECK(keys.read("{\"keys\":[" + many + "," + one + "]}").error() == Error::over_bound);
    CHECK(keys.keys().size() == jwt_keys_max);
    CHECK(keys.read(std::string(jwt_key_set_bytes_max + 1, ' ')).error() == Error::over_bound);
    CHECK(keys.read(R"({"keys":[]})"));
    CHECK(keys.keys().empty());
}

TEST_CASE("a gate checks tokens, and believes without one only when that was asked for by name") {
    const Service service;
    JwtGate gate(service.keys, rules);
    CHECK_FALSE(gate.is_permissive());
    CHECK(gate.admit(service.token(good), "", {1500}));
    CHECK(gate.admit(service.token(good), "player 17", {1500}));
    CHECK(gate.admit(service.token(good), "player 18", {1500}).error() == Error::forged);
    CHECK_FALSE(gate.admit("", "player 17", {1500}));
    REQUIRE(gate.replace_keys(R"({"keys":[]})"));
    CHECK(gate.admit(service.token(good), "player 17", {1500}).error() ==
          Error::unknown_key); // and not everybody

    const JwtGate open = JwtGate::permissive_for_local_development();
    CHECK(open.is_permissive());
    const auto anybody = open.admit("", "ann", {1500});
    REQUIRE(anybody);
    CHECK(anybody->subject == "ann");
    CHECK(anybody->role.empty());
    CHECK(open.admit("", "", {1500}).error() == Error::missing_field);
    CHECK(open.admit("", std::string(200, 'a'), {1500}).error() == Error::over_bound);
}

TEST_CASE("checking a token allocates nothing") {
    const Service service;
    const std::string token = service.token(good);
    const allocations::Count counted;
    const bool is_good = bool(check_jwt<EdDsa>(token, service.keys, rules, {1500}));
    const std::size_t bytes = counted.bytes();
    CHECK(is_good);
    CHECK(bytes == 0);
}
