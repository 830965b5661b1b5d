#include "tenon/bus/finder.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

using namespace tenon;
using namespace tenon::literals;

namespace {

constexpr std::uint64_t game = 5;
constexpr auto all_answer = [](bus::Inbox) { return true; };

// A few sessions, as far as a finder is concerned, and a bus without distance.
struct Table {
    struct One {
        bus::Finder finder;
        bus::Facts facts;
        bus::Inbox self = 0;
        std::vector<bus::Order> orders{};
        bool deaf = false;
        Instant in_at = Instant::never(); // when it gets in where it was sent
    };
    std::vector<One> all;
    Duration joining_takes{};
    Instant now{1'000'000'000'000};

    explicit Table(std::size_t count) : all(count) {
        for (std::size_t i = 0; i < count; ++i) {
            all[i].self = 10 * (i + 1);
            begin(all[i]);
        }
    }
    static void begin(One& one) {
        one.finder.begin({game, 6, 1, bus::Name("lobby"), bus::Name("ann"), 750_ms}, one.self);
        one.facts = {};
        one.facts.places = 10;
    }
    void say(One& from, BytesIn word) {
        for (One& to : all)
            if (!from.deaf && !to.deaf) (void)to.finder.hear(now, word);
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 10_ms)
            for (One& one : all) {
                if (one.in_at <= now) get_in(one);
                const auto order = one.finder.turn(
                    now, one.facts, {}, [&](BytesIn word) { say(one, word); },
                    [&](bus::Inbox host) { return host < 500; });
                if (order.kind != bus::Order::Kind::none) obey(one, order);
            }
    }
    // Everybody gets in wherever it is sent.
    void obey(One& one, const bus::Order& order) {
        one.orders.push_back(order);
        leave(one);
        one.facts.self = PeerId{static_cast<std::uint32_t>(one.self)};
        if (order.kind == bus::Order::Kind::host) {
            one.facts.stage = bus::Facts::Stage::hosting;
            one.facts.room_key = one.self * 1000;
            one.facts.epoch = {0, one.facts.self};
        } else {
            one.facts.stage = bus::Facts::Stage::joining;
            one.in_at = now + joining_takes;
            if (joining_takes == Duration{}) get_in(one);
        }
        if (joining_takes == Duration{} || order.kind == bus::Order::Kind::host) count();
    }
    void get_in(One& one) {
        one.in_at = Instant::never();
        for (One& other : all)
            if (other.self == one.orders.back().host && other.facts.stage == bus::Facts::Stage::hosting) {
                one.facts.stage = bus::Facts::Stage::joined;
                one.facts.room_key = other.facts.room_key;
                one.facts.epoch = other.facts.epoch;
            }
        count();
    }
    void leave(One& one) {
        one.facts.stage = bus::Facts::Stage::outside;
        one.facts.room_key = 0;
        if (joining_takes == Duration{}) count(); // else its host hears of it later
    }
    void count() {
        for (One& one : all) {
            one.facts.players = 0;
            for (const One& other : all)
                one.facts.players += one.facts.room_key != 0 && other.facts.room_key == one.facts.room_key &&
                                             other.facts.epoch == one.facts.epoch
                                         ? 1
                                         : 0;
        }
    }
    std::size_t hosts() const {
        std::size_t count = 0;
        for (const One& one : all) count += one.facts.stage == bus::Facts::Stage::hosting ? 1 : 0;
        return count;
    }
    bool together() const {
        for (const One& one : all)
            if (one.facts.players != all.size()) return false;
        return hosts() == 1;
    }
};

} // namespace

TEST_CASE("who finds nobody opens the room, and who comes later joins it") {
    Table table(1);
    CHECK(table.all[0].finder.looks());
    table.run(700_ms);
    CHECK(table.all[0].orders.empty());
    table.run(200_ms);
    REQUIRE(table.all[0].orders.size() == 1);
    CHECK(table.all[0].orders[0].kind == bus::Order::Kind::host);
    CHECK_FALSE(table.all[0].finder.looks());
    table.all.resize(2);
    table.all[1].self = 77;
    Table::begin(table.all[1]);
    table.run(300_ms);
    REQUIRE(table.all[1].orders.size() == 1);
    CHECK(table.all[1].orders[0].kind == bus::Order::Kind::join);
    CHECK(table.all[1].orders[0].host == 10);
    CHECK(table.together());
}

TEST_CASE("of several who look at once the first in order opens, and the others wait for it") {
    Table table(5);
    table.run(3_s);
    CHECK(table.together());
    CHECK(table.all[0].facts.stage == bus::Facts::Stage::hosting);
    for (const auto& one : table.all) CHECK(one.orders.size() == 1);
}

TEST_CASE("of two rooms of one name the guests of the smaller go over, and its host goes last") {
    Table table(5);
    for (std::size_t i = 0; i < 5; ++i) table.all[i].deaf = i >= 2;
    table.run(2_s);
    for (std::size_t i = 0; i < 2; ++i) table.all[i].deaf = true;
    for (std::size_t i = 2; i < 5; ++i) table.all[i].deaf = false;
    for (std::size_t i = 2; i < 5; ++i) {
        table.leave(table.all[i]);
        Table::begin(table.all[i]);
        table.all[i].orders.clear();
    }
    table.run(4_s);
    CHECK(table.hosts() == 2);
    for (auto& one : table.all) one.deaf = false;
    table.run(2_s);
    CHECK(table.hosts() == 2); // not in haste
    table.run(10_s);
    CHECK(table.together());
    CHECK(table.all[0].facts.stage == bus::Facts::Stage::joined);
}

TEST_CASE("the host to whom it knocks goes, and it knocks where the next one is") {
    Table table(2);
    table.run(2_s);
    auto& guest = table.all[1];
    guest.finder.begin({game, 6, 1, bus::Name("lobby"), bus::Name("bob"), 750_ms}, guest.self);
    guest.facts = {};
    guest.orders.clear();
    bus::Order order;
    for (int i = 0; i < 100 && order.kind == bus::Order::Kind::none; ++i) {
        table.now += 10_ms;
        (void)table.all[0].finder.turn(
            table.now, table.all[0].facts, {}, [&](BytesIn word) { table.say(table.all[0], word); },
            all_answer);
        order = guest.finder.turn(
            table.now, guest.facts, {}, [&](BytesIn word) { table.say(guest, word); }, all_answer);
    }
    REQUIRE(order.kind == bus::Order::Kind::join);
    guest.facts.stage = bus::Facts::Stage::joining;
    // It says nothing any more; another of the same room does.
    bus::Listing next;
    next.host = 99;
    next.instance = table.all[0].finder.instance();
    next.number = 1;
    next.epoch = {1, PeerId{3}};
    next.players = 1;
    next.places = 5;
    next.schema = 6;
    next.game_version = 1;
    next.room = bus::Name("lobby");
    std::byte bytes[bus::word_bytes_max];
    (void)guest.finder.hear(table.now, BytesIn(bytes).first(write(bytes, next, game, 1)));
    order = guest.finder.turn(
        table.now, guest.facts, {}, [](BytesIn) {}, all_answer);
    CHECK(order.kind == bus::Order::Kind::join);
    CHECK(order.host == 99);
    table.now += 5_s; // and that one neither: it looks again, and opens the room itself
    (void)guest.finder.turn(
        table.now, guest.facts, {}, [](BytesIn) {}, all_answer);
    CHECK(guest.finder.looks());
    table.now += 1_s;
    order = guest.finder.turn(
        table.now, guest.facts, {}, [](BytesIn) {}, all_answer);
    CHECK(order.kind == bus::Order::Kind::host);
}

TEST_CASE("who leaves the smaller side of a room that has parted does not turn back to it as the newer") {
    Table table(5);
    table.joining_takes = 200_ms;
    table.run(3_s);
    REQUIRE(table.together());
    std::size_t host = 0;
    while (table.all[host].facts.stage != bus::Facts::Stage::hosting) ++host;
    // Two of the guests, who did not hear the others for long, have made one of them their host.
    auto &heir = table.all[(host + 1) % 5], &follower = table.all[(host + 2) % 5];
    heir.facts.stage = bus::Facts::Stage::hosting;
    heir.facts.epoch = follower.facts.epoch = {1, heir.facts.self};
    table.count();
    CHECK(heir.facts.players == 2);
    table.run(60_s);
    CHECK(table.together());
    CHECK(table.all[host].facts.stage == bus::Facts::Stage::hosting);
}

TEST_CASE("a room that is made up calls nobody away, and who looks does not wait for it for ever") {
    Table table(3);
    table.run(3_s);
    REQUIRE(table.together());
    bus::Listing ghost;
    ghost.host = 666; // who does not answer
    ghost.instance = 1;
    ghost.players = 1000;
    ghost.places = 5;
    ghost.schema = 6;
    ghost.game_version = 1;
    ghost.room = bus::Name("lobby");
    const auto haunt = [&](Duration time) {
        std::byte bytes[bus::word_bytes_max];
        for (const Instant end = table.now + time; table.now < end; table.run(500_ms)) {
            ++ghost.number;
            const BytesIn word = BytesIn(bytes).first(write(bytes, ghost, game, 1));
            for (auto& one : table.all) (void)one.finder.hear(table.now, word);
        }
    };
    haunt(20_s);
    CHECK(table.together());
    for (const auto& one : table.all) CHECK(one.orders.size() == 1);
    auto& guest = table.all[2];
    guest.finder.say_goodbye({}, [&](BytesIn word) { table.say(guest, word); });
    table.leave(guest);
    guest.self = 99;
    Table::begin(guest);
    guest.orders.clear();
    haunt(10_s);
    REQUIRE(guest.orders.size() == 2);
    CHECK(guest.orders[0].host == 666);
    CHECK(table.together());
}

TEST_CASE("a word that claims to be our own is forged, and an echo is not") {
    Table table(1);
    table.run(2_s); // which hears itself
    const auto& refusals = table.all[0].finder.directory().refusals();
    CHECK(refusals.total() == 0);
    bus::Presence word;
    word.from = 10;
    word.number = 1000;
    word.leaves = true;
    std::byte bytes[bus::word_bytes_max];
    CHECK(table.all[0].finder.hear(table.now, BytesIn(bytes).first(write(bytes, word, game, 0))));
    CHECK(refusals.of(Error::forged_presence) == 1);
    bytes[0] = std::byte{1};
    CHECK_FALSE(table.all[0].finder.hear(table.now, BytesIn(bytes).first(20)));
    for (int i = 0; i < 100; ++i) {
        const std::size_t size = write(bytes, bus::Ask{5}, game);
        (void)table.all[0].finder.hear(table.now, BytesIn(bytes).first(size));
    }
    CHECK(refusals.of(Error::flooded) != 0);
}

TEST_CASE("a goodbye closes the room of a host that is alone") {
    Table table(2);
    table.run(3_s);
    REQUIRE(table.together());
    auto& guest = table.all[1];
    guest.finder.say_goodbye({}, [&](BytesIn word) { table.say(guest, word); });
    CHECK(table.all[0].finder.directory().peer(guest.self) == nullptr);
    CHECK(guest.finder.next() == Instant::never());
    table.leave(guest);
    table.run(500_ms);
    bus::Directory lobby(game);
    table.all[0].finder.say_goodbye({}, [&](BytesIn word) { (void)lobby.hear(table.now, word); });
    CHECK(lobby.room_count() == 0);
    CHECK_FALSE(table.all[0].finder.is_on());
}
