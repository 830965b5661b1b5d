#include "tenon/link/beside.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/link/link_of.hpp"
#include "tenon/reliability/ack_vector.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

using Both = LinkOf<reliability::NativeWithDatagrams, Checksum>;
struct Wire {
    static constexpr TransportTraits traits{.connected = true, .datagrams = true};
};
static_assert(
    std::is_same_v<ReliabilityOver<Wire, reliability::AckVector>, reliability::NativeWithDatagrams>);
static_assert(says_beside<Both> && !says_beside<StreamLink<reliability::Native, Checksum>>);
constexpr Instant start{1'000'000'000'000};
constexpr std::uint64_t key = 7;
constexpr std::size_t room = 1100;

using Bytes = std::vector<std::byte>;

LinkOptions options(bool asks = false) {
    LinkOptions made;
    made.asks_time = asks;
    made.datagram_bytes = 66'000;
    return made;
}

// Two links whose frames always arrive; their datagrams are the test's to deliver, or to lose.
struct Pair {
    Pool pool{1200, 1 << 20};
    Both here, there;
    Instant now = start;
    std::size_t room_here = room, room_there = room;
    std::vector<Bytes> from_here, from_there;
    std::vector<std::string> heard;
    std::vector<LinkEvent> events;
    std::size_t frames = 0; // of `here`

    explicit Pair(const LinkOptions& with = options())
        : here(pool, with, key, start, Random(1)), there(pool, with, key, start, Random(2)) {
        (void)here.channel(true).append({8}, bytes_of("first"));
        (void)there.channel(true).append({8}, bytes_of("first"));
        step();
        heard.clear();
        events.clear();
        frames = 0;
    }
    static Outbox::Message message(std::uint32_t track = 0, bool newest = false) {
        Outbox::Message made;
        made.type = {9};
        made.track = track;
        made.replaceable = newest;
        return made;
    }
    void say(const std::string& text, std::uint32_t track = 0, bool newest = false) {
        Outbox::Message said = message(track, newest);
        said.queued_at = now;
        CHECK(here.outbox().push(said, bytes_of(text)));
    }
    void write(Both& link, std::size_t most, std::vector<Bytes>& into) {
        std::array<std::byte, 1200> buffer;
        link.look_beside(now, most);
        while (const std::size_t wanted = link.wants_beside(now)) {
            REQUIRE(wanted <= most);
            const std::size_t size = link.transmit_beside(now, BytesOut(buffer).first(wanted));
            REQUIRE(size <= wanted);
            if (size == 0) return;
            into.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
        }
    }
    void step(Duration time = 5_ms) {
        now += time;
        std::array<std::byte, 70'000> buffer;
        for (Both* from : {&here, &there}) {
            Both& to = from == &here ? there : here;
            from->handle_timeout(now);
            from->look(now, 0);
            write(*from, from == &here ? room_here : room_there, from == &here ? from_here : from_there);
            while (const std::size_t size = from->poll_transmit(now, buffer)) {
                frames += from == &here;
                if (to.handle_datagram(now, BytesIn(buffer).first(size))) listen(to);
            }
        }
    }
    void listen(Both& link) {
        for (LinkEvent event; link.poll_event(event);) {
            heard.emplace_back(text_of(event.payload));
            events.push_back(event);
        }
    }
    Error deliver(Both& link, const Bytes& datagram) {
        const Result<> taken = link.handle_beside(now, datagram);
        if (taken) listen(link);
        return taken.error();
    }
    // All that are on their way.
    void deliver() {
        for (const Bytes& datagram : std::exchange(from_here, {}))
            CHECK(deliver(there, datagram) == Error::none);
        for (const Bytes& datagram : std::exchange(from_there, {}))
            CHECK(deliver(here, datagram) == Error::none);
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end;) step(), deliver();
    }
    bool arrived(std::uint32_t& track) { return here.poll_arrived(track); }
};

// A packet as the other side could have sealed it.
Bytes sealed(std::uint64_t number, const Bytes& frames, std::uint64_t with = key) {
    std::array<std::byte, 1200> buffer;
    PacketWriter packet(buffer, number, 0, seal_bytes<Checksum>);
    packet.out().bytes(frames);
    const std::size_t size = packet.seal(Checksum(with));
    return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
}
Bytes bytes(std::initializer_list<int> all) {
    Bytes made;
    for (const int one : all) made.push_back(static_cast<std::byte>(one));
    return made;
}

} // namespace

TEST_CASE("what may be lost goes beside the stream, and what must arrive in it") {
    Pair pair;
    pair.say("state");
    CHECK(pair.here.channel(true).append({8}, bytes_of("word")));
    CHECK(pair.here.push_command({10}, bytes_of("left")));
    pair.step();
    REQUIRE(pair.from_here.size() == 1);
    CHECK(pair.heard == std::vector<std::string>{"word"});
    CHECK(pair.frames == 1);
    pair.deliver();
    CHECK(pair.heard == std::vector<std::string>{"word", "left", "state"});
    CHECK(pair.events[1].kind == LinkEvent::Kind::command);
    CHECK(pair.events[1].number == 1);
    CHECK(pair.events[2].kind == LinkEvent::Kind::unreliable);
    CHECK(pair.events[2].type.value == 9);
    // It stands behind no reliable message, though those wait for a connection that takes nothing.
    pair.here.look(pair.now, 1 << 20);
    CHECK(pair.here.channel(true).append({8}, bytes_of("later")));
    pair.say("at once");
    CHECK(pair.here.wants(pair.now) == 0);
    pair.write(pair.here, room, pair.from_here);
    CHECK(pair.from_here.size() == 1);
    CHECK(pair.here.queue_time() == Duration{});
    CHECK(pair.here.bytes_ahead() == 0);
    CHECK(pair.here.queued_bytes() > 1 << 20);
}

TEST_CASE("nothing is said beside a stream in which nobody was heard") {
    Pool pool(1200, 1 << 20);
    Both link(pool, options(), key, start, Random(1));
    CHECK(link.outbox().push(Pair::message(), bytes_of("state")));
    link.look(start, 0);
    link.look_beside(start, room);
    CHECK(link.wants_beside(start) == 0);
    std::array<std::byte, 2048> buffer;
    const std::size_t size = link.poll_transmit(start, buffer); // so it goes in the stream
    CHECK(std::string(text_of(BytesIn(buffer).first(size))).find("state") != std::string::npos);
}

TEST_CASE(
    "a datagram costs nine bytes above a message in steady state, and acknowledgements none of their own") {
    Pair pair;
    std::size_t said = 0, bytes = 0;
    for (int i = 0; i < 200; ++i) {
        pair.say(std::string(64, 'x'));
        CHECK(pair.there.outbox().push(Pair::message(), bytes_of(std::string(64, 'y'))));
        pair.step(16_ms);
        if (i >= 100)
            for (const Bytes& datagram : pair.from_here) ++said, bytes += datagram.size();
        pair.deliver();
    }
    CHECK(said == 100);
    CHECK(bytes == said * (64 + 9));
}

TEST_CASE("what was tracked is told when its datagram was acknowledged, and not when it was lost") {
    Pair pair;
    std::uint32_t track = 0;
    pair.say("one", 1);
    pair.step();
    pair.from_here.clear(); // lost
    pair.say("two", 2);
    pair.step();
    pair.deliver();
    CHECK(!pair.arrived(track)); // not before it was said
    pair.run(100_ms);
    REQUIRE(pair.arrived(track));
    CHECK(track == 2);
    pair.run(1_s);
    CHECK(!pair.arrived(track));
    CHECK(pair.here.stats().lost == 1);
    CHECK(pair.here.path().loss() > 0);
    CHECK(pair.heard == std::vector<std::string>{"two"});
}

TEST_CASE(
    "what was tracked and went in the stream is told when it is known to be there, since it may be "
    "overtaken") {
    Pair pair;
    pair.run(1_s);
    std::uint32_t track = 0;
    for (const std::uint32_t told : {3u, 4u}) {
        pair.room_here = 0;
        pair.say("state", told);
        std::array<std::byte, 2000> frame, answer;
        pair.here.look(pair.now, 0);
        pair.here.look_beside(pair.now, 0);
        const std::size_t size = pair.here.poll_transmit(pair.now, frame);
        REQUIRE(size != 0);
        CHECK(pair.here.poll_transmit(pair.now, answer) == 0); // it asks once
        pair.room_here = room;
        pair.say("newer");
        pair.now += 20_ms;
        pair.write(pair.here, room, pair.from_here);
        pair.deliver();
        CHECK(pair.heard.back() == "newer");
        CHECK(!pair.arrived(track));
        REQUIRE(pair.there.handle_datagram(pair.now, BytesIn(frame).first(size)));
        pair.listen(pair.there);
        CHECK(pair.heard.back() == "state");
        CHECK(!pair.arrived(track));
        pair.run(50_ms);
        REQUIRE(pair.arrived(track));
        CHECK(track == told);
        CHECK(!pair.arrived(track));
    }
}

TEST_CASE("commands go again until one of their datagrams has arrived, and each is heard once and in order") {
    Pair pair;
    for (int i = 0; i < 100; ++i) {
        CHECK(pair.here.push_command({10}, bytes_of(std::to_string(i))));
        pair.step(16_ms);
        if (i % 3 == 0) pair.from_here.clear();
        std::reverse(pair.from_here.begin(), pair.from_here.end());
        pair.deliver();
    }
    pair.run(1_s);
    REQUIRE(pair.heard.size() == 100);
    for (std::size_t i = 0; i < 100; ++i) CHECK(pair.heard[i] == std::to_string(i));
    for (std::size_t i = 0; i < 100; ++i) CHECK(pair.events[i].number == i + 1);
    CHECK(pair.there.commands_missed() == 0);
    const std::size_t before = pair.here.stats().packets_out;
    pair.run(1_s);
    CHECK(pair.here.stats().packets_out <= before + 4); // and then it is quiet
}

TEST_CASE("datagrams that are forged, another link's, old, or come twice are dropped and counted") {
    Pair pair;
    pair.say("state");
    pair.step();
    REQUIRE(pair.from_here.size() == 1);
    const Bytes datagram = pair.from_here[0];
    for (std::size_t i = 0; i < datagram.size(); ++i) {
        Bytes forged = datagram;
        forged[i] ^= std::byte{0x10};
        CHECK(pair.deliver(pair.there, forged) != Error::none);
    }
    const auto& stats = pair.there.stats();
    CHECK(stats.bad_checksum + stats.malformed == datagram.size());
    for (std::size_t size = 0; size < datagram.size(); ++size)
        CHECK(pair.deliver(pair.there, Bytes(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(
                                                                                      size))) != Error::none);
    CHECK(pair.deliver(pair.there, sealed(1, bytes({0x89, 0x01}), key + 1)) == Error::bad_checksum);
    CHECK(pair.heard.empty());
    CHECK(pair.deliver(pair.there, datagram) == Error::none);
    CHECK(pair.deliver(pair.there, datagram) == Error::duplicate);
    CHECK(stats.duplicate == 1);
    CHECK(pair.heard == std::vector<std::string>{"state"});
    // A number that is further back than anything is late.
    Pair other;
    for (std::uint64_t number = 0; number < 5000; number += 100)
        CHECK(other.deliver(other.there, sealed(number, bytes({0x89, 0x41}))) == Error::none);
    CHECK(other.deliver(other.there, sealed(4900, bytes({0x89, 0x41}))) == Error::duplicate);
    CHECK(other.deliver(other.there, sealed(4850, bytes({0x89, 0x42}))) == Error::none);
    CHECK(pair.there.state() == Both::State::open);
}

TEST_CASE("what has no place beside the stream ends the link, and so does what is no message") {
    const std::initializer_list<Bytes> wrong = {
        bytes({0x04, 0x01}),                         // close
        bytes({0x05, 0x01, 0x00, 0x02, 0x05, 0x01}), // a part of a message
        bytes({0x10, 0x00, 0x00, 0x01}),             // a chunk of a channel
        bytes({0x07, 0x01, 0x01}),                   // what reliability policies add
        bytes({0x09, 0x01}),
        bytes({0x0B, 0x01}), // what streams have
        bytes({0x0E, 0x01}),
        bytes({0xC9, 0x7F}),                               // a message longer than its datagram
        bytes({0x06, 0x01, 0x00, 0x02, 0x0A, 0x01, 0x41}), // one command less than it says
        bytes({0xBF, 0xFF, 0xFF, 0xFF, 0x0F}),             // a type that there can't be
    };
    for (const Bytes& frames : wrong) {
        Pair pair;
        CHECK(pair.deliver(pair.there, sealed(0, frames)) == Error::none);
        CHECK(pair.there.state() == Both::State::closing);
        CHECK(pair.there.reason() == Error::malformed);
        CHECK(pair.there.stats().malformed == 1);
        pair.step();
        CHECK(pair.here.state() == Both::State::closed); // it was told so
    }
    LinkOptions strict = options();
    strict.message_bytes_max = 100;
    Pair pair(strict);
    Bytes large = bytes({0x89});
    large.resize(102, std::byte{1});
    CHECK(pair.deliver(pair.there, sealed(0, large)) == Error::none);
    CHECK(pair.there.reason() == Error::over_bound);
    CHECK(pair.heard.empty());
}

TEST_CASE("what no datagram holds goes in the stream, and each says after which of the others it was said") {
    Pair pair;
    pair.say("one");
    pair.say(std::string(3000, 'x'));
    pair.say("three");
    pair.step();
    CHECK(pair.heard == std::vector<std::string>{std::string(3000, 'x')});
    CHECK(pair.from_here.size() == 1);
    pair.step();
    pair.say("four");
    pair.step();
    CHECK(pair.from_here.size() == 2);
    pair.deliver();
    REQUIRE(pair.events.size() == 4);
    const std::uint64_t streamed = pair.events[0].packet;
    CHECK(pair.events[1].packet < streamed); // "one" and "three", in one datagram
    CHECK(pair.events[2].packet < streamed);
    CHECK(pair.events[3].packet > streamed);
    // A bundle's own frames part ways too.
    Bundle bundle(pair.pool.block_bytes() - sizeof(SharedBytes));
    CHECK(bundle.add({9}, 1, bytes_of("small")));
    CHECK(bundle.add({9}, 2, bytes_of(std::string(1037, 'y'))));
    SharedBytes* shared = SharedBytes::make(pair.pool, bundle.bytes());
    REQUIRE(shared != nullptr);
    Outbox::Message message = Pair::message(0, true);
    message.bundle = true;
    pair.heard.clear();
    CHECK(pair.here.outbox().push(message, *shared));
    shared->release();
    pair.run(20_ms);
    CHECK(pair.heard == std::vector<std::string>{std::string(1037, 'y'), "small"});
}

TEST_CASE("without a way beside the stream all goes in it, commands too, and back again when there is one") {
    Pair pair;
    pair.room_here = 0;
    std::uint32_t track = 0;
    for (int i = 0; i < 10; ++i) {
        pair.room_here = i % 4 < 2 ? 0 : i % 4 == 2 ? 799 : room; // less than 800 bytes are not worth it
        pair.say("state " + std::to_string(i), 5);
        CHECK(pair.here.push_command({10}, bytes_of("command " + std::to_string(i))));
        pair.from_here.clear();
        pair.step();
        CHECK(pair.from_here.size() == (i % 4 == 3 ? 1u : 0u));
        pair.deliver();
        pair.run(100_ms);
        CHECK(pair.arrived(track));
        CHECK(track == 5);
    }
    std::string commands, states;
    for (const std::string& heard : pair.heard) (heard[0] == 'c' ? commands : states) += heard.back();
    CHECK(commands == "0123456789");
    CHECK(states == "0123456789");
    CHECK(pair.there.commands_missed() == 0);
}

TEST_CASE("a list of commands in the stream is read with the same bounds") {
    const auto hear = [](const Bytes& frame) {
        Pair pair;
        CHECK(pair.there.handle_datagram(pair.now, frame));
        pair.listen(pair.there);
        return std::string(name(pair.there.reason())) + " " + std::to_string(pair.heard.size());
    };
    CHECK(hear(bytes({0x06, 1, 0, 1, 10, 1, 0x41})) == "none 1");
    CHECK(hear(bytes({0x06, 1, 0, 2, 10, 1, 0x41})) == "malformed 1");
    CHECK(hear(bytes({0x06, 1})) == "malformed 0");
    CHECK(hear(bytes({0x0E, 3, 0x49, 0x41})) == "none 1");
    CHECK(hear(bytes({0x0E, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01})) == "malformed 0");
    CHECK(hear(bytes({0x0C, 10, 1, 0x41})) == "malformed 0"); // as streams alone have them
    CHECK(hear(bytes({0x0D, 1})) == "malformed 0");
}

TEST_CASE("while the transport takes no datagram the newest waits, and how long is known") {
    Pair pair;
    pair.run(20_ms); // the first ping is answered
    for (int i = 0; i < 100; ++i) {
        pair.say("state " + std::to_string(i), 0, true);
        pair.now += 5_ms;
        pair.here.look_beside(pair.now, room);
        if (pair.here.wants_beside(pair.now) != 0) pair.here.beside_held_up(pair.now);
        CHECK(pair.here.wants(pair.now) == 0); // it is not put into the stream
    }
    CHECK(pair.here.queue_time() > 490_ms);
    CHECK(pair.here.poll_timeout() > pair.now);
    CHECK(pair.here.poll_timeout() <= pair.now + 5_ms);
    pair.run(20_ms);
    CHECK(pair.heard == std::vector<std::string>{"state 99"});
    CHECK(pair.here.queue_time() == Duration{});
}

TEST_CASE(
    "a side that only acknowledges keeps its numbers short, and one that nobody answers keeps nothing") {
    Pair pair;
    std::size_t back = 0, largest = 0;
    for (int i = 0; i < 3000; ++i) {
        pair.say("state");
        pair.step(16_ms);
        for (const Bytes& datagram : pair.from_there) ++back, largest = std::max(largest, datagram.size());
        pair.deliver();
    }
    CHECK(pair.heard.size() == 3000);
    CHECK(back < 1500);   // several at once
    CHECK(largest <= 20); // a header with an acknowledgement, and now and then the time
    for (int i = 0; i < 3000; ++i) {
        pair.say("state", 3);
        pair.step(5_ms);
        pair.from_here.clear();
        pair.deliver();
    }
    CHECK(pair.here.stats().packets_out > 5900);
    pair.heard.clear();
    pair.say("and yet");
    pair.run(20_ms);
    CHECK(pair.heard == std::vector<std::string>{"and yet"});
}

TEST_CASE("what the user allows a second holds beside the stream as well") {
    LinkOptions slow = options();
    slow.bandwidth = 20'000;
    Pair pair(slow);
    std::size_t bytes = 0;
    for (int i = 0; i < 1000; ++i) {
        pair.say(std::string(500, 'x'));
        pair.step(5_ms);
        for (const Bytes& datagram : pair.from_here) bytes += datagram.size();
        pair.deliver();
    }
    CHECK(bytes > 80'000);
    CHECK(bytes < 110'000);
    CHECK(pair.here.expired() > 500);
}
