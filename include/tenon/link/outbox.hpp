#pragma once
// Messages that may be lost, waiting for their packet: first in, first out, unless their time has passed or
// something newer has taken their place. They lie in one buffer that grows to its limit; a full one is a
// result for the caller.

#include <cstdint>
#include <cstring>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/prefetch.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/bundle.hpp"
#include "tenon/link/shared_bytes.hpp"
#include "tenon/wire/fragment.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

class Outbox {
  public:
    struct Message {
        std::uint32_t size = 0; // of the payload
        std::uint32_t key = 0;  // with the type, what a newer message of the kind replaces
        Instant deadline = Instant::never();
        Instant queued_at{}; // zero: not known, so that only the deadline counts
        MessageType type{};
        bool dropped = false, replaceable = false;
        bool shared = false;              // what lies here is only where the payload is
        bool bundle = false;              // and that holds a Bundle
        std::uint16_t fragments_sent = 0; // of a bundle, the frames
        std::uint32_t track = 0;          // what its sender calls it, to hear when it has arrived; 0: nothing
    };
    // What the most parts that a message may have can hold, where a packet carries a kilobyte of it or more.
    static constexpr std::size_t message_bytes_max = Fragment::count_max * std::size_t(1024);

    // What may be lost is old news when it has waited this long for a full path, unless its sender set a time
    // of its own or only something newer makes it old.
    static constexpr Duration patience = milliseconds(250);

    explicit Outbox(std::size_t bytes_max)
        : bytes_max_(static_cast<std::uint32_t>(bytes_max < most ? bytes_max : most)) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox() {
        while (head_ != tail_) pop();
        ::operator delete(bytes_);
        ::operator delete(newest_);
    }

    // Room for a payload of at most `size` bytes, to be filled and then committed; empty when the queue is
    // full.
    BytesOut prepare(std::size_t size) {
        if (used() + record_bytes(size) > bytes_max_ || !fit(record_bytes(size))) return {};
        return {bytes_ + tail_ + sizeof(Message), size};
    }
    // The same where the size will be known when it is written: the room that is there already, and not less
    // than a few hundred bytes, or empty.
    BytesOut open_room() {
        const std::size_t least = record_bytes(256);
        if (used() + least > bytes_max_ || !fit(least)) return {};
        const std::size_t here = capacity_ - tail_, allowed = bytes_max_ - used();
        const std::size_t size = (here < allowed ? here : allowed) / 8 * 8 - sizeof(Message);
        return {bytes_ + tail_ + sizeof(Message), size < message_bytes_max ? size : message_bytes_max};
    }
    // Takes the payload written into the room that was given; `message.size` is what was used of it.
    void commit(Message message) {
        if (message.replaceable)
            replace(message.type, message.key);
        else if (message.queued_at != Instant{} && message.deadline == Instant::never())
            message.deadline = message.queued_at + patience;
        new (bytes_ + tail_) Message(message);
        tail_ += static_cast<std::uint32_t>(record_bytes(message));
        live_bytes_ += message.size;
    }
    Result<> push(Message message, BytesIn payload) {
        if (payload.size() > message_bytes_max) return Error::too_large;
        const BytesOut room = prepare(payload.size());
        if (room.data() == nullptr) return Error::queue_full; // the size would not tell, of an empty message
        copy(room.data(), payload);
        message.size = static_cast<std::uint32_t>(payload.size());
        commit(message);
        return {};
    }
    // The same for a payload that others send too; it is held until it has left. Of a bundle, the frames of
    // which the bit is set in `without` are left out.
    Result<> push(Message message, SharedBytes& payload, std::uint64_t without = 0) {
        message.size = static_cast<std::uint32_t>(payload.bytes().size());
        if (live_bytes_ + message.size > bytes_max_) return Error::queue_full;
        const Shared place{&payload, without};
        const BytesOut room = prepare(sizeof(place));
        if (room.empty()) return Error::queue_full;
        std::memcpy(room.data(), &place, sizeof(place));
        message.shared = true;
        payload.hold();
        commit(message);
        return {};
    }

    // A message found no room: it is as if it had come too late.
    void count_dropped() { ++expired_; }

    // Fetches the oldest message, or the place of the next.
    TENON_INLINE void prefetch() const { tenon::prefetch(bytes_ + head_, sizeof(Message)); }
    const void* seldom() const { return &newest_; } // behind it lies what few packets need

    // The oldest message that is still worth sending, or nullptr. What is too late is dropped and counted.
    Message* front(Instant now) {
        while (head_ != tail_) {
            Message* message = at(head_);
            // A message of which a part has left goes on, else that part was wasted.
            if (!message->dropped && (message->deadline >= now || message->fragments_sent != 0))
                return message;
            if (!message->dropped) ++expired_;
            pop();
        }
        return nullptr;
    }
    BytesIn payload(const Message& message) const {
        if (message.shared) return shared(message).bytes->bytes();
        return {reinterpret_cast<const std::byte*>(&message) + sizeof(Message), message.size};
    }
    // Which frames of a bundle are left out.
    std::uint64_t without(const Message& bundle) const { return shared(bundle).without; }
    void pop() {
        const Message* message = at(head_);
        live_bytes_ -= message->dropped ? 0 : message->size;
        if (message->shared) shared(*message).bytes->release();
        head_ += static_cast<std::uint32_t>(record_bytes(*message));
        if (head_ == tail_) {
            origin_ += head_;
            head_ = tail_ = 0;
        }
    }

    // Puts the oldest at the end of another's queue.
    void give_front(const Message& message, Outbox& to) {
        const Result<> given = message.shared
                                   ? to.push(message, *shared(message).bytes, shared(message).without)
                                   : to.push(message, payload(message));
        if (!given) to.count_dropped();
        pop();
    }

    // Writes what waits as frames, as much as fits. What would not fit into any packet is cut into parts of
    // at most `part_bytes`, each in a packet of its own. `carries(track)` hears what is tracked and whole.
    void fill(PacketWriter& packet, Instant now, std::size_t part_bytes) {
        fill(packet, now, part_bytes, [](std::uint32_t) {});
    }
    void fill(PacketWriter& packet, Instant now, std::size_t part_bytes, auto&& carries) {
        while (Message* message = front(now)) {
            if (message->bundle) {
                const Shared place = shared(*message);
                if (!Bundle::fill(packet, place.bytes->bytes(), message->fragments_sent, place.without))
                    return;
                pop();
                continue;
            }
            const bool wide = message->type.value >= message_flag::type_follows;
            const std::size_t type_bytes =
                wide ? 1 + varint_size(message->type.value - message_flag::type_follows) : 1;
            if (message->fragments_sent != 0 || message->size + type_bytes + 2 > part_bytes)
                return write_part(packet, *message, part_bytes);
            if (message->size + type_bytes + 2 > packet.left()) return;
            packet.message(message->type, payload(*message));
            if (message->track != 0) carries(message->track);
            pop();
        }
    }

    bool empty() const { return head_ == tail_; }
    std::size_t bytes() const { return live_bytes_; }
    std::uint64_t expired() const { return expired_; }   // dropped because their time had passed
    std::uint64_t replaced() const { return replaced_; } // dropped because something newer came

  private:
    void write_part(PacketWriter& packet, Message& message, std::size_t part_bytes) {
        // The type stands before the payload, inside the first part.
        const std::size_t type_bytes = varint_size(message.type.value);
        Fragment fragment;
        fragment.whole_bytes = type_bytes + message.size;
        fragment.count = static_cast<std::uint8_t>(
            fragment_count(fragment.whole_bytes, part_bytes - Fragment::header_bytes_max));
        if (fragment.count == 0) { // packets so small that no number of them holds it
            ++expired_;
            return pop();
        }
        fragment.index = static_cast<std::uint8_t>(message.fragments_sent);
        const std::size_t bytes = fragment.bytes_here();
        if (packet.left() < bytes + Fragment::header_bytes_max) return;
        if (fragment.index == 0) ++fragment_id_;
        fragment.id = fragment_id_;
        write_fragment_header(packet.out(), fragment);
        if (fragment.index == 0) {
            packet.out().varint(message.type.value);
            packet.out().bytes(payload(message).first(bytes - type_bytes));
        } else {
            packet.out().bytes(payload(message).subspan(fragment.offset() - type_bytes, bytes));
        }
        packet.fill_up();
        if (++message.fragments_sent == fragment.count) pop();
    }

    struct Shared {
        SharedBytes* bytes;
        std::uint64_t without;
    };
    struct Newest {
        std::uint64_t id = 0, at = 0; // one more than the place, counted since the beginning; 0: none
    };

    static constexpr std::size_t record_bytes(std::size_t size) {
        return (sizeof(Message) + size + 7) / 8 * 8;
    }
    static constexpr std::size_t record_bytes(const Message& message) {
        return record_bytes(message.shared ? sizeof(Shared) : std::size_t(message.size));
    }
    static Shared shared(const Message& message) {
        Shared place{};
        std::memcpy(&place, reinterpret_cast<const std::byte*>(&message) + sizeof(Message), sizeof(place));
        return place;
    }
    Message* at(std::size_t offset) { return reinterpret_cast<Message*>(bytes_ + offset); }
    std::size_t used() const { return tail_ - head_; }

    // Makes `size` bytes free behind the tail: by moving what waits to the front, or by doubling the buffer.
    bool fit(std::size_t size) {
        if (tail_ + size <= capacity_) return true;
        std::size_t capacity = capacity_ == 0 ? 1024 : capacity_;
        while (capacity < (used() + size) * 2) capacity *= 2;
        std::byte* bytes = bytes_;
        if (capacity > capacity_) bytes = static_cast<std::byte*>(::operator new(capacity, std::nothrow));
        if (bytes == nullptr) return false;
        if (used() != 0) std::memmove(bytes, bytes_ + head_, used());
        if (bytes != bytes_) {
            ::operator delete(bytes_);
            bytes_ = bytes;
            capacity_ = static_cast<std::uint32_t>(capacity);
        }
        origin_ += head_;
        tail_ -= head_;
        head_ = 0;
        return true;
    }

    // Drops the message of the same type and key that still waits, and notes where the new one will lie.
    void replace(MessageType type, std::uint32_t key) {
        const std::uint64_t id = std::uint64_t(type.value) << 32 | key;
        Newest* entry = newest_ == nullptr ? nullptr : entry_of(id);
        while (entry == nullptr && newest_count_ < newest_max && grow_newest()) entry = entry_of(id);
        if (newest_ == nullptr) return;
        if (entry == nullptr) {
            entry = &newest_[splitmix(id) & (newest_count_ - 1)]; // another is forgotten, and waits its turn
        } else if (entry->at > origin_ + head_) {
            Message* older = at(static_cast<std::size_t>(entry->at - 1 - origin_));
            if (older->fragments_sent == 0 && !older->dropped) {
                older->dropped = true;
                live_bytes_ -= older->size;
                ++replaced_;
            }
        }
        *entry = {id, origin_ + tail_ + 1};
    }
    // Where the message of that type and key is noted, or a free place near it, or nullptr.
    Newest* entry_of(std::uint64_t id) {
        Newest* free = nullptr;
        for (std::size_t i = 0; i < neighbours; ++i) {
            Newest& entry = newest_[(splitmix(id) + i) & (newest_count_ - 1)];
            const bool waits = entry.at > origin_ + head_;
            if (waits && entry.id == id) return &entry;
            if (!waits && free == nullptr) free = &entry;
        }
        return free;
    }
    // A larger table, filled again from what waits.
    bool grow_newest() {
        const std::size_t count = newest_count_ == 0 ? 16 : newest_count_ * 2;
        auto* table = static_cast<Newest*>(::operator new(count * sizeof(Newest), std::nothrow));
        if (table == nullptr) return false;
        for (std::size_t i = 0; i < count; ++i) new (table + i) Newest();
        ::operator delete(newest_);
        newest_ = table;
        newest_count_ = count;
        for (std::size_t offset = head_; offset != tail_; offset += record_bytes(*at(offset))) {
            const Message& message = *at(offset);
            if (message.dropped || !message.replaceable) continue;
            const std::uint64_t id = std::uint64_t(message.type.value) << 32 | message.key;
            if (Newest* entry = entry_of(id)) *entry = {id, origin_ + offset + 1};
        }
        return true;
    }
    static constexpr std::size_t neighbours = 8; // places that one message may have in the table
    static constexpr std::size_t newest_max = 8192;
    static constexpr std::size_t most = std::size_t(1) << 30; // so that twice of it can be counted

    std::byte* bytes_ = nullptr;
    std::uint32_t bytes_max_, capacity_ = 0, head_ = 0, tail_ = 0, live_bytes_ = 0;
    std::uint16_t fragment_id_ = 0;
    std::uint64_t origin_ = 0; // where the buffer begins, counted since the beginning
    Newest* newest_ = nullptr; // which waiting message is the last of its type and key
    std::size_t newest_count_ = 0;
    std::uint64_t expired_ = 0, replaced_ = 0;
};

} // namespace tenon
