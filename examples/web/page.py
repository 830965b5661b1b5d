"""page.py PROGRAM INTO: the page with the program in it, as one file that any web server can serve."""
import sys
from pathlib import Path

MARK = "/* the program */"
page = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
program = Path(sys.argv[1]).read_text(encoding="utf-8")
assert page.count(MARK) == 1 and "</script" not in program
Path(sys.argv[2]).write_text(page.replace(MARK, program), encoding="utf-8")
