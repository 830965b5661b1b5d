#pragma once
// What a game says in a room: its events, encoded and put on the way that their types promise. The speaking
// half of GameRoom.

#include <cstddef>
#include <cstdint>

#include "tenon/clock/steady.hpp"
#include "tenon/codec/voice.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/room.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

template <class Game, class Address, class Codec, class Topology, class Reliability, class Guard>
class GameVoice {
  public:
    using RoomType = Room<Address, Reliability, Topology, Guard>;

    template <class... Args>
    explicit GameVoice(const Options& options, Args&&... args) : options_(options), room_(options, args...) {}

    template <class T>
    Result<> send(PeerId to, const T& message, const How& how = {}) {
        static_assert(
            Game::template has_event<T>,
            "tenon: send takes an Event of the game; states and commands are provided by the handlers");
        if constexpr (files<T>) return file(to, message);
        auto* seat = room_.way_to(to);
        if (seat == nullptr) return inside() ? Error::unknown_peer : Error::not_connected;
        if (room_.direct(to)) return send_direct(*seat, message, how);
        const auto written = write(room_.scratch(), message, how.key);
        if (!written) return written.error();
        return room_.push_relay(to, post_of<Game, T>(room_.scratch().first(*written), how));
    }
    // To everybody else in the room. On the host an error means that at least one peer could not take it; the
    // others did.
    template <class T>
    Result<> broadcast(const T& message, const How& how = {}) {
        static_assert(
            Game::template has_event<T>,
            "tenon: broadcast takes an Event of the game; states and commands are provided by the handlers");
        if (!inside()) return Error::not_connected;
        if constexpr (files<T>) return file(PeerId::none(), message);
        const auto written = write(room_.scratch(), message, how.key);
        if (!written) return written.error();
        const BytesIn payload = room_.scratch().first(*written);
        if constexpr (spreads && !is_reliable(delivery<T>))
            if (room_.status() == Status::joined)
                return room_.spread(post_of<Game, T>(payload, how), [](const auto&) { return true; });
        if (room_.status() == Status::joined)
            return room_.push_relay(PeerId::none(), post_of<Game, T>(payload, how));
        if constexpr (!is_reliable(delivery<T>)) return room_.announce(post_of<Game, T>(payload, how));
        Error first = Error::none;
        room_.push_to_all(
            post_of<Game, T>(payload, how), [](const auto&) { return true; },
            [&](const auto&, const Result<>& pushed) {
                if (!pushed && first == Error::none) first = pushed.error();
            });
        return first;
    }

    PeerId self() const { return room_.self(); }
    PeerId authority() const { return Topology::authority(room_.host_id()); }

  protected:
    static constexpr bool migrates = RoomType::migrates;
    static constexpr bool spreads = RoomType::links_directly; // nobody decides: each speaks for itself

    // Not while it only wants to join.
    bool inside() const { return room_.status() == Status::joined || room_.status() == Status::hosting; }
    // The room's time; both are steady.
    Instant common(Instant now) const { return room_.room_time(now); }

    template <class T>
    static constexpr MessageType type = Game::template type_of<T>;
    template <class T>
    static constexpr Delivery delivery = Game::template delivery_of<T>();

    template <class T>
    Encoded encode(BytesOut out, const T& message) {
        if (out.size() > room_.message_bytes_max()) out = out.first(room_.message_bytes_max());
        return voice_.encode(out, message, [this] {
            return codec::Speaker{options_.room, self(), authority(), common(now_)};
        });
    }
    // A newest-wins message has its key in front.
    template <class T>
    Encoded write(BytesOut out, const T& message, std::uint32_t key) {
        std::size_t head = 0;
        if constexpr (is_newest(delivery<T>)) {
            ByteWriter writer(out);
            writer.varint(key);
            head = writer.position();
        }
        const Encoded encoded = encode(out.subspan(head), message);
        return encoded ? Encoded(*encoded + head) : encoded;
    }

    // The usual way: the message is encoded straight into the queue that it will leave from.
    template <class T>
    Result<> send_direct(typename RoomType::Seat& seat, const T& message, const How& how) {
        if constexpr (is_reliable(delivery<T>) && !Reliability::traits.gives_up) {
            ChannelSender& channel = seat.link.channel(is_ordered(delivery<T>));
            const BytesOut open = channel.open_room(type<T>);
            if (!open.empty()) {
                const Encoded written = encode(open, message);
                if (written && channel.commit(type<T>, *written)) {
                    room_.mark(seat);
                    return {};
                }
            }
        }
        const Encoded written = write(room_.scratch(), message, how.key);
        if (!written) return written.error();
        return room_.push(seat, post_of<Game, T>(room_.scratch().first(*written), how));
    }

    // Where the room outlives its host, what must arrive goes through the ledger that all keep.
    template <class T>
    static constexpr bool files = migrates&& is_reliable(delivery<T>);
    template <class T>
    Result<> file(PeerId to, const T& message) {
        const auto written = encode(room_.scratch(), message);
        if (!written) return written.error();
        return room_.estate().file(room_, to, type<T>, room_.scratch().first(*written));
    }

    Options options_;
    TENON_NO_UNIQUE_ADDRESS codec::Voice<Game, Codec> voice_;
    RoomType room_;
    Instant now_{}; // steady
};

} // namespace tenon
