#pragma once
// Finder: which room of its name a session goes to, and what it tells the others of itself. Sans-I/O: a
// Meeting tells it what is said on the bus and how the session stands, and carries out what it orders.

#include <cstdint>
#include <optional>

#include "tenon/bus/directory.hpp"
#include "tenon/bus/words.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"

namespace tenon::bus {

// How the session stands.
struct Facts {
    enum class Stage : std::uint8_t { outside, joining, joined, hosting };
    Stage stage = Stage::outside;
    PeerId self;
    Epoch epoch;
    std::uint64_t room_key = 0; // 0: not known yet
    std::uint32_t players = 0;  // who are there, itself included
    std::uint32_t places = 0;   // that are free
};
// What it does next.
struct Order {
    enum class Kind : std::uint8_t { none, host, join };
    Kind kind = Kind::none;
    Inbox host = 0;
};
// Of which room, and who it is itself.
struct Sought {
    std::uint64_t game = 0, schema = 0;
    std::uint32_t game_version = 0;
    Name room_name, name;
    Duration look_for = milliseconds(750);
};

class Finder {
  public:
    void begin(const Sought& sought, Inbox self) {
        sought_ = sought;
        self_ = self;
        directory_ = Directory(sought.game, {32, 256});
        phase_ = Phase::looks;
        now_ = Instant{};
        extended_ = 0;
        target_ = instance_ = settled_ = told_instance_ = 0;
        told_ = {};
        mute_.clear();
        facts_ = {};
        hosted_ = goes_over_ = false;
        rival_ = 0;
        left_.reset();
    }
    bool is_on() const { return phase_ != Phase::off; }
    // It has not found a room yet, or has lost the one that it was about to enter.
    bool looks() const { return phase_ == Phase::looks; }

    // ---- what is said under the room's subject

    Result<> hear(Instant now, BytesIn word) {
        if (now_ == Instant{}) start(now);
        now_ = max(now_, now);
        if (!word.empty() && std::to_integer<std::uint8_t>(word[0]) == static_cast<std::uint8_t>(Kind::asks))
            return hear_ask(word);
        if (is_own(word)) return {};
        return directory_.hear(now_, word);
    }

    // ---- the turn; say(bytes) says it to the room, under its subject, and answers(inbox) tells whether who
    // has that inbox has answered a greeting

    template <class Say, class Answers>
    Order turn(Instant now, const Facts& facts, const Addresses& addresses, Say&& say, Answers&& answers) {
        if (phase_ == Phase::off) return {};
        if (now_ == Instant{}) start(now);
        now_ = max(now_, now);
        if (facts.room_key != 0) facts_ = facts;
        directory_.turn(now_);
        Order order;
        switch (phase_) {
            case Phase::looks:
                order = look(say);
                break;
            case Phase::joins:
                order = watch_joining(facts, answers);
                break;
            case Phase::is_in:
                order = watch_room(facts, answers);
                break;
            case Phase::off:
                break;
        }
        tell(facts, addresses, say);
        return order;
    }
    // It goes: everybody may forget it, and the room if it was the last.
    template <class Say>
    void say_goodbye(const Addresses& addresses, Say&& say) {
        if (phase_ == Phase::off) return;
        if (hosted_ && told_.players <= 1) say_room(facts_, addresses, true, say);
        say_peer(facts_, addresses, true, say);
        phase_ = Phase::off;
    }
    Instant next() const {
        if (phase_ == Phase::off) return Instant::never();
        if (now_ == Instant{}) return Instant{};
        Instant next = min(peer_at_, hosted_ ? room_at_ : Instant::never());
        if (phase_ == Phase::looks) next = min(next, min(ask_at_, decide_at()));
        return next;
    }

    const Directory& directory() const { return directory_; }
    std::uint64_t instance() const { return instance_; }

  private:
    enum class Phase : std::uint8_t { off, looks, joins, is_in };
    static constexpr Duration ask_pause = milliseconds(75), settle = milliseconds(60),
                              answer_pause = milliseconds(40), regret = milliseconds(2500),
                              news_pause = milliseconds(200), forgotten = seconds(15),
                              answer_max = seconds(3), mute_for = seconds(20);
    static constexpr unsigned extensions_max = 4, mute_max = 16;

    struct Mute {
        Inbox host = 0;
        Instant until{};
    };

    // Under which one of several rooms of this name is known: not to be turned back into its key.
    static std::uint64_t instance_of(std::uint64_t room_key) {
        std::byte bytes[8];
        store_le(bytes, room_key);
        return siphash(SipKey{room_key, 0x6275'7300'0003u}, bytes) | 1;
    }

    void start(Instant now) {
        now_ = began_ = since_ = first_ = now;
        look_until_ = now + sought_.look_for;
        ask_at_ = peer_at_ = room_at_ = outranked_ = now;
    }
    Result<> hear_ask(BytesIn word) {
        const auto ask = read_ask(word, sought_.game);
        if (!ask) return directory_.refusals().count(ask.error());
        if (ask->from == self_) return {};
        if (!asks_.take(now_)) return directory_.refusals().count(Error::flooded);
        room_at_ = min(room_at_, max(now_, told_at_ + answer_pause));
        // Of those who look at the same time one opens the room, and the others wait for it.
        if (phase_ == Phase::looks && ask->from < self_ && extended_ < extensions_max &&
            look_until_ < now_ + sought_.look_for) {
            ++extended_;
            look_until_ = now_ + sought_.look_for;
        }
        return {};
    }
    // A bus may give us back what we said; what we never said is forged.
    bool is_own(BytesIn word) {
        if (word.size() < 9 || load_le<Inbox>(word.data() + 1) != self_) return false;
        const auto listing = read_listing(word, sought_.game);
        const auto presence = read_presence(word, sought_.game);
        if ((listing && listing->number > number_) || (presence && presence->number > number_))
            (void)directory_.refusals().count(Error::forged_presence);
        return true;
    }

    // ---- looking

    // Among those who answer, as far as is known.
    const Directory::Room* best() const {
        const Directory::Room* best = nullptr;
        directory_.for_each_room([&](const Directory::Room& room) {
            if (room.what.room.view() == sought_.room_name.view() && !is_mute(room.what.host) &&
                (best == nullptr || Directory::outranks(room.what, best->what)))
                best = &room;
        });
        return best;
    }
    bool is_mute(Inbox host) const {
        for (std::size_t i = 0; i < mute_.size(); ++i)
            if (mute_[i].host == host && now_ < mute_[i].until) return true;
        return false;
    }
    // It may be made up, and is not gone to for a while.
    void take_for_mute(Inbox host) {
        if (mute_.size() == mute_max) mute_.pop_front();
        mute_.push_back({host, now_ + mute_for});
    }
    Instant decide_at() const { return best() != nullptr ? min(first_ + settle, look_until_) : look_until_; }
    template <class Say>
    Order look(Say& say) {
        const Directory::Room* found = best();
        if (found == nullptr) first_ = now_;
        if (now_ < decide_at()) {
            if (now_ >= ask_at_) {
                std::byte bytes[64];
                say(BytesIn(bytes).first(write(bytes, Ask{self_}, sought_.game)));
                ask_at_ = now_ + ask_pause;
            }
            return {};
        }
        if (found == nullptr) {
            phase_ = Phase::is_in;
            return {Order::Kind::host, 0};
        }
        return go_to(*found);
    }
    Order go_to(const Directory::Room& room) {
        phase_ = Phase::joins;
        target_ = room.what.host;
        settled_ = room.what.instance;
        knocked_ = now_;
        return {Order::Kind::join, target_};
    }
    // The host to which it knocks may go meanwhile, and another take over.
    template <class Answers>
    Order watch_joining(const Facts& facts, Answers& answers) {
        if (facts.stage == Facts::Stage::joined) return enter();
        const Directory::Room* room = directory_.newest(settled_);
        if (answers(target_)) knocked_ = now_;
        const bool mute = now_ >= knocked_ + answer_max;
        if (mute) take_for_mute(target_);
        if (room == nullptr || mute) {
            phase_ = Phase::looks;
            first_ = ask_at_ = now_;
            look_until_ = now_ + sought_.look_for;
            return {};
        }
        // Of a room that has parted it has just left the side that is newer.
        const bool back = left_ && *left_ == room->what.epoch;
        return room->what.host != target_ && !back ? go_to(*room) : Order();
    }
    Order enter() {
        left_.reset();
        phase_ = Phase::is_in;
        since_ = outranked_ = now_;
        return {};
    }

    // ---- inside

    // There may be another room of the same name, opened at the same time or where the bus did not reach:
    // everybody of the smaller comes over, one by one, its host last.
    template <class Answers>
    Order watch_room(const Facts& facts, Answers& answers) {
        if (facts.room_key == 0) return {};
        const std::uint64_t instance = instance_of(facts.room_key);
        if (instance != instance_) since_ = now_;
        instance_ = instance;
        directory_.know(instance_, facts.room_key);
        const Directory::Room* other = better_one(facts);
        if (other == nullptr || other->what.host != rival_) outranked_ = now_;
        rival_ = other != nullptr ? other->what.host : 0;
        if (other == nullptr) return {};
        // Two sides of one room find together by themselves, as long as they know each other.
        const bool alone = facts.players <= 1, parted = other->what.instance == instance_;
        const bool hosts = facts.stage == Facts::Stage::hosting;
        if (!answers(other->what.host)) {
            if (now_ >= outranked_ + answer_max) take_for_mute(other->what.host);
            return {};
        }
        if (now_ < outranked_ + (parted ? forgotten : alone ? settle * 4 : regret) || (hosts && !alone))
            return {};
        if (now_ >= other->heard + beat * 2) return {}; // it may just have gone
        goes_over_ = hosts;
        left_ = facts.epoch;
        return go_to(*other);
    }
    const Directory::Room* better_one(const Facts& facts) const {
        Listing ours;
        ours.instance = instance_;
        ours.epoch = facts.epoch;
        ours.players = facts.players;
        const Directory::Room* best = nullptr;
        directory_.for_each_side([&](const Directory::Room& room) {
            const Listing& what = room.what;
            const bool other = what.instance != instance_ || what.epoch != facts.epoch;
            const bool fits = what.room.view() == sought_.room_name.view() && what.schema == sought_.schema &&
                              what.game_version == sought_.game_version && what.places != 0 &&
                              !is_mute(what.host);
            if (other && fits && Directory::outranks(what, best != nullptr ? best->what : ours)) best = &room;
        });
        return best;
    }

    // ---- telling

    template <class Say>
    void tell(const Facts& facts, const Addresses& addresses, Say& say) {
        hosted_ = phase_ == Phase::is_in && facts.stage == Facts::Stage::hosting && instance_ != 0;
        const bool news = hosted_ && (told_.epoch != facts.epoch || told_.players != facts.players ||
                                      told_.instance != instance_);
        if (news)
            room_at_ = min(room_at_, told_.instance != instance_ || told_.epoch != facts.epoch
                                         ? now_
                                         : max(now_, told_at_ + news_pause));
        if (hosted_ && now_ >= room_at_) say_room(facts, addresses, false, say);
        if (goes_over_) say_room(facts_, addresses, true, say); // nobody need look for us there
        if (goes_over_ || phase_ != Phase::is_in) {
            goes_over_ = false;
            instance_ = 0;
            directory_.know(0, 0);
        }
        if (told_instance_ != instance_) peer_at_ = now_;
        if (now_ >= peer_at_) say_peer(facts, addresses, false, say);
    }
    template <class Say>
    void say_room(const Facts& facts, const Addresses& addresses, bool closed, Say& say) {
        told_.host = self_;
        told_.instance = instance_;
        told_.schema = sought_.schema;
        told_.number = ++number_;
        told_.game_version = sought_.game_version;
        told_.epoch = facts.epoch;
        told_.players = facts.players;
        told_.places = facts.places;
        told_.closed = closed;
        told_.age = now_ - since_;
        told_.room = sought_.room_name;
        told_.addresses = addresses;
        std::byte bytes[word_bytes_max];
        say(BytesIn(bytes).first(write(bytes, told_, sought_.game, facts.room_key)));
        told_at_ = now_;
        room_at_ = now_ + beat;
    }
    template <class Say>
    void say_peer(const Facts& facts, const Addresses& addresses, bool leaves, Say& say) {
        Presence word;
        word.from = self_;
        word.instance = instance_;
        word.number = ++number_;
        word.peer = instance_ != 0 ? facts.self : PeerId::none();
        word.leaves = leaves;
        word.age = now_ - began_;
        word.name = sought_.name;
        word.room = sought_.room_name;
        word.addresses = addresses;
        std::byte bytes[word_bytes_max];
        say(BytesIn(bytes).first(write(bytes, word, sought_.game, facts.room_key)));
        told_instance_ = instance_;
        peer_at_ = now_ + beat;
    }

    Phase phase_ = Phase::off;
    Sought sought_;
    Facts facts_; // as they were last, inside
    Inbox self_ = 0, target_ = 0, rival_ = 0;
    std::uint64_t instance_ = 0, settled_ = 0, told_instance_ = 0;
    std::uint32_t number_ = 0;
    unsigned extended_ = 0;
    bool hosted_ = false, goes_over_ = false;
    Instant now_{}, began_{}, since_{}, first_{}, look_until_{}, ask_at_{}, knocked_{}, peer_at_{},
        room_at_{}, told_at_{}, outranked_{};
    Listing told_;
    Allowance asks_{40, 40};
    std::optional<Epoch> left_; // of the room that it goes over from
    Ring<Mute> mute_;           // hosts that are told of and did not answer
    Directory directory_;
};

} // namespace tenon::bus
