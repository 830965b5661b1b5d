"""Names have the form that .clang-tidy asks for: PascalCase types, snake_case functions, private members with _."""
import re
import shutil
import subprocess
from pathlib import Path

import guard

COMPILER = guard.Compiler()
WARNING = re.compile(r"^([^\n]+?:\d+):\d+: (?:warning|error): (.*) \[.*\]$", re.M)


def check(root):
    root = Path(root)

    def named(name):
        done = subprocess.run(["clang-tidy", "--quiet", "--config-file=%s" % (guard.ROOT / ".clang-tidy"),
                               "--checks=-*,readability-identifier-naming", str(root / "include" / name), "--",
                               "-x", "c++", *COMPILER.flags, "-I", str(root / "include")],
                              capture_output=True, text=True, errors="replace")
        found = ["%s: %s" % pair for pair in WARNING.findall(done.stdout)]
        return found or ([done.stdout + done.stderr] if done.returncode else [])

    names = guard.compilable(guard.headers(root), COMPILER)
    return sorted({complaint for found in guard.in_parallel(named, names) for complaint in found})


if COMPILER.is_gcc or not shutil.which("clang-tidy"):
    print("naming is looked at where clang and clang-tidy are")
    raise SystemExit(77)
A = "include/tenon/core/a.hpp"


def thing(body):
    return "#pragma once\nnamespace tenon {\n%s\n}\n" % body


guard.run(check, {A: thing("class Thing {\n  public:\n    int size() const { return size_; }\n"
                           "  private:\n    int size_ = 0;\n};")}, [
    ({A: thing("struct wrong_name {};")}, "'wrong_name'"),
    ({A: thing("inline int wrongName() { return 0; }")}, "'wrongName'"),
    ({A: thing("class A {\n    int bare = 0;\n};")}, "'bare'"),
    ({A: thing("enum class E { First };")}, "'First'"),
])
