// Bytes that one idle connection holds: a thousand join a server over Memory, and what is alive on the heap
// is counted before and after. A server has one end of each; the whole connection is both.

#include "counting.hpp"
#include "game.hpp"
#include "harness.hpp"

#include <memory>

namespace {

using namespace bench;
using namespace tenon::literals;

using Talk = tenon::Game<"bench", 1, tenon::Command<Steer>, tenon::Event<Lossy64>,
                         tenon::Event<Ordered100, tenon::Ordered>>;
using Net = tenon::profile::Action<Talk, tenon::transport::Memory>;

constexpr unsigned clients = 1000;

} // namespace

int main() {
    tenon::transport::Exchange exchange;
    tenon::Options options;
    options.peers_max = clients;
    Deaf deaf;
    tenon::Instant now = tenon::now();

    // The host's own side is told from the clients' by which of them is at work.
    std::uint64_t of_server = 0, of_clients = 0, of_network = 0;
    const auto count = [](std::uint64_t& into, auto&& work) {
        const std::uint64_t before = heap.live;
        work();
        into += heap.live - before;
    };
    Net host{options, {exchange, 1}};
    if (!host.host(4000)) return 1;
    const std::uint64_t empty = heap.live;
    host.tick(now, deaf);
    std::vector<std::unique_ptr<Net>> guests;
    guests.reserve(clients);
    const auto turn = [&] {
        count(of_server, [&] { host.tick(now, deaf); });
        count(of_network, [&] { exchange.deliver_all(); });
        for (auto& guest : guests) count(of_clients, [&] { guest->tick(now, deaf); });
        count(of_network, [&] { exchange.deliver_all(); });
        now += 10_ms;
    };
    for (unsigned i = 0; i < clients; ++i) {
        count(of_clients, [&] {
            guests.push_back(std::make_unique<Net>(options, tenon::transport::Memory(exchange, 2 + i)));
        });
        count(of_network, [&] { (void)guests.back()->join("host1:4000"); });
        turn();
    }
    for (int i = 0; i < 1000; ++i) turn(); // ten seconds: every roster told
    unsigned joined = 0;
    for (auto& guest : guests) joined += guest->status() == tenon::Status::joined;
    std::printf("%u of %u joined; the empty server's heap holds %llu bytes\n", joined, clients,
                static_cast<unsigned long long>(empty));
    if (joined != clients) return 1;
    figure("memory.per_connection", static_cast<double>(of_server) / clients, "bytes");
    figure("memory.per_client", static_cast<double>(of_clients) / clients, "bytes");
    figure("memory.session", static_cast<double>(sizeof(Net)), "bytes");
}
