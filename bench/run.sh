#!/bin/sh
# Builds the benchmarks in release and runs them one after the other, in about twelve minutes: `figure NAME VALUE UNIT`
# lines as they come, and at the end the table that bench/README.md shows. sh bench/run.sh flood lossy runs only those.
# A figure that misses its target is said to, and fails nothing; a benchmark that can't run does.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/setup.sh"

setup build bench
configure bench -Dbuildtype=release -Dtests=disabled -Dexamples=disabled -Dbench=enabled &&
    compile bench || die "The benchmarks could not be built."

programs=$builds/bench/bench
figures=$builds/bench/figures.txt
: >"$figures"
failed=0

first="allocs memory overhead handshake seal compile codecs cubes bodies interest play turns"
all="$first roundtrip tick siege flood roads lossy clients hall migration"
# shellcheck disable=SC2086
[ $# != 0 ] || set -- $all
for name in "$@"; do
    if [ ! -x "$programs/bench_$name" ]; then
        say "$name: not built, because a library that it needs is not here"
        failed=$((failed + 1))
        continue
    fi
    say "== $name"
    arguments=
    [ "$name" != compile ] || arguments="${CXX##* } $root/include"
    # shellcheck disable=SC2086
    if ! "$programs/bench_$name" $arguments >"$builds/bench/$name.txt"; then
        say "FAILED: $name"
        failed=$((failed + 1))
    fi
    cat "$builds/bench/$name.txt"
    grep '^figure ' "$builds/bench/$name.txt" >>"$figures" || true
done

say ""
python3 "$root/bench/table.py" "$figures"
[ "$failed" = 0 ] || die "$failed benchmarks could not run."
