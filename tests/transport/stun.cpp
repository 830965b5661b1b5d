#include "tenon/transport/stun.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tenon/core/big_endian.hpp"
#include "tenon/core/random.hpp"
#include "tenon/transport/accept_key.hpp"
#include "tenon/transport/sha1.hpp"

using namespace tenon;
using namespace tenon::transport;
using namespace tenon::transport::detail;

namespace {

std::vector<std::byte> from_hex(std::string_view text) {
    std::vector<std::byte> bytes;
    int high = -1;
    for (const char c : text) {
        if (c == ' ') continue;
        const int digit = hex_digit(c);
        if (digit < 0) std::abort(); // before any test runs
        if (high < 0) {
            high = digit;
        } else {
            bytes.push_back(static_cast<std::byte>(high << 4 | digit));
            high = -1;
        }
    }
    return bytes;
}
template <class Digest>
std::string to_hex(const Digest& digest) {
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

// RFC 5769, sections 2.1 and 2.2.
const std::string password = "VOkJxbRl1RmTxUk/WvJxBt";
const std::vector<std::byte> sample_request = from_hex(
    "00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74 00240004 6e0001ff "
    "80290008 932ff9b151263b36 00060009 6576746a3a68367659202020 00080014 "
    "9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf");
const std::vector<std::byte> sample_answer = from_hex(
    "0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220 00200008 0001a147e112a643 "
    "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96");

const StunId id = [] {
    StunId made{};
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<std::byte>(i * 11 + 3);
    return made;
}();

// One attribute behind a head that says how long all is, with a fingerprint that fits, but no word of who.
std::vector<std::byte> with(const std::vector<std::byte>& attributes, std::uint16_t type = 1) {
    std::vector<std::byte> bytes(20);
    store_be16(bytes.data(), type);
    store_be32(bytes.data() + 4, StunMessage::cookie);
    bytes.insert(bytes.end(), attributes.begin(), attributes.end());
    store_be16(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size() - 20 + 8));
    const std::uint32_t print = crc32(bytes) ^ StunMessage::fingerprint_mask;
    const auto end = bytes.size();
    bytes.resize(end + 8);
    store_be16(bytes.data() + end, StunMessage::fingerprint);
    store_be16(bytes.data() + end + 2, 4);
    store_be32(bytes.data() + end + 4, print);
    return bytes;
}
const std::string proof = "00080014 0000000000000000000000000000000000000000";

bool reads(const std::vector<std::byte>& bytes) {
    StunMessage message;
    return message.read(bytes);
}

} // namespace

TEST_CASE("SHA-1 and its message authentication give what the standards say") {
    CHECK(to_hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(to_hex(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(to_hex(sha1(std::string(1000, 'a'))) == "291e9a6c66994949b57ba5e650361e98fc36b1ba");
    // RFC 2202.
    CHECK(to_hex(hmac_sha1("Jefe", bytes_of("what do ya want for nothing?"))) ==
          "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK(to_hex(hmac_sha1("Jefe", bytes_of("what do ya "), bytes_of("want for nothing?"))) ==
          "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK(to_hex(hmac_sha1(std::string(80, '\xAA'),
                           bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
          "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(crc32(bytes_of("123456789")) == 0xCBF43926);
}

TEST_CASE("STUN messages of the standard are read and vouched for") {
    StunMessage message;
    REQUIRE(message.read(sample_request));
    CHECK(message.kind == StunMessage::Kind::request);
    CHECK(message.user == "evtj:h6vY");
    CHECK(message.user_before() == "evtj");
    CHECK(message.user_behind() == "h6vY");
    CHECK(message.controlled);
    CHECK(!message.controlling);
    CHECK(!message.nominates);
    CHECK(message.is_vouched(password));
    CHECK(!message.is_vouched("VOkJxbRl1RmTxUk/WvJxBT"));
    CHECK(!message.is_vouched(""));
    REQUIRE(message.read(sample_answer));
    CHECK(message.kind == StunMessage::Kind::success);
    CHECK(message.mapped == IpAddress::v4(192, 0, 2, 1, 32853));
    CHECK(message.is_vouched(password));
    CHECK(!StunMessage{}.is_vouched(password));
}

TEST_CASE("what is written is read, by those who know the password") {
    for (const IpAddress& seen : {IpAddress::v4(203, 0, 113, 9, 4000), IpAddress::loopback_v6(65535)}) {
        StunWriter writer(StunMessage::Kind::success, id);
        const BytesIn bytes = writer.mapped(seen).finish(password);
        StunMessage message;
        REQUIRE(message.read(bytes));
        CHECK(message.id == id);
        CHECK(message.mapped == seen);
        CHECK(message.is_vouched(password));
    }
    StunWriter writer(StunMessage::Kind::request, id);
    const BytesIn bytes = writer.user("theirs", "ours")
                              .number(StunMessage::priority_of, 77)
                              .role(true, 99)
                              .nominate()
                              .finish(password);
    StunMessage message;
    REQUIRE(message.read(bytes));
    CHECK(message.user == "theirs:ours");
    CHECK(message.controlling);
    CHECK(message.nominates);
    CHECK(message.is_vouched(password));
    // An answer is no longer than what was asked, so nobody gains by asking in another's name.
    StunWriter answer(StunMessage::Kind::success, id);
    CHECK(answer.mapped(IpAddress::loopback_v6(1)).finish(password).size() <= bytes.size());
    // What does not fit is not written at all.
    StunWriter full(StunMessage::Kind::request, id);
    CHECK(full.user(std::string(400, 'a'), std::string(400, 'b')).finish(password).empty());
}

TEST_CASE("every changed bit is noticed") {
    StunMessage message;
    for (std::size_t i = 0; i < sample_request.size() * 8; ++i) {
        std::vector<std::byte> bytes = sample_request;
        bytes[i / 8] ^= static_cast<std::byte>(1u << i % 8);
        CHECK(!(message.read(bytes) && message.is_vouched(password)));
    }
    for (std::size_t size = 0; size < sample_request.size(); ++size)
        CHECK(!message.read(BytesIn(sample_request).first(size)));
    std::vector<std::byte> longer = sample_request;
    longer.resize(longer.size() + 4);
    CHECK(!message.read(longer));
}

TEST_CASE("only bindings that are whole are read") {
    CHECK(reads(with(from_hex(proof))));
    CHECK(reads(with(from_hex(proof), 0x0011)));
    CHECK(!reads(with(from_hex(proof), 0x0003)));                               // another method
    CHECK(!reads(with({})));                                                    // nobody vouches
    CHECK(!reads(with(from_hex(proof + proof))));                               // twice
    CHECK(!reads(with(from_hex(proof + "00250000"))));                          // something behind it
    CHECK(!reads(with(from_hex("00080010 00000000000000000000000000000000")))); // too short
    CHECK(reads(with(from_hex("00250000" + proof))));
    CHECK(!reads(with(from_hex("00250004 00000000" + proof))));
    CHECK(!reads(with(from_hex("00060000" + proof)))); // nobody's name
    CHECK(!reads(with(from_hex("00060004 61626364 00060004 61626364" + proof))));
    CHECK(!reads(with(from_hex("00290004 00000000" + proof))));         // must be understood, and is not
    CHECK(reads(with(from_hex("C0570004 00000000" + proof))));          // need not be
    CHECK(!reads(with(from_hex("00200008 0003a147e112a643" + proof)))); // no family of addresses
    CHECK(!reads(with(from_hex("00200008 0002a147e112a643" + proof)))); // of another size
    CHECK(!reads(with(from_hex("0006ffff 61626364" + proof))));         // longer than there is
    CHECK(!reads(with(from_hex("80220003 616263" + proof))));           // not filled up to four
    std::string many;
    for (int i = 0; i < 23; ++i) many += "C0570000";
    CHECK(!reads(with(from_hex(many + "C0570000" + proof))));
    CHECK(reads(with(from_hex(many.substr(8) + proof))));
    // A datagram larger than any check.
    std::vector<std::byte> large = from_hex("C05703F0");
    large.resize(4 + 0x3F0);
    const auto end = from_hex(proof);
    large.insert(large.end(), end.begin(), end.end());
    CHECK(!reads(with(large)));
    StunMessage message;
    REQUIRE(message.read(with(from_hex("00090004 00000457" + proof), 0x0111)));
    CHECK(message.kind == StunMessage::Kind::error);
    CHECK(message.error == 487);
}
