"""web_transport.py PROGRAM: tenon's WebTransport (PROGRAM, made of web_transport_echo.cpp) and Chromium's, which opens
web_transport.html without a screen. Skips, saying so, where there is no Chromium."""
import sys

from chromium import Host, Page

page = Page("web_transport.html")
with Host(sys.argv[1], page.origin) as host:
    said = page.run("port=%d&print=%s" % (host.port, host.rest[0]))
print("chromium: %s; the host said: %s" % (said, " ".join(host.said.split())))
assert said.startswith("ok"), said
assert "lost malformed" in host.said and "lost closed" in host.said, host.said
assert "refusals 2" in host.said, host.said
