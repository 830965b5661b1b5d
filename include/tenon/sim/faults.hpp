#pragma once
// Faults: everything that may go wrong in a World, as plain numbers. A seed draws them in swarm style: in
// each run some are off, so that every one also meets the others' absence. They read and write as text.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tenon/core/error.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/sim/network.hpp"

namespace tenon::sim {

// Zero is off, of each. Shares and chances are from 0 to 1.
struct Faults {
    double latency_ms = 0, spread = 0; // one way; how much the paths differ
    double jitter_ms = 0;
    double loss = 0;
    double burst = 0, burst_length = 8;
    double duplicate = 0;
    double reorder = 0, reorder_ms = 30;
    double corrupt = 0;
    double bandwidth = 0, queue_bytes = 64 << 10; // bytes a second
    double mtu = 0;
    double partitions = 0, partition_ms = 1000; // so many a minute, so long
    double pauses = 0, pause_ms = 500;          // so many a minute, of some host
    double clock_ms = 0;                        // how far the hosts' clocks are apart

    static Faults none() { return {}; }
    // A run's own mixture. What it draws a game can bear: no partition is longer than three seconds, nor any
    // pause.
    static Faults from(std::uint64_t seed);
    // The form of text(): "loss=0.05,partitions=2", or "none".
    static Result<Faults> parse(std::string_view text);

    Path path() const;
    std::string text() const;
    friend bool operator==(const Faults&, const Faults&) = default;
};

// One number of Faults, known by its name; World's and explore's way to look at all of them.
struct Fault {
    enum class Kind : std::uint8_t {
        amount, // more is worse
        limit,  // less is worse
        detail, // says how the one before it, that is no detail, goes about
    };
    std::string_view name;
    double Faults::*value;
    Kind kind = Kind::amount;
    double low = 0, high = 0; // what a seed may draw
    double share = 0.5;       // in how many runs it is on
};

inline constexpr std::array<Fault, 18> all_faults{{
    {"latency_ms", &Faults::latency_ms, Fault::Kind::amount, 1, 120, 0.9},
    {"spread", &Faults::spread, Fault::Kind::detail, 0, 0.8},
    {"jitter_ms", &Faults::jitter_ms, Fault::Kind::amount, 1, 40},
    {"loss", &Faults::loss, Fault::Kind::amount, 0.002, 0.2},
    {"burst", &Faults::burst, Fault::Kind::amount, 0.0005, 0.01},
    {"burst_length", &Faults::burst_length, Fault::Kind::detail, 2, 20},
    {"duplicate", &Faults::duplicate, Fault::Kind::amount, 0.01, 0.2},
    {"reorder", &Faults::reorder, Fault::Kind::amount, 0.01, 0.3},
    {"reorder_ms", &Faults::reorder_ms, Fault::Kind::detail, 5, 120},
    {"corrupt", &Faults::corrupt, Fault::Kind::amount, 0.001, 0.02},
    {"bandwidth", &Faults::bandwidth, Fault::Kind::limit, 20'000, 500'000, 0.25},
    {"queue_bytes", &Faults::queue_bytes, Fault::Kind::detail, 6'000, 100'000},
    {"mtu", &Faults::mtu, Fault::Kind::limit, 1200, 1500, 0.25},
    {"partitions", &Faults::partitions, Fault::Kind::amount, 1, 8},
    {"partition_ms", &Faults::partition_ms, Fault::Kind::detail, 100, 2000},
    {"pauses", &Faults::pauses, Fault::Kind::amount, 1, 12},
    {"pause_ms", &Faults::pause_ms, Fault::Kind::detail, 20, 2000},
    {"clock_ms", &Faults::clock_ms, Fault::Kind::amount, 1, 10'000},
}};

namespace detail {

// Four digits, so that a number reads the same after it was written.
inline double rounded(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return std::strtod(text, nullptr);
}

} // namespace detail

inline Faults Faults::from(std::uint64_t seed) {
    Random random(splitmix(seed) ^ 0x5EED'FA17);
    Faults faults;
    bool on = false;
    for (const Fault& fault : all_faults) {
        // Both are drawn in any case, so that one fault's luck doesn't shift another's.
        const double luck = random.real(), where = random.real();
        if (fault.kind != Fault::Kind::detail) on = luck < fault.share;
        // Small values are as likely as large ones: the square leans to the low end.
        if (on) faults.*fault.value = detail::rounded(fault.low + (fault.high - fault.low) * where * where);
    }
    return faults;
}

inline std::string Faults::text() const {
    std::string out;
    bool on = false;
    for (const Fault& fault : all_faults) {
        const double value = this->*fault.value;
        if (fault.kind != Fault::Kind::detail) on = value != 0;
        if (!on || (fault.kind == Fault::Kind::detail && value == Faults().*fault.value)) continue;
        char number[32];
        std::snprintf(number, sizeof number, "%.9g", value);
        if (!out.empty()) out += ',';
        out += fault.name;
        out += '=';
        out += number;
    }
    return out.empty() ? "none" : out;
}

inline Result<Faults> Faults::parse(std::string_view text) {
    Faults faults;
    if (text == "none") return faults;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string item(text.substr(0, comma));
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
        const std::size_t equals = item.find('=');
        if (equals == std::string::npos) return Error::malformed;
        bool known = false;
        for (const Fault& fault : all_faults) {
            if (fault.name != std::string_view(item).substr(0, equals)) continue;
            char* end = nullptr;
            const double value = std::strtod(item.c_str() + equals + 1, &end);
            if (end == item.c_str() + equals + 1 || *end != '\0' || !(value >= 0 && value < 1e12))
                return Error::malformed;
            faults.*fault.value = value;
            known = true;
        }
        if (!known) return Error::malformed;
    }
    return faults;
}

inline Path Faults::path() const {
    Path path;
    path.latency = latency_ms > 0 ? seconds(latency_ms / 1000) : microseconds(100);
    path.spread = spread;
    path.jitter = seconds(jitter_ms / 1000);
    path.loss = loss;
    path.burst = burst;
    path.burst_length = burst_length;
    path.duplicate = duplicate;
    path.reorder = reorder;
    path.reorder_by = seconds(reorder_ms / 1000);
    path.corrupt = corrupt;
    path.bandwidth = static_cast<std::uint64_t>(bandwidth);
    path.queue_bytes = static_cast<std::uint32_t>(queue_bytes);
    path.mtu = static_cast<std::uint32_t>(mtu);
    return path;
}

} // namespace tenon::sim
