#pragma once
// A session on a file: the state with which it began and, for each tick, the inputs and the checksum of what
// they led to. RECORDING.md beside this describes the bytes. A room's lockstep writes them, a Replay reads
// them, and believes nothing that its checksums don't bear out.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/replica/lockstep.hpp"
#include "tenon/replica/snapshots.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

// What was recorded: which game, in which build, with which codec, and how fast it ran.
struct RecordingHead {
    static constexpr std::uint8_t version = 1;
    static constexpr std::string_view magic = "tenonrec";
    static constexpr std::size_t bytes_max = 8 + 1 + 8 + 8 + 4 + 10 + 4;

    std::uint64_t game = 0, schema = 0;
    std::uint32_t codec = 0;
    std::uint64_t hz = 0;
};

enum class RecordedKind : std::uint8_t { state = 1, tick = 2, end = 3 };

struct RecordedFrame {
    RecordedKind kind = RecordedKind::end;
    BytesIn payload;
};

// Gives what it writes to `sink(BytesIn)`, piece by piece, to be appended to a file.
class RecordingWriter {
  public:
    bool is_open() const { return open_; }

    void begin(const RecordingHead& head, auto&& sink) {
        std::byte bytes[RecordingHead::bytes_max];
        ByteWriter out{BytesOut(bytes)};
        out.bytes(bytes_of(RecordingHead::magic));
        out.u8(RecordingHead::version);
        out.u64(head.game);
        out.u64(head.schema);
        out.u32(head.codec);
        out.varint(head.hz);
        chain_ = static_cast<std::uint32_t>(hash64(BytesIn(bytes, out.position())));
        out.u32(chain_);
        sink(BytesIn(bytes, out.position()));
        open_ = true;
    }
    // The state at the beginning of a tick: the first frame, and again where the session was given it anew.
    void state(Lockstep& book, std::uint64_t tick, BytesIn state, auto&& sink) {
        if (!scratch_.fit(16 + book.size() * (6 + Lockstep::cell_bytes_max) + state.size())) return;
        ByteWriter out(scratch_.room());
        out.varint(tick);
        book.write_members(out, tick);
        out.bytes(state);
        frame(RecordedKind::state, out, sink);
    }
    void tick(Lockstep& book, std::uint64_t tick, std::uint32_t checksum, auto&& sink) {
        if (!scratch_.fit(16 + book.size() * (12 + Lockstep::cell_bytes_max))) return;
        ByteWriter out(scratch_.room());
        out.u32(checksum);
        book.write_set(out, tick);
        frame(RecordedKind::tick, out, sink);
        next_ = tick + 1;
    }
    void end(auto&& sink) {
        if (!open_) return;
        std::byte bytes[10];
        ByteWriter out{BytesOut(bytes)};
        out.varint(next_);
        put(RecordedKind::end, BytesIn(bytes, out.position()), sink);
        open_ = false;
    }

    // Binds a frame to all that stand before it.
    static std::uint32_t chain(std::uint32_t before, RecordedKind kind, BytesIn payload) {
        return static_cast<std::uint32_t>(
            hash64(payload, std::uint64_t(static_cast<std::uint8_t>(kind)) << 32 | before));
    }

  private:
    void frame(RecordedKind kind, const ByteWriter& out, auto&& sink) {
        if (out.ok()) put(kind, BytesIn(scratch_.room().first(out.position())), sink);
    }
    void put(RecordedKind kind, BytesIn payload, auto&& sink) {
        std::byte bytes[12];
        ByteWriter head{BytesOut(bytes)};
        head.u8(static_cast<std::uint8_t>(kind));
        head.varint(payload.size());
        sink(BytesIn(bytes, head.position()));
        sink(payload);
        chain_ = chain(chain_, kind, payload);
        ByteWriter tail{BytesOut(bytes)};
        tail.u32(chain_);
        sink(BytesIn(bytes, tail.position()));
    }

    StateBytes scratch_;
    std::uint32_t chain_ = 0;
    std::uint64_t next_ = 0;
    bool open_ = false;
};

// Reads them back, from a whole file in memory.
class RecordingReader {
  public:
    explicit RecordingReader(BytesIn recording) : in_(recording) {}

    Result<RecordingHead> head() {
        const BytesIn magic = in_.bytes(RecordingHead::magic.size());
        if (text_of(magic) != RecordingHead::magic) return in_.ok() ? Error::malformed : Error::truncated;
        const std::uint8_t version = in_.u8();
        if (in_.ok() && version != RecordingHead::version) return Error::version_mismatch;
        RecordingHead head;
        head.game = in_.u64();
        head.schema = in_.u64();
        head.codec = in_.u32();
        head.hz = in_.varint();
        const std::size_t size = in_.position();
        const std::uint32_t told = in_.u32();
        if (!in_.ok()) return Error::truncated;
        chain_ = static_cast<std::uint32_t>(hash64(BytesIn(magic.data(), size)));
        return told == chain_ ? Result<RecordingHead>(head) : Error::bad_checksum;
    }
    // The next frame; truncated when the file ends before its end was written.
    Result<RecordedFrame> next() {
        if (ended_) return Error::closed;
        const std::uint8_t kind = in_.u8();
        const BytesIn payload = in_.sized();
        const std::uint32_t told = in_.u32();
        if (!in_.ok()) return Error::truncated;
        if (kind < static_cast<std::uint8_t>(RecordedKind::state) ||
            kind > static_cast<std::uint8_t>(RecordedKind::end))
            return Error::malformed;
        const RecordedFrame frame{static_cast<RecordedKind>(kind), payload};
        chain_ = RecordingWriter::chain(chain_, frame.kind, payload);
        if (told != chain_) return Error::bad_checksum;
        if (frame.kind == RecordedKind::end) {
            ended_ = true;
            if (in_.left() != 0) return Error::trailing_bytes;
        }
        return frame;
    }

  private:
    ByteReader in_;
    std::uint32_t chain_ = 0;
    bool ended_ = false;
};

} // namespace tenon
