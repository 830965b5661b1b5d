#pragma once
// A hall with two games over simulated ports without distance, guests who write down what they hear, and
// rooms that say something of their own, so that nobody mistakes one for another.

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/hall.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

namespace halls {

using namespace tenon;
using namespace tenon::literals;

struct Ship {
    float x = 0;
    void serialize(auto& ar) { ar(x); }
};
struct Shot {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Spark {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Line {
    std::string text;
    void serialize(auto& ar) { ar(bounded(text, 20'000)); }
};
using Arena = Game<"arena", 1, State<Ship>, Event<Shot, Reliable>, Event<Spark>>;
using Chat = Game<"chat", 1, Event<Line, Ordered>, Event<Spark>>;
template <class G, class Transport = transport::Memory>
using NetOf =
    Session<G, Transport, codec::Bits, clock::Independent<>, topology::ClientServer, reliability::AckVector>;
using Net = NetOf<Arena>;
using ChatNet = NetOf<Chat>;

struct Match;
struct Salon;
using Both = tenon::Hall<Plays<Net, Match>, Plays<ChatNet, Salon>>;

// The handlers of a room of Arena: a ship for all, and shots go to the others.
struct Match {
    HallRoom<Net>& room;
    float x = 0;
    std::uint32_t states = 0, shots = 0;
    std::string notices;
    std::function<void(const Shot&)> then; // what a test wants to happen in the middle of a turn

    explicit Match(HallRoom<Net>& in, float at = 0) : room(in), x(at) {}

    Ship state() { return ++states, Ship{x}; }
    void on(PeerId, const Shot& shot) {
        ++shots;
        if (then) then(shot);
    }
    void on(const Joined&) { notices += "open "; }
    void on(const PeerJoined& joined) { notices += "+" + std::string(joined.name) + " "; }
    void on(const PeerLeft& left) {
        notices += "-" + std::string(left.name) + "/" + std::string(name(left.reason)) + " ";
    }
};
// Of Chat: every line is said to all, with the name of the room.
struct Salon {
    HallRoom<ChatNet>* room = nullptr;
    std::uint32_t lines = 0;

    explicit Salon(HallRoom<ChatNet>& in) : room(&in) {}
    void on(PeerId, const Line& line) {
        ++lines;
        (void)room->broadcast(Line{std::string(room->name()) + ":" + line.text});
    }
};

struct Listener {
    std::string told, lines;
    std::uint32_t shots = 0, last_shot = 0, sparks = 0;

    void on(PeerId, const Shot& shot) {
        ++shots;
        last_shot = shot.number;
    }
    void on(PeerId, const Spark&) { ++sparks; }
    void on(PeerId, const Line& line) { lines += line.text + " "; }
    void on(const Joined&) { told = "joined"; }
    void on(const Closed& closed) {
        told = std::string(name(closed.reason));
        if (!closed.text.empty()) told += ": " + std::string(closed.text);
    }
};

template <class NetType>
struct Guest {
    NetType net;
    Listener listener;

    Guest(const Options& options, transport::Memory port) : net(options, std::move(port)) {}
};

class Street {
  public:
    transport::Exchange exchange;
    Instant now{5'000'000'000};
    Both hall;
    std::vector<std::unique_ptr<Guest<Net>>> players;
    std::vector<std::unique_ptr<Guest<ChatNet>>> talkers;

    explicit Street(const HallOptions& options = {}, transport::ExchangeOptions lines = {.seed = 7})
        : exchange(lines), hall(options, transport::Memory(exchange, 1)) {
        REQUIRE(hall.open(4000));
    }
    Guest<Net>& player(std::string_view room, std::string_view name = "", Options options = {}) {
        return add<Net>(players, room, name, options);
    }
    Guest<ChatNet>& talker(std::string_view room, std::string_view name = "", Options options = {}) {
        return add<ChatNet>(talkers, room, name, options);
    }
    void step() {
        hall.tick(now);
        for (auto& guest : players) guest->net.tick(now, guest->listener);
        for (auto& guest : talkers) guest->net.tick(now, guest->listener);
        exchange.deliver_all();
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) step();
    }
    Match& match(RoomKey key) { return *hall.handlers<Net>(key); }

  private:
    template <class NetType>
    Guest<NetType>& add(auto& into, std::string_view room, std::string_view name, Options options) {
        options.room = room;
        options.name = name;
        into.push_back(std::make_unique<Guest<NetType>>(options, transport::Memory(exchange, ++hosts_)));
        REQUIRE(into.back()->net.join("host1:4000"));
        return *into.back();
    }
    std::uint32_t hosts_ = 1;
};

} // namespace halls
