"""Names have the form that .clang-tidy asks for: PascalCase types, snake_case functions, private members with _."""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import guard

COMPILER = guard.Compiler()
WARNING = re.compile(r"^([^\n]+?:\d+):\d+: (?:warning|error): (.*) \[.*\]$", re.M)


def check(root):
    include = Path(root) / "include"
    names = guard.compilable(guard.headers(root), COMPILER)
    with tempfile.TemporaryDirectory() as folder:
        # All at once: a name has its form wherever it is read, and each header alone is what `headers` reads.
        everything = Path(folder) / "everything.cpp"
        everything.write_text("".join('#include "%s"\n' % name for name in names), encoding="utf-8")
        done = subprocess.run(["clang-tidy", "--quiet", "--config-file=%s" % (guard.ROOT / ".clang-tidy"),
                               "--checks=-*,readability-identifier-naming",
                               "--header-filter=^%s/.*" % re.escape(str(include)), str(everything), "--",
                               "-x", "c++", *COMPILER.flags, "-I", str(include)],
                              capture_output=True, text=True, errors="replace")
    found = sorted({"%s: %s" % pair for pair in WARNING.findall(done.stdout)})
    return found or ([done.stdout + done.stderr] if done.returncode else [])


if COMPILER.is_gcc or not shutil.which("clang-tidy"):
    print("naming is looked at where clang and clang-tidy are")
    raise SystemExit(77)
A, B = "include/tenon/core/a.hpp", "include/tenon/link/b.hpp"


def thing(body):
    return "#pragma once\nnamespace tenon {\n%s\n}\n" % body


guard.run(check, {A: thing("class Thing {\n  public:\n    int size() const { return size_; }\n"
                           "  private:\n    int size_ = 0;\n};")}, [
    ({A: thing("struct wrong_name {};")}, "'wrong_name'"),
    ({A: thing("inline int wrongName() { return 0; }")}, "'wrongName'"),
    ({A: thing("class A {\n    int bare = 0;\n};")}, "'bare'"),
    ({A: thing("enum class E { First };")}, "'First'"),
    ({B: thing("struct other_name {};")}, "'other_name'"),
    ({B: thing("struct Other { Missing it; };")}, "unknown type name 'Missing'"),
])
