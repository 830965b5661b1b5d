#pragma once
// How a message gets into the queue of a link: which one, by what its type promises. The room calls it for
// every peer that shall hear it.

#include <cstdint>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/link.hpp"
#include "tenon/link/shared_bytes.hpp"
#include "tenon/room/options.hpp"
#include "tenon/schema/delivery.hpp"

namespace tenon {

// A message that is encoded. `stream` tells newest-wins streams of one type apart.
struct Post {
    MessageType type;
    Delivery delivery = Delivery::ordered;
    BytesIn payload;
    How how{};
    std::uint32_t stream = 0;
};

// Where the payload may be lost and `shared` holds it already, the queue only holds on to it as well.
template <class Reliability>
Result<> put(Link<Reliability>& link, Pool& pool, Instant now, const Post& post,
             SharedBytes* shared = nullptr) {
    if (is_reliable(post.delivery)) {
        if constexpr (Reliability::traits.gives_up) {
            if (post.type.value >= MessageType::first_user || post.delivery != Delivery::ordered)
                return link.machine().push(pool, now, post.type, post.payload);
        }
        return link.channel(is_ordered(post.delivery)).append(post.type, post.payload);
    }
    Outbox::Message message;
    message.type = post.type;
    message.key = post.stream;
    message.replaceable = is_newest(post.delivery);
    message.queued_at = now;
    if (post.how.ttl < Duration::max()) message.deadline = now + post.how.ttl;
    return shared != nullptr ? link.outbox().push(message, *shared)
                             : link.outbox().push(message, post.payload);
}

} // namespace tenon
