"""web_socket.py PROGRAM PEER [tls]: tenon's WebSocket (PROGRAM, made of web_socket_echo.cpp, or of
tls_web_socket_echo.cpp) and another's, each once as server and once as client. Skips, saying so, where the other is
not installed."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIP, PATIENCE = 77, 120
ENVIRONMENT = dict(os.environ, NODE_PATH=os.pathsep.join(
    filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs", "/usr/lib/node_modules"])))


def runs(command):
    try:
        return subprocess.run(command, env=ENVIRONMENT, capture_output=True, timeout=PATIENCE).returncode == 0
    except OSError:
        return False


def find(peer):
    """The command that speaks for the peer, or None."""
    if peer == "node":
        return ["node", HERE / "node_ws.cjs"] if runs(["node", "-e", "require('ws').Server"]) else None
    for python in (sys.executable, "/usr/bin/python3", "python3"):
        if runs([python, "-c", "import websockets; websockets.serve"]):
            return [python, "-u", HERE / "python_websockets.py"]
    return None


class Server:
    """A program that serves until its input ends; what it says after its port is in `said`."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.said = ""

    def __enter__(self):
        first = self.process.stdout.readline()
        assert first.startswith("port "), "the server said: " + first + self.process.stdout.read()
        self.port = int(first.split()[1])
        return self

    def __exit__(self, *_):
        try:
            self.said = self.process.communicate(timeout=PATIENCE)[0]
        finally:
            self.process.kill()


def said_by(command):
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE)
    return done.stdout.strip()


def check(what, said, wanted):
    print("%s: %s" % (what, said))
    assert said == wanted, "%s: wanted %s" % (what, wanted)


def skip(why):
    print(why)
    raise SystemExit(SKIP)


def certificate(folder):
    """The files of a certificate for this machine and of its key, made by openssl."""
    files = [folder + "/certificate.pem", folder + "/key.pem"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-out", files[0], "-keyout", files[1]], check=True, capture_output=True, timeout=PATIENCE)
    return files


def main(program, peer, files):
    command = find(peer)
    if command is None:
        skip({"node": "node's ws", "python": "Python's websockets"}[peer] + " is not installed")
    scheme, known = ("wss", [files[0]]) if files else ("ws", [])
    with Server([program, "serve", *files]) as ours:
        url = "%s://127.0.0.1:%d" % (scheme, ours.port)
        check("its client at our server", said_by(command + ["client", url, *known]), "ok")
    assert "lost closed" in ours.said, ours.said
    with Server(command + ["server"] + (["-", *files] if files else [])) as theirs:
        at = "%s://127.0.0.1:%d" % (scheme, theirs.port)
        game, evil = "https://game.example", "https://evil.example"
        check("our client at its server", said_by([program, "dial", at + "/echo", game, *known]), "echoed 8")
        check("from a page that may not", said_by([program, "dial", at + "/echo", evil, *known]), "lost refused")
        if peer == "node":
            check("at a wrong path", said_by([program, "dial", at + "/other", game, *known]), "lost refused")
    assert "closed 1000 after pongs" in theirs.said, theirs.said


if sys.argv[3:] == ["tls"]:
    if not shutil.which("openssl"):
        skip("the program openssl is not installed")
    with tempfile.TemporaryDirectory() as place:
        main(sys.argv[1], sys.argv[2], certificate(place))
else:
    main(sys.argv[1], sys.argv[2], [])
