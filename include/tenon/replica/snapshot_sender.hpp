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
#include "tenon/replica/snapshot.hpp"
#include "tenon/replica/snapshot_cache.hpp"
#include "tenon/replica/world.hpp"

namespace tenon {

class SnapshotSender {
  public:
    // Of one sender's work; models are large, so senders of a world may share theirs.
    SnapshotSender(const WorldHistory& world, SnapshotCache& cache, DeltaModels& models)
        : world_(&world), cache_(&cache), models_(&models), words_((world.slots() + 63) / 64) {
        slots_ = new Slot[words_ * 64];
        due_ = new Due[words_ * 64];
        told_ = new Told[words_ * 64];
        chosen_ = new std::uint64_t[words_];
    }
    SnapshotSender(const SnapshotSender&) = delete;
    SnapshotSender& operator=(const SnapshotSender&) = delete;
    ~SnapshotSender() {
        delete[] slots_;
        delete[] due_;
        delete[] told_;
        delete[] chosen_;
    }

    // How fast an entity's turn comes nearer, next to 1 for the others.
    void set_priority(EntityId entity, float weight) {
        if (entity.slot < words_ * 64) slots_[entity.slot].weight = weight;
    }

    // The next snapshot of the newest tick, at most as large as the span; 0 when nothing is due any more.
    std::size_t write(BytesOut into) {
        if (world_->commits() == 0 || into.size() <= SnapshotHead::number_bytes + 16) return 0;
        begin();
        const std::size_t count = choose((into.size() - SnapshotHead::number_bytes) * 8);
        if (count == 0) return 0;
        const std::size_t body = fill(into.subspan(SnapshotHead::number_bytes), count);
        if (body == 0) return 0;
        store_le(into.data(), static_cast<std::uint16_t>(next_));
        sent_[next_ % window] = {next_, world_->commits() - 1, world_->newest_tick(), true, false};
        const std::uint64_t bit = place_of(next_);
        for (std::size_t slot = 0; slot < world_->used(); ++slot) {
            if ((chosen_[slot / 64] >> slot % 64 & 1) == 0) continue;
            const bool moves = usable(slot) != 0 && slots_[slot].sent_number + 2 >= next_;
            if (slots_[slot].sent <= world_->changed(slot))
                slots_[slot].again = moves ? repeats : 0;
            else if (slots_[slot].again != 0)
                --slots_[slot].again;
            slots_[slot].sent_in |= bit;
            slots_[slot].sent = world_->newest_tick() + 1;
            slots_[slot].sent_number = next_;
            slots_[slot].told = true;
            slots_[slot].due = 0;
        }
        ++next_;
        return SnapshotHead::number_bytes + body;
    }

    // The client has it. `malformed`: it was never sent; `stale`: too long ago; `duplicate`.
    Result<> acknowledged(std::uint16_t number) {
        const std::uint64_t whole = expand(number, 16, next_);
        if (whole >= next_) return Error::malformed;
        Sent& sent = sent_[whole % window];
        if (sent.number != whole || !sent.there || whole < first_) return Error::stale;
        if (sent.acked) return Error::duplicate;
        sent.acked = true;
        const std::uint64_t bit = place_of(whole);
        for (std::size_t slot = 0; slot < world_->used(); ++slot)
            if ((slots_[slot].sent_in & bit) != 0 && slots_[slot].acked < sent.tick + 1 &&
                whole + 1 >= slots_[slot].healed)
                slots_[slot].acked = sent.tick + 1;
        return {};
    }

    // The client's copy may be wrong: the entity is told whole, until what was told of it before is out of
    // reach.
    void heal(std::size_t slot) {
        if (slot >= words_ * 64) return;
        slots_[slot].acked = slots_[slot].sent = 0;
        slots_[slot].healed = next_ + 1;
        slots_[slot].told = true;
    }
    // All of it may be: what follows builds on nothing that went before.
    void heal_all() {
        first_ = next_;
        for (std::size_t slot = 0; slot < world_->used(); ++slot)
            slots_[slot].acked = slots_[slot].sent = slots_[slot].healed = 0, slots_[slot].told = true;
    }
    // Whether the client has acknowledged the newest of everything.
    bool settled() const {
        for (std::size_t slot = 0; slot < world_->used(); ++slot)
            if (!is_settled(slot)) return false;
        return true;
    }

  private:
    static constexpr std::uint64_t window = SnapshotHead::window;
    // What rests is told again so that it stays a baseline: all of it in one snapshot of so many, which costs
    // less than a few in each, and at the latest when the newest of so many that can be built on have not
    // told it.
    static constexpr unsigned renewal = 16, renewed_within = 28;
    static constexpr unsigned patience = 8; // snapshots before what does not change is said again
    // What moved goes on in the client's eyes until it hears that it rests: it is told so often more, at
    // once.
    static constexpr std::uint8_t repeats = 2;

    struct Slot {
        std::uint64_t sent_in = 0;         // a bit for each of the window's snapshots that told of it
        std::uint64_t acked = 0, sent = 0; // ticks and one more; 0: never
        std::uint64_t sent_number = 0;
        std::uint64_t healed = 0; // since before this snapshot
        float due = 0, weight = 1;
        std::uint8_t again = 0; // so often it is told once more, before it waits to be acknowledged
        bool told = false;      // the client may know something of it
    };
    struct Sent {
        std::uint64_t number = 0, commit = 0, tick = 0;
        bool there = false, acked = false;
    };
    struct Due {
        float due;
        std::uint16_t slot;
    };
    struct Told { // what a body depends on, for its key
        std::uint64_t usable, chosen;
    };

    static std::uint64_t place_of(std::uint64_t number) { return std::uint64_t(1) << (63 - number % window); }

    // Forgets the snapshot whose place the next one takes, and finds what that one can build on.
    void begin() {
        const std::uint64_t bit = place_of(next_);
        for (std::size_t slot = 0; slot < world_->used(); ++slot) slots_[slot].sent_in &= ~bit;
        sent_[next_ % window] = {};
        head_ = {};
        head_.tick = world_->newest_tick();
        head_.slots = static_cast<std::uint32_t>((world_->used() + 63) / 64);
        for (std::uint64_t back = 1; back < SnapshotHead::reach && back <= next_ - first_; ++back) {
            const Sent& sent = sent_[(next_ - back) % window];
            if (!sent.there || !sent.acked || !world_->has(sent.commit)) continue;
            if (head_.back == 0) head_.back = static_cast<unsigned>(back);
            const auto i = static_cast<unsigned>(back - head_.back);
            head_.builds_on |= std::uint64_t(1) << i;
            references_.rows[i] = world_->at(sent.commit);
        }
        turn_ = static_cast<int>((63 - (next_ - head_.back) % window) % window);
    }
    std::uint64_t usable(std::size_t slot) const {
        return head_.back == 0 ? 0 : std::rotr(slots_[slot].sent_in, turn_) & head_.builds_on;
    }
    bool is_anew(std::size_t slot) const {
        return slots_[slot].healed != 0 && next_ < slots_[slot].healed + SnapshotHead::reach;
    }
    bool is_settled(std::size_t slot) const {
        if (slots_[slot].acked != 0) return slots_[slot].acked > world_->changed(slot);
        return !slots_[slot].told && world_->at(world_->commits() - 1).tenant(slot).generation == 0;
    }

    // Picks the most urgent that will probably fit; their number.
    std::size_t choose(std::size_t bits) {
        const Row row = world_->at(world_->commits() - 1);
        const std::uint64_t tick = world_->newest_tick() + 1;
        std::size_t count = 0;
        std::size_t wanted = 0;
        head_.is_whole = head_.is_complete = true;
        for (std::size_t slot = 0; slot < world_->used(); ++slot) {
            Slot& s = slots_[slot];
            const bool settled = is_settled(slot);
            const std::uint64_t known = usable(slot);
            if (settled) {
                const unsigned within = next_ % renewal == 0 ? renewal / 2 : renewed_within;
                if (row.tenant(slot).generation == 0 || s.sent == tick ||
                    (known & ((std::uint64_t(1) << within) - 1)) != 0)
                    continue;
                if (s.sent_number + patience > next_ && known != 0) continue;
            } else if (s.sent > world_->changed(slot) &&
                       (s.sent == tick ||
                        (s.again == 0 && s.sent_number + patience > next_ && s.sent_number < next_))) {
                head_.is_whole = false; // it is on its way, but who knows
                continue;
            }
            s.due += s.weight;
            wanted += known != 0 ? known_bits_ : whole_bits();
            due_[count++] = {s.due, static_cast<std::uint16_t>(slot)};
        }
        if (wanted > bits && count > 1) {
            sort_due(count);
            std::size_t fits = 0;
            for (std::size_t used = 0; fits < count; ++fits)
                if ((used += usable(due_[fits].slot) != 0 ? known_bits_ : whole_bits()) > bits && fits != 0)
                    break;
            if (fits < count) head_.is_whole = head_.is_complete = false;
            count = fits;
        }
        return count;
    }
    // The most urgent first, and of equals the lower slot: a heap, as <algorithm> costs every reader 12,000
    // lines.
    static bool before(const Due& a, const Due& b) {
        return a.due > b.due || (a.due == b.due && a.slot < b.slot);
    }
    void sift(std::size_t from, std::size_t count) {
        for (std::size_t child; (child = from * 2 + 1) < count; from = child) {
            if (child + 1 < count && before(due_[child], due_[child + 1])) ++child;
            if (!before(due_[from], due_[child])) return;
            std::swap(due_[from], due_[child]);
        }
    }
    void sort_due(std::size_t count) {
        for (std::size_t i = count / 2; i-- > 0;) sift(i, count);
        for (std::size_t i = count; i-- > 1;) {
            std::swap(due_[0], due_[i]);
            sift(0, i);
        }
    }
    std::size_t whole_bits() const {
        std::size_t bits = 40;
        for (std::size_t g = 0; g < world_->layout().groups(); ++g)
            for (unsigned k = 0; k < world_->layout().group(g).count; ++k)
                bits += bits_for(world_->layout().group(g).range[k]);
        return bits;
    }

    // Writes the body, from the cache or anew, with ever fewer until it fits.
    std::size_t fill(BytesOut into, std::size_t count) {
        for (;;) {
            for (std::size_t w = 0; w < words_; ++w) chosen_[w] = 0;
            for (std::size_t i = 0; i < count; ++i)
                chosen_[due_[i].slot / 64] |= std::uint64_t(1) << due_[i].slot % 64;
            const std::uint64_t key = key_of(into.size());
            if (const SnapshotCache::Body body = cache_->find(key)) {
                copy(into.data(), body.bytes);
                for (std::size_t w = 0; w < words_; ++w) chosen_[w] = body.chosen[w];
                return body.bytes.size();
            }
            std::size_t done = 0;
            if (const std::size_t size = encode(into, done); size != 0) {
                known_bits_ = (known_bits_ * 7 + size * 8 / count + 1) / 8;
                cache_->keep(key, into.first(size), chosen_, words_);
                return size;
            }
            if (count == 1) {
                slots_[due_[0].slot].due = 0; // too large for any: the others shall not wait for it
                return 0;
            }
            head_.is_whole = head_.is_complete = false;
            // The most urgent ones come first only when they are sorted.
            sort_due(count);
            const std::size_t fewer = done - done / 16;
            count = fewer == 0 ? 1 : fewer < count ? fewer : count - 1;
            known_bits_ += known_bits_ / 8;
        }
    }
    std::uint64_t key_of(std::size_t room) {
        std::uint64_t key = cache_->secret();
        const auto mix = [&](std::uint64_t word) {
            std::byte bytes[8];
            store_le(bytes, word);
            key = hash64(bytes, key);
        };
        mix(world_->commits());
        mix(room | std::uint64_t(head_.back) << 32 | std::uint64_t(head_.is_whole) << 40 |
            std::uint64_t(head_.is_complete) << 41);
        for (std::uint64_t left = head_.builds_on; left != 0; left &= left - 1) {
            const auto i = static_cast<unsigned>(std::countr_zero(left));
            mix(i | references_.rows[i].tick() << 8);
        }
        const std::size_t slots = head_.slots * std::size_t(64);
        for (std::size_t slot = 0; slot < slots; ++slot)
            told_[slot] = {usable(slot), (chosen_[slot / 64] >> slot % 64 & 1) << is_anew(slot)};
        return hash64({reinterpret_cast<const std::byte*>(told_), slots * sizeof(Told)}, key);
    }
    // 0 when it does not fit; `done` is how many slots did.
    std::size_t encode(BytesOut into, std::size_t& done) {
        const Row row = world_->at(world_->commits() - 1);
        RangeEncoder coder(into);
        SnapshotHead(head_).code(coder);
        models_->reset();
        DeltaCoder<RangeEncoder> deltas(coder, *models_, references_, row);
        SnapshotCheck check;
        const bool fits = code_slots(
            coder, head_.slots, [&](std::size_t slot) { return usable(slot); },
            [&](std::size_t slot) { return (chosen_[slot / 64] >> slot % 64 & 1) != 0; },
            [&](std::size_t slot) { return is_anew(slot); },
            [&](std::size_t slot, bool anew) {
                check.add(world_->layout(), row, slot);
                deltas.code(slot, anew ? 0 : usable(slot));
                done += coder.ok();
                return coder.ok();
            });
        coder.bits(check.value(), 16);
        return fits ? coder.finish() : 0;
    }

    const WorldHistory* world_;
    SnapshotCache* cache_;
    DeltaModels* models_;
    std::size_t words_;
    Slot* slots_;
    Due* due_;
    Told* told_;
    std::uint64_t* chosen_;
    Sent sent_[window];
    std::uint64_t next_ = 0, first_ = 0; // snapshots, and the first to build on
    std::size_t known_bits_ = 16;        // that an entity took lately
    SnapshotHead head_;
    References references_;
    int turn_ = 0;
};

} // namespace tenon
