"""The generator of the single header pastes each file once and refuses what can't be pasted."""
import sys
import tempfile
from pathlib import Path

import guard

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "package"))
import amalgamate  # noqa: E402

COMPILER = guard.Compiler()


def check(root):
    include = Path(root) / "include"
    roots = [name for name in ("tenon.hpp", "tenon/portable.hpp") if (include / name).exists()]
    for name in roots:
        with tempfile.TemporaryDirectory() as folder:
            single = Path(folder) / "tenon.hpp"
            refusal = amalgamate.main(include, name, single)
            if refusal:
                yield "%s: %s" % (name, refusal)
                continue
            words = guard.text(single)
            if '#include "' in words:
                yield name + ": the single header still includes an own header"
            status, said = COMPILER.check('#include "%s"\n' % single * 2, guard.WARNINGS, folder)
            if status:
                yield "%s: the single header does not compile:\n%s" % (name, said)


A = "#pragma once\n#include <span>\n#ifdef A\n#include <array>\n#endif\nstruct A { std::span<int> s; };\n"
B = '#pragma once\n#include "tenon/a.hpp"\n#define TENON_B 1\nstruct B : A {};\n'
ALL = '#pragma once\n#include "tenon/a.hpp"\n#include "tenon/b.hpp"\n'
guard.run(check, {"include/tenon/a.hpp": A, "include/tenon/b.hpp": B, "include/tenon.hpp": ALL}, [
    ({"include/tenon/b.hpp": "#ifdef X\n" + B + "#endif\n", "include/tenon/a.hpp": A + '#include "tenon/c.hpp"\n',
      "include/tenon/c.hpp": "#pragma once\n#if 1\n#include \"tenon/d.hpp\"\n#endif\n",
      "include/tenon/d.hpp": "#pragma once\n", "include/tenon.hpp": ALL + '#include "tenon/d.hpp"\n'},
     "d.hpp: included inside #if first"),
    ({"include/tenon/b.hpp": B + "#define leaked 1\n"}, "these macros leak: leaked"),
    ({"include/tenon/b.hpp": B + "struct B {};\n"}, "does not compile"),
    ({"include/tenon/b.hpp": B + "#if 1\n"}, "without #endif"),
])
