#pragma once
// The links between the guests of a room, beside that to its host, where the topology is direct: who should
// have one, whether it is heard on both sides, and what goes over it. Room has one of these; what it needs to
// know of the others, the estate tells it.

#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/options.hpp"
#include "tenon/room/claim.hpp"
#include "tenon/room/direct_part.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/seats.hpp"
#include "tenon/schema/delivery.hpp"

namespace tenon {

// `Room` lets it see what is its own.
template <class Room, class Address, class Reliability, class Topology, class Guard>
requires(Topology::traits.direct) class DirectPart<Room, Address, Reliability, Topology, Guard> {
    using Seat = typename Seats<Address, Reliability, Guard>::Seat;
    using Link = typename Seats<Address, Reliability, Guard>::Link;

  public:
    static constexpr bool links_directly = true;

    DirectPart() = default;
    DirectPart(const DirectPart&) = delete;
    DirectPart& operator=(const DirectPart&) = delete;
    ~DirectPart() { clear(); }

    // Who is there, or where, has changed: the next turn sees to it.
    void stir() { stirred_ = true; }
    void clear() {
        for (std::size_t i = 0; i < parked_.size(); ++i) delete parked_[i];
        parked_.clear();
        shunned_.clear();
        stirred_ = changed_ = false;
        ask_at_ = Instant::never();
    }
    // The room changes its host. The two sides of a link count its packets from its beginning, so one that
    // has to rest, because its peer is the host for a while, is kept as it is.
    void park(Room& room) {
        room.seats_.for_each([&](Seat& seat) {
            if (!seat.direct) return;
            if (!is_open(seat) && !seat.is_away()) return shun(room, seat);
            room.seats_.take_out(seat);
            if (parked_.push_back(&seat) == nullptr) delete &seat;
        });
        stir();
    }

    void turn(Room& room, Instant now) {
        const bool stirred = std::exchange(stirred_, false), asks = now >= ask_at_;
        if (asks) ask_at_ = Instant::never();
        Duration pause = room.link_options_.keepalive;
        if (room.status_ != Status::joined) return;
        if (stirred) settle(room, now);
        room.for_each_seat([&](Seat& seat) {
            if (!seat.direct) return;
            if (seat.up != is_up(room, seat, now)) {
                seat.up = !seat.up;
                changed_ = true;
                auto* heir = room.estate_.succession().heir(seat.id);
                if (seat.up && heir != nullptr) heir->at = seat.address; // there it is reached
            }
            if (seat.up) return void(seat.tries = 0);
            if (asks) ask(room, seat, now);
            if (seat.tries < brisk) pause = min(pause, milliseconds(200));
            ask_at_ = min(ask_at_, now + pause);
        });
    }
    Instant next_turn() const { return stirred_ ? Instant{} : ask_at_; }
    // Whether another way has been taken to somebody since this was last asked.
    bool take_changed() { return std::exchange(changed_, false); }

    // The other has begun the link anew.
    Seat* anew(Room& room, Seat& seat) {
        const PeerId peer = seat.id;
        const Address at = seat.address;
        room.unseat(seat);
        changed_ = true;
        return begin(room, peer, at, room.now_);
    }

    // ---- speaking

    // The seat of a guest with whom this one can speak straight.
    Seat* straight(Room& room, PeerId peer) {
        Seat* seat = room.seat_of(peer);
        return seat != nullptr && (!seat->direct || seat->up) ? seat : nullptr;
    }
    unsigned detours(Room& room) {
        unsigned count = 0;
        for (const PeerId peer : room.roster_) count += needs_relay(room, peer) ? 1 : 0;
        return count;
    }
    // What may be lost, from this peer to all: straight where that can be, and else through the host.
    // `takes(seat)` says whether its link may be given it.
    Result<> spread(Room& room, const Post& post, auto&& takes) {
        const unsigned lacking = room.status_ == Status::joined ? detours(room) : 0;
        Result<> first;
        const auto note = [&](const Result<>& pushed) { first = first ? pushed : first; };
        Seat* host = room.host_seat();
        // When there is nobody whom it need not pass on to, once is enough.
        if (host != nullptr && lacking > 1 && lacking + 2 == room.roster_.size()) {
            if (takes(*host)) note(room.push_relay(PeerId::none(), post));
            return first;
        }
        room.push_to_all(
            post, [&](const Seat& seat) { return (!seat.direct || seat.up) && takes(seat); },
            [&](const Seat&, const Result<>& pushed) { note(pushed); });
        if (lacking == 0 || host == nullptr) return first;
        for (const PeerId peer : room.roster_)
            if (needs_relay(room, peer) && takes(*host)) note(room.push_relay(peer, post));
        return first;
    }

    // ---- hearing

    // Only what may be lost goes straight; all else has its order, which the host keeps.
    bool hear(Room& room, Seat& seat, const LinkEvent& said, RoomEvent& event) {
        const bool fits = said.kind == LinkEvent::Kind::unreliable && room.carriage_.knows(said.type) &&
                          !is_reliable(room.carriage_.of(said.type));
        if (!fits) return room.misbehaved(seat);
        if (!room.roster_.contains(seat.id)) return false;
        event.kind = RoomEvent::Kind::message;
        return room.hear_message(seat, seat.id, said.type, said.payload, said, event);
    }
    // A link was closed; true when its seat is gone. Silence only means that the way through the host is
    // taken until somebody is heard again; but with who said goodbye, or what no honest peer would, that way
    // is kept to while both are in the room.
    bool ended(Room& room, Seat& seat, Instant now) {
        changed_ = true;
        if (seat.link.reason() == Error::timed_out && room.status_ == Status::joined) {
            seat.up = false;
            seat.link.resume(now);
            room.mark(seat);
            return false;
        }
        shun(room, seat);
        return true;
    }

  private:
    // Often at first, which opens the way through both routers; seldom, when it has led nowhere for long.
    static constexpr unsigned brisk = 10, patient = 40, seldom = 8;

    static void ask(Room& room, Seat& seat, Instant now) {
        const unsigned tries = seat.tries++;
        // Where nobody has answered for long there may be nobody, nor ever have been: in between, not a word.
        if (tries > patient && tries % seldom != 0) {
            if (tries % seldom == 2 && is_open(seat)) seat.link.suspend();
            return;
        }
        if (seat.is_away()) seat.link.resume(now);
        // At another of its addresses, unless it is heard where it is.
        const bool heard = tries <= patient && seat.link.stats().packets_in != 0 &&
                           now < seat.link.stats().last_rx + room.stale_after();
        if (!heard) room.estate_.whereabouts().vary(room, room.estate_.succession(), seat, tries / 2);
        // Who only ever acknowledges what the other says never hears whether it is heard itself.
        seat.link.ping();
        room.mark(seat);
    }
    static bool is_open(const Seat& seat) { return seat.link.state() == Link::State::open; }
    void shun(Room& room, Seat& seat) {
        shunned_.push_back(seat.id);
        room.unseat(seat);
    }
    bool needs_relay(Room& room, PeerId peer) {
        // Whom the host doesn't reach either, nobody does.
        return peer != room.self_ && peer != room.host_id_ && straight(room, peer) == nullptr &&
               !room.roster_.is_away(peer);
    }
    // Heard, and what was said over it is acknowledged.
    static bool is_up(Room& room, const Seat& seat, Instant now) {
        const Duration patience = room.stale_after();
        return now < seat.link.stats().last_rx + patience && seat.link.silence().is_broken(now, patience);
    }

    // A link with every other guest, and with nobody else.
    void settle(Room& room, Instant now) {
        drop_strangers(room);
        for (const PeerId peer : room.roster_) {
            if (peer == room.self_ || peer == room.host_id_ || is_shunned(peer)) continue;
            const auto* heir = room.estate_.succession().heir(peer);
            if (heir == nullptr || !heir->has_address) continue;
            if (Seat* seat = room.seat_of(peer)) {
                if (!(heir->at == seat->address)) seat->tries = 0;
                if (!room.has_seat_at(heir->at)) (void)room.seats_.move(*seat, heir->at);
            } else if (!room.has_seat_at(heir->at)) {
                (void)begin(room, peer, heir->at, now);
            }
        }
    }
    Seat* begin(Room& room, PeerId peer, const Address& at, Instant now) {
        auto& kinship = room.estate_.kinship();
        auto& succession = room.estate_.succession();
        Seat* seat = unpark(peer);
        const bool rested = seat != nullptr;
        if (rested && !room.seats_.put_back(*seat, at)) {
            delete seat;
            return nullptr;
        }
        if (!rested) seat = room.take_seat(at, peer, kinship.direct_key(room, succession, peer), now, false);
        if (seat == nullptr) return nullptr;
        seat->direct = true;
        seat->up = false;
        kinship.begun_directly(room, succession, *seat, rested, now);
        room.mark(*seat);
        return seat;
    }
    void drop_strangers(Room& room) {
        room.for_each_seat([&](Seat& seat) {
            if (seat.direct && !room.roster_.contains(seat.id)) room.unseat(seat);
        });
        for (std::size_t i = parked_.size(); i-- > 0;)
            if (!room.roster_.contains(parked_[i]->id)) delete unpark(parked_[i]->id);
        for (std::size_t i = shunned_.size(); i-- > 0;) {
            if (room.roster_.contains(shunned_[i])) continue;
            shunned_[i] = shunned_.back();
            shunned_.pop_back();
        }
    }
    Seat* unpark(PeerId peer) {
        for (std::size_t i = 0; i < parked_.size(); ++i) {
            if (parked_[i]->id != peer) continue;
            Seat* seat = parked_[i];
            parked_[i] = parked_.back();
            parked_.pop_back();
            return seat;
        }
        return nullptr;
    }
    bool is_shunned(PeerId peer) const {
        for (std::size_t i = 0; i < shunned_.size(); ++i)
            if (shunned_[i] == peer) return true;
        return false;
    }

    Ring<Seat*> parked_;                // of peers who are the host now, or were when this one was
    Ring<PeerId> shunned_;              // whose direct link has been closed
    Instant ask_at_ = Instant::never(); // those who are not heard
    bool stirred_ = false;
    bool changed_ = false;
};

} // namespace tenon
