"""Includes run downwards only, and folders on one floor don't see each other: the table of DESIGN, as a check."""
from pathlib import Path

import guard

FLOORS = [
    ["core"],
    ["wire", "schema"],
    ["clock", "topology", "reliability", "codec", "transport"],
    ["link", "replica"],
    ["room"],
    ["session"],  # session.hpp, hall.hpp and the other headers directly in tenon/
    ["profile"],
    ["umbrella"],  # tenon.hpp, tenon/portable.hpp and tenon/encrypted.hpp
]
# Of the wings tenon.hpp has encryption, through this header.
ENCRYPTED = "tenon/encrypted.hpp"
# A wing sees floors 0 to 2, itself, and what another asks of a policy: its concept.hpp.
WINGS = ["sim", "secure", "collab", "store", "bus", "compute", "observe", "script", "ecs", "browser", "lan"]
WING_FLOOR = 3
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room_of(name):
    parts = Path(name).parts
    if name in ("tenon.hpp", "tenon/portable.hpp", ENCRYPTED):
        return "umbrella"
    if len(parts) == 2:
        return "session"
    return parts[1]


def allowed(user, used, target, name=""):
    if name == ENCRYPTED and used == "secure":
        return True
    if user == used or (user in WINGS and used in WINGS and target.endswith("/concept.hpp")):
        return True
    if user in WINGS:
        return used in FLOOR_OF and FLOOR_OF[used] < WING_FLOOR
    return used in FLOOR_OF and FLOOR_OF[used] < FLOOR_OF[user]


def check(root):
    for name in guard.headers(root):
        user = room_of(name)
        if user not in FLOOR_OF and user not in WINGS:
            yield "%s: the folder %s has no floor; give it one in tests/guards/floors.py" % (name, user)
            continue
        for number, include in guard.includes(guard.text(Path(root) / "include" / name)):
            if include[0] != '"':
                continue
            target = include.strip('"')
            if not target.startswith("tenon/") or not (Path(root) / "include" / target).exists():
                yield '%s:%d: write own includes in full, "tenon/folder/file.hpp": %s' % (name, number, target)
            elif not allowed(user, room_of(target), target, name):
                yield "%s:%d: %s may not see %s" % (name, number, user, room_of(target))


def tree(**extra):
    base = {folder: "" for folder in ["core", "wire", "schema", "codec", "link", "room", "sim", "profile"]}
    base.update(extra)
    made = {"include/tenon/%s/a.hpp" % folder: body for folder, body in base.items()}
    made["include/tenon/session.hpp"] = '#include "tenon/room/a.hpp"\n#include <vector>\n'
    made["include/tenon.hpp"] = '#include "tenon/profile/a.hpp"\n#include "tenon/session.hpp"\n'
    return made


def include_line(folder):
    return '#include "tenon/%s/a.hpp"\n' % folder


guard.run(check, tree(wire=include_line("core"), sim=include_line("codec"), codec=include_line("schema")), [
    (tree(core=include_line("wire")), "core may not see wire"),
    (tree(wire=include_line("schema")), "wire may not see schema"),
    (tree(link="// a comment\n" + include_line("room")), "link/a.hpp:2: link may not see room"),
    (tree(room='#include "tenon/session.hpp"\n'), "room may not see session"),
    (tree(sim=include_line("link")), "sim may not see link"),
    (tree(sim=include_line("bus"), bus=""), "sim may not see bus"),
    (tree(link=include_line("sim")), "link may not see sim"),
    (tree(wire='#include "a.hpp"\n'), "write own includes in full"),
    (tree(attic=""), "the folder attic has no floor"),
    ({"include/tenon/secure/a.hpp": "", "include/tenon.hpp": include_line("secure")}, "umbrella may not see secure"),
    ({"include/tenon/secure/a.hpp": "",
      "include/" + ENCRYPTED: include_line("secure") + include_line("sim")}, "umbrella may not see sim"),
])
