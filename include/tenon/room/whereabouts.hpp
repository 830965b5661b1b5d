#pragma once
// Whereabouts: where the others may be reached whom no handshake has shown: what each says of its own
// network, and what is learnt from where they are heard. The estate of a room has one of these.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bucket.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/estate_words.hpp"
#include "tenon/room/heir.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/words.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

// `Room` lets it see what is its own.
template <class Address>
class Whereabouts {
  public:
    // This peer's own, in the networks that it is in.
    void clear_own() { own_ = {}; }
    void add_own(const Address& at) { own_.add(at); }
    bool has_own() const { return own_.count != 0; }

    void say_own(auto& room, auto& seat) const {
        if (room.options_.local_addresses) say(room, seat, room.self_, own_);
    }
    // Those of another, to a guest.
    void say(auto& room, auto& seat, PeerId of, const LocalAddresses<Address>& all) const {
        if (all.count == 0) return;
        std::byte bytes[400];
        ByteWriter out(bytes);
        PeerWord{of}.write(out, EstateWord::local);
        for (std::size_t i = 0; i < all.count; ++i) {
            const auto text = all[i].text();
            out.sized(bytes_of(std::string_view(text)));
        }
        if (out.ok()) room.say(seat, room_word::estate, BytesIn(bytes).first(out.position()));
    }
    // A guest says its own, which the host tells all others; false: no honest peer would.
    bool hear(auto& room, auto& seat, ByteReader& in, auto& succession) {
        const bool hosting = room.status_ == Status::hosting;
        const auto word = PeerWord::read(in);
        LocalAddresses<Address> told;
        while (in.ok() && in.left() != 0) {
            const auto at = Address::parse(text_of(in.sized()));
            if (!in.ok() || !at || told.count == local_addresses_max) return false;
            told.add(*at);
        }
        if (!word || !in.ok() || (hosting && word->peer != seat.id)) return false;
        auto* heir = succession.heir(word->peer);
        // Each has it said to all others, so that is not for the asking as often as one likes.
        if (heir == nullptr || (hosting && heir->local_words >= 8)) return true;
        ++heir->local_words;
        heir->local = {};
        for (std::size_t i = 0; i < told.count; ++i)
            if (!(told[i] == heir->told)) heir->local.add(told[i]);
        if (!hosting) return room.direct_.stir(), true;
        room.for_each_seat([&](auto& other) {
            if (other.id != seat.id) say(room, other, word->peer, heir->local);
        });
        return true;
    }

    // Of a datagram from where nobody sits: the seat of the one who says it, if it is not heard where it was
    // thought to be, and could be there. It sits there from now on.
    auto find(auto& room, auto& succession, Instant now, const Address& from, BytesIn datagram,
              BytesOut desk) {
        decltype(room.host_seat()) found = nullptr;
        if (!succession.is_open()) return found;
        room.for_each_seat([&](auto& seat) {
            if (found != nullptr || !is_sought(seat)) return;
            auto* heir = succession.heir(seat.id);
            if (heir == nullptr || !heir->may_be_at(from) || !tries_.take(now, price)) return;
            if (!seat.link.handle_datagram(now, datagram, desk) || !move(room, seat, from)) return;
            heir->at = from;
            found = &seat;
        });
        return found;
    }
    // It has shown by a letter that it is there.
    void found(auto& room, auto& succession, PeerId peer, const Address& from) {
        auto* seat = room.seat_of(peer);
        auto* heir = succession.heir(peer);
        if (heir == nullptr || !heir->may_be_at(from)) return;
        heir->at = from;
        if (seat != nullptr && is_sought(*seat) && !room.has_seat_at(from)) (void)move(room, *seat, from);
    }
    // Claims have shown of some that they are elsewhere than where their links begin.
    void settle(auto& room, auto& succession) {
        room.for_each_seat([&](auto& seat) {
            const auto* heir = seat.direct || !is_sought(seat) ? nullptr : succession.heir(seat.id);
            if (heir != nullptr && heir->has_address && !room.has_seat_at(heir->at))
                (void)move(room, seat, heir->at);
        });
    }
    // Is tried at another of its addresses, in turn.
    void vary(auto& room, auto& succession, auto& seat, unsigned tries) {
        const auto* heir = succession.heir(seat.id);
        if (heir == nullptr || heir->local.count == 0) return;
        const Address& at = heir->place(tries);
        if (!room.has_seat_at(at)) (void)move(room, seat, at);
    }

  private:
    static constexpr Price price{Allowance{100, 100}}; // what is tried costs as much as what is heard

    static bool is_sought(const auto& seat) {
        return seat.direct ? !seat.up : seat.link.stats().packets_in == 0;
    }
    static bool move(auto& room, auto& seat, const Address& at) {
        const bool moved = room.seats_.move(seat, at);
        if (moved && room.host_seat() == &seat) room.host_address_ = at;
        return moved;
    }

    LocalAddresses<Address> own_;
    Bucket tries_;
};

} // namespace tenon
