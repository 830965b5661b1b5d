#pragma once
// What one client is told of a world: what it has acknowledged, what is due to it and how urgently, and the
// snapshots that tell it within a budget of bytes. The authority keeps one for each client.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/core/slice.hpp"
#include "tenon/replica/in_sight.hpp"
#include "tenon/replica/snapshot.hpp"
#include "tenon/replica/snapshot_cache.hpp"
#include "tenon/replica/told_slots.hpp"
#include "tenon/replica/world.hpp"

namespace tenon {

struct SenderOptions {
    // Entities that the client may see or remember at a time; 0: as many as the world holds. What leaves
    // takes its place until the client has acknowledged that, so leave room for some more than it sees.
    std::size_t entities_max = 0;
    Audience audience = {}; // {.owner_only = components_of<Game, Purse>(), .listener = peer}
};

// The places of components among those of a game, as Audience::owner_only takes them.
template <class Game, class... T>
constexpr std::uint16_t components_of() {
    return static_cast<std::uint16_t>((0u | ... | (1u << detail::component_of<Game, T>())));
}

class SnapshotSender {
  public:
    // Models are large, so senders of a world may share theirs, as they share the cache.
    SnapshotSender(const WorldHistory& world, SnapshotCache& cache, DeltaModels& models,
                   SenderOptions options = {})
        : world_(&world),
          cache_(&cache),
          models_(&models),
          audience_(options.audience),
          slots_(options.entities_max == 0 || options.entities_max > world.slots() ? world.slots()
                                                                                   : options.entities_max) {
        TENON_ASSERT(world.slots() <= cache.slots(), "the cache is for worlds of at most so many slots");
        const Layout& layout = world.layout();
        for (std::size_t c = 0; c < layout.components(); ++c)
            for (std::size_t g = 0; g < layout.component(c).groups; ++g) {
                const CellGroup& group = layout.group(layout.component(c).first_group + g);
                for (unsigned k = 0; k < group.count; ++k) whole_bits_[c] += bits_for(group.range[k]);
            }
    }

    // How fast an entity's turn comes nearer, next to 1 for the others.
    void set_priority(EntityId entity, float weight) {
        if (entity.slot >= world_->slots()) return;
        ToldSlot* it = slots_.insert(entity.slot);
        if (it == nullptr) return;
        it->weight = weight;
        it->generation = entity.generation;
    }

    // The next snapshot of the newest tick, at most as large as the span; 0 when nothing is due any more. The
    // client is told of all that there is.
    std::size_t write(BytesOut into) {
        if (world_->commits() == 0) return 0;
        InSight* all = cache_->work().all;
        const Row row = newest();
        std::size_t count = 0;
        for (std::size_t slot = 0; slot < world_->used(); ++slot)
            if (const Tenant& tenant = row.tenant(slot); tenant.generation != 0)
                all[count++] = {static_cast<std::uint16_t>(slot), tenant.generation, 1, 1};
        return write(into, Slice<const InSight>(all, count));
    }
    // The client is told of these alone, which come in the order of their slots; what it was told of and is
    // not among them any more is gone to it.
    std::size_t write(BytesOut into, Slice<const InSight> seen) {
        if (world_->commits() == 0) return 0;
        const bool fits = slots_.look(seen.data(), seen.size());
        covers_ = fits ? world_->commits() : 0;
        if (into.size() <= SnapshotHead::number_bytes + 16) return 0;
        begin();
        head_.is_whole = head_.is_complete = fits;
        const std::size_t due = choose((into.size() - SnapshotHead::number_bytes) * 8);
        if (due == 0) return ++idle_, 0;
        const std::size_t body = fill(into.subspan(SnapshotHead::number_bytes), due);
        if (body == 0) return 0;
        store_le(into.data(), static_cast<std::uint16_t>(next_));
        note_sent();
        return SnapshotHead::number_bytes + body;
    }

    // The client has it. `malformed`: it was never sent; `stale`: too long ago; `duplicate`.
    Result<> acknowledged(std::uint16_t number) {
        const std::uint64_t whole = expand(number, 16, next_);
        if (whole >= next_) return Error::malformed;
        if (next_ - whole > window || whole < first_) return Error::stale;
        const std::uint64_t bit = std::uint64_t(1) << (next_ - 1 - whole);
        if ((refused_ & bit) != 0) return Error::stale;
        if ((acked_ & bit) != 0) return Error::duplicate;
        acked_ |= bit;
        return {};
    }

    // The client could not take it: nothing builds on it, and what it told is told whole. `malformed`: it was
    // never sent.
    Result<> refused(std::uint16_t number) {
        const std::uint64_t whole = expand(number, 16, next_);
        if (whole >= next_) return Error::malformed;
        if (next_ - whole > window || whole < first_) return heal_all(), Result<>();
        const std::uint64_t bit = std::uint64_t(1) << (next_ - 1 - whole);
        acked_ &= ~bit;
        refused_ |= bit;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            const SlotMemory& memory = slots_[i].memory;
            if ((memory.from(memory.told | memory.gone, whole) & 1) != 0) heal(slots_[i]);
        }
        return {};
    }
    // The client's copy may be wrong: the entity is told whole, until what was told of it before is out of
    // reach.
    void heal(std::size_t slot) {
        if (slot >= world_->slots()) return;
        if (ToldSlot* it = slots_.insert(slot)) heal(*it);
    }
    // All of it may be: what follows builds on nothing that went before.
    void heal_all() {
        first_ = next_;
        acked_ = refused_ = 0;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            slots_[i].acked = slots_[i].sent = slots_[i].healed = 0;
            slots_[i].told = true;
        }
    }
    // Whether the client has acknowledged the newest of everything that it sees, and that it sees no more.
    bool settled() const {
        if (covers_ != world_->commits()) return false;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            const ToldSlot& it = slots_[i];
            if (is_here(it) ? acked(it) <= world_->changed(it.slot) : it.told && !knows_gone(it))
                return false;
        }
        return true;
    }
    // Of whom the client has been told, or is to be.
    std::size_t size() const { return slots_.size(); }

  private:
    static constexpr std::uint64_t window = SnapshotHead::window;
    // What rests is told again so that it stays a baseline: all of it in one snapshot of so many, which costs
    // less than a few in each, and at the latest when the newest of so many that can be built on have not
    // told it.
    static constexpr unsigned renewal = 16, renewed_within = 28;
    static constexpr unsigned patience = 8; // snapshots before what does not change is said again
    // What comes to rest goes on in the client's eyes until it hears of it: it is told so often more, at
    // once.
    static constexpr std::uint8_t repeats = 2;
    static constexpr std::size_t gone_bits = 12, resting_bits = 2;

    Row newest() const { return world_->at(world_->commits() - 1); }
    void heal(ToldSlot& it) const {
        it.acked = it.sent = 0;
        it.healed = next_ + 1;
        it.told = true;
    }

    // Finds what the next snapshot can build on.
    void begin() {
        head_ = {};
        head_.tick = world_->newest_tick();
        References& references = cache_->work().references;
        references.tenant_since = world_->tenant_since();
        for (std::uint64_t left = acked_; left != 0; left &= left - 1) {
            const auto back = static_cast<unsigned>(std::countr_zero(left)) + 1;
            const std::uint64_t commit = commits_[(next_ - back) % window];
            if (back >= SnapshotHead::reach || !world_->has(commit)) break;
            if (head_.back == 0) head_.back = back;
            head_.builds_on |= std::uint64_t(1) << (back - head_.back);
            references.rows[back - head_.back] = world_->at(commit);
        }
    }
    bool is_anew(const ToldSlot& it) const {
        return it.healed != 0 && next_ < it.healed + SnapshotHead::reach;
    }
    bool is_here(const ToldSlot& it) const {
        return it.in_sight && newest().tenant(it.slot).generation == it.generation;
    }
    // The tick, and one more, up to which the client has acknowledged the slot, since it was last told gone.
    std::uint64_t acked(const ToldSlot& it) const {
        const std::uint64_t before = next_ - 1;
        if (next_ == 0) return 0;
        if (acked_ == 0) return it.acked;
        const SlotMemory& memory = it.memory;
        const std::uint64_t known =
            memory.from(memory.told, before) & acked_ & SlotMemory::newer(memory.from(memory.gone, before));
        if (known == 0) return it.acked;
        const std::uint64_t number = before - static_cast<unsigned>(std::countr_zero(known));
        const std::uint64_t tick = ticks_[number % window] + 1;
        return number + 1 >= it.healed && tick > it.acked ? tick : it.acked;
    }
    // Whether it has acknowledged that nobody is there, and was told of nobody after that.
    bool knows_gone(const ToldSlot& it) const {
        if (next_ == 0) return false;
        const SlotMemory& memory = it.memory;
        const std::uint64_t gone = memory.from(memory.gone, next_ - 1) & acked_;
        return (gone & SlotMemory::newer(memory.from(memory.told, next_ - 1))) != 0;
    }

    // Told so lately that it is not said again. Over a long line more snapshots than that are on their way,
    // and to repeat what is among them would make them more, and so for ever.
    bool is_recent(const ToldSlot& it) const {
        if (it.memory.last + patience > next_ + idle_) return true;
        const auto unanswered = acked_ == 0 ? 0u : static_cast<unsigned>(std::countr_zero(acked_));
        return idle_ < patience && it.memory.last + unanswered >= next_;
    }

    enum class Turn : std::uint8_t { no, waits, now };

    // Whether an entity that is in sight is to be told.
    Turn turn_of(const ToldSlot& it, std::uint64_t usable, std::uint64_t tick) const {
        const std::uint64_t changed = world_->changed(it.slot);
        if (it.acked > changed) {
            // Out of reach it is no baseline any more, and costs no less now than when it changes.
            const unsigned within = next_ % renewal == 0 ? renewal / 2 : renewed_within;
            if (it.sent == tick || usable == 0 || (usable & ((std::uint64_t(1) << within) - 1)) != 0)
                return Turn::no;
            return is_recent(it) ? Turn::no : Turn::now;
        }
        // On its way, but who knows.
        if (it.sent > changed && (it.sent == tick || (is_recent(it) && it.again == 0))) return Turn::waits;
        return it.sent != 0 && tick < it.sent + it.every ? Turn::waits : Turn::now;
    }
    // And one that is not.
    Turn turn_of_gone(ToldSlot& it) const {
        if (it.told && knows_gone(it)) it.forget();
        if (!it.told) return Turn::no;
        const bool is_said = (it.memory.gone & SlotMemory::newer(it.memory.told)) != 0;
        return is_said && is_recent(it) ? Turn::waits : Turn::now;
    }

    // Picks the most urgent that will probably fit; their number.
    std::size_t choose(std::size_t bits) {
        SnapshotWork& work = cache_->work();
        const Row row = newest();
        const std::uint64_t tick = world_->newest_tick() + 1;
        std::size_t count = 0, wanted = 0;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            ToldSlot& it = slots_[i];
            const Tenant& tenant = row.tenant(it.slot);
            const bool here = it.in_sight && tenant.generation == it.generation;
            const std::uint64_t usable = it.memory.usable(next_, head_);
            const bool lives = tenant.generation == it.generation;
            work.all_words[i] = {usable, it.slot,
                                 here    ? SlotWord::told
                                 : lives ? SlotWord::told | SlotWord::unseen
                                         : SlotWord::told | SlotWord::despawned};
            work.chosen[i] = false;
            it.acked = acked(it);
            const Turn turn = here ? turn_of(it, usable, tick) : turn_of_gone(it);
            if (turn == Turn::waits) head_.is_whole = false;
            if (turn == Turn::waits && here && it.sent <= world_->changed(it.slot)) head_.is_complete = false;
            if (!here && !it.told && !lives) it.weight = 1; // so that its slot is given up
            if (turn != Turn::now) continue;
            it.due += it.weight * it.urgency;
            const bool rests = it.acked > world_->changed(it.slot);
            const std::size_t cost = !here         ? gone_bits
                                     : rests       ? resting_bits
                                     : usable != 0 ? known_bits_
                                                   : whole_bits(tenant);
            wanted += cost;
            work.bits[i] = static_cast<std::uint32_t>(cost);
            work.due[count++] = {it.due, static_cast<std::uint32_t>(i)};
        }
        if (wanted <= bits || count < 2) return count;
        const std::size_t fits = take_urgent(
            count, bits, [&](SnapshotWork::Due due) -> std::size_t { return work.bits[due.at()]; });
        if (fits < count) head_.is_whole = head_.is_complete = false;
        return fits;
    }
    std::size_t whole_bits(const Tenant& tenant) const {
        std::size_t bits = entity_bits_;
        for (unsigned left = audience_.sees(tenant).components; left != 0; left &= left - 1)
            bits += whole_bits_[std::countr_zero(left)];
        return bits;
    }
    // Brings the most urgent to the front, in no order, as many as cost no more than the budget, but one at
    // least. By hand, as <algorithm> costs every reader 12,000 lines.
    template <class Cost>
    std::size_t take_urgent(std::size_t count, std::size_t budget, Cost&& cost) {
        SnapshotWork::Due* due = cache_->work().due;
        std::size_t low = 0, high = count;
        while (low < high) {
            std::swap(due[low + (high - low) / 2], due[high - 1]);
            const SnapshotWork::Due pivot = due[high - 1];
            std::size_t at = low, sum = 0;
            // Without a branch, as no processor can guess who goes before whom.
            for (std::size_t i = low; i + 1 < high; ++i) {
                const SnapshotWork::Due it = due[i];
                const std::size_t before = it.rank < pivot.rank;
                due[i] = due[at];
                due[at] = it;
                at += before;
                sum += cost(it) & (0 - before);
            }
            std::swap(due[at], due[high - 1]);
            if (sum > budget) { // not even all that go before this one
                high = at;
                continue;
            }
            budget -= sum;
            low = at;
            if (cost(pivot) > budget) break;
            budget -= cost(pivot);
            low = at + 1;
        }
        return low == 0 ? 1 : low;
    }

    // Writes the body, from the cache or anew, with ever fewer until it fits.
    std::size_t fill(BytesOut into, std::size_t count) {
        SnapshotWork& work = cache_->work();
        for (;;) {
            const std::size_t words = list_words(count);
            const std::uint64_t key = key_of(into.size(), words);
            if (const BytesIn body = cache_->find(key); !body.empty()) {
                copy(into.data(), body);
                return body.size();
            }
            std::size_t done = 0;
            if (const std::size_t size = encode(into, words, done); size != 0) {
                learn_size(size * 8, words);
                cache_->keep(key, into.first(size));
                return size;
            }
            if (count == 1) {
                slots_[work.due[0].at()].due = 0; // too large for any: the others shall not wait for it
                return 0;
            }
            head_.is_whole = head_.is_complete = false;
            const std::size_t had = count;
            const std::size_t fewer = done - done / 16;
            count = fewer == 0 ? 1 : fewer < count ? fewer : count - 1;
            (void)take_urgent(had, count, [](SnapshotWork::Due) { return std::size_t(1); });
            known_bits_ += known_bits_ / 8;
        }
    }
    // What the body's bytes depend on: the slots of which both sides know something, and those that are told.
    std::size_t list_words(std::size_t count) {
        SnapshotWork& work = cache_->work();
        for (std::size_t i = 0; i < slots_.size(); ++i) work.chosen[i] = false;
        for (std::size_t i = 0; i < count; ++i) work.chosen[work.due[i].at()] = true;
        std::size_t words = 0;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            const SlotWord& word = work.all_words[i];
            if (word.usable == 0 && !work.chosen[i]) continue;
            const std::uint32_t anew = is_anew(slots_[i]) ? SlotWord::anew : 0u;
            work.words[words++] = {word.usable, word.slot, work.chosen[i] ? word.what | anew : 0};
        }
        return words;
    }
    void learn_size(std::size_t bits, std::size_t words) {
        const Row row = newest();
        const SlotWord* const word = cache_->work().words;
        std::size_t known = 0, whole = 0;
        for (std::size_t i = 0; i < words; ++i) {
            if (word[i].what == 0) continue;
            if (word[i].usable != 0 && (word[i].what & SlotWord::anew) == 0)
                ++known;
            else
                whole += whole_bits(row.tenant(word[i].slot)) - entity_bits_;
        }
        if (known == 0) { // all of them were whole
            if (bits > whole) entity_bits_ = (entity_bits_ * 7 + (bits - whole) / words + 1) / 8;
            return;
        }
        known_bits_ = (known_bits_ * 7 + (bits > whole ? bits - whole : 0) / known + 1) / 8;
    }
    std::uint64_t key_of(std::size_t room, std::size_t words) {
        const SnapshotWork& work = cache_->work();
        std::uint64_t head[SnapshotHead::reach + 4];
        std::size_t count = 0;
        head[count++] = world_->commits();
        head[count++] = room | std::uint64_t(head_.back) << 32 | std::uint64_t(head_.is_whole) << 40 |
                        std::uint64_t(head_.is_complete) << 41;
        head[count++] = audience_.owner_only == 0 ? 0 : std::uint64_t(1) << 32 | audience_.listener.value;
        head[count++] = head_.builds_on;
        for (std::uint64_t left = head_.builds_on; left != 0; left &= left - 1)
            head[count++] = work.references.rows[std::countr_zero(left)].tick();
        const std::uint64_t key =
            hash64({reinterpret_cast<const std::byte*>(head), count * sizeof head[0]}, cache_->secret());
        return hash64({reinterpret_cast<const std::byte*>(work.words), words * sizeof(SlotWord)}, key);
    }
    // 0 when it does not fit; `done` is how many slots did.
    std::size_t encode(BytesOut into, std::size_t words, std::size_t& done) {
        SnapshotWork& work = cache_->work();
        const Row row = newest();
        RangeEncoder coder(into);
        SnapshotHead(head_).code(coder);
        models_->reset();
        DeltaCoder<RangeEncoder> deltas(coder, *models_, work.references, row, audience_);
        SnapshotCheck check;
        const Error error = code_slots(
            coder, work.words, words, world_->slots(),
            [&](const SlotWord& a, const SlotWord& b) { return row.tenant(a.slot) == row.tenant(b.slot); },
            [&](const SlotWord& word, Telling telling) {
                Presence presence = (word.what & SlotWord::unseen) != 0      ? Presence::unseen
                                    : (word.what & SlotWord::despawned) != 0 ? Presence::despawned
                                                                             : Presence::here;
                check.add(world_->layout(), row, word.slot,
                          presence == Presence::here ? audience_.sees(row.tenant(word.slot)) : Tenant{});
                deltas.code(word.slot, telling == Telling::anew ? 0 : word.usable, presence);
                done += coder.ok();
                return coder.ok();
            },
            [&](std::size_t first, std::size_t count) {
                const std::size_t fit =
                    deltas.code_row(first, count, check, [](std::size_t) { return true; });
                done += fit;
                return fit == count;
            });
        coder.bits(check.value(), 16);
        return error == Error::none ? coder.finish() : 0;
    }
    void note_sent() {
        const SnapshotWork& work = cache_->work();
        const std::uint64_t tick = world_->newest_tick();
        commits_[next_ % window] = world_->commits() - 1;
        ticks_[next_ % window] = tick;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            if (!work.chosen[i]) continue;
            ToldSlot& it = slots_[i];
            const bool gone = (work.all_words[i].what & (SlotWord::unseen | SlotWord::despawned)) != 0;
            if (gone)
                it.again = 0;
            else if (it.sent <= world_->changed(it.slot))
                it.again =
                    work.all_words[i].usable != 0 && it.memory.last + 2 >= next_ ? repeats : std::uint8_t(0);
            else if (it.again != 0)
                --it.again;
            it.memory.note(next_, gone);
            it.sent = gone ? 0 : tick + 1;
            if (gone) it.acked = 0;
            it.told = true;
            it.due = 0;
        }
        ++next_;
        idle_ = 0;
        acked_ <<= 1;
        refused_ <<= 1;
    }

    const WorldHistory* world_;
    SnapshotCache* cache_;
    DeltaModels* models_;
    Audience audience_;
    ToldSlots slots_;
    std::uint64_t commits_[window] = {}, ticks_[window] = {}; // of the last snapshots
    std::uint64_t acked_ = 0;            // bit 0: the newest snapshot, bit 1: the one before it
    std::uint64_t refused_ = 0;          // likewise
    std::uint64_t next_ = 0, first_ = 0; // snapshots, and the first to build on
    std::uint64_t idle_ = 0;             // how often nothing was due since the last
    std::uint64_t covers_ = 0;           // commits of the world when it was last looked at
    std::size_t entity_bits_ = 16;       // that a new entity takes beside its cells
    std::size_t known_bits_ = 16;        // that an entity took lately
    std::uint32_t whole_bits_[Layout::components_max] = {};
    SnapshotHead head_;
};

} // namespace tenon
