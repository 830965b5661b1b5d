#pragma once
// std::swap and std::exchange for what our own types hold. Those of the standard library ask a dozen traits
// of every type that they are made for, which everybody's build would pay for.

namespace tenon {

template <class T>
constexpr void swap_values(T& a, T& b) noexcept {
    T was = static_cast<T&&>(a);
    a = static_cast<T&&>(b);
    b = static_cast<T&&>(was);
}

// What stood there until now.
template <class T, class Next>
[[nodiscard]] constexpr T replaced(T& place, Next&& next) noexcept {
    T was = static_cast<T&&>(place);
    place = static_cast<Next&&>(next);
    return was;
}

} // namespace tenon
