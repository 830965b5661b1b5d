#pragma once
// The receiving end of a channel: puts chunks back in order, or lets each through once, and reads the
// messages out of them where they lie. The link offers every chunk frame and then drains `read`.

#include <cstdint>

#include "tenon/core/pool.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/link/assembly.hpp"
#include "tenon/link/channel.hpp"

namespace tenon {

class ChannelReceiver {
  public:
    enum class Offer : std::uint8_t { ready, kept, old, refused };

    ChannelReceiver(Pool& pool, std::size_t chunk_bytes, std::size_t held_bytes_max,
                    std::size_t message_bytes_max, bool ordered)
        : pool_(&pool),
          chunk_bytes_(chunk_bytes),
          held_max_(held_bytes_max / chunk_bytes + 1),
          message_bytes_max_(message_bytes_max),
          ordered_(ordered) {}
    ChannelReceiver(const ChannelReceiver&) = delete;
    ChannelReceiver& operator=(const ChannelReceiver&) = delete;
    ~ChannelReceiver() {
        for (std::size_t i = 0; i < slots_.size(); ++i) pool_->give(slots_[i].bytes);
        pool_->give(current_);
    }

    // ready: drain read(). kept: it waits for others. old: it came before. refused: no room to keep it, so
    // that its packet must not be acknowledged.
    Offer offer(std::uint16_t low, std::uint8_t flags, BytesIn content) {
        const std::uint32_t ahead = full(low) - expected_;
        if (ahead >= channel_chunks_max)
            return ahead >= 0x8000'0000u || ahead > 0x4000u ? Offer::old : Offer::refused;
        if (ahead < slots_.size() && slots_[ahead].state != State::missing) return Offer::old;
        const bool whole = (flags & (chunk_flag::continues | chunk_flag::unfinished)) == 0;
        if (ordered_ ? ahead == 0 : whole) {
            if (!ordered_ && !mark(ahead, State::done)) return Offer::refused;
            begin(content, flags, nullptr);
            return Offer::ready;
        }
        if (content.size() > chunk_bytes_ || held_ >= held_max_ || !keep(ahead, flags, content))
            return Offer::refused;
        return !ordered_ && find_run(ahead) ? Offer::ready : Offer::kept;
    }

    // The next message that is due. False when there is none now; an error when the other side breaks the
    // rules.
    Result<bool> read(MessageType& type, BytesIn& payload) {
        for (;;) {
            if (!reading_ && !next_kept()) return false;
            const Result<bool> message = read_message(type, payload);
            if (!message || *message) return message;
            finish();
        }
    }

    // The whole number of a chunk, of which the wire shows the low sixteen bits.
    std::uint32_t full(std::uint16_t low) const {
        return static_cast<std::uint32_t>(expand(low, 16, expected_ + bias) - bias);
    }
    std::uint32_t expected() const { return expected_; }
    std::size_t held() const { return held_; }

  private:
    enum class State : std::uint8_t { missing, held, done };
    struct Slot {
        std::byte* bytes = nullptr;
        std::uint16_t size = 0;
        std::uint8_t flags = 0;
        State state = State::missing;
    };
    // Lets expand() look below the first chunk without passing zero.
    static constexpr std::uint64_t bias = 0x1'0000;

    void begin(BytesIn content, std::uint8_t flags, std::byte* block) {
        pool_->give(current_);
        current_ = block;
        chunk_ = ByteReader(content);
        flags_ = flags;
        reading_ = fresh_ = true;
    }

    bool mark(std::uint32_t ahead, State state) {
        while (slots_.size() <= ahead)
            if (slots_.push_back({}) == nullptr) return false;
        slots_[ahead].state = state;
        return true;
    }
    bool keep(std::uint32_t ahead, std::uint8_t flags, BytesIn content) {
        std::byte* bytes = pool_->take();
        if (bytes == nullptr) return false;
        if (!mark(ahead, State::held)) {
            pool_->give(bytes);
            return false;
        }
        copy(bytes, content);
        slots_[ahead].bytes = bytes;
        slots_[ahead].size = static_cast<std::uint16_t>(content.size());
        slots_[ahead].flags = flags;
        ++held_;
        return true;
    }

    // Whether the message that the unordered chunk belongs to is now there from its first chunk to its last.
    bool find_run(std::uint32_t at) {
        std::uint32_t first = at, last = at;
        while (slots_[first].flags & chunk_flag::continues) {
            if (first == 0 || slots_[first - 1].state != State::held) return false;
            --first;
        }
        while (slots_[last].flags & chunk_flag::unfinished) {
            if (last + 1 >= slots_.size() || slots_[last + 1].state != State::held) return false;
            ++last;
        }
        run_ = expected_ + first;
        run_end_ = expected_ + last + 1;
        return true;
    }

    // The chunk that was kept and is due now.
    bool next_kept() {
        const std::uint32_t at = ordered_ ? 0 : run_ - expected_;
        if (slots_.empty() || (!ordered_ && run_ == run_end_) || slots_[at].state != State::held)
            return false;
        Slot& slot = slots_[at];
        begin({slot.bytes, slot.size}, slot.flags, slot.bytes);
        slot.bytes = nullptr;
        slot.state = State::done;
        --held_;
        if (!ordered_) ++run_;
        return true;
    }

    void finish() {
        reading_ = false;
        if (ordered_) {
            if (!slots_.empty()) slots_.pop_front();
            ++expected_;
            return;
        }
        while (!slots_.empty() && slots_.front().state == State::done) {
            slots_.pop_front();
            ++expected_;
        }
    }

    Result<bool> read_message(MessageType& type, BytesIn& payload) {
        const bool continues = (flags_ & chunk_flag::continues) != 0;
        if (fresh_ && continues != assembling_) return Error::malformed;
        fresh_ = false;
        if (assembling_) {
            chunk_.bytes(assembly_.add(chunk_.rest()));
            if (!assembly_.complete()) return chunk_ends_inside();
            assembling_ = false;
            type = assembled_;
            payload = assembly_.bytes();
            return true;
        }
        if (chunk_.left() == 0)
            return chunk_.ok() && (flags_ & chunk_flag::unfinished) == 0 ? Result<bool>(false)
                                                                         : Error::malformed;
        const std::uint64_t number = chunk_.varint(), size = chunk_.varint();
        if (!chunk_.ok() || number > 0xFFFF) return Error::malformed;
        type.value = static_cast<std::uint16_t>(number);
        if (size <= chunk_.left()) {
            payload = chunk_.bytes(static_cast<std::size_t>(size));
            return true;
        }
        if (size > message_bytes_max_) return Error::over_bound;
        if (const auto begun = assembly_.begin(static_cast<std::size_t>(size), message_bytes_max_); !begun)
            return begun.error();
        assembling_ = true;
        assembled_ = type;
        chunk_.bytes(assembly_.add(chunk_.rest()));
        return chunk_ends_inside();
    }
    Result<bool> chunk_ends_inside() {
        if ((flags_ & chunk_flag::unfinished) == 0) return Error::malformed;
        flags_ = 0; // the rest is in the chunks that follow
        return false;
    }

    Pool* pool_;
    Ring<Slot> slots_{channel_chunks_max}; // from the first chunk that is not finished
    Assembly assembly_;
    ByteReader chunk_;
    std::byte* current_ = nullptr; // the kept chunk that is being read
    std::size_t chunk_bytes_, held_max_, message_bytes_max_, held_ = 0;
    std::uint32_t expected_ = 0, run_ = 0, run_end_ = 0;
    MessageType assembled_;
    std::uint8_t flags_ = 0;
    bool ordered_, reading_ = false, fresh_ = false, assembling_ = false;
};

} // namespace tenon
