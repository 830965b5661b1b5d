#pragma once
// Lobby: the rooms of a game in this local network, for a menu. It asks everybody once a second, and forgets
// who does not answer any more.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/time.hpp"
#include "tenon/lan/words.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::lan {

struct LobbyOptions {
    std::size_t rooms_max = 64;  // more than these are not taken in
    std::size_t rooms_each = 8;  // of one address
    Duration pause = seconds(1); // between two questions
    Duration forgets_after = milliseconds(4500);
};

struct LobbyFigures {
    std::uint64_t asked = 0, heard = 0;
    std::uint64_t refused = 0;  // answers that are malformed, or to no question of ours
    std::uint64_t left_out = 0; // of rooms for which there was no place
};

// Which rooms there are, as they are told. Sans-I/O.
template <class Address>
class Rooms {
  public:
    struct Room {
        Listing what;
        Address address{}; // to join it
        bool fits = false; // it is of the same build: its version and its types are ours
        Instant heard{};
    };

    Rooms(std::uint64_t game, std::uint32_t version, std::uint64_t schema, Random random,
          const LobbyOptions& options = {})
        : game_(game), schema_(schema), version_(version), random_(random), options_(options) {}

    // Bytes of the question that is to be said to all now; 0: none is due.
    std::size_t ask(Instant now, BytesOut into) {
        if (now < ask_at_) return 0;
        // A few in short order at first, since some are lost.
        ask_at_ = now + (brisk_ > 0 ? options_.pause / 5 : options_.pause);
        brisk_ -= brisk_ > 0 ? 1 : 0;
        ++figures_.asked;
        numbers_[next_] = random_.next() | 1;
        const std::size_t size = write_question(into, numbers_[next_], game_);
        next_ = (next_ + 1) % numbers_.size();
        return size;
    }
    Result<> hear(Instant now, const Address& from, BytesIn word) {
        const auto answer = read_answer(word, game_);
        if (!answer) return ++figures_.refused, answer.error();
        if (!is_asked(answer->number)) return ++figures_.refused, Error::forged;
        ++figures_.heard;
        Address at = from;
        at.port = answer->listing.port;
        Room* room = find(answer->listing.instance);
        if (room == nullptr) {
            room = count(at) < options_.rooms_each && rooms_.size() < options_.rooms_max
                       ? rooms_.push_back({})
                       : nullptr;
            if (room == nullptr) return ++figures_.left_out, Error::over_bound;
            room->address = at;
        } else if (!(host_of(room->address) == host_of(at))) {
            return {}; // the same by another way, or somebody who says to be it: who came first is heard
        }
        room->address = at;
        room->what = answer->listing;
        room->fits = answer->listing.version == version_ && answer->listing.schema == schema_;
        room->heard = now;
        return {};
    }
    void turn(Instant now) {
        for (std::size_t i = rooms_.size(); i-- > 0;) {
            if (now < rooms_[i].heard + options_.forgets_after) continue;
            for (std::size_t k = i + 1; k < rooms_.size(); ++k) rooms_[k - 1] = rooms_[k];
            rooms_.pop_back();
        }
    }
    Instant next() const {
        Instant next = ask_at_;
        for (std::size_t i = 0; i < rooms_.size(); ++i)
            next = min(next, rooms_[i].heard + options_.forgets_after);
        return next;
    }

    std::size_t size() const { return rooms_.size(); }
    const Room& operator[](std::size_t i) const { return rooms_[i]; }
    const LobbyFigures& figures() const { return figures_; }

  private:
    Room* find(std::uint64_t instance) {
        for (std::size_t i = 0; i < rooms_.size(); ++i)
            if (rooms_[i].what.instance == instance) return &rooms_[i];
        return nullptr;
    }
    std::size_t count(const Address& at) const {
        std::size_t count = 0;
        for (std::size_t i = 0; i < rooms_.size(); ++i)
            count += host_of(rooms_[i].address) == host_of(at) ? 1 : 0;
        return count;
    }
    bool is_asked(std::uint64_t number) const {
        for (const std::uint64_t asked : numbers_)
            if (number != 0 && asked == number) return true;
        return false;
    }

    std::uint64_t game_, schema_;
    std::uint32_t version_;
    Random random_;
    LobbyOptions options_;
    Ring<Room> rooms_;
    std::array<std::uint64_t, 4> numbers_{};
    std::size_t next_ = 0;
    unsigned brisk_ = 3;
    Instant ask_at_{};
    LobbyFigures figures_;
};

template <class Game, class Transport = class Udp>
class Lobby {
  public:
    using Address = typename Transport::Address;
    using Room = typename Rooms<Address>::Room;

    explicit Lobby(Transport transport = Transport(), const LobbyOptions& options = {})
        : transport_(std::move(transport)),
          rooms_(stable_id(Game::name), Game::version, Game::schema_hash(), Random(transport_.entropy()),
                 options) {}

    // `port`: where the hosts' signs listen.
    Result<> open(std::uint16_t port = default_port) {
        port_ = port;
        const auto opened = transport_.open(0);
        return opened ? Result<>() : opened.error();
    }
    void close() { transport_.close(); }

    // Asks when it is time, and hears. It never blocks; a few times a second is enough.
    void tick(Instant now) {
        std::byte question[question_bytes];
        const std::size_t size = rooms_.ask(now, question);
        if (size != 0) transport_.shout(port_, BytesIn(question).first(size));
        transport_.poll([&](const Address& from, Lane, BytesIn word) { (void)rooms_.hear(now, from, word); });
        rooms_.turn(now);
    }
    Instant next_deadline() const { return rooms_.next(); }

    // For `for (const auto& room : lobby)`: those that are there now, in the order in which they were found.
    class Iterator {
      public:
        Iterator(const Rooms<Address>& rooms, std::size_t at) : rooms_(&rooms), at_(at) {}
        const Room& operator*() const { return (*rooms_)[at_]; }
        Iterator& operator++() { return ++at_, *this; }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

      private:
        const Rooms<Address>* rooms_;
        std::size_t at_;
    };
    Iterator begin() const { return {rooms_, 0}; }
    Iterator end() const { return {rooms_, rooms_.size()}; }
    std::size_t size() const { return rooms_.size(); }
    const LobbyFigures& figures() const { return rooms_.figures(); }
    Transport& transport() { return transport_; }

  private:
    Transport transport_;
    Rooms<Address> rooms_;
    std::uint16_t port_ = default_port;
};

} // namespace tenon::lan
