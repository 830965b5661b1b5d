#pragma once
// The arena over real sockets, encrypted, with a bad line for who asks for one; without it Impaired passes all
// through. Where libsodium is missing it is played in plaintext, and says so.

#include <string>
#include <tenon.hpp>
#include <utility>

#include "game.hpp"
#include "player.hpp"
#include "server.hpp"

#if !TENON_WITHOUT_SODIUM
#include <tenon/secure/key_file.hpp>
#endif

namespace arena {

using Wire = tenon::transport::Impaired<tenon::transport::Udp>;

inline Wire make_wire(const tenon::transport::Impairment& impairment, std::uint64_t seed) {
    return Wire(tenon::transport::Udp(), impairment, seed);
}

#if TENON_WITHOUT_SODIUM
inline constexpr bool encrypts = false;
using Line = Wire;

inline tenon::Result<Line> server_line(Wire wire, const std::string&) { return wire; }
inline tenon::Result<Line> player_line(Wire wire, const std::string&, const std::string&) { return wire; }
inline std::string name_of(Line&) { return "anybody, in plaintext: libsodium is not here"; }
#else
inline constexpr bool encrypts = true;
using Line = tenon::transport::Secure<Wire>;

// With the key of this file, which is made where there is none, or with one for this run alone.
inline tenon::Result<Line> server_line(Wire wire, const std::string& file) {
    if (file.empty()) return Line(std::move(wire));
    auto identity = tenon::secure::load_or_make_identity(file.c_str());
    if (!identity) return identity.error();
    return Line(tenon::secure::Keyring(std::move(*identity)), std::move(wire));
}
// That joins the server with this key alone, or believes the one that it meets.
inline tenon::Result<Line> player_line(Wire wire, const std::string& address, const std::string& key) {
    Line line(std::move(wire));
    if (key.empty()) return line;
    const auto known = tenon::secure::read_key(key);
    if (!known) return known.error();
    if (const auto pinned = line.keyring().trust.pin(address, *known); !pinned) return pinned.error();
    line.keyring().meets_strangers = false;
    return line;
}
// What players pin.
inline std::string name_of(Line& line) {
    return std::string(tenon::secure::KeyText(line.keyring().identity().key()).view());
}
#endif

using Net = NetOver<Line>;
using Player = PlayerOver<Line>;
using Server = ServerOver<Line>;

} // namespace arena
