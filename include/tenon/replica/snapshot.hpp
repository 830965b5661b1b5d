#pragma once
// A snapshot's bytes: a number, and then one range-coded body: which earlier snapshots it builds on, which
// slots it tells of, and what became of them. SnapshotSender writes and Replica reads with the same code.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/replica/delta.hpp"
#include "tenon/replica/history.hpp"
#include "tenon/wire/range_coder.hpp"
#include "tenon/wire/range_models.hpp"

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

    template <class Coder>
    bool code(Coder& coder) {
        is_whole = coder.bits(is_whole, 1) != 0;
        is_complete = coder.bits(is_complete, 1) != 0;
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

// In which of the last snapshots one slot was told of. Both sides keep one for each slot that matters.
struct SlotMemory {
    std::uint64_t told = 0, gone = 0; // what it was, and that nobody is there; bit 0: `last`, bit 1 before it
    std::uint64_t last = 0;

    void note(std::uint64_t number, bool is_gone) {
        if (number > last) {
            const std::uint64_t by = number - last;
            told = by < 64 ? told << by : 0;
            gone = by < 64 ? gone << by : 0;
            last = number;
        }
        if (last - number >= 64) return;
        (is_gone ? gone : told) |= std::uint64_t(1) << (last - number);
    }
    // A mask turned so that its bit 0 is for the snapshot `number`, and bit 1 for the one before.
    std::uint64_t from(std::uint64_t mask, std::uint64_t number) const {
        if (last >= number) return last - number < 64 ? mask >> (last - number) : 0;
        return number - last < 64 ? mask << (number - last) : 0;
    }
    // Which of the rows that a snapshot builds on tell what the slot was: only what came after the newest of
    // them that told that nobody is there.
    std::uint64_t usable(std::uint64_t number, const SnapshotHead& head) const {
        if (head.back == 0) return 0;
        const std::uint64_t ended = from(gone, number - head.back) & head.builds_on;
        return from(told, number - head.back) & head.builds_on & newer(ended);
    }
    // The bits below the lowest of these: all, when there is none.
    static std::uint64_t newer(std::uint64_t than) { return (than & (~than + 1)) - 1; }
};

// A slot in a snapshot's list.
struct SlotWord {
    static constexpr std::uint32_t told = 1, anew = 2, unseen = 4, despawned = 8;

    std::uint64_t usable = 0; // 0: of which nothing is known
    std::uint32_t slot = 0;
    std::uint32_t what = 0; // only an encoder's says it
};

// How likely a slot is told of, by whether it was in the two newest that the snapshot builds on.
struct SlotModels {
    BitModel block[2] = {BitModel(56000), BitModel(4000)};
    BitModel slot[4] = {BitModel(65000), BitModel(62000), BitModel(64000), BitModel(4000)};
    BitModel anew = BitModel(65300); // told whole, although something is known of it
    BitModel more = BitModel(62000);
    MagnitudeModel gap, further;
};

// How a slot is told of: by how it differs, or as if nothing were known of it.
enum class Telling : std::uint8_t { delta, anew };

// Calls each(word, telling) for the slots that are told of: first those of `words` of which something is
// known, then those of which nothing is; each in order. An encoder's words say which, and a decoder finds it.
// Slots that follow one another, and of which alike(a, b) holds, are told in one go: each() is called for the
// first, and row(slot, how_many) for the others. Only an encoder asks what is alike.
template <class Coder, class Alike, class Each, class EachRow>
Error code_slots(Coder& coder, const SlotWord* words, std::size_t count, std::size_t slots, Alike&& alike,
                 Each&& each, EachRow&& row) {
    SlotModels models;
    for (std::size_t i = 0, end = 0; i < count; i = end) {
        bool known = false, recent = false, any = false;
        for (; end < count && words[end].slot / 64 == words[i].slot / 64; ++end) {
            if (words[end].usable == 0) continue;
            known = true;
            recent = recent || (words[end].usable & 3) != 0;
            any = any || words[end].what != 0;
        }
        if (!known || !coder.bit(any, models.block[recent])) continue;
        for (std::size_t k = i; k < end; ++k) {
            const SlotWord& word = words[k];
            if (word.usable == 0 || !coder.bit(word.what != 0, models.slot[word.usable & 3])) continue;
            const bool anew = coder.bit((word.what & SlotWord::anew) != 0, models.anew);
            if (!each(word, anew ? Telling::anew : Telling::delta))
                return coder.ok() ? Error::malformed : Error::truncated;
        }
    }
    std::size_t next = 0;
    for (std::size_t i = 0;; ++i) {
        if constexpr (Coder::is_encoder)
            while (i < count && (words[i].usable != 0 || words[i].what == 0)) ++i;
        const bool more = Coder::is_encoder && i < count;
        if (!coder.bit(more, models.more)) break;
        const std::size_t first = i;
        if (more) {
            const auto follows = [&](const SlotWord& a, const SlotWord& b) {
                return b.usable == 0 && b.what == SlotWord::told && b.slot == a.slot + 1 && alike(a, b);
            };
            if (words[i].what == SlotWord::told)
                while (i + 1 < count && follows(words[i], words[i + 1])) ++i;
        }
        next += models.gap.code(coder, more ? words[first].slot - next : 0);
        const std::uint64_t further = models.further.code(coder, i - first);
        if (!coder.ok()) return Error::truncated;
        if (next >= slots || further >= slots - next) return Error::over_bound;
        const std::uint32_t what = more ? words[first].what : SlotWord::told;
        if (!each(SlotWord{0, static_cast<std::uint32_t>(next), what}, Telling::anew) ||
            (further != 0 && !row(next + 1, static_cast<std::size_t>(further))))
            return coder.ok() ? Error::malformed : Error::truncated;
        next += further + 1;
    }
    return coder.ok() ? Error::none : Error::truncated;
}

// What both sides must agree on, of one slot, folded into a sum of sixteen bits.
class SnapshotCheck {
  public:
    // Of one slot: the tenant as the receiver has it, and then the cells of each of its components. Its words
    // wait for nothing but their place, so that a processor takes several at once.
    class Sum {
      public:
        TENON_INLINE Sum(std::size_t slot, const Tenant& tenant)
            : sum_(mixed(tenant.generation | std::uint64_t(tenant.components) << 16 |
                             std::uint64_t(tenant.owner) << 32,
                         1) +
                   mixed(slot | std::uint64_t(tenant.command) << 16 | std::uint64_t(tenant.key) << 32 |
                             std::uint64_t(tenant.leaps) << 40,
                         2)) {}
        TENON_INLINE void add(const Cell* cells, std::size_t count) {
            for (std::size_t i = 0; i + 1 < count; i += 2) sum_ += mixed(pair(cells + i), place_++);
            if (count % 2 != 0) sum_ += mixed(static_cast<std::uint32_t>(cells[count - 1]), place_++);
        }
        std::uint64_t value() const { return sum_; }

      private:
        std::uint64_t sum_, place_ = 3;
    };

    TENON_INLINE void add(const Sum& sum) {
        sum_ = (sum_ ^ sum.value()) * odd;
        sum_ ^= sum_ >> 29;
    }
    void add(const Layout& layout, const Row& row, std::size_t slot, const Tenant& tenant) {
        Sum sum(slot, tenant);
        for (std::size_t c = 0; c < layout.components(); ++c)
            if ((tenant.components >> c & 1) != 0) sum.add(row.cells(c, slot), layout.component(c).cells);
        add(sum);
    }
    std::uint32_t value() const { return static_cast<std::uint32_t>(sum_ >> 48); }

  private:
    static constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15u;

    static std::uint64_t pair(const Cell* cells) {
        if constexpr (std::endian::native == std::endian::little) {
            std::uint64_t both; // compilers don't see that the two lie side by side
            std::memcpy(&both, cells, sizeof both);
            return both;
        }
        return static_cast<std::uint32_t>(cells[0]) | std::uint64_t(static_cast<std::uint32_t>(cells[1]))
                                                          << 32;
    }
    static std::uint64_t mixed(std::uint64_t word, std::uint64_t place) {
        word = (word + place * 0xBF58'476D'1CE4'E5B9u) * odd;
        return word ^ word >> 31;
    }
    std::uint64_t sum_ = 0x7E40'7E40;
};

} // namespace tenon
