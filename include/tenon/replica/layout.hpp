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
    std::uint16_t place = 0;             // and among the cells of all
    Cell low[cells_max] = {};            // the least value of each cell
    std::uint32_t range[cells_max] = {}; // and how far above it the highest lies
    double step = 0;
};

// A cell by itself, as it is told when nothing is known of it: in words of up to 32 bits, so that the few
// steps from one to the next, each of which waits for the one before, are taken for several cells at once.
struct PlainCell {
    Cell low = 0;
    std::uint32_t range = 0;
    std::uint8_t bits = 0;
    std::uint8_t shift = 0; // its place in its word
    std::uint8_t word = 0;  // the bits of the word that begins with it, or 0
};

struct ComponentLayout {
    std::uint16_t cells = 0, first_cell = 0;
    std::uint16_t first_group = 0, groups = 0;
};

class Layout {
  public:
    static constexpr std::size_t components_max = 16, groups_max = 256, cells_max = 256;

    std::size_t components() const { return components_; }
    const ComponentLayout& component(std::size_t i) const { return component_[i]; }
    std::size_t groups() const { return groups_; }
    const CellGroup& group(std::size_t i) const { return group_[i]; }
    // The cells of a component, one after the other; and one of a group.
    const PlainCell* cells(const ComponentLayout& of) const { return cell_ + of.first_cell; }
    const PlainCell& cell(const CellGroup& of, std::size_t k) const { return cell_[of.place + k]; }

    // While it is made: begin_component(), then its cells in order.
    void begin_component() {
        TENON_ASSERT(components_ < components_max, "a world has at most 16 types of Component");
        component_[components_].first_cell = static_cast<std::uint16_t>(cells_);
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
            last->place = static_cast<std::uint16_t>(cells_);
            last->step = step;
            ++component.groups;
        }
        add_cell(*last, low, range);
        joinable_ = moves;
    }
    void add_rotation(std::int32_t most, double step) {
        ComponentLayout& component = component_[components_ - 1];
        if (groups_ == groups_max || component.cells + 4u > cells_max) return overflow();
        CellGroup& group = group_[groups_++];
        group = {};
        group.kind = CellKind::rotation;
        group.first = component.cells;
        group.place = static_cast<std::uint16_t>(cells_);
        group.step = step;
        add_cell(group, 0, 3);
        for (int i = 0; i < 3; ++i) add_cell(group, -most, static_cast<std::uint32_t>(2 * most));
        ++component.groups;
        joinable_ = false;
    }

  private:
    void add_cell(CellGroup& group, Cell low, std::uint32_t range) {
        group.low[group.count] = low;
        group.range[group.count++] = range;
        const auto bits = static_cast<std::uint8_t>(std::bit_width(range));
        const unsigned shift = component_[components_ - 1].cells++ == 0 ? 0 : cell_[word_].word;
        const bool joins = shift != 0 && shift + bits <= 32;
        if (!joins) word_ = cells_;
        cell_[cells_++] = {low, range, bits, static_cast<std::uint8_t>(joins ? shift : 0), 0};
        cell_[word_].word = static_cast<std::uint8_t>(joins ? shift + bits : bits);
    }
    static void overflow() {
        TENON_ASSERT(false, "a Component has at most 256 fields, and all together 256 groups");
    }

    std::size_t components_ = 0, groups_ = 0, cells_ = 0;
    std::size_t word_ = 0; // the cell that began the last word
    bool joinable_ = false;
    ComponentLayout component_[components_max];
    CellGroup group_[groups_max];
    PlainCell cell_[groups_max * CellGroup::cells_max];
};

} // namespace tenon
