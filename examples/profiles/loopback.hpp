#pragma once
// What the examples of the profiles share: several sessions in one program over real UDP, and what was
// measured.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <tenon.hpp>

namespace profiles {

// The seconds to play: `--seconds N`.
inline double seconds_of(int argc, char** argv, double otherwise) {
    for (int i = 1; i + 1 < argc; ++i)
        if (std::string(argv[i]) == "--seconds") return std::atof(argv[i + 1]);
    return otherwise;
}

// Turns of all sessions for so long, or until `done` says so. `turn(now)` ticks each; the first one's
// deadlines and a millisecond decide how long it sleeps.
template <class Net, class Turn, class Done>
bool play(Net& net, tenon::Duration time, Turn&& turn, Done&& done) {
    const tenon::Instant end = tenon::now() + time;
    while (tenon::now() < end) {
        turn(tenon::now());
        if (done()) return true;
        net.wait(tenon::now() + tenon::milliseconds(1));
    }
    return false;
}

// Whether all points held, each told as it is checked.
class Verdict {
  public:
    void check(bool held, const std::string& what) {
        std::printf("%s %s\n", held ? "ok    " : "FAILED", what.c_str());
        held_ = held_ && held;
    }
    // A measured rate, which is to be within two percent.
    void rate(const std::string& what, double count, double seconds, double wanted) {
        const double measured = count / seconds;
        char text[160];
        std::snprintf(text, sizeof text, "%s: %.2f a second, promised %.0f", what.c_str(), measured, wanted);
        check(std::fabs(measured - wanted) <= wanted * 0.02 + 0.5 / seconds, text);
    }
    int status() const { return held_ ? 0 : 1; }

  private:
    bool held_ = true;
};

} // namespace profiles
