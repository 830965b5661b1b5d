#pragma once
// What goes on over the connections of WebRtc: datagrams, records, channels and frames, and what happens when
// time passes. The part of web_rtc_over.hpp that poll() and flush() come to.

#include <algorithm>
#include <utility>

#include "tenon/transport/polling.hpp"
#include "tenon/transport/web_rtc_over.hpp"

namespace tenon::transport {

template <class Signalling>
template <class F>
void WebRtcOver<Signalling>::poll(F&& f) {
    if (!is_open() || state_->polling || retired_) return;
    detail::Polling<State> guard{retired_, *state_};
    State& s = guard.state;
    s.now = now();
    signalling_.poll(SignallingEar{*this});
    s.udp.poll([&](const IpAddress& from, Lane, BytesIn datagram) { heed_datagram(from, datagram); });
    Sctp::tick(s.now);
    expire();
    Sctp::answer(s.bell, s.rung);
    for (const Sctp* association : s.rung) s.due.push_back(association->slot);
    s.rung.clear();
    for (std::size_t i = 0; state_.get() == &s && i < s.due.size(); ++i)
        if (Connection* c = s.table.at(s.due[i])) serve(*c, f);
    if (state_.get() != &s) return;
    s.due.clear();
    for (std::size_t i = 0; state_.get() == &s && i < s.lost.size(); ++i) {
        loss_ = s.lost[i].why;
        if constexpr (HearsLosses<F, Address>) f.lost(Address(s.lost[i].of));
    }
    if (state_.get() != &s) return;
    s.lost.clear();
    s.table.sweep();
    s.udp.flush();
}

// Flushes, and sleeps until then, until something is there, or until it is woken. SCTP counts its time in
// hundredths of a second, and is not to miss any while there are connections.
template <class Signalling>
void WebRtcOver<Signalling>::wait(Instant until, Waker* waker) {
    flush();
    const Instant start = now();
    if (until <= start || (!is_open() && until == Instant::never())) return;
    if (!is_open()) return detail::sleep_on(detail::no_socket, false, until - start, waker);
    State& s = *state_;
    if (!s.lost.empty()) return;
    until = min(until, signalling_.deadline());
    if (s.table.size() != 0) until = min(until, start + milliseconds(Sctp::tick_ms));
    if (s.udp.is_blocked()) until = min(until, start + milliseconds(1));
    // Where the system can't tell of all sockets at once, those of the signalling are looked at now and then.
    if (signalling_.handle() == detail::no_socket) until = min(until, start + milliseconds(5));
    if (until <= start) return;
    s.ready.sleep(until == Instant::never() ? Duration::max() : until - start, waker);
}

template <class Signalling>
void WebRtcOver<Signalling>::heed_datagram(const IpAddress& from, BytesIn datagram) {
    State& s = *state_;
    if (detail::looks_like_stun(datagram)) return heed_check(from, datagram);
    const unsigned first = datagram.empty() ? 0 : std::to_integer<unsigned>(datagram[0]);
    const std::uint32_t* slot = first >= 20 && first <= 63 ? s.routes.find(from) : nullptr;
    Connection* c = slot == nullptr ? nullptr : s.table.at(*slot);
    if (c == nullptr || c->over) return static_cast<void>(++counters_.strange);
    heed_record(*c, from, datagram);
}

template <class Signalling>
void WebRtcOver<Signalling>::heed_record(Connection& c, const IpAddress& from, BytesIn datagram) {
    State& s = *state_;
    using Cover = detail::Dtls::State;
    if (c.dtls.state() == Cover::closed) {
        if (c.dialled || !c.is_up()) return;
        if (!c.dtls.start(s.dtls, false, c.print)) return part(c, Error::system, false);
    }
    // The handshake goes to who began it, and says little before that one has shown that it hears; then it is
    // for heed_success() to find it elsewhere.
    if (!c.dialled && !c.dtls.has_met() && from != c.peer) {
        c.peer = c.checked = from;
        c.dtls.distrust();
    }
    const auto connect = [&] { return c.sctp.is_open() || c.sctp.connect(s.bell, c.their_port); };
    c.sctp.slot = c.slot;
    const bool sound = c.dtls.heed(datagram, s.packet(), [&](BytesIn packet) {
        if (connect()) c.sctp.heed(packet);
    });
    if (sound) c.proven = s.now;
    switch (c.dtls.state()) {
        case Cover::open:
            if (!connect()) return part(c, Error::system, false);
            break;
        case Cover::ended:
            c.over = true;
            s.due.push_back(c.slot); // what has come before is still read
            break;
        case Cover::broken:
        case Cover::stranger:
            drain(s, c); // the alert
            return part(c, c.dtls.state() == Cover::stranger ? Error::key_changed : Error::closed, false);
        default:
            break;
    }
    drain(s, c);
}

// Gives SCTP as much as leaves at once, and a few datagrams' worth that wait for its window: frames that wait
// there share datagrams, and none has to come back here when the window opens.
template <class Signalling>
void WebRtcOver<Signalling>::push(Connection& c) {
    if (!c.can_speak() || !c.channels[0].opened) return;
    while (!c.out.empty()) {
        if (c.sctp.waiting() > sctp_waits_max) {
            ++counters_.blocked;
            return;
        }
        const BytesIn left = c.out.front();
        const std::size_t size = load_le<std::uint32_t>(left.data());
        switch (c.sctp.write(c.channels[0].stream, detail::DataKind::bytes, left.subspan(4, size), true)) {
            case Sctp::Wrote::written:
                break;
            case Sctp::Wrote::later:
                ++counters_.blocked;
                return;
            case Sctp::Wrote::broken:
                return; // reading tells what became of it
        }
        c.out.take(4 + size);
    }
    if (c.stage == Stage::leaving && !std::exchange(c.finished, true)) c.sctp.finish();
}

template <class Signalling>
Sent WebRtcOver<Signalling>::send_unreliable(Connection& c, BytesIn frame) {
    // A connection that was dialled for it is only being made.
    if (c.stage != Stage::open || !c.channels[1].agreed) return Sent::would_block;
    if (c.sctp.write(c.channels[1].stream, detail::DataKind::bytes, frame, false) != Sctp::Wrote::written)
        return Sent::would_block;
    ++counters_.unreliable_out;
    queue(c);
    return Sent::sent;
}

// From SCTP through DTLS to UDP, all that there is.
template <class Signalling>
void WebRtcOver<Signalling>::drain(State& s, Connection& c) {
    c.sctp.drain([&](BytesIn packet) { (void)c.dtls.write(packet); });
    c.dtls.drain([&](BytesIn datagram) {
        if (c.peer.port != 0) (void)s.udp.send(c.peer, {}, datagram);
    });
}

// Reads what has come, and sends what has become possible.
template <class Signalling>
template <class F>
void WebRtcOver<Signalling>::serve(Connection& c, F& f) {
    State& s = *state_;
    const auto gone = [&] { return state_.get() != &s || c.stage == Stage::gone; };
    for (std::size_t taken = 0; taken < options_.bytes_per_poll;) {
        const typename Sctp::Read read = c.sctp.read(s.message());
        if (read.what == Sctp::What::nothing) break;
        if (read.what == Sctp::What::up) {
            c.stage = c.is_up() ? Stage::open : c.stage;
            if (c.dialled) open_channels(c);
        } else if (read.what == Sctp::What::reset) {
            Connection::Channel* channel = c.channel_of(read.stream);
            if (channel == &c.channels[0]) return part(c, Error::closed, false);
            if (channel != nullptr) *channel = {};
        } else if (read.what != Sctp::What::piece) {
            return part(c, Error::closed, false);
        } else {
            taken += read.bytes.size();
            counters_.bytes_in += read.bytes.size();
            if (c.is_up() && !heed_piece(c, read, f)) {
                if (gone() || !c.is_up()) return;
                ++counters_.malformed;
                return part(c, Error::malformed, false);
            }
            if (gone()) return;
        }
        if (read.what == Sctp::What::piece && taken >= options_.bytes_per_poll) s.due.push_back(c.slot);
    }
    if (c.over) return part(c, Error::closed, false);
    push(c);
    drain(s, c);
}

// False when it must not go on, or is gone already.
template <class Signalling>
template <class F>
bool WebRtcOver<Signalling>::heed_piece(Connection& c, const typename Sctp::Read& piece, F& f) {
    using detail::DataKind;
    if (piece.bytes.empty()) return true;
    if (piece.kind == DataKind::dcep)
        return piece.last &&
               heed_dcep(c, piece.stream, piece.bytes); // longer ones than we understand come in pieces
    Connection::Channel* channel = c.channel_of(piece.stream);
    if (channel == nullptr || piece.kind != DataKind::bytes) return false;
    const Lane lane{static_cast<std::uint8_t>(channel - c.channels.data())};
    const bool whole = piece.last && channel->in.empty();
    if (piece.bytes.size() > detail::frame_max - channel->in.size()) return false;
    if (!whole && !channel->in.append(piece.bytes)) return false;
    if (!piece.last) return true;
    c.heard = true;
    c.deadline = Instant::never();
    ++(lane == reliable ? counters_.frames_in : counters_.unreliable_in);
    State& s = *state_;
    f(Address(c.address), lane, whole ? piece.bytes : channel->in.front());
    if (state_.get() != &s || !c.is_up()) return false;
    channel->in.clear();
    return true;
}

// A channel is one of the two kinds, and there is one of each.
template <class Signalling>
bool WebRtcOver<Signalling>::heed_dcep(Connection& c, std::uint16_t stream, BytesIn message) {
    Connection::Channel* channel = c.channel_of(stream);
    if (detail::is_dcep_ack(message)) {
        if (channel != nullptr) channel->agreed = true;
        return channel != nullptr;
    }
    detail::DcepOpen open;
    if (!open.read(message) || channel != nullptr || c.dialled) return false;
    if (!open.is_reliable() && !open.is_unreliable()) return false;
    Connection::Channel& wanted = c.channels[open.is_reliable() ? 0 : 1];
    if (wanted.opened) return false;
    wanted.opened = wanted.agreed = true;
    wanted.stream = stream;
    const std::byte yes[1] = {std::byte{detail::dcep_ack}};
    return c.sctp.write(stream, detail::DataKind::dcep, yes, true) == Sctp::Wrote::written;
}

// Who began the handshake of DTLS takes even numbers.
template <class Signalling>
void WebRtcOver<Signalling>::open_channels(Connection& c) {
    c.deadline = Instant::never();
    for (const std::uint8_t lane : {detail::reliable_lane, detail::unreliable_lane}) {
        detail::DcepOpen open;
        open.label = lane == detail::reliable_lane ? "reliable" : "unreliable";
        open.protocol = std::string_view(rtc_.subprotocol).substr(0, detail::DcepOpen::text_max);
        if (lane == detail::unreliable_lane) {
            open.ordered = false;
            open.limit = detail::DcepOpen::Limit::resends;
        }
        std::array<std::byte, detail::DcepOpen::bytes_max> room{};
        c.channels[lane].opened = true;
        c.channels[lane].stream = static_cast<std::uint16_t>(2 * lane);
        (void)c.sctp.write(c.channels[lane].stream, detail::DataKind::dcep, open.write(room), true);
    }
}

template <class Signalling>
void WebRtcOver<Signalling>::expire() {
    State& s = *state_;
    if (s.now - s.expired < milliseconds(Sctp::tick_ms)) return;
    s.expired = s.now;
    s.table.each([&](Connection& c) {
        if (c.deadline <= s.now || (c.is_up() && s.now - c.proven > rtc_.unheard_max)) {
            if (c.is_up()) ++counters_.timed_out;
            return part(c, Error::timed_out, false);
        }
        if (c.dtls.state() == detail::Dtls::State::shaking_hands) {
            c.dtls.handle_timeout();
            drain(s, c);
        }
        if (c.dialled && c.is_up() && c.stage != Stage::dialling && c.next_check <= s.now) check_path(c);
        if (!c.out.empty()) queue(c);
    });
}

template <class Signalling>
void WebRtcOver<Signalling>::part(Connection& c, Error why, bool lingers) {
    State& s = *state_;
    if (c.is_up()) {
        s.table.unlist(c);
        if (c.stage == Stage::dialling) signalling_.hang_up(c.address);
        if (why != Error::none) {
            ++counters_.lost;
            if (c.dialled || c.heard) s.lost.push_back({c.address, why});
        }
        lingers = lingers && c.stage == Stage::open;
        c.stage = Stage::leaving;
        if (lingers) {
            c.deadline = now() + options_.linger_max;
            return queue(c);
        }
    }
    if (!lingers && c.stage == Stage::leaving) release(c);
}

// Says goodbye, if there is somebody to hear it.
template <class Signalling>
void WebRtcOver<Signalling>::silence(State& s, Connection& c) {
    c.sctp.close();
    drain(s, c);
    c.dtls.finish();
    drain(s, c);
}

template <class Signalling>
void WebRtcOver<Signalling>::release(Connection& c) {
    State& s = *state_;
    silence(s, c);
    for (std::size_t i = 0; i < c.route_count; ++i)
        if (const std::uint32_t* slot = s.routes.find(c.routes[i]); slot != nullptr && *slot == c.slot)
            s.routes.erase(c.routes[i]);
    s.table.retire(c);
}

template <class Signalling>
WebRtcCounters WebRtcOver<Signalling>::counters() const {
    WebRtcCounters all = counters_;
    all.turned_away += signalling_.counters().turned_away;
    if (!is_open()) return all;
    const UdpCounters& udp = state_->udp.counters();
    all.calls_in = udp.calls_in;
    all.calls_out = udp.calls_out;
    all.bytes_out = udp.bytes_out;
    return all;
}

} // namespace tenon::transport
