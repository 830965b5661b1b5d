#pragma once
// How the components of a game lie in the history: each as a row of integers, found by walking its serialize
// once. The delta codec knows components only by their layout.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "tenon/core/config.hpp"

namespace tenon {

// One quantised value of a component.
using Cell = std::int32_t;

enum class CellKind : std::uint8_t {
    number,   // moves: what comes next is foretold from what was
    discrete, // changes now and then, to anything
    raw,      // the lower half of something wide
    angle,    // a number that comes round after its highest value
    rotation, // a quaternion's largest part, then the other three
};

// Cells that move together, and are foretold and coded together.
struct CellGroup {
    static constexpr std::size_t cells_max = 4;

    CellKind kind{};
    std::uint8_t count = 0;              // of cells
    std::uint16_t first = 0;             // its place in the component
    Cell low[cells_max] = {};            // the least value of each cell
    std::uint32_t range[cells_max] = {}; // and how far above it the highest lies
    std::uint8_t bits[cells_max] = {};   // which takes so many
    double step = 0;

    void add(Cell from, std::uint32_t to) {
        low[count] = from, range[count] = to;
        bits[count++] = static_cast<std::uint8_t>(std::bit_width(to));
    }
};

struct ComponentLayout {
    std::uint16_t cells = 0;
    std::uint16_t first_group = 0, groups = 0;
};

class Layout {
  public:
    static constexpr std::size_t components_max = 16, groups_max = 256, cells_max = 256;

    std::size_t components() const { return components_; }
    const ComponentLayout& component(std::size_t i) const { return component_[i]; }
    std::size_t groups() const { return groups_; }
    const CellGroup& group(std::size_t i) const { return group_[i]; }

    // While it is made: begin_component(), then its cells in order.
    void begin_component() {
        TENON_ASSERT(components_ < components_max, "a world has at most 16 types of Component");
        component_[components_++].first_group = static_cast<std::uint16_t>(groups_);
        joinable_ = false;
    }
    // A moving number joins the one before it when both are on the same grid.
    void add(CellKind kind, Cell low, std::uint32_t range, double step = 0) {
        ComponentLayout& component = component_[components_ - 1];
        if (groups_ == groups_max || component.cells == cells_max) return overflow();
        CellGroup* last = joinable_ ? &group_[groups_ - 1] : nullptr;
        const bool moves = kind == CellKind::number && step != 0;
        if (!moves || last == nullptr || last->kind != kind || last->step != step ||
            last->count == CellGroup::cells_max) {
            last = &group_[groups_++];
            *last = {};
            last->kind = kind;
            last->first = component.cells;
            last->step = step;
            ++component.groups;
        }
        last->add(low, range);
        ++component.cells;
        joinable_ = moves;
    }
    void add_rotation(std::int32_t most, double step) {
        ComponentLayout& component = component_[components_ - 1];
        if (groups_ == groups_max || component.cells + 4u > cells_max) return overflow();
        CellGroup& group = group_[groups_++];
        group = {};
        group.kind = CellKind::rotation;
        group.first = component.cells;
        group.step = step;
        group.add(0, 3);
        for (int i = 0; i < 3; ++i) group.add(-most, static_cast<std::uint32_t>(2 * most));
        component.cells = static_cast<std::uint16_t>(component.cells + 4);
        ++component.groups;
        joinable_ = false;
    }

  private:
    static void overflow() {
        TENON_ASSERT(false, "a Component has at most 256 fields, and all together 256 groups");
    }

    std::size_t components_ = 0, groups_ = 0;
    bool joinable_ = false;
    ComponentLayout component_[components_max];
    CellGroup group_[groups_max];
};

} // namespace tenon
