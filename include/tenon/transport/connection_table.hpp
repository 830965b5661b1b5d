#pragma once
// ConnectionTable: the connections of one transport, by slot and by address, with a limit for all of them and
// one for those from one place. Connections fills and empties it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "tenon/core/hash_map.hpp"
#include "tenon/core/random.hpp"
#include "tenon/transport/connection_address.hpp"

namespace tenon::transport::detail {

enum class Stage : std::uint8_t {
    dialling,
    covering, // the cover shakes hands
    open,
    leaving, // what it took still leaves; what arrives is of no interest
    gone,
};

// From where somebody comes: an IPv4 address, or the network of an IPv6 one, which has more addresses than
// there are connections.
struct Origin {
    std::uint64_t high = 0, low = 0;

    static Origin of(const IpAddress& address) {
        const auto* bytes = reinterpret_cast<const std::byte*>(address.bytes.data());
        return {load_le<std::uint64_t>(bytes), address.is_v4() ? load_le<std::uint64_t>(bytes + 8) : 0};
    }
    std::uint64_t hash(std::uint64_t seed) const { return splitmix(high ^ splitmix(low ^ splitmix(seed))); }
    friend bool operator==(const Origin&, const Origin&) = default;
};

template <class Connection>
class ConnectionTable {
  public:
    ConnectionTable(std::uint32_t limit, std::uint32_t per_origin, std::uint64_t seed)
        : limit_(limit), per_origin_(per_origin), places_(limit, seed), origins_(limit, ~seed) {}

    // nullptr at a limit, or out of memory.
    Connection* add(const ConnectionAddress& address, bool accepted) {
        if (live_ >= limit_) return nullptr;
        if (accepted) {
            const Origin origin = Origin::of(address);
            std::uint32_t* count = origins_.find(origin);
            if (count != nullptr ? *count >= per_origin_ : per_origin_ == 0) return nullptr;
            if (count == nullptr && (count = origins_.insert(origin, 0)) == nullptr) return nullptr;
            ++*count;
        }
        std::unique_ptr<Connection> made(new (std::nothrow) Connection);
        if (made == nullptr || places_.insert(address, 0) == nullptr) {
            if (accepted) forget(address);
            return nullptr;
        }
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back();
        } else {
            slot = free_.back();
            free_.pop_back();
        }
        *places_.find(address) = slot;
        made->slot = slot;
        made->address = address;
        ++live_;
        slots_[slot] = std::move(made);
        return slots_[slot].get();
    }
    Connection* find(const ConnectionAddress& address) {
        const std::uint32_t* slot = places_.find(address);
        return slot == nullptr ? nullptr : slots_[*slot].get();
    }
    const Connection* find(const ConnectionAddress& address) const {
        return const_cast<ConnectionTable*>(this)->find(address);
    }
    Connection* at(std::uint32_t slot) {
        Connection* c = slot < slots_.size() ? slots_[slot].get() : nullptr;
        return c == nullptr || c->stage == Stage::gone ? nullptr : c;
    }
    template <class F>
    void each(F&& f) {
        for (std::size_t i = 0; i < slots_.size(); ++i)
            if (Connection* c = at(static_cast<std::uint32_t>(i))) f(*c);
    }

    // Its address may be another's from here on.
    void unlist(Connection& c) {
        const std::uint32_t* slot = places_.find(c.address);
        if (slot != nullptr && *slot == c.slot) places_.erase(c.address);
    }
    // It stays, without counting, until nobody can hold it any more.
    void retire(Connection& c) {
        if (c.stage == Stage::gone) return;
        unlist(c);
        if (!c.dialled) forget(c.address);
        c.stage = Stage::gone;
        --live_;
        gone_.push_back(c.slot);
    }
    void sweep() {
        for (const std::uint32_t slot : gone_) {
            slots_[slot].reset();
            free_.push_back(slot);
        }
        gone_.clear();
    }

    std::uint32_t next_serial() { return ++serial_ == 0 ? ++serial_ : serial_; }
    std::size_t size() const { return live_; }

  private:
    void forget(const ConnectionAddress& address) {
        const Origin origin = Origin::of(address);
        std::uint32_t* count = origins_.find(origin);
        if (count != nullptr && --*count == 0) origins_.erase(origin);
    }

    std::uint32_t limit_, per_origin_;
    std::vector<std::unique_ptr<Connection>> slots_;
    std::vector<std::uint32_t> free_, gone_;
    HashMap<ConnectionAddress, std::uint32_t> places_;
    HashMap<Origin, std::uint32_t> origins_;
    std::size_t live_ = 0;
    std::uint32_t serial_ = 0;
};

} // namespace tenon::transport::detail
