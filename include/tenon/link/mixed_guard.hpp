#pragma once
// The guard of a host that is reached over several roads: datagrams are met and sealed as its inner guard
// does it, and frames of connections in the plain, since a connection encrypts or does not by itself. Which
// of the two a caller is, its address says. A transport of several roads has it for its Guard.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/bytes.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/ids.hpp"
#include "tenon/core/siphash.hpp"
#include "tenon/link/mixed_link.hpp"
#include "tenon/link/plain.hpp"
#include "tenon/transport/concept.hpp"
#include "tenon/wire/varint.hpp"

namespace tenon {

template <class Inner, bool datagrams_beside = false, bool bulk_beside = false>
class MixedGuard {
    using InnerSeal = typename Inner::Seal;

  public:
    using Seal = MixedSeal<InnerSeal, datagrams_beside, bulk_beside>;
    using Key = typename Seal::Key;
    using Kin = typename Inner::Kin;
    using Visit = typename Inner::Visit; // who visits with it goes by datagrams
    struct Visitor {
        bool stream = false, beside = false; // over a connection, and one with datagrams beside
        typename Inner::Visitor datagrams{};

        BytesIn key() const { return stream ? BytesIn() : datagrams.key(); }
        bool is_at(const InnerSeal& seal) const { return !stream && datagrams.is_at(seal); }
    };
    static constexpr bool is_private = Inner::is_private;
    static constexpr std::size_t hello_bytes = Inner::hello_bytes, enclosing_bytes = Inner::enclosing_bytes,
                                 desk_bytes = Inner::desk_bytes;
    static constexpr std::size_t accept_bytes_max =
        Inner::accept_bytes_max > Plain::accept_bytes_max ? Inner::accept_bytes_max : Plain::accept_bytes_max;
    static_assert(hello_bytes == Plain::hello_bytes); // of which both kinds of callers send as much

    MixedGuard() = default;
    explicit MixedGuard(const Inner& inner) : inner_(inner) {}

    // ---- a guest

    Visit visit(std::string_view address) const { return inner_.visit(address); }
    Error read_challenge(Visit& visit, ByteReader& shown) const {
        return inner_.read_challenge(visit, shown);
    }
    void enclose(Visit& visit, BytesIn head, BytesIn body, ByteWriter& out) const {
        inner_.enclose(visit, head, body, out);
    }
    Result<BytesIn> open(Visit& visit, BytesIn head, BytesIn enclosed, BytesOut desk) const {
        return inner_.open(visit, head, enclosed, desk);
    }
    Key key(const Visit& visit, std::uint64_t schema, std::uint64_t nonce, std::uint64_t host_nonce) const {
        return inner_.key(visit, schema, nonce, host_nonce);
    }

    // ---- a host

    // Of who speaks from there.
    Visitor visitor(const auto& from) const {
        Visitor visitor;
        visitor.stream = is_stream(from);
        visitor.beside = has_datagrams_beside(from);
        return visitor;
    }
    SipKey door_key(const SipKey& drawn) const { return inner_.door_key(drawn); }
    void show(ByteWriter& out) const { inner_.show(out); }
    Result<BytesIn> open(Visitor& visitor, BytesIn head, BytesIn enclosed, BytesOut desk) const {
        if (visitor.stream) return enclosed;
        return inner_.open(visitor.datagrams, head, enclosed, desk);
    }
    void enclose(Visitor& visitor, BytesIn head, BytesIn body, ByteWriter& out) const {
        visitor.stream ? out.bytes(body) : inner_.enclose(visitor.datagrams, head, body, out);
    }
    Key key(const Visitor& visitor, std::uint64_t schema, std::uint64_t nonce,
            std::uint64_t host_nonce) const {
        if (visitor.stream)
            return visitor.beside ? Key::of_both(link_key(schema, nonce, host_nonce)) : Key::of_stream();
        return inner_.key(visitor.datagrams, schema, nonce, host_nonce);
    }
    // Whether there may be a key by which a ban knows the visitor; over a connection none is proved.
    static bool has_key(const Visitor& visitor) { return !visitor.stream; }
    template <class By = Inner>
    static auto exchange_key(const Visitor& visitor) -> decltype(By::exchange_key(visitor.datagrams)) {
        return By::exchange_key(visitor.datagrams);
    }
    template <class By = Inner>
    static auto exchange_key(const InnerSeal& seal) -> decltype(By::exchange_key(seal)) {
        return By::exchange_key(seal);
    }
    std::uint64_t room_key(std::uint64_t drawn) const { return inner_.room_key(drawn); }

    // ---- both, of a link over datagrams that is to go on

    std::uint64_t prove(const InnerSeal& seal, std::uint64_t nonce, PeerId peer) const {
        return inner_.prove(seal, nonce, peer);
    }
    void enclose(const InnerSeal& seal, BytesIn head, BytesIn body, ByteWriter& out) const {
        inner_.enclose(seal, head, body, out);
    }
    Result<BytesIn> open(const InnerSeal& seal, BytesIn head, BytesIn enclosed, BytesOut desk) const {
        return inner_.open(seal, head, enclosed, desk);
    }
    Key next_key(const InnerSeal& seal, std::uint64_t schema, std::uint64_t nonce,
                 std::uint64_t host_nonce) const {
        return inner_.next_key(seal, schema, nonce, host_nonce);
    }

  private:
    Inner inner_{};
};

// Of a transport: its own guard, that of its roads, or the one that keeps nobody out.
namespace detail {
template <class Transport>
struct FindGuard {
    using type = Plain;
};
template <class Transport>
requires requires { typename Transport::Guard; }
struct FindGuard<Transport> {
    using type = typename Transport::Guard;
};
template <class Transport>
requires(TransportTraits(Transport::traits).mixed &&
         !requires { typename Transport::Guard; }) struct FindGuard<Transport> {
    using type =
        MixedGuard<typename FindGuard<typename Transport::GuardedRoad>::type,
                   TransportTraits(Transport::traits).datagrams, TransportTraits(Transport::traits).bulk>;
};
} // namespace detail

template <class Transport>
using GuardOf = typename detail::FindGuard<Transport>::type;
template <class Transport>
GuardOf<Transport> guard_of(const Transport& transport) {
    if constexpr (requires { transport.guard(); })
        return GuardOf<Transport>(transport.guard());
    else
        return {};
}

} // namespace tenon
