// One hall with 1,000 rooms of 4 peers each, on one port: every peer sends inputs of 60 bytes at 15 Hz, and
// every room tells its peers 256 bytes at 10 Hz, none of them reliable. Beside it, bare sockets serve the
// same 4,000 clients by the same loop.

#include "client_socket.hpp"
#include "crowd.hpp"

namespace {

using namespace bench;

constexpr unsigned peers_of_room = 4;
constexpr std::size_t told_bytes = 256;
using Told = Blob<told_bytes, DownKind>;
using Talk = tenon::Game<"rooms", 1, tenon::Event<Input>, tenon::Event<Told>>;
using Net = tenon::profile::Action<Talk, tenon::transport::Udp>;

struct Keeper {
    std::uint64_t& inputs;
    void on(tenon::PeerId, const Input&) { ++inputs; }
};

struct HallServer {
    tenon::Hall<tenon::Plays<Net, Keeper>> hall;
    Told message;
    std::uint64_t inputs = 0;

    explicit HallServer(unsigned clients) {
        (void)hall.open(0);
        for (unsigned i = 0; i < clients / peers_of_room; ++i)
            if (!hall.host<Net>({.room = std::to_string(i), .peers_max = peers_of_room}, inputs))
                std::printf("room %u can't be hosted\n", i);
    }
    std::uint16_t port() { return hall.port(); }
    std::uint64_t datagrams_out() { return hall.transport().counters().datagrams_out; }
    unsigned char* message_bytes() { return message.bytes.data(); }
    void turn(bool speaks) {
        if (speaks) hall.for_each<Net>([&](auto& room, Keeper&) { (void)room.broadcast(message); });
        hall.tick(tenon::now());
    }
};

struct HallClient {
    static inline unsigned made = 0;
    std::string room = std::to_string(made++ / peers_of_room);
    tenon::profile::Action<Talk, ClientSocket> net{{.room = room}};
    Ages& ages;

    HallClient(std::uint16_t port, Ages& into) : ages(into) {
        (void)net.join("127.0.0.1:" + std::to_string(port));
        turn();
    }
    void on(tenon::PeerId, const Told& message) { ages.note(message.bytes.data()); }
    int fd() { return net.transport().fd(); }
    bool ready() { return net.status() == tenon::Status::joined; }
    void input() { (void)net.send(tenon::PeerId::host(), Input{}); }
    void turn() { net.tick(tenon::now(), *this); }
    void read() {
        net.transport().mark_readable();
        turn();
    }
};

} // namespace

int main(int argc, char** argv) {
    allow_many_sockets();
    const auto rounds = static_cast<int>(argument(argc, argv, "--rounds", 5));
    const double seconds = argument(argc, argv, "--seconds", 3);
    const auto rooms = static_cast<unsigned>(argument(argc, argv, "--rooms", 1000));
    const Pace pace{.turn_hz = 60, .input_hz = 15, .turns_per_snapshot = 6};
    Figures ours, raw;
    interleaved(
        rounds, [&] { measure<HallServer, HallClient>(ours, rooms * peers_of_room, seconds, pace); },
        [&] { measure<RawServer<told_bytes>, RawClient>(raw, rooms * peers_of_room, seconds, pace); });
    tell("hall, tenon", ours);
    tell("hall, bare sockets", raw);
    figure("hall.cpu_per_room_second", median(ours.cpu) / 100 / rooms * 1e6, "us");
    figure("hall.raw_cpu_per_room_second", median(raw.cpu) / 100 / rooms * 1e6, "us");
    figure("hall.cpu_vs_raw", median(ours.cpu) / median(raw.cpu), "ratio");
    figure("hall.p99", median(ours.p99), "ms");
}
