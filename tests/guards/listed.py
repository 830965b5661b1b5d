"""Nothing is forgotten: every test file is in tests/meson.build, every header has a test, every decoder's fuzz
target its seeds, and the version is said once in two places."""
import re
from pathlib import Path

import guard

# Headers with nothing of their own to run: concepts are tried by compile_fail and by those who meet them.
WITHOUT_TEST = {"tenon.hpp", "tenon/portable.hpp", "tenon/core/config.hpp", "tenon/core/machine.hpp"}
# A header without a test of its own name is one that a test of its folder includes by name.
NOT_SUITES = {"guards", "package", "compile_fail", "support", "fuzz", "interop"}


def lists(source):
    """The names in tests/meson.build: {'portable': {folder: [file]}, 'native': ..., 'fuzz': [name]}."""
    source = re.sub(r"#.*", "", source)
    found = {"fuzz": []}
    for kind in ("portable", "native"):
        body = re.search(r"^%s = \{(.*?)^\}" % kind, source, re.M | re.S)
        found[kind] = {folder: re.findall(r"'([^']+)'", names) for folder, names in
                       re.findall(r"'(\w+)'\s*:\s*\[(.*?)\]", body.group(1) if body else "", re.S)}
    extra = (r"^(fuzz|fuzz_secure|fuzz_web_socket|fuzz_compressed|fuzz_quic|fuzz_web_transport|secure|"
             r"secure_openssl|encrypted|compressed|web_socket|tls|tls_web_socket|web_rtc|quic|web_transport|"
             r"session_quic|session_web_rtc|session_web_transport|natpmp|miniupnpc) = \[(.*?)\]")
    for name, body in re.findall(extra, source, re.M | re.S):
        names = re.findall(r"'([^']+)'", body)
        if name.startswith("secure"):
            found["portable"].setdefault("secure", []).extend(names)
        elif name == "encrypted":
            found["native"].setdefault("session", []).extend(names)
        elif name == "compressed":
            found["portable"].setdefault("codec", []).extend(names)
        elif name in ("session_quic", "session_web_rtc", "session_web_transport"):
            found["portable"].setdefault("session", []).extend(names)
        elif not name.startswith("fuzz"):
            found["portable"].setdefault("transport", []).extend(names)
        else:
            found["fuzz"] += names
    return found


def check(root):
    tests = Path(root) / "tests"
    known = lists(guard.text(tests / "meson.build"))
    listed = {"%s/%s" % (folder, name) for kind in ("portable", "native")
              for folder, names in known[kind].items() for name in names}
    listed |= {"fuzz/%s.cpp" % name for name in known["fuzz"]}
    there = {str(p.relative_to(tests)) for p in tests.glob("*/*.cpp")
             if p.parent.name not in NOT_SUITES or p.parent.name == "fuzz"}
    for name in sorted(there - listed):
        yield "tests/%s is not in tests/meson.build, so it never runs" % name
    for name in sorted(listed - there):
        yield "tests/meson.build lists tests/%s, which is not there" % name
    for name in known["fuzz"]:
        corpus = tests / "fuzz" / "corpus" / name
        if not (corpus.is_dir() and any(corpus.iterdir())):
            yield "tests/fuzz/corpus/%s holds no seed" % name
    for name in guard.headers(root):
        if name in WITHOUT_TEST or name.endswith("/concept.hpp"):
            continue
        test = mirror(name)
        if test not in there and not any('#include "%s"' % name in guard.text(tests / other) for other in there
                                         if Path(other).parent == Path(test).parent):
            yield "include/%s has no tests/%s" % (name, test)
    yield from check_version(root)


def mirror(name):
    """tenon/link/acks.hpp -> link/acks.cpp; tenon/session.hpp -> session/session.cpp."""
    parts = Path(name).with_suffix(".cpp").parts[1:]
    return "/".join(parts if len(parts) > 1 else ("session",) + parts)


def check_version(root):
    config = guard.text(Path(root) / "include/tenon/core/config.hpp")
    said = ".".join(re.findall(r"#define TENON_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", config))
    built = re.search(r"version: '([^']+)'", guard.text(Path(root) / "meson.build")).group(1)
    if said != built:
        yield "meson.build says version %s, core/config.hpp %s" % (built, said)


VERSION = "#define TENON_VERSION_MAJOR 1\n#define TENON_VERSION_MINOR 2\n#define TENON_VERSION_PATCH 3\n"
CLEAN = {
    "meson.build": "project('x', version: '1.2.3')\n",
    "include/tenon/core/config.hpp": VERSION,
    "include/tenon/link/acks.hpp": "",
    "include/tenon/session.hpp": "",
    "tests/meson.build": "portable = {\n  'link': [\n    'acks.cpp',\n  ],\n}\n"
                         "native = {\n  'session': ['session.cpp'],\n}\nfuzz = [\n  'frame',\n]\n",
    "tests/link/acks.cpp": "", "tests/session/session.cpp": "", "tests/fuzz/frame.cpp": "",
    "tests/fuzz/corpus/frame/one": "1",
}
guard.run(check, CLEAN, [
    ({"tests/link/more.cpp": ""}, "tests/link/more.cpp is not in"),
    ({"tests/fuzz/more.cpp": ""}, "tests/fuzz/more.cpp is not in"),
    ({"tests/link/acks.cpp": None}, "which is not there"),
    ({"include/tenon/link/rtt.hpp": ""}, "include/tenon/link/rtt.hpp has no tests/link/rtt.cpp"),
    ({"include/tenon/room/rtt.hpp": "", "tests/link/acks.cpp": '#include "tenon/room/rtt.hpp"\n'},
     "include/tenon/room/rtt.hpp has no tests/room/rtt.cpp"),
    ({"tests/fuzz/corpus/frame/one": None}, "holds no seed"),
    ({"meson.build": "project('x', version: '1.2.4')\n"}, "meson.build says version 1.2.4"),
])
