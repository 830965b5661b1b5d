#pragma once
// WebTransportConnection: a connection of QUIC on which HTTP/3 is spoken: Http3Session understands what is
// beside the frames, and says which stream they are on and whose datagrams are. WebTransport keeps them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/transport/connect_request.hpp"
#include "tenon/transport/http3_session.hpp"
#include "tenon/transport/quic_connection.hpp"

namespace tenon::transport::detail {

struct WebTransportConnection : QuicConnection {
    using Options = WebTransportOptions;
    // What browsers want to open: three streams beside the session's two, and room for what they make up.
    static constexpr QuicTerms terms{.both_ways = 8, .one_way = 8, .datagram_bytes = 65535, .sides = true};
    static constexpr bool makes_certificate = true;
    static constexpr std::uint64_t malformed_code = static_cast<std::uint64_t>(Http3Error::protocol);

    static QuicOptions quic(const Options& options) {
        QuicOptions made = options.quic;
        made.protocol = "h3";
        return made;
    }
    static Result<Location> locate(std::string_view text) {
        if (text.find("://") != std::string_view::npos && !same_word(scheme_of(text), "https"))
            return Error::bad_address;
        return detail::locate(text, ":443");
    }

    WebTransportConnection() { code = static_cast<std::uint64_t>(Http3Error::none); }

    void prepare(const Asked& asked, const Options& options) {
        session_.dial();
        const std::string place(static_cast<const IpAddress&>(address).text().view());
        host_ = asked.host.empty() ? place : asked.host + place.substr(place.rfind(':'));
        path_ = !asked.path.empty() ? asked.path : options.path.empty() ? "/" : options.path;
        // The frames' stream says first to which session it belongs: that of the first request.
        std::byte head[4];
        std::size_t size = QuicNumber::write(head, static_cast<std::uint64_t>(Http3Frame::web_transport));
        size += QuicNumber::write(BytesOut(head).subspan(size), 0);
        (void)out.append(BytesIn(head).first(size), {}); // without memory the server refuses it
    }
    bool understand(const Options& options);
    std::size_t datagram_room() const {
        const std::size_t room = session_.has_datagrams() ? QuicConnection::datagram_room() : 0;
        return room - std::min(room, session_.quarter_size());
    }
    bool put_datagram(BytesIn datagram) {
        std::byte head[8];
        return datagrams.put(session_.write_quarter(head), datagram);
    }
    bool open_datagram(BytesIn& datagram) {
        const Http3Whose whose = session_.handle_datagram(datagram);
        strays += whose == Http3Whose::nobodys;
        return whose != Http3Whose::malformed || give_up(Error::malformed, session_.error());
    }
    // The other side has read all when it ends in its turn.
    bool has_left() const { return ended || mute || !has_frames() || session_.is_over(); }
    void leave() { finishes = true; }

  private:
    // Those on which only this side speaks.
    bool is_ours(std::int64_t stream) const { return (stream & 3) == (dialled ? 2 : 3); }
    bool begin();
    bool hear(const Options& options, QuicSide& side, bool& again);
    bool give_up(Error why, Http3Error with) {
        error = why;
        code = static_cast<std::uint64_t>(with);
        return false;
    }

    Http3Session session_;
    std::string host_, path_;
    bool begun_ = false;
};

// Each side says first what it speaks; and a client what it wants.
inline bool WebTransportConnection::begin() {
    begun_ = true;
    std::byte settings[64];
    const std::size_t size = Http3Settings::write(settings);
    const auto say = [&](std::int64_t stream, BytesIn bytes) {
        return stream >= 0 && !bytes.empty() && sides.find(stream)->out.append(bytes, {});
    };
    if (!say(open_side(false), BytesIn(settings).first(size)))
        return give_up(Error::malformed, Http3Error::stream_creation);
    if (!dialled) return true;
    if (!say(open_side(true), session_.ask(host_, path_)))
        return give_up(Error::refused, Http3Error::internal);
    return true;
}

inline bool WebTransportConnection::understand(const Options& options) {
    if (!begun_ && (!is_shaken() || !begin())) return !begun_;
    if (!std::exchange(news, false)) return true;
    // What one stream says may be what another waits for.
    for (bool again = true; std::exchange(again, false);)
        for (std::size_t i = 0; i < sides.size(); ++i)
            if (!is_ours(sides[i].stream) && !hear(options, sides[i], again)) return false;
    if (!dialled || !session_.is_open() || has_frames()) return true;
    return open_frames();
}

inline bool WebTransportConnection::hear(const Options& options, QuicSide& side, bool& again) {
    if (std::exchange(side.reset, false)) session_.handle_reset(side.stream);
    const std::int64_t stream = side.stream;
    const Http3Turn turn = session_.handle_stream(options, stream, side.in.front(), side.ended);
    if (session_.is_over()) {
        const Http3Error why = session_.error();
        if (dialled && session_.refusal() != 0) return give_up(Error::refused, why);
        if (why != Http3Error::none) return give_up(Error::malformed, why);
        return ended = true;
    }
    if (!side.out.append(turn.answer, {})) return give_up(Error::system, Http3Error::internal);
    if (turn.finishes) {
        side.finishes = true;
        ++refusals;
    }
    again = again || turn.taken != 0;
    take_side(side, turn.taken);
    return !turn.frames || take_frames(stream) || give_up(Error::system, Http3Error::internal);
}

} // namespace tenon::transport::detail
