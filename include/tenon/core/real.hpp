#pragma once
// The few functions and values of real numbers that tenon needs, without <cmath>, which with its special
// functions costs more to read than most of our floors, and without <limits>. Codecs, blends and motion call
// it.

#if !defined(__GNUC__)
#include <cmath>
#endif

namespace tenon::real {

#if defined(__GNUC__)
// A call of the C library's function, or one instruction; constant where the argument is.
inline double abs(double x) { return __builtin_fabs(x); }
inline double acos(double x) { return __builtin_acos(x); }
inline double exp(double x) { return __builtin_exp(x); }
inline double floor(double x) { return __builtin_floor(x); }
inline double sin(double x) { return __builtin_sin(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }
inline constexpr double infinity = __builtin_huge_val(), nan = __builtin_nan("");
#else
inline double abs(double x) { return std::fabs(x); }
inline double acos(double x) { return std::acos(x); }
inline double exp(double x) { return std::exp(x); }
inline double floor(double x) { return std::floor(x); }
inline double sin(double x) { return std::sin(x); }
inline double sqrt(double x) { return std::sqrt(x); }
inline constexpr double infinity = HUGE_VAL, nan = NAN;
#endif

} // namespace tenon::real
