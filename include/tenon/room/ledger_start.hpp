#pragma once
// Where a stream stands when a newcomer comes: the word in which the centre's Ledger tells it.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/room/accounts.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

// varint peer << 2 | whether it is gone << 1 | whether marks follow, varint settled, varint prefix - settled,
// [varint bytes, marks of what was heard from prefix + 1 on, low bits first]
struct LedgerStart {
    PeerId peer;
    std::uint32_t settled = 0, prefix = 0;
    BytesIn marks;
    bool gone = false;

    static void write(ByteWriter& out, const Account& account) {
        const std::uint32_t prefix = account.said.prefix(), beyond = account.said.top() - prefix;
        out.varint(std::uint64_t(account.id.value) << 2 | (account.gone ? 2 : 0) | (beyond != 0 ? 1 : 0));
        out.varint(account.settled);
        out.varint(prefix > account.settled ? prefix - account.settled : 0);
        if (beyond == 0) return;
        out.varint((beyond + 7) / 8);
        for (std::uint32_t i = 0; i < beyond; i += 8) {
            unsigned byte = 0;
            for (std::uint32_t bit = 0; bit < 8 && i + bit < beyond; ++bit)
                byte |= account.said.has(prefix + 1 + i + bit) ? 1u << bit : 0;
            out.u8(static_cast<std::uint8_t>(byte));
        }
    }
    static Result<LedgerStart> read(ByteReader& in) {
        const std::uint64_t tag = in.varint(), settled = in.varint(), more = in.varint();
        if (!in.ok()) return Error::malformed;
        if (tag >> 2 >= PeerId::none_value || settled > UINT32_MAX || more > Account::unsettled_max)
            return Error::over_bound;
        LedgerStart start{PeerId{static_cast<std::uint32_t>(tag >> 2)},
                          static_cast<std::uint32_t>(settled),
                          static_cast<std::uint32_t>(settled + more),
                          {}};
        if ((tag & 1) != 0) {
            const std::uint64_t bytes = in.varint();
            if (!in.ok()) return Error::malformed;
            if (bytes > Account::unsettled_max / 8) return Error::over_bound;
            start.marks = in.bytes(static_cast<std::size_t>(bytes));
            if (!in.ok()) return Error::truncated;
            // The first is missing, or it would not be beyond; the last says how far they go.
            if (bytes == 0 || start.mark(0) || start.marks.back() == std::byte{0}) return Error::malformed;
        }
        if (settled + more + start.mark_count() > UINT32_MAX) return Error::over_bound;
        return start;
    }
    std::uint32_t mark_count() const { return static_cast<std::uint32_t>(marks.size() * 8); }
    bool mark(std::uint32_t i) const { return (std::to_integer<unsigned>(marks[i / 8]) >> i % 8 & 1) != 0; }

    // f(start) of each, until one is wrong.
    template <class F>
    static Result<> for_each(BytesIn bytes, F&& f) {
        ByteReader in(bytes);
        while (in.left() != 0) {
            const auto start = read(in);
            if (!start) return start.error();
            f(*start);
        }
        return {};
    }
};

} // namespace tenon
