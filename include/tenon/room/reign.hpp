#pragma once
// What an authority looks after while it reigns over a room that could do without it: who obeys, where the
// others are, whether another would be the better choice. The estate of a room has one.

#include <cstddef>
#include <cstdint>

#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/herald.hpp"
#include "tenon/topology/concept.hpp"

namespace tenon {

template <class Election>
class Reign {
  public:
    // `gathers`: it succeeds another, and waits a moment for what the others know.
    void begin(Instant now, bool gathers) {
        *this = Reign();
        since_ = due_ = now;
        gather_until_ = now + gather_max;
        gathers_ = gathers;
        recovered_ = !gathers;
    }
    void end() { *this = Reign(); }

    bool gathers() const { return gathers_; }
    // True once: all have said what they know, or had the time to. `former` decided before, and knows best if
    // it `handed_over`.
    bool gathered(Instant now, auto& room, PeerId former, bool handed_over) {
        if (!gathers_) return false;
        auto* knows_best = handed_over ? room.seat_of(former) : nullptr;
        // Of more than half one knows what more than half knew.
        std::size_t supplied = 1, others = 1;
        room.for_each_seat([&](auto& seat) {
            others += seat.is_away() ? 0 : 1;
            supplied += seat.supplied != 0 ? 1 : 0;
        });
        const bool best = knows_best != nullptr && knows_best->supplied != 0;
        const bool enough = supplied == others || (!handed_over && 2 * supplied > room.roster().size());
        gathers_ = now < gather_until_ && !best && !enough;
        return !gathers_;
    }

    // Gives the peer that would be the better choice and was for a while, or none.
    template <class Room>
    PeerId watch(Instant now, Room& room, auto& succession, auto& filing) {
        if (now < due_) return PeerId::none();
        due_ = now + pause;
        for (std::size_t i = 0; i < succession.size(); ++i) look(room, succession, succession[i]);
        if (now >= since_ + succession.patience()) {
            if (!recovered_) filing.recovered();
            recovered_ = true;
            dismiss(now, room, succession.patience());
        }
        room.for_each_seat([](auto& seat) {
            if (seat.supplied == 0 || ++seat.supplied <= looks_supplying) return;
            seat.supplied = 1;
            seat.follower = false; // what it said for others is on its way no longer
        });
        filing.note_absent(room);
        count(room, succession);
        return challenger(room, succession);
    }
    Instant poll_timeout() const { return gathers_ && gather_until_ < due_ ? gather_until_ : due_; }

  private:
    static constexpr Duration gather_max = milliseconds(500), pause = milliseconds(100);
    static constexpr unsigned challenges_min = 30; // so many looks in a row: three seconds
    static constexpr unsigned looks_supplying = 30;

    template <class Room>
    void look(Room& room, auto& succession, auto& heir) {
        auto* seat = room.seat_of(heir.id);
        heir.away = seat == nullptr || seat->is_away();
        heir.follows = !heir.away && seat->link.stats().packets_in != 0;
        heir.heard = heir.follows ? seat->link.stats().last_rx : Instant{};
        if (!heir.follows || heir.at == seat->address) return;
        succession.know_address(heir.id, seat->address); // it has moved
        room.for_each_seat([&](auto& other) {
            if (&other != seat) Herald<Room>(room).address(other, heir.id, heir.at);
        });
    }
    // Who was expected to obey and is not heard is away.
    static void dismiss(Instant now, auto& room, Duration patience) {
        room.for_each_seat([&](auto& seat) {
            const auto& stats = seat.link.stats();
            if (!seat.is_away() && stats.packets_in == 0 && now >= stats.last_rx + patience)
                room.suspend(seat);
        });
    }
    // Two authorities have met, and each finds out how many obey it.
    void count(auto& room, auto& succession) {
        Instant since{};
        if (!succession.counts(since)) return;
        if (since != counted_since_)
            room.for_each_seat([&](auto& seat) {
                seat.link.ping();
                room.mark(seat);
            });
        counted_since_ = since;
        std::uint32_t size = 1;
        room.for_each_seat([&](auto& seat) { size += seat.link.stats().last_rx > since ? 1 : 0; });
        succession.tell_size(size);
    }
    PeerId challenger(auto& room, auto& succession) {
        Candidate best = succession.own_candidate();
        for (std::size_t i = 0; i < succession.size(); ++i) {
            const auto& heir = succession[i];
            if (heir.follows && heir.has_address && Election::before(heir.candidate(), best))
                best = heir.candidate();
        }
        const bool better = best.id != room.self() && Election::replaces(best, succession.own_candidate());
        challenges_ = better ? challenges_ + 1 : 0;
        if (challenges_ < challenges_min) return PeerId::none();
        challenges_ = 0;
        return best.id;
    }

    bool gathers_ = false, recovered_ = true;
    Instant since_{}, gather_until_{}, counted_since_{}, due_ = Instant::never();
    unsigned challenges_ = 0;
};

} // namespace tenon
