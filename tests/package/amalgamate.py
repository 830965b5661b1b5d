"""Makes the single header: amalgamate.py INCLUDE_DIR ROOT_HEADER OUTPUT [DEPFILE].

Every own header is pasted once, in the order of inclusion. Standard headers that are included unconditionally are
gathered at the top; the third parties' stay where they are, since switches stand before them. An own header that is
included inside #if is pasted there, with all that it brings, and is refused when another includes it outside of that,
from whom it would be hidden; a macro that outlives the header is refused unless it is TENON_ something or a third
party's switch.
"""
import re
import sys
from pathlib import Path

# Switches of the third parties, set before their headers are included.
SWITCHES = {"XXH_INLINE_ALL", "ZSTD_STATIC_LINKING_ONLY"}
INCLUDE = re.compile(r'\s*#\s*include\s*(?:"(?P<own>[^"]+)"|<(?P<other>[^>]+)>)')
STANDARD = re.compile(r"^[a-z_]+$")


class Refused(Exception):
    pass


class Amalgam:
    def __init__(self, include_dir):
        self.include_dir = Path(include_dir)
        self.pasted, self.standard, self.others, self.body = [], set(), set(), []
        self.hidden = set()  # what was pasted inside #if

    def paste(self, name, hides=False):
        if name in self.pasted:
            if name in self.hidden and not hides:
                raise Refused("%s: included inside #if first, and elsewhere too" % name)
            return
        self.pasted.append(name)
        if hides:
            self.hidden.add(name)
        lines = (self.include_dir / name).read_text(encoding="utf-8").splitlines()
        depth = 0
        kept = []
        self.body.append(kept)
        for line in lines:
            directive = re.match(r"\s*#\s*(\w+)", line)
            word = directive.group(1) if directive else ""
            if word == "pragma" and re.match(r"\s*#\s*pragma\s+once", line):
                continue
            depth += (word in ("if", "ifdef", "ifndef")) - (word == "endif")
            match = INCLUDE.match(line)
            if not match:
                kept.append(line)
            elif match.group("own"):
                self.paste(match.group("own"), hides or depth > 0)
                kept = []
                self.body.append(kept)
            elif depth or not STANDARD.match(match.group("other")):
                if depth or match.group("other") not in self.others:
                    kept.append(line)
                if not depth and not hides:
                    self.others.add(match.group("other"))
            else:
                self.standard.add(match.group("other"))
        if depth:
            raise Refused("%s: #if without #endif" % name)

    def text(self, root):
        self.paste(root)
        body = "\n".join(line for part in self.body for line in part) + "\n"
        body = re.sub(r"\n{3,}", "\n\n", body)
        version = re.findall(r"#define TENON_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", body)
        head = ["#pragma once",
                "// tenon %s in one file, made from %s by amalgamate.py: change the sources, not this." %
                (".".join(version), root), ""]
        head += ["#include <%s>" % name for name in sorted(self.standard)]
        return "\n".join(head) + "\n\n" + body.lstrip("\n")


def leaks(text):
    """Macros that a file leaves defined and that are not ours to leave."""
    dropped = set(re.findall(r"^\s*#\s*undef\s+(\w+)", text, re.M))
    defined = set(re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M))
    return sorted(m for m in defined - dropped - SWITCHES if not m.startswith("TENON_"))


def main(include_dir, root, output, depfile=None):
    amalgam = Amalgam(include_dir)
    try:
        text = amalgam.text(root)
    except Refused as refusal:
        return str(refusal)
    if leaks(text):
        return "these macros leak: " + " ".join(leaks(text))
    Path(output).write_text(text, encoding="utf-8")
    if depfile:
        files = [str(amalgam.include_dir / name).replace(" ", "\\ ") for name in amalgam.pasted]
        Path(depfile).write_text("%s: %s\n" % (output, " ".join(files)), encoding="utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
