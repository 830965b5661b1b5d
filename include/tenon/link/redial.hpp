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
};

namespace meeting {
inline constexpr std::size_t resume_bytes = 72; // longer than any answer
}

inline std::size_t write(BytesOut into, const Resume& resume) {
    ByteWriter out = detail::begin_meeting(into, meeting::resume);
    out.u16(resume.protocol);
    out.u64(resume.nonce);
    out.u64(resume.game);
    out.u64(resume.room);
    out.u32(resume.peer.value);
    out.u64(resume.proof);
    return detail::seal_meeting(into, out, meeting::resume_bytes);
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
    return resume;
}

// Asks briskly at first, so that the way back is found within a round trip, and later with growing pauses.
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
        }
        pending_ = active_ = true;
        due_ = now;
    }
    // The peer is heard again on its own.
    void rest() { active_ = false; }
    // Granted or refused.
    void end() { active_ = pending_ = false; }

    bool active() const { return active_; }
    bool is_mine(std::uint64_t nonce) const { return pending_ && asked_.nonce == nonce; }
    std::uint64_t nonce() const { return asked_.nonce; }
    bool too_late(Instant now) const { return active_ && now >= ends_; }
    Instant poll_timeout() const { return active_ ? min(due_, ends_) : Instant::never(); }

    std::size_t poll_transmit(Instant now, BytesOut into) {
        if (!active_ || now < due_) return 0;
        if (now >= brisk_until_) pause_ = min(pause_ * 3 / 2, max(pause_max, least_));
        // Guests who were cut off together don't come back together.
        due_ = now + pause_ * static_cast<std::int64_t>(48 + splitmix(asked_.nonce + ++times_) % 32) / 64;
        return write(into, asked_);
    }

  private:
    static constexpr Duration pause_min = milliseconds(20), pause_max = seconds(2), brisk = seconds(10);

    Resume asked_;
    bool active_ = false, pending_ = false;
    Instant due_{}, ends_{}, brisk_until_{};
    Duration least_{}, pause_{};
    std::uint64_t times_ = 0;
};

} // namespace tenon
