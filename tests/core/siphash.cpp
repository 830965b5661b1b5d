#include "tenon/core/siphash.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace {
constexpr tenon::SipKey key{0x0706050403020100u, 0x0F0E0D0C0B0A0908u};

// The published vectors of SipHash-2-4, as little-endian words: entry n is the hash of the bytes 0 to n - 1.
constexpr std::array<std::uint64_t, 64> vectors{
    0x726FDB47DD0E0E31u, 0x74F839C593DC67FDu, 0x0D6C8009D9A94F5Au, 0x85676696D7FB7E2Du, 0xCF2794E0277187B7u,
    0x18765564CD99A68Du, 0xCBC9466E58FEE3CEu, 0xAB0200F58B01D137u, 0x93F5F5799A932462u, 0x9E0082DF0BA9E4B0u,
    0x7A5DBBC594DDB9F3u, 0xF4B32F46226BADA7u, 0x751E8FBC860EE5FBu, 0x14EA5627C0843D90u, 0xF723CA908E7AF2EEu,
    0xA129CA6149BE45E5u, 0x3F2ACC7F57C29BDBu, 0x699AE9F52CBE4794u, 0x4BC1B3F0968DD39Cu, 0xBB6DC91DA77961BDu,
    0xBED65CF21AA2EE98u, 0xD0F2CBB02E3B67C7u, 0x93536795E3A33E88u, 0xA80C038CCD5CCEC8u, 0xB8AD50C6F649AF94u,
    0xBCE192DE8A85B8EAu, 0x17D835B85BBB15F3u, 0x2F2E6163076BCFADu, 0xDE4DAAACA71DC9A5u, 0xA6A2506687956571u,
    0xAD87A3535C49EF28u, 0x32D892FAD841C342u, 0x7127512F72F27CCEu, 0xA7F32346F95978E3u, 0x12E0B01ABB051238u,
    0x15E034D40FA197AEu, 0x314DFFBE0815A3B4u, 0x027990F029623981u, 0xCADCD4E59EF40C4Du, 0x9ABFD8766A33735Cu,
    0x0E3EA96B5304A7D0u, 0xAD0C42D6FC585992u, 0x187306C89BC215A9u, 0xD4A60ABCF3792B95u, 0xF935451DE4F21DF2u,
    0xA9538F0419755787u, 0xDB9ACDDFF56CA510u, 0xD06C98CD5C0975EBu, 0xE612A3CB9ECBA951u, 0xC766E62CFCADAF96u,
    0xEE64435A9752FE72u, 0xA192D576B245165Au, 0x0A8787BF8ECB74B2u, 0x81B3E73D20B49B6Fu, 0x7FA8220BA3B2ECEAu,
    0x245731C13CA42499u, 0xB78DBFAF3A8D83BDu, 0xEA1AD565322A1A0Bu, 0x60E61C23A3795013u, 0x6606D7E446282B93u,
    0x6CA4ECB15C5F91E1u, 0x9F626DA15C9625F3u, 0xE51B38608EF25F57u, 0x958A324CEB064572u,
};
} // namespace

TEST_CASE("the hash is SipHash-2-4 with its 64 published values") {
    std::array<std::byte, 64> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    for (std::size_t size = 0; size < vectors.size(); ++size) {
        CAPTURE(size);
        CHECK(tenon::siphash(key, tenon::BytesIn(bytes).first(size)) == vectors[size]);
    }
}

TEST_CASE("either half of the key and every bit of the bytes counts") {
    std::array<std::byte, 20> bytes{};
    const std::uint64_t plain = tenon::siphash(key, bytes);
    CHECK(tenon::siphash({key.low ^ 1, key.high}, bytes) != plain);
    CHECK(tenon::siphash({key.low, key.high ^ 1}, bytes) != plain);
    for (auto& byte : bytes)
        for (unsigned bit = 0; bit < 8; ++bit) {
            byte ^= std::byte{1} << bit;
            CHECK(tenon::siphash(key, bytes) != plain);
            byte ^= std::byte{1} << bit;
        }
    CHECK(tenon::siphash(key, bytes) == plain);
}

TEST_CASE("a stable id is fixed for good, and the same in a constant expression") {
    static_assert(tenon::stable_id("") == 0x726FDB47DD0E0E31u);
    static_assert(tenon::stable_id("arena") == 0xCEFD698E3C18C732u);
    static_assert(tenon::stable_id("lobby") == 0xD886B9509CDB3A64u);
    static_assert(tenon::stable_id("Bits") == 0x205BB71B015E81CCu);
    static_assert(tenon::stable_id("tenon") == 0xA45D2B9128B5A2EFu);
    CHECK(tenon::stable_id(std::string("arena")) == tenon::stable_id("arena"));
    CHECK(tenon::stable_id("arena") == tenon::siphash(key, tenon::bytes_of("arena")));
    CHECK(tenon::stable_id("\xFF\x80") == tenon::siphash(key, tenon::bytes_of("\xFF\x80")));
}
