#pragma once
// The state between two states: numbers in proportion, angles and turns the short way, everything else as it
// was before. It walks the same serialize as the codecs do. Track, Playback, Rewind and Prediction show
// states with it.

#include <cstddef>
#include <cstdint>
#include <new>

#include "tenon/core/real.hpp"
#include "tenon/schema/form.hpp"
#include "tenon/schema/rotation.hpp"

namespace tenon {

namespace detail {

// Collects where the floating-point fields of a state lie, in the order of its serialize.
class FieldFinder {
  public:
    using is_loading = std::false_type;
    using is_saving = std::true_type;
    static constexpr std::size_t fields_max = 256;

    enum class Kind : std::uint8_t { number, bounded, angle, turn }; // a turn is four fields, x, y, z, w
    struct Field {
        void* at;
        bool wide;
        Kind kind;
        double low, high; // of what is bounded
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
    const Field& operator[](std::size_t i) const {
        return *std::launder(reinterpret_cast<const Field*>(room_) + i);
    }

  private:
    template <class T>
    void visit(T& value) {
        using Plain = std::remove_cvref_t<T>;
        constexpr Form form = form_of<Plain>();
        if constexpr (is_rotation<Plain>) {
            if (size_ + 4 <= fields_max)
                add(value.x, Kind::turn), add(value.y, Kind::turn), add(value.z, Kind::turn),
                    add(value.w, Kind::turn);
        } else if constexpr (is_angle<Plain>) {
            add(value.value, Kind::angle);
        } else if constexpr (form == Form::floating) {
            add(value, Kind::number);
        } else if constexpr (form == Form::quantized) {
            add(value.value, Kind::bounded, value.lo, value.hi);
        } else if constexpr (form == Form::named) {
            visit(value.value);
        } else if constexpr (form == Form::base) {
            visit(*value.base_ptr);
        } else if constexpr (form == Form::member_serialize) {
            Access::serialize(*this, const_cast<Plain&>(value));
        } else if constexpr (form == Form::free_serialize) {
            serialize(*this, const_cast<Plain&>(value));
        } else if constexpr (form == Form::array) {
            for (auto& element : value) visit(element);
        }
    }
    template <class T>
    void add(T& value, Kind kind, double low = 0, double high = 0) {
        if (size_ < fields_max && sizeof(T) <= 8)
            new (room_ + size_++ * sizeof(Field))
                Field{const_cast<std::remove_cv_t<T>*>(&value), sizeof(T) == 8, kind, low, high};
    }

    // Bare memory, as to make all of them for each state would cost more than to use a few.
    alignas(Field) std::byte room_[fields_max * sizeof(Field)];
    std::size_t size_ = 0;
};

// A quaternion, and what is needed of it here.
struct Turn {
    double x = 0, y = 0, z = 0, w = 1;

    static Turn of(const FieldFinder& fields, std::size_t i) {
        return {fields[i].get(), fields[i + 1].get(), fields[i + 2].get(), fields[i + 3].get()};
    }
    void put(const FieldFinder& fields, std::size_t i) const {
        fields[i].set(x), fields[i + 1].set(y), fields[i + 2].set(z), fields[i + 3].set(w);
    }
    double dot(const Turn& q) const { return x * q.x + y * q.y + z * q.z + w * q.w; }
    Turn inverse() const { return {-x, -y, -z, w}; }
    friend Turn operator*(const Turn& a, const Turn& b) {
        return {a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y, a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
                a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w, a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z};
    }
    // At an even speed along the shorter way, and beyond the ends as far as it is asked.
    static Turn between(const Turn& a, const Turn& b, double share) {
        const double both = a.dot(b), cosine = both < 0 ? -both : both;
        double from = 1 - share, to = share;
        if (cosine < 0.9999) {
            const double angle = real::acos(cosine), sine = real::sin(angle);
            from = real::sin(from * angle) / sine;
            to = real::sin(to * angle) / sine;
        }
        if (both < 0) to = -to;
        Turn turn{a.x * from + b.x * to, a.y * from + b.y * to, a.z * from + b.z * to, a.w * from + b.w * to};
        const double norm = real::sqrt(turn.dot(turn));
        if (!(norm > 1e-9)) return b;
        turn.x /= norm, turn.y /= norm, turn.z /= norm, turn.w /= norm;
        return turn;
    }
};

// From one angle to another, the short way.
inline double turn_between(double from, double to) {
    constexpr double whole = Angle<double>::whole_turn;
    const double apart = to - from;
    return apart - whole * real::floor(apart / whole + 0.5);
}
inline double one_turn(double angle) {
    constexpr double whole = Angle<double>::whole_turn;
    return angle - whole * real::floor(angle / whole);
}
inline double within(const FieldFinder::Field& field, double value) {
    if (field.kind != FieldFinder::Kind::bounded) return value;
    return value < field.low ? field.low : value > field.high ? field.high : value;
}

} // namespace detail

// `share` 0 gives `before`, 1 gives `after`; beyond 1 the fields go on as they went, within their bounds.
template <class T>
T blend(const T& before, const T& after, double share) {
    using Kind = detail::FieldFinder::Kind;
    const bool beyond = share >= 1;
    T between = beyond ? after : before;
    if (share == 1 || share == 0) return between;
    detail::FieldFinder to, from, other;
    to(between);
    from(before);
    other(after);
    for (std::size_t i = 0; i < to.size() && i < from.size() && i < other.size(); ++i) {
        const double a = from[i].get(), b = other[i].get();
        if (to[i].kind == Kind::turn) {
            const auto turned =
                detail::Turn::between(detail::Turn::of(from, i), detail::Turn::of(other, i), share);
            turned.put(to, i);
            i += 3;
        } else if (to[i].kind == Kind::angle) {
            to[i].set(detail::one_turn(a + detail::turn_between(a, b) * share));
        } else {
            to[i].set(detail::within(to[i], a + (b - a) * share));
        }
    }
    return between;
}

// `value`, moved by a share of the way that leads from `is` to `shown`: how an error is shown less and less.
template <class T>
T nudge(const T& value, const T& shown, const T& is, double share) {
    using Kind = detail::FieldFinder::Kind;
    T moved = value;
    detail::FieldFinder to, goal, start;
    to(moved);
    goal(shown);
    start(is);
    for (std::size_t i = 0; i < to.size() && i < goal.size() && i < start.size(); ++i) {
        if (to[i].kind == Kind::turn) {
            const auto way = detail::Turn::of(goal, i) * detail::Turn::of(start, i).inverse();
            (detail::Turn::between({}, way, share) * detail::Turn::of(to, i)).put(to, i);
            i += 3;
        } else if (to[i].kind == Kind::angle) {
            const double way = detail::turn_between(start[i].get(), goal[i].get());
            to[i].set(detail::one_turn(to[i].get() + way * share));
        } else {
            to[i].set(detail::within(to[i], to[i].get() + (goal[i].get() - start[i].get()) * share));
        }
    }
    return moved;
}

// How far two states lie from each other: the most that any number differs, angles and turns aside.
template <class T>
double apart(const T& a, const T& b) {
    detail::FieldFinder one, other;
    one(a);
    other(b);
    double most = 0;
    for (std::size_t i = 0; i < one.size() && i < other.size(); ++i) {
        if (one[i].kind > detail::FieldFinder::Kind::bounded) continue;
        const double difference = real::abs(one[i].get() - other[i].get());
        if (!(difference <= most)) most = difference;
    }
    return most;
}

} // namespace tenon
