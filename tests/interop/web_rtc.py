"""web_rtc.py PROGRAM PEER [PAGE]: tenon's WebRtc (PROGRAM, made of web_rtc_echo.cpp) and another's: `chromium`, which
opens web_rtc.html without a screen, or `python`'s aiortc; or `page`: browser::WebRtc in Chromium (PAGE, made of
page_echo.cpp). Skips, saying so, where the other is not installed."""
import http.server
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIP, PATIENCE = 77, 120


def skip(why):
    print(why)
    raise SystemExit(SKIP)


class Host:
    """The program that echoes, until its input ends; what it says after its port is in `said`."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = ""

    def __enter__(self):
        first = self.process.stdout.readline()
        assert first.startswith("port "), "the host said: " + first
        self.port = int(first.split()[1])
        return self

    def __exit__(self, *_):
        try:
            self.said = self.process.communicate(timeout=PATIENCE)[0]
        finally:
            self.process.kill()


class Page(http.server.BaseHTTPRequestHandler):
    results = queue.Queue()
    files = {"/web_rtc.html": HERE / "web_rtc.html", "/page_echo.html": HERE / "page_echo.html"}

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="text/html"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        found = self.files.get(self.path.split("?")[0])
        self.answer(200, found.read_bytes()) if found else self.answer(404)

    def do_POST(self):
        self.results.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.answer(204)


def by_chromium(page):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        skip("no Chromium is installed")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d/%s" % (server.server_address[1], page)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--user-data-dir=" + profile, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return Page.results.get(timeout=PATIENCE)
        except queue.Empty:
            return "the page said nothing"
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)
            server.shutdown()


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
        Page.files["/page_echo.js"] = Path(page)
        # What page_size.py wants to be in no other page is in this one.
        assert "RTCPeerConnection" in Path(page).read_text(encoding="utf-8")
    with Host(program) as host:
        said = by_python(host.port) if peer == "python" else by_chromium(
            "page_echo.html?rtc://127.0.0.1:%d" % host.port if page else "web_rtc.html?port=%d" % host.port)
    print("%s: %s; the host said: %s" % (peer, said, " ".join(host.said.split())))
    assert said.splitlines()[-1:] and said.splitlines()[-1].startswith("ok"), said
    swift = int(host.said.split("unreliable ")[1])
    if page:
        sent = int(re.search(r"^sent (\d+)", said, re.M)[1])
        assert "\nreliable %d\n" % sent in "\n" + host.said, "what was said before it hung up did not arrive"
    assert swift >= 20, host.said
    if peer == "chromium":
        assert "lost malformed" in host.said, host.said


main(*sys.argv[1:])
