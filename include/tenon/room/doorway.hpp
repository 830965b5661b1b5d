#pragma once
// The host's door: who comes in for the first time, who comes back to its place, and what is said to those
// who don't. A Table has one; the Entrance behind it deals with strangers.

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/redial.hpp"
#include "tenon/room/admission.hpp"
#include "tenon/room/entrance.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/roster.hpp"

namespace tenon {

// `Table` lets it see what is its own.
template <class Table, class Address, class Guard>
class Doorway {
  public:
    using Entrance = tenon::Entrance<Address, Guard>;
    using Request = typename Entrance::Request;

    Doorway(const SipKey& key, const Guard& guard, const Options& options)
        : entrance_(key, guard, options.limits, options.bans) {}

    Entrance& entrance() { return entrance_; }
    const Entrance& entrance() const { return entrance_; }
    // From now on poll_event tells of each caller, and answer() what becomes of it.
    void ask_first() { asks_ = true; }
    bool asks(RoomEvent& event) const {
        if (asking_) event.kind = RoomEvent::Kind::asks;
        return asking_.has_value();
    }
    std::uint64_t session() const { return session_; }
    void name_session(std::uint64_t session) { session_ = session; }
    void clear() {
        entrance_.clear();
        asking_.reset();
    }

    // Lets in a caller who has shown, by its cookie, that it receives at its address; or tells it why not.
    void admit(Table& table, const Address& from, Request& request) {
        if (table.status_ != Status::hosting || entrance_.is_spent(table.now_, request.nonce))
            return table.count_strange(true);
        PeerName name;
        Admission before; // when `known`
        bool known = false;
        std::uint8_t role = 0;
        if (auto* seat = table.seats_.at(from)) {
            // That program has started anew: the same request would have been answered before it came here.
            if (table.is_heard_at(table.now_, from)) return table.count_strange(true);
            // What it showed may be good for one time only, and it never heard that it was let in. Over a
            // connection it would have heard.
            if constexpr (!Table::connected)
                if (!is_over_stream(seat->link) && seat->link.stats().packets_in == 0 &&
                    request.visitor.is_at(seat->link.seal())) {
                    name = PeerName(table.roster_.name_of(seat->id));
                    known = true;
                    before.name = name.view();
                    before.capabilities = seat->capabilities;
                    role = table.roster_.role_of(seat->id);
                }
            table.drop(*seat, Error::left);
        }
        if (!entrance_.fits(from, request, terms_at(table, from), table.carriage_)) return;
        if (table.roster_.size() > table.options_.peers_max)
            return entrance_.refuse(from, request.nonce, Error::room_full);
        if (known) return let_in(table, from, request, before, role);
        asking_.emplace(from, std::move(request));
        if (!asks_) answer(table, [](const Caller&) { return Admission(); });
    }
    // Tells the caller what `decide` says of it. What it said lies in the datagram that is read now, or on
    // the desk where that was opened.
    void answer(Table& table, auto&& decide) {
        if (!asking_) return;
        auto [from, request] = *std::exchange(asking_, std::nullopt);
        const auto address = from.text();
        const Admission admission =
            decide(caller_of(request, std::string_view(address), table.terms_.capabilities, next_id(table)));
        const auto role = table.meeting().role_named(admission.role);
        if (admission.reason != Error::none)
            entrance_.refuse(from, request.nonce, admission.reason, admission.text);
        else if (!role) // the program's mistake, which must not open more than it meant
            entrance_.refuse(from, request.nonce, role.error());
        else if (!admission.later && table.status_ == Status::hosting)
            let_in(table, from, request, admission, *role);
    }

    // A peer wants its place back, from any address. The host grants it to who proves to have the link's key,
    // and hears what came with the request, which was sealed like all that the peer says.
    void resume(Table& table, const Address& from, const Resume& asked) {
        if (table.status_ != Status::hosting || asked.game != table.terms_.game ||
            asked.room != table.terms_.room)
            return table.count_strange(true);
        auto* seat = table.seats_.of(asked.peer);
        if (seat != nullptr && !is_over_stream(seat->link) &&
            !table.limits_.resumes(table.now_, seat->used, asked.seldom))
            return;
        if (seat == nullptr || is_over_stream(seat->link) || is_stream(from) ||
            !seat->proves(asked, entrance_.guard())) {
            table.count_strange(true);
            // A copy of what was granted, which was overtaken by what shows that the answer arrived: to
            // refuse that one would end the connection over which it came.
            if (seat != nullptr && seat->nonce == asked.nonce && seat->address == from) return;
            return entrance_.refuse(from, asked.nonce, Error::cant_resume);
        }
        if (!(seat->address == from) && table.is_heard_at(table.now_, from)) return table.count_strange(true);
        if (auto* other = table.seats_.at(from); other != nullptr && other != seat)
            table.drop(*other, Error::left);
        const Address before = seat->address;
        const bool moves = !(before == from);
        if (!table.seats_.move(*seat, from)) return;
        if (moves) table.hallway_.leaves(before, table.now_); // a connection that stays behind
        if (!asked.packet.empty()) table.take(*seat, asked.packet);
        if (seat->nonce != asked.nonce) renew(table, *seat, asked);
        if (moves) seat->link.doubt(asked.packet.size()); // the answer is shorter than the request before it
        entrance_.repeat(from, seat->answer.bytes());
    }

  private:
    // What a caller from there must share with us: over a connection reliability is Native.
    static Terms terms_at(const Table& table, const Address& from) {
        Terms terms = table.terms_;
        if (is_stream(from))
            terms.features = terms.required = over_streams(terms.features, has_datagrams_beside(from));
        return terms;
    }
    static PeerId next_id(const Table& table) { return PeerId{table.next_id_}; }

    void let_in(Table& table, const Address& from, Request& request, const Admission& admission,
                std::uint8_t role) {
        const Guard& guard = entrance_.guard();
        const std::uint32_t capabilities =
            request.terms.capabilities & table.terms_.capabilities & admission.capabilities;
        const Accept accept = acceptance(table, from, request.nonce, next_id(table), capabilities);
        const typename Table::Seats::Answer answer(accept, guard, request.visitor);
        if (answer.size == 0) return table.count_strange(true);
        // What was said before it came is not for it.
        table.mark_all();
        auto* seat =
            table.take_seat(from, accept.peer,
                            guard.key(request.visitor, table.terms_.schema, accept.nonce, accept.host_nonce),
                            table.now_, false);
        if (seat == nullptr) return entrance_.refuse(from, request.nonce, Error::room_full);
        ++table.next_id_;
        seat->nonce = request.nonce;
        seat->answer = answer;
        seat->capabilities = capabilities;
        entrance_.repeat(from, answer.bytes());
        const PeerName name(admission.name.empty() ? request.name : admission.name);
        table.welcome(*seat, name, role);
    }
    void renew(Table& table, auto& seat, const Resume& asked) {
        const Guard& guard = entrance_.guard();
        entrance_.spend(table.now_, seat.nonce);
        const Accept accept = acceptance(table, seat.address, asked.nonce, seat.id, seat.capabilities);
        const auto& seal = seat.link.seal();
        seat.answer = typename Table::Seats::Answer(accept, guard, seal);
        seat.renew(table.now_, asked,
                   guard.next_key(seal, table.terms_.schema, accept.nonce, accept.host_nonce));
        table.mark(seat);
    }
    Accept acceptance(Table& table, const Address& from, std::uint64_t nonce, PeerId peer,
                      std::uint32_t capabilities) {
        Accept accept;
        accept.nonce = nonce;
        accept.host_nonce = table.random_.next();
        accept.peer = peer;
        accept.host = table.self_;
        accept.features = terms_at(table, from).features;
        accept.message_bytes_max = static_cast<std::uint32_t>(table.message_bytes_max_);
        accept.capabilities = capabilities;
        accept.session = session_;
        return accept;
    }

    Entrance entrance_;
    std::optional<std::pair<Address, Request>> asking_; // who waits for answer(), within one call
    bool asks_ = false;
    std::uint64_t session_ = 0;
};

} // namespace tenon
