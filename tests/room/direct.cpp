#include "tenon/room/direct.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "parts.hpp"
#include "tenon/room/direct_part.hpp"
#include "tenon/topology/mesh.hpp"

using namespace rooms;
using Kind = RoomEvent::Kind;

namespace {

using MeshRoom = Room<MemoryAddress, reliability::AckVector, topology::Mesh<>>;
using MeshNet = NetOf<MeshRoom>;
using MeshMember = MemberOf<MeshRoom>;

constexpr Options options{.timeout = 4_s, .stale_after = 1_s, .succeed_after = 1_s};

std::string directly(MeshMember& member) {
    std::string all;
    for (const PeerId peer : member.room.roster())
        if (peer != member.room.self() && member.room.direct(peer))
            all += (all.empty() ? "" : " ") + std::to_string(peer.value);
    return all;
}
Result<> spread(MeshMember& member, MessageType type, std::string_view text) {
    const BytesOut into = member.room.scratch();
    copy(into.data(), bytes_of(text));
    return member.room.spread({type, carriage().of(type), into.first(text.size()), {}, type.value},
                              [](const auto&) { return true; });
}

} // namespace

static_assert(MeshRoom::links_directly);
static_assert(!TestRoom::links_directly);

TEST_CASE("the key of a direct link is one for both sides, and another for every other pair and room") {
    CHECK(direct_key(1, 2, PeerId{3}, PeerId{4}) == direct_key(1, 2, PeerId{4}, PeerId{3}));
    std::set<std::uint64_t> keys{
        direct_key(1, 2, PeerId{3}, PeerId{4}), direct_key(2, 2, PeerId{3}, PeerId{4}),
        direct_key(1, 3, PeerId{3}, PeerId{4}), direct_key(1, 2, PeerId{3}, PeerId{5}),
        direct_key(1, 2, PeerId{5}, PeerId{4}), epoch_key(1, 2, {3, PeerId{3}}, PeerId{4})};
    CHECK(keys.size() == 6);
}

TEST_CASE("guests reach each other straight, and each hears once what is said to all") {
    MeshNet net;
    net.meet(3, options);
    net.run(500_ms);
    CHECK(directly(net[0]) == "1 2 3");
    CHECK(directly(net[1]) == "0 2 3");
    CHECK(directly(net[3]) == "0 1 2");
    CHECK(net[1].room.seat_count() == 3);
    CHECK(net[1].room.health(PeerId{3})->detours == 0);
    CHECK(net[1].room.health(PeerId{9}).error() == Error::unknown_peer);
    for (std::size_t i = 0; i < 4; ++i)
        CHECK(spread(net[i], best_effort, std::string(1, static_cast<char>('p' + i))));
    CHECK(net[2].say(PeerId{3}, newest, std::string("\0!", 2)));
    net.run(200_ms);
    CHECK(net[0].heard(best_effort) == "q r s");
    CHECK(net[3].heard(best_effort) == "p q r");
    CHECK(net[3].heard(newest) == std::string("\0!", 2));
    CHECK(net[0].room.health().relayed == 0);
}

TEST_CASE("a link is up when both sides hear each other, and down when either does not") {
    MeshNet net;
    bool deaf = true;
    net.loses = [&](const MemoryAddress& from, const MemoryAddress& to) {
        return deaf && from.host == 2 && to.host == 3;
    };
    net.meet(3, options);
    net.run(2_s);
    CHECK(directly(net[1]) == "0 3");
    CHECK(directly(net[2]) == "0 3");
    CHECK(net[1].room.health().detours == 1);
    CHECK(net[1].room.health(PeerId{2})->detours == 1);
    CHECK(spread(net[1], best_effort, "x"));
    CHECK(spread(net[2], best_effort, "y"));
    net.run(200_ms);
    CHECK(net[2].heard(best_effort) == "x");
    CHECK(net[1].heard(best_effort) == "y");
    CHECK(net[3].heard(best_effort) == "x y");
    CHECK(net[0].room.health().relayed == 2);
    deaf = false;
    net.run(2_s);
    CHECK(directly(net[1]) == "0 2 3");
    CHECK(directly(net[2]) == "0 1 3");
    deaf = true;
    net.run(2500_ms); // each says something every second, and is waited for as long
    CHECK(directly(net[1]) == "0 3");
    CHECK(directly(net[2]) == "0 3");
    deaf = false;
    net.run(12_s); // longer than a link's timeout
    CHECK(directly(net[1]) == "0 2 3");
}

TEST_CASE("several messages that wait for the host to pass them on don't replace each other") {
    MeshNet net;
    net.loses = [&](const MemoryAddress& from, const MemoryAddress& to) {
        return from.host == 2 && (to.host == 3 || to.host == 4); // the fourth guest hears it
    };
    net.meet(4, options);
    net.run(1_s);
    CHECK(net[1].room.health().detours == 2);
    CHECK(spread(net[1], newest, std::string("\1a", 2)));
    net.run(200_ms);
    for (std::size_t i : {0u, 2u, 3u, 4u}) CHECK(net[i].heard(newest) == std::string("\1a", 2));
    CHECK(net[0].room.health().relayed == 2);
}

TEST_CASE("who leaves or is closed tells those with whom it had links") {
    MeshNet net;
    net.meet(3, options);
    net.run(500_ms);
    net[2].room.leave();
    net.run(100_ms);
    CHECK(net[2].room.drained());
    CHECK(net[1].room.seat_count() == 2);
    CHECK(net[1].roster() == "0:host 1:a 3:c");
    CHECK(net[1].count(Kind::closed) == 0);
    CHECK(directly(net[1]) == "0 3");
    CHECK(net[0].room.kick(PeerId{3}));
    net.run(100_ms);
    CHECK(net[3].room.status() == Status::closed);
    CHECK(net[3].room.drained());
    CHECK(net[1].room.seat_count() == 1);
}

TEST_CASE("a link rests while its peer is the host, and goes on where it was") {
    MeshNet net;
    net.meet(3, options);
    net.run(500_ms);
    const auto packets = net[1].room.health(PeerId{2})->packets_out;
    REQUIRE(packets > 0);
    CHECK(net[0].room.estate().set_authority(net[0].room, PeerId{2}));
    net.run(2_s);
    REQUIRE(net[2].room.status() == Status::hosting);
    for (std::size_t i = 0; i < 4; ++i) CHECK(net[i].room.seat_count() == 3);
    CHECK(net[1].room.health(PeerId{0})->detours == 0);
    CHECK(net[2].room.estate().set_authority(net[2].room, PeerId{0}));
    net.run(2_s);
    REQUIRE(net[0].room.status() == Status::hosting);
    CHECK(directly(net[1]) == "0 2 3");
    CHECK(net[1].room.health(PeerId{2})->packets_out > packets);
    CHECK(spread(net[1], best_effort, "still here"));
    net.run(200_ms);
    for (std::size_t i : {0u, 2u, 3u}) CHECK(net[i].heard(best_effort) == "still here");
}

TEST_CASE("what comes over a direct link and should not ends that link, and nothing else") {
    for (const MessageType word :
         {reliable, ordered, room_word::joined, room_word::relay, room_word::estate}) {
        MeshNet net;
        net.meet(3, options);
        net.run(500_ms);
        auto* seat = net[1].room.way_to(PeerId{2});
        REQUIRE((seat != nullptr && seat->direct));
        CHECK(seat->link.channel(true).append(word, bytes_of("nonsense")));
        net[1].room.mark(*seat);
        net.run(3_s);
        CHECK(net[2].heard(word) == "");
        CHECK(directly(net[2]) == "0 3");
        CHECK(directly(net[1]) == "0 3");
        CHECK(net[2].room.status() == Status::joined);
        CHECK(net[2].roster() == "0:host 1:a 2:b 3:c");
        CHECK(spread(net[1], best_effort, "sorry"));
        net.run(200_ms);
        CHECK(net[2].heard(best_effort) == "sorry");
    }
    MeshNet net;
    net.meet(2, options);
    net.run(500_ms);
    auto* seat = net[1].room.way_to(PeerId{2});
    CHECK(seat->link.push_command(best_effort, bytes_of("go")));
    net[1].room.mark(*seat);
    net.run(1_s);
    CHECK(net[2].count(Kind::command) == 0);
    CHECK(directly(net[2]) == "0");
}

TEST_CASE("damaged, foreign and doubled packets on a direct link are refused and counted") {
    MeshNet net;
    net.meet(2, options);
    net.run(500_ms);
    std::byte bytes[40] = {};
    const auto before = net[2].room.health(PeerId{1})->refused;
    for (int i = 0; i < 10; ++i) net.send(net[1].address, net[2].address, bytes);
    net.send({77, 4000}, net[2].address, bytes);
    net.run(500_ms);
    CHECK(net[2].room.health(PeerId{1})->refused == before + 10);
    CHECK(directly(net[2]) == "0 1");
}
