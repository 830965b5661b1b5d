// Allocations per message in steady state, both directions, over Memory and over Udp: allocs.per_message is
// the worst of all.

#include "counting.hpp"
#include "game.hpp"
#include "harness.hpp"

namespace {

using namespace bench;
using namespace tenon::literals;

using Talk = tenon::Game<"bench", 1, tenon::State<Ship>, tenon::Command<Steer>, tenon::Event<Lossy64>,
                         tenon::Event<Reliable64, tenon::Reliable>, tenon::Event<Ordered100, tenon::Ordered>>;

struct Peer {
    std::uint64_t heard = 0;
    Ship state() { return {1, 2, 3}; }
    Steer command() { return {1, 2}; }
    template <class T>
    void on(tenon::PeerId, const T&) {
        ++heard;
    }
};

template <class Net>
void speak(Net& net) {
    for (int i = 0; i < 4; ++i) {
        (void)net.broadcast(Lossy64{});
        (void)net.broadcast(Reliable64{});
        (void)net.broadcast(Ordered100{});
    }
}

template <class Net, class Step>
double measure(const char* name, Net& host, Net& guest, Step&& step) {
    Peer a, b;
    if (!soon([&] { return step(a, b), guest.status() == tenon::Status::joined; })) {
        std::printf("%s: could not join\n", name);
        return -1;
    }
    const auto turns = [&](int n) {
        for (int i = 0; i < n; ++i) {
            speak(host);
            speak(guest);
            step(a, b);
        }
    };
    // Until every queue has met its high tide, which rises for as long as the path shows what it carries.
    for (int round = 0, quiet = 0; quiet < 4 && round < 200; ++round) {
        const std::uint64_t before = heap.calls;
        turns(5000);
        quiet = heap.calls == before ? quiet + 1 : 0;
    }
    const std::uint64_t calls = heap.calls, heard = a.heard + b.heard;
    turns(20'000);
    const auto messages = static_cast<double>(a.heard + b.heard - heard);
    const auto allocations = static_cast<double>(heap.calls - calls);
    std::printf("%s: %.0f allocations for %.0f messages heard\n", name, allocations, messages);
    return messages > 0 ? allocations / messages : -1;
}

double over_memory() {
    using Net = tenon::profile::Action<Talk, tenon::transport::Memory>;
    tenon::transport::Exchange exchange;
    Net host{{}, {exchange, 1}}, guest{{}, {exchange, 2}};
    if (!host.host(4000) || !guest.join("host1:4000")) return -1;
    tenon::Instant now = tenon::now();
    const double share = measure("memory", host, guest, [&](Peer& a, Peer& b) {
        host.tick(now, a);
        exchange.deliver_all();
        guest.tick(now, b);
        exchange.deliver_all();
        now += 4_ms;
    });
    figure("allocs.memory", share, "allocations/message");
    return share;
}

double over_udp() {
    using Net = tenon::profile::Action<Talk, tenon::transport::Udp>;
    Net host, guest;
    if (!host.host(0) || !guest.join("127.0.0.1:" + std::to_string(host.port()))) return -1;
    std::int64_t next = wall_ns();
    const double share = measure("udp", host, guest, [&](Peer& a, Peer& b) {
        // 240,000 messages a second are a lot, and yet not more than the path carries, which would make the
        // queues as long as the machine happens to be slow.
        for (; wall_ns() < next;) {
        }
        next = wall_ns() + 100'000;
        host.tick(tenon::now(), a);
        guest.tick(tenon::now(), b);
    });
    figure("allocs.udp", share, "allocations/message");
    return share;
}

} // namespace

int main() {
    const double memory = over_memory(), udp = over_udp();
    if (memory < 0 || udp < 0) return 1;
    figure("allocs.per_message", std::max(memory, udp), "allocations/message");
}
