#pragma once
// A client's copy of a world, kept from the snapshots that arrive, in whatever order. Nothing in them can
// make it read or write outside of itself, and what it takes in is what the authority had, to the bit.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/replica/snapshot.hpp"
#include "tenon/replica/world.hpp"

namespace tenon {

// A replica without the types of its components.
class ReplicaHistory {
  public:
    // `entities_max` is the authority's: a snapshot that tells of more is refused.
    ReplicaHistory(const Layout& layout, std::size_t entities_max)
        : words_((entities_max + 63) / 64),
          now_(layout, words_ * 64, 1),
          past_(layout, words_ * 64, window),
          models_(layout),
          slots_(new Slot[words_ * 64]) {
        now_.set_tick(0, 0);
    }
    ReplicaHistory(const ReplicaHistory&) = delete;
    ReplicaHistory& operator=(const ReplicaHistory&) = delete;
    ~ReplicaHistory() { delete[] slots_; }

    // Takes a snapshot in and gives its number, which is to be acknowledged; after an error all is as it was.
    Result<std::uint16_t> handle(BytesIn snapshot) {
        if (snapshot.size() <= SnapshotHead::number_bytes) return Error::truncated;
        const auto low = load_le<std::uint16_t>(snapshot.data());
        const std::uint64_t number = expand(low, 16, next_);
        if (number + window <= next_) return Error::stale;
        if (has(number)) return Error::duplicate;
        if (number >= next_ + window * 256) return Error::malformed;
        if (const Result<> read = take(snapshot.subspan(SnapshotHead::number_bytes), number); !read)
            return read.error();
        return low;
    }

    bool alive(EntityId entity) const {
        return entity && entity.slot < words_ * 64 &&
               now_.row(0).tenant(entity.slot).generation == entity.generation;
    }
    PeerId owner(EntityId entity) const {
        return alive(entity) ? PeerId{now_.row(0).tenant(entity.slot).owner} : PeerId::none();
    }
    // The tick at which the entity was as it is here.
    Tick known_at(EntityId entity) const { return {slots_[entity.slot].tick}; }
    // f(EntityId) for each entity, by slot.
    template <class F>
    void each(F&& f) const {
        for (std::size_t slot = 0; slot < words_ * 64; ++slot)
            if (const Tenant& tenant = now_.row(0).tenant(slot); tenant.generation != 0)
                f(EntityId{static_cast<std::uint16_t>(slot), tenant.generation});
    }
    // The newest tick heard of, and the newest that is known in full: all entities were as they are here.
    Tick newest() const { return {newest_tick_}; }
    bool is_whole() const { return is_whole_; }
    Row row() const { return now_.row(0); }

    // The snapshots of the window by their age, of which the newest heard of is 0: which of them told of a
    // slot, which left out only what is here, which left out only what was told before, here or not; and
    // what they told.
    std::uint64_t told(std::size_t slot) const { return std::rotr(slots_[slot].told_in, newest_turn()); }
    std::uint64_t whole() const { return std::rotr(whole_, newest_turn()); }
    std::uint64_t complete() const { return std::rotr(complete_, newest_turn()); }
    Row aged(unsigned age) const { return past_.row((next_ - 1 - age) % window); }
    std::uint16_t newest_number() const { return static_cast<std::uint16_t>(next_ - 1); }
    // Of a number that handle() gave; the window's length when it is out of it.
    unsigned age_of(std::uint16_t number) const {
        const std::uint64_t age = static_cast<std::uint16_t>(next_ - 1 - number);
        return static_cast<unsigned>(age < window ? age : window);
    }
    const Layout& layout() const { return now_.layout(); }
    std::size_t slots() const { return words_ * 64; }

    // Who came, and who went; the oldest is forgotten when nobody asks.
    struct Change {
        EntityId entity;
        bool spawned = false;
    };
    bool poll_event(Change& change) {
        while (changes_seen_ < slots()) {
            Slot& slot = slots_[changes_seen_];
            const std::uint16_t lives = now_.row(0).tenant(changes_seen_).generation;
            const auto place = static_cast<std::uint16_t>(changes_seen_);
            if (slot.announced == lives) {
                ++changes_seen_;
                continue;
            }
            change =
                slot.announced != 0 ? Change{{place, slot.announced}, false} : Change{{place, lives}, true};
            slot.announced = slot.announced != 0 ? std::uint16_t(0) : lives;
            return true;
        }
        return false;
    }

  private:
    static constexpr std::uint64_t window = SnapshotHead::window;
    struct Slot {
        std::uint64_t told_in = 0, tick = 0;
        std::uint16_t announced = 0;
    };

    static std::uint64_t place_of(std::uint64_t number) { return std::uint64_t(1) << (63 - number % window); }
    bool has(std::uint64_t number) const {
        return number < next_ && number + window > next_ && (received_ & place_of(number)) != 0;
    }

    int newest_turn() const { return static_cast<int>((63 - (next_ - 1) % window) % window); }
    Result<> take(BytesIn body, std::uint64_t number) {
        RangeDecoder coder(body);
        SnapshotHead head;
        if (!head.code(coder)) return coder.ok() ? Error::malformed : Error::truncated;
        if (head.slots > words_) return Error::over_bound;
        References references;
        if (const Result<> found = find(head, number, references); !found) return found;
        prepare(number);
        const std::size_t row = number % window;
        past_.set_tick(row, head.tick);
        if (const Result<> read = decode(coder, head, number, references, past_.row(row)); !read) {
            forget(number);
            return read;
        }
        received_ |= place_of(number);
        if (head.is_whole) whole_ |= place_of(number);
        if (head.is_complete) complete_ |= place_of(number);
        apply(number, head);
        return {};
    }
    // The rows that the snapshot builds on, if they are all here.
    Result<> find(SnapshotHead& head, std::uint64_t number, References& references) {
        if (head.back == 0) return {};
        if (!has(number - head.back)) return Error::missing_baseline;
        head.tick = expand(head.tick, 16, past_.tick((number - head.back) % window));
        for (std::uint64_t left = head.builds_on; left != 0; left &= left - 1) {
            const auto i = static_cast<std::uint64_t>(std::countr_zero(left));
            if (!has(number - head.back - i)) return Error::missing_baseline;
            references.rows[i] = past_.row((number - head.back - i) % window);
            // Time goes on from one to the next, or the line through them would have none.
            const std::uint64_t later = i == 0 ? head.tick : references.rows[0].tick();
            if (references.rows[i].tick() > later) return Error::malformed;
        }
        turn_ = static_cast<int>((63 - (number - head.back) % window) % window);
        return {};
    }
    // Room in the window for this number: what leaves it is forgotten.
    void prepare(std::uint64_t number) {
        if (number >= next_) {
            const std::uint64_t gone = number + 1 - next_ < window ? number + 1 - next_ : window;
            std::uint64_t mask = 0;
            for (std::uint64_t i = 0; i < gone; ++i) mask |= place_of(number - i);
            received_ &= ~mask;
            whole_ &= ~mask;
            complete_ &= ~mask;
            for (std::size_t slot = 0; slot < words_ * 64; ++slot) slots_[slot].told_in &= ~mask;
            next_ = number + 1;
        }
    }
    void forget(std::uint64_t number) {
        for (std::size_t slot = 0; slot < words_ * 64; ++slot) slots_[slot].told_in &= ~place_of(number);
    }
    Result<> decode(RangeDecoder& coder, const SnapshotHead& head, std::uint64_t number,
                    const References& references, const Row& row) {
        models_.reset();
        DeltaCoder<RangeDecoder> deltas(coder, models_, references, row);
        SnapshotCheck check;
        const auto usable = [&](std::size_t slot) {
            return head.back == 0 ? 0 : std::rotr(slots_[slot].told_in, turn_) & head.builds_on;
        };
        const auto nothing = [](std::size_t) { return false; };
        const bool read =
            code_slots(coder, head.slots, usable, nothing, nothing, [&](std::size_t slot, bool anew) {
                if (!coder.ok() || !deltas.code(slot, anew ? 0 : usable(slot))) return false;
                slots_[slot].told_in |= place_of(number);
                check.add(past_.layout(), row, slot);
                return true;
            });
        if (!read) return coder.ok() ? Error::malformed : Error::truncated;
        const std::uint64_t expected = coder.bits(0, 16);
        if (const Result<> end = coder.finish(); !end) return end;
        if (expected != check.value()) return Error::diverged;
        return {};
    }
    void apply(std::uint64_t number, const SnapshotHead& head) {
        const std::uint64_t tick = head.tick;
        const Row from = past_.row(number % window), to = now_.row(0);
        for (std::size_t slot = 0; slot < head.slots * std::size_t(64); ++slot) {
            if ((slots_[slot].told_in & place_of(number)) == 0 || tick < slots_[slot].tick) continue;
            slots_[slot].tick = tick;
            to.tenant(slot) = from.tenant(slot);
            for (std::size_t c = 0; c < past_.layout().components(); ++c)
                std::memcpy(to.cells(c, slot), from.cells(c, slot),
                            past_.layout().component(c).cells * sizeof(Cell));
        }
        changes_seen_ = 0;
        if (tick < newest_tick_) return;
        is_whole_ = head.is_whole;
        newest_tick_ = tick;
    }

    std::size_t words_;
    History now_, past_;
    DeltaModels models_;
    Slot* slots_;
    std::uint64_t next_ = 0, received_ = 0, whole_ = 0, complete_ = 0, newest_tick_ = 0;
    bool is_whole_ = false;
    int turn_ = 0;
    std::size_t changes_seen_ = 0;
};

// replica.handle(bytes), and then replica.get<Ship>(entity).
template <class Game>
class Replica : public ReplicaHistory {
  public:
    explicit Replica(std::size_t entities_max = WorldOptions{}.entities_max)
        : ReplicaHistory(detail::layout_of<Game>(), entities_max) {}

    template <class T>
    std::optional<T> get(EntityId entity) const {
        constexpr std::size_t place = detail::component_of<Game, T>();
        if (!alive(entity) || (row().tenant(entity.slot).components >> place & 1) == 0) return std::nullopt;
        T component{};
        load_cells(row().cells(place, entity.slot), component, layout().component(place).cells);
        return component;
    }
};

} // namespace tenon
