#pragma once
// Pipe: one way of a simulated connection: the stream's frames wherever they are, the datagrams beside them,
// and the frames that have streams of their own. Lines has two for each connection, and says when.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "tenon/core/time.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::sim {

// Frames with streams of their own. They leave in packets, one after the other while the common stream has
// nothing to say, and a frame is there when all of its packets are.
class BulkPipe {
  public:
    static constexpr std::size_t packet_bytes = 1200;

    // How the way is for one more, where so many streams may be open at once.
    BulkWay way(std::size_t streams) const {
        return {streams != 0, open_.size() < streams, waiting_, waiting_ + underway_};
    }
    void put(std::vector<std::byte> frame) {
        waiting_ += frame.size();
        open_.push_back({std::move(frame)});
    }
    bool waits() const { return waiting_ != 0; }
    bool empty() const { return open_.empty(); }
    // The next packet leaves, which is so large.
    std::size_t packet() const {
        const Frame& frame = *next();
        return std::min(packet_bytes, frame.bytes.size() - frame.left);
    }
    // It has left, and will be there then. Where it was its frame's last: when all of that is, else never.
    Instant left(Instant arrives, std::uint64_t arrival) {
        Frame& frame = *next();
        const std::size_t size = packet();
        frame.left += size;
        waiting_ -= size;
        underway_ += size;
        frame.arrives = max(frame.arrives, arrives);
        if (frame.left != frame.bytes.size()) return Instant::never();
        frame.arrival = arrival;
        return frame.arrives;
    }
    // What that arrival brings. Its stream stays open until it is settled.
    std::vector<std::byte> arrive(std::uint64_t arrival) {
        const auto it = std::find_if(open_.begin(), open_.end(),
                                     [&](const Frame& frame) { return frame.arrival == arrival; });
        arrived_.push_back(it->bytes.size());
        std::vector<std::byte> bytes = std::move(it->bytes);
        it->bytes.clear();
        it->left = 0;
        return bytes;
    }
    // The other side has taken the one that arrived first of those that are here.
    void settle() {
        underway_ -= arrived_.front();
        arrived_.pop_front();
        open_.erase(
            std::find_if(open_.begin(), open_.end(), [](const Frame& frame) { return frame.bytes.empty(); }));
    }
    // What has not left is gone.
    void drop() {
        std::erase_if(open_, [&](const Frame& frame) {
            const bool waits = frame.left < frame.bytes.size();
            if (waits) underway_ -= frame.left;
            return waits;
        });
        waiting_ = 0;
    }

  private:
    struct Frame {
        std::vector<std::byte> bytes; // none once it has arrived
        std::size_t left = 0;
        Instant arrives{};
        std::uint64_t arrival = UINT64_MAX;
    };
    const Frame* next() const {
        for (const Frame& frame : open_)
            if (frame.left < frame.bytes.size()) return &frame;
        return nullptr;
    }
    Frame* next() { return const_cast<Frame*>(std::as_const(*this).next()); }

    std::deque<Frame> open_;
    std::deque<std::size_t> arrived_;
    std::size_t waiting_ = 0, underway_ = 0;
};

struct Pipe {
    std::deque<std::vector<std::byte>> waiting, system, flying;
    std::vector<std::pair<std::uint64_t, std::vector<std::byte>>> beside; // by the order of their arrival
    BulkPipe bulk;
    Instant arrives_at{}; // the last of `flying`
    std::size_t waiting_bytes = 0, system_bytes = 0, unread = 0;
    bool sends = false, ends = false;

    // What the system has not taken is gone.
    void drop() {
        waiting.clear();
        waiting_bytes = 0;
        bulk.drop();
    }
    bool has_left() const { return system.empty() && waiting.empty() && bulk.empty(); }
};

} // namespace tenon::sim
