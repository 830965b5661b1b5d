#pragma once
// One reliable event as it travels and as it is kept: who said it, its place among what that peer said, and
// for whom it is. The Ledger numbers and keeps them; the room carries them.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

struct Filed {
    static constexpr std::size_t head_bytes_max = 5 + 5 + 5 + 3;

    PeerId origin;
    std::uint32_t serial = 0;   // from 1; what is said to all counts apart from what is said to each
    PeerId to = PeerId::none(); // none: all
    MessageType type;
    BytesIn payload;

    // What stands in the place of an event that its sender may not say: it counts, and nobody hears it.
    static constexpr MessageType nothing{0};

    bool direct() const { return static_cast<bool>(to); }
    bool is_nothing() const { return type == nothing; }
    void strike() {
        type = nothing;
        payload = payload.first(0);
    }

    void write_head(ByteWriter& out) const {
        out.varint(origin.value);
        out.varint(std::uint64_t(serial) << 1 | (direct() ? 1 : 0));
        if (direct()) out.varint(to.value);
        out.varint(type.value);
    }
    // What follows the head is the payload. Nothing for what no honest peer writes.
    static Result<Filed> read(BytesIn bytes) {
        ByteReader in(bytes);
        const std::uint64_t origin = in.varint(), number = in.varint();
        const std::uint64_t to = (number & 1) != 0 ? in.varint() : PeerId::none_value;
        const std::uint64_t type = in.varint(), serial = number >> 1;
        if (!in.ok() || origin >= PeerId::none_value || serial == 0 || serial > UINT32_MAX || type > 0xFFFF)
            return Error::malformed;
        if ((number & 1) != 0 && (to >= PeerId::none_value || to == origin)) return Error::malformed;
        return Filed{PeerId{static_cast<std::uint32_t>(origin)}, static_cast<std::uint32_t>(serial),
                     PeerId{static_cast<std::uint32_t>(to)}, MessageType{static_cast<std::uint16_t>(type)},
                     in.rest()};
    }
};

} // namespace tenon
