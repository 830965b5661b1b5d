#pragma once
// The words in which ledgers report to the centre of their star, and are told by it. A report is a list of
// entries: a number of up to 32 bits about a peer.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

struct ReportEntry {
    static constexpr std::size_t bytes_max = 5 + 5;

    // Upwards: what the peer who reports has heard, and last of a whole report how far its own is settled.
    static constexpr std::uint8_t heard = 0, heard_direct = 1, whole = 2;
    // Downwards: how far what `peer` said to all is settled; that the reader's direct ones to `peer` have
    // arrived; that what `peer` said to all begins after the serial for who lacks it; that what follows the
    // arrived ones is to be said again.
    static constexpr std::uint8_t settled = 0, arrived = 1, jump = 2, again = 3;

    PeerId peer;
    std::uint8_t kind = 0;
    std::uint32_t serial = 0;

    // False, and nothing is written, when it does not fit.
    bool write(ByteWriter& out) const {
        const std::uint64_t tag = std::uint64_t(peer.value) << 2 | kind;
        if (varint_size(tag) + varint_size(serial) > out.left()) return false;
        out.varint(tag);
        out.varint(serial);
        return true;
    }
    static Result<ReportEntry> read(ByteReader& in) {
        const std::uint64_t tag = in.varint();
        if (!in.ok()) return Error::malformed;
        if (in.left() == 0) return Error::truncated;
        const std::uint64_t serial = in.varint();
        if (!in.ok()) return Error::malformed;
        if (tag >> 2 >= PeerId::none_value || serial > UINT32_MAX) return Error::over_bound;
        return ReportEntry{PeerId{static_cast<std::uint32_t>(tag >> 2)}, static_cast<std::uint8_t>(tag & 3),
                           static_cast<std::uint32_t>(serial)};
    }

    // Error(entry) f of each, until one is wrong.
    template <class F>
    static Result<> for_each(BytesIn report, F&& f) {
        ByteReader in(report);
        while (in.left() != 0) {
            const auto entry = read(in);
            if (!entry) return entry.error();
            if (const Error error = f(*entry); error != Error::none) return error;
        }
        return {};
    }
};

} // namespace tenon
