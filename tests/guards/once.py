"""Two translation units that include every header, one in the reverse order of the other, link into one program."""
import tempfile
from pathlib import Path

import guard

COMPILER = guard.Compiler()


def check(root):
    root = Path(root)
    names = guard.compilable(guard.headers(root), COMPILER)
    with tempfile.TemporaryDirectory() as folder:
        units = {"up": names, "down": list(reversed(names))}
        for unit, order in units.items():
            body = "".join('#include "%s"\n' % name for name in order)
            body += "int main() { return 0; }\n" if unit == "up" else "int down() { return 0; }\n"
            (Path(folder) / (unit + ".cpp")).write_text(body, encoding="utf-8")
        for status, said in guard.in_parallel(lambda unit: COMPILER.run(
                ["-c", "%s/%s.cpp" % (folder, unit), "-o", "%s/%s.o" % (folder, unit)], root / "include"), units):
            if status:
                yield "all headers together don't compile:\n" + said
                return
        status, said = COMPILER.run(["%s/up.o" % folder, "%s/down.o" % folder, "-o", folder + "/all", "-pthread"])
        if status:
            yield "two files that include everything don't link:\n" + said


A, B = "include/tenon/a.hpp", "include/tenon/b.hpp"
guard.run(check, {A: "#pragma once\ninline int f() { return 1; }\n"}, [
    ({A: "#pragma once\nint f() { return 1; }\n"}, "multiple definition"),
    ({A: "#pragma once\nint shared = 1;\n"}, "multiple definition"),
    ({A: "#pragma once\nconstexpr int f() { return sizeof(int); }\n", B: "#pragma once\nint f();\n"}, "compile"),
])
