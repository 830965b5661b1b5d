#pragma once
// The codec for eyes and tools: exactly what cereal's JSON archive reads and writes, on one line. Sessions
// encode and decode with it, and show the whole header of a message around it. It needs neither cereal nor
// exceptions.
//
// A message is {"value0": ...}, as ar(message) gives it. Numbers come back as they were; NaN and the
// infinities are cereal's words, which JSON has not. Text must be UTF-8 both ways. A named field may stand
// anywhere in its object; one too many is unknown_field, one too few missing_field.

#include <cstdint>
#include <string_view>

#include "tenon/codec/concept.hpp"
#include "tenon/codec/envelope.hpp"
#include "tenon/codec/json_in.hpp"
#include "tenon/codec/json_out.hpp"
#include "tenon/core/bytes.hpp"

namespace tenon::codec {

struct Json {
    static constexpr std::string_view name = "json";
    // A session puts every message into an envelope.
    static constexpr bool enveloped = true;

    // too_large: `into` is too small. over_bound: a container holds more than its bound, or nests too deeply.
    // malformed: a text is not UTF-8.
    template <class T>
    static Encoded encode(BytesOut into, const T& message) {
        JsonOut archive(into);
        archive(message);
        return archive.finish();
    }

    // A ranged value outside its range is over_bound, a quantised one is clamped. After an error the message
    // is valid, and partly written.
    template <class T>
    static Decoded decode(BytesIn from, T& message) {
        JsonIn archive(from);
        archive(message);
        return archive.finish();
    }

    // {"type": ..., "seq": ..., ..., "body": message}
    template <class T>
    static Encoded encode_enveloped(BytesOut into, const Envelope& envelope, const T& message) {
        JsonOut archive(into);
        write(archive, envelope);
        archive.field("body", message);
        return archive.finish();
    }

    template <class T>
    static Decoded decode_enveloped(BytesIn from, Envelope& envelope, T& message) {
        JsonIn archive(from);
        read(archive, envelope);
        archive.field("body", message);
        return archive.finish();
    }

  private:
    // Templates, so that only who has this codec pays for what they instantiate.
    template <class Archive>
    static void write(Archive& archive, const Envelope& envelope) {
        archive.text_field("type", envelope.type.view());
        archive.text_field("name", envelope.name.view());
        archive.field("seq", envelope.seq);
        if (envelope.ack != 0) archive.field("ack", envelope.ack);
        archive.field("ts", envelope.ts);
        archive.text_field("gameId", envelope.game_id.view());
        archive.text_field("roomId", envelope.room_id.view());
        archive.field("peerId", envelope.peer_id.value);
        archive.field("authorityId", envelope.authority_id.value);
    }
    template <class Archive>
    static void read(Archive& archive, Envelope& envelope) {
        const auto label = [&](const char* field, Envelope::Label& to) {
            to = {};
            archive.text_field(field, [&](std::string_view piece) {
                if (!to.append(piece)) archive.fail(Error::over_bound);
            });
        };
        label("type", envelope.type);
        label("name", envelope.name);
        archive.field("seq", envelope.seq);
        envelope.ack = 0;
        if (archive.has_field("ack")) archive.field("ack", envelope.ack);
        archive.field("ts", envelope.ts);
        label("gameId", envelope.game_id);
        label("roomId", envelope.room_id);
        archive.field("peerId", envelope.peer_id.value);
        archive.field("authorityId", envelope.authority_id.value);
    }
};

} // namespace tenon::codec
