#pragma once
// What a program that encrypts has of its own: who it is, whom it believes, and from where its keys come. A
// guard uses one, and transport::Secure brings both.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "tenon/core/bytes.hpp"
#include "tenon/secure/identity.hpp"
#include "tenon/secure/label.hpp"
#include "tenon/secure/sodium.hpp"
#include "tenon/secure/trust.hpp"

namespace tenon::secure {

// Who this program is, and whom it believes. Without an identity of its own it has one for as long as it
// runs.
class Keyring {
  public:
    explicit Keyring(Identity identity = Identity::make(), Trust trusted = {})
        : trust(std::move(trusted)), identity_(std::move(identity)), exchange_(identity_.exchange()) {}

    // All keys, its identity too, come from the seed, so that a simulation can be played again. Whoever knows
    // the seed knows the keys.
    static Keyring for_tests(std::uint64_t seed) {
        std::byte bytes[32] = {};
        store_le(bytes, seed);
        const Secret<32> start{std::span<const std::byte, 32>(bytes)};
        Keyring made{Identity(start)};
        made.seed_ = start.copy();
        made.is_foretold_ = true;
        return made;
    }

    // Bytes for keys, from the system.
    void draw(BytesOut out) {
        if (!is_foretold_) return random_bytes(out);
        std::byte number[8];
        store_le(number, ++drawn_);
        hkdf(out, number, seed_.bytes(), bytes_of("tenon keys of a test"));
    }
    Secret<32> secret() {
        Secret<32> made;
        draw(made.out());
        return made;
    }

    const Identity& identity() const { return identity_; }
    const ExchangeKeys& exchange() const { return exchange_; }

    // The hosts that are known, under what is typed to join them: join(NAME).
    Trust trust;
    // A host that was never met is believed the first time, and known from then on. False: only pinned ones
    // are.
    bool meets_strangers = true;

    // What was typed stands for this address from now on, until something else is typed.
    void typed(std::string_view name, std::string_view address) {
        if (name_.set(name) && address_.set(address)) return;
        name_ = {};
        address_ = {};
    }
    // Under what the host at this address is known.
    Name name_of(std::string_view address) const {
        Name name;
        if (!address.empty() && address_ == address) return name_;
        (void)name.set(address);
        return name;
    }

  private:
    Identity identity_;
    ExchangeKeys exchange_;
    Name name_;
    Label<64> address_;
    Secret<32> seed_;
    std::uint64_t drawn_ = 0;
    bool is_foretold_ = false;
};

} // namespace tenon::secure
