#pragma once
// The one place that meets wslay: it reads and writes the frames of WebSocket (RFC 6455, section 5), and
// masks them. What they mean is WebSocketFraming's to say.

#if !__has_include(<wslay/wslay.h>)
#error "tenon: web_socket.hpp needs wslay: install libwslay-dev (Debian) or wslay, and link it with -lwslay"
#endif
#include <wslay/wslay.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/random.hpp"
#include "tenon/transport/byte_queue.hpp"

namespace tenon::transport::detail {

enum class Opcode : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
constexpr bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 8; }

// A frame, or the next piece of one that came in several.
struct FramePiece {
    enum class What : std::uint8_t { more, piece, malformed };
    What what = What::more;
    Opcode opcode = Opcode::more;
    bool last = false; // no continuation follows this frame
    bool masked = false, reserved_bits = false;
    std::uint64_t size = 0; // of the whole frame
    BytesIn bytes;          // holds until the next read
};

class WslayFrames {
  public:
    WslayFrames() = default;
    WslayFrames(const WslayFrames&) = delete;
    WslayFrames& operator=(const WslayFrames&) = delete;
    ~WslayFrames() {
        if (context_ != nullptr) wslay_frame_context_free(context_);
    }

    // False out of memory. It is not to move from here on.
    bool open(Random& random) {
        random_ = &random;
        constexpr wslay_frame_callbacks callbacks = {give, take, mask};
        return wslay_frame_context_init(&context_, &callbacks, this) == 0;
    }

    // Never more than is in the queue.
    FramePiece read(ByteQueue& in) {
        in_ = &in;
        wslay_frame_iocb frame{};
        const auto read = wslay_frame_recv(context_, &frame);
        FramePiece piece;
        if (read == WSLAY_ERR_WANT_READ) return piece;
        piece.what = read < 0 ? FramePiece::What::malformed : FramePiece::What::piece;
        piece.opcode = static_cast<Opcode>(frame.opcode);
        piece.last = frame.fin != 0;
        piece.masked = frame.mask != 0;
        piece.reserved_bits = frame.rsv != 0;
        piece.size = frame.payload_length;
        if (read > 0) piece.bytes = {reinterpret_cast<const std::byte*>(frame.data), frame.data_length};
        return piece;
    }
    // A whole frame; false, and nothing of it, out of memory.
    bool write(ByteQueue& out, Opcode opcode, BytesIn payload, bool masked) {
        constexpr std::size_t head_max = 14;
        if (out.room(head_max + payload.size()).empty()) return false;
        out_ = &out;
        wslay_frame_iocb frame{};
        frame.fin = 1;
        frame.opcode = static_cast<std::uint8_t>(opcode);
        frame.mask = masked ? 1 : 0;
        frame.payload_length = payload.size();
        frame.data = reinterpret_cast<const std::uint8_t*>(payload.data());
        frame.data_length = payload.size();
        return wslay_frame_send(context_, &frame) == static_cast<ssize_t>(payload.size());
    }

  private:
    static WslayFrames& self(void* user) { return *static_cast<WslayFrames*>(user); }
    static ssize_t give(const std::uint8_t* data, std::size_t size, int, void* user) {
        return self(user).out_->append({reinterpret_cast<const std::byte*>(data), size})
                   ? static_cast<ssize_t>(size)
                   : -1;
    }
    static ssize_t take(std::uint8_t* into, std::size_t size, int, void* user) {
        ByteQueue& in = *self(user).in_;
        const std::size_t count = in.size() < size ? in.size() : size;
        if (count == 0) return -1;
        copy(reinterpret_cast<std::byte*>(into), in.front().first(count));
        in.take(count);
        return static_cast<ssize_t>(count);
    }
    static int mask(std::uint8_t* into, std::size_t size, void* user) {
        for (std::size_t i = 0; i < size; ++i)
            into[i] = static_cast<std::uint8_t>(self(user).random_->next() >> 24);
        return 0;
    }

    wslay_frame_context_ptr context_ = nullptr;
    ByteQueue* in_ = nullptr;
    ByteQueue* out_ = nullptr;
    Random* random_ = nullptr;
};

} // namespace tenon::transport::detail
