#include "tenon/transport/threaded.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "contract.hpp"
#include "tenon/transport/impaired.hpp"
#include "tenon/transport/threaded_line.hpp"
#include "tenon/transport/udp.hpp"

using namespace tenon;
using namespace tenon::literals;
using transport::Impaired;
using transport::IpAddress;
using transport::Threaded;
using transport::ThreadedOptions;
using transport::Udp;
using transport::UdpOptions;

namespace {

const UdpOptions local{.bind = IpAddress::v4(127, 0, 0, 1, 0)};

// A transport that nobody can wake.
class Sleeper : public Udp {
  public:
    using Udp::Udp;
    void wait(Instant until) { Udp::wait(until); }
};
static_assert(WakesUp<Udp> && WakesUp<Impaired<Udp>> && !WakesUp<Sleeper> && !WakesUp<Impaired<Sleeper>>);

template <class Inner>
struct Harness {
    using Transport = Threaded<Inner>;
    ThreadedOptions options;

    Transport make() { return Transport(Inner(Udp(local)), options); }
    void carry(Transport& to) { to.wait(now() + milliseconds(200)); }
    IpAddress to(Transport&, const IpAddress& at) { return at; }
};
template <>
Threaded<Sleeper> Harness<Sleeper>::make() {
    return Threaded<Sleeper>(Sleeper(local), options);
}

// The inner side of a transport, as a test plays it.
struct Stage {
    std::mutex mutex;
    std::deque<std::string> arriving;
    std::vector<std::string> sent;
    Sent answer = Sent::sent;
    Result<IpAddress> opened = local.bind;
    std::atomic<int> polls{0};

    void say(Sent next) {
        const std::lock_guard lock(mutex);
        answer = next;
    }
    void arrive(std::string datagram) {
        const std::lock_guard lock(mutex);
        arriving.push_back(std::move(datagram));
    }
    std::size_t left() {
        const std::lock_guard lock(mutex);
        return arriving.size();
    }
    std::size_t sent_count() {
        const std::lock_guard lock(mutex);
        return sent.size();
    }
    // Until the inner thread has looked at everything once more.
    void settle() {
        for (const int before = polls; polls < before + 2;)
            transport::detail::sleep_on(transport::detail::no_socket, false, 100_us);
    }
};
template <bool reliable>
class Played {
  public:
    using Address = IpAddress;
    static constexpr TransportTraits traits{.reliable = reliable, .ordered = reliable};

    explicit Played(Stage* stage = nullptr) : stage_(stage) {}
    Result<Address> open(std::uint16_t) { return stage_->opened; }
    Result<Address> resolve(std::string_view) { return Error::unknown_host; }
    void close() {}
    Sent send(const Address&, Lane, BytesIn datagram) {
        const std::lock_guard lock(stage_->mutex);
        if (stage_->answer == Sent::sent) stage_->sent.emplace_back(text_of(datagram));
        return stage_->answer;
    }
    void flush() {}
    template <class F>
    void poll(F&& f) {
        ++stage_->polls;
        for (std::string datagram; take(datagram);) f(local.bind, Lane{}, bytes_of(datagram));
    }
    void wait(Instant) { transport::detail::sleep_on(transport::detail::no_socket, false, 100_us); }
    std::uint64_t entropy() { return 4; }

  private:
    bool take(std::string& datagram) {
        const std::lock_guard lock(stage_->mutex);
        if (stage_->arriving.empty()) return false;
        datagram = std::move(stage_->arriving.front());
        stage_->arriving.pop_front();
        return true;
    }
    Stage* stage_;
};
template <bool reliable>
using OnStage = Threaded<Played<reliable>>;

template <class T>
std::vector<std::string> heard(T& by) {
    std::vector<std::string> all;
    by.poll([&](const IpAddress&, Lane, BytesIn bytes) { all.emplace_back(text_of(bytes)); });
    return all;
}

} // namespace

TEST_CASE("Threaded keeps the contract of transports over Udp") {
    Harness<Udp> harness;
    contract::all(harness);
}
TEST_CASE("Threaded keeps the contract when its thread only naps, and around one that nobody can wake") {
    Harness<Udp> napping{{.nap = 200_us}};
    contract::all(napping);
    Harness<Sleeper> sleeping;
    contract::all(sleeping);
}
TEST_CASE("Threaded keeps the contract around a decorated one") {
    Harness<Impaired<Udp>> harness;
    contract::all(harness);
}

TEST_CASE("a full ring is told to the sender, and what it took leaves in order when it can") {
    Stage stage;
    stage.say(Sent::would_block);
    OnStage<false> net(Played<false>(&stage), {.ring_bytes = 1});
    REQUIRE(net.open(0));
    std::size_t taken = 0;
    while (net.send(local.bind, {}, bytes_of(contract::pattern(1200, static_cast<unsigned>(taken)))) ==
           Sent::sent)
        ++taken;
    CHECK(taken >= 3);
    CHECK(net.is_blocked());
    CHECK(net.counters().blocked == 1);
    stage.settle();
    CHECK(net.send(local.bind, {}, bytes_of(contract::pattern(1200, 0))) == Sent::would_block);
    CHECK(stage.sent_count() == 0);
    stage.say(Sent::sent);
    net.wait(Instant::never()); // until there is room
    CHECK(net.send(local.bind, {}, bytes_of("last")) == Sent::sent);
    CHECK(!net.is_blocked());
    net.close(); // not flushed: gone, with what the game had not shown
    CHECK(stage.sent.size() >= taken);
    for (std::size_t i = 0; i < taken; ++i)
        CHECK(stage.sent[i] == contract::pattern(1200, static_cast<unsigned>(i)));
}

TEST_CASE("what was flushed leaves before it closes, and what was not doesn't") {
    Stage stage;
    for (int round = 1; round <= 50; ++round) {
        OnStage<false> net{Played<false>(&stage)};
        REQUIRE(net.open(0));
        REQUIRE(net.send(local.bind, {}, bytes_of("goodbye")) == Sent::sent);
        net.flush();
        REQUIRE(net.send(local.bind, {}, bytes_of("too late")) == Sent::sent);
        if (round % 2 == 0) net.close(); // else it goes with the object
    }
    CHECK(stage.sent == std::vector<std::string>(50, "goodbye"));
}

TEST_CASE("what arrives at a full ring is lost and counted, but never where nothing may be lost") {
    Stage lossy, kept;
    OnStage<false> net(Played<false>(&lossy), {.ring_bytes = 1});
    OnStage<true> safe(Played<true>(&kept), {.ring_bytes = 1});
    REQUIRE(net.open(0));
    REQUIRE(safe.open(0));
    for (unsigned i = 0; i < 100; ++i) {
        lossy.arrive(contract::pattern(1000, i));
        kept.arrive(contract::pattern(1000, i));
    }
    lossy.settle();
    const std::vector<std::string> got = heard(net);
    CHECK(got.size() >= 3);
    CHECK(got.size() + net.counters().dropped == 100);
    for (std::size_t i = 0; i < got.size(); ++i) // the oldest are kept, as by a socket
        CHECK(got[i] == contract::pattern(1000, static_cast<unsigned>(i)));
    // Errands are run although the thread waits for room.
    CHECK(safe.resolve("x:1").error() == Error::unknown_host);
    std::vector<std::string> all;
    while (all.size() < 100) {
        safe.wait(Instant::never());
        for (std::string& one : heard(safe)) all.push_back(std::move(one));
    }
    for (unsigned i = 0; i < 100; ++i) CHECK(all[i] == contract::pattern(1000, i));
    CHECK(safe.counters().dropped == 0);
    for (unsigned i = 0; i < 100; ++i) kept.arrive(contract::pattern(1000, i));
    while (kept.left() == 100) transport::detail::sleep_on(transport::detail::no_socket, false, 100_us);
    safe.close(); // while its thread waits for room
    CHECK(!safe.is_open());
}

TEST_CASE("what the inner transport says comes through") {
    Stage stage;
    OnStage<false> net{Played<false>(&stage)};
    stage.opened = Error::not_permitted;
    CHECK(net.open(0).error() == Error::not_permitted);
    CHECK(!net.is_open());
    stage.opened = local.bind;
    REQUIRE(net.open(0));
    CHECK(net.resolve("x:1").error() == Error::unknown_host);
    CHECK(net.entropy() == 4);
    stage.say(Sent::too_big);
    CHECK(net.send(local.bind, {}, bytes_of("x")) == Sent::sent); // what it is told only later is counted
    net.flush();
    while (net.counters().refused == 0) stage.settle();
    stage.say(Sent::closed);
    while (net.send(local.bind, {}, bytes_of("x")) != Sent::closed) net.flush();
    CHECK(net.prepare(local.bind, {}, 10).empty());
    CHECK(net.commit(10) == Sent::closed);
    stage.say(Sent::sent);
    net.close();
    REQUIRE(net.open(0));
    CHECK(net.send(local.bind, {}, bytes_of("x")) == Sent::sent);
}

TEST_CASE("Threaded is asked for what its inner transport knows, open or closed") {
    Threaded<Udp> net{Udp(local)};
    const auto datagrams = [](Udp& udp) { return udp.counters().datagrams_out; };
    CHECK(net.with(datagrams) == 0);
    const auto at = net.open(0);
    REQUIRE(at);
    CHECK(net.local_address() == *at);
    REQUIRE(net.send(*at, {}, bytes_of("to itself")) == Sent::sent);
    net.flush();
    net.wait(Instant::never());
    CHECK(heard(net) == std::vector<std::string>{"to itself"});
    CHECK(net.with(datagrams) == 1);
    // Where a socket of every address is reached.
    static_assert(TellsLocal<Threaded<Udp>>);
    Udp bare;
    Threaded<Udp> open;
    REQUIRE(bare.open(0));
    REQUIRE(open.open(0));
    std::vector<IpAddress> wanted, told;
    bare.each_local_address([&](const IpAddress& one) { wanted.push_back(one); });
    open.each_local_address([&](const IpAddress& one) { told.push_back(one); });
    for (IpAddress& one : wanted) one.port = open.local_address().port;
    CHECK((told == wanted));
    net.close();
    CHECK(net.with(datagrams) == 1);
    CHECK(net.local_address() == IpAddress{});
}

TEST_CASE("each of three thousand questions is answered, before the game falls asleep or after") {
    Threaded<Udp> net{Udp(local)}, napping{Udp(local), {.nap = 100_us}};
    REQUIRE(net.open(0));
    REQUIRE(napping.open(0));
    const auto pass = [](unsigned turns) {
        for (volatile unsigned left = turns; left > 0;) left = left - 1;
    };
    unsigned answered = 0;
    for (unsigned i = 0; i < 3'000; ++i) {
        const auto question = [&](Udp&) { return pass(i * 7919 % 8192), i; };
        answered += (i % 50 == 0 ? napping : net).with(question) == i;
        pass(i * 6007 % 1024); // the thread is awake yet, falls asleep, or sleeps
    }
    CHECK(answered == 3'000);
}

TEST_CASE("the game wakes nobody who does not sleep") {
    Threaded<Udp> napping(Udp(local), {.nap = 1_ms});
    const auto at = napping.open(0);
    REQUIRE(at);
    for (int i = 0; i < 20; ++i) {
        REQUIRE(napping.send(*at, {}, bytes_of("x")) == Sent::sent);
        napping.flush();
        napping.flush();
    }
    CHECK(napping.counters().wakes == 0);
    Threaded<Udp> sleeping{Udp(local)};
    const auto other = sleeping.open(0);
    REQUIRE(other);
    for (int i = 0; i < 20; ++i) {
        REQUIRE(sleeping.send(*other, {}, bytes_of("x")) == Sent::sent);
        sleeping.flush();
        sleeping.flush();
        while (heard(sleeping).empty()) sleeping.wait(Instant::never());
    }
    CHECK(sleeping.counters().wakes <= 20);
}

TEST_CASE("Threaded closes and moves under full traffic, two hundred times") {
    Threaded<Udp> target{Udp(local)};
    const auto at = target.open(0);
    REQUIRE(at);
    const std::string bytes = contract::pattern(60, 1);
    std::uint64_t sent = 0, got = 0;
    const auto count = [&](const IpAddress&, Lane, BytesIn) { ++got; };
    for (int round = 0; round < 200; ++round) {
        Threaded<Udp> net{Udp(local)};
        REQUIRE(net.open(0));
        for (int i = 0; i < 300; ++i) {
            sent += net.send(*at, {}, bytes_of(bytes)) == Sent::sent;
            if (i % 16 == 0) net.flush();
            if (i % 100 == 0) target.poll(count);
        }
        net.flush();
        if (round % 3 == 0) {
            Threaded<Udp> moved = std::move(net);
            sent += moved.send(*at, {}, bytes_of(bytes)) == Sent::sent;
            net = std::move(moved);
            net.flush();
        }
        if (round % 3 == 1) net.close();
        if (round % 10 == 9) { // the one that receives goes too, while others send
            target.close();
            REQUIRE(target.open(at->port));
        }
        target.poll(count);
    }
    CHECK(sent > 200 * 300);
    CHECK(got > 0);
    CHECK(got <= sent);
}
