#pragma once
// WebRtc: frames over the data channels of WebRTC, for browsers that shall lose a datagram without waiting
// for it; client and server, over one UDP port and a WebSocket that introduces the two. Needs usrsctp,
// OpenSSL 3 and wslay, so tenon.hpp does not include it. WEBRTC.md says how it works.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "tenon/transport/polling.hpp"
#include "tenon/transport/rtc_connection.hpp"
#include "tenon/transport/udp.hpp"
#include "tenon/transport/web_socket.hpp"

namespace tenon::transport {

// Signalling is WebSocket, or TlsWebSocket: whoever can change what is said there can stand between.
template <class Signalling>
class WebRtcOver {
  public:
    using Address = ConnectionAddress;
    using CoverOptions = typename Signalling::CoverOptions;
    // Lane 0 is reliable and ordered; lane 1 neither, where the other side has opened it.
    static constexpr TransportTraits traits = {.reliable = true,
                                               .ordered = true,
                                               .encrypted = Signalling::traits.encrypted,
                                               .datagram_bytes = detail::frame_max,
                                               .lanes = detail::rtc_lanes,
                                               .connected = true,
                                               .datagrams = true};
    static constexpr Lane reliable{detail::reliable_lane}, unreliable{detail::unreliable_lane};
    static constexpr std::size_t unreliable_bytes = detail::unreliable_bytes_max;
    static_assert(unreliable == datagram_lane);

    explicit WebRtcOver(ConnectionOptions options = {}, WebRtcOptions rtc = {}, CoverOptions cover = {})
        : options_(options),
          rtc_(std::move(rtc)),
          signalling_(for_signalling(options_), {rtc_.path, rtc_.origins, rtc_.subprotocol, rtc_.origin},
                      std::move(cover)) {}
    WebRtcOver(WebRtcOver&&) noexcept = default;
    WebRtcOver& operator=(WebRtcOver&&) noexcept = default;

    // TCP and UDP on the port, or on a free one for 0.
    Result<Address> open(std::uint16_t port) { return open(port, true); }
    Result<Address> open_to_dial() { return open(0, false); }
    // "rtc://HOST:PORT/path", "rtcs://..." where the signalling is encrypted, or HOST:PORT/path.
    Result<Address> resolve(std::string_view text) {
        std::string at(text);
        const std::size_t mark = text.find("://");
        if (mark != std::string_view::npos) {
            const bool secure = detail::same_word(text.substr(0, mark), "rtcs");
            if (!secure && !detail::same_word(text.substr(0, mark), "rtc")) return Error::bad_address;
            (at = secure ? "wss" : "ws") += text.substr(mark);
        }
        const auto found = signalling_.resolve(at);
        if (!found) system_error_ = signalling_.system_error();
        return found;
    }
    void close() {
        if (!is_open()) return;
        state_->close();
        signalling_.close();
        if (state_->polling) retired_ = std::move(state_);
        state_.reset();
    }

    Sent send(const Address& to, Lane lane, BytesIn frame) {
        Connection* c = nullptr;
        const Sent ready = make_room(to, lane, frame.size(), c);
        if (ready != Sent::sent) return ready;
        if (c == nullptr && (c = dial(to)) == nullptr) return Sent::closed;
        if (lane == unreliable) return send_unreliable(*c, frame);
        std::byte head[4];
        store_le(head, static_cast<std::uint32_t>(frame.size()));
        if (c->out.room(sizeof head + frame.size()).empty()) return Sent::would_block;
        (void)(c->out.append(head) && c->out.append(frame));
        ++counters_.frames_out;
        queue(*c);
        return Sent::sent;
    }
    BytesOut prepare(const Address& to, Lane lane, std::size_t size) {
        Connection* c = nullptr;
        prepared_ = make_room(to, lane, size, c);
        prepared_to_ = to;
        prepared_lane_ = lane;
        return prepared_ == Sent::sent ? BytesOut{state_->outgoing.get(), size} : BytesOut{};
    }
    Sent commit(std::size_t size) {
        if (prepared_ != Sent::sent || size == 0 || !is_open()) return prepared_;
        return send(prepared_to_, prepared_lane_, {state_->outgoing.get(), size});
    }
    void flush() {
        if (!is_open()) return;
        State& s = *state_;
        for (std::size_t i = 0; i < s.queued.size(); ++i) {
            Connection* c = s.table.at(s.queued[i]);
            if (c == nullptr || !std::exchange(c->queued, false)) continue;
            push(*c);
            drain(s, *c);
        }
        s.queued.clear();
        s.udp.flush();
        signalling_.flush();
    }

    // Whole frames, those of lane 0 in their order; and f.lost(address), as Connections has it.
    template <class F>
    void poll(F&& f);
    void wait(Instant until, Waker* waker = nullptr);

    // Bytes for lane 0 that have not been given to SCTP, which takes what leaves in a moment, and 8 KiB.
    std::size_t backlog(const Address& to) const {
        const Connection* c = is_open() ? state_->table.find(to) : nullptr;
        return c == nullptr ? 0 : c->out.size();
    }
    // Whether the other side has agreed to hear what may be lost.
    bool has_unreliable(const Address& to) const {
        const Connection* c = is_open() ? state_->table.find(to) : nullptr;
        return c != nullptr && c->stage == detail::Stage::open && c->channels[1].agreed;
    }
    // How large a message on the unreliable lane may be to there; 0 while there is no way for any.
    std::size_t datagram_room(const Address& to) const { return has_unreliable(to) ? unreliable_bytes : 0; }
    void hang_up(const Address& to) {
        Connection* c = is_open() ? state_->table.find(to) : nullptr;
        if (c != nullptr) part(*c, Error::none, true);
    }

    bool is_open() const { return state_ != nullptr; }
    Address local_address() const { return is_open() ? signalling_.local_address() : Address{}; }
    std::size_t connections() const { return is_open() ? state_->table.size() : 0; }
    WebRtcCounters counters() const;
    const Signalling& signalling() const { return signalling_; }
    Error loss() const { return loss_; }
    std::error_code system_error() const { return system_error_; }
    std::uint64_t entropy() { return detail::system_entropy(); }

  private:
    using Connection = detail::RtcConnection;
    using Stage = detail::Stage;
    using Stun = detail::StunMessage;
    using Sctp = detail::SctpAssociation;
    static constexpr std::size_t sctp_waits_max = 8 << 10;
    static constexpr Duration check_first = milliseconds(50), check_every = seconds(4);

    struct Lost {
        Address of;
        Error why;
    };
    struct State {
        State(const ConnectionOptions& options)
            : udp({.bind = options.bind, .ipv6 = options.ipv6, .ipv4 = options.ipv4}),
              table(options.connections_max, options.per_address_max, detail::system_entropy()),
              routes(std::size_t(options.connections_max) * Connection::routes_max,
                     detail::system_entropy()) {}
        State(const State&) = delete;
        State& operator=(const State&) = delete;
        ~State() { close(); }
        void close() {
            table.each([this](Connection& c) { silence(*this, c); });
            udp.flush();
            udp.close();
            ready.close();
        }
        BytesOut packet() { return {packets.get(), packet_max}; }
        BytesOut message() { return {incoming.get(), detail::frame_max + 1}; }
        static constexpr std::size_t packet_max = 16 << 10; // the largest record of DTLS

        Udp udp;
        detail::Readiness ready;
        detail::Dtls::Context dtls;
        Sctp::Bell bell;
        detail::ConnectionTable<Connection> table;
        HashMap<IpAddress, std::uint32_t> routes; // from where datagrams come, and to whom they belong
        std::unique_ptr<std::byte[]> outgoing{new std::byte[detail::frame_max]};
        std::unique_ptr<std::byte[]> incoming{new std::byte[detail::frame_max + 1]};
        std::unique_ptr<std::byte[]> packets{new std::byte[packet_max]};
        std::vector<std::uint32_t> queued, due;
        std::vector<Sctp*> rung;
        std::vector<Lost> lost;
        Instant now, expired;
        bool polling = false;
    };
    struct SignallingEar {
        WebRtcOver& transport;
        void operator()(const Address& from, Lane, BytesIn text) {
            from.serial == 0 ? transport.heed_answer(from, text) : transport.heed_offer(from, text);
        }
        void lost(const Address& of) {
            Connection* c = of.serial == 0 ? transport.state_->table.find(of) : nullptr;
            if (c == nullptr || c->stage != Stage::dialling) return;
            const Error why = transport.signalling_.loss();
            transport.part(*c, why == Error::closed ? Error::refused : why, false); // it gave no answer
        }
    };

    // A little more than there may be connections, since who is introduced stays for a moment.
    static ConnectionOptions for_signalling(ConnectionOptions options) {
        options.connections_max += 64;
        options.per_address_max += 16;
        options.backlog_max = options.unsent_max = 64 << 10;
        return options;
    }
    Result<Address> open(std::uint16_t port, bool listens);
    Result<Address> open_both(State& s, std::uint16_t port);
    Sent make_room(const Address& to, Lane lane, std::size_t size, Connection*& c);
    Connection* dial(const Address& to);
    Sent send_unreliable(Connection& c, BytesIn frame);
    void queue(Connection& c) {
        if (!std::exchange(c.queued, true)) state_->queued.push_back(c.slot);
    }
    void push(Connection& c);
    static void drain(State& s, Connection& c);
    static void silence(State& s, Connection& c);

    void heed_offer(const Address& from, BytesIn text);
    void heed_answer(const Address& from, BytesIn text);
    void heed_datagram(const IpAddress& from, BytesIn datagram);
    void heed_check(const IpAddress& from, BytesIn datagram);
    void heed_request(Connection& c, const Stun& check, const IpAddress& from);
    void heed_success(Connection& c, const IpAddress& from);
    void heed_record(Connection& c, const IpAddress& from, BytesIn datagram);
    void check_path(Connection& c);
    bool learn_route(Connection& c, const IpAddress& from);
    template <class F>
    void serve(Connection& c, F& f);
    template <class F>
    bool heed_piece(Connection& c, const Sctp::Read& piece, F& f);
    bool heed_dcep(Connection& c, std::uint16_t stream, BytesIn message);
    void open_channels(Connection& c);
    void expire();
    void part(Connection& c, Error why, bool lingers);
    void release(Connection& c);

    ConnectionOptions options_;
    WebRtcOptions rtc_;
    Signalling signalling_;
    std::unique_ptr<State> state_, retired_;
    Address prepared_to_{};
    Lane prepared_lane_{};
    Sent prepared_ = Sent::closed;
    Error loss_ = Error::none;
    WebRtcCounters counters_;
    std::error_code system_error_;
};

} // namespace tenon::transport
