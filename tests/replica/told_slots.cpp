#include "tenon/replica/told_slots.hpp"

#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/replica/in_sight.hpp"
#include "tenon/replica/snapshot.hpp"

using tenon::InSight;
using tenon::SlotMemory;
using tenon::SnapshotHead;
using tenon::ToldSlot;
using tenon::ToldSlots;

TEST_CASE("what is seen or still known is kept, in order, and nothing else") {
    tenon::Random random(1);
    ToldSlots slots(80);
    std::map<std::uint16_t, bool> known; // whether the client knows something
    for (int round = 0; round < 2000; ++round) {
        std::vector<InSight> seen;
        for (std::uint16_t slot = 0; slot < 200; ++slot)
            if (random.chance(0.15)) seen.push_back({slot, 1, 2, 3});
        const bool fits = slots.look(seen.data(), seen.size());
        std::map<std::uint16_t, bool> expected;
        for (const auto& [slot, told] : known)
            if (told) expected[slot] = true;
        for (const InSight& it : seen) expected.emplace(it.slot, false);
        REQUIRE(fits == (expected.size() <= 80));
        if (!fits) REQUIRE(slots.size() == 80);
        known.clear();
        for (std::size_t i = 0; i < slots.size(); ++i) {
            ToldSlot& it = slots[i];
            if (i != 0) REQUIRE(slots[i - 1].slot < it.slot);
            REQUIRE(expected.count(it.slot) == 1);
            REQUIRE(it.told == expected[it.slot]);
            REQUIRE(slots.find(it.slot) == &it);
            it.told = random.chance(0.3);
            known[it.slot] = it.told;
        }
        if (fits) REQUIRE(slots.size() == expected.size());
        for (const InSight& it : seen)
            if (ToldSlot* found = slots.find(it.slot)) {
                REQUIRE(found->in_sight);
                REQUIRE(found->every == 2);
                REQUIRE(found->urgency == 3);
            }
    }
}

TEST_CASE("a weight stays with its entity, not with the slot") {
    ToldSlots slots(4);
    slots.insert(2)->weight = 5;
    slots.find(2)->generation = 7;
    slots.look(nullptr, 0);
    REQUIRE(slots.find(2));
    InSight seen{2, 7, 1, 1};
    slots.look(&seen, 1);
    CHECK(slots.find(2)->weight == 5);
    seen.generation = 8;
    slots.look(&seen, 1);
    CHECK(slots.find(2)->weight == 1);
    slots.look(nullptr, 0);
    CHECK(!slots.find(2));
    CHECK(slots.size() == 0);
}

TEST_CASE("of what a snapshot builds on, only what came after nobody was there counts") {
    tenon::Random random(2);
    for (int round = 0; round < 2000; ++round) {
        SlotMemory memory;
        std::map<std::uint64_t, bool> told; // by number: gone
        const std::uint64_t next = 70 + random.below(100);
        for (int i = 0; i < 12; ++i) {
            const std::uint64_t number = next - 1 - random.below(60);
            if (told.count(number) != 0) continue;
            told[number] = random.chance(0.2);
            memory.note(number, told[number]); // in any order
        }
        SnapshotHead head;
        head.back = static_cast<unsigned>(1 + random.below(10));
        head.builds_on = (random.next() | 1) & ((std::uint64_t(1) << (SnapshotHead::reach - head.back)) - 1);
        std::uint64_t expected = 0;
        for (unsigned i = 0; i + head.back < SnapshotHead::reach; ++i) {
            if ((head.builds_on >> i & 1) == 0) continue;
            const auto it = told.find(next - head.back - i);
            if (it == told.end()) continue;
            if (it->second) break;
            expected |= std::uint64_t(1) << i;
        }
        REQUIRE(memory.usable(next, head) == expected);
    }
}
