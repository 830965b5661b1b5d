#pragma once
// Directory: which rooms there are, and who is there, as the words on a bus have it. Sans-I/O: it is told
// what is said and what time it is. A session keeps one of its room's subject, a Lobby one of a whole game.

#include <cstddef>
#include <cstdint>

#include "tenon/bus/refusals.hpp"
#include "tenon/bus/words.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"

namespace tenon::bus {

struct DirectoryOptions {
    std::size_t rooms_max = 1024, peers_max = 1024; // more than these are not taken in
};

class Directory {
  public:
    struct Room {
        Listing what;
        Instant heard{}, since{};
        Allowance allowance{8, 16};
    };
    struct Peer {
        Presence what;
        Instant heard{}, since{};
        bool away = false; // not heard for stale_after; it is forgotten when that lasts
        Allowance allowance{8, 16};
    };

    explicit Directory(std::uint64_t game = 0, const DirectoryOptions& options = {})
        : game_(game), rooms_(options.rooms_max), peers_(options.peers_max) {}

    void clear() {
        rooms_.clear();
        peers_.clear();
        room_key_ = instance_ = 0;
    }
    // Who is in a room knows its key, and believes of this room only what is sealed with it.
    void know(std::uint64_t instance, std::uint64_t room_key) {
        if (instance == instance_ && room_key == room_key_) return;
        instance_ = instance;
        room_key_ = room_key;
    }

    // A Listing or a Presence; anything else is an unknown_message.
    Result<> hear(Instant now, BytesIn word) {
        const auto kind = word.empty() ? 0 : std::to_integer<std::uint8_t>(word[0]);
        if (kind == static_cast<std::uint8_t>(Kind::room)) return noted(hear_room(now, word));
        if (kind == static_cast<std::uint8_t>(Kind::peer)) return noted(hear_peer(now, word));
        return noted(word.empty() ? Error::truncated : Error::unknown_message);
    }
    // Forgets who has not been heard for too long.
    void turn(Instant now) {
        for (std::size_t i = rooms_.size(); i-- > 0;)
            if (now >= rooms_[i].heard + stale_after) drop(rooms_, i);
        for (std::size_t i = peers_.size(); i-- > 0;) {
            peers_[i].away = now >= peers_[i].heard + stale_after;
            if (now >= peers_[i].heard + gone_after) drop(peers_, i);
        }
    }

    // ---- asking

    const Ring<Peer>& peers() const { return peers_; }
    const Peer* peer(Inbox inbox) const {
        for (std::size_t i = 0; i < peers_.size(); ++i)
            if (peers_[i].what.from == inbox) return &peers_[i];
        return nullptr;
    }
    // Every room once: after another host took over, as that one tells of it. f(room).
    template <class F>
    void for_each_room(F&& f) const {
        for (std::size_t i = 0; i < rooms_.size(); ++i)
            if (newest(rooms_[i].what.instance) == &rooms_[i]) f(rooms_[i]);
    }
    // As each of its hosts tells of it, where a room has parted.
    template <class F>
    void for_each_side(F&& f) const {
        for (std::size_t i = 0; i < rooms_.size(); ++i) f(rooms_[i]);
    }
    // That one of this name which others would come over to: the largest.
    const Room* best(std::string_view name) const {
        const Room* best = nullptr;
        for_each_room([&](const Room& room) {
            if (room.what.room.view() == name && (best == nullptr || outranks(room.what, best->what)))
                best = &room;
        });
        return best;
    }
    const Room* newest(std::uint64_t instance) const {
        const Room* newest = nullptr;
        for (std::size_t i = 0; i < rooms_.size(); ++i)
            if (rooms_[i].what.instance == instance &&
                (newest == nullptr || newest->what.epoch < rooms_[i].what.epoch))
                newest = &rooms_[i];
        return newest;
    }
    // Of two rooms of one name the one that goes on: the larger, and of equal ones always the same.
    static bool outranks(const Listing& a, const Listing& b) {
        if (a.players != b.players) return a.players > b.players;
        return a.instance != b.instance ? a.instance < b.instance : b.epoch < a.epoch;
    }
    std::size_t room_count() const { return rooms_.size(); }
    const Refusals& refusals() const { return refusals_; }
    Refusals& refusals() { return refusals_; }

  private:
    Result<> noted(const Result<>& result) {
        refusals_.count(result);
        return result;
    }
    // Of what is told of our own room.
    bool is_forged(std::uint64_t instance, BytesIn word) const {
        return instance != 0 && instance == instance_ && !is_sealed(word, room_key_);
    }
    template <class Entry>
    static void drop(Ring<Entry>& all, std::size_t i) {
        if (i + 1 != all.size()) all[i] = all.back();
        all.pop_back();
    }
    // What is known of it may be replaced: not by what is older, and not too often.
    template <class Entry>
    static Error renew(Entry& entry, std::uint32_t number, Instant now) {
        if (number == entry.what.number) return Error::duplicate;
        if (number < entry.what.number) return Error::stale;
        return entry.allowance.take(now) ? Error::none : Error::flooded;
    }
    // New ones are taken in only so fast, so that a crowd that somebody makes up does not fill the list.
    template <class Entry>
    Error make(Ring<Entry>& all, Instant now, Entry*& entry) {
        if (!newcomers_.take(now)) return Error::flooded;
        entry = all.push_back({});
        return entry != nullptr ? Error::none : Error::over_bound;
    }
    Result<> hear_room(Instant now, BytesIn word) {
        const auto listing = read_listing(word, game_);
        if (!listing) return listing.error();
        if (is_forged(listing->instance, word)) return Error::forged_presence;
        Room* known = nullptr;
        std::size_t at = 0;
        for (; at < rooms_.size() && known == nullptr; ++at)
            if (rooms_[at].what.host == listing->host && rooms_[at].what.instance == listing->instance)
                known = &rooms_[at];
        if (known == nullptr && listing->closed) return {};
        if (const Error error =
                known != nullptr ? renew(*known, listing->number, now) : make(rooms_, now, known);
            error != Error::none)
            return error;
        if (listing->closed) return drop(rooms_, at - 1), Result<>();
        if (known->heard == Instant{}) known->since = now - listing->age;
        known->what = *listing;
        known->heard = now;
        return {};
    }
    Result<> hear_peer(Instant now, BytesIn word) {
        const auto presence = read_presence(word, game_);
        if (!presence) return presence.error();
        if (is_forged(presence->instance, word)) return Error::forged_presence;
        Peer* known = nullptr;
        std::size_t at = 0;
        for (; at < peers_.size() && known == nullptr; ++at)
            if (peers_[at].what.from == presence->from) known = &peers_[at];
        // Who is known to be with us says so under our seal, whatever another says for it.
        if (known != nullptr && instance_ != 0 && known->what.instance == instance_ && !known->away &&
            !is_sealed(word, room_key_))
            return Error::forged_presence;
        if (known == nullptr && presence->leaves) return {};
        if (const Error error =
                known != nullptr ? renew(*known, presence->number, now) : make(peers_, now, known);
            error != Error::none)
            return error;
        if (presence->leaves) return drop(peers_, at - 1), Result<>();
        if (known->heard == Instant{}) known->since = now - presence->age;
        known->what = *presence;
        known->heard = now;
        known->away = false;
        return {};
    }

    std::uint64_t game_, instance_ = 0, room_key_ = 0;
    Ring<Room> rooms_;
    Ring<Peer> peers_;
    Allowance newcomers_{64, 128};
    Refusals refusals_;
};

} // namespace tenon::bus
