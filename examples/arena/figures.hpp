#pragma once
// The network's figures as a line of text, with rates over the last second.

#include <cstdint>
#include <cstdio>
#include <string>

#include "game.hpp"

namespace arena {

inline std::string bytes_text(double bytes) {
    char text[32];
    if (bytes < 1000)
        std::snprintf(text, sizeof text, "%.0f B/s", bytes);
    else
        std::snprintf(text, sizeof text, "%.1f kB/s", bytes / 1000);
    return text;
}

class Figures {
  public:
    void update(tenon::Instant now, auto& net) {
        const tenon::Health health = health_ = net.health();
        playback_ = net.playback(now);
        prediction_ = net.prediction();
        if (now - at_ < tenon::seconds(1)) return;
        const double span = (now - at_).seconds();
        if (at_ != tenon::Instant{}) {
            in_ = since(bytes_in_, health.bytes_in) / span;
            out_ = since(bytes_out_, health.bytes_out) / span;
        }
        at_ = now;
        bytes_in_ = health.bytes_in;
        bytes_out_ = health.bytes_out;
    }
    std::string line() const {
        char text[200];
        std::snprintf(
            text, sizeof text, "%s | rtt %.1f jitter %.1f queue %.1f ms | loss %.1f%% | in %s out %s",
            tenon::name(health_.status).data(), health_.rtt.ms(), health_.jitter.ms(),
            health_.queue_time.ms(), health_.loss * 100, bytes_text(in_).c_str(), bytes_text(out_).c_str());
        return text;
    }

    // How late the others are shown, and how often the server knew better about what is ours: a hit is not
    // foreseen.
    std::string world_line() const {
        char text[120];
        std::snprintf(text, sizeof text, "others %.0f ms late | own corrected %llu times, by %.1f at most",
                      playback_.delay.ms(), static_cast<unsigned long long>(prediction_.corrections),
                      prediction_.largest);
        return text;
    }

  private:
    // The sums are of those who are there: with whoever leaves, what was said to them goes.
    static double since(std::uint64_t before, std::uint64_t now) {
        return now < before ? 0 : static_cast<double>(now - before);
    }

    tenon::Health health_;
    tenon::PlaybackFigures playback_;
    tenon::PredictionFigures prediction_;
    tenon::Instant at_{};
    std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
    double in_ = 0, out_ = 0;
};

} // namespace arena
