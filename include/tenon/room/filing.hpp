#pragma once
// Filing: the reliable events of a room that migrates, between the ledger, which keeps them, and the links,
// which carry them. The room's estate has one.

#include <cstddef>
#include <cstdint>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/estate_words.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/ledger.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/words.hpp"
#include "tenon/schema/delivery.hpp"

namespace tenon {

class Filing {
  public:
    explicit Filing(std::size_t bytes_max) : ledger_(bytes_max) {}

    const Ledger& ledger() const { return ledger_; }

    void begin(PeerId self) {
        ledger_.begin(self);
        reports_ = false;
    }
    void preside() {
        ledger_.preside();
        reports_ = true;
    }
    void report_from_now() { reports_ = true; }
    void seat(PeerId peer) {
        ledger_.seat(peer);
        stirred_ = true;
    }
    void reseat(PeerId peer) {
        ledger_.reseat(peer);
        stirred_ = true;
    }
    // Events are settled without who is not there, but only when there is no room to keep them for it.
    template <class Seat>
    void unseat(Seat& seat) {
        ledger_.unseat(seat.id);
        seat.absent = stirred_ = true;
    }
    template <class Room>
    void note_absent(Room& room) {
        const bool pressed = ledger_.pressed();
        room.for_each_seat([&](auto& seat) {
            if (seat.is_away() && !seat.absent && pressed) return unseat(seat);
            if (seat.is_away() || !seat.absent) return;
            this->seat(seat.id);
            seat.absent = false;
        });
    }
    void recovered() {
        ledger_.recovered();
        stirred_ = true;
    }
    void forget(PeerId peer) {
        ledger_.forget(peer);
        stirred_ = true;
    }
    void readdress(PeerId from, PeerId to) {
        ledger_.readdress(from, to, [](const Filed&) {});
    }

    // ---- saying

    template <class Room>
    Result<> file(Room& room, PeerId to, MessageType type, BytesIn payload) {
        const auto filed = ledger_.file(to, type, payload);
        if (!filed) return filed.error();
        stirred_ = true;
        if (room.status_ == Status::hosting)
            pass_to(room, *filed, [](const auto&) { return true; });
        else if (auto* seat = room.host_seat(); seat != nullptr && !(to && ledger_.holds_back(to)))
            say(room, *seat, *filed);
        return {};
    }
    // Where everybody's events stand, to a newcomer.
    template <class Room>
    void welcome(Room& room, typename Room::Seat& newcomer) {
        ledger_.seat(newcomer.id, true);
        std::size_t place = 0;
        say_parts(room, newcomer, EstateWord::start,
                  [&](BytesOut into) { return ledger_.write_start(into, place); });
    }
    // To a new host: all that was heard, and all that is kept; but what is for one other peer only when the
    // host asks for it, or some of it would come before the peer can be reached, and get lost, and some
    // after.
    template <class Room>
    void follow(Room& room, typename Room::Seat& host) {
        for (const PeerId peer : room.roster_) ledger_.know(peer);
        ledger_.follow();
        reports_ = true;
        report(room, host);
        // What was said to one of the others follows when the host asks for it, and can pass it on.
        ledger_.for_each_kept([&](const Filed& filed) {
            if (!filed.direct()) say(room, host, filed);
        });
    }
    // The first whole report of a link has come: from here on events go through it, after those that its peer
    // lacks.
    template <class Room>
    void synchronise(Room& room, typename Room::Seat& seat) {
        ledger_.for_each_lacked(seat.id, [&](const Filed& filed) { say(room, seat, filed); });
        // A newcomer keeps what it came too late to hear, since it may have to pass it on.
        if (!seat.follower)
            ledger_.for_each_kept([&](const Filed& filed) {
                if (!filed.direct() && filed.origin != seat.id && !ledger_.lacks(seat.id, filed))
                    say(room, seat, filed);
            });
        seat.synchronous = true;
    }
    // f(type, payload) of what this peer said to the one it succeeds, and may not have been heard. f may say
    // more, so it is given copies.
    void inherit(PeerId from, auto&& f) {
        const std::size_t size = ledger_.bytes();
        auto* bytes = size != 0 ? new (std::nothrow) std::byte[size] : nullptr;
        ByteWriter out(BytesOut(bytes, bytes != nullptr ? size : 0));
        ledger_.readdress(from, ledger_.self(), [&](const Filed& filed) {
            out.u16(filed.type.value);
            out.u32(static_cast<std::uint32_t>(filed.payload.size()));
            out.bytes(filed.payload);
        });
        ByteReader in(BytesIn(bytes, out.position()));
        while (in.left() != 0) {
            const MessageType type{in.u16()};
            const std::uint32_t length = in.u32();
            const BytesIn payload = in.bytes(length);
            if (!in.ok()) break;
            f(type, payload);
        }
        delete[] bytes;
    }

    // ---- hearing

    template <class Room>
    Result<bool> hear(Room& room, typename Room::Seat& seat, BytesIn payload, RoomEvent& event) {
        auto filed = Filed::read(payload);
        const bool known =
            filed && (room.carriage_.knows(filed->type) || (Room::has_roles && filed->is_nothing()));
        if (!known || !is_reliable(room.carriage_.of(filed->type))) return Error::malformed;
        const bool hosting = room.status_ == Status::hosting;
        // Another's words are heard from a guest while they may have been lost with the host, and else only
        // from those who said them.
        if (hosting && filed->origin != seat.id && !seat.follower) return room.count_strange(true), false;
        // The others count on a number for each.
        if (hosting && filed->origin == seat.id && !filed->is_nothing() &&
            !room.permissions_.admits(room, seat, filed->type))
            filed->strike();
        if (hosting && filed->direct() && filed->to != room.self_) {
            pass_to(room, *filed, [](const auto&) { return true; });
            return false;
        }
        if (filed->origin == room.self_) return false; // it comes back from who kept it
        const auto hearing = ledger_.hear(*filed);
        if (hearing == Ledger::Hearing::refused) return Error::over_bound;
        if (hearing == Ledger::Hearing::doubled) return false;
        stirred_ = true;
        if (hosting && !filed->direct())
            pass_to(room, *filed, [&](const auto& other) {
                return &other != &seat &&
                       (hearing == Ledger::Hearing::fresh || ledger_.lacks(other.id, *filed));
            });
        event = {RoomEvent::Kind::message, filed->origin, filed->type, filed->payload, Error::none, {}};
        return hearing == Ledger::Hearing::fresh && !filed->is_nothing();
    }
    // True: the first whole report of its link.
    template <class Room>
    Result<bool> hear_report(Room& room, typename Room::Seat& seat, BytesIn report) {
        stirred_ = true;
        if (room.status_ == Status::hosting) return ledger_.hear_report(seat.id, report);
        const Result<> heard =
            ledger_.hear_settled(report, [&](const Filed& filed) { say(room, seat, filed); });
        return heard ? Result<bool>(false) : heard.error();
    }
    bool hear_start(BytesIn start) { return static_cast<bool>(ledger_.adopt_start(start)); }

    // ---- a turn: what was heard is reported, and what is settled told

    template <class Room>
    void turn(Room& room, Instant now) {
        if (!reports_ || now < report_at_) return;
        report_at_ = now + report_pause;
        if (room.status_ == Status::hosting && stirred_) {
            stirred_ = false;
            room.for_each_seat([&](auto& seat) {
                if (!seat.is_away() && seat.synchronous)
                    stirred_ |= say_parts(room, seat, EstateWord::report, [&](BytesOut into) {
                        return ledger_.write_settled(seat.id, into);
                    });
            });
        } else if (auto* seat = room.host_seat(); seat != nullptr && ledger_.report_due()) {
            report(room, *seat);
        }
    }
    Instant next_turn() const {
        return reports_ && (ledger_.report_due() || stirred_) ? report_at_ : Instant::never();
    }

  private:
    static constexpr Duration report_pause = milliseconds(50);

    // The payload may lie in the scratch, where it is moved: this is done once for all who get it.
    template <class Room>
    static Post post_of(Room& room, const Filed& filed) {
        const BytesIn whole =
            room.scratch_.with_head(filed.payload, [&](ByteWriter& out) { filed.write_head(out); });
        return {room_word::filed, room.carriage_.of(filed.type), whole, {}, 0};
    }
    template <class Room>
    static void push(Room& room, typename Room::Seat& seat, const Post& post) {
        if (!room.push(seat, post)) room.close(seat, Error::queue_full);
    }
    template <class Room>
    static void say(Room& room, typename Room::Seat& seat, const Filed& filed) {
        push(room, seat, post_of(room, filed));
    }
    // To the guests of whom `wanted(seat)`, if it is for them and their links may carry events yet.
    template <class Room>
    static void pass_to(Room& room, const Filed& filed, auto&& wanted) {
        const Post post = post_of(room, filed);
        room.for_each_seat([&](auto& seat) {
            const bool meant = seat.id != filed.origin && (!filed.direct() || filed.to == seat.id);
            if (meant && seat.synchronous && wanted(seat)) push(room, seat, post);
        });
    }
    template <class Room>
    void report(Room& room, typename Room::Seat& host) {
        say_parts(room, host, EstateWord::report, [&](BytesOut into) { return ledger_.write_report(into); });
    }
    // Says what `write` gives, a word for each piece, until it gives nothing more; whether it gave anything.
    template <class Room>
    static bool say_parts(Room& room, typename Room::Seat& seat, EstateWord kind, auto&& write) {
        const BytesOut bytes = room.scratch_.payload();
        bool any = false;
        for (;;) {
            bytes[0] = std::byte{static_cast<std::uint8_t>(kind)};
            const BytesIn part = write(bytes.subspan(1));
            if (part.empty()) return any;
            any = true;
            room.say(seat, room_word::estate, BytesIn(bytes).first(1 + part.size()));
        }
    }

    Ledger ledger_;
    bool reports_ = false; // a guest may do so when it knows where the others' events stand
    bool stirred_ = false; // of a host: something has changed that the others may be told
    Instant report_at_{};
};

} // namespace tenon
