// How long joining takes: in round trips, by virtual time over Memory where one way takes 50 ms and nothing
// is lost; in milliseconds by round-trip time, on a clean path and with 5% loss, in plaintext, encrypted, and
// when a link is resumed from another address, up to the host's answer and up to when it has heard the first
// word; and on loopback over Udp in microseconds.

#include "game.hpp"
#include "harness.hpp"

#include <tenon/sim/world.hpp>

#include <deque>
#include <string>

#if BENCH_SECURE
#include <tenon/secure/secure.hpp>
#endif

namespace {

using namespace bench;
using namespace tenon::literals;

using Talk = tenon::Game<"handshake", 1, tenon::Event<Ordered100, tenon::Ordered>>;

// From join() to Joined, while both sides turn every half millisecond.
double round_trips() {
    using Net = tenon::profile::Action<Talk, tenon::transport::Memory>;
    constexpr tenon::Duration one_way = 50_ms;
    tenon::transport::Exchange exchange;
    Net host{{}, {exchange, 1}}, guest{{}, {exchange, 2}};
    if (!host.host(4000) || !guest.join("host1:4000")) return -1;
    struct Flying {
        tenon::Instant at;
        tenon::transport::MemoryAddress from, to;
        std::vector<std::byte> bytes;
    };
    std::deque<Flying> flying;
    Deaf deaf;
    const tenon::Instant start = tenon::now();
    std::uint64_t bytes = 0, datagrams = 0;
    for (tenon::Instant now = start; now < start + 5_s; now += 500_us) {
        for (; !flying.empty() && flying.front().at <= now; flying.pop_front())
            exchange.deliver(flying.front().to, flying.front().from, {}, flying.front().bytes);
        host.tick(now, deaf);
        guest.tick(now, deaf);
        if (guest.status() == tenon::Status::joined) {
            std::printf("joined after %llu datagrams of %llu bytes, both ways\n",
                        static_cast<unsigned long long>(datagrams), static_cast<unsigned long long>(bytes));
            return static_cast<double>((now - start).ns) / static_cast<double>((one_way * 2).ns);
        }
        exchange.take_outgoing([&](const auto& from, const auto& to, tenon::Lane, tenon::BytesIn datagram) {
            flying.push_back({now + one_way, from, to, {datagram.begin(), datagram.end()}});
            ++datagrams;
            bytes += datagram.size();
        });
    }
    return -1;
}

template <class Transport>
Transport over(tenon::transport::Memory port) {
    if constexpr (std::is_same_v<Transport, tenon::transport::Memory>) return port;
#if BENCH_SECURE
    else
        return Transport(tenon::secure::Keyring(), std::move(port));
#endif
}

// Hears the guest's first word.
struct Ear {
    bool heard = false;
    void on(tenon::PeerId, const Ordered100&) { heard = true; }
};

// Milliseconds of a join from its first datagram to Joined, and then of a move to another port, until its
// host has heard what the guest says at that moment, and has answered there, over a path of this round trip.
struct Times {
    double join = -1, resume = -1, word = -1;
};
template <class Transport>
Times virtual_times(double rtt_ms, double loss, std::uint64_t seed) {
    using Net = tenon::profile::Action<Talk, Transport>;
    tenon::sim::Faults faults;
    faults.latency_ms = rtt_ms / 2;
    faults.loss = loss;
    tenon::sim::World world(seed, faults);
    Net host{{.seed = seed}, over<Transport>(world.port(1))},
        guest{{.seed = seed + 1}, over<Transport>(world.port(2))};
    Deaf deaf;
    Ear ear;
    world.add(host, ear);
    world.add(guest, deaf);
    Times times;
    if (!host.host(4000) || !guest.join("host1:4000")) return times;
    const tenon::Instant start = world.now();
    if (!world.run_until([&] { return guest.status() == tenon::Status::joined; }, 20_s)) return times;
    times.join = (world.now() - start).ms();
    world.run(1_s);
    world.run(tenon::nanoseconds(static_cast<std::int64_t>(seed % 997) * 1'000'000));
    const tenon::Instant moved = world.now();
    if (!guest.move()) return times;
    const tenon::Instant heard = guest.health().last_rx;
    if (!guest.send(tenon::PeerId::host(), Ordered100{})) return times;
    const auto note = [&](bool is_so, double& time) {
        if (is_so && time < 0) time = (world.now() - moved).ms();
    };
    (void)world.run_until(
        [&] {
            note(ear.heard, times.word);
            note(guest.health().last_rx > heard, times.resume);
            return times.word >= 0 && times.resume >= 0;
        },
        20_s);
    return times;
}

struct Row {
    std::vector<double> join, resume, word;
};
template <class Transport>
Row row(double rtt_ms, double loss) {
    Row row;
    for (std::uint64_t seed = 1; seed <= (loss > 0 ? 500u : 1u); ++seed) {
        const Times times = virtual_times<Transport>(rtt_ms, loss, seed);
        row.join.push_back(times.join);
        row.resume.push_back(times.resume);
        row.word.push_back(times.word);
    }
    return row;
}

template <class Transport>
void table(const char* kind) {
    std::printf(
        "| %s: round trip | join | with 5%% loss: p50, p99 | resume | with 5%% loss: p50, p99 "
        "| first word heard | with 5%% loss: p50, p99 |\n"
        "|---|---|---|---|---|---|---|\n",
        kind);
    for (const double rtt : {0.0, 20.0, 60.0, 120.0, 240.0}) {
        const Row clean = row<Transport>(rtt, 0), lossy = row<Transport>(rtt, 0.05);
        std::printf(
            "| %.0f ms | %.0f ms | %.0f ms, %.0f ms | %.0f ms | %.0f ms, %.0f ms | %.0f ms | %.0f ms, %.0f "
            "ms |\n",
            rtt, median(clean.join), median(lossy.join), percentile(lossy.join, 0.99), median(clean.resume),
            median(lossy.resume), percentile(lossy.resume, 0.99), median(clean.word), median(lossy.word),
            percentile(lossy.word, 0.99));
        if (rtt != 240) continue;
        const std::string name = std::string("handshake.") + kind;
        figure((name + ".rtt240").c_str(), median(clean.join), "ms");
        figure((name + ".rtt240.loss5_p50").c_str(), median(lossy.join), "ms");
        figure((name + ".rtt240.loss5_p99").c_str(), percentile(lossy.join, 0.99), "ms");
        figure((name + ".rtt240.resume").c_str(), median(clean.resume), "ms");
        figure((name + ".rtt240.resume_word").c_str(), median(clean.word), "ms");
        figure((name + ".rtt240.resume_word.loss5_p99").c_str(), percentile(lossy.word, 0.99), "ms");
    }
}

// A join over loopback, both ends in one loop.
double microseconds_over_udp() {
    using Net = tenon::profile::Action<Talk, tenon::transport::Udp>;
    Net host, guest;
    Deaf deaf;
    if (!host.host(0)) return -1;
    const std::int64_t start = wall_ns();
    if (!guest.join("127.0.0.1:" + std::to_string(host.port()))) return -1;
    const bool joined = soon([&] {
        guest.tick(tenon::now(), deaf);
        host.tick(tenon::now(), deaf);
        return guest.status() == tenon::Status::joined;
    });
    return joined ? static_cast<double>(wall_ns() - start) * 1e-3 : -1;
}

} // namespace

int main() {
    const double trips = round_trips();
    std::vector<double> times;
    for (int i = 0; i < 51; ++i) times.push_back(microseconds_over_udp());
    if (trips < 0 || percentile(times, 0) < 0) return 1;
    figure("handshake.round_trips", trips, "round_trips");
    figure("handshake.time", median(times), "us");
    table<tenon::transport::Memory>("plain");
#if BENCH_SECURE
    table<tenon::transport::Secure<tenon::transport::Memory>>("secure");
#endif
}
