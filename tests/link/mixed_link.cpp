#include "tenon/link/mixed_link.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/link/link_of.hpp"
#include "tenon/reliability/ack_vector.hpp"

using namespace tenon;
using namespace tenon::literals;

namespace {

using Mixed = LinkOf<reliability::AckVector, MixedSeal<Checksum>>;
static_assert(std::is_same_v<Mixed, MixedLink<reliability::AckVector, MixedSeal<Checksum>>>);
struct Roads {
    static constexpr TransportTraits traits{.connected = true, .mixed = true};
};
static_assert(std::is_same_v<ReliabilityOver<Roads, reliability::AckVector>, reliability::AckVector>);
constexpr Instant start{1'000'000'000'000};
constexpr MessageType word{9};

// Where some of the connections carry datagrams too.
using WideSeal = MixedSeal<Checksum, true>;
using Wide = LinkOf<reliability::AckVector, WideSeal>;

// A link of the host, and what is at the other end: always of one kind.
template <class Other, class Here = Mixed>
struct Pair {
    Pool pool{1200, 1 << 20};
    Here here;
    Other there;
    Instant now = start;
    std::vector<std::string> heard, heard_here;
    std::size_t largest = 0;

    Pair(const typename Here::Key& key, const LinkOptions& of_other)
        : here(pool, host_options(), key, start, Random(1)), there(pool, of_other, 7, start, Random(2)) {}
    static LinkOptions host_options() {
        LinkOptions options;
        options.asks_time = false;
        return options;
    }
    static void drain(auto& from, auto& to, Instant now, std::vector<std::string>& heard,
                      std::size_t& largest) {
        std::array<std::byte, 66'000> buffer;
        for (;;) {
            std::size_t size = 0;
            if constexpr (requires { from.visit([](auto&) {}); })
                size = from.visit([&](auto& link) { return link.poll_transmit(now, buffer); });
            else
                size = from.poll_transmit(now, buffer);
            if (size == 0) return;
            largest = size > largest ? size : largest;
            // Only who has ended hears no more.
            const bool ended = static_cast<int>(to.state()) == static_cast<int>(Mixed::State::closed);
            CHECK(static_cast<bool>(to.handle_datagram(now, BytesIn(buffer).first(size), {})) == !ended);
            LinkEvent event;
            while (to.poll_event(event)) heard.emplace_back(text_of(event.payload));
        }
    }
    void run(Duration time) {
        for (const Instant end = now + time; now < end; now += 5_ms) {
            here.handle_timeout(now);
            there.handle_timeout(now);
            drain(here, there, now, heard, largest);
            drain(there, here, now, heard_here, largest);
        }
    }
    void talks() {
        const std::string large(5000, 'x');
        CHECK(here.channel(true).append(word, bytes_of("one")));
        CHECK(here.channel(true).append(word, bytes_of(large)));
        CHECK(here.push_command(word, bytes_of("two")));
        CHECK(there.channel(true).append(word, bytes_of("three")));
        CHECK(there.push_command(word, bytes_of("six")));
        MixedChannel channel = here.channel(false);
        const BytesOut room = channel.open_room(word);
        if (!room.empty()) {
            copy(room.data(), bytes_of("four"));
            CHECK(channel.commit(word, 4));
        } else {
            CHECK(channel.append(word, bytes_of("four")));
        }
        Outbox::Message message;
        message.type = word;
        message.track = 5;
        message.queued_at = now;
        CHECK(here.outbox().push(message, bytes_of("five")));
        run(500_ms);
        const auto has = [&](const std::string& text) {
            std::size_t times = 0;
            for (const std::string& one : heard) times += one == text ? 1 : 0;
            return times == 1;
        };
        CHECK(has("one"));
        CHECK(has("two"));
        CHECK(has("four"));
        CHECK(has("five"));
        CHECK(has(large));
        CHECK(std::set<std::string>(heard_here.begin(), heard_here.end()) ==
              std::set<std::string>{"six", "three"});
        CHECK(heard_here.size() == 2);
        std::uint32_t track = 0;
        CHECK(here.poll_arrived(track));
        CHECK(track == 5);
        CHECK(!here.poll_arrived(track));
        CHECK(here.state() == Mixed::State::open);
        CHECK(here.stats().packets_in != 0);
        CHECK(here.queued_bytes() == 0);
        CHECK(here.queue_time() == Duration{});
        CHECK(here.expired() == 0);
        CHECK(here.commands_missed() == 0);
        CHECK(here.channel(false).idle());
        CHECK(here.path().loss() == 0);
        CHECK(here.path().round_trip().smoothed() < 100_ms);
        CHECK(here.poll_timeout() > start);
        CHECK(here.poll_timeout_after_reading() > start);
        here.close(Error::kicked);
        run(100_ms);
        CHECK(here.state() == Mixed::State::closed);
        CHECK(here.reason() == Error::kicked);
        CHECK(static_cast<int>(there.state()) == static_cast<int>(Mixed::State::closed));
        CHECK(there.reason() == Error::kicked);
    }
};

} // namespace

TEST_CASE("a mixed link with a key of datagrams is a Link, and speaks with one") {
    Pair<Link<reliability::AckVector>> pair(Mixed::Key(7), LinkOptions());
    CHECK(!pair.here.is_stream());
    CHECK(!is_over_stream(pair.here));
    CHECK(!is_over_stream(pair.there));
    CHECK(pair.here.is_ready());
    CHECK(pair.here.seal().key() == 7);
    pair.talks();
    CHECK(pair.largest <= 1200);
    CHECK(pair.largest > 1000);
}

TEST_CASE("a mixed link over a connection is a StreamLink, and speaks with one in frames") {
    LinkOptions options;
    options.datagram_bytes = stream_frame_bytes;
    Pair<StreamLink<reliability::Native, Checksum>> pair(Mixed::Key::of_stream(), options);
    CHECK(pair.here.is_stream());
    CHECK(is_over_stream(pair.here));
    CHECK(is_over_stream(pair.there));
    CHECK(keeps_order(pair.here));
    CHECK(keeps_order(pair.there));
    CHECK(!has_beside(pair.there));
    CHECK(!pair.here.is_ready());
    pair.talks();
    CHECK(pair.largest > 5000); // in one piece
}

TEST_CASE("where some connections carry datagrams too, each link is still what its own road needs") {
    LinkOptions options;
    options.datagram_bytes = stream_frame_bytes;
    Pair<StreamLink<reliability::Native, Checksum>, Wide> alone(Wide::Key::of_stream(), options);
    CHECK(alone.here.is_stream());
    CHECK(!has_beside(alone.here));
    CHECK(keeps_order(alone.here)); // as every plain connection does
    alone.talks();
    CHECK(alone.here.handle_beside(alone.now, bytes_of("x"), {}).error() == Error::malformed);
    Pair<StreamLink<reliability::NativeWithDatagrams, Checksum>, Wide> both(Wide::Key::of_both(7), options);
    CHECK(both.here.is_stream());
    CHECK(has_beside(both.here));
    CHECK(!keeps_order(both.here));
    both.talks();
    Pair<Link<reliability::AckVector>, Wide> packets(Wide::Key(7), LinkOptions());
    CHECK(!packets.here.is_stream());
    CHECK(!has_beside(packets.here));
    CHECK(!keeps_order(packets.here));
    packets.talks();
    // A world tells less at once to whom there is less room.
    CHECK(has_less_room(both.here));
    CHECK(!has_less_room(alone.here));
    CHECK(!has_less_room(packets.here));
    packets.here.visit([](auto& link) {
        if constexpr (requires { link.set_narrow(1000); }) link.set_narrow(1000);
    });
    CHECK(has_less_room(packets.here));
    CHECK(!has_less_room(packets.there));
}

TEST_CASE("a mixed link of datagrams can be away and go on under another key") {
    Pair<Link<reliability::AckVector>> pair(Mixed::Key(7), LinkOptions());
    CHECK(pair.here.channel(true).append(word, bytes_of("before")));
    pair.here.suspend();
    CHECK(pair.here.state() == Mixed::State::away);
    pair.drain(pair.here, pair.there, pair.now, pair.heard, pair.largest);
    CHECK(pair.largest == 0);
    pair.here.resume(pair.now, Mixed::Key(8));
    pair.there.resume(pair.now, 8);
    pair.run(200_ms);
    CHECK(pair.heard == std::vector<std::string>{"before"});
}
