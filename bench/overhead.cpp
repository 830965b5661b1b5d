// Bytes above UDP, from captured packets: one message of a kind in each turn, both ways, one packet each. The
// figure is the usual packet's; `.mean` counts everything that was sent besides (acknowledgements alone,
// keepalives, the clock), shared among the messages.

#include "game.hpp"
#include "harness.hpp"

namespace {

using namespace bench;
using namespace tenon::literals;

template <class T>
std::size_t encoded_bytes() {
    std::byte into[2048];
    const auto size = tenon::codec::Bits::encode(into, T{});
    return size ? *size : 0;
}

struct Nothing {
    template <class T>
    void on(tenon::PeerId, const T&) {}
};
struct StateOfShip : Nothing {
    Ship state() { return {1, 2, 3}; }
};
struct CommandOfSteer : Nothing {
    Steer command() { return {1, 2}; }
};

// `speak` sends one message, or the handlers are asked for one each turn. Only what the guest sends is
// counted: a host speaks the same way, but commands go only up.
template <class Entry, class Handlers, class Speak>
bool measure(const char* name, tenon::Rates rates, Speak&& speak) {
    using Net = tenon::profile::Action<tenon::Game<"bench", 1, Entry>, tenon::transport::Memory>;
    using T = typename Entry::type;
    tenon::transport::Exchange exchange;
    Net host{{}, {exchange, 1}}, guest{{}, {exchange, 2}};
    Handlers handlers;
    if (!host.host(4000) || !guest.join("host1:4000")) return false;
    host.configure(rates);
    guest.configure(rates);
    const std::size_t payload = encoded_bytes<T>();
    std::vector<double> sizes;
    std::uint64_t all = 0;
    tenon::Instant now = tenon::now();
    const auto turn = [&](Net& net) {
        net.tick(now, handlers);
        exchange.take_outgoing([&](const auto& from, const auto& to, tenon::Lane lane, tenon::BytesIn bytes) {
            exchange.deliver(to, from, lane, bytes);
            if (from.host != 2) return;
            all += bytes.size();
            if (bytes.size() >= payload) sizes.push_back(static_cast<double>(bytes.size() - payload));
        });
    };
    constexpr int turns = 6000;
    for (int i = -500; i < turns; ++i) {
        if (i == 0) sizes.clear(), all = 0;
        speak(host);
        turn(host);
        now += 8_ms;
        speak(guest);
        turn(guest);
        now += 8_ms;
    }
    std::printf("%s: a message of %zu bytes, %zu packets with it, overhead %.0f to %.0f bytes\n", name,
                payload, sizes.size(), percentile(sizes, 0), percentile(sizes, 1));
    figure(("overhead.plain." + std::string(name)).c_str(), median(sizes), "bytes");
    figure(("overhead.plain." + std::string(name) + ".mean").c_str(),
           static_cast<double>(all) / turns - static_cast<double>(payload), "bytes");
    return sizes.size() >= turns * 9 / 10;
}

template <class Entry>
bool measure_event(const char* name) {
    return measure<Entry, Nothing>(name, {}, [](auto& net) {
        const tenon::PeerId other{net.self() == net.authority() ? 1u : 0u};
        (void)net.send(other, typename Entry::type{});
    });
}

} // namespace

int main() {
    using namespace tenon;
    const auto quiet = [](auto&) {};
    const Rates every_turn{.input_hz = 62.5, .snapshot_hz = 62.5};
    bool good = measure_event<Event<Lossy64>>("unreliable64");
    good = measure_event<Event<Lossy64, Newest>>("newest64") && good;
    good = measure_event<Event<Reliable64, Reliable>>("reliable64") && good;
    good = measure_event<Event<Reliable64, Ordered>>("ordered64") && good;
    good = measure<Event<Lossy64>, Nothing>("relayed64", {},
                                            [](auto& net) { (void)net.broadcast(Lossy64{}); }) &&
           good;
    good = measure<State<Ship>, StateOfShip>("state", every_turn, quiet) && good;
    good = measure<Command<Steer>, CommandOfSteer>("command", every_turn, quiet) && good;
    return good ? 0 : 1;
}
