#pragma once
// A state on its way to a guest, in parts that wait for room in the queue, and the same as it arrives. The
// lockstep of a room sends one to whoever is new, or has fallen behind, or shall look what differs.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/replica/snapshots.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

class StateSender {
  public:
    static constexpr std::size_t part_bytes_max = 1000;
    static constexpr std::size_t head_bytes_max = 21;

    // Room for so many bytes, to be written into and then sent; nothing without memory.
    BytesOut prepare(std::size_t size) {
        active_ = false;
        return blob_.fit(size) ? blob_.room() : BytesOut();
    }
    void start(std::size_t size) {
        blob_.set_size(size);
        sent_ = 0;
        active_ = true;
    }
    bool active() const { return active_; }
    void stop() { active_ = false; }

    // Writes the next part: all of it, or nothing.
    std::size_t write_part(ByteWriter& out) const {
        const BytesIn blob = blob_.view();
        const std::size_t left = blob.size() - sent_, size = left < part_bytes_max ? left : part_bytes_max;
        out.varint(blob.size());
        out.varint(sent_);
        out.bytes(blob.subspan(sent_, size));
        return size;
    }
    void sent(std::size_t size) {
        sent_ += size;
        active_ = sent_ < blob_.view().size();
    }

  private:
    StateBytes blob_;
    std::size_t sent_ = 0;
    bool active_ = false;
};

class StateReceiver {
  public:
    enum class Read : std::uint8_t { more, whole, malformed };

    // Parts come in order; the first begins anew.
    Read read(ByteReader& in) {
        const std::uint64_t total = in.varint(), offset = in.varint();
        const BytesIn part = in.rest();
        if (!in.ok() || part.empty() || total > Snapshots::state_bytes_max * 2) return Read::malformed;
        if (offset == 0) blob_.set_size(0);
        if (offset != blob_.view().size() || part.size() > total - offset || !blob_.append(part))
            return Read::malformed;
        return blob_.view().size() == total ? Read::whole : Read::more;
    }
    BytesIn blob() const { return blob_.view(); }

  private:
    StateBytes blob_;
};

} // namespace tenon
