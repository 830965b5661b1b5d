#pragma once
// QuicDatagrams: what one connection of Quic carries beside its stream (RFC 9221): a few datagrams that wait
// for their packet, and those that came. They are lost like packets, and obey the same congestion control.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/ngtcp2.hpp"

namespace tenon::transport::detail {

class QuicDatagrams {
  public:
    // So large one may be: its packet has 1200 bytes, and at most 41 of them before it, and 3 of its own.
    static constexpr std::size_t size_max = 1150, frame_head_max = 3;
    // That wait, and bytes of those that came in one packet of UDP.
    static constexpr unsigned waiting_max = 16;
    static constexpr std::size_t came_max = 64 << 10;

    // As large as both sides can take; 0 where the other takes none, or has not said so yet.
    static std::size_t room(ngtcp2_conn* conn) {
        const ngtcp2_transport_params* theirs = ngtcp2_conn_get_remote_transport_params(conn);
        if (theirs == nullptr || theirs->max_datagram_frame_size <= frame_head_max) return 0;
        return static_cast<std::size_t>(
            std::min<std::uint64_t>(size_max, theirs->max_datagram_frame_size - frame_head_max));
    }

    // ---- those that leave

    bool waits() const { return waiting_ != 0; }
    bool is_full() const { return waiting_ == waiting_max; }
    // `head` stands before it.
    bool put(BytesIn head, BytesIn datagram) {
        if (is_full() || !append(out_, head, datagram)) return false;
        ++waiting_;
        return true;
    }
    // Puts into a packet what fits. NGTCP2_ERR_WRITE_MORE: it has room for what else there is to say; else
    // the packet's size, or what went wrong.
    ngtcp2_ssize write(ngtcp2_conn* conn, ngtcp2_path* path, ngtcp2_pkt_info* info, BytesOut into,
                       ngtcp2_tstamp now) {
        while (waits()) {
            const BytesIn datagram = first(out_);
            const ngtcp2_vec piece{const_cast<std::uint8_t*>(octets(datagram)), datagram.size()};
            int accepted = 0;
            const ngtcp2_ssize written =
                ngtcp2_conn_writev_datagram(conn, path, info, octets(into), into.size(), &accepted,
                                            NGTCP2_WRITE_DATAGRAM_FLAG_MORE, 0, &piece, 1, now);
            if (accepted != 0) {
                out_.take(2 + datagram.size());
                --waiting_;
            }
            if (written != NGTCP2_ERR_WRITE_MORE) return written;
        }
        return NGTCP2_ERR_WRITE_MORE;
    }

    // ---- those that came

    void take(BytesIn datagram) {
        if (datagram.size() <= came_max - std::min(came_.size(), came_max)) (void)append(came_, {}, datagram);
    }
    bool any() const { return !came_.empty(); }
    BytesIn front() const { return first(came_); }
    void pop() { came_.take(2 + front().size()); }

  private:
    static bool append(ByteQueue& queue, BytesIn head, BytesIn datagram) {
        const std::size_t size = head.size() + datagram.size();
        const BytesOut into = queue.room(2 + size);
        if (into.size() < 2 + size) return false;
        store_le(into.data(), static_cast<std::uint16_t>(size));
        copy(into.data() + 2, head);
        copy(into.data() + 2 + head.size(), datagram);
        queue.add(2 + size);
        return true;
    }
    static BytesIn first(const ByteQueue& queue) {
        return queue.front().subspan(2, load_le<std::uint16_t>(queue.front().data()));
    }

    ByteQueue out_, came_; // each behind its size
    unsigned waiting_ = 0;
};

} // namespace tenon::transport::detail
