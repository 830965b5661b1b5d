#pragma once
// browser::WebTransport: the transport of a session in a web page, to hosts that have
// transport::WebTransport. A game built with Emscripten takes it in place of the native one; it links with
// nothing.

#include "tenon/browser/web_transport_over.hpp"
#include "tenon/browser/web_transport_page.hpp"

namespace tenon::browser {

class WebTransport : public WebTransportOver<detail::WebTransportPage> {
  public:
    using WebTransportOver<detail::WebTransportPage>::WebTransportOver;
};

} // namespace tenon::browser
