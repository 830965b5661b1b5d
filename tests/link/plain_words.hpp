#pragma once
// The words at the door of a room that is guarded by nothing, whole, for tests that write and read them
// themselves.

#include "tenon/link/handshake.hpp"
#include "tenon/link/plain.hpp"

namespace plain {

using tenon::BytesIn;
using tenon::BytesOut;
using tenon::Plain;

inline std::size_t write(BytesOut into, const tenon::Hello& hello) {
    return tenon::write(into, hello, Plain());
}
inline std::size_t write(BytesOut into, const tenon::Challenge& challenge) {
    return tenon::write(into, challenge, Plain());
}
inline std::size_t write(BytesOut into, const tenon::Connect& connect) {
    Plain::Visit visit;
    return tenon::write(into, connect, Plain(), visit);
}
inline std::size_t write(BytesOut into, const tenon::Accept& accept) {
    Plain::Visitor visitor;
    return tenon::write(into, accept, Plain(), visitor);
}

inline tenon::Result<tenon::Hello> read_hello(BytesIn datagram) {
    return tenon::read_hello(datagram, Plain());
}
inline tenon::Result<tenon::Challenge> read_challenge(BytesIn datagram) {
    tenon::ByteReader shown;
    return tenon::read_challenge(datagram, shown);
}
inline tenon::Result<tenon::Connect> read_request(BytesIn datagram) {
    auto connect = tenon::read_connect(datagram);
    Plain::Visitor visitor;
    if (!connect) return connect;
    const tenon::Error error = tenon::open(datagram, *connect, Plain(), visitor, {});
    if (error != tenon::Error::none) return error;
    return connect;
}
inline tenon::Result<tenon::Accept> read_accept(BytesIn datagram) {
    Plain::Visit visit;
    return tenon::read_accept(datagram, Plain(), visit);
}

} // namespace plain
