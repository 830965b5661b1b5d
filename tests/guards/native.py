"""A session over connections has none of the code that sends again, acknowledges and cuts into parts, and none of what
comes of it: not one symbol. Over datagrams all of it is there, so these are the names to look for. Where datagrams go
beside the connections' streams, what numbers and acknowledges those is there, and nothing that makes them arrive."""
import subprocess
import sys
import tempfile
from pathlib import Path

import guard

COMPILER = guard.Compiler()
PARTS = ["tenon::InFlight::", "tenon::Received::", "tenon::PacketWriter::", "tenon::open_packet", "tenon::Congestion::",
         "tenon::ChannelSender::", "tenon::ChannelReceiver::", "tenon::CommandSender::", "tenon::Fragments::",
         "tenon::write_fragment_header", "tenon::Silence::", "tenon::Redial::", "tenon::WayBack::", "tenon::Link<"]
BESIDE = ["tenon::InFlight::", "tenon::Received::", "tenon::PacketWriter::", "tenon::open_packet",
          "tenon::CommandSender::", "tenon::Beside<"]
SESSION = """
#include "tenon/clock/independent.hpp"
#include "tenon/codec/bits.hpp"
#include "tenon/reliability/ack_vector.hpp"
#include "tenon/room/world_room.hpp"
#include "tenon/session.hpp"
#include "tenon/sim/stream.hpp"
#include "tenon/topology/client_server.hpp"
#include "tenon/transport/memory.hpp"
struct Body { int x = 0; void serialize(auto& ar) { ar(x); } };
struct Ship : Body {}; struct Steer : Body {}; struct Shot : Body {}; struct Line : Body {}; struct Spark : Body {};
struct Ball : Body {};
using All = tenon::Game<"all", 1, tenon::State<Ship>, tenon::Command<Steer>, tenon::Event<Spark>,
                        tenon::Event<Shot, tenon::Reliable>, tenon::Event<Line, tenon::Ordered>,
                        tenon::Component<Ball>>;
using Net = tenon::Session<All, %s, tenon::codec::Bits, tenon::clock::Independent<>, tenon::topology::ClientServer,
                           tenon::reliability::AckVector>;
struct Player {
    Ship state() { return {}; }
    Steer command() { return {}; }
    void world(tenon::World<All>&) {}
    void on(tenon::PeerId, const Steer&) {}
    void on(tenon::PeerId, const Spark&) {}
    void on(tenon::PeerId, const Shot&) {}
    void on(tenon::PeerId, const Line&) {}
};
void play(Net& net, Player& player) {
    (void)net.host(4000);
    (void)net.join("host1:4000");
    net.tick(tenon::Instant{1}, player);
    (void)net.broadcast(Spark{});
    (void)net.broadcast(Shot{});
    (void)net.send(tenon::PeerId{1}, Line{});
    (void)net.kick(tenon::PeerId{1});
    net.leave();
    (void)net.health();
}
"""


def symbols(transport, folder):
    made = Path(folder) / "session.o"
    source = Path(folder) / "session.cpp"
    source.write_text(SESSION % transport, encoding="utf-8")
    status, said = COMPILER.run(["-c", str(source), "-o", str(made)])
    if status:
        sys.exit("a session over %s does not compile:\n%s" % (transport, said))
    return subprocess.run(["nm", "-C", "--defined-only", str(made)], capture_output=True, text=True, check=True).stdout


with tempfile.TemporaryDirectory() as place:
    native = symbols("tenon::sim::Stream", place)
    datagrams = symbols("tenon::transport::Memory", place)
    both = symbols("tenon::sim::StreamAndDatagrams", place)
failed = ["%s is in a session over connections" % part for part in PARTS + BESIDE[-1:] if part in native]
failed += ["%s is not in a session over datagrams: who has it now?" % part for part in PARTS if part not in datagrams]
failed += ["%s is %sin a session with datagrams beside its streams" % (part, "" if part in both else "not ")
           for part in set(PARTS + BESIDE) if (part in both) != (part in BESIDE)]
count = 2 * len(PARTS) + 1 + len(set(PARTS + BESIDE))
print("\n".join(failed + ["%d passed, %d failed" % (count - len(failed), len(failed))]))
sys.exit(1 if failed else 0)
