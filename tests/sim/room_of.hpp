#pragma once
// A whole room for the simulations: a host and players who say things to each other, leave and come back, and
// a ledger of what was promised and what arrived.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports.hpp"
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_retry.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/explore.hpp"
#include "tenon/topology/client_server.hpp"

namespace rooms {

using namespace tenon;

inline constexpr std::uint32_t everybody = 0xFFFF'FFFF;

// Every message carries who said it, to whom, and a serial that no other has.
struct Body {
    std::uint32_t from = 0, to = 0, serial = 0;
    std::string text;
    void serialize(auto& ar) { ar(from, to, serial, bounded(text, 8000)); }
};
struct Shot : Body {};
struct Line : Body {};
struct Mark {
    std::uint32_t key = 0, number = 0;
    void serialize(auto& ar) { ar(key, number); }
};
struct Ship {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
struct Steer {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};

// A policy that gives up promises no order, so its rooms have no Line.
template <class Reliability>
struct GameFor {
    using type = Game<"rooms", 1, State<Ship>, Command<Steer>, Event<Shot, Reliable>, Event<Mark, Newest>,
                      Event<Line, Ordered>>;
};
template <>
struct GameFor<reliability::AckRetry> {
    using type = Game<"rooms", 1, State<Ship>, Command<Steer>, Event<Shot, Reliable>, Event<Mark, Newest>>;
};

inline std::uint32_t pick(Random& random, const std::vector<std::uint32_t>& some) {
    return some[static_cast<std::size_t>(random.below(some.size()))];
}

struct Ledger {
    struct Entry {
        std::uint32_t from = 0, to = 0;
        bool ordered = false;
        std::set<std::uint32_t> owed;              // who was there when it was sent
        std::map<std::uint32_t, unsigned> arrived; // how often, by receiver
    };
    std::vector<Entry> entries;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> last_line, last_mark_number;
    std::map<std::uint32_t, std::uint32_t> last_command;
    std::string broken; // the first thing that was not as promised
    std::uint64_t given_up = 0, delivered = 0, marks = 0, commands = 0;

    void fail(const std::string& sentence) {
        if (broken.empty()) broken = sentence;
    }
    void hear(std::uint32_t self, std::uint32_t from, const Body& body, bool ordered) {
        const std::string what = "message " + std::to_string(body.serial) + " from " + std::to_string(from) +
                                 " to " + std::to_string(self);
        if (body.serial >= entries.size()) return fail(what + " was never sent");
        Entry& entry = entries[body.serial];
        if (entry.from != from || body.from != from || entry.ordered != ordered)
            return fail(what + " was not said by whom it is said to be");
        if (entry.to != self && entry.to != everybody) return fail(what + " was for another");
        if (++entry.arrived[self] > 1) return fail(what + " arrived twice");
        ++delivered;
        if (!ordered) return;
        // What was owed and is older must have arrived: nothing is skipped.
        std::uint32_t& next = last_line[{from, self}];
        if (body.serial < next) return fail(what + " came after something younger");
        for (; next < body.serial; ++next) {
            const Entry& older = entries[next];
            if (older.ordered && older.from == from && older.owed.count(self) && !older.arrived.count(self))
                return fail(what + " came before number " + std::to_string(next));
        }
    }
};

template <class Reliability, class Transport = transport::Memory>
class Player {
  public:
    using GameType = typename GameFor<Reliability>::type;
    using Net =
        Session<GameType, Transport, codec::Bits, clock::Independent<>, topology::ClientServer, Reliability>;
    static constexpr bool has_lines = GameType::template has<Line>;

    std::string name;
    Ledger* ledger;
    Net net;
    std::uint32_t beat = 0, mark = 0;
    bool comes_back = true;
    std::map<std::uint32_t, std::uint32_t> ships; // the newest beat of each, as seen

    Player(sim::World& world, std::uint32_t host, Ledger& book)
        : name("player" + std::to_string(host)),
          ledger(&book),
          net(options(name, world.random()), PortOf<Transport>::make(world, host)) {}

    // Something to somebody, or to all.
    void speak(Random& random) {
        if (!talking()) return;
        const std::vector<std::uint32_t> others = peers();
        if (others.empty()) return;
        const bool ordered = has_lines && random.chance(0.5);
        const std::uint32_t to = random.chance(0.4) ? everybody : pick(random, others);
        Body body{net.self().value, to, static_cast<std::uint32_t>(ledger->entries.size()), {}};
        const bool large = has_lines && random.chance(0.02);
        body.text.assign(static_cast<std::size_t>(random.below(large ? 6000 : 200)), 'x');
        Result<> sent;
        if constexpr (has_lines)
            sent = ordered ? put(to, Line{body}) : put(to, Shot{body});
        else
            sent = put(to, Shot{body});
        Ledger::Entry entry{body.from, to, ordered, {}, {}};
        if (!sent && sent.error() != Error::queue_full && sent.error() != Error::unknown_peer)
            ledger->fail("send: " + std::string(tenon::name(sent.error())));
        // A host whose broadcast some could not take has still spoken to the others.
        if (sent && to == everybody) entry.owed.insert(others.begin(), others.end());
        if (sent && to != everybody) entry.owed.insert(to);
        ledger->entries.push_back(entry);
    }
    void note(Random& random) {
        if (!talking()) return;
        const auto key = static_cast<std::uint32_t>(random.below(3));
        (void)net.broadcast(Mark{key, ++mark}, {.key = key});
    }
    // Nothing newer may be replaced by something older.
    void look() {
        for (const PeerId peer : net.roster()) {
            const auto ship = net.template latest<Ship>(peer);
            if (!ship) continue;
            std::uint32_t& newest = ships[peer.value];
            if (ship->beat < newest)
                ledger->fail(name + " saw the ship of " + std::to_string(peer.value) + " go back from " +
                             std::to_string(newest) + " to " + std::to_string(ship->beat));
            newest = ship->beat;
        }
    }
    bool talking() const { return net.status() == Status::joined || net.status() == Status::hosting; }
    std::vector<std::uint32_t> peers() const {
        std::vector<std::uint32_t> found;
        for (const PeerId peer : net.roster())
            if (peer != net.self()) found.push_back(peer.value);
        return found;
    }

    // ---- the handlers

    Ship state() { return {++beat}; }
    Steer command() { return {++beat}; }
    void on(PeerId peer, const Steer& steer) {
        ++ledger->commands;
        std::uint32_t& last = ledger->last_command[peer.value];
        if (peer != net.self() && steer.beat <= last) ledger->fail("a command came again, or too late");
        last = steer.beat;
    }
    void on(PeerId peer, const Shot& shot) { ledger->hear(net.self().value, peer.value, shot, false); }
    void on(PeerId peer, const Line& line) { ledger->hear(net.self().value, peer.value, line, true); }
    void on(PeerId peer, const Mark& heard) {
        ++ledger->marks;
        std::uint32_t& last = ledger->last_mark_number[{peer.value * 65536 + net.self().value, heard.key}];
        if (heard.number <= last) ledger->fail("a mark was replaced by an older one");
        last = heard.number;
    }
    void on(const Joined&) { ships.clear(); }
    void on(const Closed& closed) {
        // Who was sent off while it was cut off hears of it by not being let back.
        if (!expected(closed.reason) && closed.reason != Error::cant_resume)
            ledger->fail(name + " was closed: " + std::string(tenon::name(closed.reason)));
    }
    void on(const PeerLeft& left) {
        ships.erase(left.peer.value);
        if (!expected(left.reason))
            ledger->fail(name + " heard that a peer left: " + std::string(tenon::name(left.reason)));
    }
    void on(const GaveUp&) { ++ledger->given_up; }

  private:
    static Options options(const std::string& name, Random& random) {
        Options options;
        options.room = "lobby";
        options.name = name;
        options.timeout =
            milliseconds(random.between(1000, 6000)); // some partitions are longer, and some not
        return options;
    }
    static bool expected(Error reason) {
        return reason == Error::timed_out || reason == Error::left || reason == Error::kicked ||
               reason == Error::queue_full ||
               (Transport::traits.connected && reason == Error::connection_lost);
    }
    template <class T>
    Result<> put(std::uint32_t to, const T& message) {
        return to == everybody ? net.broadcast(message) : net.send(PeerId{to}, message);
    }
};

template <class Reliability, class Transport = transport::Memory>
class RoomOf {
  public:
    using Peer = Player<Reliability, Transport>;
    Ledger ledger;
    std::vector<std::unique_ptr<Peer>> players; // the first is the host

    RoomOf(sim::World& world, std::uint32_t count) : world_(world) {
        for (std::uint32_t i = 0; i < count; ++i) {
            players.push_back(std::make_unique<Peer>(world, i + 1, ledger));
            // Some games draw, and some have nothing else to do than to listen.
            world.add(players[i]->net, *players[i], {.frame_hz = world.random().chance(0.5) ? 60.0 : 0.0});
        }
        if (!players[0]->net.host(4000)) ledger.fail("the host could not open its room");
    }

    void play(Duration time) {
        Random& random = world_.random();
        const Instant end = world_.now() + time;
        while (world_.now() < end && ledger.broken.empty()) {
            for (auto& player : players) {
                if (random.chance(0.3)) player->speak(random);
                if (random.chance(0.3)) player->note(random);
                if (player == players[0]) continue;
                if (random.chance(0.002)) player->net.leave();
                if (random.chance(0.1)) rejoin(*player);
            }
            if (random.chance(0.001) && players[0]->talking()) {
                const auto others = players[0]->peers();
                if (!others.empty()) (void)players[0]->net.kick(PeerId{pick(random, others)});
            }
            world_.run(milliseconds(50));
            for (auto& player : players) player->look();
        }
    }
    // When nothing goes wrong any more, everybody is there soon, and has all that is owed.
    std::string settle() {
        world_.calm();
        for (int i = 0; i < 600 && ledger.broken.empty(); ++i) {
            for (auto& player : players)
                if (player != players[0]) rejoin(*player);
            world_.run(milliseconds(100));
            for (auto& player : players) player->look();
            if (unsettled().empty()) break;
        }
        return ledger.broken.empty() ? unsettled() : ledger.broken;
    }

  private:
    void rejoin(Peer& player) {
        if (player.net.status() == Status::idle || player.net.status() == Status::closed)
            (void)player.net.join("host1:4000");
    }
    std::string unsettled() const {
        const std::vector<std::uint32_t> all = sorted(players[0]->net.roster());
        for (const auto& player : players) {
            if (!player->talking()) return player->name + " is not in the room";
            if (sorted(player->net.roster()) != all)
                return player->name + " has another roster than the host";
            if (players[0]->net.name_of(player->net.self()) != player->name)
                return player->name + " has another name in the host's roster";
        }
        if (all.size() != players.size()) return "the host's roster has somebody else";
        std::uint64_t missing = 0;
        std::string first;
        for (const Ledger::Entry& entry : ledger.entries) {
            if (!std::binary_search(all.begin(), all.end(), entry.from)) continue;
            for (const std::uint32_t to : entry.owed) {
                if (!std::binary_search(all.begin(), all.end(), to) || entry.arrived.count(to)) continue;
                if (first.empty())
                    first = "message " + std::to_string(&entry - ledger.entries.data()) + " from " +
                            std::to_string(entry.from) + " never reached " + std::to_string(to);
                ++missing;
            }
        }
        return missing > ledger.given_up ? first : std::string();
    }
    static std::vector<std::uint32_t> sorted(const Roster& roster) {
        std::vector<std::uint32_t> ids;
        for (const PeerId peer : roster) ids.push_back(peer.value);
        std::sort(ids.begin(), ids.end());
        return ids;
    }

    sim::World& world_;
};

} // namespace rooms
