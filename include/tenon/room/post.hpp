#pragma once
// How a message gets into the queue of a link: which one, by what its type promises. The room calls it for
// every peer that shall hear it.

#include <cstdint>

#include "tenon/codec/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/bundle.hpp"
#include "tenon/link/link_of.hpp"
#include "tenon/link/outbox.hpp"
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
    std::uint32_t track = 0; // what the link calls it when it has arrived; 0: nobody asks
};

// The same of a type of the game.
template <class Game, class T>
Post post_of(BytesIn payload, const How& how) {
    constexpr MessageType type = Game::template type_of<T>;
    // What tells newest-wins messages of one type apart in a queue.
    const auto stream = static_cast<std::uint32_t>(splitmix(std::uint64_t(type.value) << 32 | how.key));
    return {type, Game::template delivery_of<T>(), payload, how, stream};
}

// How what may be lost waits in its queue.
inline Outbox::Message queued(Instant now, const Post& post) {
    Outbox::Message message;
    message.type = post.type;
    message.key = post.stream;
    message.replaceable = is_newest(post.delivery);
    message.track = post.track;
    message.queued_at = now;
    if (post.how.ttl < Duration::max()) message.deadline = now + post.how.ttl;
    return message;
}

// Where the payload may be lost and `shared` holds it already, the queue only holds on to it as well.
template <template <class, class> class AnyLink, class Reliability, class Seal>
Result<> put(AnyLink<Reliability, Seal>& link, Pool& pool, Instant now, const Post& post,
             SharedBytes* shared = nullptr) {
    if (is_reliable(post.delivery)) {
        if constexpr (Reliability::traits.gives_up) {
            const bool retries =
                post.type.value >= MessageType::first_user || post.delivery != Delivery::ordered;
            if (retries && !is_over_stream(link))
                return link.machine().push(pool, now, post.type, post.payload);
        }
        return link.channel(is_ordered(post.delivery)).append(post.type, post.payload);
    }
    Outbox& outbox = link.outbox();
    return shared != nullptr ? outbox.push(queued(now, post), *shared)
                             : outbox.push(queued(now, post), post.payload);
}

// The same where `write(room)` encodes what may be lost, straight into the queue; false when there is not
// room enough for that, or it can't be encoded.
bool put_written(Outbox& outbox, Instant now, const Post& post, auto&& write) {
    const BytesOut room = outbox.open_room();
    const Encoded written = room.empty() ? Encoded(Error::queue_full) : write(room);
    if (!written) return false;
    Outbox::Message message = queued(now, post);
    message.size = static_cast<std::uint32_t>(*written);
    outbox.commit(message);
    return true;
}

// The same for a bundle, which `shared` holds: newest wins, among those of the same streams.
template <template <class, class> class AnyLink, class Reliability, class Seal>
Result<> put(AnyLink<Reliability, Seal>& link, Instant now, const Bundle& bundle, SharedBytes& shared,
             std::uint64_t without) {
    Outbox::Message message;
    message.key = bundle.key();
    message.replaceable = message.bundle = true;
    message.queued_at = now;
    return link.outbox().push(message, shared, without);
}

} // namespace tenon
