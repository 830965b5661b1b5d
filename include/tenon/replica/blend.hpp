#pragma once
// The state between two states: every floating-point field in proportion, everything else as it was before.
// It walks the same serialize as the codecs do.

#include <cstddef>

#include "tenon/schema/form.hpp"

namespace tenon {

namespace detail {

// Collects where the floating-point fields of a state lie, in the order of its serialize.
class FieldFinder {
  public:
    using is_loading = std::false_type;
    using is_saving = std::true_type;
    static constexpr std::size_t fields_max = 256;

    struct Field {
        void* at = nullptr;
        bool wide = false;
        double get() const {
            return wide ? *static_cast<const double*>(at)
                        : static_cast<double>(*static_cast<const float*>(at));
        }
        void set(double value) const {
            if (wide)
                *static_cast<double*>(at) = value;
            else
                *static_cast<float*>(at) = static_cast<float>(value);
        }
    };

    template <class... Args>
    FieldFinder& operator()(Args&&... args) {
        (visit(args), ...);
        return *this;
    }
    template <class T>
    FieldFinder& operator&(T&& value) {
        visit(value);
        return *this;
    }

    std::size_t size() const { return size_; }
    const Field& operator[](std::size_t i) const { return fields_[i]; }

  private:
    template <class T>
    void visit(T& value) {
        using Plain = std::remove_cvref_t<T>;
        constexpr Form form = form_of<Plain>();
        if constexpr (form == Form::floating) {
            if (size_ < fields_max && sizeof(Plain) <= 8)
                fields_[size_++] = {const_cast<Plain*>(&value), sizeof(Plain) == 8};
        } else if constexpr (form == Form::quantized || form == Form::named) {
            visit(value.value);
        } else if constexpr (form == Form::member_serialize) {
            Access::serialize(*this, const_cast<Plain&>(value));
        } else if constexpr (form == Form::free_serialize) {
            serialize(*this, const_cast<Plain&>(value));
        } else if constexpr (form == Form::array) {
            for (auto& element : value) visit(element);
        }
    }

    Field fields_[fields_max];
    std::size_t size_ = 0;
};

} // namespace detail

// `share` 0 gives `before`, 1 gives the fields of `after`; beyond 1 they go on as they went.
template <class T>
T blend(const T& before, const T& after, double share) {
    T between = before;
    detail::FieldFinder to, from;
    to(between);
    from(after);
    for (std::size_t i = 0; i < to.size() && i < from.size(); ++i)
        to[i].set(to[i].get() + (from[i].get() - to[i].get()) * share);
    return between;
}

} // namespace tenon
