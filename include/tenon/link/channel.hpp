#pragma once
// A channel of messages that must arrive: ordered, or each as it comes. Messages are written one behind the
// other into chunks, each about as large as a packet; a chunk is what is sent, acknowledged and sent again,
// so that neither side handles single messages on the way. The link calls both ends.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

// Chunks in flight or waiting; the sixteen bits of a number on the wire leave room for four times as many.
inline constexpr std::size_t channel_chunks_max = 8192;
// Tag, number and length before a chunk, and the packet's own header with a few runs of acknowledgement.
inline constexpr std::size_t chunk_header_bytes_max = 1 + 2 + 2;
inline constexpr std::size_t before_chunk_max = packet_header_bytes_max + 22;
inline constexpr std::size_t chunk_reserve = before_chunk_max + chunk_header_bytes_max;

class ChannelSender {
  public:
    ChannelSender(Pool& pool, std::size_t chunk_bytes, std::size_t backlog_max, bool ordered)
        : pool_(&pool), chunk_bytes_(chunk_bytes), backlog_max_(backlog_max), ordered_(ordered) {
        const std::size_t span = backlog_max / chunk_bytes + 1;
        if (span < span_) span_ = span;
    }
    ChannelSender(const ChannelSender&) = delete;
    ChannelSender& operator=(const ChannelSender&) = delete;
    ~ChannelSender() {
        for (std::size_t i = 0; i < chunks_.size(); ++i) pool_->give(chunks_[i].bytes);
    }

    // Room to write one message's payload behind the others; empty when none is left or the backlog is at its
    // limit; append() tells which.
    BytesOut open_room(MessageType type) {
        if (chunks_.empty() || chunks_.back().sealed || backlog_ + chunk_bytes_ > backlog_max_) return {};
        Chunk& chunk = chunks_.back();
        head_ = chunk.size + varint_size(type.value) + 1;
        return head_ < chunk_bytes_ ? BytesOut(chunk.bytes + head_, chunk_bytes_ - head_) : BytesOut();
    }
    // Takes the message whose payload was written into open_room(); false when its length no longer fits.
    bool commit(MessageType type, std::size_t size) {
        Chunk& chunk = chunks_.back();
        const std::size_t length_bytes = varint_size(size);
        if (length_bytes > 1) {
            if (head_ + size + length_bytes - 1 > chunk_bytes_) return false;
            std::memmove(chunk.bytes + head_ + length_bytes - 1, chunk.bytes + head_, size);
        }
        ByteWriter out(BytesOut(chunk.bytes + chunk.size, chunk_bytes_ - chunk.size));
        out.varint(type.value);
        out.varint(size);
        grow(chunk, out.position() + size);
        return true;
    }
    // Takes a message that is written already, over as many chunks as it needs: all of it or nothing.
    Result<> append(MessageType type, BytesIn payload) {
        const std::size_t head = varint_size(type.value) + varint_size(payload.size()),
                          whole = head + payload.size();
        if (backlog_ + whole > backlog_max_) return Error::queue_full;
        const std::size_t first = whole <= open_left() ? chunks_.size() - 1 : chunks_.size();
        if (first == chunks_.size() && !add_chunks(whole)) return Error::queue_full;
        const bool spans = first + 1 < chunks_.size();
        ByteWriter out(BytesOut(chunks_[first].bytes + chunks_[first].size, head));
        out.varint(type.value);
        out.varint(payload.size());
        grow(chunks_[first], head);
        for (std::size_t at = first; at < chunks_.size(); ++at) {
            Chunk& chunk = chunks_[at];
            const std::size_t left = chunk_bytes_ - chunk.size,
                              part = payload.size() < left ? payload.size() : left;
            copy(chunk.bytes + chunk.size, payload.first(part));
            grow(chunk, part);
            payload = payload.subspan(part);
            if (at != first) chunk.flags |= chunk_flag::continues;
            if (at + 1 != chunks_.size()) chunk.flags |= chunk_flag::unfinished;
        }
        // A message over several chunks has them to itself where order does not hold them together.
        if (spans && !ordered_) chunks_.back().sealed = true;
        return {};
    }

    // Something waits to be sent, again or for the first time.
    bool pending() const { return !lost_.empty() || !again_.empty() || fresh_waits(); }
    // Nothing waits, and all that was sent has arrived.
    bool idle() const { return chunks_.empty() && again_.empty() && lost_.empty(); }
    // What waits is a full chunk or was lost: nothing is gained by waiting for more.
    bool urgent() const {
        return !lost_.empty() || (fresh_waits() && (unsent_ + 1 < chunks_.size() ||
                                                    chunks_.back().size * 4 > chunk_bytes_ * 3));
    }
    std::size_t backlog() const { return backlog_; }
    std::size_t in_flight() const { return unsent_; }

    // Whether what was lost is sent twice, in two packets. Where loss is common, an answer in time is worth
    // more than the few bytes.
    void set_twice(bool twice) { twice_ = twice; }

    // Writes the next chunk as a frame. False when nothing waits or it does not fit. `ref` names it for the
    // packet's record.
    bool fill(PacketWriter& packet, std::uint32_t& sequence) {
        while (!lost_.empty()) {
            const std::uint32_t at = lost_.front() - base_;
            if (at >= chunks_.size() || chunks_[at].state != State::lost) { // it was acknowledged after all
                lost_.pop_front();
                continue;
            }
            if (!write(packet, chunks_[at], lost_.front())) return false;
            chunks_[at].state = State::flying;
            sequence = lost_.front();
            lost_.pop_front();
            if (twice_) again_.push_back({sequence, packet.number()});
            return true;
        }
        while (!again_.empty() && again_.front().packet != packet.number()) {
            const std::uint32_t at = again_.front().sequence - base_;
            if (at < chunks_.size() && chunks_[at].state == State::flying) {
                if (!write(packet, chunks_[at], again_.front().sequence)) return false;
                sequence = again_.front().sequence;
                again_.pop_front();
                return true;
            }
            again_.pop_front();
        }
        if (!fresh_waits()) return false;
        Chunk& chunk = chunks_[unsent_];
        sequence = base_ + static_cast<std::uint32_t>(unsent_);
        if (!write(packet, chunk, sequence)) return false;
        fresh_ = unsent_;
        chunk.state = State::flying;
        chunk.sealed = true;
        ++unsent_;
        return true;
    }

    // What fill() wrote last, if it went out for the first time: flags and content.
    bool take_fresh(std::uint8_t& flags, BytesIn& content) {
        if (fresh_ == none) return false;
        flags = chunks_[fresh_].flags;
        content = {chunks_[fresh_].bytes, std::size_t(chunks_[fresh_].size)};
        fresh_ = none;
        return true;
    }

    void arrived(std::uint32_t sequence) {
        const std::uint32_t at = sequence - base_;
        if (at >= chunks_.size() || chunks_[at].state == State::arrived) return;
        chunks_[at].state = State::arrived;
        backlog_ -= chunks_[at].size;
        pool_->give(chunks_[at].bytes);
        chunks_[at].bytes = nullptr;
        while (!chunks_.empty() && chunks_.front().state == State::arrived) {
            chunks_.pop_front();
            ++base_;
            --unsent_;
        }
    }
    void lost(std::uint32_t sequence) {
        const std::uint32_t at = sequence - base_;
        if (at >= chunks_.size() || chunks_[at].state == State::arrived) return;
        // A copy that is lost counts even while another waits to be sent, or the last of them would be
        // missed.
        Chunk& chunk = chunks_[at];
        if (chunk.copies != 0) --chunk.copies;
        if (chunk.copies != 0 || chunk.state != State::flying) return;
        if (lost_.push_back(sequence)) chunk.state = State::lost;
    }
    // Sends the oldest chunk again on suspicion, to learn whether the path still carries anything.
    void probe() {
        for (std::size_t i = 0; i < unsent_; ++i)
            if (chunks_[i].state == State::flying && lost_.push_back(base_ + static_cast<std::uint32_t>(i))) {
                chunks_[i].state = State::lost;
                return;
            }
    }

  private:
    static constexpr std::size_t none = SIZE_MAX;
    enum class State : std::uint8_t { waiting, flying, lost, arrived };
    struct Chunk {
        std::byte* bytes = nullptr;
        std::uint16_t size = 0;
        std::uint8_t flags = 0;
        State state = State::waiting;
        std::uint8_t copies = 0; // in flight
        bool sealed = false;
    };

    // Something was never sent, and the other side has room to keep it until all before it have arrived.
    bool fresh_waits() const { return unsent_ < chunks_.size() && unsent_ < span_; }
    void grow(Chunk& chunk, std::size_t bytes) {
        chunk.size = static_cast<std::uint16_t>(chunk.size + bytes);
        backlog_ += bytes;
    }
    std::size_t open_left() const {
        return chunks_.empty() || chunks_.back().sealed ? 0 : chunk_bytes_ - chunks_.back().size;
    }
    bool add_chunk() {
        std::byte* bytes = pool_->take();
        if (bytes == nullptr) return false;
        Chunk chunk;
        chunk.bytes = bytes;
        if (chunks_.push_back(chunk) == nullptr) {
            pool_->give(bytes);
            return false;
        }
        return true;
    }
    // Every chunk that a message of this size needs, or none.
    bool add_chunks(std::size_t size) {
        const std::size_t before = chunks_.size();
        for (std::size_t room = 0; room < size; room += chunk_bytes_) {
            if (add_chunk()) continue;
            while (chunks_.size() > before) {
                pool_->give(chunks_.back().bytes);
                chunks_.pop_back();
            }
            return false;
        }
        return true;
    }

    struct Again {
        std::uint32_t sequence = 0;
        std::uint64_t packet = 0; // that carries the first copy
    };

    bool write(PacketWriter& packet, Chunk& chunk, std::uint32_t sequence) const {
        if (packet.left() < chunk_header_bytes_max + chunk.size) return false;
        packet.out().u8(
            static_cast<std::uint8_t>(frame::chunk | chunk.flags | (ordered_ ? 0 : chunk_flag::unordered)));
        packet.out().u16(static_cast<std::uint16_t>(sequence));
        packet.length(chunk_flag::length, 3, chunk.size);
        packet.out().bytes(BytesIn(chunk.bytes, std::size_t(chunk.size)));
        if (chunk.copies < UINT8_MAX) ++chunk.copies;
        return true;
    }

    Pool* pool_;
    Ring<Chunk> chunks_{channel_chunks_max};
    Ring<std::uint32_t> lost_{channel_chunks_max};
    Ring<Again> again_{channel_chunks_max};
    std::size_t chunk_bytes_, backlog_max_, backlog_ = 0;
    std::size_t unsent_ = 0;                    // the first chunk that was never sent
    std::size_t span_ = channel_chunks_max - 1; // from the oldest that has not arrived, what may be sent
    std::size_t head_ = 0;
    std::size_t fresh_ = none; // the chunk that take_fresh() tells of
    std::uint32_t base_ = 0;
    bool ordered_, twice_ = false;
};

} // namespace tenon
