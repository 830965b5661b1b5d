#pragma once
// One entity at one tick, told by how it differs from what was to be expected of it. Sender and receiver run
// the same code: the one tells the errors of the foretelling, the other adds them.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/replica/delta_models.hpp"
#include "tenon/replica/history.hpp"
#include "tenon/replica/layout.hpp"
#include "tenon/replica/motion.hpp"
#include "tenon/wire/bits.hpp"

namespace tenon {

// Codes entities of one packet, one after the other.
template <class Coder>
class DeltaCoder {
  public:
    DeltaCoder(Coder& coder, DeltaModels& models, const References& references, const Row& target,
               const Audience& audience = {})
        : coder_(coder),
          models_(models),
          layout_(models.layout()),
          references_(references),
          target_(target),
          audience_(audience) {}

    // `usable` has a bit for each reference that holds the slot. What an encoder finds in the target row, a
    // decoder leaves there, unless `presence` says that nobody is to be seen in it. False when a decoder has
    // met what no encoder writes.
    bool code(std::size_t slot, std::uint64_t usable, Presence& presence) {
        slot_ = slot;
        gather(usable);
        Tenant tenant;
        if (Coder::is_encoder && presence == Presence::here) tenant = audience_.sees(target_.tenant(slot));
        if (known_ != 0) {
            const unsigned quiet = foretell_all();
            if (quiet <= Trust::rested || (quiet >= Trust::straight + 2 && quiet < Trust::bent)) {
                BitModel& model = models_.entity.expected[quiet][models_.previous];
                const bool as_expected = coder_.bit(Coder::is_encoder && is_expected(tenant), model);
                models_.previous = as_expected ? 1 : 2;
                if (as_expected) return take_expected(presence);
            }
        }
        if (!code_tenant(tenant, presence)) return false;
        if constexpr (!Coder::is_encoder) target_.tenant(slot) = tenant;
        if (tenant.generation == 0) return true;
        if (known_ == 0) return code_whole(tenant);
        shock_ = 0;
        for (std::size_t c = 0; c < layout_.components(); ++c) {
            if ((tenant.components >> c & 1) == 0) continue;
            const bool moves = follows(tenant) && (base_.components >> c & 1) != 0;
            if (!(moves ? code_moves(c) : code_whole(c))) return false;
        }
        return coder_.ok();
    }
    // A row of slots of which nothing is known, but that their tenants are like the one coded before; and
    // their sums. begin(slot) is asked before each, and may refuse. How many were coded.
    template <class Check, class Begin>
    std::size_t code_row(std::size_t first, std::size_t count, Check& check, Begin&& begin) {
        const Tenant tenant = models_.last;
        if (tenant.generation == 0) return 0;
        // Here, as a compiler takes every byte that is written for a change of what lies elsewhere.
        struct Part {
            const PlainCell *all, *end;
            Cell* cells;
        } parts[Layout::components_max];
        std::size_t parts_count = 0;
        for (unsigned left = tenant.components; left != 0; left &= left - 1) {
            const auto c = static_cast<std::size_t>(std::countr_zero(left));
            const PlainCell* const all = layout_.cells(layout_.component(c));
            parts[parts_count++] = {all, all + layout_.component(c).cells, target_.cells(c, first)};
        }
        Tenant* tenants = &target_.tenant(first);
        typename Coder::Plain plain(coder_);
        for (std::size_t i = 0; i < count; ++i) {
            if (!plain.ok() || !begin(first + i)) return i;
            if constexpr (!Coder::is_encoder) tenants[i] = tenant;
            typename Check::Sum sum(first + i, tenant);
            for (Part *part = parts, *last = parts + parts_count; part != last; ++part) {
                const auto cells = static_cast<std::size_t>(part->end - part->all);
                if (!code_cells(plain, part->all, part->end, part->cells)) return i;
                sum.add(part->cells, cells);
                part->cells += cells;
            }
            check.add(sum);
        }
        return plain.ok() ? count : count - 1;
    }
    // An entity that is there.
    bool code(std::size_t slot, std::uint64_t usable) {
        Presence presence = Presence::here;
        return code(slot, usable, presence);
    }

  private:
    // How far from a line a sample may be, in 256ths of a step: a turn's parts are noisier.
    static constexpr std::int64_t tolerance_of_moves = 320, tolerance_of_turns = 640;
    static constexpr std::size_t ranks[Samples::max] = {0,  1,  2,  3,  4,  6,  8,  10,
                                                        13, 16, 20, 25, 31, 38, 46, 55};

    bool follows(const Tenant& tenant) const { return tenant.generation == base_.generation; }
    // The references that tell of the slot's last tenant, every one of the newest and ever fewer before.
    void gather(std::uint64_t usable) {
        known_ = 0;
        if (usable == 0) return;
        const auto first = static_cast<unsigned>(std::countr_zero(usable));
        const std::uint64_t newest = references_.rows[first].tick();
        base_ = audience_.sees(references_.rows[first].tenant(slot_));
        if (base_.generation == 0) return;
        const std::uint64_t since =
            references_.tenant_since != nullptr ? references_.tenant_since[slot_] : History::none;
        std::size_t rank = 0;
        for (; usable != 0 && known_ < Samples::max; usable &= usable - 1) {
            if (rank++ != ranks[known_]) continue;
            const Row& row = references_.rows[std::countr_zero(usable)];
            if ((row.tick() < since || newest < since) && audience_.sees(row.tenant(slot_)) != base_) break;
            known_rows_[known_] = &row;
            ages_[known_++] = static_cast<std::int64_t>(newest - row.tick());
        }
        ahead_ = static_cast<std::int64_t>(target_.tick() - newest);
    }
    const Cell* known_cells(std::size_t i, std::size_t offset) const { return known_rows_[i]->at(offset); }

    // Foretells every group of the entity, as if its tenant stays as it was; how little they are to be
    // trusted.
    unsigned foretell_all() {
        unsigned worst = Trust::still;
        for (std::size_t c = 0; c < layout_.components(); ++c) {
            if ((base_.components >> c & 1) == 0) continue;
            const ComponentLayout& component = layout_.component(c);
            const std::size_t offset = known_rows_[0]->offset(c, slot_);
            const Cell* newest = known_cells(0, offset);
            const bool still = known_ > 1 && same_cells(newest, known_cells(1, offset), component.cells) &&
                               same_cells(newest, known_cells(known_ - 1, offset), component.cells);
            for (std::size_t g = component.first_group;
                 g < component.first_group + std::size_t(component.groups); ++g) {
                const unsigned trust = still ? stay(g, newest) : foretell_group(g, offset);
                if (trust > worst) worst = trust;
            }
        }
        return worst;
    }
    unsigned stay(std::size_t g, const Cell* newest) {
        const CellGroup& group = layout_.group(g);
        for (unsigned k = 0; k < group.count; ++k)
            expected_[g][k] = std::int64_t(newest[group.first + k]) * 256;
        if (group.kind == CellKind::rotation)
            turns_[g] = detail::FixedTurn::of(newest + group.first, fixed_step(group));
        return trust_[g] = Trust::still;
    }
    // Quicker for the few that there are than memcmp.
    static bool same_cells(const Cell* a, const Cell* b, std::size_t count) {
        Cell apart = 0;
        for (std::size_t i = 0; i < count; ++i) apart |= a[i] ^ b[i];
        return apart == 0;
    }
    unsigned foretell_group(std::size_t g, std::size_t offset) {
        const CellGroup& group = layout_.group(g);
        offset += group.first * sizeof(Cell);
        const Cell* newest = known_cells(0, offset);
        for (unsigned k = 0; k < group.count; ++k) expected_[g][k] = std::int64_t(newest[k]) * 256;
        if (group.kind == CellKind::discrete || group.kind == CellKind::raw)
            return trust_[g] =
                       known_ > 1 && newest[0] == known_cells(1, offset)[0] ? Trust::rested : Trust::bent;
        const Foretold foretold =
            group.kind == CellKind::rotation ? foretell_turn(group, offset) : foretell_move(group, offset);
        if (group.kind == CellKind::rotation)
            turn_ahead(g, newest, foretold, expected_[g]);
        else
            for (unsigned k = 0; k < group.count; ++k) move_ahead(group, k, foretold.by[k], expected_[g][k]);
        return trust_[g] = foretold.trust;
    }
    // Whether there is such a sample, later than which the one before was.
    bool has_sample(std::size_t i) const {
        return i < known_ && ages_[i] <= Samples::age_max && ages_[i] > ages_[i - 1];
    }
    Foretold foretell_move(const CellGroup& group, std::size_t offset) const {
        const Cell* newest = known_cells(0, offset);
        const auto sample = [&](std::size_t i, std::int64_t& age, std::int64_t* at) {
            if (!has_sample(i)) return false;
            age = ages_[i];
            const Cell* cells = known_cells(i, offset);
            bool is_far = false;
            for (unsigned k = 0; k < group.count; ++k) {
                std::int64_t apart = std::int64_t(cells[k]) - newest[k];
                if (group.kind == CellKind::angle) apart = nearest_turn(apart, group.range[k]);
                is_far = is_far || apart > Samples::reach / 256 || apart < -Samples::reach / 256;
                at[k] = apart * 256;
            }
            return !is_far;
        };
        return foretell(sample, group.count, ahead_, tolerance_of_moves);
    }
    Foretold foretell_turn(const CellGroup& group, std::size_t offset) const {
        const std::int64_t step = fixed_step(group);
        const Cell newest = *known_cells(0, offset);
        const detail::FixedTurn back = detail::FixedTurn::of(known_cells(0, offset), step).inverse();
        const std::int64_t inverse =
            (std::int64_t(1) << 36) / step; // a division for each sample takes longer
        const auto sample = [&](std::size_t i, std::int64_t& age, std::int64_t* at) {
            if (!has_sample(i)) return false;
            age = ages_[i];
            std::int64_t half[3];
            const Cell* cells = known_cells(i, offset);
            const detail::FixedTurn turn = detail::FixedTurn::of(cells, step);
            // Of two with the same largest part, less than a quarter turn apart, the rest of the turn is
            // above 0.
            const detail::FixedTurn by = cells[0] == newest ? turn.times_upward(back) : turn * back;
            if (!by.log(half)) return false;
            bool is_far = false;
            for (unsigned k = 0; k < 3; ++k) {
                at[k] = (half[k] * inverse) >> 28;
                is_far = is_far || at[k] > Samples::reach || at[k] < -Samples::reach;
            }
            return !is_far;
        };
        return foretell(sample, 3, ahead_, tolerance_of_turns);
    }
    static std::int64_t fixed_step(const CellGroup& group) {
        return static_cast<std::int64_t>(group.step * static_cast<double>(detail::FixedTurn::one) + 0.5);
    }
    static std::int64_t nearest_turn(std::int64_t apart, std::uint32_t range) {
        const std::int64_t count = std::int64_t(range) + 1;
        return apart > count / 2 ? apart - count : apart < -(count / 2) ? apart + count : apart;
    }
    static void move_ahead(const CellGroup& group, unsigned k, std::int64_t by, std::int64_t& expected) {
        expected += by;
        const std::int64_t low = std::int64_t(group.low[k]) * 256, span = std::int64_t(group.range[k]) * 256;
        if (group.kind == CellKind::angle) {
            const std::int64_t count = span + 256;
            expected = ((expected - low) % count + count) % count + low;
            if (expected - low > span + 127) expected -= count;
        } else if (expected < low) {
            expected = low;
        } else if (expected > low + span) {
            expected = low + span;
        }
    }
    // Leaves the largest part's place in expected[0], and the others behind it; and the whole for turn_as().
    void turn_ahead(std::size_t g, const Cell* newest, const Foretold& foretold, std::int64_t* expected) {
        const CellGroup& group = layout_.group(g);
        const std::int64_t step = fixed_step(group);
        std::int64_t half[3];
        for (int i = 0; i < 3; ++i) {
            half[i] = foretold.by[i] * step / 256;
            if (half[i] > detail::FixedTurn::one || half[i] < -detail::FixedTurn::one) half[i] = 0;
        }
        const detail::FixedTurn turn = detail::FixedTurn::exp(half) * detail::FixedTurn::of(newest, step);
        turns_[g] = turn;
        std::size_t largest = 0;
        const auto size = [&](std::size_t i) { return turn.q[i] < 0 ? -turn.q[i] : turn.q[i]; };
        for (std::size_t i = 1; i < 4; ++i)
            if (size(i) > size(largest)) largest = i;
        turn_as(group, turn, largest, expected);
    }
    static void turn_as(const CellGroup& group, const detail::FixedTurn& turn, std::size_t largest,
                        std::int64_t* expected) {
        const std::int64_t step = fixed_step(group), sign = turn.q[largest] < 0 ? -1 : 1;
        expected[0] = static_cast<std::int64_t>(largest) * 256;
        for (std::size_t i = 0, to = 1; i < 4; ++i) {
            if (i == largest) continue;
            const std::int64_t most = -std::int64_t(group.low[to]) * 256, at = sign * turn.q[i] * 256 / step;
            expected[to++] = at > most ? most : at < -most ? -most : at;
        }
    }

    static std::int64_t nearest(std::int64_t expected) { return (expected + 128) >> 8; }

    bool is_expected(const Tenant& tenant) const {
        if (tenant != base_) return false;
        return for_groups(tenant, [&](const CellGroup& group, std::size_t g, const Cell* cells) {
            for (unsigned k = 0; k < group.count; ++k)
                if (cells[k] != nearest(expected_[g][k])) return false;
            return true;
        });
    }
    bool take_expected(Presence& presence) {
        if constexpr (!Coder::is_encoder) {
            presence = Presence::here;
            target_.tenant(slot_) = base_;
            for_groups(base_, [&](const CellGroup& group, std::size_t g, Cell* cells) {
                for (unsigned k = 0; k < group.count; ++k)
                    cells[k] = static_cast<Cell>(nearest(expected_[g][k]));
                return true;
            });
        }
        return coder_.ok();
    }
    template <class F>
    bool for_groups(const Tenant& tenant, F&& f) const {
        for (std::size_t c = 0; c < layout_.components(); ++c) {
            if ((tenant.components >> c & 1) == 0) continue;
            const ComponentLayout& component = layout_.component(c);
            Cell* cells = target_.cells(c, slot_);
            for (std::size_t g = component.first_group;
                 g < component.first_group + std::size_t(component.groups); ++g)
                if (!f(layout_.group(g), g, cells + layout_.group(g).first)) return false;
        }
        return true;
    }

    bool code_tenant(Tenant& tenant, Presence& presence) {
        EntityModels& models = models_.entity;
        if (known_ != 0 && coder_.bit(tenant == base_, models.same_tenant)) {
            tenant = base_;
            presence = Presence::here;
            return true;
        }
        // Most that are new are like the one before.
        const bool is_like_last = tenant.generation != 0 && tenant == models_.last;
        if (known_ == 0 && coder_.bit(is_like_last, models.like_last)) {
            tenant = models_.last;
            presence = Presence::here;
            return tenant.generation != 0;
        }
        if (coder_.bit(tenant.generation == 0, models.gone)) {
            const bool unseen = coder_.bit(presence == Presence::unseen, models.unseen);
            presence = unseen ? Presence::unseen : Presence::despawned;
            tenant = {};
            return coder_.ok();
        }
        presence = Presence::here;
        const bool stays =
            known_ != 0 && coder_.bit(tenant.generation == base_.generation, models.same_generation);
        if (stays)
            tenant.generation = base_.generation;
        else
            tenant.generation = static_cast<std::uint16_t>(models.generation.code(coder_, tenant.generation));
        const auto count = static_cast<unsigned>(layout_.components());
        const std::uint16_t likely = known_ != 0 ? base_.components : models_.last.components;
        if (coder_.bit(tenant.components == likely, models.same_components))
            tenant.components = likely;
        else
            tenant.components = static_cast<std::uint16_t>(coder_.bits(tenant.components, count));
        if (coder_.bit(tenant.owner == models_.last.owner, models.same_owner))
            tenant.owner = models_.last.owner;
        else
            tenant.owner = static_cast<std::uint32_t>(models.owner.code(coder_, tenant.owner));
        code_past(tenant, stays);
        models_.last = tenant;
        return coder_.ok() && tenant.generation != 0;
    }
    // Where it came from, and how often it was elsewhere at once.
    void code_past(Tenant& tenant, bool stays) {
        EntityModels& models = models_.entity;
        if (coder_.bit(tenant.leaps == (stays ? base_.leaps : 0), models.same_leaps))
            tenant.leaps = stays ? base_.leaps : std::uint8_t(0);
        else
            tenant.leaps = static_cast<std::uint8_t>(coder_.bits(tenant.leaps, 8));
        if (stays) {
            tenant.command = base_.command, tenant.key = base_.key;
        } else if (coder_.bit(tenant.key != 0, models.predicted)) {
            tenant.key = static_cast<std::uint8_t>(coder_.bits(tenant.key, 8));
            tenant.command = static_cast<std::uint16_t>(coder_.bits(tenant.command, 16));
        } else {
            tenant.command = 0, tenant.key = 0;
        }
    }
    // An entity of which nothing is known, and a component.
    bool code_whole(const Tenant& tenant) {
        for (unsigned left = tenant.components; left != 0; left &= left - 1)
            if (!code_whole(static_cast<std::size_t>(std::countr_zero(left)))) return false;
        return coder_.ok();
    }
    bool code_whole(std::size_t c) {
        const PlainCell* const all = layout_.cells(layout_.component(c));
        typename Coder::Plain plain(coder_);
        return code_cells(plain, all, all + layout_.component(c).cells, target_.cells(c, slot_));
    }
    TENON_INLINE static bool code_cells(typename Coder::Plain& plain, const PlainCell* at,
                                        const PlainCell* end, Cell* cells) {
        while (at != end) {
            const unsigned bits = at->word;
            if constexpr (Coder::is_encoder) {
                std::uint64_t word = above(*at, *cells);
                for (++at, ++cells; at != end && at->shift != 0; ++at, ++cells)
                    word |= above(*at, *cells) << at->shift;
                plain.bits(word, bits);
            } else {
                const std::uint64_t word = plain.bits(0, bits);
                if (!take_above(*at, word, *cells)) return false;
                for (++at, ++cells; at != end && at->shift != 0; ++at, ++cells)
                    if (!take_above(*at, word >> at->shift, *cells)) return false;
            }
        }
        return true;
    }
    static std::uint64_t above(const PlainCell& plain, Cell cell) {
        return static_cast<std::uint32_t>(cell) - static_cast<std::uint32_t>(plain.low);
    }
    static bool take_above(const PlainCell& plain, std::uint64_t word, Cell& cell) {
        const std::uint64_t told = word & ((std::uint64_t(1) << plain.bits) - 1);
        cell = static_cast<Cell>(plain.low + static_cast<std::int64_t>(told));
        return told <= plain.range;
    }
    bool code_plain(const PlainCell& plain, Cell& cell) {
        return take_above(plain, coder_.bits(above(plain, cell), plain.bits), cell);
    }
    bool code_moves(std::size_t c) {
        const ComponentLayout& component = layout_.component(c);
        Cell* cells = target_.cells(c, slot_);
        for (std::size_t g = component.first_group; g < component.first_group + std::size_t(component.groups);
             ++g) {
            const CellGroup& group = layout_.group(g);
            GroupModels& models = models_.group(g);
            Cell* at = cells + group.first;
            unsigned first = 0;
            if (group.kind == CellKind::rotation) {
                const auto largest = static_cast<Cell>(expected_[g][0] >> 8);
                if (!coder_.bit(at[0] == largest, models.same_largest[trust_[g]])) {
                    if (!code_plain(layout_.cell(group, 0), at[0])) return false;
                    turn_as(group, turns_[g], static_cast<std::size_t>(at[0]), expected_[g]);
                } else {
                    at[0] = largest;
                }
                first = 1;
            }
            for (unsigned k = first; k < group.count; ++k)
                if (!code_error(group, models, g, k, at[k])) return false;
        }
        return coder_.ok();
    }
    // How far a cell is from where it was expected: the side to which the expectation leans counts as upward.
    bool code_error(const CellGroup& group, GroupModels& models, std::size_t g, unsigned k, Cell& cell) {
        const std::int64_t expected = nearest(expected_[g][k]), lean = expected_[g][k] - expected * 256;
        const std::int64_t weight = lean < 0 ? -lean : lean;
        const unsigned leaning = weight < 32 ? 0 : weight < 80 ? 1 : 2;
        if (group.kind == CellKind::discrete || group.kind == CellKind::raw) {
            if (!coder_.bit(cell != expected, models.nonzero[trust_[g]][shock_][0])) {
                cell = static_cast<Cell>(expected);
                return true;
            }
            return code_plain(layout_.cell(group, k), cell);
        }
        std::int64_t error = std::int64_t(cell) - expected;
        if (group.kind == CellKind::angle) error = nearest_turn(error, group.range[k]);
        if (lean < 0) error = -error;
        error = code_signed(models, trust_[g], leaning, error);
        std::uint64_t size = static_cast<std::uint64_t>(error < 0 ? -error : error);
        const auto shock = static_cast<unsigned>(1 + std::bit_width(size));
        if (shock > shock_) shock_ = shock < GroupModels::shocks ? shock : GroupModels::shocks - 1;
        std::int64_t value = expected + (lean < 0 ? -error : error) - group.low[k];
        if (group.kind == CellKind::angle) {
            const std::int64_t count = std::int64_t(group.range[k]) + 1;
            if (size > static_cast<std::uint64_t>(count)) return false;
            value = (value % count + count) % count;
        }
        if (value < 0 || value > std::int64_t(group.range[k])) return false;
        cell = static_cast<Cell>(value + group.low[k]);
        return true;
    }
    std::int64_t code_signed(GroupModels& models, unsigned trust, unsigned leaning, std::int64_t error) {
        if (!coder_.bit(error != 0, models.nonzero[trust][shock_][leaning])) return 0;
        const unsigned recent = shock_ < 2 ? 0 : shock_ < 3 ? 1 : 2;
        const bool down = coder_.bit(error < 0, models.side[recent][leaning]);
        const auto wanted = static_cast<std::uint64_t>(down ? -error : error) - 1;
        const auto bits = static_cast<unsigned>(std::bit_width(Coder::is_encoder ? wanted : 0));
        unsigned width = 0;
        constexpr unsigned kept = GroupModels::widths_kept - 1;
        while (coder_.bit(bits > width, models.widths[trust][recent][width < kept ? width : kept]))
            if (++width > 34) {
                coder_.fail();
                return 0;
            }
        std::uint64_t size = width == 0 ? 0 : 1;
        unsigned left = width < 2 ? 0 : width - 1;
        for (unsigned i = 0; i < 2 && left != 0; ++i) {
            --left;
            BitModel& model = models.below[width < kept ? width : kept][i == 0 ? 0 : 1 + (size & 1)];
            size = size << 1 | coder_.bit((wanted >> left & 1) != 0, model);
        }
        if (left != 0) size = size << left | coder_.bits(wanted & ((std::uint64_t(1) << left) - 1), left);
        return down ? -static_cast<std::int64_t>(size + 1) : static_cast<std::int64_t>(size + 1);
    }

    Coder& coder_;
    DeltaModels& models_;
    const Layout& layout_;
    const References& references_;
    const Row& target_;
    const Audience audience_;

    Tenant base_;
    std::size_t slot_ = 0, known_ = 0;
    const Row* known_rows_[Samples::max] = {};
    std::int64_t ages_[Samples::max] = {};
    std::int64_t ahead_ = 0;
    unsigned shock_ = 0;
    std::int64_t expected_[Layout::groups_max][CellGroup::cells_max];
    unsigned trust_[Layout::groups_max];
    detail::FixedTurn turns_[Layout::groups_max];
};

} // namespace tenon
