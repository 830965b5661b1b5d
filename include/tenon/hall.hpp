#pragma once
// Hall: many rooms, of one game or of several, behind one port; the host's side of them. It keeps the door,
// finds the room of each datagram, and gives turns to the rooms in which something is due or was heard. For
// one thread: a hall on many threads, rooms spread over them, is not there; run a hall a thread, on a port
// each.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/check_hall.hpp"
#include "tenon/check_session.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/core/swap.hpp"
#include "tenon/core/time.hpp"
#include "tenon/hall_places.hpp"
#include "tenon/hall_room.hpp"
#include "tenon/link/handshake.hpp"
#include "tenon/link/mixed_guard.hpp"
#include "tenon/link/redial.hpp"
#include "tenon/room/entrance.hpp"
#include "tenon/room/hallway.hpp"
#include "tenon/room/health.hpp"
#include "tenon/room/options.hpp"
#include "tenon/room/rota.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/lend.hpp"
#include "tenon/wire/packet.hpp"

namespace tenon {

struct HallOptions {
    std::uint32_t rooms_max = 1024;
    std::uint32_t guests_max = 65536; // in all rooms together; each room has Options::peers_max besides
    std::uint64_t seed = 0;           // of the door's secrets; 0: the transport's entropy
    Limits limits = {};               // of the door; what each peer may ask of its room is in Options
    BanList* bans = nullptr;          // of all rooms, kept by the program; unset: the hall has a list
};

namespace detail {

template <class... Games>
class HallCore {
  public:
    using Transport = typename GameAt<0, Games...>::type::Net::TransportType;
    using Address = typename Transport::Address;
    using Guard = GuardOf<Transport>;

    explicit HallCore(const HallOptions& options = {}, Transport transport = Transport())
        : transport_(std::move(transport)),
          random_(options.seed != 0 ? options.seed : transport_.entropy()),
          entrance_(SipKey{random_.next(), random_.next()}, guard_of(transport_), options.limits,
                    options.bans),
          places_(options.rooms_max, options.guests_max, random_.fork()) {}
    HallCore(const HallCore&) = delete;
    HallCore& operator=(const HallCore&) = delete;
    ~HallCore() { opened_ = false; } // no handler opens a room while it goes

    // ---- opening and closing

    // At this port, 0 for any free one.
    Result<> open(std::uint16_t port) {
        if (opened_) return Error::already_open;
        const auto local = transport_.open(port);
        if (!local) return local.error();
        if constexpr (mixed)
            port_ = transport_.port();
        else
            port_ = local->port;
        opened_ = true;
        return {};
    }
    // Every room says goodbye with the next turn; when all have gone the port is free.
    void close() {
        places_.for_each([this](Place& place) { close(place.key); });
        closing_ = opened_;
    }
    // A room, with handlers that are made of it and of `args`, or of `args` alone. What happens in it before
    // the next turn happens then.
    template <class Net, class... Args>
    Result<RoomKey> host(const Options& options, Args&&... args) {
        if (!opened_ || closing_) return Error::closed;
        Options shared = options;
        shared.bans = &bans();
        const auto key = places_.template add<Net>(shared, Transport::traits.datagram_bytes,
                                                   options.seed != 0 ? options.seed : transport_.entropy(),
                                                   entrance_.guard(), rota_, std::forward<Args>(args)...);
        if (!key) return key;
        rota_.mark(key->index);
        if (closing_) close(*key); // its handlers' constructor did that
        return key;
    }
    // Its guests are told with the next turn, and then it is gone; its name is free at once. False when there
    // is no such room.
    bool close(RoomKey key) {
        Place* place = places_.get(key);
        if (place == nullptr || place->closing) return false;
        Places::with(*place, [](auto& party) { party.room.leave(); });
        places_.retire(*place);
        return true;
    }

    // ---- the loop

    // One turn. Bounded: it never waits, gives no room more than one turn, and leaves what is too much for
    // the next. Handlers may call anything of the hall; a tick in a tick does nothing.
    void tick(Instant now) {
        (check_handlers<typename Games::Net::GameType, typename Games::Handlers,
                        typename Games::Net::ClockType>(),
         ...);
        if (!opened_ || ticking_) return;
        const Turn turn{ticking_ = true};
        rota_.set_now(now);
        transport_.poll(Incoming{*this, now});
        rota_.wake(now);
        const std::size_t count = rota_.waiting(); // who is marked by a handler has the next turn
        for (std::size_t i = 0; i < count; ++i) {
            Place* place = places_.at(rota_[i]);
            if (place == nullptr) continue;
            Places::with(*place, [&](auto& party) { party.machine().handle_timeout(now, party.handlers); });
        }
        transmit(now);
        if (!closing_ || places_.size() != 0) return;
        transport_.close();
        entrance_.clear();
        hallway_.clear();
        opened_ = closing_ = false;
    }
    // When tick has something to do even if nothing arrives.
    Instant next_deadline() const {
        if (!opened_) return Instant::never();
        return closing_ || entrance_.front() != nullptr ? Instant{} : min(rota_.next(), hallway_.next());
    }
    // Sleeps until then, until a deadline of its own, or until something arrives.
    void wait(Instant until) { transport_.wait(min(until, next_deadline())); }

    // ---- the rooms

    // An open room, its handlers, and the key of its name; nullptr or no key when there is none.
    template <class Net>
    auto* room(RoomKey key) {
        auto* party = places_.template party_of<Net>(key);
        return party != nullptr ? &party->room : nullptr;
    }
    template <class Net>
    auto* handlers(RoomKey key) {
        auto* party = places_.template party_of<Net>(key);
        return party != nullptr ? &party->handlers : nullptr;
    }
    template <class Net>
    RoomKey find(std::string_view room) {
        const Place* place = places_.find({stable_id(Net::GameType::name), stable_id(room)});
        return place != nullptr ? place->key : RoomKey{};
    }
    // Calls f(room, handlers) for each open room of a game. It may open and close rooms.
    template <class Net, class F>
    void for_each(F&& f) {
        places_.for_each([&](Place& place) {
            if (auto* party = places_.template party_of<Net>(place.key)) f(party->room, party->handlers);
        });
    }
    // Those that are still saying goodbye included.
    std::size_t room_count() const { return places_.size(); }
    std::size_t guest_count() const { return places_.guest_count(); }

    // Of all rooms together, and in `refused` what was meant for none. A room's own is room->health().
    Health health() {
        Health sum;
        sum.status = opened_ ? Status::hosting : Status::closed;
        places_.for_each([&](Place& place) {
            Places::with(place, [&](auto& party) {
                const Health one = party.room.health();
                sum.add(one);
                sum.peer_count += one.peer_count;
            });
        });
        sum.refused += strange_;
        entrance_.keeper().tell(sum);
        return sum;
    }
    // Who is let into no room. It is told now and then what time it is, or no ban ends.
    BanList& bans() { return entrance_.keeper().bans(); }
    bool is_open() const { return opened_; }
    bool has_seat_at(const Address& at) { return places_.stay_of(at) != nullptr; }
    std::uint16_t port() const { return port_; }
    Transport& transport() { return transport_; }
    const Transport& transport() const { return transport_; }

  private:
    static constexpr bool connected = Transport::traits.connected;
    static constexpr bool mixed = Transport::traits.mixed; // connections, and datagrams too
    static constexpr bool has_datagrams = TransportTraits(Transport::traits).datagrams;
    using Places = HallPlaces<Address, Games...>;
    using Place = typename Places::Place;
    using Stay = typename Places::Stay;

    static constexpr Duration stranger_patience = seconds(10); // to be let in

    struct Turn {
        bool& running;
        ~Turn() { running = false; }
    };

    // ---- hearing

    struct Incoming {
        HallCore& hall;
        Instant now;

        void operator()(const Address& from, Lane lane, BytesIn datagram) {
            if (lane == Lane{} || has_datagrams)
                hall.hear(now, from, datagram, has_datagrams ? lane : Lane{});
        }
        void lost(const Address& at) requires(connected) { hall.lose(now, at); }
    };

    void hear(Instant now, const Address& from, BytesIn datagram, Lane lane) {
        if (datagram.empty()) return;
        if (lane == Lane{} && std::to_integer<std::uint8_t>(datagram[0]) & packet_flag::meeting)
            return meet(now, from, datagram);
        const Stay* stay = places_.stay_of(from);
        if (stay == nullptr) return void(++strange_);
        Place& place = *stay->place;
        Places::with(place, [&](auto& party) {
            party.machine().begin(now);
            party.machine().handle_datagram(now, from, datagram, party.handlers, lane);
        });
        rota_.mark(place.key.index);
    }
    // The connection to there is no more.
    void lose(Instant now, const Address& at) {
        hallway_.lost(at);
        const Stay* stay = places_.stay_of(at);
        if (stay == nullptr) return;
        Place& place = *stay->place;
        Places::with(place, [&](auto& party) {
            party.machine().begin(now);
            party.machine().room().lost(at);
        });
        rota_.mark(place.key.index);
        sweep(now, place);
    }
    void meet(Instant now, const Address& from, BytesIn datagram) {
        const std::uint8_t kind = meeting_kind(datagram);
        hallway_.enters(from, now + stranger_patience);
        if (kind == meeting::hello) {
            const auto is_played = [](std::uint64_t game) {
                return ((game == stable_id(Games::Net::GameType::name)) || ...);
            };
            strange_ += !entrance_.greet(now, from, datagram, is_played);
        } else if (kind == meeting::connect) {
            auto caller = entrance_.hear(now, from, datagram,
                                         [&](std::uint64_t nonce) { return answer_to(from, nonce); });
            strange_ += caller ? !admit(now, from, *caller) : caller.error() != Error::duplicate;
        } else {
            if constexpr (!connected || mixed) {
                if (kind == meeting::resume) {
                    const auto asked = entrance_.hear_resume(now, from, datagram);
                    strange_ += !asked || !resume(now, from, *asked);
                }
            }
            strange_ += kind == 0;
        }
    }
    // What a guest was told when it was let in with this request.
    BytesIn answer_to(const Address& from, std::uint64_t nonce) {
        const Stay* stay = places_.stay_of(from);
        BytesIn answer;
        if (stay != nullptr && stay->nonce == nonce)
            Places::with(*stay->place,
                         [&](auto& party) { answer = party.machine().room().answer_to(from, nonce); });
        return answer;
    }
    // A caller who has shown that it receives at its address, and was told nothing yet. False when its
    // request is an old one.
    bool admit(Instant now, const Address& from, typename Entrance<Address, Guard>::Request& connect) {
        const typename Places::Name name{connect.terms.game, connect.terms.room};
        if (const Stay* stay = places_.stay_of(from); stay != nullptr) {
            Place& place = *stay->place;
            // What it is here by was answered before, or is said again by somebody who has heard it.
            if (stay->nonce == connect.nonce || is_heard(now, from, place)) return false;
            forget(now, from, place); // it has started anew
        }
        Place* place = places_.find(name);
        if (place == nullptr) return refuse(from, connect), true;
        if (places_.full() || !places_.reserve_one(*place))
            return entrance_.refuse(from, connect.nonce, Error::room_full), true;
        if (let_in(now, from, connect, *place)) places_.note(from, *place, connect.nonce);
        return true;
    }
    // A guest whose path broke asks for its place, maybe from another address; its room sees to the proof.
    bool resume(Instant now, const Address& from, const Resume& asked) {
        Place* place = places_.find({asked.game, asked.room});
        if (place == nullptr) {
            entrance_.refuse(from, asked.nonce, Error::cant_resume);
            return false;
        }
        if (!places_.reserve_one(*place)) return false;
        const Stay* there = places_.stay_of(from);
        if (there != nullptr && there->place != place && is_heard(now, from, *there->place)) return false;
        if (!let_in(now, from, asked, *place)) return true; // the room has counted it
        Stay* stay = places_.stay_of(from);
        if (stay != nullptr && stay->place != place) {
            Place& other = *stay->place;
            forget(now, from, other);
            stay = nullptr;
        }
        if (stay == nullptr) places_.note(from, *place, asked.nonce);
        sweep(now, *place); // of the address that it had
        return true;
    }
    // To a room that knows how to judge it; true when there is a seat of that address then.
    template <class Request>
    bool let_in(Instant now, const Address& from, Request& request, Place& place) {
        bool in = false;
        Places::with(place, [&](auto& party) {
            auto& machine = party.machine();
            machine.begin(now);
            if constexpr (std::is_same_v<Request, const Resume>)
                machine.resume(now, from, request, party.handlers);
            else
                machine.admit(now, from, request, party.handlers);
            in = machine.has_seat_at(from);
        });
        rota_.mark(place.key.index);
        return in;
    }
    // Whether its room hears somebody there, who so is neither gone nor somebody else.
    static bool is_heard(Instant now, const Address& at, Place& place) {
        bool heard = false;
        Places::with(place, [&](auto& party) { heard = party.machine().is_heard_at(now, at); });
        return heard;
    }
    // The program behind the address is in another room now.
    void forget(Instant now, const Address& at, Place& place) {
        Places::with(place, [&](auto& party) { party.machine().forget(now, at, party.handlers); });
        rota_.mark(place.key.index);
        sweep(now, place);
    }
    // There is no such room. A caller whose build does not fit either is told that first.
    void refuse(const Address& from, const Connect& connect) {
        const bool played = ((connect.terms.game == stable_id(Games::Net::GameType::name) &&
                              (refuse_from<typename Games::Net::RoomType>(from, connect), true)) ||
                             ...);
        if (!played) entrance_.refuse(from, connect.nonce, Error::wrong_game);
    }
    template <class Room>
    void refuse_from(const Address& from, const Connect& connect) {
        Terms terms = Room::Contract::terms({});
        terms.room = ~connect.terms.room;
        entrance_.fits(from, connect, terms, Room::Contract::carriage());
    }

    // Who has left the room may be let in again, but not by its old request.
    void sweep(Instant now, Place& place) {
        places_.sweep(place, [&](std::uint64_t nonce) { entrance_.spend(now, nonce); });
    }

    // ---- speaking

    // Over a connection what blocks is that one alone, and its room sees to it. Datagrams find the whole
    // transport full; where both are, this tells them apart.
    template <class Lend>
    struct Watched : Lend {
        bool& full;
        bool by_datagram = false; // what is being written

        Watched(const Lend& lend, bool& is_full) : Lend(lend), full(is_full) {}
        BytesOut operator()(const Address& to, std::size_t size = 1200) {
            const BytesOut into = Lend::operator()(to, size);
            if constexpr (mixed) by_datagram = !to.is_connection();
            full = full || (by_datagram && into.empty());
            return into;
        }
    };

    void transmit(Instant now) {
        transport::lend(transport_, [this, now](auto&& lend, auto&& take) {
            // Rooms that find the transport full go first the next time, and so does the door.
            const bool door_first = replaced(door_waited_, false);
            if (door_first && !entrance_.drain(lend, take)) return;
            for (std::size_t left = rota_.waiting(); left != 0; --left) {
                if (drain_first(now, lend, take)) continue;
                door_waited_ = !door_first;
                return;
            }
            if (!door_first) (void)entrance_.drain(lend, take);
            hallway_.turn(now, *this, lend);
        });
        transport_.flush();
    }
    // What the first of the waiting rooms has to say; false when the transport takes no more.
    bool drain_first(Instant now, auto& lend, auto& take) {
        Place* place = places_.at(rota_[0]);
        if (place == nullptr) return rota_.remove(), true;
        bool spoke = false, full = false;
        const auto speak = [&](auto& lend_it, auto&& fills) {
            const auto take_it = [&](std::size_t size) {
                const bool taken = take(size);
                spoke = spoke || (taken && size != 0);
                full = full || (!taken && fills());
                return taken;
            };
            Places::with(*place, [&](auto& party) { party.machine().drain(now, lend_it, take_it); });
        };
        if constexpr (connected) {
            Watched<std::remove_cvref_t<decltype(lend)>> watched(lend, full);
            speak(watched, [&] { return watched.by_datagram; });
        } else {
            const auto lend_it = [&](const Address& to) {
                const BytesOut into = lend(to);
                full = full || into.empty();
                return into;
            };
            speak(lend_it, [] { return true; });
        }
        Instant next = Instant::never();
        bool over = false;
        Places::with(*place, [&](auto& party) {
            next = party.machine().next_deadline();
            over = party.machine().over();
        });
        sweep(now, *place);
        if (over) {
            rota_.remove();
            places_.remove(*place);
        } else if (!full) {
            rota_.done(now, next);
        } else if (spoke) {
            rota_.yield(); // it had its share
        }
        return !full;
    }

    Transport transport_;
    Random random_;
    Entrance<Address, Guard> entrance_;
    Hallway<Address, connected> hallway_;
    Rota rota_;
    Places places_;             // whose handlers may still ask for a turn while they go
    std::uint64_t strange_ = 0; // datagrams from nobody we know, and old or broken requests
    std::uint16_t port_ = 0;
    bool opened_ = false, closing_ = false, ticking_ = false, door_waited_ = false;
};

template <class... Games>
struct HallGate<true, Games...> : HallCore<Games...> {
    using HallCore<Games...>::HallCore;
};

} // namespace detail

template <class... Games>
class Hall : public detail::HallGate<detail::CheckHall<Games...>::ok, Games...> {
  public:
    using Gate = detail::HallGate<detail::CheckHall<Games...>::ok, Games...>;
    using Gate::Gate;
    explicit Hall(const HallOptions& options = {}) : Gate(options) {}
};

} // namespace tenon
