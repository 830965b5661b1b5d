#include "tenon/room/whereabouts.hpp"

#include <doctest/doctest.h>
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/transport/memory.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::MemoryAddress;

namespace {

// As much of a room as addresses are told in.
struct Told {
    PeerId to;
    std::vector<std::byte> word;
};
struct Desk {
    struct Link {
        bool fits = false;
        struct Stats {
            std::uint64_t packets_in = 0;
        } seen;
        const Stats& stats() const { return seen; }
        Result<> handle_datagram(Instant, BytesIn, BytesOut) {
            if (!fits) return Error::bad_checksum;
            ++seen.packets_in;
            return {};
        }
    };
    struct Seat {
        PeerId id;
        MemoryAddress address;
        bool direct = false, up = false;
        Link link{};
    };
    struct Direct {
        unsigned stirred = 0;
        void stir() { ++stirred; }
    };
    struct Table {
        bool move(Seat& seat, const MemoryAddress& at) { return seat.address = at, true; }
    };

    Options options_;
    Status status_ = Status::hosting;
    PeerId self_ = PeerId::host();
    MemoryAddress host_address_;
    Direct direct_;
    Table seats_;
    std::vector<Seat> all;
    std::vector<Told> told;

    Seat* host_seat() { return status_ == Status::joined ? &all[0] : nullptr; }
    bool has_seat_at(const MemoryAddress& at) const {
        for (const Seat& seat : all)
            if (seat.address == at) return true;
        return false;
    }
    void for_each_seat(auto&& f) {
        for (Seat& seat : all) f(seat);
    }
    void say(Seat& seat, MessageType type, BytesIn word) {
        CHECK(type == room_word::estate);
        told.push_back({seat.id, {word.begin(), word.end()}});
    }
};
struct Heirs {
    std::vector<Heir<MemoryAddress>> all;
    bool is_open() const { return true; }
    Heir<MemoryAddress>* heir(PeerId id) {
        for (auto& one : all)
            if (one.id == id) return &one;
        return nullptr;
    }
};
Heir<MemoryAddress> heir(std::uint32_t id, const MemoryAddress& at) {
    Heir<MemoryAddress> one;
    one.id = PeerId{id};
    one.at = one.told = at;
    one.has_address = true;
    return one;
}
// Two guests, behind 102 and 103.
struct Meeting {
    Desk room;
    Heirs heirs;
    Whereabouts<MemoryAddress> whereabouts;

    Meeting() {
        room.all = {{PeerId{1}, {102, 9}}, {PeerId{2}, {103, 9}}};
        heirs.all = {heir(1, {102, 9}), heir(2, {103, 9})};
    }
    bool hears(std::uint32_t from, const std::vector<std::byte>& word) {
        ByteReader in{BytesIn(word).subspan(1)};
        return whereabouts.hear(room, room.all[from - 1], in, heirs);
    }
    // As a guest with this id would say it.
    static std::vector<std::byte> word(std::uint32_t id, std::vector<MemoryAddress> at) {
        Meeting other;
        LocalAddresses<MemoryAddress> local;
        for (const auto& one : at) local.add(one);
        other.whereabouts.say(other.room, other.room.all[0], PeerId{id}, local);
        return other.room.told.empty() ? std::vector<std::byte>{} : other.room.told[0].word;
    }
};

} // namespace

TEST_CASE("a word of own addresses is that of PROTOCOL.md") {
    const auto word = Meeting::word(300, {{0x0A000007, 4000}, {5, 1}});
    const std::string text(reinterpret_cast<const char*>(word.data()), word.size());
    CHECK(text == std::string("\x0a\xac\x02\x0d"
                              "10.0.0.7:4000\x09"
                              "0.0.0.5:1"));
}

TEST_CASE("what a guest says of itself all others are told, but for where it is seen anyway") {
    Meeting meeting;
    CHECK(meeting.hears(1, Meeting::word(1, {{7, 9}, {102, 9}})));
    REQUIRE(meeting.room.told.size() == 1);
    CHECK(meeting.room.told[0].to == PeerId{2});
    CHECK(meeting.room.told[0].word == Meeting::word(1, {{7, 9}}));
    CHECK(meeting.heirs.all[0].local.count == 1);
    CHECK(meeting.heirs.all[0].may_be_at({7, 9}));
    CHECK(!meeting.heirs.all[0].may_be_at({7, 10}));
    CHECK(meeting.heirs.all[0].may_be_at({102, 77})); // its router, at another port
    CHECK(!meeting.heirs.all[0].may_be_at({103, 9}));
    CHECK(meeting.heirs.all[0].place(0) == MemoryAddress{102, 9});
    CHECK(meeting.heirs.all[0].place(1) == MemoryAddress{7, 9});
    CHECK(meeting.heirs.all[0].place(2) == MemoryAddress{102, 9});
    // Which is only so often passed on.
    for (std::uint32_t i = 0; i < 100; ++i) CHECK(meeting.hears(1, Meeting::word(1, {{200 + i, 9}})));
    CHECK(meeting.room.told.size() == 8);
}

TEST_CASE(
    "a guest that speaks for another, of too many places, or of none that can be read breaks its link") {
    Meeting meeting;
    CHECK(!meeting.hears(1, Meeting::word(2, {{7, 9}})));
    auto five = Meeting::word(1, {{1, 1}, {2, 1}, {3, 1}, {4, 1}});
    CHECK(meeting.hears(1, five));
    const auto one = Meeting::word(1, {{5, 1}});
    five.insert(five.end(), one.begin() + 2, one.end());
    CHECK(!meeting.hears(1, five));
    for (std::size_t size = 3; size < one.size(); ++size)
        CHECK(!meeting.hears(1, {one.begin(), one.begin() + std::ptrdiff_t(size)}));
    auto wrong = one;
    wrong.back() = std::byte{'x'};
    CHECK(!meeting.hears(1, wrong));
    // To a guest the host speaks of all; of somebody whom it does not know it hears nothing.
    meeting.room.status_ = Status::joined;
    CHECK(meeting.hears(1, Meeting::word(2, {{7, 9}})));
    CHECK(meeting.hears(1, Meeting::word(9, {{7, 9}})));
    CHECK(meeting.room.direct_.stirred == 1);
}

TEST_CASE("own addresses are told where the program lets them be") {
    Meeting meeting;
    meeting.whereabouts.say_own(meeting.room, meeting.room.all[0]);
    CHECK(meeting.room.told.empty());
    for (std::uint32_t i = 0; i < 9; ++i) meeting.whereabouts.add_own({i, 9});
    meeting.whereabouts.say_own(meeting.room, meeting.room.all[0]);
    REQUIRE(meeting.room.told.size() == 1);
    CHECK(meeting.room.told[0].word == Meeting::word(0, {{0, 9}, {1, 9}, {2, 9}, {3, 9}}));
    meeting.room.options_.local_addresses = false;
    meeting.whereabouts.say_own(meeting.room, meeting.room.all[0]);
    CHECK(meeting.room.told.size() == 1);
}

TEST_CASE("who is not heard where it was is found by a packet that opens, from where it could be") {
    Meeting meeting;
    std::byte desk[1];
    const auto find = [&](const MemoryAddress& from) {
        return meeting.whereabouts.find(meeting.room, meeting.heirs, Instant{1'000'000'000}, from,
                                        bytes_of("packet"), desk);
    };
    meeting.room.status_ = Status::joined;
    for (auto& seat : meeting.room.all) seat.direct = true;
    CHECK(find({102, 10}) == nullptr); // it does not open
    meeting.room.all[0].link.fits = true;
    CHECK(find({104, 10}) == nullptr); // from where neither can be
    CHECK(meeting.room.all[0].address == MemoryAddress{102, 9});
    CHECK(find({102, 10}) == &meeting.room.all[0]);
    CHECK(meeting.room.all[0].address == MemoryAddress{102, 10});
    CHECK(meeting.room.host_address_ == MemoryAddress{102, 10}); // since it is the host here
    CHECK(meeting.heirs.all[0].at == MemoryAddress{102, 10});
    meeting.room.all[0].up = true;
    CHECK(find({102, 11}) == nullptr); // it is heard already

    // Strangers make this try so often and no more.
    meeting.room.all[1].link.fits = true;
    unsigned tried = 0;
    for (int i = 0; i < 1000; ++i) tried += find({103, std::uint16_t(100 + i)}) != nullptr ? 1 : 0;
    CHECK(tried == 98);
}

TEST_CASE("words that are not answered go to each place in turn") {
    auto one = heir(1, {102, 9});
    one.local.add({7, 9});
    for (int i = 0; i < 4; ++i) CHECK(one.reach() == MemoryAddress{102, 9});
    unsigned local = 0;
    for (int i = 0; i < 16; ++i) local += one.reach() == MemoryAddress{7, 9} ? 1 : 0;
    CHECK(local == 4);
}
