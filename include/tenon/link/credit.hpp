#pragma once
// How much may be sent to an address at which nobody has shown yet that it is the peer: no more than came
// from there. Whoever sends a guest's request on under a third one's address so turns nothing on that one but
// an echo. A link has one, without a limit but after its peer has moved.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"

namespace tenon {

class Credit {
  public:
    bool is_limited() const { return left_ != unlimited; }
    // So much came from an address that is new.
    void begin(std::size_t bytes) { left_ = bytes; }
    // More came, or what only the peer can have sent who heard from us there.
    void heard(std::size_t bytes, bool is_sure) {
        if (is_limited()) left_ = is_sure ? unlimited : left_ + bytes;
    }
    void sent(std::size_t bytes) {
        if (is_limited()) left_ -= bytes < left_ ? bytes : left_;
    }
    // Of this buffer what may be filled; nothing where a packet that acknowledges might not fit.
    BytesOut of(BytesOut into) const {
        if (left_ >= into.size()) return into;
        return into.first(left_ < least ? 0 : left_);
    }

  private:
    static constexpr std::size_t unlimited = SIZE_MAX, least = 192;

    std::size_t left_ = unlimited;
};

} // namespace tenon
