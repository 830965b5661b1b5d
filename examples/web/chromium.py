"""chromium.py PAGE FOLDER [--rtc HOST:PORT] [--wt HOST:PORT#FINGERPRINT] [--server PROGRAM] [--seconds N]: the arena in
headless Chromium, by chromedriver.

PAGE is its address, or a file, which is then served here together with a room and bots by PROGRAM (web_server). Two
pages join: keys and a finger steer the first, the second goes behind another tab for longer than the server's patience.
Where the room has WebRTC or WebTransport, there or as PROGRAM says, a page comes that way as well, and does both.
Prints what it measured as `figure NAME VALUE UNIT`, leaves pictures in FOLDER, and ends with 1 and a sentence when the
arena was not played well, or with 77 where Chromium is not installed. With --seconds it then lets both fly for so long,
and looks at what memory they hold."""
import argparse
import base64
import functools
import http.server
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

SKIP, PATIENCE = 77, 60
ROADS = (("rtc", "WebRTC", "carl"), ("wt", "WebTransport", "dora"))  # and who comes there
BEHIND = 12  # seconds in the background; the server waits ten for who is silent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-component-update", "--disable-background-networking", "--disable-sync", "--window-size=1280,760"]


class Driver:
    """One browser, by the WebDriver protocol: JSON over HTTP."""

    def __init__(self):
        self.process = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.session = None
        try:
            self.root = f"http://127.0.0.1:{self.port()}"
            self.profile = tempfile.TemporaryDirectory(prefix="tenon-page-", ignore_cleanup_errors=True)
            options = {"args": FLAGS + ["--user-data-dir=" + self.profile.name]}
            wanted = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
            self.session = self.call("POST", "/session", {"capabilities": wanted})["sessionId"]
            self.current = self.call("GET", "/window")
        except BaseException:
            self.close()
            raise

    def port(self):
        for line in self.process.stdout:
            if found := re.search(r"successfully on port (\d+)", line):
                return found[1]
        raise AssertionError("chromedriver does not start")

    def call(self, method, path, body=None):
        where = self.root + (f"/session/{self.session}" if self.session else "") + path
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(where, method=method, data=data, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise AssertionError(f"{path}: {value['error']}: {value['message'][:300]}") from None

    def close(self):
        try:
            if self.session:
                self.call("DELETE", "")
        except (AssertionError, OSError):
            pass
        finally:
            self.process.terminate()
            self.process.wait()


class Tab:
    """A page, or what is before it."""

    def __init__(self, driver, kind=None):
        self.driver = driver
        made = driver.call("POST", "/window/new", {"type": kind})["handle"] if kind else None
        self.handle = made or driver.current
        self.looked = {}

    def call(self, method, path, body=None):
        # Only where it is another one, since this also brings the tab to the front.
        if self.driver.current != self.handle:
            self.driver.call("POST", "/window", {"handle": self.handle})
            self.driver.current = self.handle
        return self.driver.call(method, path, body)

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def protocol(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, address):
        self.call("POST", "/url", {"url": address})

    def close(self):
        self.call("DELETE", "/window")
        self.driver.current = None

    def go_behind(self, other):
        self.protocol("Target.activateTarget", targetId=other.handle)

    def report(self):
        self.looked = self.run("return window.arena ? arena.report() : {status: 'loading', seen: []}")
        return self.looked

    def until(self, holds, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while not holds(self.report()):
            assert time.monotonic() < end, f"{what}: {self.looked}"
            time.sleep(0.05)
        return self.looked

    def own(self):
        return next((ship for ship in self.report()["seen"] if ship["own"]), None)

    def key(self, code, down):
        key = {"Space": " "}.get(code, code)
        self.protocol("Input.dispatchKeyEvent", type="keyDown" if down else "keyUp", code=code, key=key)

    def finger(self, kind, *points):
        touches = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self.protocol("Input.dispatchTouchEvent", type=kind, touchPoints=touches)

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def held(self):
        """Bytes that the page's scripts hold when nothing is left to be collected."""
        self.protocol("HeapProfiler.collectGarbage")
        metrics = self.protocol("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "JSHeapUsedSize")


def figure(name, value, unit):
    print(f"figure web.{name} {value:.6g} {unit}", flush=True)


def names(report):
    return {ship["name"] for ship in report["seen"]}


def meet(pages, prefix=""):
    """They come in, by name and address, and see each other and the bots."""
    for name, (tab, address) in pages.items():
        tab.open(f"{address}&name={name}")
        tab.until(lambda report: report["status"] == "joined", f"{name} does not come in")
        assert tab.looked["road"] == (re.findall("road=([a-z]+)", address) or ["ws"])[0], tab.looked
    first = next(iter(pages.values()))[0]
    figure(prefix + "start", first.looked["started_ms"], "ms")
    figure(prefix + "start_and_join", first.looked["started_ms"] + first.looked["joined_ms"], "ms")
    for tab, _ in pages.values():
        tab.until(lambda report: {*pages, "ann", "bot 1"} <= names(report), "not everybody is seen")
        assert not tab.looked["hidden"] and sum(ship["own"] for ship in tab.looked["seen"]) == 1, tab.looked


def fly(ann, bob):
    """Keys move the ship, and the other page sees it where it is."""
    before = ann.until(lambda _: ann.own() and not ann.own()["dazed"], "ann's ship is not there")
    ann.key("ArrowUp", True)
    ann.until(lambda report: report["flown"] > before["flown"] + 5, "the ship does not move")
    ann.until(lambda _: (ann.own() or {}).get("thrusts"), "no thrust is seen")
    ann.key("ArrowUp", False)
    heading = ann.own()["heading"]
    ann.key("ArrowLeft", True)
    ann.until(lambda _: abs(ann.own()["heading"] - heading) > 0.5, "the ship does not turn")
    ann.key("ArrowLeft", False)
    shots = ann.report()["shots"]
    ann.key("Space", True)
    ann.until(lambda report: report["shots"] > shots, "the ship does not fire")
    ann.key("Space", False)

    def is_where_it_is(report):
        there = next(ship for ship in report["seen"] if ship["name"] == "ann")
        here = ann.own()
        return abs(there["x"] - here["x"]) < 4 and abs(there["y"] - here["y"]) < 4
    bob.until(is_where_it_is, "bob sees ann elsewhere")


def measure_keys(ann, prefix="", count=60):
    """From a key to the server's answer; the pauses differ, so that no rhythm of ours meets one of the session's."""
    end, pressed = time.monotonic() + PATIENCE, 0
    # On a slow machine fewer of them are timed, since that is one after the other: then it takes more.
    while pressed < count or pressed % 2 or ann.report()["echoes"] < count // 2:
        assert time.monotonic() < end, f"keys are not answered: {ann.looked}"
        ann.key(("ArrowLeft", "ArrowRight")[pressed // 2 % 2], pressed % 2 == 0)
        pressed += 1
        time.sleep(0.05 + random.random() * 0.05)
    figure(prefix + "echo_p50", ann.looked["echo_ms"], "ms")
    figure(prefix + "echo_p95", ann.looked["echo_p95_ms"], "ms")
    figure(prefix + "rtt", ann.looked["rtt_ms"], "ms")


def look(ann, folder):
    """The picture has the colours of the ships, as wide as the window and as small as a telephone."""
    colors = """const c = document.getElementById('field'), found = new Set();
        const pixels = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
        for (const pixel of pixels) found.add(pixel);
        return [c.width, c.height, innerWidth, innerHeight, found.size]"""
    wide, high, window_wide, window_high, found = ann.run(colors)
    assert (wide, high) == (window_wide, window_high) and found > 50, (wide, high, window_wide, window_high, found)
    assert "joined" in ann.run("return document.getElementById('figures').textContent")
    assert "bot 1" in ann.run("return document.getElementById('scores').textContent")
    ann.picture(folder / "arena.png")
    ann.protocol("Emulation.setDeviceMetricsOverride", width=740, height=360, deviceScaleFactor=2, mobile=True)
    ann.protocol("Emulation.setTouchEmulationEnabled", enabled=True)
    before = ann.report()
    ann.finger("touchStart", (120, 260))
    ann.finger("touchMove", (160, 260))
    ann.finger("touchStart", (160, 260), (660, 270))
    ann.until(lambda report: report["flown"] > before["flown"] + 5 and report["shots"] > before["shots"],
              "fingers steer nothing")
    ann.picture(folder / "arena-touch.png")
    ann.finger("touchEnd")
    ann.protocol("Emulation.setTouchEmulationEnabled", enabled=False)
    ann.protocol("Emulation.clearDeviceMetricsOverride")


def hide(ann, behind):
    """Nobody looks at these tabs for longer than the server waits for the silent; they note its begin and its end."""
    for name, (tab, front) in behind.items():
        assert tab.report()["joined"] == 1, tab.looked
        tab.run("window.noted = []; addEventListener('visibilitychange', () => noted.push(arena.report()))")
        tab.go_behind(front)
        tab.until(lambda report: report["hidden"], f"{name}'s tab is not hidden")
    time.sleep(BEHIND)
    assert set(behind) <= names(ann.report()), ann.looked
    for name, (tab, _) in behind.items():
        tab.until(lambda report: not report["hidden"], f"{name}'s tab does not come back")
        hid, shown = tab.run("return noted")
        # Where a road has a way beside its stream, what is seen of the others goes there.
        swift = shown["beside"] / shown["frames"]
        assert swift > 0.5 if shown["road"] != "ws" else swift == 0, shown
        assert hid["hidden"] and not shown["hidden"] and shown["status"] == "joined", (hid, shown)
        assert shown["frames"] > hid["frames"] + 20 * BEHIND / 10, (hid, shown)
        figure(f"{name}_hidden_turns", (shown["turns"] - hid["turns"]) / BEHIND, "/s")
        tab.until(lambda report: report["turns"] > shown["turns"] + 20, f"{name}'s tab is not drawn again")
        tab.until(lambda report: report["late_ms"] < 1000, f"{name} is shown what is long ago")
        assert tab.looked["joined"] == 1, f"{name} lost its place in the background"
        flown = tab.looked["flown"]
        tab.key("ArrowUp", True)
        tab.until(lambda report: report["flown"] > flown + 5, f"{name}'s ship does not move any more")
        tab.key("ArrowUp", False)


def watch_memory(tabs, seconds):
    """What is held after a while, beside what was held when all was under way."""
    for tab in tabs:
        tab.protocol("Performance.enable")
        tab.run("Module._arena_fly(1)")
    time.sleep(min(10, seconds))
    before = [(tab.held(), tab.report()["memory"]) for tab in tabs]
    end = time.monotonic() + seconds
    most = 0
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 30))
        most = max([most] + [tab.held() for tab in tabs])
    for tab, (held, memory) in zip(tabs, before):
        grown = tab.held() - held
        report = tab.report()
        name = next(ship["name"] for ship in report["seen"] if ship["own"])
        figure(f"{name}_scripts_grown_by", grown / 1000, "kB")
        figure(f"{name}_scripts", (held + grown) / 1000, "kB")
        figure(f"{name}_webassembly", report["memory"] / 1000, "kB")
        assert report["memory"] == memory, f"WebAssembly's memory has grown from {memory} to {report['memory']}"
        assert grown < 1_000_000, f"the scripts hold {grown} bytes more"
        assert report["joined"] == 1 and report["status"] == "joined", report
    figure("scripts_most", most / 1000, "kB")


def play(page, roads, folder, seconds):
    driver = Driver()
    try:
        # bob's page is the first of two tabs in one window, ann's has a window of its own.
        bob, front = Tab(driver), Tab(driver, "tab")
        ann = Tab(driver, "window")
        behind = {"bob": (bob, front)}
        meet({"ann": (ann, page), "bob": (bob, page)})
        fly(ann, bob)
        measure_keys(ann)
        for road, kind, name in ROADS:
            if not roads[road]:
                print(f"not played: a page over {kind}: the server was built without it", flush=True)
                continue
            tab = Tab(driver, "window")
            tab.report()  # a new tab is one of the window that was looked at last
            behind[name] = (tab, Tab(driver, "tab"))
            there = re.sub("host=[^&]*", "host=" + urllib.parse.quote(roads[road]), page)
            meet({name: (tab, f"{there}&road={road}")}, road + "_")
            measure_keys(tab, road + "_", 40)
        look(ann, folder)
        hide(ann, behind)
        watch_memory([ann] + [tab for tab, _ in behind.values()], seconds)
        for name, (tab, _) in behind.items():
            tab.close()
            ann.until(lambda report: report["seen"] and name not in names(report), f"{name}'s ship stays behind")
    finally:
        driver.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(page, server, folder, seconds):
    """The page and its room, each on a port of its own."""
    handler = functools.partial(Quiet, directory=page.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site, \
            subprocess.Popen([server, "--listen", "0", "--bots", "3"], stdout=subprocess.PIPE, text=True) as room:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        try:
            first = room.stdout.readline()
            assert first.startswith("listening on port "), "the server said: " + first
            room.stdout.readline()
            roads = dict.fromkeys(("rtc", "wt"))
            for line in iter(room.stdout.readline, ""):
                found = re.match(r"pages over (\w+) join at port (\d+)(?: with (\w+))?", line)
                if not found:
                    break
                where = "127.0.0.1:" + found[2] + ("#" + found[3] if found[3] else "")
                roads["rtc" if found[1] == "WebRTC" else "wt"] = where
            threading.Thread(target=room.stdout.read, daemon=True).start()
            host = urllib.parse.quote("127.0.0.1:" + first.split()[-1])
            play(f"http://127.0.0.1:{site.server_address[1]}/{page.name}?host={host}", roads, folder, seconds)
        finally:
            site.shutdown()
            room.terminate()


def main():
    words = argparse.ArgumentParser()
    words.add_argument("page")
    words.add_argument("folder", type=Path)
    words.add_argument("--rtc")
    words.add_argument("--wt")
    words.add_argument("--server")
    words.add_argument("--seconds", type=float, default=5)
    asked = words.parse_args()
    if not shutil.which("chromedriver"):
        print("chromedriver, of Debian's package chromium-driver, is not installed")
        return SKIP
    asked.folder.mkdir(parents=True, exist_ok=True)
    try:
        if asked.server:
            serve(Path(asked.page).resolve(), asked.server, asked.folder, asked.seconds)
        else:
            play(asked.page, {"rtc": asked.rtc, "wt": asked.wt}, asked.folder, asked.seconds)
    except AssertionError as wrong:
        print(f"wrong: {wrong}")
        return 1
    return 0


sys.exit(main())
