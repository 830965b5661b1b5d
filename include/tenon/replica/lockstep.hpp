#pragma once
// The book of a lockstep: which peer does what in which tick, as far as it is agreed, known or guessed. The
// host closes one tick after the other, and its word makes them the same everywhere: who plays, who joins and
// leaves at this tick, and every input. Sans-I/O; a room's lockstep feeds it and asks it.

#include <cstdint>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/replica/inputs.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

class Lockstep {
  public:
    static constexpr std::uint64_t window = 256;    // ticks of which the book holds the inputs
    static constexpr std::uint64_t ahead_max = 124; // of what is agreed, where inputs are taken
    static constexpr std::uint64_t never = UINT64_MAX;
    static constexpr std::size_t members_max = 1024;
    static constexpr std::uint64_t tick_max = std::uint64_t(1) << 48;
    using Standing = InputCell::Standing;

    struct Member {
        PeerId id;
        std::uint64_t from = 0, until = never; // plays in these ticks, `until` not included
        InputCell last;                        // of the newest tick that is agreed
        std::uint32_t silent = 0;              // ticks in a row without an input of its own
        bool absent = true;                    // nobody waits for it, until it is heard again
        InputCell cells[window];

        bool plays(std::uint64_t tick) const { return from <= tick && tick < until; }
        InputCell& at(std::uint64_t tick) {
            InputCell& cell = cells[tick % window];
            if (cell.tick != tick) {
                cell.tick = tick;
                cell.standing = Standing::none;
                cell.missing = false;
            }
            return cell;
        }
        const InputCell* find(std::uint64_t tick) const {
            const InputCell& cell = cells[tick % window];
            return cell.tick == tick && cell.standing != Standing::none ? &cell : nullptr;
        }
    };

    Lockstep() = default;
    Lockstep(const Lockstep&) = delete;
    Lockstep& operator=(const Lockstep&) = delete;
    ~Lockstep() { clear(); }

    // A new book that begins at a tick. `neutral` is the input of somebody who does nothing.
    void begin(std::uint64_t tick, BytesIn neutral, std::uint32_t repeats) {
        clear();
        agreed_ = tick;
        neutral_.set(neutral, Standing::known);
        repeats_ = repeats;
    }
    void clear() {
        while (!members_.empty()) {
            delete members_.back();
            members_.pop_back();
        }
        agreed_ = 0;
        spoilt_ = never;
    }

    // ---- asking

    // The first tick that is not agreed.
    std::uint64_t agreed() const { return agreed_; }
    BytesIn neutral() const { return neutral_.view(); }
    std::size_t size() const { return members_.size(); }
    Member& operator[](std::size_t i) { return *members_[i]; }
    Member* find(PeerId id) {
        for (std::size_t i = 0; i < members_.size(); ++i)
            if (members_[i]->id == id) return members_[i];
        return nullptr;
    }
    bool plays(PeerId id, std::uint64_t tick) {
        const Member* member = find(id);
        return member != nullptr && member->plays(tick);
    }
    // The first tick for which nothing of this peer is known.
    std::uint64_t known_end(Member& member) const {
        std::uint64_t tick = agreed_ > member.from ? agreed_ : member.from;
        for (const InputCell* cell;
             (cell = member.find(tick)) != nullptr && cell->standing >= Standing::known;)
            ++tick;
        return tick;
    }

    // ---- inputs

    // What a peer does in a tick that is not agreed yet. False when it is of no use: too old or too far
    // ahead, known already, or of somebody who does not play.
    bool note(PeerId id, std::uint64_t tick, BytesIn input) {
        Member* member = find(id);
        if (member == nullptr || tick < agreed_ || tick >= agreed_ + ahead_max || !member->plays(tick) ||
            input.size() > InputCell::bytes_max)
            return false;
        InputCell& cell = member->at(tick);
        if (cell.standing >= Standing::known) return false;
        if (cell.standing == Standing::guessed && !cell.is(input)) spoil(tick);
        cell.set(input, Standing::known);
        return true;
    }
    // f(member, cell) for each who plays in the tick; what is not known is guessed: what the peer did last.
    void for_tick(std::uint64_t tick, auto&& f) {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            Member& member = *members_[i];
            if (!member.plays(tick)) continue;
            InputCell& cell = member.at(tick);
            if (cell.standing <= Standing::guessed) {
                const InputCell* before = tick > member.from ? member.find(tick - 1) : nullptr;
                cell.set((before != nullptr ? *before : member.last).view(), Standing::guessed);
            }
            f(member, static_cast<const InputCell&>(cell));
        }
    }
    // The first tick that was guessed wrongly since the last call, or `never`: from there all is run again.
    std::uint64_t take_spoilt() {
        const std::uint64_t tick = spoilt_;
        spoilt_ = never;
        return tick;
    }

    // ---- the host closes ticks

    // From the next tick that is closed on.
    bool join(PeerId id) {
        if (find(id) != nullptr || members_.size() >= members_max) return false;
        spoil(agreed_);
        return add(id, agreed_) != nullptr;
    }
    void leave(PeerId id) {
        Member* member = find(id);
        if (member == nullptr || member->until != never) return;
        spoil(agreed_);
        if (member->from == agreed_) return remove(*member); // it came and went between two ticks
        member->until = agreed_;
    }
    // Somebody whose input the next tick still lacks and who is waited for; nullptr when there is nobody.
    Member* waits_for() {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            Member& member = *members_[i];
            if (member.absent || !member.plays(agreed_)) continue;
            const InputCell* cell = member.find(agreed_);
            if (cell == nullptr || cell->standing < Standing::known) return &member;
        }
        return nullptr;
    }
    bool lacks_somebody() {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (!members_[i]->plays(agreed_)) continue;
            const InputCell* cell = members_[i]->find(agreed_);
            if (cell == nullptr || cell->standing < Standing::known) return true;
        }
        return false;
    }
    // For those who said nothing their last input stands, and after a while the neutral one.
    void close() {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            Member& member = *members_[i];
            if (!member.plays(agreed_)) continue;
            InputCell& cell = member.at(agreed_);
            if (cell.standing < Standing::known) {
                const BytesIn stands = ++member.silent <= repeats_ ? member.last.view() : neutral_.view();
                if (cell.standing == Standing::guessed && !cell.is(stands)) spoil(agreed_);
                cell.set(stands, Standing::agreed);
                cell.missing = true;
            } else {
                member.silent = 0;
            }
            agree(member, cell);
        }
        next();
    }

    // ---- on the wire, and in recordings

    // What was agreed of a tick: who joined and left, then the input of each who plays, in peer order.
    void write_set(ByteWriter& out, std::uint64_t tick) {
        std::size_t changes = 0;
        for (std::size_t i = 0; i < members_.size(); ++i)
            changes += std::size_t(members_[i]->from == tick) + std::size_t(members_[i]->until == tick);
        out.varint(changes);
        for (std::size_t i = 0; i < members_.size(); ++i)
            if (members_[i]->from == tick || members_[i]->until == tick)
                out.varint(std::uint64_t(members_[i]->id.value) << 1 | (members_[i]->from == tick));
        for (std::size_t i = 0; i < members_.size(); ++i) {
            Member& member = *members_[i];
            if (!member.plays(tick)) continue;
            const InputCell* cell = member.find(tick);
            if (cell == nullptr) return out.fail();
            const InputCell* before = tick > member.from ? member.find(tick - 1) : nullptr;
            write_cell(out, *cell, before != nullptr && cell->is(before->view()));
        }
    }
    // Takes the next tick's set as the host wrote it. False for what no host writes.
    bool read_set(BytesIn set) {
        ByteReader in(set);
        const std::uint64_t changes = in.varint();
        for (std::uint64_t i = 0; i < changes && in.ok(); ++i)
            if (!read_change(in)) return false;
        for (std::size_t i = 0; i < members_.size() && in.ok(); ++i) {
            Member& member = *members_[i];
            if (!member.plays(agreed_)) continue;
            InputCell read;
            if (!read_cell(in, read, &member.last)) return false;
            InputCell& cell = member.at(agreed_);
            if (cell.standing != Standing::none && !cell.is(read.view())) spoil(agreed_);
            cell.set(read.view(), Standing::agreed);
            cell.missing = read.missing;
            agree(member, cell);
        }
        if (!in.ok() || in.left() != 0) return false;
        next();
        return true;
    }

    // Those who play when a tick begins, before its own changes, each with what it did last.
    void write_members(ByteWriter& out, std::uint64_t tick) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < members_.size(); ++i) count += played(*members_[i], tick);
        out.varint(count);
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (!played(*members_[i], tick)) continue;
            out.varint(members_[i]->id.value);
            const InputCell* cell = members_[i]->find(tick - 1);
            write_cell(out, cell != nullptr ? *cell : members_[i]->last, false);
        }
    }
    bool read_members(ByteReader& in) {
        const std::uint64_t count = in.varint();
        if (count > members_max) return false;
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t id = in.varint();
            InputCell cell;
            if (id >= PeerId::none().value || !read_cell(in, cell, nullptr)) return false;
            const PeerId peer{static_cast<std::uint32_t>(id)};
            if (!members_.empty() && !(members_.back()->id < peer)) return false;
            Member* member = add(peer, 0);
            if (member == nullptr) return false;
            member->last = cell;
            if (agreed_ == 0) return false;
            member->at(agreed_ - 1) = cell;
            member->at(agreed_ - 1).tick = agreed_ - 1;
            member->at(agreed_ - 1).standing = Standing::agreed;
        }
        return in.ok();
    }

    // An input: its size, with a flag for "missing" and one for "as before", and then its bytes.
    static void write_cell(ByteWriter& out, const InputCell& cell, bool same) {
        out.u8(static_cast<std::uint8_t>((same ? same_flag : cell.size) | (cell.missing ? missing_flag : 0)));
        if (!same) out.bytes(cell.view());
    }
    static bool read_cell(ByteReader& in, InputCell& cell, const InputCell* before) {
        const std::uint8_t head = in.u8();
        const std::size_t size = head & size_mask;
        if (head & same_flag) {
            if (before == nullptr || size != 0) return false;
            cell.set(before->view(), Standing::known);
        } else {
            if (size > InputCell::bytes_max) return false;
            cell.set(in.bytes(size), Standing::known);
        }
        cell.missing = (head & missing_flag) != 0;
        return in.ok();
    }
    static constexpr std::size_t cell_bytes_max = 1 + InputCell::bytes_max;

  private:
    static constexpr std::uint8_t missing_flag = 0x80, same_flag = 0x40, size_mask = 0x3F;

    static bool played(const Member& member, std::uint64_t tick) {
        return member.from < tick && member.until >= tick;
    }
    void spoil(std::uint64_t tick) { spoilt_ = tick < spoilt_ ? tick : spoilt_; }
    static void agree(Member& member, InputCell& cell) {
        cell.standing = Standing::agreed;
        member.last = cell;
    }
    void next() {
        ++agreed_;
        for (std::size_t i = members_.size(); i-- > 0;)
            if (members_[i]->until != never && members_[i]->until + window < agreed_) remove(*members_[i]);
    }
    bool read_change(ByteReader& in) {
        const std::uint64_t word = in.varint(), id = word >> 1;
        if (!in.ok() || id >= PeerId::none().value) return false;
        const PeerId peer{static_cast<std::uint32_t>(id)};
        Member* member = find(peer);
        spoil(agreed_);
        if (word & 1)
            return member == nullptr && members_.size() < members_max && add(peer, agreed_) != nullptr;
        if (member == nullptr || member->until != never || member->from == agreed_) return false;
        member->until = agreed_;
        return true;
    }
    Member* add(PeerId id, std::uint64_t from) {
        Member* member = new (std::nothrow) Member();
        if (member == nullptr) return nullptr;
        member->id = id;
        member->from = from;
        member->last = neutral_;
        if (members_.push_back(member) == nullptr) {
            delete member;
            return nullptr;
        }
        for (std::size_t i = members_.size() - 1; i != 0 && id < members_[i - 1]->id; --i) {
            members_[i] = members_[i - 1];
            members_[i - 1] = member;
        }
        return member;
    }
    void remove(Member& member) {
        std::size_t i = 0;
        while (members_[i] != &member) ++i;
        delete &member;
        for (; i + 1 < members_.size(); ++i) members_[i] = members_[i + 1];
        members_.pop_back();
    }

    Ring<Member*> members_; // by id
    std::uint64_t agreed_ = 0, spoilt_ = never;
    InputCell neutral_;
    std::uint32_t repeats_ = 0;
};

} // namespace tenon
