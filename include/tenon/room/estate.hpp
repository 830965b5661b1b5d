#pragma once
// The estate of a room: what every peer holds so that the room can go on without its host, and what is done
// with it when that is gone. Room has one where its topology migrates. The rules are Succession's, the events
// the Ledger's; here they meet the links.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/claim.hpp"
#include "tenon/room/estate_part.hpp"
#include "tenon/room/estate_words.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/filing.hpp"
#include "tenon/room/handover.hpp"
#include "tenon/room/herald.hpp"
#include "tenon/room/kinship.hpp"
#include "tenon/room/ledger.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/reign.hpp"
#include "tenon/room/roster.hpp"
#include "tenon/room/seats.hpp"
#include "tenon/room/succession.hpp"
#include "tenon/room/whereabouts.hpp"
#include "tenon/room/words.hpp"

namespace tenon {

// `Room` lets its estate see what is its own.
template <class Room, class Address, class Reliability, class Topology, class Guard>
requires(Topology::traits.migrates) class EstatePart<Room, Address, Reliability, Topology, Guard> {
    using Election = typename Topology::Election;
    using Seat = typename Seats<Address, Reliability, Guard>::Seat;

  public:
    static constexpr bool migrates = true;
    using Succession = tenon::Succession<Address, Election, typename Guard::Kin>;

    explicit EstatePart(const Options& options) : filing_(options.ledger_bytes_max) {}

    const Ledger& ledger() const { return filing_.ledger(); }
    const Succession& succession() const { return succession_; }
    Succession& succession() { return succession_; }
    Epoch epoch() const { return epoch_; }
    void tell(Health& health) const {
        health.forged_claims = succession_.figures().forged;
        health.old_claims = succession_.figures().old;
    }
    PeerId previous() const { return previous_; } // the authority before
    // A new host waits a moment for what the others know.
    bool gathers() const { return reign_.gathers(); }
    // Of this peer's own time, to the room's; a guest may not know it yet.
    Duration ahead() const { return ahead_; }
    bool knows_ahead() const { return knows_ahead_; }

    // ---- coming in

    void founded(Room& room) {
        clear();
        epoch_ = {0, room.self_};
        begin_succession(room, room.guard().room_key(room.random_.next()));
        knows_ahead_ = true;
        filing_.begin(room.self_);
        filing_.preside();
    }
    void entered(Room& room) {
        clear();
        succession_.end();
        filing_.begin(room.self_);
    }
    void ended() {
        succession_.end();
        clear();
    }
    // Tells a newcomer what it must know, before anything else, and the others where it is.
    void introduce(Room& room, Seat& newcomer) {
        if (auto* heir = succession_.know(newcomer.id)) heir->follows = true;
        succession_.know_address(newcomer.id, newcomer.address);
        kinship_.introduce(room, succession_, newcomer);
        filing_.welcome(room, newcomer);
        herald(room).welcome(newcomer, welcome(room, false));
        herald(room).heirs(newcomer, succession_);
        whereabouts_.say_own(room, newcomer);
        room.for_each_seat([&](auto& seat) {
            if (seat.id != newcomer.id) herald(room).address(seat, newcomer.id, newcomer.address);
        });
    }
    void forget(PeerId id) {
        succession_.forget(id);
        if (!keeps_for(id)) filing_.forget(id);
    }
    // To a guest: who is away is not asked who shall decide.
    void set_away(PeerId id, bool away) { succession_.set_away(id, away); }

    // ---- the loss of the host

    // Whether the room goes on although the link to its host has ended.
    bool outlives(Error reason) {
        if (reason != Error::left || succession_.epoch() != epoch_ || succession_.size() == 0) return false;
        reason_ = reason;
        succession_.authority_left();
        return true;
    }
    bool hear_claim(Room& room, Instant now, const Address& from, BytesIn datagram) {
        const bool heard = static_cast<bool>(kinship_.hear(room, succession_, now, from, datagram));
        if (heard) whereabouts_.settle(room, succession_);
        return heard;
    }
    auto* find(Room& room, Instant now, const Address& from, BytesIn datagram, BytesOut desk) {
        return whereabouts_.find(room, succession_, now, from, datagram, desk);
    }
    auto& whereabouts() { return whereabouts_; }
    bool drain(Room& room, auto&& lend, auto&& take) {
        return succession_.drain(lend, take) && kinship_.drain(room, succession_, lend, take);
    }
    auto& kinship() { return kinship_; }
    Seat* link_anew(Room& room, PeerId peer, Address at) {
        if (room.status_ == Status::joined) return obey(room, peer, at);
        auto* seat = room.seat_anew(peer, at, key_of(room, peer));
        if (seat == nullptr) return nullptr;
        seat->told_away = room.roster_.is_away(peer);
        seat->follower = true;
        filing_.reseat(peer);
        kinship_.begun(room, succession_, epoch_, *seat);
        return seat;
    }

    // ---- events, and what the game wants

    // A reliable message, to one or to all, that the loss of the host can't hurt.
    Result<> file(Room& room, PeerId to, MessageType type, BytesIn payload) {
        if (to == room.self_ || (to && !room.roster_.contains(to))) return Error::unknown_peer;
        return filing_.file(room, to, type, payload);
    }
    // f(type, payload) of what this peer said to the former authority, and may not have been heard.
    void inherit(Room& room, auto&& f) {
        filing_.inherit(previous_, f);
        if (!room.roster_.contains(previous_)) filing_.forget(previous_);
    }

    Result<> set_authority(Room& room, PeerId to) {
        if (room.status_ != Status::hosting) return Error::not_authority;
        if (to == room.self_) return {};
        if (!could_follow(room, to)) return Error::unknown_peer;
        if (handover_.is_open()) return Error::already_open;
        handover_.wish(to);
        grant(room);
        return {};
    }
    void set_merit(Room& room, float merit) {
        merit_ = merit;
        succession_.set_merit(room.self_, merit);
        if (room.status_ == Status::hosting)
            room.for_each_seat([&](auto& seat) { herald(room).merit(seat, room.self_, merit); });
        else if (auto* seat = room.host_seat())
            herald(room).merit(*seat, room.self_, merit);
    }

    // ---- a turn: between two of them the room may change its host

    void turn(Room& room, Instant now) {
        if (!is_open(room.status_)) return;
        if (left_) room.tell_left(left_, Error::left), room.lose(left_, Error::left);
        left_ = PeerId::none();
        if (room.status_ == Status::hosting) {
            if (const PeerId better = reign_.watch(now, room, succession_, filing_))
                (void)set_authority(room, better);
        } else if (auto* seat = room.host_seat()) {
            watch_host(*seat, now);
        }
        succession_.handle_timeout(now, last_rx_);
        Verdict<Address> verdict;
        while (succession_.poll(verdict)) act(room, verdict, now);
        if (pending_) {
            pending_ = false;
            act(room, handed_, now);
        }
        if (handover_.is_over(now)) act(room, Verdict<Address>(handover_.verdict()), now);
        if (reign_.gathered(now, room, previous_, reason_ == Error::none)) begin_reign(room);
        grant(room);
        filing_.turn(room, now);
        kinship_.turn(room, succession_, now);
    }
    Instant next_turn() const {
        Instant next = min(succession_.poll_timeout(), reign_.poll_timeout());
        if (pending_ || left_) next = Instant{};
        next = min(next, min(handover_.poll_timeout(), filing_.next_turn()));
        return min(next, min(remind_at_, kinship_.next_turn()));
    }

    // ---- words from a link

    // True: it is an event. An error: no honest peer would say it.
    Result<bool> hear(Room& room, Seat& seat, const LinkEvent& said, RoomEvent& event) {
        if (said.type == room_word::filed) return filing_.hear(room, seat, said.payload, event);
        const auto kind =
            said.payload.empty() ? estate_word_count : std::to_integer<std::uint8_t>(said.payload[0]);
        if (kind >= estate_word_count) return Error::unknown_message;
        ByteReader in(said.payload.subspan(1));
        if (static_cast<EstateWord>(kind) == EstateWord::baseline)
            return hear_baseline(room, seat, in, event);
        return hear(room, seat, static_cast<EstateWord>(kind), in) ? Result<bool>(false) : Error::malformed;
    }

    // ---- what a guest sends to its new host

    void say_baseline(Room& room, MessageType type, BytesIn state) {
        if (auto* seat = room.host_seat()) herald(room).baseline(*seat, type, state);
    }
    void say_supplied(Room& room) {
        if (auto* seat = room.host_seat()) herald(room).supplied(*seat);
    }

  private:
    static constexpr Duration remind_pause = milliseconds(100);

    void clear() {
        pending_ = knows_ahead_ = false;
        reign_.end();
        handover_.end();
        left_ = PeerId::none();
        ahead_ = Duration{};
        reason_ = Error::timed_out;
        remind_at_ = Instant::never();
    }
    static Herald<Room> herald(Room& room) { return Herald<Room>(room); }
    WelcomeWord welcome(Room& room, bool missed) const {
        const Duration ahead = room.room_time(room.now_) - room.now_;
        return {epoch_, succession_.room_key(), ahead, missed, {}};
    }
    void begin_succession(Room& room, std::uint64_t key) {
        const Options& options = room.options_;
        const Duration patience =
            options.succeed_after > Duration{} ? options.succeed_after : room.stale_after();
        succession_.begin(room.self_, epoch_, room.terms_.game, room.terms_.room, key, patience,
                          max(options.away_for / 2, patience * 2), room.random_.fork());
        succession_.set_merit(room.self_, merit_);
        kinship_.begin(room, succession_);
        if (room.status_ == Status::hosting) reign_.begin(room.now_, false);
    }

    // ---- watching

    void watch_host(Seat& seat, Instant now) {
        last_rx_ = seat.link.stats().last_rx;
        if (seat.link.stats().packets_in != 0 || remind_at_ == Instant::never()) {
            remind_at_ = Instant::never();
        } else if (now >= remind_at_) {
            succession_.say_follows();
            remind_at_ = now + remind_pause;
        }
    }
    // ---- what a succession has come to

    void act(Room& room, const Verdict<Address>& verdict, Instant now) {
        switch (verdict.kind) {
            case Verdict<Address>::Kind::succeed:
                explain(verdict.handed);
                return succeed(room, verdict.epoch, now);
            case Verdict<Address>::Kind::follow:
                explain(verdict.handed);
                return follow(room, verdict, now);
            case Verdict<Address>::Kind::admit:
                return admit(room, verdict);
            case Verdict<Address>::Kind::renumber:
                epoch_ = verdict.epoch;
                previous_ = room.self_; // it decided before, and has nothing to take over
                room.for_each_seat([&](auto& seat) { herald(room).renumber(seat, epoch_.number); });
                tell_authority(room, room.self_, Error::none, false);
                return;
            case Verdict<Address>::Kind::yield:
                // It says so again, when this one has taken over what there was.
                if (!handover_.is_named() && !reign_.gathers()) leave_to(room, verdict.epoch, verdict.at);
                return;
            case Verdict<Address>::Kind::none:
                return;
        }
    }
    // Why there is another authority. One to whom it was handed may be lost before it says a word.
    void explain(bool handed) {
        if (handed || reason_ == Error::none) reason_ = handed ? Error::none : Error::timed_out;
    }
    void take(Epoch epoch) {
        previous_ = epoch_.authority;
        epoch_ = epoch;
        succession_.take(epoch, reason_ == Error::none);
        pending_ = false;
        handover_.end();
    }
    auto key_of(Room& room, PeerId peer) { return kinship_.key(room, succession_, epoch_, peer); }

    void succeed(Room& room, Epoch epoch, Instant now) {
        take(epoch);
        room.take_over();
        remind_at_ = Instant::never();
        reign_.begin(now, true);
        knows_ahead_ = true;
        filing_.preside();
        for (std::size_t i = 0; i < room.roster_.size();) {
            const PeerId id = room.roster_[i].id;
            // Who left stays in the roster until its states are handed on: they go with it.
            const bool left = id == previous_ && reason_ == Error::left;
            if (id == room.self_ || left || give_seat(room, id))
                ++i;
            else
                room.lose(id, Error::unreachable);
        }
        room.permissions_.reign(room);
    }
    bool give_seat(Room& room, PeerId id) {
        const auto* heir = succession_.heir(id);
        if (heir == nullptr || !heir->has_address) return false;
        auto* seat = room.seat_anew(id, heir->at, key_of(room, id));
        if (seat == nullptr) return false;
        seat->follower = true;
        seat->told_away = room.roster_.is_away(id);
        filing_.seat(id);
        if ((id == previous_ && reason_ != Error::none) || seat->told_away) room.suspend(*seat);
        kinship_.begun(room, succession_, epoch_, *seat);
        return true;
    }
    // What was said to an authority that has left is its successor's, who has not looked at it yet.
    bool keeps_for(PeerId id) const { return reign_.gathers() && id == previous_; }
    void begin_reign(Room& room) {
        tell_authority(room, room.self_, reason_, false);
        left_ = reason_ == Error::left ? previous_ : PeerId::none();
        reason_ = Error::timed_out;
    }

    void follow(Room& room, const Verdict<Address>& verdict, Instant now) {
        const bool hosted = room.status_ == Status::hosting;
        take(verdict.epoch);
        reign_.end();
        if (Topology::traits.has_authority && !hosted && reason_ != Error::none)
            filing_.readdress(previous_, verdict.peer);
        if (hosted) room.yield_time();
        knows_ahead_ = false;
        welcomed_ = false;
        last_rx_ = now;
        (void)obey(room, verdict.peer, verdict.at);
        room.notices_.tell(RoomEvent::Kind::obeys, verdict.peer);
    }
    Seat* obey(Room& room, PeerId host, const Address& at) {
        room.obey(host, at, key_of(room, host));
        remind_at_ = room.now_;
        auto* seat = room.host_seat();
        if (seat != nullptr) filing_.follow(room, *seat), kinship_.begun(room, succession_, epoch_, *seat);
        return seat;
    }
    void admit(Room& room, const Verdict<Address>& verdict) {
        auto* seat = room.seat_of(verdict.peer);
        const bool begun = seat != nullptr && kinship_.has_begun(room, succession_, epoch_, *seat);
        if (room.roster_.contains(verdict.peer) && !begun) (void)link_anew(room, verdict.peer, verdict.at);
    }
    bool could_follow(Room& room, PeerId to) const {
        const auto* seat = room.seat_of(to);
        const auto* heir = succession_.heir(to);
        return seat != nullptr && !seat->is_away() && heir != nullptr && heir->has_address;
    }
    // Not before this one has what the others know and what was said to the one before it; nor to a peer that
    // does not obey it yet, and so would not hear that it decides.
    void grant(Room& room) {
        const PeerId to = handover_.wished();
        if (!to || reign_.gathers()) return;
        if (!could_follow(room, to)) return handover_.end();
        if (room.seat_of(to)->link.stats().packets_in != 0)
            leave_to(room, {epoch_.number + 1, to}, succession_.heir(to)->at);
    }
    // Tells all to obey another, and does so itself when they have heard it.
    void leave_to(Room& room, Epoch epoch, const Address& at) {
        handover_.name(epoch, at, room.now_ + Handover<Address>::patience(room));
        reason_ = Error::none;
        succession_.hand_over(epoch.authority);
        room.for_each_seat([&](auto& seat) { herald(room).handover(seat, epoch); });
    }
    void tell_authority(Room& room, PeerId authority, Error reason, bool missed) {
        RoomEvent event{RoomEvent::Kind::authority, authority, {}, {}, reason, {}};
        event.previous = previous_;
        event.epoch = epoch_.number;
        event.missed = missed;
        room.notices_.tell(event);
    }

    // ---- hearing

    bool hear(Room& room, Seat& seat, EstateWord kind, ByteReader& in) {
        const bool from_host = room.status_ == Status::joined;
        switch (kind) {
            case EstateWord::welcome:
                return from_host && hear_welcome(room, in);
            case EstateWord::address:
                return from_host && herald(room).hear_address(in, succession_);
            case EstateWord::merit:
                return herald(room).hear_merit(seat, in, succession_);
            case EstateWord::handover:
                return from_host && hear_handover(room, in);
            case EstateWord::renumber: {
                const std::uint32_t number = in.u32();
                if (!from_host || !in.ok() || number < epoch_.number) return false;
                epoch_.number = number;
                succession_.renumber(number);
                return true;
            }
            case EstateWord::report: {
                const Result<bool> completed = filing_.hear_report(room, seat, in.rest());
                if (!completed) return false;
                if (*completed && seat.follower) say_all(room, seat);
                if (*completed) filing_.synchronise(room, seat);
                return true;
            }
            case EstateWord::start:
                return from_host && filing_.hear_start(in.rest());
            case EstateWord::baseline: // heard above
                return false;
            case EstateWord::supplied:
                if (from_host) return false;
                seat.supplied = seat.supplied == 0 ? 1 : seat.supplied;
                return true;
            case EstateWord::kin:
                return from_host && kinship_.hear_kin(room, succession_, in);
            case EstateWord::local:
                return whereabouts_.hear(room, seat, in, succession_);
        }
        return false;
    }

    bool hear_welcome(Room& room, ByteReader& in) {
        const auto word = WelcomeWord::read(in);
        if (!word || word->epoch.authority != room.host_id_) return false;
        const bool came = !succession_.is_open();
        ahead_ = word->ahead;
        knows_ahead_ = true;
        if (came) {
            epoch_ = word->epoch;
            begin_succession(room, word->room_key);
            kinship_.welcomed(room, succession_);
            succession_.know_address(room.host_id_, room.host_address_);
        } else {
            epoch_.number = word->epoch.number;
            succession_.renumber(word->epoch.number);
        }
        if (!came && !welcomed_) tell_authority(room, room.host_id_, reason_, word->missed);
        for (std::size_t i = room.roster_.size(); i-- > 0;) {
            const PeerId id = room.roster_[i].id;
            if (id != room.self_ && !word->has(id)) room.lose(id, Error::left);
        }
        if (came) filing_.report_from_now();
        if (auto* seat = room.host_seat(); seat != nullptr) {
            if (merit_ != 0) herald(room).merit(*seat, room.self_, merit_);
            whereabouts_.say_own(room, *seat);
        }
        welcomed_ = true;
        reason_ = Error::timed_out;
        return true;
    }
    bool hear_handover(Room& room, ByteReader& in) {
        Verdict<Address> handed;
        if (!herald(room).hear_handover(in, epoch_, succession_, handed)) return false;
        if (handed.kind == Verdict<Address>::Kind::none) return true;
        handed_ = handed, reason_ = Error::none, pending_ = true;
        return true;
    }
    Result<bool> hear_baseline(Room& room, Seat& seat, ByteReader& in, RoomEvent& event) {
        const std::uint64_t number = in.varint();
        if (!in.ok() || number > 0xFFFF || room.status_ != Status::hosting) return Error::malformed;
        const MessageType type{static_cast<std::uint16_t>(number)};
        if (!room.carriage_.knows(type)) return Error::unknown_message;
        if (!reign_.gathers()) return false; // too late: the room has gone on
        event = {RoomEvent::Kind::baseline, seat.id, type, in.rest(), Error::none, {}};
        return true;
    }

    // To who obeys a new host, when it has told what it heard.
    void say_all(Room& room, Seat& seat) {
        herald(room).welcome(seat, welcome(room, filing_.ledger().missed(seat.id)));
        room.introduce_all(seat);
        herald(room).heirs(seat, succession_);
    }

    Succession succession_;
    TENON_NO_UNIQUE_ADDRESS Kinship<Seat, Guard> kinship_;
    Whereabouts<Address> whereabouts_;
    Filing filing_;
    Reign<Election> reign_;
    Epoch epoch_;
    PeerId previous_, left_;          // left: who was that, and is forgotten when its successor has begun
    Error reason_ = Error::timed_out; // why there is another; none: it handed over
    float merit_ = 0;
    bool pending_ = false, knows_ahead_ = false, welcomed_ = false;
    Verdict<Address> handed_;
    Handover<Address> handover_;
    Duration ahead_{};
    Instant last_rx_{}, remind_at_ = Instant::never();
};

} // namespace tenon
