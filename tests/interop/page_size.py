"""page_size.py ROOT ARGUMENT...: the program of browser/README.md, built as that page says, is as small as it says; and
so it is over WebRTC, of which the first has nothing.

The ARGUMENTs are what this machine's em++ needs to find headers."""
import gzip
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WHOLE_MAX, COMPRESSED_MAX = 300_000, 120_000  # bytes of a program, its JavaScript included


def compressed(data):
    return len(gzip.compress(data, 9))


def complaints(parts):
    whole, packed = sum(map(len, parts)), sum(map(compressed, parts))
    if whole > WHOLE_MAX:
        yield f"it has {whole} bytes, and may have {WHOLE_MAX}"
    if packed > COMPRESSED_MAX:
        yield f"compressed it has {packed} bytes, and may have {COMPRESSED_MAX}"


def over_rtc(program):
    """What the guide says is to be written for it."""
    for word, other in (("browser/web_socket.hpp", "browser/web_rtc.hpp"), ("browser::WebSocket", "browser::WebRtc"),
                        ('"wss://game.example/play"', '"rtcs://game.example:4000"'), (" -lwebsocket.js", "")):
        program = program.replace(word, other)
    return program


def build(guide, include, arguments):
    """The WebAssembly, and the JavaScript around it."""
    program = re.search(r"^```cpp\n(.*?)^```$", guide, re.M | re.S)[1]
    line = re.search(r"^em\+\+ (?:.*\\\n)*.*$", guide, re.M)[0].replace("\\\n", " ").split("#")[0].split()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "game.cpp").write_text(program, encoding="utf-8")
        line = [str(include) if word == "tenon/include" else word for word in line]
        done = subprocess.run(line + ["-Wall", "-Wextra", "-Werror"] + arguments, cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=os.environ)
        assert done.returncode == 0, done.stdout
        return [Path(folder, name).read_bytes() for name in ("game.wasm", "game.js")]


def main(root, *arguments):
    assert list(complaints([os.urandom(COMPRESSED_MAX)])) and list(complaints([bytes(WHOLE_MAX), b"x"]))
    guide = Path(root, "include/tenon/browser/README.md").read_text(encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        built = list(pool.map(lambda of: build(of, Path(root, "include"), list(arguments)), (guide, over_rtc(guide))))
    found = []
    for road, parts in zip(("", ".rtc"), built):
        for kind, data in zip(("webassembly", "javascript"), parts):
            figure = "figure page_size%s.%s" % (road, kind)
            print("%s %d bytes\n%s.compressed %d bytes" % (figure, len(data), figure, compressed(data)))
        found += complaints(parts)
        # Scripts of a transport are in no page that does not take it.
        if ((b"RTCPeerConnection" in parts[1]) != bool(road) or (b"WS.sockets" in parts[1]) == bool(road) or
                b"new WebTransport(" in parts[1]):
            found.append("the page over %s has another transport's scripts" % ("WebRTC" if road else "WebSocket"))
    # The guide's figures, of whoever built it: another version of Emscripten differs by a little.
    for (wasm, _), said in zip(built, re.findall(r"([\d,]+)\s+bytes\s+of\s+WebAssembly", guide)):
        said = int(said.replace(",", ""))
        if abs(len(wasm) - said) > said / 10:
            found.append(f"the guide says that it has {said} bytes of WebAssembly, and it has {len(wasm)}")
    assert not found, "; ".join(found)


main(*sys.argv[1:])
