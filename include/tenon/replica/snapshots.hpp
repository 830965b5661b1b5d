#pragma once
// The last states of a simulation, whole and exact, each at the beginning of a tick: what a rollback goes
// back to, what a newcomer gets, what checksums are of. A room's lockstep keeps one. It allocates only while
// states grow.

#include <cstdint>
#include <new>

#include "tenon/codec/binary.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash.hpp"

namespace tenon {

// Every field as it is, nothing quantised away: bit for bit the same after it is read again.
template <class Game>
Result<> load_state(BytesIn from, Game& game) {
    codec::BinaryIn in(from);
    game.serialize(in);
    return in.finish();
}
inline std::uint32_t state_checksum(BytesIn state) { return static_cast<std::uint32_t>(hash64(state)); }

// A buffer that grows, and never into its old contents.
class StateBytes {
  public:
    StateBytes() = default;
    StateBytes(const StateBytes&) = delete;
    StateBytes& operator=(const StateBytes&) = delete;
    ~StateBytes() { ::operator delete(bytes_); }

    BytesIn view() const { return {bytes_, size_}; }
    BytesOut room() { return {bytes_, capacity_}; }
    void set_size(std::size_t size) { size_ = size; }
    // False without memory.
    bool fit(std::size_t capacity) {
        if (capacity <= capacity_) return true;
        auto* bytes = static_cast<std::byte*>(::operator new(capacity, std::nothrow));
        if (bytes == nullptr) return false;
        ::operator delete(bytes_);
        bytes_ = bytes;
        capacity_ = capacity;
        size_ = 0;
        return true;
    }
    // Behind what is there; the buffer grows with what comes, whatever was announced.
    bool append(BytesIn from) {
        if (size_ + from.size() > capacity_) {
            const std::size_t wanted =
                capacity_ * 2 > size_ + from.size() ? capacity_ * 2 : size_ + from.size();
            auto* bytes = static_cast<std::byte*>(::operator new(wanted, std::nothrow));
            if (bytes == nullptr) return false;
            copy(bytes, view());
            ::operator delete(bytes_);
            bytes_ = bytes;
            capacity_ = wanted;
        }
        copy(bytes_ + size_, from);
        size_ += from.size();
        return true;
    }
    bool assign(BytesIn from) {
        if (!fit(from.size())) return false;
        copy(bytes_, from);
        size_ = from.size();
        return true;
    }

  private:
    std::byte* bytes_ = nullptr;
    std::size_t capacity_ = 0, size_ = 0;
};

class Snapshots {
  public:
    static constexpr std::size_t state_bytes_max = std::size_t(64) << 20;

    explicit Snapshots(std::size_t count) : count_(count), slots_(new Slot[count]) {}
    Snapshots(const Snapshots&) = delete;
    Snapshots& operator=(const Snapshots&) = delete;
    ~Snapshots() { delete[] slots_; }

    template <class Game>
    Result<> save(std::uint64_t tick, Game& game) {
        Slot& slot = slots_[tick % count_];
        slot.tick = no_tick;
        for (std::size_t room = 1024;; room *= 2) {
            codec::BinaryOut out(slot.state.room());
            game.serialize(out);
            const Encoded written = out.finish();
            if (written) {
                slot.state.set_size(*written);
                slot.tick = tick;
                return {};
            }
            if (written.error() != Error::too_large || room > state_bytes_max) return written.error();
            if (slot.state.room().size() < room && !slot.state.fit(room)) return Error::queue_full;
        }
    }
    bool put(std::uint64_t tick, BytesIn state) {
        Slot& slot = slots_[tick % count_];
        slot.tick = slot.state.assign(state) ? tick : no_tick;
        return slot.tick == tick;
    }
    bool has(std::uint64_t tick) const { return slots_[tick % count_].tick == tick; }
    // Empty when it is not kept any more.
    BytesIn at(std::uint64_t tick) const {
        return has(tick) ? slots_[tick % count_].state.view() : BytesIn();
    }
    void clear() {
        for (std::size_t i = 0; i < count_; ++i) slots_[i].tick = no_tick;
    }

  private:
    static constexpr std::uint64_t no_tick = UINT64_MAX;
    struct Slot {
        std::uint64_t tick = no_tick;
        StateBytes state;
    };
    std::size_t count_;
    Slot* slots_;
};

} // namespace tenon
