#pragma once
// Succession: who decides in the room when the authority is gone, found out among those who are left.
// Sans-I/O: it is told what the peer hears and knows, exchanges claims, and says what came of it. The room
// acts on that: room/estate.hpp. MIGRATION.md tells the rules and why they are so.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/plain.hpp"
#include "tenon/room/claim.hpp"
#include "tenon/room/heir.hpp"
#include "tenon/room/rival.hpp"
#include "tenon/topology/concept.hpp"

namespace tenon {

template <class Address, class Election, class KinType = Plain::Kin>
class Succession {
  public:
    using Heir = tenon::Heir<Address>;
    using Kin = KinType;

    // ---- what it is told

    // A peer comes in, or opens a room.
    void begin(PeerId self, Epoch epoch, std::uint64_t game, std::uint64_t room, std::uint64_t room_key,
               Duration patience, Duration lone_after, Random random) {
        heirs_.clear();
        letters_.clear();
        verdicts_.clear();
        self_ = self;
        game_ = game;
        room_ = room;
        room_key_ = room_key;
        patience_ = patience;
        lone_after_ = lone_after;
        random_ = random;
        own_merit_ = 0;
        take(epoch, false);
        open_ = true;
    }
    void end() {
        if constexpr (Kin::meets) kin_.end();
        room_key_ = 0;
        open_ = false;
        letters_.clear();
        verdicts_.clear();
    }
    // The rule that holds from here on, whoever's it is.
    void take(Epoch epoch, bool handed) {
        farewells_ = phase_ == Phase::reigns && epoch.authority != self_ && handed ? farewells_max : 0;
        farewell_due_ = now_;
        epoch_ = epoch;
        handed_ = handed;
        phase_ = epoch.authority == self_ ? Phase::reigns : Phase::settled;
        gone_ = false;
        handed_to_ = PeerId::none();
        rival_ = Rival();
        for (std::size_t i = 0; i < heirs_.size(); ++i) heirs_[i].follows = false;
        due_ = Instant{};
    }
    Heir* know(PeerId id) {
        if (id == self_) return nullptr;
        if (Heir* known = heir(id)) return known;
        Heir fresh;
        fresh.id = id;
        return heirs_.push_back(fresh);
    }
    void know_address(PeerId id, const Address& at) {
        Heir* known = know(id);
        if (known == nullptr) return;
        if (!(known->told == at)) known->at = known->told = at;
        known->has_address = true;
    }
    void set_merit(PeerId id, float merit) {
        if (id == self_)
            own_merit_ = merit;
        else if (Heir* known = heir(id))
            known->merit = merit;
    }
    void set_away(PeerId id, bool away) {
        if (Heir* known = heir(id)) known->away = away;
    }
    void forget(PeerId id) {
        if constexpr (Kin::meets) kin_.forget(id);
        for (std::size_t i = 0; i < heirs_.size(); ++i) {
            if (heirs_[i].id != id) continue;
            heirs_[i] = heirs_.back();
            heirs_.pop_back();
            return;
        }
    }
    // The authority said goodbye: nobody need wait for it.
    void authority_left() { gone_ = true; }
    // The authority has named its successor, and is obeyed until that one claims.
    void hand_over(PeerId to) { handed_to_ = to; }

    // The same rule goes on under another number.
    void renumber(std::uint32_t number) { epoch_.number = number; }
    // Tells the authority that this peer obeys it, until its link is heard.
    void say_follows() {
        if (Heir* host = heir(epoch_.authority)) say(*host, Claim::Kind::follows, epoch_, host->id, 0);
    }

    // ---- the turn. `last_rx`: when the authority was last heard, of one who obeys.
    void handle_timeout(Instant now, Instant last_rx) {
        if (!open_) return;
        now_ = now;
        last_rx_ = last_rx;
        if (phase_ == Phase::reigns) return reign();
        bid_farewell();
        const Duration silence = now - last_rx;
        if (phase_ == Phase::settled && (gone_ || silence >= patience_)) suspect();
        if (phase_ != Phase::asks) return;
        if (!gone_ && silence < patience_ / 2) {
            phase_ = Phase::settled; // it is back
            return;
        }
        // All who come before this peer are asked at once, so that several who are gone cost no more than
        // one.
        Instant next = now_ + slow_pause;
        for (std::size_t i = 0; i < heirs_.size(); ++i) {
            Heir& heir = heirs_[i];
            if (!may_succeed(heir) || !Election::before(heir.candidate(), own_candidate())) continue;
            ask(heir);
            next = min(next, due_);
        }
        due_ = next;
        if (favourite() == self_) stand();
    }
    // Of an authority: how many it heard since `since`, itself included.
    bool counts(Instant& since) const { return rival_.counts(since); }
    void tell_size(std::uint32_t size) { rival_.tell_size(now_, size); }

    Result<> handle_datagram(Instant now, const Address& from, BytesIn datagram) {
        if (!open_) return Error::forged_claim;
        return hear(now, from, read_claim(datagram, game_, room_, room_key_));
    }
    // Of a letter, which that peer has written.
    Result<> hear_letter(Instant now, const Address& from, PeerId who, BytesIn body) {
        return hear(now, from, read_claim(body, game_, room_, who));
    }
    Result<> hear(Instant now, const Address& from, const Result<Claim>& claim) {
        now_ = now;
        if (!claim) return refuse(claim.error());
        if (claim->from == self_) return refuse(Error::forged_claim);
        Heir* sender = heir(claim->from);
        if (sender == nullptr) return refuse(Error::forged_claim); // sealed well, but nobody we know
        if (!allow(now)) return refuse(Error::flooded);
        if (!sender->has_address) know_address(claim->from, from);
        if (sender->may_be_at(from)) sender->at = from, sender->said = 0;
        return hear(*sender, *claim);
    }

    bool poll(Verdict<Address>& verdict) {
        if (verdicts_.empty()) return false;
        verdict = verdicts_.front();
        verdicts_.pop_front();
        return true;
    }
    bool drain(auto&& lend, auto&& take) {
        while (!letters_.empty()) {
            const BytesOut into = lend(letters_.front().at);
            if (into.empty()) return false;
            const std::size_t size = write_front(into);
            letters_.pop_front();
            if (!take(size)) return false;
        }
        return true;
    }
    Instant poll_timeout() const {
        if (!open_) return Instant::never();
        if (!letters_.empty() || !verdicts_.empty()) return Instant{};
        if (phase_ == Phase::settled)
            return gone_ ? Instant{}
                         : min(last_rx_ + patience_, farewells_ != 0 ? farewell_due_ : Instant::never());
        return due_;
    }

    // ---- asking

    Epoch epoch() const { return epoch_; }
    bool is_open() const { return open_; }
    Duration patience() const { return patience_; }
    std::uint64_t room_key() const { return room_key_; }
    Kin& kin() { return kin_; }
    const ClaimFigures& figures() const { return figures_; }
    std::size_t size() const { return heirs_.size(); }
    Heir& operator[](std::size_t i) { return heirs_[i]; }
    const Heir* heir(PeerId id) const { return const_cast<Succession*>(this)->heir(id); }
    Heir* heir(PeerId id) {
        for (std::size_t i = 0; i < heirs_.size(); ++i)
            if (heirs_[i].id == id) return &heirs_[i];
        return nullptr;
    }
    Candidate own_candidate() const { return {self_, own_merit_}; }

    Error refuse(Error error) {
        figures_.count(error);
        return error;
    }
    bool allow(Instant now) { return allowance_.take(now); }

  private:
    enum class Phase : std::uint8_t { settled, asks, reigns };
    static constexpr Duration first_pause = milliseconds(40), pause_max = milliseconds(250),
                              slow_pause = milliseconds(500), claims_pause = milliseconds(250),
                              silent_after = milliseconds(700);
    static constexpr unsigned tries_min = 5, claims_brisk = 10, farewells_max = 4, letters_max = 1024;

    // ---- one who obeys

    // Who has handed over says so to all who may have missed it: they would believe nobody else so soon.
    void bid_farewell() {
        if (farewells_ == 0 || now_ < farewell_due_) return;
        --farewells_;
        farewell_due_ = now_ + milliseconds(100);
        for (std::size_t i = 0; i < heirs_.size(); ++i)
            if (heirs_[i].id != epoch_.authority)
                say(heirs_[i], Claim::Kind::claims, epoch_, epoch_.authority, 0);
    }
    void suspect() {
        phase_ = Phase::asks;
        suspected_ = now_;
        dissent_until_ = Instant{};
        round_ = random_.next();
        for (std::size_t i = 0; i < heirs_.size(); ++i) {
            begin_asking(heirs_[i]);
            heirs_[i].revived = false;
        }
    }
    void begin_asking(Heir& heir) {
        heir.word = Heir::Word::none;
        heir.asked = 0;
        heir.due = now_;
    }
    // It may be heard elsewhere. Only once: two who ask it in vain would keep each other waiting for it.
    void revive(Heir* other) {
        if (other == nullptr || other->word != Heir::Word::silent || other->revived) return;
        begin_asking(*other);
        other->revived = true;
    }
    bool may_succeed(const Heir& heir) const {
        return heir.id != epoch_.authority && !heir.away && heir.has_address;
    }
    PeerId favourite() const {
        Candidate best = own_candidate();
        for (std::size_t i = 0; i < heirs_.size(); ++i) {
            const Heir& heir = heirs_[i];
            if (may_succeed(heir) && heir.word != Heir::Word::silent &&
                Election::before(heir.candidate(), best))
                best = heir.candidate();
        }
        return best.id;
    }
    void ask(Heir& heir) {
        due_ = min(heir.due, now_ + slow_pause);
        if (now_ < heir.due) return;
        if (heir.word != Heir::Word::silent && heir.asked >= tries_min &&
            now_ >= heir.quiet_since + silent_after) {
            heir.word = Heir::Word::silent;
            due_ = heir.due = now_ + slow_pause;
            return;
        }
        if (heir.asked++ == 0) heir.quiet_since = now_;
        say(heir, Claim::Kind::asks, epoch_, favourite(), round_);
        heir.due =
            now_ + (heir.word == Heir::Word::silent ? slow_pause
                                                    : min(first_pause * (2 + heir.asked) / 3, pause_max));
        due_ = min(heir.due, now_ + slow_pause);
    }
    // Asks for the others' support, and decides when it has enough.
    void stand() {
        bool waits = now_ < dissent_until_;
        unsigned supporters = 0, others = 0;
        Instant next = now_ + slow_pause;
        for (std::size_t i = 0; i < heirs_.size(); ++i) {
            Heir& heir = heirs_[i];
            if (!may_succeed(heir)) continue;
            ++others;
            if (heir.word == Heir::Word::supports) {
                ++supporters;
                continue;
            }
            ask(heir);
            next = min(next, due_);
            waits = waits || heir.word != Heir::Word::silent;
        }
        due_ = next;
        // More than half are enough; fewer, when the rest can't be heard.
        const bool most = supporters != 0 && 2 * (supporters + 1) > others + 1;
        if (waits && (!most || now_ < dissent_until_)) return;
        // Who hears nobody at all is rather the one who is cut off.
        if (supporters == 0 && others != 0 && now_ < suspected_ + lone_after_) return;
        conclude(Verdict<Address>::Kind::succeed, {epoch_.number + 1, self_}, self_, Address{});
    }

    // ---- one who is obeyed

    void reign() {
        due_ = now_ + slow_pause;
        contest();
        for (std::size_t i = 0; i < heirs_.size(); ++i) {
            Heir& heir = heirs_[i];
            if (heir.follows || !heir.has_address) continue;
            if (now_ >= heir.due) {
                say(heir, Claim::Kind::claims, epoch_, self_, 0);
                heir.due = now_ + (heir.asked++ < claims_brisk ? milliseconds(100) : claims_pause);
            }
            due_ = min(due_, heir.due);
        }
    }
    void contest() {
        Heir* other = rival_.id() ? heir(rival_.id()) : nullptr;
        if (other == nullptr || rival_.is_gone(now_)) return void(rival_ = Rival());
        if (now_ < rival_.due()) return void(due_ = min(due_, rival_.due()));
        rival_.spoke(now_);
        due_ = min(due_, rival_.due());
        say(*other, Claim::Kind::claims, epoch_, self_, 0); // so that both count at the same time
        const auto all = static_cast<std::uint32_t>(heirs_.size() + 1);
        if (!rival_.both_counted()) return;
        if (!rival_.outweighs(epoch_, all)) return rival_.recount(now_);
        if (rival_.has_accepted())
            return conclude(Verdict<Address>::Kind::yield, rival_.epoch(), rival_.id(), other->at);
        rival_.yield(epoch_.number);
        say(*other, Claim::Kind::yields, epoch_, rival_.id(), 0);
    }

    // ---- hearing

    Result<> hear(Heir& from, const Claim& claim) {
        switch (claim.kind) {
            case Claim::Kind::asks:
                return hear_ask(from, claim);
            case Claim::Kind::lives:
                if (phase_ != Phase::asks || claim.nonce != round_ || claim.epoch != epoch_) break;
                // Somebody hears it: then it is our own path that is broken, and ours to mend.
                dissent_until_ = now_ + patience_ / 2;
                for (std::size_t i = 0; i < heirs_.size(); ++i) {
                    begin_asking(heirs_[i]);
                    heirs_[i].due = now_ + slow_pause / 2;
                }
                return {};
            case Claim::Kind::supports:
                if (phase_ != Phase::asks || claim.nonce != round_) break;
                from.word = Heir::Word::supports;
                from.quiet_since = now_;
                return {};
            case Claim::Kind::prefers:
                if (phase_ != Phase::asks || claim.nonce != round_) break;
                from.word = Heir::Word::prefers;
                from.quiet_since = now_;
                revive(heir(claim.about));
                return {};
            case Claim::Kind::claims:
                return hear_claim(from, claim);
            case Claim::Kind::follows:
                if (phase_ != Phase::reigns && claim.about == claim.epoch.authority && is_handed(from, claim))
                    return hear_claim(from, claim);
                if (phase_ != Phase::reigns || claim.epoch != epoch_ || claim.about != self_) break;
                conclude_admission(from);
                return {};
            case Claim::Kind::yields:
                if (phase_ != Phase::reigns || claim.about != self_) break;
                if (claim.epoch.authority != from.id || rival_.id() != from.id)
                    return refuse(Error::forged_claim);
                if (claim.epoch.number < epoch_.number && rival_.yielded()) return {};
                rival_.yield(epoch_.number);
                epoch_.number = (claim.epoch.number > epoch_.number ? claim.epoch.number : epoch_.number) + 1;
                rival_.speak_soon(now_);
                tell({Verdict<Address>::Kind::renumber, epoch_, self_, Address{}, false});
                return {};
        }
        return claim.epoch.number < epoch_.number ? refuse(Error::old_epoch) : Result<>{};
    }
    Result<> hear_ask(Heir& from, const Claim& claim) {
        if (claim.epoch.number < epoch_.number) {
            say(from, Claim::Kind::claims, epoch_, epoch_.authority, claim.nonce);
            return refuse(Error::old_epoch);
        }
        if (claim.epoch != epoch_) return {}; // of another side; authorities settle that
        const Duration silence = now_ - last_rx_;
        if (phase_ == Phase::reigns || (phase_ == Phase::settled && !gone_ && silence < patience_ / 2)) {
            say(from, Claim::Kind::lives, epoch_, epoch_.authority, claim.nonce);
            return {};
        }
        if (phase_ == Phase::settled) suspect(); // two who miss it are enough
        from.quiet_since = now_;
        if (claim.about == self_)
            from.word = Heir::Word::supports;
        else if (from.word == Heir::Word::silent)
            begin_asking(from);
        const PeerId best = favourite();
        say(from, best == from.id ? Claim::Kind::supports : Claim::Kind::prefers, epoch_, best, claim.nonce);
        due_ = now_;
        return {};
    }
    // The authority itself says that it has handed over; its word in the link was lost.
    bool is_handed(const Heir& from, const Claim& claim) const {
        return from.id == epoch_.authority && claim.handed && claim.epoch.number > epoch_.number;
    }
    Result<> hear_claim(Heir& from, const Claim& claim) {
        const PeerId whose = claim.epoch.authority;
        if (claim.about != whose) return refuse(Error::malformed);
        if (phase_ == Phase::reigns) {
            if (from.id != whose) return {}; // its authority will say so itself
            if (handed_to_ == whose) return {};
            // Who obeyed a moment ago was not chosen by others since.
            if (from.follows && now_ - from.heard < patience_) return refuse(Error::forged_claim);
            rival_.hear(now_, from.id, claim.epoch, claim.size);
            due_ = now_;
            return {};
        }
        if (claim.epoch == epoch_) return {};
        if (claim.epoch.number < epoch_.number) {
            // It may have slept, and missed that the room went on.
            if (Heir* obeyed = heir(epoch_.authority); obeyed != nullptr && phase_ == Phase::settled)
                say(from, Claim::Kind::claims, epoch_, epoch_.authority, 0);
            return refuse(Error::old_epoch);
        }
        const bool missed = phase_ == Phase::asks || gone_ || now_ - last_rx_ >= patience_ / 2;
        // We hear the one that we obey: this one is of another side, or claims what is not its own.
        const bool handed = is_handed(from, claim);
        if (!missed && !handed) return refuse(Error::forged_claim);
        if (whose == self_) {
            if (!handed) return refuse(Error::old_epoch);
            conclude(Verdict<Address>::Kind::succeed, claim.epoch, self_, Address{}, true);
            return {};
        }
        const Heir* other = heir(whose);
        if (other == nullptr || !other->has_address) return {};
        // It may have been handed over by another than the one who is missed here, and may be lost: what was
        // said to that one goes to its successor.
        conclude(Verdict<Address>::Kind::follow, claim.epoch, whose, other->at, handed);
        return {};
    }

    // ---- saying

    void say(Heir& to, Claim::Kind kind, Epoch epoch, PeerId about, std::uint64_t nonce) {
        if (!to.has_address || letters_.size() >= letters_max) return;
        Claim claim;
        claim.kind = kind;
        claim.game = game_;
        claim.room = room_;
        claim.epoch = epoch;
        claim.from = self_;
        claim.about = about;
        claim.nonce = nonce;
        claim.size = phase_ == Phase::reigns ? rival_.own_size() : 0;
        claim.handed = handed_;
        letters_.push_back({to.reach(), to.id, claim});
    }
    std::size_t write_front(BytesOut into) {
        const auto& letter = letters_.front();
        if constexpr (Kin::meets)
            return write_letter(into, kin_, letter.to, Letter::claim,
                                [&](ByteWriter& out) { detail::write_claim(out, letter.claim); });
        else
            return write(into, letter.claim, room_key_);
    }
    void tell(const Verdict<Address>& verdict) { verdicts_.push_back(verdict); }
    // The room acts on it and then says take().
    void conclude(typename Verdict<Address>::Kind kind, Epoch epoch, PeerId peer, const Address& at,
                  bool handed = false) {
        if (!verdicts_.empty()) return;
        tell({kind, epoch, peer, at, handed});
    }
    void conclude_admission(const Heir& from) {
        tell({Verdict<Address>::Kind::admit, epoch_, from.id, from.at, false});
    }

    bool open_ = false, gone_ = false, handed_ = false;
    unsigned farewells_ = 0; // to be said
    Instant farewell_due_{};
    Phase phase_ = Phase::settled;
    PeerId self_, handed_to_;
    Epoch epoch_;
    std::uint64_t game_ = 0, room_ = 0, room_key_ = 0, round_ = 0;
    float own_merit_ = 0;
    Duration patience_{}, lone_after_{};
    Instant now_{}, last_rx_{}, due_{}, suspected_{}, dissent_until_{};
    ClaimAllowance allowance_;
    Random random_{0};
    Ring<Heir> heirs_;
    Ring<AddressedClaim<Address>> letters_;
    Ring<Verdict<Address>> verdicts_;
    Rival rival_;
    ClaimFigures figures_;
    TENON_NO_UNIQUE_ADDRESS Kin kin_;
};

} // namespace tenon
