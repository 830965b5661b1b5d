#pragma once
// What a room tells the session, and what it must know of a game to carry its messages.

#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/slice.hpp"
#include "tenon/schema/delivery.hpp"

namespace tenon {

// Something the room has to tell. Bytes and text are valid until the next call that is not poll_event.
struct RoomEvent {
    enum class Kind : std::uint8_t {
        message,
        command,
        joined,
        closed,
        peer_joined,
        peer_left,
        peer_away,
        peer_back,
        gave_up,
        role,      // a peer has another; `epoch` has the one before
        violation, // a peer said what its role forbids
        clock,
        authority, // another decides
        obeys,     // this guest obeys a new host, who wants to hear what it knows
        baseline,  // what such a guest knows
        asks,      // somebody wants to come in, and waits for answer()
    };

    Kind kind = Kind::message;
    PeerId peer;
    MessageType type;
    BytesIn payload;
    Error reason = Error::none;
    std::string_view text;
    PeerId
        previous{}; // of authority: who was it before, in which epoch it is, and whether events were missed
    std::uint32_t epoch = 0, number = 0; // number: of a command, of a role, of violations
    bool missed = false;
};

// What of a game the room must know: not the types, but how each is carried.
struct Carriage {
    Slice<const Delivery> deliveries; // by MessageType less first_user
    std::string_view (*type_name)(std::size_t) = nullptr;
    bool clocks_speak = false; // the game's clock has words of its own
    std::string_view codec{};  // its name

    Delivery of(MessageType type) const {
        const std::size_t i = std::size_t(type.value) - MessageType::first_user;
        return type.value >= MessageType::first_user && i < deliveries.size() ? deliveries[i]
                                                                              : Delivery::ordered;
    }
    bool knows(MessageType type) const {
        return type.value >= MessageType::first_user &&
               std::size_t(type.value) - MessageType::first_user < deliveries.size();
    }
    std::string_view name_of(std::size_t i) const {
        return type_name != nullptr && i < deliveries.size() ? type_name(i)
                                                             : "another number of types, or other Roles";
    }
};

} // namespace tenon
