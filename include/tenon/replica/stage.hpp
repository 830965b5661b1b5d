#pragma once
// Where the entities of a world are and who may be told of each: by nearness, by room and team, or its owner
// alone. The authority keeps one for all of its clients; the Interest of each looks into it.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/core/ids.hpp"
#include "tenon/replica/grid.hpp"
#include "tenon/replica/history.hpp"
#include "tenon/replica/in_sight.hpp"
#include "tenon/replica/slot_chains.hpp"

namespace tenon {

enum class Reach : std::uint8_t {
    around, // seen by whoever is near it
    room,   // by everybody in its room, wherever they are
    owner,  // by its owner only
};

struct Scope {
    Reach reach = Reach::around;
    std::uint32_t room = 0;        // it is to be seen from this one only; 0: from every one
    std::uint64_t teams = 0;       // a bit for each team that may see it; 0: all
    PeerId owner = PeerId::none(); // who sees it always, wherever both are
    std::uint16_t every = 1;       // ticks from one telling to the next, at least
    float weight = 1;              // how fast its turn comes nearer
};

// Who looks.
struct Viewer {
    PeerId peer = PeerId::none();
    std::uint32_t room = 0;
    std::uint64_t teams = 0;

    bool may_see(const Scope& scope) const {
        if (scope.owner && scope.owner == peer) return true;
        if (scope.reach == Reach::owner) return false;
        return (scope.room == 0 || scope.room == room) && (scope.teams == 0 || (scope.teams & teams) != 0);
    }
};

// What one look into a stage has found: slots, and how far each is, as a part of the radius.
class Sighting {
  public:
    explicit Sighting(std::size_t slots)
        : words_((slots + 63) / 64), bits_(new std::uint64_t[words_]()), far_(new float[words_ * 64]) {}
    Sighting(const Sighting&) = delete;
    Sighting& operator=(const Sighting&) = delete;
    ~Sighting() {
        delete[] bits_;
        delete[] far_;
    }

    void add(std::size_t slot, float share) {
        std::uint64_t& word = bits_[slot / 64];
        const std::uint64_t bit = std::uint64_t(1) << slot % 64;
        if ((word & bit) != 0 && far_[slot] <= share) return;
        word |= bit;
        far_[slot] = share;
        if (slot < low_) low_ = slot;
        if (slot >= high_) high_ = slot + 1;
    }
    bool has(std::size_t slot) const { return (bits_[slot / 64] >> slot % 64 & 1) != 0; }
    // f(slot, how far) in the order of the slots; nothing is left.
    template <class F>
    void take(F&& f) {
        for (std::size_t w = low_ / 64; w * 64 < high_; ++w)
            for (; bits_[w] != 0; bits_[w] &= bits_[w] - 1) {
                const std::size_t slot = w * 64 + static_cast<unsigned>(std::countr_zero(bits_[w]));
                f(slot, far_[slot]);
            }
        low_ = words_ * 64;
        high_ = 0;
    }

  private:
    std::size_t words_, low_ = words_ * 64, high_ = 0;
    std::uint64_t* bits_;
    float* far_;
};

template <std::size_t Dimensions>
class Stage {
  public:
    // For worlds of so many slots.
    Stage(std::size_t slots, float cell)
        : grid_(slots, cell),
          rooms_(slots),
          owners_(slots),
          things_(new Thing[slots]),
          sighting_(slots),
          found_(new Found[slots]),
          ranks_(new float[slots]) {}
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage() {
        delete[] things_;
        delete[] found_;
        delete[] ranks_;
    }

    // Where it is from now on, whether it is new or has moved.
    void place(EntityId entity, const Point<Dimensions>& at) {
        if (!admit(entity)) return;
        grid_.put(entity.slot, at);
    }
    void set(EntityId entity, const Scope& scope) {
        if (!admit(entity)) return;
        things_[entity.slot].scope = scope;
        if (scope.reach == Reach::room)
            rooms_.put(entity.slot, scope.room);
        else
            rooms_.remove(entity.slot);
        if (scope.owner)
            owners_.put(entity.slot, scope.owner.value);
        else
            owners_.remove(entity.slot);
    }
    // With the entity. One that is forgotten here is no more to be seen once it is despawned in the world.
    void remove(EntityId entity) {
        if (is(entity)) clear(entity.slot);
    }

    bool is(EntityId entity) const {
        return entity && entity.slot < slots() && things_[entity.slot].generation == entity.generation;
    }
    const Scope& scope(std::size_t slot) const { return things_[slot].scope; }
    EntityId entity(std::size_t slot) const {
        return {static_cast<std::uint16_t>(slot), things_[slot].generation};
    }
    std::size_t slots() const { return grid_.slots(); }

    // Everybody within the radius, but for those whom only their owners see.
    void look_around(const Point<Dimensions>& at, float radius, float beyond) {
        grid_.around(at, radius + beyond, [&](std::size_t slot, float square) {
            if (things_[slot].scope.reach == Reach::around)
                sighting_.add(slot, radius > 0 ? std::sqrt(square) / radius : 0);
        });
    }
    // What one sees from wherever one is.
    void look_about(const Viewer& viewer) {
        const auto add = [&](std::size_t slot) { sighting_.add(slot, 0); };
        rooms_.each(0, add);
        if (viewer.room != 0) rooms_.each(viewer.room, add);
        if (viewer.peer) owners_.each(viewer.peer.value, add);
    }

    // Where an Interest works while it looks.
    struct Found {
        InSight seen;
        std::uint64_t within;
        float rank;
    };
    Sighting& sighting() { return sighting_; }
    Found* found() { return found_; }
    // Leaves only as many as `most` of the found, those with the lowest rank, in their order.
    std::size_t nearest(std::size_t count, std::size_t most) {
        if (most == 0) return 0;
        for (std::size_t i = 0; i < count; ++i) ranks_[i] = found_[i].rank;
        const float last = select(count, most - 1);
        std::size_t equal = most, kept = 0;
        for (std::size_t i = 0; i < count; ++i) equal -= found_[i].rank < last;
        for (std::size_t i = 0; i < count; ++i) {
            if (found_[i].rank > last || (found_[i].rank == last && equal == 0)) continue;
            equal -= found_[i].rank == last;
            found_[kept++] = found_[i];
        }
        return kept;
    }

  private:
    // The rank that would be at this place if they were sorted.
    float select(std::size_t count, std::size_t place) {
        std::size_t low = 0, high = count - 1;
        while (low < high) {
            const float pivot = ranks_[low + (high - low) / 2];
            std::size_t i = low, j = high + 1;
            for (--i;;) {
                while (ranks_[++i] < pivot) {
                }
                while (ranks_[--j] > pivot) {
                }
                if (i >= j) break;
                std::swap(ranks_[i], ranks_[j]);
            }
            if (place <= j)
                high = j;
            else
                low = j + 1;
        }
        return ranks_[place];
    }
    struct Thing {
        Scope scope;
        std::uint16_t generation = 0;
    };
    // Who lived in its slot before is gone.
    bool admit(EntityId entity) {
        if (!entity || entity.slot >= slots()) return false;
        if (things_[entity.slot].generation != entity.generation) clear(entity.slot);
        things_[entity.slot].generation = entity.generation;
        return true;
    }
    void clear(std::size_t slot) {
        things_[slot] = {};
        grid_.remove(slot);
        rooms_.remove(slot);
        owners_.remove(slot);
    }

    Grid<Dimensions> grid_;
    SlotChains rooms_, owners_;
    Thing* things_;
    Sighting sighting_;
    Found* found_;
    float* ranks_;
};

} // namespace tenon
