#include "tenon/secure/jwt_rs256.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "jwt_tokens.hpp"

using namespace tenon;
using namespace tenon::secure;

namespace {

// RFC 7515, A.2
const std::string rfc_keys =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-"
    "Vaw-"
    "4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-b"
    "Sf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6"
    "_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}]}";
const std::string rfc_token =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9"
    "pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Q"
    "c_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARN"
    "PvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6I"
    "eYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
// A login service's, made once by another implementation.
const std::string our_keys =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"yPXu1WjBtfJePgvEGfcARp4QryibXd1DV6KfNH2dOIXyjkPF1wsCEs31klzD4Glq_"
    "uWft"
    "xMF9LUZR8vt4v6nDQv_yQQnwBq4iYQ5c2izn_bNdRYIsMxPZODaxBCOSs49hok5_6VOQU2omSdF1HYTof2_2AzM4HdKZlqPv"
    "rG7afq9huDlatPUfp7M-JZSuBTmHJGWmTCLu3CK6_D5-1xr1ygFDwggPg1SGIEpqVeBMqaIcMaoASekxqfMtsxQu5x_qWO16"
    "1rBSVYy5j50DVSlHU7HJffKx2R-Vpuxb2UuaaHYfoo_5gCgMsHt5pPeVAzl5vODuj6WGWooDfGSYJ77gw\",\"e\":\"AQAB\",\"k"
    "id\":\"r1\",\"use\":\"sig\",\"alg\":\"RS256\"}]}";
const std::string our_token =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJh"
    "dWQiOlsiYXJlbmEiXSwic3ViIjoicGxheWVyIDE3IiwiZXhwIjoyMDAwLCJyb2xlIjoidmlld2VyIn0.SyZz2yFx7EaUl7Je"
    "RXGs3NMyLS9Dhfj3tIYnNS-3ZopXPoYAnyaFNF1TsnUEatgaAdUiozxoo7aMdGG2vk_9tom5iMUaPSmgbjdzg9AFyCCeoXRZ"
    "s02XFo2VCpyj-pIrXUd7Bc-t3yBDMT7HLBfWD3TxZTJEc1P4tg7VhUkUN-uoQFx51LssO3VpnufxviaY1KZ7cLN__T22UnND"
    "5K7ccWBWdjYii3LvAE4h9Kelrc724i6Q_BSbaj11zD2Ym1HmSMwOJFW3FXe76AyVdP0HcGfAeVozL10CvarPnRMrgfy19Lk0"
    "CjyH1GWQ7_DN7HPTofp_gjIVtGhUfQj79F1Ebw";
const JwtRules rules{"https://login.example", "arena", "role", 30};

JwtKeys keys_of(std::string_view set) {
    JwtKeys keys;
    REQUIRE(keys.read(set));
    return keys;
}

} // namespace

TEST_CASE("the RS256 signature of RFC 7515 is checked with its key") {
    const JwtKeys keys = keys_of(rfc_keys);
    std::array<std::byte, 200> payload{};
    const auto size = verify_jws<EdDsa, Rs256>(rfc_token, keys, payload);
    REQUIRE(size);
    CHECK(text_of(BytesIn(payload).first(*size)).starts_with("{\"iss\":\"joe\""));
    CHECK(verify_jws<EdDsa>(rfc_token, keys, payload).error() == Error::wrong_algorithm);
    for (std::size_t i = 0; i < rfc_token.size(); i += 3) {
        std::string wrong = rfc_token;
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        CHECK_FALSE(verify_jws<Rs256>(wrong, keys, payload));
    }
    for (std::size_t i = 0; i < rfc_token.size(); i += 7)
        CHECK_FALSE(verify_jws<Rs256>(rfc_token.substr(0, i), keys, payload));
}

TEST_CASE("a gate takes the algorithms that it is made with, each with keys of its kind") {
    using Gate = JwtGateOf<EdDsa, Rs256>;
    const auto claims = Gate(keys_of(our_keys), rules).admit(our_token, "", {1500});
    REQUIRE(claims);
    CHECK(claims->subject == "player 17");
    CHECK(claims->role == "viewer");
    CHECK(Gate(keys_of(our_keys), rules).admit(our_token, "", {2500}).error() == Error::expired);
    CHECK(JwtGate(keys_of(our_keys), rules).admit(our_token, "", {1500}).error() == Error::wrong_algorithm);
    CHECK(Gate(keys_of(rfc_keys), rules).admit(our_token, "", {1500}).error() ==
          Error::unknown_key); // no such kid

    const Identity service = Identity::make();
    JwtKeys both = keys_of(our_keys);
    REQUIRE(both.add("r1", service.key()));
    CHECK(Gate(both, rules).admit(our_token, "", {1500}));
    JwtKeys other;
    REQUIRE(other.add("r1", service.key()));
    CHECK(Gate(other, rules).admit(our_token, "", {1500}).error() == Error::unknown_key);
    const std::string message =
        base64(R"({"alg":"EdDSA","kid":"r1"})") + "." +
        base64(R"({"iss":"https://login.example","aud":"arena","sub":"ann","exp":2000})");
    const std::string token = message + "." + base64(text_of(service.sign(bytes_of(message))));
    CHECK(Gate(both, rules).admit(token, "ann", {1500}));
    CHECK(Gate(keys_of(our_keys), rules).admit(token, "ann", {1500}).error() == Error::unknown_key);
}

TEST_CASE("a key that is too short, or none, checks nothing") {
    JwtKeys keys;
    const std::string zero(342, 'A'); // 256 bytes of nothing
    CHECK_FALSE(keys.read(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})"));
    REQUIRE(keys.read(R"({"keys":[{"kty":"RSA","n":")" + zero + R"(","e":"AQAB"}]})"));
    std::array<std::byte, 200> payload{};
    CHECK(verify_jws<Rs256>(rfc_token, keys, payload).error() == Error::forged);
    // A modulus of 1024 bits behind zeros.
    REQUIRE(keys.read(R"({"keys":[{"kty":"RSA","n":")" + zero.substr(0, 171) + std::string(170, 'k') + "g" +
                      R"(","e":"AQAB"}]})"));
    CHECK_FALSE(verify_jws<Rs256>(rfc_token, keys, payload));
    JwtKey strange;
    strange.kind = JwtKeyKind::rsa;
    CHECK_FALSE(Rs256::verify(strange, bytes_of("a"), bytes_of("b")));
}
