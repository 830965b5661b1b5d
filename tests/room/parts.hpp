#pragma once
// Rooms driven by hand, without a session: a net that carries what each room gives to whom it is for, in
// virtual time, and a Carriage of a small game: 8 best effort, 9 newest, 10 reliable, 11 ordered.

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/room.hpp"
#include "tenon/transport/memory.hpp"

namespace rooms {

using namespace tenon;
using namespace tenon::literals;
using transport::MemoryAddress;

inline constexpr MessageType best_effort{8}, newest{9}, reliable{10}, ordered{11}, unknown{12};

inline Carriage carriage() {
    static constexpr std::array<Delivery, 4> deliveries{Delivery::best_effort, Delivery::newest,
                                                        Delivery::reliable, Delivery::ordered};
    return {deliveries, [](std::size_t i) {
                constexpr std::string_view names[] = {"Spark", "Place", "Shot", "Line"};
                return names[i];
            }};
}

inline constexpr std::array<std::uint32_t, 4> hashes{1, 2, 3, 4};
inline Terms terms() {
    Terms terms;
    terms.game = 77;
    terms.room = 88;
    terms.schema = 99;
    terms.game_version = 1;
    terms.codec = 5;
    terms.type_hashes = hashes;
    return terms;
}

struct Told {
    RoomEvent::Kind kind;
    std::uint32_t peer;
    std::uint16_t type;
    Error reason;
    std::string text; // of a message, its payload
};

using TestRoom = Room<MemoryAddress, reliability::AckVector>;
static_assert(Machine<TestRoom>);

// One member and what it was told.
template <class RoomType>
struct MemberOf {
    MemoryAddress address;
    RoomType room;
    std::vector<Told> told;

    MemberOf(std::uint32_t host, const Options& options, const Terms& terms)
        : address{host, 4000}, room(options, terms, carriage(), 1200, Pulse{}, options.seed + host) {}

    void drain() {
        RoomEvent event;
        while (room.poll_event(event)) {
            const bool message =
                event.kind == RoomEvent::Kind::message || event.kind == RoomEvent::Kind::command;
            told.push_back({event.kind, event.peer.value, event.type.value, event.reason,
                            std::string(message ? text_of(event.payload) : event.text)});
        }
    }
    std::size_t count(RoomEvent::Kind kind) const {
        std::size_t n = 0;
        for (const Told& one : told) n += one.kind == kind ? 1 : 0;
        return n;
    }
    const Told* last(RoomEvent::Kind kind) const {
        for (std::size_t i = told.size(); i-- > 0;)
            if (told[i].kind == kind) return &told[i];
        return nullptr;
    }
    // The payloads of all messages of a type, joined by spaces.
    std::string heard(MessageType type) const {
        std::string all;
        for (const Told& one : told)
            if (one.kind == RoomEvent::Kind::message && one.type == type.value)
                all += (all.empty() ? "" : " ") + one.text;
        return all;
    }
    std::string roster() const {
        std::string all;
        for (std::size_t i = 0; i < room.roster().size(); ++i)
            all += (i == 0 ? "" : " ") + std::to_string(room.roster()[i].id.value) + ":" +
                   std::string(room.roster()[i].name.view());
        return all;
    }
    // What the session does for an event.
    Result<> say(PeerId to, MessageType type, std::string_view text, const How& how = {}) {
        auto* seat = room.way_to(to);
        if (seat == nullptr) return Error::unknown_peer;
        if (!room.direct(to))
            return room.push_relay(to, {type, carriage().of(type), bytes_of(text), how, type.value});
        return room.push(*seat, {type, carriage().of(type), bytes_of(text), how, type.value});
    }
};

template <class RoomType>
class NetOf {
  public:
    using Member = MemberOf<RoomType>;
    Instant now{5'000'000'000};
    std::vector<std::unique_ptr<Member>> members;
    // Whether a datagram is lost on its way; none is unless a test says so.
    std::function<bool(const MemoryAddress& from, const MemoryAddress& to)> loses;

    Member& add(std::string_view name, Options options = {}, const Terms& like = terms()) {
        options.name = name;
        options.seed = 40;
        members.push_back(
            std::make_unique<Member>(static_cast<std::uint32_t>(members.size() + 1), options, like));
        return *members.back();
    }
    // A host, and so many who have joined.
    void meet(std::size_t guests, const Options& options = {}) {
        REQUIRE(add("host", options).room.host());
        for (std::size_t i = 0; i < guests; ++i) {
            Member& guest = add(std::string(1, static_cast<char>('a' + i)), options);
            REQUIRE(guest.room.join(now, members[0]->address));
            run(200_ms);
            REQUIRE(guest.room.status() == Status::joined);
        }
    }
    Member& operator[](std::size_t i) { return *members[i]; }

    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) step();
    }
    void step() {
        for (auto& member : members) {
            member->room.handle_timeout(now);
            member->drain();
            std::byte buffer[1200];
            while (const auto out = member->room.poll_transmit(now, buffer))
                send(member->address, out.to, BytesIn(buffer, out.size));
            member->drain();
        }
        deliver();
    }
    void send(const MemoryAddress& from, const MemoryAddress& to, BytesIn bytes) {
        if (loses && loses(from, to)) return;
        flying_.push_back({from, to, std::vector<std::byte>(bytes.begin(), bytes.end())});
    }

  private:
    struct Flying {
        MemoryAddress from, to;
        std::vector<std::byte> bytes;
    };
    void deliver() {
        for (; !flying_.empty(); flying_.pop_front())
            for (auto& member : members) {
                if (!(member->address == flying_.front().to)) continue;
                member->room.handle_datagram(now, flying_.front().from, flying_.front().bytes);
                member->drain();
            }
    }
    std::deque<Flying> flying_;
};

using Member = MemberOf<TestRoom>;
using Net = NetOf<TestRoom>;

} // namespace rooms
