#pragma once
// The peers that a room reaches directly, each with its link: found by address when something arrives and by
// id when something is to be said; and which of them want attention, now or later.

#include <cstdint>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/swap.hpp"
#include "tenon/core/timers.hpp"
#include "tenon/link/link_of.hpp"
#include "tenon/link/redial.hpp"
#include "tenon/room/limits.hpp"
#include "tenon/room/newest.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

template <class Address>
struct AddressKey {
    Address address{};
    std::uint64_t hash(std::uint64_t seed) const { return seeded_hash(address, seed); }
    friend bool operator==(const AddressKey& a, const AddressKey& b) { return a.address == b.address; }
};

template <class Address, class Reliability, class Guard = Plain>
class Seats {
  public:
    using Link = LinkOf<Reliability, typename Guard::Seal>;
    using Key = typename Guard::Seal::Key;

    // A host's acceptance as it was written, which enclosed it.
    struct Answer {
        std::byte written[Guard::accept_bytes_max];
        std::uint8_t size = 0;

        Answer() = default;
        Answer(const Accept& accept, const Guard& guard, auto& by)
            : size(static_cast<std::uint8_t>(write(written, accept, guard, by))) {}
        BytesIn bytes() const { return BytesIn(written).first(size); }
    };
    struct Seat {
        std::uint64_t nonce = 0; // of the request that it was last let in for
        std::uint64_t proof = 0; // of that, if it was to resume
        Answer answer;           // which may have to be said again
        NewestWins newest;
        std::uint32_t capabilities = 0;        // those that both sides have
        unsigned tries = 0;                    // to be heard by one that is not
        Instant away_until = Instant::never(); // of one that is away: then its place is not kept any longer
        // From the end of this on to the middle of the link lies what every packet needs.
        Used used; // of what it may ask of who hosts
        Address address;
        PeerId id;
        std::uint32_t index = 0;
        bool dirty = false, told_away = false; // told_away: the others know that its path is broken
        // Of a room that migrates: it obeys a new host, has told that all it knows, and may be said events;
        // absent: events are settled without it.
        bool follower = false, synchronous = false, absent = false;
        std::uint8_t supplied = 0; // and how often it was looked at since
        // Where guests have links to each other: it is such a one, and both sides hear each other.
        bool direct = false, up = false;
        Link link;

        Seat(const Address& a, PeerId peer, Pool& pool, const LinkOptions& options, const Key& key,
             Instant now, Random random)
            : newest(Random(random).next()), address(a), id(peer), link(pool, options, key, now, random) {}

        bool is_away() const { return link.state() == Link::State::away; }
        // Whether a request to resume is of the peer who sat here. It counts once, and may come again until
        // something was heard that shows that its answer arrived, since only that says the link's new key.
        bool proves(const Resume& asked, const Guard& guard) const {
            if (asked.nonce != nonce) return asked.proof == guard.prove(link.seal(), asked.nonce, asked.peer);
            return proof != 0 && proof == asked.proof && link.seal().is_changing();
        }
        void renew(Instant now, const Resume& asked, const Key& key) {
            nonce = asked.nonce;
            proof = asked.proof;
            link.grant(now, key);
        }
        Instant deadline() const {
            return is_away() ? min(link.poll_timeout(), away_until) : link.poll_timeout();
        }
        TENON_INLINE void prefetch() const { prefetch_to(used.often(), &link); }
        TENON_INLINE void prefetch_writing() const { prefetch(), link.prefetch_writing(); }
    };

    explicit Seats(Random random) : by_address_(seats_max, random.next()), by_id_(seats_max, random.next()) {}
    Seats(const Seats&) = delete;
    Seats& operator=(const Seats&) = delete;
    ~Seats() { clear(); }

    // A new seat, or nullptr without memory. Neither the address nor the id may have one.
    Seat* add(const Address& address, PeerId id, Pool& pool, const LinkOptions& options, const Key& key,
              Instant now, Random random) {
        Seat* seat = new (std::nothrow) Seat(address, id, pool, options, key, now, random);
        if (seat == nullptr) return nullptr;
        if (!place(*seat)) {
            delete seat;
            return nullptr;
        }
        mark(*seat);
        return seat;
    }
    void remove(Seat& seat) {
        take_out(seat);
        delete &seat;
    }
    // The seat is the caller's, with its link as it is, until it is put back.
    void take_out(Seat& seat) {
        by_address_.erase({seat.address});
        by_id_.erase({seat.id});
        timers_.cancel(seat.index);
        seats_[seat.index] = nullptr;
        if (last_ == &seat) last_ = nullptr;
        seat.dirty = false;
    }
    // False, and it is still the caller's, without memory.
    bool put_back(Seat& seat, const Address& address) {
        seat.address = address;
        if (!place(seat)) return false;
        mark(seat);
        return true;
    }
    // The peer speaks from another address. False, and it stays where it was, without memory.
    bool move(Seat& seat, const Address& address) {
        if (seat.address == address) return true;
        if (by_address_.insert({address}, seat.index) == nullptr) return false;
        by_address_.erase({seat.address});
        seat.address = address;
        return true;
    }
    void clear() {
        for (std::size_t i = 0; i < seats_.size(); ++i)
            if (seats_[i] != nullptr) remove(*seats_[i]);
        dirty_.clear();
    }

    // Packets come in bunches from one address, so the last is tried first; then those that were announced.
    Seat* at(const Address& address) {
        if (last_ != nullptr && last_->address == address) return last_;
        for (unsigned i = ahead_first_; i != ahead_end_; ++i) {
            Seat* seat = known(ahead_[i % ahead_max].index);
            if (seat == nullptr || !(seat->address == address)) continue;
            last_ = seat;
            ahead_first_ = i + 1;
            const Ahead& next = ahead_[ahead_first_ % ahead_max];
            if (ahead_first_ != ahead_end_ && next.acks) prefetch_more(next.index, false);
            return seat;
        }
        const std::uint32_t* index = by_address_.find({address});
        if (index == nullptr) return nullptr;
        return last_ = seats_[*index];
    }
    // Where packets can't be forged, who is heard has not started anew, whoever speaks from its address.
    bool hears(const Address& address, Instant now, Duration stale_after) {
        const Seat* seat = Guard::is_private ? at(address) : nullptr;
        return seat != nullptr && seat->link.stats().packets_in != 0 &&
               now < seat->link.stats().last_rx + stale_after;
    }
    // A packet from there will be read soon. What finds its seat is fetched from memory now; with the next
    // such call the seat is looked up and fetched as well.
    void expect(const Address& address, BytesIn packet) {
        const bool acks =
            !packet.empty() && (std::to_integer<std::uint8_t>(packet[0]) & packet_flag::has_ack);
        const std::size_t mixed = by_address_.prefetch({address});
        const bool acked = replaced(announced_acks_, acks);
        const std::uint32_t* index =
            by_address_.find({replaced(announced_, address)}, replaced(announced_mixed_, mixed));
        if (index == nullptr) return;
        if (ahead_end_ - ahead_first_ == ahead_max) ++ahead_first_;
        ahead_[ahead_end_++ % ahead_max] = {*index, acked};
        prefetch(*index);
        seats_[*index]->link.prefetch_reading(acked);
    }
    // A turn begins in which the one that was looked up last will be heard or speak, as a guest's only one:
    // what that needs is fetched while the system is asked for packets.
    TENON_INLINE void expect_last() const {
        if (last_ == nullptr) return;
        prefetch(last_->index);
        last_->link.prefetch_reading(true);
        last_->link.prefetch_writing();
    }
    // Only while its link is open, or the peer may come back.
    const Seat* of(PeerId id) const { return const_cast<Seats*>(this)->of(id); }
    Seat* of(PeerId id) {
        // Mostly the one who was just heard, and the only one that a guest has.
        if (last_ != nullptr && last_->id == id) return is_open(*last_) ? last_ : nullptr;
        const std::uint32_t* index = by_id_.find({id});
        return index != nullptr && is_open(*seats_[*index]) ? seats_[*index] : nullptr;
    }
    template <class F>
    void for_each(F&& f) {
        for (std::size_t i = 0; i < seats_.size(); ++i)
            if (seats_[i] != nullptr) f(*seats_[i]);
    }
    template <class F>
    void for_each_open(F&& f) {
        for (std::size_t i = 0; i < seats_.size(); ++i) {
            if (const Seat* later = known(i + 2)) later->link.prefetch_queue();
            if (const Seat* next = known(i + 1)) next->link.prefetch_queue_more();
            if (seats_[i] != nullptr && is_open(*seats_[i])) f(*seats_[i]);
        }
    }

    // The same where f gives each its turn to send, and so looks at all of it.
    template <class F>
    void for_each_fetched(F&& f) {
        for (std::uint32_t i = 0; i < seats_.size(); ++i) {
            if (i + 2 < seats_.size()) prefetch_writing(i + 2);
            if (i + 1 < seats_.size()) prefetch_more(i + 1, true);
            if (seats_[i] != nullptr && is_open(*seats_[i])) f(*seats_[i]);
        }
    }

    // Something was put in or heard that may want to leave as a packet.
    void mark(Seat& seat) { seat.dirty = seat.dirty || dirty_.push_back(seat.index) != nullptr; }
    // Something was heard: it may want to answer at once, or has only another deadline than before.
    void touched(Seat& seat, Instant now) {
        if (seat.dirty) return;
        const Instant next = seat.link.poll_timeout_after_reading();
        if (next <= now)
            mark(seat);
        else if (next < timers_.due(seat.index))
            timers_.set(seat.index, next);
    }
    // The first that is marked; it stays so until done() is told.
    Seat* marked() {
        while (!dirty_.empty() && seats_[dirty_.front()] == nullptr) dirty_.pop_front();
        if (dirty_.empty()) return nullptr;
        if (dirty_.size() > 2) prefetch_writing(dirty_[2]);
        if (dirty_.size() > 1) prefetch_more(dirty_[1], true);
        return seats_[dirty_.front()];
    }
    void done() {
        Seat* seat = seats_[dirty_.front()];
        dirty_.pop_front();
        seat->dirty = false;
        settle(*seat);
    }
    // It was drained out of its turn.
    void settle(Seat& seat) { timers_.set(seat.index, seat.deadline()); }
    // One whose deadline has come, or nullptr.
    Seat* due(Instant now) {
        std::uint32_t index = 0;
        while (timers_.pop_due(now, index))
            if (seats_[index] != nullptr) return seats_[index];
        return nullptr;
    }

    Instant next() const { return dirty_.empty() ? timers_.next() : Instant{}; }
    std::size_t size() const { return by_id_.size(); }
    bool empty() const { return size() == 0; }

  private:
    struct IdKey {
        PeerId id;
        std::uint64_t hash() const { return id.value; }
        friend bool operator==(const IdKey&, const IdKey&) = default;
    };
    static constexpr std::size_t seats_max = std::size_t(1) << 20;
    static constexpr unsigned ahead_max = 4;
    // A seat that was announced, and whether its packet acknowledges something.
    struct Ahead {
        std::uint32_t index = 0;
        bool acks = false;
    };

    bool place(Seat& seat) {
        std::uint32_t index = 0;
        while (index < seats_.size() && seats_[index] != nullptr) ++index;
        if (index == seats_.size() && seats_.push_back(nullptr) == nullptr) return false;
        if (by_address_.insert({seat.address}, index) == nullptr ||
            by_id_.insert({seat.id}, index) == nullptr) {
            by_address_.erase({seat.address});
            return false;
        }
        seat.index = index;
        seats_[index] = &seat;
        return true;
    }
    Seat* known(std::size_t index) { return index < seats_.size() ? seats_[index] : nullptr; }
    TENON_INLINE void prefetch(std::uint32_t index) const {
        seats_[index]->prefetch();
        timers_.prefetch(index);
    }
    TENON_INLINE void prefetch_writing(std::uint32_t index) const {
        if (seats_[index] == nullptr) return;
        seats_[index]->prefetch_writing();
        timers_.prefetch(index);
    }
    TENON_INLINE void prefetch_more(std::uint32_t index, bool writing) const {
        if (seats_[index] != nullptr) seats_[index]->link.prefetch_more(writing);
    }
    static bool is_open(const Seat& seat) { return seat.link.state() == Link::State::open || seat.is_away(); }

    Ring<Seat*> seats_;
    HashMap<AddressKey<Address>, std::uint32_t> by_address_;
    HashMap<IdKey, std::uint32_t> by_id_;
    Timers timers_;
    Ring<std::uint32_t> dirty_;
    Seat* last_ = nullptr; // the one that was looked up last
    Address announced_{};
    std::size_t announced_mixed_ = 0; // as the map has it
    bool announced_acks_ = false;
    Ahead ahead_[ahead_max]; // in their order
    unsigned ahead_first_ = 0, ahead_end_ = 0;
};

} // namespace tenon
