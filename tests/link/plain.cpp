#include "tenon/link/plain.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace tenon;

TEST_CASE("a plain guard encloses nothing and changes nothing") {
    const Plain guard;
    Plain::Visit visit = guard.visit("host:1");
    Plain::Visitor visitor;
    const Checksum seal(5);
    const std::array<std::byte, 3> body{std::byte{1}, std::byte{2}, std::byte{3}};
    std::array<std::byte, 9> out{};
    ByteWriter writer(out);
    guard.show(writer);
    CHECK(writer.position() == 0);
    guard.enclose(visit, {}, body, writer);
    guard.enclose(visitor, {}, body, writer);
    guard.enclose(seal, {}, body, writer);
    CHECK(writer.position() == 9);
    for (std::size_t i = 0; i < 9; ++i) CHECK(out[i] == body[i % 3]);
    ByteReader nothing;
    CHECK(guard.read_challenge(visit, nothing) == Error::none);
    CHECK(guard.open(visit, {}, body, {})->data() == body.data());
    CHECK(guard.open(visitor, {}, body, {})->data() == body.data());
    CHECK(guard.open(seal, {}, body, {})->data() == body.data());
}

TEST_CASE("both sides come to the same key, which depends on the build and on what each of them said") {
    const Plain guard;
    const std::uint64_t key = guard.key(Plain::Visit(), 1, 2, 3);
    CHECK(key == link_key(1, 2, 3));
    CHECK(key == guard.key(Plain::Visitor(), 1, 2, 3));
    CHECK(key != guard.key(Plain::Visit(), 2, 2, 3));
    CHECK(key != guard.key(Plain::Visit(), 1, 3, 3));
    CHECK(key != guard.key(Plain::Visit(), 1, 2, 4));
    CHECK(guard.next_key(Checksum(9), 1, 5, 6) == link_key(1, 5, 6));
}

TEST_CASE("only who has the link's key can ask for its place") {
    const Plain guard;
    CHECK(guard.prove(Checksum(1), 2, PeerId{3}) == resume_proof(1, 2, PeerId{3}));
    CHECK(guard.prove(Checksum(1), 2, PeerId{3}) != guard.prove(Checksum(2), 2, PeerId{3}));
}
