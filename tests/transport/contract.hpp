#pragma once
// What every transport promises, tried on two of them. A harness gives: make() a closed transport; carry(t),
// which moves what was flushed towards t, or waits for it; to(address), the form in which the other side
// sends to an opened transport; and `Transport`.

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tenon/transport/concept.hpp"

namespace contract {

using namespace tenon;

template <class Address>
struct Heard {
    Address from{};
    std::string bytes;
};

inline std::string pattern(std::size_t size, unsigned salt) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(salt * 31 + i * 7);
    return text;
}

// Of addresses that are one of several kinds, from how they are written.
template <class Address>
std::uint16_t port_of(const Address& at) {
    if constexpr (requires { at.port; }) {
        return at.port;
    } else {
        const std::string text(std::string_view(at.text()));
        return static_cast<std::uint16_t>(std::stoul(text.substr(text.rfind(':') + 1)));
    }
}

// Everything up to `count` datagrams, or what a patient wait brings.
template <class Harness, class T>
auto collect(Harness& harness, T& to, std::size_t count) {
    std::vector<Heard<typename T::Address>> heard;
    // A busy machine may bring them in many small bunches: only tries that bring nothing count.
    for (int idle = 0; idle < 50 && heard.size() < count; ++idle) {
        const std::size_t before = heard.size();
        harness.carry(to);
        to.poll([&](const typename T::Address& from, Lane lane, BytesIn bytes) {
            CHECK(lane == Lane{});
            heard.push_back({from, std::string(text_of(bytes))});
        });
        if (heard.size() != before) idle = -1;
    }
    return heard;
}

template <class Harness>
void opening(Harness& harness) {
    auto a = harness.make(), b = harness.make();
    using Address = typename decltype(a)::Address;
    CHECK(a.send(Address{}, {}, bytes_of("x")) == Sent::closed);
    a.flush();
    a.poll([](const Address&, Lane, BytesIn) { FAIL("a closed transport heard something"); });
    a.wait(Instant{});
    a.close();
    const auto at = a.open(0);
    REQUIRE(at);
    CHECK(port_of(*at) != 0);
    CHECK(a.open(0).error() == Error::already_open);
    CHECK(b.open(port_of(*at)).error() == Error::port_in_use);
    a.close();
    CHECK(a.send(*at, {}, bytes_of("x")) == Sent::closed);
    REQUIRE(b.open(port_of(*at)));
    CHECK(a.open(port_of(*at)).error() == Error::port_in_use);
    CHECK(a.open(0));
}

template <class Harness>
void exchanging(Harness& harness) {
    auto a = harness.make(), b = harness.make();
    const auto at_a = a.open(0), at_b = b.open(0);
    REQUIRE(at_a);
    REQUIRE(at_b);
    const auto to_b = harness.to(b, *at_b);
    std::vector<std::string> said;
    for (unsigned i = 0; i < 200; ++i) {
        // Runs of one size, shorter ends, and single ones of every size.
        said.push_back(pattern(i < 100 ? (i % 10 == 9 ? 3 : 1200) : i * 5 + 1, i));
        CHECK(a.send(to_b, {}, bytes_of(said.back())) == Sent::sent);
    }
    a.flush();
    const auto heard = collect(harness, b, said.size());
    REQUIRE(heard.size() == said.size());
    for (std::size_t i = 0; i < said.size(); ++i) {
        CHECK(heard[i].bytes == said[i]);
        CHECK(heard[i].from == heard[0].from);
        CHECK(heard[i].from.hash() == heard[0].from.hash());
    }
    // The address that it came from is the one to answer to, also from within the handler.
    REQUIRE(a.send(to_b, {}, bytes_of("again")) == Sent::sent);
    a.flush();
    for (int tries = 0, echoed = 0; tries < 50 && echoed == 0; ++tries) {
        harness.carry(b);
        b.poll([&](const auto& from, Lane lane, BytesIn bytes) {
            CHECK(b.send(from, lane, bytes) == Sent::sent);
            ++echoed;
        });
    }
    b.flush();
    const auto echo = collect(harness, a, 1);
    REQUIRE(echo.size() == 1);
    CHECK(echo[0].bytes == "again");
    CHECK(echo[0].from == to_b);
}

template <class Harness>
void sizes(Harness& harness) {
    auto a = harness.make(), b = harness.make();
    REQUIRE(a.open(0));
    const auto at_b = b.open(0);
    REQUIRE(at_b);
    const auto to_b = harness.to(b, *at_b);
    const std::string largest = pattern(65507, 1);
    CHECK(a.send(to_b, {}, bytes_of(largest + "x")) == Sent::too_big);
    CHECK(a.send(to_b, {}, bytes_of("")) == Sent::sent);
    CHECK(a.send(to_b, {}, bytes_of(largest)) == Sent::sent);
    CHECK(a.send(to_b, {}, bytes_of("")) == Sent::sent);
    CHECK(a.send(to_b, {}, bytes_of("end")) == Sent::sent);
    a.flush();
    const auto heard = collect(harness, b, 4);
    REQUIRE(heard.size() == 4);
    CHECK(heard[0].bytes.empty());
    CHECK((heard[1].bytes == largest)); // too long to print
    CHECK(heard[2].bytes.empty());
    CHECK(heard[3].bytes == "end");
}

template <class Harness>
void lending(Harness& harness) {
    auto a = harness.make(), b = harness.make();
    using Address = typename decltype(a)::Address;
    CHECK(a.prepare(Address{}, {}, 10).empty());
    CHECK(a.commit(10) == Sent::closed);
    REQUIRE(a.open(0));
    const auto at_b = b.open(0);
    REQUIRE(at_b);
    const auto to_b = harness.to(b, *at_b);
    CHECK(a.prepare(to_b, {}, 65508).empty());
    for (unsigned i = 0; i < 100; ++i) {
        BytesOut room = a.prepare(to_b, {}, 1200);
        REQUIRE(room.size() == 1200);
        copy(room.data(), bytes_of("thrown away"));
        CHECK(a.commit(0) == Sent::sent);
        room = a.prepare(to_b, {}, 1200);
        REQUIRE(room.size() == 1200);
        const std::string text = pattern(i % 3 == 0 ? 1200 : 100 + i, i);
        copy(room.data(), bytes_of(text));
        CHECK(a.commit(text.size()) == Sent::sent);
    }
    a.flush();
    const auto heard = collect(harness, b, 100);
    REQUIRE(heard.size() == 100);
    for (unsigned i = 0; i < 100; ++i) CHECK(heard[i].bytes == pattern(i % 3 == 0 ? 1200 : 100 + i, i));
}

template <class Harness>
void closing_and_moving(Harness& harness) {
    auto a = harness.make(), b = harness.make();
    REQUIRE(a.open(0));
    const auto at_b = b.open(0);
    REQUIRE(at_b);
    const auto to_b = harness.to(b, *at_b);
    auto moved = std::move(a);
    for (int i = 0; i < 50; ++i) CHECK(moved.send(to_b, {}, bytes_of(pattern(1200, 5))) == Sent::sent);
    moved.flush();
    std::size_t heard = 0;
    for (int tries = 0; tries < 50 && heard == 0; ++tries) {
        harness.carry(b);
        b.poll([&](const auto&, Lane, BytesIn bytes) {
            ++heard;
            b.close();
            CHECK(text_of(bytes) == pattern(1200, 5)); // still there, though the socket is not
            CHECK(b.open(port_of(*at_b)));
        });
    }
    CHECK(heard == 1);
    REQUIRE(moved.send(to_b, {}, bytes_of("new")) == Sent::sent);
    moved.flush();
    std::vector<std::string> last;
    // What a thread of its own had still to send to the port comes before it.
    for (int tries = 0; tries < 51 && (last.empty() || last.back() != "new"); ++tries)
        for (const auto& one : collect(harness, b, 1)) last.push_back(one.bytes);
    REQUIRE(!last.empty());
    CHECK(last.back() == "new");
}

template <class Harness>
void resolving(Harness& harness) {
    auto a = harness.make();
    REQUIRE(a.open(0));
    for (const char* text :
         {"", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3:4", "1.2.3.256:4",
          "1.2.3.4:4x", "[::1", "[::1]", "[]:4", "[zz]:4", "::1:4", "a b:4", "-1"}) {
        CAPTURE(text);
        CHECK(!a.resolve(text));
    }
    const auto full = a.resolve("192.0.2.1:4000");
    REQUIRE(full);
    CHECK(port_of(*full) == 4000);
    CHECK(full->text().view() == "192.0.2.1:4000");
    CHECK(*full == *a.resolve(full->text()));
    CHECK(*full != *a.resolve("192.0.2.1:4001"));
    CHECK(*full != *a.resolve("192.0.2.2:4000"));
    CHECK(*a.resolve(":4000") == *a.resolve("4000"));
    CHECK(*a.resolve(":4000") == *a.resolve("localhost:4000"));
    CHECK(a.resolve("nonexistent.invalid:1").error() == Error::unknown_host);
    CHECK(a.entropy() != a.entropy());
}

template <class Harness>
void all(Harness& harness) {
    static_assert(CheckTransport<typename Harness::Transport>::ok);
    opening(harness);
    exchanging(harness);
    sizes(harness);
    closing_and_moving(harness);
    resolving(harness);
    if constexpr (LendsBuffer<typename Harness::Transport>) lending(harness);
}

} // namespace contract
