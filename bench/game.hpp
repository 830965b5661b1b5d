#pragma once
// What the benchmarks speak: messages of a fixed number of bytes, by every delivery that there is.

#include <array>
#include <cstdint>

#include <tenon.hpp>

namespace bench {

// The kind makes each a type of its own.
template <std::size_t Bytes, class Kind = void>
struct Blob {
    std::array<std::uint8_t, Bytes> bytes{};
    void serialize(auto& ar) { ar(bytes); }
};

struct LossyKind;
struct ReliableKind;
struct OrderedKind;
struct DownKind;

using Input = Blob<60>;
using Snapshot = Blob<1024, DownKind>;
using Lossy64 = Blob<64, LossyKind>;
using Reliable64 = Blob<64, ReliableKind>;
using Ordered100 = Blob<100, OrderedKind>;
using Lossy100 = Blob<100, LossyKind>;

struct Ship {
    float x = 0, y = 0, heading = 0;
    void serialize(auto& ar) { ar(x, y, heading); }
};
struct Steer {
    float turn = 0, thrust = 0;
    void serialize(auto& ar) { ar(turn, thrust); }
};

// Hears everything and thinks nothing of it.
struct Deaf {
    template <class T>
    void on(tenon::PeerId, const T&) {}
};

// Turns until the condition holds; false when it took too many.
template <class F>
bool soon(F&& turn_and_ask, int turns = 100'000) {
    for (int i = 0; i < turns; ++i)
        if (turn_and_ask()) return true;
    return false;
}

} // namespace bench
