// What strangers can take from those who play: a server on one core, and on the other four players and a
// program that sends it forged handshakes as fast as that core can, from many addresses. The players' echoes
// are timed while it does, and while it sends the same to nobody in particular, so that both times it takes
// as much from the players' own core.

#include "game.hpp"
#include "harness.hpp"
#include "raw.hpp"

#include <memory>
#include <string>

#if BENCH_SECURE
#include <tenon/secure/secure.hpp>
#endif

namespace {

using namespace bench;
using namespace tenon::literals;

struct Ask {
    std::uint32_t number = 0;
    std::int64_t sent_ns = 0;
    void serialize(auto& ar) { ar(number, sent_ns); }
};
struct Echo {
    std::uint32_t number = 0;
    std::int64_t sent_ns = 0;
    void serialize(auto& ar) { ar(number, sent_ns); }
};
using Talk = tenon::Game<"siege", 1, tenon::Event<Ask, tenon::Reliable>, tenon::Event<Echo, tenon::Reliable>>;
template <class Transport>
using NetOver = tenon::profile::Action<Talk, Transport>;

constexpr unsigned players = 4;
constexpr int rounds = 7; // in turns without a siege and with one, of which the medians are told

struct Stage {
    std::uint16_t port = 0, sink = 0;
    bool ready = false, joined = false, flooding = false, at_server = false, over = false;
    std::uint64_t sent = 0;
};
template <class T>
T now_is(T& flag) {
    return static_cast<volatile T&>(flag);
}

template <class Net>
struct Server {
    Net& net;
    void on(tenon::PeerId from, const Ask& ask) { (void)net.send(from, Echo{ask.number, ask.sent_ns}); }
    void on(tenon::PeerId, const Echo&) {}
};
struct Player {
    std::vector<double>& late;
    void on(tenon::PeerId, const Ask&) {}
    void on(tenon::PeerId, const Echo& echo) {
        late.push_back(static_cast<double>(wall_ns() - echo.sent_ns) * 1e-3);
    }
};

template <class Transport>
void serve(Stage& stage) {
    ask_for_priority();
    RawSocket sink; // which nobody reads
    NetOver<Transport> net;
    Server<NetOver<Transport>> server{net};
    if (!net.host(0)) return;
    stage.port = net.port();
    stage.sink = sink.port();
    stage.ready = true;
    const double before = cpu_seconds(), start = wall();
    while (!now_is(stage.over)) {
        net.tick(tenon::now(), server);
        net.wait(tenon::now() + 10_ms);
    }
    const tenon::Health health = net.health();
    std::printf("the server was busy for %.0f%% of the time, and heard %.0f strange datagrams a second\n",
                100 * (cpu_seconds() - before) / (wall() - start),
                static_cast<double>(health.refused) / (wall() - start));
}

// First calls, which deserve an answer, and requests with cookies out of thin air, in turns.
void flood(Stage& stage) {
    ask_for_priority();
    constexpr unsigned sockets = 16, batch = 64;
    int handles[sockets];
    for (unsigned i = 0; i < sockets; ++i) {
        handles[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        sockaddr_in from = loopback(0);
        from.sin_addr.s_addr = htonl(0x7F000002 + i);
        if (bind(handles[i], reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) return;
    }
    std::array<std::array<std::byte, 1200>, 2> said{};
    tenon::Random random(7);
    while (!now_is(stage.over)) {
        if (!now_is(stage.flooding)) {
            usleep(1000);
            continue;
        }
        sockaddr_in to = loopback(now_is(stage.at_server) ? stage.port : stage.sink);
        const std::size_t hello =
            write(said[0], tenon::Hello{random.next(), tenon::stable_id("siege"), tenon::protocol_version},
                  tenon::Plain());
        said[1][0] = std::byte{tenon::meeting::connect};
        tenon::store_le(&said[1][7], random.next());
        tenon::store_le(&said[1][1], tenon::detail::meeting_checksum(said[1]));
        mmsghdr messages[batch]{};
        iovec pieces[2] = {{said[0].data(), hello}, {said[1].data(), said[1].size()}};
        for (unsigned i = 0; i < batch; ++i) {
            messages[i].msg_hdr.msg_name = &to;
            messages[i].msg_hdr.msg_namelen = sizeof to;
            messages[i].msg_hdr.msg_iov = &pieces[i % 2];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        const int handle = handles[random.below(sockets)];
        const int sent = sendmmsg(handle, messages, batch, 0);
        if (sent > 0) stage.sent += static_cast<std::uint64_t>(sent);
        char answer[200];
        while (recv(handle, answer, sizeof answer, 0) > 0) {
        }
    }
}

template <class Transport>
void play(Stage& stage, const std::string& name, double seconds) {
    ask_for_priority();
    while (!now_is(stage.ready)) usleep(1000);
    std::vector<double> late;
    Player player{late};
    std::vector<std::unique_ptr<NetOver<Transport>>> nets;
    for (unsigned i = 0; i < players; ++i) {
        nets.push_back(std::make_unique<NetOver<Transport>>());
        if (!nets.back()->join("127.0.0.1:" + std::to_string(stage.port))) std::exit(1);
    }
    std::uint32_t number = 0;
    const auto turns = [&](double time) {
        std::int64_t due = wall_ns();
        for (const std::int64_t end = due + static_cast<std::int64_t>(time * 1e9); wall_ns() < end;) {
            if (wall_ns() >= due) {
                due += 16'000'000;
                for (auto& net : nets) (void)net->send(tenon::PeerId::host(), Ask{++number, wall_ns()});
            }
            for (auto& net : nets) net->tick(tenon::now(), player);
            usleep(200);
        }
    };
    turns(1);
    std::vector<double> p50[2], p99[2], rates;
    stage.flooding = true;
    for (int round = 0; round < 2 * rounds; ++round) {
        const bool siege = round % 2 != 0;
        stage.at_server = siege;
        turns(0.5);
        late.clear();
        const std::uint64_t before = now_is(stage.sent);
        turns(seconds);
        if (siege) rates.push_back(static_cast<double>(now_is(stage.sent) - before) / seconds);
        p50[siege].push_back(percentile(late, 0.5));
        p99[siege].push_back(percentile(late, 0.99));
    }
    stage.over = true;
    std::printf("%s: p50 %.0f us, p99 %.0f us; under siege p50 %.0f us, p99 %.0f us\n", name.c_str(),
                median(p50[0]), median(p99[0]), median(p50[1]), median(p99[1]));
    for (auto& net : nets)
        if (net->status() != tenon::Status::joined) std::printf("a player has lost its place\n");
    figure(("siege." + name + ".rate").c_str(), median(rates), "datagrams_a_second");
    figure(("siege." + name + ".p99").c_str(), median(p99[1]), "us");
    figure(("siege." + name + ".p99_factor").c_str(), median(p99[1]) / median(p99[0]), "times");
}

template <class Transport>
bool besiege(const std::string& name, double seconds) {
    Shared<Stage> stage;
    return side_by_side([&] { serve<Transport>(*stage); }, [&] { flood(*stage); },
                        [&] {
                            pin(1);
                            play<Transport>(*stage, name, seconds);
                        });
}

} // namespace

int main(int argc, char** argv) {
    const double seconds = argument(argc, argv, "--seconds", 2);
    bool good = besiege<tenon::transport::Udp>("plain", seconds);
#if BENCH_SECURE
    good = besiege<tenon::transport::Secure<tenon::transport::Udp>>("secure", seconds) && good;
#endif
    return good ? 0 : 1;
}
