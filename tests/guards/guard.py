"""What the guards share: finding files, running the compiler, and proving that a guard can fail.

A guard is a function from a source tree to complaints. run() applies it to this tree, and then to a small clean
tree and to the same tree with one fault planted after the other: it must be silent on the first and name each
fault. Every one of these is counted as a test.
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(os.environ.get("TENON_ROOT") or Path(__file__).resolve().parents[2])
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
JOBS = int(os.environ.get("TENON_JOBS") or os.cpu_count() or 2)


def headers(root):
    """Every header under include/, as users write it: tenon/core/time.hpp."""
    include = Path(root) / "include"
    return sorted(str(path.relative_to(include)) for path in include.rglob("*.hpp"))


# Guides whose sessions take what the profiles take.
ENCRYPTED_GUIDES = ["README.md", "tenon/README.md", "tenon/bus/README.md", "tenon/ecs/README.md",
                    "tenon/room/MIGRATION.md", "tenon/topology/MESH.md"]
# What begins so can't be compiled where this header is not.
LIBRARIES = {"tenon/secure/": "sodium.h", "tenon/secure/jwt_rs256.hpp": "openssl/param_build.h",
             "tenon/codec/zstd.hpp": "zdict.h", "tenon/codec/compressed.hpp": "zdict.h",
             "tenon/transport/tls": "openssl/ssl.h", "tenon/transport/web_socket.hpp": "wslay/wslay.h",
             "tenon/transport/wslay.hpp": "wslay/wslay.h", "tenon/transport/tls_web_socket.hpp": "wslay/wslay.h",
             "tenon/transport/dtls.hpp": "openssl/ssl.h", "tenon/transport/usrsctp.hpp": "usrsctp.h",
             "tenon/transport/rtc_connection.hpp": "usrsctp.h", "tenon/transport/web_rtc": "usrsctp.h",
             "tenon/transport/web_rtc.hpp": "wslay/wslay.h", "tenon/transport/tls_web_rtc.hpp": "usrsctp.h",
             "tenon/transport/WEBRTC.md": "usrsctp.h",
             "tenon/browser/page.hpp": "emscripten/websocket.h",
             "tenon/browser/README.md": "emscripten/websocket.h",
             "tenon/browser/web_socket.hpp": "emscripten/websocket.h",
             "tenon/browser/rtc_page.hpp": "emscripten/websocket.h",
             "tenon/browser/web_rtc.hpp": "emscripten/websocket.h",
             "tenon/browser/web_transport.hpp": "emscripten/websocket.h",
             "tenon/browser/web_transport_page.hpp": "emscripten/websocket.h",
             "tenon/transport/README.md": "wslay/wslay.h", "tenon/transport/TLS.md": "openssl/ssl.h",
             "tenon/transport/natpmp.hpp": "natpmp.h", "tenon/transport/miniupnpc.hpp": "miniupnpc/miniupnpc.h",
             "tenon/transport/PORTS.md": "natpmp.h", "tenon/transport/PORTS": "miniupnpc/miniupnpc.h",
             "tenon/transport/gnutls.hpp": "gnutls/crypto.h",
             "tenon/transport/ngtcp2.hpp": "ngtcp2/ngtcp2_crypto_gnutls.h",
             "tenon/transport/quic": "ngtcp2/ngtcp2_crypto_gnutls.h",
             "tenon/transport/QUIC.md": "ngtcp2/ngtcp2_crypto_gnutls.h",
             "tenon/transport/nghttp3.hpp": "nghttp3/nghttp3.h",
             "tenon/transport/http3_session.hpp": "nghttp3/nghttp3.h",
             "tenon/transport/web_transport": "nghttp3/nghttp3.h",
             "tenon/transport/WEBTRANSPORT.md": "nghttp3/nghttp3.h",
             **dict.fromkeys(ENCRYPTED_GUIDES, "sodium.h")}


def compilable(names, compiler):
    """The names of headers, or of guides beside them, without those that lack their library, which is said."""
    absent = {header for header in set(LIBRARIES.values())
              if compiler.check("#include <%s>\n#if TENON_WITHOUT_SODIUM && %d\n#error\n#endif\n" %
                                (header, header == "sodium.h"))[0] != 0}
    lacking = tuple(start for start, header in LIBRARIES.items() if header in absent)
    found = [name for name in names if not name.removeprefix("include/").startswith(lacking)]
    if len(found) < len(names):
        print("not here, so left out with the headers that need them: " + ", ".join(sorted(absent)))
    return found


def text(path):
    return Path(path).read_text(encoding="utf-8", errors="replace")


def without_comments(source):
    """The source with comments and the insides of strings blanked, line by line as before."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)

    def blank(match):
        found = match.group(0)
        return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)

    return token.sub(blank, source)


def includes(source):
    """(line number, name as written with its quotes or brackets) of every include."""
    for number, line in enumerate(without_comments(source).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(<[^>]+>|"[^"]+")', line)
        if match:
            yield number, match.group(1)


def reached(root, path):
    """The headers of include/ that a file includes, itself or through others."""
    found, unread = set(), [Path(path)]
    while unread:
        for _, include in includes(text(unread.pop())):
            name = include[1:-1]
            there = [Path(root) / "include" / name, Path(path).parent / name]
            there = [one for one in there if one.exists() and one not in found]
            found.update(there)
            unread += there
    return {str(one.relative_to(Path(root) / "include")) for one in found if one.is_relative_to(Path(root) / "include")}


class Compiler:
    """The compiler of the build that runs this guard, with what it needs to find the third parties."""

    def __init__(self, command=None, flags=None):
        if command is None:
            command, flags = from_build(os.environ.get("TENON_BUILD_DIR"))
        self.command, self.flags = command, flags

    def run(self, arguments, include=None, source=None):
        """(exit status, what it said); `include` is the folder in which tenon's headers are looked for."""
        command = self.command + self.flags + ["-I", str(include or ROOT / "include")] + arguments
        done = subprocess.run(command, input=source, capture_output=True, text=True, errors="replace",
                              env={**os.environ, "LC_ALL": "C"})
        return done.returncode, done.stdout + done.stderr

    def check(self, source, arguments=(), include=None):
        """Compiles source text without making anything."""
        return self.run([*arguments, "-fsyntax-only", "-x", "c++", "-"], include, source)

    def read_before(self, source, folder, include=None):
        """Arguments with which this source stands before another, precompiled into `folder`."""
        header, made = Path(folder) / "before.hpp", Path(folder) / ("before.hpp.gch" if self.is_gcc else "before.pch")
        header.write_text(source, encoding="utf-8")
        status, said = self.run(["-x", "c++-header", str(header), "-o", str(made)], include)
        assert status == 0, said
        return ["-Winvalid-pch", "-include", str(header)] if self.is_gcc else ["-include-pch", str(made)]

    @property
    def is_gcc(self):
        return "__clang__" not in self.macros()

    def macros(self):
        return self.run(["-E", "-dM", "-x", "c++", "-"], source="")[1]


def from_build(build):
    """The compiler and the include and define flags with which the build compiles tests/main.cpp."""
    commands = Path(build or "") / "compile_commands.json"
    if not build or not commands.exists():
        return shlex.split(os.environ.get("CXX", "g++")), ["-std=c++20"]
    for entry in json.loads(text(commands)):
        if entry["file"].endswith("tests/main.cpp"):
            break
    words = shlex.split(entry["command"])
    first = next(i for i, word in enumerate(words) if word.startswith("-"))
    command = [word for word in words[:first] if Path(word).name != "ccache"]
    flags, own = [], (ROOT / "include").resolve()
    rest = iter(words[first:])
    for word in rest:
        if word.startswith(("-I", "-isystem")):
            kind = "-I" if word.startswith("-I") else "-isystem"
            folder = word[len(kind):] or next(rest)
            folder = (Path(entry["directory"]) / folder).resolve()
            if folder != own:
                flags += [kind, str(folder)]
        elif word.startswith(("-std=", "-D")):
            flags.append(word)
    return command, flags


def in_parallel(function, items):
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(function, items))


def plant(folder, files):
    for name, content in files.items():
        if content is None:
            (Path(folder) / name).unlink()
            continue
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def run(check, clean, faults):
    """check(root) gives complaints; clean is a tree {file: content}; faults are (files, words of the complaint)."""
    passed = failed = 0

    def report(well, words):
        nonlocal passed, failed
        passed, failed = passed + well, failed + (not well)
        if not well:
            print(words)

    complaints = list(check(ROOT))
    report(not complaints, "\n".join(complaints))
    with tempfile.TemporaryDirectory() as folder:
        plant(folder, clean)
        found = list(check(folder))
        report(not found, "a clean tree is refused: " + "; ".join(found))
    for files, words in faults:
        with tempfile.TemporaryDirectory() as folder:
            plant(folder, clean)
            plant(folder, files)
            found = list(check(folder))
            report(any(words in complaint for complaint in found),
                   "a planted fault was not seen: %r in %s; said: %s" % (words, list(files), found))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)
