"""together.py TESTS OUTPUT FILE...: writes one source file with what the test files FILE hold, so that a compiler reads
what they include once and makes what they have in common once. Includes come first; then each file's text, in a
namespace of its own, where names may be the same, and with its own lines, so that a warning or a failed check names the
file that people edit. A file that asks for the preprocessor, or that has a namespace with a name, which the tests may
look at, stands outside, last.
"""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*(<[^>]+>|"[^"]+")')
OUTSIDE = re.compile(r"^\s*#\s*(?!include\b)|^namespace \w+ \{", re.M)
tests, output = Path(sys.argv[1]).resolve(), Path(sys.argv[2])


def spelled(name, path):
    """An include as another folder writes it: what lies beside the file, by its path from tests/."""
    beside = path.parent / name[1:-1]
    return '"%s"' % beside.resolve().relative_to(tests).as_posix() if name[0] == '"' and beside.exists() else name


def main():
    included, inside, outside = {}, "", ""
    for name in sys.argv[3:]:
        path = Path(name).resolve()
        source = path.read_text(encoding="utf-8")
        stands_outside = OUTSIDE.search(source)
        lines = source.splitlines(keepends=True)
        for at, line in enumerate(lines):
            found = INCLUDE.match(line)
            if found:
                include = "#include %s\n" % spelled(found.group(1), path)
                if not stands_outside:
                    included[include] = None
                lines[at] = include if stands_outside else "\n"
        body = '#line 1 "%s"\n%s' % (path.as_posix(), "".join(lines))
        if stands_outside:
            outside += body
        else:
            inside += "namespace %s_%s {\n%s} // namespace\n" % (path.parent.name, path.stem, body)
    output.write_text("".join(included) + inside + outside, encoding="utf-8")


main()
