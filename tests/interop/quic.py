"""quic.py PROGRAM: a client of another's QUIC, quiche as npm's @matrixai/quic has it, at tenon's server (PROGRAM, made
of quic_echo.cpp). Skips, saying so, where that is not installed: it is looked for in $QUIC_MODULES, a node_modules."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIP, PATIENCE = 77, 120
HERE = Path(__file__).resolve().parent


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


modules = Path(os.environ.get("QUIC_MODULES") or "/nowhere")
if not (modules / "@matrixai" / "quic").is_dir() or not shutil.which("node"):
    skip("npm's @matrixai/quic is not installed: $QUIC_MODULES names no node_modules that has it")
if not shutil.which("openssl"):
    skip("the program openssl is not installed")
with tempfile.TemporaryDirectory() as place:
    server = subprocess.Popen([sys.argv[1], "serve", *certificate(place)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().split()[1]
        done = subprocess.run(["node", HERE / "node_quic.mjs", port], capture_output=True, text=True, timeout=PATIENCE)
        print(done.stdout + done.stderr)
        assert "ok" in done.stdout.splitlines(), "its frames did not come back"
        assert server.communicate(timeout=PATIENCE)[0] .startswith("lost closed\n")
    finally:
        server.kill()
