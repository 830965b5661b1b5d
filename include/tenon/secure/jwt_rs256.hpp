#pragma once
// RS256 for JSON web tokens: RSA with SHA-256 as most login services sign. OpenSSL is met here alone, and a
// program that uses this links its libcrypto: JwtGateOf<EdDsa, Rs256> takes both.

#if !__has_include(<openssl/evp.h>)
#error "tenon: jwt_rs256.hpp needs OpenSSL 3: install libssl-dev (Debian), openssl-devel (Fedora) or openssl"
#endif
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <cstddef>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/secure/jwt.hpp"

namespace tenon::secure {

namespace detail {

// One of OpenSSL's things, which goes with its scope.
template <class T, auto free_it>
struct Owned {
    T* thing = nullptr;

    explicit Owned(T* made) : thing(made) {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { free_it(thing); }
    explicit operator bool() const { return thing != nullptr; }
};

inline const unsigned char* openssl_bytes(BytesIn bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline BIGNUM* openssl_number(BytesIn bytes) {
    return BN_bin2bn(openssl_bytes(bytes), static_cast<int>(bytes.size()), nullptr);
}

// The key of a modulus and an exponent; nullptr where they make none.
inline EVP_PKEY* openssl_rsa_key(BytesIn modulus, BytesIn exponent) {
    const Owned<BIGNUM, BN_free> n(openssl_number(modulus)), e(openssl_number(exponent));
    const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
    if (!n || !e || !builder) return nullptr;
    if (OSSL_PARAM_BLD_push_BN(builder.thing, OSSL_PKEY_PARAM_RSA_N, n.thing) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.thing, OSSL_PKEY_PARAM_RSA_E, e.thing) != 1)
        return nullptr;
    const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder.thing));
    const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.thing) != 1 ||
        EVP_PKEY_fromdata(context.thing, &key, EVP_PKEY_PUBLIC_KEY, parameters.thing) != 1)
        return nullptr;
    return key;
}

} // namespace detail

// RSASSA-PKCS1-v1_5 with SHA-256 and a modulus of at least 2048 bits (RFC 7518, 3.3). OpenSSL allocates for
// it; it is asked at the door, not in a game's turn.
struct Rs256 {
    static constexpr std::string_view name = "RS256";
    static constexpr JwtKeyKind kind = JwtKeyKind::rsa;

    static bool verify(const JwtKey& key, BytesIn message, BytesIn signature) {
        const detail::Owned<EVP_PKEY, EVP_PKEY_free> rsa(detail::openssl_rsa_key(
            BytesIn(key.modulus).first(key.modulus_size), BytesIn(key.exponent).first(key.exponent_size)));
        if (!rsa || EVP_PKEY_get_bits(rsa.thing) < 2048) return false;
        const detail::Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
        return context &&
               EVP_DigestVerifyInit(context.thing, nullptr, EVP_sha256(), nullptr, rsa.thing) == 1 &&
               EVP_DigestVerify(context.thing, detail::openssl_bytes(signature), signature.size(),
                                detail::openssl_bytes(message), message.size()) == 1;
    }
};

} // namespace tenon::secure
