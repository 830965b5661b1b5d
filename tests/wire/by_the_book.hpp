#pragma once
// A decoder of the wire that follows PROTOCOL.md and shares nothing with the library but xxHash. It is in no
// hurry and throws nothing away: whatever it does not understand makes it fail.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

namespace by_the_book {

using Bytes = std::vector<std::uint8_t>;

// Reads from the front; after anything that is not there, or not as it should be, `good` is false.
struct Cursor {
    const Bytes& bytes;
    std::size_t at = 0;
    bool good = true;

    explicit Cursor(const Bytes& b, std::size_t from = 0) : bytes(b), at(from) {}
    std::size_t left() const { return good ? bytes.size() - at : 0; }
    std::uint64_t number(unsigned count) {
        std::uint64_t value = 0;
        if (left() < count) return good = false, 0;
        for (unsigned i = 0; i < count; ++i) value |= std::uint64_t(bytes[at++]) << (8 * i);
        return value;
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned group = 0; group < 10; ++group) {
            const std::uint64_t byte = number(1);
            if (!good || (group == 9 && byte > 1) || (group > 0 && byte == 0)) break;
            value |= (byte & 0x7F) << (7 * group);
            if (byte < 0x80) return value;
        }
        return good = false, 0;
    }
    Bytes take(std::uint64_t count) {
        if (left() < count) return good = false, Bytes{};
        const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        at += static_cast<std::size_t>(count);
        return Bytes(from, from + static_cast<std::ptrdiff_t>(count));
    }
    Bytes rest() { return take(left()); }
};

// "xxHash": XXH3, 64 bits, of the bytes from `from` to the end.
inline std::uint64_t hash(const Bytes& bytes, std::size_t from, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data() + from, bytes.size() - from, seed);
}

// "Numbers cut short": the one in (near - half, near + half].
inline std::uint64_t whole_number(std::uint64_t low, unsigned bytes, std::uint64_t near) {
    const std::uint64_t span = std::uint64_t(1) << (8 * bytes);
    std::uint64_t best = low;
    while (best + span <= near + span / 2) best += span;
    return best;
}

constexpr std::uint64_t meeting_key = 0x6E6F'6E65'7400'0001;

inline std::uint64_t link_key(std::uint64_t schema, std::uint64_t nonce, std::uint64_t host_nonce) {
    Bytes bytes;
    for (const std::uint64_t word : {schema, nonce, host_nonce})
        for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
    return hash(bytes, 0, meeting_key);
}

// ---- "The handshake"

struct Meeting {
    unsigned kind = 0; // 0x81 to 0x87
    std::uint64_t nonce = 0, cookie = 0, stamp = 0, protocol = 0, game = 0, room = 0, schema = 0,
                  game_version = 0, codec = 0, features = 0, required = 0, host_nonce = 0, peer = 0,
                  message_bytes_max = 0, capabilities = 0, session = 0, type_count = 0, reason = 0, proof = 0,
                  host = 0;
    // Of a claim. Its seal is for who knows the room's key.
    std::uint64_t claim = 0, epoch = 0, authority = 0, from = 0, about = 0, handed = 0, size = 0, seal = 0;
    Bytes text; // the name in a connect, the text of a refusal
    Bytes credential;
    std::vector<std::uint64_t> type_hashes;
};

inline std::optional<Meeting> read_meeting(const Bytes& datagram) {
    Meeting m;
    Cursor in(datagram);
    m.kind = static_cast<unsigned>(in.number(1));
    const std::uint64_t checksum = in.number(4);
    if (!in.good || m.kind < 0x81 || m.kind > 0x87) return std::nullopt;
    if (checksum != (hash(datagram, 5, meeting_key + m.kind) & 0xFFFF'FFFF)) return std::nullopt;
    if (m.kind == 0x81) {
        m.protocol = in.number(2);
        m.nonce = in.number(8);
        m.game = in.number(8);
        in.good = in.good && datagram.size() >= 128;
    } else if (m.kind == 0x82) {
        m.nonce = in.number(8);
        m.cookie = in.number(8);
        m.stamp = in.number(4);
    } else if (m.kind == 0x83) {
        m.protocol = in.number(2);
        for (std::uint64_t* word : {&m.nonce, &m.cookie}) *word = in.number(8);
        m.stamp = in.number(4);
        for (std::uint64_t* word : {&m.game, &m.room, &m.schema}) *word = in.number(8);
        for (std::uint64_t* word : {&m.game_version, &m.codec, &m.features, &m.required, &m.capabilities})
            *word = in.number(4);
        const std::uint64_t name = in.number(1);
        in.good = in.good && name <= 48 && datagram.size() >= 1200;
        m.text = in.take(name);
        const std::uint64_t credential = in.number(2);
        in.good = in.good && credential <= 900;
        m.credential = in.take(credential);
        m.type_count = in.number(1);
        for (std::uint64_t count = in.number(1); count != 0 && in.good; --count)
            m.type_hashes.push_back(in.number(4));
    } else if (m.kind == 0x84) {
        m.nonce = in.number(8);
        m.host_nonce = in.number(8);
        for (std::uint64_t* word : {&m.peer, &m.host, &m.features, &m.message_bytes_max, &m.capabilities})
            *word = in.number(4);
        m.session = in.number(8);
    } else if (m.kind == 0x86) {
        m.protocol = in.number(2);
        for (std::uint64_t* word : {&m.nonce, &m.game, &m.room}) *word = in.number(8);
        m.peer = in.number(4);
        m.proof = in.number(8);
        in.good = in.good && datagram.size() >= 72;
    } else if (m.kind == 0x87) {
        m.game = in.number(8);
        m.room = in.number(8);
        m.claim = in.number(1);
        for (std::uint64_t* word : {&m.epoch, &m.authority, &m.from, &m.about}) *word = in.number(4);
        m.nonce = in.number(8);
        m.handed = in.number(1);
        m.size = in.number(4);
        m.seal = in.number(8);
        in.good = in.good && in.left() == 0 && m.claim <= 6 && m.handed <= 1;
    } else {
        m.nonce = in.number(8);
        m.reason = in.number(1);
        m.text = in.take(in.number(1));
    }
    return in.good ? std::optional(m) : std::nullopt;
}

// ---- "A packet"

struct Run {
    std::uint64_t first = 0, last = 0;
};
struct Message {
    std::uint64_t type = 0;
    Bytes payload;
};
struct Chunk {
    std::uint64_t sequence = 0; // its low sixteen bits
    bool unordered = false, continues = false, unfinished = false;
    Bytes content;
};
struct Fragment {
    std::uint64_t id = 0, index = 0, count = 0, whole_bytes = 0;
    Bytes part;
};
struct Command {
    std::uint64_t number = 0; // its low sixteen bits
    Message message;
};
struct Told {
    std::uint64_t question = 0, clock = 0, waited_us = 0;
};
struct Packet {
    std::uint64_t number = 0;
    bool acks = false;
    std::uint64_t acked = 0, delay_us = 0;
    std::vector<Run> runs;
    std::vector<Message> messages;
    std::vector<Chunk> chunks;
    std::vector<Fragment> fragments;
    std::vector<Command> commands;
    std::map<std::uint64_t, Message> retried;
    std::vector<std::uint64_t> receipts, asked;
    std::vector<Told> told;
    std::vector<std::int64_t> early_us;
    std::optional<std::uint64_t> close;
    Bytes farewell; // what was said of it
    unsigned pings = 0;
    std::size_t padding = 0, frames = 0;
};

inline bool read_acknowledgement(Cursor& in, unsigned flags, std::uint64_t sent, Packet& packet) {
    packet.acks = true;
    const unsigned bytes = (flags >> 2 & 3) + 1;
    packet.acked = whole_number(in.number(bytes), bytes, sent);
    if (packet.acked >= sent && packet.acked >= std::uint64_t(1) << (8 * bytes))
        packet.acked -= std::uint64_t(1) << (8 * bytes);
    const std::uint64_t delay = in.number(1);
    packet.delay_us = delay < 128 ? delay * 250 : 32'000 + (delay - 128) * 4'000;
    std::uint64_t length = packet.acked + 1 < 32 ? packet.acked + 1 : 32, pairs = 0;
    if (flags & 0x20) {
        pairs = in.number(1);
        length = in.varint();
    }
    std::uint64_t last = packet.acked;
    for (;;) {
        if (!in.good || length == 0 || length > last + 1) return false;
        packet.runs.push_back({last + 1 - length, last});
        if (pairs-- == 0) return true;
        const std::uint64_t gap = in.varint(), before = last + 1 - length; // packets below this run
        if (gap == 0 || gap >= before) return false;
        last = before - gap - 1;
        length = in.varint();
    }
}

inline bool read_frame(Cursor& in, Packet& packet) {
    const auto tag = static_cast<unsigned>(in.number(1));
    ++packet.frames;
    if (tag >= 0x80) {
        Message message{tag & 0x3F, {}};
        if (message.type == 0x3F) message.type += in.varint();
        message.payload = tag & 0x40 ? in.take(in.varint()) : in.rest();
        packet.messages.push_back(message);
    } else if (tag >= 0x10 && tag <= 0x1F) {
        Chunk chunk;
        chunk.sequence = in.number(2);
        chunk.unordered = (tag & 2) != 0;
        chunk.continues = (tag & 4) != 0;
        chunk.unfinished = (tag & 8) != 0;
        chunk.content = tag & 1 ? in.take(in.varint()) : in.rest();
        packet.chunks.push_back(chunk);
    } else if (tag == 0x00) {
        packet.padding = in.rest().size() + 1;
    } else if (tag == 0x01) {
        ++packet.pings;
    } else if (tag == 0x02) {
        packet.asked.push_back(in.number(1));
    } else if (tag == 0x03) {
        Told told{in.number(1), 0, 0};
        told.clock = in.number(8);
        told.waited_us = in.varint();
        packet.told.push_back(told);
    } else if (tag == 0x04) {
        packet.close = in.number(1);
        packet.farewell = in.rest();
    } else if (tag == 0x05) {
        Fragment part{in.number(2), 0, 0, 0, {}};
        part.index = in.number(1);
        part.count = in.number(1);
        part.whole_bytes = in.varint();
        part.part = in.rest();
        packet.fragments.push_back(part);
    } else if (tag == 0x06) {
        std::uint64_t number = in.number(2);
        for (std::uint64_t count = in.number(1); count != 0 && in.good; --count, ++number) {
            Command command{number & 0xFFFF, {in.varint(), {}}};
            command.message.payload = in.take(in.varint());
            packet.commands.push_back(command);
        }
    } else if (tag == 0x07) {
        const std::uint64_t id = in.number(2);
        Message message{in.varint(), {}};
        message.payload = in.take(in.varint());
        packet.retried[id] = message;
    } else if (tag == 0x08) {
        for (std::uint64_t count = in.number(1); count != 0 && in.good; --count)
            packet.receipts.push_back(in.number(2));
    } else if (tag == 0x0A) {
        const auto steps = static_cast<std::int64_t>(in.number(2));
        packet.early_us.push_back((steps < 0x8000 ? steps : steps - 0x10000) * 20);
    } else {
        return false;
    }
    return in.good;
}

// `expected`: one more than the largest number that came from there; `sent`: the number our own next packet
// has.
inline std::optional<Packet> read_packet(const Bytes& datagram, std::uint64_t key, std::uint64_t expected,
                                         std::uint64_t sent) {
    Packet packet;
    Cursor in(datagram);
    const auto flags = static_cast<unsigned>(in.number(1));
    const std::uint64_t checksum = in.number(4);
    if ((flags & 0xC0) != 0 || (!(flags & 0x10) && (flags & 0x2C) != 0)) return std::nullopt;
    packet.number = whole_number(in.number((flags & 3) + 1), (flags & 3) + 1, expected);
    if (flags & 0x10 && !read_acknowledgement(in, flags, sent, packet)) return std::nullopt;
    if (!in.good) return std::nullopt;
    const std::uint64_t seed =
        key ^ packet.number * 0x9E37'79B9'7F4A'7C15 ^ (packet.acked * 256 + flags) * 0xC2B2'AE3D'27D4'EB4F;
    if (checksum != (hash(datagram, 5, seed) & 0xFFFF'FFFF)) return std::nullopt;
    if (packet.acks && packet.acked >= sent) return std::nullopt;
    while (in.left() != 0)
        if (!read_frame(in, packet)) return std::nullopt;
    return packet;
}

// ---- "Chunks": the messages of one ordered channel, whose chunks come in any order and more than once

struct Channel {
    std::uint64_t expected = 0;
    std::map<std::uint64_t, Chunk> waiting;
    Bytes unfinished; // the beginning of a message that goes on in the next chunk
    std::vector<Message> messages;
    bool good = true;

    void take(const Chunk& chunk) {
        const std::uint64_t sequence = whole_number(chunk.sequence, 2, expected + 0x1'0000) -
                                       0x1'0000; // may lie below zero at the start
        if (sequence >= expected && sequence - expected < 0x8000) waiting[sequence] = chunk;
        for (auto it = waiting.find(expected); it != waiting.end(); it = waiting.find(++expected)) {
            read(it->second);
            waiting.erase(it);
        }
    }

  private:
    void read(const Chunk& chunk) {
        good = good && chunk.continues == !unfinished.empty();
        Bytes bytes = unfinished;
        bytes.insert(bytes.end(), chunk.content.begin(), chunk.content.end());
        unfinished.clear();
        Cursor in(bytes);
        while (in.left() != 0) {
            const std::size_t begin = in.at;
            Message message{in.varint(), {}};
            const std::uint64_t size = in.varint();
            if (size > in.left() && chunk.unfinished) {
                unfinished.assign(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.end());
                break;
            }
            message.payload = in.take(size);
            if (in.good) messages.push_back(message);
        }
        good = good && in.good && chunk.unfinished == !unfinished.empty();
    }
};

} // namespace by_the_book
