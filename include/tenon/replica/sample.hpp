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
    // A component as it is seen; nothing where it is not there.
    template <class T>
    std::optional<T> seen(const Layout& layout, std::size_t slot, std::size_t place) const;
    explicit operator bool() const { return bool(before); }
    friend bool operator==(const Sample& a, const Sample& b) {
        return a.before.is(b.before) && a.after.is(b.after) && a.share == b.share;
    }
};

template <class T>
std::optional<T> Sample::seen(const Layout& layout, std::size_t slot, std::size_t place) const {
    const auto has = [&](const Row& row) {
        return row && row.tenant(slot).generation != 0 && (row.tenant(slot).components >> place & 1) != 0;
    };
    const std::size_t cells = layout.component(place).cells;
    const bool is_before = has(before), is_after = has(after);
    if (!(share >= 1 && after ? is_after : is_before)) return std::nullopt;
    T state{};
    load_cells((is_before ? before : after).cells(place, slot), state, cells);
    if (!is_before || !is_after || share == 0) return state;
    T later{};
    load_cells(after.cells(place, slot), later, cells);
    return blend(state, later, share);
}

} // namespace tenon
