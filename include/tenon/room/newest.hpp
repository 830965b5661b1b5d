#pragma once
// Newest wins: of each stream of messages of which only the last matters, the packet that brought the last
// one, so that what was overtaken on the way is told apart. A seat has one.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/link/received.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

// One newest-wins stream: of a peer, of a type, and of a key that the sender chose.
struct Stream {
    std::uint32_t peer = 0;
    std::uint16_t type = 0;
    std::uint32_t key = 0;

    std::uint64_t hash() const { return splitmix(std::uint64_t(peer) << 32 | key) ^ type; }
    friend bool operator==(const Stream&, const Stream&) = default;
};

class NewestWins {
  public:
    static constexpr std::size_t streams_max = 4096;

    explicit NewestWins(std::uint64_t key) : last_(streams_max, key) {}

    // The key that every newest-wins message has in front.
    static std::uint32_t key(BytesIn payload) {
        ByteReader in(payload);
        return static_cast<std::uint32_t>(in.varint());
    }
    // Whether something newer has been here. Streams on which nothing has come for longer than a packet can
    // be overtaken make room for others; with too many at once, new ones are refused.
    bool is_stale(PeerId from, MessageType type, BytesIn payload, std::uint64_t packet) {
        const Stream stream{from.value, type.value, key(payload)};
        if (std::uint64_t* last = last_.find(stream)) {
            if (packet < *last) return true;
            *last = packet;
            return false;
        }
        if (last_.size() == streams_max)
            last_.erase_if(
                [&](const Stream&, std::uint64_t last) { return last + Received::window < packet; });
        return last_.insert(stream, packet) == nullptr;
    }
    std::size_t size() const { return last_.size(); }

  private:
    HashMap<Stream, std::uint64_t> last_;
};

} // namespace tenon
