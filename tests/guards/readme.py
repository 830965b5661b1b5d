"""Every ```cpp block in the guides compiles as printed.

```cpp            a file of its own; #include <tenon.hpp> goes before it when it includes nothing; linked if it has main
```cpp continued  goes after the file that the blocks before it have made
```cpp body       statements, in a function after that file
A file, what continues it and the bodies after it are compiled at once.
An HTML comment that begins with `<!-- cpp` holds lines that are compiled like a block and not shown.
The first block of README.md is what examples/minimal.cpp holds below its comment, so what is printed is what runs.
"""
import re
import tempfile
from pathlib import Path

import guard

COMPILER = guard.Compiler()
# What a program links that encrypts; the front page, which does, is left out where it can't.
LIBRARIES = ["-lsodium"] if COMPILER.check("#include <sodium.h>\n")[0] == 0 else []
GUIDES = ["README.md", "include/**/*.md", "examples/**/*.md", "tests/*.md", "bench/*.md"]
BLOCK = re.compile(r"^(?:```cpp(?P<shown>[^\n]*)\n(?P<code>.*?)^```$|<!-- cpp(?P<hidden>[^\n]*)\n(?P<lines>.*?)^-->$)",
                   re.M | re.S)


def programs(name, source):
    """(line number, whole program) for each file that the page's blocks make."""
    file, first = "", 0
    for match in BLOCK.finditer(source):
        kind = (match.group("shown") if match.group("code") is not None else match.group("hidden")).strip()
        code = match.group("code") if match.group("code") is not None else match.group("lines")
        number = source[:match.start()].count("\n") + 2
        if kind not in ("", "continued", "body"):
            yield number, '#error "a block is cpp, cpp continued or cpp body, not: %s"\n' % kind
            continue
        if kind == "" and file:
            yield first, file
            file = ""
        if not file:
            first = number
            file = "" if kind == "" and "#include" in code else "#include <tenon.hpp>\n"
        if kind == "body":
            code = "void body_of_block_%d() {\n#line %d\n%s}\n" % (number, number, code)
        file += '#line %d "%s"\n%s' % (number, name, code)
    if file:
        yield first, file


def compiles(root, name, number, program):
    include = Path(root) / "include"
    if not re.search(r"\bmain\s*\(", program):
        status, said = COMPILER.check(program, ["-Wall", "-Wextra", "-Wno-unused", "-Werror"], include)
    else:
        with tempfile.TemporaryDirectory() as folder:
            status, said = COMPILER.run(["-Wall", "-Wextra", "-Wno-unused", "-Werror", "-x", "c++", "-", "-o",
                                         folder + "/program", "-pthread", *LIBRARIES], include, program)
    return "%s:%d: what begins here does not compile:\n%s" % (name, number, said) if status else None


def strays(root):
    front, program = Path(root) / "README.md", Path(root) / "examples/minimal.cpp"
    if front.exists() and program.exists():
        first = BLOCK.search(guard.text(front))
        if not first or not first.group("code") or not guard.text(program).endswith("\n" + first.group("code")):
            yield "README.md: its first block is not what examples/minimal.cpp holds"


def check(root):
    blocks = []
    for pattern in GUIDES:
        for path in sorted(Path(root).glob(pattern)):
            name = str(path.relative_to(root))
            if not guard.compilable([name], COMPILER):
                continue
            blocks += [(root, name, number, program) for number, program in programs(name, guard.text(path))]
    return list(strays(root)) + [c for c in guard.in_parallel(lambda block: compiles(*block), blocks) if c]


TREE = {"include/tenon.hpp": "#pragma once\ninline int two() { return 2; }\n",
        "examples/minimal.cpp": "// A program.\n#include <tenon.hpp>\nint main() { return two() - 2; }\n",
        "README.md": "```cpp\n#include <tenon.hpp>\nint main() { return two() - 2; }\n```\n"
                     "<!-- cpp\nint three();\n-->\n```cpp body\nint a = two() + three();\n```\n"
                     "```cpp continued\nint four() { return three() + 1; }\n```\n```sh\nls\n```\n"}
guard.run(check, TREE, [
    ({"examples/minimal.cpp": "#include <tenon.hpp>\nint main() { return two() - 1; }\n"}, "first block"),
    ({"README.md": "```cpp\n#include <tenon.hpp>\nint main() { return three(); }\n```\n"}, "README.md:2"),
    ({"include/tenon/wire/A.md": "\n```cpp\nint main() { return three(); }\n```\n"}, "A.md:3"),
    ({"README.md": "```cpp\nint missing();\nint main() { return missing(); }\n```\n"}, "undefined reference"),
    ({"tests/README.md": "```cpp body\nint a = three();\n```\n"}, "tests/README.md:2:"),
    ({"tests/README.md": "```cpp\nint a = 1;\n```\n```cpp continued\nint b = c;\n```\n"}, "tests/README.md:5:"),
    ({"tests/README.md": "```cpp\nint a = 1;\n```\n```cpp body\nb = a;\n```\n```cpp body\na = 2;\n```\n"},
     "tests/README.md:5:"),
    ({"tests/README.md": "```cpp\nint a = 1;\n```\n```cpp\nint b = a;\n```\n"}, "tests/README.md:5:"),
    ({"bench/README.md": "```cpp boddy\nint a = 1;\n```\n"}, "a block is cpp"),
])
