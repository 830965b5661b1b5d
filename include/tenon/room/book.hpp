#pragma once
// The book at the centre of a star: what each peer that has a seat has heard, from its reports, and so what
// is settled, and what each is to be told. Only the Ledger writes in it.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/room/accounts.hpp"
#include "tenon/room/ledger_report.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

class Book {
  public:
    explicit Book(Accounts& accounts) : accounts_(accounts) {}

    // Empty. With others known, there was a centre before, and nothing is settled until all is recovered.
    void open(PeerId self) {
        close();
        open_ = true;
        self_ = self;
        accounts_.for_each([this](Account& account) {
            if (account.id != self_) recovering_ = true;
            if (account.settled != 0) accounts_.touch(account);
            expect(account);
        });
    }
    void close() {
        open_ = recovering_ = false;
        present_ = 0;
        accounts_.for_each([](Account& account) {
            account.present = account.counted = account.newcomer = account.settle_due = false;
            account.seat = Account::nowhere;
            account.book.clear();
            account.pending.clear();
        });
        accounts_.forget_versions();
        seats_.clear();
        settle_due_.clear();
    }
    bool is_open() const { return open_; }
    // A centre without guests: nobody is waited for.
    bool is_alone() const { return open_ && present_ == 0; }

    // ---- who counts

    void seat(Account& account, bool newcomer) {
        if (!open_) return;
        present_ += account.present ? 0 : 1;
        account.present = true;
        if (account.seat == Account::nowhere) take_seat(account, newcomer);
        expect_all();
    }
    void unseat(Account& account) {
        if (!account.present) return;
        account.present = false;
        --present_;
        expect_all();
    }
    void leave(Account& account) {
        if (account.seat == Account::nowhere) return;
        accounts_.for_each([&](Account& origin) {
            if (account.seat < origin.book.size()) origin.book[account.seat] = 0;
        });
        seats_[account.seat] = Account::nowhere;
        account.seat = Account::nowhere;
        present_ -= account.present ? 1 : 0;
        account.present = account.counted = false;
        expect_all();
    }

    // ---- what they report

    void heard(Account& account, Account& origin, std::uint32_t serial) {
        const std::uint32_t before = origin.heard_by(account.seat);
        if (serial <= before) return;
        origin.write_book(account.seat, serial);
        if (before <= origin.settled) expect(origin);
        pass_over(origin, account);
    }
    void arrived(Account& account, Account& origin, std::uint32_t serial) {
        const std::uint8_t kind = account.counted ? ReportEntry::arrived : ReportEntry::again;
        promise(origin, {account.id, kind, serial});
    }
    // The end of a whole report; true when it is the first.
    bool whole(Account& account, std::uint32_t settled) {
        account.said.jump(settled);
        accounts_.raise_settled(account, settled);
        expect(account);
        if (account.counted) return false;
        account.counted = true;
        for_each_seated([&](Account& other) {
            if (!account.newcomer && other.id != account.id)
                promise(other, {account.id, ReportEntry::again, 0});
        });
        // What was settled without it can't be given to it any more.
        accounts_.for_each([&](const Account& origin) {
            if (origin.id != account.id && origin.heard_by(account.seat) < origin.settled)
                promise(account, {origin.id, ReportEntry::jump, origin.settled});
            pass_over(origin, account);
        });
        expect_all();
        return true;
    }

    void recovered() {
        recovering_ = false;
        close_gone();
        expect_all();
    }
    // Nothing more will come of those who are gone, unless somebody who keeps it is still to be heard.
    void close_gone() {
        if (!open_ || recovering_) return;
        accounts_.for_each([this](Account& origin) {
            if (!origin.gone) return;
            origin.said.jump(origin.said.top());
            for_each_seated([&](Account& seated) { pass_over(origin, seated); });
            expect(origin);
        });
    }

    // ---- what follows

    // Whether this stream is settled further is to be seen.
    void expect(Account& account) {
        if (open_ && !account.settle_due) account.settle_due = settle_due_.push_back(account.id) != nullptr;
    }
    // The least that all present ones but the origin have heard. False: there was nothing to do.
    bool settle() {
        if (settle_due_.empty() || recovering_) return false;
        bool complete = true;
        for_each_seated(
            [&](const Account& seated) { complete = complete && (seated.counted || !seated.present); });
        for (; !settle_due_.empty(); settle_due_.pop_front()) {
            Account* origin = accounts_.find(settle_due_.front());
            if (origin == nullptr) continue;
            origin->settle_due = false;
            if (!complete) continue; // once it is, all are looked at
            std::uint32_t least = origin->said.prefix();
            for_each_seated([&](const Account& seated) {
                const std::uint32_t heard = origin->heard_by(seated.seat);
                if (seated.present && seated.id != origin->id && heard < least) least = heard;
            });
            accounts_.raise_settled(*origin, least);
        }
        return true;
    }

    BytesIn write(Account& account, BytesOut into) {
        ByteWriter out(into);
        if (account.seat == Account::nowhere) return {};
        for (; !account.pending.empty(); account.pending.pop_front())
            if (!account.pending.front().write(out)) return into.first(out.position());
        const std::uint32_t told = account.told.prefix();
        if (told != account.told_reported) {
            if (!ReportEntry{self_, ReportEntry::arrived, told}.write(out)) return into.first(out.position());
            account.told_reported = told;
        }
        const Account* changed = accounts_.changed_after(account.told_version);
        for (; changed != nullptr; changed = accounts_.changed_next(*changed)) {
            if (!ReportEntry{changed->id, ReportEntry::settled, changed->settled}.write(out)) break;
            account.told_version = changed->version;
        }
        return into.first(out.position());
    }

  private:
    template <class F>
    void for_each_seated(F&& f) {
        for (std::size_t i = 0; i < seats_.size(); ++i)
            if (seats_[i] != Account::nowhere) f(accounts_[seats_[i]]);
    }
    void take_seat(Account& account, bool newcomer) {
        std::uint32_t seat = 0;
        while (seat < seats_.size() && seats_[seat] != Account::nowhere) ++seat;
        const std::uint32_t place = accounts_.place_of(account.id);
        if (seat == seats_.size() && seats_.push_back(place) == nullptr) return;
        seats_[seat] = place;
        account.seat = seat;
        account.newcomer = newcomer;
        account.told_version = 0;
        if (newcomer) return;
        for_each_seated([&](const Account& other) {
            if (other.counted) promise(account, {other.id, ReportEntry::again, 0});
        });
        account.told_reported = account.told.prefix();
        promise(account, {self_, ReportEntry::again, account.told_reported});
    }
    // To be told; about the same thing once only.
    void promise(Account& account, ReportEntry entry) {
        const bool jumps = entry.kind == ReportEntry::jump;
        for (std::size_t i = 0; i < account.pending.size(); ++i) {
            ReportEntry& known = account.pending[i];
            if (known.peer != entry.peer || (known.kind == ReportEntry::jump) != jumps) continue;
            known.serial = entry.serial > known.serial ? entry.serial : known.serial;
            known.kind = entry.kind > known.kind ? entry.kind : known.kind;
            return;
        }
        account.pending.push_back(entry);
    }
    // What of somebody who is gone is not kept here will not come. Who has come up to it goes on behind it;
    // before that, what lies in front may still be on its way.
    void pass_over(const Account& origin, Account& account) {
        const std::uint32_t heard = origin.heard_by(account.seat);
        if (!origin.gone || recovering_ || heard < origin.settled) return;
        std::uint32_t next = heard;
        while (next < origin.said.prefix() && !origin.keeps(next + 1)) ++next;
        if (next != heard) promise(account, {origin.id, ReportEntry::jump, next});
    }
    void expect_all() {
        if (open_) accounts_.for_each([this](Account& account) { expect(account); });
    }

    Accounts& accounts_;
    PeerId self_;
    bool open_ = false, recovering_ = false;
    std::size_t present_ = 0;
    Ring<std::uint32_t> seats_; // the places of those who have one
    Ring<PeerId> settle_due_;   // whose streams may be settled further
};

} // namespace tenon
