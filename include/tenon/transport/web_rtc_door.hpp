#pragma once
// How two meet over WebRtc: its ports, the offer and the answer over the signalling, and the checks that find
// a path and keep it. The part of web_rtc_over.hpp that comes before a connection is up.

#include <memory>
#include <string>
#include <utility>

#include "tenon/transport/web_rtc_over.hpp"

namespace tenon::transport {

template <class Signalling>
Result<ConnectionAddress> WebRtcOver<Signalling>::open(std::uint16_t port, bool listens) {
    if (is_open()) return Error::already_open;
    auto s = std::make_unique<State>(options_);
    if (const Result<> ready = s->dtls.open(); !ready) return ready.error();
    Result<Address> at = Error::system;
    if (listens) {
        at = open_both(*s, port);
    } else if (const auto udp = s->udp.open(0)) {
        at = signalling_.open_to_dial();
        if (!at) system_error_ = signalling_.system_error();
    } else {
        system_error_ = s->udp.system_error();
        at = udp.error();
    }
    if (!at) return at;
    const bool watched =
        s->ready.open() && s->ready.watch(s->udp.handle(), 0, true, false) &&
        (signalling_.handle() == detail::no_socket || s->ready.watch(signalling_.handle(), 1, true, false));
    if (!watched) {
        signalling_.close();
        return Error::system;
    }
    s->now = s->expired = now();
    state_ = std::move(s);
    return at;
}

// The same number for both; of those that the system gives some are taken on the other side.
template <class Signalling>
Result<ConnectionAddress> WebRtcOver<Signalling>::open_both(State& s, std::uint16_t port) {
    Result<Address> at = Error::port_in_use;
    for (int tries = port == 0 ? 32 : 1; tries > 0; --tries) {
        at = signalling_.open(port);
        if (!at) {
            system_error_ = signalling_.system_error();
            return at;
        }
        const auto udp = s.udp.open(at->port);
        if (udp) return at;
        system_error_ = s.udp.system_error();
        at = udp.error();
        signalling_.close();
        if (at.error() != Error::port_in_use) return at;
    }
    return at;
}

// The connection, or none where one has to be dialled first.
template <class Signalling>
Sent WebRtcOver<Signalling>::make_room(const Address& to, Lane lane, std::size_t size, Connection*& c) {
    if (!is_open() || lane.value >= detail::rtc_lanes) return Sent::closed;
    if (size == 0 || size > (lane == unreliable ? unreliable_bytes : detail::frame_max)) return Sent::too_big;
    c = state_->table.find(to);
    if (c == nullptr) {
        for (const Lost& lost : state_->lost)
            if (lost.of == to) return Sent::closed;
        return to.serial == 0 && to.port != 0 ? Sent::sent : Sent::closed;
    }
    if (lane == unreliable) {
        const bool goes = c->stage == Stage::open && c->channels[1].agreed && c->sctp.waiting() == 0;
        return goes ? Sent::sent : Sent::would_block;
    }
    if (size > c->message_max && c->stage == Stage::open) return Sent::too_big;
    const auto full = [&] { return c->out.size() != 0 && c->out.size() + size + 4 > options_.backlog_max; };
    if (full()) push(*c);
    if (!full()) return Sent::sent;
    queue(*c);
    return Sent::would_block;
}

template <class Signalling>
detail::RtcConnection* WebRtcOver<Signalling>::dial(const Address& to) {
    State& s = *state_;
    Connection* c = s.table.add(to, false);
    if (c == nullptr) return nullptr;
    c->dialled = true;
    c->proven = now();
    c->deadline = c->proven + options_.dial_max;
    c->introduce();
    ++counters_.dialled;
    detail::Sdp offer;
    offer.mid = "0";
    offer.user = c->user;
    offer.password = c->password;
    offer.print = s.dtls.print();
    offer.setup = detail::Sdp::Setup::actpass;
    offer.port = Sctp::port;
    offer.message_max = detail::frame_max;
    const std::string text = offer.write(detail::system_entropy());
    if (signalling_.send(to, {}, bytes_of(text)) == Sent::sent) return c;
    part(*c, Error::unreachable, false);
    s.lost.push_back({to, Error::unreachable});
    return nullptr;
}

// A host's: whoever offers well gets an answer, and all that costs more waits until a check has come.
template <class Signalling>
void WebRtcOver<Signalling>::heed_offer(const Address& from, BytesIn text) {
    State& s = *state_;
    const auto offer = detail::Sdp::read(text_of(text));
    using Setup = detail::Sdp::Setup;
    const bool sound = offer && offer->setup != Setup::passive && s.table.find(from) == nullptr;
    Connection* c = sound ? s.table.add(from, true) : nullptr;
    if (c == nullptr) {
        ++(sound ? counters_.turned_away : counters_.malformed);
        return signalling_.hang_up(from);
    }
    ++counters_.accepted;
    c->stage = Stage::covering;
    c->proven = s.now;
    c->deadline = s.now + options_.silence_max;
    c->introduce();
    c->agree(*offer);
    detail::Sdp answer;
    answer.mid = offer->mid;
    answer.user = c->user;
    answer.password = c->password;
    answer.print = s.dtls.print();
    answer.setup = Setup::passive;
    answer.lite = true;
    answer.port = Sctp::port;
    answer.message_max = detail::frame_max;
    const auto tell = [&](IpAddress at) {
        if (at.port == 0) at.port = signalling_.local_address().port;
        at.scope = 0;
        (void)answer.add(at);
    };
    for (const IpAddress& at : rtc_.reached_at) tell(at);
    if (rtc_.reached_at.empty()) tell(signalling_.local_address(from));
    const std::string said = answer.write(detail::system_entropy());
    if (signalling_.send(from, {}, bytes_of(said)) != Sent::sent) return part(*c, Error::closed, false);
    signalling_.hang_up(from);
}

template <class Signalling>
void WebRtcOver<Signalling>::heed_answer(const Address& from, BytesIn text) {
    Connection* c = state_->table.find(from);
    if (c == nullptr || c->stage != Stage::dialling) return signalling_.hang_up(from);
    const auto answer = detail::Sdp::read(text_of(text));
    signalling_.hang_up(from);
    if (!answer || answer->setup != detail::Sdp::Setup::passive || answer->candidate_count == 0) {
        ++counters_.malformed;
        return part(*c, Error::malformed, false);
    }
    c->agree(*answer);
    c->stage = Stage::covering;
    c->proven = state_->now;
    c->ask();
    check_path(*c);
}

// Asks, of the one address that is known to be theirs, or of all that may be. Until a path is found the
// question remains the same, so that a late answer is one as well.
template <class Signalling>
void WebRtcOver<Signalling>::check_path(Connection& c) {
    State& s = *state_;
    if (c.dialled && c.peer.port != 0) c.ask();
    detail::StunWriter question = c.question();
    const BytesIn bytes = question.finish(c.their_password);
    c.patience = c.peer.port != 0 ? check_every : min(c.patience * 2, check_first * 8);
    c.next_check = s.now + c.patience;
    if (bytes.empty()) return;
    if (c.peer.port != 0 || !c.dialled) {
        c.checked = c.dialled ? c.peer : c.checked;
        (void)s.udp.send(c.checked, {}, bytes);
        return;
    }
    for (std::size_t i = 0; i < c.candidate_count; ++i) (void)s.udp.send(c.candidates[i], {}, bytes);
}

template <class Signalling>
void WebRtcOver<Signalling>::heed_check(const IpAddress& from, BytesIn datagram) {
    State& s = *state_;
    Stun check;
    const bool read = check.read(datagram);
    const bool asks = check.kind == Stun::Kind::request;
    Connection* c = !read  ? nullptr
                    : asks ? s.table.at(Connection::slot_of(check.user_before()))
                           : s.table.at(Connection::slot_of(check.id));
    if (c == nullptr || c->their_user.empty() || !c->is_up()) {
        ++counters_.strange;
    } else if (asks) {
        const bool named = check.user_before() == c->user && check.user_behind() == c->their_user;
        named&& check.is_vouched(c->password) ? heed_request(*c, check, from)
                                              : static_cast<void>(++counters_.strange);
    } else {
        const bool ours = check.kind == Stun::Kind::success && check.id == c->check &&
                          (from == c->checked || (c->dialled && c->peer.port == 0 && c->may_be_at(from)));
        ours&& check.is_vouched(c->their_password) ? heed_success(*c, from)
                                                   : static_cast<void>(++counters_.strange);
    }
}

// Answered where it came from, with less than was asked. Where it comes from an address that is new, nothing
// else goes there before it has answered in its turn.
template <class Signalling>
void WebRtcOver<Signalling>::heed_request(Connection& c, const Stun& check, const IpAddress& from) {
    State& s = *state_;
    if (!learn_route(c, from)) return static_cast<void>(++counters_.strange);
    ++counters_.checks_in;
    c.proven = s.now;
    detail::StunWriter answer(Stun::Kind::success, check.id);
    (void)s.udp.send(from, {}, answer.mapped(from).finish(c.password));
    if (c.dialled || !check.nominates || from == c.peer || !c.dtls.has_met()) return;
    if (from == c.checked && s.now < c.next_check) return; // it was asked a moment ago
    if (from != c.checked) c.ask();
    c.checked = from;
    check_path(c);
    c.next_check = s.now + check_first * 4;
}

template <class Signalling>
void WebRtcOver<Signalling>::heed_success(Connection& c, const IpAddress& from) {
    State& s = *state_;
    c.proven = s.now;
    if (!c.dialled) {
        if (from != c.peer) ++counters_.moved;
        c.peer = c.checked = from;
        return c.ask(); // that answer has been heard
    }
    if (c.peer.port != 0) return;
    if (!learn_route(c, from)) return static_cast<void>(++counters_.strange);
    c.peer = c.checked = from;
    c.next_check = s.now + check_every;
    if (!c.dtls.start(s.dtls, true, c.print)) return part(c, Error::system, false);
    drain(s, c);
}

// From there datagrams are taken for its own. An address whose owner is alive is not given to another.
template <class Signalling>
bool WebRtcOver<Signalling>::learn_route(Connection& c, const IpAddress& from) {
    State& s = *state_;
    if (c.knows(from)) return true;
    if (const std::uint32_t* slot = s.routes.find(from)) {
        Connection* other = s.table.at(*slot);
        if (other != nullptr && other != &c && other->is_up() && other->dtls.is_up()) return false;
    }
    if (s.routes.insert(from, c.slot) == nullptr) return false;
    std::size_t place = c.route_count;
    if (place == Connection::routes_max) {
        place = c.routes[0] == c.peer ? 1 : 0; // not the one that it is reached at
        s.routes.erase(c.routes[place]);
        for (; place + 1 < Connection::routes_max; ++place) c.routes[place] = c.routes[place + 1];
    } else {
        ++c.route_count;
    }
    c.routes[place] = from;
    return true;
}

} // namespace tenon::transport
