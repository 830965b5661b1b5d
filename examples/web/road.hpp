#pragma once
// Road: the transport of the arena's page: browser::WebSocket, or browser::WebRtc where the page is asked for
// it. A game that takes one of them names it in the alias of its session, and needs nothing of this.

#include <string_view>
#include <tenon/browser/web_rtc.hpp>
#include <tenon/browser/web_socket.hpp>

namespace arena {

class Road {
    decltype(auto) on(auto&& f) { return is_rtc_ ? f(rtc_) : f(web_socket_); }

  public:
    using WebSocket = tenon::browser::WebSocket;
    using WebRtc = tenon::browser::WebRtc;
    using Address = tenon::browser::Url;
    static constexpr tenon::TransportTraits traits = WebSocket::traits;

    Road() = default;
    // "rtc://..." is WebRTC; anything else a WebSocket.
    explicit Road(std::string_view url) : is_rtc_(url.substr(0, 3) == "rtc") {}

    auto open(std::uint16_t port) {
        return on([&](auto& road) { return road.open(port); });
    }
    auto open_to_dial() {
        return on([](auto& road) { return road.open_to_dial(); });
    }
    auto resolve(std::string_view text) {
        return on([&](auto& road) { return road.resolve(text); });
    }
    void close() {
        on([](auto& road) { road.close(); });
    }
    auto send(const Address& to, tenon::Lane lane, tenon::BytesIn frame) {
        return on([&](auto& road) { return road.send(to, lane, frame); });
    }
    auto prepare(const Address& to, tenon::Lane lane, std::size_t size) {
        return on([&](auto& road) { return road.prepare(to, lane, size); });
    }
    auto commit(std::size_t size) {
        return on([&](auto& road) { return road.commit(size); });
    }
    void flush() {}
    void wait(tenon::Instant) {}
    void poll(auto&& ear) {
        on([&](auto& road) { road.poll(ear); });
    }
    auto backlog(const Address& to) {
        return on([&](auto& road) { return road.backlog(to); });
    }
    void hang_up(const Address& to) {
        on([&](auto& road) { road.hang_up(to); });
    }
    void on_arrival(WebSocket::Hook hook, void* context) {
        on([&](auto& road) { road.on_arrival(hook, context); });
    }
    auto entropy() {
        return on([](auto& road) { return road.entropy(); });
    }
    auto counters() {
        return on([](auto& road) { return road.counters(); });
    }
    auto loss() {
        return on([](auto& road) { return road.loss(); });
    }
    bool is_rtc() const { return is_rtc_; }

  private:
    WebSocket web_socket_;
    WebRtc rtc_;
    bool is_rtc_ = false;
};

} // namespace arena
