#pragma once
// The last word of a link: why it ends, and what is said of it in words. Both kinds of link have one, which
// writes the frame and reads it; PROTOCOL.md says what is in it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/link/shared_bytes.hpp"
#include "tenon/wire/packet.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

inline constexpr std::size_t farewell_bytes_max = 120; // of its text

class Farewell {
  public:
    Farewell() = default;
    Farewell(const Farewell&) = delete;
    Farewell& operator=(const Farewell&) = delete;
    ~Farewell() { hold(nullptr); }

    Error reason() const { return reason_; }
    // Of the other side.
    std::string_view text() const { return {heard_, heard_bytes_}; }

    // The link ends for this reason. `text`, of which it takes hold, is said with it.
    void say(Error reason, SharedBytes* text = nullptr) {
        reason_ = reason;
        hold(text);
    }
    // The frame runs to the packet's end. Where there is no room for the text it is left out.
    void write(ByteWriter& out) const {
        out.u8(frame::close);
        out.u8(static_cast<std::uint8_t>(reason_));
        if (said_ != nullptr && said_->bytes().size() <= out.left()) out.bytes(said_->bytes());
    }
    // False when it is cut short.
    bool read(ByteReader& in) {
        const std::uint8_t reason = in.u8();
        if (!in.ok()) return false;
        reason_ = reason < error_count ? static_cast<Error>(reason) : Error::left;
        const std::string_view text = text_of(in.bytes(in.left()));
        heard_bytes_ = static_cast<std::uint8_t>(text.copy(heard_, farewell_bytes_max));
        return true;
    }

  private:
    void hold(SharedBytes* text) {
        if (said_ != nullptr) said_->release();
        said_ = text;
    }

    Error reason_ = Error::none;
    SharedBytes* said_ = nullptr;
    std::uint8_t heard_bytes_ = 0;
    char heard_[farewell_bytes_max];
};

} // namespace tenon
