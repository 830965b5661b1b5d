#pragma once
// Where a session with a bus sends: to an inbox, however that is reached, or straight to an address of its
// transport. A room keeps its peers by it and needs to know of nothing else.

#include <cstdint>
#include <string_view>

#include "tenon/core/error.hpp"
#include "tenon/core/random.hpp"
#include "tenon/transport/address.hpp"

namespace tenon::bus {

// Who it is on the bus, for as long as a session is in one: drawn at random, 0 is nobody.
using Inbox = std::uint64_t;

namespace detail {
// Sixteen digits, as they stand in subjects and addresses.
constexpr transport::AddressText hex(std::uint64_t number, std::string_view before = {}) {
    transport::AddressText text;
    text.add(before);
    for (int shift = 60; shift >= 0; shift -= 4) text.add("0123456789abcdef"[number >> shift & 15]);
    return text;
}
} // namespace detail

template <class Straight>
struct Address {
    Inbox inbox = 0;
    Straight at{}; // where there is no inbox

    static constexpr std::string_view scheme = "inbox.";

    static Result<Address> parse(std::string_view text) {
        if (text.substr(0, scheme.size()) != scheme) {
            const auto at = Straight::parse(text);
            return at ? Result<Address>(Address{0, *at}) : at.error();
        }
        text.remove_prefix(scheme.size());
        Address address;
        if (text.size() != 16) return Error::bad_address;
        for (const char c : text) {
            const int digit = c >= 'A' && c <= 'F' ? -1 : transport::detail::hex_digit(c);
            if (digit < 0) return Error::bad_address;
            address.inbox = address.inbox << 4 | static_cast<unsigned>(digit);
        }
        return address.inbox != 0 ? Result<Address>(address) : Error::bad_address;
    }
    transport::AddressText text() const {
        if (inbox != 0) return detail::hex(inbox, scheme);
        transport::AddressText text;
        const auto straight = at.text();
        text.add(std::string_view(straight));
        return text;
    }
    Address network() const { return inbox != 0 ? *this : Address{0, transport::network_of(at)}; }
    std::uint64_t hash() const { return hash(0); }
    std::uint64_t hash(std::uint64_t seed) const {
        return inbox != 0 ? splitmix(inbox ^ seed) : seeded_hash(at, seed);
    }
    friend bool operator==(const Address& a, const Address& b) {
        return a.inbox == b.inbox && (a.inbox != 0 || a.at == b.at);
    }
};

} // namespace tenon::bus
