#pragma once
// The host's side of a lockstep: closes the ticks, so that all agree on them, tells the guests, gives the
// state to who needs it, and compares what everybody's ticks have led to.

#include <cstdint>

#include "tenon/clock/kernel.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/slice.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/difference.hpp"
#include "tenon/replica/lockstep.hpp"
#include "tenon/replica/snapshots.hpp"
#include "tenon/replica/verdicts.hpp"
#include "tenon/room/desync.hpp"
#include "tenon/room/follower.hpp"
#include "tenon/room/lockstep_words.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

template <class Simulation, class Room>
class LockstepHost {
  public:
    using Seat = typename Room::Seat;
    static constexpr clock::KernelOptions kernel = Simulation::kernel;

    explicit LockstepHost(Simulation& simulation) : sim_(simulation) {}

    void clear() {
        followers_.clear();
        verdicts_.clear(0);
        pending_ = {};
    }
    template <class H>
    Result<> begin(Instant now, PeerId self, H& handlers) {
        sim_.pacer.begin(now);
        sim_.begin_at(0, self);
        sim_.book.join(self);
        sim_.book.find(self)->absent = false;
        blocked_ = Lockstep::never;
        verdicts_.clear(0);
        verdicts_.begin(self, 0);
        const Result<> saved = sim_.snapshots.save(0, handlers);
        if (saved) sim_.record_state(0, handlers);
        return saved;
    }
    void peer_joined(PeerId id) { (void)followers_.add(id); }
    void peer_left(PeerId id) {
        if (sim_.begun) sim_.book.leave(id);
        followers_.remove(id);
        verdicts_.forget(id);
    }
    Result<> resync(PeerId id) {
        Follower* follower = followers_.find(id);
        if (follower == nullptr) return Error::unknown_peer;
        follower->wants_state = true;
        return {};
    }

    template <class H>
    Result<> hear(PeerId from, std::uint8_t kind, ByteReader& in, H& handlers, Room& room) {
        if (kind == lockstep_word::inputs) return hear_inputs(from, in, room);
        if (kind == lockstep_word::differs) return hear_differs(from, in, handlers, room);
        return Error::malformed;
    }
    template <class H>
    Result<> turn(Instant now, Room& room, H& handlers) {
        if (sim_.may_run() && sim_.pacer.let_go(sim_.room_now, sim_.next, behind_allowed())) tell_pace(room);
        const auto stalled = sim_.run(sim_.pacer.due(sim_.room_now), handlers, [&] { agree(now); });
        if (!stalled) return stalled.error();
        if (!*stalled)
            sim_.wake(sim_.start_of(sim_.next, now), now + milliseconds(1));
        else if (blocked_ != Lockstep::never)
            sim_.wake(blocked_at_ + patience(), now + milliseconds(1));
        for (; reported_end() < sim_.settled;)
            verdicts_.report(sim_.self, reported_end(), sim_.checks[reported_end() % Verdicts::window]);
        judge(now, room, handlers);
        speak(now, room);
        return {};
    }

  private:
    static constexpr Duration again = milliseconds(50); // what is not acknowledged is said again after it
    static constexpr Duration answer = seconds(2);      // how long the place of a difference is waited for
    static constexpr std::uint64_t read_ahead = 120;    // ticks that a slow guest is told ahead
    static constexpr std::uint64_t behind_max = 200;    // further behind, a guest is given the state anew

    struct Pending {
        bool waits = false;
        std::uint64_t tick = 0;
        PeerId asked;
        Instant until{};
        std::size_t count = 0;
        PeerId peers[Verdicts::named_max];
    };

    std::uint64_t reported_end() {
        const Verdicts::Row* own = verdicts_.find(sim_.self);
        return own != nullptr ? own->end : sim_.settled;
    }
    std::uint64_t behind_allowed() const {
        const auto catch_up = static_cast<std::uint64_t>(kernel.catch_up);
        const auto half = static_cast<std::uint64_t>(seconds(1) / sim_.pacer.tick_period() / 2);
        return catch_up > half ? catch_up : half;
    }
    static Duration patience() { return milliseconds(kernel.patience_ms); }
    void news() {
        followers_.for_each([](Follower& follower) { follower.fresh = true; });
    }

    // ---- what is agreed

    // Closes every tick of which all is known, and does not wait for ever for the rest.
    void agree(Instant now) {
        while (sim_.book.agreed() <= sim_.next + static_cast<std::uint64_t>(kernel.delay_max)) {
            if (sim_.book.agreed() + 1 >= sim_.settled + Lockstep::window / 2) return;
            Lockstep::Member* member = sim_.book.waits_for();
            if (member != nullptr) {
                if (member->id == sim_.self) return; // the own input comes first
                if (blocked_ != sim_.book.agreed()) {
                    blocked_ = sim_.book.agreed();
                    blocked_at_ = now;
                }
                // It has all the time until the tick is due, and then some.
                const Instant due = sim_.start_of(blocked_, now);
                if (now < max(blocked_at_, due) + patience()) return;
                member->absent = true;
                continue;
            }
            sim_.book.close();
            blocked_ = Lockstep::never;
            news();
        }
    }
    Result<> hear_inputs(PeerId from, ByteReader& in, Room& room) {
        Follower* follower = followers_.find(from);
        const std::uint8_t generation = in.u8();
        const std::uint64_t has = in.varint(), first = in.varint(), count = in.varint();
        if (!in.ok() || count > Lockstep::window) return Error::malformed;
        if (follower == nullptr || !sim_.begun || generation != follower->generation ||
            follower->wants_state || has > sim_.book.agreed() || has < follower->loaded)
            return {}; // it answers to what was before
        if (!follower->follows) {
            follower->follows = true;
            verdicts_.begin(from, follower->loaded);
            (void)sim_.book.join(from);
        }
        if (has > follower->agreed) follower->agreed = has;
        InputCell cell;
        const bool muted = !room.permissions().may(room, from, Simulation::order_type);
        bool forbidden = false;
        for (std::uint64_t i = 0; i < count; ++i) {
            const InputCell before = cell;
            if (!Lockstep::read_cell(in, cell, i != 0 ? &before : nullptr)) return Error::malformed;
            // Who may say nothing does nothing, and nobody waits for it.
            forbidden = forbidden || (muted && !cell.is(sim_.book.neutral()));
            if (sim_.book.note(from, first + i, muted ? sim_.book.neutral() : cell.view())) news();
        }
        if (forbidden) (void)room.permissions().refuse(room, from, Simulation::order_type);
        // It is heard again, and not too late to be waited for.
        if (Lockstep::Member* member = sim_.book.find(from);
            member != nullptr && count != 0 && first + count - 1 + Simulation::rollback >= sim_.book.agreed())
            member->absent = false;
        const std::uint64_t checked = in.varint();
        const std::uint8_t checks = in.u8();
        for (std::uint64_t i = 0; i < checks && in.ok(); ++i) {
            const std::uint32_t checksum = in.u32();
            if (in.ok()) verdicts_.report(from, checked + i, checksum);
        }
        return in.ok() && in.left() == 0 ? Result<>() : Error::malformed;
    }

    // ---- speaking

    void speak(Instant now, Room& room) {
        if (sim_.fresh) news();
        sim_.fresh = false;
        followers_.for_each([&](Follower& follower) {
            Seat* seat = room.seat_of(follower.id);
            if (seat == nullptr) return;
            if (follower.follows && follower.agreed + behind_max < sim_.book.agreed())
                follower.wants_state = true;
            if (follower.wants_state && !follower.sender.active()) send_state(follower);
            if (follower.sender.active()) return send_parts(now, room, *seat, follower);
            const Duration quiet = follower.fresh ? sim_.pacer.tick_period() / 2 : again;
            if (!follower.fresh && follower.agreed == sim_.book.agreed()) return;
            if (now < follower.said_at + quiet) return sim_.wake(follower.said_at + quiet);
            follower.said_at = now;
            follower.fresh = false;
            lockstep_word::say(room, *seat, Delivery::best_effort,
                               [&](ByteWriter& out) { write_sets(out, follower); });
            if (follower.agreed != sim_.book.agreed()) sim_.wake(now + again);
        });
    }
    void write_sets(ByteWriter& out, const Follower& follower) {
        Lockstep::Member* member = sim_.book.find(follower.id);
        const Verdicts::Row* row = verdicts_.find(follower.id);
        out.u8(lockstep_word::sets);
        out.u8(follower.generation);
        out.varint(member != nullptr ? sim_.book.known_end(*member) : sim_.book.agreed());
        out.varint(row != nullptr ? row->end : follower.loaded);
        out.varint(follower.agreed);
        for (std::uint64_t tick = follower.agreed;
             tick < sim_.book.agreed() && tick < follower.agreed + read_ahead; ++tick) {
            std::byte set[lockstep_word::bytes_max];
            ByteWriter into{BytesOut(set)};
            sim_.book.write_set(into, tick);
            if (!into.ok() || into.position() + out.position() + 4 > lockstep_word::bytes_max) break;
            out.sized(BytesIn(set, into.position()));
        }
        out.varint(0);
        if constexpr (Simulation::rollback != 0) write_early(out, follower);
        out.varint(0);
    }
    // What is known and not agreed: others can guess no better.
    void write_early(ByteWriter& out, const Follower& follower) {
        for (std::size_t i = 0; i < sim_.book.size(); ++i) {
            Lockstep::Member& member = sim_.book[i];
            if (member.id == follower.id || !member.plays(sim_.book.agreed())) continue;
            std::uint64_t end = sim_.book.known_end(member);
            const std::uint64_t first = sim_.book.agreed() > member.from ? sim_.book.agreed() : member.from;
            if (end > first + 64) end = first + 64;
            const std::size_t most = static_cast<std::size_t>(end - first) * Lockstep::cell_bytes_max + 20;
            if (end <= first || out.position() + most + 1 > lockstep_word::bytes_max) continue;
            out.varint(std::uint64_t(member.id.value) + 1);
            out.varint(first);
            out.varint(end - first);
            for (std::uint64_t tick = first; tick < end; ++tick) {
                const InputCell* before = tick != first ? member.find(tick - 1) : nullptr;
                const InputCell& cell = *member.find(tick);
                Lockstep::write_cell(out, cell, before != nullptr && cell.is(before->view()));
            }
        }
    }
    void send_state(Follower& follower) {
        const std::uint64_t tick = sim_.settled;
        const BytesIn state = sim_.snapshots.at(tick);
        const BytesOut room =
            follower.sender.prepare(32 + sim_.book.size() * (6 + Lockstep::cell_bytes_max) + state.size());
        if (room.empty() || !sim_.snapshots.has(tick)) return;
        follower.wants_state = follower.follows = false;
        follower.agreed = follower.loaded = tick;
        ++follower.generation;
        ByteWriter out(room);
        write_state_head(out, true, follower.generation, tick);
        sim_.book.write_members(out, tick);
        out.bytes(state);
        follower.sender.start(out.position());
        if (Lockstep::Member* member = sim_.book.find(follower.id)) member->absent = true;
        verdicts_.forget(follower.id);
    }
    void write_state_head(ByteWriter& out, bool loads, std::uint8_t generation, std::uint64_t tick) const {
        out.u8(loads);
        out.u8(generation);
        out.varint(tick);
        out.u64(static_cast<std::uint64_t>(sim_.pacer.origin().ns));
    }
    // As much as leaves the queue room for others.
    void send_parts(Instant now, Room& room, Seat& seat, Follower& follower) {
        while (follower.sender.active() && seat.link.queued_bytes() < 32768) {
            std::size_t size = 0;
            const bool pushed = lockstep_word::say(room, seat, Delivery::ordered, [&](ByteWriter& out) {
                out.u8(lockstep_word::part);
                size = follower.sender.write_part(out);
            });
            if (!pushed) break;
            follower.sender.sent(size);
        }
        if (follower.sender.active()) sim_.wake(now + milliseconds(10));
    }
    void tell_pace(Room& room) {
        for_each_seat(room, [&](ByteWriter& out) {
            out.u8(lockstep_word::pace);
            out.u64(static_cast<std::uint64_t>(sim_.pacer.origin().ns));
        });
    }
    void for_each_seat(Room& room, auto&& write) {
        followers_.for_each([&](Follower& follower) {
            if (Seat* seat = room.seat_of(follower.id))
                lockstep_word::say(room, *seat, Delivery::ordered, write);
        });
    }

    // ---- a desync

    // Names who differs, and asks one who does where.
    template <class H>
    void judge(Instant now, Room& room, H& handlers) {
        if (pending_.waits) {
            if (now < pending_.until && room.seat_of(pending_.asked) != nullptr)
                return sim_.wake(pending_.until);
            announce(room, handlers, {});
        }
        if (!verdicts_.poll(sim_.self)) return;
        pending_.tick = verdicts_.tick();
        pending_.count = 0;
        for (const PeerId peer : verdicts_.wrong()) pending_.peers[pending_.count++] = peer;
        // Where the host itself is the odd one out, it shows its state to one who is not.
        const bool self_wrong = verdicts_.find(sim_.self) != nullptr && verdicts_.find(sim_.self)->wrong;
        pending_.asked = self_wrong ? verdicts_.right() : pending_.peers[0];
        pending_.until = now + answer;
        Follower* follower = followers_.find(pending_.asked);
        const BytesIn state = sim_.snapshots.at(pending_.tick + 1);
        const BytesOut blob = follower != nullptr && !follower->sender.active() && !follower->wants_state &&
                                      sim_.snapshots.has(pending_.tick + 1)
                                  ? follower->sender.prepare(32 + state.size())
                                  : BytesOut();
        if (blob.empty()) return announce(room, handlers, {});
        ByteWriter out(blob);
        write_state_head(out, false, follower->generation, pending_.tick + 1);
        out.bytes(state);
        follower->sender.start(out.position());
        pending_.waits = true;
        sim_.wake(now);
    }
    template <class H>
    Result<> hear_differs(PeerId from, ByteReader& in, H& handlers, Room& room) {
        const std::uint64_t tick = in.varint();
        Difference difference;
        if (!lockstep_word::read_difference(in, difference)) return Error::malformed;
        if (pending_.waits && pending_.asked == from && tick == pending_.tick + 1)
            announce(room, handlers, difference);
        return {};
    }
    template <class H>
    void announce(Room& room, H& handlers, const Difference& difference) {
        pending_.waits = false;
        for_each_seat(room, [&](ByteWriter& out) {
            out.u8(lockstep_word::desync);
            out.varint(pending_.tick);
            out.u8(static_cast<std::uint8_t>(pending_.count));
            for (std::size_t i = 0; i < pending_.count; ++i) out.varint(pending_.peers[i].value);
            lockstep_word::write_difference(out, difference);
        });
        lockstep_word::tell(handlers,
                            Desync{Tick{pending_.tick}, Slice<const PeerId>(pending_.peers, pending_.count),
                                   difference.type.view(), difference.entity, difference.field.view()});
    }

    Simulation& sim_;
    Followers followers_;
    Verdicts verdicts_;
    Pending pending_;
    std::uint64_t blocked_ = Lockstep::never; // the tick that waits for somebody, since when
    Instant blocked_at_{};
};

} // namespace tenon
