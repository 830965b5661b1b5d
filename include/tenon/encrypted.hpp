#pragma once
// What tenon.hpp has of encryption: the transport that the profiles take, and the keys with which it begins.
// Without libsodium (TENON_WITHOUT_SODIUM) it is the sentence that says so to whoever wants to encrypt; all
// else is as it was.

#include "tenon/check_session.hpp"
#include "tenon/core/config.hpp"
#include "tenon/transport/concept.hpp"

#if TENON_WITHOUT_SODIUM
namespace tenon {

namespace transport {
template <class Inner>
class Secure; // which profile/default.hpp names
}

template <class Inner>
struct CheckTransport<transport::Secure<Inner>> {
    static constexpr bool ok = false;
};

namespace detail {

template <class Game, class Inner, class... Others>
struct SessionGate<false, Game, transport::Secure<Inner>, Others...> {
    static_assert(sizeof(Inner*) == 0,
                  "tenon: profiles encrypt, which needs libsodium, and it is not here: install "
                  "libsodium-dev (Debian), or ask for plaintext on purpose: "
                  "profile::Action<Game, transport::Udp>");
    template <class... Args>
    explicit SessionGate(Args&&...) {}
};

} // namespace detail

} // namespace tenon
#else
#include "tenon/secure/secure.hpp"
#endif
