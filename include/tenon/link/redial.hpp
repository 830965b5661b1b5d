#pragma once
// How a guest whose path has broken comes back as itself: it asks, again and again, to go on with its link
// from wherever it is now, and proves with the link's key that it is the one who left. PROTOCOL.md describes
// the request. The room asks Redial when; the host checks the proof.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/handshake.hpp"

namespace tenon {

struct Resume {
    std::uint64_t nonce = 0, game = 0, room = 0;
    PeerId peer;
    std::uint64_t proof = 0;
    std::uint16_t protocol = protocol_version;
    BytesIn packet{};    // of the link, which came with it; it lies in the datagram
    bool seldom = false; // the host's finding: its address does not ask too often
};

namespace meeting {
inline constexpr std::size_t resume_bytes = 72; // longer than any answer; a packet may follow
}

// `packet_bytes`: of the packet that stands there behind it already.
inline std::size_t write(BytesOut into, const Resume& resume, std::size_t packet_bytes = 0) {
    ByteWriter out = detail::begin_meeting(into, meeting::resume);
    out.u16(resume.protocol);
    out.u64(resume.nonce);
    out.u64(resume.game);
    out.u64(resume.room);
    out.u32(resume.peer.value);
    out.u64(resume.proof);
    const std::size_t size = detail::seal_meeting(into, out, meeting::resume_bytes);
    if (size == 0 || packet_bytes == 0) return size;
    store_le(&into[1], detail::meeting_checksum(into.first(size + packet_bytes)));
    return size + packet_bytes;
}
inline Result<Resume> read_resume(BytesIn datagram) {
    ByteReader in(datagram.subspan(5));
    Resume resume;
    resume.protocol = in.u16();
    resume.nonce = in.u64();
    resume.game = in.u64();
    resume.room = in.u64();
    resume.peer.value = in.u32();
    resume.proof = in.u64();
    if (!in.ok() || datagram.size() < meeting::resume_bytes) return Error::truncated;
    if (resume.protocol != protocol_version) return Error::version_mismatch; // it was let in with ours
    resume.packet = datagram.subspan(meeting::resume_bytes);
    return resume;
}

// Asks briskly at first, so that the way back is found within a round trip, and later with growing pauses.
// With each request goes a packet of the link, as large as it may be with the first and with some later ones.
class Redial {
  public:
    // Begins to ask, or asks at once if it was doing so. An earlier request that had no answer is asked again
    // as it was, because the host may have granted it.
    void begin(Instant now, std::uint64_t nonce, const Terms& terms, PeerId self, std::uint64_t proof,
               Duration pause, Duration patience) {
        if (!pending_) asked_ = {nonce, terms.game, terms.room, self, proof};
        if (!active_) {
            ends_ = now + patience;
            brisk_until_ = now + brisk;
            least_ = pause_ = max(pause, pause_min);
            large_ = 0;
        }
        pending_ = active_ = true;
        due_ = now;
    }
    // This side is elsewhere again: what it has asked was for nothing.
    void hurry() { due_ = Instant{}, large_ = 0; }
    // The peer is heard again on its own.
    void rest() { active_ = false; }
    // Granted or refused.
    void end() { active_ = pending_ = false; }

    bool active() const { return active_; }
    bool is_mine(std::uint64_t nonce) const { return pending_ && asked_.nonce == nonce; }
    std::uint64_t nonce() const { return asked_.nonce; }
    bool too_late(Instant now) const { return active_ && now >= ends_; }
    Instant poll_timeout() const { return active_ ? min(due_, ends_) : Instant::never(); }

    // `early(into, behind)` writes a packet of the link behind so many bytes, and gives its size; 0 when that
    // is all there is room for.
    std::size_t poll_transmit(Instant now, BytesOut into, auto&& early) {
        if (!active_ || now < due_) return 0;
        if (now >= brisk_until_) pause_ = min(pause_ * 3 / 2, max(pause_max, least_));
        // Guests who were cut off together don't come back together.
        due_ = now + pause_ * static_cast<std::int64_t>(48 + splitmix(asked_.nonce + ++times_) % 32) / 64;
        const bool large = large_ < large_at_once || now >= large_at_;
        const std::size_t most = large ? into.size() : meeting::resume_bytes + small_bytes;
        if (large) ++large_, large_at_ = now + large_pause;
        return write(into, asked_,
                     early(into.first(most < into.size() ? most : into.size()), meeting::resume_bytes));
    }

  private:
    static constexpr Duration pause_min = milliseconds(20), pause_max = seconds(2), brisk = seconds(10);
    // A path that bears nothing is asked often, and not with all that waits.
    static constexpr Duration large_pause = milliseconds(200);
    static constexpr unsigned large_at_once = 3;
    static constexpr std::size_t small_bytes = 192;

    Resume asked_;
    bool active_ = false, pending_ = false;
    Instant due_{}, ends_{}, brisk_until_{};
    Duration least_{}, pause_{};
    std::uint64_t times_ = 0;
    unsigned large_ = 0;
    Instant large_at_{};
};

} // namespace tenon
