#pragma once
// WebTransportOver: BesideOver above a page that has WebTransport's streams and datagrams, to hosts that may
// be known by a certificate of their own. WebTransport is it in a browser; tests give it a page of their own.

#include <cstddef>
#include <string_view>

#include "tenon/browser/beside_over.hpp"
#include "tenon/browser/stream_page.hpp"
#include "tenon/transport/address.hpp"

namespace tenon::browser {

template <class Bytes>
class WebTransportOver : public BesideOver<detail::StreamPage<Bytes>, true> {
    using Base = BesideOver<detail::StreamPage<Bytes>, true>;

  public:
    using typename Base::Address;
    static constexpr TransportTraits traits = Base::traits;
    static constexpr std::size_t print_digits = 64; // of a SHA-256

    using Base::Base;

    // "https://HOST:PORT/path", or HOST:PORT/path; and behind "#" the fingerprint of the host's certificate,
    // as its fingerprint() gives it, where no authority has signed that.
    Result<Address> resolve(std::string_view text) const {
        const std::size_t mark = text.find('#');
        if (mark != std::string_view::npos && !is_print(text.substr(mark + 1))) return Error::bad_address;
        return Base::resolve(text, {.plain = "https", .secure = "https", .marks = true});
    }

  private:
    static bool is_print(std::string_view text) {
        for (const char c : text)
            if (transport::detail::hex_digit(c) < 0) return false;
        return text.size() == print_digits;
    }
};

} // namespace tenon::browser
