#pragma once
// What the peers of a lockstep do in one tick: as bytes in the book of inputs, and as values when a game's
// step is called with them.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/slice.hpp"

namespace tenon {

// One peer's input for one tick, encoded.
struct InputCell {
    static constexpr std::size_t bytes_max = 53;
    static constexpr std::uint64_t no_tick = UINT64_MAX;
    enum class Standing : std::uint8_t { none, guessed, known, agreed };

    std::uint64_t tick = no_tick;
    Standing standing = Standing::none;
    bool missing = false; // the peer was silent, and this stands for what it did not say
    std::uint8_t size = 0;
    std::byte bytes[bytes_max] = {};

    BytesIn view() const { return {bytes, size}; }
    bool is(BytesIn other) const {
        return other.size() == size && (size == 0 || std::memcmp(bytes, other.data(), size) == 0);
    }
    void set(BytesIn from, Standing how) {
        size = static_cast<std::uint8_t>(from.size() < bytes_max ? from.size() : bytes_max);
        copy(bytes, from.first(size));
        standing = how;
        missing = false;
    }
};
static_assert(sizeof(InputCell) == 64);

// What a peer does in the tick.
template <class T>
struct Input {
    PeerId peer;
    T order{};
    bool joined = false;  // this is its first tick
    bool missing = false; // it was silent: its last input again, later a neutral one
    bool guessed = false; // not known yet: if it comes differently, the tick is run again
};

// Every peer's input of one tick, in peer order; and who is gone from this tick on.
template <class T>
class Inputs {
  public:
    Inputs(const Ring<Input<T>>& inputs, Slice<const PeerId> left) : inputs_(&inputs), left_(left) {}

    std::size_t size() const { return inputs_->size(); }
    const Input<T>& operator[](std::size_t i) const { return (*inputs_)[i]; }
    // nullptr when this peer does not play in this tick.
    const T* of(PeerId peer) const {
        for (const Input<T>& input : *this)
            if (input.peer == peer) return &input.order;
        return nullptr;
    }
    Slice<const PeerId> left() const { return left_; }

    class Iterator {
      public:
        Iterator(const Inputs& inputs, std::size_t at) : inputs_(&inputs), at_(at) {}
        const Input<T>& operator*() const { return (*inputs_)[at_]; }
        Iterator& operator++() { return ++at_, *this; }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

      private:
        const Inputs* inputs_;
        std::size_t at_;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size()}; }

  private:
    const Ring<Input<T>>* inputs_;
    Slice<const PeerId> left_;
};

} // namespace tenon
