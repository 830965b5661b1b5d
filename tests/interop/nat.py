"""nat.py PROGRAM: peers of a mesh (PROGRAM, made of camper.cpp) behind the routers of the real kernel, in network
namespaces: who speaks straight with whom, and who through the host; and rooms that are found over a wire between two
machines. Skips, saying so, where namespaces or their routers can't be made."""
import os
import select
import shutil
import subprocess
import sys
import time

SKIP, PATIENCE = 77, 60
MARK = "tn%d" % os.getpid()  # of our own namespaces


def skip(why):
    print("skipped: " + why)
    raise SystemExit(SKIP)


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise OSError("%s: %s" % (" ".join(command), done.stderr.strip()))
    return done.stdout


class World:
    """A network of our own; `inet` is its middle, to which machines and routers are joined."""

    def __init__(self):
        self.names, self.wires = [], 0

    def __enter__(self):
        try:
            self.machine("inet")
            self.inside("inet", "ip", "link", "add", "name", "hub", "type", "bridge")
            self.inside("inet", "ip", "link", "set", "hub", "up")
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", MARK + name], capture_output=True)

    def machine(self, name):
        run("ip", "netns", "add", MARK + name)
        self.names.append(name)
        self.inside(name, "ip", "link", "set", "lo", "up")

    def inside(self, name, *command, text=None):
        return run("ip", "netns", "exec", MARK + name, *command, text=text)

    def wire(self, one, other, its=None):
        """Two ends, in `one` named eth and in `other` named `its`."""
        self.wires += 1
        ends = ["%sx%d" % (MARK, self.wires), "%sy%d" % (MARK, self.wires)]
        run("ip", "link", "add", ends[0], "netns", MARK + one, "type", "veth", "peer", "name", ends[1],
            "netns", MARK + other)
        self.inside(one, "ip", "link", "set", ends[0], "name", "eth", "up")
        if its is None:
            self.inside(other, "ip", "link", "set", ends[1], "master", "hub", "up")
        else:
            self.inside(other, "ip", "link", "set", ends[1], "name", its, "up")

    def outside(self, name, address):
        self.machine(name)
        self.wire(name, "inet")
        self.inside(name, "ip", "addr", "add", address + "/24", "dev", "eth")

    def router(self, name, address, symmetric):
        """Lends ports of its own address; a symmetric one another for each whom its machines speak to. What nobody
        inside has asked for is dropped without a word, as routers at home do."""
        self.outside(name, address)
        self.inside(name, "ip", "link", "add", "name", "hub", "type", "bridge")
        self.inside(name, "ip", "link", "set", "hub", "up")
        self.inside(name, "ip", "addr", "add", "192.168.1.1/24", "dev", "hub")
        self.inside(name, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        self.inside(name, "nft", "-f", "-", text="""
            table ip home {
                chain out { type nat hook postrouting priority 100; oifname "eth" masquerade %s; }
                chain in { type filter hook input priority 0; iifname "eth" drop; }
                chain pass { type filter hook forward priority 0; iifname "eth" ct state new,invalid drop; }
            }""" % ("fully-random" if symmetric else ""))

    def home(self, name, router, number):
        self.machine(name)
        self.wire(name, router)
        self.inside(name, "ip", "addr", "add", "192.168.1.%d/24" % number, "dev", "eth")
        self.inside(name, "ip", "route", "add", "default", "via", "192.168.1.1")


class Camper:
    """A program that runs on a machine until its input ends; `last` is what it says now."""

    def __init__(self, world, machine, *arguments):
        self.process = subprocess.Popen(["ip", "netns", "exec", MARK + machine, PROGRAM, *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.machine, self.text, self.last = machine, b"", ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def listen(self):
        select.select([self.process.stdout], [], [], 0.05)
        self.text += self.process.stdout.read() or b""
        lines = self.text.decode().split("\n")
        self.last = lines[-2] if len(lines) > 1 else ""

    def comes_to(self, wanted):
        end = time.monotonic() + PATIENCE
        while self.last != wanted and time.monotonic() < end:
            self.listen()
        assert self.last == wanted, "%s says %r and not %r" % (self.machine, self.last, wanted)

    def stays(self, wanted, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.listen()
            assert self.last == wanted, "%s says %r and no longer %r" % (self.machine, self.last, wanted)


def meet(what, machines, straight):
    """The host in the middle, and two guests on these machines."""
    with Camper(world, "host", "host", "4000") as host, \
            Camper(world, machines[0], "join", "198.51.100.1:4000") as one:
        one.comes_to("peer 1: 0 straight")
        with Camper(world, machines[1], "join", "198.51.100.1:4000") as other:
            way = "straight" if straight else "relayed"
            host.comes_to("peer 0: 1 straight 2 straight")
            one.comes_to("peer 1: 0 straight 2 " + way)
            other.comes_to("peer 2: 0 straight 1 " + way)
            if not straight:  # which it is at first in any case
                one.stays("peer 1: 0 straight 2 relayed", 4)
            print("%s: %s" % (what, way))


def main():
    world.outside("host", "198.51.100.1")
    world.outside("open", "198.51.100.2")
    for name, address, symmetric in [("cone", "198.51.100.3", False), ("cone2", "198.51.100.4", False),
                                     ("symm", "198.51.100.5", True), ("symm2", "198.51.100.6", True)]:
        world.router(name, address, symmetric)
        world.home(name + "a", name, 2)
    world.home("coneb", "cone", 3)
    world.home("symmb", "symm", 3)
    # The negative control: a router that asks nobody lets a stranger's datagram in to nobody.
    assert "1 packets transmitted, 0 received" in subprocess.run(
        ["ip", "netns", "exec", MARK + "open", "ping", "-c1", "-W1", "198.51.100.3"], capture_output=True,
        text=True).stdout or not shutil.which("ping"), "the router answers strangers"

    meet("two behind routers that keep a port for all", ["conea", "cone2a"], True)
    meet("such a router, and the open internet", ["conea", "open"], True)
    meet("a symmetric router, and the open internet", ["symma", "open"], True)
    meet("a symmetric router, and one that keeps a port", ["symma", "conea"], False)
    meet("two symmetric routers", ["symma", "symm2a"], False)
    meet("two at one home, whose router leads none back", ["conea", "coneb"], True)
    meet("two at one home with a symmetric router", ["symma", "symmb"], True)

    with Camper(world, "conea", "sign", "4001"):
        found = world.inside("coneb", PROGRAM, "look", "20").strip()
        print("over the wire: " + found)
        assert found in ("room fire at 192.168.1.2:4001",) or found.startswith("room fire at [fe80::"), found
        beyond = subprocess.run(["ip", "netns", "exec", MARK + "open", PROGRAM, "look", "2"], capture_output=True)
        assert beyond.returncode == 1 and not beyond.stdout, "a room was found beyond its network"


PROGRAM = sys.argv[1]
if os.geteuid() != 0:
    skip("network namespaces need root")
for tool in ("ip", "nft"):
    if not shutil.which(tool):
        skip(tool + " is not installed")
try:
    with World() as trial:
        trial.router("try", "198.51.100.9", True)
except OSError as error:
    # What a machine may not do, or can't; anything else is a mistake in here.
    if not any(why in str(error) for why in ("not permitted", "ermission denied", "not supported", "Read-only",
                                             "Unknown device type", "No such file or directory")):
        raise
    skip("networks of our own can't be made here: %s" % error)
with World() as world:
    main()
