#pragma once
// Meeting: what a session with a bus sends and hears through. A transport around another, whose addresses are
// inboxes: each datagram goes straight where there is a path, and else over the bus. It also finds the room.
// topology::Hybrid names it, and Session has one.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "tenon/bus/address.hpp"
#include "tenon/bus/concept.hpp"
#include "tenon/bus/contacts.hpp"
#include "tenon/bus/finder.hpp"
#include "tenon/bus/refusals.hpp"
#include "tenon/bus/words.hpp"
#include "tenon/core/random.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::bus {

// What went over the bus for want of a straight path.
struct DetourFigures {
    std::uint64_t sent = 0, bytes_sent = 0, heard = 0;
    std::uint64_t held_back = 0; // not sent: over Meet::detour_bandwidth, or the bus was out
};

template <class T, class BusType>
class Meeting {
    using Straight = typename T::Address;

  public:
    using Address = bus::Address<Straight>;
    static constexpr TransportTraits traits = {false, false, false, T::traits.datagram_bytes, 1};
    static constexpr std::size_t datagram_max = datagram_max_of<T>();

    explicit Meeting(T inner = T()) : inner_(std::move(inner)) {}

    // ---- the meeting

    void introduce(std::string_view name, std::string_view room) {
        name_ = Name(name);
        room_ = Name(room);
    }
    // From here on it is found and reached over this bus as well. Open it first.
    Result<> meet(BusType bus, const auto& terms, const auto& how) {
        part();
        bus_ = std::move(bus);
        random_ = Random(inner_.entropy());
        self_ = random_.next() | 1;
        game_ = terms.game;
        subject_ = room_subject(game_, stable_id(room_.view()));
        own_subject_ = inbox_subject(self_);
        Result<> done = bus_.subscribe(subject_.view());
        if (done) done = bus_.subscribe(own_subject_.view());
        if (!done) return bus_.close(), done;
        own_ = Addresses();
        own_.add(how.at);
        learn_own();
        const auto rate = static_cast<double>(how.detour_bandwidth);
        outgoing_ = Allowance(rate, rate);
        contacts_.begin(self_, random_.fork());
        finder_.begin({game_, terms.schema, terms.game_version, room_, name_, how.look_for}, self_);
        return {};
    }
    // Says goodbye to the bus.
    void part() {
        if (!finder_.is_on()) return;
        finder_.say_goodbye(own_, [this](BytesIn word) { say(subject_.view(), word); });
        bus_.close();
    }
    // Says what is due, and where the session shall go: to nobody, to open the room itself, or to this host.
    // `tell(facts)` tells how it stands.
    std::optional<Address> turn(Instant now, auto&& tell) {
        now_ = now;
        if (!finder_.is_on()) return std::nullopt;
        Facts facts;
        tell(facts);
        const Order order = finder_.turn(
            now, facts, own_, [this](BytesIn word) { say(subject_.view(), word); },
            [this](Inbox host) {
                (void)way(host);
                return contacts_.is_verified(host);
            });
        if (order.kind == Order::Kind::join) meet_with(order.host);
        contacts_.turn(
            now, [this](const Straight& to, const Probe& word) { probe(to, word); },
            [this](Inbox to, Greeting& word) {
                word.addresses = own_;
                std::byte bytes[word_bytes_max];
                say(inbox_subject(to).view(), BytesIn(bytes).first(write(bytes, word, game_)));
            });
        return order.kind == Order::Kind::none ? std::nullopt : std::optional<Address>({order.host, {}});
    }
    void set_now(Instant now) { now_ = now; }
    Instant next() const {
        if (!finder_.is_on()) return Instant::never();
        const Instant due = min(finder_.next(), contacts_.next());
        if constexpr (requires { BusType::wakes; }) return due;
        return min(due, polled_ + (finder_.looks() || detours_ ? brisk : calm));
    }

    bool is_on() const { return finder_.is_on(); }
    bool looks() const { return finder_.looks(); }
    Inbox self() const { return self_; }
    std::uint64_t instance() const { return finder_.instance(); } // of the room that it is in; 0: in none yet
    const Directory& directory() const { return finder_.directory(); }
    bool is_detour(const Address& address) const {
        return address.inbox != 0 && finder_.is_on() && contacts_.is_detour(address.inbox);
    }
    // What came over the bus and was not taken, by the name of why.
    std::uint64_t refused(Error why) const { return refusals_.of(why) + directory().refusals().of(why); }
    std::uint64_t refused() const { return refusals_.total() + directory().refusals().total(); }
    const DetourFigures& detours() const { return figures_; }
    T& inner() { return inner_; }
    const T& inner() const { return inner_; }

    // ---- the transport

    Result<Address> open(std::uint16_t port) {
        const auto local = inner_.open(port);
        if (!local) return local.error();
        port_ = local->port;
        local_ = *local;
        if (finder_.is_on()) {
            own_ = Addresses();
            learn_own();
            contacts_.move();
        }
        return Address{0, *local};
    }
    // The bus stays: a session may go on from another port.
    void close() { inner_.close(); }
    Result<Address> resolve(std::string_view text) {
        if (text.substr(0, Address::scheme.size()) == Address::scheme) return Address::parse(text);
        const auto at = inner_.resolve(text);
        return at ? Result<Address>(Address{0, *at}) : at.error();
    }
    Sent send(const Address& to, Lane lane, BytesIn datagram) {
        if (to.inbox == 0) return inner_.send(to.at, lane, datagram);
        if (const Straight* straight = way(to.inbox)) return inner_.send(*straight, lane, datagram);
        return carry(to.inbox, lane, datagram);
    }
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) requires LendsBuffer<T> {
        const Straight* straight = to.inbox == 0 ? &to.at : way(to.inbox);
        carried_to_ = straight != nullptr ? 0 : to.inbox;
        if (straight != nullptr) return inner_.prepare(*straight, lane, size);
        lane_ = lane;
        return size <= datagram_max ? BytesOut(buffer_).first(size) : BytesOut();
    }
    Sent commit(std::size_t size) requires LendsBuffer<T> {
        if (carried_to_ == 0) return inner_.commit(size);
        return size == 0 ? Sent::sent : carry(carried_to_, lane_, BytesIn(buffer_).first(size));
    }
    void flush() { inner_.flush(); }
    template <class F>
    void poll(F&& f) {
        if (finder_.is_on()) {
            polled_ = now_;
            detours_ = false;
            bus_.poll([&](std::string_view subject, BytesIn word) { hear(subject, word, f); });
        }
        inner_.poll([&](const Straight& from, Lane lane, BytesIn datagram) {
            if (!finder_.is_on()) return f(Address{0, from}, lane, datagram);
            if (!datagram.empty() && datagram[0] == std::byte{static_cast<std::uint8_t>(Kind::probe)})
                return hear_probe(from, datagram);
            const Inbox inbox = contacts_.hear_straight(now_, from);
            f(inbox != 0 ? Address{inbox, {}} : Address{0, from}, lane, datagram);
        });
    }
    void wait(Instant until) { inner_.wait(min(until, next())); }
    std::uint64_t entropy() { return inner_.entropy(); }

  private:
    static constexpr Duration brisk = milliseconds(2), calm = milliseconds(20);
    static_assert(BusType::message_max >= message_bytes_min);

    // Of an inbox that is not known yet, what its owner or the room's listing tells.
    void meet_with(Inbox inbox) {
        if (contacts_.knows(inbox)) return;
        (void)contacts_.way(now_, inbox);
        directory().for_each_room([&](const Directory::Room& room) {
            if (room.what.host == inbox) suggest(inbox, room.what.addresses);
        });
        if (const auto* peer = directory().peer(inbox)) suggest(inbox, peer->what.addresses);
    }
    void suggest(Inbox inbox, const Addresses& addresses) {
        for (std::size_t i = 0; i < addresses.size(); ++i)
            if (const auto at = Straight::parse(addresses[i]); at && at->port != 0)
                contacts_.suggest(inbox, *at);
    }
    const Straight* way(Inbox inbox) {
        if (!finder_.is_on()) return nullptr;
        meet_with(inbox);
        return contacts_.way(now_, inbox);
    }
    Sent carry(Inbox to, Lane lane, BytesIn datagram) {
        if (!finder_.is_on()) return Sent::closed;
        if (datagram.size() > datagram_max) return Sent::too_big;
        detours_ = true;
        const auto size = static_cast<double>(datagram.size());
        std::byte bytes[datagram_max + carried_head_bytes + checksum_bytes];
        const Carried word{self_, contacts_.token_of(to), lane.value, datagram};
        const BytesIn whole = BytesIn(bytes).first(write(bytes, word, game_));
        // Without a token only words at the door are taken there.
        const bool at_door = !datagram.empty() && std::to_integer<std::uint8_t>(datagram[0]) >= 0x80;
        if ((word.yours == 0 && !at_door) || !outgoing_.take(now_, size) ||
            !bus_.publish(inbox_subject(to).view(), whole)) {
            ++figures_.held_back; // lost on the way, as it were
            return Sent::sent;
        }
        ++figures_.sent;
        figures_.bytes_sent += datagram.size();
        return Sent::sent;
    }
    void say(std::string_view subject, BytesIn word) {
        if (!word.empty() && !bus_.publish(subject, word)) ++figures_.held_back;
    }
    void probe(const Straight& to, const Probe& word) {
        std::byte bytes[32];
        (void)inner_.send(to, Lane{}, BytesIn(bytes).first(write(bytes, word, game_)));
    }

    // ---- hearing

    template <class F>
    void hear(std::string_view subject, BytesIn word, F& f) {
        if (subject == subject_.view()) {
            if (finder_.hear(now_, word)) remember(word);
            return;
        }
        if (subject != own_subject_.view() || word.empty())
            return void(refusals_.count(Error::unknown_message));
        if (word[0] == std::byte{static_cast<std::uint8_t>(Kind::greets)}) return hear_greeting(word);
        const auto carried = read_carried(word, game_);
        if (!carried) return void(refusals_.count(carried.error()));
        const Result<> heard = contacts_.hear(now_, *carried);
        refusals_.count(heard);
        if (!heard) return;
        detours_ = true;
        ++figures_.heard;
        f(Address{carried->from, {}}, Lane{carried->lane}, carried->datagram);
    }
    // Where the others of the room are must be known before the bus goes.
    void remember(BytesIn word) {
        const auto presence = read_presence(word, game_);
        if (!presence || presence->from == self_ || presence->instance == 0 ||
            presence->instance != finder_.instance() || presence->leaves)
            return;
        contacts_.remember(now_, presence->from);
        suggest(presence->from, presence->addresses);
    }
    void hear_greeting(BytesIn word) {
        const auto greeting = read_greeting(word, game_);
        const Result<> heard = greeting ? contacts_.hear(now_, *greeting) : Result<>(greeting.error());
        refusals_.count(heard);
        if (heard) suggest(greeting->from, greeting->addresses);
    }
    void hear_probe(const Straight& from, BytesIn word) {
        const auto probe = read_probe(word, game_);
        refusals_.count(probe ? contacts_.hear(now_, from, *probe) : Result<>(probe.error()));
    }

    // Where this one may be reached, as far as the transport knows.
    void learn_own() {
        if constexpr (requires { inner_.local_address(); }) {
            if constexpr (requires { local_.is_any(); }) {
                if (local_.is_any()) return own_.add(Straight::loopback(port_).text());
            }
            own_.add(local_.text());
        }
    }

    T inner_;
    BusType bus_{};
    Finder finder_;
    Contacts<Straight> contacts_;
    Subject subject_, own_subject_;
    Name name_, room_;
    Addresses own_;
    Random random_{0};
    Inbox self_ = 0, carried_to_ = 0;
    std::uint64_t game_ = 0;
    std::uint16_t port_ = 0;
    Straight local_{};
    Lane lane_{};
    Instant now_{}, polled_{};
    bool detours_ = false;
    Allowance outgoing_{0, 0};
    Refusals refusals_;
    DetourFigures figures_;
    std::byte buffer_[datagram_max];
};

} // namespace tenon::bus
