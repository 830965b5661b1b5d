#pragma once
// How the words of an estate are said to one seat, and heard. The estate of a room uses it; what they mean
// stands in room/estate_words.hpp.

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/room/estate_words.hpp"
#include "tenon/room/heir.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/roster.hpp"
#include "tenon/room/words.hpp"

namespace tenon {

// `Room` lets it see what is its own.
template <class Room>
class Herald {
  public:
    using Seat = typename Room::Seat;

    explicit Herald(Room& room) : room_(room) {}

    // With the ids of all, and of `seat` itself, who may not be in the roster yet.
    void welcome(Seat& seat, const WelcomeWord& word) {
        const BytesOut bytes = room_.scratch_.payload();
        ByteWriter out(bytes);
        word.write_head(out);
        for (const PeerId id : room_.roster_) out.varint(id.value);
        if (!room_.roster_.contains(seat.id)) out.varint(seat.id.value);
        say(seat, bytes, out);
    }
    template <class Address>
    void address(Seat& seat, PeerId id, const Address& at) {
        std::byte bytes[96];
        ByteWriter out(bytes);
        PeerWord{id}.write(out, EstateWord::address);
        const auto text = at.text();
        out.bytes(bytes_of(std::string_view(text)));
        say(seat, bytes, out);
    }
    // Who that is, before anything else is said of it: links with it begin with that.
    template <class Identity>
    void kin(Seat& seat, PeerId id, const Identity& identity) {
        std::byte bytes[48];
        ByteWriter out(bytes);
        PeerWord{id}.write(out, EstateWord::kin);
        out.bytes(identity.bytes);
        say(seat, bytes, out);
    }
    void merit(Seat& seat, PeerId id, float merit) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &merit, sizeof bits);
        about(seat, EstateWord::merit, id, bits);
    }
    void handover(Seat& seat, Epoch epoch) {
        about(seat, EstateWord::handover, epoch.authority, epoch.number);
    }
    void renumber(Seat& seat, std::uint32_t number) {
        std::byte bytes[8];
        ByteWriter out(bytes);
        out.u8(static_cast<std::uint8_t>(EstateWord::renumber));
        out.u32(number);
        say(seat, bytes, out);
    }
    // Where all the others are, and how fit.
    void heirs(Seat& seat, auto& succession) {
        for (std::size_t i = 0; i < succession.size(); ++i) {
            const auto& heir = succession[i];
            if (heir.id == seat.id) continue;
            if constexpr (requires { succession.kin().identity(heir.id); })
                if (const auto* identity = succession.kin().identity(heir.id)) kin(seat, heir.id, *identity);
            if (heir.has_address) address(seat, heir.id, heir.told);
            room_.estate().whereabouts().say(room_, seat, heir.id, heir.local);
            if (heir.merit != 0) merit(seat, heir.id, heir.merit);
        }
        const auto own = succession.own_candidate();
        if (own.merit != 0) merit(seat, own.id, own.merit);
    }
    void baseline(Seat& seat, MessageType type, BytesIn state) {
        const BytesIn whole = room_.scratch_.with_head(state, [&](ByteWriter& out) {
            out.u8(static_cast<std::uint8_t>(EstateWord::baseline));
            out.varint(type.value);
        });
        room_.say(seat, room_word::estate, whole);
    }
    void supplied(Seat& seat) {
        const std::byte word{static_cast<std::uint8_t>(EstateWord::supplied)};
        room_.say(seat, room_word::estate, BytesIn(&word, 1));
    }

    // ---- what a guest hears of another, and what the host tells on

    bool hear_address(ByteReader& in, auto& succession) {
        using Address = std::remove_cvref_t<decltype(room_.host_address_)>;
        const auto word = PeerWord::read(in);
        const auto at = Address::parse(text_of(in.rest()));
        if (!word || !at) return false;
        succession.know_address(word->peer, *at);
        succession.set_away(word->peer, room_.roster_.is_away(word->peer));
        room_.direct_.stir();
        return true;
    }
    // Whom to obey from now on; nothing where its address is not known, since its claim will find us.
    template <class Address>
    bool hear_handover(ByteReader& in, Epoch epoch, auto& succession, Verdict<Address>& verdict) {
        const auto word = PeerWord::read(in);
        const std::uint32_t number = in.u32();
        if (!word || !in.ok() || in.left() != 0 || number <= epoch.number) return false;
        const auto* heir = succession.heir(word->peer);
        const bool own = word->peer == room_.self_;
        if (!own && (heir == nullptr || !heir->has_address)) return true;
        using Kind = typename Verdict<Address>::Kind;
        verdict = {own ? Kind::succeed : Kind::follow,
                   {number, word->peer},
                   word->peer,
                   own ? Address{} : heir->at,
                   true};
        return true;
    }
    bool hear_merit(const Seat& seat, ByteReader& in, auto& succession) {
        const auto word = MeritWord::read(in);
        const bool hosting = room_.status_ == Status::hosting;
        if (!word || (hosting && word->peer != seat.id)) return false;
        if (word->peer != room_.self_) succession.set_merit(word->peer, word->merit);
        if (!hosting) return true;
        room_.for_each_seat([&](Seat& other) {
            if (&other != &seat) merit(other, word->peer, word->merit);
        });
        return true;
    }

  private:
    void about(Seat& seat, EstateWord kind, PeerId id, std::uint32_t what) {
        std::byte bytes[16];
        ByteWriter out(bytes);
        PeerWord{id}.write(out, kind);
        out.u32(what);
        say(seat, bytes, out);
    }
    void say(Seat& seat, BytesOut bytes, const ByteWriter& out) {
        if (out.ok()) room_.say(seat, room_word::estate, BytesIn(bytes).first(out.position()));
    }

    Room& room_;
};

} // namespace tenon
