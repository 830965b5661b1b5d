#pragma once
// The least that each policy may be: what its concept asks for, and nothing beyond. A session that needs more
// of a policy than its concept says does not compile with these.

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "tenon/clock/concept.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/codec/concept.hpp"
#include "tenon/reliability/concept.hpp"
#include "tenon/topology/concept.hpp"
#include "tenon/transport/concept.hpp"

namespace archetype {

using namespace tenon;

// Ports of one process, by number; what is sent is there at once.
class Transport {
  public:
    static constexpr TransportTraits traits{};
    struct Address {
        std::uint16_t port = 0;
        std::uint64_t hash() const { return port; }
        std::string_view text() const { return "a port of this process"; }
        friend bool operator==(const Address&, const Address&) = default;
    };

    Transport() = default;
    Transport(Transport&&) = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    Result<Address> open(std::uint16_t port) {
        static std::uint16_t free_port = 50'000;
        here_ = {port != 0 ? port : ++free_port};
        return here_;
    }
    Result<Address> resolve(std::string_view) { return Address{4000}; }
    void close() { here_ = {}; }
    Sent send(const Address& to, Lane, BytesIn bytes) {
        if (here_.port == 0) return Sent::closed;
        wire().push_back({here_, to, {bytes.begin(), bytes.end()}});
        return Sent::sent;
    }
    void flush() {}
    template <class F>
    void poll(F&& f) {
        std::deque<Datagram> others;
        while (!wire().empty()) {
            const Datagram datagram = std::move(wire().front());
            wire().pop_front();
            if (datagram.to == here_)
                f(datagram.from, Lane{}, BytesIn(datagram.bytes));
            else
                others.push_back(datagram);
        }
        wire().swap(others);
    }
    void wait(Instant) {}
    std::uint64_t entropy() { return 4; }

  private:
    struct Datagram {
        Address from, to;
        std::vector<std::byte> bytes;
    };
    static std::deque<Datagram>& wire() {
        static std::deque<Datagram> all;
        return all;
    }
    Address here_{};
};

// The same with connections, which take all, never wait and never break.
class Connections : public Transport {
  public:
    static constexpr TransportTraits traits{
        .reliable = true, .ordered = true, .datagram_bytes = 66'000, .connected = true};

    BytesOut prepare(const Address& to, Lane, std::size_t size) {
        to_ = to;
        frame_.resize(size);
        return frame_;
    }
    Sent commit(std::size_t size) {
        return size != 0 ? send(to_, {}, BytesIn(frame_).first(size)) : Sent::sent;
    }
    std::size_t backlog(const Address&) { return 0; }
    void hang_up(const Address&) {}

  private:
    Address to_{};
    std::vector<std::byte> frame_;
};

struct Codec {
    static constexpr std::string_view name = "archetype";
    template <class T>
    static Encoded encode(BytesOut out, const T& message) {
        return codec::Bits::encode(out, message);
    }
    template <class T>
    static Decoded decode(BytesIn in, T& message) {
        return codec::Bits::decode(in, message);
    }
    Codec() = delete;
};

// Everything is always due.
struct Clock {
    const Rates& rates() const { return rates_; }
    void configure(const Rates& rates) { rates_ = rates; }
    bool input_due(Instant) { return true; }
    bool snapshot_due(Instant) { return true; }
    void touch() {}
    Instant next() const { return Instant{}; }

    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;

  private:
    Rates rates_;
};

struct Topology {
    static constexpr TopologyTraits traits{.has_authority = true, .relays = true};
    static PeerId authority(PeerId host) { return host; }

    Topology() = default;
    Topology(const Topology&) = delete;
    Topology& operator=(const Topology&) = delete;
};

struct Reliability {
    static constexpr ReliabilityTraits traits{};
    struct Machine {
        explicit Machine(Random) {}
        bool pending(Instant) { return false; }
        bool fill(Instant, Duration, PacketWriter&) { return false; }
        Instant deadline() const { return Instant::never(); }

        Machine(const Machine&) = delete;
        Machine& operator=(const Machine&) = delete;
    };
    Reliability() = delete;
};

static_assert(CheckTransport<Transport>::ok && CheckCodec<Codec>::ok && CheckClock<Clock>::ok &&
              CheckTopology<Topology>::ok && CheckReliability<Reliability>::ok);
static_assert(!LendsBuffer<Transport>);

} // namespace archetype
