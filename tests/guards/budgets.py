"""No header costs its users more than its budget of preprocessed lines, which don't vary with a machine's load."""
import fnmatch
from pathlib import Path

import guard

COMPILER = guard.Compiler()
TABLE = "tests/guards/budgets.txt"


def budgets(root):
    lines = guard.text(Path(root) / TABLE).splitlines()
    return [(pattern, int(limit)) for pattern, limit in
            (line.split() for line in lines if line.strip() and not line.startswith("#"))]


def cost(root, name):
    status, said = COMPILER.run(["-E", "-P", "-x", "c++", "-"], Path(root) / "include", '#include "%s"\n' % name)
    return None if status else len(said.splitlines())


def check(root):
    table = budgets(root)
    names = guard.compilable(guard.headers(root), COMPILER)
    for name, lines in zip(names, guard.in_parallel(lambda name: cost(root, name), names)):
        limit = next((limit for pattern, limit in table if fnmatch.fnmatch(name, pattern)), None)
        if lines is None:
            yield name + " can't be preprocessed"
        elif limit is None:
            yield "%s has no line in %s (it costs %d)" % (name, TABLE, lines)
        elif lines > limit:
            yield "%s costs %d preprocessed lines; its budget is %d" % (name, lines, limit)


A = "include/tenon/core/a.hpp"
if not COMPILER.is_gcc:
    print("the budgets are in g++'s lines")
    raise SystemExit(77)
guard.run(check, {A: "#pragma once\n#include <cstdint>\n", TABLE: "# pattern, lines\ntenon/core/* 400\n"}, [
    ({A: "#pragma once\n#include <string>\n"}, "its budget is 400"),
    ({"include/tenon/b.hpp": ""}, "has no line in"),
    ({A: "#include <not_there>\n"}, "can't be preprocessed"),
])
