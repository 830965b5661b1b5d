#pragma once
// Inputs: small, frequent, needed in order and at once. Every packet carries again those that are not
// acknowledged, so that a lost packet costs no round trip; what is too old to matter is let go.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/core/time.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

class CommandSender {
  public:
    static constexpr std::size_t kept_max = 32;

    explicit CommandSender(Pool& pool) : pool_(&pool) {}
    CommandSender(const CommandSender&) = delete;
    CommandSender& operator=(const CommandSender&) = delete;
    ~CommandSender() { pool_->give(bytes_); }

    // Takes one command and gives its number; the oldest make room. `share`: how many bytes of a packet
    // commands may fill.
    Result<std::uint32_t> push(MessageType type, BytesIn payload, std::size_t share) {
        const std::size_t size = varint_size(type.value) + varint_size(payload.size()) + payload.size();
        if (size > share || size > pool_->block_bytes()) return Error::too_large;
        if (bytes_ == nullptr && (bytes_ = pool_->take()) == nullptr) return Error::queue_full;
        while (count_ == kept_max || used_ + size > share || used_ + size > pool_->block_bytes()) drop();
        ByteWriter out(BytesOut(bytes_ + used_, size));
        out.varint(type.value);
        out.varint(payload.size());
        out.bytes(payload);
        sizes_[count_++] = static_cast<std::uint16_t>(size);
        used_ += size;
        fresh_ = true;
        return first_ + static_cast<std::uint32_t>(count_) - 1;
    }
    // What is kept goes with the next packet, whenever it went before.
    void hurry() { again_ = Instant{}; }
    // Everything up to `end` has arrived.
    void arrived(std::uint32_t end) {
        while (count_ != 0 && !newer(first_, end) && first_ != end) drop();
        if (count_ == 0 && bytes_ != nullptr) {
            pool_->give(bytes_);
            bytes_ = nullptr;
        }
    }

    bool waiting() const { return count_ != 0; } // something is not acknowledged
    bool fresh() const { return fresh_; }        // something has never been sent

    // When what is kept should go: at once if it never went, else after a round trip without an answer.
    Instant due() const { return fresh_ ? Instant{} : count_ != 0 ? again_ : Instant::never(); }

    // Writes all that is kept into a packet, or a frame of a stream, if it is due; gives one more than the
    // newest number inside, 0 when nothing was written.
    std::uint32_t fill(auto& packet, Instant now, Duration round_trip) {
        if (due() > now || packet.left() < used_ + 6) return 0;
        packet.out().u8(frame::commands);
        packet.out().u16(static_cast<std::uint16_t>(first_));
        packet.out().u8(static_cast<std::uint8_t>(count_));
        packet.out().bytes({bytes_, used_});
        fresh_ = false;
        again_ = now + max(milliseconds(33), round_trip + round_trip / 4);
        return first_ + static_cast<std::uint32_t>(count_);
    }

  private:
    void drop() {
        const std::size_t size = sizes_[0];
        std::memmove(bytes_, bytes_ + size, used_ - size);
        std::memmove(sizes_, sizes_ + 1, (count_ - 1) * sizeof(sizes_[0]));
        used_ -= size;
        --count_;
        ++first_;
    }

    Pool* pool_;
    std::byte* bytes_ = nullptr;
    std::size_t used_ = 0, count_ = 0;
    std::uint16_t sizes_[kept_max] = {};
    std::uint32_t first_ = 1; // the number of the oldest that is kept
    Instant again_{};
    bool fresh_ = false;
};

// Lets each command through once and in order.
class CommandReceiver {
  public:
    // Begins to read a frame.
    void begin(ByteReader& frames) {
        next_ = static_cast<std::uint32_t>(expand(frames.u16(), 16, expected_ + bias) - bias);
        left_ = frames.u8();
    }
    // The next new command of the frame; false at its end. A malformed frame makes `frames` fail.
    bool read(ByteReader& frames, MessageType& type, BytesIn& payload) {
        while (left_ != 0 && frames.ok()) {
            --left_;
            const std::uint64_t number = frames.varint();
            payload = frames.sized();
            if (!frames.ok() || number > 0xFFFF) {
                frames.fail();
                break;
            }
            const std::uint32_t at = next_++;
            if (newer(expected_, at)) continue;
            missed_ += at - expected_;
            expected_ = at + 1;
            type.value = static_cast<std::uint16_t>(number);
            return true;
        }
        left_ = 0;
        return false;
    }

    bool reading() const { return left_ != 0; }
    std::uint32_t newest() const { return expected_ - 1; } // the number of what was read last
    std::uint64_t missed() const { return missed_; }       // commands that never came

  private:
    static constexpr std::uint64_t bias = 0x1'0000;

    std::uint32_t expected_ = 1, next_ = 0;
    unsigned left_ = 0;
    std::uint64_t missed_ = 0;
};

} // namespace tenon
