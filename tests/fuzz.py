"""Runs one libFuzzer program for a while: fuzz.py PROGRAM CORPUS. TENON_FUZZ_SECONDS says for how long (10).

New inputs are kept beside the program, not in the corpus; copy what is worth keeping by hand.
"""
import os
import subprocess
import sys
from pathlib import Path

program, corpus = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
found = program.with_suffix(".found")
found.mkdir(exist_ok=True)
seconds = os.environ.get("TENON_FUZZ_SECONDS", "10")
done = subprocess.run([program, "-max_total_time=" + seconds, "-max_len=4096", "-rss_limit_mb=2048", "-timeout=10",
                       "-print_final_stats=1", "-artifact_prefix=%s/" % found, found, corpus],
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
print("\n".join(done.stdout.splitlines()[-60:]))
# A fuzzer that was stopped by its clock says so; whatever else ends it is a find.
well = done.returncode == 0 and "Done " in done.stdout
print("1 passed, 0 failed" if well else "0 passed, 1 failed")
sys.exit(0 if well else 1)
