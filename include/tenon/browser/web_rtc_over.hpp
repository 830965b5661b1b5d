#pragma once
// WebRtcOver: BesideOver above a page that has WebRTC's data channels. WebRtc is it in a browser; tests give
// it a page of their own.

#include <string_view>

#include "tenon/browser/beside_over.hpp"

namespace tenon::browser {

// `encrypted`: introduced over wss:// alone.
template <class Page, bool encrypted = false>
class WebRtcOver : public BesideOver<Page, encrypted> {
    using Base = BesideOver<Page, encrypted>;

  public:
    using typename Base::Address;
    static constexpr TransportTraits traits = Base::traits;

    using Base::Base;

    // "rtc://HOST:PORT/path", "rtcs://HOST/path", or HOST:PORT/path, which is meant as the page was loaded.
    // Without a path it is /rtc.
    Result<Address> resolve(std::string_view text) const {
        return Base::resolve(text, {.plain = "rtc", .secure = "rtcs", .path = "/rtc"});
    }
};

} // namespace tenon::browser
