#pragma once
// What every benchmark uses: figures on a line each, medians, clocks, cores, and processes of their own for
// each side, so that nobody's CPU time is counted as another's. Linux only.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace bench {

// One word, so that a line of figures has four.
struct Unit {
    const char* text;

    consteval Unit(const char* word) : text(word) {
        for (; *word != 0; ++word)
            if (*word == ' ') throw "a unit is one word; in the table an underscore becomes a space";
    }
};

inline void figure(const char* name, double value, Unit unit) {
    // Small ratios need their digits, large rates don't.
    std::printf(value >= 1000 ? "figure %s %.0f %s\n" : "figure %s %.4g %s\n", name, value, unit.text);
    std::fflush(stdout);
}

inline std::int64_t wall_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}
inline double wall() { return static_cast<double>(wall_ns()) * 1e-9; }

// Of this process, user and system.
inline double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto s = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return s(used.ru_utime) + s(used.ru_stime);
}

inline void pin(unsigned core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    CPU_SET(core % static_cast<unsigned>(cores > 0 ? cores : 1), &set);
    sched_setaffinity(0, sizeof set, &set);
}

// For a process that must not be kept waiting by whatever else the machine does; where the system allows it.
// Linux weighs whole sessions first, so it has to have one of its own.
inline void ask_for_priority() {
    (void)setsid();
    if (std::FILE* group = std::fopen("/proc/self/autogroup", "w")) {
        std::fputs("-10", group);
        std::fclose(group);
    }
    (void)setpriority(PRIO_PROCESS, 0, -10);
}

inline void sleep_until(std::int64_t ns) {
    const timespec t{ns / 1'000'000'000, ns % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) != 0) {
    }
}

inline double percentile(std::vector<double> of, double share) {
    if (of.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(of.size() - 1) + 0.5);
    std::nth_element(of.begin(), of.begin() + at, of.end());
    return of[static_cast<std::size_t>(at)];
}
inline double median(std::vector<double> of) { return percentile(std::move(of), 0.5); }

// The value after `--name`, or else `otherwise`.
inline double argument(int argc, char** argv, const char* name, double otherwise) {
    for (int i = 1; i + 1 < argc; ++i)
        if (std::strcmp(argv[i], name) == 0) return std::atof(argv[i + 1]);
    return otherwise;
}

// Memory that the processes of one benchmark share.
template <class T>
class Shared {
    static_assert(std::is_trivially_destructible_v<T>);

  public:
    Shared()
        : value_(static_cast<T*>(
              mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
        if (static_cast<void*>(value_) == MAP_FAILED) std::abort();
        new (value_) T{};
    }
    ~Shared() { munmap(value_, sizeof(T)); }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

    T& operator*() const { return *value_; }
    T* operator->() const { return value_; }

  private:
    T* value_;
};

// Runs each function in a process of its own, the first on core 0, the second on core 1, and so on; false
// when one failed.
template <class... F>
bool side_by_side(F&&... sides) {
    std::fflush(stdout);
    unsigned core = 0;
    std::vector<pid_t> started;
    const auto start = [&](auto& side) {
        const pid_t child = fork();
        if (child == 0) {
            pin(core);
            side();
            std::fflush(stdout);
            _exit(0);
        }
        ++core;
        if (child > 0) started.push_back(child);
    };
    (start(sides), ...);
    bool good = started.size() == sizeof...(sides);
    for (const pid_t child : started) {
        int status = 0;
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
            good = false;
    }
    return good;
}

// The same question asked of several: each is asked once a round, so that whatever else the machine does
// meets all of them.
template <class... F>
void interleaved(int rounds, F&&... runs) {
    for (int i = 0; i < rounds; ++i) (runs(), ...);
}

} // namespace bench
