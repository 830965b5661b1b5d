#pragma once
// What a reliability policy is: static facts, and a machine that may put frames of its own into packets.
// Packet numbers, acknowledgements and the two channels of a link belong to the link; a policy says which
// events go by them.

#include <concepts>
#include <cstdint>

#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

struct ReliabilityTraits {
    bool reliable = false;  // Event<..., Reliable> can be promised
    bool ordered = false;   // Event<..., Ordered> can be promised
    bool gives_up = false;  // after bounded tries, and tells the sender
    bool redundant = false; // sends repair data ahead of any loss
    bool native = false;    // the transport does it all
    bool datagrams = false; // and carries what may be lost beside that
    bool bulk = false;      // and what is large in streams of its own
};

template <class R>
concept HasReliabilityTraits = requires {
    { R::traits } -> std::convertible_to<ReliabilityTraits>;
};
template <class R>
concept NamesMachine = requires {
    typename R::Machine;
};
template <class R>
concept HasReliabilityMachine = NamesMachine<R> && std::constructible_from<typename R::Machine, Random> &&
    requires(typename R::Machine& machine, const typename R::Machine& constant, Instant now,
             PacketWriter& packet, Duration round_trip) {
    { machine.pending(now) } -> std::same_as<bool>;
    { machine.fill(now, round_trip, packet) } -> std::same_as<bool>;
    { constant.deadline() } -> std::same_as<Instant>;
};

template <class R>
concept ReliabilityPolicy = HasReliabilityTraits<R> && HasReliabilityMachine<R>;

template <class R>
struct CheckReliability {
    static_assert(HasReliabilityTraits<R>, "Reliability lacks: static constexpr ReliabilityTraits traits");
    static_assert(
        HasReliabilityMachine<R>,
        "Reliability lacks: struct Machine with Machine(Random), bool pending(Instant), bool fill(Instant, "
        "Duration, PacketWriter&) and Instant "
        "deadline() const");
    static constexpr bool ok = ReliabilityPolicy<R>;
};

namespace reliability {

// A machine with nothing to say: the link's own channels do the work.
struct NoMachine {
    explicit NoMachine(Random) {}
    bool pending(Instant) const { return false; }
    bool fill(Instant, Duration, PacketWriter&) { return false; }
    Instant deadline() const { return Instant::never(); }
};

} // namespace reliability

} // namespace tenon
