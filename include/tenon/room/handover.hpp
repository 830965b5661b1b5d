#pragma once
// An authority on its way out: whom it has named, and from when on it obeys that one itself. The estate of a
// room has one.

#include "tenon/core/ids.hpp"
#include "tenon/core/time.hpp"
#include "tenon/room/heir.hpp"

namespace tenon {

template <class Address>
class Handover {
  public:
    // So long that all have heard of it, unless it is lost; then the other's claim will be believed.
    static Duration patience(auto& room) {
        Duration worst{};
        room.for_each_seat([&](auto& seat) {
            if (!seat.is_away()) worst = max(worst, seat.link.path().round_trip().smoothed());
        });
        return min(worst + milliseconds(20), milliseconds(500));
    }

    // To be named as soon as that can be.
    void wish(PeerId to) { wish_ = to; }
    PeerId wished() const { return wish_; }
    void name(Epoch next, const Address& at, Instant until) {
        wish_ = PeerId::none();
        next_ = {Verdict<Address>::Kind::follow, next, next.authority, at, true};
        until_ = until;
    }
    void end() { *this = Handover(); }

    bool is_named() const { return static_cast<bool>(next_.peer); }
    bool is_open() const { return wish_ || is_named(); }
    bool is_over(Instant now) const { return is_named() && now >= until_; }
    const Verdict<Address>& verdict() const { return next_; }
    Instant poll_timeout() const { return is_named() ? until_ : Instant::never(); }

  private:
    PeerId wish_;
    Verdict<Address> next_;
    Instant until_{};
};

} // namespace tenon
