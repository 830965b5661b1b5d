#pragma once
// FrameRead: what a framing finds at the front of a stream of bytes. Framings give it, and whoever has the
// stream heeds it.

#include <cstddef>
#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::transport::detail {

// The largest frame that connected transports carry: what the largest datagram of UDP would hold, and more.
inline constexpr std::size_t frame_max = stream_frame_bytes;

struct FrameRead {
    enum class What : std::uint8_t {
        more,  // there is no whole frame yet
        again, // it has seen to something itself: ask again
        frame, // here is one; `used` bytes of what came in are its own
        over,  // the other side has ended it, or must be ended: `error` says why
    };
    What what = What::more;
    BytesIn bytes;
    std::size_t used = 0;
    Error error = Error::none;
};

} // namespace tenon::transport::detail
