// Reliable ordered messages of 100 bytes, 500 a second, through a bad line: 5% lost each way, 50 ms one way,
// 10 ms jitter more or less. tenon, tenon with Redundant, and ENet go through the same relay at the same
// time, five flows of each where datagrams overtake each other, and five (`.fifo`) where they don't. A figure
// is the median of five. Bytes are all that entered the relay both ways, with the headers of IP and UDP, over
// the payload.

#include "game.hpp"
#include "harness.hpp"
#include "raw.hpp"
#include "relay.hpp"

#include "enet.hpp"

#include <atomic>
#include <memory>

#include <tenon/reliability/redundant.hpp>

namespace {

using namespace bench;

constexpr unsigned flows_each = 5, kinds = 3, lines = 2, flows = flows_each * kinds * lines;
constexpr std::int64_t turn_ns = 2'000'000;

enum Kind : unsigned { plain, redundant, enet };
Kind kind_of(unsigned flow) { return static_cast<Kind>(flow % kinds); }
bool overtaking(unsigned flow) { return flow / kinds % lines == 0; }

struct Settings {
    double seconds = 60;
    int coalesce_ms = 8, coalesce_redundant_ms = 8;
};

struct Board {
    std::atomic<bool> listening{false}, relaying{false}, sent{false}, over{false};
    std::uint16_t server[flows]{}, relay[flows]{};
    std::uint64_t sent_messages[flows]{}, bytes[flows]{}, heard[flows]{}, misplaced[flows]{};
    double p50[flows]{}, p95[flows]{}, p99[flows]{}, most[flows]{};
};

struct Stamp {
    std::uint64_t number;
    std::int64_t at;
};

// What a receiver notes: how late each message is, after the first two seconds, in which both sides meet the
// line.
struct Notes {
    std::uint64_t heard = 0, misplaced = 0;
    std::int64_t first = 0;
    std::vector<double> late;

    void note(const void* bytes) {
        Stamp stamp;
        std::memcpy(&stamp, bytes, sizeof stamp);
        misplaced += stamp.number != heard++;
        if (first == 0) first = stamp.at;
        if (stamp.at >= first + 2'000'000'000)
            late.push_back(static_cast<double>(wall_ns() - stamp.at) * 1e-6);
    }
};

using Talk = tenon::Game<"lossy", 1, tenon::Event<Ordered100, tenon::Ordered>>;

template <class Reliability>
struct TenonEnd {
    using Net = tenon::Session<Talk, tenon::transport::Udp, tenon::codec::Bits,
                               tenon::clock::Independent<tenon::profile::action_rates>,
                               tenon::topology::ClientServer, Reliability>;
    Net net;
    Notes notes;
    std::uint64_t sent = 0;

    explicit TenonEnd(int coalesce_ms) : net(options(coalesce_ms)) {}
    static tenon::Options options(int coalesce_ms) {
        tenon::Options options;
        options.coalesce = tenon::milliseconds(coalesce_ms);
        return options;
    }
    void on(tenon::PeerId, const Ordered100& message) { notes.note(message.bytes.data()); }

    std::uint16_t listen() { return net.host(0) ? net.port() : std::uint16_t{}; }
    void connect(std::uint16_t port) { (void)net.join("127.0.0.1:" + std::to_string(port)); }
    bool connected() { return net.status() == tenon::Status::joined; }
    bool idle() { return net.health().queued_bytes == 0; }
    void send() {
        Ordered100 message;
        const Stamp stamp{sent, wall_ns()};
        std::memcpy(message.bytes.data(), &stamp, sizeof stamp);
        if (net.send(tenon::PeerId::host(), message)) ++sent;
    }
    void turn() { net.tick(tenon::now(), *this); }
};

struct EnetEnd {
    std::unique_ptr<Enet> net;
    ENetPeer* peer = nullptr;
    Notes notes;
    std::uint64_t sent = 0;

    std::uint16_t listen() {
        const std::uint16_t port = free_port();
        net = std::make_unique<Enet>(port, 1);
        return net->good() ? port : std::uint16_t{};
    }
    void connect(std::uint16_t port) {
        net = std::make_unique<Enet>(std::uint16_t{}, 1);
        peer = net->connect(port);
    }
    bool connected() { return peer->state == ENET_PEER_STATE_CONNECTED; }
    bool idle() { return peer->outgoingDataTotal == 0 || peer->reliableDataInTransit == 0; }
    void send() {
        unsigned char message[100]{};
        const Stamp stamp{sent, wall_ns()};
        std::memcpy(message, &stamp, sizeof stamp);
        if (enet_peer_send(peer, 0, enet_packet_create(message, sizeof message, ENET_PACKET_FLAG_RELIABLE)) ==
            0)
            ++sent;
    }
    void turn() {
        net->turn(0, [&](ENetPeer*, const unsigned char* bytes, std::size_t) { notes.note(bytes); });
    }
};

// One end of every flow, in one process.
struct Ends {
    std::unique_ptr<TenonEnd<tenon::reliability::AckVector>> plain_end;
    std::unique_ptr<TenonEnd<tenon::reliability::Redundant<>>> redundant_end;
    std::unique_ptr<EnetEnd> enet_end;

    Ends(Kind kind, const Settings& settings) {
        if (kind == plain)
            plain_end = std::make_unique<TenonEnd<tenon::reliability::AckVector>>(settings.coalesce_ms);
        else if (kind == redundant)
            redundant_end =
                std::make_unique<TenonEnd<tenon::reliability::Redundant<>>>(settings.coalesce_redundant_ms);
        else
            enet_end = std::make_unique<EnetEnd>();
    }
    template <class F>
    decltype(auto) with(F&& f) {
        if (plain_end) return f(*plain_end);
        if (redundant_end) return f(*redundant_end);
        return f(*enet_end);
    }
};

std::vector<Ends> make_ends(const Settings& settings) {
    std::vector<Ends> ends;
    for (unsigned i = 0; i < flows; ++i) ends.emplace_back(kind_of(i), settings);
    return ends;
}

void receive(Board& board, const Settings& settings) {
    auto ends = make_ends(settings);
    for (unsigned i = 0; i < flows; ++i)
        board.server[i] = ends[i].with([](auto& end) { return end.listen(); });
    board.listening = true;
    for (std::int64_t next = wall_ns(); !board.over; sleep_until(next += turn_ns / 2))
        for (auto& end : ends) end.with([](auto& e) { e.turn(); });
    for (unsigned i = 0; i < flows; ++i) {
        Notes& notes = ends[i].with([](auto& end) -> Notes& { return end.notes; });
        board.heard[i] = notes.heard;
        board.misplaced[i] = notes.misplaced;
        board.p50[i] = percentile(notes.late, 0.5);
        board.p95[i] = percentile(notes.late, 0.95);
        board.p99[i] = percentile(notes.late, 0.99);
        board.most[i] = percentile(notes.late, 1);
    }
}

void send(Board& board, const Settings& settings) {
    while (!board.relaying) usleep(1000);
    auto ends = make_ends(settings);
    for (unsigned i = 0; i < flows; ++i) ends[i].with([&](auto& end) { end.connect(board.relay[i]); });
    const auto turns = [&](std::int64_t ns, auto&& each) {
        const std::int64_t start = wall_ns();
        for (std::int64_t next = start; next < start + ns; sleep_until(next += turn_ns))
            for (auto& end : ends)
                end.with([&](auto& e) {
                    each(e);
                    e.turn();
                });
    };
    const auto nothing = [](auto&) {};
    turns(3'000'000'000, nothing);
    for (unsigned i = 0; i < flows; ++i)
        if (!ends[i].with([](auto& end) { return end.connected(); }))
            std::printf("flow %u did not connect\n", i);
    turns(static_cast<std::int64_t>(settings.seconds * 1e9), [](auto& end) {
        if (end.connected()) end.send();
    });
    turns(5'000'000'000, nothing);
    for (unsigned i = 0; i < flows; ++i)
        board.sent_messages[i] = ends[i].with([](auto& end) { return end.sent; });
    board.over = true;
}

void relay(Board& board, const Line& line) {
    while (!board.listening) usleep(1000);
    Relay between;
    for (unsigned i = 0; i < flows; ++i) {
        Line own = line;
        own.reorder = overtaking(i);
        board.relay[i] = between.add(board.server[i], own, 1000 + i / (kinds * lines));
    }
    board.relaying = true;
    between.run([&] { return board.over.load(); });
    for (unsigned i = 0; i < flows; ++i) board.bytes[i] = between.bytes(i);
}

void tell(const Board& board, Kind kind, bool reorder, const std::string& name) {
    std::vector<double> p50, p95, p99, most, factor;
    for (unsigned i = 0; i < flows; ++i) {
        if (kind_of(i) != kind || overtaking(i) != reorder) continue;
        p50.push_back(board.p50[i]);
        p95.push_back(board.p95[i]);
        p99.push_back(board.p99[i]);
        most.push_back(board.most[i]);
        factor.push_back(static_cast<double>(board.bytes[i]) / (100.0 * static_cast<double>(board.heard[i])));
        if (board.heard[i] != board.sent_messages[i] || board.misplaced[i] != 0)
            std::printf("%s: %llu sent, %llu heard, %llu out of order\n", name.c_str(),
                        static_cast<unsigned long long>(board.sent_messages[i]),
                        static_cast<unsigned long long>(board.heard[i]),
                        static_cast<unsigned long long>(board.misplaced[i]));
    }
    figure((name + ".p50").c_str(), median(p50), "ms");
    figure((name + ".p95").c_str(), median(p95), "ms");
    figure((name + ".p99").c_str(), median(p99), "ms");
    figure((name + ".most").c_str(), median(most), "ms");
    figure((name + ".bytes_factor").c_str(), median(factor), "ratio");
}

} // namespace

int main(int argc, char** argv) {
    Settings settings;
    settings.seconds = argument(argc, argv, "--seconds", settings.seconds);
    settings.coalesce_ms = static_cast<int>(argument(argc, argv, "--coalesce", settings.coalesce_ms));
    settings.coalesce_redundant_ms =
        static_cast<int>(argument(argc, argv, "--coalesce-redundant", settings.coalesce_redundant_ms));
    Line line;
    line.loss = argument(argc, argv, "--loss", 5) / 100;
    Shared<Board> board;
    if (!side_by_side([&] { receive(*board, settings); }, [&] { send(*board, settings); },
                      [&] { relay(*board, line); }))
        return 1;
    tell(*board, plain, true, "lossy");
    tell(*board, redundant, true, "lossy.redundant");
    tell(*board, enet, true, "lossy.enet");
    tell(*board, plain, false, "lossy.fifo");
    tell(*board, redundant, false, "lossy.fifo.redundant");
    tell(*board, enet, false, "lossy.fifo.enet");
}
