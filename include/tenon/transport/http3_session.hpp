#pragma once
// Http3Session: one connection of HTTP/3 that is there for one session of WebTransport: what is said on its
// streams, but for the frames, and what is answered. No socket; WebTransportConnection feeds it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/transport/connect_request.hpp"
#include "tenon/transport/http3.hpp"
#include "tenon/transport/nghttp3.hpp"

namespace tenon::transport::detail {

// What comes of looking at a stream.
struct Http3Turn {
    std::size_t taken = 0; // bytes that are done with; the rest is to be shown again, with what follows
    BytesIn answer = {};   // to be said there; lies in the session until the next call
    bool finishes = false; // and nothing after that
    bool frames = false;   // what follows on this stream are the frames
};

// And of a datagram.
enum class Http3Whose : std::uint8_t { ours, nobodys, malformed };

class Http3Session {
  public:
    static constexpr std::size_t streams_max = 16;         // of one connection, from its beginning to its end
    static constexpr std::uint64_t skipped_max = 64 << 10; // bytes of what is not known, in all

    // It is a client's.
    void dial() { dials_ = true; }

    // `bytes` is all of this stream that has come and was not taken; `ended`: nothing follows.
    Http3Turn handle_stream(const WebTransportOptions& options, std::int64_t id, BytesIn bytes, bool ended);
    // Leaves of a datagram what it has for the session, which is nothing where it is another's.
    Http3Whose handle_datagram(BytesIn& datagram) {
        const BytesIn whole = std::exchange(datagram, {});
        const QuicNumber quarter = Http3Quarter::read(whole);
        if (quarter.size == 0) return fail(Http3Error::datagram), Http3Whose::malformed;
        if (!is_open() || over_ || quarter.value != Http3Quarter::of(session_)) return Http3Whose::nobodys;
        datagram = whole.subspan(quarter.size);
        return Http3Whose::ours;
    }
    // The other side has taken back what it said there.
    void handle_reset(std::int64_t id) { close(kind_of(id)); }
    // What a client says on its first stream; empty where there is no memory.
    BytesIn ask(std::string_view host, std::string_view path) {
        const HttpField fields[] = {{":method", "CONNECT"},
                                    {":protocol", "webtransport"},
                                    {":scheme", "https"},
                                    {":authority", host},
                                    {":path", path}};
        return say(fields, 0) ? BytesIn(answer_) : BytesIn();
    }

    // A session is there: its frames may come and go.
    bool is_open() const { return session_ >= 0; }
    // And its datagrams as well, each behind what write_quarter says.
    bool has_datagrams() const { return is_open() && !over_ && theirs_.speaks_datagrams; }
    std::size_t quarter_size() const { return QuicNumber::size_of(Http3Quarter::of(session_)); }
    BytesIn write_quarter(BytesOut into) const {
        return into.first(QuicNumber::write(into, Http3Quarter::of(session_)));
    }
    // It was ended by the other side, in peace where the error is none.
    bool is_over() const { return over_; }
    Http3Error error() const { return error_; }
    // A client's: the status with which it was not let in. A server's: with which it let somebody else not
    // in.
    std::uint16_t refusal() const { return refusal_; }

  private:
    enum class Kind : std::uint8_t {
        fresh, // nothing is known of it
        control,
        encoder,
        decoder,
        skipped, // of a kind that we need not know
        request, // which has not said what it wants
        session,
        refused,
        frames,
    };
    struct Stream {
        std::int64_t id = -1;
        Kind kind = Kind::fresh;
        std::uint64_t skip = 0; // bytes of the frame that is being passed over
        bool begun = false;     // a frame of it was
    };

    Kind kind_of(std::int64_t id) const {
        for (const Stream& known : streams_)
            if (known.id == id) return known.kind;
        return Kind::fresh;
    }
    Stream* find(std::int64_t id) {
        for (Stream& known : streams_) {
            if (known.id == id) return &known;
            if (known.id < 0) return known.id = id, &known;
        }
        return nullptr;
    }
    void fail(Http3Error why) {
        if (over_) return;
        over_ = true;
        error_ = why;
    }
    // Nothing more comes on a stream of this kind.
    void close(Kind kind) {
        if (kind == Kind::control || kind == Kind::encoder || kind == Kind::decoder)
            fail(Http3Error::closed_critical_stream);
        else if (kind == Kind::session || kind == Kind::frames || (dials_ && kind == Kind::request))
            fail(Http3Error::none);
    }
    bool pass(std::uint64_t bytes) {
        skipped_ += bytes;
        if (bytes <= skipped_max && skipped_ <= skipped_max) return true;
        return fail(Http3Error::excessive_load), false;
    }
    template <class F>
    void each_frame(Stream& s, BytesIn bytes, Http3Turn& turn, F&& f);

    void begin(Stream& s, BytesIn bytes, Http3Turn& turn);
    void hear_control(Stream& s, BytesIn bytes, Http3Turn& turn);
    void hear_request(const WebTransportOptions& options, Stream& s, BytesIn bytes, Http3Turn& turn);
    void hear_session(Stream& s, BytesIn bytes, Http3Turn& turn);
    void join(Stream& s, BytesIn bytes, std::size_t head, Http3Turn& turn);
    void decide(const WebTransportOptions& options, Stream& s, BytesIn block, Http3Turn& turn);
    void hear_answer(Stream& s, BytesIn block);
    void refuse(Stream& s, std::uint16_t status, Http3Turn& turn);
    bool say(std::span<const HttpField> fields, std::int64_t id);

    std::array<Stream, streams_max> streams_{};
    Qpack qpack_;
    std::vector<std::byte> answer_;
    std::int64_t session_ = -1;
    std::uint64_t skipped_ = 0;
    Http3Error error_ = Http3Error::none;
    std::uint16_t refusal_ = 0;
    Http3Settings theirs_;
    bool dials_ = false, over_ = false, settled_ = false, joined_ = false;
    bool has_control_ = false, has_encoder_ = false, has_decoder_ = false;
};

inline Http3Turn Http3Session::handle_stream(const WebTransportOptions& options, std::int64_t id,
                                             BytesIn bytes, bool ended) {
    Http3Turn turn;
    if (over_) return turn;
    const std::size_t all = bytes.size();
    Stream* s = find(id);
    if (s == nullptr) return fail(Http3Error::excessive_load), turn;
    if (s->kind == Kind::fresh) begin(*s, bytes, turn);
    bytes = bytes.subspan(turn.taken);
    switch (s->kind) {
        case Kind::control:
            hear_control(*s, bytes, turn);
            break;
        case Kind::encoder:
        case Kind::decoder: {
            const bool known =
                s->kind == Kind::encoder ? qpack_.heed_encoder(bytes) : qpack_.heed_decoder(bytes);
            if (!known)
                fail(s->kind == Kind::encoder ? Http3Error::qpack_encoder_stream
                                              : Http3Error::qpack_decoder_stream);
            else if (pass(bytes.size()))
                turn.taken += bytes.size();
            break;
        }
        case Kind::request:
            hear_request(options, *s, bytes, turn);
            break;
        case Kind::session:
            hear_session(*s, bytes, turn);
            break;
        case Kind::skipped:
        case Kind::refused:
            if (pass(bytes.size())) turn.taken += bytes.size();
            break;
        default:
            break;
    }
    // All that there will ever be is here, and was looked at.
    if (ended && turn.taken == all && !turn.frames) close(s->kind);
    return turn;
}

// Streams say first what they are: those of one direction all, the others where they are none of HTTP/3.
inline void Http3Session::begin(Stream& s, BytesIn bytes, Http3Turn& turn) {
    if ((s.id & 2) == 0) {
        s.kind = Kind::request;
        return;
    }
    const QuicNumber way = QuicNumber::read(bytes);
    if (way.size == 0) return;
    turn.taken = way.size;
    const auto once = [&](bool& has, Kind kind) {
        s.kind = kind;
        if (std::exchange(has, true)) fail(Http3Error::stream_creation);
    };
    switch (static_cast<Http3Way>(way.value)) {
        case Http3Way::control:
            return once(has_control_, Kind::control);
        case Http3Way::qpack_encoder:
            return once(has_encoder_, Kind::encoder);
        case Http3Way::qpack_decoder:
            return once(has_decoder_, Kind::decoder);
        case Http3Way::push: // nobody asked for any
            return fail(Http3Error::stream_creation);
        case Http3Way::web_transport: // a session has one stream, and that goes both ways
            return fail(Http3Error::protocol);
        default:
            s.kind = Kind::skipped;
    }
}

// Calls f(head, rest) for each frame, with what there is behind its head, until it gives false; the frame is
// passed over then where it gives true. It takes in `turn` what it has done with itself.
template <class F>
void Http3Session::each_frame(Stream& s, BytesIn bytes, Http3Turn& turn, F&& f) {
    while (!over_) {
        const std::size_t passed = s.skip < bytes.size() ? static_cast<std::size_t>(s.skip) : bytes.size();
        s.skip -= passed;
        turn.taken += passed;
        bytes = bytes.subspan(passed);
        const Http3Head head = Http3Head::read(bytes);
        if (s.skip != 0 || head.size == 0) return;
        if (is_http2_frame(static_cast<std::uint64_t>(head.type))) return fail(Http3Error::frame_unexpected);
        bytes = bytes.subspan(head.size);
        if (!f(head, bytes)) return;
        s.skip = head.length;
        s.begun = true;
        turn.taken += head.size;
    }
}

inline void Http3Session::hear_control(Stream& s, BytesIn bytes, Http3Turn& turn) {
    each_frame(s, bytes, turn, [&](const Http3Head& head, BytesIn rest) {
        const bool settings = head.type == Http3Frame::settings;
        if (!settled_ && !settings) return fail(Http3Error::missing_settings), false;
        // Of pushes, of who goes away, and what we don't know.
        if (settled_ && !settings && !is_of_requests(head.type)) return pass(head.length);
        if (settled_ || !settings) return fail(Http3Error::frame_unexpected), false;
        if (head.length > Http3Settings::bytes_max) return fail(Http3Error::excessive_load), false;
        if (rest.size() < head.length) return false;
        Http3Error why = Http3Error::none;
        if (!theirs_.read(rest.first(static_cast<std::size_t>(head.length)), why)) return fail(why), false;
        if (dials_ && !(theirs_.speaks_web_transport && theirs_.speaks_connect))
            return fail(Http3Error::settings), false;
        return settled_ = true;
    });
}

inline void Http3Session::hear_request(const WebTransportOptions& options, Stream& s, BytesIn bytes,
                                       Http3Turn& turn) {
    each_frame(s, bytes, turn, [&](const Http3Head& head, BytesIn rest) {
        if (head.type == Http3Frame::web_transport) return join(s, rest, head.size, turn), false;
        if (!is_known(head.type)) return pass(head.length);
        if (head.type != Http3Frame::headers) return fail(Http3Error::frame_unexpected), false;
        const bool fits = head.length <= Http3Settings::head_max;
        if (!settled_ || (fits && rest.size() < head.length)) return false;
        turn.taken += head.size;
        if (!fits && dials_) return fail(Http3Error::excessive_load), false;
        if (!fits) return refuse(s, 431, turn), false;
        const BytesIn block = rest.first(static_cast<std::size_t>(head.length));
        turn.taken += block.size();
        if (dials_)
            hear_answer(s, block);
        else
            decide(options, s, block, turn);
        return false;
    });
}

// Words about the session itself: of what is known of them, all end it, and then its stream ends as well.
inline void Http3Session::hear_session(Stream& s, BytesIn bytes, Http3Turn& turn) {
    each_frame(s, bytes, turn, [&](const Http3Head& head, BytesIn) {
        if (head.type == Http3Frame::data || !is_known(head.type)) return pass(head.length);
        return fail(Http3Error::frame_unexpected), false;
    });
}

// A stream says of which session it is. It may come before its session is there, and then waits.
inline void Http3Session::join(Stream& s, BytesIn bytes, std::size_t head, Http3Turn& turn) {
    const QuicNumber of = QuicNumber::read(bytes);
    if (of.size == 0) return;
    if (s.begun) return fail(Http3Error::frame_unexpected); // it is not how this stream began
    if (of.value % 4 != 0) return fail(Http3Error::id);
    if (!is_open()) return;
    if (of.value != static_cast<std::uint64_t>(session_)) return fail(Http3Error::id);
    if (std::exchange(joined_, true)) return fail(Http3Error::protocol); // one is all there is
    s.kind = Kind::frames;
    turn.taken = head + of.size;
    turn.frames = true;
}

inline void Http3Session::decide(const WebTransportOptions& options, Stream& s, BytesIn block,
                                 Http3Turn& turn) {
    ConnectRequest request;
    const Qpack::Read read =
        qpack_.read(block, s.id, [&](const HttpField& field) { request.take(field.name, field.value); });
    if (read == Qpack::Read::malformed) return fail(Http3Error::qpack_decompression);
    std::uint16_t status = read == Qpack::Read::too_large ? 431 : request.judge(options);
    if (status == 200 && !theirs_.speaks_web_transport) status = 400;
    if (status != 200) return refuse(s, status, turn);
    if (is_open()) return refuse(s, 429, turn); // one is all there is
    const HttpField fields[] = {{":status", "200"}, {"sec-webtransport-http3-draft", "draft02"}};
    if (!say(std::span(fields).first(request.is_older() ? 2 : 1), s.id)) return fail(Http3Error::internal);
    s.kind = Kind::session;
    session_ = s.id;
    turn.answer = answer_;
}

inline void Http3Session::refuse(Stream& s, std::uint16_t status, Http3Turn& turn) {
    const char digits[] = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                           static_cast<char>('0' + status % 10)};
    const HttpField fields[] = {{":status", {digits, sizeof digits}}, {"allow", "CONNECT"}};
    s.kind = Kind::refused;
    refusal_ = status;
    if (!say(std::span(fields).first(status == 405 ? 2 : 1), s.id)) return fail(Http3Error::internal);
    turn.answer = answer_;
    turn.finishes = true;
}

inline void Http3Session::hear_answer(Stream& s, BytesIn block) {
    unsigned status = 0, count = 0;
    const Qpack::Read read = qpack_.read(block, s.id, [&](const HttpField& field) {
        if (field.name != ":status") return;
        ++count;
        for (const char c : field.value) {
            const bool sound = c >= '0' && c <= '9' && field.value.size() == 3;
            status = sound ? status * 10 + static_cast<unsigned>(c - '0') : 1000;
        }
    });
    if (read == Qpack::Read::malformed) return fail(Http3Error::qpack_decompression);
    if (read == Qpack::Read::too_large || count != 1 || status < 100 || status > 999)
        return fail(Http3Error::message);
    if (status < 200) return; // what is said meanwhile
    if (status >= 300) {
        refusal_ = static_cast<std::uint16_t>(status);
        return fail(Http3Error::none);
    }
    s.kind = Kind::session;
    session_ = s.id;
}

// As a frame of fields, into `answer_`.
inline bool Http3Session::say(std::span<const HttpField> fields, std::int64_t id) {
    return qpack_.write(fields, id, [&](BytesIn prefix, BytesIn rest) {
        std::byte head[16];
        const std::size_t size = Http3Head::write(head, Http3Frame::headers, prefix.size() + rest.size());
        answer_.assign(head, head + size);
        answer_.insert(answer_.end(), prefix.begin(), prefix.end());
        answer_.insert(answer_.end(), rest.begin(), rest.end());
    });
}

} // namespace tenon::transport::detail
