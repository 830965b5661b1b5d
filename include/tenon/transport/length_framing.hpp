#pragma once
// LengthFraming: frames of a stream of bytes, each behind its length as a varint. Tcp and Quic speak it,
// and pages over WebTransport.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/core/random.hpp"
#include "tenon/transport/asked.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/connection_address.hpp"
#include "tenon/transport/frame_read.hpp"
#include "tenon/transport/location.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::transport::detail {

class LengthFraming {
  public:
    struct Options {};
    static constexpr std::size_t head_max = 3; // as many bytes as the length of the largest frame needs
    static_assert(varint_size(frame_max) <= head_max);

    static Result<Location> locate(std::string_view text, bool) { return Location{std::string(text), {}}; }

    void begin(const Options&, bool, const ConnectionAddress&, const Asked&, Random&, ByteQueue&) {}
    bool is_open() const { return true; }
    BytesIn sendable(BytesIn waiting) const { return waiting; }
    void finish(ByteQueue&) {}

    bool write(ByteQueue& out, BytesIn frame) {
        const BytesOut room = out.room(head_max + frame.size());
        if (room.empty()) return false;
        ByteWriter writer(room);
        writer.sized(frame);
        out.add(writer.position());
        return true;
    }
    // Where it lies, once it is whole.
    FrameRead read(ByteQueue& in, ByteQueue&) {
        using What = FrameRead::What;
        const BytesIn bytes = in.front();
        std::size_t head = 1;
        while (head <= bytes.size() && std::to_integer<unsigned>(bytes[head - 1]) >= 0x80) ++head;
        if (head > head_max) return {What::over, {}, 0, Error::too_large};
        if (head > bytes.size()) return {};
        ByteReader reader(bytes);
        const std::uint64_t size = reader.varint();
        if (!reader.ok()) return {What::over, {}, 0, Error::malformed}; // written longer than it has to be
        if (size == 0) return {What::over, {}, 0, Error::malformed};
        if (size > frame_max) return {What::over, {}, 0, Error::too_large};
        if (reader.left() < size) return {};
        return {What::frame, reader.bytes(static_cast<std::size_t>(size)), reader.position(), Error::none};
    }
};

} // namespace tenon::transport::detail
