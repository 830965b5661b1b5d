#pragma once
// Lobby: the rooms of a game and who is in them, for a program that is in none: a menu, a matchmaker, a page
// that shows who plays.

#include <string_view>
#include <utility>

#include "tenon/bus/concept.hpp"
#include "tenon/bus/directory.hpp"
#include "tenon/bus/words.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/time.hpp"

namespace tenon::bus {

template <class Bus>
class Lobby {
    static_assert(sizeof(CheckBus<Bus>) > 0);

  public:
    // Of all rooms of this game. status() tells whether the bus takes it.
    Lobby(Bus bus, std::string_view game, const DirectoryOptions& options = {})
        : bus_(std::move(bus)), directory_(stable_id(game), options) {
        status_ = bus_.subscribe(lobby_subject(stable_id(game)).view());
    }

    // Hears what was said, and forgets who says nothing any more. A few times a second is enough.
    void tick(Instant now) {
        bus_.poll([&](std::string_view, BytesIn word) {
            const bool asks = !word.empty() && word[0] == std::byte{static_cast<std::uint8_t>(Kind::asks)};
            if (!asks) (void)directory_.hear(now, word);
        });
        directory_.turn(now);
    }
    const Directory& directory() const { return directory_; }
    Result<> status() const { return status_; }

  private:
    Bus bus_;
    Directory directory_;
    Result<> status_;
};

} // namespace tenon::bus
