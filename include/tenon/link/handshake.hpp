#pragma once
// How two sides meet, before there is a link: hello, challenge, connect, then accept or refusal. The host
// keeps nothing about a stranger until the stranger has shown, by returning a cookie, that its address is its
// own; and no answer is larger than what it answers. What a guard encloses, only the two can read.
// PROTOCOL.md describes the datagrams.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/slice.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/credential.hpp"
#include "tenon/link/plain.hpp"
#include "tenon/link/remedy.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

inline constexpr std::size_t name_bytes_max = 48;
inline constexpr std::size_t types_max = 200; // whose hashes fit into a Connect
inline constexpr Duration cookie_life = seconds(5);

namespace meeting {
inline constexpr std::uint8_t hello = 0x81, challenge = 0x82, connect = 0x83, accept = 0x84, refusal = 0x85,
                              resume = 0x86, claim = 0x87;
inline constexpr std::size_t connect_bytes = 1200; // padded, so that answers are never larger
inline constexpr std::size_t connect_head_bytes = 27, accept_head_bytes = 13; // what a guard does not enclose
// Anybody can refuse. Where a guard knows the host's word from others', that is waited for so long.
inline constexpr Duration doubt = seconds(1);
} // namespace meeting

// What both sides must share to play together.
struct Terms {
    std::uint64_t game = 0, room = 0, schema = 0;
    std::uint32_t game_version = 0;
    std::uint32_t codec = 0;
    std::uint32_t features = 0;     // what this side can do
    std::uint32_t required = 0;     // what it cannot do without
    std::uint32_t capabilities = 0; // of the game's own meaning: a guest gets those that both sides have
    Slice<const std::uint32_t> type_hashes;
};

// The features by which reliability is done, and what becomes of them over a connection, whatever they were:
// one with datagrams beside its stream, or one without.
namespace feature {
inline constexpr std::uint32_t gives_up = 1, redundant = 2, reliable = 4, datagrams = 64;
}
constexpr std::uint32_t over_streams(std::uint32_t features, bool datagrams_beside) {
    return (features & ~(feature::gives_up | feature::redundant | feature::datagrams)) | feature::reliable |
           (datagrams_beside ? feature::datagrams : 0);
}

struct Hello {
    std::uint64_t nonce = 0, game = 0;
    std::uint16_t protocol = protocol_version;
};
struct Challenge {
    std::uint64_t nonce = 0, cookie = 0;
    std::uint32_t stamp = 0;
};
struct Connect {
    std::uint64_t nonce = 0, cookie = 0;
    std::uint32_t stamp = 0;
    std::uint16_t protocol = protocol_version;
    Terms terms; // its hashes are read with hash()
    std::string_view name;
    BytesIn credential, hashes;
    std::size_t type_count = 0; // of which there may not have been room for all hashes

    std::size_t hash_count() const { return hashes.size() / 4; }
    std::uint32_t hash(std::size_t i) const { return load_le<std::uint32_t>(&hashes[i * 4]); }
};
struct Accept {
    std::uint64_t nonce = 0, host_nonce = 0;
    PeerId peer, host;
    std::uint32_t features = 0;
    std::uint32_t message_bytes_max = 0;
    std::uint32_t capabilities = 0; // those that are granted
    std::uint64_t session = 0;      // names this life of the room, in logs
};
struct Refusal {
    std::uint64_t nonce = 0;
    Error reason = Error::refused;
    std::string_view text;
};

namespace detail {

inline std::uint32_t meeting_checksum(BytesIn datagram) {
    return static_cast<std::uint32_t>(
        hash64(datagram.subspan(5), meeting::checksum_key + std::to_integer<std::uint64_t>(datagram[0])));
}
// Pads to `size` and adds the checksum; 0 when the datagram did not fit into the buffer.
inline std::size_t seal_meeting(BytesOut into, ByteWriter& out, std::size_t size) {
    if (!out.ok() || size > into.size()) return 0;
    if (out.position() > size) size = out.position();
    std::memset(into.data() + out.position(), 0, size - out.position());
    store_le(&into[1], meeting_checksum(into.first(size)));
    return size;
}
inline ByteWriter begin_meeting(BytesOut into, std::uint8_t kind) {
    ByteWriter out(into);
    out.u8(kind);
    out.u32(0);
    return out;
}

// What stands before an enclosure, without the checksum, which covers the enclosure too.
inline BytesIn meeting_head(BytesIn datagram, std::size_t size) { return datagram.first(size).subspan(5); }

} // namespace detail

// ---- writing: each gives the datagram's size, 0 when `into` is too small

template <class Guard>
std::size_t write(BytesOut into, const Hello& hello, const Guard&) {
    ByteWriter out = detail::begin_meeting(into, meeting::hello);
    out.u16(hello.protocol);
    out.u64(hello.nonce);
    out.u64(hello.game);
    return detail::seal_meeting(into, out, Guard::hello_bytes);
}
template <class Guard>
std::size_t write(BytesOut into, const Challenge& challenge, const Guard& guard) {
    ByteWriter out = detail::begin_meeting(into, meeting::challenge);
    out.u64(challenge.nonce);
    out.u64(challenge.cookie);
    out.u32(challenge.stamp);
    guard.show(out);
    return detail::seal_meeting(into, out, 0);
}
template <class Guard>
std::size_t write(BytesOut into, const Connect& connect, const Guard& guard, typename Guard::Visit& visit) {
    ByteWriter out = detail::begin_meeting(into, meeting::connect);
    out.u16(connect.protocol);
    out.u64(connect.nonce);
    out.u64(connect.cookie);
    out.u32(connect.stamp);
    // Padded inside of the enclosure, so that nobody sees how much there is.
    std::byte body[meeting::connect_bytes - meeting::connect_head_bytes - Guard::enclosing_bytes] = {};
    ByteWriter in(body);
    in.u64(connect.terms.game);
    in.u64(connect.terms.room);
    in.u64(connect.terms.schema);
    in.u32(connect.terms.game_version);
    in.u32(connect.terms.codec);
    in.u32(connect.terms.features);
    in.u32(connect.terms.required);
    in.u32(connect.terms.capabilities);
    in.u8(static_cast<std::uint8_t>(connect.name.size()));
    in.bytes(bytes_of(connect.name));
    in.u16(static_cast<std::uint16_t>(connect.credential.size()));
    in.bytes(connect.credential);
    // They only tell which type differs where the schema does, and so take what room there is.
    const std::size_t types = connect.terms.type_hashes.size();
    const std::size_t room = in.position() + 2 < sizeof body ? (sizeof body - in.position() - 2) / 4 : 0;
    in.u8(static_cast<std::uint8_t>(types));
    in.u8(static_cast<std::uint8_t>(types < room ? types : room));
    for (std::size_t i = 0; i < types && i < room; ++i) in.u32(connect.terms.type_hashes[i]);
    if (!in.ok()) return 0;
    guard.enclose(visit, detail::meeting_head(into, meeting::connect_head_bytes), body, out);
    return detail::seal_meeting(into, out, 0);
}
// `by` is what the guard encloses with: a visitor, or the seal of a link that goes on.
template <class Guard, class By>
std::size_t write(BytesOut into, const Accept& accept, const Guard& guard, By& by) {
    ByteWriter out = detail::begin_meeting(into, meeting::accept);
    out.u64(accept.nonce);
    std::byte body[36];
    ByteWriter in(body);
    in.u64(accept.host_nonce);
    in.u32(accept.peer.value);
    in.u32(accept.host.value);
    in.u32(accept.features);
    in.u32(accept.message_bytes_max);
    in.u32(accept.capabilities);
    in.u64(accept.session);
    guard.enclose(by, detail::meeting_head(into, meeting::accept_head_bytes), body, out);
    return detail::seal_meeting(into, out, 0);
}
inline std::size_t write(BytesOut into, const Refusal& refusal) {
    ByteWriter out = detail::begin_meeting(into, meeting::refusal);
    out.u64(refusal.nonce);
    out.u8(static_cast<std::uint8_t>(refusal.reason));
    const std::string_view text = refusal.text.substr(0, 80);
    out.u8(static_cast<std::uint8_t>(text.size()));
    out.bytes(bytes_of(text));
    return detail::seal_meeting(into, out, 0);
}

// ---- reading: the kind first, then the fields

// The kind of a meeting datagram, 0 when it is none or damaged.
inline std::uint8_t meeting_kind(BytesIn datagram) {
    if (datagram.size() < 5) return 0;
    const std::uint8_t kind = std::to_integer<std::uint8_t>(datagram[0]);
    if (kind < meeting::hello || kind > meeting::claim) return 0;
    return load_le<std::uint32_t>(&datagram[1]) == detail::meeting_checksum(datagram) ? kind : 0;
}

template <class Guard>
Result<Hello> read_hello(BytesIn datagram, const Guard&) {
    ByteReader in(datagram.subspan(5));
    Hello hello;
    hello.protocol = in.u16();
    hello.nonce = in.u64();
    hello.game = in.u64();
    if (!in.ok() || datagram.size() < Guard::hello_bytes) return Error::truncated;
    return hello;
}
// `shown` is what the host shows of itself, for the guard.
inline Result<Challenge> read_challenge(BytesIn datagram, ByteReader& shown) {
    ByteReader in(datagram.subspan(5));
    Challenge challenge;
    challenge.nonce = in.u64();
    challenge.cookie = in.u64();
    challenge.stamp = in.u32();
    if (!in.ok()) return Error::truncated;
    shown = in;
    return challenge;
}
// What anybody may read of a request; the rest is `enclosed`.
inline Result<Connect> read_connect(BytesIn datagram) {
    if (datagram.size() < meeting::connect_bytes) return Error::truncated;
    ByteReader in(datagram.subspan(5));
    Connect connect;
    connect.protocol = in.u16();
    connect.nonce = in.u64();
    connect.cookie = in.u64();
    connect.stamp = in.u32();
    return connect;
}
template <class Guard>
Error open(BytesIn datagram, Connect& connect, const Guard& guard, typename Guard::Visitor& visitor,
           BytesOut desk) {
    const auto body = guard.open(visitor, detail::meeting_head(datagram, meeting::connect_head_bytes),
                                 datagram.subspan(meeting::connect_head_bytes), desk);
    if (!body) return body.error();
    ByteReader in(*body);
    connect.terms.game = in.u64();
    connect.terms.room = in.u64();
    connect.terms.schema = in.u64();
    connect.terms.game_version = in.u32();
    connect.terms.codec = in.u32();
    connect.terms.features = in.u32();
    connect.terms.required = in.u32();
    connect.terms.capabilities = in.u32();
    const std::size_t name = in.u8();
    if (name > name_bytes_max) return Error::over_bound;
    connect.name = text_of(in.bytes(name));
    const std::size_t credential = in.u16();
    if (credential > credential_bytes_max) return Error::over_bound;
    connect.credential = in.bytes(credential);
    connect.type_count = in.u8();
    connect.hashes = in.bytes(std::size_t(in.u8()) * 4);
    if (connect.hash_count() > connect.type_count) return Error::malformed;
    return in.ok() ? Error::none : Error::truncated;
}
// Whose request an answer is to.
inline Result<std::uint64_t> read_accepted(BytesIn datagram) {
    if (datagram.size() < meeting::accept_head_bytes) return Error::truncated;
    return load_le<std::uint64_t>(&datagram[5]);
}
template <class Guard, class By>
Result<Accept> read_accept(BytesIn datagram, const Guard& guard, By& by) {
    if (datagram.size() < meeting::accept_head_bytes) return Error::truncated;
    std::byte desk[64];
    const auto body = guard.open(by, detail::meeting_head(datagram, meeting::accept_head_bytes),
                                 datagram.subspan(meeting::accept_head_bytes), desk);
    if (!body) return body.error();
    ByteReader in(*body);
    Accept accept;
    accept.nonce = load_le<std::uint64_t>(&datagram[5]);
    accept.host_nonce = in.u64();
    accept.peer.value = in.u32();
    accept.host.value = in.u32();
    accept.features = in.u32();
    accept.message_bytes_max = in.u32();
    accept.capabilities = in.u32();
    accept.session = in.u64();
    if (!in.ok()) return Error::truncated;
    return accept;
}
inline Result<Refusal> read_refusal(BytesIn datagram) {
    ByteReader in(datagram.subspan(5));
    Refusal refusal;
    refusal.nonce = in.u64();
    const std::uint8_t reason = in.u8();
    refusal.reason = reason < error_count ? static_cast<Error>(reason) : Error::refused;
    refusal.text = text_of(in.bytes(in.u8()));
    if (!in.ok()) return Error::truncated;
    return refusal;
}

// ---- the host's door

// Bakes and checks cookies: proof that the holder receives at its address, worth something for a few seconds
// only.
class Door {
  public:
    explicit Door(SipKey secret) : secret_(secret) {}

    Challenge challenge(Instant now, std::string_view address, std::uint64_t nonce) const {
        const auto stamp = static_cast<std::uint32_t>(now.ns / 1'000'000);
        return {nonce, cookie(address, nonce, stamp), stamp};
    }
    bool admits(Instant now, std::string_view address, const Connect& connect) const {
        const auto age =
            static_cast<std::int32_t>(static_cast<std::uint32_t>(now.ns / 1'000'000) - connect.stamp);
        return age >= 0 && milliseconds(age) <= cookie_life &&
               connect.cookie == cookie(address, connect.nonce, connect.stamp);
    }

  private:
    std::uint64_t cookie(std::string_view address, std::uint64_t nonce, std::uint32_t stamp) const {
        std::byte bytes[96];
        ByteWriter out(bytes);
        out.u64(nonce);
        out.u32(stamp);
        out.bytes(bytes_of(address.substr(0, 80)));
        return siphash(secret_, BytesIn(bytes, out.position()));
    }

    SipKey secret_;
};

// What does not fit between a caller and the host, or none. `type` is the first type on which the two
// disagree.
inline Error compare(const Terms& host, const Connect& caller, std::size_t& type) {
    type = host.type_hashes.size();
    if (!speaks_with_us(caller.protocol)) return Error::version_mismatch;
    if (caller.terms.game != host.game) return Error::wrong_game;
    if (caller.terms.game_version != host.game_version) return Error::version_mismatch;
    if (caller.terms.codec != host.codec) return Error::codec_mismatch;
    const std::uint32_t missing =
        (caller.terms.required & ~host.features) | (host.required & ~caller.terms.features);
    if ((missing & ~feature::datagrams) != 0) return Error::codec_mismatch;
    // Nobody can do without what the other says there, nor wait for what the other never says.
    if (((host.features ^ caller.terms.features) & feature::datagrams) != 0) return Error::datagrams_mismatch;
    if (caller.terms.schema != host.schema) {
        for (type = 0; type < host.type_hashes.size() && type < caller.hash_count(); ++type)
            if (host.type_hashes[type] != caller.hash(type)) break;
        // Which of those it is of which it had no room to speak, nobody knows.
        if (type == caller.hash_count() && type < caller.type_count) type = host.type_hashes.size();
        return Error::schema_mismatch;
    }
    if (caller.terms.room != host.room) return Error::wrong_room;
    return Error::none;
}

// Asks to be let in, again and again with growing pauses, until there is an answer or the time is over.
template <class Guard>
class Knock {
  public:
    enum class State : std::uint8_t { idle, hello, connect, accepted, refused };

    // The guard and the credential stay where they are until the knock is over.
    void begin(Instant now, Duration patience, std::uint64_t nonce, const Terms& terms, std::string_view name,
               const Guard& guard, std::string_view address, BytesIn credential = {}) {
        *this = Knock();
        connect_.credential = credential;
        guard_ = &guard;
        visit_ = guard.visit(address);
        state_ = State::hello;
        connect_.nonce = nonce;
        connect_.terms = terms;
        name_size_ = name.size() < name_bytes_max ? name.size() : name_bytes_max;
        copy(reinterpret_cast<std::byte*>(name_), bytes_of(name.substr(0, name_size_)));
        due_ = now;
        ends_ = now + patience;
    }

    // Takes an answer. True when the knock is over: accepted or refused.
    bool handle_datagram(Instant now, BytesIn datagram) {
        if (state_ != State::hello && state_ != State::connect) return false;
        switch (meeting_kind(datagram)) {
            case meeting::challenge:
                return state_ == State::hello && take_challenge(now, datagram);
            case meeting::accept:
                return asked_ && take_accept(datagram);
            case meeting::refusal:
                if (const auto refusal = read_refusal(datagram); refusal && refusal->nonce == connect_.nonce)
                    return hear_refusal(now, refusal->reason, refusal->text);
                return false;
            default:
                return false;
        }
    }
    // True when the patience is at its end.
    bool handle_timeout(Instant now) {
        if ((state_ != State::hello && state_ != State::connect) || now < ends_) return false;
        if (reason_ == Error::none) reason_ = Error::timed_out;
        state_ = State::refused;
        return true;
    }
    std::size_t poll_transmit(Instant now, BytesOut into) {
        if ((state_ != State::hello && state_ != State::connect) || now < due_) return 0;
        // A cookie that may have gone stale is fetched anew.
        if (state_ == State::connect && now - cookie_at_ > cookie_life * 3 / 4) state_ = State::hello;
        // What is enclosed anew is another request, since an answer can be read by who asked for it alone.
        if (Guard::is_private && state_ == State::hello && asked_) connect_.nonce = splitmix(connect_.nonce);
        asked_ = state_ == State::connect || (asked_ && !Guard::is_private);
        // Callers who came together don't come back together.
        due_ = now + pause_ * static_cast<std::int64_t>(48 + splitmix(connect_.nonce + ++knocks_) % 32) / 64;
        pause_ = min(pause_ * 3 / 2, seconds(1));
        connect_.name = {name_, name_size_};
        return state_ == State::hello
                   ? write(into, Hello{connect_.nonce, connect_.terms.game, protocol_version}, *guard_)
                   : write(into, connect_, *guard_, visit_);
    }
    Instant poll_timeout() const {
        return state_ == State::hello || state_ == State::connect ? min(due_, ends_) : Instant::never();
    }

    State state() const { return state_; }
    const Accept& accept() const { return accept_; }
    // Of the link that the answer begins.
    typename Guard::Seal::Key key() const {
        return guard_->key(visit_, connect_.terms.schema, accept_.nonce, accept_.host_nonce);
    }
    std::uint64_t nonce() const { return connect_.nonce; }
    Error reason() const { return reason_; }
    std::string_view text() const { return {text_, text_size_}; }

  private:
    static constexpr Duration first_pause = milliseconds(150);

    bool take_challenge(Instant now, BytesIn datagram) {
        ByteReader shown;
        const auto challenge = read_challenge(datagram, shown);
        if (!challenge || challenge->nonce != connect_.nonce) return false;
        if (const Error error = guard_->read_challenge(visit_, shown); error != Error::none)
            return hear_refusal(now, error, {});
        connect_.cookie = challenge->cookie;
        connect_.stamp = challenge->stamp;
        cookie_at_ = now;
        state_ = State::connect;
        due_ = now;
        pause_ = first_pause;
        return false;
    }
    bool take_accept(BytesIn datagram) {
        const auto nonce = read_accepted(datagram);
        if (!nonce || *nonce != connect_.nonce) return false;
        const auto accept = read_accept(datagram, *guard_, visit_);
        if (!accept) return false; // somebody else's; the host's may still come
        accept_ = *accept;
        reason_ = Error::none;
        state_ = State::accepted;
        return true;
    }
    bool hear_refusal(Instant now, Error reason, std::string_view text) {
        if (!Guard::is_private)
            state_ = State::refused;
        else if (reason_ == Error::none)
            ends_ = min(ends_, now + meeting::doubt);
        // It may have been shown a key that is not the host's.
        if (Guard::is_private && reason == Error::encryption_mismatch) state_ = State::hello;
        reason_ = reason;
        text_size_ = text.size() < sizeof(text_) ? text.size() : sizeof(text_);
        copy(reinterpret_cast<std::byte*>(text_), bytes_of(text.substr(0, text_size_)));
        return state_ == State::refused;
    }

    const Guard* guard_ = nullptr;
    typename Guard::Visit visit_;
    State state_ = State::idle;
    Connect connect_;
    Accept accept_;
    Error reason_ = Error::none;
    bool asked_ = false; // with this nonce, so that there may be an answer
    Instant due_{}, ends_{}, cookie_at_{};
    Duration pause_ = first_pause;
    std::uint64_t knocks_ = 0;
    char text_[96] = {}, name_[name_bytes_max] = {};
    std::size_t text_size_ = 0, name_size_ = 0;
};

} // namespace tenon
