// A peer of a mesh, or one who looks for rooms in its local network, for nat.py: it says what it sees, a line
// each time that changes, until its input ends.
//   camper host PORT | camper join HOST:PORT | camper sign PORT | camper look SECONDS
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <tenon.hpp>
#include <tenon/lan/udp.hpp>
#include <thread>

struct Tent {
    std::uint32_t beat = 0;
    void serialize(auto& ar) { ar(beat); }
};
using Camp = tenon::Game<"camp of a test", 1, tenon::State<Tent>>;
// In plaintext, since nothing here depends on keys; sim/ and secure/ have both.
using Net = tenon::profile::CoOp<Camp, tenon::transport::Udp, tenon::topology::Mesh<>>;

struct Camper {
    Tent tent;
    Tent state() { return ++tent.beat, tent; }
};

void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}
int fail(tenon::Error error) { return say("failed: " + std::string(tenon::sentence(error))), 1; }

// Whom it reaches, and how: "1 straight 2 relayed"; a peer that is not heard of is missing.
std::string seen(Net& net) {
    std::string all;
    for (const tenon::PeerId peer : net.roster()) {
        if (peer == net.self() || !net.latest<Tent>(peer)) continue;
        const auto health = net.health(peer);
        const bool relayed = health && health->detours != 0;
        all += " " + std::to_string(peer.value) + (relayed ? " relayed" : " straight");
    }
    return all;
}

int look(const std::string& seconds) {
    tenon::lan::Lobby<Camp> lobby;
    if (const auto opened = lobby.open(); !opened) return fail(opened.error());
    const tenon::Instant end = tenon::now() + tenon::seconds(std::atoi(seconds.c_str()));
    while (tenon::now() < end && lobby.size() == 0) {
        lobby.tick(tenon::now());
        lobby.transport().wait(tenon::now() + tenon::milliseconds(20));
    }
    for (const auto& room : lobby)
        say("room " + std::string(room.what.room.view()) + " at " + std::string(room.address.text()));
    return lobby.size() == 0 ? 1 : 0;
}

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::string what = argv[1], where = argv[2];
    if (what == "look") return look(where);
    static std::atomic<bool> ends = false;
    std::thread([] {
        while (std::cin.get() != std::istream::traits_type::eof()) {
        }
        ends = true;
    }).detach();
    Net net{{.room = "fire"}};
    const auto port = static_cast<std::uint16_t>(std::atoi(where.c_str()));
    const tenon::Result<> opened = what == "join" ? net.join(where) : net.host(port);
    if (!opened) return fail(opened.error());
    tenon::lan::Sign<Camp> sign;
    if (what == "sign")
        if (const auto up = sign.open(); !up) return fail(up.error());
    Camper camper;
    std::string last;
    while (!ends) {
        net.tick(tenon::now(), camper);
        if (what == "sign") sign.tick(tenon::now(), {.room = "fire", .port = net.port()});
        std::string now = net.self() ? "peer " + std::to_string(net.self().value) + ":" + seen(net) : "out";
        if (now != last) say(now);
        last = std::move(now);
        net.wait(tenon::now() + tenon::milliseconds(10));
    }
    return 0;
}
