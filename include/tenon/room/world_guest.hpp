#pragma once
// The world as a guest sees it: what the authority's snapshots tell. WorldRoom has one while another decides.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/replica.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/world_words.hpp"

namespace tenon {

template <class Game>
class WorldGuest {
  public:
    explicit WorldGuest(const Options& options) : replica_(options.entities_max) {}

    const Replica<Game>& replica() const { return replica_; }

    // A snapshot. An error is to be told to the authority, with the number.
    template <class Handlers>
    Result<> hear(BytesIn payload, std::uint16_t& number, Handlers& handlers) {
        if (payload.size() < 3) return Error::truncated;
        number = load_le<std::uint16_t>(payload.data() + 1);
        const auto taken = replica_.handle(payload.subspan(1));
        if (!taken) {
            // What is late or came twice is nobody's mistake, and known already.
            if (taken.error() == Error::duplicate || taken.error() == Error::stale) return {};
            ++refused_;
            return taken.error();
        }
        ++taken_;
        for (ReplicaHistory::Change change; replica_.poll_event(change);) {
            if (change.spawned)
                tenon::notify(handlers, Spawned{change.entity, replica_.owner(change.entity)});
            else
                tenon::notify(handlers, Despawned{change.entity});
        }
        return {};
    }
    std::uint64_t taken() const { return taken_; }
    std::uint64_t refused() const { return refused_; }

  private:
    Replica<Game> replica_;
    std::uint64_t taken_ = 0, refused_ = 0;
};

} // namespace tenon
