#pragma once
// The room's own words on the wire: who came, who left, and messages that the host passes on. They travel in
// order on every link. Readers give nothing for what no honest room would say.

#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/schema/roles.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

namespace room_word {
inline constexpr MessageType joined{0};  // id, name
inline constexpr MessageType left{1};    // id, reason
inline constexpr MessageType relay{2};   // to the host: whom it is for (0: all, else id + 1), type, payload
inline constexpr MessageType away{4};    // id, 1: its path is broken, 0: it is back, from 16 on: its role
inline constexpr MessageType relayed{3}; // from the host: who said it, type, payload
inline constexpr MessageType filed{5};   // a reliable event of a room that migrates: room/ledger.hpp
inline constexpr MessageType estate{6};  // what such a room needs to outlive its host: room/estate.hpp
inline constexpr MessageType clock{7};   // between a guest's clock and the host's: replica/LOCKSTEP.md
} // namespace room_word

struct JoinedWord {
    static constexpr std::size_t bytes_max = 6 + name_bytes_max;
    PeerId peer;
    std::string_view name;
    std::uint8_t role = 0; // above the id, so that a game without roles, and the first of them, cost nothing

    BytesIn write(BytesOut into) const {
        ByteWriter out(into);
        out.varint(std::uint64_t(role) << 32 | peer.value);
        out.bytes(bytes_of(name));
        return into.first(out.position());
    }
    static Result<JoinedWord> read(BytesIn payload) {
        ByteReader in(payload);
        const std::uint64_t word = in.varint(), role = word >> 32;
        const PeerId peer{static_cast<std::uint32_t>(word)};
        if (!in.ok() || !peer || role >= roles_max || in.left() > name_bytes_max) return Error::malformed;
        return JoinedWord{peer, text_of(in.rest()), static_cast<std::uint8_t>(role)};
    }
};

struct LeftWord {
    static constexpr std::size_t bytes_max = 6;
    PeerId peer;
    Error reason = Error::left;

    BytesIn write(BytesOut into) const {
        ByteWriter out(into);
        out.varint(peer.value);
        out.u8(static_cast<std::uint8_t>(reason));
        return into.first(out.position());
    }
    static Result<LeftWord> read(BytesIn payload) {
        ByteReader in(payload);
        const std::uint64_t id = in.varint();
        const std::uint8_t reason = in.u8();
        if (!in.ok() || id >= PeerId::none().value || reason >= error_count) return Error::malformed;
        return LeftWord{PeerId{static_cast<std::uint32_t>(id)}, static_cast<Error>(reason)};
    }
};

struct AwayWord {
    static constexpr std::size_t bytes_max = 6;
    PeerId peer;
    bool away = true;

    BytesIn write(BytesOut into) const {
        ByteWriter out(into);
        out.varint(peer.value);
        out.u8(away ? 1 : 0);
        return into.first(out.position());
    }
    static Result<AwayWord> read(BytesIn payload) {
        ByteReader in(payload);
        const std::uint64_t id = in.varint();
        const std::uint8_t away = in.u8();
        if (!in.ok() || in.left() != 0 || id >= PeerId::none().value || away > 1) return Error::malformed;
        return AwayWord{PeerId{static_cast<std::uint32_t>(id)}, away == 1};
    }
};

// From the host: a peer has this role from now on. From that peer: it has heard so. The second byte tells it
// from an AwayWord.
struct RoleWord {
    static constexpr std::size_t bytes_max = 6;
    static constexpr std::uint8_t first = 16;
    PeerId peer;
    std::uint8_t role = 0;

    BytesIn write(BytesOut into) const {
        ByteWriter out(into);
        out.varint(peer.value);
        out.u8(static_cast<std::uint8_t>(first + role));
        return into.first(out.position());
    }
    static Result<RoleWord> read(BytesIn payload) {
        ByteReader in(payload);
        const std::uint64_t id = in.varint();
        const std::uint8_t role = in.u8();
        if (!in.ok() || in.left() != 0 || id >= PeerId::none().value) return Error::malformed;
        if (role < first || role >= first + roles_max) return Error::malformed;
        return RoleWord{PeerId{static_cast<std::uint32_t>(id)}, static_cast<std::uint8_t>(role - first)};
    }
};

// What stands before a message that goes through the host. `peer` is whom it is for, or none for all; on the
// second half of the way it is who said it.
struct RelayHead {
    static constexpr std::size_t bytes_max = 5 + 3;
    PeerId peer;
    MessageType type;

    void write_relay(ByteWriter& out) const {
        out.varint(peer ? std::uint64_t(peer.value) + 1 : 0);
        out.varint(type.value);
    }
    void write_relayed(ByteWriter& out) const {
        out.varint(peer.value);
        out.varint(type.value);
    }
    static Result<RelayHead> read_relay(ByteReader& in) {
        const std::uint64_t to = in.varint(), type = in.varint();
        if (!in.ok() || type > 0xFFFF || to > PeerId::none().value) return Error::malformed;
        return RelayHead{to == 0 ? PeerId::none() : PeerId{static_cast<std::uint32_t>(to - 1)},
                         MessageType{static_cast<std::uint16_t>(type)}};
    }
    static Result<RelayHead> read_relayed(ByteReader& in) {
        const std::uint64_t from = in.varint(), type = in.varint();
        if (!in.ok() || type > 0xFFFF || from >= PeerId::none().value) return Error::malformed;
        return RelayHead{PeerId{static_cast<std::uint32_t>(from)},
                         MessageType{static_cast<std::uint16_t>(type)}};
    }
};

} // namespace tenon
