"""Prints figures as the table of bench/README.md: python3 bench/table.py FIGURES. Targets are at the end of a name's
row; what misses one is said to."""
import sys

# What each figure may be at most, or at least.
TARGETS = {
    "allocs.per_message": ("<=", 0),
    "memory.per_connection": ("<=", 8192),
    "overhead.plain.unreliable64": ("<=", 9),
    "handshake.round_trips": ("<=", 2),
    "handshake.plain.rtt240": ("<=", 500),
    "handshake.secure.rtt240": ("<=", 500),
    "handshake.secure.rtt240.resume": ("<=", 250),
    "compile.tenon_vs_asio": ("<=", 1.3),
    "compile.core_ms": ("<=", 500),
    "flood.reliable.rate_vs_enet": (">=", 5),
    "flood.reliable.cpu_vs_enet": ("<=", 0.2),
    "flood.unreliable.cpu_vs_sendto": ("<=", 0.25),
    "secure.flood.rate_vs_enet": (">=", 2.5),
    "lossy.p99": ("<=", 190),
    "lossy.bytes_factor": ("<=", 1.35),
    "lossy.redundant.p99": ("<=", 90),
    "lossy.redundant.bytes_factor": ("<=", 2),
    "siege.plain.p99_factor": ("<=", 2),
    "siege.secure.p99_factor": ("<=", 2),
    **{f"seal.{cipher}{size}.{what}": ("<=", bound)
       for cipher in ("aes", "chacha") for size in (64, 300, 1200)
       for what, bound in (("seal_vs_bare", 1.15), ("open_vs_bare", 1.15), ("packet_overhead", 0.15))},
    "migration16.round_trips": ("<=", 3),
    "tick64.p99_us": ("<=", 200),
    "tick64.threaded.p99_us": ("<=", 200),
    "tick64.threaded.troubled.p99_us": ("<=", 200),
    "tick500.p99_vs_threaded": (">=", 3),
    "cubes.bits": ("<=", 3.5),
    "cubes.bits_vs_packed": ("<=", 0.6),
    "bodies.near.wire_bits": ("<=", 8),
    "bodies.wire_bits": ("<=", 8),
    "bodies.4k.encode": ("<=", 20),
    "bodies.4k.decode": ("<=", 20),
    "bodies.join4k.encode": ("<=", 20),
    "bodies.join4k.decode": ("<=", 20),
    "interest1000.cpu": ("<=", 100),
    "play.down": ("<=", 3),
    "play.up": ("<=", 1.5),
    "clients1000.cpu_vs_raw": ("<=", 1.15),
    "clients1000.cpu_vs_enet": ("<=", 0.85),
    "clients1000.p99_vs_raw": ("<=", 1.2),
    "secure.clients1000.cpu_vs_raw": ("<=", 1.7),
}


def verdict(name, value):
    if name not in TARGETS:
        return "", ""
    relation, bound = TARGETS[name]
    reached = value <= bound if relation == "<=" else value >= bound
    return f"{relation} {bound}", "reached" if reached else "missed"


def main():
    rows = [line.split() for line in open(sys.argv[1], encoding="utf-8")]
    print("| figure | value | unit | target | |\n|---|---|---|---|---|")
    missed = []
    for _, name, value, unit in rows:
        target, how = verdict(name, float(value))
        print(f"| `{name}` | {value} | {unit.replace('_', ' ')} | {target} | {how} |")
        if how == "missed":
            missed.append(name)
    known = sum(1 for row in rows if row[1] in TARGETS)
    print(f"\n{known - len(missed)} of {known} targets reached" + (f"; missed: {', '.join(missed)}" if missed else ""))


main()
