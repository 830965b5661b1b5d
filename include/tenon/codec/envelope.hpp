#pragma once
// The whole header of a message, for codecs that show it with every one (Json does). A session fills it in;
// on the wire of the other codecs it was said once, in the handshake.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tenon/core/ids.hpp"

namespace tenon::codec {

struct Envelope {
    // A short text that is held in place.
    class Label {
      public:
        static constexpr std::size_t bytes_max = 64;

        Label() = default;
        // What does not fit is cut off, between two characters.
        Label(std::string_view text) {
            std::size_t size = text.size();
            if (size > bytes_max)
                for (size = bytes_max; size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u;)
                    --size;
            append(text.substr(0, size));
        }
        // False, and nothing is added, when it does not fit.
        bool append(std::string_view piece) {
            if (piece.size() > bytes_max - size_) return false;
            if (!piece.empty()) std::memcpy(text_ + size_, piece.data(), piece.size());
            size_ = static_cast<std::uint8_t>(size_ + piece.size());
            return true;
        }
        std::string_view view() const { return {text_, std::size_t(size_)}; }
        friend bool operator==(const Label& a, const Label& b) { return a.view() == b.view(); }

      private:
        char text_[bytes_max] = {};
        std::uint8_t size_ = 0;
    };

    Label type;            // "snapshot", "command" or "event"
    Label name;            // of the game's type, such as "Ship"
    std::uint64_t seq = 0; // of the sender's messages, from 1
    std::uint64_t ack = 0; // the last seq received from the other side; 0 before the first
    std::int64_t ts = 0;   // the sender's clock, in milliseconds
    Label game_id, room_id;
    PeerId peer_id;      // the sender
    PeerId authority_id; // who decides now

    friend bool operator==(const Envelope&, const Envelope&) = default;
};

} // namespace tenon::codec
