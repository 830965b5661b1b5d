#pragma once
// WebSocket: frames as the binary messages of RFC 6455, for browsers and for networks that let nothing else
// through; client and server. Needs wslay, so tenon.hpp does not include it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/transport/connections.hpp"
#include "tenon/transport/upgrade.hpp"
#include "tenon/transport/wslay.hpp"

namespace tenon::transport {

namespace detail {

class WebSocketFraming {
  public:
    using Options = WebSocketOptions;

    // "ws://HOST:PORT/path", "wss://..." over Tls, or HOST:PORT/path; without a port 80, or 443.
    static Result<Location> locate(std::string_view text, bool encrypted);

    void begin(const Options& options, bool dialled, const ConnectionAddress& to, const Asked& asked,
               Random& random, ByteQueue& out);
    bool is_open() const { return state_ == State::open; }
    // A client's frames wait until the server has agreed to hear them.
    BytesIn sendable(BytesIn waiting) const { return waiting.first(waiting.size() - held_); }
    void finish(ByteQueue& out) { close(out, normal); }

    bool write(ByteQueue& out, BytesIn frame) {
        const std::size_t before = out.size();
        if (state_ == State::closed || !frames_.write(out, Opcode::binary, frame, dialled_)) return false;
        if (!is_open()) held_ += out.size() - before;
        return true;
    }
    FrameRead read(ByteQueue& in, ByteQueue& out) {
        if (state_ == State::upgrading) return upgrade(in, out);
        if (state_ == State::closed) return {What::over, {}, 0, Error::malformed};
        if (delivered_) {
            message_.clear();
            delivered_ = false;
        }
        for (;;) {
            const FramePiece piece = frames_.read(in);
            if (piece.what == FramePiece::What::more) return {};
            if (piece.what == FramePiece::What::malformed) return fail(out, protocol_error);
            const FrameRead read = heed(piece, out);
            if (read.what != What::again) return read;
        }
    }

  private:
    using What = FrameRead::What;
    enum class State : std::uint8_t { upgrading, open, closed };
    enum Code : std::uint16_t {
        normal = 1000,
        protocol_error = 1002,
        unsupported = 1003,
        policy = 1008,
        too_big = 1009,
    };
    static constexpr std::size_t pongs_max = 16 << 10; // bytes that may wait when another ping is answered

    FrameRead upgrade(ByteQueue& in, ByteQueue& out);
    FrameRead heed(const FramePiece& piece, ByteQueue& out);
    bool begins_well(const FramePiece& piece) const;
    FrameRead heed_control(ByteQueue& out);

    void close(ByteQueue& out, std::uint16_t code) {
        if (state_ != State::open) return;
        state_ = State::closed;
        const std::byte bytes[2] = {static_cast<std::byte>(code >> 8), static_cast<std::byte>(code & 0xFF)};
        (void)frames_.write(out, Opcode::close, code == 0 ? BytesIn() : BytesIn(bytes), dialled_);
    }
    FrameRead fail(ByteQueue& out, Code code) {
        close(out, code);
        return {What::over, {}, 0, code == too_big ? Error::too_large : Error::malformed};
    }

    WslayFrames frames_;
    HttpHeadEnd head_end_;
    const Options* options_ = nullptr;
    std::string key_;        // a client's
    ByteQueue message_;      // what has come of a message that came in pieces
    std::size_t held_ = 0;   // bytes at the end of what waits that are not to leave yet
    std::uint64_t left_ = 0; // bytes of the frame that is being read
    std::array<std::byte, 125> control_{};
    std::size_t control_size_ = 0;
    Opcode opcode_ = Opcode::more; // of the frame that is being read
    State state_ = State::upgrading;
    bool dialled_ = false;
    bool in_frame_ = false, in_message_ = false, last_ = false, delivered_ = false;
};

inline Result<Location> WebSocketFraming::locate(std::string_view text, bool encrypted) {
    const std::string_view scheme = scheme_of(text);
    if (text.find("://") != std::string_view::npos) {
        const bool secure = same_word(scheme, "wss");
        if (!secure && !same_word(scheme, "ws")) return Error::bad_address;
        if (secure != encrypted) return Error::encryption_mismatch;
    }
    return detail::locate(text, encrypted ? ":443" : ":80");
}

inline void WebSocketFraming::begin(const Options& options, bool dialled, const ConnectionAddress& to,
                                    const Asked& asked, Random& random, ByteQueue& out) {
    options_ = &options;
    dialled_ = dialled;
    if (!frames_.open(random)) state_ = State::closed;
    if (!dialled) return;
    std::array<std::uint8_t, 16> nonce{};
    for (std::uint8_t& byte : nonce) byte = static_cast<std::uint8_t>(random.next() >> 24);
    key_ = base64(nonce.data(), nonce.size());
    const std::string place(to.IpAddress::text().view());
    const std::string host = asked.host.empty() ? place : asked.host + place.substr(place.rfind(':'));
    const std::string path = !asked.path.empty() ? asked.path : options.path.empty() ? "/" : options.path;
    if (!out.append(bytes_of(upgrade_request(host, path, key_, options)))) state_ = State::closed;
}

inline FrameRead WebSocketFraming::upgrade(ByteQueue& in, ByteQueue& out) {
    const HttpHeadEnd::Found found = head_end_.look(in.front());
    if (found == HttpHeadEnd::Found::more) return {};
    HttpHead head;
    const bool sound =
        found == HttpHeadEnd::Found::whole && head.read(text_of(in.front().first(head_end_.size())));
    if (dialled_) {
        const Error error = sound ? judge_response(head, key_, *options_) : Error::malformed;
        if (error != Error::none) return {What::over, {}, 0, error};
        held_ = 0;
    } else {
        const UpgradeVerdict verdict = sound ? judge_upgrade(head, *options_) : UpgradeVerdict{};
        const bool too_large = found == HttpHeadEnd::Found::too_large || head.is_full();
        const std::string response =
            upgrade_response(sound || !too_large ? verdict : UpgradeVerdict{431, {}, false}, *options_);
        if (!out.append(bytes_of(response)) || verdict.status != 101)
            return {What::over, {}, 0, verdict.status == 400 ? Error::malformed : Error::refused};
    }
    in.take(head_end_.size());
    state_ = State::open;
    return {What::again, {}, 0, Error::none};
}

// Of the first piece of a frame.
inline bool WebSocketFraming::begins_well(const FramePiece& piece) const {
    if (piece.masked == dialled_ || piece.reserved_bits) return false; // clients mask, servers don't
    switch (piece.opcode) {
        case Opcode::more:
            return in_message_;
        case Opcode::text:
        case Opcode::binary:
            return !in_message_;
        case Opcode::close:
        case Opcode::ping:
        case Opcode::pong:
            return piece.last && piece.size <= 125;
        default:
            return false;
    }
}

inline FrameRead WebSocketFraming::heed(const FramePiece& piece, ByteQueue& out) {
    constexpr FrameRead next{What::again, {}, 0, Error::none};
    if (!in_frame_) {
        if (!begins_well(piece)) return fail(out, protocol_error);
        if (piece.opcode == Opcode::text) return fail(out, unsupported);
        in_frame_ = true;
        opcode_ = piece.opcode;
        left_ = piece.size;
        last_ = piece.last;
        control_size_ = 0;
        if (!is_control(opcode_)) {
            in_message_ = true;
            if (piece.size > frame_max - message_.size()) return fail(out, too_big);
        }
    }
    left_ -= piece.bytes.size();
    in_frame_ = left_ != 0;
    if (is_control(opcode_)) {
        copy(control_.data() + control_size_, piece.bytes);
        control_size_ += piece.bytes.size();
        return in_frame_ ? next : heed_control(out);
    }
    const bool whole = !in_frame_ && last_;
    // What came in one piece lies where wslay has it.
    if (whole && message_.empty() && !piece.bytes.empty()) {
        in_message_ = false;
        return {What::frame, piece.bytes, 0, Error::none};
    }
    if (!message_.append(piece.bytes)) return fail(out, too_big);
    if (!whole) return next;
    in_message_ = false;
    if (message_.empty()) return fail(out, policy); // a frame holds something
    delivered_ = true;
    return {What::frame, message_.front(), 0, Error::none};
}

inline FrameRead WebSocketFraming::heed_control(ByteQueue& out) {
    const BytesIn payload = BytesIn(control_).first(control_size_);
    if (opcode_ == Opcode::ping && out.size() < pongs_max)
        (void)frames_.write(out, Opcode::pong, payload, dialled_);
    if (opcode_ != Opcode::close) return {What::again, {}, 0, Error::none};
    std::uint16_t code = 0; // none was said
    if (payload.size() == 1) return fail(out, protocol_error);
    if (payload.size() >= 2) {
        code = static_cast<std::uint16_t>(std::to_integer<unsigned>(payload[0]) << 8 |
                                          std::to_integer<unsigned>(payload[1]));
        const bool known = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                           (code >= 3000 && code <= 4999);
        if (!known) return fail(out, protocol_error);
    }
    close(out, code);
    return {What::over, {}, 0, Error::closed};
}

} // namespace detail

using WebSocket = Connections<detail::WebSocketFraming, detail::Clear>;

} // namespace tenon::transport
