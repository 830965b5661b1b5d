#pragma once
// Memory: a transport without a socket. Its ports meet in an Exchange, whose owner (the simulated network, or
// a test) takes what was sent and delivers what shall arrive, when it likes. One thread only.

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include "tenon/core/hash_map.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/swap.hpp"
#include "tenon/transport/address.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::transport {

struct MemoryAddress {
    std::uint32_t host = 0; // written like an IPv4 address: 0x0A000007 is 10.0.0.7
    std::uint16_t port = 0;

    // As a host: all in the same local network, where the simulated network has one.
    static constexpr std::uint32_t everyone = 0xFFFF'FFFF;

    // "10.0.0.7:4000" or "host7:4000"; a name of another form is unknown_host.
    static constexpr Result<MemoryAddress> parse(std::string_view text, std::uint32_t local_host = 0);

    constexpr AddressText text() const {
        AddressText out;
        for (int shift = 24; shift >= 0; shift -= 8) {
            out.add_number((host >> shift) & 0xFF);
            out.add(shift > 0 ? '.' : ':');
        }
        out.add_number(port);
        return out;
    }
    constexpr MemoryAddress network() const { return {host, 0}; }
    constexpr std::uint64_t hash() const { return splitmix(static_cast<std::uint64_t>(host) << 16 | port); }
    friend constexpr bool operator==(const MemoryAddress&, const MemoryAddress&) = default;
};

struct ExchangeOptions {
    std::uint64_t seed = 1;
    std::size_t inbox_bytes = 4u << 20;     // of one port; what comes beyond is dropped and counted
    std::size_t inbox_datagrams = 16384;    // of one port
    std::size_t outgoing_bytes = 16u << 20; // of one port until the next take_outgoing; then would_block
};

namespace detail {

struct MemoryDatagram {
    MemoryAddress from, to;
    Lane lane;
    std::size_t begin = 0, size = 0;
};

// Datagrams in a row, their bytes behind each other. Emptied as a whole, so its storage is kept and steady
// state allocates nothing.
class MemoryBox {
  public:
    MemoryBox() = default;
    MemoryBox(MemoryBox&& other) noexcept { swap(other); }
    MemoryBox& operator=(MemoryBox&& other) noexcept {
        swap(other);
        return *this;
    }
    ~MemoryBox() { ::operator delete(bytes_); }

    // Room for one more datagram of up to `size` bytes, which counts only once it is added; shorter when
    // there is no memory.
    BytesOut room(std::size_t size) {
        const bool fits = bytes_ != nullptr && size <= capacity_ - used_;
        if (!datagrams_.reserve(count() + 1) || (!fits && !grow((used_ + size) * 2))) return {};
        return {bytes_ + used_, size};
    }
    void add(const MemoryAddress& from, const MemoryAddress& to, Lane lane, std::size_t size) {
        datagrams_.push_back({from, to, lane, used_, size}); // room() has made its place
        used_ += size;
    }
    void clear() {
        datagrams_.clear();
        used_ = 0;
    }
    void swap(MemoryBox& other) {
        swap_values(datagrams_, other.datagrams_);
        swap_values(bytes_, other.bytes_);
        swap_values(capacity_, other.capacity_);
        swap_values(used_, other.used_);
    }

    std::size_t count() const { return datagrams_.size(); }
    std::size_t used() const { return used_; }
    const MemoryDatagram& operator[](std::size_t i) const { return datagrams_[i]; }
    BytesIn bytes(const MemoryDatagram& d) const { return {bytes_ + d.begin, d.size}; }

  private:
    bool grow(std::size_t capacity) {
        auto* bytes = static_cast<std::byte*>(::operator new(capacity, std::nothrow));
        if (bytes == nullptr) return false;
        copy(bytes, {bytes_, used_});
        ::operator delete(bytes_);
        bytes_ = bytes;
        capacity_ = capacity;
        return true;
    }

    Ring<MemoryDatagram> datagrams_;
    std::byte* bytes_ = nullptr;
    std::size_t capacity_ = 0, used_ = 0;
};

} // namespace detail

// Where the ports of simulated hosts meet. Outlives every Memory that was made with it.
class Exchange {
  public:
    explicit Exchange(ExchangeOptions options = {}) : options_(options), random_(options.seed) {}
    explicit Exchange(std::uint64_t seed) : Exchange(ExchangeOptions{seed}) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // Calls f(from, to, lane, bytes) for everything sent since the last call, in the order of sending. What f
    // sends stays for the next call.
    template <class F>
    std::size_t take_outgoing(F&& f) {
        detail::MemoryBox box; // its own, because f may take again
        box.swap(outgoing_);
        outgoing_.swap(spare_);
        preparing_ = nobody;
        ++round_;
        const std::size_t count = box.count();
        for (std::size_t i = 0; i < count; ++i) f(box[i].from, box[i].to, box[i].lane, box.bytes(box[i]));
        box.clear();
        box.swap(spare_);
        return count;
    }

    // False when nobody has opened `to`, or its inbox is full: the datagram is lost, and counted.
    bool deliver(const MemoryAddress& to, const MemoryAddress& from, Lane lane, BytesIn bytes) {
        const std::uint32_t slot = find(to);
        if (slot == nobody) return ++unheard_, false;
        detail::MemoryBox& inbox = ports_[slot].inbox;
        if (inbox.count() >= options_.inbox_datagrams || inbox.used() + bytes.size() > options_.inbox_bytes)
            return ++overflowed_, false;
        const BytesOut room = inbox.room(bytes.size());
        if (room.data() == nullptr) return ++overflowed_, false;
        copy(room.data(), bytes);
        inbox.add(from, to, lane, bytes.size());
        return true;
    }

    // A network without distance: everything sent arrives now. Returns how many did.
    std::size_t deliver_all() {
        std::size_t arrived = 0;
        take_outgoing([&](const MemoryAddress& from, const MemoryAddress& to, Lane lane, BytesIn bytes) {
            if (deliver(to, from, lane, bytes)) ++arrived;
        });
        return arrived;
    }

    std::size_t outgoing() const { return outgoing_.count(); }
    bool is_open(const MemoryAddress& address) const { return find(address) != nobody; }
    std::uint64_t unheard() const { return unheard_; }       // sent to where nobody listens
    std::uint64_t overflowed() const { return overflowed_; } // sent to a full inbox

  private:
    friend class Memory;
    static constexpr std::uint32_t nobody = 0xFFFF'FFFF;

    struct Port {
        MemoryAddress address;
        bool open = false;
        std::uint64_t round = 0;  // the take_outgoing that `outgoing` counts from
        std::size_t outgoing = 0; // bytes
        detail::MemoryBox inbox, spare;
    };

    std::uint32_t find(const MemoryAddress& address) const {
        const std::uint32_t* slot = slots_.find(address);
        return slot == nullptr ? nobody : *slot;
    }
    Result<std::uint32_t> open(MemoryAddress address) {
        if (address.port == 0) {
            for (std::uint32_t tries = 0; tries < 16384 && address.port == 0; ++tries) {
                const auto port = static_cast<std::uint16_t>(49152 + next_port_++ % 16384);
                if (!is_open({address.host, port})) address.port = port;
            }
            if (address.port == 0) return Error::port_in_use;
        } else if (is_open(address)) {
            return Error::port_in_use;
        }
        std::uint32_t slot = 0;
        while (slot < ports_.size() && ports_[slot].open) ++slot;
        if (slot == ports_.size() && ports_.emplace_back() == nullptr) return Error::system;
        if (slots_.insert(address, slot) == nullptr) return Error::system;
        ports_[slot].address = address;
        ports_[slot].open = true;
        return slot;
    }
    void close(std::uint32_t slot) {
        if (preparing_ == slot) preparing_ = nobody;
        slots_.erase(ports_[slot].address);
        ports_[slot] = {};
    }

    BytesOut prepare(std::uint32_t slot, std::size_t size) {
        Port& port = ports_[slot];
        if (port.round != round_) {
            port.round = round_;
            port.outgoing = 0;
        }
        BytesOut room;
        if (port.outgoing + size <= options_.outgoing_bytes) room = outgoing_.room(size);
        if (preparing_ == slot || room.data() != nullptr) preparing_ = room.data() != nullptr ? slot : nobody;
        return room;
    }
    void commit(std::uint32_t slot, const MemoryAddress& to, Lane lane, std::size_t size) {
        preparing_ = nobody;
        ports_[slot].outgoing += size;
        outgoing_.add(ports_[slot].address, to, lane, size);
    }

    ExchangeOptions options_;
    Random random_;
    Ring<Port> ports_;
    HashMap<MemoryAddress, std::uint32_t> slots_;
    detail::MemoryBox outgoing_, spare_;
    std::uint32_t preparing_ = nobody; // the port whose prepared bytes lie at outgoing_'s end
    std::uint32_t next_port_ = 0;
    std::uint64_t round_ = 1, unheard_ = 0, overflowed_ = 0;
};

// One port of one simulated host. Made without an Exchange, it stays closed.
class Memory {
  public:
    using Address = MemoryAddress;
    static constexpr TransportTraits traits{};
    static constexpr std::size_t datagram_max = 65507; // like UDP over IPv4

    Memory() = default;
    Memory(Exchange& exchange, std::uint32_t host) : exchange_(&exchange), host_(host) {}
    Memory(Memory&& other) noexcept { swap(other); }
    Memory& operator=(Memory&& other) noexcept {
        Memory taken(std::move(other));
        swap(taken);
        return *this;
    }
    ~Memory() { close(); }

    Result<Address> open(std::uint16_t port) {
        if (exchange_ == nullptr) return Error::closed;
        if (is_open()) return Error::already_open;
        const Result<std::uint32_t> slot = exchange_->open({host_, port});
        if (!slot) return slot.error();
        slot_ = *slot;
        ++openings_;
        return local_address();
    }
    void close() {
        if (is_open()) exchange_->close(slot_);
        slot_ = Exchange::nobody;
    }
    Result<Address> resolve(std::string_view text) const {
        if (exchange_ == nullptr) return Error::closed;
        return MemoryAddress::parse(text, host_);
    }

    Sent send(const Address& to, Lane lane, BytesIn datagram) {
        if (!is_open()) return Sent::closed;
        if (datagram.size() > datagram_max) return Sent::too_big;
        const BytesOut room = exchange_->prepare(slot_, datagram.size());
        if (room.data() == nullptr) return Sent::would_block; // the size would not tell, of an empty datagram
        copy(room.data(), datagram);
        exchange_->commit(slot_, to, lane, datagram.size());
        return Sent::sent;
    }
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) {
        if (!is_open() || size > datagram_max) return {};
        to_ = to;
        lane_ = lane;
        prepared_ = size;
        return exchange_->prepare(slot_, size);
    }
    // Another port's send in between takes the prepared room, and the datagram has to be written again.
    Sent commit(std::size_t size) {
        if (!is_open()) return Sent::closed;
        if (size > prepared_) return Sent::too_big;
        if (exchange_->preparing_ != slot_) return Sent::would_block;
        if (size != 0) exchange_->commit(slot_, to_, lane_, size);
        exchange_->preparing_ = Exchange::nobody;
        return Sent::sent;
    }
    void flush() {}
    // To all in the same local network who have opened this port.
    void shout(std::uint16_t port, BytesIn datagram) {
        (void)send({MemoryAddress::everyone, port}, Lane{}, datagram);
    }

    // Everything that had arrived before the call. `f` may send, deliver, open and close; what a closed port
    // had not read is gone, also when it is open again.
    template <class F>
    void poll(F&& f) {
        if (!is_open()) return;
        Exchange::Port& port = exchange_->ports_[slot_];
        if (port.inbox.count() == 0) return;
        detail::MemoryBox box;
        box.swap(port.inbox);
        port.inbox.swap(port.spare);
        const auto same = [this, openings = openings_] { return is_open() && openings_ == openings; };
        for (std::size_t i = 0; i < box.count() && same(); ++i)
            f(box[i].from, box[i].lane, box.bytes(box[i]));
        box.clear();
        if (same()) box.swap(exchange_->ports_[slot_].spare);
    }
    // Virtual time stands still until the owner of the Exchange moves it.
    void wait(Instant) {}

    bool is_open() const { return slot_ != Exchange::nobody; }
    Address local_address() const { return is_open() ? exchange_->ports_[slot_].address : Address{host_, 0}; }
    template <class F>
    void each_local_address(F&& f) const {
        if (is_open()) f(local_address());
    }
    std::uint64_t entropy() { return exchange_ == nullptr ? 0 : exchange_->random_.next(); }

  private:
    void swap(Memory& other) {
        swap_values(exchange_, other.exchange_);
        swap_values(host_, other.host_);
        swap_values(slot_, other.slot_);
        swap_values(openings_, other.openings_);
        swap_values(to_, other.to_);
        swap_values(lane_, other.lane_);
        swap_values(prepared_, other.prepared_);
    }

    Exchange* exchange_ = nullptr;
    std::uint32_t host_ = 0, slot_ = Exchange::nobody, openings_ = 0;
    Address to_{}; // of what is prepared
    Lane lane_{};
    std::size_t prepared_ = 0;
};

constexpr Result<MemoryAddress> MemoryAddress::parse(std::string_view text, std::uint32_t local_host) {
    const Result<HostAndPort> parts = split_address(text);
    if (!parts) return parts.error();
    const std::string_view name = parts->host;
    if (parts->bracketed) return Error::bad_address;
    if (name.empty() || name == "localhost") return MemoryAddress{local_host, parts->port};
    if (const Result<IpAddress> ip = IpAddress::parse(*parts)) {
        std::uint32_t number = 0;
        for (std::size_t i = 12; i < 16; ++i) number = number << 8 | ip->bytes[i];
        return MemoryAddress{number, parts->port};
    }
    if (detail::is_digit(name[0])) return Error::bad_address;
    std::uint64_t number = 0;
    if (name.substr(0, 4) != "host" || !detail::read_decimal(name.substr(4), 0xFFFF'FFFF, number))
        return Error::unknown_host;
    return MemoryAddress{static_cast<std::uint32_t>(number), parts->port};
}

} // namespace tenon::transport
