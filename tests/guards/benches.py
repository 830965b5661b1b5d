"""Every benchmark compiles without a warning; bench/run.sh alone makes programs of them, and is asked for by hand."""
from pathlib import Path

import guard

COMPILER = guard.Compiler()
# What bench/meson.build says of libraries: whether their headers are here.
SWITCHES = {"BENCH_SECURE": "sodium.h", "BENCH_ZSTD": "zdict.h", "BENCH_WSLAY": "wslay/wslay.h",
            "BENCH_TLS": "openssl/param_build.h", "BENCH_QUIC": "ngtcp2/ngtcp2_crypto_gnutls.h",
            "BENCH_WEBRTC": "usrsctp.h"}
# And those that it leaves out without one.
NEEDED = {"seal.cpp": "sodium.h", "codecs.cpp": "cereal/cereal.hpp", "clients.cpp": "enet/enet.h",
          "flood.cpp": "enet/enet.h", "lossy.cpp": "enet/enet.h"}


def has(header):
    return COMPILER.check("#include <%s>\n" % header)[0] == 0


def check(root):
    root = Path(root)
    defines = ["-D%s=%d" % (switch, has(header)) for switch, header in SWITCHES.items()]

    def compiles(path):
        needed = NEEDED.get(path.name)
        if needed and not has(needed):
            print("%s is left out: %s is not here" % (path.name, needed))
            return None
        status, said = COMPILER.run([*guard.WARNINGS, *defines, "-fsyntax-only", str(path)])
        return "%s does not compile:\n%s" % (path.name, said) if status else None

    return [complaint for complaint in guard.in_parallel(compiles, sorted((root / "bench").glob("*.cpp"))) if complaint]


A = "bench/a.cpp"
guard.run(check, {A: '#include "harness.hpp"\nint main() { return measured(0); }\n',
                  "bench/harness.hpp": "template <class T>\nint measured(T t) { return t; }\n"}, [
    ({A: "int main() { return measured(0); }\n"}, "a.cpp does not compile"),
    ({"bench/harness.hpp": "template <class T>\nint measured(T t) { return t.value; }\n"}, "a.cpp does not compile"),
    ({A: '#include "harness.hpp"\nint main(int a, char**) { return measured(0); }\n'}, "a.cpp does not compile"),
    ({A: '#include <tenon.hpp>\nint main() { return tenon::nothing; }\n'}, "a.cpp does not compile"),
])
