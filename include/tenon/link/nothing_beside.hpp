#pragma once
// What a link over a connection has where its transport carries nothing beside the stream: all goes there,
// and this counts the commands that do, since in a stream they need no numbers. The same face as Beside.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/options.hpp"
#include "tenon/link/outbox.hpp"
#include "tenon/link/stream_queue.hpp"
#include "tenon/wire/stream_frame.hpp"

namespace tenon {

class NothingBeside {
  public:
    NothingBeside(auto&&...) {}

    // ---- commands

    // The number that the other side will give it.
    Result<std::uint32_t> push_command(MessageType type, BytesIn payload) {
        if (payload.size() > commands_bytes / 2) return Error::too_large;
        while (waiting_ == commands_max || !commands_.append(type, payload)) {
            if (commands_.empty()) return Error::queue_full;
            commands_.pop(); // the oldest are let go
            --waiting_;
            ++skipped_;
        }
        ++waiting_;
        return ++out_;
    }
    Instant commands_at() const { return commands_.empty() ? Instant::never() : Instant{}; }
    void fill_commands(StreamWriter& out, Instant) {
        if (commands_.empty() || commands_.bytes() + spare_bytes > out.left()) return;
        if (skipped_ != 0) {
            out.out().u8(stream_frame::skipped);
            out.out().varint(skipped_);
            skipped_ = 0;
        }
        for (; !commands_.empty(); commands_.pop()) {
            const StreamQueue::Message command = commands_.front();
            out.command(command.type, command.payload);
        }
        waiting_ = 0;
    }
    std::uint64_t commands_missed() const { return missed_; }

    // ---- reading

    static constexpr bool knows(std::uint8_t tag) {
        return tag == stream_frame::command || tag == stream_frame::skipped;
    }
    // What follows one of those tags; true when it is a command.
    Result<bool> read(std::uint8_t tag, ByteReader& frame, LinkEvent& event) {
        const std::uint64_t number = frame.varint();
        if (tag == stream_frame::skipped) {
            if (!frame.ok() || number > 0xFFFF'FFFF) return Error::malformed;
            in_ += static_cast<std::uint32_t>(number);
            missed_ += number;
            return false;
        }
        event.payload = frame.sized();
        if (!frame.ok() || number > 0xFFFF) return Error::malformed;
        event.kind = LinkEvent::Kind::command;
        event.type.value = static_cast<std::uint16_t>(number);
        event.number = ++in_;
        return true;
    }
    static constexpr bool lists_commands() { return false; }
    static bool read_command(ByteReader&, LinkEvent&) { return false; }
    // By which newest-wins messages are told apart: in a stream nothing is overtaken.
    static constexpr std::uint64_t stream_order(std::uint64_t frame) { return frame; }

    // ---- what is not there

    static constexpr bool is_up() { return false; }
    static constexpr bool is_reading() { return false; }
    static constexpr bool measures() { return false; }
    static bool poll_arrived(std::uint32_t&) { return false; }
    static constexpr void hand_over(Instant, Outbox&) {}
    static constexpr void write_mark(StreamWriter&) {}
    static constexpr Instant next(Instant) { return Instant::never(); }
    static constexpr Duration queue_time(Instant) { return {}; }
    static constexpr std::uint64_t expired() { return 0; }
    static constexpr std::size_t outbox_bytes() { return 0; }
    std::size_t bytes() const { return commands_.bytes(); }

  private:
    static constexpr std::size_t commands_bytes = 1200, spare_bytes = 64;
    static constexpr unsigned commands_max = 32;

    StreamQueue commands_{commands_bytes, commands_bytes};
    unsigned waiting_ = 0;
    std::uint32_t out_ = 0, in_ = 0, skipped_ = 0;
    std::uint64_t missed_ = 0;
};

} // namespace tenon
