#pragma once
// The streams of a room: commands and states, asked of the handlers when the clock says so and given to the
// links as far as each can take them; and the states that were heard. GameRoom has one, which knows no links
// but those that it is shown.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/clock/beat.hpp"
#include "tenon/clock/concept.hpp"
#include "tenon/clock/lead.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/config.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/bundle.hpp"
#include "tenon/replica/states.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/health.hpp"
#include "tenon/room/pace.hpp"
#include "tenon/room/post.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

// What a turn of the streams needs to know of the room, and how it encodes: `encode(BytesOut, const T&)` and
// `decode(BytesIn, T&)`.
template <class Room, class World, class Encode, class Decode>
struct StreamTurn {
    Room& room;
    World& world;
    Encode& encode;
    Decode& decode;
    PeerId authority;
    Instant now, room_now;

    // Nobody decides, and everybody tells all the others.
    static constexpr bool spreads = requires { requires Room::links_directly; };
    static constexpr bool has_world = World::there;
    bool decides() const { return room.self() == authority; }
};

template <class Game, class Clock>
class Streams {
    static constexpr bool merges = HasBoundaries<Clock>;

  public:
    Clock& clock() { return clock_; }
    const Clock& clock() const { return clock_; }

    // ---- what is known

    template <class T>
    const Tracks<T>& tracks() const {
        return states_.template tracks<T>();
    }
    // f(type, owner, at, state) of the newest of each.
    template <class F>
    void for_each_newest(F&& f) const {
        for_each_state([&](auto entry) {
            using T = typename decltype(entry)::type;
            const auto& tracks = states_.template tracks<T>();
            for (std::size_t i = 0; i < tracks.size(); ++i)
                if (!tracks[i].track->empty())
                    f(type<T>(), tracks[i].peer, tracks[i].track->latest_at(), tracks[i].track->latest());
        });
    }
    void forget(PeerId peer) {
        states_.forget(peer);
        if constexpr (merges) waiting_.forget(peer);
        beats_.erase_if([&](const BeatKey& key, const clock::Beat&) { return key.peer == peer; });
    }
    void clear() {
        states_.clear();
        if constexpr (merges) waiting_.clear();
        beats_.clear();
        lines_.clear();
    }
    // A state has arrived. With a clock that has boundaries it is seen from the next one on.
    template <class T>
    void hear(PeerId owner, Instant at, const T& state) {
        if constexpr (merges)
            waiting_.note(owner, at, state);
        else
            states_.note(owner, at, state);
    }
    // What the streams make of a peer's path.
    void tell(const auto& seat, Health& health) const {
        if (seat.index >= lines_.size() || lines_[seat.index].peer != seat.id) return;
        const double share = lines_[seat.index].pace.share(), least = clock_.rates().least_share;
        health.pace = share > least ? share : least;
        health.put_off = lines_[seat.index].put_off;
    }

    clock::LeadFigures lead(Instant now) const { return lead_.figures(now); }

    // On the authority: a command of that peer has come. How early is told a few times a second.
    void note_command(auto& seat, Instant now) {
        if constexpr (LeadsInputs<Clock>) {
            const Duration every = clock_.takes_every();
            Line* line = every < Duration::max() && clock_.rates().lead_ms > 0 ? line_of(seat) : nullptr;
            if (line == nullptr || clock_.takes_at(now) >= Instant::never()) return;
            line->phases.note(clock_.takes_at(now) - now, every);
            Duration early;
            if (now < line->tells_at || line->phases.count() < 4) return;
            line->tells_at = now + report_every;
            if (line->phases.take(early)) seat.link.tell_early(early);
        }
    }

    // ---- a turn

    // `boundary(b)` hears of the boundaries of a clock that has them.
    template <class Handlers>
    void provide(auto& turn, Handlers& handlers, auto&& boundary) {
        Instant at = turn.room_now;
        if constexpr (merges) {
            clock_.set_room_ahead(turn.room_now - turn.now);
            if (clock_.boundary_due(turn.now)) {
                merge();
                boundary(clock_.boundary());
            }
            at = clock_.boundary().at; // states of one boundary are states of one moment
        }
        lead_inputs(turn);
        if (clock_.input_due(turn.now)) {
            provide_commands(turn, handlers);
            if constexpr (std::remove_reference_t<decltype(turn)>::has_world)
                if (turn.decides()) turn.world.play(turn.now, turn.room.self(), handlers);
        }
        if (clock_.snapshot_due(turn.now)) provide_snapshot(turn, handlers, at);
    }

  private:
    // One peer that is reached directly, by its seat.
    struct Line {
        PeerId peer = PeerId::none();
        Pace pace;
        bool due = false;
        std::size_t left = 0, taken = 0; // bytes of this snapshot
        std::uint64_t put_off = 0;
        clock::Phases phases{}; // of its commands
        Instant tells_at{};
    };
    static constexpr Duration report_every = milliseconds(250);
    struct BeatKey {
        PeerId peer;
        MessageType type;
        std::uint64_t hash() const { return splitmix(std::uint64_t(peer.value) << 16 | type.value); }
        friend bool operator==(const BeatKey&, const BeatKey&) = default;
    };
    struct Nothing {};

    template <class T>
    static constexpr MessageType type() {
        return Game::template type_of<T>;
    }
    // f(entry), of which the type is one State<T> after the other.
    template <class F>
    static void for_each_state(F&& f) {
        Game::for_each([&](auto entry, auto) {
            if constexpr (decltype(entry)::kind == EntryKind::state) f(entry);
        });
    }

    void merge() {
        for_each_state([&](auto entry) {
            using T = typename decltype(entry)::type;
            auto& waiting = waiting_.template tracks<T>();
            for (std::size_t i = 0; i < waiting.size(); ++i)
                states_.note(waiting[i].peer, waiting[i].track->latest_at(), waiting[i].track->latest());
        });
    }

    // ---- commands

    // On a guest: its inputs run as fast as they must to come just in time.
    void lead_inputs(auto& turn) {
        if constexpr (LeadsInputs<Clock>) {
            const int wanted = clock_.rates().lead_ms;
            auto* seat = wanted > 0 && !turn.decides() ? turn.room.way_to(turn.authority) : nullptr;
            lead_.aim(milliseconds(wanted));
            Duration early;
            if (seat != nullptr && seat->link.clock().poll_early(early)) lead_.hear(turn.now, early);
            clock_.set_input_rate(seat != nullptr ? lead_.rate(turn.now) : 1);
        }
    }
    template <class Handlers>
    void provide_commands(auto& turn, Handlers& handlers) {
        Game::for_each([&](auto entry, auto) {
            using Entry = decltype(entry);
            if constexpr (Entry::kind == EntryKind::command) {
                if constexpr (ProvidesCommand<Handlers, typename Entry::type>)
                    provide_command_of<typename Entry::type>(turn, handlers);
            }
        });
    }
    template <class T, class Handlers>
    static void provide_command_of(auto& turn, Handlers& handlers) {
        T command{};
        auto& room = turn.room;
        if (!room.may_say(type<T>()) || !provide_command(handlers, command)) return;
        if (turn.decides()) {
            if constexpr (Hears<Handlers, T>) handlers.on(room.self(), static_cast<const T&>(command));
            if constexpr (std::remove_reference_t<decltype(turn)>::has_world) turn.world.command(command);
            return;
        }
        auto* seat = room.way_to(turn.authority);
        if (seat == nullptr || seat->is_away()) return;
        if constexpr (std::remove_reference_t<decltype(turn)>::has_world)
            return give_command(turn, *seat, command, handlers);
        const Encoded written = turn.encode(room.scratch(), command);
        if (written && seat->link.push_command(type<T>(), room.scratch().first(*written))) room.mark(*seat);
    }
    // With what was seen when it was given. What it moves is run ahead with the command as the authority will
    // read it, rounded to its grids.
    template <class T, class Handlers>
    static void give_command(auto& turn, auto& seat, const T& command, Handlers& handlers) {
        const BytesOut into = turn.room.scratch();
        const std::size_t head = turn.world.command_head_bytes;
        if (!turn.world.begin_command(turn.now, into)) return;
        const Encoded written = turn.encode(into.subspan(head), command);
        if (!written || !seat.link.push_command(type<T>(), into.first(head + *written))) return;
        turn.room.mark(seat);
        T heard{};
        if (turn.decode(BytesIn(into.subspan(head, *written)), heard))
            turn.world.commanded(turn.room.self(), heard, handlers);
    }

    // ---- snapshots

    template <class Handlers>
    void provide_snapshot(auto& turn, Handlers& handlers, Instant at) {
        // Where nothing is ever in one, nobody is looked at for it.
        constexpr bool has_states = Game::count_of(EntryKind::state) != 0;
        if constexpr (!has_states && !std::remove_reference_t<decltype(turn)>::has_world) return;
        bool anybody = false;
        turn.room.for_each_seat([&](auto& seat) { anybody |= prepare(seat, turn.now); });
        if constexpr (std::remove_reference_t<decltype(turn)>::has_world) say_world(turn, handlers, at);
        for_each_state([&](auto entry) {
            using T = typename decltype(entry)::type;
            if (note_own<T>(turn, handlers, at) && anybody && !turn.decides()) say_own<T>(turn, handlers);
        });
        if (anybody && turn.decides()) say_all(turn, handlers);
    }
    // What the handlers know themselves; true when it is their own state.
    template <class T, class Handlers>
    bool note_own(auto& turn, Handlers& handlers, Instant at) {
        T state{};
        if constexpr (ProvidesStateOf<Handlers, T>) {
            if (turn.decides())
                for (const PeerId peer : turn.room.roster())
                    if (provide_state_of(handlers, peer, state)) states_.note(peer, at, state);
        }
        if constexpr (ProvidesState<Handlers, T>) {
            if ((!turn.decides() || !ProvidesStateOf<Handlers, T>)&&turn.room.may_say(type<T>()) &&
                provide_state(handlers, state)) {
                states_.note(turn.room.self(), at, state);
                return true;
            }
        }
        return false;
    }

    // Its own, or nullptr without memory.
    Line* line_of(const auto& seat) {
        while (lines_.size() <= seat.index)
            if (lines_.push_back(Line()) == nullptr) return nullptr;
        Line& line = lines_[seat.index];
        if (line.peer != seat.id) {
            line = Line();
            line.peer = seat.id;
        }
        return &line;
    }
    // Whether this peer is sent this snapshot, and how much of it.
    bool prepare(auto& seat, Instant now) {
        if (seat.is_away() && seat.index < lines_.size()) lines_[seat.index].due = false;
        if (seat.is_away()) return false;
        Line* known = line_of(seat);
        if (known == nullptr) return false;
        Line& line = *known;
        const Rates& rates = clock_.rates();
        // What is event-driven is never too much, and would be missed.
        if (rates.snapshot_hz > 0 && rates.least_share < 1) {
            line.due = line.pace.take(rates.least_share);
            if (line.due)
                line.pace.look(now, Health::of(seat.link, now, Duration::max()),
                               period(rates.snapshot_hz * line.pace.share()));
        } else {
            line.due = true;
        }
        line.taken = 0;
        line.left = rates.snapshot_bytes > 0 ? static_cast<std::size_t>(rates.snapshot_bytes) : SIZE_MAX / 2;
        return line.due;
    }
    // What is larger than the whole budget goes alone.
    static bool takes(Line& line, std::size_t size) {
        if (!line.due) return false;
        if (line.taken != 0 && line.taken + size > line.left) {
            ++line.put_off;
            return false;
        }
        line.taken += size;
        return true;
    }

    // The entities, to each within what it may be sent; the states share that.
    template <class Handlers>
    void say_world(auto& turn, Handlers& handlers, Instant at) {
        const Duration every = period(clock_.rates().snapshot_hz);
        if (!turn.decides() || !turn.world.commit(at, handlers)) return;
        turn.room.for_each_seat([&](auto& seat) {
            if (seat.index >= lines_.size() || !lines_[seat.index].due) return;
            Line& line = lines_[seat.index];
            line.taken += turn.world.tell(turn.room, seat, every, line.left, handlers);
        });
    }

    // All states of all types, from the one on that was put off first the last time.
    template <class Handlers>
    void say_all(auto& turn, Handlers& handlers) {
        std::size_t count = 0;
        for_each_state(
            [&](auto entry) { count += states_.template tracks<typename decltype(entry)::type>().size(); });
        if (count == 0) return;
        const std::size_t first = first_ % count;
        std::size_t put_off = count;
        Gathered gathered{turn.room.bundle(), {}};
        for (const bool wrapped : {false, true}) {
            std::size_t begin = 0;
            for_each_state([&](auto entry) {
                using T = typename decltype(entry)::type;
                const std::size_t size = states_.template tracks<T>().size();
                for (std::size_t i = 0; i < size; ++i) {
                    const std::size_t place = begin + i;
                    if ((place < first) != wrapped || gather<T, Handlers>(turn, gathered, i)) continue;
                    if (!say_one<T>(turn, handlers, i) && put_off == count) put_off = place;
                }
                begin += size;
            });
        }
        say_gathered(turn, gathered);
        if (put_off != count) first_ = put_off;
    }
    // States that all who are sent a snapshot are sent: with no budget and no rates of their own, nobody's
    // share has to be weighed, and one bundle serves all.
    struct Gathered {
        Bundle bundle;
        PeerId except[Bundle::count_max]; // who knows that state himself
    };
    template <class T, class Handlers>
    bool gather(auto& turn, Gathered& gathered, std::size_t i) {
        if constexpr (ThrottlesState<Handlers, T>) return false;
        if (clock_.rates().snapshot_bytes > 0) return false;
        const auto& entry = states_.template tracks<T>()[i];
        if (entry.track->empty()) return true;
        const Encoded written = write(turn, entry.peer, entry.track->latest_at(), entry.track->latest());
        if (!written) return true;
        const Post post = this->post<T>(turn, entry.peer, *written);
        if (!gathered.bundle.add(post.type, post.stream, post.payload)) {
            say_gathered(turn, gathered);
            if (!gathered.bundle.add(post.type, post.stream, post.payload)) return false;
        }
        gathered.except[gathered.bundle.count() - 1] =
            ProvidesStateOf<Handlers, T> ? PeerId::none() : entry.peer;
        return true;
    }
    void say_gathered(auto& turn, Gathered& gathered) {
        Bundle& bundle = gathered.bundle;
        if (bundle.empty()) return;
        turn.room.push_to_all(bundle, [&](const auto& seat, std::uint64_t& without) {
            if (seat.index >= lines_.size() || !lines_[seat.index].due) return false;
            unsigned left = bundle.count();
            for (unsigned i = 0; i < bundle.count(); ++i) {
                if (gathered.except[i] != seat.id) continue;
                without |= std::uint64_t(1) << i;
                --left;
            }
            return left != 0;
        });
        bundle.clear();
    }
    // False when it was put off for somebody.
    template <class T, class Handlers>
    bool say_one(auto& turn, Handlers& handlers, std::size_t i) {
        const auto& entry = states_.template tracks<T>()[i];
        if (entry.track->empty()) return true;
        const T& state = entry.track->latest();
        if (!is_due(turn, handlers, entry.peer, state)) return true;
        const Encoded written = write(turn, entry.peer, entry.track->latest_at(), state);
        if (!written) return true;
        // A peer knows its own state, unless the authority is the one who decides it.
        const PeerId except = ProvidesStateOf<Handlers, T> ? PeerId::none() : entry.peer;
        bool all = true;
        turn.room.push_to_all(
            post<T>(turn, entry.peer, *written),
            [&](const auto& seat) {
                if (seat.id == except || seat.index >= lines_.size()) return false;
                Line& line = lines_[seat.index];
                const bool taken = takes(line, *written);
                all = all && (taken || !line.due);
                return taken;
            },
            [](const auto&, const Result<>&) {});
        if constexpr (ThrottlesState<Handlers, T>)
            if (clock::Beat* beat = all ? nullptr : beat_of<T>(entry.peer))
                *beat = clock::Beat(); // next time
        return all;
    }
    template <class T, class Handlers>
    void say_own(auto& turn, Handlers& handlers) {
        constexpr bool spreads = std::remove_reference_t<decltype(turn)>::spreads;
        const PeerId self = turn.room.self();
        auto* seat = turn.room.way_to(turn.authority);
        const Track<T>* track = states_.template tracks<T>().find(self);
        if ((!spreads && seat == nullptr) || track == nullptr) return;
        if (!is_due(turn, handlers, self, track->latest())) return;
        const Encoded written = write(turn, self, track->latest_at(), track->latest());
        if (!written) return;
        const Post said = post<T>(turn, self, *written);
        if constexpr (spreads)
            (void)turn.room.spread(said, [&](const auto& to) {
                return to.index < lines_.size() && takes(lines_[to.index], *written);
            });
        else if (takes(lines_[seat->index], *written))
            (void)turn.room.push(*seat, said);
    }

    // As often as the game says that this one need be sent.
    template <class T, class Handlers>
    bool is_due(auto& turn, Handlers& handlers, PeerId owner, const T& state) {
        if constexpr (ThrottlesState<Handlers, T>) {
            const Duration every = period(static_cast<double>(handlers.state_hz(owner, state)));
            if (every >= Duration::max()) return false;
            clock::Beat* beat = beat_of<T>(owner);
            // Snapshots have a beat of their own: what is due before the next one is nearer is due now.
            const double hz = clock_.rates().snapshot_hz;
            return beat == nullptr || beat->due(turn.now + (hz > 0 ? period(hz) / 2 : Duration{}), every);
        }
        return true;
    }

    template <class T>
    clock::Beat* beat_of(PeerId owner) {
        const BeatKey key{owner, type<T>()};
        clock::Beat* known = beats_.find(key);
        return known != nullptr ? known : beats_.insert(key, clock::Beat());
    }

    template <class T>
    Encoded write(auto& turn, PeerId owner, Instant at, const T& state) {
        const std::size_t head = StateHead::of(owner, at).write(turn.room.scratch());
        const Encoded encoded = turn.encode(turn.room.scratch().subspan(head), state);
        return encoded ? Encoded(*encoded + head) : encoded;
    }
    template <class T>
    static Post post(auto& turn, PeerId owner, std::size_t size) {
        const auto stream = splitmix(std::uint64_t(type<T>().value) << 32 | owner.value);
        return {type<T>(),
                Delivery::newest,
                turn.room.scratch().first(size),
                {},
                static_cast<std::uint32_t>(stream)};
    }

    Clock clock_;
    clock::Lead lead_; // of a guest
    States<Game> states_;
    TENON_NO_UNIQUE_ADDRESS std::conditional_t<merges, States<Game>, Nothing> waiting_;
    Ring<Line> lines_;
    HashMap<BeatKey, clock::Beat> beats_; // of the throttled states
    std::size_t first_ = 0;               // of all states: where the next snapshot begins
};

} // namespace tenon
