#pragma once
// Contacts: how each of those with whom a session speaks is reached, straight or over the bus. Sans-I/O: it
// is told what is heard, says which way to take, and what to say so that both sides find out. A Meeting has
// one.

#include <array>
#include <cstddef>
#include <cstdint>

#include "tenon/bus/address.hpp"
#include "tenon/bus/refusals.hpp"
#include "tenon/bus/words.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"

namespace tenon::bus {

// A straight path is one that the other side says it hears us on. Whoever is spoken with is probed on it, and
// on all addresses that it told while there is none. A probe counts when it holds the token that we gave the
// other over the bus, or comes from where the other told that it is.
template <class Straight>
class Contacts {
  public:
    static constexpr Duration patience = seconds(1); // of silence, after which a path is not one any more
    static constexpr std::size_t contacts_max = 512;

    void begin(Inbox self, Random random) {
        clear();
        self_ = self;
        random_ = random;
        by_address_.set_seed(random_.next());
    }
    void clear() {
        contacts_.clear();
        index_.clear();
        by_address_.clear();
        self_ = 0;
    }
    // Our own addresses have changed: every path has to be found anew.
    void move() {
        for (std::size_t i = 0; i < contacts_.size(); ++i) {
            contacts_[i].heard_us = Instant{};
            contacts_[i].probe_at = contacts_[i].greet_at = now_;
            contacts_[i].eager_until = now_ + eager;
        }
    }

    // ---- the way out

    // Where it hears us straight, or nullptr: then it is reached over the bus. It counts as spoken with.
    const Straight* way(Instant now, Inbox inbox) {
        now_ = max(now_, now);
        Contact* contact = make(inbox);
        if (contact == nullptr) return nullptr;
        if (!is_used(*contact))
            contact->probe_at = contact->greet_at = now_, contact->eager_until = now_ + eager;
        contact->used = now_;
        return is_straight(*contact) ? &contact->at : nullptr;
    }
    // It may have to be spoken with, at a time when the bus can't tell where it is.
    void remember(Instant now, Inbox inbox) {
        now_ = max(now_, now);
        const bool known = find(inbox) != nullptr;
        Contact* contact = make(inbox);
        if (contact == nullptr) return;
        contact->kept_until = now_ + remembered_for;
        if (!known) contact->used = now_ - used_for;
    }
    // What to put into what goes to it over the bus; 0 before it has told.
    std::uint64_t token_of(Inbox inbox) const {
        const Contact* contact = find(inbox);
        return contact != nullptr ? contact->theirs : 0;
    }
    // It may be reached there.
    void suggest(Inbox inbox, const Straight& at) {
        if (Contact* contact = find(inbox)) suggest(*contact, at);
    }
    bool knows(Inbox inbox) const { return find(inbox) != nullptr; }
    // It has shown that it reads its inbox.
    bool is_verified(Inbox inbox) const {
        const Contact* contact = find(inbox);
        return contact != nullptr && contact->verified;
    }
    // It is spoken with, and not straight.
    bool is_detour(Inbox inbox) const {
        const Contact* contact = find(inbox);
        return contact != nullptr && is_used(*contact) && !is_straight(*contact);
    }
    std::size_t size() const { return contacts_.size(); }

    // ---- the way in

    // Whose datagram comes straight from there; 0: nobody's that we know.
    Inbox hear_straight(Instant now, const Straight& from) {
        const Inbox* inbox = by_address_.find(from);
        Contact* contact = inbox != nullptr ? find(*inbox) : nullptr;
        if (contact == nullptr) return 0;
        now_ = max(now_, now);
        contact->heard = contact->used = now_;
        return contact->inbox;
    }
    Result<> hear(Instant now, const Straight& from, const Probe& probe) {
        now_ = max(now_, now);
        Contact* contact = find(probe.from);
        // Who has not heard our greeting yet, or whose own is still on its way, only opens its router.
        if (probe.yours == 0 && (contact == nullptr || !contact->may_be_at(from))) return {};
        if (contact == nullptr || probe.from == self_) return Error::unknown_peer;
        const bool told = probe.yours == contact->mine;
        if (!told && !contact->may_be_at(from)) return Error::forged_presence;
        if (!told && contact->bound && !(contact->at == from) && hears(*contact))
            return Error::forged_presence; // it is heard elsewhere
        bind(*contact, from);
        contact->verified = contact->verified || told;
        contact->owes = contact->owes || probe.asks;
        const bool news = !hears(*contact) || (probe.hears && !is_straight(*contact));
        contact->heard = now_;
        if (probe.hears) contact->heard_us = now_;
        if (news) contact->probe_at = now_; // it need not wait to hear that
        return {};
    }
    // `addresses` of the greeting are told with suggest() when this gave no error.
    Result<> hear(Instant now, const Greeting& greeting) {
        now_ = max(now_, now);
        if (greeting.from == self_) return Error::forged_presence;
        Contact* contact = find(greeting.from);
        if (contact == nullptr && !newcomers_.take(now_)) return Error::flooded;
        if (contact == nullptr) {
            contact = make(greeting.from);
            if (contact != nullptr) contact->used = now_ - used_for;
        }
        if (contact == nullptr) return Error::over_bound;
        const bool told = greeting.yours == contact->mine;
        if (contact->verified && !told && greeting.mine != contact->theirs) {
            // Who lost what we told it asks again, and hears it in its inbox.
            if (greeting.yours == 0) contact->greet_at = now_, contact->owes = true;
            return Error::forged_presence;
        }
        const bool news = contact->theirs != greeting.mine || (greeting.hears && !hears(*contact));
        contact->owes = contact->owes || greeting.asks;
        contact->theirs = greeting.mine;
        contact->verified = contact->verified || told;
        if (told && greeting.hears) contact->heard_us = now_;
        if (!told || news) contact->greet_at = min(contact->greet_at, max(now_, contact->greeted + brief));
        return {};
    }
    // A datagram that came over the bus. Words at the door speak for themselves, as strangers' must.
    Result<> hear(Instant now, const Carried& carried) {
        now_ = max(now_, now);
        if (carried.from == self_) return Error::forged_presence;
        Contact* contact = find(carried.from);
        const bool at_door = (std::to_integer<std::uint8_t>(carried.datagram[0]) & 0x80) != 0;
        const bool told = contact != nullptr && carried.yours == contact->mine;
        if (!told && !at_door) return contact == nullptr ? Error::unknown_peer : Error::forged_presence;
        Allowance& allowance = told ? contact->carried : strangers_;
        if (!allowance.take(now_, static_cast<double>(carried.datagram.size()))) return Error::flooded;
        if (told) contact->used = now_;
        return {};
    }

    // ---- the turn

    // probe(address, Probe) and greet(inbox, Greeting), whose addresses the caller adds, for all that is due.
    template <class SayProbe, class SayGreeting>
    void turn(Instant now, SayProbe&& probe, SayGreeting&& greet) {
        now_ = max(now_, now);
        for (std::size_t i = contacts_.size(); i-- > 0;) {
            Contact& contact = contacts_[i];
            if (now_ >= max(contact.used + kept_for, contact.kept_until)) {
                forget(i);
                continue;
            }
            // Who is not spoken with only answers, once for each time that it is asked.
            const bool asks = is_used(contact);
            if (!asks && !contact.owes) continue;
            if (!asks) contact.probe_at = contact.greet_at = now_;
            contact.owes = false;
            if (now_ >= contact.probe_at) {
                const Probe word{self_, contact.theirs, hears(contact), asks};
                if (contact.bound) probe(contact.at, word);
                for (std::size_t k = 0; k < contact.candidate_count && !is_straight(contact); ++k)
                    if (!contact.bound || !(contact.candidates[k] == contact.at))
                        probe(contact.candidates[k], word);
                contact.probe_at = now_ + (is_eager(contact) ? pulse : lazy_pulse);
            }
            if (now_ >= contact.greet_at) {
                Greeting word;
                word.from = self_;
                word.mine = contact.mine;
                word.yours = contact.theirs;
                word.hears = hears(contact);
                word.asks = asks;
                greet(contact.inbox, word);
                contact.greeted = now_;
                contact.greet_at = now_ + (is_eager(contact) ? greet_pause : lazy_greet_pause);
            }
            // Who is heard on both ways need not be told over the bus.
            if (is_straight(contact) && hears(contact)) {
                if (contact.theirs != 0 && contact.verified) contact.greet_at = Instant::never();
                contact.eager_until = now_ + eager;
            } else if (contact.greet_at == Instant::never()) {
                contact.greet_at = now_;
            }
        }
    }
    Instant next() const {
        Instant next = Instant::never();
        for (std::size_t i = 0; i < contacts_.size(); ++i) {
            const Contact& contact = contacts_[i];
            next = min(next, max(contact.used + kept_for, contact.kept_until));
            if (contact.owes) return now_;
            if (!is_used(contact)) continue;
            next = min(next, min(contact.probe_at, contact.greet_at));
            if (contact.greet_at == Instant::never()) // until it is missed
                next = min(next, min(contact.heard + fresh, contact.heard_us + patience));
        }
        return next;
    }

  private:
    static constexpr Duration pulse = milliseconds(250), fresh = milliseconds(700), lazy_pulse = seconds(1),
                              greet_pause = milliseconds(400), lazy_greet_pause = seconds(2),
                              brief = milliseconds(50), eager = seconds(5), used_for = seconds(15),
                              kept_for = seconds(60), remembered_for = seconds(1800);

    struct Contact {
        Inbox inbox = 0;
        std::uint64_t mine = 0, theirs = 0;
        bool verified = false; // it has read what we told it
        bool bound = false;    // `at` is where it was heard
        bool owes = false;     // an answer
        Straight at{};
        std::array<Straight, addresses_max> candidates{};
        std::size_t candidate_count = 0;
        Instant used{}, heard{}, heard_us{}, probe_at{}, greet_at{}, greeted{}, eager_until{}, kept_until{};
        Allowance carried{512 << 10, 1 << 20}; // bytes that it may send over the bus

        bool may_be_at(const Straight& from) const {
            for (std::size_t i = 0; i < candidate_count; ++i)
                if (candidates[i] == from) return true;
            return false;
        }
    };
    struct Number {
        Inbox value = 0;
        std::uint64_t hash() const { return value; }
        friend bool operator==(Number, Number) = default;
    };

    bool is_used(const Contact& contact) const { return now_ < contact.used + used_for; }
    bool hears(const Contact& contact) const { return contact.bound && now_ < contact.heard + fresh; }
    bool is_straight(const Contact& contact) const {
        return contact.bound && now_ < contact.heard_us + patience;
    }
    // While a path is new or has just been lost, and while the other hears us not and we it, or it us.
    bool is_eager(const Contact& contact) const {
        return now_ < contact.eager_until || hears(contact) || is_straight(contact);
    }

    Contact* find(Inbox inbox) {
        const std::uint32_t* at = index_.find(Number{inbox});
        return at != nullptr ? &contacts_[*at] : nullptr;
    }
    const Contact* find(Inbox inbox) const { return const_cast<Contacts*>(this)->find(inbox); }
    Contact* make(Inbox inbox) {
        if (Contact* known = find(inbox)) return known;
        if (inbox == 0 || inbox == self_) return nullptr;
        if (contacts_.size() >= contacts_max && !make_room()) return nullptr;
        Contact* contact = contacts_.push_back({});
        if (contact == nullptr) return nullptr;
        contact->inbox = inbox;
        contact->mine = random_.next() | 1;
        contact->used = contact->probe_at = contact->greet_at = now_;
        contact->eager_until = now_ + eager;
        index_.insert(Number{inbox}, static_cast<std::uint32_t>(contacts_.size() - 1));
        return contact;
    }
    // Whoever never showed that it reads its inbox makes room for others.
    bool make_room() {
        std::size_t oldest = contacts_.size();
        for (std::size_t i = 0; i < contacts_.size(); ++i)
            if (!contacts_[i].verified &&
                (oldest == contacts_.size() || contacts_[i].used < contacts_[oldest].used))
                oldest = i;
        if (oldest == contacts_.size()) return false;
        forget(oldest);
        return true;
    }
    void forget(std::size_t i) {
        release(contacts_[i]);
        index_.erase(Number{contacts_[i].inbox});
        if (i + 1 != contacts_.size()) {
            contacts_[i] = contacts_.back();
            index_.insert(Number{contacts_[i].inbox}, static_cast<std::uint32_t>(i));
        }
        contacts_.pop_back();
    }
    void release(Contact& contact) {
        if (const Inbox* holder = by_address_.find(contact.at);
            contact.bound && holder != nullptr && *holder == contact.inbox)
            by_address_.erase(contact.at);
        contact.bound = false;
    }
    void bind(Contact& contact, const Straight& at) {
        if (contact.bound && contact.at == at) return;
        release(contact);
        by_address_.insert(at, contact.inbox);
        contact.at = at;
        contact.bound = true;
        contact.heard_us = Instant{};
    }
    static void suggest(Contact& contact, const Straight& at) {
        if (contact.may_be_at(at)) return;
        if (contact.candidate_count == addresses_max) { // the oldest goes
            for (std::size_t i = 1; i < addresses_max; ++i) contact.candidates[i - 1] = contact.candidates[i];
            --contact.candidate_count;
        }
        contact.candidates[contact.candidate_count++] = at;
    }

    Inbox self_ = 0;
    Instant now_{};
    Random random_{0};
    Ring<Contact> contacts_;
    HashMap<Number, std::uint32_t> index_;
    HashMap<Straight, Inbox> by_address_{contacts_max * 2};
    Allowance newcomers_{64, 128}, strangers_{64 << 10, 128 << 10};
};

} // namespace tenon::bus
