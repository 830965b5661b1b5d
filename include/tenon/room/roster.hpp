#pragma once
// Who is in the room, by id, which is the order of their coming.

#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/link/handshake.hpp"

namespace tenon {

// A name of at most name_bytes_max bytes, held in place.
struct PeerName {
    char text[name_bytes_max] = {};
    std::uint8_t size = 0;

    PeerName() = default;
    explicit PeerName(std::string_view name) {
        size = static_cast<std::uint8_t>(name.size() < name_bytes_max ? name.size() : name_bytes_max);
        copy(reinterpret_cast<std::byte*>(text), bytes_of(name.substr(0, size)));
    }
    std::string_view view() const { return {text, size}; }
};

class Roster {
  public:
    struct Member {
        PeerId id;
        PeerName name;
        bool away = false;
        std::uint8_t role = 0; // by its place in the game's Roles
    };

    bool add(PeerId id, std::string_view name, std::uint8_t role = 0) {
        if (contains(id) || members_.push_back({id, PeerName(name), false, role}) == nullptr) return false;
        // A newcomer hears of the others after it knows itself, so its own place is not at the end.
        for (std::size_t i = members_.size() - 1; i != 0 && members_[i].id < members_[i - 1].id; --i) {
            const Member moved = members_[i];
            members_[i] = members_[i - 1];
            members_[i - 1] = moved;
        }
        return true;
    }
    // False when it is so already, or nobody has the id.
    bool set_away(PeerId id, bool away) {
        Member* member = const_cast<Member*>(find(id));
        if (member == nullptr || member->away == away) return false;
        member->away = away;
        return true;
    }
    bool set_role(PeerId id, std::uint8_t role) {
        Member* member = const_cast<Member*>(find(id));
        if (member == nullptr || member->role == role) return false;
        member->role = role;
        return true;
    }
    bool remove(PeerId id) {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (members_[i].id != id) continue;
            for (; i + 1 < members_.size(); ++i) members_[i] = members_[i + 1];
            members_.pop_back();
            return true;
        }
        return false;
    }
    void clear() { members_.clear(); }

    bool contains(PeerId id) const { return find(id) != nullptr; }
    std::string_view name_of(PeerId id) const {
        const Member* member = find(id);
        return member != nullptr ? member->name.view() : std::string_view();
    }
    bool is_away(PeerId id) const {
        const Member* member = find(id);
        return member != nullptr && member->away;
    }
    std::uint8_t role_of(PeerId id) const {
        const Member* member = find(id);
        return member != nullptr ? member->role : std::uint8_t(0);
    }
    std::size_t size() const { return members_.size(); }
    const Member& operator[](std::size_t i) const { return members_[i]; }

    class Iterator {
      public:
        Iterator(const Roster& roster, std::size_t at) : roster_(&roster), at_(at) {}
        PeerId operator*() const { return (*roster_)[at_].id; }
        Iterator& operator++() { return ++at_, *this; }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

      private:
        const Roster* roster_;
        std::size_t at_;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size()}; }

  private:
    // Ids grow with every joining, and members are kept in that order.
    const Member* find(PeerId id) const {
        std::size_t low = 0, high = members_.size();
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (members_[middle].id < id)
                low = middle + 1;
            else
                high = middle;
        }
        return low < members_.size() && members_[low].id == id ? &members_[low] : nullptr;
    }

    Ring<Member> members_;
};

} // namespace tenon
