#pragma once
// How the links begin that no handshake has opened: those to a new host, and those of two guests. Where all
// share the room's key, theirs follow from it, and the first packet is the beginning. In encrypted rooms
// each pair has secrets of its own, and greets each other first. The estate of a room has one of these.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/plain.hpp"
#include "tenon/room/claim.hpp"
#include "tenon/room/herald.hpp"
#include "tenon/room/options.hpp"

namespace tenon {

// The room and its estate let it see what is their own.
template <class Seat, class Guard>
class Kinship {
  public:
    void begin(auto&, auto&) {}
    void welcomed(auto&, auto&) {}
    void introduce(auto&, auto&, Seat&) {}
    // Of the link between an authority and one who obeys it.
    std::uint64_t key(auto& room, auto& succession, Epoch epoch, PeerId peer) const {
        const PeerId guest = peer == epoch.authority ? room.self() : peer;
        return epoch_key(succession.room_key(), room.terms_.schema, epoch, guest);
    }
    bool has_begun(auto& room, auto& succession, Epoch epoch, const Seat& seat) const {
        return seat.link.seal().key() == key(room, succession, epoch, seat.id);
    }
    void begun(auto&, auto&, Epoch, Seat&) {}
    std::uint64_t direct_key(auto& room, auto& succession, PeerId peer) const {
        return tenon::direct_key(succession.room_key(), room.terms_.schema, room.self(), peer);
    }
    // A link of two guests begins, or goes on after a rest. Both ask at once, which opens the way through
    // their routers.
    void begun_directly(auto& room, auto& succession, Seat& seat, bool /*rested*/, Instant now) {
        seat.link.resume(now, direct_key(room, succession, seat.id));
    }
    Result<> hear(auto&, auto& succession, Instant now, const auto& from, BytesIn datagram) {
        return succession.handle_datagram(now, from, datagram);
    }
    bool hear_kin(auto&, auto&, ByteReader&) { return false; }
    void turn(auto&, auto&, Instant) {}
    bool drain(auto&, auto&, auto&, auto&) { return true; }
    Instant next_turn() const { return Instant::never(); }
};

template <class Seat, class Guard>
requires(Guard::Kin::meets) class Kinship<Seat, Guard> {
    using Kin = typename Guard::Kin;
    using Key = typename Guard::Seal::Key;
    using Step = typename Kin::Step;
    using Greeting = typename Kin::Greeting;
    static constexpr Epoch of_guests{0xFFFF'FFFFu, PeerId::none()};

  public:
    // A stay begins.
    void begin(auto& room, auto& succession) {
        ties_.clear();
        succession.kin().begin(room.guard(), room.self(), succession.room_key(), room.terms_.schema);
    }
    // A guest knows its host from the handshake.
    void welcomed(auto& room, auto& succession) {
        if (Seat* seat = room.host_seat())
            (void)succession.kin().introduce(seat->id, seat->link.seal().peer());
    }
    // The host knows its guests from there too, and tells all of each other.
    void introduce(auto& room, auto& succession, Seat& newcomer) {
        const auto identity = newcomer.link.seal().peer();
        (void)succession.kin().introduce(newcomer.id, identity);
        room.for_each_seat([&](Seat& seat) {
            if (seat.id != newcomer.id) Herald(room).kin(seat, newcomer.id, identity);
        });
    }
    bool hear_kin(auto&, auto& succession, ByteReader& in) {
        const auto word = PeerWord::read(in);
        typename Kin::Identity identity;
        const BytesIn bytes = in.bytes(identity.bytes.size());
        if (!word || !in.ok() || in.left() != 0) return false;
        copy(identity.bytes.data(), bytes);
        return succession.kin().introduce(word->peer, identity);
    }

    Key key(auto&, auto& succession, Epoch, PeerId peer) const { return succession.kin().key_to_come(peer); }
    bool has_begun(auto&, auto& succession, Epoch epoch, const Seat& seat) const {
        return succession.kin().has_tie(seat.id, false, epoch);
    }
    void begun(auto& room, auto& succession, Epoch epoch, Seat& seat) {
        succession.kin().begin_tie(seat.id, false, epoch);
        add(seat.id, false, room.now_);
        Greeting early;
        if (succession.kin().kept(seat.id, epoch, early)) greeted(room, succession, seat, early);
    }
    Key direct_key(auto&, auto& succession, PeerId peer) const { return succession.kin().key_to_come(peer); }
    void begun_directly(auto&, auto& succession, Seat& seat, bool rested, Instant now) {
        if (!rested) succession.kin().begin_tie(seat.id, true, of_guests);
        if (!rested || seat.link.stats().packets_in == 0) add(seat.id, true, now);
        seat.link.resume(now);
    }

    // ---- letters

    Result<> hear(auto& room, auto& succession, Instant now, const auto& from, BytesIn datagram) {
        std::byte desk[128];
        PeerId who;
        if (!succession.is_open()) return Error::forged_claim;
        const auto body = succession.kin().open(datagram.subspan(5), desk, who);
        if (!body || body->empty()) return succession.refuse(body ? Error::malformed : body.error());
        const auto kind = std::to_integer<std::uint8_t>((*body)[0]);
        if (kind == static_cast<std::uint8_t>(Letter::claim))
            return succession.hear_letter(now, from, who, body->subspan(1));
        const auto greeting = Greeting::read(who, body->subspan(1));
        if (!greeting || kind != static_cast<std::uint8_t>(Letter::greeting))
            return succession.refuse(Error::malformed);
        if (!succession.allow(now)) return succession.refuse(Error::flooded);
        room.estate().whereabouts().found(room, succession, who, from);
        if (greeting->at == of_guests) return greet_directly(room, succession, *greeting);
        return greet(room, succession, *greeting);
    }

    void turn(auto& room, auto&, Instant now) {
        for (std::size_t i = ties_.size(); i-- > 0;) {
            Waiting& tie = ties_[i];
            Seat* seat = seat_of(room, tie);
            const bool done = seat == nullptr || (seat->link.stats().packets_in != 0 && !tie.owes);
            if (done) {
                tie = ties_.back();
                ties_.pop_back();
            } else if (now >= tie.due) {
                tie.owes = true;
            }
        }
    }
    bool drain(auto& room, auto& succession, auto& lend, auto& take) {
        for (std::size_t i = 0; i < ties_.size(); ++i) {
            Waiting& tie = ties_[i];
            Seat* seat = tie.owes ? seat_of(room, tie) : nullptr;
            Greeting greeting;
            if (seat == nullptr || !succession.kin().greet(tie.peer, tie.direct, greeting)) {
                tie.rest(room);
                continue;
            }
            const BytesOut into = lend(seat->address);
            if (into.empty()) return false;
            tie.rest(room);
            if (!take(write_letter(into, succession.kin(), tie.peer, Letter::greeting,
                                   [&](ByteWriter& out) { greeting.write(out); })))
                return false;
        }
        return true;
    }
    Instant next_turn() const {
        Instant next = Instant::never();
        for (std::size_t i = 0; i < ties_.size(); ++i)
            next = min(next, ties_[i].owes ? Instant{} : ties_[i].due);
        return next;
    }

  private:
    static constexpr unsigned brisk = 10, patient = 40;

    // A link that has begun and was not heard yet.
    struct Waiting {
        PeerId peer;
        bool direct = false, owes = false;
        unsigned tries = 0;
        Instant due{};

        void rest(auto& room) {
            Duration slow = max(milliseconds(250), room.link_options_.keepalive);
            if (tries > patient) slow = slow * 8; // it may not be there, nor ever have been
            if (owes) due = room.now_ + (tries++ < brisk ? milliseconds(100) : slow);
            owes = false;
        }
    };

    // A greeting is owed to that peer now.
    Waiting* owe(PeerId peer, bool direct, Instant now) {
        for (std::size_t i = 0; i < ties_.size(); ++i) {
            if (ties_[i].peer != peer || ties_[i].direct != direct) continue;
            ties_[i].owes = true;
            return &ties_[i];
        }
        return ties_.push_back({peer, direct, true, 0, now});
    }
    void add(PeerId peer, bool direct, Instant now) {
        if (Waiting* tie = owe(peer, direct, now)) tie->tries = 0;
    }
    Seat* seat_of(auto& room, const Waiting& tie) {
        Seat* seat = room.seat_of(tie.peer);
        return seat != nullptr && seat->direct == tie.direct ? seat : nullptr;
    }
    static bool lives(auto& room, const Seat& seat) {
        return seat.link.stats().packets_in != 0 &&
               room.now_ < seat.link.stats().last_rx + room.stale_after();
    }

    Result<> greet(auto& room, auto& succession, const Greeting& greeting) {
        Seat* seat = room.seat_of(greeting.from);
        const bool obeyed = greeting.at.authority == greeting.from;
        if (greeting.at != succession.epoch() || seat == nullptr || seat->direct) {
            if (obeyed) succession.kin().keep(greeting); // of an authority that this one has not heard of yet
            return {};
        }
        const bool is_host = greeting.at.authority == room.self();
        if (!obeyed && !is_host) return succession.refuse(Error::forged_claim);
        greeted(room, succession, *seat, greeting);
        return {};
    }
    void greeted(auto& room, auto& succession, Seat& seat, const Greeting& greeting) {
        const bool is_host = greeting.at.authority == room.self();
        if (act(room, succession, seat, greeting, false, !is_host) != Step::anew) return;
        Seat* anew = room.estate().link_anew(room, seat.id, seat.address);
        if (anew != nullptr) (void)act(room, succession, *anew, greeting, false, !is_host);
    }
    Result<> greet_directly(auto& room, auto& succession, const Greeting& greeting) {
        Seat* seat = room.seat_of(greeting.from);
        if (seat == nullptr || !seat->direct) return {};
        const bool initiates = greeting.from < room.self();
        if (act(room, succession, *seat, greeting, true, initiates) != Step::anew) return {};
        if constexpr (std::remove_cvref_t<decltype(room)>::links_directly) {
            seat = room.direct_.anew(room, *seat);
            if (seat != nullptr) (void)act(room, succession, *seat, greeting, true, initiates);
        }
        return {};
    }
    Step act(auto& room, auto& succession, Seat& seat, const Greeting& greeting, bool direct,
             bool initiates) {
        Key key;
        const Step step = succession.kin().hear(greeting, direct, initiates, lives(room, seat), key);
        if (step == Step::met) {
            seat.link.begin_with(key);
            room.mark(seat);
        }
        if (step == Step::met || step == Step::answer) owe(seat.id, direct, room.now_);
        return step;
    }

    Ring<Waiting> ties_;
};

} // namespace tenon
