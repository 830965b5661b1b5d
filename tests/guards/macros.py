"""No header leaves a macro behind that is not TENON_ something; those are defined in core/config.hpp alone. And none
calls anything by a short word that is a macro after windows.h, which programs include before us."""
import re
import sys
from pathlib import Path

import guard

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "package"))
from amalgamate import SWITCHES  # noqa: E402

TAKEN = r"(?<![\w<])(?:near|far|small|interface|pascal|cdecl|IN|OUT|ERROR|DELETE|VOID|CONST)(?![\w>])"


def check(root):
    for name in guard.headers(root):
        code = guard.without_comments(guard.text(Path(root) / "include" / name))
        words = re.sub(r'"[^"\n]*"', '""', code)
        for match in re.finditer(TAKEN, words):
            yield "%s:%d: %s is a macro of windows.h" % (name, words[:match.start()].count("\n") + 1, match.group(0))
        dropped = set(re.findall(r"^\s*#\s*undef\s+(\w+)", code, re.M))
        for match in re.finditer(r"^\s*#\s*define\s+(\w+)", code, re.M):
            macro = match.group(1)
            number = code[:match.start(1)].count("\n") + 1
            if macro in dropped or macro in SWITCHES:
                continue
            if not macro.startswith("TENON_"):
                yield "%s:%d: leaks the macro %s" % (name, number, macro)
            elif name != "tenon/core/config.hpp":
                yield "%s:%d: %s belongs in tenon/core/config.hpp" % (name, number, macro)


CONFIG, OTHER = "include/tenon/core/config.hpp", "include/tenon/core/a.hpp"
guard.run(check, {CONFIG: "#define TENON_A 1\n", OTHER: "#define x 1\n#undef x\n// #define y\n"}, [
    ({CONFIG: "#ifndef B\n#  define B 1\n#endif\n"}, "leaks the macro B"),
    ({OTHER: "#define TENON_B 1\n"}, "belongs in"),
    ({OTHER: "inline bool is(int a, int far) { return a < far; } // far away\n"}, "far is a macro of windows.h"),
])
