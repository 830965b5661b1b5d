#pragma once
// A picture in shades of grey, and a plot in it, written as PNG without a library: its bytes are stored as
// they are, since a plot is small.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace cubes {

class Picture {
  public:
    Picture(unsigned width, unsigned height)
        : width_(width), height_(height), rows_((width + 1) * std::size_t(height), '\xFF') {
        for (std::size_t y = 0; y < height_; ++y) rows_[y * (width_ + 1)] = 0; // no filter in this row
    }

    void set(unsigned x, unsigned y, unsigned grey) {
        if (x < width_ && y < height_) rows_[y * (width_ + 1) + 1 + x] = static_cast<char>(grey);
    }
    // Its right end is at x.
    void number(unsigned x, unsigned y, unsigned value) {
        static constexpr std::array<unsigned, 10> digits{075557, 026227, 071747, 071717, 055711,
                                                         074717, 074757, 071111, 075757, 075717};
        do {
            x -= 8;
            for (unsigned i = 0; i < 60; ++i)
                if (digits[value % 10] >> (14 - i / 12 * 3 - i % 6 / 2) & 1) set(x + i % 6, y + i / 6, 0);
        } while ((value /= 10) != 0);
    }
    bool write(const char* path) const {
        std::string file = "\x89PNG\r\n\x1A\n";
        chunk(file, "IHDR" + big(width_) + big(height_) + std::string("\x08\0\0\0\0", 5));
        std::string data = "IDAT\x78\x01";
        for (std::size_t at = 0; at < rows_.size(); at += 65535) {
            const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(rows_.size() - at, 65535));
            const char low = static_cast<char>(size), high = static_cast<char>(size >> 8);
            data += at + size == rows_.size() ? '\1' : '\0'; // the last of the blocks
            data += {low, high, static_cast<char>(~low), static_cast<char>(~high)};
            data.append(rows_, at, size);
        }
        chunk(file, data + big(adler(rows_)));
        chunk(file, "IEND");
        std::FILE* out = std::fopen(path, "wb");
        if (out == nullptr) return false;
        const bool whole = std::fwrite(file.data(), 1, file.size(), out) == file.size();
        return std::fclose(out) == 0 && whole;
    }

  private:
    static std::string big(std::uint32_t n) {
        return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                static_cast<char>(n)};
    }
    static std::uint32_t adler(std::string_view bytes) {
        std::uint32_t a = 1, b = 0;
        for (const char byte : bytes) a = (a + static_cast<std::uint8_t>(byte)) % 65521, b = (b + a) % 65521;
        return b << 16 | a;
    }
    static std::uint32_t crc(std::string_view bytes) {
        std::uint32_t crc = ~0u;
        for (const char byte : bytes) {
            crc ^= static_cast<std::uint8_t>(byte);
            for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
        }
        return ~crc;
    }
    // The type stands before the bytes, and is not counted.
    static void chunk(std::string& file, const std::string& typed) {
        file += big(static_cast<std::uint32_t>(typed.size() - 4)) + typed + big(crc(typed));
    }

    unsigned width_, height_;
    std::string rows_; // each with the number of its filter in front
};

// Values of so many a second over time, with a line and a number for each step of `unit`, and a tick a
// second.
inline bool plot(const char* path, const std::vector<double>& values, double unit, double hz) {
    constexpr unsigned width = 800, height = 300, left = 48, below = 20;
    Picture picture(width, height);
    if (values.empty()) return picture.write(path);
    const double most = std::max(*std::max_element(values.begin(), values.end()), unit);
    const double seconds = static_cast<double>(values.size()) / hz, scale = (height - below - 10) / most;
    const auto row = [&](double value) { return height - below - 1 - static_cast<unsigned>(value * scale); };
    const auto column = [&](double at) {
        return left + static_cast<unsigned>(at / seconds * (width - left - 1));
    };
    unsigned step = 1;
    while (most / unit / step > 8) step *= 2;
    for (unsigned k = 0; k * unit <= most; k += step) {
        for (unsigned x = left; x < width; ++x) picture.set(x, row(k * unit), 210);
        picture.number(left - 2, row(k * unit) - 5, k);
    }
    for (unsigned s = 0; s <= seconds; s += seconds > 20 ? 10 : 1)
        picture.number(column(s) + 4, height - 12, s);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto from = column(static_cast<double>(i) / hz), to = column(static_cast<double>(i + 1) / hz);
        for (unsigned x = from; x <= std::max(from, to - 1); ++x)
            for (unsigned y = row(values[i]); y < height - below; ++y) picture.set(x, y, 90);
    }
    return picture.write(path);
}

} // namespace cubes
