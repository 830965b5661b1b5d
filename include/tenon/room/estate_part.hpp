#pragma once
// What Room does so that it can outlive its host, and, where it can't, nothing at all: one type with the same
// functions for both, so that Room needs to know of neither. What there is for a topology that migrates is in
// room/estate.hpp, and no session with another pays for it.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/health.hpp"
#include "tenon/room/options.hpp"

namespace tenon {

// What an estate is made of, which a room lets see what is its own.
class Filing;
template <class Seat, class Guard>
class Kinship;
template <class Room>
class Herald;
template <class Election>
class Reign;
template <class Address>
class Whereabouts;

template <class Room, class Address, class Reliability, class Topology, class Guard>
class EstatePart {
    static_assert(!Topology::traits.migrates,
                  "tenon: a session whose topology migrates needs #include <tenon/room/estate.hpp>, which "
                  "tenon.hpp has");

  public:
    static constexpr bool migrates = false;
    explicit EstatePart(const Options&) {}

    void founded(Room&) {}
    void entered(Room&) {}
    void ended() {}
    void introduce(Room&, auto&) {}
    void forget(PeerId) {}
    void set_away(PeerId, bool) {}
    bool knows_ahead() const { return true; }
    Duration ahead() const { return {}; }
    Epoch epoch() const { return {}; }
    bool gathers() const { return false; }
    void tell(Health&) const {}
    Result<> file(Room&, PeerId, MessageType, BytesIn) { return Error::not_authority; }
    Result<> set_authority(Room&, PeerId) { return Error::not_authority; }
    void set_merit(Room&, float) {}
    bool outlives(Error) { return false; }
    std::nullptr_t find(Room&, Instant, const Address&, BytesIn, BytesOut) { return nullptr; }
    bool hear_claim(Room&, Instant, const Address&, BytesIn) { return false; }
    bool drain(Room&, auto&, auto&) { return true; }
    void turn(Room&, Instant) {}
    Instant next_turn() const { return Instant::never(); }
};

} // namespace tenon
