#pragma once
// RtcConnection: one peer of WebRtc: what was agreed over the signalling, the path that checks have found,
// the encryption and the streams on it, and what waits. WebRtc keeps them; none knows of another.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/transport/accept_key.hpp"
#include "tenon/transport/connection.hpp"
#include "tenon/transport/dtls.hpp"
#include "tenon/transport/entropy.hpp"
#include "tenon/transport/sdp.hpp"
#include "tenon/transport/stun.hpp"
#include "tenon/transport/usrsctp.hpp"

namespace tenon::transport {

struct WebRtcOptions {
    std::string path = "/rtc"; // of the signalling, as in WebSocketOptions
    std::vector<std::string> origins = {};
    std::string subprotocol = "tenon";
    std::string origin = {};
    // Where datagrams reach a host that stands behind another; empty: where its signalling was reached. Port
    // 0 is the host's own.
    std::vector<IpAddress> reached_at = {};
    Duration unheard_max = seconds(30); // without a sign of life that the other side vouches for: lost
};

struct WebRtcCounters : ConnectionCounters {
    std::uint64_t strange = 0;   // datagrams of strangers, or that nobody vouched for
    std::uint64_t checks_in = 0; // of a path, which were answered
    std::uint64_t moved = 0;     // times that a peer went on from another address
    std::uint64_t unreliable_in = 0, unreliable_out = 0;
};

namespace detail {

inline constexpr std::uint8_t reliable_lane = 0, unreliable_lane = 1, rtc_lanes = 2;
// What fits into one datagram, so that one that is lost costs no more than itself.
inline constexpr std::size_t unreliable_bytes_max = 1100;

struct RtcConnection {
    static constexpr std::size_t routes_max = 4;

    struct Channel {
        ByteQueue in; // what has come of a message that came in pieces
        std::uint16_t stream = 0;
        bool opened = false; // by either side
        bool agreed = false; // the other side has said so: what has no order may be said
    };

    ConnectionAddress address;
    std::uint32_t slot = 0;
    Stage stage = Stage::dialling;
    bool dialled = false;
    bool heard = false;  // a whole frame came, so whoever polls knows of it
    bool queued = false; // among those that flush() looks at
    bool over = false;   // the other side has ended it; what has come is still read
    bool finished = false;
    Instant deadline = Instant::never();
    Instant proven;                       // when it last gave a sign of life
    Instant next_check;                   // when we give ours
    Duration patience = milliseconds(25); // until we ask again, twice as long each time

    std::string user, password, their_user, their_password;
    CertificatePrint print{};
    std::uint16_t their_port = 0;
    std::uint32_t message_max = 0;
    std::array<IpAddress, Sdp::candidates_max> candidates{};
    std::size_t candidate_count = 0;
    StunId check{};
    IpAddress checked;                          // the address that is asked whether it is the peer's
    IpAddress peer;                             // with port 0: none is known yet
    std::array<IpAddress, routes_max> routes{}; // from where it has been vouched for
    std::size_t route_count = 0;

    Dtls dtls;
    SctpAssociation sctp;
    std::array<Channel, rtc_lanes> channels;
    ByteQueue out; // frames behind their sizes

    bool is_up() const { return stage < Stage::leaving; }
    bool can_speak() const { return stage == Stage::open || stage == Stage::leaving; }

    // Names and a secret for the checks. The slot is in the name, so that it is found without a look at
    // every other.
    void introduce() {
        std::array<std::uint8_t, 24> secret{};
        for (std::size_t i = 0; i < secret.size(); i += 8)
            store_le(reinterpret_cast<std::byte*>(secret.data()) + i, system_entropy());
        password = base64(secret.data(), secret.size());
        user.clear();
        const std::uint64_t number = std::uint64_t(slot) << 32 | (system_entropy() & 0xFFFF'FFFF);
        for (int shift = 60; shift >= 0; shift -= 4) user += "0123456789abcdef"[number >> shift & 15];
    }
    static std::uint32_t slot_of(std::string_view user) {
        std::uint32_t slot = 0;
        if (user.size() != 16) return ~slot;
        for (const char c : user.substr(0, 8)) {
            const int digit = hex_digit(c);
            if (digit < 0) return ~std::uint32_t(0);
            slot = slot << 4 | static_cast<std::uint32_t>(digit);
        }
        return slot;
    }
    void agree(const Sdp& sdp) {
        their_user = sdp.user;
        their_password = sdp.password;
        print = sdp.print;
        their_port = sdp.port;
        message_max = sdp.message_max;
        candidates = sdp.candidates;
        candidate_count = sdp.candidate_count;
    }
    bool knows(const IpAddress& address_of) const {
        for (std::size_t i = 0; i < route_count; ++i)
            if (routes[i] == address_of) return true;
        return false;
    }
    bool may_be_at(const IpAddress& address_of) const {
        for (std::size_t i = 0; i < candidate_count; ++i)
            if (candidates[i] == address_of) return true;
        return false;
    }

    // A new question about a path; its answer names it.
    void ask() {
        store_le(check.data(), slot);
        store_le(check.data() + 4, system_entropy());
    }
    static std::uint32_t slot_of(const StunId& id) { return load_le<std::uint32_t>(id.data()); }
    StunWriter question() const {
        StunWriter writer(StunMessage::Kind::request, check);
        writer.user(their_user, user).number(StunMessage::priority_of, 1'845'501'695).role(dialled, 1);
        if (dialled) writer.nominate();
        return writer;
    }

    Channel* channel_of(std::uint16_t stream) {
        for (Channel& channel : channels)
            if (channel.opened && channel.stream == stream) return &channel;
        return nullptr;
    }
};

} // namespace detail

} // namespace tenon::transport
