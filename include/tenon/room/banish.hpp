#pragma once
// How a peer is sent away and let in no more; sessions and the rooms of a hall offer it.

#include <cstdint>
#include <string_view>

#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/unix_time.hpp"
#include "tenon/room/ban_list.hpp"
#include "tenon/room/options.hpp"

namespace tenon {

// By its key, where it has proved one, unless its address is meant, which others may share.
enum class BanBy : std::uint8_t { key, address };

template <class GameRoom>
Result<> banish(GameRoom& from, PeerId peer, UnixTime until, std::string_view text, BanBy by) {
    using Guard = typename GameRoom::Guard;
    const auto* seat = from.room().seat_of(peer);
    if (from.status() != Status::hosting || seat == nullptr) return Error::unknown_peer;
    Banned who = banned_address(seat->address);
    if constexpr (requires { Guard::exchange_key(seat->link.seal()); })
        if (by == BanBy::key) who = Banned::of_key(Guard::exchange_key(seat->link.seal()));
    const Result<> banned = from.room().doorkeeper().bans().add(who, until, text);
    if (!banned) return banned;
    const BanList::Ban* ban = from.room().doorkeeper().bans().find(who); // it hears what the door will say
    return from.kick(peer, ban != nullptr ? ban->told().view() : text, Error::banned);
}

} // namespace tenon
