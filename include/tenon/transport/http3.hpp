#pragma once
// Http3: what WebTransport takes of HTTP/3 (RFC 9114): numbers of QUIC, the heads of frames and datagrams,
// settings, and the codes with which a connection ends. Bytes in and out, no socket; Http3Session calls it.

#include <array>
#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"

namespace tenon::transport::detail {

// A number as QUIC writes it (RFC 9000, section 16): its first two bits say how many bytes it has.
struct QuicNumber {
    static constexpr std::uint64_t most = (1ull << 62) - 1;
    std::uint64_t value = 0;
    std::size_t size = 0; // 0: it is not all there yet

    static constexpr std::size_t size_of(std::uint64_t value) {
        return value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8;
    }
    static QuicNumber read(BytesIn bytes) {
        if (bytes.empty()) return {};
        const std::size_t size = std::size_t(1) << std::to_integer<unsigned>(bytes[0] >> 6);
        if (bytes.size() < size) return {};
        std::uint64_t value = std::to_integer<std::uint64_t>(bytes[0] & std::byte{0x3F});
        for (std::size_t i = 1; i < size; ++i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
        return {value, size};
    }
    // How many bytes it took; 0 where there was no room.
    static std::size_t write(BytesOut into, std::uint64_t value) {
        const std::size_t size = size_of(value);
        if (into.size() < size || value > most) return 0;
        for (std::size_t i = 0; i < size; ++i) into[i] = static_cast<std::byte>(value >> 8 * (size - 1 - i));
        into[0] |= static_cast<std::byte>(size == 1 ? 0x00 : size == 2 ? 0x40 : size == 4 ? 0x80 : 0xC0);
        return size;
    }
};

enum class Http3Error : std::uint64_t {
    datagram = 0x33,
    none = 0x100,
    protocol = 0x101,
    internal = 0x102,
    stream_creation = 0x103,
    closed_critical_stream = 0x104,
    frame_unexpected = 0x105,
    frame = 0x106,
    excessive_load = 0x107,
    id = 0x108,
    settings = 0x109,
    missing_settings = 0x10A,
    message = 0x10E,
    qpack_decompression = 0x200,
    qpack_encoder_stream = 0x201,
    qpack_decoder_stream = 0x202,
};

enum class Http3Frame : std::uint64_t {
    data = 0x0,
    headers = 0x1,
    cancel_push = 0x3,
    settings = 0x4,
    push_promise = 0x5,
    goaway = 0x7,
    max_push_id = 0xD,
    // Which has no length, and is the beginning of a stream of a WebTransport session.
    web_transport = 0x41,
};

// What the first number of a stream of one direction says.
enum class Http3Way : std::uint64_t {
    control = 0x0,
    push = 0x1,
    qpack_encoder = 0x2,
    qpack_decoder = 0x3,
    web_transport = 0x54,
};

// Those of HTTP/2 that must not be used any more.
constexpr bool is_http2_frame(std::uint64_t type) {
    return type == 0x2 || type == 0x6 || type == 0x8 || type == 0x9;
}

// Those that are of requests and their answers, or begin a stream.
constexpr bool is_of_requests(Http3Frame type) {
    return type == Http3Frame::data || type == Http3Frame::headers || type == Http3Frame::push_promise ||
           type == Http3Frame::web_transport;
}
constexpr bool is_known(Http3Frame type) {
    return is_of_requests(type) || type == Http3Frame::cancel_push || type == Http3Frame::settings ||
           type == Http3Frame::goaway || type == Http3Frame::max_push_id;
}

// What stands before what a frame holds.
struct Http3Head {
    Http3Frame type{};
    std::uint64_t length = 0;
    std::size_t size = 0; // of the head; 0: it is not all there yet

    static Http3Head read(BytesIn bytes) {
        const QuicNumber type = QuicNumber::read(bytes);
        if (type.size == 0) return {};
        if (static_cast<Http3Frame>(type.value) == Http3Frame::web_transport)
            return {Http3Frame::web_transport, 0, type.size};
        const QuicNumber length = QuicNumber::read(bytes.subspan(type.size));
        if (length.size == 0) return {};
        return {static_cast<Http3Frame>(type.value), length.value, type.size + length.size};
    }
    static std::size_t write(BytesOut into, Http3Frame type, std::uint64_t length) {
        const std::size_t first = QuicNumber::write(into, static_cast<std::uint64_t>(type));
        const std::size_t second = first == 0 ? 0 : QuicNumber::write(into.subspan(first), length);
        return second == 0 ? 0 : first + second;
    }
};

// What stands before what a datagram holds (RFC 9297): a quarter of the number of its session's stream.
struct Http3Quarter {
    static constexpr std::uint64_t most = QuicNumber::most / 4;
    static std::uint64_t of(std::int64_t stream) { return static_cast<std::uint64_t>(stream) / 4; }
    // No stream has a larger one: its size is 0 then too.
    static QuicNumber read(BytesIn datagram) {
        const QuicNumber found = QuicNumber::read(datagram);
        return found.value > most ? QuicNumber{} : found;
    }
};

// What each side says of itself first. Those that are known are kept.
struct Http3Settings {
    static constexpr std::size_t bytes_max = 1024, entries_max = 64;
    static constexpr std::uint64_t head_max = 8192; // bytes of a request's fields, as HTTP/3 counts them

    enum Id : std::uint64_t {
        qpack_capacity = 0x1,
        field_section_max = 0x6,
        qpack_blocked = 0x7,
        connect_protocol = 0x8,
        datagram = 0x33,
        web_transport = 0x2B603742, // of the drafts until 06
        sessions_max = 0xC671706A,  // and since
    };
    bool speaks_connect = false, speaks_datagrams = false, speaks_web_transport = false;

    // `bytes` is all that the frame holds; false where it is no list of settings, and `why` says what for.
    bool read(BytesIn bytes, Http3Error& why) {
        std::array<std::uint64_t, entries_max> seen{};
        for (std::size_t count = 0; !bytes.empty(); ++count) {
            const QuicNumber id = QuicNumber::read(bytes);
            const QuicNumber value = id.size == 0 ? id : QuicNumber::read(bytes.subspan(id.size));
            if (value.size == 0) return why = Http3Error::frame, false;
            if (count == entries_max) return why = Http3Error::excessive_load, false;
            bytes = bytes.subspan(id.size + value.size);
            for (std::size_t i = 0; i < count; ++i)
                if (seen[i] == id.value) return why = Http3Error::settings, false;
            seen[count] = id.value;
            if (!take(id.value, value.value)) return why = Http3Error::settings, false;
        }
        return true;
    }
    // The stream on which a side says it, from its beginning.
    static std::size_t write(BytesOut into) {
        constexpr std::uint64_t said[][2] = {{field_section_max, head_max},
                                             {connect_protocol, 1},
                                             {datagram, 1},
                                             {web_transport, 1},
                                             {sessions_max, 1}};
        std::array<std::byte, 64> list;
        std::size_t size = 0;
        for (const auto& [id, value] : said) {
            size += QuicNumber::write(BytesOut(list).subspan(size), id);
            size += QuicNumber::write(BytesOut(list).subspan(size), value);
        }
        std::size_t at = QuicNumber::write(into, static_cast<std::uint64_t>(Http3Way::control));
        const std::size_t head = Http3Head::write(into.subspan(at), Http3Frame::settings, size);
        if (at == 0 || head == 0 || into.size() - (at += head) < size) return 0;
        copy(into.data() + at, BytesIn(list).first(size));
        return at + size;
    }

  private:
    bool take(std::uint64_t id, std::uint64_t value) {
        switch (id) {
            case 0x0:
            case 0x2:
            case 0x3:
            case 0x4:
            case 0x5:
                return false; // HTTP/2's
            case connect_protocol:
                speaks_connect = value == 1;
                return value <= 1;
            case datagram:
                speaks_datagrams = value == 1;
                return value <= 1;
            case web_transport:
            case sessions_max:
                speaks_web_transport = speaks_web_transport || value != 0;
                return true;
            default:
                return true;
        }
    }
};

} // namespace tenon::transport::detail
