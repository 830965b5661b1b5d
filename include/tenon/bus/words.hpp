#pragma once
// What sessions say on a bus, byte by byte: that they look for a room, what room there is, who is there, how
// to reach them, and the datagrams for which there is no straight path. Everything that is read here comes
// from outside. PROTOCOL.md tells the layout.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tenon/bus/address.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/time.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon::bus {

inline constexpr Duration beat = seconds(1);          // so often all who are there say so
inline constexpr Duration stale_after = beat * 7 / 2; // of who says nothing any more; a room is gone then
inline constexpr Duration gone_after = seconds(12);   // and a peer
inline constexpr std::size_t name_bytes_max = 48, addresses_max = 4;
inline constexpr std::size_t word_bytes_max = 512; // of all but datagrams
inline constexpr std::size_t carried_head_bytes = 18, checksum_bytes = 4;

// ---- subjects

using Subject = transport::AddressText;

// Of one room of a game, and of all of them.
inline Subject room_subject(std::uint64_t game, std::uint64_t room) {
    Subject text = detail::hex(game, "tenon.");
    text.add('.');
    text.add(detail::hex(room).view());
    return text;
}
inline Subject lobby_subject(std::uint64_t game) {
    Subject text = detail::hex(game, "tenon.");
    text.add(".>");
    return text;
}
inline Subject inbox_subject(Inbox inbox) { return detail::hex(inbox, "tenon-inbox."); }

// ---- what is said

enum class Kind : std::uint8_t { asks = 1, room, peer, greets, carries, probe = 0x88 };

// A name, held in itself; what is too long is cut.
class Name {
  public:
    Name() = default;
    explicit Name(std::string_view text)
        : size_(static_cast<std::uint8_t>(text.size() < name_bytes_max ? text.size() : name_bytes_max)) {
        std::memcpy(text_.data(), text.data(), size_);
    }
    std::string_view view() const { return {text_.data(), size_}; }

  private:
    std::array<char, name_bytes_max> text_{};
    std::uint8_t size_ = 0;
};

// Where somebody may be reached straight.
class Addresses {
  public:
    void add(std::string_view text) {
        if (size_ == addresses_max || text.empty() || text.size() > 62) return;
        for (std::size_t i = 0; i < size_; ++i)
            if (all_[i].view() == text) return;
        all_[size_].add(text);
        ++size_;
    }
    std::size_t size() const { return size_; }
    std::string_view operator[](std::size_t i) const { return all_[i].view(); }

  private:
    std::array<transport::AddressText, addresses_max> all_{};
    std::size_t size_ = 0;
};

// Who looks for a room: whoever hosts it answers with its Listing.
struct Ask {
    Inbox from = 0;
};

// A room, as its host tells of it.
struct Listing {
    Inbox host = 0;
    std::uint64_t instance = 0; // which of several rooms of one name
    std::uint64_t schema = 0;   // of its game's types
    std::uint32_t number = 0;   // grows with each word of this host
    std::uint32_t game_version = 0;
    Epoch epoch;
    std::uint32_t players = 0, places = 0; // there, and free
    bool closed = false;                   // it is no more
    Duration age{};
    Name room;
    Addresses addresses;
};

// Somebody in a room, or who looks for one.
struct Presence {
    Inbox from = 0;
    std::uint64_t instance = 0; // 0: in no room yet
    std::uint32_t number = 0;
    PeerId peer;
    bool leaves = false;
    Duration age{};
    Name name, room;
    Addresses addresses;
};

// From one to another: how it is reached, and what each puts into what it sends the other, to show that it
// reads the inbox that it speaks for.
struct Greeting {
    Inbox from = 0;
    std::uint64_t mine = 0, yours = 0; // 0: not known yet
    bool hears = false;                // straight datagrams of the other arrive
    Addresses addresses{};
    bool asks = false; // an answer is wanted, although nothing else may be said
};
// The same, straight.
struct Probe {
    Inbox from = 0;
    std::uint64_t yours = 0;
    bool hears = false, asks = false;
};
// A datagram.
struct Carried {
    Inbox from = 0;
    std::uint64_t yours = 0;
    std::uint8_t lane = 0;
    BytesIn datagram;
};

namespace detail {

inline std::uint32_t checksum(std::uint64_t game, BytesIn bytes) {
    return static_cast<std::uint32_t>(hash64(bytes, game ^ 0x6275'7300'0001u));
}
// Shows to those who know the room's key that a member said it.
inline std::uint64_t seal(std::uint64_t room_key, BytesIn bytes) {
    return siphash(SipKey{room_key, 0x6275'7300'0002u}, bytes);
}
inline void put(ByteWriter& out, const Addresses& addresses) {
    out.u8(static_cast<std::uint8_t>(addresses.size()));
    for (std::size_t i = 0; i < addresses.size(); ++i) out.sized(bytes_of(addresses[i]));
}
inline void put_age(ByteWriter& out, Duration age) {
    const auto ms = age.ns > 0 ? static_cast<std::uint64_t>(age.ns / 1'000'000) : 0;
    out.u32(ms < 0xFFFF'FFFF ? static_cast<std::uint32_t>(ms) : 0xFFFF'FFFF);
}
inline Duration get_age(ByteReader& in) { return milliseconds(static_cast<std::int64_t>(in.u32())); }
inline bool get_flag(ByteReader& in) {
    const std::uint8_t flag = in.u8();
    if (flag > 1) in.fail();
    return flag == 1;
}
inline void put_flags(ByteWriter& out, const auto& word) {
    out.u8(static_cast<std::uint8_t>((word.hears ? 1 : 0) | (word.asks ? 2 : 0)));
}
inline void get_flags(ByteReader& in, auto& word) {
    const std::uint8_t flags = in.u8();
    if (flags > 3) in.fail();
    word.hears = (flags & 1) != 0;
    word.asks = (flags & 2) != 0;
}
inline Name get_name(ByteReader& in) {
    const BytesIn text = in.sized();
    if (text.size() > name_bytes_max) in.fail();
    return in.ok() ? Name(text_of(text)) : Name();
}
inline Addresses get_addresses(ByteReader& in) {
    Addresses addresses;
    const std::uint8_t count = in.u8();
    if (count > addresses_max) in.fail();
    for (unsigned i = 0; i < count && in.ok(); ++i) {
        const BytesIn text = in.sized();
        const std::size_t before = addresses.size();
        addresses.add(text_of(text));
        if (addresses.size() == before) in.fail(); // empty, too long, or twice
    }
    return addresses;
}
// The checksum behind what was written; 0 when it did not fit.
inline std::size_t finish(ByteWriter& out, BytesIn whole, std::uint64_t game) {
    if (!out.ok()) return 0;
    out.u32(checksum(game, whole.first(out.position())));
    return out.ok() ? out.position() : 0;
}
// What lies between the kind and the checksum, if both are right.
inline Result<BytesIn> body(BytesIn word, Kind kind, std::uint64_t game) {
    if (word.size() < 1 + checksum_bytes) return Error::truncated;
    const BytesIn said = word.first(word.size() - checksum_bytes);
    if (load_le<std::uint32_t>(word.data() + said.size()) != checksum(game, said)) return Error::bad_checksum;
    if (std::to_integer<std::uint8_t>(word[0]) != static_cast<std::uint8_t>(kind))
        return Error::unknown_message;
    return said.subspan(1);
}
inline Error judge(const ByteReader& in, bool sane) {
    return !in.ok()         ? Error::truncated
           : in.left() != 0 ? Error::trailing_bytes
           : !sane          ? Error::malformed
                            : Error::none;
}

} // namespace detail

inline std::size_t write(BytesOut into, const Ask& word, std::uint64_t game) {
    ByteWriter out(into);
    out.u8(static_cast<std::uint8_t>(Kind::asks));
    out.u64(word.from);
    return detail::finish(out, into, game);
}
inline Result<Ask> read_ask(BytesIn word, std::uint64_t game) {
    const auto body = detail::body(word, Kind::asks, game);
    if (!body) return body.error();
    ByteReader in(*body);
    const Ask ask{in.u64()};
    const Error error = detail::judge(in, ask.from != 0);
    return error == Error::none ? Result<Ask>(ask) : error;
}

inline std::size_t write(BytesOut into, const Listing& word, std::uint64_t game, std::uint64_t room_key) {
    ByteWriter out(into);
    out.u8(static_cast<std::uint8_t>(Kind::room));
    out.u64(word.host);
    out.u64(word.instance);
    out.u64(word.schema);
    out.u32(word.number);
    out.u32(word.game_version);
    out.u32(word.epoch.number);
    out.u32(word.epoch.authority.value);
    out.varint(word.players);
    out.varint(word.places);
    out.u8(word.closed ? 1 : 0);
    detail::put_age(out, word.age);
    out.sized(bytes_of(word.room.view()));
    detail::put(out, word.addresses);
    if (!out.ok()) return 0;
    out.u64(detail::seal(room_key, into.first(out.position())));
    return detail::finish(out, into, game);
}
inline Result<Listing> read_listing(BytesIn word, std::uint64_t game) {
    const auto body = detail::body(word, Kind::room, game);
    if (!body) return body.error();
    ByteReader in(*body);
    Listing listing;
    listing.host = in.u64();
    listing.instance = in.u64();
    listing.schema = in.u64();
    listing.number = in.u32();
    listing.game_version = in.u32();
    listing.epoch.number = in.u32();
    listing.epoch.authority.value = in.u32();
    const std::uint64_t players = in.varint(), places = in.varint();
    listing.players = static_cast<std::uint32_t>(players);
    listing.places = static_cast<std::uint32_t>(places);
    listing.closed = detail::get_flag(in);
    listing.age = detail::get_age(in);
    listing.room = detail::get_name(in);
    listing.addresses = detail::get_addresses(in);
    in.u64();
    const bool sane = listing.host != 0 && listing.instance != 0 && players <= 0xFFFF && places <= 0xFFFF;
    const Error error = detail::judge(in, sane);
    return error == Error::none ? Result<Listing>(listing) : error;
}

inline std::size_t write(BytesOut into, const Presence& word, std::uint64_t game, std::uint64_t room_key) {
    ByteWriter out(into);
    out.u8(static_cast<std::uint8_t>(Kind::peer));
    out.u64(word.from);
    out.u64(word.instance);
    out.u32(word.number);
    out.u32(word.peer.value);
    out.u8(word.leaves ? 1 : 0);
    detail::put_age(out, word.age);
    out.sized(bytes_of(word.name.view()));
    out.sized(bytes_of(word.room.view()));
    detail::put(out, word.addresses);
    if (!out.ok()) return 0;
    out.u64(detail::seal(room_key, into.first(out.position())));
    return detail::finish(out, into, game);
}
inline Result<Presence> read_presence(BytesIn word, std::uint64_t game) {
    const auto body = detail::body(word, Kind::peer, game);
    if (!body) return body.error();
    ByteReader in(*body);
    Presence presence;
    presence.from = in.u64();
    presence.instance = in.u64();
    presence.number = in.u32();
    presence.peer.value = in.u32();
    presence.leaves = detail::get_flag(in);
    presence.age = detail::get_age(in);
    presence.name = detail::get_name(in);
    presence.room = detail::get_name(in);
    presence.addresses = detail::get_addresses(in);
    in.u64();
    const Error error = detail::judge(in, presence.from != 0);
    return error == Error::none ? Result<Presence>(presence) : error;
}
// Of a listing or a presence that could be read: whether who knows this room's key said it.
inline bool is_sealed(BytesIn word, std::uint64_t room_key) {
    constexpr std::size_t tail = 8 + checksum_bytes;
    if (word.size() < tail) return false;
    const BytesIn sealed = word.first(word.size() - tail);
    return load_le<std::uint64_t>(word.data() + sealed.size()) == detail::seal(room_key, sealed);
}

inline std::size_t write(BytesOut into, const Greeting& word, std::uint64_t game) {
    ByteWriter out(into);
    out.u8(static_cast<std::uint8_t>(Kind::greets));
    out.u64(word.from);
    out.u64(word.mine);
    out.u64(word.yours);
    detail::put_flags(out, word);
    detail::put(out, word.addresses);
    return detail::finish(out, into, game);
}
inline Result<Greeting> read_greeting(BytesIn word, std::uint64_t game) {
    const auto body = detail::body(word, Kind::greets, game);
    if (!body) return body.error();
    ByteReader in(*body);
    Greeting greeting;
    greeting.from = in.u64();
    greeting.mine = in.u64();
    greeting.yours = in.u64();
    detail::get_flags(in, greeting);
    greeting.addresses = detail::get_addresses(in);
    const Error error = detail::judge(in, greeting.from != 0 && greeting.mine != 0);
    return error == Error::none ? Result<Greeting>(greeting) : error;
}

inline std::size_t write(BytesOut into, const Probe& word, std::uint64_t game) {
    ByteWriter out(into);
    out.u8(static_cast<std::uint8_t>(Kind::probe));
    out.u64(word.from);
    out.u64(word.yours);
    detail::put_flags(out, word);
    return detail::finish(out, into, game);
}
inline Result<Probe> read_probe(BytesIn word, std::uint64_t game) {
    const auto body = detail::body(word, Kind::probe, game);
    if (!body) return body.error();
    ByteReader in(*body);
    Probe probe;
    probe.from = in.u64();
    probe.yours = in.u64();
    detail::get_flags(in, probe);
    const Error error = detail::judge(in, probe.from != 0);
    return error == Error::none ? Result<Probe>(probe) : error;
}

// The datagram has its own checksum, and is not looked at here.
inline std::size_t write(BytesOut into, const Carried& word, std::uint64_t game) {
    ByteWriter out(into);
    out.u8(static_cast<std::uint8_t>(Kind::carries));
    out.u64(word.from);
    out.u64(word.yours);
    out.u8(word.lane);
    out.bytes(word.datagram);
    return detail::finish(out, into, game);
}
inline Result<Carried> read_carried(BytesIn word, std::uint64_t game) {
    const auto body = detail::body(word, Kind::carries, game);
    if (!body) return body.error();
    ByteReader in(*body);
    Carried carried;
    carried.from = in.u64();
    carried.yours = in.u64();
    carried.lane = in.u8();
    carried.datagram = in.rest();
    const bool sane = carried.from != 0 && !carried.datagram.empty();
    return !in.ok() ? Error::truncated : sane ? Result<Carried>(carried) : Error::malformed;
}

} // namespace tenon::bus
