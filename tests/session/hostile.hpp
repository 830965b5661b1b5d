#pragma once
// A member of a game who knows the protocol and says what it likes: a bare room over a simulated port.

#include <cstdint>
#include <string_view>

#include "parts.hpp"
#include "tenon/room/permissions.hpp"
#include "tenon/room/room.hpp"

namespace play {

template <class Game>
class HostileIn {
  public:
    using RoomType =
        Room<transport::MemoryAddress, reliability::AckVector, topology::ClientServer, Plain, RightsOf<Game>>;

    HostileIn(transport::Exchange& exchange, std::uint32_t host, std::string_view name)
        : port_(exchange, host), room_(options(name), terms(), carriage(), 1200, Pulse{}, 77) {
        (void)port_.open(0);
    }
    bool join(Instant now, std::string_view address) {
        return static_cast<bool>(room_.join(now, *port_.resolve(address)));
    }
    void step(Instant now) {
        port_.poll([&](const transport::MemoryAddress& from, Lane, BytesIn datagram) {
            room_.handle_datagram(now, from, datagram);
            drain();
        });
        room_.handle_timeout(now);
        std::byte buffer[1200];
        while (const auto out = room_.poll_transmit(now, buffer))
            (void)port_.send(out.to, {}, BytesIn(buffer, out.size));
        drain();
    }
    // Bytes in whatever clothes.
    Result<> say(MessageType type, Delivery delivery, BytesIn payload) {
        auto* seat = room_.seat_of(PeerId::host());
        if (seat == nullptr) return Error::not_connected;
        return room_.push(*seat, {type, delivery, payload, {}, 0});
    }
    RoomType& room() { return room_; }
    transport::Memory& port() { return port_; }

    template <class T>
    static MessageType type() {
        return Game::template type_of<T>;
    }

  private:
    static Options options(std::string_view name) {
        Options options;
        options.name = name;
        return options;
    }
    static Terms terms() {
        Terms terms;
        terms.game = stable_id(Game::name);
        terms.room = stable_id("lobby");
        terms.schema = Game::schema_hash();
        terms.game_version = Game::version;
        terms.codec = static_cast<std::uint32_t>(stable_id(codec::Bits::name));
        terms.features = terms.required = 4; // reliable
        terms.type_hashes = Game::type_hashes();
        return terms;
    }
    static Carriage carriage() {
        static constexpr std::array<Delivery, Game::type_count> deliveries = [] {
            std::array<Delivery, Game::type_count> all{};
            for (std::size_t i = 0; i < Game::type_count; ++i) all[i] = Game::delivery_of(i);
            return all;
        }();
        return {deliveries, nullptr};
    }
    void drain() {
        RoomEvent event;
        while (room_.poll_event(event)) {
        }
    }

    transport::Memory port_;
    RoomType room_;
};

using Hostile = HostileIn<Arena>;

} // namespace play
