// A check of a path from a stranger: read within its bounds, and what is read can be written so that it is
// read again.
//   input: u8 mode, then the message; where mode is odd its length, cookie and fingerprint are made to fit
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tenon/core/big_endian.hpp"
#include "tenon/transport/stun.hpp"

namespace {

using namespace tenon;
using namespace tenon::transport::detail;

void must(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    std::vector<std::byte> bytes(begin + 1, begin + size);
    if (data[0] % 2 == 1 && bytes.size() >= 20) {
        const std::size_t end = bytes.size() & ~std::size_t(3);
        bytes.resize(end + 8);
        store_be16(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size() - 20));
        store_be32(bytes.data() + 4, StunMessage::cookie);
        store_be16(bytes.data() + end, StunMessage::fingerprint);
        store_be16(bytes.data() + end + 2, 4);
        store_be32(bytes.data() + end + 4, crc32(BytesIn(bytes).first(end)) ^ StunMessage::fingerprint_mask);
    }
    StunMessage message;
    if (!message.read(bytes)) {
        must(!message.is_vouched("password"));
        return 0;
    }
    must(bytes.size() <= StunMessage::bytes_max && message.user.size() <= 513 && message.error < 800);
    (void)message.is_vouched("password");
    must(message.user_before().size() + message.user_behind().size() <= message.user.size());
    StunWriter writer(message.kind, message.id);
    if (!message.user.empty()) writer.user(message.user_before(), message.user_behind());
    if (message.nominates) writer.nominate();
    if (message.controlling || message.controlled) writer.role(message.controlling, 1);
    if (message.mapped.port != 0) writer.mapped(message.mapped);
    StunMessage again;
    must(again.read(writer.finish("password")) && again.is_vouched("password"));
    must(again.id == message.id && again.kind == message.kind && again.nominates == message.nominates);
    must(message.mapped.port == 0 || again.mapped == message.mapped);
    must(again.user_before() == message.user_before() && again.user_behind() == message.user_behind());
    return 0;
}
