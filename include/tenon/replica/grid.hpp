#pragma once
// Where entities are, in square cells of a plane or of space without bounds, so that who is near a place is
// found without asking the others. A Stage has one.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "tenon/core/config.hpp"
#include "tenon/replica/slot_chains.hpp"

namespace tenon {

template <std::size_t Dimensions>
struct Point {
    static_assert(Dimensions == 2 || Dimensions == 3, "tenon: a place has two coordinates or three");

    float at[Dimensions] = {};

    void serialize(auto& ar) { ar(at); }
    bool is_finite() const {
        bool finite = true;
        for (const float c : at) finite = finite && c - c == 0;
        return finite;
    }
};

template <std::size_t Dimensions>
class Grid {
  public:
    using Place = Point<Dimensions>;

    // Cells about as wide as a usual radius are best.
    Grid(std::size_t slots, float cell) : cell_(cell), cells_(slots), places_(new Place[slots]) {
        TENON_ASSERT(cell > 0, "a grid's cells have a width");
    }
    Grid(const Grid&) = delete;
    Grid& operator=(const Grid&) = delete;
    ~Grid() { delete[] places_; }

    std::size_t slots() const { return cells_.slots(); }
    bool has(std::size_t slot) const { return cells_.has(slot); }
    const Place& place(std::size_t slot) const { return places_[slot]; }

    // For a new one and for one that moved. What is nowhere (not a number, infinitely far) is taken out.
    void put(std::size_t slot, const Place& place) {
        if (slot >= slots()) return;
        if (!place.is_finite()) return remove(slot);
        places_[slot] = place;
        if (slot >= used_) used_ = slot + 1;
        std::int64_t cell[Dimensions];
        for (std::size_t i = 0; i < Dimensions; ++i) cell[i] = cell_of(place.at[i]);
        cells_.put(slot, key_of(cell));
    }
    void remove(std::size_t slot) { cells_.remove(slot); }

    // f(slot, square of the distance) for all within the radius, in no order. However large that is, it costs
    // no more than asking everybody.
    template <class F>
    void around(const Place& centre, float radius, F&& f) const {
        if (!(radius >= 0) || !centre.is_finite()) return;
        std::int64_t low[Dimensions], count[Dimensions];
        double cells = 1;
        for (std::size_t i = 0; i < Dimensions; ++i) {
            low[i] = cell_of(centre.at[i] - radius);
            count[i] = cell_of(centre.at[i] + radius) - low[i] + 1;
            cells *= static_cast<double>(count[i]);
        }
        const float square = radius * radius;
        const auto ask = [&](std::size_t slot) {
            float sum = 0;
            for (std::size_t i = 0; i < Dimensions; ++i) {
                const float apart = places_[slot].at[i] - centre.at[i];
                sum += apart * apart;
            }
            if (sum <= square) f(slot, sum);
        };
        if (cells > static_cast<double>(used_)) {
            for (std::size_t slot = 0; slot < used_; ++slot)
                if (has(slot)) ask(slot);
            return;
        }
        std::int64_t cell[Dimensions];
        for (std::int64_t n = 0; n < static_cast<std::int64_t>(cells); ++n) {
            std::int64_t rest = n;
            for (std::size_t i = 0; i < Dimensions; ++i) {
                cell[i] = low[i] + rest % count[i];
                rest /= count[i];
            }
            cells_.each(key_of(cell), ask);
        }
    }

  private:
    static constexpr std::int64_t most = (1 << 20) - 1; // what is further out shares the last cells

    std::int64_t cell_of(float c) const {
        const float cell = std::floor(c / cell_);
        if (!(cell > static_cast<float>(-most))) return -most;
        return cell < static_cast<float>(most) ? static_cast<std::int64_t>(cell) : most;
    }
    static std::uint64_t key_of(const std::int64_t* cell) {
        std::uint64_t key = 0;
        for (std::size_t i = 0; i < Dimensions; ++i)
            key = key << 21 | static_cast<std::uint64_t>(cell[i] + most + 1);
        return key;
    }

    float cell_;
    std::size_t used_ = 0;
    SlotChains cells_;
    Place* places_;
};

} // namespace tenon
