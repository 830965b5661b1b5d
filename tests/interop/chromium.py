"""A page of this folder in Chromium, without a screen: what it says in the end. For web_rtc.py and web_transport.py."""
import http.server
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIP, PATIENCE = 77, 120


def skip(why):
    print(why)
    raise SystemExit(SKIP)


class Host:
    """The program that echoes, until its input ends: `port`, what it says behind that, and in the end `said`."""

    def __init__(self, program, *words):
        self.process = subprocess.Popen([program, "serve", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.said = ""

    def __enter__(self):
        first = self.process.stdout.readline()
        assert first.startswith("port "), "the host said: " + first
        self.port, self.rest = int(first.split()[1]), first.split()[2:]
        return self

    def __exit__(self, *_):
        try:
            self.said = self.process.communicate(timeout=PATIENCE)[0]
        finally:
            self.process.kill()


class Page:
    """A server of one page on this machine, which the page also tells its result; and of the files that it asks for."""

    def __init__(self, name, files=None):
        self.browser = (shutil.which("chromium") or shutil.which("chromium-browser") or
                        shutil.which("google-chrome"))
        if self.browser is None:
            skip("no Chromium is installed")
        results = self.results = queue.Queue()
        found = {"/" + name: HERE / name, **{"/" + asked: Path(file) for asked, file in (files or {}).items()}}

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, body=b"", kind="text/html"):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                file = found.get(self.path.split("?")[0])
                self.answer(200, file.read_bytes()) if file else self.answer(404)

            def do_POST(self):
                results.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.answer(204)

        self.name = name
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.origin = "http://127.0.0.1:%d" % self.port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def run(self, query):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            process = subprocess.Popen(
                [self.browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--no-first-run", "--user-data-dir=" + profile, self.origin + "/" + self.name + "?" + query],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                return self.results.get(timeout=PATIENCE)
            except queue.Empty:
                return "the page said nothing"
            finally:
                process.terminate()
                process.wait(timeout=PATIENCE)
                self.server.shutdown()
