#pragma once
// transport::Secure: any transport, with everything that goes over it encrypted and signed. Sessions and
// halls find its guard and seal their links with it; the datagrams themselves it only carries.

#include <memory>
#include <string_view>
#include <utility>

#include "tenon/secure/guard.hpp"
#include "tenon/transport/concept.hpp"

namespace tenon::transport {

template <class Inner>
class Secure : public Inner {
  public:
    using Guard = secure::Guard;
    static constexpr TransportTraits traits = [] {
        TransportTraits inner = Inner::traits;
        inner.encrypted = inner.guarded = true;
        return inner;
    }();
    // With an identity for as long as it lives, which believes each host the first time.
    Secure() : Secure(secure::Keyring()) {}
    explicit Secure(Inner inner) : Secure(secure::Keyring(), std::move(inner)) {}
    explicit Secure(secure::Keyring&& keyring, Inner inner = Inner())
        : Inner(std::move(inner)),
          own_(std::make_unique<secure::Keyring>(std::move(keyring))),
          guard_(*own_) {}
    // With the program's, which several may share, and which outlives them.
    explicit Secure(secure::Keyring& keyring, Inner inner = Inner())
        : Inner(std::move(inner)), guard_(keyring) {}

    Result<typename Inner::Address> resolve(std::string_view name) {
        auto address = Inner::resolve(name);
        if (address) keyring().typed(name, address->text());
        return address;
    }
    const Guard& guard() const { return guard_; }
    secure::Keyring& keyring() { return guard_.keyring(); }

  private:
    std::unique_ptr<secure::Keyring> own_; // where it stays when this is moved
    Guard guard_;
};

} // namespace tenon::transport
