#pragma once
// A simulation that is run in lockstep, as each peer has it: the book of inputs, the states of the last
// ticks, what is run next and what will not be run again. LockstepHost and LockstepGuest feed it.

#include <cstdint>

#include "tenon/clock/kernel.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/lockstep.hpp"
#include "tenon/replica/recording.hpp"
#include "tenon/replica/replay.hpp"
#include "tenon/replica/snapshots.hpp"
#include "tenon/replica/stepper.hpp"
#include "tenon/replica/verdicts.hpp"
#include "tenon/room/desync.hpp"
#include "tenon/room/handlers.hpp"

namespace tenon {

// A handlers object that keeps a recording: it gets the pieces of one, to be appended to a file.
template <class H>
concept Records = requires(H& h, BytesIn bytes) {
    h.record(bytes);
};

template <class Game, class Codec, class Clock>
struct Simulation {
    using Order = detail::CommandOf<Game>;
    static constexpr MessageType order_type = Game::template type_of<Order>;
    static constexpr clock::KernelOptions kernel = Clock::kernel;
    static constexpr auto rollback = static_cast<std::uint64_t>(kernel.rollback);

    bool begun = false;
    bool fresh = false; // something new is to be said
    bool muted = false; // this peer's role has no inputs: it does nothing
    PeerId self;
    clock::TickPacer pacer{Clock::kernel_hz};
    Lockstep book;
    Stepper<Order, Codec> stepper;
    Snapshots snapshots{static_cast<std::size_t>(kernel.rollback + kernel.snapshots + kernel.catch_up)};
    RecordingWriter writer;
    std::uint64_t next = 0;       // the tick that is run next
    std::uint64_t settled = 0;    // up to here nothing will be run again
    std::uint64_t input_next = 0; // the first tick without an own input
    std::uint32_t checks[Verdicts::window] = {};
    LockstepFigures figures;
    int delay = kernel.delay;
    Instant room_now{}, wake_at = Instant::never();

    void clear() {
        begun = false;
        book.clear();
        figures = {};
        delay = kernel.delay;
        wake_at = Instant::never();
    }
    void begin_at(std::uint64_t tick, PeerId own) {
        std::byte bytes[InputCell::bytes_max];
        const std::size_t size = Stepper<Order, Codec>::write(bytes, Order{});
        book.begin(tick, BytesIn(bytes, size), static_cast<std::uint32_t>(kernel.repeats));
        snapshots.clear();
        self = own;
        next = settled = input_next = tick;
        begun = true;
        fresh = true;
    }

    bool may_run() const { return next < book.agreed() + rollback; }
    void wake(Instant at, Instant earliest = Instant{INT64_MIN / 2}) {
        wake_at = min(wake_at, max(at, earliest));
    }
    // When a tick begins, on this program's clock.
    Instant start_of(std::uint64_t tick, Instant now) const {
        return now + (pacer.start_of(tick) - room_now);
    }

    // Runs what is due, no more at once than after a stall; `agree()` closes ticks, on the host. True when a
    // tick was due and could not be run.
    template <class H>
    Result<bool> run(std::uint64_t due, H& handlers, auto&& agree) {
        agree();
        if (const Result<> back = go_back(handlers); !back) return back.error();
        int steps = 0;
        bool stalled = false;
        while (next < due && steps < kernel.catch_up) {
            ask_inputs(handlers);
            agree();
            if (const Result<> back = go_back(handlers); !back) return back.error();
            if ((stalled = !may_run())) break;
            if (const Result<> done = step(handlers); !done) return done.error();
            ++steps;
            settle(handlers);
        }
        figures.stalls += stalled;
        agree();
        if (const Result<> back = go_back(handlers); !back) return back.error();
        settle(handlers);
        return stalled;
    }
    template <class H>
    void ask_inputs(H& handlers) {
        if (input_next < book.agreed()) input_next = book.agreed();
        std::uint64_t end = next + static_cast<std::uint64_t>(delay);
        // Nobody waits for one who was not heard: its first word must be for a tick that is still open.
        if (const Lockstep::Member* own = book.find(self);
            own != nullptr && own->last.missing && end < book.agreed())
            end = book.agreed();
        for (; input_next <= end && input_next < book.agreed() + Lockstep::ahead_max; ++input_next) {
            if (!book.plays(self, input_next)) continue;
            Order order{};
            if constexpr (ProvidesCommand<H, Order>)
                if (muted || !provide_command(handlers, order)) order = Order{};
            std::byte bytes[InputCell::bytes_max];
            const auto written = Codec::encode(BytesOut(bytes), order);
            const std::size_t size = written ? *written : Stepper<Order, Codec>::write(bytes, Order{});
            figures.too_large += !written;
            book.note(self, input_next, BytesIn(bytes, size));
            fresh = true;
        }
    }
    template <class H>
    Result<> step(H& handlers) {
        stepper.run(book, next, handlers);
        return snapshots.save(++next, handlers);
    }
    // Runs again what was run on a wrong guess.
    template <class H>
    Result<> go_back(H& handlers) {
        const std::uint64_t spoilt = book.take_spoilt(), end = next;
        if (spoilt >= next) return {};
        if (!snapshots.has(spoilt)) return Error::desynced;
        if (const Result<> loaded = load_state(snapshots.at(spoilt), handlers); !loaded) return loaded;
        next = spoilt;
        while (next < end)
            if (const Result<> done = step(handlers); !done) return done;
        figures.rerun += end - spoilt;
        if (figures.longest < end - spoilt) figures.longest = end - spoilt;
        return {};
    }
    // What is agreed and was run on nothing else is as it will always be.
    template <class H>
    void settle(H& handlers) {
        while (settled < book.agreed() && settled < next) {
            const std::uint32_t checksum = state_checksum(snapshots.at(settled + 1));
            figures.checksum = checks[settled % Verdicts::window] = checksum;
            if constexpr (Records<H>)
                writer.tick(book, settled, checksum, [&](BytesIn bytes) { handlers.record(bytes); });
            ++settled;
        }
    }
    template <class H>
    void record_state(std::uint64_t tick, H& handlers) {
        if constexpr (Records<H>) {
            const auto sink = [&](BytesIn bytes) { handlers.record(bytes); };
            if (!writer.is_open()) writer.begin(detail::recording_head<Game, Codec>(Clock::kernel_hz), sink);
            writer.state(book, tick, snapshots.at(tick), sink);
        }
    }
    // The recording gets its end.
    template <class H>
    void end(H& handlers) {
        if constexpr (Records<H>) writer.end([&](BytesIn bytes) { handlers.record(bytes); });
    }
};

} // namespace tenon
