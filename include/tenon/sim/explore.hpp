#pragma once
// explore: runs a scenario under many seeds, each with faults of its own, and comes back with the first that
// fails: how to repeat it, and which of its faults are really needed. For tests; it reads the environment.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tenon/core/time.hpp"
#include "tenon/sim/faults.hpp"
#include "tenon/sim/world.hpp"

namespace tenon::sim {

// The environment has the last word: TENON_SEED=n runs that seed alone, TENON_FAULTS=text with these faults,
// TENON_SEEDS=n so many, TENON_LONG=1 the long list; TENON_SHOW=1 names each seed before it runs.
struct Search {
    std::uint64_t seeds = 100;
    std::uint64_t seeds_long = 0; // with TENON_LONG=1; 0: ten times as many
    std::uint64_t first = 1;
    Faults (*faults)(std::uint64_t seed) = Faults::from;
    std::string_view command = "the same command"; // what runs this scenario, for the reader of the report
};

struct Report {
    std::uint64_t runs = 0, first = 0; // seeds that were run, and the first of them
    Duration simulated{};              // of all of them
    bool failed = false;
    std::string refusal; // of what the environment said; nothing was run
    // Of the first that failed:
    std::uint64_t seed = 0;
    std::string sentence;
    Faults faults;
    // With as few and as small faults as it still fails with, and what it says then.
    Faults shrunk;
    std::string shrunk_sentence;
    std::uint64_t shrink_runs = 0;
    std::string command;

    explicit operator bool() const { return !failed && refusal.empty(); }
    std::string text() const;
};

// Whether the long simulations are wanted.
inline bool is_long() {
    const char* const wanted = std::getenv("TENON_LONG");
    return wanted != nullptr && *wanted != '\0' && std::string_view(wanted) != "0";
}

namespace detail {

template <class Scenario>
std::string run_scenario(Scenario& scenario, std::uint64_t seed, const Faults& faults, Duration& simulated) {
    World world(seed, faults);
    std::string sentence = scenario(world);
    simulated += world.elapsed();
    return sentence;
}

// Keeps a change for as long as the scenario still fails.
template <class Scenario>
bool still_fails(Scenario& scenario, Report& report, const Faults& change) {
    Duration simulated;
    const Faults tried = *Faults::parse(change.text()); // what a reader can repeat
    ++report.shrink_runs;
    const std::string sentence = run_scenario(scenario, report.seed, tried, simulated);
    if (sentence.empty()) return false;
    report.shrunk = tried;
    report.shrunk_sentence = sentence;
    return true;
}
template <class Scenario>
void shrink(Scenario& scenario, Report& report) {
    // Turned off one by one, until none of those that are left can be spared.
    for (bool changed = true; changed;) {
        changed = false;
        for (const Fault& fault : all_faults) {
            if (fault.kind == Fault::Kind::detail || report.shrunk.*fault.value == 0) continue;
            Faults tried = report.shrunk;
            tried.*fault.value = 0;
            changed = still_fails(scenario, report, tried) || changed;
        }
    }
    // What is left is made milder.
    bool on = false;
    for (const Fault& fault : all_faults) {
        if (fault.kind != Fault::Kind::detail) on = report.shrunk.*fault.value != 0;
        for (int halvings = 0; on && halvings < 6; ++halvings) {
            Faults tried = report.shrunk;
            const bool less_is_worse =
                fault.kind == Fault::Kind::limit || fault.value == &Faults::queue_bytes;
            tried.*fault.value = rounded(tried.*fault.value * (less_is_worse ? 2 : 0.5));
            if (tried == report.shrunk || !still_fails(scenario, report, tried)) break;
        }
    }
}

inline bool read_environment(const char* name, std::uint64_t& value, std::string& refusal) {
    const char* const text = std::getenv(name);
    if (text == nullptr || *text == '\0') return false;
    char* end = nullptr;
    value = std::strtoull(text, &end, 10);
    if (*end == '\0' && *text >= '0' && *text <= '9') return true;
    refusal = std::string(name) + "=" + text + " is not a number.";
    return false;
}

} // namespace detail

// scenario(world) gives an empty string when all was well, and else a sentence on what was not.
template <class Scenario>
Report explore(const Search& search, Scenario&& scenario) {
    Report report;
    report.command = search.command;
    report.first = search.first;
    std::uint64_t count = search.seeds, seed = 0;
    if (is_long()) count = search.seeds_long != 0 ? search.seeds_long : search.seeds * 10;
    detail::read_environment("TENON_SEEDS", count, report.refusal);
    if (detail::read_environment("TENON_SEED", seed, report.refusal)) {
        report.first = seed;
        count = 1;
    }
    const char* const given = std::getenv("TENON_FAULTS");
    const Result<Faults> faults = given != nullptr ? Faults::parse(given) : Result<Faults>(Faults());
    if (!faults) report.refusal = std::string("TENON_FAULTS can't be read: ") + given;
    if (!report.refusal.empty()) return report;
    const bool show = std::getenv("TENON_SHOW") != nullptr;
    for (; report.runs < count && !report.failed; ++report.runs) {
        report.seed = report.first + report.runs;
        report.faults = given != nullptr ? *faults : search.faults(report.seed);
        if (show)
            std::fprintf(stderr, "TENON_SEED=%llu TENON_FAULTS=%s\n",
                         static_cast<unsigned long long>(report.seed), report.faults.text().c_str());
        report.sentence = detail::run_scenario(scenario, report.seed, report.faults, report.simulated);
        report.failed = !report.sentence.empty();
    }
    if (!report.failed) return report;
    report.shrunk = report.faults;
    report.shrunk_sentence = report.sentence;
    detail::shrink(scenario, report);
    return report;
}
template <class Scenario>
Report explore(std::uint64_t seeds, Scenario&& scenario) {
    Search search;
    search.seeds = seeds;
    return explore(search, scenario);
}

inline std::string Report::text() const {
    if (!refusal.empty()) return refusal;
    const std::string count = std::to_string(runs);
    if (!failed)
        return "All " + count + " seeds from " + std::to_string(first) + " passed, in " +
               std::to_string(static_cast<long long>(simulated.seconds())) + " simulated seconds.";
    const std::string repeat = "TENON_SEED=" + std::to_string(seed);
    std::string out =
        "Seed " + std::to_string(seed) + ", number " + count + " of the run, fails: " + sentence;
    out += "\n  to repeat it:  " + repeat + " " + command;
    out += "\n  its faults:    " + faults.text();
    out += "\n  enough are:    " + shrunk.text() + " (found in " + std::to_string(shrink_runs) + " runs)";
    out += "\n  with these:    " + repeat + " TENON_FAULTS=" + shrunk.text() + " " + command;
    out += "\n  it then says:  " + shrunk_sentence;
    return out;
}

} // namespace tenon::sim
