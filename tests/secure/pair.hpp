#pragma once
// A secure host and its guest over simulated ports, and somebody in the middle who sees every datagram and
// decides what becomes of it.

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/secure/secure.hpp"
#include "tenon/session.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"

namespace secured {

using namespace tenon;
using namespace tenon::literals;
using secure::Cipher;
using secure::Keyring;
using Address = transport::MemoryAddress;
using Bytes = std::vector<std::byte>;

struct Shot {
    std::uint32_t number = 0;
    void serialize(auto& ar) { ar(number); }
};
struct Line {
    std::string text;
    void serialize(auto& ar) { ar(bounded(text, 5000)); }
};
struct Blob {
    std::array<std::uint8_t, 64> bytes{};
    void serialize(auto& ar) { ar(bytes); }
};
using Arena = Game<"arena", 1, Event<Shot, Reliable>, Event<Line, Ordered>, Event<Blob>>;
template <class Transport>
using NetOver = Session<Arena, Transport, codec::Bits, clock::Independent<>, topology::ClientServer,
                        reliability::AckVector>;
using Secure = transport::Secure<transport::Memory>;

inline std::vector<Cipher> ciphers() {
    std::vector<Cipher> all{Cipher::chacha20_poly1305};
    if (secure::AesGcm::available()) all.push_back(Cipher::aes_256_gcm);
    return all;
}

// What a test wants to be otherwise, and what it wants to know, of the guards of both sides.
struct Wishes {
    Cipher cipher = Cipher::chacha20_poly1305; // what the host chooses
    secure::SealLimits limits = {};
    // The packets' numbers that were sealed with each key, and how many of them a second time.
    std::map<Bytes, std::map<std::uint64_t, int>> sealed = {};
    std::uint64_t twice = 0, packets = 0, opened = 0, refused = 0;
};
inline Wishes* wishes = nullptr;

// The true seal, watched.
class WatchedSeal : public secure::LinkSeal {
  public:
    explicit WatchedSeal(const secure::LinkKey& key) : LinkSeal(key, wishes->limits) { note(key); }

    void renew(const secure::LinkKey& key) { note(key), LinkSeal::renew(key); }
    void change(const secure::LinkKey& key) { note(key), LinkSeal::change(key); }
    void close(BytesOut packet, std::size_t head, std::uint64_t number, std::uint64_t acked) {
        ++wishes->packets;
        if (++wishes->sealed[key_][number] > 1) ++wishes->twice;
        LinkSeal::close(packet, head, number, acked);
    }
    bool open(BytesIn packet, std::size_t head, std::uint64_t number, std::uint64_t acked, BytesOut desk,
              BytesIn& frames) {
        const bool is_sound = LinkSeal::open(packet, head, number, acked, desk, frames);
        ++(is_sound ? wishes->opened : wishes->refused);
        return is_sound;
    }

  private:
    void note(const secure::LinkKey& key) {
        const auto sends = (key.is_guest ? key.guest_sends : key.host_sends).bytes();
        key_.assign(sends.begin(), sends.end());
    }
    Bytes key_;
};

class WatchedGuard : public secure::Guard {
  public:
    using Seal = WatchedSeal;
    using Guard::enclose;
    using Guard::Guard;
    using Guard::open;

    Result<BytesIn> open(Visitor& visitor, BytesIn head, BytesIn enclosed, BytesOut desk) const {
        const auto opened = Guard::open(visitor, head, enclosed, desk);
        visitor.cipher = wishes->cipher;
        return opened;
    }
};

class Watched : public transport::Memory {
  public:
    using Guard = WatchedGuard;
    static constexpr TransportTraits traits = Secure::traits;

    Watched(Keyring& keyring, transport::Memory port) : Memory(std::move(port)), guard_(keyring) {}
    explicit Watched(transport::Memory port)
        : Memory(std::move(port)), own_(std::make_unique<Keyring>()), guard_(*own_) {}
    const Guard& guard() const { return guard_; }

  private:
    std::unique_ptr<Keyring> own_;
    Guard guard_;
};

struct Player {
    std::vector<std::uint32_t> shots;
    std::string lines, notices, words;
    int blobs = 0;

    void on(PeerId, const Shot& shot) { shots.push_back(shot.number); }
    void on(PeerId, const Line& line) { lines += line.text + " "; }
    void on(PeerId, const Blob&) { ++blobs; }
    void on(const Joined&) { notices += "joined "; }
    void on(const PeerJoined& joined) { notices += "+" + std::string(joined.name) + " "; }
    void on(const PeerLeft& left) { notices += "-" + std::string(name(left.reason)) + " "; }
    void on(const Closed& closed) {
        notices += std::string(name(closed.reason)) + " ";
        words = closed.text;
    }
    // Whether they are 1, 2, 3 and so on, each once, in whatever order.
    bool heard_all(std::uint32_t count) const {
        std::map<std::uint32_t, int> times;
        for (const std::uint32_t number : shots)
            if (++times[number] > 1) return false;
        return times.size() == count && (count == 0 || times.rbegin()->first == count);
    }
};

struct Datagram {
    Address from, to;
    Bytes bytes;

    std::uint8_t kind() const {
        return !bytes.empty() && std::to_integer<unsigned>(bytes[0]) >= 0x80 ? meeting_kind(bytes)
                                                                             : std::uint8_t(0);
    }
    bool is_packet() const { return !bytes.empty() && std::to_integer<unsigned>(bytes[0]) < 0x80; }
};

// A datagram of the handshake that was changed, with a checksum that is right again.
inline void mend_checksum(Bytes& bytes) {
    if (bytes.size() > 5 && std::to_integer<unsigned>(bytes[0]) >= 0x80)
        store_le(&bytes[1], tenon::detail::meeting_checksum(bytes));
}

inline constexpr Address host_address{1, 4000};

template <class Transport>
class PairOver {
  public:
    using Net = NetOver<Transport>;

    explicit PairOver(std::shared_ptr<Keyring> hosts = std::make_shared<Keyring>(),
                      std::shared_ptr<Keyring> guests = std::make_shared<Keyring>(), Options options = {},
                      std::uint64_t seed = 7)
        : exchange(seed),
          host_keys(std::move(hosts)),
          guest_keys(std::move(guests)),
          host(named(options, "zuhause", "gastgeber"), Transport(*host_keys, transport::Memory(exchange, 1))),
          guest(named(options, "zuhause", "annabella"),
                Transport(*guest_keys, transport::Memory(exchange, 2))) {
        REQUIRE(host.host(4000));
    }

    transport::Exchange exchange;
    Instant now{5'000'000'000};
    std::shared_ptr<Keyring> host_keys, guest_keys;
    Net host, guest;
    Player at_host, at_guest;
    std::vector<Datagram> seen; // all that was sent by the two
    // Who stands in the middle; true when the datagram, maybe changed, shall arrive.
    std::function<bool(Datagram&)> middle;
    std::uint32_t said_by_host = 0, said_by_guest = 0;

    bool join() {
        REQUIRE(guest.join("host1:4000"));
        return run_until([&] { return guest.status() != Status::joining; }, 12_s) &&
               guest.status() == Status::joined;
    }
    void deliver(const Datagram& datagram) {
        exchange.deliver(datagram.to, datagram.from, {}, datagram.bytes);
    }
    void step() {
        host.tick(now, at_host);
        guest.tick(now, at_guest);
        exchange.take_outgoing([&](const Address& from, const Address& to, Lane, BytesIn bytes) {
            seen.push_back({from, to, Bytes(bytes.begin(), bytes.end())});
            Datagram datagram = seen.back();
            if (!middle || middle(datagram)) deliver(datagram);
        });
        now += 5_ms;
    }
    bool run_until(auto&& holds, Duration limit) {
        for (const Instant end = now + limit; now < end; step())
            if (holds()) return true;
        return holds();
    }
    void run(Duration time) {
        run_until([] { return false; }, time);
    }
    // Both say one more thing that must arrive.
    void say() {
        if (host.broadcast(Shot{said_by_host + 1})) ++said_by_host;
        if (guest.send(PeerId::host(), Shot{said_by_guest + 1})) ++said_by_guest;
    }
    bool both_heard_all() const {
        return at_guest.heard_all(said_by_host) && at_host.heard_all(said_by_guest);
    }
    // All that was said arrives in the end, and nobody was sent away meanwhile.
    bool settles() {
        middle = nullptr;
        say();
        return run_until([&] { return both_heard_all(); }, 20_s) && guest.status() == Status::joined &&
               at_guest.notices == "joined +gastgeber " && at_host.notices.find('-') == std::string::npos;
    }
    Address guest_address() const { return guest.transport().local_address(); }

  private:
    static Options named(Options options, std::string_view room, std::string_view name) {
        options.room = room;
        options.name = name;
        return options;
    }
};
using Pair = PairOver<Secure>;

inline bool contains(BytesIn bytes, std::string_view text) {
    return text_of(bytes).find(text) != std::string_view::npos;
}

} // namespace secured
