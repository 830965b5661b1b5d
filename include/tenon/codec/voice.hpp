#pragma once
// How a session says and hears the messages of a game in a codec: plainly, or, where the codec shows the
// whole header with every message, in an envelope that is filled in and checked here.

#include <cstdint>
#include <string_view>

#include "tenon/codec/concept.hpp"
#include "tenon/codec/envelope.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/schema/game.hpp"

namespace tenon::codec {

template <class C>
concept Enveloped = requires {
    requires C::enveloped;
};

// Who speaks, for the header.
struct Speaker {
    std::string_view room;
    PeerId self, authority;
    Instant room_time{};
};

template <class Game, class Codec>
class Voice {
  public:
    // `who` gives the Speaker, if it is asked.
    template <class T>
    Encoded encode(BytesOut out, const T& message, auto&&) {
        return Codec::encode(out, message);
    }
    template <class T>
    Decoded decode(BytesIn in, T& message) {
        return Codec::decode(in, message);
    }
};

template <class Game, Enveloped Codec>
class Voice<Game, Codec> {
  public:
    template <class T>
    Encoded encode(BytesOut out, const T& message, auto&& who) {
        const Speaker speaker = who();
        Envelope envelope;
        envelope.type = word(Game::template kind_of<T>());
        envelope.name = name<T>();
        envelope.seq = said_;
        envelope.ack = heard_;
        envelope.ts = speaker.room_time.ns / 1'000'000;
        envelope.game_id = Game::name;
        envelope.room_id = speaker.room;
        envelope.peer_id = speaker.self;
        envelope.authority_id = speaker.authority;
        const Encoded encoded = Codec::encode_enveloped(out, envelope, message);
        if (encoded) ++said_;
        return encoded;
    }
    // The header is for eyes: who spoke is known from the link, and only the type has to be the right one.
    template <class T>
    Decoded decode(BytesIn in, T& message) {
        Envelope envelope;
        const Decoded decoded = Codec::decode_enveloped(in, envelope, message);
        if (!decoded) return decoded;
        if (envelope.name.view() != name<T>()) return Error::malformed;
        heard_ = envelope.seq;
        return decoded;
    }

  private:
    template <class T>
    static std::string_view name() {
        return Game::type_name(std::size_t(Game::template type_of<T>.value) - MessageType::first_user);
    }
    static constexpr std::string_view word(EntryKind kind) {
        return kind == EntryKind::state ? "snapshot" : kind == EntryKind::command ? "command" : "event";
    }

    std::uint64_t said_ = 1, heard_ = 0; // the next of our own, and the last of anybody's
};

} // namespace tenon::codec
