#pragma once
// The meeting: the roster that all share, and what peers say to each other, straight or through the host.
// Sans-I/O; GameRoom, which knows the types of the game, speaks and hears through it.

#include <cstdint>

#include "tenon/clock/common_time.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/link/link.hpp"
#include "tenon/link/shared_bytes.hpp"
#include "tenon/room/announcements.hpp"
#include "tenon/room/direct_part.hpp"
#include "tenon/room/estate_part.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/health.hpp"
#include "tenon/room/newest.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/permissions.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/roster.hpp"
#include "tenon/room/scratch.hpp"
#include "tenon/room/table.hpp"
#include "tenon/room/words.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/topology/client_server.hpp"

namespace tenon {

// `Rights` is what the game's Roles let whom say.
template <class Address, class Reliability, class Topology = topology::ClientServer, class Guard = Plain,
          class Rights = NoRights>
class Room : public Table<Room<Address, Reliability, Topology, Guard, Rights>, Address, Reliability, Guard> {
    using Base = Table<Room, Address, Reliability, Guard>;
    using Estate = EstatePart<Room, Address, Reliability, Topology, Guard>;
    using Direct = DirectPart<Room, Address, Reliability, Topology, Guard>;
    using Permissions = tenon::Permissions<Room, Rights>;
    friend Base;
    friend Estate;
    friend Direct;
    friend Permissions;
    friend Filing;
    friend Herald<Room>;
    friend Whereabouts<Address>;
    friend Kinship<typename Base::Seat, Guard>;
    template <class Election>
    friend class Reign;

  public:
    using typename Base::Seat;
    static constexpr bool migrates = Estate::migrates;
    static constexpr bool links_directly = Direct::links_directly;
    static constexpr bool has_roles = Rights::there;
    static constexpr std::uint8_t founder_role = Permissions::founder_role;

    Room(const Options& options, const Terms& terms, const Carriage& carriage, std::size_t datagram_bytes,
         Pulse pulse, std::uint64_t seed, const Guard& guard = Guard())
        : Base(options, terms, carriage, datagram_bytes, pulse, Scratch::head_bytes_max, seed, guard),
          scratch_(options.message_bytes_max),
          estate_(options) {}

    using Base::for_each_seat;
    using Base::mark;
    using Base::seat_of;

    // ---- speaking

    // The seat through which `peer` is reached: its own, or that of the host who relays.
    Seat* way_to(PeerId peer) {
        if (status_ == Status::hosting) return seat_of(peer);
        if constexpr (links_directly)
            if (Seat* seat = direct_.straight(*this, peer)) return seat;
        const bool known = peer != self_ && (peer == host_id_ || roster_.contains(peer));
        return known ? this->host_seat() : nullptr;
    }
    bool direct(PeerId peer) {
        if constexpr (links_directly)
            if (direct_.straight(*this, peer) != nullptr) return true;
        return status_ == Status::hosting || peer == host_id_;
    }

    Result<> push(Seat& seat, const Post& post, SharedBytes* shared = nullptr) {
        if (seat.is_away() && !is_reliable(post.delivery)) return {}; // lost on the way, as it were
        ready(seat, is_reliable(post.delivery));
        return put(seat.link, pool_, now_, post, shared);
    }
    // What may be lost, encoded by `write(room)` straight into the queue; false where it has to be pushed.
    bool push_written(Seat& seat, const Post& post, auto&& write) {
        if (seat.is_away()) return false;
        ready(seat, false);
        return put_written(seat.link.outbox(), now_, post, write);
    }
    // To all, what may be lost. It goes into their queues when those are drained next.
    Result<> announce(const Post& post) {
        if (announcements_.add(pool_, now_, post)) return {};
        if (!announcements_.empty()) {
            fan_out([this](Seat& seat) { mark(seat); });
            if (announcements_.add(pool_, now_, post)) return {};
        }
        Error first = Error::none;
        push_to_all(
            post, [](const Seat&) { return true; },
            [&](const Seat&, const Result<>& pushed) {
                first = first == Error::none ? pushed.error() : first;
            });
        return first;
    }
    // To every peer of whom `wanted(seat)` says so; `pushed(seat, result)` hears how it went.
    void push_to_all(const Post& post, auto&& wanted, auto&& pushed) {
        const bool worth_it = !is_reliable(post.delivery) && post.payload.size() >= 64 && roster_.size() > 2;
        SharedBytes* shared = worth_it ? SharedBytes::make(pool_, post.payload) : nullptr;
        for_each_seat([&](Seat& seat) {
            if (wanted(seat)) pushed(seat, push(seat, post, shared));
        });
        if (shared != nullptr) shared->release();
    }

    Bundle bundle() const { return Bundle(pool_.block_bytes() - sizeof(SharedBytes)); }
    // The same for a bundle; `wanted(seat, without)` may also leave some of it out.
    void push_to_all(const Bundle& bundle, auto&& wanted) {
        SharedBytes* shared = SharedBytes::make(pool_, bundle.bytes());
        for_each_seat([&](Seat& seat) {
            std::uint64_t without = 0;
            if (seat.is_away() || !wanted(seat, without)) return;
            ready(seat, false);
            if (shared == nullptr || !put(seat.link, now_, bundle, *shared, without))
                seat.link.outbox().count_dropped();
        });
        if (shared != nullptr) shared->release();
    }

    // Asks the host to pass a message on: to one peer, or to all with PeerId::none().
    Result<> push_relay(PeerId to, Post post) {
        Seat* seat = this->host_seat();
        if (seat == nullptr) return Error::not_connected;
        post.payload = scratch_.with_head(post.payload, [&](ByteWriter& out) {
            RelayHead{to, post.type}.write_relay(out);
        });
        post.type = room_word::relay;
        // What is newer for one does not replace what still waits for another.
        if (to)
            post.stream = static_cast<std::uint32_t>(splitmix(std::uint64_t(post.stream) << 32 | to.value));
        return push(*seat, post);
    }
    // Where nobody decides: what may be lost, from this peer to all of whom `takes(seat)` says so.
    Result<> spread(const Post& post, auto&& takes) requires(links_directly) {
        return direct_.spread(*this, post, takes);
    }
    // Whether somebody is reached another way than when this was last asked.
    bool take_detour() requires(links_directly) { return direct_.take_changed(); }
    Estate& estate() { return estate_; }
    const Estate& estate() const { return estate_; }

    void set_pulse(Pulse pulse) {
        this->link_options_.keepalive = keepalive_for(pulse.keepalive, options_.timeout);
        this->redial_pause_ = pulse.redial;
        for_each_seat([&](Seat& seat) {
            seat.link.set_keepalive(this->link_options_.keepalive);
            mark(seat);
        });
    }
    void set_bandwidth(std::uint64_t bytes_per_second) {
        this->link_options_.bandwidth = bytes_per_second;
        for_each_seat([&](Seat& seat) { seat.link.set_bandwidth(bytes_per_second); });
    }

    // ---- asking

    // By its name; nothing is the first.
    static Result<std::uint8_t> role_named(std::string_view name) {
        const std::size_t role = name.empty() ? 0 : Rights::role_index(name);
        return role < Rights::count ? Result<std::uint8_t>(static_cast<std::uint8_t>(role))
                                    : Error::unknown_role;
    }
    // Whether this peer's role lets it.
    bool may_say(MessageType type) const { return permissions_.may_say(*this, type); }
    Permissions& permissions() { return permissions_; }
    // The host's time, which all share.
    Instant room_time(Instant now) const { return common_time_.known() ? common_time_.at(now) : now; }
    bool knows_room_time() const { return status_ == Status::hosting || common_time_.known(); }
    Health health() {
        Health sum;
        sum.status = status_;
        sum.peer_count = static_cast<std::uint32_t>(roster_.size() > 0 ? roster_.size() - 1 : 0);
        sum.refused = this->strange_;
        this->limits_.tell(sum);
        this->doorkeeper().tell(sum);
        estate_.tell(sum);
        permissions_.tell(sum);
        if (status_ == Status::joined && this->host_seat() == nullptr) sum.level = Level::lost;
        sum.relayed = relayed_;
        if constexpr (links_directly) sum.detours = direct_.detours(*this);
        this->seats_.for_each([&](Seat& seat) {
            Health one = Health::of(seat.link, now_, this->stale_after());
            if (seat.direct && !seat.up) one.level = Level::good; // there is another way
            sum.add(one);
        });
        return sum;
    }
    Result<Health> health(PeerId peer) {
        Seat* seat = seat_of(peer);
        if (seat == nullptr) return Error::unknown_peer;
        Health health = Health::of(seat->link, now_, this->stale_after());
        health.detours = seat->direct && !seat->up ? 1 : 0;
        if constexpr (requires { seat->address.road(); })
            health.road = static_cast<std::uint8_t>(seat->address.road());
        seat->used.tell(health);
        permissions_.tell(peer, health);
        return health;
    }

    // Where messages are encoded that do not go straight into a queue; large enough for any.
    BytesOut scratch() { return scratch_.payload(); }

  private:
    using Base::carriage_;
    using Base::close;
    using Base::count_strange;
    using Base::host_address_;
    using Base::host_id_;
    using Base::notices_;
    using Base::now_;
    using Base::options_;
    using Base::pool_;
    using Base::random_;
    using Base::roster_;
    using Base::self_;
    using Base::status_;
    using Base::terms_;

    // ---- what outlives the host, where anything does

    void founded() {
        common_time_.clear();
        permissions_.clear();
        estate_.founded(*this);
        direct_.clear();
    }
    void entered() {
        common_time_.clear();
        permissions_.clear();
        estate_.entered(*this);
        direct_.clear();
    }
    void ended() { estate_.ended(), direct_.clear(); }
    bool outlives(Error reason) { return estate_.outlives(reason); }
    // Who says this, from where nobody sits.
    Seat* find(const Address& from, BytesIn datagram, BytesOut desk) {
        return estate_.find(*this, now_, from, datagram, desk);
    }
    bool hear_claim(Instant now, const Address& from, BytesIn datagram) {
        return estate_.hear_claim(*this, now, from, datagram);
    }
    bool drain_claims(auto& lend, auto& take) { return estate_.drain(*this, lend, take); }
    void turn(Instant now) {
        hear_time(now);
        estate_.turn(*this, now);
        direct_.turn(*this, now);
        permissions_.turn(*this, now);
    }
    void hear_time(Instant now) {
        Seat* seat = estate_.knows_ahead() ? this->host_seat() : nullptr;
        ClockSync::Answer answer;
        while (seat != nullptr && seat->link.clock().poll(answer))
            common_time_.hear(now, answer.at, answer.offset + estate_.ahead(), answer.round_trip);
    }
    // Who made the room's time until now goes on from it, and not at once from what it hears of another's.
    void yield_time() {
        if (!common_time_.known()) common_time_.hear(now_, now_, Duration{}, milliseconds(100));
    }
    Instant next_turn() const {
        return min(permissions_.next_turn(), min(estate_.next_turn(), direct_.next_turn()));
    }
    void leaving_seats() {
        direct_.park(*this);
        permissions_.part();
    }
    bool is_beside(const Seat& seat) const { return links_directly && seat.direct; }
    bool beside_ended(Seat& seat) { return direct_.ended(*this, seat, now_); }

    // Everything about who is there, to one who may know otherwise.
    void introduce_all(Seat& seat) {
        for (std::size_t i = 0; i < roster_.size(); ++i) say_joined(seat, roster_[i]);
        permissions_.told(*this, seat.id, true);
        for (std::size_t i = 0; i < roster_.size(); ++i) say_away(seat, roster_[i].id, roster_[i].away);
    }
    // One who was in the roster, and could not be kept.
    void lose(PeerId id, Error reason) {
        const PeerName name(roster_.name_of(id));
        if (!roster_.remove(id)) return;
        estate_.forget(id);
        permissions_.forget(id);
        direct_.stir();
        notices_.tell(RoomEvent::Kind::peer_left, id, reason, name);
    }

    // ---- coming and going

    // Before something is put into its queue.
    void ready(Seat& seat, bool reliable) {
        mark(seat);
        // In the order in which it was said.
        if (!announcements_.empty() && !reliable) fan_out([this](Seat& other) { mark(other); });
    }
    // Puts what was announced into each queue; `turn(seat)` lets it leave.
    void fan_out(auto&& turn) {
        if (announcements_.empty()) return;
        this->seats_.for_each_fetched([&](Seat& seat) {
            if (seat.is_away()) return;
            announcements_.put_into(seat.link, pool_);
            turn(seat);
        });
        announcements_.clear();
    }
    bool announces() const { return !announcements_.empty(); }
    void clear_announced() { announcements_.clear(); }

    // Tells the newcomer who is there, and the others who has come.
    void introduce(Seat& newcomer, const PeerName& name, std::uint8_t role) {
        if (role > Permissions::role_max) role = 0;
        estate_.introduce(*this, newcomer);
        for (std::size_t i = 0; i < roster_.size(); ++i) say_joined(newcomer, roster_[i]);
        for (std::size_t i = 0; i < roster_.size(); ++i)
            if (roster_[i].away) say_away(newcomer, roster_[i].id, true);
        const Roster::Member member{newcomer.id, name, false, role};
        roster_.add(member.id, name.view(), role);
        for_each_seat([&](Seat& seat) { say_joined(seat, member); });
        permissions_.told(*this, newcomer.id, role != 0); // until it hears, it takes itself for the first
    }
    void say_joined(Seat& seat, const Roster::Member& who) {
        std::byte bytes[JoinedWord::bytes_max];
        say(seat, room_word::joined, JoinedWord{who.id, who.name.view(), who.role}.write(bytes));
    }
    // A peer that can't be told who is in the room can't be in it.
    void say(Seat& seat, MessageType word, BytesIn payload) {
        if (!seat.link.channel(true).append(word, payload)) close(seat, Error::queue_full);
        mark(seat);
    }
    void say_away(Seat& seat, PeerId id, bool away) {
        std::byte bytes[AwayWord::bytes_max];
        say(seat, room_word::away, AwayWord{id, away}.write(bytes));
    }
    void tell_away(PeerId id, bool away) {
        for_each_seat([&](Seat& other) {
            if (other.id != id) say_away(other, id, away);
        });
    }
    void tell_left(PeerId id, Error reason) {
        estate_.forget(id);
        permissions_.forget(id);
        std::byte bytes[LeftWord::bytes_max];
        const BytesIn word = LeftWord{id, reason}.write(bytes);
        for_each_seat([&](Seat& other) { say(other, room_word::left, word); });
    }

    // ---- hearing

    // What a link brought, as an event of the room; false when it is not for the session.
    bool hear(Seat& seat, const LinkEvent& said, RoomEvent& event) {
        if constexpr (links_directly)
            if (seat.direct) return direct_.hear(*this, seat, said, event);
        if (said.type.value >= MessageType::first_user && said.kind != LinkEvent::Kind::gave_up) [[likely]] {
            event.kind =
                said.kind == LinkEvent::Kind::command ? RoomEvent::Kind::command : RoomEvent::Kind::message;
            return hear_message(seat, seat.id, said.type, said.payload, said, event);
        }
        if (said.kind == LinkEvent::Kind::gave_up) {
            event = {RoomEvent::Kind::gave_up, seat.id, said.type, {}, Error::gave_up, {}};
            return true;
        }
        if (said.kind == LinkEvent::Kind::command) return misbehaved(seat);
        event.kind = RoomEvent::Kind::message;
        if (said.type == room_word::joined) return hear_joined(seat, said, event);
        if (said.type == room_word::left) return hear_left(seat, said, event);
        if (said.type == room_word::away) return hear_away(seat, said, event);
        if (said.type == room_word::relay) return pass_on(seat, said, event);
        if (said.type == room_word::relayed) return hear_relayed(seat, said, event);
        if constexpr (migrates) {
            if (said.type == room_word::filed || said.type == room_word::estate) {
                const Result<bool> is_event = estate_.hear(*this, seat, said, event);
                return is_event ? *is_event : misbehaved(seat);
            }
        }
        if (said.type == room_word::clock && carriage_.clocks_speak) {
            event = {RoomEvent::Kind::clock, seat.id, said.type, said.payload, Error::none, {}};
            return true;
        }
        return misbehaved(seat);
    }
    bool hear_message(Seat& seat, PeerId from, MessageType type, BytesIn payload, const LinkEvent& said,
                      RoomEvent& event) {
        if (!carriage_.knows(type)) return misbehaved(seat);
        // What the host passes on, it has looked at.
        if (from == seat.id && !permissions_.admits(*this, seat, type)) return false;
        event.peer = from;
        event.type = type;
        event.payload = payload;
        event.number = said.number;
        if (said.kind == LinkEvent::Kind::command || !is_newest(carriage_.of(type))) return true;
        return keeps_order(seat.link) || !seat.newest.is_stale(from, type, payload, said.packet);
    }
    // What no build of this schema would say.
    bool misbehaved(Seat& seat) {
        count_strange(true);
        close(seat, Error::unknown_message);
        return false;
    }

    bool hear_joined(Seat& seat, const LinkEvent& said, RoomEvent& event) {
        const auto word = JoinedWord::read(said.payload);
        if (!word || status_ != Status::joined || roster_.size() > 0x1'0000) return misbehaved(seat);
        if (word->role > Permissions::role_max) return misbehaved(seat);
        const bool added = roster_.add(word->peer, word->name, word->peer == self_ ? 0 : word->role);
        if (word->peer == self_) permissions_.heard(*this, !added || word->role != 0);
        if constexpr (has_roles)
            if (!added || word->peer == self_) return permissions_.take(*this, word->peer, word->role, event);
        if (!added || word->peer == self_) return false;
        direct_.stir();
        event = {RoomEvent::Kind::peer_joined, word->peer, {}, {}, Error::none, roster_.name_of(word->peer)};
        return true;
    }
    bool hear_left(Seat& seat, const LinkEvent& said, RoomEvent& event) {
        const auto word = LeftWord::read(said.payload);
        if (!word || status_ != Status::joined) return misbehaved(seat);
        left_name_ = PeerName(roster_.name_of(word->peer));
        if (!roster_.remove(word->peer)) return false;
        estate_.forget(word->peer);
        direct_.stir();
        event = {RoomEvent::Kind::peer_left, word->peer, {}, {}, word->reason, left_name_.view()};
        return true;
    }
    bool hear_away(Seat& seat, const LinkEvent& said, RoomEvent& event) {
        if constexpr (has_roles)
            if (const auto role = RoleWord::read(said.payload)) {
                bool happened = false;
                const bool sane = permissions_.hear(*this, seat, *role, event, happened);
                return sane ? happened : misbehaved(seat);
            }
        const auto word = AwayWord::read(said.payload);
        if (!word || status_ != Status::joined) return misbehaved(seat);
        estate_.set_away(word->peer, word->away);
        if (word->peer == self_ || !roster_.set_away(word->peer, word->away)) return false;
        const auto kind = word->away ? RoomEvent::Kind::peer_away : RoomEvent::Kind::peer_back;
        event = {kind, word->peer, {}, {}, Error::none, roster_.name_of(word->peer)};
        return true;
    }

    // The host hands a message on to one peer, or to all others and itself.
    bool pass_on(Seat& seat, const LinkEvent& said, RoomEvent& event) {
        ByteReader in(said.payload);
        const auto head = RelayHead::read_relay(in);
        if (!head || status_ != Status::hosting) return misbehaved(seat);
        const BytesIn payload = in.rest();
        if (!hear_message(seat, seat.id, head->type, payload, said, event)) return false;
        if (head->peer == self_) return true;
        ++relayed_;
        const Delivery delivery = carriage_.of(head->type);
        const BytesIn whole = scratch_.with_head(payload, [&](ByteWriter& out) {
            RelayHead{seat.id, head->type}.write_relayed(out);
        });
        if (is_reliable(delivery)) this->limits_.relayed(now_, seat.used, payload.size());
        const auto stream = static_cast<std::uint32_t>(
            splitmix(std::uint64_t(seat.id.value) << 16 | head->type.value) + NewestWins::key(payload));
        const bool streams = is_over_stream(seat.link); // and so can't be slowed
        push_to_all(
            {room_word::relayed, delivery, whole, {}, stream},
            [&](const Seat& other) { return &other != &seat && (!head->peer || other.id == head->peer); },
            [&](Seat& other, const Result<>& pushed) {
                if (!is_reliable(delivery)) return;
                if (!streams && !this->limits_.keeps_up(other)) seat.used.held_up = other.id;
                // Who can't take what is promised is not kept half-informed, unless another said too much.
                if (pushed) return;
                this->limits_.bursts(now_, seat.used, streams) ? close(seat, Error::flooded)
                                                               : close(other, Error::queue_full);
            });
        return !head->peer;
    }
    bool hear_relayed(Seat& seat, const LinkEvent& said, RoomEvent& event) {
        ByteReader in(said.payload);
        const auto head = RelayHead::read_relayed(in);
        if (!head || status_ != Status::joined) return misbehaved(seat);
        return hear_message(seat, head->peer, head->type, in.rest(), said, event);
    }

    Announcements announcements_;
    PeerName left_name_; // of the one whose leaving was just told
    Scratch scratch_;
    clock::CommonTime common_time_; // of a guest
    std::uint64_t relayed_ = 0;     // messages that were passed on
    TENON_NO_UNIQUE_ADDRESS Estate estate_;
    TENON_NO_UNIQUE_ADDRESS Direct direct_;
    TENON_NO_UNIQUE_ADDRESS Permissions permissions_;
};

} // namespace tenon
