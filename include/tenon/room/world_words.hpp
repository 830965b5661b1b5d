#pragma once
// What is said of a world besides its snapshots, and what handlers are told of it.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/replica/history.hpp"

namespace tenon {

// An entity came into what this peer sees, or went out of it.
struct Spawned {
    EntityId entity;
    PeerId owner;
};
struct Despawned {
    EntityId entity;
};

// From a guest: it could not take a snapshot, and why. Everything that it told is told again.
struct RefusedWord {
    static constexpr std::size_t bytes = 3;

    std::uint16_t number = 0; // of the snapshot
    Error reason = Error::diverged;

    BytesIn write(BytesOut into) const {
        store_le(into.data(), number);
        into[2] = static_cast<std::byte>(reason);
        return into.first(bytes);
    }
    static std::optional<RefusedWord> read(BytesIn payload) {
        if (payload.size() != bytes) return std::nullopt;
        const auto reason = std::to_integer<std::uint8_t>(payload[2]);
        if (reason == 0 || reason >= error_count) return std::nullopt;
        return RefusedWord{load_le<std::uint16_t>(payload.data()), static_cast<Error>(reason)};
    }
};

} // namespace tenon
