#pragma once
// The checksums of a lockstep, tick by tick, as each peer has reported them: who differs from the most. The
// host keeps one; whoever was named once is not asked again until it has been given the state anew.

#include <cstdint>
#include <new>

#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/slice.hpp"

namespace tenon {

class Verdicts {
  public:
    static constexpr std::uint64_t window = 256; // ticks of which checksums are kept
    static constexpr std::size_t named_max = 16;

    struct Row {
        PeerId id;
        std::uint64_t end = 0; // everything before it was reported, from `from` on
        std::uint64_t from = 0;
        bool wrong = false; // it was named
        std::uint32_t checksums[window] = {};

        bool has(std::uint64_t tick) const { return from <= tick && tick < end && end - tick <= window; }
    };

    Verdicts() = default;
    Verdicts(const Verdicts&) = delete;
    Verdicts& operator=(const Verdicts&) = delete;
    ~Verdicts() { clear(0); }

    // The next verdict is on this tick.
    void clear(std::uint64_t tick) {
        while (!rows_.empty()) {
            delete rows_.back();
            rows_.pop_back();
        }
        next_ = tick;
    }
    std::uint64_t next() const { return next_; }

    // From here on this peer reports, beginning with this tick.
    Row* begin(PeerId id, std::uint64_t tick) {
        Row* row = find(id);
        if (row == nullptr) {
            row = new (std::nothrow) Row();
            if (row == nullptr || rows_.push_back(row) == nullptr) {
                delete row;
                return nullptr;
            }
        }
        row->id = id;
        row->from = row->end = tick;
        row->wrong = false;
        return row;
    }
    void forget(PeerId id) {
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (rows_[i]->id != id) continue;
            delete rows_[i];
            rows_[i] = rows_.back();
            rows_.pop_back();
            return;
        }
    }
    Row* find(PeerId id) {
        for (std::size_t i = 0; i < rows_.size(); ++i)
            if (rows_[i]->id == id) return rows_[i];
        return nullptr;
    }
    // Reports come in order; what was reported before or leaves a gap is let be.
    void report(PeerId id, std::uint64_t tick, std::uint32_t checksum) {
        Row* row = find(id);
        if (row == nullptr || row->end != tick) return;
        row->checksums[tick % window] = checksum;
        ++row->end;
    }

    // Looks at the next tick on which everybody has reported, or for which `judge` (the host) will wait no
    // longer: half a window. True, with those who differ from the most in peer order, when somebody does.
    bool poll(PeerId host) {
        const Row* own = find(host);
        if (own != nullptr && own->end > next_ + window) next_ = own->end - window; // nobody asked for long
        while (own != nullptr && own->has(next_)) {
            const bool late = own->end - next_ > window / 2;
            if (!late && !all_reported()) return false;
            const std::uint64_t tick = next_++;
            const Row* right = majority(tick, *own);
            count_ = 0;
            for (std::size_t i = 0; i < rows_.size(); ++i) {
                Row& row = *rows_[i];
                if (!speaks(row, tick) || row.checksums[tick % window] == right->checksums[tick % window])
                    continue;
                row.wrong = true;
                name(row.id);
            }
            if (count_ == 0) continue;
            tick_ = tick;
            right_ = right->id;
            return true;
        }
        return false;
    }
    // What the last poll() found.
    std::uint64_t tick() const { return tick_; }
    Slice<const PeerId> wrong() const { return {wrong_, count_}; }
    PeerId right() const { return right_; }

  private:
    static bool speaks(const Row& row, std::uint64_t tick) { return !row.wrong && row.has(tick); }
    bool all_reported() const {
        for (std::size_t i = 0; i < rows_.size(); ++i)
            if (!rows_[i]->wrong && rows_[i]->from <= next_ && rows_[i]->end <= next_) return false;
        return true;
    }
    // One of the largest group; where two are as large, the host's.
    const Row* majority(std::uint64_t tick, const Row& own) const {
        const Row* best = &own;
        std::size_t most = speaks(own, tick) ? votes(tick, own) : 0;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (!speaks(*rows_[i], tick)) continue;
            const std::size_t count = votes(tick, *rows_[i]);
            if (count > most) most = count, best = rows_[i];
        }
        return best;
    }
    std::size_t votes(std::uint64_t tick, const Row& of) const {
        std::size_t count = 0;
        for (std::size_t i = 0; i < rows_.size(); ++i)
            count +=
                speaks(*rows_[i], tick) && rows_[i]->checksums[tick % window] == of.checksums[tick % window];
        return count;
    }
    void name(PeerId id) {
        if (count_ == named_max) return;
        std::size_t i = count_++;
        for (; i != 0 && id < wrong_[i - 1]; --i) wrong_[i] = wrong_[i - 1];
        wrong_[i] = id;
    }

    Ring<Row*> rows_;
    std::uint64_t next_ = 0, tick_ = 0;
    PeerId wrong_[named_max];
    std::size_t count_ = 0;
    PeerId right_;
};

} // namespace tenon
