// A skirmish in lockstep: only orders travel, and every peer runs the same battle. Each keeps a recording, and plays it
// again at the end.
//   lockstep [--listen PORT] [--seconds N]        hosts; the battle lasts so long, sixty ticks a second
//   lockstep --join HOST:PORT                     joins, at any time
//   lockstep --replay FILE                        plays a recording
//   --record FILE  where to keep it       --show  draws the field, in a terminal
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <tenon.hpp>
#include <vector>

// All in whole numbers: the same on every machine. With floating point that is the game's own care: no fast-math, no
// library function that differs, no order of summing that does.
struct Order {
    std::int16_t x = 0, y = 0;
    void serialize(auto& ar) { ar(x, y); }
};
struct Unit {
    std::uint32_t owner = 0, id = 0;
    std::int32_t x = 0, y = 0, life = 100;
    void serialize(auto& ar) { ar(owner, id, x, y, life); }
};

using Skirmish = tenon::Game<"skirmish", 1,
    tenon::Command<Order>,                       // what every peer does in a tick: where its units shall go
    tenon::State<Unit>>;                         // never sent: a desync names what differs by this type
using Net = tenon::profile::Lockstep<Skirmish>;

struct Battle {
    static constexpr std::int32_t width = 2400, height = 1200, range = 220;

    // The simulation: all of it is in serialize, and nothing else may decide what happens in step.
    std::vector<Unit> units;
    std::uint64_t dice = 7;
    std::uint32_t units_made = 0, fallen = 0;
    std::uint64_t last_tick = 0;                 // then nothing moves any more

    void serialize(auto& ar) { ar(tenon::bounded(units, 10'000), dice, units_made, fallen, last_tick); }

    // Every peer's order of this tick, in peer order. It may be called again for a tick whose orders were guessed.
    void step(tenon::Tick tick, const tenon::Inputs<Order>& orders) {
        if (tick.value >= last_tick) return;
        for (const tenon::PeerId peer : orders.left())
            std::erase_if(units, [&](const Unit& unit) { return unit.owner == peer.value; });
        for (const auto& input : orders) {
            if (input.joined || !std::any_of(units.begin(), units.end(), [&](const Unit& unit) {
                    return unit.owner == input.peer.value;
                }))
                muster(input.peer.value);
            for (Unit& unit : units)
                if (unit.owner == input.peer.value) march(unit, input.order);
        }
        for (Unit& unit : units) shoot(unit);
        fallen += static_cast<std::uint32_t>(
            std::erase_if(units, [](const Unit& unit) { return unit.life <= 0; }));
    }

    // What is this peer's own: its orders, its recording, what it was told.
    tenon::PeerId self;
    std::uint64_t asked = 0;
    Order order;
    std::ofstream file;
    int desyncs = 0;
    bool over = false, guest_left = false;

    Order command() {                            // the own order for the next tick that is open
        if (asked++ % 90 == 0) {
            const std::uint64_t r = tenon::splitmix(asked * 1000 + self.value);
            order = {static_cast<std::int16_t>(r % width), static_cast<std::int16_t>(r / width % height)};
        }
        return order;
    }
    void record(tenon::BytesIn bytes) {
        file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    void on(tenon::Joined joined) { self = joined.self; }
    void on(tenon::PeerLeft) { guest_left = true; }
    void on(tenon::Closed why) { over = true, std::puts(tenon::sentence(why.reason).data()); }
    void on(const tenon::Desync& desync) {
        ++desyncs;
        std::printf("desync at tick %llu: peer %u, %.*s %llu, %.*s\n",
                    static_cast<unsigned long long>(desync.tick.value), desync.peers[0].value,
                    static_cast<int>(desync.type.size()), desync.type.data(),
                    static_cast<unsigned long long>(desync.entity), static_cast<int>(desync.field.size()),
                    desync.field.data());
    }

  private:
    std::int32_t roll(std::int32_t below) {
        dice = tenon::splitmix(dice);
        return static_cast<std::int32_t>(dice % static_cast<std::uint64_t>(below));
    }
    void muster(std::uint32_t owner) {
        const std::int32_t x = roll(width), y = roll(height);
        for (int i = 0; i < 12; ++i)
            units.push_back({owner, units_made++, x + i % 4 * 40, y + i / 4 * 40, 100});
    }
    void march(Unit& unit, const Order& to) {
        unit.x += std::clamp(to.x - unit.x, -8, 8) + roll(5) - 2;
        unit.y += std::clamp(to.y - unit.y, -8, 8) + roll(5) - 2;
    }
    void shoot(const Unit& from) {
        for (Unit& at : units)
            if (at.owner != from.owner && std::abs(at.x - from.x) + std::abs(at.y - from.y) < range)
                return void(at.life -= 1 + roll(3));
    }
};

void show(const Battle& battle) {
    char field[24][65] = {};
    for (auto& row : field) std::memset(row, '.', 64);
    for (const Unit& unit : battle.units)
        field[std::clamp(unit.y / 50, 0, 23)][std::clamp(unit.x / 40, 0, 63)] =
            static_cast<char>('A' + unit.owner % 26);
    std::fputs("\x1b[H\x1b[2J", stdout);
    for (const auto& row : field) std::puts(row);
}

// Plays a recording, compares each of its ticks, and says how it ended.
bool replay(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> file{std::istreambuf_iterator<char>(in), {}};
    Battle battle;
    Net::Replay again({reinterpret_cast<const std::byte*>(file.data()), file.size()});
    const auto played = again.play(battle);
    std::printf("replay of %zu bytes: tick %llu, checksum %08x, %zu units: %s\n", file.size(),
                static_cast<unsigned long long>(again.tick().value), again.checksum(), battle.units.size(),
                played ? "every tick as recorded" : tenon::sentence(played.error()).data());
    return bool(played);
}

struct Arguments {
    std::string join, record = "skirmish.rec", replay;
    std::uint16_t port = 4000;
    std::uint64_t seconds = 30;
    bool show = false, good = true;

    Arguments(int argc, char** argv) {
        for (int i = 1; i < argc; ++i) {
            const std::string name = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
            if (name == "--show") {
                show = true;
                continue;
            }
            if (name == "--listen") port = static_cast<std::uint16_t>(std::atoi(value.c_str()));
            else if (name == "--join") join = value;
            else if (name == "--seconds") seconds = std::strtoull(value.c_str(), nullptr, 10);
            else if (name == "--record") record = value;
            else if (name == "--replay") replay = value;
            else good = false;
            good = good && !value.empty();
            ++i;
        }
    }
};

int main(int argc, char** argv) {
    const Arguments arguments(argc, argv);
    if (!arguments.good)
        return std::puts("lockstep [--listen PORT] [--seconds N] [--join HOST:PORT] [--record FILE] [--show]\n"
                         "lockstep --replay FILE"), 2;
    if (!arguments.replay.empty()) return replay(arguments.replay) ? 0 : 1;

    const bool hosts = arguments.join.empty();
    Net net{{.room = "field"}};
    Battle battle;
    if (hosts) battle.last_tick = arguments.seconds * 60; // guests get it with the state
    battle.file.open(arguments.record, std::ios::binary);
    const auto opened = hosts ? net.host(arguments.port) : net.join(arguments.join);
    if (!opened) return std::puts(tenon::sentence(opened.error()).data()), 1;

    const auto ended = [&] { return battle.last_tick != 0 && net.lockstep().settled.value > battle.last_tick; };
    std::uint64_t said = 0;
    while (!battle.over && !ended()) {
        net.tick(tenon::now(), battle);          // never blocks
        const tenon::LockstepFigures now = net.lockstep();
        if (arguments.show) show(battle);
        if (now.settled.value / 60 > said) {
            said = now.settled.value / 60;
            std::printf("tick %5llu: %zu peers, %3zu units, %u fallen; %llu ticks run again, round trip %.1f ms\n",
                        static_cast<unsigned long long>(now.settled.value), net.roster().size(),
                        battle.units.size(), battle.fallen, static_cast<unsigned long long>(now.rerun),
                        net.health().rtt.ms());
            std::fflush(stdout);
        }
        net.wait(tenon::now() + tenon::milliseconds(arguments.show ? 33 : 16));
    }
    const tenon::LockstepFigures last = net.lockstep();
    // The host stays until the guests have come as far.
    const tenon::Instant patience = tenon::now() + tenon::seconds(3);
    while (hosts && net.roster().size() > 1 && tenon::now() < patience) {
        net.tick(tenon::now(), battle);
        net.wait(tenon::now() + tenon::milliseconds(16));
    }
    net.leave();
    net.tick(tenon::now(), battle);              // says goodbye, and ends the recording
    battle.file.close();
    std::printf("ended: checksum %08x, %d desyncs\n", last.checksum, battle.desyncs);
    return replay(arguments.record) && battle.desyncs == 0 && ended() ? 0 : 1;
}
