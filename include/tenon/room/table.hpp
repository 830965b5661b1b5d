#pragma once
// The table of a room: the seats around it, each with a link to a peer that is reached directly, the door
// through which peers come and go, and the turns in which links are fed and drained. Sans-I/O; the Room,
// which knows what is said there, stands on it.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/machine.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/random.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/link.hpp"
#include "tenon/link/redial.hpp"
#include "tenon/room/entrance.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/notices.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/roster.hpp"
#include "tenon/room/seats.hpp"
#include "tenon/room/way_back.hpp"

namespace tenon {

// `Meeting` stands on it, and tells those who are there of each other: introduce(newcomer, name),
// tell_left(id, reason) and tell_away(id, away). It may outlive(reason) the loss of its host, hears claims
// about who hosts, and has a turn(now) of its own. Its hear(seat, said, event) makes an event of the room of
// what a link brought, and gives false when it is none.
template <class Meeting, class AddressType, class Reliability, class Guard>
class Table {
  public:
    using Address = AddressType;
    using Event = RoomEvent;
    using Seats = tenon::Seats<Address, Reliability, Guard>;
    using Seat = typename Seats::Seat;
    using Link = typename Seats::Link;
    using Key = typename Seats::Key;
    using Caller = typename Entrance<Address, Guard>::Caller;

    Table(const Options& options, const Terms& terms, const Carriage& carriage, std::size_t datagram_bytes,
          Pulse pulse, std::size_t head_bytes, std::uint64_t seed, const Guard& guard)
        : options_(options),
          terms_(terms),
          carriage_(carriage),
          link_options_(
              link_options(options, datagram_bytes - Guard::Seal::back_bytes, pulse.keepalive, head_bytes)),
          redial_pause_(pulse.redial),
          name_(options.name),
          random_(seed),
          pool_(link_options_.datagram_bytes - chunk_reserve, options.pool_bytes_max),
          seats_(random_.fork()),
          entrance_(SipKey{random_.next(), random_.next()}, guard) {}
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;
    ~Table() { clear(); }

    // ---- opening and closing

    Result<> host() {
        if (is_open(status_)) return Error::already_open;
        clear();
        meeting().clear_announced();
        status_ = Status::hosting;
        self_ = host_id_ = PeerId::host();
        meeting().founded();
        roster_.add(self_, name_.view());
        notices_.tell(RoomEvent::Kind::joined, self_);
        return {};
    }
    Result<> join(Instant now, const Address& host) {
        if (is_open(status_)) return Error::already_open;
        clear();
        status_ = Status::joining;
        host_address_ = host;
        knock_.begin(now, options_.timeout, random_.next(), terms_, name_.view(), guard(), host.text());
        return {};
    }
    // Ends in good order: every peer is told when the room is next drained.
    void leave() {
        meeting().fan_out([this](Seat& seat) { mark(seat); });
        seats_.for_each([&](Seat& seat) { seat.is_away() ? seats_.remove(seat) : close(seat, Error::left); });
        if (is_open(status_)) status_ = Status::closed;
        meeting().ended();
        knock_ = Knock<Guard>();
        way_back_.end();
    }
    Result<> kick(PeerId peer) {
        Seat* seat = seat_of(peer);
        if (status_ != Status::hosting || seat == nullptr) return Error::unknown_peer;
        seat->is_away() ? drop(*seat, Error::kicked) : close(*seat, Error::kicked);
        return {};
    }
    // A guest's own address has changed: it asks the host to go on with it from there.
    void moved() {
        if (status_ == Status::joined) way_back_.move();
    }

    // ---- the machine

    void handle_datagram(Instant now, const Address& from, BytesIn datagram) {
        now_ = now;
        if (datagram.empty()) return;
        if (std::to_integer<std::uint8_t>(datagram[0]) & packet_flag::meeting)
            return meet(now, from, datagram);
        Seat* seat = seats_.at(from);
        if (seat == nullptr) return count_strange(true);
        if (seat->link.handle_datagram(now, datagram, desk_)) reading_ = seat;
    }

    // A datagram from there is next but one: what it will need is fetched from memory meanwhile.
    void expect(const Address& from) { seats_.expect(from); }
    // Lets in a caller who has shown, by its cookie, that it receives at its address; or tells it why not.
    void admit(Instant now, const Address& from, Caller& connect) {
        now_ = now;
        if (status_ != Status::hosting || entrance_.is_spent(now, connect.nonce)) return count_strange(true);
        if (Seat* seat = seats_.at(from)) {
            // The same caller again: its acceptance was lost. Another: that program has started anew.
            if (seat->nonce == connect.nonce) return entrance_.repeat(from, seat->answer.bytes());
            if (is_heard_at(now, from)) return count_strange(true);
            drop(*seat, Error::left);
        }
        if (!entrance_.fits(from, connect, terms_, carriage_)) return;
        if (roster_.size() > options_.peers_max)
            return entrance_.reply(from, Refusal{connect.nonce, Error::room_full, {}});
        const Accept accept = acceptance(connect.nonce, PeerId{next_id_});
        const typename Seats::Answer answer(accept, guard(), connect.visitor);
        if (answer.size == 0) return count_strange(true);
        meeting().fan_out([this](Seat& there) { mark(there); }); // what was said before it came is not for it
        Seat* seat = take_seat(from, accept.peer,
                               guard().key(connect.visitor, terms_.schema, accept.nonce, accept.host_nonce),
                               now, false);
        if (seat == nullptr) return entrance_.reply(from, Refusal{connect.nonce, Error::room_full, {}});
        ++next_id_;
        seat->nonce = connect.nonce;
        seat->answer = answer;
        entrance_.repeat(from, answer.bytes());
        const PeerName name(connect.name);
        meeting().introduce(*seat, name);
        notices_.tell(RoomEvent::Kind::peer_joined, seat->id, Error::none, name);
    }

    // The program at that address has started anew, in another room of the same hall.
    void forget(Instant now, const Address& at) {
        now_ = now;
        if (Seat* seat = seats_.at(at)) drop(*seat, Error::left);
    }
    bool has_seat_at(const Address& address) { return seats_.at(address) != nullptr; }
    bool is_heard_at(Instant now, const Address& at) { return seats_.hears(at, now, stale_after()); }
    std::size_t seat_count() const { return seats_.size(); }
    void begin(Instant now) { now_ = now; } // what is said from here on is said now
    // A peer wants its place back, from any address. The host grants it to who proves to have the link's key.
    void resume(Instant now, const Address& from, const Resume& asked) {
        now_ = now;
        if (status_ != Status::hosting || asked.game != terms_.game || asked.room != terms_.room)
            return count_strange(true);
        Seat* seat = seats_.of(asked.peer);
        if (seat == nullptr || !seat->proves(asked, guard())) {
            count_strange(true);
            return entrance_.reply(from, Refusal{asked.nonce, Error::cant_resume, {}});
        }
        if (!(seat->address == from) && is_heard_at(now, from)) return count_strange(true);
        if (Seat* other = seats_.at(from); other != nullptr && other != seat) drop(*other, Error::left);
        if (!seats_.move(*seat, from)) return;
        if (seat->nonce != asked.nonce) {
            entrance_.spend(now, seat->nonce);
            const Accept accept = acceptance(asked.nonce, seat->id);
            const auto& seal = seat->link.seal();
            seat->answer = typename Seats::Answer(accept, guard(), seal);
            seat->renew(now, asked, guard().next_key(seal, terms_.schema, accept.nonce, accept.host_nonce));
            mark(*seat);
        }
        entrance_.repeat(from, seat->answer.bytes());
    }

    void handle_timeout(Instant now) {
        now_ = now;
        if (knock_.handle_timeout(now)) give_up_joining();
        while (Seat* seat = seats_.due(now)) {
            if (seat->away_until <= now) {
                drop(*seat, Error::timed_out);
                continue;
            }
            seat->link.handle_timeout(now);
            mark(*seat);
        }
        watch_path(now);
        meeting().turn(now);
    }

    bool poll_event(RoomEvent& event) {
        for (;;) {
            if (reading_ == nullptr) return notices_.poll(event);
            LinkEvent said;
            if (reading_->link.poll_event(said)) {
                if (meeting().hear(*reading_, said, event)) return true;
                continue;
            }
            Seat* seat = reading_;
            reading_ = nullptr;
            if (!notice_state(*seat)) seats_.touched(*seat, now_);
        }
    }

    Transmit<Address> poll_transmit(Instant now, BytesOut into) {
        Transmit<Address> transmit;
        drain(
            now,
            [&](const Address& to) {
                transmit.to = to;
                return into;
            },
            [&](std::size_t size) {
                transmit.size = size;
                return size == 0;
            });
        return transmit;
    }

    // The same into lent buffers: `lend(address)` gives one, empty to stop; `take(size)` gets what was
    // written, 0 when nothing was, and gives false to stop.
    void drain(Instant now, auto&& lend, auto&& take) {
        now_ = now;
        if (!entrance_.drain(lend, take) || !meeting().drain_claims(lend, take)) return;
        if (!ask_host(now, knock_, lend, take) || !ask_host(now, way_back_, lend, take)) return;
        bool full = false;
        meeting().fan_out([&](Seat& seat) {
            full = full || !drain_seat(now, seat, lend, take);
            if (full || seat.dirty) return mark(seat);
            seats_.settle(seat);
            notice_state(seat);
        });
        if (full) return;
        while (Seat* seat = seats_.marked()) {
            if (!drain_seat(now, *seat, lend, take)) return;
            seats_.done();
            notice_state(*seat);
        }
    }

    // Nothing is left to be said or done.
    bool drained() const { return seats_.empty() && entrance_.front() == nullptr && notices_.empty(); }

    Instant poll_timeout() const {
        if (entrance_.front() != nullptr || !notices_.empty() || meeting().announces()) return Instant{};
        return min(min(knock_.poll_timeout(), seats_.next()), min(path_timeout(), meeting().next_turn()));
    }

    // ---- the seats

    // Of one message, encoded: as the host says.
    std::size_t message_bytes_max() const { return message_bytes_max_; }
    void mark(Seat& seat) { seats_.mark(seat); }
    void for_each_seat(auto&& f) { seats_.for_each_open(f); }
    Seat* seat_of(PeerId peer) { return seats_.of(peer); }
    // Of a guest: the way to all the others.
    Seat* host_seat() { return status_ == Status::joined ? seats_.of(host_id_) : nullptr; }

    // ---- asking

    Status status() const { return status_; }
    PeerId self() const { return self_; }
    PeerId host_id() const { return host_id_; }
    const Roster& roster() const { return roster_; }
    // For how long a peer may be silent before it is looked for.
    Duration stale_after() const {
        return options_.stale_after > Duration{} ? options_.stale_after : link_options_.keepalive * 2;
    }

  protected:
    // ---- where the host can change, it does so between two turns

    // The room is this peer's from here on: it has no seats yet.
    void take_over() {
        leave_seats();
        status_ = Status::hosting;
        host_id_ = self_;
        // The former host may have given away numbers of which nobody here has heard.
        constexpr std::uint32_t unheard = 64;
        next_id_ = (roster_.size() != 0 ? roster_[roster_.size() - 1].id.value + 1 : 1) + unheard;
    }
    // Another peer's is the room: the link to it has that key, and needs no handshake.
    void obey(PeerId host, const Address& at, const Key& key) {
        leave_seats();
        status_ = Status::joined;
        host_id_ = host;
        host_address_ = at;
        (void)take_seat(at, host, key, now_, true);
    }
    // A seat with a link that begins anew.
    Seat* seat_anew(PeerId id, const Address& at, const Key& key) {
        if (Seat* old = seats_.of(id)) unseat(*old);
        if (Seat* other = seats_.at(at)) drop(*other, Error::left);
        return take_seat(at, id, key, now_, false);
    }
    Seat* take_seat(const Address& address, PeerId id, const Key& key, Instant now, bool asks_time) {
        LinkOptions options = link_options_;
        options.asks_time = asks_time;
        return seats_.add(address, id, pool_, options, key, now, random_.fork());
    }
    void unseat(Seat& seat) {
        if (reading_ == &seat) reading_ = nullptr;
        seats_.remove(seat);
    }
    void suspend(Seat& seat) {
        seat.link.suspend();
        set_away(seat, true);
    }

    void count_strange(bool strange) { strange_ += strange ? 1 : 0; }
    void close(Seat& seat, Error reason) {
        seat.link.close(reason);
        if (seat.is_away()) seat.away_until = now_; // it can't be told
        mark(seat);
    }

    Options options_;
    Terms terms_;
    Carriage carriage_;
    LinkOptions link_options_;
    Duration redial_pause_;
    PeerName name_;
    Random random_;
    Pool pool_;
    Status status_ = Status::idle;
    PeerId self_, host_id_ = PeerId::host();
    Roster roster_;
    Notices notices_;
    Instant now_{};
    Address host_address_{};
    std::uint64_t strange_ = 0; // datagrams from nobody we know, or that nobody of ours would send

    Seats seats_;

  private:
    Meeting& meeting() { return static_cast<Meeting&>(*this); }
    const Meeting& meeting() const { return static_cast<const Meeting&>(*this); }

    // ---- at the door

    void meet(Instant now, const Address& from, BytesIn datagram) {
        const std::uint8_t kind = meeting_kind(datagram);
        if (kind == meeting::claim) return count_strange(!meeting().hear_claim(now, from, datagram));
        if (status_ == Status::hosting) {
            const auto is_played = [this](std::uint64_t game) { return game == terms_.game; };
            if (kind == meeting::hello)
                return count_strange(!entrance_.greet(now, from, datagram, is_played));
            if (kind == meeting::resume) {
                const auto asked = read_resume(datagram);
                return asked ? resume(now, from, *asked) : count_strange(true);
            }
            if (kind == meeting::connect) {
                auto caller = entrance_.hear(now, from, datagram);
                return caller ? admit(now, from, *caller) : count_strange(true);
            }
        } else if (status_ == Status::joining && from == host_address_) {
            if (knock_.handle_datagram(now, datagram))
                knock_.state() == Knock<Guard>::State::accepted ? enter(now) : give_up_joining();
            return;
        } else if (status_ == Status::joined && from == host_address_) {
            return hear_redialed(now, kind, datagram);
        }
        count_strange(kind == 0);
    }
    Accept acceptance(std::uint64_t nonce, PeerId peer) {
        return {nonce, random_.next(),  peer,
                self_, terms_.features, static_cast<std::uint32_t>(message_bytes_max_)};
    }
    const Guard& guard() const { return entrance_.guard(); }
    void enter(Instant now) {
        const Accept& accept = knock_.accept();
        host_id_ = accept.host;
        Seat* seat = take_seat(host_address_, host_id_, knock_.key(), now, true);
        if (seat == nullptr) return;
        self_ = accept.peer;
        // The host's limit is the room's: nobody sends more, and so everybody must be able to take as much.
        const bool fits = accept.message_bytes_max <= options_.message_bytes_max;
        message_bytes_max_ = accept.message_bytes_max;
        status_ = fits ? Status::joined : Status::closed;
        if (fits) return meeting().entered(), notices_.tell(RoomEvent::Kind::joined, self_);
        close(*seat, Error::too_large);
        notices_.tell(RoomEvent::Kind::closed, self_, Error::too_large);
    }
    void give_up_joining() {
        status_ = Status::closed;
        notices_.tell_closed(self_, knock_.reason(), knock_.text());
    }

    void leave_seats() {
        meeting().leaving_seats();
        seats_.clear();
        reading_ = nullptr;
        way_back_.end();
    }
    // After a link was fed or drained: whether it has ended.
    bool notice_state(Seat& seat) {
        if (seat.told_away && seat.link.state() == Link::State::open) set_away(seat, false);
        if (seat.link.state() != Link::State::closed) return false;
        if (meeting().is_beside(seat)) return meeting().beside_ended(seat);
        if (seat.link.reason() == Error::timed_out && is_open(status_) && options_.away_for > Duration{}) {
            seat.link.suspend();
            set_away(seat, true);
            return false;
        }
        drop(seat, seat.link.reason());
        return true;
    }

    // ---- broken paths

    void set_away(Seat& seat, bool away) {
        seat.away_until = away && status_ == Status::hosting ? now_ + options_.away_for : Instant::never();
        mark(seat); // so that its deadline is seen
        seat.told_away = away;
        if (!roster_.set_away(seat.id, away)) return;
        if (status_ == Status::hosting) meeting().tell_away(seat.id, away);
        notices_.tell(away ? RoomEvent::Kind::peer_away : RoomEvent::Kind::peer_back, seat.id, Error::none,
                      PeerName(roster_.name_of(seat.id)));
    }
    // A guest that hears nothing asks for its place, until it hears again or has asked for too long.
    void watch_path(Instant now) {
        Seat* seat = host_seat();
        if (seat == nullptr || options_.away_for <= Duration{}) return;
        const Error error = way_back_.handle_timeout(
            now, seat->link, guard(), stale_after(), terms_, self_, random_, redial_pause_,
            options_.timeout * 2 + options_.away_for); // the host decides sooner
        if (error != Error::none) drop(*seat, error);
    }
    Instant path_timeout() const {
        const Seat* seat = status_ == Status::joined ? seats_.of(host_id_) : nullptr;
        if (seat == nullptr || options_.away_for <= Duration{}) return Instant::never();
        return way_back_.poll_timeout(seat->link, stale_after());
    }
    void hear_redialed(Instant now, std::uint8_t kind, BytesIn datagram) {
        Seat* seat = host_seat();
        if (seat == nullptr) return;
        const Error error = way_back_.hear(now, kind, datagram, seat->link, guard(), terms_.schema);
        error != Error::none ? drop(*seat, error) : mark(*seat);
    }

    // The peer is gone: everybody hears of it, and its seat is free.
    void drop(Seat& seat, Error reason) {
        const PeerId id = seat.id;
        if (reading_ == &seat) reading_ = nullptr;
        if (status_ == Status::hosting) entrance_.spend(now_, seat.nonce);
        seats_.remove(seat);
        way_back_.end();
        if (status_ == Status::joined) {
            if (meeting().outlives(reason)) return;
            status_ = Status::closed;
            seats_.for_each([this](Seat& other) { close(other, Error::left); });
            notices_.tell(RoomEvent::Kind::closed, self_, reason);
            return;
        }
        const PeerName name(roster_.name_of(id));
        if (!roster_.remove(id) || status_ != Status::hosting) return;
        meeting().tell_left(id, reason);
        notices_.tell(RoomEvent::Kind::peer_left, id, reason, name);
    }

    bool ask_host(Instant now, auto& asker, auto& lend, auto& take) {
        if (asker.poll_timeout() > now) return true;
        const BytesOut into = lend(host_address_);
        return !into.empty() && take(asker.poll_transmit(now, into));
    }
    bool drain_seat(Instant now, Seat& seat, auto& lend, auto& take) {
        for (;;) {
            const BytesOut into = lend(seat.address);
            if (into.empty()) return false;
            const std::size_t size = seat.link.poll_transmit(now, into);
            if (!take(size)) return size == 0;
            if (size == 0) return true;
        }
    }

    void clear() {
        seats_.clear();
        notices_.clear();
        entrance_.clear();
        roster_.clear();
        reading_ = nullptr;
        way_back_.end();
        next_id_ = 1;
        self_ = PeerId::none();
        host_id_ = PeerId::host();
        message_bytes_max_ = options_.message_bytes_max;
    }

    Entrance<Address, Guard> entrance_;
    Knock<Guard> knock_;
    std::byte desk_[Guard::desk_bytes]; // where the packet that is being read was opened, if it was closed
    WayBack way_back_;
    std::uint32_t next_id_ = 1;
    std::size_t message_bytes_max_ = 0;
    Seat* reading_ = nullptr;
};

} // namespace tenon
