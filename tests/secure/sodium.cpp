#include "tenon/secure/sodium.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

#include "hex.hpp"

using namespace tenon;
using namespace tenon::secure;

namespace {

using Bytes = std::vector<std::byte>;

// One cipher with one published vector: it gives what is printed, in place too, and opens nothing else.
template <class Cipher>
void check_cipher(std::string_view key, std::string_view nonce_text, std::string_view head_text,
                  std::string_view plain_text, std::string_view sealed_text, std::string_view tag_text) {
    const Cipher cipher(secret_of<>(key));
    Nonce nonce;
    copy(nonce.data(), hex(nonce_text));
    const Bytes head = hex(head_text), plain = hex(plain_text);
    Bytes sealed(plain.size()), tag(tag_bytes), opened(plain.size());
    cipher.seal(sealed.data(), tag.data(), plain, head, nonce);
    CHECK(to_hex(sealed) == sealed_text);
    CHECK(to_hex(tag) == tag_text);
    CHECK(cipher.open(opened.data(), tag.data(), sealed, head, nonce));
    CHECK(opened == plain);

    Bytes place = plain, place_tag(tag_bytes);
    cipher.seal(place.data(), place_tag.data(), place, head, nonce);
    CHECK(place == sealed);
    CHECK(cipher.open(place.data(), place_tag.data(), place, head, nonce));
    CHECK(place == plain);

    const auto refused = [&](Bytes bytes, Bytes wrong_tag, Bytes wrong_head, Nonce wrong_nonce) {
        Bytes out(bytes.size(), std::byte{0xAA});
        const bool is_open = cipher.open(out.data(), wrong_tag.data(), bytes, wrong_head, wrong_nonce);
        return !is_open && std::all_of(out.begin(), out.end(), [](std::byte b) { return b == std::byte{0}; });
    };
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        Bytes wrong = sealed;
        wrong[i] ^= std::byte{1};
        CHECK(refused(wrong, tag, head, nonce));
    }
    for (std::size_t i = 0; i < tag.size(); ++i) {
        Bytes wrong = tag;
        wrong[i] ^= std::byte{0x80};
        CHECK(refused(sealed, wrong, head, nonce));
    }
    for (std::size_t i = 0; i < head.size(); ++i) {
        Bytes wrong = head;
        wrong[i] ^= std::byte{4};
        CHECK(refused(sealed, tag, wrong, nonce));
    }
    for (std::size_t i = 0; i < nonce.size(); ++i) {
        Nonce wrong = nonce;
        wrong[i] ^= std::byte{4};
        CHECK(refused(sealed, tag, head, wrong));
    }
}

} // namespace

TEST_CASE("SHA-256, as FIPS 180-4 has it") {
    CHECK(to_hex(sha256(bytes_of("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(Sha256().add(bytes_of("a")).add({}).add(bytes_of("bc")).digest() == sha256(bytes_of("abc")));
}

TEST_CASE("HMAC and HKDF, as RFC 4231 and RFC 5869 have them") {
    Digest digest;
    HmacSha256(Bytes(20, std::byte{0x0b})).add(bytes_of("Hi ")).add(bytes_of("There")).digest(digest);
    CHECK(to_hex(digest) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    HmacSha256(bytes_of("Jefe")).add(bytes_of("what do ya want for nothing?")).digest(digest);
    CHECK(to_hex(digest) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    HmacSha256(Bytes(131, std::byte{0xaa})) // a key longer than a block
        .add(bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))
        .digest(digest);
    CHECK(to_hex(digest) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");

    Bytes out(42);
    hkdf(out, hex("000102030405060708090a0b0c"), Bytes(22, std::byte{0x0b}), hex("f0f1f2f3f4f5f6f7f8f9"));
    CHECK(to_hex(out) ==
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    hkdf(out, {}, Bytes(22, std::byte{0x0b}));
    CHECK(to_hex(out) ==
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("X25519, as RFC 7748 has it") {
    const auto alice =
        exchange_keys(secret_of<>("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
    const auto bob =
        exchange_keys(secret_of<>("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    CHECK(to_hex(alice.key.bytes) == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    CHECK(to_hex(bob.key.bytes) == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    Secret<32> one, other;
    CHECK(exchange(one, alice.secret, bob.key));
    CHECK(exchange(other, bob.secret, alice.key));
    CHECK(to_hex(one.bytes()) == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    CHECK(one == other);

    Secret<32> shared;
    CHECK(
        exchange(shared, secret_of<>("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                 key_of<ExchangePublic>("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")));
    CHECK(to_hex(shared.bytes()) == "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

TEST_CASE("points that would make the secret known are refused") {
    Secret<32> shared;
    const auto own = exchange_keys();
    for (const char* small : {"0000000000000000000000000000000000000000000000000000000000000000",
                              "0100000000000000000000000000000000000000000000000000000000000000",
                              "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                              "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                              "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})
        CHECK_FALSE(exchange(shared, own.secret, key_of<ExchangePublic>(small)));
}

TEST_CASE("Ed25519, as RFC 8032 has it") {
    struct Vector {
        const char *seed, *key, *message, *signature;
    };
    for (const Vector& v : {Vector{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                   "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                                   "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb882159"
                                   "0a33bacc61e39701cf9b46b"
                                   "d25bf5f0595bbe24655141438e7a100b"},
                            Vector{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                                   "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                                   "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43"
                                   "e15996e458f3613d0f11d8c"
                                   "387b2eaeb4302aeeb00d291612bb0c00"},
                            Vector{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                                   "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                                   "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538"
                                   "d16f290ae67f760984dc659"
                                   "4a7c15e9716ed28dc027beceea1ec40a"}}) {
        const SignKeys keys = sign_keys(secret_of<>(v.seed));
        CHECK(to_hex(keys.key.bytes) == v.key);
        CHECK(to_hex(keys.seed().bytes()) == v.seed);
        const Bytes message = hex(v.message);
        Signature signature = sign(message, keys);
        CHECK(to_hex(signature) == v.signature);
        CHECK(verify(signature, message, keys.key));
        CHECK_FALSE(verify(signature, bytes_of("another"), keys.key));
        CHECK_FALSE(verify(signature, message, sign_keys().key));
        for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
            signature[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
            CHECK_FALSE(verify(signature, message, keys.key));
            signature[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        }
    }
}

TEST_CASE("a pair for signatures serves for exchanges too") {
    const SignKeys ann = sign_keys(), bob = sign_keys();
    ExchangePublic anns, bobs;
    REQUIRE(exchange_public(anns, ann.key));
    REQUIRE(exchange_public(bobs, bob.key));
    CHECK(anns == exchange_keys(ann).key);
    Secret<32> one, other;
    CHECK(exchange(one, exchange_keys(ann).secret, bobs));
    CHECK(exchange(other, exchange_keys(bob).secret, anns));
    CHECK(one == other);
    CHECK_FALSE(exchange_public(anns, SignPublic{})); // no point of the right order
}

TEST_CASE("ChaCha20-Poly1305, as RFC 8439 has it") {
    check_cipher<ChaCha>("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
                         "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
                         "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a2"
                         "04966204920636f756c64"
                         "206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c20737"
                         "56e73637265656e20776f"
                         "756c642062652069742e",
                         "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282f"
                         "afb69da92728b1a71de0a"
                         "9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b483"
                         "1d7bc3ff4def08e4b7a9d"
                         "e576d26586cec64b6116",
                         "1ae10b594f09e26a7e902ecbd0600691");
}

TEST_CASE("AES-256-GCM, as its authors' paper and NIST have it") {
    if (!AesGcm::available()) return;
    const std::string zero = "0000000000000000000000000000000000000000000000000000000000000000";
    check_cipher<AesGcm>(zero, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b");
    check_cipher<AesGcm>(zero, "000000000000000000000000", "", "00000000000000000000000000000000",
                         "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919");
    check_cipher<AesGcm>("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
                         "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                         "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fc"
                         "f0e2449a6b525b16aedf5"
                         "aa0de657ba637b39",
                         "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b"
                         "08b1056828838c5f61e63"
                         "93ba7a0abcc9f662",
                         "76fc6ece0f4e1768cddf8853bb2d551b");
}

TEST_CASE("a secret is moved or copied on purpose, and wiped when it goes") {
    static_assert(!std::is_copy_constructible_v<Secret<32>> && !std::is_copy_assignable_v<Secret<32>>);
    static_assert(std::is_nothrow_move_constructible_v<Secret<32>>);
    Secret<32> secret = Secret<32>::random();
    const Secret<32> same = secret.copy();
    CHECK(secret == same);
    CHECK_FALSE(secret == Secret<32>::random());
    Secret<32> taken = std::move(secret);
    CHECK(taken == same);
    CHECK(secret == Secret<32>()); // NOLINT(bugprone-use-after-move): that nothing is left in it is the point
    Secret<32>& itself = taken;
    taken = std::move(itself);
    CHECK(taken == same);

    alignas(Secret<32>) std::byte memory[sizeof(Secret<32>)];
    auto* lodged = new (memory) Secret<32>(same.copy());
    CHECK(equal(memory, same.bytes()));
    std::destroy_at(lodged);
    const auto* seen = static_cast<volatile std::byte*>(memory);
    for (std::size_t i = 0; i < sizeof memory; ++i) CHECK(seen[i] == std::byte{0});
}

TEST_CASE("sizes and bytes are compared, and random bytes differ") {
    CHECK(equal(bytes_of("same"), bytes_of("same")));
    CHECK_FALSE(equal(bytes_of("same"), bytes_of("some")));
    CHECK_FALSE(equal(bytes_of("same"), bytes_of("sam")));
    CHECK(equal({}, {}));
    std::array<std::byte, 32> one{}, other{};
    random_bytes(one);
    random_bytes(other);
    CHECK(one != other);
    random_bytes({});
    wipe({});
}

TEST_CASE("base64url: one text for each sequence of bytes") {
    for (const auto& [bytes, text] :
         {std::pair{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"~~~", "fn5-"}}) {
        const BytesIn in = bytes_of(bytes);
        CHECK(base64_size(in.size()) == std::strlen(text));
        char out[8];
        write_base64({out, base64_size(in.size()) + 1}, in);
        CHECK(std::string(out) == text);
        std::byte back[4];
        const std::size_t size = read_base64(back, text);
        REQUIRE(size == in.size());
        CHECK(equal(BytesIn(back).first(size), in));
    }
    std::byte three[3];
    for (const char* wrong : {"Z", "Zh", "Zm9", "Zg==", "Zm9v ", " Zm9v", "Zm+v", "Zm/v", "Zm9vZm9v",
                              "\xff\xff", "Zm\n9v", "Z\xdf", "\xfag"})
        CHECK(read_base64(three, wrong) == not_base64);
    CHECK(read_base64({}, "Zg") == not_base64);
}
