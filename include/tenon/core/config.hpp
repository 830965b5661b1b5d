#pragma once
// What the compiler gives and what the library insists on. The only macros of tenon live here.

#define TENON_VERSION_MAJOR 0
#define TENON_VERSION_MINOR 1
#define TENON_VERSION_PATCH 0

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define TENON_HAS_EXCEPTIONS 1
#else
#define TENON_HAS_EXCEPTIONS 0
#endif

// Whether sessions can't encrypt. Defined as 1 by a program that has libsodium's header and not its library,
// or wants to do without.
#ifndef TENON_WITHOUT_SODIUM
#if __has_include(<sodium.h>)
#define TENON_WITHOUT_SODIUM 0
#else
#define TENON_WITHOUT_SODIUM 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define TENON_HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TENON_HAS_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef TENON_HAS_ADDRESS_SANITIZER
#define TENON_HAS_ADDRESS_SANITIZER 0
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#define TENON_NO_UNIQUE_ADDRESS [[msvc::no_unique_address]]
#define TENON_INLINE __forceinline
#define TENON_COLD __declspec(noinline)
#else
#define TENON_NO_UNIQUE_ADDRESS [[no_unique_address]]
#define TENON_INLINE inline __attribute__((always_inline))
#define TENON_COLD __attribute__((noinline, cold))
#endif

// A caller's mistake, never a peer's: no assertion may depend on bytes that came from outside. Define
// TENON_ASSERT before the first include to send it elsewhere.
#ifndef TENON_ASSERT
#ifdef NDEBUG
#define TENON_ASSERT(condition, sentence) ((void)0)
#else
#include <cassert>
#define TENON_ASSERT(condition, sentence) assert((condition) && (sentence))
#endif
#endif

// Where the standard library is told to watch its own rows of values, ours are watched as well.
#if defined(_GLIBCXX_ASSERTIONS) || (defined(_LIBCPP_ENABLE_ASSERTIONS) && _LIBCPP_ENABLE_ASSERTIONS)
#define TENON_ASSERT_BOUNDS(condition) TENON_ASSERT(condition, "outside the values that are there")
#else
#define TENON_ASSERT_BOUNDS(condition) ((void)0)
#endif
