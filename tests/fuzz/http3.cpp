// What somebody says on the streams of HTTP/3, as a server and as a client hear it, in the pieces in which it
// comes: nothing is taken that was not shown, answers are short, at most one stream is that of the frames,
// and whoever asked for something else than a server has is not let in. A datagram is believed only to be
// of the session that is there, and what it holds lies in it.
//   input: u8 side, then pieces: u8 stream (the highest bit: it ends there; 1: a datagram), u8 size, bytes
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "tenon/transport/http3_session.hpp"

namespace {

using namespace tenon;
using namespace tenon::transport::detail;

void must(bool holds) {
    if (!holds) std::abort();
}

struct Heard {
    Http3Session session;
    transport::WebTransportOptions options{"/game", {"https://game.example"}, {}};
    std::map<std::int64_t, std::string> waits;
    std::map<std::int64_t, bool> ended;
    std::int64_t frames = -1;
    unsigned answers = 0;

    void hear_datagram(BytesIn whole) {
        BytesIn datagram = whole;
        const bool was_over = session.is_over();
        const Http3Whose whose = session.handle_datagram(datagram);
        must(whose == Http3Whose::malformed || session.is_over() == was_over);
        must(whose != Http3Whose::malformed || session.error() == Http3Error::datagram);
        if (whose != Http3Whose::ours) return must(datagram.empty());
        must(session.is_open() && datagram.size() < whole.size() && whole.size() - datagram.size() <= 8);
        must(datagram.data() + datagram.size() == whole.data() + whole.size());
        // What stands before our own is read as the same, if at times shorter.
        std::byte head[8];
        const BytesIn quarter = session.write_quarter(head);
        must(quarter.size() == session.quarter_size() && quarter.size() <= whole.size() - datagram.size());
        must(Http3Quarter::read(quarter).value == Http3Quarter::read(whole).value);
    }
    // As WebTransportConnection looks: at all, until nobody takes anything.
    void look() {
        for (bool again = true; again && !session.is_over();) {
            again = false;
            for (auto& [stream, bytes] : waits) {
                if (stream == frames) continue;
                const Http3Turn turn = session.handle_stream(options, stream, bytes_of(bytes), ended[stream]);
                must(turn.taken <= bytes.size() && turn.answer.size() < 64);
                must(turn.answer.empty() || ++answers <= Http3Session::streams_max);
                bytes.erase(0, turn.taken);
                again = again || turn.taken != 0;
                if (!turn.frames) continue;
                must(frames < 0 && session.is_open() && stream % 4 == 0);
                frames = stream;
            }
        }
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Heard heard;
    if (data[0] % 2 != 0) {
        heard.session.dial();
        must(!heard.session.ask("game.example:4000", "/game").empty());
    }
    for (std::size_t at = 1; at + 2 <= size && !heard.session.is_over();) {
        const std::int64_t stream = data[at] & 0x7F;
        const std::size_t count = std::min<std::size_t>(data[at + 1], size - at - 2);
        if (stream == 1) {
            heard.hear_datagram({reinterpret_cast<const std::byte*>(data) + at + 2, count});
            at += 2 + count;
            continue;
        }
        // QUIC lets nobody speak on others: of a client its own, of a server the request's and those of one
        // way.
        const bool is_theirs = data[0] % 2 == 0 ? stream % 2 == 0 : stream == 0 || stream % 4 == 3;
        if (!is_theirs) return 0;
        heard.ended[stream] = heard.ended[stream] || (data[at] & 0x80) != 0;
        heard.waits[stream].append(reinterpret_cast<const char*>(data) + at + 2, count);
        at += 2 + count;
        heard.look();
    }
    must(heard.session.error() == Http3Error::none || heard.session.is_over());
    must(!heard.session.is_open() || heard.session.refusal() == 0 || heard.answers > 1);
    return 0;
}
