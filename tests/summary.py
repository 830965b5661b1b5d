"""Counts what `meson test` ran: doctest's cases one by one, a script's own `N passed, N failed`, else the test.

summary.py TESTLOG.json prints the output of whatever failed and, last, `PASSED FAILED SKIPPED`.
summary.py --built BUILD prints the names of the tests whose programs are there.
"""
import json
import os
import re
import subprocess
import sys

CASES = re.compile(r"^\[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed", re.M)
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
TAIL = 200  # lines of a failing test's output


def count(test):
    """(passed, failed, skipped) of one test; a test that ran nothing, or died after its tests, has failed."""
    if test["result"] == "SKIP":
        return 0, 0, 1
    output = test.get("stdout") or ""
    found = CASES.findall(output) or COUNTS.findall(output)
    passed, failed = map(int, found[-1]) if found else (0, 0)
    if test["result"] != "OK":
        return passed, max(failed, 1), 0
    if found:
        return passed, failed or (passed == 0), 0
    return 1, 0, 0


def built(build):
    tests = json.loads(subprocess.check_output(["meson", "introspect", "--tests", build]))
    print(*[test["name"] for test in tests if os.path.exists(os.path.join(build, test["cmd"][0]))])


def summarise(path):
    total = [0, 0, 0]
    with open(path, encoding="utf-8", errors="replace") as log:
        tests = [json.loads(line) for line in log if line.strip()]
    for test in tests:
        counts = count(test)
        total = [a + b for a, b in zip(total, counts)]
        if counts[1]:
            output = (test.get("stdout") or "") + (test.get("stderr") or "")
            print("---- failed: %s (%s)" % (test["name"], test["result"]))
            print("\n".join(output.splitlines()[-TAIL:]))
            print("---- repeat: %s" % " ".join(test.get("command", [])))
        elif counts[2]:
            print("skipped: %s: %s" % (test["name"], (test.get("stdout") or "").strip()))
    print(*map(int, total))


if sys.argv[1] == "--built":
    built(sys.argv[2])
else:
    summarise(sys.argv[1])
