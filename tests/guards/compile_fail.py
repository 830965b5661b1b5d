"""Every wrong program in tests/compile_fail/ is refused in its one sentence, and its mended half compiles; and every
sentence that include/ holds ready for a wrong program has one.

A case has a line `// expect: SENTENCE` and a wrong half inside #ifdef SHOULD_FAIL. With SHOULD_FAIL the first error
holds the sentence and there are at most two errors; without it the file compiles. The wrong halves are compiled one by
one, the mended ones in few files, each in a namespace of its own behind the includes of all; those of a file that is
refused are compiled again, alone. What several cases need lies in headers beside them.
"""
import re
import shutil
import tempfile
from pathlib import Path

import guard

BUILD = guard.Compiler()
COMPILERS = [BUILD]
other = "clang++" if BUILD.is_gcc else "g++"
if shutil.which(other):
    COMPILERS.append(guard.Compiler([other], BUILD.flags))
ERROR = re.compile(r"^[^\n]*?:\d+:\d+: (?:fatal )?error: (.*)$", re.M)
SENTENCE = re.compile(r'static_assert\([^;]*?((?:"[^"]*"\s*)+)\);')
ERRORS_MAX = 2
ARGUMENTS = ["-fsyntax-only", "-Wno-unused"]
GROUPS = 1  # of the mended halves, for each compiler
# What stands precompiled before the wrong halves, since most of a compiler's time goes into reading it: what of the
# standard library all of tenon includes, and these for the cases that include them all.
STANDARD = ["array", "bit", "compare", "concepts", "cstdint", "cstring", "optional", "span", "string_view",
            "type_traits", "utility"]
COMMON = ["tenon/session.hpp", "tenon/transport/memory.hpp", "tenon/codec/bits.hpp", "tenon/clock/independent.hpp",
          "tenon/topology/client_server.hpp", "tenon/reliability/ack_vector.hpp"]


class Before:
    """What stands before the cases of a tree, for each compiler, precompiled into `folder`."""

    def __init__(self, root, folder):
        self.root = Path(root)
        has_common = all((self.root / "include" / name).exists() for name in COMMON)
        kinds = [(compiler, common) for compiler in COMPILERS for common in {False, has_common}]

        def make(kind):
            compiler, common = kind
            source = "".join("#include <%s>\n" % name for name in STANDARD + (COMMON if common else []))
            return compiler.read_before(source, tempfile.mkdtemp(dir=folder), self.root / "include")

        self.made = dict(zip(kinds, guard.in_parallel(make, kinds)))

    def arguments(self, path, compiler):
        return self.made[compiler, set(COMMON) <= guard.reached(self.root, path)]


def judge_wrong(root, path, compiler, before):
    name = path.name
    expected = re.search(r"^// expect: (.+)$", guard.text(path), re.M)
    who = Path(compiler.command[0]).name
    if not expected:
        return name + ": has no line `// expect: SENTENCE`"
    sentence = expected.group(1).strip()
    status, said = compiler.run(["-DSHOULD_FAIL", *before, *ARGUMENTS, str(path)], Path(root) / "include")
    errors = ERROR.findall(said)
    if status == 0:
        return "%s: %s accepts the wrong half" % (name, who)
    if not errors or sentence not in errors[0]:
        return "%s: %s's first error is not %r but:\n%s" % (name, who, sentence, said)
    if len(errors) > ERRORS_MAX:
        return "%s: %s prints %d errors:\n%s" % (name, who, len(errors), said)
    return None


def judge_mended(root, path, compiler):
    status, said = compiler.run([*ARGUMENTS, str(path)], Path(root) / "include")
    return "%s: %s refuses the mended half:\n%s" % (path.name, Path(compiler.command[0]).name, said) if status else None


def all_mended(root, paths, compiler):
    """Whether all compile in one file. What the cases include stands before it, so that it is not read again inside
    their namespaces."""
    included = sorted({include for path in paths for _, include in guard.includes(guard.text(path))})
    source = "".join("#include %s\n" % include for include in included)
    for path in paths:
        source += 'namespace case_%s {\n#include "%s"\n}\n' % (path.stem, path)
    beside = ["-I", str(Path(root) / "tests/compile_fail")]
    return compiler.check(source, ["-Wno-unused", *beside], Path(root) / "include")[0] == 0


def untried(root, paths):
    """The static_assert sentences, with their parts joined, that no case expects."""
    expected = re.findall(r"^// expect: (.+)$", "\n".join(guard.text(path) for path in paths), re.M)
    for name in guard.headers(root):
        for parts in SENTENCE.findall(guard.text(Path(root) / "include" / name)):
            sentence = "".join(re.findall(r'"([^"]*)"', parts))
            if not any(sentence.startswith(said.strip()) for said in expected):
                yield "%s: no case in tests/compile_fail expects %r" % (name, sentence)


def check(root):
    paths = sorted((Path(root) / "tests/compile_fail").glob("*.cpp"))
    if not paths:
        return ["tests/compile_fail holds no case"]
    groups = [(paths[at::GROUPS], compiler) for at in range(GROUPS) for compiler in COMPILERS if paths[at::GROUPS]]
    accepted = guard.in_parallel(lambda group: all_mended(root, *group), groups)
    alone = [(path, compiler) for (paths, compiler), good in zip(groups, accepted) if not good for path in paths]
    pairs = [(path, compiler) for path in paths for compiler in COMPILERS]
    with tempfile.TemporaryDirectory() as folder:
        before = Before(root, folder)
        judged = guard.in_parallel(lambda pair: judge_wrong(root, *pair, before.arguments(*pair)), pairs)
    judged += guard.in_parallel(lambda pair: judge_mended(root, *pair), alone)
    return [complaint for complaint in judged if complaint] + list(untried(root, paths))


CASE = "tests/compile_fail/a.cpp"


def case(bad, good="", expect="// expect: a sentence\n"):
    return expect + "#ifdef SHOULD_FAIL\n%s\n#else\n%s\n#endif\n" % (bad, good)


SAYS = 'static_assert(sizeof(int) == 1, "a sentence");'
HEADER = "include/tenon/a.hpp"
guard.run(check, {CASE: case(SAYS), HEADER: "static_assert(ok, \"a sen\"\n    \"tence, and more\");"}, [
    ({HEADER: 'static_assert(ok<A, B>(),\n"another sentence");'}, "expects 'another sentence'"),
    ({CASE: case("")}, "accepts the wrong half"),
    ({CASE: case('static_assert(sizeof(int) == 1, "other words");')}, "first error is not"),
    ({CASE: case("int x = y;\n" + SAYS)}, "first error is not"),
    ({CASE: case(SAYS + "\nint x = y;\nint z = y;")}, "prints 3 errors"),
    ({CASE: case(SAYS, "int x = y;")}, "refuses the mended half"),
    ({CASE: case(SAYS, expect="")}, "has no line"),
    ({CASE: None}, "holds no case"),
])
