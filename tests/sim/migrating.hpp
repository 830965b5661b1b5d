#pragma once
// Rooms that outlive their host, in a world, and a book of what was said in them: who must have heard it, how
// often and in what order. migration.cpp plays with them.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/estate.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/world.hpp"
#include "tenon/topology/authority_hosted.hpp"

namespace migrating {

using namespace tenon;
using namespace tenon::literals;

// What is said is known by its number in the book.
struct Line {
    std::uint32_t id = 0;
    std::string filler;
    void serialize(auto& ar) { ar(id, bounded(filler, 3000)); }
};
struct Shot {
    std::uint32_t id = 0;
    void serialize(auto& ar) { ar(id); }
};
// Every peer's own, and the authority's word on every peer.
struct Ship {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
struct Score {
    std::uint32_t points = 0, by = 0;
    void serialize(auto& ar) { ar(points, by); }
};
using Talk = Game<"migrating", 1, State<Ship>, State<Score>, Event<Line, Ordered>, Event<Shot, Reliable>>;
inline constexpr Rates rates{
    .input_hz = 20, .snapshot_hz = 20, .interpolation_ms = 100, .keepalive_ms = 1000};
// An election, or a whole topology.
template <class T>
struct TopologyOf {
    using type = topology::AuthorityHosted<T>;
};
template <HasTopologyTraits T>
struct TopologyOf<T> {
    using type = T;
};
template <class T, class Transport>
using NetOf = Session<Talk, Transport, codec::Bits, clock::Independent<rates>, typename TopologyOf<T>::type,
                      reliability::AckVector>;
// How a transport is made on a simulated port; the seed is for its keys, if it has any.
template <class Transport>
struct PortOf {
    static Transport make(transport::Memory port, std::uint64_t) { return port; }
};

inline constexpr std::uint32_t everybody = 0xFFFF, the_authority = 0xFFFE;

struct Entry {
    std::uint32_t from = 0, to = everybody;
    PeerId sender;
    bool ordered = false;
    std::vector<bool> due;           // who must hear it, if both live
    std::vector<std::uint8_t> heard; // by whom, how often
};

struct Book {
    std::vector<Entry> entries;
    std::string broken;
    // Who may become the authority and die: what is for it may go to another.
    std::vector<bool> chosen = std::vector<bool>(64);
    bool directs_ordered = true; // not where a path breaks for a while: see part()

    bool is_chosen(const Entry& entry) const { return entry.to < 64 && chosen[entry.to]; }

    void break_with(const std::string& sentence) {
        if (broken.empty()) broken = sentence;
    }
    static std::string text(std::uint32_t id, const Entry& entry) {
        const std::string to = entry.to == everybody       ? "all"
                               : entry.to == the_authority ? "the authority"
                                                           : std::to_string(entry.to);
        return (entry.ordered ? "line " : "shot ") + std::to_string(id) + " from " +
               std::to_string(entry.from) + " to " + to;
    }
};

template <class Election, class Transport>
struct Player {
    using Net = NetOf<Election, Transport>;

    Book& book;
    sim::World& world;
    std::uint32_t index; // its host in the world
    Net net;
    std::vector<std::int64_t> last_line = std::vector<std::int64_t>(64 * 3, -1); // by who said it, and how
    std::vector<AuthorityChanged> changes{};
    std::uint32_t points = 0, beat = 0, away = 0, back = 0;
    std::map<std::uint32_t, std::uint32_t>
        began_with{}; // of the last time that it became the authority: scores, by peer
    bool dead = false, missed = false, out = false;

    Player(Book& b, sim::World& w, std::uint32_t host, const Options& options)
        : book(b), world(w), index(host), net(options, PortOf<Transport>::make(w.port(host), options.seed)) {}

    std::map<std::uint32_t, std::uint32_t> scores() const {
        std::map<std::uint32_t, std::uint32_t> all;
        for (const PeerId peer : net.roster())
            if (const auto score = net.template latest<Score>(peer)) all[peer.value] = score->points;
        return all;
    }
    // Not yet while it takes over, which the one before it may see to the end.
    bool decides() const {
        return net.status() == Status::hosting &&
               (changes.empty() ? net.epoch() == 0 : changes.back().authority == net.self());
    }
    bool inside() const { return net.status() == Status::joined || net.status() == Status::hosting; }

    bool state(Ship& ship) { return ship = {++beat}, true; }
    bool state(PeerId, Score& score) { return score = {++points, index}, true; }
    void on(PeerId from, const Line& line) { hear(from, line.id, true); }
    void on(PeerId from, const Shot& shot) { hear(from, shot.id, false); }
    void on(const AuthorityChanged& change) {
        changes.push_back(change);
        missed = missed || change.missed;
        if (change.authority != net.self()) return;
        began_with = scores();
        for (const auto& [peer, score] : began_with) points = std::max(points, score);
    }
    void on(const PeerAway&) { ++away; }
    void on(const PeerBack&) { ++back; }
    void on(const Closed& closed) {
        out = true;
        reason = closed.reason;
    }
    Error reason = Error::none;

  private:
    void hear(PeerId from, std::uint32_t id, bool ordered) {
        if (id >= book.entries.size()) return book.break_with("what was never said was heard");
        Entry& entry = book.entries[id];
        const std::string who = Book::text(id, entry) + " was heard by " + std::to_string(index);
        if (++entry.heard[index] > 1) return book.break_with(who + " twice");
        if (entry.ordered != ordered) return book.break_with(who + " as something else");
        const bool chosen = book.is_chosen(entry);
        if (entry.to < 64 && entry.to != index && !chosen) book.break_with(who);
        if (entry.to != the_authority && !chosen && entry.from == index) book.break_with(who);
        if (from != (entry.to == the_authority && entry.from == index ? net.self() : entry.sender))
            book.break_with(who + " as another's");
        if (!ordered || (entry.to != everybody && !book.directs_ordered)) return;
        std::int64_t& last = last_line[entry.from * 3 + (entry.to == everybody       ? 0
                                                         : entry.to == the_authority ? 1
                                                                                     : 2)];
        if (id < last) book.break_with(who + " after " + std::to_string(last));
        last = std::max<std::int64_t>(last, id);
    }
};

template <class Election = topology::FirstJoiner, class Transport = transport::Memory>
struct Room {
    using Player = migrating::Player<Election, Transport>;
    static constexpr bool on_bus = HasBus<typename Player::Net::TopologyType>;

    sim::World& world;
    Book book{};
    std::vector<std::unique_ptr<Player>> players{};
    bool one_rule = true; // whether there may be but one who thinks that it decides
    double chatter = 0.4; // how likely a player says something in a round
    Duration clock_jump_max = 20_ms;
    std::vector<Duration> room_clock = std::vector<Duration>(64, Duration::max());
    bool watches_clock = false;

    explicit Room(sim::World& w) : world(w) {}

    // ---- opening

    Options options() {
        Options options;
        options.timeout = 6_s;
        options.succeed_after = 1_s;
        options.seed = world.random().next() | 1;
        return options;
    }
    // Host n is player n, and once inside peer n - 1, as all come in turn.
    std::string add(std::uint32_t at_host = 1) {
        const auto host = static_cast<std::uint32_t>(players.size()) + 1;
        players.push_back(std::make_unique<Player>(book, world, host, options()));
        Player& player = *players.back();
        world.add(player.net, player);
        if (host == 1 && !on_bus) {
            (void)player.net.host(4000);
            return {};
        }
        for (int tries = 0; tries < 5 && !player.inside(); ++tries) {
            player.out = false;
            come_in(player, at_host);
            run_until([&] { return player.net.status() != Status::joining; }, 8_s);
        }
        return player.inside() ? std::string() : "it could not join";
    }
    void come_in(Player& player, std::uint32_t at_host) {
        if constexpr (on_bus)
            (void)player.net.meet(world.bus(player.index));
        else
            (void)player.net.join("host" + std::to_string(at_host) + ":" +
                                  std::to_string((*this)[at_host].net.port()));
    }
    std::string open(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i)
            if (const std::string broken = add(); !broken.empty()) return broken;
        run(2_s);
        return agreed() ? std::string() : "it did not even begin";
    }

    // ---- who is there

    Player& operator[](std::uint32_t index) { return *players[index - 1]; }
    std::vector<Player*> living() {
        std::vector<Player*> all;
        for (auto& player : players)
            if (!player->dead && player->inside()) all.push_back(player.get());
        return all;
    }
    Player* of(PeerId id) {
        for (Player* player : living())
            if (player->net.self() == id) return player;
        return nullptr;
    }
    // The one that hosts, if there is but one.
    Player* authority() {
        Player* found = nullptr;
        for (Player* player : living()) {
            if (player->net.status() != Status::hosting) continue;
            if (found != nullptr) return nullptr;
            found = player;
        }
        return found;
    }
    // All obey one, in one epoch.
    bool obeyed() {
        Player* host = authority();
        for (Player* player : living())
            if (host == nullptr || player->net.authority() != host->net.self() ||
                player->net.epoch() != host->net.epoch())
                return false;
        return host != nullptr;
    }
    // And know that everybody else is there.
    bool agreed() {
        for (Player* player : living())
            if (present(*player) != living().size()) return false;
        return obeyed();
    }
    // As far as that player knows.
    static std::size_t present(Player& player) {
        std::size_t count = 0;
        for (const PeerId id : player.net.roster()) count += player.net.roster().is_away(id) ? 0 : 1;
        return count;
    }
    void kill(Player& player) {
        player.dead = true;
        world.remove(player.net);
    }

    // ---- time

    void run(Duration time) {
        run_until([] { return false; }, time);
    }
    template <class F>
    bool run_until(F&& holds, Duration limit) {
        return world.run_until([&] { return watch(), holds(); }, limit);
    }
    void watch() {
        const Player* host = nullptr;
        for (auto& player : players) {
            if (player->dead || !player->decides()) continue;
            if (host != nullptr && one_rule)
                book.break_with(std::to_string(host->index) + " and " + std::to_string(player->index) +
                                " both decide, in epochs " + std::to_string(host->net.epoch()) + " and " +
                                std::to_string(player->net.epoch()));
            if (host != nullptr && host->net.epoch() == player->net.epoch() && one_rule)
                book.break_with("two decide in one epoch");
            host = player.get();
        }
        if (!watches_clock) return;
        for (Player* player : living()) {
            const Duration ahead = player->net.room_time(world.now(player->index)) - world.now();
            Duration& before = room_clock[player->index];
            const Duration jump = before == Duration::max() ? Duration{} : ahead - before;
            if (jump > clock_jump_max || jump < Duration{} - clock_jump_max)
                book.break_with("the room's time of " + std::to_string(player->index) + " jumped by " +
                                std::to_string(jump.seconds()) + " s");
            before = ahead;
        }
    }
    // Everybody says something now and then.
    void talk(Duration time) {
        for (const Instant end = world.now() + time; world.now() < end;) {
            for (Player* player : living())
                if (world.random().chance(chatter)) speak(*player);
            run(50_ms);
        }
    }
    void speak(Player& player) {
        const std::uint64_t die = world.random().below(10);
        if (die < 3) return say(player, everybody, true);
        if (die < 5) return say(player, everybody, false);
        if (die < 7) return say(player, the_authority, world.random().chance(0.5));
        const auto others = living();
        Player& other = *others[static_cast<std::size_t>(world.random().below(others.size()))];
        if (&other != &player && player.net.roster().contains(other.net.self()))
            say(player, other.index, world.random().chance(0.5));
    }
    void say(Player& player, std::uint32_t to, bool ordered) {
        if (player.net.status() == Status::hosting && !player.decides()) return; // to whom is not clear
        const PeerId peer = to == everybody       ? PeerId::none()
                            : to == the_authority ? player.net.authority()
                                                  : (*this)[to].net.self();
        if (peer == player.net.self()) return;
        if (peer == player.net.authority()) to = the_authority; // or else whoever comes after it
        const auto id = static_cast<std::uint32_t>(book.entries.size());
        Line line{id, std::string(world.random().chance(0.05) ? 2000 : 0, 'x')};
        const auto said = !peer     ? (ordered ? player.net.broadcast(line) : player.net.broadcast(Shot{id}))
                          : ordered ? player.net.send(peer, line)
                                    : player.net.send(peer, Shot{id});
        if (!said)
            return book.break_with(std::to_string(player.index) +
                                   " could not say it: " + std::string(name(said.error())));
        Entry entry{player.index,          to,
                    player.net.self(),     ordered,
                    std::vector<bool>(64), std::vector<std::uint8_t>(64)};
        for (Player* other : living())
            if (other != &player && (to == everybody || to == other->index) &&
                player.net.roster().contains(other->net.self()))
                entry.due[other->index] = true;
        book.entries.push_back(entry);
    }

    // ---- the end: nothing is lost

    std::string settle(Duration patience = 15_s) {
        world.calm();
        if (!run_until([&] { return !book.broken.empty() || agreed(); }, patience))
            return book.broken.empty() ? "they did not come to agree" + who() : book.broken;
        run(8_s);
        if (!book.broken.empty()) return book.broken;
        if (!agreed()) return "they do not agree any more" + who();
        for (auto& player : players)
            if (player->out && !player->dead)
                return std::to_string(player->index) + " is out: " + std::string(name(player->reason));
        return lost();
    }
    std::string who() {
        std::string text;
        for (auto& player : players)
            text += "; " + std::to_string(player->index) +
                    (player->dead ? " is dead"
                                  : " " + std::string(name(player->net.status())) + " obeys " +
                                        std::to_string(player->net.authority().value + 1) + " in " +
                                        std::to_string(player->net.epoch()) + " with " +
                                        std::to_string(present(*player)));
        return text;
    }
    std::string lost() {
        for (std::uint32_t id = 0; id < book.entries.size(); ++id) {
            const Entry& entry = book.entries[id];
            const std::string what = Book::text(id, entry);
            const bool lives = !(*this)[entry.from].dead;
            std::uint32_t heard = 0, not_heard = 0, by_anybody = 0, the_deaf = 0;
            for (auto& player : players) {
                by_anybody += entry.heard[player->index];
                if (player->dead || player->missed || !entry.due[player->index]) continue;
                entry.heard[player->index] != 0 ? ++heard : ++not_heard;
                if (entry.heard[player->index] == 0) the_deaf = player->index;
            }
            if (entry.to == the_authority && lives && by_anybody == 0) return what + " was lost";
            if (entry.to == the_authority || not_heard == 0) continue;
            if (lives) return what + " was not heard by " + std::to_string(the_deaf);
            if (entry.to == everybody && heard != 0)
                return what + ", who is gone, was heard by some, and not by " + std::to_string(the_deaf);
        }
        return {};
    }
};

} // namespace migrating
