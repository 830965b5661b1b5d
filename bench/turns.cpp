// What a server's turns cost its own code, with no system below: 100 clients, whose links stay in the caches,
// and 1,000, each of whose links has left them when its next packet comes. The clients are sessions in the
// same process, and so is what carries the datagrams; only the server's turns are timed. 60 bytes at 60 Hz
// up, 1 KB at 30 Hz down to all, none of it reliable, in virtual time.

#include "game.hpp"
#include "harness.hpp"

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace bench;
using tenon::BytesIn;
using tenon::Lane;
using Address = tenon::transport::IpAddress;
using Talk = tenon::Game<"turns", 1, tenon::Event<Input>, tenon::Event<Snapshot>>;

// Datagrams to one reader, each at the beginning of a line.
struct Letters {
    struct Letter {
        Address from;
        std::size_t begin, size;
    };
    std::vector<Letter> letters;
    std::vector<std::byte> bytes;

    void add(const Address& from, BytesIn datagram) {
        letters.push_back({from, bytes.size(), datagram.size()});
        bytes.insert(bytes.end(), datagram.begin(), datagram.end());
        bytes.resize((bytes.size() + 63) / 64 * 64);
    }
    BytesIn operator[](std::size_t i) const { return {bytes.data() + letters[i].begin, letters[i].size}; }
    void clear() { letters.clear(), bytes.clear(); }
};

// The server's address has the port 0; a client's has its number as the port.
struct Office {
    std::vector<Letters> of; // by port
};

class Post {
  public:
    using Address = ::Address;
    static constexpr tenon::TransportTraits traits{};

    Post(Office& office, std::uint16_t port) : office_(&office), here_(Address::loopback(port)) {}

    tenon::Result<Address> open(std::uint16_t) { return here_; }
    tenon::Result<Address> resolve(std::string_view) { return Address::loopback(0); }
    void close() {}
    tenon::Sent send(const Address& to, Lane, BytesIn datagram) {
        office_->of[to.port].add(here_, datagram);
        return tenon::Sent::sent;
    }
    void flush() {}
    template <class F>
    void poll(F&& f) {
        Letters& mine = office_->of[here_.port];
        std::size_t known = 0;
        for (std::size_t i = 0; i < mine.letters.size(); ++i) {
            for (; known < mine.letters.size() && known < i + 4; ++known)
                if constexpr (tenon::LooksAhead<F, Address>) f.expect(mine.letters[known].from, mine[known]);
            f(mine.letters[i].from, Lane{}, mine[i]);
        }
        mine.clear();
    }
    void wait(tenon::Instant) {}
    std::uint64_t entropy() { return tenon::splitmix(seed_++ ^ here_.port); }

  private:
    Office* office_;
    Address here_;
    std::uint64_t seed_ = 1;
};
static_assert(tenon::TransportPolicy<Post>);

struct Side {
    tenon::profile::Action<Talk, Post> net;
    std::uint64_t inputs = 0, snapshots = 0;

    Side(Office& office, std::uint16_t port, tenon::Options options = {})
        : net(std::move(options), Post(office, port)) {}
    void on(tenon::PeerId, const Input&) { ++inputs; }
    void on(tenon::PeerId, const Snapshot&) { ++snapshots; }
};

struct Costs {
    std::vector<double> input, snapshot; // nanoseconds, of each turn
};

bool play(unsigned clients, Costs& costs) {
    Office office{std::vector<Letters>(clients + 1)};
    tenon::Options options;
    options.peers_max = static_cast<std::uint16_t>(clients);
    Side server(office, 0, options);
    if (!server.net.host(0)) return false;
    std::vector<std::unique_ptr<Side>> all;
    for (unsigned i = 1; i <= clients; ++i) {
        all.push_back(std::make_unique<Side>(office, static_cast<std::uint16_t>(i)));
        if (!all.back()->net.join("server")) return false;
    }
    tenon::Instant now{1'000'000'000};
    const auto timed = [&](auto&& f) {
        const std::int64_t start = wall_ns();
        f();
        server.net.tick(now, server);
        return static_cast<double>(wall_ns() - start);
    };
    unsigned turn = 0;
    const auto step = [&](bool plays) {
        for (unsigned i = 0; i < clients; ++i) {
            if (plays && (turn + i) % 2 == 0) (void)all[i]->net.send(tenon::PeerId::host(), Input{});
            all[i]->net.tick(now, *all[i]);
        }
        const std::uint64_t heard = server.inputs;
        const double reading = timed([] {});
        if (server.inputs != heard)
            costs.input.push_back(reading / static_cast<double>(server.inputs - heard));
        if (plays && turn % 4 == 0)
            costs.snapshot.push_back(timed([&] { (void)server.net.broadcast(Snapshot{}); }) / clients);
        ++turn, now = now + tenon::seconds(1.0 / 120);
    };
    const auto all_in = [&] {
        for (const auto& one : all)
            if (one->net.status() != tenon::Status::joined) return false;
        return true;
    };
    if (!soon([&] { return step(false), all_in(); }, 2000)) return false;
    for (int i = 0; i < 240; ++i) step(true); // the queues meet their high tide
    costs = {};
    std::uint64_t before = 0, after = 0;
    for (const auto& one : all) before += one->snapshots;
    for (int i = 0; i < 480; ++i) step(true);
    for (const auto& one : all) after += one->snapshots;
    return after - before >= clients * 119ull; // the last may be on its way
}

} // namespace

int main(int argc, char** argv) {
    const auto rounds = static_cast<int>(argument(argc, argv, "--rounds", 5));
    pin(0);
    Costs warm, cold;
    bool good = true;
    const auto measure = [&](unsigned clients, Costs& all) {
        Costs costs;
        good = play(clients, costs) && good;
        all.input.push_back(median(costs.input));
        all.snapshot.push_back(median(costs.snapshot));
    };
    interleaved(
        rounds, [&] { measure(100, warm); }, [&] { measure(1000, cold); });
    if (!good) return std::printf("not all heard what was said\n"), 1;
    figure("turns100.input", median(warm.input), "ns");
    figure("turns100.snapshot", median(warm.snapshot), "ns");
    figure("turns1000.input", median(cold.input), "ns");
    figure("turns1000.snapshot", median(cold.snapshot), "ns");
}
