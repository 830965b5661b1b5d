#pragma once
// Whole sessions in virtual time: a game with one of everything, a player who writes down what it hears, and
// a hall in which they meet over simulated ports without distance.

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

namespace play {

using namespace tenon;
using namespace tenon::literals;

struct Ship {
    float x = 0;
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(x, beat); }
};
struct Steer {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
struct Spark {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Mark {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Shot {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Line {
    std::string text;
    void serialize(auto& ar) { ar(bounded(text, 100'000)); }
};
using Arena = Game<"arena", 1, State<Ship>, Command<Steer>, Event<Spark>, Event<Mark, Newest>,
                   Event<Shot, Reliable>, Event<Line, Ordered>>;
template <class Transport>
using NetOver = Session<Arena, Transport, codec::Bits, clock::Independent<>, topology::ClientServer,
                        reliability::AckVector>;
using Net = NetOver<transport::Memory>;

// Events that came, as "peer:number" with spaces between.
struct Player {
    bool flies = true, steers = true;
    float x = 0;
    std::uint32_t beat = 0, heard_steers = 0, last_steer = 0;
    std::string sparks, marks, shots, lines, notices;

    std::optional<Ship> state() { return flies ? std::optional(Ship{x, ++beat}) : std::nullopt; }
    bool command(Steer& steer) { return steers ? (steer.beat = ++beat, true) : false; }

    void on(PeerId, const Steer& steer) {
        ++heard_steers;
        last_steer = steer.beat;
    }
    void on(PeerId peer, const Spark& spark) { note(sparks, peer, std::to_string(spark.number)); }
    void on(PeerId peer, const Mark& mark) { note(marks, peer, std::to_string(mark.number)); }
    void on(PeerId peer, const Shot& shot) { note(shots, peer, std::to_string(shot.number)); }
    void on(PeerId peer, const Line& line) { note(lines, peer, line.text); }
    void on(const Joined& joined) { note(notices, joined.self, "joined"); }
    void on(const PeerJoined& joined) { note(notices, joined.peer, "+" + std::string(joined.name)); }
    void on(const PeerLeft& left) {
        note(notices, left.peer, "-" + std::string(left.name) + "/" + std::string(name(left.reason)));
    }
    void on(const PeerAway& away) { note(notices, away.peer, "~" + std::string(away.name)); }
    void on(const PeerBack& back) { note(notices, back.peer, "=" + std::string(back.name)); }
    void on(const Closed& closed) {
        notices += " closed/" + std::string(name(closed.reason));
        if (!closed.text.empty()) notices += "/" + std::string(closed.text);
    }
    // What came since the last time it was asked.
    static std::string take(std::string& from) { return std::exchange(from, {}); }

  private:
    static void note(std::string& in, PeerId peer, const std::string& what) {
        in += (in.empty() ? "" : " ") + std::to_string(peer.value) + ":" + what;
    }
};

class Hall {
  public:
    struct Guest {
        Net net;
        Player player;
        Guest(const Options& options, transport::Memory port) : net(options, std::move(port)) {}
    };
    transport::Exchange exchange{11};
    Instant now{3'000'000'000};
    std::vector<std::unique_ptr<Guest>> guests;

    Guest& add(std::string_view name, Options options = {}) {
        options.room = "lobby";
        options.name = name;
        options.seed = 5 + guests.size();
        guests.push_back(std::make_unique<Guest>(
            options, transport::Memory(exchange, static_cast<std::uint32_t>(guests.size() + 1))));
        return *guests.back();
    }
    // A host "ann", and so many others: "bob", "cyd", "dan".
    void meet(std::size_t others, const Options& options = {}) {
        REQUIRE(add("ann", options).net.host(4000));
        constexpr std::string_view names[] = {"bob", "cyd", "dan"};
        for (std::size_t i = 0; i < others; ++i) {
            REQUIRE(add(names[i], options).net.join("host1:4000"));
            run(100_ms);
            REQUIRE(guests.back()->net.status() == Status::joined);
        }
        for (auto& guest : guests) guest->player.notices.clear();
    }
    Net& net(std::size_t i) { return guests[i]->net; }
    Player& player(std::size_t i) { return guests[i]->player; }

    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) step();
    }
    void step() {
        for (auto& guest : guests) guest->net.tick(now, guest->player);
        exchange.deliver_all();
    }
};

} // namespace play
