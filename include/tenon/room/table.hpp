#pragma once
// The table of a room: the seats around it, each with a link to a peer that is reached directly, the door
// through which peers come and go, and the turns in which links are fed and drained. Sans-I/O; the Room,
// which knows what is said there, stands on it.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/machine.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/random.hpp"
#include "tenon/link/farewell.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/link_of.hpp"
#include "tenon/link/redial.hpp"
#include "tenon/link/shared_bytes.hpp"
#include "tenon/room/doorway.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/hallway.hpp"
#include "tenon/room/limits.hpp"
#include "tenon/room/notices.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/roster.hpp"
#include "tenon/room/seats.hpp"
#include "tenon/room/way_back.hpp"

namespace tenon {

// `Meeting` stands on it, and tells those who are there of each other: introduce(newcomer, name, role),
// tell_left(id, reason) and tell_away(id, away). It may outlive(reason) the loss of its host, hears claims
// about who hosts, and has a turn(now) of its own. Its hear(seat, said, event) makes an event of the room of
// what a link brought, and gives false when it is none.
template <class Meeting, class AddressType, class Reliability, class GuardType>
class Table {
  public:
    using Address = AddressType;
    using Guard = GuardType;
    using Event = RoomEvent;
    using Seats = tenon::Seats<Address, Reliability, Guard>;
    using Seat = typename Seats::Seat;
    using Link = typename Seats::Link;
    using Key = typename Seats::Key;
    using Door = Doorway<Table, Address, Guard>;
    using Request = typename Door::Request;
    // Each peer has a connection of its own: its place is kept for as long as that is there. Or some have.
    static constexpr bool connected = Reliability::traits.native;
    static constexpr bool mixed = requires(const Link& link) { link.is_stream(); };

    Table(const Options& options, const Terms& terms, const Carriage& carriage, std::size_t datagram_bytes,
          Pulse pulse, std::size_t head_bytes, std::uint64_t seed, const Guard& guard)
        : options_(options_over<connected, mixed>(options, datagram_bytes, head_bytes)),
          terms_(terms),
          carriage_(carriage),
          link_options_(
              link_options(options_, datagram_bytes - Guard::Seal::back_bytes, pulse.keepalive, head_bytes)),
          redial_pause_(pulse.redial),
          name_(options.name),
          random_(seed),
          pool_(pool_block_bytes<Reliability>(link_options_), options.pool_bytes_max),
          seats_(random_.fork()),
          limits_(options.limits, options.queue_bytes_max, options.message_bytes_max),
          door_(SipKey{random_.next(), random_.next()}, guard, options) {}
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
        door_.name_session(random_.next());
        capabilities_ = terms_.capabilities;
        meeting().founded();
        roster_.add(self_, name_.view(), Meeting::founder_role);
        notices_.tell(RoomEvent::Kind::joined, self_);
        return {};
    }
    Result<> join(Instant now, const Address& host) {
        if (is_open(status_)) return Error::already_open;
        clear();
        status_ = Status::joining;
        host_address_ = host;
        knock_.begin(now, options_.timeout, random_.next(), terms_, name_.view(), guard(), host.text(),
                     credential_.bytes());
        return {};
    }
    // What this peer shows at the next door.
    Result<> show(BytesIn credential) { return credential_.set(credential); }
    void ask_first() { door_.ask_first(); }
    // Ends in good order: every peer is told when the room is next drained.
    void leave() {
        mark_all();
        seats_.for_each([&](Seat& seat) { seat.is_away() ? seats_.remove(seat) : close(seat, Error::left); });
        if (is_open(status_)) status_ = Status::closed;
        meeting().ended();
        knock_ = Knock<Guard>(), way_back_.end();
    }
    // `text`, of at most 120 bytes, is for who is sent away.
    Result<> kick(PeerId peer, std::string_view text = {}, Error reason = Error::kicked) {
        Seat* seat = seat_of(peer);
        if (status_ != Status::hosting || seat == nullptr) return Error::unknown_peer;
        if (text.size() > farewell_bytes_max) return Error::too_large;
        seat->is_away() ? drop(*seat, reason) : close(*seat, reason, text);
        return {};
    }
    // What a peer said could not be decoded. Once is no harm; who goes on so has nothing to say here.
    void undecodable(PeerId from) {
        Seat* seat = seat_of(from);
        limits_.count_undecodable();
        if (seat == nullptr || !is_limited(*seat)) return;
        if (!limits_.undecodable(now_, seat->used)) close(*seat, Error::undecodable);
    }
    Doorkeeper& doorkeeper() { return door_.entrance().keeper(); }
    // A guest's own address has changed: it asks the host to go on with it from there.
    void moved() {
        if (status_ == Status::joined) way_back_.move();
    }

    // ---- the machine

    // What comes beside the stream of a connection is for the link that it has.
    void handle_datagram(Instant now, const Address& from, BytesIn datagram, Lane lane = {}) {
        now_ = now;
        if (datagram.empty()) return;
        if (lane == Lane{} && std::to_integer<std::uint8_t>(datagram[0]) & packet_flag::meeting)
            return meet(now, from, datagram);
        Seat* seat = seats_.at(from);
        if (seat != nullptr) return take(*seat, datagram, lane);
        if (lane != Lane{}) return count_strange(true);
        count_strange((reading_ = meeting().find(from, datagram, desk_)) == nullptr);
    }
    // The connection to there broke, or could not be made. What was said over it before was heard.
    void lost(const Address& at) {
        if (Seat* seat = seats_.at(at); seat != nullptr && is_over_stream(seat->link)) {
            const bool told = seat->link.state() == Link::State::closing; // why it ends
            drop(*seat, told ? seat->link.reason() : Error::connection_lost);
        } else if (status_ == Status::joining && at == host_address_) {
            give_up_joining(Error::connection_lost);
        }
        hallway_.lost(at);
    }
    // A datagram from there is next but one: what it will need is fetched from memory meanwhile.
    void expect(const Address& from, BytesIn datagram) { seats_.expect(from, datagram); }
    // At the door, see Doorway: a caller, what becomes of it, and a peer who wants its place back.
    void admit(Instant now, const Address& from, Request& request) {
        begin(now), door_.admit(*this, from, request);
    }
    void answer(auto&& decide) { door_.answer(*this, decide); }
    void resume(Instant now, const Address& from, const Resume& asked) {
        begin(now), door_.resume(*this, from, asked);
    }

    // The program at that address has started anew, in another room of the same hall.
    void forget(Instant now, const Address& at) {
        now_ = now;
        if (Seat* seat = seats_.at(at)) drop(*seat, Error::left);
    }
    // What who sits there was told when it was let in with this request; empty when it was not.
    BytesIn answer_to(const Address& from, std::uint64_t nonce) {
        const Seat* seat = seats_.at(from);
        return seat != nullptr && seat->nonce == nonce ? seat->answer.bytes() : BytesIn();
    }
    bool has_seat_at(const Address& address) { return seats_.at(address) != nullptr; }
    bool is_heard_at(Instant now, const Address& at) { return seats_.hears(at, now, stale_after()); }
    std::size_t seat_count() const { return seats_.size(); }
    // What is said from here on is said now.
    void begin(Instant now) {
        now_ = now;
        if (status_ == Status::joined) seats_.expect_last();
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
            // At once: who is away must have in its queue what the others are told from here on.
            if (!notice_state(*seat)) mark(*seat);
        }
        way_back_.handle_timeout(now, *this);
        meeting().turn(now);
    }

    bool poll_event(RoomEvent& event) {
        if (door_.asks(event)) return true;
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
        return drain_one<Address>(into, [&](auto& lend, auto& take) { drain(now, lend, take); });
    }
    // The same into buffers that `lend(address)` gives, empty to stop; so may `take(size)`, 0 for nothing.
    void drain(Instant now, auto&& lend, auto&& take) {
        now_ = now;
        if (!door_.entrance().drain(lend, take) || !meeting().drain_claims(lend, take)) return;
        if (!ask(now, knock_, host_address_, lend, take)) return;
        if (!way_back_.drain(now, *this, lend, take)) return;
        bool full = false;
        meeting().fan_out([&](Seat& seat) {
            full = full || !tenon::drain(now, seat.link, seat.address, lend, take);
            if (full || seat.dirty) return mark(seat);
            seats_.settle(seat);
            notice_state(seat);
        });
        if (full) return;
        while (Seat* seat = seats_.marked()) {
            if (!tenon::drain(now, seat->link, seat->address, lend, take)) return;
            seats_.done();
            notice_state(*seat);
        }
        hallway_.turn(now, *this, lend);
    }

    // Nothing is left to be said or done.
    bool drained() const {
        return seats_.empty() && door_.entrance().front() == nullptr && notices_.empty() &&
               hallway_.all_gone();
    }

    Instant poll_timeout() const {
        if (door_.entrance().front() != nullptr || !notices_.empty() || meeting().announces())
            return Instant{};
        const Instant path = min(way_back_.poll_timeout(*this), hallway_.next());
        return min(min(knock_.poll_timeout(), seats_.next()), min(path, meeting().next_turn()));
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

    // Names this life of the room, the same for all who are in it.
    std::uint64_t session() const { return door_.session(); }
    // Those of this peer, and, on who let it in, of another.
    std::uint32_t capabilities() const { return capabilities_; }
    Result<std::uint32_t> capabilities(PeerId guest) {
        const Seat* seat = status_ == Status::hosting ? seats_.of(guest) : nullptr;
        return seat != nullptr ? Result<std::uint32_t>(seat->capabilities) : Error::unknown_peer;
    }
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

    const Guard& guard() const { return door_.entrance().guard(); }
    void count_strange(bool strange) { strange_ += strange ? 1 : 0; }
    // A guest's host may ask what it likes, and nobody else.
    bool is_limited(const Seat& seat) const { return status_ == Status::hosting || seat.id != host_id_; }
    void close(Seat& seat, Error reason, std::string_view text = {}) {
        seat.link.close(reason, text.empty() ? nullptr : SharedBytes::make(pool_, bytes_of(text)));
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
    PeerLimits limits_;

  private:
    friend Door;
    friend WayBack;

    // A packet of the link.
    void take(Seat& seat, BytesIn packet, Lane lane = {}) {
        const bool counts = is_limited(seat);
        if (counts && !limits_.hears(now_, seat, seats_))
            return is_over_stream(seat.link) && lane != datagram_lane ? close(seat, Error::flooded) : void();
        if (!feed(now_, seat.link, lane, packet, desk_)) return;
        if (counts) limits_.heard(now_, seat.used, packet.size());
        reading_ = &seat;
    }

    Meeting& meeting() { return static_cast<Meeting&>(*this); }
    const Meeting& meeting() const { return static_cast<const Meeting&>(*this); }

    // ---- at the door

    void meet(Instant now, const Address& from, BytesIn datagram) {
        const std::uint8_t kind = meeting_kind(datagram);
        if (status_ == Status::hosting) hallway_.enters(from, now + options_.timeout);
        if (kind == meeting::claim) return count_strange(!meeting().hear_claim(now, from, datagram));
        if (status_ == Status::hosting) {
            const auto is_played = [this](std::uint64_t game) { return game == terms_.game; };
            if (kind == meeting::hello)
                return count_strange(!door_.entrance().greet(now, from, datagram, is_played));
            if constexpr (!connected)
                if (kind == meeting::resume) {
                    const auto asked = door_.entrance().hear_resume(now, from, datagram);
                    return asked ? resume(now, from, *asked) : count_strange(true);
                }
            if (kind == meeting::connect) {
                auto caller = door_.entrance().hear(
                    now, from, datagram, [&](std::uint64_t nonce) { return answer_to(from, nonce); });
                return caller ? admit(now, from, *caller) : count_strange(caller.error() != Error::duplicate);
            }
        } else if (status_ == Status::joining && from == host_address_) {
            if (knock_.handle_datagram(now, datagram))
                knock_.state() == Knock<Guard>::State::accepted ? enter(now) : give_up_joining();
            return;
        } else if (status_ == Status::joined && from == host_address_) {
            return way_back_.handle_datagram(now, kind, datagram, *this);
        }
        count_strange(kind == 0);
    }
    void mark_all() {
        meeting().fan_out([this](Seat& seat) { mark(seat); });
    }
    void welcome(Seat& seat, const PeerName& name, std::uint8_t role) {
        meeting().introduce(seat, name, role);
        notices_.tell(RoomEvent::Kind::peer_joined, seat.id, Error::none, name);
    }
    void enter(Instant now) {
        const Accept& accept = knock_.accept();
        host_id_ = accept.host;
        Seat* seat = take_seat(host_address_, host_id_, knock_.key(), now, true);
        if (seat == nullptr) return;
        self_ = accept.peer;
        door_.name_session(accept.session);
        capabilities_ = accept.capabilities;
        // The host's limit is the room's: nobody sends more, and so everybody must be able to take as much.
        const bool fits = accept.message_bytes_max <= options_.message_bytes_max;
        message_bytes_max_ = accept.message_bytes_max;
        status_ = fits ? Status::joined : Status::closed;
        if (fits) return meeting().entered(), notices_.tell(RoomEvent::Kind::joined, self_);
        close(*seat, Error::too_large);
        notices_.tell(RoomEvent::Kind::closed, self_, Error::too_large);
    }
    void give_up_joining(Error broken = Error::none) {
        status_ = Status::closed;
        if (broken != Error::none) knock_ = Knock<Guard>();
        notices_.keep(knock_.text());
        notices_.tell_closed(self_, broken != Error::none ? broken : knock_.reason());
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
        const bool keeps = is_open(status_) && options_.away_for > Duration{} && !is_over_stream(seat.link);
        if constexpr (!connected)
            if (keeps && seat.link.reason() == Error::timed_out) return suspend(seat), false;
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

    // The peer is gone: everybody hears of it, and its seat is free.
    void drop(Seat& seat, Error reason) {
        const PeerId id = seat.id;
        if (status_ == Status::joined) notices_.keep(seat.link.farewell());
        if (reading_ == &seat) reading_ = nullptr;
        if (status_ == Status::hosting) door_.entrance().spend(now_, seat.nonce);
        hallway_.leaves(seat.address, now_);
        seats_.remove(seat);
        way_back_.end();
        if (status_ == Status::joined) {
            if (meeting().outlives(reason)) return;
            status_ = Status::closed;
            seats_.for_each([this](Seat& other) { close(other, Error::left); });
            notices_.tell_closed(self_, reason);
            return;
        }
        const PeerName name(roster_.name_of(id));
        if (!roster_.remove(id) || status_ != Status::hosting) return;
        meeting().tell_left(id, reason);
        notices_.tell(RoomEvent::Kind::peer_left, id, reason, name);
    }

    void clear() {
        seats_.clear();
        notices_.clear();
        door_.clear();
        hallway_.clear();
        roster_.clear();
        reading_ = nullptr;
        way_back_.end();
        next_id_ = 1, self_ = PeerId::none(), host_id_ = PeerId::host();
        message_bytes_max_ = options_.message_bytes_max;
    }

    Door door_;
    Credential credential_;
    TENON_NO_UNIQUE_ADDRESS Hallway<Address, connected || mixed> hallway_;
    Knock<Guard> knock_;
    std::uint32_t capabilities_ = 0;    // this side's own
    std::byte desk_[Guard::desk_bytes]; // where the packet that is being read was opened, if it was closed
    TENON_NO_UNIQUE_ADDRESS std::conditional_t<connected, NoWayBack, WayBack> way_back_;
    std::uint32_t next_id_ = 1;
    std::size_t message_bytes_max_ = 0;
    Seat* reading_ = nullptr;
};

} // namespace tenon
