"""web_rtc.py PROGRAM PEER [PAGE]: tenon's WebRtc (PROGRAM, made of web_rtc_echo.cpp) and another's: `chromium`, which
opens web_rtc.html without a screen, `coturn`, which relays between that and the host, or `python`'s aiortc; or `page`:
browser::WebRtc in Chromium (PAGE, made of page_echo.cpp). Skips, saying so, where the other is not installed."""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from chromium import PATIENCE, Host, Page, skip

HERE = Path(__file__).resolve().parent


class Relay:
    """coturn, with one user."""

    def __enter__(self):
        server = shutil.which("turnserver")
        if server is None:
            skip("coturn is not installed")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory()
        self.log = Path(self.folder.name) / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [server, "-n", "--verbose", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1",
                 "--listening-port=%d" % self.port, "--lt-cred-mech", "--user=tenon:tenon", "--realm=tenon",
                 "--allow-loopback-peers", "--no-tls", "--no-dtls", "--no-cli", "--no-tcp", "--log-file=stdout",
                 "--pidfile=" + self.folder.name + "/pid", "--userdb=" + self.folder.name + "/users"],
                stdout=log, stderr=log)
        return self

    def guests(self):
        """How many it has led to the host."""
        return self.log.read_text(errors="replace").count("CHANNEL_BIND processed, success")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.folder.cleanup()


def by_python(port):
    for python in (sys.executable, "/usr/bin/python3", "python3"):
        try:
            found = subprocess.run([python, "-c", "import aiortc, websockets"], capture_output=True).returncode == 0
        except OSError:
            found = False
        if found:
            done = subprocess.run([python, HERE / "python_aiortc.py", "ws://127.0.0.1:%d/rtc" % port], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
                                  env=dict(os.environ, PYTHONWARNINGS="ignore"))
            return done.stdout.strip()
    skip("Python's aiortc or websockets is not installed")


def main(program, peer, page=None):
    if page:
        # What page_size.py wants to be in no other page is in this one.
        assert "RTCPeerConnection" in Path(page).read_text(encoding="utf-8")
    with Host(program) as host, contextlib.ExitStack() as closing:
        relay = closing.enter_context(Relay()) if peer == "coturn" else None
        if peer == "python":
            said = by_python(host.port)
        elif page:
            said = Page("page_echo.html", {"page_echo.js": page}).run("rtc://127.0.0.1:%d" % host.port)
        else:
            said = Page("web_rtc.html").run("port=%d%s" % (host.port, "&turn=%d" % relay.port if relay else ""))
        led = relay.guests() if relay else 0
    print("%s: %s; the host said: %s" % (peer, said, " ".join(host.said.split())))
    assert said.splitlines()[-1:] and said.splitlines()[-1].startswith("ok"), said
    swift = int(host.said.split("unreliable ")[1])
    if page:
        sent = int(re.search(r"^sent (\d+)", said, re.M)[1])
        assert "\nreliable %d\n" % sent in "\n" + host.said, "what was said before it hung up did not arrive"
    assert swift >= 20, host.said
    assert relay is None or led >= 2, "the relay was passed by"
    if peer in ("chromium", "coturn"):
        assert "lost malformed" in host.said, host.said


main(*sys.argv[1:])
