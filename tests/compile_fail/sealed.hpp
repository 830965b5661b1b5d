#pragma once
// A transport that encrypts as Secure does, by a guard of its own, for cases that do without libsodium.

#include "tenon/link/plain.hpp"
#include "tenon/transport/concept.hpp"

struct Desk : tenon::Plain {
    static constexpr std::size_t desk_bytes = 2048;
};
template <class Inner>
struct Sealed : Inner {
    using Guard = Desk;
    static constexpr tenon::TransportTraits traits = [] {
        tenon::TransportTraits inner = Inner::traits;
        inner.encrypted = inner.guarded = true;
        return inner;
    }();
};
