#pragma once
// browser::WebRtc: the transport of a session in a web page, to hosts that have transport::WebRtc: what is
// lost on the way there does not hold up what may be lost. A game built with Emscripten takes it in place of
// the native one; it links with nothing.

#include "tenon/browser/rtc_page.hpp"
#include "tenon/browser/web_rtc_over.hpp"

namespace tenon::browser {

class WebRtc : public WebRtcOver<detail::RtcPage> {
  public:
    using WebRtcOver<detail::RtcPage>::WebRtcOver;
};

// The same to rtcs:// addresses alone: what the two show each other comes over TLS, so that nobody can stand
// between, and a guest may show what lets it in.
class TlsWebRtc : public WebRtcOver<detail::RtcPage, true> {
  public:
    using WebRtcOver<detail::RtcPage, true>::WebRtcOver;
};

} // namespace tenon::browser
