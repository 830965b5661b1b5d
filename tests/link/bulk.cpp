#include "tenon/link/bulk.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/link/link_of.hpp"
#include "tenon/reliability/ack_vector.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

using Apart = LinkOf<reliability::NativeWithBulk, Checksum>;
struct Wire {
    static constexpr TransportTraits traits{.connected = true, .datagrams = true, .bulk = true};
};
static_assert(std::is_same_v<ReliabilityOver<Wire, reliability::AckVector>, reliability::NativeWithBulk>);
static_assert(says_bulk<Apart> && says_beside<Apart>);
// Where there are no such streams nothing of them is there.
using Plain = StreamLink<reliability::Native, Checksum>;
static_assert(!says_bulk<Plain> && !says_bulk<StreamLink<reliability::NativeWithDatagrams, Checksum>>);
static_assert(std::is_same_v<decltype(std::declval<Plain&>().channel(false)), StreamQueue&>);

constexpr Instant start{1'000'000'000'000};
using Bytes = std::vector<std::byte>;

LinkOptions options() {
    LinkOptions made;
    made.asks_time = false;
    made.datagram_bytes = 66'000;
    return made;
}
const std::string large(20'000, 'l');

// Two links whose frames always arrive; what has streams of its own is the test's to deliver.
struct Pair {
    Pool pool{1200, 1 << 20};
    Apart here, there;
    Instant now = start;
    BulkWay way{true, true, 0, 0}; // from here
    std::vector<Bytes> apart;
    std::vector<std::string> heard, heard_here;
    std::size_t frames = 0;

    explicit Pair(const LinkOptions& with = options(), bool meet = true)
        : here(pool, with, 7, start, Random(1)), there(pool, with, 7, start, Random(2)) {
        if (!meet) return;
        (void)here.channel(true).append({8}, bytes_of("first"));
        (void)there.channel(true).append({8}, bytes_of("first"));
        step();
        step(); // and now it is known that the other side is there
        heard.clear();
        heard_here.clear();
    }
    Result<> say(const std::string& text, bool ordered = false) {
        return here.channel(ordered).append({9}, bytes_of(text));
    }
    void look() {
        here.look_bulk(now, way);
        while (const std::size_t wanted = here.wants_bulk(now)) {
            Bytes frame(wanted);
            const std::size_t size = here.transmit_bulk(now, frame);
            REQUIRE(size <= wanted);
            frame.resize(size);
            apart.push_back(frame);
            way.underway += size;
            here.look_bulk(now, way);
        }
    }
    void step(Duration time = 5_ms) {
        now += time;
        std::array<std::byte, 70'000> buffer;
        for (Apart* from : {&here, &there}) {
            Apart& to = from == &here ? there : here;
            from->handle_timeout(now);
            from->look(now, 0);
            if (from == &here) look();
            while (const std::size_t size = from->poll_transmit(now, buffer)) {
                frames += from == &here;
                if (to.handle_datagram(now, BytesIn(buffer).first(size))) listen(to);
            }
        }
    }
    void listen(Apart& link) {
        for (LinkEvent event; link.poll_event(event);) {
            CHECK(event.kind == LinkEvent::Kind::reliable);
            (&link == &there ? heard : heard_here).emplace_back(text_of(event.payload));
        }
    }
    void deliver() {
        for (const Bytes& frame : std::exchange(apart, {})) {
            CHECK(feed(now, there, bulk_lane, frame, {}));
            way.underway -= frame.size();
            listen(there);
        }
    }
    // Why the link there ends when it hears that.
    Error says(const Bytes& frame) {
        (void)there.handle_bulk(now, frame);
        listen(there);
        return there.state() == Apart::State::open ? Error::none : there.reason();
    }
};

Bytes frame_of(std::initializer_list<int> bytes) {
    Bytes made;
    for (const int byte : bytes) made.push_back(static_cast<std::byte>(byte));
    return made;
}

} // namespace

TEST_CASE("what is large and needs no order has a frame of its own, and all else goes in the stream") {
    Pair pair;
    CHECK(pair.say(large));
    CHECK(pair.say(large, true));
    CHECK(pair.say(std::string(Bulk::least_bytes - 1, 's')));
    CHECK(pair.say("small"));
    CHECK(!pair.here.channel(false).idle());
    CHECK(pair.here.channel(true).idle());
    CHECK(pair.here.queued_bytes() > 2 * large.size());
    for (int i = 0; i < 6; ++i) pair.step(); // it looks how fast the first leaves
    REQUIRE(pair.heard.size() == 3);         // which arrived before the first was delivered
    CHECK((pair.heard[0] == large && pair.heard[2] == "small"));
    REQUIRE(pair.apart.size() == 1);
    CHECK(pair.apart[0].size() == large.size() + 1); // one byte above the frame
    CHECK(pair.apart[0][0] == std::byte{0x49});
    CHECK(!pair.here.channel(false).idle());
    pair.deliver();
    CHECK(pair.heard.size() == 4);
    CHECK(pair.heard[3] == large);
    pair.step();
    CHECK(pair.here.channel(false).idle());
    CHECK(pair.here.state() == Apart::State::open);
}

TEST_CASE("without a way all goes in the stream, also what was to go by one that is gone") {
    Pair early(options(), false);
    CHECK(early.say(large)); // nobody was heard yet
    early.step();
    CHECK(early.apart.empty());
    CHECK(early.heard.size() == 1);
    Pair pair;
    pair.way.free = false;
    CHECK(pair.say(large));
    pair.step();
    CHECK(pair.heard.empty());
    pair.way = {};
    pair.step();
    CHECK((pair.heard == std::vector{large}));
    CHECK(pair.say(large));
    pair.step();
    CHECK(pair.heard.size() == 2);
    CHECK(pair.apart.empty());
}

TEST_CASE("what finds no free stream waits in a bounded queue, and is looked after") {
    Pair pair;
    pair.way.free = false;
    std::size_t taken = 0;
    Result<> said;
    for (; (said = pair.say(large)); ++taken) REQUIRE(taken < 100);
    CHECK(said.error() == Error::queue_full);
    CHECK(taken == options().queue_bytes_max / (large.size() + 6));
    CHECK(pair.here.channel(false).append({9}, BytesIn(Bytes(70'000))).error() == Error::too_large);
    CHECK(pair.say("ordered", true)); // which has a queue of its own
    pair.step();
    CHECK((pair.heard == std::vector<std::string>{"ordered"}));
    CHECK(pair.here.poll_timeout() <= pair.now + 10_ms);
    pair.way.free = true;
    pair.step();
    CHECK(pair.apart.size() == taken);
    pair.deliver();
    CHECK(pair.heard.size() == taken + 1);
    pair.step();
    CHECK(pair.here.queued_bytes() == 0);
    CHECK(pair.here.poll_timeout() > pair.now + 10_ms);
}

TEST_CASE("who never has a stream free, or never takes what is in one, is lost after the timeout") {
    for (const bool left : {false, true}) {
        CAPTURE(left);
        Pair pair;
        pair.way.free = left;
        CHECK(pair.say(large));
        for (int i = 0; i < 98 && pair.here.state() == Apart::State::open; ++i) pair.step(100_ms);
        CHECK(pair.apart.size() == left);
        CHECK(pair.here.state() == Apart::State::open);
        for (int i = 0; i < 5; ++i) pair.step(100_ms);
        CHECK(pair.here.state() == Apart::State::closed);
        CHECK(pair.here.reason() == Error::timed_out);
    }
}

TEST_CASE("one who was quiet for long may still say something large") {
    Pair pair;
    for (int i = 0; i < 200; ++i) pair.step(100_ms);
    CHECK(pair.say(large));
    pair.here.handle_timeout(pair.now += 50_ms);
    CHECK(pair.here.state() == Apart::State::open);
    pair.step();
    pair.deliver();
    CHECK(pair.heard.size() == 1);
}

TEST_CASE("a goodbye waits until the other side has what is large") {
    Pair pair;
    CHECK(pair.say(large));
    pair.step();
    CHECK(pair.say("ordered", true));
    pair.here.close(Error::left);
    pair.step();
    pair.step();
    CHECK((pair.heard == std::vector<std::string>{"ordered"}));
    CHECK(pair.here.state() == Apart::State::closing);
    CHECK(pair.here.poll_timeout() > pair.now); // it does not spin
    CHECK(pair.here.poll_timeout() <= pair.now + 10_ms);
    pair.deliver();
    pair.step();
    CHECK(pair.here.state() == Apart::State::closed);
    CHECK(pair.there.reason() == Error::left);
    CHECK(pair.heard.size() == 2);
    Pair stuck; // and not for ever
    CHECK(stuck.say(large));
    stuck.step();
    stuck.here.close(Error::left);
    for (int i = 0; i < 25; ++i) stuck.step(100_ms);
    CHECK(stuck.here.state() == Apart::State::closed);
}

TEST_CASE("a frame with a stream of its own is one message, and anything else ends the link") {
    const auto ends = [](const Bytes& frame) { return Pair().says(frame); };
    CHECK(ends(frame_of({0x49, 1, 2})) == Error::none);
    CHECK(ends(frame_of({0x5F, 0x33, 1, 2})) == Error::none);
    CHECK(ends({}) == Error::malformed);
    CHECK(ends(frame_of({0x69, 1, 2})) == Error::malformed); // with a length, behind which more could follow
    CHECK(ends(frame_of({0x01, 1})) == Error::malformed);    // a ping
    CHECK(ends(frame_of({0x04, 0})) == Error::malformed);    // a close
    CHECK(ends(frame_of({0x06, 1, 0, 1, 8, 1, 5})) == Error::malformed);
    CHECK(ends(frame_of({0x0E, 0, 0x49, 1})) == Error::malformed);
    CHECK(ends(frame_of({0x5F})) == Error::malformed); // no type
    CHECK(ends(frame_of({0x5F, 0xFF, 0xFF, 0x7F})) == Error::malformed);
    CHECK(ends(frame_of({0x89, 1})) == Error::malformed);
    Bytes huge(65'538, std::byte{0x49});
    CHECK(ends(huge) == Error::over_bound);
    huge.pop_back();
    CHECK(ends(huge) == Error::none);
    // And a link that was given no streams takes none.
    Pair pair;
    MixedLink<reliability::AckVector, MixedSeal<Checksum, true, true>> mixed(
        pair.pool, options(), MixedSeal<Checksum, true, true>::Key::of_stream(), start, Random(3));
    CHECK(mixed.handle_bulk(start, frame_of({0x49, 1})).error() == Error::malformed);
}

TEST_CASE("of what the user allows a second half goes to what is large, and it holds up nothing small") {
    LinkOptions slow = options();
    slow.bandwidth = 20'000;
    Pair pair(slow);
    for (int i = 0; i < 4; ++i) CHECK(pair.say(large));
    std::size_t small = 0;
    for (int i = 0; i < 40; ++i) { // four seconds
        CHECK(pair.say("small", true));
        ++small;
        for (int turn = 0; turn < 20; ++turn) pair.step();
        CHECK(pair.heard.size() == small);
    }
    CHECK(pair.apart.size() == 2); // at the beginning, and two seconds later
}

TEST_CASE("a mixed link sends what is large in streams of its own where its road has them") {
    using Mixed = MixedLink<reliability::AckVector, MixedSeal<Checksum, true, true>>;
    static_assert(says_bulk<Mixed> &&
                  !says_bulk<MixedLink<reliability::AckVector, MixedSeal<Checksum, true>>>);
    Pair pair;
    Mixed mixed(pair.pool, options(), MixedSeal<Checksum, true, true>::Key::of_both(7), start, Random(3));
    const auto frame = frame_of({0x49, 1});
    CHECK(mixed.handle_datagram(start, frame, {}));
    for (LinkEvent event; mixed.poll_event(event);) {
    }
    mixed.visit([](auto& link) {
        if constexpr (says_bulk<std::remove_reference_t<decltype(link)>>)
            link.look_bulk(start, BulkWay{true, true, 0, 0});
    });
    CHECK(mixed.channel(false).append({9}, bytes_of(large)));
    CHECK(!mixed.channel(false).idle());
    CHECK(mixed.channel(true).idle());
    CHECK(mixed.handle_bulk(start, frame));
    LinkEvent event;
    CHECK(mixed.poll_event(event));
    CHECK(event.payload.size() == 1);
}
