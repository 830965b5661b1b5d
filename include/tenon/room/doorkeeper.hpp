#pragma once
// The doorkeeper: whose request to be let in is looked at, now that its cookie has shown from which address
// it comes. It keeps strangers from making the host work and from learning whether anybody is banned. The
// entrance asks it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bucket.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/ban_list.hpp"
#include "tenon/room/limits.hpp"

namespace tenon {

// How often each of any number of callers has come, in a table that none of them makes grow. Each has a
// bucket in every row, in a place that only who knows the key can foretell, shares it with others, and is
// refused when all of them are empty: who comes too often takes nobody with it unless thousands do. Nothing
// is evicted, so that no crowd makes the table forget one; time empties it.
class Turnstile {
  public:
    Turnstile(const Allowance& allowance, const SipKey& key) : price_(allowance), key_(key) {}

    bool take(Instant now, std::string_view who) {
        if (!price_.is_limited()) return true;
        while (buckets_.size() < rows * row_size)
            if (buckets_.push_back({}) == nullptr)
                return true; // without memory only all together are counted
        std::uint64_t places = siphash(key_, bytes_of(who));
        bool has = false;
        Bucket* mine[rows];
        for (std::size_t row = 0; row < rows; ++row, places /= row_size) {
            mine[row] = &buckets_[row * row_size + places % row_size];
            has = has || mine[row]->has(now, price_);
        }
        if (!has) return false;
        for (Bucket* bucket : mine) {
            bucket->spend(now, price_);
            bucket->forgive(now, price_, price_.of(1)); // what others took there is not held against it
        }
        return true;
    }

  private:
    static constexpr std::size_t rows = 4, row_size = 2048;

    Price price_;
    SipKey key_;
    Ring<Bucket> buckets_; // with the first caller, since the rooms of a hall have none
};

// What became of callers.
struct DoorFigures {
    std::uint64_t limited = 0; // calls and requests that were not looked at: there were too many
    std::uint64_t banned = 0;  // callers who were told that they are
};

class Doorkeeper {
  public:
    Doorkeeper(const Limits& limits, const SipKey& key, BanList* bans)
        : addresses_(limits.handshakes, key),
          calls_(limits.calls, {~key.low, ~key.high}),
          returns_(limits.returns, {key.high, ~key.low}),
          exchanges_(limits.exchanges),
          shared_(bans) {}

    // Whether a first call from there is answered, of which nothing shows that it comes from there.
    template <class Address>
    bool hears(Instant now, const Address& from) {
        const bool lets = calls_.take(now, transport::network_of(from).text());
        figures_.limited += lets ? 0 : 1;
        return lets;
    }
    // Whether few want to go on with a link from there.
    template <class Address>
    bool returns(Instant now, const Address& from) {
        return returns_.take(now, transport::network_of(from).text());
    }

    // Whether a request from there is looked at. `costs`: it takes an exchange of keys.
    template <class Address>
    bool lets(Instant now, const Address& from, bool costs) {
        const auto network = transport::network_of(from).text();
        if ((costs && !all_.has(now, exchanges_)) || !addresses_.take(now, network))
            return ++figures_.limited, false;
        if (costs) all_.spend(now, exchanges_);
        return true;
    }
    // The ban that is in the way, if there is one.
    const BanList::Ban* stops(const Banned& who) {
        const BanList::Ban* ban = bans().find(who);
        figures_.banned += ban != nullptr ? 1 : 0;
        return ban;
    }
    // That of the program, or one of its own.
    BanList& bans() { return shared_ != nullptr ? *shared_ : own_; }
    const DoorFigures& figures() const { return figures_; }
    void tell(auto& health) const {
        health.callers_limited = figures_.limited;
        health.callers_banned = figures_.banned;
    }

  private:
    Turnstile addresses_, calls_, returns_;
    Price exchanges_;
    Bucket all_;
    DoorFigures figures_;
    BanList* shared_;
    BanList own_;
};

} // namespace tenon
