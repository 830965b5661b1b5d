#pragma once
// QuicSides: the streams of a connection of QUIC beside that with the frames: what came in and nobody has
// taken yet, and what leaves. Whoever speaks a protocol there uses them; QuicConnection moves their bytes.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/kept_queue.hpp"

namespace tenon::transport::detail {

struct QuicSide {
    std::int64_t stream = -1;
    ByteQueue in;
    KeptQueue out;
    bool ended = false;    // the other side says no more
    bool reset = false;    // and has taken back what it said
    bool finishes = false; // we say no more when `out` has left
    bool finished = false; // and that was said

    // The other side wants to hear no more.
    void stop() {
        out.drop();
        finished = true;
    }
    bool has_more() const { return out.waiting() != 0 || (finishes && !finished); }
};

class QuicSides {
  public:
    QuicSide& add(std::int64_t stream) {
        sides_.emplace_back().stream = stream;
        return sides_.back();
    }
    QuicSide* find(std::int64_t stream) {
        for (QuicSide& side : sides_)
            if (side.stream == stream) return &side;
        return nullptr;
    }
    void remove(std::int64_t stream) {
        std::erase_if(sides_, [=](const QuicSide& side) { return side.stream == stream; });
    }
    std::size_t size() const { return sides_.size(); }
    QuicSide& operator[](std::size_t i) { return sides_[i]; }

  private:
    std::vector<QuicSide> sides_; // few: what the terms allow
};

} // namespace tenon::transport::detail
