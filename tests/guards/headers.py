"""Every header compiles alone, and twice in one file, without a warning, with neither exceptions nor run-time
types."""
from pathlib import Path

import guard

COMPILER = guard.Compiler()


def check(root):
    root = Path(root)

    def alone(name):
        bare = ["-fno-exceptions", "-fno-rtti"]
        status, said = COMPILER.check('#include "%s"\n' % name * 2, guard.WARNINGS + bare, root / "include")
        return "%s does not stand alone:\n%s" % (name, said) if status else None

    names = guard.compilable(guard.headers(root), COMPILER)
    return [complaint for complaint in guard.in_parallel(alone, names) if complaint]


A = "include/tenon/core/a.hpp"
guard.run(check, {A: "#pragma once\n#include <span>\nusing Bytes = std::span<char>;\n"}, [
    ({A: "#pragma once\nusing Bytes = std::span<char>;\n"}, "does not stand alone"),
    ({A: "inline int f() { return 1; }\n"}, "redefinition"),
    ({A: "#pragma once\ninline int f(long a) { return a; }\n"}, "does not stand alone"),
    ({A: "#pragma once\ninline int f() { throw 1; }\n"}, "does not stand alone"),
])
