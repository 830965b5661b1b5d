#pragma once
// The world as the authority has it, and what each guest was told of it: snapshots go out with their beat,
// and build on what has arrived. WorldRoom has one while this peer decides.

#include <cstddef>
#include <cstdint>
#include <new>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/snapshot_cache.hpp"
#include "tenon/replica/snapshot_sender.hpp"
#include "tenon/replica/world.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/world_words.hpp"
#include "tenon/schema/delivery.hpp"

namespace tenon {

template <class Game>
class WorldHost {
  public:
    // `bytes_max`: of a message that goes whole into a packet.
    WorldHost(const Options& options, std::size_t bytes_max, std::uint64_t secret)
        : bytes_max_(bytes_max),
          world_({options.entities_max, options.history_ticks}),
          cache_(world_.slots(), bytes_max, cached, secret),
          models_(world_.layout()) {}
    WorldHost(const WorldHost&) = delete;
    WorldHost& operator=(const WorldHost&) = delete;
    ~WorldHost() {
        clients_.erase_if([](const Key&, Client* client) { return delete client, true; });
    }

    World<Game>& world() { return world_; }
    const World<Game>& world() const { return world_; }

    // The world, as it is after `provide(world)`, becomes the state of the tick that it is now, `every` so
    // long after another; false when that tick has its state already.
    bool commit(Instant now, Duration every, auto&& provide) {
        std::int64_t ticks = 1;
        if (world_.commits() != 0 && every < Duration::max()) {
            ticks = (now - tick_at_ + every / 2) / every;
            if (ticks <= 0) return false;
            tick_at_ += every * ticks;
        } else {
            tick_at_ = now;
        }
        provide(world_);
        world_.commit({tick_ += static_cast<std::uint64_t>(ticks)});
        return true;
    }

    // Says what is due to a guest, in at most so many bytes and packets; how many bytes it took. What can't
    // leave within `patience` is dropped, since something newer follows.
    std::size_t tell(auto& room, auto& seat, MessageType type, Duration patience, std::size_t budget) {
        Client* client = client_of(seat.id);
        if (client == nullptr) return 0;
        for (std::uint32_t track = 0; seat.link.poll_arrived(track);)
            (void)client->sender.acknowledged(static_cast<std::uint16_t>(track - 1));
        std::size_t told = 0;
        for (unsigned packets = 0; packets < packets_max; ++packets) {
            if (seat.link.queued_bytes() > bytes_max_ * 2) break;
            const BytesOut into =
                room.scratch().first(budget - told < bytes_max_ ? budget - told : bytes_max_);
            if (into.size() <= head_bytes) break;
            const std::size_t size = client->sender.write(into.subspan(head_bytes));
            if (size == 0) break;
            into[0] = static_cast<std::byte>(client->applied);
            Post post{type, Delivery::best_effort, into.first(head_bytes + size)};
            post.how.ttl = patience;
            post.track = load_le<std::uint16_t>(into.data() + head_bytes) + 1u;
            (void)room.push(seat, post); // what found no place is as if it were lost
            told += head_bytes + size;
        }
        return told;
    }
    // A guest's command was given to the game: the next snapshot says so.
    void applied(PeerId peer, std::uint32_t number) {
        if (Client* client = client_of(peer)) client->applied = number;
    }
    // A guest's word. Nobody would say another.
    Result<> hear(PeerId peer, BytesIn payload) {
        const auto word = RefusedWord::read(payload);
        Client* client = client_of(peer);
        if (!word || client == nullptr) return Error::malformed;
        ++refused_;
        client->sender.heal_all();
        return {};
    }
    void forget(PeerId peer) {
        Client** client = clients_.find({peer});
        if (client == nullptr) return;
        delete *client;
        clients_.erase({peer});
    }

    // Snapshots that a guest could not take.
    std::uint64_t refused() const { return refused_; }

  private:
    static constexpr std::size_t head_bytes = 1; // the newest command of the guest that was applied
    static constexpr std::size_t cached = 16;
    static constexpr unsigned packets_max = 8; // to one guest in one beat
    struct Client {
        SnapshotSender sender;
        std::uint32_t applied = 0;
    };
    struct Key {
        PeerId peer;
        std::uint64_t hash() const { return splitmix(peer.value); }
        friend bool operator==(const Key&, const Key&) = default;
    };

    // Made when it is first asked for; nullptr without memory.
    Client* client_of(PeerId peer) {
        if (Client** known = clients_.find({peer})) return *known;
        auto* client = new (std::nothrow) Client{{world_, cache_, models_}};
        if (client != nullptr && clients_.insert({peer}, client) == nullptr) {
            delete client;
            return nullptr;
        }
        return client;
    }

    std::size_t bytes_max_;
    World<Game> world_;
    SnapshotCache cache_;
    DeltaModels models_;
    HashMap<Key, Client*> clients_;
    Instant tick_at_{};
    std::uint64_t tick_ = 0, refused_ = 0;
};

} // namespace tenon
