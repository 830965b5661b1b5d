// Bare rooms that may lose their host: what is said over their links, by hand. Whole ones are in tests/sim.
#include "tenon/room/estate.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/contract.hpp"
#include "tenon/room/estate_part.hpp"
#include "tenon/room/filing.hpp"
#include "tenon/room/handover.hpp"
#include "tenon/room/herald.hpp"
#include "tenon/room/kinship.hpp"
#include "tenon/room/reign.hpp"
#include "tenon/room/room.hpp"
#include "tenon/room/way_back.hpp"
#include "tenon/topology/authority_hosted.hpp"
#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::MemoryAddress;

namespace {

using Migrating = Room<MemoryAddress, reliability::AckVector, topology::AuthorityHosted<>>;
constexpr std::array<Delivery, 2> deliveries{Delivery::ordered, Delivery::best_effort};
constexpr MessageType line{MessageType::first_user};

// Rooms in a row, of which the first hosts; the way between them takes no time, and leads everywhere except
// to and from the one that is cut off.
struct Row {
    std::size_t cut_off = SIZE_MAX;
    Instant now{1'000'000'000};
    std::vector<std::unique_ptr<Migrating>> rooms;
    std::vector<std::vector<std::string>> heard;
    std::vector<RoomEvent::Kind> kinds_at_last{};

    explicit Row(std::uint32_t count) {
        Terms terms;
        terms.game = 1;
        terms.room = 2;
        terms.schema = 3;
        for (std::uint32_t i = 0; i < count; ++i) {
            rooms.push_back(std::make_unique<Migrating>(
                Options{.timeout = 5_s, .succeed_after = 1_s}, terms,
                Carriage{deliveries, [](std::size_t) { return std::string_view("line"); }}, 1200, Pulse{},
                i + 1));
            heard.emplace_back();
            REQUIRE((i == 0 ? rooms[0]->host() : rooms[i]->join(now, at(0))));
            run(100_ms);
        }
        for (auto& room : rooms)
            REQUIRE((room->status() == Status::joined || room->status() == Status::hosting));
    }
    static MemoryAddress at(std::size_t i) { return {static_cast<std::uint32_t>(i + 1), 4000}; }
    Migrating& operator[](std::size_t i) { return *rooms[i]; }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 10_ms)
            for (std::size_t i = 0; i < rooms.size(); ++i)
                if (rooms[i]) turn(i);
    }
    void turn(std::size_t i) {
        rooms[i]->handle_timeout(now);
        listen(i);
        std::array<std::byte, 1200> buffer{};
        while (const auto out = rooms[i]->poll_transmit(now, buffer)) {
            const std::size_t to = out.to.host - 1;
            if (to >= rooms.size() || !rooms[to] || to == cut_off || i == cut_off) continue;
            rooms[to]->handle_datagram(now, at(i), BytesIn(buffer).first(out.size));
            listen(to);
        }
    }
    void listen(std::size_t i) {
        RoomEvent event;
        while (rooms[i]->poll_event(event)) {
            if (event.kind == RoomEvent::Kind::message) hear(i, event.peer, event.payload);
            // As a session does.
            if (event.kind == RoomEvent::Kind::authority && event.peer == rooms[i]->self() &&
                event.reason != Error::none)
                rooms[i]->estate().inherit(
                    *rooms[i], [&](MessageType, BytesIn said) { hear(i, rooms[i]->self(), said); });
        }
    }
    void hear(std::size_t i, PeerId from, BytesIn said) {
        heard[i].push_back(std::to_string(from.value) + ":" + std::string(text_of(said)));
    }
    bool run_until(Duration limit, auto&& holds) {
        for (const Instant end = now + limit; now < end && !holds();) run(10_ms);
        return holds();
    }
    Result<> file(std::size_t i, PeerId to, std::string_view text) {
        return rooms[i]->estate().file(*rooms[i], to, line, bytes_of(text));
    }
    // Any bytes, from a guest to the host or from the host to a guest.
    void say(std::size_t from, std::size_t to, MessageType word, const std::vector<std::uint8_t>& bytes) {
        auto* seat = rooms[from]->seat_of(rooms[to]->self());
        REQUIRE(seat != nullptr);
        const BytesIn payload(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size());
        REQUIRE(rooms[from]->push(*seat, {word, Delivery::ordered, payload, {}, 0}));
    }
};
using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("what is filed reaches those whom it is for, once, whoever says it") {
    Row row(4);
    const std::string large(200, 'x'); // is moved about where it lies
    REQUIRE(row.file(0, PeerId::none(), large));
    REQUIRE(row.file(2, PeerId::none(), "all"));
    REQUIRE(row.file(1, PeerId{3}, "three"));
    REQUIRE(row.file(3, PeerId::host(), "host"));
    row.run(500_ms);
    CHECK(row.heard[0] == Lines{"2:all", "3:host"});
    CHECK(row.heard[1] == Lines{"0:" + large, "2:all"});
    CHECK(row.heard[2] == Lines{"0:" + large});
    CHECK(row.heard[3].size() == 3);
    CHECK(row.file(1, PeerId{1}, "self").error() == Error::unknown_peer);
    CHECK(row.file(1, PeerId{9}, "nobody").error() == Error::unknown_peer);
}

TEST_CASE("when the host is gone another has its place, and what was said goes on") {
    Row row(4);
    REQUIRE(row.file(1, PeerId::none(), "before"));
    row.run(500_ms);
    row.rooms[0].reset();
    REQUIRE(row.file(2, PeerId::none(), "while"));
    row.run(3_s);
    CHECK(row[1].status() == Status::hosting);
    CHECK(row[1].estate().epoch() == Epoch{1, PeerId{1}});
    CHECK(row[1].estate().previous() == PeerId::host());
    for (std::size_t i = 2; i < 4; ++i) CHECK(row[i].host_id() == PeerId{1});
    REQUIRE(row.file(3, PeerId::none(), "after"));
    row.run(500_ms);
    CHECK(row.heard[1] == Lines{"2:while", "3:after"});
    CHECK(row.heard[2] == Lines{"1:before", "3:after"});
    CHECK(row.heard[3] == Lines{"1:before", "2:while"});
}

TEST_CASE("only the host hands over, and only to one who is there") {
    Row row(3);
    CHECK(row[1].estate().set_authority(row[1], PeerId{2}).error() == Error::not_authority);
    CHECK(row[0].estate().set_authority(row[0], PeerId{7}).error() == Error::unknown_peer);
    CHECK(row[0].estate().set_authority(row[0], PeerId::host()));
    CHECK(row[0].status() == Status::hosting);
    CHECK(row[0].estate().set_authority(row[0], PeerId{2}));
    CHECK(row[0].estate().set_authority(row[0], PeerId{1}).error() == Error::already_open);
    row.run(1_s);
    CHECK(row[2].status() == Status::hosting);
    CHECK(row[0].host_id() == PeerId{2});
    CHECK(row[1].host_id() == PeerId{2});
}

TEST_CASE("who hands over what it has just taken over hears first what was said to the one before it") {
    Row row(4);
    row.run(500_ms);
    row.rooms[0].reset();
    for (std::size_t i = 1; i < 4; ++i) REQUIRE(row.file(i, PeerId::host(), "asked"));
    REQUIRE(row.run_until(3_s, [&] { return row[1].status() == Status::hosting; }));
    REQUIRE(row[1].estate().gathers());
    CHECK(row[1].estate().set_authority(row[1], PeerId{2}));
    CHECK(row[1].estate().set_authority(row[1], PeerId{3}).error() == Error::already_open);
    row.run(2_s);
    CHECK(row[2].status() == Status::hosting);
    for (std::size_t i = 1; i < 4; ++i) CHECK(row[i].host_id() == PeerId{2});
    CHECK(row.heard[1].size() == 3); // of each, itself included, and in no order
    CHECK(row.heard[2].empty());
    CHECK(row.heard[3].empty());
}

TEST_CASE("who did not hear of two changes still has what it said to the first host heard by the last") {
    Row row(5);
    row.run(500_ms);
    row.rooms[0].reset();
    row.cut_off = 4;
    REQUIRE(row.file(4, PeerId::host(), "asked"));
    REQUIRE(row.run_until(5_s, [&] { return row[1].status() == Status::hosting; }));
    row.run(600_ms);
    REQUIRE(row[1].estate().set_authority(row[1], PeerId{2}));
    REQUIRE(row.run_until(1_s, [&] { return row[2].status() == Status::hosting; }));
    row.run(700_ms); // so that it is the new host who tells it
    row.cut_off = SIZE_MAX;
    row.run(2_s);
    CHECK(row[4].host_id() == PeerId{2});
    CHECK(row.heard[2] == Lines{"4:asked"});
}

TEST_CASE("nobody is handed a room before it obeys who hands it over") {
    Row row(5);
    row.run(500_ms);
    row.rooms[0].reset();
    row.cut_off = 4;
    REQUIRE(row.run_until(5_s, [&] { return row[1].status() == Status::hosting; }));
    row.run(600_ms);
    REQUIRE(row[1].estate().set_authority(row[1], PeerId{4}));
    row.run(200_ms);
    CHECK(row[1].status() == Status::hosting);
    CHECK(row[2].host_id() == PeerId{1});
    row.cut_off = SIZE_MAX;
    row.run(1_s);
    for (std::size_t i = 1; i < 5; ++i) CHECK(row[i].host_id() == PeerId{4});
}

TEST_CASE("a room that was to be handed to one who is gone stays where it is") {
    Row row(5);
    row.run(500_ms);
    row.rooms[0].reset();
    row.cut_off = 4;
    REQUIRE(row.run_until(5_s, [&] { return row[1].status() == Status::hosting; }));
    row.run(600_ms);
    REQUIRE(row[1].estate().set_authority(row[1], PeerId{4}));
    row.rooms[4].reset();
    row.run(3_s);
    CHECK(row[1].roster().is_away(PeerId{4}));
    CHECK(row[1].status() == Status::hosting);
    CHECK(row[1].estate().set_authority(row[1], PeerId{2}));
    row.run(1_s);
    CHECK(row[3].host_id() == PeerId{2});
}

TEST_CASE("those who are known to be away are not asked who shall decide") {
    Row row(6);
    for (std::size_t i = 1; i < 4; ++i) row.rooms[i].reset();
    row.run(8_s);
    for (std::uint32_t i = 1; i < 4; ++i) REQUIRE(row[5].roster().is_away(PeerId{i}));
    row.rooms[0].reset();
    row.run(1300_ms);
    CHECK(row[4].status() == Status::hosting);
    CHECK(row[5].host_id() == PeerId{4});
}

TEST_CASE("a guest that says what only a host may say is not kept") {
    const auto word = [](EstateWord kind) { return static_cast<std::uint8_t>(kind); };
    const std::vector<std::vector<std::uint8_t>> wrong{
        {},
        {estate_word_count},
        {255, 1, 2},
        {word(EstateWord::welcome),
         1,
         0,
         0,
         0,
         0,
         0,
         0,
         0,
         1,
         1,
         1,
         1,
         1,
         1,
         1,
         1,
         0,
         0,
         0,
         0,
         0,
         0,
         0,
         0,
         0},
        {word(EstateWord::address), 0, 'x'},
        {word(EstateWord::handover), 1, 9, 0, 0, 0},
        {word(EstateWord::renumber), 9, 0, 0, 0},
        {word(EstateWord::start), 2, 1, 1},
        {word(EstateWord::merit), 0, 0, 0, 128, 63},  // another's
        {word(EstateWord::merit), 1, 0, 0, 192, 127}, // not a number
        {word(EstateWord::merit), 1, 0, 0},           // cut
        {word(EstateWord::report), 255},              // cut
        {word(EstateWord::baseline)},                 // of nothing
    };
    for (const auto& said : wrong) {
        Row row(3);
        row.say(1, 0, room_word::estate, said);
        row.run(1_s);
        CHECK_MESSAGE(!row[0].roster().contains(PeerId{1}), "word ", said.empty() ? 999 : int(said[0]));
        CHECK(row[0].roster().contains(PeerId{2}));
    }
}

TEST_CASE("a guest speaks for itself alone") {
    Row row(3);
    std::array<std::byte, 64> bytes{};
    ByteWriter out(bytes);
    Filed{PeerId{2}, 1, PeerId::none(), line, {}}.write_head(out);
    std::vector<std::uint8_t> said;
    for (std::size_t i = 0; i < out.position(); ++i) said.push_back(std::to_integer<std::uint8_t>(bytes[i]));
    said.push_back('!');
    row.say(1, 0, room_word::filed, said);
    REQUIRE(row.file(2, PeerId::none(), "true"));
    row.run(500_ms);
    CHECK(row.heard[0] == Lines{"2:true"});
    CHECK(row[0].health().refused != 0);
}
