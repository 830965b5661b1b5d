// Whole plays of a replicated world in virtual time, each from a seed: an authority, a client, and a line of
// 100 +- 30 ms that loses one datagram in twenty.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "../replica/paths.hpp"
#include "../replica/replicated.hpp"
#include "tenon/clock/lead.hpp"
#include "tenon/replica/command_buffer.hpp"
#include "tenon/replica/predicted_world.hpp"
#include "tenon/replica/prediction.hpp"
#include "tenon/replica/rewind.hpp"
#include "tenon/sim/explore.hpp"

using namespace paths;
using namespace tenon::literals;
using tenon::BytesIn;
using tenon::EntityId;
using tenon::PeerId;

namespace {

constexpr std::size_t entities = 128;
constexpr Duration tick_length = 16_ms;
constexpr std::uint64_t ticks_per_snapshot = 3;
constexpr Instant start{3'000'000'000};

struct Figures {
    std::vector<double> errors; // of what is shown, in seconds of its path
    int backward = 0, back_by_much = 0, stood = 0, unlike = 0;

    double error(double share) {
        std::sort(errors.begin(), errors.end());
        return errors.empty()
                   ? 0
                   : errors[static_cast<std::size_t>(share * static_cast<double>(errors.size() - 1))];
    }
};

// Sixteen ships on winding paths, and one client who watches them.
struct Watch {
    struct Packet {
        std::vector<std::byte> bytes;
    };
    World world{{.entities_max = entities, .ticks = 256}};
    tenon::SnapshotCache cache{entities, 1200, 4, 7};
    tenon::DeltaModels models{world.layout()};
    tenon::SnapshotSender sender{world, cache, models};
    Replica replica{entities};
    Playback playback;
    Line<Packet> down;
    Line<std::uint16_t> up;
    std::vector<Path> paths;
    std::vector<EntityId> ships;
    std::vector<std::optional<Ship>> last;
    std::array<std::byte, 1200> buffer{};
    std::uint64_t tick = 0;
    Instant now = start;

    std::size_t budget = 1200; // bytes of a snapshot

    explicit Watch(std::uint64_t seed, const tenon::PlaybackOptions& options = {.tick = tick_length},
                   int count = 16)
        : playback(replica, options), down(seed * 2), up(seed * 2 + 1) {
        tenon::Random random(seed);
        for (int i = 0; i < count; ++i) {
            paths.push_back(Path::random(random));
            ships.push_back(world.spawn());
        }
        last.resize(paths.size());
    }
    double seconds_at(double ticks) const { return ticks * tick_length.seconds(); }

    void step(Figures& figures, bool counts) {
        now += 1_ms;
        const auto ms = (now - start).ns / 1'000'000;
        if (ms % (tick_length.ns / 1'000'000) == 0) play_tick();
        while (const auto packet = down.receive(now)) {
            const auto number = replica.handle(packet->bytes);
            if (!number) continue;
            up.send(now, *number);
            playback.heard(now, *number);
            if (!agrees()) ++figures.unlike;
        }
        while (const auto number = up.receive(now)) (void)sender.acknowledged(*number);
        if (ms % 7 == 0) frame(figures, counts);
    }
    void play_tick() {
        ++tick;
        for (std::size_t i = 0; i < paths.size(); ++i)
            world.set(ships[i], paths[i].at(seconds_at(static_cast<double>(tick))));
        world.commit({tick});
        if (tick % ticks_per_snapshot != 0) return;
        const std::size_t size = sender.write(tenon::BytesOut(buffer).first(budget));
        down.send(now, {{buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)}});
    }
    void frame(Figures& figures, bool counts) {
        const double at = seconds_at(playback.moment(now).ticks());
        for (std::size_t i = 0; i < ships.size(); ++i) {
            const auto shown = playback.get<Ship>(ships[i], now);
            if (counts && shown && last[i]) {
                const Ship truth = paths[i].at(at), soon = paths[i].at(at + 0.001);
                figures.errors.push_back(distance(*shown, truth) / paths[i].speed);
                const double along = double(shown->x - last[i]->x) * double(soon.x - truth.x) +
                                     double(shown->y - last[i]->y) * double(soon.y - truth.y);
                // Along its circle, whether it stands now or not.
                const double around = double(shown->y - last[i]->y) * double(truth.x) -
                                      double(shown->x - last[i]->x) * double(truth.y);
                figures.back_by_much += around < -0.1 * quantum * paths[i].radius;
                figures.backward += along < 0;
                figures.stood += distance(*shown, *last[i]) < 0.1 * paths[i].speed * 0.007;
            }
            last[i] = shown;
        }
    }
    bool agrees() const {
        for (std::size_t slot = 0; slot < world.used(); ++slot) {
            const std::uint64_t at = replica.known_at({static_cast<std::uint16_t>(slot), 1}).value;
            for (std::uint64_t commit = world.commits(); commit-- > 0 && world.has(commit);)
                if (world.at(commit).tick() == at) {
                    if (!replicated::same_slot(world.layout(), world.at(commit), replica.row(), slot))
                        return false;
                    break;
                }
        }
        return true;
    }
};

// A client who steers a ship of his own among the others, shoots at them, and is led to be in time.
struct Player : Watch {
    static constexpr PeerId self{1};
    struct Given {
        std::uint32_t number;
        Steer steer;
        tenon::Moment seen;
    };
    struct Up {
        std::vector<Given> given;
    };
    struct Down {
        std::vector<std::byte> bytes;
        std::uint32_t applied;
        std::optional<Duration> early;
    };
    // The authority's world, in which every fifth shot is refused.
    struct Referee {
        World& world;
        int& refused;
        template <class T>
        auto get(EntityId entity) const {
            return world.template get<T>(entity);
        }
        template <class T>
        bool set(EntityId entity, const T& state) {
            return world.set(entity, state);
        }
        bool despawn(EntityId entity) { return world.despawn(entity); }
        PeerId owner(EntityId entity) const { return world.owner(entity); }
        EntityId spawn(PeerId owner, tenon::Origin origin) {
            if (origin.command % 5 != 0) return world.spawn(owner, origin);
            ++refused;
            return EntityId::none();
        }
    };

    tenon::Prediction<Game, Steer> prediction{replica};
    tenon::CommandBuffer<Steer> buffer_of_client{{.tick = tick_length}};
    tenon::Rewinder<Game> rewinder{world, 64};
    tenon::clock::Lead lead{4_ms};
    Line<Up> commands;
    Line<Down> snapshots;
    tenon::Random dice;
    Rules rules;
    EntityId mine;
    std::vector<Given> given;
    Instant next_command = start + 200_ms;
    std::optional<Duration> early;
    std::optional<Ship> last_mine;
    float turn = 0;
    bool replays = true;
    int hits = 0, unwound = 0, shots = 0, unseen = 0, jumps = 0, foreseen = 0, matched = 0, withdrawn = 0,
        refused = 0, given_at_all = 0;
    double largest_jump = 0;

    explicit Player(std::uint64_t seed)
        : Watch(seed), commands(seed * 7), snapshots(seed * 7 + 1), dice(seed), mine(world.spawn(self)) {
        world.set(mine, Ship{});
        prediction.begin(self);
    }
    void step(Figures& figures, bool counts) {
        now += 1_ms;
        const auto ms = (now - start).ns / 1'000'000;
        while (const auto packet = commands.receive(now))
            for (const Given& one : packet->given)
                (void)buffer_of_client.push(now, one.number, one.steer, one.seen);
        if (ms % (tick_length.ns / 1'000'000) == 0) authority();
        if (ms % 256 == 0) {
            Duration least;
            if (buffer_of_client.early(least)) early = least;
        }
        while (const auto packet = snapshots.receive(now)) hear(*packet, figures);
        while (const auto number = up.receive(now)) (void)sender.acknowledged(*number);
        if (now >= next_command) give();
        if (ms % 7 == 0) frame(figures, counts), own_frame(counts);
    }
    void authority() {
        ++tick;
        for (std::size_t i = 0; i < paths.size(); ++i)
            world.set(ships[i], paths[i].at(seconds_at(static_cast<double>(tick))));
        for (unsigned i = buffer_of_client.due(); i-- > 0;)
            if (const auto played = buffer_of_client.take(now)) play(played);
        world.commit({tick});
        if (tick % ticks_per_snapshot != 0) return;
        const std::size_t size = sender.write(buffer);
        snapshots.send(now, {{buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)},
                             buffer_of_client.applied(),
                             early});
        early.reset();
    }
    void play(const tenon::Played<Steer>& played) {
        Referee referee{world, refused};
        std::vector<EntityId> things;
        world.each([&](EntityId entity) {
            if (world.owner(entity) == self) things.push_back(entity);
        });
        for (const EntityId entity : things) rules(referee, entity, *played.order, played.number);
        if (!played.order->fire) return;
        // Aimed at the first of the others.
        ++shots;
        Ship aim;
        aim.x = played.order->aim_x, aim.y = played.order->aim_y;
        hits += distance(*rewinder.to(played.seen).get<Ship>(ships[0]), aim) < 0.1;
        unwound += distance(*world.get<Ship>(ships[0]), aim) < 0.1;
    }
    void hear(const Down& packet, Figures& figures) {
        if (packet.early) lead.hear(now, *packet.early);
        const auto number = replica.handle(packet.bytes);
        if (!number) return;
        up.send(now, *number);
        playback.heard(now, *number);
        if (replays)
            REQUIRE(prediction.heard(now, *number, packet.applied, rules));
        else
            REQUIRE(prediction.heard(now, *number, packet.applied,
                                     [](auto&, EntityId, const Steer&, std::uint32_t) {}));
        if (!agrees()) ++figures.unlike;
        tenon::Outcome outcome;
        while (prediction.poll_event(outcome)) ++(outcome.real ? matched : withdrawn);
    }
    void give() {
        next_command += tenon::seconds(tick_length.seconds() / lead.rate(now));
        if (dice.chance(0.05)) turn = static_cast<float>((dice.real() - 0.5) * 0.2);
        Steer steer{.turn = turn};
        if (const auto target = playback.get<Ship>(ships[0], now); target && dice.chance(0.02))
            steer.fire = true, steer.aim_x = target->x, steer.aim_y = target->y;
        const auto before = prediction.get<Ship>(mine);
        const auto number = prediction.command(steer, rules);
        if (!number) return;
        ++given_at_all;
        // In the same frame it is seen.
        if (before) unseen += distance(*before, *prediction.get<Ship>(mine)) < 0.09;
        foreseen += before && steer.fire;
        if (given.size() == 16) given.erase(given.begin());
        given.push_back({*number, steer, playback.moment(now)});
        commands.send(now, {given});
    }
    void own_frame(bool counts) {
        const auto shown = prediction.predicted<Ship>(mine, now);
        if (counts && shown && last_mine) {
            const double moved = distance(*shown, *last_mine);
            largest_jump = std::max(largest_jump, moved);
        }
        last_mine = shown;
    }
};

// What went wrong with what was seen of the others.
std::string judged(Figures& figures) {
    if (figures.errors.size() < 10'000) return "hardly anything was seen";
    if (figures.error(0.99) >= 0.01)
        return "what is shown is " + std::to_string(figures.error(0.99)) + " s off its path";
    if (figures.backward != 0) return std::to_string(figures.backward) + " steps back were seen";
    if (figures.stood != 0) return "what moved was seen to stand " + std::to_string(figures.stood) + " times";
    if (figures.unlike != 0) return "the replica is not what the authority had";
    return {};
}
std::string watched(tenon::sim::World& world) {
    Watch watch(world.random().next());
    Figures figures;
    for (int ms = 0; ms < 20'000; ++ms) watch.step(figures, ms > 2000);
    return judged(figures);
}
std::string judged(const Player& player) {
    const auto& buffer = player.buffer_of_client.figures();
    const auto& prediction = player.prediction.figures();
    if (player.given_at_all < 1000 || player.shots < 5) return "hardly anything was played";
    if (player.unseen != 0) return "a command was not seen in its frame";
    if (player.largest_jump >= 0.15)
        return "the player's own ship jumped by " + std::to_string(player.largest_jump);
    // A command that was so late that it was given up is what nobody could foresee.
    if (buffer.replaced == 0 && prediction.largest >= quantum)
        return "a correction of " + std::to_string(prediction.largest);
    if (buffer.replaced > 5) return std::to_string(buffer.replaced) + " commands were given up";
    if (buffer.waited > 60) return std::to_string(buffer.waited) + " commands were waited for";
    if (player.prediction.pending() > 30) return "commands wait for long";
    if (player.hits + 1 < player.shots) return std::to_string(player.shots - player.hits) + " shots missed";
    if (player.unwound > 1) return "the present is hit as well as the past";
    if (player.matched + player.withdrawn + 8 < player.foreseen) return "foreseen shots are left over";
    if (player.withdrawn > player.refused) return "a shot was withdrawn that was not refused";
    return {};
}
std::string played(tenon::sim::World& world) {
    Player player(world.random().next());
    Figures figures;
    for (int ms = 0; ms < 20'000; ++ms) player.step(figures, ms > 2000);
    const std::string seen = judged(figures);
    return seen.empty() ? judged(player) : seen;
}
tenon::sim::Search plays(const char* name) {
    return {.seeds = 4,
            .seeds_long = 1000,
            .faults = [](std::uint64_t) { return tenon::sim::Faults{}; },
            .command = name};
}

} // namespace

TEST_CASE("over a bad line others are seen to move evenly, and nearly where they were") {
    const auto report = tenon::sim::explore(plays("tests/test_sim -tc='over a bad line*'"), watched);
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("a player sees his own input at once, is not corrected, and hits what he sees") {
    const auto report = tenon::sim::explore(plays("tests/test_sim -tc='a player sees*'"), played);
    CHECK_MESSAGE(report, report.text());
}

TEST_CASE("what does not fit into each snapshot is shown later, and still evenly") {
    Watch watch(1, {.tick = tick_length}, 100);
    watch.budget = 80;
    Figures figures;
    for (int ms = 0; ms < 16'000; ++ms) watch.step(figures, ms > 8000); // first everything has to be told
    CHECK(figures.error(0.99) < 0.02);
    CHECK(figures.backward == 0);
    CHECK(figures.stood == 0);
    CHECK(watch.playback.figures(watch.now).delay > 300_ms);
}

TEST_CASE("what halts and goes on again is seen to do so") {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        const bool eases = seed > 4, varies = seed % 2 == 0;
        CAPTURE(seed);
        Watch watch(seed);
        for (Path& path : watch.paths) path.halts = true, path.varies = varies, path.eases = eases ? 0.1 : 0;
        Figures figures;
        for (int ms = 0; ms < 20'000; ++ms) watch.step(figures, ms > 2000);
        CHECK(figures.error(0.95) < 0.005);
        CHECK(figures.error(0.99) < 0.01);
        // Only what could not be foreseen: the end of a motion was lost more than once.
        CHECK(figures.back_by_much < static_cast<int>(figures.errors.size() / 200));
        CHECK(watch.playback.figures(watch.now).delay < 200_ms);
        CHECK(figures.unlike == 0);
    }
}

TEST_CASE("without a delay what moves is seen to stand") {
    Watch watch(1, {.tick = tick_length, .delay_most = 0_ms, .extrapolation = 0_ms});
    Figures figures;
    for (int ms = 0; ms < 20'000; ++ms) watch.step(figures, ms > 2000);
    CHECK(figures.stood > 100);
    CHECK(!judged(figures).empty());
}

TEST_CASE("without playing commands again a player is corrected all the time") {
    Player player(1);
    player.replays = false;
    Figures figures;
    for (int ms = 0; ms < 20'000; ++ms) player.step(figures, ms > 2000);
    CHECK(judged(figures).empty());
    CHECK(player.prediction.figures().largest > 50 * quantum);
    CHECK(!judged(player).empty());
}
