"""The thread sanitizer of this build sees a race that is there."""
import subprocess
import sys

done = subprocess.run([sys.argv[1]], capture_output=True, text=True, errors="replace")
seen = done.returncode != 0 and "ThreadSanitizer: data race" in done.stderr
if not seen:
    print("a race was not seen; said: " + done.stderr)
print("%d passed, %d failed" % (seen, not seen))
sys.exit(0 if seen else 1)
