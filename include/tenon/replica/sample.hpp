#pragma once
// Where one slot is between two rows of a history. Playback finds it among the snapshots that came, Rewind
// among the ticks that were; both show it alike.

#include <cstddef>
#include <optional>

#include "tenon/replica/blend.hpp"
#include "tenon/replica/cells.hpp"
#include "tenon/replica/history.hpp"

namespace tenon {

struct Sample {
    Row before, after; // `after` only where something lies between them
    double share = 0;  // of the way from the one to the other; beyond 1: it goes on as it went

    // Who is seen: what the later row has new is not there yet.
    const Tenant& tenant(std::size_t slot) const {
        return share >= 1 && after ? after.tenant(slot) : before.tenant(slot);
    }
    explicit operator bool() const { return bool(before); }
    friend bool operator==(const Sample& a, const Sample& b) {
        return a.before.is(b.before) && a.after.is(b.after) && a.share == b.share;
    }
};

namespace detail {

inline bool has_component(const Row& row, std::size_t slot, std::size_t place) {
    return row && row.tenant(slot).generation != 0 && (row.tenant(slot).components >> place & 1) != 0;
}

} // namespace detail

// The component as it is seen; nothing where it is not there.
template <class T>
std::optional<T> seen(const Layout& layout, const Sample& sample, std::size_t slot, std::size_t place) {
    const std::size_t cells = layout.component(place).cells;
    const bool is_before = detail::has_component(sample.before, slot, place);
    const bool is_after = detail::has_component(sample.after, slot, place);
    if (!(sample.share >= 1 && sample.after ? is_after : is_before)) return std::nullopt;
    T state{};
    load_cells((is_before ? sample.before : sample.after).cells(place, slot), state, cells);
    if (!is_before || !is_after || sample.share == 0) return state;
    T later{};
    load_cells(sample.after.cells(place, slot), later, cells);
    return blend(state, later, sample.share);
}

} // namespace tenon
