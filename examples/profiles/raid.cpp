// CoOp without a machine that stays: four friends against a dragon, in one program over loopback. All run the
// same program; the first is the dungeon too, until it dies in mid-fight without a goodbye. Another takes the
// dungeon over with all that was known of it, and the fight goes on.
// Shows: twenty inputs and ten snapshots a second are kept by both, what is throttled costs less, and those
// who are left hear every fall and revival once, also that of which only some had heard when the host died.
#include "loopback.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

struct Hero {
    float x = 0;
    std::uint8_t health = 3;
    void serialize(auto& ar) { ar(x, health); }
};
struct Dragon {
    std::uint32_t number = 0, strikes = 0;
    void serialize(auto& ar) { ar(number, strikes); }
};
struct Lair {
    std::uint32_t number = 0, spiders[12] = {};
    void serialize(auto& ar) { ar(number, spiders); }
};
struct Move {
    float dx = 0;
    bool strikes = false;
    void serialize(auto& ar) { ar(dx, strikes); }
};
struct Spawn {
    std::uint32_t hero = 0;
    void serialize(auto& ar) { ar(hero); }
};
// A hero falls for the nth time, asks to be helped up, and is. What the dungeon says also tells in which
// epoch, so that nothing that two dungeons say is the same.
struct Fall {
    std::uint32_t hero = 0, nth = 0, epoch = 0;
    void serialize(auto& ar) { ar(hero, nth, epoch); }
};
struct Help {
    std::uint32_t hero = 0, nth = 0;
    void serialize(auto& ar) { ar(hero, nth); }
};
struct Revive {
    std::uint32_t hero = 0, nth = 0, epoch = 0;
    void serialize(auto& ar) { ar(hero, nth, epoch); }
};

using Raid =
    tenon::Game<"raid", 1, tenon::State<Hero>, tenon::State<Dragon>, tenon::State<Lair>, tenon::Command<Move>,
                tenon::Event<Spawn, tenon::Reliable>, tenon::Event<Fall, tenon::Reliable>,
                tenon::Event<Help, tenon::Reliable>, tenon::Event<Revive, tenon::Reliable>>;
using Wire = tenon::transport::Impaired<tenon::transport::Udp>;
using Line = tenon::transport::Secure<Wire>;
using Net = tenon::profile::CoOp<Raid, Line, tenon::topology::AuthorityHosted<>>;

constexpr double lair_hz = 2;

// What was told of one hero. Facts are counted, so that one of a former dungeon that comes late undoes
// nothing.
struct Told {
    std::uint32_t falls = 0, revivals = 0;
    bool down() const { return falls > revivals; }
};
using Fact = std::tuple<char, std::uint32_t, std::uint32_t, std::uint32_t>; // f or r, epoch, hero, nth

// A hero's program, and the dungeon's when it is the authority.
struct Raider {
    Raider(std::string_view name, const tenon::transport::Impairment& bad, std::uint64_t seed)
        : net({.room = "raid", .name = name, .succeed_after = tenon::milliseconds(500)},
              Line(Wire(tenon::transport::Udp(), bad, seed))) {}

    Net net;
    std::map<std::uint32_t, Told> told{}; // by hero
    std::set<tenon::PeerId> ruled{};      // who is or was the authority
    std::vector<Fact> facts{};
    int commands = 0, spawned = 0;

    // Of the dungeon.
    std::map<std::uint32_t, Hero> heroes{};
    Dragon dragon{}, taken{}; // as it is, and as it was when this program took it over
    Lair lair{};
    int snapshots = 0;
    bool decided = false;

    // What is seen of it.
    tenon::Instant now{}, seen_at{};
    tenon::Duration gap{}; // between the last snapshot of the former dungeon and the first of the present
    std::uint32_t seen = 0, seen_lair = 0;
    int lairs = 0;
    tenon::PeerId seen_of{};

    bool decides() const { return net.self() == net.authority(); }

    // ---- what every program does

    Move command() { return ++commands, Move{0.1f, commands % 4 == 0}; }
    void on(tenon::PeerId from, const Spawn&) { spawned += ruled.count(from) != 0 ? 1 : 0; }
    void on(tenon::PeerId from, const Fall& fall) {
        if (ruled.count(from) == 0) return; // the present one, or what the former one still said
        note({'f', fall.epoch, fall.hero, fall.nth});
        if (fall.hero != net.self().value) (void)net.send(net.authority(), Help{fall.hero, fall.nth});
    }
    void on(tenon::PeerId from, const Revive& revive) {
        if (ruled.count(from) != 0) note({'r', revive.epoch, revive.hero, revive.nth});
    }
    void note(const Fact& fact) {
        facts.push_back(fact);
        const auto [kind, epoch, hero, nth] = fact;
        std::uint32_t& known = kind == 'f' ? told[hero].falls : told[hero].revivals;
        known = std::max(known, nth);
        if (decides()) heroes[hero].health = told[hero].down() ? 0 : 3;
    }
    void tick(tenon::Instant time) {
        now = time;
        net.tick(now, *this);
        ruled.insert(net.authority());
        const auto seen_dragon = net.latest<Dragon>(net.authority());
        if (seen_dragon && (net.authority() != seen_of || seen_dragon->number != seen)) {
            if (net.authority() != seen_of) gap = now - seen_at;
            seen = seen_dragon->number, seen_of = net.authority(), seen_at = now;
        }
        const auto seen_spiders = net.latest<Lair>(net.authority());
        if (seen_spiders && seen_spiders->number != seen_lair) ++lairs, seen_lair = seen_spiders->number;
    }

    // ---- what the dungeon does

    bool state(tenon::PeerId peer, Hero& hero) { return hero = heroes[peer.value], true; }
    bool state(tenon::PeerId peer, Dragon& shown) {
        if (peer != net.self()) return false;
        ++snapshots;
        ++dragon.number;
        return shown = dragon, true;
    }
    bool state(tenon::PeerId peer, Lair& shown) {
        if (peer != net.self()) return false;
        ++lair.number;
        for (std::uint32_t& spider : lair.spiders) spider = spider * 1664525 + lair.number;
        return shown = lair, true;
    }
    // How often each need be sent: heroes and the dragon with every snapshot, the lair seldom.
    double state_hz(tenon::PeerId, const Hero&) { return 1000; }
    double state_hz(tenon::PeerId, const Dragon&) { return 1000; }
    double state_hz(tenon::PeerId, const Lair&) { return lair_hz; }

    void on(tenon::PeerJoined who) {
        if (decides()) (void)net.send(who.peer, Spawn{who.peer.value});
    }
    void on(tenon::PeerId peer, const Move& move) {
        Hero& hero = heroes[peer.value];
        if (hero.health == 0) return;
        hero.x += move.dx;
        // The dragon bites back at every fifth strike.
        if (!move.strikes || ++dragon.strikes % 5 != 0 || --hero.health != 0) return;
        const Told& known = told[peer.value];
        const Fall fall{peer.value, std::max(known.falls, known.revivals) + 1, net.epoch()};
        (void)net.broadcast(fall);
        note({'f', fall.epoch, fall.hero, fall.nth});
    }
    void on(tenon::PeerId, const Help& help) {
        // Another may have been faster; or the former dungeon was asked, and has done it.
        if (!decides() || told[help.hero].revivals >= help.nth) return;
        const Revive revive{help.hero, help.nth, net.epoch()};
        (void)net.broadcast(revive);
        note({'r', revive.epoch, revive.hero, revive.nth});
    }
    // The room has another host. When it is this one, the dungeon is as anybody who is left last saw it.
    void on(tenon::Joined) { decided = decides(); }
    void on(const tenon::AuthorityChanged& change) {
        if (std::exchange(decided, decides()) || !decided) return;
        for (const tenon::PeerId peer : net.roster())
            if (const auto hero = net.latest<Hero>(peer)) heroes[peer.value] = *hero;
        if (const auto known = net.latest<Dragon>(change.previous)) dragon = taken = *known;
        if (const auto known = net.latest<Lair>(change.previous)) lair = *known;
        // Events say who has fallen: a bite of which nobody was told is undone.
        for (auto& [id, hero] : heroes)
            hero.health = told[id].down() ? 0 : std::max<std::uint8_t>(hero.health, 1);
    }
};

using Raiders = std::vector<std::unique_ptr<Raider>>;

bool all_of(const Raiders& raiders, auto&& is) {
    return std::all_of(raiders.begin(), raiders.end(), [&](const auto& raider) { return is(*raider); });
}

// How often the lair was seen, by all who looked on.
struct Watch {
    double lairs = 0, seconds = 0;
};

// The rates that the profile promises, while this one is the dungeon.
void measure(profiles::Verdict& verdict, Watch& watch, Raiders& raiders, Raider& dungeon, double seconds,
             auto&& turn) {
    for (const auto& raider : raiders) raider->commands = raider->lairs = raider->snapshots = 0;
    const tenon::Instant begin = tenon::now();
    profiles::play(dungeon.net, tenon::seconds(seconds), turn, [] { return false; });
    const double took = (tenon::now() - begin).seconds();
    verdict.rate("inputs of a hero", raiders.back()->commands, took, dungeon.net.rates().input_hz);
    verdict.rate("snapshots", dungeon.snapshots, took, dungeon.net.rates().snapshot_hz);
    for (const auto& raider : raiders)
        if (!raider->decides()) watch.lairs += raider->lairs, watch.seconds += took;
}

// The host goes without a word, at the worst of moments.
void kill(profiles::Verdict& verdict, Raiders& raiders, auto&& turn) {
    std::size_t most = 0;
    const auto falls = [](const Raider& raider) {
        return static_cast<std::size_t>(
            std::count_if(raider.facts.begin(), raider.facts.end(),
                          [](const Fact& fact) { return std::get<0>(fact) == 'f'; }));
    };
    const auto half_told = [&] {
        std::size_t least = SIZE_MAX;
        most = 0;
        for (std::size_t i = 1; i < raiders.size(); ++i) {
            most = std::max(most, falls(*raiders[i]));
            least = std::min(least, falls(*raiders[i]));
        }
        return most > least;
    };
    const bool held = profiles::play(raiders[0]->net, tenon::seconds(20), turn, half_told);
    verdict.check(held, "the host dies when one hero has heard of fall " + std::to_string(most) +
                            " and another has not");
    raiders.erase(raiders.begin());
}

// Another is the host now, and the dragon is as it was.
Raider& succeed(profiles::Verdict& verdict, Raiders& raiders, auto&& turn) {
    std::uint32_t newest = 0;
    for (const auto& raider : raiders) newest = std::max(newest, raider->seen);
    const auto goes_on = [&] {
        const tenon::PeerId next = raiders[0]->net.authority();
        return next && all_of(raiders, [&](const Raider& raider) {
                   return raider.net.authority() == next && raider.seen_of == next && next.value != 0;
               });
    };
    const bool went_on = profiles::play(raiders[0]->net, tenon::seconds(10), turn, goes_on);
    verdict.check(went_on, "another hosts, and all who are left obey it");
    auto* next = &raiders[0];
    for (auto& raider : raiders)
        if (raider->decides()) next = &raider;
    Raider& dungeon = **next;
    verdict.check(dungeon.net.epoch() == 1, "one election was enough");
    verdict.check(dungeon.taken.number >= newest && newest != 0,
                  "the dragon goes on after snapshot " + std::to_string(dungeon.taken.number) +
                      ", the newest that anybody had seen, with " + std::to_string(dungeon.taken.strikes) +
                      " strikes");
    for (const auto& raider : raiders)
        if (!raider->decides())
            std::printf("       hero %u saw no snapshot for %.0f ms\n", raider->net.self().value,
                        raider->gap.ms());
    return dungeon;
}

int main(int argc, char** argv) {
    const double seconds = profiles::seconds_of(argc, argv, 10);
    const auto bad = tenon::transport::Impairment::parse("loss=5,delay=15,jitter=5");
    if (!bad) return 1;
    Raiders raiders;
    for (const char* name : {"ann", "bob", "cyd", "dan"})
        raiders.push_back(std::make_unique<Raider>(name, *bad, raiders.size() + 1));
    if (!raiders[0]->net.host(0)) return std::puts("no port to host on"), 1;
    for (std::size_t i = 1; i < raiders.size(); ++i)
        if (!raiders[i]->net.join("127.0.0.1:" + std::to_string(raiders[0]->net.port()))) return 1;
    const auto turn = [&](tenon::Instant now) {
        for (const auto& raider : raiders) raider->tick(now);
    };
    profiles::Verdict verdict;
    const auto are_in = [&] {
        return std::all_of(raiders.begin() + 1, raiders.end(),
                           [](const auto& raider) { return raider->spawned == 1; });
    };
    verdict.check(profiles::play(raiders[0]->net, tenon::seconds(5), turn, are_in),
                  "three heroes joined the first");
    Watch watch;
    measure(verdict, watch, raiders, *raiders[0], seconds / 2, turn);
    kill(verdict, raiders, turn);
    Raider& dungeon = succeed(verdict, raiders, turn);
    measure(verdict, watch, raiders, dungeon, seconds / 2, turn);
    const double lairs = watch.lairs / watch.seconds;
    char text[100];
    std::snprintf(text, sizeof text, "the lair was seen %.2f times a second, of %.0f at the most", lairs,
                  lair_hz);
    const double edge = 2 / seconds; // one more or less in each half; and a few are lost
    verdict.check(lairs > lair_hz * 0.75 - edge && lairs < lair_hz + edge, text);

    // The fight may have ended between a fall and its revival.
    const auto sorted = [](const Raider& raider) {
        auto facts = raider.facts;
        std::sort(facts.begin(), facts.end());
        return facts;
    };
    const auto settled = [&] {
        return all_of(raiders, [&](const Raider& raider) {
            return sorted(raider) == sorted(dungeon) &&
                   std::none_of(raider.told.begin(), raider.told.end(),
                                [](const auto& hero) { return hero.second.down(); });
        });
    };
    verdict.check(profiles::play(dungeon.net, tenon::seconds(5), turn, settled),
                  "all who are left have heard the same, and nobody is down");
    std::uint32_t falls = 0, revivals = 0;
    for (const auto& [hero, told] : dungeon.told) falls += told.falls, revivals += told.revivals;
    const auto facts = sorted(dungeon);
    const bool once = std::adjacent_find(facts.begin(), facts.end()) == facts.end();
    verdict.check(
        once && falls > 0 && falls == revivals,
        std::to_string(falls) + " falls and " + std::to_string(revivals) + " revivals, each heard once");
    verdict.check(!facts.empty() && std::get<1>(facts.front()) == 0 && std::get<1>(facts.back()) == 1,
                  "the former host told some of them, the present one the others");
    return verdict.status();
}
