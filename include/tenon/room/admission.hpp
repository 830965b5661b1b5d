#pragma once
// Who asks to come in, and what the host says to that. A handlers object that has
// `Admission admit(const Caller&)` is asked by the room, once for each request that fits in all else; without
// it everybody comes in.

#include <concepts>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"

namespace tenon {

// What is known of a caller. All of it is the caller's own word but for the address, where it has been found
// to receive, and the key, which it has proved to have. The bytes are valid for the call.
struct Caller {
    std::string_view name;          // as it would have it
    std::string_view address;       // of its last hop
    BytesIn key;                    // its identity, 32 bytes; none where the transport proves none
    BytesIn credential;             // what it shows: a token, a password, nothing
    std::uint32_t capabilities = 0; // of those that it offers, the host's
    PeerId peer;                    // who it will be when it comes in
    std::uint64_t request = 0;      // the same when a caller whose answer is to come asks again
};

// The answer: come in, as it stands, with another name, in some role or with fewer capabilities; or not, and
// why.
struct [[nodiscard]] Admission {
    std::string_view name;            // under which the others see it; empty: as it would have it
    std::string_view role;            // in the game's Roles, where it has some; empty: the first
    std::uint32_t capabilities = ~0u; // of those that both sides have
    Error reason = Error::none;       // why not
    std::string_view text;            // more about that, at most 80 bytes, for the caller to read
    bool later = false;               // not decided yet: it asks again by itself, for as long as it waits

    static Admission refuse(Error reason = Error::refused, std::string_view text = {}) {
        Admission answer;
        answer.reason = reason;
        answer.text = text;
        return answer;
    }
    static Admission wait() {
        Admission answer;
        answer.later = true;
        return answer;
    }
};

// Of what an entrance heard; `offered` are the host's capabilities.
template <class Request>
Caller caller_of(const Request& request, std::string_view address, std::uint32_t offered, PeerId peer) {
    return {request.name,
            address,
            request.visitor.key(),
            request.credential,
            request.terms.capabilities & offered,
            peer,
            request.nonce};
}

template <class H>
concept AdmitsCallers = requires(H& h, const Caller& caller) {
    { h.admit(caller) } -> std::convertible_to<Admission>;
};
template <class H>
Admission ask(H& handlers, const Caller& caller) {
    if constexpr (AdmitsCallers<H>) return handlers.admit(caller);
    return {};
}

} // namespace tenon
