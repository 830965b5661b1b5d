#include "tenon/room/handlers.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace tenon;

namespace {

struct Ship {
    int x = 0;
};
struct Score {
    int points = 0;
};
struct Steer {
    int turn = 0;
};

struct Nothing {};
struct Plain {
    Ship state() { return {1}; }
    Ship state(PeerId peer) { return {static_cast<int>(peer.value)}; }
    Steer command() { return {2}; }
    void on(PeerId, const Steer&) {}
    void on(const PeerJoined&) {}
};
struct Maybe {
    bool has = false;
    std::optional<Ship> state() const { return has ? std::optional(Ship{3}) : std::nullopt; }
    std::optional<Ship> state(PeerId peer) const {
        return peer.value == 1 ? std::optional(Ship{4}) : std::nullopt;
    }
    std::optional<Steer> command() const { return has ? std::optional(Steer{5}) : std::nullopt; }
};
struct Kept {
    Ship ship{6};
    const Ship& state() const { return ship; }
    const Ship* state(PeerId) const { return nullptr; }
};
struct Several {
    bool state(Ship& ship) { return ship.x = 7, true; }
    bool state(Score&) { return false; }
    bool state(PeerId, Score& score) { return score.points = 8, true; }
    bool command(Steer& steer) { return steer.turn = 9, true; }
};
struct Client {
    static constexpr bool never_hosts = true;
};
struct ByValue {
    void on(PeerId, Steer) {}
    void on(PeerJoined) {}
};
struct WrongWay {
    int state() { return 0; }
    void command() {}
    void on(Steer) {}
};

} // namespace

TEST_CASE("what handlers provide and hear is seen from their members") {
    CHECK(!ProvidesState<Nothing, Ship>);
    CHECK(!ProvidesStateOf<Nothing, Ship>);
    CHECK(!ProvidesCommand<Nothing, Steer>);
    CHECK(!Hears<Nothing, Steer>);
    CHECK(!HearsOf<Nothing, PeerJoined>);
    CHECK(!NeverHosts<Nothing>);
    CHECK(NeverHosts<Client>);

    CHECK(ProvidesState<Plain, Ship>);
    CHECK(ProvidesStateOf<Plain, Ship>);
    CHECK(ProvidesCommand<Plain, Steer>);
    CHECK(Hears<Plain, Steer>);
    CHECK(HearsOf<Plain, PeerJoined>);
    CHECK(!HearsOf<Plain, PeerLeft>);
    CHECK(!ProvidesState<Plain, Score>); // of another type

    CHECK(Hears<ByValue, Steer>);
    CHECK(HearsOf<ByValue, PeerJoined>);

    CHECK(!ProvidesState<WrongWay, Ship>);
    CHECK(!ProvidesCommand<WrongWay, Steer>);
    CHECK(!Hears<WrongWay, Steer>);
}

TEST_CASE("a provider gives a value, perhaps a value, or fills one in") {
    Ship ship;
    Score score;
    Steer steer;
    Plain plain;
    CHECK((provide_state(plain, ship) && ship.x == 1));
    CHECK((provide_state_of(plain, PeerId{12}, ship) && ship.x == 12));
    CHECK((provide_command(plain, steer) && steer.turn == 2));

    Maybe maybe;
    CHECK(!provide_state(maybe, ship));
    CHECK(!provide_command(maybe, steer));
    maybe.has = true;
    CHECK((provide_state(maybe, ship) && ship.x == 3));
    CHECK((provide_command(maybe, steer) && steer.turn == 5));
    CHECK((provide_state_of(maybe, PeerId{1}, ship) && ship.x == 4));
    CHECK(!provide_state_of(maybe, PeerId{2}, ship));

    Kept kept;
    CHECK((provide_state(kept, ship) && ship.x == 6));
    CHECK(!provide_state_of(kept, PeerId{1}, ship));

    Several several;
    CHECK((ProvidesState<Several, Ship> && ProvidesState<Several, Score>));
    CHECK((!ProvidesStateOf<Several, Ship> && ProvidesStateOf<Several, Score>));
    CHECK((provide_state(several, ship) && ship.x == 7));
    CHECK(!provide_state(several, score));
    CHECK((provide_state_of(several, PeerId{1}, score) && score.points == 8));
    CHECK((provide_command(several, steer) && steer.turn == 9));
}

TEST_CASE("lambdas are handlers, each for what it takes") {
    int steered = 0, came = 0;
    tenon::handlers all{[&](PeerId, const Steer& steer) { steered += steer.turn; },
                        [&](const PeerJoined&) { ++came; }};
    CHECK(Hears<decltype(all), Steer>);
    CHECK(!Hears<decltype(all), Ship>);
    CHECK(HearsOf<decltype(all), PeerJoined>);
    CHECK(!HearsOf<decltype(all), PeerLeft>);
    CHECK(!ProvidesState<decltype(all), Ship>);
    all.on(PeerId{1}, Steer{5});
    all.on(PeerJoined{});
    CHECK(steered == 5);
    CHECK(came == 1);
}
