#pragma once
// What Threaded knows of the connections of the transport inside of it. The two threads share nothing but the
// rings: the game's side counts what it put in for each connection, and the thread's side reports what became
// of that; hanging up and losses go the same way as frames, in their order. Threaded has one of each.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::transport::detail {

// What goes from thread to thread besides frames, on lanes that no transport has. To the thread: the game
// ends a connection, or has heard of its loss, until when nothing is to be dialled there. To the game: how it
// is with a connection, that it was lost, and that it was ended as the game wished.
inline constexpr Lane hang_up_lane{0xF0}, mourned_lane{0xF1}, report_lane{0xF2}, lost_lane{0xF3},
    ended_lane{0xF4};

// How it is with one connection; what the game put in since is not in it.
struct ThreadedReport {
    std::uint64_t passed = 0;      // bytes of frames that the inner transport took, or will never take
    std::uint64_t bulk_passed = 0; // the same of frames with streams of their own
    std::size_t backlog = 0;       // bytes that wait in the inner transport
    std::size_t datagram_room = 0; // 0 also while one waits that the inner transport would not take
    BulkWay bulk;
    friend bool operator==(const ThreadedReport&, const ThreadedReport&) = default;
};
static_assert(std::is_trivially_copyable_v<ThreadedReport>);

// The game's side: what is on its way to the thread, what the thread has told, and who is still there.
template <class Address>
class ThreadedViews {
  public:
    explicit ThreadedViews(std::uint64_t seed) : views_(std::size_t(1) << 30, seed) {}

    // ---- for what the game says

    // Whether a frame of that size may be put in; with nothing on its way there, it may.
    Sent look(const Address& to, Lane lane, std::size_t size, std::size_t backlog_max) {
        View* const view = views_.find(to);
        if (view == nullptr || !view->there) return can_dial(to) ? Sent::sent : Sent::closed;
        if (lane == datagram_lane) return size <= view->told.datagram_room ? Sent::sent : Sent::would_block;
        if (lane == bulk_lane) return way_of(*view).free ? Sent::sent : Sent::would_block;
        const std::size_t waits = backlog_of(*view);
        return waits == 0 || waits + size <= backlog_max ? Sent::sent : Sent::would_block;
    }
    // It was put in; false where there is no memory to know that.
    bool add(const Address& to, Lane lane, std::size_t size) {
        View* const view = begin(to);
        if (view == nullptr) return false;
        if (lane == bulk_lane)
            view->bulk_put += size;
        else if (lane != datagram_lane)
            view->put += size;
        return true;
    }
    // True where there is something to tell the thread.
    bool hang_up(const Address& to) {
        View* const view = views_.find(to);
        if (view == nullptr || !view->there) return false;
        const std::uint32_t ending = view->ending + 1;
        *view = View();
        view->ending = ending;
        unsaid_.push_back({to, hang_up_lane});
        return true;
    }
    // What had no room in the ring. Nothing else may go before it.
    bool say(auto& out) {
        std::size_t said = 0;
        for (; said < unsaid_.size() && out.room(0) != nullptr; ++said)
            out.add(unsaid_[said].of, unsaid_[said].lane, 0);
        unsaid_.erase(unsaid_.begin(), unsaid_.begin() + static_cast<std::ptrdiff_t>(said));
        return unsaid_.empty();
    }

    // ---- for what the thread tells

    // Whether a frame from there is for the game.
    bool hears(const Address& from) {
        if (const View* view = views_.find(from)) return view->there && view->ending == 0;
        return !can_dial(from) && begin(from) != nullptr;
    }
    void take_report(const Address& of, BytesIn bytes) {
        View* const view = views_.find(of);
        if (view == nullptr || view->ending != 0 || bytes.size() != sizeof(ThreadedReport)) return;
        std::memcpy(&view->told, bytes.data(), sizeof(ThreadedReport));
    }
    // Whether the game is to hear of it: not where it had hung up.
    bool lose(const Address& of) {
        const View* view = views_.find(of);
        if (view != nullptr && view->ending != 0) return false;
        views_.erase(of);
        unsaid_.push_back({of, mourned_lane});
        return true;
    }
    void end(const Address& of) {
        View* const view = views_.find(of);
        if (view != nullptr && --view->ending == 0 && !view->there) views_.erase(of);
    }

    // ---- what is known

    std::size_t backlog(const Address& to) const {
        const View* view = views_.find(to);
        return view == nullptr ? 0 : backlog_of(*view);
    }
    std::size_t datagram_room(const Address& to) const {
        const View* view = views_.find(to);
        return view == nullptr ? 0 : view->told.datagram_room;
    }
    BulkWay bulk_way(const Address& to) const {
        const View* view = views_.find(to);
        return view == nullptr ? BulkWay{} : way_of(*view);
    }

  private:
    struct View {
        std::uint64_t put = 0, bulk_put = 0;
        ThreadedReport told;
        std::uint32_t ending = 0; // that were hung up, of which the thread has not said that they are gone
        bool there = false;
    };
    struct Command {
        Address of;
        Lane lane;
    };

    // Whoever came in can't be dialled.
    static bool can_dial(const Address& to) {
        if constexpr (requires { to.serial; }) return to.serial == 0 && to.port != 0;
        return true;
    }
    View* begin(const Address& with) {
        View* view = views_.find(with);
        if (view == nullptr) view = views_.insert(with, {});
        if (view != nullptr) view->there = true;
        return view;
    }
    static std::size_t backlog_of(const View& view) {
        return static_cast<std::size_t>(view.put - view.told.passed) + view.told.backlog;
    }
    // One at a time: whether there is another's place is known when the thread has taken the last.
    static BulkWay way_of(const View& view) {
        BulkWay way = view.told.bulk;
        const auto ahead = static_cast<std::size_t>(view.bulk_put - view.told.bulk_passed);
        way.free = way.free && ahead == 0;
        way.backlog += ahead;
        way.underway += ahead;
        return way;
    }

    HashMap<Address, View> views_;
    std::vector<Command> unsaid_;
};

// The thread's side: what the inner transport would not take yet, and what the game has not been told.
template <class T>
class ThreadedWires {
  public:
    using Address = typename T::Address;

    explicit ThreadedWires(std::uint64_t seed) : wires_(std::size_t(1) << 30, seed) {}

    // Whatever the game put in; false where it got lost on the way.
    bool pass(T& inner, const Address& to, Lane lane, BytesIn frame) {
        Wire* wire = wires_.find(to);
        if (lane == mourned_lane) return wires_.erase(to), true;
        if (lane == hang_up_lane) return hang_up(inner, to, wire), true;
        if (wire != nullptr && wire->leaves) {
            // It dials anew: what still waited there is given up.
            end(inner, to, wire);
            wire = nullptr;
        }
        if (wire == nullptr && (wire = wires_.insert(to, {})) == nullptr) return false;
        look_at(to, *wire);
        if (lane == datagram_lane) {
            const Sent sent = wire->lost || wire->full ? Sent::closed : inner.send(to, lane, frame);
            wire->full = wire->full || sent == Sent::would_block;
            return sent == Sent::sent;
        }
        Waiting& waiting = wire->waiting[lane == bulk_lane];
        if (wire->lost || waiting.empty()) {
            const Sent sent = wire->lost ? Sent::closed : inner.send(to, lane, frame);
            if (sent != Sent::would_block) return wire->pass(lane, frame.size()), sent == Sent::sent;
        }
        waiting.frames.emplace_back(frame.begin(), frame.end());
        return true;
    }
    // Something came from there.
    void hear(const Address& from) {
        if (Wire* wire = find_or_add(from)) look_at(from, *wire);
    }
    // Until the game has heard of it, nothing is dialled there: what it says is for who was there before.
    void lose(const Address& of) {
        Wire* const wire = find_or_add(of);
        if (wire == nullptr) return;
        wire->lost = true;
        if (wire->leaves) ended_.push_back(of), wires_.erase(of);
    }

    // Who was ended as the game wished; before anything is read, since another may be dialled there by now.
    bool tell_ended(auto& in) {
        std::size_t told = 0;
        for (; told < ended_.size() && in.room(0) != nullptr; ++told) in.add(ended_[told], ended_lane, 0);
        ended_.erase(ended_.begin(), ended_.begin() + static_cast<std::ptrdiff_t>(told));
        return ended_.empty();
    }
    // What waited goes, and the game is told what has changed. True where the inner transport took something.
    bool settle(T& inner, auto& in) {
        bool any = false;
        std::size_t kept = 0;
        behind_ = false;
        for (std::size_t i = 0; i < watched_.size(); ++i) {
            const Address of = watched_[i];
            Wire* const wire = wires_.find(of);
            if (wire == nullptr || wire->lost) continue;
            any |= push(inner, of, *wire);
            if (wire->leaves && wire->is_clear()) {
                end(inner, of, wire);
                any = true;
                continue;
            }
            if (ended_.empty() && report(inner, of, *wire, in) && wire->is_quiet())
                wire->watched = false;
            else
                watched_[kept++] = of;
        }
        watched_.resize(kept);
        return any;
    }
    // Whether there is something to tell for which the ring had no room.
    bool is_behind() const { return behind_ || !ended_.empty(); }

  private:
    struct Waiting {
        std::vector<std::vector<std::byte>> frames;
        std::size_t gone = 0; // of them, the first
        bool empty() const { return gone == frames.size(); }
    };
    struct Wire {
        ThreadedReport told, now;
        std::array<Waiting, 2> waiting; // for the stream, and for streams of their own
        bool watched = false, lost = false, leaves = false;
        bool full = false; // would not take a datagram in this turn

        bool is_clear() const { return waiting[0].empty() && waiting[1].empty(); }
        bool is_quiet() const {
            return is_clear() && told.backlog == 0 && told.bulk.underway == 0 && !leaves;
        }
        void pass(Lane lane, std::size_t size) { (lane == bulk_lane ? now.bulk_passed : now.passed) += size; }
    };

    Wire* find_or_add(const Address& of) {
        Wire* wire = wires_.find(of);
        return wire != nullptr ? wire : wires_.insert(of, {});
    }
    void look_at(const Address& of, Wire& wire) {
        if (!std::exchange(wire.watched, true)) watched_.push_back(of);
    }
    void hang_up(T& inner, const Address& of, Wire* wire) {
        if (wire == nullptr || wire->lost || wire->is_clear()) return end(inner, of, wire);
        wire->leaves = true;
        look_at(of, *wire);
    }
    void end(T& inner, const Address& of, const Wire* wire) {
        if (wire == nullptr || !wire->lost) inner.hang_up(of);
        ended_.push_back(of);
        wires_.erase(of);
    }
    bool push(T& inner, const Address& to, Wire& wire) {
        bool any = false;
        for (const Lane lane : {Lane{}, bulk_lane}) {
            Waiting& waiting = wire.waiting[lane == bulk_lane];
            for (; !waiting.empty(); any = true) {
                const std::vector<std::byte>& frame = waiting.frames[waiting.gone];
                if (inner.send(to, lane, frame) == Sent::would_block) break;
                wire.pass(lane, frame.size());
                ++waiting.gone;
            }
            if (waiting.empty()) waiting = {};
        }
        return any;
    }
    // False where it is to be looked at again: the ring had no room, or there is another word to come.
    bool report(T& inner, const Address& of, Wire& wire, auto& in) {
        ThreadedReport& now = wire.now;
        const bool full = std::exchange(wire.full, false);
        now.backlog = inner.backlog(of);
        if constexpr (MeasuresDatagrams<T>) now.datagram_room = full ? 0 : inner.datagram_room(of);
        if constexpr (CarriesBulk<T>) now.bulk = inner.bulk_way(of);
        if (now == wire.told) return !full;
        std::byte* const room = in.room(sizeof now);
        if (room == nullptr) return !(behind_ = true);
        std::memcpy(room, &now, sizeof now);
        in.add(of, report_lane, sizeof now);
        wire.told = now;
        return !full;
    }

    HashMap<Address, Wire> wires_;
    std::vector<Address> watched_, ended_;
    bool behind_ = false;
};

// In the place of both where the inner transport has no connections.
struct ThreadedNone {
    explicit ThreadedNone(std::uint64_t) {}
};

} // namespace tenon::transport::detail
