#pragma once
// Puts fragmented messages together again, a few at a time. A message of which a part is lost is forgotten as
// a whole when newer ones need its place.

#include <cstdint>

#include "tenon/core/ids.hpp"
#include "tenon/core/sequence.hpp"
#include "tenon/link/assembly.hpp"
#include "tenon/wire/fragment.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

class Fragments {
  public:
    static constexpr unsigned messages_max = 2;

    // Takes a part. True when its message is complete: `message` holds it until the next call.
    Result<bool> add(const Fragment& fragment, std::size_t message_bytes_max, BytesIn& message) {
        Partial* partial = find(fragment);
        if (partial == nullptr) return false; // of a message that had to make room
        if (!partial->open) {
            if (const auto begun = partial->assembly.begin(fragment.whole_bytes, message_bytes_max); !begun)
                return begun.error();
            partial->open = partial->used = true;
            partial->id = fragment.id;
            partial->count = fragment.count;
            for (auto& word : partial->seen) word = 0;
        } else if (partial->count != fragment.count || partial->assembly.size() != fragment.whole_bytes) {
            return Error::malformed;
        }
        std::uint64_t& word = partial->seen[fragment.index / 64];
        const std::uint64_t bit = std::uint64_t(1) << (fragment.index % 64);
        if (word & bit) return false;
        word |= bit;
        partial->assembly.put(fragment.offset(), fragment.part);
        if (!partial->assembly.complete()) return false;
        partial->open = false;
        message = partial->assembly.bytes();
        return true;
    }

    // Reads a fragment frame behind its tag. True when it completes a message.
    Result<bool> read(ByteReader& frames, std::size_t message_bytes_max, MessageType& type,
                      BytesIn& payload) {
        const auto fragment = read_fragment(frames);
        if (!fragment) return fragment.error();
        BytesIn message;
        const Result<bool> complete = add(*fragment, message_bytes_max + type_bytes_max, message);
        if (!complete || !*complete) return complete;
        ByteReader in(message);
        const std::uint64_t number = in.varint();
        if (!in.ok() || number > 0xFFFF) return Error::malformed;
        type.value = static_cast<std::uint16_t>(number);
        payload = in.rest();
        return true;
    }

    std::uint64_t forgotten() const { return forgotten_; } // messages that never became whole

  private:
    static constexpr std::size_t type_bytes_max = 3; // the type stands in front of the payload
    struct Partial {
        Assembly assembly;
        std::uint64_t seen[4] = {};
        std::uint16_t id = 0;
        std::uint8_t count = 0;
        bool open = false, used = false;
    };

    // The place of the fragment's message: its own, a free one, or that of the oldest if this one is newer.
    Partial* find(const Fragment& fragment) {
        Partial* place = nullptr;
        for (Partial& partial : partials_) {
            if (partial.used && partial.id == fragment.id) return partial.open ? &partial : nullptr;
            if (place == nullptr || !partial.open || (place->open && newer(place->id, partial.id)))
                place = &partial;
        }
        if (!place->open) return place;
        if (!newer(fragment.id, place->id)) return nullptr;
        ++forgotten_;
        place->open = false;
        return place;
    }

    Partial partials_[messages_max];
    std::uint64_t forgotten_ = 0;
};

} // namespace tenon
