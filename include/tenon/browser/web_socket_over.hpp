#pragma once
// WebSocketOver: the transport of a page, above the few things that it asks of one (Page: open, send, close,
// how much waits). What arrives between two turns waits here, bounded, until poll(). WebSocket is it in a
// browser; WebRtc has the same above another page; tests give it one of their own.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/browser/url.hpp"
#include "tenon/core/bytes.hpp"
#include "tenon/transport/byte_queue.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/transport/now.hpp"
#include "tenon/transport/polling.hpp"

namespace tenon::browser {

struct WebSocketOptions {
    std::string subprotocol = "tenon";
    std::size_t backlog_max = 256 << 10; // bytes that wait to leave; then would_block
    // Bytes that wait to be polled; more breaks the connection, since nothing of it may be left out. An hour
    // of a quiet game, or some minutes of a busy one, for a page that does not tick and is not woken.
    std::size_t inbox_max = 4 << 20;
    std::size_t bytes_per_poll = 256 << 10; // that poll() gives from one connection before it returns
    Duration dial_max = seconds(10);        // until a connection is up; then timed_out
};

struct WebSocketCounters {
    std::uint64_t dialled = 0;
    std::uint64_t lost = 0;    // broke, were closed by the other side, or could not be made
    std::uint64_t refused = 0; // of them: said what is no frame, or more than inbox_max
    std::uint64_t dropped = 0; // frames on other lanes than the first, of which nobody polled enough
    std::uint64_t frames_in = 0, frames_out = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t beside_in = 0, beside_out = 0; // of the frames: on other lanes than the first
    std::size_t inbox_most = 0;                  // that ever waited
};

namespace detail {

// What this side says when it closes: scripts may say 1000 and what is above 3999, so these are the codes of
// RFC 6455 plus 3000.
struct CloseCode {
    static constexpr std::uint16_t normal = 1000, malformed = 4002, unsupported = 4003, policy = 4008,
                                   too_big = 4009, full = 4013;
};

inline Error meaning_of(std::uint16_t code) {
    switch (code) {
        case 1002:
        case 1003:
        case 1007:
            return Error::malformed;
        case 1008:
            return Error::refused;
        case 1009:
            return Error::too_large;
        default:
            return Error::closed;
    }
}

} // namespace detail

// `encrypted`: to wss:// addresses alone.
template <class Page, bool encrypted = false>
class WebSocketOver {
  public:
    using Address = Url;
    using Hook = void (*)(void*);
    // Frames as large as the native ones.
    static constexpr TransportTraits traits = {.reliable = true,
                                               .ordered = true,
                                               .encrypted = encrypted,
                                               .datagram_bytes = 66'000,
                                               .lanes = 1,
                                               .connected = true};
    static constexpr std::size_t connections_max = 8;

    explicit WebSocketOver(WebSocketOptions options = {}) : options_(std::move(options)) {}
    WebSocketOver(WebSocketOver&&) noexcept = default;
    WebSocketOver& operator=(WebSocketOver&&) noexcept = default;

    // A page can't listen.
    Result<Address> open(std::uint16_t) { return Error::cant_listen; }
    Result<Address> open_to_dial() {
        if (is_open()) return Error::already_open;
        state_.reset(new (std::nothrow) State(options_));
        if (!is_open()) return Error::system;
        state_->hook = hook_;
        state_->context = context_;
        return Address{};
    }
    // Asks nobody: the browser looks names up when it dials.
    Result<Address> resolve(std::string_view text, const UrlScheme& scheme = {}) const {
        Result<Address> url = Url::parse(text, encrypted || Page::is_encrypted(), scheme);
        if (url && !Page::reads(url->c_str())) return Error::bad_address;
        if (encrypted && url && !url->is_encrypted()) return Error::encryption_mismatch;
        // Browsers let no page that came encrypted talk otherwise, but to its own machine.
        if (url && Page::is_encrypted() && !url->is_encrypted() && !Page::is_own_machine(url->c_str()))
            return Error::encryption_mismatch;
        return url;
    }
    // What the browser took still leaves. A handler that poll() calls may close, and open again.
    void close() {
        if (!is_open()) return;
        for (auto& c : state_->all) c->leave();
        if (state_->polling) retired_ = std::move(state_);
        state_.reset();
    }

    Sent send(const Address& to, Lane, BytesIn frame) {
        Connection* c = nullptr;
        const Sent ready = make_room(to, frame.size(), c);
        if (ready != Sent::sent) return ready;
        if (c == nullptr && (c = dial(to)) == nullptr) return Sent::closed;
        if (!c->say(frame)) return c->stage == Stage::lost ? Sent::closed : Sent::would_block;
        ++state_->counters.frames_out;
        state_->counters.bytes_out += frame.size();
        return Sent::sent;
    }
    BytesOut prepare(const Address& to, Lane, std::size_t size) {
        Connection* c = nullptr;
        prepared_ = make_room(to, size, c);
        prepared_to_ = to;
        return prepared_ == Sent::sent ? BytesOut(state_->buffer.get(), size) : BytesOut{};
    }
    Sent commit(std::size_t size) {
        if (prepared_ != Sent::sent || size == 0 || !is_open()) return prepared_;
        return send(prepared_to_, Lane{}, BytesIn(state_->buffer.get(), size));
    }
    // A browser sends by itself.
    void flush() {}
    // Nobody may sleep in a page: its loop calls tick, and on_arrival can.
    void wait(Instant) {}

    // Whole frames, in their order; and f.lost(address) of each connection that is no more: loss() says why.
    template <class F>
    void poll(F&& f) {
        if (!is_open() || state_->polling || retired_) return;
        State& s = *state_;
        const transport::detail::Polling<State> guard(retired_, s);
        const Instant time = now();
        for (std::size_t i = 0; i < s.all.size(); ++i) {
            Connection& c = *s.all[i];
            if (c.stage == Stage::dialling && c.deadline <= time)
                c.lose(detail::CloseCode::normal, Error::timed_out);
            if (!give(s, c, f)) return;
            if (c.stage != Stage::lost || !c.in.empty()) continue;
            c.stage = Stage::gone;
            ++s.counters.lost;
            loss_ = c.why;
            close_code_ = c.code;
            const Address of = c.url;
            if constexpr (HearsLosses<F, Address>) f.lost(of);
            if (state_.get() != &s) return;
        }
        std::erase_if(s.all, [](const auto& c) { return c->stage == Stage::gone; });
    }

    // Bytes that wait here and in the browser.
    std::size_t backlog(const Address& to) const {
        const Connection* c = is_open() ? state_->find(to) : nullptr;
        return c == nullptr ? 0 : c->backlog();
    }
    // Nothing more is heard of it, also no loss. What it took still leaves.
    void hang_up(const Address& to) {
        if (Connection* c = is_open() ? state_->find(to) : nullptr) c->leave();
    }
    // Called by the browser whenever something has come. A page that is in the background ticks there, since
    // its timers hardly run. Also while it is closed; nullptr ends it.
    void on_arrival(Hook hook, void* context) {
        hook_ = hook;
        context_ = context;
        if (!is_open()) return;
        state_->hook = hook;
        state_->context = context;
    }

    bool is_open() const { return state_ != nullptr; }
    std::size_t connections() const { return is_open() ? state_->all.size() : 0; }
    // Since it was opened.
    WebSocketCounters counters() const { return is_open() ? state_->counters : WebSocketCounters{}; }
    // Why the connection went that was lost last, and with which of the codes of RFC 6455 or 0. Browsers tell
    // scripts nothing of a connection that could not be made: that is unreachable.
    Error loss() const { return loss_; }
    std::uint16_t close_code() const { return close_code_; }
    std::uint64_t entropy() { return Page::entropy(); }

  protected:
    enum class Stage : std::uint8_t { dialling, open, lost, gone };
    using ByteQueue = transport::detail::ByteQueue;
    static constexpr std::size_t head_bytes = 4; // its lane and size, before each frame that waits

    struct Connection;
    struct State {
        explicit State(const WebSocketOptions& given) : options(given) {}
        State(const State&) = delete;
        State& operator=(const State&) = delete;

        Connection* find(const Address& to) const {
            for (const auto& c : all)
                if (c->stage != Stage::gone && c->url == to) return c.get();
            return nullptr;
        }
        // The last that whoever was called by the browser does: the hook may close everything.
        void tell() {
            if (hook != nullptr && !polling) hook(context);
        }

        WebSocketOptions options;
        std::vector<std::unique_ptr<Connection>> all;
        std::unique_ptr<std::byte[]> buffer{new std::byte[traits.datagram_bytes]};
        WebSocketCounters counters;
        Hook hook = nullptr;
        void* context = nullptr;
        bool polling = false;
    };

    // One, and whom the browser tells of it.
    struct Connection {
        Connection(State& of, const Address& to)
            : state(of), url(to), deadline(now() + of.options.dial_max) {}
        Connection(const Connection&) = delete;
        Connection& operator=(const Connection&) = delete;
        ~Connection() { leave(); }

        bool say(BytesIn frame) {
            if (stage == Stage::dialling) return append(out, frame, Lane{});
            if (stage != Stage::open) return false;
            if (Page::send(socket, frame)) return true;
            lose(detail::CloseCode::normal, Error::closed);
            return false;
        }
        std::size_t backlog() const { return out.size() + (stage == Stage::open ? Page::waits(socket) : 0); }
        void leave() {
            if (socket != 0) Page::close(std::exchange(socket, 0), detail::CloseCode::normal);
            stage = Stage::gone;
        }
        void lose(std::uint16_t with, Error reason) {
            if (socket != 0) Page::close(std::exchange(socket, 0), with);
            stage = Stage::lost;
            why = reason;
            code = with;
        }

        // ---- what the browser tells

        void opened(std::string_view subprotocol) {
            if (stage != Stage::dialling) return;
            if (!subprotocol.empty() && subprotocol != state.options.subprotocol) {
                lose(detail::CloseCode::malformed, Error::malformed);
                return state.tell();
            }
            stage = Stage::open;
            while (!out.empty() && say(first(out))) out.take(head_bytes + first(out).size());
            out.release();
            state.tell();
        }
        void heard(BytesIn frame, bool is_text, Lane lane = {}) {
            if (stage != Stage::open) return;
            using Code = detail::CloseCode;
            if (is_text)
                refuse(Code::unsupported, Error::malformed);
            else if (frame.empty()) // a frame holds something
                refuse(Code::policy, Error::malformed);
            else if (frame.size() > traits.datagram_bytes)
                refuse(Code::too_big, Error::too_large);
            else if (lane != Lane{} && in.size() > state.options.inbox_max / 2)
                ++state.counters.dropped;
            else if (in.size() + head_bytes + frame.size() > state.options.inbox_max ||
                     !append(in, frame, lane))
                refuse(Code::full, Error::flooded);
            else
                count(frame.size(), lane);
            state.tell();
        }
        void closed(std::uint16_t with) {
            broke(stage == Stage::open ? detail::meaning_of(with) : Error::unreachable, with);
        }
        void broke(Error reason, std::uint16_t with = 0) {
            if (socket == 0) return;
            lose(detail::CloseCode::normal, reason);
            code = with;
            state.tell();
        }

        static BytesIn first(const ByteQueue& queue) {
            const BytesIn bytes = queue.front();
            return bytes.subspan(head_bytes, load_le<std::uint32_t>(bytes.data()) >> 8);
        }
        static Lane first_lane(const ByteQueue& queue) {
            return Lane{std::to_integer<std::uint8_t>(queue.front()[0])};
        }
        static bool append(ByteQueue& queue, BytesIn frame, Lane lane) {
            const BytesOut into = queue.room(head_bytes + frame.size());
            if (into.empty()) return false;
            store_le(into.data(), static_cast<std::uint32_t>(frame.size() << 8 | lane.value));
            copy(into.data() + head_bytes, frame);
            queue.add(head_bytes + frame.size());
            return true;
        }
        void refuse(std::uint16_t with, Error reason) {
            ++state.counters.refused;
            lose(with, reason);
        }
        void count(std::size_t bytes, Lane lane) {
            WebSocketCounters& counters = state.counters;
            ++counters.frames_in;
            counters.beside_in += lane != Lane{};
            counters.bytes_in += bytes;
            if (in.size() > counters.inbox_most) counters.inbox_most = in.size();
        }

        State& state;
        Address url;
        Instant deadline;  // of dialling
        ByteQueue in, out; // out: until it is open
        int socket = 0;    // the page's number of it
        Stage stage = Stage::dialling;
        Error why = Error::none;
        std::uint16_t code = 0;
    };

    // What has come, up to what one turn may; false when a handler has closed.
    template <class F>
    bool give(State& s, Connection& c, F& f) {
        std::size_t given = 0;
        while (!c.in.empty() && c.stage != Stage::gone && given < s.options.bytes_per_poll) {
            const BytesIn frame = Connection::first(c.in);
            const std::size_t size = frame.size();
            f(Address(c.url), Connection::first_lane(c.in), frame);
            if (state_.get() != &s) return false;
            c.in.take(head_bytes + size);
            given += size;
        }
        // What a while in the background took is given back.
        if (c.in.empty() && c.in.capacity() > s.options.bytes_per_poll) c.in.release();
        return true;
    }
    // The connection, or none where one has to be dialled first.
    Sent make_room(const Address& to, std::size_t size, Connection*& c) {
        if (!is_open()) return Sent::closed;
        if (size > traits.datagram_bytes || size == 0) return Sent::too_big;
        c = state_->find(to);
        if (c == nullptr) return to.text().empty() ? Sent::closed : Sent::sent;
        if (c->stage == Stage::lost) return Sent::closed; // whoever asks is told before another is made
        const std::size_t waits = c->backlog();
        return waits != 0 && waits + size > options_.backlog_max ? Sent::would_block : Sent::sent;
    }
    Connection* dial(const Address& to) {
        State& s = *state_;
        if (s.all.size() >= connections_max) return nullptr;
        s.all.emplace_back(new (std::nothrow) Connection(s, to));
        if (s.all.back() == nullptr) return s.all.pop_back(), nullptr;
        Connection& c = *s.all.back();
        ++s.counters.dialled;
        c.socket = Page::open(to.c_str(), options_.subprotocol.c_str(), c);
        if (c.socket > 0) return &c;
        c.socket = 0;
        c.lose(0, Error::unreachable);
        return nullptr;
    }

    WebSocketOptions options_;
    std::unique_ptr<State> state_, retired_; // retired: closed by a handler that poll() called
    Hook hook_ = nullptr;
    void* context_ = nullptr;
    Address prepared_to_{};
    Sent prepared_ = Sent::closed;
    Error loss_ = Error::none;
    std::uint16_t close_code_ = 0;
};

} // namespace tenon::browser
