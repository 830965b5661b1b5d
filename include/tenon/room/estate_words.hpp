#pragma once
// The words with which a room that migrates prepares for the loss of its host, and goes on after it. They all
// travel in room_word::estate, in order. Readers give nothing for what no honest room would say.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

enum class EstateWord : std::uint8_t {
    welcome,  // from the host: the epoch, the room's key, and who is in the room
    address,  // from the host: where a peer is reached
    merit,    // how fit a peer says it is to decide
    handover, // from the host: obey that peer from now on
    renumber, // from the host: its epoch has another number
    report,   // which events were heard, or are settled
    start,    // from the host: where each peer's events stand, for who begins to listen
    baseline, // to a new host: the newest state that is known
    supplied, // to a new host: that was all
    kin,      // from the host, in encrypted rooms: who a peer is
    local,    // where a peer is reached in its own network
};
inline constexpr std::uint8_t estate_word_count = 11;

struct WelcomeWord {
    static constexpr std::size_t head_bytes = 1 + 4 + 4 + 8 + 8 + 1;

    Epoch epoch;
    std::uint64_t room_key = 0;
    Duration ahead{};    // of the host's own time, to the room's
    bool missed = false; // events were said while the peer was not there that nobody keeps any more
    BytesIn members;     // their ids, varints

    void write_head(ByteWriter& out) const {
        out.u8(static_cast<std::uint8_t>(EstateWord::welcome));
        out.u32(epoch.number);
        out.u32(epoch.authority.value);
        out.u64(room_key);
        out.u64(static_cast<std::uint64_t>(ahead.ns));
        out.u8(missed ? 1 : 0);
    }
    // After the kind.
    static Result<WelcomeWord> read(ByteReader& in) {
        WelcomeWord word;
        word.epoch.number = in.u32();
        word.epoch.authority.value = in.u32();
        word.room_key = in.u64();
        word.ahead = Duration{static_cast<std::int64_t>(in.u64())};
        const std::uint8_t missed = in.u8();
        word.missed = missed == 1;
        word.members = in.bytes(in.left());
        ByteReader ids(word.members);
        while (ids.ok() && ids.left() != 0)
            if (ids.varint() >= PeerId::none().value) return Error::malformed;
        const bool sane = in.ok() && ids.ok() && missed <= 1 && word.epoch.authority;
        return sane ? Result(word) : Error::malformed;
    }
    bool has(PeerId id) const {
        ByteReader ids(members);
        while (ids.left() != 0)
            if (ids.varint() == id.value) return true;
        return false;
    }
};

// Of a peer: the rest says what.
struct PeerWord {
    PeerId peer;

    void write(ByteWriter& out, EstateWord kind) const {
        out.u8(static_cast<std::uint8_t>(kind));
        out.varint(peer.value);
    }
    static Result<PeerWord> read(ByteReader& in) {
        const std::uint64_t id = in.varint();
        if (!in.ok() || id >= PeerId::none().value) return Error::malformed;
        return PeerWord{PeerId{static_cast<std::uint32_t>(id)}};
    }
};

struct MeritWord {
    PeerId peer;
    float merit = 0;

    static Result<MeritWord> read(ByteReader& in) {
        const auto whose = PeerWord::read(in);
        const std::uint32_t bits = in.u32();
        MeritWord word;
        std::memcpy(&word.merit, &bits, sizeof bits);
        if (!whose || !in.ok() || in.left() != 0 || word.merit != word.merit) return Error::malformed;
        word.peer = whose->peer;
        return word;
    }
};

} // namespace tenon
