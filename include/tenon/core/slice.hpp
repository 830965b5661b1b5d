#pragma once
// Slice: values in a row that somebody else owns, borrowed for a while. It is what std::span is, which every
// file that includes tenon would pay a tenth of its time for. A std::span becomes one by itself, and so does
// a slice a std::span, but for one to write to that has no name.

#include <cstddef>
#include <type_traits>

#include "tenon/core/config.hpp"

namespace tenon {

template <class T>
class Slice {
    template <class Element>
    using Run = Element (*)[];
    // A run of its elements becomes one of T: nothing is added but a const.
    template <class Row>
    static constexpr bool is_row = requires(Row& row) {
        row.size();
        requires std::is_convertible_v<Run<std::remove_pointer_t<decltype(row.data())>>, Run<T>>;
    };

  public:
    using value_type = std::remove_cv_t<T>;

    constexpr Slice() = default;
    constexpr Slice(T* data, std::size_t size) : data_(data), size_(size) {}
    template <std::size_t Size>
    constexpr Slice(T (&array)[Size]) : data_(array), size_(Size) {}
    // Of anything that has data() and size(). What only lives for the call is for reading.
    template <class Row>
    requires(!std::is_same_v<Row, Slice> && is_row<Row>) constexpr Slice(Row& row)
        : data_(row.data()), size_(row.size()) {}
    template <class Row>
    requires(!std::is_same_v<Row, Slice> && is_row<const Row>) constexpr Slice(const Row& row)
        : data_(row.data()), size_(row.size()) {}

    constexpr T* data() const { return data_; }
    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr T* begin() const { return data_; }
    constexpr T* end() const { return data_ + size_; }

    constexpr T& operator[](std::size_t at) const {
        TENON_ASSERT_BOUNDS(at < size_);
        return data_[at];
    }
    constexpr T& front() const { return (*this)[0]; }
    constexpr T& back() const { return (*this)[size_ - 1]; }

    constexpr Slice first(std::size_t count) const {
        TENON_ASSERT_BOUNDS(count <= size_);
        return {data_, count};
    }
    constexpr Slice last(std::size_t count) const {
        TENON_ASSERT_BOUNDS(count <= size_);
        return {data_ + size_ - count, count};
    }
    constexpr Slice subspan(std::size_t from) const {
        TENON_ASSERT_BOUNDS(from <= size_);
        return {data_ + from, size_ - from};
    }
    constexpr Slice subspan(std::size_t from, std::size_t count) const {
        TENON_ASSERT_BOUNDS(from <= size_ && count <= size_ - from);
        return {data_ + from, count};
    }

  private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace tenon
