#pragma once
// A host and a guest in lockstep without links between them: what they say is kept, to be carried over as it
// is, changed, or not at all.

#include <cstdint>
#include <vector>

#include "tenon/clock/kernel.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/room/health.hpp"
#include "tenon/room/lockstep_room.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/post.hpp"
#include "tenon/schema/quantized.hpp"

namespace pair_of {

using namespace tenon;
using namespace tenon::literals;

struct Move {
    std::int8_t by = 0;
    void serialize(auto& ar) { ar(by); }
};
using Rules = Game<"pair", 1, Command<Move>>;

struct Battle {
    std::uint64_t sum = 1;
    std::vector<std::uint32_t> units;
    std::int8_t next = 1;
    int desyncs = 0;
    Tick desync_tick;
    std::string field;

    Move command() { return {next}; }
    void step(Tick, const Inputs<Move>& inputs) {
        for (const Input<Move>& input : inputs) {
            sum = sum * 5 + static_cast<std::uint64_t>(input.order.by);
            if (input.joined) units.resize(units.size() + 300);
        }
    }
    void serialize(auto& ar) { ar(sum, bounded(units, 100'000)); }
    void on(const Desync& desync) {
        ++desyncs;
        desync_tick = desync.tick;
        field = desync.field;
    }
};

// What LockstepRoom asks of a Room.
struct FakeRoom {
    struct Link {
        std::uint64_t queued = 0;
        std::uint64_t queued_bytes() const { return queued; }
    };
    struct Seat {
        PeerId id;
        Link link;
    };
    Status at = Status::idle;
    PeerId own;
    Seat seat{};
    std::vector<std::vector<std::byte>> said;
    // Whether this peer takes itself for one who has inputs, and whether the host lets the other.
    bool speaks = true, lets = true;
    unsigned forbidden = 0;

    bool may_say(MessageType) const { return speaks; }
    FakeRoom& permissions() { return *this; }
    bool may(const FakeRoom&, PeerId, MessageType) const { return lets; }
    bool refuse(FakeRoom&, PeerId, MessageType) { return ++forbidden, false; }
    Status status() const { return at; }
    PeerId self() const { return own; }
    Instant room_time(Instant now) const { return now; }
    Seat* seat_of(PeerId id) { return id == seat.id ? &seat : nullptr; }
    Result<Health> health(PeerId) const { return Health{}; }
    Result<> push(Seat&, const Post& post) {
        said.emplace_back(post.payload.begin(), post.payload.end());
        return {};
    }
};

template <clock::KernelOptions options = clock::KernelOptions{.delay = 0, .rollback = 10}>
struct Pair {
    using Lock = LockstepRoom<Rules, codec::Bits, clock::Kernel<60, options>, FakeRoom>;
    FakeRoom host_room, guest_room;
    Lock host, guest;
    Battle host_battle, guest_battle;
    Instant now{1'000'000'000};
    Error refused = Error::none; // what one side thought of the other's words

    Pair() {
        host_room.at = Status::hosting;
        host_room.own = guest_room.seat.id = PeerId::host();
        guest_room.at = Status::joined;
        guest_room.own = host_room.seat.id = PeerId{1};
        host.peer_joined(PeerId{1});
    }
    // A turn of each; `carry(to_guest, word)` says whether a word arrives, and may change it.
    void turn(auto&& carry) {
        now += 16'666'667_ns;
        must(host.turn(now, host_room, host_battle));
        deliver(true, carry);
        must(guest.turn(now, guest_room, guest_battle));
        deliver(false, carry);
    }
    void turn() {
        turn([](bool, auto&) { return true; });
    }
    void hear(bool to_guest, BytesIn word) {
        const Result<> heard = to_guest ? guest.hear(now, guest_room, guest_battle, PeerId::host(), word)
                                        : host.hear(now, host_room, host_battle, PeerId{1}, word);
        if (!heard) refused = heard.error();
    }

  private:
    void deliver(bool to_guest, auto&& carry) {
        auto said = std::move((to_guest ? host_room : guest_room).said);
        (to_guest ? host_room : guest_room).said.clear();
        for (auto& word : said)
            if (carry(to_guest, word)) hear(to_guest, word);
    }
    void must(const Result<>& done) {
        if (!done) refused = done.error();
    }
};

} // namespace pair_of
