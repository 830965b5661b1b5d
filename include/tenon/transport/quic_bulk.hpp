#pragma once
// QuicBulk: the streams of one connection of Quic that carry a single frame each, one way. Who has a large
// frame opens one, says the frame behind its length, and ends it; the other side has it once it is whole.
// QuicConnection has one and moves its bytes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/connection_address.hpp"
#include "tenon/transport/kept_queue.hpp"
#include "tenon/transport/length_framing.hpp"
#include "tenon/transport/ngtcp2.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::transport::detail {

class QuicBulk {
  public:
    // All that one such stream holds: the other side may not say more.
    static constexpr std::size_t stream_bytes = LengthFraming::head_max + frame_max;

    struct Leaving {
        std::int64_t stream = -1;
        KeptQueue out;
    };

    // ---- those that leave

    BulkWay way(ngtcp2_conn* conn, std::size_t streams_max) const {
        const ngtcp2_transport_params* theirs = ngtcp2_conn_get_remote_transport_params(conn);
        BulkWay way;
        way.there = streams_max != 0 && theirs != nullptr && theirs->initial_max_streams_uni != 0 &&
                    theirs->initial_max_stream_data_uni >= stream_bytes;
        std::size_t open = 0;
        for (const Leaving& one : leaving_) {
            open += one.stream >= 0;
            way.backlog += one.out.waiting();
            way.underway += one.out.size();
        }
        way.free = way.there && open < streams_max && ngtcp2_conn_get_streams_uni_left(conn) != 0;
        return way;
    }
    // False where no stream can be opened, or no memory is there.
    bool put(ngtcp2_conn* conn, BytesIn frame) {
        Leaving* free = nullptr;
        for (Leaving& one : leaving_)
            if (one.stream < 0) free = &one;
        if (free == nullptr) free = &leaving_.emplace_back();
        std::byte head[LengthFraming::head_max];
        ByteWriter writer(head);
        writer.varint(frame.size());
        free->out.clear();
        if (!free->out.append(BytesIn(head, writer.position()), frame)) return false;
        if (ngtcp2_conn_open_uni_stream(conn, &free->stream, nullptr) == 0) return true;
        free->stream = -1;
        free->out.clear();
        return false;
    }
    // The oldest of which something has not left: what began first shall be there first.
    Leaving* next() {
        Leaving* found = nullptr;
        for (Leaving& one : leaving_)
            if (one.out.waiting() != 0 && (found == nullptr || one.stream < found->stream)) found = &one;
        return found;
    }
    // The other side has so much more of that stream; false where it is none of these.
    bool settle(std::int64_t stream, std::size_t count) {
        for (Leaving& one : leaving_) {
            if (one.stream != stream) continue;
            one.out.settle(count);
            if (one.out.empty()) one.stream = -1;
            return true;
        }
        return false;
    }
    bool has_left() const {
        return std::all_of(leaving_.begin(), leaving_.end(),
                           [](const Leaving& one) { return one.stream < 0; });
    }

    // ---- those that come; an error ends the connection

    Error error() const { return error_; }
    // Somebody takes back what it said, or wants to hear no more of what must arrive.
    void fail(Error error) {
        if (error_ == Error::none) error_ = error;
    }
    void begin(std::int64_t stream) {
        Coming* free = nullptr;
        for (Coming& one : coming_)
            if (one.stream < 0) free = &one;
        if (free == nullptr) free = &coming_.emplace_back(); // as many as were allowed
        free->stream = stream;
    }
    // False where that stream is none of these.
    bool take(std::int64_t stream, BytesIn bytes, bool ends) {
        for (Coming& one : coming_) {
            if (one.stream != stream) continue;
            one.ended = one.ended || ends;
            const Error error = one.add(bytes);
            if (error != Error::none || (one.ended && !one.is_whole()))
                fail(error != Error::none ? error : Error::malformed);
            return true;
        }
        return false;
    }
    // f(frame) for each that is whole, until it gives false. How many streams are so done with.
    template <class F>
    std::size_t each_whole(F&& f) {
        std::size_t done = 0;
        for (Coming& one : coming_) {
            if (one.stream < 0 || !one.ended || !one.is_whole()) continue;
            const bool goes_on = f(BytesIn(one.bytes.get(), one.size));
            one.clear();
            ++done;
            if (!goes_on) break;
        }
        return done;
    }

  private:
    struct Coming {
        std::int64_t stream = -1;
        std::unique_ptr<std::byte[]> bytes;
        std::size_t capacity = 0, size = 0, filled = 0, head_bytes = 0; // a size of 0: not known yet
        std::byte head[LengthFraming::head_max];
        bool ended = false;

        bool is_whole() const { return size != 0 && filled == size; }
        void clear() {
            stream = -1;
            size = filled = head_bytes = 0;
            ended = false;
        }
        // The length is known, and its room taken, before the first byte is.
        Error add(BytesIn more) {
            for (; size == 0 && !more.empty(); more = more.subspan(1)) {
                if (head_bytes == sizeof head) return Error::too_large;
                head[head_bytes++] = more[0];
                if (std::to_integer<unsigned>(more[0]) >= 0x80) continue;
                ByteReader reader(BytesIn(head, head_bytes));
                const std::uint64_t said = reader.varint();
                if (!reader.ok() || said == 0) return Error::malformed;
                if (said > frame_max) return Error::too_large;
                size = static_cast<std::size_t>(said);
                if (!reserve()) return Error::queue_full;
            }
            if (more.size() > size - filled) return Error::malformed;
            if (!more.empty()) copy(bytes.get() + filled, more);
            filled += more.size();
            return Error::none;
        }
        bool reserve() {
            if (size <= capacity) return true;
            bytes.reset(new (std::nothrow) std::byte[size]);
            capacity = bytes != nullptr ? size : 0;
            return bytes != nullptr;
        }
    };

    std::vector<Leaving> leaving_; // few: as many as both sides allow, and kept for the next
    std::vector<Coming> coming_;
    Error error_ = Error::none;
};

} // namespace tenon::transport::detail
