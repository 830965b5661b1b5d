#pragma once
// Lines from a terminal and lines to it, for the examples in which people talk.

#include <cstdio>
#include <iostream>
#include <mutex>
#include <queue>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

// The keyboard, read by a thread of its own, so that waiting for a person never keeps the session waiting.
class Keyboard {
  public:
    Keyboard() {
        std::ios::sync_with_stdio(false);
        // The thread may wait in getline for ever, so it owns nothing and nobody waits for it; Keyboard
        // outlives main.
        std::thread([this] {
            for (std::string line; std::getline(std::cin, line);) push(line);
            push("/quit");
        }).detach();
    }
    bool next(std::string& line) {
        const std::lock_guard hold(mutex_);
        if (lines_.empty()) return false;
        line = std::move(lines_.front());
        lines_.pop();
        return true;
    }

  private:
    void push(const std::string& line) {
        const std::lock_guard hold(mutex_);
        lines_.push(line);
    }
    std::mutex mutex_;
    std::queue<std::string> lines_;
};

// What others wrote must not steer this terminal.
inline std::string printable(std::string_view text) {
    std::string safe(text);
    for (char& c : safe)
        if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
    return safe;
}

inline void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}
