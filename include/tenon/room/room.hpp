#pragma once
// The meeting: who is in it, with a link to each peer that is reached directly, the handshake at the door,
// the roster that all share, and what peers say to each other through the host. Sans-I/O; Session feeds it
// and drains it.

#include <cstdint>
#include <new>
#include <optional>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/hash_map.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/machine.hpp"
#include "tenon/core/pool.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/ring.hpp"
#include "tenon/core/timers.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/link.hpp"
#include "tenon/room/event.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/roster.hpp"
#include "tenon/room/seats.hpp"
#include "tenon/schema/delivery.hpp"

namespace tenon {

template <class AddressType, class Reliability>
class Room {
  public:
    using Address = AddressType;
    using Event = RoomEvent;
    using Link = tenon::Link<Reliability>;

    using Seats = tenon::Seats<Address, Reliability>;
    using Seat = typename Seats::Seat;

    Room(const Options& options, const Terms& terms, const Carriage& carriage, std::size_t datagram_bytes,
         Duration keepalive, std::uint64_t seed)
        : options_(options),
          terms_(terms),
          carriage_(carriage),
          name_(options.name),
          random_(seed),
          pool_(datagram_bytes - chunk_reserve, options.pool_bytes_max),
          door_(SipKey{random_.next(), random_.next()}),
          seats_(random_.fork()) {
        link_options_.datagram_bytes = datagram_bytes;
        link_options_.message_bytes_max = options.message_bytes_max + relay_header_bytes_max;
        link_options_.queue_bytes_max = options.queue_bytes_max;
        link_options_.ack_delay = options.ack_delay;
        link_options_.coalesce = options.coalesce;
        link_options_.keepalive = keepalive;
        link_options_.timeout = options.timeout;
        link_options_.bandwidth = options.bandwidth;
        scratch_bytes_ = options.message_bytes_max + relay_header_bytes_max;
        scratch_ = static_cast<std::byte*>(::operator new(scratch_bytes_));
    }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room() {
        clear();
        ::operator delete(scratch_);
    }

    // ---- opening and closing

    Result<> host() {
        if (status_ == Status::hosting || status_ == Status::joining || status_ == Status::joined)
            return Error::already_open;
        clear();
        status_ = Status::hosting;
        self_ = PeerId::host();
        roster_.add(self_, name_.view());
        tell({RoomEvent::Kind::joined, self_, {}, {}, Error::none, {}});
        return {};
    }
    Result<> join(Instant now, const Address& host) {
        if (status_ == Status::hosting || status_ == Status::joining || status_ == Status::joined)
            return Error::already_open;
        clear();
        status_ = Status::joining;
        host_address_ = host;
        knock_.begin(now, options_.timeout, random_.next(), terms_, name_.view());
        return {};
    }
    // Ends in good order: every peer is told when the room is next drained.
    void leave() {
        seats_.for_each_open([&](Seat& seat) { close(seat, Error::left); });
        if (status_ == Status::joining || status_ == Status::joined || status_ == Status::hosting)
            status_ = Status::closed;
        knock_ = Knock();
    }
    Result<> kick(PeerId peer) {
        Seat* seat = seat_of(peer);
        if (status_ != Status::hosting || seat == nullptr) return Error::unknown_peer;
        close(*seat, Error::kicked);
        return {};
    }

    // ---- the machine

    void handle_datagram(Instant now, const Address& from, BytesIn datagram) {
        now_ = now;
        if (datagram.empty()) return;
        if (std::to_integer<std::uint8_t>(datagram[0]) & packet_flag::meeting)
            return meet(now, from, datagram);
        Seat* seat = seats_.at(from);
        if (seat == nullptr) {
            ++strange_;
            return;
        }
        if (seat->link.handle_datagram(now, datagram)) reading_ = seat;
        mark(*seat);
    }

    void handle_timeout(Instant now) {
        now_ = now;
        if (knock_.handle_timeout(now)) give_up_joining();
        while (Seat* seat = seats_.due(now)) {
            seat->link.handle_timeout(now);
            mark(*seat);
        }
    }

    std::optional<RoomEvent> poll_event() {
        for (;;) {
            if (reading_ != nullptr) {
                LinkEvent event;
                if (!reading_->link.poll_event(event)) {
                    Seat* seat = reading_;
                    reading_ = nullptr;
                    notice_state(*seat);
                    continue;
                }
                if (const auto heard = hear(*reading_, event)) return heard;
                continue;
            }
            if (notices_.empty()) return std::nullopt;
            told_ = notices_.front();
            notices_.pop_front();
            RoomEvent event = told_.event;
            if (event.kind == RoomEvent::Kind::peer_joined || event.kind == RoomEvent::Kind::closed)
                event.text = told_.text.view();
            if (event.kind == RoomEvent::Kind::closed && told_.long_text != nullptr)
                event.text = told_.long_text->text();
            return event;
        }
    }

    Transmit<Address> poll_transmit(Instant now, BytesOut into) {
        Transmit<Address> transmit;
        drain(
            now,
            [&](const Address& to) {
                transmit.to = to;
                return into;
            },
            [&](std::size_t size) {
                transmit.size = size;
                return size == 0;
            });
        return transmit;
    }

    // The same for a transport that lends its buffer once it knows the address: `lend(address)` gives the
    // buffer, empty to stop; `take(size)` gets what was written, 0 when nothing was, and gives false to stop.
    template <class Lend, class Take>
    void drain(Instant now, Lend&& lend, Take&& take) {
        now_ = now;
        while (!replies_.empty()) {
            const Reply& reply = replies_.front();
            const BytesOut into = lend(reply.to);
            if (into.size() < reply.size) return;
            copy(into.data(), BytesIn(reply.bytes, reply.size));
            const bool go_on = take(reply.size);
            replies_.pop_front();
            if (!go_on) return;
        }
        if (knock_.poll_timeout() <= now) {
            const BytesOut into = lend(host_address_);
            if (into.empty()) return;
            if (!take(knock_.poll_transmit(now, into))) return;
        }
        while (Seat* seat = seats_.marked()) {
            if (!drain_seat(now, *seat, lend, take)) return;
            seats_.done();
            notice_state(*seat);
        }
    }

    // Nothing is left to be said or done.
    bool drained() const { return seats_.empty() && replies_.empty() && notices_.empty(); }

    Instant poll_timeout() const {
        if (!replies_.empty() || !notices_.empty()) return Instant{};
        return min(knock_.poll_timeout(), seats_.next());
    }

    // ---- speaking

    // The seat through which `peer` is reached: its own, or that of the host who relays.
    Seat* way_to(PeerId peer) {
        if (status_ == Status::hosting) return seat_of(peer);
        return status_ == Status::joined && (peer == PeerId::host() || roster_.contains(peer)) &&
                       peer != self_
                   ? seat_of(PeerId::host())
                   : nullptr;
    }
    bool direct(PeerId peer) const { return status_ == Status::hosting || peer == PeerId::host(); }

    // Takes an encoded message for one link. `stream` tells newest-wins streams of one type apart.
    Result<> push(Seat& seat, MessageType type, Delivery delivery, BytesIn payload, const How& how,
                  std::uint32_t stream) {
        mark(seat);
        if (is_reliable(delivery)) {
            if constexpr (Reliability::traits.gives_up) {
                if (type.value >= MessageType::first_user || delivery != Delivery::ordered)
                    return seat.link.machine().push(pool_, now_, type, payload);
            }
            return seat.link.channel(is_ordered(delivery)).append(type, payload);
        }
        Outbox::Message message;
        message.type = type;
        message.key = stream;
        message.replaceable = is_newest(delivery);
        message.queued_at = now_;
        if (how.ttl < Duration::max()) message.deadline = now_ + how.ttl;
        return seat.link.outbox().push(message, payload);
    }

    // Asks the host to pass a message on: to one peer, or to all with PeerId::none().
    Result<> push_relay(PeerId to, MessageType type, Delivery delivery, BytesIn payload, const How& how,
                        std::uint32_t stream) {
        Seat* seat = seat_of(PeerId::host());
        if (seat == nullptr) return Error::not_connected;
        // The payload lies behind the room that relay_room() left for this header.
        ByteWriter head(BytesOut(scratch_, relay_header_bytes_max));
        head.varint(to ? std::uint64_t(to.value) + 1 : 0);
        head.varint(type.value);
        const std::size_t size = head.position();
        std::memmove(scratch_ + size, payload.data(), payload.size());
        return push(*seat, room_word::relay, delivery, BytesIn(scratch_, size + payload.size()), how, stream);
    }
    // Where messages are encoded that do not go straight into a queue; large enough for any.
    BytesOut scratch() {
        return {scratch_ + relay_header_bytes_max, scratch_bytes_ - relay_header_bytes_max};
    }

    void mark(Seat& seat) { seats_.mark(seat); }
    template <class F>
    void for_each_seat(F&& f) {
        seats_.for_each_open(f);
    }
    Seat* seat_of(PeerId peer) { return seats_.of(peer); }

    void set_bandwidth(std::uint64_t bytes_per_second) {
        link_options_.bandwidth = bytes_per_second;
        for_each_seat([&](Seat& seat) { seat.link.set_bandwidth(bytes_per_second); });
    }

    // ---- asking

    Status status() const { return status_; }
    PeerId self() const { return self_; }
    const Roster& roster() const { return roster_; }
    const Carriage& carriage() const { return carriage_; }
    Pool& pool() { return pool_; }
    Instant now() const { return now_; }
    // The host's time, which all share.
    Instant room_time(Instant now) {
        Seat* seat = status_ == Status::joined ? seat_of(PeerId::host()) : nullptr;
        return seat != nullptr ? seat->link.clock().theirs(now) : now;
    }

    Health health() {
        Health sum;
        sum.status = status_;
        sum.peer_count = static_cast<std::uint32_t>(roster_.size() > 0 ? roster_.size() - 1 : 0);
        sum.refused = strange_;
        seats_.for_each([&](Seat& seat) { add(sum, health_of(seat)); });
        return sum;
    }
    Result<Health> health(PeerId peer) {
        Seat* seat = seat_of(peer);
        if (seat == nullptr) return Error::unknown_peer;
        return health_of(*seat);
    }

  private:
    struct Reply {
        Address to{};
        std::size_t size = 0;
        std::byte bytes[meeting::hello_bytes];
    };
    struct Notice {
        RoomEvent event;
        PeerName text;
        const Knock* long_text = nullptr;
    };
    static constexpr std::size_t relay_header_bytes_max = 5 + 3, replies_max = 64;

    // ---- at the door

    void meet(Instant now, const Address& from, BytesIn datagram) {
        const std::uint8_t kind = meeting_kind(datagram);
        if (status_ == Status::hosting) {
            if (kind == meeting::hello) return greet(now, from, datagram);
            if (kind == meeting::connect) return admit(now, from, datagram);
        } else if (status_ == Status::joining && from == host_address_) {
            if (knock_.handle_datagram(now, datagram))
                knock_.state() == Knock::State::accepted ? enter(now) : give_up_joining();
            return;
        }
        if (kind == 0) ++strange_;
    }

    template <class Answer>
    void reply(const Address& to, const Answer& answer) {
        if (replies_.size() >= replies_max) return; // a flood of strangers; the honest ones ask again
        Reply* reply = replies_.push_back({});
        if (reply == nullptr) return;
        reply->to = to;
        reply->size = write(BytesOut(reply->bytes), answer);
    }

    void greet(Instant now, const Address& from, BytesIn datagram) {
        const auto hello = read_hello(datagram);
        if (!hello) {
            ++strange_;
            return;
        }
        if (hello->protocol != protocol_version)
            return reply(from, Refusal{hello->nonce, Error::version_mismatch, {}});
        if (hello->game != terms_.game) return reply(from, Refusal{hello->nonce, Error::wrong_game, {}});
        reply(from, door_.challenge(now, from.text(), hello->nonce));
    }

    void admit(Instant now, const Address& from, BytesIn datagram) {
        const auto connect = read_connect(datagram);
        if (!connect || !door_.admits(now, from.text(), *connect)) {
            ++strange_;
            return;
        }
        if (Seat* seat = seats_.at(from)) {
            // The same caller again: its acceptance was lost. Another: the program behind the address has
            // started anew.
            if (seat->nonce == connect->nonce) return accept(*seat);
            drop(*seat, Error::left);
        }
        std::size_t type = 0;
        const Error mismatch = compare(terms_, *connect, type);
        if (mismatch != Error::none)
            return reply(from,
                         Refusal{connect->nonce, mismatch,
                                 mismatch == Error::schema_mismatch ? type_name(type) : std::string_view()});
        if (roster_.size() > options_.peers_max)
            return reply(from, Refusal{connect->nonce, Error::room_full, {}});
        const std::uint64_t host_nonce = random_.next();
        Seat* seat = take_seat(from, PeerId{next_id_}, link_key(terms_.schema, connect->nonce, host_nonce),
                               now, false);
        if (seat == nullptr) return reply(from, Refusal{connect->nonce, Error::room_full, {}});
        ++next_id_;
        seat->nonce = connect->nonce;
        seat->host_nonce = host_nonce;
        accept(*seat);
        introduce(*seat, PeerName(connect->name));
    }

    std::string_view type_name(std::size_t type) const {
        return carriage_.type_name != nullptr && type < carriage_.deliveries.size()
                   ? carriage_.type_name(type)
                   : std::string_view("another number of types");
    }
    void accept(const Seat& seat) {
        reply(seat.address, Accept{seat.nonce, seat.host_nonce, seat.id, terms_.features,
                                   static_cast<std::uint32_t>(options_.timeout.ns / 1'000'000),
                                   options_.message_bytes_max});
    }
    // Tells the newcomer who is there, and the others who has come.
    void introduce(Seat& newcomer, const PeerName& name) {
        for (std::size_t i = 0; i < roster_.size(); ++i)
            say_joined(newcomer, roster_[i].id, roster_[i].name.view());
        roster_.add(newcomer.id, name.view());
        for_each_seat([&](Seat& seat) { say_joined(seat, newcomer.id, name.view()); });
        tell({RoomEvent::Kind::peer_joined, newcomer.id, {}, {}, Error::none, {}}, name);
    }
    void say_joined(Seat& seat, PeerId id, std::string_view name) {
        std::byte bytes[5 + name_bytes_max];
        ByteWriter out(bytes);
        out.varint(id.value);
        out.bytes(bytes_of(name));
        say(seat, room_word::joined, BytesIn(bytes, out.position()));
    }
    // A peer that can't be told who is in the room can't be in it.
    void say(Seat& seat, MessageType word, BytesIn payload) {
        if (!seat.link.channel(true).append(word, payload)) close(seat, Error::queue_full);
        mark(seat);
    }

    void enter(Instant now) {
        const Accept& accept = knock_.accept();
        Seat* seat = take_seat(host_address_, PeerId::host(),
                               link_key(terms_.schema, accept.nonce, accept.host_nonce), now, true);
        if (seat == nullptr) return;
        status_ = Status::joined;
        self_ = accept.peer;
        tell({RoomEvent::Kind::joined, self_, {}, {}, Error::none, {}});
    }
    void give_up_joining() {
        status_ = Status::closed;
        tell({RoomEvent::Kind::closed, self_, {}, {}, knock_.reason(), {}}, PeerName(), &knock_);
    }

    // ---- seats

    Seat* take_seat(const Address& address, PeerId id, std::uint64_t key, Instant now, bool asks_time) {
        LinkOptions options = link_options_;
        options.asks_time = asks_time;
        return seats_.add(address, id, pool_, options, key, now, random_.fork());
    }
    void close(Seat& seat, Error reason) {
        seat.link.close(reason);
        mark(seat);
    }
    // After a link was fed or drained: whether it has ended.
    void notice_state(Seat& seat) {
        if (seat.link.state() == Link::State::closed) drop(seat, seat.link.reason());
    }

    // The peer is gone: everybody hears of it, and its seat is free.
    void drop(Seat& seat, Error reason) {
        const PeerId id = seat.id;
        if (reading_ == &seat) reading_ = nullptr;
        seats_.remove(seat);
        if (status_ == Status::joined) {
            status_ = Status::closed;
            tell({RoomEvent::Kind::closed, self_, {}, {}, reason, {}});
        } else if (roster_.remove(id) && status_ == Status::hosting) {
            std::byte bytes[6];
            ByteWriter out(bytes);
            out.varint(id.value);
            out.u8(static_cast<std::uint8_t>(reason));
            for_each_seat([&](Seat& other) { say(other, room_word::left, BytesIn(bytes, out.position())); });
            tell({RoomEvent::Kind::peer_left, id, {}, {}, reason, {}});
        }
    }

    template <class Lend, class Take>
    bool drain_seat(Instant now, Seat& seat, Lend& lend, Take& take) {
        for (;;) {
            const BytesOut into = lend(seat.address);
            if (into.empty()) return false;
            const std::size_t size = seat.link.poll_transmit(now, into);
            const bool go_on = take(size);
            if (size == 0) return true;
            if (!go_on) return false;
        }
    }

    void clear() {
        seats_.clear();
        notices_.clear();
        replies_.clear();
        roster_.clear();
        reading_ = nullptr;
        next_id_ = 1;
        self_ = PeerId::none();
    }

    // ---- hearing

    std::optional<RoomEvent> hear(Seat& seat, const LinkEvent& event) {
        if (event.kind == LinkEvent::Kind::gave_up)
            return RoomEvent{RoomEvent::Kind::gave_up, seat.id, event.type, {}, Error::gave_up, {}};
        if (event.kind == LinkEvent::Kind::command) {
            if (!carriage_.knows(event.type)) return misbehaved(seat);
            return RoomEvent{RoomEvent::Kind::command, seat.id, event.type, event.payload, Error::none, {}};
        }
        if (event.type == room_word::joined || event.type == room_word::left) return hear_roster(seat, event);
        if (event.type == room_word::relay) return pass_on(seat, event);
        if (event.type == room_word::relayed) return hear_relayed(seat, event);
        return hear_message(seat, seat.id, event.type, event.payload, event);
    }
    std::optional<RoomEvent> hear_message(Seat& seat, PeerId from, MessageType type, BytesIn payload,
                                          const LinkEvent& event) {
        if (!carriage_.knows(type)) return misbehaved(seat);
        if (is_newest(carriage_.of(type)) && is_stale(seat, from, type, payload, event.packet))
            return std::nullopt;
        return RoomEvent{RoomEvent::Kind::message, from, type, payload, Error::none, {}};
    }
    // What no build of this schema would say.
    std::optional<RoomEvent> misbehaved(Seat& seat) {
        ++strange_;
        close(seat, Error::unknown_message);
        return std::nullopt;
    }

    std::optional<RoomEvent> hear_roster(Seat& seat, const LinkEvent& event) {
        ByteReader in(event.payload);
        const std::uint64_t number = in.varint();
        if (!in.ok() || number > 0xFFFF'FFFE || status_ != Status::joined) return misbehaved(seat);
        const PeerId id{static_cast<std::uint32_t>(number)};
        if (event.type == room_word::joined) {
            if (in.left() > name_bytes_max || roster_.size() > 0x1'0000) return misbehaved(seat);
            if (!roster_.add(id, text_of(in.rest())) || id == self_) return std::nullopt;
            return RoomEvent{RoomEvent::Kind::peer_joined, id, {}, {}, Error::none, roster_.name_of(id)};
        }
        const std::uint8_t reason = in.u8();
        if (!in.ok() || reason >= error_count) return misbehaved(seat);
        if (!roster_.remove(id)) return std::nullopt;
        return RoomEvent{RoomEvent::Kind::peer_left, id, {}, {}, static_cast<Error>(reason), {}};
    }

    // The host hands a message on to one peer, or to all others and itself.
    std::optional<RoomEvent> pass_on(Seat& seat, const LinkEvent& event) {
        ByteReader in(event.payload);
        const std::uint64_t to = in.varint(), number = in.varint();
        const MessageType type{static_cast<std::uint16_t>(number)};
        if (!in.ok() || number > 0xFFFF || to > 0xFFFF'FFFF || !carriage_.knows(type) ||
            status_ != Status::hosting)
            return misbehaved(seat);
        const Delivery delivery = carriage_.of(type);
        const BytesIn payload = in.rest();
        if (is_newest(delivery) && is_stale(seat, seat.id, type, payload, event.packet)) return std::nullopt;
        if (to != 1) {
            ByteWriter out{BytesOut(scratch_, scratch_bytes_)};
            out.varint(seat.id.value);
            out.varint(type.value);
            out.bytes(payload);
            const BytesIn whole(scratch_, out.position());
            const auto stream = static_cast<std::uint32_t>(
                splitmix(std::uint64_t(seat.id.value) << 16 | type.value) + stream_key(payload));
            for_each_seat([&](Seat& other) {
                if (&other == &seat || (to != 0 && other.id.value != to - 1)) return;
                // What is promised must not be lost here: a peer that can't take it is not kept
                // half-informed.
                if (!push(other, room_word::relayed, delivery, whole, {}, stream) && is_reliable(delivery))
                    close(other, Error::queue_full);
            });
            if (to != 0) return std::nullopt;
        }
        return RoomEvent{RoomEvent::Kind::message, seat.id, type, payload, Error::none, {}};
    }
    std::optional<RoomEvent> hear_relayed(Seat& seat, const LinkEvent& event) {
        ByteReader in(event.payload);
        const std::uint64_t from = in.varint(), number = in.varint();
        if (!in.ok() || number > 0xFFFF || from > 0xFFFF'FFFE || status_ != Status::joined)
            return misbehaved(seat);
        return hear_message(seat, PeerId{static_cast<std::uint32_t>(from)},
                            MessageType{static_cast<std::uint16_t>(number)}, in.rest(), event);
    }

    static std::uint32_t stream_key(BytesIn payload) {
        ByteReader in(payload);
        return static_cast<std::uint32_t>(in.varint());
    }
    bool is_stale(Seat& seat, PeerId from, MessageType type, BytesIn payload, std::uint64_t packet) {
        const Stream stream{from.value, type.value, stream_key(payload)};
        if (std::uint64_t* last = seat.newest.find(stream)) {
            if (packet < *last) return true;
            *last = packet;
            return false;
        }
        // With more streams than can be remembered, order is kept for those that are known.
        return seat.newest.insert(stream, packet) == nullptr;
    }

    // ---- telling

    void tell(const RoomEvent& event, const PeerName& text = PeerName(), const Knock* long_text = nullptr) {
        notices_.push_back({event, text, long_text});
    }

    static Health health_of(const Seat& seat) {
        const LinkStats& stats = seat.link.stats();
        Health health;
        health.peer_count = 1;
        health.last_rx = stats.last_rx;
        health.last_tx = stats.last_tx;
        health.rtt = seat.link.path().round_trip().smoothed();
        health.jitter = seat.link.path().round_trip().variation();
        health.loss = seat.link.path().loss();
        health.bytes_in = stats.bytes_in;
        health.bytes_out = stats.bytes_out;
        health.packets_in = stats.packets_in;
        health.packets_out = stats.packets_out;
        health.queue_time = seat.link.queue_time();
        health.queued_bytes = seat.link.queued_bytes();
        health.expired = seat.link.expired();
        health.refused = stats.bad_checksum + stats.malformed + stats.duplicate + stats.stale + stats.refused;
        return health;
    }
    static void add(Health& sum, const Health& one) {
        sum.last_rx = max(sum.last_rx, one.last_rx);
        sum.last_tx = max(sum.last_tx, one.last_tx);
        sum.rtt = max(sum.rtt, one.rtt);
        sum.jitter = max(sum.jitter, one.jitter);
        sum.loss = sum.loss > one.loss ? sum.loss : one.loss;
        sum.bytes_in += one.bytes_in;
        sum.bytes_out += one.bytes_out;
        sum.packets_in += one.packets_in;
        sum.packets_out += one.packets_out;
        sum.queue_time = max(sum.queue_time, one.queue_time);
        sum.queued_bytes += one.queued_bytes;
        sum.expired += one.expired;
        sum.refused += one.refused;
    }

    Options options_;
    Terms terms_;
    Carriage carriage_;
    LinkOptions link_options_;
    PeerName name_;
    Random random_;
    Pool pool_;
    Status status_ = Status::idle;
    PeerId self_;
    std::uint32_t next_id_ = 1;

    Door door_;
    Knock knock_;
    Address host_address_{};
    Roster roster_;

    Seats seats_;
    Ring<Notice> notices_;
    Ring<Reply> replies_;
    Notice told_;
    Seat* reading_ = nullptr;
    std::byte* scratch_ = nullptr;
    std::size_t scratch_bytes_ = 0;
    std::uint64_t strange_ = 0; // datagrams from nobody we know, or that nobody of ours would send
    Instant now_{};
};

} // namespace tenon
