#pragma once
// What a game says in a room: its events, encoded and put on the way that their types promise. The speaking
// half of GameRoom.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/clock/steady.hpp"
#include "tenon/codec/voice.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/permissions.hpp"
#include "tenon/room/post.hpp"
#include "tenon/room/room.hpp"
#include "tenon/schema/delivery.hpp"
#include "tenon/schema/game.hpp"

namespace tenon {

template <class Game, class Address, class Codec, class Topology, class Reliability, class Guard>
class GameVoice {
  public:
    using RoomType = Room<Address, Reliability, Topology, Guard, RightsOf<Game>>;

    template <class... Args>
    explicit GameVoice(const Options& options, Args&&... args) : options_(options), room_(options, args...) {}

    template <class T>
    Result<> send(PeerId to, const T& message, const How& how = {}) {
        static_assert(
            Game::template has_event<T>,
            "tenon: send takes an Event of the game; states and commands are provided by the handlers");
        if (inside() && !may<T>()) return Error::forbidden;
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
        if (!may<T>()) return Error::forbidden;
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

    // The authority gives a peer another role; all hear RoleChanged. Who says more than its role lets it is
    // not heard: Violation.
    Result<> set_role(PeerId peer, std::string_view role) {
        check_roles();
        const std::size_t place = Game::role_index(role);
        if (place == Game::role_count) return Error::unknown_role;
        if (!inside()) return Error::not_connected;
        if constexpr (Game::has_roles)
            return room_.permissions().set(room_, peer, static_cast<std::uint8_t>(place));
        return {};
    }
    // Empty for who is not in the room.
    std::string_view role_of(PeerId peer) const {
        check_roles();
        const bool known = room_.roster().contains(peer);
        return known ? Game::role_name(room_.roster().role_of(peer)) : std::string_view();
    }
    // Whether this peer may say it; of a Component, whether it may claim entities.
    template <class T>
    bool may() const {
        return room_.may_say(type<T>);
    }

    // Names this life of the room, the same for all who are in it, in logs.
    std::uint64_t session() const { return room_.session(); }
    // The bits of Options::capabilities that hold between this peer and its host; on a host all of its own.
    std::uint32_t capabilities() const { return room_.capabilities(); }
    // The same of a guest, on the host that let it in.
    Result<std::uint32_t> capabilities(PeerId guest) { return room_.capabilities(guest); }
    PeerId self() const { return room_.self(); }
    PeerId authority() const { return Topology::authority(room_.host_id()); }

  protected:
    static constexpr void check_roles() {
        static_assert(
            Game::has_roles,
            "tenon: the game has no roles; write Roles<Role<name, TheTypes...>, ...> behind its types");
    }
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
        if (!seat.dirty) seat.prefetch_writing(); // it has not been looked at since it last spoke
        if constexpr (is_reliable(delivery<T>) && !Reliability::traits.gives_up) {
            auto&& channel = seat.link.channel(is_ordered(delivery<T>));
            const BytesOut open = channel.open_room(type<T>);
            if (!open.empty()) {
                const Encoded written = encode(open, message);
                if (written && channel.commit(type<T>, *written)) {
                    room_.mark(seat);
                    return {};
                }
            }
        }
        const auto writes = [&](BytesOut out) { return write(out, message, how.key); };
        if constexpr (!is_reliable(delivery<T>))
            if (room_.push_written(seat, post_of<Game, T>({}, how), writes)) return {};
        const Encoded written = writes(room_.scratch());
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
