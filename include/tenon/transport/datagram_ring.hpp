#pragma once
// A ring of datagrams between two threads: one writes, the other reads, and neither ever waits for the other.
// Its memory is fixed, a datagram lies in it in one piece, and both work on it where it lies. Threaded has
// one each way.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

#include "tenon/core/bytes.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::transport {

template <class Address>
class DatagramRing {
    static_assert(std::is_trivially_copyable_v<Address> && std::is_trivially_destructible_v<Address>,
                  "tenon: an address that goes from thread to thread must be trivially copyable");
    struct Record {
        std::uint32_t size; // or `skip`: the rest up to the end of the memory is left out
        Lane lane;
        Address address;
    };
    static constexpr std::uint32_t skip = 0xFFFF'FFFF;
    static constexpr std::size_t unit = alignof(std::max_align_t);
    static_assert(alignof(Record) <= unit);
    static constexpr std::size_t rounded(std::size_t size) { return (size + unit - 1) / unit * unit; }
    static constexpr std::size_t space(std::size_t size) { return rounded(sizeof(Record)) + rounded(size); }

  public:
    // At least so many bytes, and room for four datagrams of the largest size.
    DatagramRing(std::size_t bytes, std::size_t datagram_max) {
        while (capacity_ < bytes || capacity_ < 4 * space(datagram_max)) capacity_ *= 2;
        bytes_.reset(new std::byte[capacity_]);
    }
    std::size_t capacity() const { return capacity_; }

    // ---- for the one who writes

    // Where a datagram of this size may be written; nullptr while there is no room.
    std::byte* room(std::size_t size) {
        const std::size_t rest = capacity_ - (written_ & (capacity_ - 1));
        const std::size_t skipped = space(size) > rest ? rest : 0, end = written_ + skipped + space(size);
        if (end - freed_ > capacity_) {
            freed_ = head_.load(std::memory_order_seq_cst);
            if (end - freed_ > capacity_) return nullptr;
        }
        if (skipped != 0) std::memcpy(at(written_), &skip, sizeof skip);
        begun_ = written_ + skipped;
        return at(begun_) + rounded(sizeof(Record));
    }
    // The datagram lies where room() said; the reader sees it with publish().
    void add(const Address& address, Lane lane, std::size_t size) {
        new (at(begun_)) Record{static_cast<std::uint32_t>(size), lane, address};
        written_ = begun_ + space(size);
    }
    std::size_t unpublished() const { return written_ - published_; }
    void publish() { tail_.store(published_ = written_, std::memory_order_seq_cst); }

    // ---- for the one who reads

    bool empty() const { return tail_.load(std::memory_order_seq_cst) == taken_; }
    // Calls f(address, lane, bytes) for what was published before the call, while f returns true; what it
    // refuses stays the first. Returns whether any was taken.
    template <class F>
    bool take(F&& f) {
        const std::size_t begin = taken_, end = tail_.load(std::memory_order_acquire);
        [[maybe_unused]] std::size_t ahead = begin;
        [[maybe_unused]] unsigned lead = 0;
        while (taken_ != end) {
            if constexpr (LooksAhead<F, Address>)
                for (; lead < 4 && ahead != end; ++lead) {
                    const Record& record = next(ahead);
                    f.expect(record.address, bytes_of(record));
                }
            std::size_t after = taken_;
            const Record& record = next(after);
            if (!f(record.address, record.lane, bytes_of(record))) break;
            taken_ = after;
            if (lead > 0) --lead;
            // The writer need not wait for the rest.
            if (taken_ - given_back_ > capacity_ / 8) give_back();
        }
        if (taken_ != given_back_) give_back();
        return taken_ != begin;
    }

  private:
    std::byte* at(std::size_t position) { return bytes_.get() + (position & (capacity_ - 1)); }
    static BytesIn bytes_of(const Record& record) {
        return {reinterpret_cast<const std::byte*>(&record) + rounded(sizeof(Record)), record.size};
    }
    // The record at a position, which moves on behind it.
    const Record& next(std::size_t& position) {
        std::uint32_t size = 0;
        std::memcpy(&size, at(position), sizeof size);
        if (size == skip) position += capacity_ - (position & (capacity_ - 1));
        const auto* record = std::launder(reinterpret_cast<const Record*>(at(position)));
        position += space(record->size);
        return *record;
    }
    void give_back() { head_.store(given_back_ = taken_, std::memory_order_seq_cst); }

    // Positions only grow; they are kept apart by who writes them, as a shared cache line would go to and
    // fro.
    std::size_t capacity_ = 4096;
    std::unique_ptr<std::byte[]> bytes_;
    alignas(64) std::atomic<std::size_t> tail_{0};
    std::size_t written_ = 0, published_ = 0, begun_ = 0, freed_ = 0; // the writer's own
    alignas(64) std::atomic<std::size_t> head_{0};
    std::size_t taken_ = 0, given_back_ = 0; // the reader's own
};

} // namespace tenon::transport
