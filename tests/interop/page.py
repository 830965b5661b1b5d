"""page.py SERVER PROGRAM: browser::WebSocket (PROGRAM, made of page_echo.cpp) in node against tenon's own server
(SERVER, made of web_socket_echo.cpp). Skips, saying so, where node's ws is not installed."""
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIP, PATIENCE = 77, 120
ENVIRONMENT = dict(os.environ, NODE_PATH=os.pathsep.join(
    filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs", "/usr/lib/node_modules"])))


def main(server, program):
    if subprocess.run(["node", "-e", "require('ws')"], env=ENVIRONMENT, capture_output=True).returncode != 0:
        print("node's ws is not installed")
        raise SystemExit(SKIP)
    with subprocess.Popen([server, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as serving:
        try:
            first = serving.stdout.readline()
            assert first.startswith("port "), "the server said: " + first
            done = subprocess.run(["node", "-r", HERE / "page.cjs", program, "ws://127.0.0.1:" + first.split()[1]],
                                  env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=PATIENCE)
            said = serving.communicate(timeout=PATIENCE)[0]
        finally:
            serving.kill()
    print(done.stdout + said)
    assert done.stdout.strip() == "ok" and done.returncode == 0
    assert "malformed" not in said


main(sys.argv[1], sys.argv[2])
