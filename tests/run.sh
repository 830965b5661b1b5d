#!/bin/sh
# Builds and runs tenon's tests; the last line is `N passed, N failed`. Installs what it needs first.
#   sh tests/run.sh          g++ with the address and undefined-behaviour sanitizers, and the guards
#   sh tests/run.sh --full   also clang, the thread sanitizer, no exceptions, WebAssembly, fuzzing, long simulations
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/setup.sh"

full=
for argument in "$@"; do
    case $argument in
    --full) full=full ;;
    *) die "usage: sh tests/run.sh [--full]" ;;
    esac
done

passed=0
failed=0

# finish NAME PASSED FAILED SKIPPED STARTED
finish() {
    passed=$((passed + $2))
    failed=$((failed + $3))
    note=
    [ "$4" = 0 ] || note=", $4 skipped"
    say "stage $1: $2 passed, $3 failed$note, $(($(date +%s) - $5)) s"
}

# stage NAME BUILD TARGETS SELECTION: builds TARGETS (none: all) in $builds/BUILD and runs the tests that SELECTION,
# options of `meson test`, chooses.
stage() {
    stage_name=$1 stage_build=$2 stage_targets=$3 stage_selection=$4
    started=$(date +%s)
    broken=0
    # shellcheck disable=SC2086
    compile "$stage_build" $stage_targets || broken=1
    log=$builds/$stage_build/meson-logs/$stage_name.json
    rm -f "$log"
    # shellcheck disable=SC2086
    meson test -C "$builds/$stage_build" --no-rebuild --num-processes "$jobs" --logbase "$stage_name" \
        $stage_selection >"$builds/$stage_name.test.log" 2>&1 || true
    if [ -s "$log" ]; then
        python3 "$root/tests/summary.py" "$log" >"$builds/$stage_name.summary"
        sed '$d' "$builds/$stage_name.summary"
        read -r p f s <<END
$(tail -n 1 "$builds/$stage_name.summary")
END
        finish "$stage_name" "$p" $((f + broken)) "$s" "$started"
    else
        tail -n 20 "$builds/$stage_name.test.log"
        finish "$stage_name" 0 $((1 + broken)) 0 "$started"
    fi
}

# A stage that can't be set up has failed; one whose tools can't be had says so and counts as nothing.
unable() { finish "$1" 0 1 0 "$(date +%s)"; }
without() { say "stage $1: not run: $2"; }

setup build tests $full

export ASAN_OPTIONS=halt_on_error=1:detect_stack_use_after_return=1:print_summary=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

# Warnings are errors with the compilers that tenon promises to be clean on; a newer one may warn of more.
strict=-Dwerror=false
case $($CXX -dumpversion) in 12* | 14*) strict=-Dwerror=true ;; esac
common="-Dexamples=disabled -Dbench=disabled -Ddebug=false -Dcpp_args=-g1 $strict"
sanitized="-Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false $common"

# shellcheck disable=SC2086
if configure asan $sanitized; then
    stage tests asan "" "--no-suite fuzzing"
else
    unable tests
fi

if [ "$failed" -gt 0 ] || [ "$passed" = 0 ]; then result=1; else result=0; fi
say "$passed passed, $failed failed"
exit $result
