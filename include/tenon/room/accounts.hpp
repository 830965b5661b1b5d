#pragma once
// What a Ledger knows of each peer: what was heard of it and said to it, and, at the centre of a star, what
// it has heard of the others and must be told.

#include <cstddef>
#include <cstdint>

#include "tenon/core/hash_map.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/room/heard.hpp"
#include "tenon/room/ledger_report.hpp"

namespace tenon {

struct Account {
    static constexpr std::uint32_t unsettled_max = 512; // in each stream
    static constexpr std::uint32_t nowhere = UINT32_MAX;

    PeerId id;
    Heard<unsettled_max> said;     // to all. Of the Ledger's own peer: what it said
    Heard<unsettled_max * 2> told; // to the Ledger's own peer, who may take over what was said to another
    Marks<unsettled_max> kept;     // which of the unsettled ones, from settled + 1 on
    std::uint32_t settled = 0;     // of what it said to all
    std::uint32_t direct_said = 0, direct_arrived = 0; // by the Ledger's own peer to this one
    std::uint32_t said_reported = 0, told_reported = 0;
    bool due = false, settle_due = false, gone = false;
    bool waits = false; // what is said to it is only filed until the centre asks for it

    // At the centre.
    bool present = false, counted = false, newcomer = false;
    std::uint32_t seat = nowhere;
    std::uint64_t version = 0;      // when its settled last changed
    std::uint64_t told_version = 0; // up to which this peer was told of such changes
    std::uint32_t older = nowhere, newer = nowhere;
    Ring<std::uint32_t> book;  // by seat: up to where each has heard what this one said to all
    Ring<ReportEntry> pending; // to be told to this one

    bool keeps(std::uint32_t serial) const {
        return serial > settled && serial - settled <= unsettled_max && kept.test(serial);
    }
    std::uint32_t heard_by(std::uint32_t at) const { return at < book.size() ? book[at] : 0; }
    void write_book(std::uint32_t at, std::uint32_t serial) {
        while (book.size() <= at)
            if (book.push_back(0) == nullptr) return;
        book[at] = serial;
    }
};

// Places hold until the next open().
class Accounts {
  public:
    static constexpr std::uint32_t nowhere = Account::nowhere;

    explicit Accounts(std::size_t limit) : places_(limit) {}

    std::uint32_t place_of(PeerId id) const {
        const std::uint32_t* place = places_.find(Key{id.value});
        return place != nullptr ? *place : nowhere;
    }
    Account* find(PeerId id) {
        const std::uint32_t place = place_of(id);
        return place != nowhere ? &items_[place] : nullptr;
    }
    const Account* find(PeerId id) const { return const_cast<Accounts*>(this)->find(id); }
    // Opened when it is not there; nullptr when there are too many.
    Account* open(PeerId id) {
        if (Account* known = find(id)) return known;
        std::uint32_t place = static_cast<std::uint32_t>(items_.size());
        if (!free_.empty()) place = free_.back();
        if (places_.insert(Key{id.value}, place) == nullptr) return nullptr;
        if (!free_.empty()) {
            free_.pop_back();
        } else if (items_.emplace_back() == nullptr) {
            places_.erase(Key{id.value});
            return nullptr;
        }
        items_[place].id = id;
        return &items_[place];
    }
    void close(PeerId id) {
        const std::uint32_t place = place_of(id);
        if (place == nowhere) return;
        unlink(place);
        items_[place] = Account();
        places_.erase(Key{id.value});
        free_.push_back(place);
    }
    void clear() {
        items_.clear();
        free_.clear();
        places_.clear();
        forget_versions();
    }
    template <class F>
    void for_each(F&& f) {
        for (std::size_t i = 0; i < items_.size(); ++i)
            if (items_[i].id) f(items_[i]);
    }

    // The places of all, open or not, for who goes through them in several steps.
    std::size_t places() const { return items_.size(); }
    Account& operator[](std::size_t place) { return items_[place]; }
    const Account& operator[](std::size_t place) const { return items_[place]; }

    // ---- what changed when: those whose settled changed, in the order of their last change

    void raise_settled(Account& account, std::uint32_t serial) {
        if (serial <= account.settled) return;
        account.kept.clear(account.settled, serial);
        account.settled = serial;
        touch(account);
    }
    void touch(Account& account) {
        const std::uint32_t place = place_of(account.id);
        unlink(place);
        account.version = ++version_;
        account.older = newest_;
        if (newest_ != nowhere) items_[newest_].newer = place;
        newest_ = place;
    }
    // The first that changed after `version`, or nullptr.
    Account* changed_after(std::uint64_t version) {
        std::uint32_t first = nowhere;
        for (std::uint32_t at = newest_; at != nowhere && items_[at].version > version; at = items_[at].older)
            first = at;
        return first != nowhere ? &items_[first] : nullptr;
    }
    Account* changed_next(const Account& account) {
        return account.newer != nowhere ? &items_[account.newer] : nullptr;
    }
    void forget_versions() {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            items_[i].version = items_[i].told_version = 0;
            items_[i].older = items_[i].newer = nowhere;
        }
        newest_ = nowhere;
        version_ = 0;
    }

  private:
    struct Key {
        std::uint32_t id = 0;
        std::uint64_t hash() const { return id; }
        friend bool operator==(Key, Key) = default;
    };

    void unlink(std::uint32_t place) {
        Account& account = items_[place];
        if (account.version == 0) return;
        if (account.newer != nowhere) items_[account.newer].older = account.older;
        if (account.older != nowhere) items_[account.older].newer = account.newer;
        if (newest_ == place) newest_ = account.older;
        account.older = account.newer = nowhere;
        account.version = 0;
    }

    Ring<Account> items_;
    Ring<std::uint32_t> free_;
    HashMap<Key, std::uint32_t> places_;
    std::uint32_t newest_ = nowhere;
    std::uint64_t version_ = 0;
};

} // namespace tenon
