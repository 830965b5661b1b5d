#pragma once
// The terminal: keys as they are pressed, and the field drawn with ANSI sequences. Elsewhere than on a POSIX
// terminal it is not there, and the view prints lines instead.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if !defined(_WIN32)
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#endif

namespace examples {

class Screen {
  public:
    Screen() {
#if !defined(_WIN32)
        if (!isatty(0) || !isatty(1) || tcgetattr(0, &before_) != 0) return;
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        is_there_ = tcsetattr(0, TCSANOW, &raw) == 0;
        if (is_there_) write("\033[?1049h\033[?25l\033[2J");
#endif
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() { leave(); }
    void leave() {
        if (!std::exchange(is_there_, false)) return;
        write("\033[?25h\033[?1049l");
#if !defined(_WIN32)
        tcsetattr(0, TCSANOW, &before_);
#endif
    }
    bool is_there() const { return is_there_; }

    // What was typed since the last call: letters, and l r u n for the arrows left, right, up and down.
    std::string keys() {
        std::string typed;
#if !defined(_WIN32)
        char bytes[64];
        pollfd entry{0, POLLIN, 0};
        while (is_there_ && ::poll(&entry, 1, 0) > 0) {
            const auto size = ::read(0, bytes, sizeof bytes);
            if (size <= 0) return typed.empty() ? "q" : typed; // the terminal is gone
            typed.append(bytes, static_cast<std::size_t>(size));
        }
        for (const auto& [sequence, key] : {std::pair("\033[A", 'u'), std::pair("\033[C", 'r'),
                                            std::pair("\033[D", 'l'), std::pair("\033[B", 'n')})
            for (auto at = typed.find(sequence); at != typed.npos; at = typed.find(sequence))
                typed.replace(at, 3, 1, key);
#endif
        return typed;
    }

    // A frame is begun, filled with marks on a field of this size, and shown with lines of text below it.
    void begin(float width, float height) {
        width_ = width;
        height_ = height;
        columns_ = 78;
        rows_ = 18;
#if !defined(_WIN32)
        winsize size{};
        if (ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 && size.ws_row > 10) {
            columns_ = std::min<std::size_t>(size.ws_col - 2u, 160);
            rows_ = std::min<std::size_t>(size.ws_row - 6u, 50);
        }
#endif
        cells_.assign(columns_ * rows_, {});
    }
    void mark(float x, float y, char letter, int color) {
        const auto column = static_cast<std::ptrdiff_t>(x / width_ * static_cast<float>(columns_));
        const auto row = static_cast<std::ptrdiff_t>(y / height_ * static_cast<float>(rows_));
        if (column < 0 || row < 0) return;
        const auto c = static_cast<std::size_t>(column), r = static_cast<std::size_t>(row);
        if (c < columns_ && r < rows_) cells_[r * columns_ + c] = {letter, color};
    }
    void text(float x, float y, std::string_view letters, int color) {
        for (std::size_t i = 0; i < letters.size(); ++i)
            mark(x + static_cast<float>(i) * width_ / static_cast<float>(columns_), y, letters[i], color);
    }
    void show(const std::vector<std::string>& below) {
        const std::string edge = "+" + std::string(columns_, '-') + "+\033[K\n";
        std::string frame = "\033[H" + edge;
        for (std::size_t row = 0; row < rows_; ++row) {
            frame += '|';
            int color = 0;
            for (std::size_t column = 0; column < columns_; ++column) {
                const Cell& cell = cells_[row * columns_ + column];
                if (cell.color != color) frame += "\033[" + std::to_string(cell.color) + "m";
                color = cell.color;
                frame += cell.letter;
            }
            frame += color != 0 ? "\033[0m|\033[K\n" : "|\033[K\n";
        }
        frame += edge;
        for (const std::string& line : below) frame += line.substr(0, columns_ + 2) + "\033[K\n";
        write(frame + "\033[J");
    }

  private:
    struct Cell {
        char letter = ' ';
        int color = 0;
    };
    static void write(std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    }

    bool is_there_ = false;
    float width_ = 1, height_ = 1;
    std::size_t columns_ = 0, rows_ = 0;
    std::vector<Cell> cells_;
#if !defined(_WIN32)
    termios before_{};
#endif
};

} // namespace examples
