#pragma once
// A snapshot's bytes: a number, and then one range-coded body: which earlier snapshots it builds on, which
// slots it tells of, and what became of them. SnapshotSender writes and Replica reads with the same code.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/replica/delta.hpp"
#include "tenon/replica/history.hpp"
#include "tenon/wire/range_coder.hpp"

namespace tenon {

struct SnapshotHead {
    static constexpr std::size_t number_bytes = 2; // the low ones of the number, in front of the body
    static constexpr unsigned window = 64;         // so many of the last are remembered
    static constexpr unsigned reach = 48; // and built on: a snapshot that others overtook still finds them

    std::uint64_t tick = 0;      // only its low bits are told, unless it builds on nothing
    bool is_whole = false;       // what it does not tell of is as the receiver has it
    bool is_complete = false;    // what it does not tell of is as it was when it was last told
    unsigned back = 0;           // how many before this one the newest is that it builds on; 0: on none
    std::uint64_t builds_on = 0; // a bit for each: the newest, the one before it...
    std::uint32_t slots = 0;     // that it looks at, in 64s

    template <class Coder>
    bool code(Coder& coder) {
        is_whole = coder.bits(is_whole, 1) != 0;
        is_complete = coder.bits(is_complete, 1) != 0;
        slots = static_cast<std::uint32_t>(coder.bits(slots, 11));
        back = static_cast<unsigned>(coder.bits(back, 6));
        const unsigned tick_bits = back == 0 ? 48 : 16;
        tick = coder.bits(tick & ((std::uint64_t(1) << tick_bits) - 1), tick_bits);
        if (back == 0 || back >= reach) {
            builds_on = 0;
            return coder.ok() && back == 0;
        }
        // Bit 0 is always there. The others are a rule with few exceptions.
        BitModel there[2] = {BitModel(20000), BitModel(1500)};
        std::uint64_t built = 1;
        for (unsigned i = 1; i + back < reach; ++i)
            built |= std::uint64_t(coder.bit((builds_on >> i & 1) != 0, there[built >> (i - 1) & 1])) << i;
        builds_on = built;
        return coder.ok();
    }
};

// How likely a slot is told of, by whether it was in the two newest that the snapshot builds on.
struct SlotModels {
    BitModel block[2] = {BitModel(56000), BitModel(4000)};
    BitModel slot[8] = {BitModel(),      BitModel(),      BitModel(),      BitModel(),
                        BitModel(65000), BitModel(62000), BitModel(64000), BitModel(4000)};
    BitModel anew = BitModel(65300); // told whole, although something is known of it

    static unsigned kind(std::uint64_t usable) {
        return static_cast<unsigned>(usable & 3) | (usable != 0 ? 4u : 0u);
    }
};

// Calls each(slot, anew) for the slots that are told of, in order: the encoder's choice, the decoder's
// finding. `usable` says of each slot which of the references tell of it. False when `each` said false.
template <class Coder, class Usable, class Chosen, class Anew, class Each>
bool code_slots(Coder& coder, std::size_t blocks, Usable&& usable, Chosen&& chosen, Anew&& anew,
                Each&& each) {
    SlotModels models;
    for (std::size_t block = 0; block < blocks; ++block) {
        bool recent = false, any = false;
        for (std::size_t slot = block * 64; slot < block * 64 + 64; ++slot) {
            recent = recent || (usable(slot) & 3) != 0;
            any = any || chosen(slot);
        }
        if (!coder.bit(any, models.block[recent])) continue;
        for (std::size_t slot = block * 64; slot < block * 64 + 64; ++slot) {
            if (!coder.bit(chosen(slot), models.slot[SlotModels::kind(usable(slot))])) continue;
            const bool is_anew = usable(slot) != 0 && coder.bit(anew(slot), models.anew);
            if (!each(slot, is_anew)) return false;
        }
    }
    return coder.ok();
}

// What both sides must agree on, of one slot, folded into a sum of sixteen bits.
class SnapshotCheck {
  public:
    void add(const Layout& layout, const Row& row, std::size_t slot) {
        const Tenant& tenant = row.tenant(slot);
        word(tenant.generation | std::uint64_t(tenant.components) << 16 | std::uint64_t(tenant.owner) << 32);
        for (std::size_t c = 0; c < layout.components(); ++c) {
            if ((tenant.components >> c & 1) == 0) continue;
            const Cell* cells = row.cells(c, slot);
            for (std::size_t i = 0; i < layout.component(c).cells; ++i)
                word(static_cast<std::uint32_t>(cells[i]));
        }
        word(slot | std::uint64_t(tenant.command) << 16 | std::uint64_t(tenant.key) << 32 |
             std::uint64_t(tenant.leaps) << 40);
    }
    std::uint32_t value() const { return static_cast<std::uint32_t>(sum_ >> 48); }

  private:
    void word(std::uint64_t word) {
        sum_ = (sum_ ^ word) * 0x9E37'79B9'7F4A'7C15u;
        sum_ ^= sum_ >> 29;
    }
    std::uint64_t sum_ = 0x7E40'7E40;
};

} // namespace tenon
