#pragma once
// Between a component, as its serialize tells it, and its cells in the history. World and Replica put values
// in and take them out with these.

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/replica/layout.hpp"
#include "tenon/schema/form.hpp"
#include "tenon/schema/rotation.hpp"

namespace tenon {

namespace detail {

enum class CellTask : std::uint8_t { describe, store, load };

// A float's bits in the order of the numbers: as an integer, a little more is the next greater one.
inline std::int32_t ordered(float value) {
    std::int32_t image;
    std::memcpy(&image, &value, sizeof image);
    return image < 0 ? std::int32_t(0x80000000u ^ ~static_cast<std::uint32_t>(image)) : image;
}
inline float unordered(std::int32_t cell) {
    const std::int32_t image =
        cell < 0 ? std::int32_t(~(0x80000000u ^ static_cast<std::uint32_t>(cell))) : cell;
    float value;
    std::memcpy(&value, &image, sizeof value);
    return value;
}

template <CellTask Task>
class CellArchive {
  public:
    using is_loading = std::bool_constant<Task == CellTask::load>;
    using is_saving = std::bool_constant<Task != CellTask::load>;

    explicit CellArchive(Layout& layout) : layout_(&layout) {}
    CellArchive(Cell* cells, std::size_t room) : cells_(cells), room_(room) {}

    template <class... Args>
    CellArchive& operator()(Args&&... args) {
        (field(strip(args)), ...);
        return *this;
    }
    template <class T>
    CellArchive& operator&(T&& value) {
        field(strip(value));
        return *this;
    }

  private:
    static constexpr std::uint32_t all = 0xFFFF'FFFF;
    static constexpr Cell lowest = std::numeric_limits<Cell>::min();

    template <class T>
    void field(T& value) {
        constexpr Form form = form_of<T>();
        constexpr bool is_fixed = is_rotation<T> || is_angle<T> || form <= Form::ranged ||
                                  form == Form::named || form == Form::base || form == Form::array ||
                                  form == Form::tuple || form == Form::member_serialize ||
                                  form == Form::free_serialize || form == Form::empty;
        static_assert(form != Form::unsupported && is_fixed,
                      "tenon: a Component has fields of fixed number: send lists and strings as an Event");
        if constexpr (is_rotation<T>)
            turn(value);
        else if constexpr (is_angle<T>)
            round(value);
        else if constexpr (form == Form::quantized)
            grid(value);
        else if constexpr (form == Form::ranged)
            range(value);
        else if constexpr (form == Form::named)
            field(strip(value.value));
        else if constexpr (form == Form::base)
            field(*value.base_ptr);
        else if constexpr (form == Form::member_serialize)
            Access::serialize(*this, value);
        else if constexpr (form == Form::free_serialize)
            serialize(*this, value);
        else if constexpr (form == Form::array)
            for (auto& element : value) field(element);
        else if constexpr (form == Form::tuple)
            [&]<std::size_t... I>(std::index_sequence<I...>) { (field(strip(get<I>(value))), ...); }
        (std::make_index_sequence<std::tuple_size<T>::value>());
        else if constexpr (is_fixed && form != Form::empty) plain(value);
    }

    // The cell's way: described, or stored from what `store` gives, or handed to `load`.
    template <class Store, class Load>
    void cell(CellKind kind, Cell low, std::uint32_t span, double step, Store&& store, Load&& load) {
        if constexpr (Task == CellTask::describe)
            layout_->add(kind, low, span, step);
        else if (room_ == 0)
            return;
        else if constexpr (Task == CellTask::store)
            *cells_++ = store(), --room_;
        else
            load(*cells_++), --room_;
    }
    // Sixty-four bits as two cells, of which the upper moves.
    void wide(std::uint64_t image, std::uint64_t& back) {
        cell(
            CellKind::number, lowest, all, 0, [&] { return biased(image >> 32); },
            [&](Cell c) { back = unbiased(c) << 32; });
        cell(
            CellKind::raw, lowest, all, 0, [&] { return biased(image & all); },
            [&](Cell c) { back |= unbiased(c); });
    }
    static Cell biased(std::uint64_t image) {
        return static_cast<Cell>(static_cast<std::uint32_t>(image) ^ 0x8000'0000u);
    }
    static std::uint64_t unbiased(Cell cell) { return static_cast<std::uint32_t>(cell) ^ 0x8000'0000u; }

    template <class T>
    void grid(Quantized<T>& value) {
        if (value.index_max < 0x8000'0000u)
            return cell(
                CellKind::number, 0, static_cast<std::uint32_t>(value.index_max), value.step,
                [&] { return static_cast<Cell>(value.index()); },
                [&](Cell c) { value.value = value.at(static_cast<std::uint64_t>(c)); });
        std::uint64_t index = Task == CellTask::store ? value.index() : 0;
        wide(index, index);
        if constexpr (Task == CellTask::load)
            value.value = value.at(index < value.index_max ? index : value.index_max);
    }
    template <class T>
    void range(Ranged<T>& value) {
        constexpr bool is_choice = std::is_enum_v<T> || std::is_same_v<T, bool>;
        if (value.index_max() < 0x8000'0000u)
            return cell(
                is_choice ? CellKind::discrete : CellKind::number, 0,
                static_cast<std::uint32_t>(value.index_max()), 0,
                [&] { return static_cast<Cell>(value.index()); },
                [&](Cell c) { value.value = value.at(static_cast<std::uint64_t>(c)); });
        std::uint64_t index = Task == CellTask::store ? value.index() : 0;
        wide(index, index);
        if constexpr (Task == CellTask::load)
            value.value = value.at(index < value.index_max() ? index : value.index_max());
    }
    template <class T>
    void turn(Rotation<T>& value) {
        if constexpr (Task == CellTask::describe) {
            layout_->add_rotation(value.most, value.step);
        } else if (room_ < 4) {
            return;
        } else if constexpr (Task == CellTask::store) {
            room_ -= 4;
            const SmallestThree three = value.packed();
            *cells_++ = static_cast<Cell>(three.largest);
            for (const std::int32_t part : three.part) *cells_++ = part;
        } else {
            SmallestThree three{static_cast<std::uint32_t>(cells_[0]), {cells_[1], cells_[2], cells_[3]}};
            cells_ += 4, room_ -= 4;
            value.unpack(three);
        }
    }
    template <class T>
    void round(Angle<T>& value) {
        cell(
            CellKind::angle, 0, value.count - 1, 0, [&] { return static_cast<Cell>(value.index()); },
            [&](Cell c) { value.value = value.at(static_cast<std::uint32_t>(c)); });
    }
    template <class T>
    void plain(T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            cell(
                CellKind::discrete, 0, 1, 0, [&] { return Cell(value); }, [&](Cell c) { value = c != 0; });
        } else if constexpr (std::is_same_v<T, float>) {
            cell(
                CellKind::number, lowest, all, 0, [&] { return ordered(value); },
                [&](Cell c) { value = unordered(c); });
        } else if constexpr (std::is_floating_point_v<T>) {
            std::uint64_t image = 0;
            if constexpr (Task == CellTask::store) std::memcpy(&image, &value, sizeof image);
            wide(image, image);
            if constexpr (Task == CellTask::load) std::memcpy(&value, &image, sizeof image);
        } else if constexpr (sizeof(T) == 8) {
            std::uint64_t image = static_cast<std::uint64_t>(value);
            wide(image, image);
            if constexpr (Task == CellTask::load) value = static_cast<T>(image);
        } else {
            using Integer = integer_of<T>;
            constexpr auto low = static_cast<std::int64_t>(std::numeric_limits<Integer>::min());
            constexpr auto high = static_cast<std::int64_t>(std::numeric_limits<Integer>::max());
            // Thirty-two unsigned bits are kept as signed ones of the same order.
            constexpr std::int64_t shift = high > std::numeric_limits<Cell>::max() ? std::int64_t(lowest) : 0;
            cell(
                std::is_enum_v<T> ? CellKind::discrete : CellKind::number, static_cast<Cell>(low + shift),
                static_cast<std::uint32_t>(high - low), 0,
                [&] {
                    return static_cast<Cell>(static_cast<std::int64_t>(static_cast<Integer>(value)) + shift);
                },
                [&](Cell c) { value = static_cast<T>(static_cast<Integer>(c - shift)); });
        }
    }

    Layout* layout_ = nullptr;
    Cell* cells_ = nullptr;
    std::size_t room_ = 0;
};

} // namespace detail

template <class T>
void describe_cells(Layout& layout) {
    layout.begin_component();
    T value{};
    detail::CellArchive<detail::CellTask::describe> archive(layout);
    archive(value);
}
// The component is only read, though its serialize is called as if it were not const.
template <class T>
void store_cells(const T& value, Cell* cells, std::size_t room = Layout::cells_max) {
    detail::CellArchive<detail::CellTask::store> archive(cells, room);
    archive(value);
}
template <class T>
void load_cells(const Cell* cells, T& value, std::size_t room = Layout::cells_max) {
    detail::CellArchive<detail::CellTask::load> archive(const_cast<Cell*>(cells), room);
    archive(value);
}

} // namespace tenon
