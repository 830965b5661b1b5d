#pragma once
// A guest's side of a lockstep: takes the state, and what the host has agreed, tells its own inputs and what
// its ticks have led to, and looks what differs when it is asked.

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
#include "tenon/room/lockstep_words.hpp"
#include "tenon/room/state_transfer.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

template <class Simulation, class Room>
class LockstepGuest {
  public:
    using Seat = typename Room::Seat;
    static constexpr clock::KernelOptions kernel = Simulation::kernel;

    explicit LockstepGuest(Simulation& simulation) : sim_(simulation) {}

    void clear() {
        generation_ = 0;
        late_ = 0;
    }
    template <class H>
    Result<> hear(Instant now, std::uint8_t kind, ByteReader& in, H& handlers, Room& room) {
        heard_at_ = now;
        switch (kind) {
            case lockstep_word::sets:
                return sim_.begun ? hear_sets(in) : Result<>();
            case lockstep_word::part:
                return hear_part(now, room, in, handlers);
            case lockstep_word::pace: {
                const auto origin = static_cast<std::int64_t>(in.u64());
                if (!in.ok() || !is_time(origin)) return Error::malformed;
                sim_.pacer.begin(Instant{origin});
                return {};
            }
            case lockstep_word::desync:
                return hear_desync(in, handlers);
        }
        return Error::malformed;
    }
    template <class H>
    Result<> turn(Instant now, Room& room, H& handlers) {
        if (!sim_.begun) return {};
        choose_delay(now, room);
        const auto stalled = sim_.run(due_tick(), handlers, [] {});
        if (!stalled) return stalled.error();
        if (!*stalled) sim_.wake(sim_.start_of(sim_.next, now), now + milliseconds(1));
        speak(now, room);
        return {};
    }

  private:
    // What no clock shows would overflow where times are compared.
    static bool is_time(std::int64_t ns) {
        return ns >= -Instant::never().ns / 2 && ns <= Instant::never().ns / 2;
    }
    static constexpr Duration again = milliseconds(50); // what is not acknowledged is said again after it
    static constexpr std::size_t checks_max = 24;       // checksums in one word
    static constexpr std::uint64_t grace = 30;          // ticks after its coming in which it may be late
    static constexpr std::uint64_t read_ahead = 120;    // ticks that it takes ahead of what it has run

    // A guest whose notion of the room's time is poor follows what is agreed.
    std::uint64_t due_tick() const {
        const std::uint64_t due = sim_.pacer.due(sim_.room_now);
        const std::uint64_t slack = static_cast<std::uint64_t>(sim_.delay) + 2;
        const std::uint64_t least = sim_.book.agreed() > slack ? sim_.book.agreed() - slack : 0;
        return due > least ? due : least;
    }
    // An own input goes so many ticks ahead that it has come round before its tick is due; what a rollback
    // covers need not be waited for.
    void choose_delay(Instant now, Room& room) {
        int wanted = kernel.delay;
        if (const auto health = room.health(PeerId::host()); health) {
            const Duration path = min(health->rtt + health->jitter * 2, seconds(1));
            wanted = static_cast<int>(path / sim_.pacer.tick_period()) + 2 - kernel.rollback + late_;
        }
        wanted = wanted < kernel.delay ? kernel.delay : wanted > kernel.delay_max ? kernel.delay_max : wanted;
        if (late_ > 0 && now >= late_until_) {
            --late_;
            late_until_ = now + seconds(1);
        }
        if (wanted < sim_.delay && now < lower_at_) return;
        sim_.delay = wanted < sim_.delay ? sim_.delay - 1 : wanted;
        lower_at_ = now + milliseconds(250);
    }
    Result<> hear_sets(ByteReader& in) {
        if (in.u8() != generation_) return {}; // from before the state that it has
        const std::uint64_t inputs_end = in.varint(), checks_end = in.varint();
        std::uint64_t tick = in.varint();
        if (!in.ok() || tick > Lockstep::tick_max) return Error::malformed;
        if (inputs_end > host_has_) host_has_ = inputs_end;
        if (checks_end > checks_from_ && checks_end <= sim_.settled) checks_from_ = checks_end;
        for (;; ++tick) {
            const BytesIn set = in.sized();
            if (!in.ok()) return Error::malformed;
            if (set.empty()) break;
            if (tick != sim_.book.agreed() || tick >= sim_.settled + read_ahead) continue;
            if (!sim_.book.read_set(set)) return Error::malformed;
            sim_.fresh = true;
            notice_missing(tick);
        }
        while (const std::uint64_t word = in.varint()) {
            const std::uint64_t first = in.varint(), count = in.varint();
            if (!in.ok() || word > PeerId::none().value || count > Lockstep::window) return Error::malformed;
            const PeerId peer{static_cast<std::uint32_t>(word - 1)};
            InputCell cell;
            for (std::uint64_t i = 0; i < count; ++i) {
                const InputCell before = cell;
                if (!Lockstep::read_cell(in, cell, i != 0 ? &before : nullptr)) return Error::malformed;
                if (peer != sim_.self) (void)sim_.book.note(peer, first + i, cell.view());
            }
        }
        return in.ok() && in.left() == 0 ? Result<>() : Error::malformed;
    }
    // The own input was late: the next ones go further ahead for a while.
    void notice_missing(std::uint64_t tick) {
        Lockstep::Member* member = sim_.book.find(sim_.self);
        if (member == nullptr || !member->plays(tick)) return;
        if (member->from == tick) late_from_ = sim_.input_next + grace; // nobody waits for a newcomer
        const InputCell* cell = member->find(tick);
        if (cell == nullptr || !cell->missing || tick >= sim_.input_next || tick < late_from_) return;
        ++sim_.figures.missed;
        late_from_ = sim_.input_next; // what is on its way already will be as late
        late_until_ = heard_at_ + seconds(5);
        if (heard_at_ < later_at_ || late_ >= kernel.delay_max) return;
        ++late_;
        later_at_ = heard_at_ + milliseconds(500);
    }
    template <class H>
    Result<> hear_part(Instant now, Room& room, ByteReader& in, H& handlers) {
        switch (receiver_.read(in)) {
            case StateReceiver::Read::more:
                return {};
            case StateReceiver::Read::malformed:
                return Error::malformed;
            case StateReceiver::Read::whole:
                break;
        }
        ByteReader blob(receiver_.blob());
        const bool loads = blob.u8() != 0;
        const std::uint8_t generation = blob.u8();
        const std::uint64_t tick = blob.varint();
        const auto origin = static_cast<std::int64_t>(blob.u64());
        if (!blob.ok() || tick > Lockstep::tick_max || !is_time(origin)) return Error::malformed;
        if (!loads) return compare(room, tick, blob.rest(), handlers);
        sim_.room_now = room.room_time(now);
        sim_.begin_at(tick, room.self());
        host_has_ = checks_from_ = tick;
        sim_.begun = false; // until all of it is read
        if (!sim_.book.read_members(blob)) return Error::malformed;
        sim_.pacer.begin(Instant{origin});
        generation_ = generation;
        if (const Result<> loaded = load_state(blob.rest(), handlers); !loaded) return loaded;
        if (!sim_.snapshots.put(tick, blob.rest())) return Error::queue_full;
        sim_.begun = true;
        late_from_ = tick + grace;
        ++sim_.figures.loads;
        sim_.figures.checksum = state_checksum(blob.rest());
        sim_.record_state(tick, handlers);
        return {};
    }
    void speak(Instant now, Room& room) {
        Seat* seat = room.seat_of(PeerId::host());
        if (seat == nullptr) return;
        const Duration quiet = sim_.fresh ? Duration{} : again;
        if (now < said_at_ + quiet) return sim_.wake(said_at_ + quiet);
        said_at_ = now;
        sim_.fresh = false;
        lockstep_word::say(room, *seat, Delivery::best_effort, [&](ByteWriter& out) { write_inputs(out); });
        sim_.wake(now + again);
    }
    void write_inputs(ByteWriter& out) {
        const std::uint64_t first = host_has_ > sim_.book.agreed() ? host_has_ : sim_.book.agreed();
        Lockstep::Member* member = sim_.book.find(sim_.self);
        std::uint64_t end = first;
        while (member != nullptr && end < sim_.input_next && end < first + Lockstep::ahead_max &&
               member->find(end) != nullptr &&
               (end - first) * Lockstep::cell_bytes_max + 200 < lockstep_word::bytes_max)
            ++end;
        out.u8(lockstep_word::inputs);
        out.u8(generation_);
        out.varint(sim_.book.agreed());
        out.varint(first);
        out.varint(end - first);
        for (std::uint64_t tick = first; tick < end; ++tick) {
            const InputCell* before = tick != first ? member->find(tick - 1) : nullptr;
            Lockstep::write_cell(out, *member->find(tick),
                                 before != nullptr && member->find(tick)->is(before->view()));
        }
        if (checks_from_ + Verdicts::window < sim_.settled) checks_from_ = sim_.settled - Verdicts::window;
        const std::uint64_t checks = sim_.settled - checks_from_;
        const auto count = static_cast<std::uint8_t>(checks < checks_max ? checks : checks_max);
        out.varint(checks_from_);
        out.u8(count);
        for (std::uint64_t i = 0; i < count; ++i) out.u32(sim_.checks[(checks_from_ + i) % Verdicts::window]);
    }

    // The host's state of a tick has come, to be compared with the own.
    template <class H>
    Result<> compare(Room& room, std::uint64_t tick, BytesIn theirs, H& handlers) {
        Difference difference;
        if (sim_.begun && sim_.snapshots.has(tick) && sim_.snapshots.has(sim_.next)) {
            difference = first_difference(handlers, theirs, sim_.snapshots.at(tick));
            if (const Result<> loaded = load_state(sim_.snapshots.at(sim_.next), handlers); !loaded)
                return loaded;
        }
        if (Seat* seat = room.seat_of(PeerId::host()))
            lockstep_word::say(room, *seat, Delivery::ordered, [&](ByteWriter& out) {
                out.u8(lockstep_word::differs);
                out.varint(tick);
                lockstep_word::write_difference(out, difference);
            });
        return {};
    }
    template <class H>
    Result<> hear_desync(ByteReader& in, H& handlers) {
        PeerId peers[Verdicts::named_max];
        const std::uint64_t tick = in.varint();
        const std::uint8_t count = in.u8();
        if (count > Verdicts::named_max) return Error::malformed;
        for (std::size_t i = 0; i < count; ++i) peers[i] = PeerId{static_cast<std::uint32_t>(in.varint())};
        Difference difference;
        if (!lockstep_word::read_difference(in, difference)) return Error::malformed;
        lockstep_word::tell(handlers,
                            Desync{Tick{tick}, Slice<const PeerId>(peers, count), difference.type.view(),
                                   difference.entity, difference.field.view()});
        return {};
    }

    Simulation& sim_;
    StateReceiver receiver_;
    std::uint8_t generation_ = 0; // of the state that it has
    // The host has the own inputs before the first, and checksums before the second.
    std::uint64_t host_has_ = 0, checks_from_ = 0;
    std::uint64_t late_from_ = 0;
    int late_ = 0; // ticks by which inputs go further ahead, since some came too late
    Instant lower_at_{}, later_at_{}, late_until_{}; // when it may become less, more, and less again
    Instant said_at_{}, heard_at_{};
};

} // namespace tenon
