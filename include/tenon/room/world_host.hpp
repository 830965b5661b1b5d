#pragma once
// The world as the authority has it, and what each guest was told of it: snapshots go out with their beat,
// and build on what has arrived. WorldRoom has one while this peer decides.

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>

#include "tenon/clock/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/time.hpp"
#include "tenon/replica/command_buffer.hpp"
#include "tenon/replica/rewind.hpp"
#include "tenon/replica/snapshot_cache.hpp"
#include "tenon/replica/snapshot_sender.hpp"
#include "tenon/replica/world.hpp"
#include "tenon/room/handlers.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/world_words.hpp"
#include "tenon/schema/delivery.hpp"

namespace tenon {

template <class Game>
class WorldHost {
    using Order = detail::OrderOf<Game>;

  public:
    // `bytes_max`: of a message that goes whole into the largest packet.
    WorldHost(const Options& options, const Rates& rates, std::size_t bytes_max, std::uint64_t secret)
        : tick_(rates.snapshot_hz > 0 ? period(rates.snapshot_hz) : Duration{}),
          command_tick_(rates.input_hz > 0 ? period(rates.input_hz) : milliseconds(16)),
          world_({options.entities_max, options.history_ticks}),
          cache_(world_.slots(), bytes_max, cached, secret),
          models_(world_.layout()),
          rewinder_(world_, tick_ > Duration{} ? static_cast<std::uint64_t>(options.rewind_most / tick_ + 1)
                                               : options.history_ticks) {}
    WorldHost(const WorldHost&) = delete;
    WorldHost& operator=(const WorldHost&) = delete;
    ~WorldHost() {
        clients_.erase_if([](const Key&, Client* client) { return delete client, true; });
    }

    std::uint64_t newest() const { return newest_; } // tick
    World<Game>& world() { return world_; }
    const World<Game>& world() const { return world_; }

    // The world, as it is after `provide(world)`, becomes the state of the tick that it is now; false when
    // that tick has its state already.
    bool commit(Instant now, auto&& provide) {
        std::int64_t ticks = 1;
        if (world_.commits() != 0 && tick_ > Duration{}) {
            ticks = (now - tick_at_ + tick_ / 2) / tick_;
            if (ticks <= 0) return false;
            tick_at_ += tick_ * ticks;
        } else {
            tick_at_ = now;
        }
        provide(world_);
        newest_ += static_cast<std::uint64_t>(ticks);
        world_.commit({newest_});
        return true;
    }

    // ---- commands

    // One has come; its turn may be later. What it is refused for, if it is.
    Result<> command(Instant now, PeerId peer, std::uint32_t number, const Order& order, Moment seen) {
        Client* client = client_of(peer);
        return client != nullptr ? client->commands.push(now, number, order, seen) : Error::queue_full;
    }
    // The same where the handlers play them as they come.
    void applied(PeerId peer, std::uint32_t number, Moment seen) {
        if (Client* client = client_of(peer)) client->applied = number, client->seen = seen;
    }
    // An input tick: everybody's things take the step of the command whose turn it is, and `own` those of
    // this peer.
    template <class Handlers>
    void play(Instant now, PeerId self, const Order* own, Handlers& handlers) {
        own_ += own != nullptr;
        const Played<Order> mine{Played<Order>::Kind::fresh, own, own_, Moment::of(Tick{newest_})};
        for (unsigned round = 0; round < 2; ++round) {
            bool any = round == 0 && own != nullptr;
            clients_.for_each([&](const Key& key, Client* client) {
                if (round == 0) client->due = client->commands.due();
                client->turn = round < client->due ? client->commands.take(now) : Played<Order>();
                if (!client->turn) return;
                any = true;
                client->applied = client->turn.number;
                client->seen = client->turn.seen;
                if constexpr (Hears<Handlers, Order>) tenon::deliver(handlers, key.peer, *client->turn.order);
            });
            if (!any) return;
            for (std::size_t slot = 0; slot < world_.used(); ++slot)
                if (const EntityId entity = world_.in(slot))
                    step(entity, self, round == 0 ? &mine : nullptr, handlers);
        }
    }
    // The world as a peer saw it when it gave the command whose turn it is, or came last.
    Rewind<Game> rewind(PeerId peer) {
        Client** client = clients_.find({peer});
        return rewinder_.to(client != nullptr ? (*client)->seen : Moment::of(Tick{newest_}));
    }

    // ---- snapshots

    // Says what is due to a guest, in at most so many bytes and packets, of which each holds `bytes_max`; how
    // many bytes it took. What can't leave within `patience` is dropped, since something newer follows.
    template <class Handlers>
    std::size_t tell(auto& room, auto& seat, MessageType type, Duration patience, std::size_t bytes_max,
                     std::size_t budget, Handlers& handlers) {
        Client* client = client_of(seat.id);
        if (client == nullptr) return 0;
        if (!client->sender)
            client->sender.emplace(world_, cache_, models_, sender_options<Handlers>(seat.id));
        for (std::uint32_t track = 0; seat.link.poll_arrived(track);)
            (void)client->sender->acknowledged(static_cast<std::uint16_t>(track - 1));
        const auto write = [&, seen = sight(seat.id, handlers)](BytesOut into) {
            if constexpr (ChoosesSight<Handlers, World<Game>>)
                return client->sender->write(into, seen);
            else
                return client->sender->write(into);
        };
        std::size_t told = 0;
        for (unsigned packets = 0; packets < packets_max; ++packets) {
            if (seat.link.bytes_ahead() > bytes_max * 2) break;
            const BytesOut into = room.scratch().first(budget - told < bytes_max ? budget - told : bytes_max);
            if (into.size() <= head_bytes) break;
            const std::size_t size = write(into.subspan(head_bytes));
            if (size == 0) break;
            into[0] = static_cast<std::byte>(client->played());
            Post post{type, Delivery::best_effort, into.first(head_bytes + size)};
            post.how.ttl = patience;
            post.track = load_le<std::uint16_t>(into.data() + head_bytes) + 1u;
            (void)room.push(seat, post); // what found no place is as if it were lost
            told += head_bytes + size;
        }
        if (told == 0)
            told = say_rested(room, seat, *client, type, patience);
        else
            client->said_at = newest_, client->said = client->played();
        return told;
    }
    // A guest's word. Nobody would say another.
    Result<> hear(PeerId peer, BytesIn payload) {
        const auto word = RefusedWord::read(payload);
        Client* client = client_of(peer);
        if (!word || client == nullptr || !client->sender) return Error::malformed;
        if (const Result<> known = client->sender->refused(word->number); !known) return known;
        // What it lacks is older than this one, and others build on it too.
        if (word->reason == Error::missing_baseline) client->sender->heal_all();
        ++refused_;
        return {};
    }
    // A guest claims an entity, or gives back what it owns: whether it is to be so.
    template <class Handlers>
    bool judge(PeerId peer, const ClaimWord& claim, Handlers& handlers) {
        const PeerId owner = world_.owner(claim.entity);
        bool granted = claim.yes ? false : owner == peer;
        if constexpr (GrantsClaims<Handlers>)
            if (claim.yes && owner) granted = owner == peer || handlers.grants(peer, claim.entity);
        claims_refused_ += !granted;
        return granted && world_.set_owner(claim.entity, claim.yes ? peer : PeerId::host());
    }
    void forget(PeerId peer) {
        Client** client = clients_.find({peer});
        if (client == nullptr) return;
        delete *client;
        clients_.erase({peer});
    }

    // Snapshots that a guest could not take, and commands that could not be played.
    std::uint64_t refused() const { return refused_; }
    std::uint64_t claims_refused() const { return claims_refused_; }
    std::uint64_t commands_refused() const {
        std::uint64_t sum = 0;
        clients_.for_each([&](const Key&, Client* client) {
            const auto& figures = client->commands.figures();
            sum += figures.too_early + figures.flooded;
        });
        return sum;
    }

  private:
    static constexpr std::size_t head_bytes = 1; // the newest command of the guest that was applied
    static constexpr std::size_t cached = 16;
    static constexpr unsigned packets_max = 8;    // to one guest in one beat
    static constexpr std::uint64_t rest_told = 4; // ticks: so often is a guest told that nothing happens
    struct Client {
        std::optional<SnapshotSender> sender; // since it is told
        CommandBuffer<Order> commands;
        Played<Order> turn{};
        unsigned due = 0;
        std::uint32_t applied = 0, said = 0; // said: of that, to the guest
        std::uint64_t said_at = 0;
        Moment seen{};

        // What a guest counts on: of commands that are waited for in their order, those before.
        std::uint32_t played() const { return commands.applied() != 0 ? commands.applied() : applied; }
    };
    struct Key {
        PeerId peer;
        std::uint64_t hash() const { return splitmix(peer.value); }
        friend bool operator==(const Key&, const Key&) = default;
    };

    template <class Handlers>
    void step(EntityId entity, PeerId self, const Played<Order>* mine, Handlers& handlers) {
        const PeerId owner = world_.owner(entity);
        const Played<Order>* turn = owner == self ? mine : nullptr;
        if (Client** client = owner == self ? nullptr : clients_.find({owner})) turn = &(*client)->turn;
        if (turn == nullptr || !*turn || turn->order == nullptr) return;
        // A thing takes no step with the command that it came from.
        const Origin origin = world_.origin(entity);
        if (origin.key != 0 && origin.command == (turn->number & 0xFFFF)) return;
        if constexpr (StepsEntity<Handlers, World<Game>, Order>)
            handlers.step(world_, entity, *turn->order, turn->number);
    }
    // What the guest waits for though nothing is told: that its commands were played, and that time goes on.
    std::size_t say_rested(auto& room, auto& seat, Client& client, MessageType type, Duration patience) {
        const std::uint32_t played = client.played();
        if (client.said == played && newest_ < client.said_at + rest_told) return 0;
        if (!client.sender->settled()) return 0;
        std::byte bytes[RestedWord::bytes];
        RestedWord{static_cast<std::uint8_t>(played), static_cast<std::uint16_t>(newest_)}.write(bytes);
        Post post{type, Delivery::best_effort, bytes};
        post.how.ttl = patience;
        (void)room.push(seat, post);
        client.said = played;
        client.said_at = newest_;
        return RestedWord::bytes;
    }

    template <class Handlers>
    static SenderOptions sender_options(PeerId peer) {
        SenderOptions options;
        if constexpr (KeepsFromOthers<Handlers>)
            options.audience = {static_cast<std::uint16_t>(Handlers::owner_only), peer};
        return options;
    }
    template <class Handlers>
    auto sight(PeerId peer, Handlers& handlers) const {
        if constexpr (ChoosesSight<Handlers, World<Game>>)
            return handlers.sees(peer, world_);
        else
            return nullptr;
    }
    // Made when a guest is first told of anything; nullptr without memory.
    Client* client_of(PeerId peer) {
        if (Client** known = clients_.find({peer})) return *known;
        auto* client = new (std::nothrow) Client{std::nullopt, CommandBuffer<Order>({.tick = command_tick_})};
        if (client != nullptr && clients_.insert({peer}, client) == nullptr) {
            delete client;
            return nullptr;
        }
        return client;
    }

    Duration tick_, command_tick_; // no tick: each commit is one
    World<Game> world_;
    SnapshotCache cache_;
    DeltaModels models_;
    Rewinder<Game> rewinder_;
    HashMap<Key, Client*> clients_;
    Instant tick_at_{};
    std::uint64_t newest_ = 0, refused_ = 0, claims_refused_ = 0; // newest_: a tick
    std::uint32_t own_ = 0;                                       // commands of this peer
};

} // namespace tenon
