// Texts of trusted keys, certificates (as they are, and with their signature made right), public keys and
// identities: what is read, written again, is the same.
//   input: u8 what, bytes
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tenon/secure/trust.hpp"

namespace {

using namespace tenon;
using namespace tenon::secure;

void must(bool holds) {
    if (!holds) std::abort();
}
const Identity& issuer() {
    static const Identity identity{Secret<32>()};
    return identity;
}

void read_trust(std::string_view text) {
    Trust trust;
    if (!trust.read(text)) {
        must(trust.server_count() == 0 && trust.issuer_count() == 0);
        return;
    }
    const auto written = [](const Trust& of) {
        std::string all;
        of.write([&](std::string_view piece) { all += piece; });
        return all;
    };
    const std::string once = written(trust);
    Trust again;
    must(bool(again.read(once)) && written(again) == once);
}
void read_certificates(BytesIn bytes) {
    const auto raw = read_certificate(bytes);
    std::vector<std::byte> whole(bytes.begin(), bytes.end());
    if (whole.size() >= 72)
        copy(whole.data() + 40,
             BytesIn(issuer().key().bytes).first(std::min<std::size_t>(32, whole.size() - 40)));
    const Signature signature = issuer().sign(whole);
    whole.insert(whole.end(), signature.begin(), signature.end());
    const auto read = read_certificate(whole);
    must(!raw || raw->validity.is_sound());
    if (!read) return;
    std::vector<std::byte> again(certificate_bytes_max);
    const auto size = write_certificate(again, *read, issuer());
    again.resize(size ? *size : 0);
    must(again == whole || !read->subject);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesIn bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
    switch (data[0] & 3) {
        case 0:
            read_trust(text_of(bytes));
            break;
        case 1:
            read_certificates(bytes);
            break;
        case 2:
            if (const auto key = read_key(text_of(bytes))) must(KeyText(*key).view() == text_of(bytes));
            break;
        default:
            if (const auto identity = read_identity(text_of(bytes))) {
                Secret<identity_text_bytes> text;
                write_identity(text, *identity);
                must(equal(text.bytes(), bytes));
            }
    }
    return 0;
}
