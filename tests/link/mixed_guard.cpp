#include "tenon/link/mixed_guard.hpp"

#include <doctest/doctest.h>

#include <array>
#include <type_traits>

#include "tenon/transport/memory.hpp"

using namespace tenon;

namespace {

struct Watched : Plain {
    int number = 0;
};
struct Guarded : transport::Memory {
    using Guard = Watched;
    Watched guard() const { return {{}, 7}; }
};
struct Mixed {
    static constexpr TransportTraits traits{.connected = true, .mixed = true};
    using GuardedRoad = Guarded;
    Watched guard() const { return {{}, 9}; }
};
struct From {
    bool stream;
    bool is_stream() const { return stream; }
};

} // namespace

TEST_CASE("a transport brings its own guard, that of its roads, or none") {
    static_assert(std::is_same_v<GuardOf<transport::Memory>, Plain>);
    static_assert(std::is_same_v<GuardOf<Guarded>, Watched>);
    static_assert(std::is_same_v<GuardOf<Mixed>, MixedGuard<Watched>>);
    CHECK(guard_of(Guarded()).number == 7);
    const Plain plain = guard_of(transport::Memory());
    CHECK(plain.room_key(5) == 5);
    CHECK(guard_of(Mixed()).room_key(5) == 5);
}

TEST_CASE(
    "who speaks in frames of a connection gets no key, and who sends packets that of the guard inside") {
    const MixedGuard<Plain> guard;
    auto flies = guard.visitor(From{false}), walks = guard.visitor(From{true});
    CHECK(!flies.stream);
    CHECK(walks.stream);
    CHECK(!guard.key(flies, 1, 2, 3).stream);
    CHECK(guard.key(flies, 1, 2, 3).datagrams == link_key(1, 2, 3));
    CHECK(guard.key(walks, 1, 2, 3).stream);
    CHECK(!guard.visitor(transport::MemoryAddress{1, 2}).stream); // an address that says nothing
    CHECK(guard.key(Plain::Visit(), 1, 2, 3).datagrams == link_key(1, 2, 3));
    CHECK(guard.next_key(Checksum(9), 1, 5, 6).datagrams == link_key(1, 5, 6));
    CHECK(guard.prove(Checksum(1), 2, PeerId{3}) == resume_proof(1, 2, PeerId{3}));
    CHECK(walks.key().empty());
    CHECK(!walks.is_at(Checksum(1)));
    const std::array<std::byte, 3> body{std::byte{1}, std::byte{2}, std::byte{3}};
    std::array<std::byte, 9> out{};
    ByteWriter writer(out);
    guard.show(writer);
    guard.enclose(flies, {}, body, writer);
    guard.enclose(walks, {}, body, writer);
    guard.enclose(Checksum(5), {}, body, writer);
    CHECK(writer.position() == 9);
    CHECK(guard.open(walks, {}, body, {})->data() == body.data());
    CHECK(guard.open(flies, {}, body, {})->data() == body.data());
}
