#pragma once
// BesideOver: WebSocketOver above a page that also carries what may be lost: the same connections, with a
// second lane. WebRtcOver and WebTransportOver are made of it.

#include <cstddef>
#include <utility>

#include "tenon/browser/web_socket_over.hpp"

namespace tenon::browser {

namespace detail {

inline constexpr std::size_t unreliable_bytes = 1100; // what fits into one datagram

} // namespace detail

// Lane 0 is reliable and ordered; lane 1 neither. The page is also asked has_unreliable and send_unreliable.
template <class Page, bool encrypted = false>
class BesideOver : public WebSocketOver<Page, encrypted> {
    using Base = WebSocketOver<Page, encrypted>;
    using typename Base::Connection, typename Base::Stage;

  public:
    using typename Base::Address;
    static constexpr TransportTraits traits = [] {
        TransportTraits of = Base::traits;
        of.lanes = 2;
        of.datagrams = true;
        return of;
    }();
    static constexpr Lane reliable{0}, unreliable{1};
    static constexpr std::size_t unreliable_bytes = detail::unreliable_bytes;

    using Base::Base;

    Sent send(const Address& to, Lane lane, BytesIn frame) {
        if (lane == reliable) return Base::send(to, lane, frame);
        Connection* c = nullptr;
        const Sent ready = make_room(to, lane, frame.size(), c);
        if (ready != Sent::sent) return ready;
        if (c == nullptr) return this->dial(to) == nullptr ? Sent::closed : Sent::would_block;
        if (!Page::send_unreliable(c->socket, frame)) return Sent::would_block;
        ++this->state_->counters.frames_out;
        ++this->state_->counters.beside_out;
        this->state_->counters.bytes_out += frame.size();
        return Sent::sent;
    }
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) {
        prepared_lane_ = lane;
        if (lane == reliable) return Base::prepare(to, lane, size);
        Connection* c = nullptr;
        this->prepared_ = make_room(to, lane, size, c);
        this->prepared_to_ = to;
        return this->prepared_ == Sent::sent ? BytesOut(this->state_->buffer.get(), size) : BytesOut{};
    }
    Sent commit(std::size_t size) {
        if (this->prepared_ != Sent::sent || size == 0 || !this->is_open()) return this->prepared_;
        return send(this->prepared_to_, prepared_lane_, BytesIn(this->state_->buffer.get(), size));
    }
    // Whether what may be lost can be said.
    bool has_unreliable(const Address& to) const {
        const Connection* c = this->is_open() ? this->state_->find(to) : nullptr;
        return c != nullptr && c->stage == Stage::open && Page::has_unreliable(c->socket);
    }
    std::size_t datagram_room(const Address& to) const { return has_unreliable(to) ? unreliable_bytes : 0; }

  private:
    // For what may be lost; none where one has to be dialled first, and what does not leave at once is not
    // kept.
    Sent make_room(const Address& to, Lane lane, std::size_t size, Connection*& c) const {
        if (!this->is_open() || lane != unreliable) return Sent::closed;
        if (size == 0 || size > unreliable_bytes) return Sent::too_big;
        c = this->state_->find(to);
        if (c == nullptr) return to.text().empty() ? Sent::closed : Sent::sent;
        if (c->stage == Stage::lost) return Sent::closed;
        return c->stage == Stage::open && Page::has_unreliable(c->socket) ? Sent::sent : Sent::would_block;
    }

    Lane prepared_lane_{};
};

} // namespace tenon::browser
