#pragma once
// The last ticks of a world, as rows of integers that are reserved when it opens: for each slot who lives
// there, and for each type of component an array of all slots. The authority keeps one for all of its
// clients; a client keeps one of what it was sent.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include "tenon/core/config.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/replica/layout.hpp"

namespace tenon {

// Who lives in a slot at a tick.
struct Tenant {
    std::uint16_t generation = 0; // 0: nobody
    std::uint16_t components = 0; // a bit for each type that it has
    std::uint32_t owner = PeerId::none_value;
    std::uint16_t command = 0; // what it came from, where a client may have foreseen it; the low bits
    std::uint8_t key = 0;      // and which of that command's; 0: from none
    std::uint8_t leaps = 0;    // how often it was elsewhere at once

    // Whether this is the same thing, and it went its way in between.
    constexpr bool continues(const Tenant& before) const {
        return generation == before.generation && leaps == before.leaps;
    }
    // All at once: every entity of every snapshot is compared with what it was.
    friend bool operator==(const Tenant& a, const Tenant& b) {
        std::uint32_t x[3], y[3];
        static_assert(sizeof x == sizeof(Tenant));
        std::memcpy(x, &a, sizeof x);
        std::memcpy(y, &b, sizeof y);
        return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2])) == 0;
    }
};
static_assert(std::has_unique_object_representations_v<Tenant>);

// The command of its owner that an entity came from, and which of the things that came from it: so a client
// that had it already knows that this is the one.
struct Origin {
    std::uint32_t command = 0;
    std::uint8_t key = 0; // from 1
};

// A tick's state, or a client's copy of it. Borrowed from a History, and writable where that is.
class Row {
  public:
    Row() = default;
    Row(std::byte* base, const std::size_t* offsets, const Layout* layout, std::uint64_t tick)
        : base_(base), offsets_(offsets), layout_(layout), tick_(tick) {}

    Tenant& tenant(std::size_t slot) const { return reinterpret_cast<Tenant*>(base_)[slot]; }
    Cell* cells(std::size_t component, std::size_t slot) const {
        return reinterpret_cast<Cell*>(base_ + offsets_[component]) +
               slot * layout_->component(component).cells;
    }
    // The same in all rows of a History.
    std::size_t offset(std::size_t component, std::size_t slot) const {
        return offsets_[component] + slot * layout_->component(component).cells * sizeof(Cell);
    }
    Cell* at(std::size_t offset) const { return reinterpret_cast<Cell*>(base_ + offset); }
    std::uint64_t tick() const { return tick_; }
    explicit operator bool() const { return base_ != nullptr; }
    bool is(const Row& other) const { return base_ == other.base_; }

  private:
    std::byte* base_ = nullptr;
    const std::size_t* offsets_ = nullptr;
    const Layout* layout_ = nullptr;
    std::uint64_t tick_ = 0;
};

class History {
  public:
    History(const Layout& layout, std::size_t slots, std::size_t rows)
        : layout_(&layout), slots_(slots), rows_(rows) {
        std::size_t at = round_up(slots * sizeof(Tenant));
        for (std::size_t i = 0; i < layout.components(); ++i) {
            offsets_[i] = at;
            at += round_up(slots * layout.component(i).cells * sizeof(Cell));
        }
        row_bytes_ = at;
        bytes_ = static_cast<std::byte*>(::operator new(row_bytes_* rows));
        std::memset(bytes_, 0, row_bytes_ * rows);
        ticks_ = static_cast<std::uint64_t*>(::operator new(rows * sizeof(std::uint64_t)));
        for (std::size_t i = 0; i < rows; ++i) ticks_[i] = none;
    }
    History(const History&) = delete;
    History& operator=(const History&) = delete;
    ~History() {
        ::operator delete(bytes_);
        ::operator delete(ticks_);
    }

    static constexpr std::uint64_t none = UINT64_MAX;

    std::size_t slots() const { return slots_; }
    std::size_t rows() const { return rows_; }
    std::size_t row_bytes() const { return row_bytes_; }
    const Layout& layout() const { return *layout_; }

    // The row at a place of the ring, whatever it holds.
    Row row(std::size_t i) const { return {bytes_ + i * row_bytes_, offsets_, layout_, ticks_[i]}; }
    void set_tick(std::size_t i, std::uint64_t tick) { ticks_[i] = tick; }
    std::uint64_t tick(std::size_t i) const { return ticks_[i]; }
    // The row becomes a copy of another of the same layout, and is of that tick from now on.
    void fill(std::size_t i, std::uint64_t tick, const History& from, std::size_t from_row) {
        std::memcpy(bytes_ + i * row_bytes_, from.bytes_ + from_row * row_bytes_, row_bytes_);
        ticks_[i] = tick;
    }

  private:
    static std::size_t round_up(std::size_t size) { return (size + 63) / 64 * 64; }

    const Layout* layout_;
    std::size_t slots_, rows_, row_bytes_ = 0;
    std::size_t offsets_[Layout::components_max] = {};
    std::byte* bytes_ = nullptr;
    std::uint64_t* ticks_ = nullptr;
};

} // namespace tenon
