// How long joining takes: in round trips, by virtual time over Memory where one way takes 50 ms and nothing
// is lost, and on loopback over Udp in microseconds.

#include "game.hpp"
#include "harness.hpp"

#include <deque>

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

// A join over loopback, both ends in one loop.
double microseconds_over_udp() {
    using Net = tenon::profile::Action<Talk>;
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
}
