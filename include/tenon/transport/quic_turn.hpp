#pragma once
// What goes on over the connections of Quic: who comes, what came, what leaves, and what happens when time
// passes. The part of quic_over.hpp that poll() and flush() come to.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/transport/concept.hpp"
#include "tenon/transport/length_framing.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/quic_over.hpp"

namespace tenon::transport {

template <class Road, class Peer>
template <class F>
void QuicOver<Road, Peer>::receive(const IpAddress& from, BytesIn datagram, F& f) {
    State& s = *state_;
    counters_.bytes_in += datagram.size();
    ngtcp2_version_cid ids{};
    const int read =
        ngtcp2_pkt_decode_version_cid(&ids, detail::octets(datagram), datagram.size(), detail::quic_id_bytes);
    const bool known = read == 0 && ids.dcidlen <= NGTCP2_MAX_CIDLEN;
    const std::uint32_t* slot = known ? s.shared.ids.find(detail::QuicId(ids.dcid, ids.dcidlen)) : nullptr;
    Connection* c = slot == nullptr ? nullptr : s.table.at(*slot);
    if (c == nullptr && read == 0 && ids.version == 0 && forgets(from, datagram)) return;
    if (c == nullptr) return greet(ids, read, from, datagram);
    const std::uint64_t migrations = c->migrations;
    const std::uint64_t refusals = c->refusals;
    const bool sound = c->read(from, datagram, now()), goes_on = sound && c->understand(quic_);
    if (sound && !goes_on && c->error == Error::malformed) ++counters_.malformed;
    counters_.migrations += c->migrations - migrations;
    counters_.refusals += c->refusals - refusals;
    look_at(*c);
    if (c->is_up()) digest(*c, f);
    if (state_.get() == &s && c->is_up()) tell_datagrams(*c, f);
    if (state_.get() == &s && c->is_up()) tell_bulk(*c, f);
    if (state_.get() != &s || c->stage == detail::Stage::gone) return;
    if (!goes_on) return part(*c, c->error, false);
    if (c->is_up() && c->ended) return part(*c, Error::closed, false);
    // Who is not in yet, or leaves, needs no flush of ours.
    if (c->stage != detail::Stage::open) return push(*c);
    queue(*c);
    c->due = min(c->deadline, c->expiry());
    due(c->due);
}

// A host that has forgotten us says so under a name that nobody has, at the end of what looks like noise. Who
// listens has too many connections to look through for every stranger.
template <class Road, class Peer>
bool QuicOver<Road, Peer>::forgets(const IpAddress& from, BytesIn datagram) {
    State& s = *state_;
    if (s.shared.listens) return false;
    bool heard = false;
    s.table.each([&](Connection& c) {
        if (heard || !c.shaken || c.over || !(static_cast<const IpAddress&>(c.address) == from)) return;
        if (c.read(from, datagram, now())) return;
        heard = true;
        part(c, c.error, false);
    });
    return heard;
}

template <class Road, class Peer>
void QuicOver<Road, Peer>::greet(const ngtcp2_version_cid& ids, int read, const IpAddress& from,
                                 BytesIn datagram) {
    State& s = *state_;
    std::array<std::byte, detail::quic_datagram_bytes> answer;
    const Instant at = now();
    auto visit = s.door.look(s.shared, ids, read, from, datagram, answer, at);
    Connection* c = nullptr;
    if (visit.admitted) {
        const bool room = s.handshakes < s.shared.options.handshakes_max;
        c = room ? s.table.add(Address(from, s.table.next_serial()), true) : nullptr;
        if (c == nullptr) {
            ++counters_.turned_away;
            visit.answer = s.door.refuse(visit.head, NGTCP2_CONNECTION_REFUSED, answer);
        }
    }
    if (visit.answer != 0) (void)s.road.send(from, Lane{}, {answer.data(), visit.answer});
    if (c == nullptr) return;
    ++counters_.accepted;
    ++s.handshakes;
    c->deadline = at + options_.silence_max;
    const bool began = c->accept(s.shared, visit.head, visit.retried ? &visit.original : nullptr, at);
    if (!began || !c->read(from, datagram, at)) return part(*c, Error::system, false);
    look_at(*c);
    push(*c);
}

// Everything whole that has come in.
template <class Road, class Peer>
template <class F>
void QuicOver<Road, Peer>::digest(Connection& c, F& f) {
    State& s = *state_;
    detail::LengthFraming framing;
    for (;;) {
        const detail::FrameRead read = framing.read(c.in, c.in);
        if (read.what == detail::FrameRead::What::more) return;
        if (read.what == detail::FrameRead::What::over) {
            ++counters_.malformed;
            c.code = Peer::malformed_code;
            return part(c, read.error, false);
        }
        ++counters_.frames_in;
        c.heard = true;
        c.deadline = Instant::never();
        f(Address(c.address), Lane{}, read.bytes);
        if (state_.get() != &s || !c.is_up()) return;
        c.in.take(read.used);
    }
}

// Of who came and has said nothing yet nobody knows.
template <class Road, class Peer>
template <class F>
void QuicOver<Road, Peer>::tell_datagrams(Connection& c, F& f) {
    const State& s = *state_;
    for (; c.datagrams.any(); c.datagrams.pop()) {
        BytesIn datagram = c.datagrams.front();
        if (!c.open_datagram(datagram)) return ++counters_.malformed, part(c, c.error, false);
        counters_.strays += std::exchange(c.strays, 0);
        if (!(c.dialled || c.heard) || datagram.empty()) continue;
        ++counters_.datagrams_in;
        f(Address(c.address), datagram_lane, datagram);
        if (state_.get() != &s || !c.is_up()) return;
    }
}

// The same of frames that have come whole in streams of their own. They are kept until somebody is known.
template <class Road, class Peer>
template <class F>
void QuicOver<Road, Peer>::tell_bulk(Connection& c, F& f) {
    if (!(c.dialled || c.heard)) return;
    const State& s = *state_;
    c.each_bulk([&](BytesIn frame) {
        ++counters_.bulk_in;
        f(Address(c.address), bulk_lane, frame);
        return state_.get() == &s && c.is_up();
    });
}

template <class Road, class Peer>
void QuicOver<Road, Peer>::look_at(Connection& c) {
    if (!c.ticket.empty()) tickets_.of(c.address).session = std::exchange(c.ticket, {});
    if (!c.token.empty()) tickets_.of(c.address).token = std::exchange(c.token, {});
    if (c.over || c.shaken || !c.is_shaken()) return;
    c.shaken = true;
    counters_.resumed += c.resumed;
    if (!c.dialled) --state_->handshakes;
    if (c.dialled) c.deadline = Instant::never();
    if (c.is_up()) c.stage = detail::Stage::open;
}

template <class Road, class Peer>
void QuicOver<Road, Peer>::push(Connection& c) {
    State& s = *state_;
    counters_.bytes_out += s.drain(c);
    counters_.blocked += c.blocked;
    if (c.over) return part(c, c.error, false);
    if (c.stage == detail::Stage::leaving && c.has_left()) return part(c, Error::none, false);
    if (s.held != 0) queue(c);
    c.due = min(c.deadline, c.expiry());
    due(c.due);
}

template <class Road, class Peer>
void QuicOver<Road, Peer>::expire() {
    State& s = *state_;
    const Instant at = now();
    if (at < s.deadline) return;
    s.deadline = Instant::never();
    s.table.each([&](Connection& c) {
        if (c.due > at) return due(c.due);
        if (c.deadline <= at || !c.expire(at)) {
            const Error why = c.deadline <= at ? Error::timed_out : c.error;
            if (c.is_up() && why == Error::timed_out) ++counters_.timed_out;
            return part(c, why, false);
        }
        push(c);
    });
}

template <class Road, class Peer>
void QuicOver<Road, Peer>::part(Connection& c, Error why, bool lingers) {
    State& s = *state_;
    if (c.is_up()) {
        s.table.unlist(c);
        if (why != Error::none) {
            ++counters_.lost;
            if (c.dialled || c.heard) s.lost.push_back({c.address, why});
        }
        lingers = lingers && c.stage == detail::Stage::open;
        c.stage = detail::Stage::leaving;
        if (lingers) {
            c.deadline = now() + options_.linger_max;
            c.leave();
            return push(c);
        }
    }
    if (!lingers && c.stage == detail::Stage::leaving) release(c);
}

} // namespace tenon::transport
