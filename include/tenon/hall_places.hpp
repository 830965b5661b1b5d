#pragma once
// HallPlaces: the rooms of a hall, each found by its key, by its name, and by the addresses of the guests who
// are in it. What is done with them is the hall's to say.

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/slot_map.hpp"
#include "tenon/hall_room.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/rota.hpp"
#include "tenon/room/seats.hpp"

namespace tenon::detail {

template <std::size_t I, class First, class... Rest>
struct GameAt : GameAt<I - 1, Rest...> {};
template <class First, class... Rest>
struct GameAt<0, First, Rest...> {
    using type = First;
};

// `Games` are Plays.
template <class Address, class... Games>
class HallPlaces {
  public:
    // As a caller says which room it wants.
    struct Name {
        std::uint64_t game = 0, room = 0;
        std::uint64_t hash() const { return splitmix(game) ^ room; }
        friend bool operator==(const Name&, const Name&) = default;
    };
    struct Place {
        std::uint8_t game = 0; // its number among Games
        Name name;
        RoomKey key{};
        void* party = nullptr;  // a Party of that game
        bool closing = false;   // and its name is free
        Ring<Address> guests{}; // each with a stay; some may have just left
    };
    struct Stay {
        Place* place = nullptr;
        std::uint64_t nonce = 0; // of the request that it began with
    };

    HallPlaces(std::uint32_t rooms_max, std::uint32_t guests_max, Random random)
        : places_(rooms_max),
          names_(rooms_max, random.next()),
          stays_(guests_max + std::size_t(1), random.next()), // who moves has two addresses for a moment
          guests_max_(guests_max) {}
    HallPlaces(const HallPlaces&) = delete;
    HallPlaces& operator=(const HallPlaces&) = delete;
    ~HallPlaces() {
        for (const auto& [key, place] : places_) release(place);
    }

    // ---- the games

    template <class Net>
    static constexpr std::size_t index_of = [] {
        std::size_t index = 0;
        (void)((std::is_same_v<Net, typename Games::Net> || (++index, false)) || ...);
        return index;
    }();
    template <class Net>
    static constexpr bool plays = index_of<Net> < sizeof...(Games);
    template <class Net> // any, where one sentence has been said already
    using GameOf = typename GameAt<plays<Net> ? index_of<Net> : 0, Games...>::type;

    // Calls f with the party of the place, by its type.
    template <class F>
    static void with(const Place& place, F&& f) {
        std::uint8_t game = 0;
        (void)((game++ == place.game && (f(*static_cast<Party<Games>*>(place.party)), true)) || ...);
    }

    // ---- the rooms

    template <class Net, class... Args>
    Result<RoomKey> add(const Options& options, std::size_t datagram_bytes, std::uint64_t seed,
                        const auto& guard, Rota& rota, Args&&... args) {
        static_assert(plays<Net>, "tenon: the Hall does not play this session; add a Plays of it");
        if (options.room.size() > name_bytes_max) return Error::over_bound;
        const Name name{stable_id(Net::GameType::name), stable_id(options.room)};
        if (find(name) != nullptr) return Error::room_taken;
        const RoomKey key = places_.emplace(static_cast<std::uint8_t>(index_of<Net>), name);
        if (!key) return Error::hall_full;
        Place& place = *places_.get(key);
        place.key = key;
        Unfinished unfinished{*this, &place};
        if (!rota.reserve(key.index) || names_.insert(name, key.index) == nullptr) return Error::hall_full;
        place.party = new (std::nothrow)
            Party<GameOf<Net>>(options, datagram_bytes, seed, guard, rota, key, std::forward<Args>(args)...);
        if (place.party == nullptr) return Error::hall_full;
        unfinished.place = nullptr;
        return key;
    }
    // Nobody finds it by its name any more, which another may have.
    void retire(Place& place) {
        if (!place.closing) names_.erase(place.name);
        place.closing = true;
    }
    // Its guests must have been swept. What its handlers do in their destructor finds it gone.
    void remove(Place& place) {
        retire(place);
        Place gone = std::move(place);
        places_.erase(gone.key);
        release(gone);
    }

    Place* get(RoomKey key) { return finished(places_.get(key)); }
    Place* at(std::uint32_t index) { return finished(places_.at(index)); }
    // The open room of that name, or one that is being made.
    Place* find(const Name& name) {
        const std::uint32_t* index = names_.find(name);
        Place* place = index != nullptr ? places_.at(*index) : nullptr;
        if (place == nullptr || place->party == nullptr || is_open(*place)) return place;
        retire(*place); // its handlers have left it
        return nullptr;
    }
    // nullptr also when it is of another game, or is closing.
    template <class Net>
    Party<GameOf<Net>>* party_of(RoomKey key) {
        static_assert(plays<Net>, "tenon: the Hall does not play this session; add a Plays of it");
        Place* place = get(key);
        if (place == nullptr || place->game != index_of<Net> || !is_open(*place)) return nullptr;
        return static_cast<Party<GameOf<Net>>*>(place->party);
    }
    // f may add and retire rooms.
    void for_each(auto&& f) {
        for (const auto& [key, place] : places_)
            if (place.party != nullptr) f(place);
    }
    std::size_t size() const { return places_.size(); }

    // ---- their guests

    Stay* stay_of(const Address& address) { return stays_.find({address}); }
    std::size_t guest_count() const { return stays_.size(); }
    bool full() const { return stays_.size() >= guests_max_; }
    // After this the next note() can't fail.
    bool reserve_one(Place& place) {
        return stays_.reserve(stays_.size() + 1) && place.guests.reserve(place.guests.size() + 1);
    }
    void note(const Address& guest, Place& place, std::uint64_t nonce) {
        stays_.insert({guest}, {&place, nonce});
        place.guests.push_back(guest);
    }
    // Lets go of the addresses that have no seat in the room any more; `gone(nonce)` hears of each.
    void sweep(Place& place, auto&& gone) {
        with(place, [&](auto& party) {
            auto& machine = party.machine();
            if (machine.seat_count() == place.guests.size()) return;
            for (std::size_t left = place.guests.size(); left != 0; --left) {
                const Address guest = place.guests.front();
                place.guests.pop_front();
                if (machine.has_seat_at(guest)) {
                    place.guests.push_back(guest);
                } else if (const Stay* stay = stay_of(guest)) {
                    gone(stay->nonce);
                    stays_.erase({guest});
                }
            }
        });
    }

  private:
    // A room that could not be made leaves nothing behind.
    struct Unfinished {
        HallPlaces& places;
        Place* place;
        ~Unfinished() {
            if (place == nullptr) return;
            places.retire(*place);
            places.places_.erase(RoomKey(place->key));
        }
    };

    static Place* finished(Place* place) {
        return place != nullptr && place->party != nullptr ? place : nullptr;
    }
    static bool is_open(const Place& place) {
        bool open = false;
        if (place.party != nullptr && !place.closing)
            with(place, [&](auto& party) { open = party.room.status() == Status::hosting; });
        return open;
    }
    static void release(Place& place) {
        if (place.party == nullptr) return;
        with(place, [&](auto& party) {
            place.party = nullptr;
            delete &party;
        });
    }

    SlotMap<Place> places_;
    HashMap<Name, std::uint32_t> names_;
    HashMap<AddressKey<Address>, Stay> stays_; // of every guest with a seat, by its address
    std::size_t guests_max_;
};

} // namespace tenon::detail
