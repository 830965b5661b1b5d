#pragma once
// SctpAssociation: the streams inside a WebRTC connection, by usrsctp, which is met here alone: link it with
// -lusrsctp. Packets and messages in and out, no socket; WebRtc carries them.
//
// usrsctp keeps one state for the whole process. All of it is entered under one mutex, and what it has to say
// is put down where its owner's thread finds it, so that transports on several threads don't meet.

#if !__has_include(<usrsctp.h>)
#error "tenon: web_rtc.hpp needs usrsctp: install libusrsctp-dev (Debian) or usrsctp-devel (Fedora)"
#endif
#include <usrsctp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

#include "tenon/core/big_endian.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/dcep.hpp"
#include "tenon/transport/now.hpp"

namespace tenon::transport::detail {

class SctpAssociation {
  public:
    static constexpr std::uint16_t port = 5000, streams_max = 64;
    // With what DTLS, UDP and IP put around it, it goes through whole everywhere.
    static constexpr std::uint32_t packet_bytes = 1152;
    static constexpr int buffer_bytes = 256 << 10; // of each direction

    // Those of one owner that have something to say.
    struct Bell {
        std::vector<SctpAssociation*> rung;
    };
    enum class What : std::uint8_t {
        nothing, // now
        up,
        piece, // of a message
        reset, // the other side has closed a stream
        ended, // in good order
        broken,
    };
    struct Read {
        What what = What::nothing;
        std::uint16_t stream = 0;
        DataKind kind = DataKind::bytes;
        bool last = false; // of its message
        BytesIn bytes = {};
    };
    enum class Wrote : std::uint8_t { written, later, broken };

    std::uint32_t slot = 0; // whose it is, for the owner of the bell

    SctpAssociation() = default;
    SctpAssociation(const SctpAssociation&) = delete;
    SctpAssociation& operator=(const SctpAssociation&) = delete;
    ~SctpAssociation() { close(); }

    bool is_open() const { return socket_ != nullptr; }
    // Both sides do.
    bool connect(Bell& bell, std::uint16_t their_port);
    void heed(BytesIn packet) {
        const std::lock_guard lock(engine().mutex);
        if (is_open()) usrsctp_conninput(handle(), packet.data(), packet.size(), 0);
    }
    // Unreliable: sent once, and taken as it comes.
    Wrote write(std::uint16_t stream, DataKind kind, BytesIn bytes, bool reliable);
    // Bytes that were written and have not been sent even once.
    std::size_t waiting() const {
        const std::lock_guard lock(engine().mutex);
        if (!is_open() || given_ <= sent_) return 0;
        sctp_status status{};
        socklen_t size = sizeof status;
        // With nothing on the way more would leave; so what lacks was given up unsent.
        if (usrsctp_getsockopt(socket_, IPPROTO_SCTP, SCTP_STATUS, &status, &size) == 0 &&
            status.sstat_unackdata == 0 && status.sstat_penddata == 0)
            given_ = sent_;
        return static_cast<std::size_t>(given_ - sent_);
    }
    // What has come, one after the other.
    Read read(BytesOut room);
    // Calls f(packet) for each that is to leave.
    template <class F>
    void drain(F&& f) {
        {
            const std::lock_guard lock(engine().mutex);
            std::swap(packets_, leaving_);
        }
        BytesIn left = leaving_.front();
        while (left.size() >= 2) {
            const std::size_t size = load_le<std::uint16_t>(left.data());
            f(left.subspan(2, size));
            left = left.subspan(2 + size);
        }
        leaving_.clear();
    }
    // Says that no more will be said; what was written still arrives.
    void finish() {
        const std::lock_guard lock(engine().mutex);
        if (is_open()) usrsctp_shutdown(socket_, SHUT_WR);
    }
    // At once, which the other side is told with what drain() then gives.
    void close();

    // For whoever polls: lets the time of all associations of the process go on.
    static void tick(Instant now) {
        Engine& e = engine();
        const std::lock_guard lock(e.mutex);
        const std::int64_t ms = (now - e.ticked) / milliseconds(1);
        if (ms < tick_ms) return;
        e.ticked = now;
        usrsctp_handle_timers(static_cast<std::uint32_t>(std::min<std::int64_t>(ms, 10'000)));
    }
    static constexpr std::int64_t tick_ms = 10;
    static void answer(Bell& bell, std::vector<SctpAssociation*>& into) {
        const std::lock_guard lock(engine().mutex);
        into.clear();
        std::swap(into, bell.rung);
        for (SctpAssociation* association : into) association->rings_ = false;
    }

  private:
    struct Number {
        std::uint64_t value = 0;
        std::uint64_t hash() const { return splitmix(value); }
        friend bool operator==(Number, Number) = default;
    };
    // It stays as long as the process: usrsctp may still be winding up what was closed.
    struct Engine {
        std::mutex mutex;
        Instant ticked = now();
        HashMap<Number, SctpAssociation*> associations; // usrsctp knows them by number, and may know too many
        std::uint64_t last = 0;

        Engine() {
            usrsctp_init_nothreads(0, put_packet, nullptr);
            usrsctp_sysctl_set_sctp_ecn_enable(0);
            usrsctp_sysctl_set_sctp_asconf_enable(0);
            usrsctp_sysctl_set_sctp_auth_enable(0);
            usrsctp_sysctl_set_sctp_blackhole(2); // strangers get no answers
            usrsctp_sysctl_set_sctp_max_chunks_on_queue(8 << 10);
            usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
            usrsctp_sysctl_set_sctp_initial_cwnd(10);
            usrsctp_sysctl_set_sctp_max_burst_default(10);
            usrsctp_sysctl_set_sctp_rto_min_default(150);
            usrsctp_sysctl_set_sctp_rto_initial_default(500);
            usrsctp_sysctl_set_sctp_rto_max_default(5'000);
            usrsctp_sysctl_set_sctp_init_rto_max_default(2'000);
            usrsctp_sysctl_set_sctp_nr_outgoing_streams_default(streams_max);
            usrsctp_sysctl_set_sctp_nr_incoming_streams_default(streams_max);
        }
        SctpAssociation* find(void* handle) {
            SctpAssociation** known = associations.find({reinterpret_cast<std::uintptr_t>(handle)});
            return known == nullptr ? nullptr : *known;
        }
    };
    static Engine& engine() {
        static Engine* const made = new Engine;
        return *made;
    }
    // These two are called from within usrsctp, so the mutex is held.
    static int put_packet(void* handle, void* bytes, std::size_t size, std::uint8_t, std::uint8_t) {
        SctpAssociation* a = engine().find(handle);
        if (a == nullptr || size > 0xFFFF) return 0;
        a->count({static_cast<const std::byte*>(bytes), size});
        std::byte head[2];
        store_le(head, static_cast<std::uint16_t>(size));
        if (a->packets_.size() <= packets_max && a->packets_.append(head))
            if (!a->packets_.append({static_cast<const std::byte*>(bytes), size})) a->packets_.clear();
        a->ring();
        return 0;
    }
    static void stirred(struct socket*, void* handle, int) {
        if (SctpAssociation* a = engine().find(handle)) a->ring();
    }
    static constexpr std::size_t packets_max = 1 << 20; // a window's worth, which nobody has come for

    // usrsctp does not tell what it has not sent yet, so what leaves for the first time is counted.
    void count(BytesIn packet) {
        for (std::size_t at = 12; at + 4 <= packet.size();) {
            const std::byte* chunk = packet.data() + at;
            const std::size_t size = load_be16(chunk + 2);
            if (size < 4 || size > packet.size() - at) return;
            constexpr std::size_t head = 16;
            if (chunk[0] == std::byte{0} && size > head) {
                const std::uint32_t number = load_be32(chunk + 4);
                if (!counts_ || static_cast<std::int32_t>(number - newest_) > 0) {
                    counts_ = true;
                    newest_ = number;
                    sent_ += size - head;
                }
            }
            at += (size + 3) & ~std::size_t(3);
        }
    }
    void ring() {
        if (rings_ || bell_ == nullptr) return;
        rings_ = true;
        bell_->rung.push_back(this);
    }
    void* handle() const { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(number_)); }
    sockaddr_conn place(std::uint16_t at) const {
        sockaddr_conn made{};
        made.sconn_family = AF_CONN;
#ifdef HAVE_SCONN_LEN
        made.sconn_len = sizeof made;
#endif
        made.sconn_port = htons(at);
        made.sconn_addr = handle();
        return made;
    }
    template <class T>
    bool set(int level, int what, const T& value) {
        return usrsctp_setsockopt(socket_, level, what, &value, sizeof value) == 0;
    }
    bool configure();
    Read heed_notification(BytesIn bytes);

    struct socket* socket_ = nullptr;
    std::uint64_t number_ = 0;
    Bell* bell_ = nullptr;
    bool rings_ = false, counts_ = false;
    mutable std::uint64_t given_ = 0; // bytes of messages
    std::uint64_t sent_ = 0;
    std::uint32_t newest_ = 0;    // number of what was sent last
    ByteQueue packets_, leaving_; // each packet behind its size
};

inline bool SctpAssociation::connect(Bell& bell, std::uint16_t their_port) {
    Engine& e = engine();
    const std::lock_guard lock(e.mutex);
    if (is_open()) return false;
    socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
    if (!is_open()) return false;
    number_ = ++e.last;
    bell_ = &bell;
    bool done = e.associations.insert({number_}, this) != nullptr;
    usrsctp_register_address(handle());
    sockaddr_conn mine = place(port), theirs = place(their_port);
    done = done && configure() &&
           usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&mine), sizeof mine) == 0 &&
           (usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&theirs), sizeof theirs) == 0 ||
            errno == EINPROGRESS);
    if (!done) return false;
    sctp_paddrparams path{};
    std::memcpy(&path.spp_address, &theirs, sizeof theirs);
    path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_ENABLE;
    path.spp_hbinterval = 10'000;
    path.spp_pathmtu = packet_bytes;
    return set(IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);
}

inline bool SctpAssociation::configure() {
    if (usrsctp_set_non_blocking(socket_, 1) != 0) return false;
    if (usrsctp_set_upcall(socket_, stirred, handle()) != 0) return false;
    const linger at_once{1, 0};
    const int yes = 1, bytes = buffer_bytes;
    sctp_assoc_value resets{};
    resets.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ;
    sctp_initmsg streams{};
    streams.sinit_num_ostreams = streams.sinit_max_instreams = streams_max;
    bool done = set(SOL_SOCKET, SO_LINGER, at_once) && set(SOL_SOCKET, SO_SNDBUF, bytes) &&
                set(SOL_SOCKET, SO_RCVBUF, bytes) && set(IPPROTO_SCTP, SCTP_NODELAY, yes) &&
                set(IPPROTO_SCTP, SCTP_RECVRCVINFO, yes) &&
                set(IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, resets) &&
                set(IPPROTO_SCTP, SCTP_INITMSG, streams);
    for (const int what : {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT}) {
        sctp_event event{};
        event.se_assoc_id = SCTP_ALL_ASSOC;
        event.se_type = static_cast<std::uint16_t>(what);
        event.se_on = 1;
        done = done && set(IPPROTO_SCTP, SCTP_EVENT, event);
    }
    return done;
}

inline SctpAssociation::Wrote SctpAssociation::write(std::uint16_t stream, DataKind kind, BytesIn bytes,
                                                     bool reliable) {
    sctp_sendv_spa how{};
    how.sendv_flags = SCTP_SEND_SNDINFO_VALID;
    how.sendv_sndinfo.snd_sid = stream;
    how.sendv_sndinfo.snd_ppid = htonl(static_cast<std::uint32_t>(kind));
    if (!reliable) {
        how.sendv_flags |= SCTP_SEND_PRINFO_VALID;
        how.sendv_sndinfo.snd_flags = SCTP_UNORDERED;
        how.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
        how.sendv_prinfo.pr_value = 0;
    }
    const std::lock_guard lock(engine().mutex);
    if (!is_open()) return Wrote::broken;
    const auto done =
        usrsctp_sendv(socket_, bytes.data(), bytes.size(), nullptr, 0, &how, sizeof how, SCTP_SENDV_SPA, 0);
    if (done >= 0) return given_ += bytes.size(), Wrote::written;
    return errno == EWOULDBLOCK || errno == EAGAIN || errno == ENOBUFS ? Wrote::later : Wrote::broken;
}

inline SctpAssociation::Read SctpAssociation::read(BytesOut room) {
    const std::lock_guard lock(engine().mutex);
    if (!is_open()) return {};
    sockaddr_conn from{};
    sctp_rcvinfo info{};
    socklen_t from_size = sizeof from, info_size = sizeof info;
    unsigned kind = SCTP_RECVV_NOINFO;
    int flags = 0;
    const auto size = usrsctp_recvv(socket_, room.data(), room.size(), reinterpret_cast<sockaddr*>(&from),
                                    &from_size, &info, &info_size, &kind, &flags);
    if (size == 0) return {What::ended};
    if (size < 0) return {errno == EWOULDBLOCK || errno == EAGAIN ? What::nothing : What::broken};
    const BytesIn bytes = room.first(static_cast<std::size_t>(size));
    if ((flags & MSG_NOTIFICATION) != 0) return heed_notification(bytes);
    if (kind != SCTP_RECVV_RCVINFO) return {What::broken};
    return {What::piece, info.rcv_sid, static_cast<DataKind>(ntohl(info.rcv_ppid)), (flags & MSG_EOR) != 0,
            bytes};
}

// One of no interest is a piece of nothing, so that whoever reads goes on.
inline SctpAssociation::Read SctpAssociation::heed_notification(BytesIn bytes) {
    constexpr Read uninteresting{What::piece, 0, DataKind::dcep, false, {}};
    std::uint16_t type = 0;
    if (bytes.size() < sizeof type) return uninteresting;
    std::memcpy(&type, bytes.data(), sizeof type);
    if (type == SCTP_ASSOC_CHANGE && bytes.size() >= sizeof(sctp_assoc_change)) {
        sctp_assoc_change change{};
        std::memcpy(&change, bytes.data(), sizeof change);
        if (change.sac_state == SCTP_COMM_UP) return {What::up};
        if (change.sac_state == SCTP_SHUTDOWN_COMP) return {What::ended};
        if (change.sac_state != SCTP_RESTART) return {What::broken};
    }
    constexpr std::size_t head = offsetof(sctp_stream_reset_event, strreset_stream_list);
    if (type == SCTP_STREAM_RESET_EVENT && bytes.size() > head) {
        sctp_stream_reset_event reset{};
        std::memcpy(&reset, bytes.data(), head);
        // Of ours we know; one is told at a time, since nobody has more than two to close.
        if ((reset.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) != 0) {
            std::uint16_t stream = 0;
            std::memcpy(&stream, bytes.data() + head, sizeof stream);
            return {What::reset, stream};
        }
    }
    return uninteresting;
}

inline void SctpAssociation::close() {
    Engine& e = engine();
    const std::lock_guard lock(e.mutex);
    if (!is_open()) return;
    usrsctp_close(socket_); // which says so to the other side
    socket_ = nullptr;
    usrsctp_deregister_address(handle());
    e.associations.erase({number_});
    if (rings_) std::erase(bell_->rung, this);
    rings_ = false;
    bell_ = nullptr;
}

} // namespace tenon::transport::detail
