#pragma once
// The host's side of the door before anybody is let in: it answers strangers, keeps nothing of them, and
// holds the few answers that wait to leave. The room decides whom to admit.

#include <cstddef>
#include <cstdint>

#include "tenon/clock/concept.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/time.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/redial.hpp"
#include "tenon/room/ban_list.hpp"
#include "tenon/room/doorkeeper.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/limits.hpp"

namespace tenon {

template <class Address, class Guard>
class Entrance {
  public:
    struct Reply {
        Address to{};
        std::size_t size = 0;
        std::byte bytes[Guard::hello_bytes]; // no answer is longer than the shortest question
    };
    // Of who asks to be let in.
    struct Request : Connect {
        typename Guard::Visitor visitor;
    };

    Entrance(const SipKey& key, const Guard& guard, const Limits& limits = {}, BanList* bans = nullptr)
        : door_(guard.door_key(key)),
          guard_(guard),
          keeper_(limits, guard.door_key({key.high, key.low}), bans) {}
    const Guard& guard() const { return guard_; }
    Doorkeeper& keeper() { return keeper_; }

    // Answers a first call with a riddle, or says why it is pointless; `is_played(id)` says of which games it
    // is not. False when it is no hello.
    template <class IsPlayed>
    bool greet(Instant now, const Address& from, BytesIn datagram, IsPlayed&& is_played) {
        const auto hello = read_hello(datagram, guard_);
        if (!hello) return false;
        if (!keeper_.hears(now, from)) return true;
        if (!speaks_with_us(hello->protocol))
            refuse(from, hello->nonce, Error::version_mismatch, Remedy::protocol(hello->protocol).text());
        else if (!is_played(hello->game))
            refuse(from, hello->nonce, Error::wrong_game);
        else
            reply(from, door_.challenge(now, from.text(), hello->nonce), guard_);
        return true;
    }
    // What somebody says who wants to go on with a link.
    Result<Resume> hear_resume(Instant now, const Address& from, BytesIn datagram) {
        auto asked = read_resume(datagram);
        if (asked) asked->seldom = keeper_.returns(now, from);
        return asked;
    }
    // The request of a caller who solved the riddle, and so really is at that address. What it encloses is
    // read until the next comes. `answer_to(nonce)` is what it was told already, or empty: that is said again
    // before anything of the request is opened, which may cost an exchange of keys.
    template <class AnswerTo>
    Result<Request> hear(Instant now, const Address& from, BytesIn datagram, AnswerTo&& answer_to) {
        const auto asked = read_connect(datagram);
        if (!asked) return asked.error();
        if (!door_.admits(now, from.text(), *asked) || is_spent(now, asked->nonce)) return Error::stale;
        if (const BytesIn said = answer_to(asked->nonce); !said.empty())
            return repeat(from, said), Error::duplicate;
        if (keeper_.bans().size() != 0 && turn_away(from, asked->nonce, banned_address(from)))
            return Error::banned;
        if (!keeper_.lets(now, from, Guard::enclosing_bytes != 0)) return Error::flooded;
        Request request{*asked, visitor_at(from)};
        const Error error = open(datagram, request, guard_, request.visitor, desk_);
        // Who can't be read has no build of ours to compare, and is told as much.
        if (error != Error::none && Guard::enclosing_bytes != 0)
            refuse(from, asked->nonce, Error::encryption_mismatch);
        if (error != Error::none) return error;
        if constexpr (requires { Guard::exchange_key(request.visitor); })
            if (keeper_.bans().size() != 0 && !is_stream(from) &&
                turn_away(from, asked->nonce, Banned::of_key(Guard::exchange_key(request.visitor))))
                return Error::banned;
        return request;
    }
    // Whether the caller's build and room are ours; if not, it is told what is not.
    bool fits(const Address& from, const Connect& connect, const Terms& terms, const Carriage& carriage) {
        std::size_t type = 0;
        const Error mismatch = compare(terms, connect, type);
        if (mismatch == Error::schema_mismatch)
            refuse(from, connect.nonce, mismatch, carriage.name_of(type));
        else if (mismatch == Error::codec_mismatch && ((terms.features ^ connect.terms.features) >> 8) != 0)
            refuse(from, connect.nonce, mismatch, ClockText(terms.features).view());
        else if (mismatch == Error::codec_mismatch && terms.codec != connect.terms.codec)
            refuse(from, connect.nonce, mismatch, Remedy::codec(carriage.codec).text());
        else if (mismatch == Error::codec_mismatch)
            refuse(from, connect.nonce, mismatch,
                   Remedy::features(terms.features, connect.terms.features).text());
        else if (mismatch == Error::datagrams_mismatch)
            refuse(from, connect.nonce, mismatch,
                   Remedy::road((terms.features & feature::datagrams) != 0).text());
        else if (mismatch == Error::version_mismatch && speaks_with_us(connect.protocol))
            refuse(from, connect.nonce, mismatch,
                   Remedy::game(terms.game_version, connect.terms.game_version).text());
        else if (mismatch == Error::version_mismatch)
            refuse(from, connect.nonce, mismatch, Remedy::protocol(connect.protocol).text());
        else if (mismatch != Error::none)
            refuse(from, connect.nonce, mismatch);
        return mismatch == Error::none;
    }
    // A request opens the door for one stay. That has ended: what asked for it may still be on its way, or be
    // sent again by somebody else.
    void spend(Instant now, std::uint64_t nonce) {
        if (spent_.size() == spent_max) spent_.pop_front();
        spent_.push_back({nonce, now + cookie_life});
    }

    bool is_spent(Instant now, std::uint64_t nonce) {
        while (!spent_.empty() && spent_.front().until < now) spent_.pop_front();
        for (std::size_t i = 0; i < spent_.size(); ++i)
            if (spent_[i].nonce == nonce) return true;
        return false;
    }

    template <class Answer, class... With>
    void reply(const Address& to, const Answer& answer, const With&... with) {
        if (Reply* reply = add(to)) reply->size = write(BytesOut(reply->bytes), answer, with...);
    }
    void refuse(const Address& to, std::uint64_t nonce, Error reason, std::string_view text = {}) {
        reply(to, Refusal{nonce, reason, text});
    }
    // One that was written before.
    void repeat(const Address& to, BytesIn answer) {
        Reply* reply = add(to);
        if (reply == nullptr) return;
        copy(reply->bytes, answer);
        reply->size = answer.size();
    }
    const Reply* front() const { return replies_.empty() ? nullptr : &replies_.front(); }
    void pop() { replies_.pop_front(); }
    // Writes the answers into what `lend` and `take` give, as a room does; false when no more is taken now.
    // A connection that does not take its answer, or whose answer is no, is of no use to anybody.
    bool drain(auto&& lend, auto&& take) {
        for (; const Reply* reply = front(); pop()) {
            constexpr bool connected = requires { lend.hang_up(reply->to); };
            BytesOut into;
            if constexpr (connected)
                into = lend(reply->to, reply->size);
            else
                into = lend(reply->to);
            const bool fits = into.size() >= reply->size;
            if (fits) copy(into.data(), BytesIn(reply->bytes, reply->size));
            if constexpr (connected) {
                if (!fits || !take(reply->size) ||
                    meeting_kind({reply->bytes, reply->size}) == meeting::refusal)
                    lend.hang_up(reply->to);
            } else if (!fits) {
                return false;
            } else if (!take(reply->size)) {
                return pop(), false;
            }
        }
        return true;
    }
    void clear() { replies_.clear(); }

  private:
    static constexpr std::size_t replies_max = 1024, spent_max = 1024;

    auto visitor_at([[maybe_unused]] const Address& from) const {
        if constexpr (requires { guard_.visitor(from); })
            return guard_.visitor(from);
        else
            return typename Guard::Visitor{};
    }

    // Who is banned is told until when and why, and nobody else is told anything.
    bool turn_away(const Address& from, std::uint64_t nonce, const Banned& who) {
        const BanList::Ban* ban = keeper_.stops(who);
        if (ban != nullptr) refuse(from, nonce, Error::banned, ban->told().view());
        return ban != nullptr;
    }

    Reply* add(const Address& to) {
        if (replies_.size() >= replies_max) return nullptr; // a flood of strangers; the honest ones ask again
        Reply* reply = replies_.push_back({});
        if (reply != nullptr) reply->to = to;
        return reply;
    }

    struct Spent {
        std::uint64_t nonce = 0;
        Instant until{};
    };
    Door door_;
    Guard guard_;
    Doorkeeper keeper_;
    std::byte desk_[Guard::desk_bytes];
    Ring<Reply> replies_;
    Ring<Spent> spent_;
};

} // namespace tenon
