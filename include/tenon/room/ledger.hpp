#pragma once
// What lets a star-shaped room lose its centre without losing or doubling a reliable event: each peer numbers
// what it says, keeps a copy until all who must have it do, and tells apart what it has heard before.
// Sans-I/O; the room carries its events and reports, each link's reports in their order.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/room/accounts.hpp"
#include "tenon/room/book.hpp"
#include "tenon/room/filed.hpp"
#include "tenon/room/heard.hpp"
#include "tenon/room/kept.hpp"
#include "tenon/room/ledger_report.hpp"
#include "tenon/room/ledger_start.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

class Ledger {
  public:
    static constexpr std::size_t peers_max = 4096; // known at once
    static constexpr std::size_t gone_max = 64;    // of whom it is remembered what they said
    static constexpr std::uint32_t unsettled_max = Account::unsettled_max;

    // fresh: for the game. again: heard before, but kept only now; at the centre it is for whom it lacks.
    // refused: too far ahead, not for it, or its own though it never said it.
    enum class Hearing : std::uint8_t { fresh, again, doubled, refused };

    explicit Ledger(std::size_t bytes_max) : kept_(bytes_max), accounts_(peers_max), book_(accounts_) {}

    // A new room: all is forgotten.
    void begin(PeerId self) {
        kept_.clear();
        accounts_.clear();
        book_.close();
        due_.clear();
        gone_.clear();
        self_ = self;
        whole_ = true;
        dropped_ = 0;
    }

    // ---- what this peer says

    // Numbers it and keeps it; the payload of what it gives is the one that it got.
    Result<Filed> file(PeerId to, MessageType type, BytesIn payload) {
        Account* account = to == self_ ? nullptr : accounts_.open(to ? to : self_);
        if (account == nullptr) return Error::unknown_peer;
        if (!kept_.could_fit(payload)) return Error::too_large;
        if (!has_window(*account, to) && !(settle(), has_window(*account, to))) return Error::queue_full;
        const std::uint32_t serial = (to ? account->direct_said : account->said.prefix()) + 1;
        const Filed filed{self_, serial, to, type, payload};
        if (!make_room(payload) || !kept_.push(filed)) return Error::queue_full;
        if (to) {
            account->direct_said = serial;
        } else {
            account->kept.set(serial);
            account->said.note(serial);
            book_.expect(*account);
            if (book_.is_alone()) settle();
        }
        return filed;
    }

    // ---- what it hears

    Hearing hear(const Filed& filed) {
        if (!filed.origin || (filed.direct() && (filed.to != self_ || filed.origin == self_)))
            return Hearing::refused;
        if (filed.origin == self_) return hear_own(filed);
        Account* account = accounts_.open(filed.origin);
        if (account == nullptr) return Hearing::refused;
        const News news =
            filed.direct() ? account->told.note(filed.serial) : account->said.note(filed.serial);
        if (news == News::beyond) return Hearing::refused;
        if (news == News::fresh) expect_report(*account);
        if (filed.direct()) return news == News::fresh ? Hearing::fresh : Hearing::doubled;
        bound(*account);
        const bool late = filed.serial > account->settled && !account->keeps(filed.serial);
        const bool stored = late && keep(filed, *account);
        return news == News::fresh ? Hearing::fresh : stored ? Hearing::again : Hearing::doubled;
    }

    // ---- reports of a guest to the centre, and what the centre tells it

    // It is there, though nothing was said to it or by it yet.
    void know(PeerId peer) {
        if (peer != self_) (void)accounts_.open(peer);
    }
    // There is a centre, or another than before: it is to be reported everything.
    void follow() {
        book_.close();
        accounts_.for_each([&](Account& account) {
            account.said_reported = account.told_reported = 0;
            account.waits = true;
            expect_report(account);
        });
        whole_ = true;
    }
    // What is filed for `to` is not to be sent yet: the centre asks for it when it can pass it on, and it
    // must not overtake what was said before. hear_settled resends it, or for_each_lacked gives it.
    bool holds_back(PeerId to) const {
        const Account* account = accounts_.find(to);
        return account != nullptr && (presiding() ? !account->counted : account->waits);
    }
    bool report_due() const { return !presiding() && (whole_ || !due_.empty()); }
    // What changed since the last; what does not fit comes in the next. Empty: nothing.
    BytesIn write_report(BytesOut into) {
        ByteWriter out(into);
        while (!due_.empty()) {
            Account* account = accounts_.find(due_.front());
            if (account != nullptr && account->due) {
                if (!report(out, account->said_reported, account->said.prefix(), *account,
                            ReportEntry::heard) ||
                    !report(out, account->told_reported, account->told.prefix(), *account,
                            ReportEntry::heard_direct))
                    return into.first(out.position());
                account->due = false;
            }
            due_.pop_front();
        }
        if (whole_) whole_ = !ReportEntry{self_, ReportEntry::whole, own_settled()}.write(out);
        return into.first(out.position());
    }
    // From the centre. resend(const Filed&) says again what may not have arrived; it must not file anything.
    // A report that is refused changes nothing.
    template <class F>
    Result<> hear_settled(BytesIn report, F&& resend) {
        const auto checked = ReportEntry::for_each(report, [this](const ReportEntry& entry) {
            if (entry.peer != self_) return Error::none;
            if (entry.kind != ReportEntry::settled) return Error::malformed;
            const Account* own = accounts_.find(self_);
            return entry.serial > (own != nullptr ? own->said.prefix() : 0) ? Error::over_bound : Error::none;
        });
        if (!checked) return checked;
        return ReportEntry::for_each(report, [&](const ReportEntry& entry) {
            apply(entry, resend);
            return Error::none;
        });
    }

    // ---- the centre's book

    // This peer is the centre from now on. Its book is empty. If it was a guest before, nothing is settled
    // until recovered(); nor ever before all who have a seat have reported.
    void preside() {
        whole_ = false;
        due_.clear();
        accounts_.for_each([](Account& account) { account.due = false; });
        book_.open(self_);
    }
    // It is present. Who comes for the first time counts from its first report on, and an absent one that is
    // back counts at once. A newcomer was not here before: nothing that was said to it can be lost.
    void seat(PeerId peer, bool newcomer = false) {
        Account* account = peer == self_ ? nullptr : accounts_.open(peer);
        if (account == nullptr) return;
        account->gone = false;
        book_.seat(*account, newcomer);
    }
    // Its link begins anew, and what it has heard is told on it from the start.
    void reseat(PeerId peer) {
        if (Account* account = accounts_.find(peer)) book_.leave(*account);
        seat(peer);
    }
    // It is absent, and holds nothing back.
    void unseat(PeerId peer) {
        if (Account* account = accounts_.find(peer)) book_.unseat(*account);
        settle();
    }
    // True when this completes its first: from now on it counts, and wants what for_each_lacked gives. A
    // report that is refused changes nothing.
    Result<bool> hear_report(PeerId from, BytesIn report) {
        const Account* account = accounts_.find(from);
        if (!presiding() || account == nullptr || account->seat == Account::nowhere)
            return Error::unknown_peer;
        const auto checked = ReportEntry::for_each(report, [&](const ReportEntry& entry) {
            const bool own = entry.peer == from, whole = entry.kind == ReportEntry::whole;
            return entry.kind > ReportEntry::whole || own != whole ? Error::malformed : Error::none;
        });
        if (!checked) return checked.error();
        bool completed = false;
        (void)ReportEntry::for_each(report, [&](const ReportEntry& entry) {
            if (accounts_.open(entry.peer) != nullptr) completed = book(from, entry) || completed;
            return Error::none;
        });
        trim();
        return completed;
    }
    // What that peer was not told yet; what does not fit comes in the next. Empty: nothing.
    BytesIn write_settled(PeerId for_whom, BytesOut into) {
        settle();
        Account* account = accounts_.find(for_whom);
        return account != nullptr ? book_.write(*account, into) : BytesIn();
    }

    // ---- a newcomer's start

    // Where each stream stands. All is to be written at once: until this is empty, beginning with a `place`
    // of 0. The newcomer also gets the broadcasts of for_each_kept, so that it can pass them on.
    BytesIn write_start(BytesOut into, std::size_t& place) const {
        ByteWriter out(into);
        for (; place < accounts_.places(); ++place) {
            const Account& account = accounts_[place];
            const std::uint32_t top = account.said.top();
            if (!account.id || top == 0 || (account.gone && account.settled == top)) continue;
            const std::size_t before = out.position();
            LedgerStart::write(out, account);
            if (!out.ok()) return into.first(before);
        }
        return into.first(out.position());
    }
    // What was said before it came counts as heard. A start that is refused changes nothing.
    Result<> adopt_start(BytesIn start) {
        Error wrong = Error::none;
        const auto checked = LedgerStart::for_each(start, [&](const LedgerStart& begun) {
            if (begun.peer == self_) wrong = Error::malformed;
        });
        if (!checked || wrong != Error::none) return !checked ? checked.error() : wrong;
        return LedgerStart::for_each(start, [this](const LedgerStart& begun) { adopt(begun); });
    }

    // ---- after the centre was lost

    // f(const Filed&) of all that is kept: of one origin in the order in which it was said, and else in that
    // in which it was heard.
    template <class F>
    void for_each_kept(F&& f) const {
        kept_.for_each([&](const Filed& filed) {
            if (!is_done(filed)) f(filed);
        });
    }
    // The same of what `peer` lacks, as far as it has reported.
    template <class F>
    void for_each_lacked(PeerId peer, F&& f) const {
        for_each_kept([&](const Filed& filed) {
            if (lacks(peer, filed)) f(filed);
        });
    }
    bool lacks(PeerId peer, const Filed& filed) const {
        if (filed.direct()) return filed.to == peer;
        const Account *origin = accounts_.find(filed.origin), *account = accounts_.find(peer);
        return filed.origin != peer && origin != nullptr && account != nullptr &&
               origin->heard_by(account->seat) < filed.serial;
    }
    // What `origin` said to all begins after `serial`; what of it was not heard never comes.
    void jump(PeerId origin, std::uint32_t serial) {
        Account* account = origin == self_ ? nullptr : accounts_.open(origin);
        if (account == nullptr) return;
        account->said.jump(serial);
        bound(*account);
        expect_report(*account);
        trim();
    }
    // This peer's own unsettled ones to `from` go to `to` instead, as said(const Filed&) hears. When that is
    // this peer itself, they are not kept.
    template <class F>
    void readdress(PeerId from, PeerId to, F&& said) {
        if (from == to || accounts_.open(to) == nullptr) return;
        Account* target = accounts_.find(to);
        kept_.revise([&](Filed& filed) {
            if (filed.to != from || is_done(filed)) return true;
            const std::uint32_t ahead = target->direct_said - target->direct_arrived;
            if (to != self_ && ahead >= decltype(target->told)::window) return ++dropped_, false;
            filed.to = to;
            filed.serial = ++target->direct_said;
            said(static_cast<const Filed&>(filed));
            if (to == self_) target->direct_arrived = filed.serial;
            return to != self_;
        });
        if (Account* old = accounts_.find(from)) old->direct_arrived = old->direct_said;
        trim();
    }
    // It has left for good. What was said to it is dropped; what it said to all stays until it is settled.
    void forget(PeerId gone) {
        Account* account = gone == self_ ? nullptr : accounts_.find(gone);
        if (account == nullptr) return;
        account->direct_arrived = account->direct_said;
        account->pending.clear();
        book_.leave(*account);
        if (!account->gone && gone_.push_back(gone) != nullptr) account->gone = true;
        for (; gone_.size() > gone_max; gone_.pop_front()) close(gone_.front());
        book_.close_gone();
        settle();
        trim();
    }
    // The new centre: all who are still there have reported and sent what they keep, or were given up. What
    // nobody has of those who are gone is not waited for, and from now on streams are settled again.
    void recovered() {
        book_.recovered();
        settle();
    }

    PeerId self() const { return self_; }
    bool presiding() const { return book_.is_open(); }
    // The centre: something was settled without that peer, which it has not heard and can't be given.
    bool missed(PeerId peer) const {
        const Account* account = accounts_.find(peer);
        for (std::size_t i = 0; account != nullptr && i < accounts_.places(); ++i)
            if (accounts_[i].id && accounts_[i].id != peer &&
                accounts_[i].heard_by(account->seat) < accounts_[i].settled)
                return true;
        return false;
    }

    // So much is unsettled that who is absent should not hold it back any longer.
    bool pressed() const {
        bool pressed = kept_.bytes() > kept_.bytes_max() / 2;
        for (std::size_t i = 0; !pressed && i < accounts_.places(); ++i)
            pressed = accounts_[i].id && accounts_[i].said.top() - accounts_[i].settled > unsettled_max / 2;
        return pressed;
    }
    std::size_t bytes() const { return kept_.bytes(); } // of the store in use
    // Of others, that could not be kept, and own ones that could not be readdressed.
    std::uint64_t dropped() const { return dropped_; }

  private:
    // ---- the store

    bool is_done(const Filed& filed) const {
        const Account* account = accounts_.find(filed.direct() ? filed.to : filed.origin);
        return account == nullptr ||
               filed.serial <= (filed.direct() ? account->direct_arrived : account->settled);
    }
    void settle() {
        if (book_.settle()) trim();
    }
    void trim() {
        kept_.trim([this](const Filed& filed) { return is_done(filed); });
    }
    bool has_window(const Account& account, PeerId to) const {
        const std::uint32_t last = to ? account.direct_said : account.said.prefix();
        return last != UINT32_MAX && last - (to ? account.direct_arrived : account.settled) < unsettled_max;
    }
    bool make_room(BytesIn payload) {
        if (kept_.fits(payload)) return true;
        settle();
        kept_.sweep([this](const Filed& filed) { return is_done(filed); });
        return kept_.fits(payload);
    }
    bool keep(const Filed& filed, Account& origin) {
        if (!kept_.could_fit(filed.payload) || !(make_room(filed.payload) || evict(filed.payload)))
            return ++dropped_, false;
        const bool last = filed.serial == origin.said.top();
        if (!(last ? kept_.push(filed) : kept_.insert(filed))) return ++dropped_, false;
        origin.kept.set(filed.serial);
        return true;
    }
    // Drops the oldest that others said, and some more at once, since the rest is moved together.
    TENON_COLD bool evict(BytesIn payload) {
        const std::size_t needed = Kept::record_bytes(payload) - (kept_.bytes_max() - kept_.bytes());
        std::size_t others = 0, dropped = 0;
        kept_.for_each([&](const Filed& filed) {
            others += filed.origin != self_ ? Kept::record_bytes(filed.payload) : 0;
        });
        if (others < needed) return false;
        const std::size_t wanted = needed > kept_.bytes_max() / 16 ? needed : kept_.bytes_max() / 16;
        kept_.revise([&](Filed& filed) {
            if (filed.origin == self_ || dropped >= wanted) return true;
            dropped += Kept::record_bytes(filed.payload);
            ++dropped_;
            if (Account* origin = accounts_.find(filed.origin)) origin->kept.clear(filed.serial);
            return false;
        });
        kept_.sweep([this](const Filed& filed) { return is_done(filed); });
        return true;
    }

    // ---- streams

    void close(PeerId gone) {
        const Account* account = accounts_.find(gone);
        if (account == nullptr || !account->gone) return;
        kept_.revise([&](const Filed& filed) { return filed.origin != gone && filed.to != gone; });
        accounts_.close(gone);
    }
    // Others give the centre also what it said itself.
    Hearing hear_own(const Filed& filed) const {
        const Account* own = accounts_.find(self_);
        return own != nullptr && own->said.has(filed.serial) ? Hearing::doubled : Hearing::refused;
    }
    std::uint32_t own_settled() const {
        const Account* own = accounts_.find(self_);
        return own != nullptr ? own->settled : 0;
    }
    // Nobody says more than so much before it is settled.
    void bound(Account& account) {
        const std::uint32_t top = account.said.top();
        if (top > unsettled_max) accounts_.raise_settled(account, top - unsettled_max);
    }
    void expect_report(Account& account) {
        if (presiding()) return book_.expect(account);
        if (account.due || account.id == self_) return;
        account.due = due_.push_back(account.id) != nullptr;
    }
    bool report(ByteWriter& out, std::uint32_t& reported, std::uint32_t now, const Account& account,
                std::uint8_t kind) {
        if (reported == now) return true;
        if (!ReportEntry{account.id, kind, now}.write(out)) return false;
        reported = now;
        return true;
    }
    template <class F>
    void apply(const ReportEntry& entry, F& resend) {
        if (entry.kind == ReportEntry::jump) return jump(entry.peer, entry.serial);
        if (entry.kind == ReportEntry::settled) {
            if (Account* account = accounts_.open(entry.peer))
                accounts_.raise_settled(*account, entry.serial);
            return trim();
        }
        Account* account = accounts_.find(entry.peer);
        if (account == nullptr) return;
        arrive(*account, entry.serial);
        if (entry.kind != ReportEntry::again) return;
        account->waits = false;
        kept_.for_each([&](const Filed& filed) {
            if (filed.to == entry.peer && !is_done(filed)) resend(filed);
        });
    }
    // A peer may claim more than was said to it; that harms itself alone.
    void arrive(Account& account, std::uint32_t serial) {
        serial = serial < account.direct_said ? serial : account.direct_said;
        if (serial <= account.direct_arrived) return;
        account.direct_arrived = serial;
        trim();
    }
    void adopt(const LedgerStart& start) {
        Account* account = accounts_.open(start.peer);
        if (account == nullptr) return;
        account->said.jump(start.prefix);
        for (std::uint32_t i = 0; i < start.mark_count(); ++i)
            if (start.mark(i)) account->said.note(start.prefix + 1 + i);
        accounts_.raise_settled(*account, start.settled);
        bound(*account);
        expect_report(*account);
        if (start.gone) forget(start.peer);
    }

    // True when it completes a first report.
    bool book(PeerId from, const ReportEntry& entry) {
        Account &account = *accounts_.find(from), &about = *accounts_.find(entry.peer);
        if (entry.kind == ReportEntry::whole) return book_.whole(account, entry.serial);
        if (entry.kind == ReportEntry::heard) book_.heard(account, about, entry.serial);
        if (entry.kind == ReportEntry::heard_direct && entry.peer != self_)
            book_.arrived(account, about, entry.serial);
        if (entry.kind == ReportEntry::heard_direct && entry.peer == self_) arrive(account, entry.serial);
        return false;
    }

    PeerId self_;
    Kept kept_;
    Accounts accounts_;
    Book book_;
    bool whole_ = true; // everything is to be reported
    Ring<PeerId> due_;  // of whom something is to be reported
    Ring<PeerId> gone_; // in the order of their leaving
    std::uint64_t dropped_ = 0;
};

} // namespace tenon
