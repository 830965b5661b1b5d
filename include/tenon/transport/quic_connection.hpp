#pragma once
// QuicConnection: one peer of Quic: ngtcp2's connection, its handshake, one stream with frames in both
// directions, datagrams and large frames beside it, and the identities under which it is found. QuicOver
// keeps them; none knows of another.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tenon/transport/asked.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/connection_address.hpp"
#include "tenon/transport/connection_table.hpp"
#include "tenon/transport/gnutls.hpp"
#include "tenon/transport/kept_queue.hpp"
#include "tenon/transport/length_framing.hpp"
#include "tenon/transport/location.hpp"
#include "tenon/transport/ngtcp2.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/quic_bulk.hpp"
#include "tenon/transport/quic_datagrams.hpp"
#include "tenon/transport/quic_shared.hpp"
#include "tenon/transport/quic_sides.hpp"

namespace tenon::transport::detail {

struct QuicConnection {
    using Options = QuicOptions;
    static constexpr QuicTerms terms{.bulk = true};
    static constexpr bool makes_certificate = false; // where a server is given none
    static constexpr std::uint64_t malformed_code = 1;
    static const QuicOptions& quic(const Options& options) { return options; }
    static Result<Location> locate(std::string_view text) { return Location{std::string(text), {}}; }

    ConnectionAddress address;
    std::uint32_t slot = 0;
    Stage stage = Stage::dialling;
    bool dialled = false;
    bool heard = false;   // a whole frame came, so whoever polls knows of it
    bool queued = false;  // among those that flush() looks at
    bool blocked = false; // the other side, or the path, takes no more now
    bool mute = false;    // and never will
    bool ended = false;   // the other side says no more
    bool over = false;    // ngtcp2 has done with it: `error` says why
    bool gone = false;    // and the other side knows
    bool shaken = false;  // hands were, and that was seen to
    bool resumed = false; // from the secrets of an earlier one
    Error error = Error::closed;
    Instant deadline = Instant::never(), due = Instant::never();
    std::uint64_t code = 0;       // what the other side is told in the end
    std::uint64_t refusals = 0;   // requests that were not agreed to
    std::uint64_t migrations = 0; // times that the other side came from another address
    std::uint64_t strays = 0;     // datagrams that were nobody's
    ByteQueue in;
    KeptQueue out;
    QuicSides sides;
    bool news = false;                    // something came, or ended, on one of them
    bool finishes = false;                // we say no more when `out` has left
    QuicDatagrams datagrams;              // beside those
    QuicBulk bulk;                        // and the streams for large frames
    std::vector<std::byte> ticket, token; // that came in, for the next time

    QuicConnection() = default;
    QuicConnection(const QuicConnection&) = delete;
    QuicConnection& operator=(const QuicConnection&) = delete;
    ~QuicConnection() {
        forget_ids();
        if (conn_ != nullptr) ngtcp2_conn_del(conn_);
    }

    bool is_up() const { return stage < Stage::leaving; }
    // A stranger whose address is known to be real. Where a retry was asked of it, `original` is the identity
    // with which it came first.
    bool accept(QuicShared& shared, const ngtcp2_pkt_hd& head, const ngtcp2_cid* original, Instant now);
    bool dial(QuicShared& shared, std::string_view host, BytesIn kept_ticket, BytesIn kept_token,
              Instant now);

    // False when it is over.
    bool read(const IpAddress& from, BytesIn datagram, Instant now) {
        const QuicPath at(shared_->local, from);
        const ngtcp2_pkt_info info{};
        const int code_read =
            ngtcp2_conn_read_pkt(conn_, &at.path, &info, octets(datagram), datagram.size(), to_quic(now));
        if (code_read != 0) return fail(code_read);
        return open_stream();
    }
    bool expire(Instant now) {
        const int code_expired = ngtcp2_conn_handle_expiry(conn_, to_quic(now));
        return code_expired == 0 || fail(code_expired);
    }
    // A client's: what it is to ask for.
    void prepare(const Asked&, const Options&) {}
    // Sees to what came beside the frames; false when it is over.
    bool understand(const Options&) {
        if (bulk.error() == Error::none) return true;
        error = Error::malformed;
        code = malformed_code;
        return false;
    }
    // Whoever leaves may go: the other side has all that was said.
    bool has_left() const { return (out.empty() && bulk.has_left()) || mute; }
    // What was taken is all there is to say.
    void leave() {}
    Instant expiry() const { return from_quic(ngtcp2_conn_get_expiry(conn_)); }
    bool is_shaken() const { return ngtcp2_conn_get_handshake_completed(conn_) != 0; }
    std::size_t datagram_room() const { return stage == Stage::open ? QuicDatagrams::room(conn_) : 0; }
    bool put_datagram(BytesIn datagram) { return datagrams.put({}, datagram); }
    // Leaves of one that came what is for whoever polls; false when it ends everything.
    bool open_datagram(BytesIn&) { return true; }
    BulkWay bulk_way() const {
        const bool open = stage == Stage::open && shared_->terms.bulk && !mute;
        return open ? bulk.way(conn_, shared_->options.bulk_streams) : BulkWay{};
    }
    bool append_bulk(BytesIn frame) { return bulk.put(conn_, frame); }
    template <class F>
    void each_bulk(F&& f) {
        const std::size_t done = bulk.each_whole(f);
        if (done != 0) ngtcp2_conn_extend_max_streams_uni(conn_, done);
    }
    bool is_bulk(std::int64_t stream) const {
        return shared_->terms.bulk && ngtcp2_is_bidi_stream(stream) == 0;
    }
    bool append(BytesIn frame) {
        std::byte head[LengthFraming::head_max];
        ByteWriter writer(head);
        writer.varint(frame.size());
        return out.append(BytesIn(head, writer.position()), frame);
    }
    // The next packet and where it goes; 0 when there is none now.
    std::size_t write(BytesOut into, IpAddress& to, Instant now);
    // As much as may leave in one go has been written.
    void written(Instant now) { ngtcp2_conn_update_pkt_tx_time(conn_, to_quic(now)); }
    std::size_t quantum() const { return ngtcp2_conn_get_send_quantum(conn_); }
    // Tells the other side that it is over, and why; 0 where there is nobody to tell.
    std::size_t write_close(BytesOut into, IpAddress& to, Instant now);
    void forget_ids() {
        for (const QuicId& id : ids_) shared_->ids.erase(id);
        ids_.clear();
    }

  protected:
    // The stream on which only we speak, or both do; -1 where the other side allows none.
    std::int64_t open_side(bool both_ways) {
        std::int64_t opened = -1;
        const int done = both_ways ? ngtcp2_conn_open_bidi_stream(conn_, &opened, nullptr)
                                   : ngtcp2_conn_open_uni_stream(conn_, &opened, nullptr);
        return done == 0 ? sides.add(opened).stream : -1;
    }
    // So much of what came there is done with: the other side may say as much again.
    void take_side(QuicSide& side, std::size_t count) {
        side.in.take(count);
        ngtcp2_conn_extend_max_stream_offset(conn_, side.stream, count);
        ngtcp2_conn_extend_max_offset(conn_, count);
    }
    // What follows on this stream are the frames.
    bool take_frames(std::int64_t stream) {
        stream_ = stream;
        QuicSide* side = sides.find(stream);
        if (side == nullptr) return true;
        const bool kept = in.append(side->in.front());
        ended = ended || side->ended;
        take_side(*side, side->in.size());
        sides.remove(stream);
        return kept;
    }
    bool open_frames() {
        return ngtcp2_conn_open_bidi_stream(conn_, &stream_, nullptr) == 0 || fail(NGTCP2_ERR_PROTO);
    }
    bool has_frames() const { return stream_ >= 0; }

  private:
    using Flag = std::uint32_t;
    static QuicConnection& of(void* user) { return *static_cast<QuicConnection*>(user); }
    static QuicConnection& of(gnutls_session_t session) {
        return of(static_cast<ngtcp2_crypto_conn_ref*>(gnutls_session_get_ptr(session))->user_data);
    }
    static ngtcp2_callbacks callbacks(bool dials);
    static ngtcp2_cid new_id();
    ngtcp2_settings settings(Instant now, BytesIn with_token) const;
    ngtcp2_transport_params params(bool accepts) const;
    bool list(const QuicId& id) {
        if (shared_->ids.insert(id, slot) == nullptr) return false;
        ids_.push_back(id);
        return true;
    }
    bool join_tls(bool dials);
    bool open_stream() {
        if (!dialled || stream_ >= 0 || shared_->terms.sides || !is_shaken()) return true;
        return open_frames();
    }
    bool fail(int library_code);
    bool issue(ngtcp2_cid& id, std::uint8_t* reset, std::size_t size);
    std::size_t gather(const KeptQueue& from, ngtcp2_vec (&pieces)[4], bool& last) const;
    int take(std::int64_t stream, Flag flags, BytesIn bytes);
    int take_aside(std::int64_t stream, Flag flags, BytesIn bytes);
    void settle(std::int64_t stream, std::size_t count);
    void begin(std::int64_t stream) {
        if (is_bulk(stream))
            bulk.begin(stream);
        else if (!shared_->terms.sides)
            stream_ = stream;
        else
            sides.add(stream);
    }
    void end(std::int64_t stream);
    void greet();
    void moved(ngtcp2_path_validation_result result) {
        migrations += result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS;
    }

    QuicShared* shared_ = nullptr;
    ngtcp2_conn* conn_ = nullptr;
    GnuTls tls_;
    ngtcp2_crypto_conn_ref ref_{};
    std::vector<QuicId> ids_;
    std::int64_t stream_ = -1;
    bool finished_ = false;
    QuicCause cause_{};
};

inline int QuicConnection::take(std::int64_t stream, Flag flags, BytesIn bytes) {
    if (is_bulk(stream)) {
        // What it has not taken yet it may keep: its stream has no more room than one frame.
        ngtcp2_conn_extend_max_offset(conn_, bytes.size());
        return bulk.take(stream, bytes, (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0)
                   ? 0
                   : NGTCP2_ERR_CALLBACK_FAILURE;
    }
    if (stream != stream_) return take_aside(stream, flags, bytes);
    if (is_up() && !in.append(bytes)) return NGTCP2_ERR_CALLBACK_FAILURE;
    ngtcp2_conn_extend_max_stream_offset(conn_, stream, bytes.size());
    ngtcp2_conn_extend_max_offset(conn_, bytes.size());
    if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0) ended = true;
    return 0;
}

// What nobody takes the other side can't say more of: what is kept is bounded by its window.
inline int QuicConnection::take_aside(std::int64_t stream, Flag flags, BytesIn bytes) {
    QuicSide* side = sides.find(stream);
    if (side == nullptr || !side->in.append(bytes)) return NGTCP2_ERR_CALLBACK_FAILURE;
    if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0) side->ended = true;
    news = true;
    return 0;
}

inline void QuicConnection::settle(std::int64_t stream, std::size_t count) {
    if (is_bulk(stream)) return void(bulk.settle(stream, count));
    QuicSide* side = sides.find(stream);
    (side != nullptr ? side->out : out).settle(count);
}

// The other side has taken back what it said there.
inline void QuicConnection::end(std::int64_t stream) {
    if (is_bulk(stream)) return bulk.fail(Error::malformed);
    QuicSide* side = sides.find(stream);
    if (side == nullptr) {
        ended = true;
        return;
    }
    take_side(*side, side->in.size());
    side->reset = news = true;
}

// What is beside the frames goes first; then the frames; then what is large; then what else there is to say.
inline std::size_t QuicConnection::write(BytesOut into, IpAddress& to, Instant now) {
    if (over || gone) return 0;
    ngtcp2_path_storage at;
    ngtcp2_path_storage_zero(&at);
    ngtcp2_pkt_info info;
    blocked = false;
    if (stage == Stage::open && datagrams.waits()) {
        const ngtcp2_ssize size = datagrams.write(conn_, &at.path, &info, into, to_quic(now));
        if (size > 0) return to = from_system(at.path.remote), static_cast<std::size_t>(size);
        if (size < 0 && size != NGTCP2_ERR_WRITE_MORE) return fail(static_cast<int>(size)), 0;
    }
    for (std::size_t turn = 0; turn <= sides.size() + 2; ++turn) {
        QuicSide* side = turn < sides.size() ? &sides[turn] : nullptr;
        const bool frames = turn == sides.size() && stream_ >= 0 && !mute;
        QuicBulk::Leaving* large = turn == sides.size() + 1 ? bulk.next() : nullptr;
        const bool rest = turn == sides.size() + 2;
        if (side != nullptr ? !side->has_more() : !frames && large == nullptr && !rest) continue;
        KeptQueue& from = side != nullptr ? side->out : large != nullptr ? large->out : out;
        bool last = side != nullptr ? side->finishes : large != nullptr || (frames && finishes && !finished_);
        ngtcp2_vec pieces[4];
        const std::size_t count = rest ? 0 : gather(from, pieces, last);
        const bool is_said = count != 0 || last;
        if (frames && !is_said && bulk.next() != nullptr) continue;
        ngtcp2_ssize taken = -1;
        const ngtcp2_ssize size =
            ngtcp2_conn_writev_stream(conn_, &at.path, &info, octets(into), into.size(), &taken,
                                      last ? NGTCP2_WRITE_STREAM_FLAG_FIN : NGTCP2_WRITE_STREAM_FLAG_NONE,
                                      !is_said           ? -1
                                      : side != nullptr  ? side->stream
                                      : large != nullptr ? large->stream
                                                         : stream_,
                                      pieces, count, to_quic(now));
        if (taken > 0) from.give(static_cast<std::size_t>(taken));
        if (taken >= 0 && last && from.waiting() == 0 && large == nullptr)
            (side != nullptr ? side->finished : finished_) = true;
        if (size == NGTCP2_ERR_STREAM_DATA_BLOCKED || size == NGTCP2_ERR_STREAM_SHUT_WR) {
            blocked = blocked || frames;
            continue;
        }
        if (size < 0) return fail(static_cast<int>(size)), 0;
        blocked = blocked || (size == 0 && out.waiting() != 0);
        if (size > 0) to = from_system(at.path.remote);
        return static_cast<std::size_t>(size);
    }
    return 0;
}

// What waits, as far as it may leave; `last` stays where that is all of it.
inline std::size_t QuicConnection::gather(const KeptQueue& from, ngtcp2_vec (&pieces)[4], bool& last) const {
    const std::size_t flight_max = shared_->options.flight_max;
    std::size_t count = 0, room = flight_max > from.in_flight() ? flight_max - from.in_flight() : 0;
    std::size_t left = from.waiting();
    from.each_waiting([&](BytesIn piece) {
        const std::size_t size = std::min(piece.size(), room);
        if (size == 0) return false;
        pieces[count++] = {const_cast<std::uint8_t*>(octets(piece)), size};
        room -= size;
        left -= size;
        return count < 4;
    });
    last = last && left == 0;
    return count;
}

inline std::size_t QuicConnection::write_close(BytesOut into, IpAddress& to, Instant now) {
    if (conn_ == nullptr || gone) return 0;
    if (!over) set_own_cause(cause_, code);
    ngtcp2_path_storage at;
    ngtcp2_path_storage_zero(&at);
    ngtcp2_pkt_info info;
    const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(conn_, &at.path, &info, octets(into),
                                                                 into.size(), &cause_, to_quic(now));
    over = gone = true;
    if (size <= 0) return 0;
    to = from_system(at.path.remote);
    return static_cast<std::size_t>(size);
}

inline bool QuicConnection::fail(int library_code) {
    const bool refused_key =
        error == Error::unknown_key || error == Error::expired || error == Error::key_changed;
    switch (library_code) {
        case NGTCP2_ERR_DRAINING:
            gone = true;
            error = to_error(cause_of(conn_));
            break;
        case NGTCP2_ERR_CLOSING:
        case NGTCP2_ERR_DROP_CONN:
        case NGTCP2_ERR_RETRY:
            gone = true;
            break;
        case NGTCP2_ERR_IDLE_CLOSE:
        case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
            gone = true;
            error = Error::timed_out;
            break;
        case NGTCP2_ERR_CRYPTO:
            if (!refused_key) error = Error::encryption_mismatch;
            set_alert_cause(cause_, ngtcp2_conn_get_tls_alert(conn_));
            break;
        default:
            if (!refused_key) error = Error::malformed;
            set_library_cause(cause_, library_code);
            break;
    }
    over = true;
    return false;
}

} // namespace tenon::transport::detail
