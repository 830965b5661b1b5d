"""web_transport.py PROGRAM [PAGE]: tenon's WebTransport (PROGRAM, made of web_transport_echo.cpp) and Chromium's, which
opens web_transport.html without a screen; or browser::WebTransport in it (PAGE, made of page_echo.cpp). Skips, saying
so, where there is no Chromium."""
import sys
from pathlib import Path

from chromium import Host, Page


def main(program, script=None):
    page = Page("page_echo.html", {"page_echo.js": script}) if script else Page("web_transport.html")
    if script:
        # What page_size.py wants to be in no other page is in this one.
        assert "new WebTransport(" in Path(script).read_text(encoding="utf-8")
    with Host(program, page.origin) as host:
        said = page.run(("https://127.0.0.1:%d#%s" if script else "port=%d&print=%s") % (host.port, host.rest[0]))
    print("chromium: %s; the host said: %s" % (said, " ".join(host.said.split())))
    assert said.splitlines()[-1].startswith("ok"), said
    assert "lost closed" in host.said, host.said
    assert script or "lost malformed" in host.said, host.said
    assert ("refusals 1" if script else "refusals 2") in host.said, host.said


main(*sys.argv[1:])
