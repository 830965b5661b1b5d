"""The form of every file: plain ASCII source, short lines, small headers, nothing unfinished, no machine's path."""
import re
import shutil
import subprocess
from pathlib import Path

import guard

SOURCE = (".hpp", ".cpp", ".py", ".sh", ".build", ".txt", ".ini")
UNFINISHED = re.compile(r"\b(%s)\b" % "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "not imple" + "mented"]))
MACHINE = re.compile(r"(?<![\w.])/(%s)/" % "|".join(["work", "home", "tmp/" + "team", "Us" + "ers"]))
LINE_MAX, HEADER_MAX = 120, 500
BANNED = {  # in include/, outside comments
    r"\bvirtual\b": "virtual",
    r"\bdynamic_cast\b": "dynamic_cast",
    r"\bstd::function\b": "std::function",
    r"\bstd::shared_ptr\b": "std::shared_ptr",
    r"\busing namespace std\b": "using namespace std",
}


def files(root):
    """What git knows or would add; in a tree without git, everything."""
    known = shutil.which("git") is not None and (Path(root) / ".git").exists()
    git = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                         capture_output=True, text=True) if known else None
    if git and git.returncode == 0:
        names = [name for name in git.stdout.split("\0") if name and (Path(root) / name).is_file()]
    else:
        names = [str(p.relative_to(root)) for p in Path(root).rglob("*") if p.is_file()]
        names = [n for n in names if not n.startswith(("build", ".git/"))]
        names = [n for n in names if n.count("/") < 2 or not n.startswith("subprojects/") or "/packagefiles/" in n]
    return sorted(n for n in names if "/corpus/" not in n)


def check(root):
    for name in files(root):
        path = Path(root) / name
        is_source = path.suffix in SOURCE or path.name == "run"
        if not (is_source or path.suffix == ".md"):
            continue
        lines = guard.text(path).split("\n")
        for number, line in enumerate(lines, 1):
            place = "%s:%d" % (name, number)
            if UNFINISHED.search(line):
                yield place + ": says that something is unfinished"
            if MACHINE.search(line):
                yield place + ": names a path of one machine"
            if is_source and not line.isascii():
                yield place + ": is not plain ASCII"
            if is_source and len(line) > LINE_MAX:
                yield "%s: is longer than %d characters" % (place, LINE_MAX)
            if line != line.rstrip() and is_source:
                yield place + ": ends in blanks"
            if "\t" in line and path.suffix in (".hpp", ".cpp", ".py", ".sh"):
                yield place + ": holds a tab"
        if lines[-1] and is_source:
            yield name + ": does not end with a newline"
        if name.startswith("include/") and path.suffix == ".hpp":
            yield from check_header(name, lines)


def check_header(name, lines):
    if lines[0] != "#pragma once":
        yield name + ":1: does not begin with #pragma once"
    if len(lines) < 2 or not lines[1].startswith("//"):
        yield name + ":2: does not say what this is and who calls it"
    if len(lines) - 1 > HEADER_MAX:
        yield "%s: has %d lines; a header has at most %d" % (name, len(lines) - 1, HEADER_MAX)
    for number, line in enumerate(guard.without_comments("\n".join(lines)).split("\n"), 1):
        for pattern, word in BANNED.items():
            if re.search(pattern, re.sub(r'"(?:\\.|[^"\\])*"', '""', line)):
                yield "%s:%d: uses %s" % (name, number, word)


HEADER = "include/tenon/core/a.hpp"
TOP = "#pragma once\n// A thing; called by nobody. It is virtual only in words.\n"
guard.run(check, {HEADER: TOP, "README.md": "Fine \u2192 here.\n"}, [
    ({HEADER: TOP + "// " + "TO" + "DO: more\n"}, "unfinished"),
    ({HEADER: TOP + "// see /wo" + "rk/x\n"}, "path of one machine"),
    ({"README.md": "In /ho" + "me/me/x\n"}, "path of one machine"),
    ({HEADER: TOP + "// caf\u00e9\n"}, "ASCII"),
    ({HEADER: TOP + "// " + "x" * 120 + "\n"}, "longer than"),
    ({HEADER: TOP + "int a; \n"}, "blanks"),
    ({HEADER: TOP + "\tint a;\n"}, "tab"),
    ({HEADER: TOP + "int a;"}, "newline"),
    ({HEADER: "// A thing.\n"}, "#pragma once"),
    ({HEADER: "#pragma once\nint a;\n"}, "who calls it"),
    ({HEADER: TOP + "int a;\n" * 500}, "lines; a header"),
    ({HEADER: TOP + "struct A { virtual void f(); };\n"}, "uses virtual"),
    ({HEADER: TOP + "std::function<void()> f;\n"}, "uses std::function"),
])
