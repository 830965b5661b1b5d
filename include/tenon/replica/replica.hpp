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
          slots_(new Slot[words_ * 64]),
          known_(new std::uint64_t[words_]()),
          list_(new SlotWord[words_ * 64]),
          told_(new Told[words_ * 64]) {
        now_.set_tick(0, 0);
    }
    ReplicaHistory(const ReplicaHistory&) = delete;
    ReplicaHistory& operator=(const ReplicaHistory&) = delete;
    ~ReplicaHistory() {
        delete[] slots_;
        delete[] known_;
        delete[] list_;
        delete[] told_;
    }

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
    std::uint64_t told(std::size_t slot) const {
        const SlotMemory& memory = slots_[slot].memory;
        return next_ == 0 ? 0 : memory.from(memory.told | memory.gone, next_ - 1);
    }
    std::uint64_t whole() const { return by_age(whole_); }
    std::uint64_t complete() const { return by_age(complete_); }
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
        bool spawned = false; // or came into sight
        bool unseen = false;  // it went out of sight; when it is despawned there, nobody tells
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
            change = slot.announced != 0 ? Change{{place, slot.announced}, false, lives == 0 && slot.unseen}
                                         : Change{{place, lives}, true};
            slot.announced = slot.announced != 0 ? std::uint16_t(0) : lives;
            return true;
        }
        return false;
    }

  private:
    static constexpr std::uint64_t window = SnapshotHead::window;
    struct Slot {
        SlotMemory memory;
        std::uint64_t tick = 0, applied = 0; // the newest snapshot that told of it, and one more
        std::uint16_t announced = 0;
        bool unseen = false;
    };
    struct Told {
        std::uint32_t slot;
        Presence presence;
    };

    static std::uint64_t place_of(std::uint64_t number) { return std::uint64_t(1) << (63 - number % window); }
    bool has(std::uint64_t number) const {
        return number < next_ && number + window > next_ && (received_ & place_of(number)) != 0;
    }

    // Turned so that bit 0 is the newest's. By hand, as libraries differ about the type of a turn.
    std::uint64_t by_age(std::uint64_t mask) const {
        const std::uint64_t turn = (63 - (next_ - 1) % window) % window;
        return turn == 0 ? mask : mask >> turn | mask << (64 - turn);
    }
    Result<> take(BytesIn body, std::uint64_t number) {
        RangeDecoder coder(body);
        SnapshotHead head;
        if (!head.code(coder)) return coder.ok() ? Error::malformed : Error::truncated;
        References references;
        if (const Result<> found = find(head, number, references); !found) return found;
        const std::size_t row = number % window;
        received_ &= ~place_of(number); // what was in this row, too long ago to be built on
        past_.set_tick(row, head.tick);
        std::size_t count = 0;
        if (const Result<> read = decode(coder, head, number, references, past_.row(row), count); !read)
            return read;
        prepare(number);
        received_ |= place_of(number);
        if (head.is_whole) whole_ |= place_of(number);
        if (head.is_complete) complete_ |= place_of(number);
        apply(number, head, count);
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
            next_ = number + 1;
        }
    }
    // The slots of which the rows that it builds on tell something.
    std::size_t list_known(const SnapshotHead& head, std::uint64_t number) {
        std::size_t count = 0;
        for (std::size_t w = 0; w < words_; ++w)
            for (std::uint64_t left = known_[w]; left != 0; left &= left - 1) {
                const std::size_t slot = w * 64 + static_cast<unsigned>(std::countr_zero(left));
                const SlotMemory& memory = slots_[slot].memory;
                if (memory.last + 2 * window < next_) known_[w] &= ~(std::uint64_t(1) << slot % 64);
                if (const std::uint64_t usable = memory.usable(number, head))
                    list_[count++] = {usable, static_cast<std::uint32_t>(slot), 0};
            }
        return count;
    }
    Result<> decode(RangeDecoder& coder, const SnapshotHead& head, std::uint64_t number,
                    const References& references, const Row& row, std::size_t& count) {
        models_.reset();
        DeltaCoder<RangeDecoder> deltas(coder, models_, references, row);
        SnapshotCheck check;
        // Or it would be told as unknown, although it is not.
        const auto is_unknown = [&](std::size_t slot) {
            return slots_[slot].memory.usable(number, head) == 0;
        };
        const auto nobody_asks = [](const SlotWord&, const SlotWord&) { return false; };
        const Error error = code_slots(
            coder, list_, list_known(head, number), words_ * 64, nobody_asks,
            [&](const SlotWord& word, Telling telling) {
                Presence presence = Presence::here;
                if (word.usable == 0 && !is_unknown(word.slot)) return false;
                if (!coder.ok()) return false;
                if (!deltas.code(word.slot, telling == Telling::anew ? 0 : word.usable, presence))
                    return false;
                check.add(past_.layout(), row, word.slot, row.tenant(word.slot));
                told_[count++] = {word.slot, presence};
                return true;
            },
            [&](std::size_t first, std::size_t many) {
                return deltas.code_row(first, many, check, [&](std::size_t slot) {
                    if (!is_unknown(slot)) return false;
                    told_[count++] = {static_cast<std::uint32_t>(slot), Presence::here};
                    return true;
                }) == many;
            });
        if (error != Error::none) return error;
        const std::uint64_t expected = coder.bits(0, 16);
        if (const Result<> end = coder.finish(); !end) return end;
        if (expected != check.value()) return Error::diverged;
        return {};
    }
    void apply(std::uint64_t number, const SnapshotHead& head, std::size_t count) {
        const Row from = past_.row(number % window), to = now_.row(0);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t at = told_[i].slot;
            Slot& slot = slots_[at];
            slot.memory.note(number, told_[i].presence != Presence::here);
            known_[at / 64] |= std::uint64_t(1) << at % 64;
            if (number < slot.applied) continue;
            slot.applied = number + 1;
            slot.tick = head.tick;
            slot.unseen = told_[i].presence == Presence::unseen;
            const Tenant& tenant = to.tenant(at) = from.tenant(at);
            for (std::size_t c = 0; c < past_.layout().components(); ++c)
                if ((tenant.components >> c & 1) != 0)
                    std::memcpy(to.cells(c, at), from.cells(c, at),
                                past_.layout().component(c).cells * sizeof(Cell));
        }
        changes_seen_ = 0;
        if (head.tick < newest_tick_) return;
        is_whole_ = head.is_whole;
        newest_tick_ = head.tick;
    }

    std::size_t words_;
    History now_, past_;
    DeltaModels models_;
    Slot* slots_;
    std::uint64_t* known_; // a bit for each slot of which anything was told lately
    SlotWord* list_;
    Told* told_;
    std::uint64_t next_ = 0, received_ = 0, whole_ = 0, complete_ = 0, newest_tick_ = 0;
    bool is_whole_ = false;
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
