#pragma once
// Who may say what in a room: the roles of its peers, by the table of the game, and what becomes of those who
// say more. Room asks it before anything of a message is read or passed on; without Roles it is nothing at
// all.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/health.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/words.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

// What a room must know of a game's table.
struct NoRights {
    static constexpr bool there = false;
    static constexpr std::uint8_t count = 1;
    static std::size_t role_index(std::string_view) { return count; }
};
template <class Game>
struct TableRights {
    static constexpr bool there = true;
    static constexpr std::uint8_t count = static_cast<std::uint8_t>(Game::role_count);

    static std::size_t role_index(std::string_view name) { return Game::role_index(name); }
    static constexpr bool may_say(std::uint8_t role, MessageType type) {
        return Game::may(role, Game::index_of_message(type));
    }
    // On the wire. A guest's words about the world are for its claims and for what it could not take, which
    // all may say; and what the game does not have is no question of roles.
    static bool admits(std::uint8_t role, MessageType type) {
        const std::size_t index = Game::index_of_message(type);
        return Game::may(role, index) || index >= Game::type_count ||
               Game::kind_of(index) == EntryKind::component;
    }
    // Whether it may own entities: it names a Component.
    static constexpr bool may_claim(std::uint8_t role) {
        for (std::size_t i = 0; i < Game::type_count; ++i)
            if (Game::kind_of(i) == EntryKind::component && Game::may(role, i)) return true;
        return false;
    }
};
template <class Game>
using RightsOf = std::conditional_t<Game::has_roles, TableRights<Game>, NoRights>;

template <class Room, class Rights>
class Permissions {
  public:
    static constexpr std::uint8_t role_max = 0, founder_role = 0;

    void clear() {}
    void part() {}
    void forget(PeerId) {}
    void reign(Room&) {}
    void tell(Health&) const {}
    void tell(PeerId, Health&) const {}
    void turn(Room&, Instant) {}
    Instant next_turn() const { return Instant::never(); }
    void told(Room&, PeerId, bool) {}
    void heard(Room&, bool) {}
    bool may_say(const Room&, MessageType) const { return true; }
    bool may_claim(const Room&) const { return true; }
    bool admits(Room&, const auto&, MessageType) { return true; }
    bool admits_claim(Room&, PeerId, MessageType) { return true; }
    bool may(const Room&, PeerId, MessageType) const { return true; }
    bool refuse(Room&, PeerId, MessageType) { return false; }
};

// `Room` lets it see what is its own.
template <class Room, class Rights>
requires(Rights::there) class Permissions<Room, Rights> {
  public:
    static constexpr std::uint8_t role_max = Rights::count - 1, founder_role = role_max;

    void clear() {
        part();
        violations_ = pardoned_ = 0;
    }
    // The links begin anew, to another host or from one.
    void part() {
        records_.erase_if([](const Key&, const Record&) { return true; });
        owes_ = 0;
    }
    void forget(PeerId peer) { records_.erase({peer}); }

    // ---- this peer

    // Who hosts may say everything.
    bool may_say(const Room& room, MessageType type) const {
        return room.status() == Status::hosting || Rights::may_say(room.roster().role_of(room.self()), type);
    }
    bool may_claim(const Room& room) const {
        return room.status() == Status::hosting || Rights::may_claim(room.roster().role_of(room.self()));
    }

    // ---- the others

    // Whether what came over this peer's link is its to say. What came from the host is.
    bool admits(Room& room, const auto& seat, MessageType type) {
        if (Rights::admits(room.roster_.role_of(seat.id), type) || seat.id == room.host_id_) [[likely]]
            return true;
        if constexpr (Room::migrates) // it decided until just now, and what it said then is told again
            if (seat.id == room.estate_.previous() && is_pardoned(room, seat.id)) return true;
        return refuse(room, seat.id, type);
    }
    bool admits_claim(Room& room, PeerId peer, MessageType type) {
        return Rights::may_claim(room.roster_.role_of(peer)) || refuse(room, peer, type);
    }
    bool may(const Room& room, PeerId peer, MessageType type) const {
        return peer == room.host_id() || Rights::may_say(room.roster().role_of(peer), type);
    }
    // It said what it may not. False.
    TENON_COLD bool refuse(Room& room, PeerId peer, MessageType type) {
        Record* record = record_of(peer);
        if (record == nullptr || is_pardoned(room, peer)) {
            ++pardoned_;
            if (record != nullptr) ++record->pardoned;
            return false;
        }
        ++violations_;
        ++record->violations;
        const std::uint32_t most = room.options_.violations_max;
        const bool last = room.status_ == Status::hosting && record->violations == most;
        if (last || room.now_ >= record->tell_at) {
            RoomEvent event{RoomEvent::Kind::violation, peer, type, {}, Error::none, {}};
            event.number = record->violations;
            room.notices_.tell(event);
            record->tell_at = room.now_ + tell_pause;
        }
        if (auto* seat = last ? room.seat_of(peer) : nullptr) room.close(*seat, Error::forbidden);
        return false;
    }

    // ---- another role

    Result<> set(Room& room, PeerId peer, std::uint8_t role) {
        if (room.status_ != Status::hosting) return Error::not_authority;
        if (!room.roster_.contains(peer)) return Error::unknown_peer;
        RoomEvent event;
        if (!take(room, peer, role, event)) return {};
        room.notices_.tell(event);
        std::byte bytes[RoleWord::bytes_max];
        const BytesIn word = RoleWord{peer, role}.write(bytes);
        room.for_each_seat([&](auto& seat) { room.say(seat, room_word::away, word); });
        if (peer != room.self_) told(room, peer, true);
        return {};
    }
    // A peer was told its own role. What it says until it answers, it may have said before it knew.
    void told(Room& room, PeerId peer, bool counts) {
        Record* record = counts ? record_of(peer) : nullptr;
        if (record == nullptr) return;
        ++record->unanswered;
        record->pardon_until = room.now_ + pardon_max + room.options_.away_for;
    }
    // This peer decides now. What is said to it may have been said under the one before.
    void reign(Room& room) {
        part();
        for (const PeerId peer : room.roster_)
            if (Record* record = record_of(peer))
                record->pardon_until = room.now_ + pardon_max + room.options_.away_for;
    }
    // False: no honest peer says it.
    bool hear(Room& room, const auto& seat, const RoleWord& word, RoomEvent& event, bool& happened) {
        if (word.role > role_max) return false;
        if (room.status_ == Status::hosting) return word.peer == seat.id && (answered(room, seat.id), true);
        if (word.peer == room.self_) heard(room, true);
        happened = take(room, word.peer, word.role, event);
        return room.status_ == Status::joined;
    }
    // This peer has heard what its role is, and will say so.
    void heard(Room& room, bool counts) {
        if (!counts) return;
        if (owes_++ == 0) owes_since_ = room.now_;
        answer_at_ = Instant{};
    }
    // False when it has that role, or is not there.
    bool take(Room& room, PeerId peer, std::uint8_t role, RoomEvent& event) {
        const std::uint8_t previous = room.roster_.role_of(peer);
        if (!room.roster_.set_role(peer, role)) return false;
        event = {RoomEvent::Kind::role, peer, {}, {}, Error::none, {}};
        event.number = role;
        event.epoch = previous;
        return true;
    }

    // An answer goes behind all that was said before, as far as that must arrive.
    void turn(Room& room, Instant now) {
        if (owes_ == 0 || now < answer_at_) return;
        auto* seat = room.host_seat();
        answer_at_ = now + answer_pause;
        if (seat == nullptr || seat->is_away()) return;
        if (!has_arrived(seat->link.channel(false)) && now < owes_since_ + answer_within) return;
        std::byte bytes[RoleWord::bytes_max];
        const BytesIn word = RoleWord{room.self_, room.roster_.role_of(room.self_)}.write(bytes);
        while (owes_ != 0 && seat->link.channel(true).append(room_word::away, word)) --owes_;
        room.mark(*seat);
    }
    Instant next_turn() const { return owes_ != 0 ? answer_at_ : Instant::never(); }

    // ---- asking

    void tell(Health& health) const {
        health.violations = violations_;
        health.pardoned = pardoned_;
    }
    void tell(PeerId peer, Health& health) const {
        const Record* record = records_.find({peer});
        if (record == nullptr) return;
        health.violations = record->violations;
        health.pardoned = record->pardoned;
    }

  private:
    static constexpr Duration tell_pause = seconds(1), answer_pause = milliseconds(20),
                              answer_within = seconds(5);
    // What may be lost can come a while after an answer. Who does not answer is not pardoned for ever.
    static constexpr Duration late_max = seconds(2), pardon_max = seconds(30);

    struct Key {
        PeerId peer;
        std::uint64_t hash() const { return splitmix(peer.value); }
        friend bool operator==(const Key&, const Key&) = default;
    };
    // Of who was given a role, or said what it may not.
    struct Record {
        std::uint32_t violations = 0, pardoned = 0, unanswered = 0;
        Instant pardon_until{}, tell_at{};
    };

    // Over a connection all has one order, and nothing is to be waited for.
    static bool has_arrived(const auto& unordered) {
        if constexpr (requires { unordered.idle(); }) return unordered.idle();
        return true;
    }
    Record* record_of(PeerId peer) {
        Record* known = records_.find({peer});
        return known != nullptr ? known : records_.insert({peer}, Record());
    }
    bool is_pardoned(const Room& room, PeerId peer) const {
        const Record* record = records_.find({peer});
        return record != nullptr && room.now_ < record->pardon_until;
    }
    void answered(const Room& room, PeerId peer) {
        Record* record = records_.find({peer});
        if (record == nullptr || record->unanswered == 0 || --record->unanswered != 0) return;
        record->pardon_until = min(record->pardon_until, room.now_ + late_max);
    }

    HashMap<Key, Record> records_;
    std::uint64_t violations_ = 0, pardoned_ = 0;
    std::uint32_t owes_ = 0; // answers to the host
    Instant owes_since_{}, answer_at_{};
};

} // namespace tenon
