// Datagrams as a stranger sends them to a host's port, and to a client that dials: at the door no answer is
// larger than what it answers, and nobody comes in without a token of ours; a client answers nothing with
// more than a datagram, and ends by itself or goes on.
// And what comes in a stream of its own: one frame or an error, whatever the pieces are.
//   input: u8 what for (0xB0 and up: a stream, in pieces of so many bytes more than that; else odd: the
//   client, with its own identity put in), then the datagram, or what is in the stream
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tenon/transport/quic_connection.hpp"
#include "tenon/transport/quic_door.hpp"
#include "tenon/transport/quic_handshake.hpp"

namespace {

using namespace tenon;
using namespace tenon::transport;
using namespace tenon::transport::detail;

void must(bool holds) {
    if (!holds) std::abort();
}

const IpAddress here = IpAddress::loopback(4000), there = IpAddress::loopback(5000);

void knock(BytesIn datagram) {
    QuicShared shared;
    shared.listens = true;
    shared.local = here;
    gnutls_secret(shared.secret, sizeof shared.secret);
    QuicDoor door;
    ngtcp2_version_cid ids{};
    const int read = ngtcp2_pkt_decode_version_cid(&ids, octets(datagram), datagram.size(), quic_id_bytes);
    std::byte answer[quic_datagram_bytes];
    const auto visit = door.look(shared, ids, read, there, datagram, answer, now());
    must(!visit.admitted);
    must(visit.answer <= datagram.size() && visit.answer <= sizeof answer);
    const QuicDoorCounters& seen = door.counters();
    must(seen.retried + seen.other_versions + seen.reset + seen.refused + seen.dropped == 1);
}

void answer(BytesIn datagram) {
    QuicShared shared;
    shared.local = here;
    gnutls_secret(shared.secret, sizeof shared.secret);
    must(bool(shared.tls.open({.fingerprint = "00"}, shared.options.protocol, false, false)));
    QuicConnection client;
    client.address = there;
    must(client.dial(shared, "fuzz.example", {}, {}, now()));
    std::byte packet[quic_datagram_bytes];
    IpAddress to;
    must(client.write(packet, to, now()) == sizeof packet && to == there);
    // Who listens on the way knows the identities of both: the client's first packet names them.
    std::vector<std::byte> said(datagram.begin(), datagram.end());
    ngtcp2_version_cid ids{};
    must(ngtcp2_pkt_decode_version_cid(&ids, octets(BytesIn(packet)), sizeof packet, quic_id_bytes) == 0);
    must(ids.scidlen == quic_id_bytes);
    if (said.size() > 6 + quic_id_bytes && (said[0] & std::byte{0x80}) != std::byte{}) {
        said[5] = std::byte{quic_id_bytes};
        std::memcpy(said.data() + 6, ids.scid, quic_id_bytes);
    } else if (said.size() > 1 + quic_id_bytes) {
        std::memcpy(said.data() + 1, ids.scid, quic_id_bytes);
    }
    if (!client.read(there, said, now())) must(client.over);
    must(!client.is_shaken() && client.in.empty());
    for (int i = 0; i < 8 && client.write(packet, to, now()) != 0; ++i) must(to == there);
    must(client.write_close(packet, to, now()) <= sizeof packet);
    client.forget_ids();
    must(shared.ids.size() == 0);
}

void stream(BytesIn bytes, std::size_t step) {
    QuicBulk bulk;
    bulk.begin(3);
    const BytesIn all = bytes;
    for (; bytes.size() > step; bytes = bytes.subspan(step)) must(bulk.take(3, bytes.first(step), false));
    must(bulk.each_whole([](BytesIn) { return true; }) == 0); // not before its end
    must(bulk.take(3, bytes, true));
    if (bulk.error() != Error::none) return;
    std::size_t size = 0;
    must(bulk.each_whole([&](BytesIn frame) { return size = frame.size(), true; }) == 1);
    must(size != 0 && size <= frame_max && size + varint_size(size) == all.size());
    must(!bulk.take(3, all, true)); // and that is the end of it
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0; // the system gives no empty datagram to look at
    const BytesIn datagram{reinterpret_cast<const std::byte*>(data) + 1, size - 1};
    if (data[0] >= 0xB0)
        stream(datagram, data[0] - 0xB0 + 1u);
    else if (data[0] % 2 == 0)
        knock(datagram);
    else
        answer(datagram);
    return 0;
}
